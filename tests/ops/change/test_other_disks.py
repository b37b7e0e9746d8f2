"""Profiles, or what we share between them, on a file system of their own, as volumes of a container are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from leftout import namespace

SESSION = """
import subprocess, sys
from pathlib import Path
base, mounted, kind = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
root, source = base / "root", base / "bot"
(root / mounted).mkdir(parents=True)
if kind == "tmpfs":
    words = ["-t", "tmpfs", "x", root / mounted]
else:
    (base / "volume").mkdir()
    words = ["--bind", base / "volume", root / mounted]
subprocess.run(["mount", *map(str, words)], check=True)

def package(version):
    for path, text in {
        "distribution.yaml": f"name: bot\\nversion: 1.0.{version}\\ndescription: d\\n",
        "SOUL.md": f"soul {version}\\n",
        "skills/a/SKILL.md": f"---\\nname: a\\ndescription: d\\n---\\nbody {version}\\n",
    }.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text)

def run(*words):
    start = "from hermes_dist.cli.entry.start import hermes; hermes()"
    done = subprocess.run([sys.executable, "-c", start, *words], capture_output=True, text=True)
    assert done.returncode == 0, (words, done.stderr)

package(0)
run("install", str(source), "--name", "bot", "-y", "--no-input")
package(1)
run("update", "bot", "-y", "--no-input")
assert (root / "profiles/bot/SOUL.md").read_text() == "soul 1\\n"
run("rollback", "bot", "-y", "--no-input")
assert (root / "profiles/bot/SOUL.md").read_text() == "soul 0\\n"
run("status", "bot")
left = [p for p in (root / "profiles").iterdir() if p.name != "bot"]
assert [inner for folder in left for inner in folder.iterdir()] == []
"""


@pytest.mark.needs("mounts")
@pytest.mark.parametrize(("mounted", "kind"), [("profiles", "bind"), ("distributions", "tmpfs")])
def test_a_part_of_the_root_on_another_file_system_works(
    mounted: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERMES_HOME", str(tmp_path / "root"))
    done = subprocess.run(
        [*namespace(), sys.executable, "-c", SESSION, str(tmp_path), mounted, kind],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
