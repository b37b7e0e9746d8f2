"""Plans on a disk that takes two spellings of a name for one: what gets its new spelling, and what is refused."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from caseless import Caseless
from crashes import RESPELLED
from realhome import Hooked, entry, everything, make, read, seen, update

from hermes_dist.errors import Refused
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.transaction.apply import (
    TakenBack,
    apply,
    before_image,
    generations,
    recover,
)
from hermes_dist.world.transaction.journal import Journal, Spelling

MINE = {"skills/b/mine.md": b"mine\n", "skills/b/cache/x.pyc": b"\0"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    home = make(tmp_path / "home")
    for path, data in MINE.items():
        (home / path).parent.mkdir(exist_ok=True)
        (home / path).write_bytes(data)
    (home / ".dist").mkdir()
    return home


@pytest.fixture(params=[True, False], ids=["renames", "renames to the same name"])
def caseless(request: pytest.FixtureRequest, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Caseless(monkeypatch, root, renames=request.param)
    return root


def plan(root: Path) -> list[Step]:
    """From what is listed to what is wanted."""
    there = {path: data for path, (data, _) in seen(root).items()}
    return [
        Step(RelPath(path), entry(there.get(path)), entry(data)) for path, data in RESPELLED.items()
    ]


def listed(root: Path) -> dict[str, bytes]:
    return {path: data for path, (data, _) in seen(root).items()}


pytestmark = pytest.mark.needs("linux")


def test_files_and_folders_get_their_new_spelling_with_all_that_is_in_them(caseless: Path) -> None:
    before = listed(caseless)
    (caseless / "skills/b").chmod(0o700)
    with RealFs(caseless) as fs:
        assert apply(fs, plan(caseless), read, b"lock 2\n", {}).skipped == ()
        [generation] = generations(fs)
        for step in generation.steps:
            image = before_image(fs, generation, step)
            assert (image and Digest.of(image)) == (step.before and step.before.digest)
    kept = {path: data for path, data in before.items() if path not in RESPELLED}
    kept |= {path.replace("skills/b/", "skills/B/"): kept.pop(path) for path in MINE}
    came = {path: data for path, data in RESPELLED.items() if data is not None}
    assert listed(caseless) == {**kept, **came, "distribution.lock": b"lock 2\n"}
    assert (caseless / "skills/B").stat().st_mode & 0o777 == 0o700
    assert os.listdir(caseless / ".dist") == ["generations"]


def test_what_fails_on_the_way_is_taken_back_with_its_spelling(caseless: Path) -> None:
    before = seen(caseless)

    def hook(_call: int, called: str, *paths: object) -> None:
        if "distribution.lock" in paths and called == "exchange":
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(TakenBack):
        apply(Hooked(caseless, hook), plan(caseless), read, b"lock 2\n", {})
    assert seen(caseless) == before
    with RealFs(caseless) as fs:
        assert recover(fs) is None


class Killed(BaseException):
    """The process ends here, as far as the transaction can tell."""


@pytest.mark.parametrize("renames", [True, False])
def test_wherever_it_is_killed_it_ends_as_before_or_after(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: bool
) -> None:
    steps = plan(root)
    before = seen(root)
    ends: list[str] = []
    killed = True
    while killed:
        home = make(tmp_path / str(len(ends)), {p: data for p, (data, _) in before.items()})
        (home / ".dist").mkdir()

        def hook(call: int, *_: object) -> None:
            if call == len(ends) + 1:
                raise Killed

        # A disk of this home alone: one upon the other, each would look through all.
        with monkeypatch.context() as disk:
            Caseless(disk, home, renames=renames)
            old = seen(home)
            try:
                apply(Hooked(home, hook), steps, read, b"lock 2\n", {})
                killed = False
            except Killed:
                with RealFs(home) as fs:
                    recover(fs)
        ends.append("before" if seen(home) == old else "after")
        assert not (home / ".dist/txn").exists()
        if ends[-1] == "after":
            there = {path.relative_to(home).as_posix() for path in home.rglob("*")}
            assert {"skills/B/mine.md", "skills/a/Skill.md", "docs/Deep/Er/Note.md"} <= there
            assert not {"skills/b", "docs/deep", "skills/a/SKILL.md"} & there
    assert ends == sorted(ends, reverse=True), "first before, then after"
    assert min(map(ends.count, ("before", "after"))) > 10


@pytest.mark.parametrize(
    ("there", "new"),
    [
        ("skills/Own/SKILL.md", "skills/own/SKILL.md"),
        ("skills/a/Notes.md", "skills/a/notes.md"),
        ("skills/Own", "skills/own/SKILL.md"),
        ("skills/own/x.md", "skills/Own"),
    ],
)
def test_two_different_files_are_refused_with_what_helps(
    there: str, new: str, caseless: Path
) -> None:
    (caseless / there).parent.mkdir(exist_ok=True)
    (caseless / there).write_bytes(b"mine")
    before = everything(caseless)
    with RealFs(caseless) as fs, pytest.raises(Refused) as caught:
        apply(fs, [Step(RelPath(new), None, entry(b"theirs"))], read, b"lock 2\n", {})
    assert "for this disk" in caught.value.what
    assert "rename" in caught.value.hint
    assert everything(caseless) == before


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ({}, {}),
        ({"agent.md": b"agent\n"}, {"agent.md": b"agent\n"}),
        ({"mine.md": b"agent\n"}, {"mine.md.1": b"agent\n"}),
        ({"cache/x.pyc": b"1", "cache/y.pyc": b"2"}, {"cache/x.pyc.1": b"1", "cache/y.pyc": b"2"}),
        ({"mine.md/deep": b"agent\n"}, {"mine.md.1/deep": b"agent\n"}),
        (None, {}),
    ],
)
def test_what_another_program_makes_where_a_folder_is_missing_for_a_moment_stays(
    made: dict[str, bytes] | None,
    found: dict[str, bytes],
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Caseless(monkeypatch, root, renames=False)
    before = listed(root)

    def hook(*_call: object) -> None:
        if any((root / ".dist/txn").glob("*/mine.md")):
            raise Killed

    with pytest.raises(Killed):
        apply(Hooked(root, hook), plan(root), read, b"lock 2\n", {})
    place = root / "skills/b"
    if made is None:
        place.write_bytes(b"agent\n")
        beside = {"skills/B.1": b"agent\n"}
    else:
        place.mkdir()
        beside = {}
        for name, data in made.items():
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_bytes(data)
    with RealFs(root) as fs:
        recovered = recover(fs)
    assert recovered is not None
    assert recovered.what == "finished"
    assert not (root / ".dist/txn").exists()
    kept = {path: data for path, data in before.items() if path not in RESPELLED}
    kept |= {path.replace("skills/b/", "skills/B/"): kept.pop(path) for path in MINE}
    came = {path: data for path, data in RESPELLED.items() if data is not None}
    came |= {f"skills/B/{name}": data for name, data in found.items()}
    assert listed(root) == {**kept, **came, **beside, "distribution.lock": b"lock 2\n"}


@pytest.mark.parametrize("new", ["Skills/own/SKILL.md", "CRON/x.json", "Plugins/x/plugin.yaml"])
def test_a_folder_of_the_agent_keeps_its_name(new: str, caseless: Path) -> None:
    (caseless / "plugins").mkdir()
    before = everything(caseless)
    with RealFs(caseless) as fs, pytest.raises(Refused, match="the agent's") as caught:
        apply(fs, [Step(RelPath(new), None, entry(b"theirs"))], read, b"lock 2\n", {})
    assert "author" in caught.value.hint
    assert everything(caseless) == before


def test_a_folder_of_the_user_gets_the_spelling_of_the_package_with_what_is_in_it(
    caseless: Path,
) -> None:
    (caseless / "skills/Own").mkdir()
    (caseless / "skills/Own/notes.md").write_bytes(b"mine")
    with RealFs(caseless) as fs:
        apply(fs, [Step(RelPath("skills/own/SKILL.md"), None, entry(b"t"))], read, b"lock 2\n", {})
    assert sorted(os.listdir(caseless / "skills/own")) == ["SKILL.md", "notes.md"]
    assert "Own" not in os.listdir(caseless / "skills")


def test_the_same_spelling_is_no_hindrance_there(caseless: Path) -> None:
    with RealFs(caseless) as fs:
        assert update(fs, caseless, {"skills/a/new.md": b"n", "new/deep/x.md": b"x"}).skipped == ()
        [generation] = generations(fs)
        text = fs.read(f".dist/generations/{generation.number}/journal") or b""
    assert text.startswith(b'{"format":1,'), "an older program can read it"
    assert (caseless / "new/deep/x.md").read_bytes() == b"x"


def test_elsewhere_both_spellings_have_room(root: Path) -> None:
    (root / "skills/a/Notes.md").write_bytes(b"mine")
    with RealFs(root) as fs:
        apply(fs, [Step(RelPath("skills/a/notes.md"), None, entry(b"n"))], read, b"lock 2\n", {})
    assert (root / "skills/a/Notes.md").read_bytes() == b"mine"


def test_a_journal_with_spellings_reads_back_and_an_older_program_leaves_it_alone() -> None:
    spellings = (
        Spelling(RelPath("a/B"), RelPath("a/b")),
        Spelling(RelPath("a/B/X"), RelPath("a/b/x")),
    )
    journal = Journal(
        number=1, steps=(Step(RelPath("a/B/X"), entry(b"x"), None),), spellings=spellings
    )
    text = journal.encode()
    assert text.startswith(b'{"format":3,')
    assert Journal.decode(text) == journal
    assert journal.folders == [spellings[0]]
    assert journal.files == [spellings[1]]


def test_a_journal_that_would_rename_what_it_likes_is_not_followed() -> None:
    journal = Journal(
        number=1, steps=(), spellings=(Spelling(RelPath(".env"), RelPath("skills/x")),)
    )
    assert Journal.decode(journal.encode()) is None
