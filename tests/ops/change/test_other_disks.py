"""Profiles, or what we share between them, on a file system of their own, as volumes of a container are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from leftout import namespace

SESSION = """
import io, subprocess, sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch
from hermes_dist.cli.entry.start import hermes
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
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", ["hermes-dist", *words]):
        try:
            code = hermes()
        except SystemExit as end:
            code = end.code
    assert not code, (words, err.getvalue())
    return out.getvalue()

def present(names):
    assert {path.name for path in (root / "profiles").iterdir()} - {".deleted"} == names

package(0)
run("install", str(source), "--name", "bot", "-y", "--no-input")
package(1)
run("update", "bot", "-y", "--no-input")
assert (root / "profiles/bot/SOUL.md").read_text() == "soul 1\\n"
run("rollback", "bot", "-y", "--no-input")
assert (root / "profiles/bot/SOUL.md").read_text() == "soul 0\\n"
run("status", "bot")
present({"bot"})

run("create", "new", "--no-skills")
present({"bot", "new"})
run("create", "copy", "--clone-from", "bot")
assert (root / "profiles/copy/SOUL.md").read_text() == "soul 0\\n"
present({"bot", "new", "copy"})
(root / "profiles/copy/big.bin").write_bytes(b"x" * 300_000)
(root / "profiles/copy/mine.txt").write_text("mine")
words = ("--passphrase-file", str(base / "words"))
(base / "words").write_text("four words are enough here\\n")
run("export", "copy", "--full", "--encrypt", *words, "-o", str(base / "copy.age"))
run("import", str(base / "copy.age"), *words, "--name", "again", "-y", "--no-input")
assert (root / "profiles/again/mine.txt").read_text() == "mine"
present({"bot", "new", "copy", "again"})
for words in (["archive", "copy"], ["delete", "copy", "-y"]):
    run(*words)
    assert not (root / "profiles/copy").exists()
    assert "copy" in run("restore")
    run("restore", "copy")
    assert (root / "profiles/copy/mine.txt").read_text() == "mine"
    present({"bot", "new", "copy", "again"})
run("delete", "copy", "-y", "--purge")
present({"bot", "new", "again"})
run("rename", "bot", "other")
run("gc")
present({"other", "new", "again"})
"""


@pytest.mark.needs("mounts")
@pytest.mark.parametrize(("mounted", "kind"), [("profiles", "bind"), ("distributions", "tmpfs")])
def test_a_part_of_the_root_on_another_file_system_works(
    mounted: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HERMES_HOME", str(tmp_path / "root"))
    done = subprocess.run(
        [*namespace(), sys.executable, "-c", SESSION, str(tmp_path), mounted, kind],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
