"""Profiles, or what we share between them, on a file system of their own, as volumes of a container are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from inprocess import RUN
from leftout import namespace

START = (
    RUN
    + """base, mounted, kind = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
root, source = base / "root", base / "bot"
(root / mounted).mkdir(parents=True)
if kind == "later":
    words = ["-t", "tmpfs", "x", root / mounted]
elif kind == "image":
    layers = base / "layers"
    words = ["-t", "overlay", "x", "-o", f"lowerdir={root},upperdir={layers}/upper,workdir={layers}/work", root]
elif kind == "tmpfs":
    words = ["-t", "tmpfs", "x", root / mounted]
else:
    (base / "volume").mkdir()
    words = ["--bind", base / "volume", root / mounted]
def mount():
    subprocess.run(["mount", *map(str, words)], check=True)

def package(version):
    for path, text in {
        "distribution.yaml": f"name: bot\\nversion: 1.0.{version}\\ndescription: d\\n",
        "SOUL.md": f"soul {version}\\n",
        "skills/a/SKILL.md": f"---\\nname: a\\ndescription: d\\n---\\nbody {version}\\n",
    }.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text)

def present(names):
    assert {path.name for path in (root / "profiles").iterdir()} - {".deleted"} == names

"""
)
SESSION = """
mount()
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
secret = ("--passphrase-file", str(base / "words"))
(base / "words").write_text("four words are enough here\\n")
run("export", "copy", "--full", "--encrypt", *secret, "-o", str(base / "copy.age"))
run("import", str(base / "copy.age"), *secret, "--name", "again", "-y", "--no-input")
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


LATER = """
home = root / "profiles/ada"
run("create", "ada", "--no-skills")
(home / "mine.txt").write_text("mine")
(home / "mine.txt").chmod(0o640)
(home / "closed").mkdir(0o500)
(home / "link").symlink_to("mine.txt")
os.mkfifo(home / "pipe")
run("archive", "ada")
(root / mounted).rename(base / "before")
(root / mounted).mkdir()
mount()
subprocess.run(["cp", "-a", str(base / "before") + "/.", str(root / mounted)], check=True)
run("restore", "ada")
assert (home / "mine.txt").read_text() == "mine"
assert (home / "mine.txt").stat().st_mode & 0o777 == 0o640
assert (home / "closed").stat().st_mode & 0o777 == 0o500
assert (home / "link").readlink() == Path("mine.txt")
assert (home / "pipe").is_fifo()
assert (base / ".local/bin/ada").exists()
assert run("restore").startswith("The archive and the trash are empty")
present({"ada"})
assert [path for path in (root / "distributions").rglob("ada*")] == []
"""


IMAGE = """
package(0)
for name in ("bot", "old", "gone"):
    run("install", str(source), "--name", name, "-y", "--no-input")
    (root / "profiles" / name / "mine.txt").write_text("mine")
run("archive", "old")
layers.mkdir()
subprocess.run(["mount", "-t", "tmpfs", "x", str(layers)], check=True)
(layers / "upper").mkdir()
(layers / "work").mkdir()
mount()
package(1)
run("update", "bot", "-y", "--no-input")
try:
    (root / "profiles/bot").rename(root / "profiles/new")
except OSError:
    pass
else:
    raise AssertionError("this disk moves what came with the image")
run("rename", "bot", "new")
present({"new", "gone"})
assert (root / "profiles/new/SOUL.md").read_text() == "soul 1\\n"
assert (root / "profiles/new/mine.txt").read_text() == "mine"
run("restore", "old")
run("delete", "gone", "-y")
present({"new", "old"})
run("restore", "gone")
run("archive", "new")
run("delete", "old", "-y", "--purge")
present({"gone"})
assert (root / "profiles/gone/mine.txt").read_text() == "mine"
"""


def _in_namespace(
    session: str, mounted: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HERMES_HOME", str(tmp_path / "root"))
    done = subprocess.run(
        [*namespace(), sys.executable, "-c", START + session, str(tmp_path), mounted, kind],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.needs("mounts")
@pytest.mark.parametrize(("mounted", "kind"), [("profiles", "bind"), ("distributions", "tmpfs")])
def test_a_part_of_the_root_on_another_file_system_works(
    mounted: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _in_namespace(SESSION, mounted, kind, tmp_path, monkeypatch)


@pytest.mark.needs("mounts")
@pytest.mark.parametrize("mounted", ["profiles", "distributions"])
def test_a_profile_put_away_before_a_volume_was_mounted_comes_back(
    mounted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _in_namespace(LATER, mounted, "later", tmp_path, monkeypatch)


@pytest.mark.needs("mounts")
@pytest.mark.needs("root")
def test_profiles_that_came_with_the_image_of_a_container_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _in_namespace(IMAGE, ".", "image", tmp_path, monkeypatch)
