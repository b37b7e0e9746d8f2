"""Every verb of a profile's life, killed before each change it makes: the profile as before, or as wanted."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from budget import moments
from killing import changes_of, killed
from standin import systemctl
from test_life_of_profiles import context, fill, unit

from hermes_dist.brand import HERMES
from hermes_dist.decide.profiles.lifecycle import Move
from hermes_dist.errors import DistError
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profile_changes import Back, Gone, Made, Renamed
from hermes_dist.ops.profiles import aliases, lifecycle, profile_moves, trash_and_archive
from hermes_dist.ops.profiles import clone as cloning
from hermes_dist.ops.profiles.doctor import doctor
from hermes_dist.world.disk.fs import RealFs

CODER = ProfileName("coder")
State = dict[str, str]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in memory where there is one: nothing here is about the disk's own promises."""
    monkeypatch.setattr("hermes_dist.ops.profiles.checks.LEFTOVER_AGE", -1.0)
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


def machine(folder: Path) -> Context:
    """A machine with two profiles, one of which everything here knows by name."""
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    systemctl(home / "tools")
    ctx = context(home, HERMES, home / "tools")
    fill(lifecycle.create(ctx, "coder").path)
    lifecycle.create(ctx, "writer")
    aliases.write(ctx.layout, aliases.plan(ctx.layout, CODER, "my-bot", env=ctx.env))
    ctx.layout.sticky.write_text("coder\n")
    (ctx.layout.root / "config.yaml").write_text(
        "gateway:\n  profile_routes:\n    - {name: a, platform: discord, profile: coder}\n"
    )
    unit(ctx, "coder")
    return ctx


def state(ctx: Context) -> State:
    """All that a user can see: homes, commands, the sticky choice, services, routes, what is out of the way."""
    found = {}
    layout = ctx.layout
    for place in (layout.profiles, layout.commands, layout.service_files(CODER)[0].parent):
        for path in sorted(place.rglob("*")) if place.is_dir() else []:
            name = str(path.relative_to(layout.user_home))
            if path.is_symlink():
                found[name] = f"-> {os.readlink(path)}"
            elif path.is_file() and "/.dist/" not in name:
                found[name] = path.read_bytes().decode("latin-1")
    for path in (layout.sticky, layout.root / "config.yaml"):
        found[path.name] = path.read_text() if path.exists() else ""
    for each in trash_and_archive.stored_profiles(ctx):
        for path in sorted(each.path.rglob("*")):
            if path.is_file() and ".dist" not in path.parts:
                found[f"{each.place}/{each.name}/{path.relative_to(each.path)}"] = path.read_text()
    return found


def differ(one: State, other: State) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def ends_of(ctx: Context, run: Callable[[Context], object]) -> tuple[State, State]:
    """The states before and after a verb, as the doctor leaves them."""
    doctor(ctx, fix=True)
    old = state(ctx)
    run(ctx)
    doctor(ctx, fix=True)
    return old, state(ctx)


VERBS: dict[str, tuple[Callable[[Context], object], Callable[[Context], object]]] = {
    "create": (lambda ctx: None, lambda ctx: lifecycle.create(ctx, "new", description="x")),
    "clone": (lambda ctx: None, lambda ctx: cloning.clone(ctx, "new", CODER, every=True)),
    "rename": (lambda ctx: None, lambda ctx: lifecycle.rename(ctx, "coder", "dev-bot")),
    "delete": (lambda ctx: None, lambda ctx: trash_and_archive.put_away(ctx, CODER, "trash")),
    "purge": (
        lambda ctx: None,
        lambda ctx: trash_and_archive.put_away(ctx, CODER, "trash", purge=True),
    ),
    "archive": (lambda ctx: None, lambda ctx: trash_and_archive.put_away(ctx, CODER, "archive")),
    "restore": (
        lambda ctx: trash_and_archive.put_away(ctx, CODER, "trash"),
        lambda ctx: trash_and_archive.restore(ctx, "coder"),
    ),
    "restore as": (
        lambda ctx: trash_and_archive.put_away(ctx, CODER, "archive"),
        lambda ctx: trash_and_archive.restore(ctx, "coder", to="dev-bot"),
    ),
    "alias": (
        lambda ctx: None,
        lambda ctx: aliases.write(
            ctx.layout, aliases.plan(ctx.layout, CODER, "third", env=ctx.env)
        ),
    ),
    "describe": (lambda ctx: None, lambda ctx: lifecycle.describe(ctx, CODER, "New words.")),
}


class Rehearsed:
    """A machine on which a verb can be tried again and again, each time from the same state.

    Args:
        folder: Where the machine is, each time.
        verb: One of the verbs above.
    """

    def __init__(self, folder: Path, verb: str) -> None:
        prepare, self.run = VERBS[verb]
        self.ctx = machine(folder)
        self._kept = folder / "kept"
        prepare(self.ctx)
        doctor(self.ctx, fix=True)
        shutil.copytree(self.ctx.layout.user_home, self._kept, symlinks=True)
        self.old, self.new = ends_of(self.ctx, self.run)
        self.again()
        self.changes = changes_of(lambda: self.run(self.ctx))

    def again(self) -> Context:
        """The machine as it was before the verb."""
        shutil.rmtree(self.ctx.layout.user_home)
        shutil.copytree(self._kept, self.ctx.layout.user_home, symlinks=True)
        return self.ctx

    def cut_short(self) -> Context:
        """The machine as it is when the verb was killed with nearly all done, and has left its journal."""
        for at in range(self.changes, 0, -1):
            ctx = self.again()
            assert killed(lambda: self.run(self.ctx), at)
            if profile_moves.journal(ctx).exists():
                return ctx
        raise AssertionError("it never left a journal")

    def has_moved(self) -> bool:
        """Whether the home of the interrupted move is not where it was."""
        move = Move.decode(profile_moves.journal(self.ctx).read_bytes())
        return not (self.ctx.layout.root / move.source).exists()

    def found(self, at: int) -> str:
        """Which state is found after a kill at this change, once the doctor was there: the old one or the new one."""
        doctor(self.ctx, fix=True)
        found = state(self.ctx)
        told = at, differ(found, self.old), differ(found, self.new)
        assert found in (self.old, self.new), told
        return "old" if found == self.old else "new"


@pytest.mark.parametrize("verb", VERBS)
def test_killed_before_any_change_a_verb_leaves_the_old_state_or_the_new_one(
    verb: str, quick: Path
) -> None:
    tried = Rehearsed(quick, verb)
    assert tried.old != tried.new
    ends = set()
    for at in moments(tried.changes):
        ctx = tried.again()
        assert killed(lambda ctx=ctx: tried.run(ctx), at)  # type: ignore[misc]  # bound now
        ends.add(tried.found(at))
        assert list(ctx.layout.shared.glob("move.json")) == []
        assert not ctx.layout.staging.is_dir() or list(ctx.layout.staging.iterdir()) == []
    assert ends == {"old"} if verb in {"alias", "describe"} else {"old", "new"}


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in {"alias", "describe"}])
def test_killed_before_any_change_a_verb_that_is_repeated_ends_as_if_nothing_had_happened(
    verb: str, quick: Path
) -> None:
    tried = Rehearsed(quick, verb)
    told = set()
    for at in moments(tried.changes):
        ctx = tried.again()
        assert killed(lambda ctx=ctx: tried.run(ctx), at)  # type: ignore[misc]  # bound now
        is_open = profile_moves.journal(ctx).exists()
        was_begun = is_open and tried.has_moved()
        try:
            done = tried.run(ctx)
        except DistError:
            assert not is_open, at  # all was done but a folder of ours to tidy
            assert tried.found(at) == "new"
            continue
        assert isinstance(done, Made | Renamed | Gone | Back)
        said = NoteKind.WAS_CUT_SHORT in [note.kind for note in done.notes]
        assert said == was_begun, at
        told.add(said)
        assert tried.found(at) == "new"
    assert told == {False, True}


def test_what_was_cut_short_is_not_taken_for_another_command(quick: Path) -> None:
    """Other options, another name, or another profile that got the name: each is what it says."""
    tried = Rehearsed(quick / "create", "create")
    for other in (
        lambda ctx: lifecycle.create(ctx, "new", alias=False, description="x"),
        lambda ctx: lifecycle.create(ctx, "new"),
        partial(cloning.clone, name="new", source=CODER),
    ):
        ctx = tried.cut_short()
        with pytest.raises(DistError, match="a profile 'new' exists already"):
            other(ctx)
        assert not profile_moves.journal(ctx).exists()
    tried = Rehearsed(quick / "delete", "delete")
    ctx = tried.cut_short()
    ctx.layout.home(CODER).mkdir()  # as an installation would
    (ctx.layout.home(CODER) / "SOUL.md").write_text("Another one.\n")
    tried.run(ctx)
    texts = {(each.path / "SOUL.md").read_text() for each in trash_and_archive.stored_profiles(ctx)}
    assert texts == {"I am.\n", "Another one.\n"}


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that moves no folder but those that were just made: overlayfs does so with all that an image brought."""
    noreplace = RealFs.noreplace

    def refused(self: RealFs, source: str, target: str) -> None:
        if "/staging/" not in source and (self.root / source).is_dir():
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source)
        noreplace(self, source, target)

    monkeypatch.setattr(RealFs, "noreplace", refused)


MOVES = ["rename", "delete", "purge", "archive", "restore", "restore as"]


@pytest.mark.usefixtures("fixed")
@pytest.mark.parametrize("verb", MOVES)
def test_a_home_that_the_disk_does_not_move_is_copied_and_killed_at_any_change_it_is_whole(
    verb: str, quick: Path
) -> None:
    tried = Rehearsed(quick, verb)
    ends = set()
    for at in moments(tried.changes):
        ctx = tried.again()
        assert killed(lambda ctx=ctx: tried.run(ctx), at)  # type: ignore[misc]  # bound now
        ends.add(tried.found(at))
        assert list(ctx.layout.shared.glob("move.json")) == []
    assert ends == {"old", "new"}


@pytest.mark.usefixtures("fixed")
def test_nothing_of_the_old_home_is_left_when_its_copy_moved(quick: Path) -> None:
    ctx = machine(quick)
    before = (ctx.layout.home(CODER) / "SOUL.md").read_bytes()
    lifecycle.rename(ctx, "coder", "dev-bot")
    assert not ctx.layout.home(CODER).exists()
    assert (ctx.layout.profiles / "dev-bot/SOUL.md").read_bytes() == before


def test_a_new_home_that_cannot_come_to_its_place_is_told_and_leaves_nothing(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_self: RealFs, source: str, _target: str) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source)

    ctx = machine(quick)
    monkeypatch.setattr(RealFs, "noreplace", refused)
    with pytest.raises(DistError, match="can't move the home"):
        lifecycle.create(ctx, "new")
    assert not ctx.layout.home(ProfileName("new")).exists()
    assert list(ctx.layout.staging.iterdir()) == []
    assert not profile_moves.journal(ctx).exists()


@pytest.mark.parametrize("verb", ["rename", "purge", "restore as", "create"])
def test_the_completion_of_a_move_can_be_killed_too(verb: str, quick: Path) -> None:
    tried = Rehearsed(quick, verb)
    for at in moments(tried.changes, most=7):
        ctx = tried.again()
        assert killed(lambda ctx=ctx: tried.run(ctx), at)  # type: ignore[misc]  # bound now
        for inner in (1, 2, 3, 5, 8):
            killed(lambda ctx=ctx: doctor(ctx, fix=True), inner)  # type: ignore[misc]  # bound now
        tried.found(at)


def test_another_verb_completes_what_was_cut_short(quick: Path) -> None:
    ctx = machine(quick)
    at = next(n for n in range(1, 200) if _moved(quick, n))
    ctx = machine(quick)
    assert killed(lambda: lifecycle.rename(ctx, "coder", "dev-bot"), at)
    lifecycle.create(ctx, "other")
    assert {alias.name for alias in aliases.of_profile(ctx.layout, ProfileName("dev-bot"))} == {
        "dev-bot",
        "my-bot",
    }
    assert ctx.layout.sticky.read_text() == "dev-bot\n"


def _moved(quick: Path, at: int) -> bool:
    ctx = machine(quick)
    killed(lambda: lifecycle.rename(ctx, "coder", "dev-bot"), at)
    return (ctx.layout.profiles / "dev-bot").is_dir()


def test_a_home_that_moved_but_could_not_be_made_safe_is_completed_by_the_next_command(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rename has worked, its sync has not: what refers to the home must follow all the same."""
    wanted = machine(quick)
    lifecycle.rename(wanted, "coder", "painter")
    after = state(wanted)
    ctx = machine(quick)

    real = RealFs.sync_folder

    def failing(fs: RealFs, folder: str) -> None:
        if ctx.layout.home(ProfileName("painter")).is_dir():
            raise OSError(errno.EIO, "Input/output error")
        real(fs, folder)

    with monkeypatch.context() as patch:
        patch.setattr(RealFs, "sync_folder", failing)
        with pytest.raises(DistError):
            lifecycle.rename(ctx, "coder", "painter")
    assert ctx.layout.home(ProfileName("painter")).is_dir()
    with profile_moves.all_homes_locked(ctx) as fs:
        profile_moves.finish_move(ctx, fs)
    assert state(ctx) == after


def test_whoever_asks_for_a_profile_whose_move_was_cut_short_is_told_what_completes_it(
    quick: Path,
) -> None:
    tried = Rehearsed(quick, "rename")
    seen = 0
    for at in moments(tried.changes, most=9):
        ctx = tried.again()
        assert killed(lambda: tried.run(tried.ctx), at)
        if not (profile_moves.journal(ctx).exists() and tried.has_moved()):
            continue
        with pytest.raises(DistError, match=r"rename 'coder' to 'dev-bot' was cut short") as caught:
            ctx.profile("coder")
        assert caught.value.command == "doctor --fix"
        if ctx.layout.sticky.read_text() == "coder\n":
            with pytest.raises(DistError, match="was cut short") as caught:
                ctx.active()
            assert caught.value.command == "doctor --fix"
            seen += 1
        with pytest.raises(DistError, match=r"no profile 'other'"):
            ctx.profile("other")
        doctor(ctx, fix=True)
        assert ctx.active() == "dev-bot"
    assert seen
