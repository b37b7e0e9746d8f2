"""What can't be exchanged is found before anything is written: real mounts, marks and folders of other people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from crashes import UPDATE
from leftout import namespace
from realhome import everything, in_child, make, seen, update

from hermes_dist.errors import DistError
from hermes_dist.world.disk import obstacles
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.transaction.apply import recover

HERE = Path(__file__).parent

MOUNTED = """
import json, shutil, subprocess, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from realhome import make, seen, update
from hermes_dist.errors import DistError
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.transaction.apply import recover

class Blind(RealFs):
    def closed(self, folder): return None
    def pinned(self, path): return None
    def kind(self, path):
        self._device = self.root.joinpath(path).lstat().st_dev if self.root.joinpath(path).exists() else 0
        return super().kind(path)

base = Path(sys.argv[2])
def mount(*words): subprocess.run(["mount", *map(str, words)], check=True)

def file(root, other):
    other.write_bytes((root / "SOUL.md").read_bytes()); mount("--bind", other, root / "SOUL.md")
def folder(root, other):
    shutil.copytree(root / "skills/a", other); mount("--bind", other, root / "skills/a")
def device(root, other):
    shutil.copytree(root / "skills", other); mount("-t", "tmpfs", "x", root / "skills")
    shutil.copytree(other, root / "skills", dirs_exist_ok=True)
def readonly(root, other):
    mount("--bind", root / "skills", root / "skills"); mount("-o", "remount,bind,ro", root / "skills")
def settings(root, other):
    other.mkdir(); mount("-t", "tmpfs", "x", other); (other / "c").write_bytes((root / "config.yaml").read_bytes())
    mount("--bind", other / "c", root / "config.yaml")
def past(root, other):
    (root / ".dist/generations").mkdir(parents=True); mount("--bind", root / ".dist/generations", root / ".dist/generations")

told = {}
for act in (file, folder, device, readonly, settings, past):
    for kind in (RealFs, Blind):
        root = make(base / f"{act.__name__}-{kind.__name__}")
        act(root, base / f"{act.__name__}-{kind.__name__}-other")
        before = seen(root)
        try:
            update(kind(root), root)
            told[f"{act.__name__} {kind.__name__}"] = ["done"]
        except DistError as error:
            told[f"{act.__name__} {kind.__name__}"] = [
                error.where, error.what, error.hint, seen(root) == before, recover(kind(root)) is None,
            ]
print(json.dumps(told))
"""


@pytest.mark.needs("mounts")
def test_what_is_mounted_inside_a_home_is_found_before_and_taken_back_after(tmp_path: Path) -> None:
    done = subprocess.run(
        [*namespace(), sys.executable, "-c", MOUNTED, str(HERE), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    places = {
        "file": "SOUL.md",
        "folder": "skills/a",
        "device": "skills",
        "readonly": "skills",
        "settings": "config.yaml",
        "past": ".dist/generations",
    }
    for name, place in places.items():
        where, what, hint, unchanged, nothing_left = told[f"{name} RealFs"]
        assert (where, unchanged, nothing_left) == (place, True, True), name
        assert "it is mounted from elsewhere" in what
        assert f"umount {tmp_path}/{name}-RealFs/{place}" in hint
        # Where nobody looks beforehand, the system refuses in the middle, and the change goes back.
        where, what, hint, unchanged, nothing_left = told[f"{name} Blind"]
        assert (unchanged, nothing_left) == (True, True), (name, what)
        assert "everything is as before" in what, (name, what)
        assert hint


@pytest.mark.needs("marks")
@pytest.mark.parametrize(
    "place", ["SOUL.md", "skills/a", "skills/b/x.py", ".", ".dist/generations"]
)
@pytest.mark.parametrize("mark", ["i", "a"])
def test_what_is_marked_as_immutable_is_found_before(place: str, mark: str, tmp_path: Path) -> None:
    root = make(tmp_path / "home")
    (root / ".dist/generations").mkdir(parents=True)
    before = seen(root)
    subprocess.run(["chattr", f"+{mark}", str(root / place)], check=True)
    try:
        with pytest.raises(DistError) as told:
            update(RealFs(root), root)
        assert recover(RealFs(root)) is None
    finally:
        subprocess.run(["chattr", f"-{mark}", str(root / place)], check=True)
    assert told.value.what == "it is marked so that nobody may change it"
    assert f"chattr -i -a {(root / place)}" in told.value.hint
    assert seen(root) == before
    assert not (root / ".dist/txn").exists()


def _as_user(root: Path, place: str) -> tuple[str, str, str]:
    """The refusal that user 4321 gets, to whom the home belongs but for one part."""
    told = root.parent / "told"
    told.touch()
    told.chmod(0o666)

    def work() -> None:
        os.setgroups([])
        os.setgid(4321)
        os.setuid(4321)
        try:
            update(RealFs(root), root)
        except DistError as error:
            told.write_text(json.dumps([error.where, error.what, error.hint]))

    assert in_child(work) == 0
    where, what, hint = json.loads(told.read_text())
    return where, what, hint


@pytest.mark.needs("root")
@pytest.mark.parametrize("sticky", [False, True])
def test_a_part_that_belongs_to_root_is_found_before(sticky: bool, quick_path: Path) -> None:
    quick_path.chmod(0o755)
    root = make(quick_path / "home")
    for path in [root, *root.rglob("*")]:
        os.chown(path, 4321, 4321)
    place = "skills/a/SKILL.md" if sticky else "skills/a"
    os.chown(root / place, 0, 0)
    if sticky:
        os.chown(root / "skills/a", 0, 0)
        (root / "skills/a").chmod(0o1777)
    before = everything(root)
    where, what, hint = _as_user(root, place)
    assert (where, what) == (place, "you may not change it: it belongs to root")
    assert hint == f"make it yours (sudo chown -R 4321 {root / place})"
    after = everything(root)
    assert {p: s for p, s in after.items() if p in before and p != "."} == {
        p: s for p, s in before.items() if p != "."
    }


@pytest.mark.needs("root")
@pytest.mark.parametrize("place", ["skills/a", "skills", "."])
def test_a_read_only_folder_is_found_before(place: str, quick_path: Path) -> None:
    quick_path.chmod(0o755)
    root = make(quick_path / "home")
    (root / ".dist").mkdir()
    for path in [root, *root.rglob("*")]:
        os.chown(path, 4321, 4321)
    (root / place).chmod(0o555)
    where, what, hint = _as_user(root, place)
    assert where in {place, str(root)}
    assert what == "it is read-only, so nothing in it can be changed"
    assert f"chmod u+rwx {root / place}" in hint
    assert not (root / ".dist/txn").exists()
    assert {p for p, d in UPDATE.items() if d is None} <= set(seen(root))


def test_a_folder_that_only_holds_what_is_not_changed_may_be_anything(tmp_path: Path) -> None:
    root = make(tmp_path / "home")
    (root / "memories").chmod(0o555)
    assert update(RealFs(root), root).skipped == ()
    (root / "memories").chmod(0o755)


def test_no_change_does_without_what_is_ours() -> None:
    assert obstacles._dispensable("skills/a") == "skills/a"
    for place in ("", "distribution.lock", ".dist/generations"):
        assert obstacles._dispensable(place) == ""
