"""Steps behind links: written at their targets, from a crash to the generation, and nowhere else."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from budget import moments
from realhome import Hooked, in_child, make, nothing, update

from hermes_dist.errors import DistError
from hermes_dist.model.left_out import Why
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.links import RECORD, Linked, Links, agreed_text
from hermes_dist.world.transaction.apply import Unfinished, before_image, generations, recover
from hermes_dist.world.transaction.journal import Journal, Place

BEFORE = {
    "SOUL.md": b"soul 1",
    "config.yaml": b"a: 1\n",
    "distribution.lock": b"lock 1\n",
    "skills/x/SKILL.md": b"x 1",
    "skills/y/SKILL.md": b"y 1",
}
CHANGES = {
    "SOUL.md": b"soul 2",
    "config.yaml": b"a: 2\n",
    "skills/x/SKILL.md": b"x 2",
    "skills/y/SKILL.md": None,
    "skills/z/SKILL.md": b"z",
}
AFTER = {
    "SOUL.md": b"soul 2",
    "config.yaml": b"a: 2\n",
    "distribution.lock": b"lock 2\n",
    "skills/x/SKILL.md": b"x 2",
    "skills/z/SKILL.md": b"z",
}


class Home(Hooked):
    """A home with links, with a hook before each change."""

    def __init__(self, root: Path, hook: Any) -> None:
        super().__init__(root, hook)
        self._links = Links(root)


@pytest.fixture(params=["same disk", "other disk"])
def dots(request: pytest.FixtureRequest, quick_path: Path, tmp_path: Path) -> Path:
    """The folder that the links lead to, on the disk of the home or, where this machine has two, on another one."""
    return (quick_path if request.param == "same disk" else tmp_path) / "dots"


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here cuts the power, and thousands of syncs on a real disk take minutes."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def follow(root: Path, *paths: str) -> None:
    """Say yes to links, as ``follow`` does."""
    (root / ".dist").mkdir(exist_ok=True, mode=0o700)
    agreed = {path: os.path.realpath(root / path) for path in paths}
    (root / RECORD).write_bytes(agreed_text(root, agreed))


def linked(place: Path, dots: Path, *, lock: bool = False) -> Path:
    """A home as stow makes it: the files and ``skills/`` are links into another folder."""
    make(dots, BEFORE)
    root = make(place / "home", {"memories/MEMORY.md": b"mine"})
    names = ["SOUL.md", "config.yaml", "skills"]
    if lock:
        names.append("distribution.lock")
    else:
        shutil.move(dots / "distribution.lock", root / "distribution.lock")
    for name in names:
        (root / name).symlink_to(os.path.relpath(dots / name, root))
    follow(root, *[name for name in names if name != "skills"])
    return root


def found(place: Path, dots: Path) -> dict[str, bytes]:
    """What the agent would read, and everything else beside the targets."""
    seen = {}
    for top in (place / "home", dots):
        for folder, _, names in os.walk(top):
            for name in names:
                path = Path(folder, name)
                inner = path.relative_to(top)
                if inner.parts[0] not in (".dist", "memories") and not path.is_symlink():
                    seen[inner.as_posix()] = path.read_bytes()
    return seen


def links_stand(root: Path) -> bool:
    return all((root / name).is_symlink() for name in ("SOUL.md", "config.yaml", "skills"))


@pytest.mark.parametrize("lock", [False, True])
def test_the_targets_change_and_the_links_stay(lock: bool, quick_path: Path, dots: Path) -> None:
    root = linked(quick_path, dots, lock=lock)
    (dots / "SOUL.md").chmod(0o640)
    fs = Home(root, nothing)
    done = update(fs, root, CHANGES)
    assert (done.skipped, done.generation) == ((), 1)
    assert found(quick_path, dots) == AFTER
    assert links_stand(root)
    assert (dots / "SOUL.md").stat().st_mode & 0o777 == 0o640
    (generation,) = generations(fs)
    images = {step.path: before_image(fs, generation, step) for step in generation.steps}
    assert images["SOUL.md"] == b"soul 1"
    assert images["skills/y/SKILL.md"] == b"y 1"
    assert images["skills/z/SKILL.md"] is None


def _die_at(number: int) -> Callable[..., None]:
    def hook(call: int, *_: object) -> None:
        if call == number:
            os._exit(137)

    return hook


def test_a_process_killed_at_any_change_leaves_the_old_text_or_the_new_one_behind_the_link(
    quick_path: Path, dots: Path
) -> None:
    fs = Home(linked(quick_path, dots, lock=True), nothing)
    root = fs.root
    update(fs, root, CHANGES)
    assert fs.calls >= 40
    for number in moments(fs.calls):
        linked(quick_path, dots, lock=True)
        assert in_child(lambda n=number: update(Home(root, _die_at(n)), root, CHANGES)) == 137
        # Before anybody recovers, each link still leads to one whole text.
        assert (root / "SOUL.md").read_bytes() in (b"soul 1", b"soul 2"), number
        recover(Home(root, nothing))
        assert found(quick_path, dots) in (BEFORE, AFTER), number
        assert links_stand(root)
        if found(quick_path, dots) == AFTER:
            (generation,) = generations(now := Home(root, nothing))
            images = {step.path: before_image(now, generation, step) for step in generation.steps}
            assert images["config.yaml"] == b"a: 1\n", number


def test_a_recovery_killed_at_any_change_is_recovered(quick_path: Path, dots: Path) -> None:
    fs = Home(linked(quick_path, dots), nothing)
    root = fs.root
    update(fs, root, CHANGES)
    for number in moments(fs.calls)[-3::2]:
        inner = -1
        while True:
            inner += 3
            linked(quick_path, dots)
            in_child(lambda n=number: update(Home(root, _die_at(n)), root, CHANGES))
            code = in_child(lambda n=inner: recover(Home(root, _die_at(n))))
            if code == 0:
                break
            assert code == 137
            recover(Home(root, nothing))
            assert found(quick_path, dots) in (BEFORE, AFTER), (number, inner)
            assert links_stand(root)


def test_every_change_may_fail_once_and_what_is_behind_the_links_is_old_or_new(
    quick_path: Path, dots: Path
) -> None:
    fs = Home(linked(quick_path, dots), nothing)
    root = fs.root
    update(fs, root, CHANGES)
    for number in moments(fs.calls):
        root = linked(quick_path, dots)

        def hook(call: int, _verb: str, *_: object, n: int = number) -> None:
            if call == n:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with pytest.raises(DistError) as told:
            update(Home(root, hook), root, CHANGES)
        if isinstance(told.value, Unfinished):
            recover(Home(root, nothing))
            assert found(quick_path, dots) == AFTER, number
        else:
            assert found(quick_path, dots) == BEFORE, number
            assert not (root / ".dist/txn").exists()


def test_a_target_that_another_program_writes_meanwhile_keeps_its_text(
    quick_path: Path, dots: Path
) -> None:
    root = linked(quick_path, dots)

    def hook(_call: int, verb: str, *paths: object) -> None:
        if verb == "exchange" and paths[1] == "SOUL.md":
            (dots / "SOUL.md").write_bytes(b"theirs")

    done = update(Home(root, hook), root, CHANGES)
    assert done.skipped == ("SOUL.md",)
    assert found(quick_path, dots) == {**AFTER, "SOUL.md": b"theirs"}


@pytest.mark.parametrize("verb", ["write_new", "exchange"])
def test_a_link_that_is_turned_elsewhere_meanwhile_is_not_followed(
    verb: str, quick_path: Path, dots: Path
) -> None:
    root = linked(quick_path, dots)
    other = dots / "other"
    other.write_bytes(b"soul 1")

    def hook(_call: int, asked: str, *_: object) -> None:
        if asked == verb:
            (root / "SOUL.md").unlink()
            (root / "SOUL.md").symlink_to(other)

    before = {**BEFORE, "other": b"soul 1"}
    if verb == "write_new":
        with pytest.raises(Linked) as told:
            update(Home(root, hook), root, CHANGES)
        assert told.value.link.why is Why.LINK_MOVED
        assert found(quick_path, dots) == before
    else:
        assert update(Home(root, hook), root, CHANGES).skipped == ("SOUL.md",)
        assert found(quick_path, dots) == {**AFTER, "SOUL.md": b"soul 1", "other": b"soul 1"}


def test_a_link_that_is_turned_elsewhere_after_a_crash_leaves_both_targets_alone(
    quick_path: Path,
    dots: Path,
) -> None:
    root = linked(quick_path, dots)
    other = dots / "other"
    other.write_bytes(b"soul 1")

    def dies(_call: int, verb: str, *_: object) -> None:
        if verb == "exchange":
            os._exit(137)

    assert in_child(lambda: update(Home(root, dies), root, CHANGES)) == 137
    (root / "SOUL.md").unlink()
    (root / "SOUL.md").symlink_to(other)
    done = recover(Home(root, nothing))
    assert done is not None
    assert done.skipped == ("SOUL.md",)
    assert found(quick_path, dots) == {**AFTER, "SOUL.md": b"soul 1", "other": b"soul 1"}


@pytest.mark.parametrize("name", ["SOUL.md", "skills"])
def test_a_link_that_is_planted_while_a_command_works_is_never_followed(
    name: str, quick_path: Path, dots: Path
) -> None:
    root = make(quick_path / "home", BEFORE)
    outside = make(quick_path / "outside", {"SOUL.md": b"soul 1", "x/SKILL.md": b"x 1"})
    target = outside if name == "skills" else outside / name

    def hook(_call: int, verb: str, *_: object) -> None:
        if verb == "exchange" and not (root / name).is_symlink():
            (root / name).rename(root / "aside")
            (root / name).symlink_to(target)

    update(Home(root, hook), root, CHANGES)
    assert (outside / "SOUL.md").read_bytes() == b"soul 1"
    assert (outside / "x/SKILL.md").read_bytes() == b"x 1"
    assert not (outside / "z").exists()


def test_an_older_program_does_not_touch_a_journal_with_places(
    quick_path: Path, dots: Path
) -> None:
    root = linked(quick_path, dots)
    update(Home(root, nothing), root, CHANGES)
    assert b'"format":2' in (root / ".dist/generations/1/journal").read_bytes()
    plain = make(quick_path / "plain", BEFORE)
    update(RealFs(plain), plain, CHANGES)
    assert b'"format":1' in (plain / ".dist/generations/1/journal").read_bytes()


SOUL = Step(RelPath("SOUL.md"), None, Entry(Digest.of(b"x"), executable=False))


@pytest.mark.parametrize("name", ["journal", "journal.tmp", "back"])
@pytest.mark.parametrize(
    "change",
    [
        lambda top: {"places": (Place("0", "SOUL.md", f"{top}/t", f"{top}/victim"),)},
        lambda top: {"places": (Place("0", "SOUL.md", f"{top}/t", f"{top}/.dist-{'0' * 12}-1"),)},
        lambda top: {
            "places": (Place("../../x", "SOUL.md", f"{top}/t", f"{top}/.dist-{'0' * 12}-0"),)
        },
        lambda top: {
            "places": (Place("0", "SOUL.md", f"{top}/a/t", f"{top}/b/.dist-{'0' * 12}-0"),)
        },
        lambda top: {
            "places": (Place("0", "SOUL.md", f"{top}/t", f"{top}/a/../.dist-{'0' * 12}-0"),)
        },
        lambda _: {"emptied": {"../evil": 0o777}},
        lambda _: {"made": ("../empty",)},
        lambda _: {"number": "../../../gone"},
    ],
)
def test_a_journal_that_came_from_elsewhere_touches_nothing_outside_the_home(
    change: Callable[[Path], dict[str, Any]], name: str, tmp_path: Path
) -> None:
    """A home may be unpacked from an archive, or belong to a user whom root helps."""
    home = tmp_path / "home"
    (home / ".dist/txn").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    for outside in ("victim", f".dist-{'0' * 12}-0", f".dist-{'0' * 12}-1"):
        (tmp_path / outside).write_text("precious")
    before = sorted(path for path in tmp_path.rglob("*") if not path.is_relative_to(home))
    journal = Journal(**{"number": 1, "steps": (SOUL,), **change(tmp_path)})
    (home / ".dist/txn" / name).touch()
    draft = "journal.tmp" if name == "journal.tmp" else "journal"
    (home / ".dist/txn" / draft).write_bytes(journal.encode())
    recover(RealFs(home, home=True))
    after = sorted(path for path in tmp_path.rglob("*") if not path.is_relative_to(home))
    assert after == before
    for path in home.rglob("*"):
        assert not path.is_file() or b"precious" not in path.read_bytes()
