"""Homes: read a profile's lock, finish an interrupted operation, hold the home for writing."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hermes_dist import lazily
from hermes_dist.agents.generation import NEWEST
from hermes_dist.agents.places import CONFIG, JOBS
from hermes_dist.brand import LOCKFILE, MANIFEST, PRIVATE, Layout
from hermes_dist.decide.ownership import without_machine
from hermes_dist.errors import Busy, DistError, NoPackage, Unfinished
from hermes_dist.lazily import later
from hermes_dist.model.discreet import Contents
from hermes_dist.model.lock import Lock, load_lock
from hermes_dist.model.lock_head import HINT, Damaged
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.source import PinKind
from hermes_dist.model.tree import EMPTY, Digest, Tree
from hermes_dist.ops.context import Context
from hermes_dist.world.disk.errors import Closed, trouble
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.links import agreed_in
from hermes_dist.world.disk.locks import home_lock
from hermes_dist.world.files import read_file

if TYPE_CHECKING:
    from hermes_dist.world.transaction.apply import Recovered
    from hermes_dist.world.transaction.generations import Generation

with later():
    from hermes_dist.ops.noted_source import noted_in
    from hermes_dist.ops.own_layers import at_its_place
    from hermes_dist.world.no_folder import no_folder

LIVING = (RelPath(CONFIG), RelPath(JOBS))
"""The files that a running agent writes all the time."""


_FEW = 5
"""How many other profiles an error names."""


NO_STATE = "none"
"""The state of a profile that has no lockfile."""


class OtherState(Busy):
    """A profile is not in the state that the user was shown; nothing was changed."""


class Home(Contents, frozen=True):
    """A profile's home with its lock.

    Attributes:
        lock: The lock, which says what the home received; None without a lockfile.
        lock_bytes: The lockfile as it was read.
    """

    name: ProfileName
    path: Path
    lock: Lock | None
    lock_bytes: bytes | None

    @property
    def base(self) -> Tree:
        """The package tree as the home last received it; empty without a lock."""
        return self.lock.base if self.lock else EMPTY

    @property
    def state(self) -> str:
        """What the profile is now, as one word: see :func:`state_of`."""
        return _spelled_state(self.path, self.lock_bytes)

    def need_lock(self, ctx: Context) -> Lock:
        """Return the lock.

        Raises:
            DistError: The profile has no lock.
        """
        if self.lock is None:
            raise self._without_package(ctx)
        return self.lock

    def way_to_package(self, ctx: Context) -> str:
        """The command by which a profile without a lock gets a package, without the program's name."""
        return self._without_package(ctx).command or f"install SOURCE --name {self.name}"

    def was_uninstalled(self) -> bool:
        """Whether the last change of the home took its lockfile away."""
        found = self._generations()
        return bool(found) and found[-1].lock_before is not None and found[-1].lock_after is None

    def _had_package(self) -> bool:
        """Whether the home had a lockfile once; an import of a profile of one's own is a change without any."""
        return any(each.lock_before or each.lock_after for each in self._generations())

    def _generations(self) -> Sequence[Generation]:
        """The changes of the home, the oldest first; none if they can't be read."""
        from hermes_dist.world.transaction.generations import generations  # noqa: PLC0415 - only needed for an error

        try:
            with RealFs(self.path, home=True) as fs:
                return generations(fs)
        except (DistError, OSError):
            return ()

    def _without_package(self, ctx: Context) -> DistError:
        """The error for a profile that has no lock: what it is instead, and what helps."""
        # Asked first: a manifest that the user edited stays when its package is uninstalled.
        if self.was_uninstalled():
            return NoPackage(
                f"the profile {str(self.name)!r} holds no package: it was uninstalled",
                where=str(self.path),
                hint="bring it back with",
                command=f"rollback {self.name}",
            )
        if (self.path / MANIFEST).exists():
            return self._without_lockfile(ctx)
        others = [str(name) for name in ctx.names() if ctx.layout.lockfile(name).exists()]
        hint, command = "install one with", "install SOURCE"
        if self._had_package():
            hint, command = "bring its last one back with", f"rollback {self.name}"
        elif others:
            hint, command = f"the profiles with a package: {', '.join(others[:_FEW])}", ""
        return NoPackage(
            f"the profile {str(self.name)!r} holds no package",
            where=str(self.path),
            hint=hint,
            command=command,
        )

    def _without_lockfile(self, ctx: Context) -> DistError:
        """The error for a profile with a package that we did not install."""
        what = f"the profile {str(self.name)!r} has no lockfile"
        if noted_in(self.path):
            return DistError(
                f"{what}: it was not installed by {ctx.brand.dist_command}",
                where=str(self.path),
                hint="take it over with",
                command=f"adopt {self.name}",
            )
        publish = ctx.command(f"publish {self.name} --to ADDRESS")
        return DistError(
            f"{what}: its package follows no source",
            where=str(self.path),
            hint=f"if it is your own, publish it with: {publish}; if it came from elsewhere, take it over with",
            command=f"adopt {self.name} SOURCE",
        )


def open_home(ctx: Context, name: ProfileName) -> Home:
    """Read a profile's lock, after finishing any interrupted operation.

    Raises:
        DistError: The lock or the home can't be read, or the lock is damaged or newer than this program.
    """
    # First, because finishing puts another lockfile into place, and that is the one to read.
    finish_leftover(ctx.layout.home(name))
    return _read_home(ctx, name)


def open_to_read(ctx: Context, name: ProfileName) -> tuple[Home, tuple[Note, ...]]:
    """Read a profile's lock for a command that changes nothing, even if the disk lets no operation be finished.

    Returns:
        The home, and a note if its files may be partly of one version and partly of another.

    Raises:
        DistError: As for :func:`open_home`, except that an operation can't be finished.
    """
    notes = _finished(ctx, name)
    return _read_home(ctx, name), notes


def open_to_save(ctx: Context, name: ProfileName) -> tuple[Home, tuple[Note, ...]]:
    """Read a profile's lock as :func:`open_to_read` does, for a backup: a lock that can't be read loses no file.

    Returns:
        The home, without a lock if it can't be read; and notes on what was found.

    Raises:
        DistError: An operation can't be finished for another reason than the disk.
    """
    notes = _finished(ctx, name)
    try:
        return _read_home(ctx, name), notes
    except DistError as err:
        home = Home(name, ctx.layout.home(name), None, None)
        return home, (*notes, Note.of(NoteKind.LOCK_SAVED_UNREAD, str(name), why=err.what))


def _finished(ctx: Context, name: ProfileName) -> tuple[Note, ...]:
    """Finish an interrupted operation; where the disk lets nobody do that, return a note."""
    try:
        finish_leftover(ctx.layout.home(name))
    except Unfinished:
        return (Note.of(NoteKind.HALF_CHANGED, command=ctx.command("doctor --fix")),)
    return ()


def look_into(ctx: Context, name: ProfileName) -> Home:
    """Read a profile's lock, as :func:`open_to_read` does, for a command that says by :func:`half_changed` what it saw.

    Raises:
        DistError: As for :func:`open_to_read`.
    """
    return open_to_read(ctx, name)[0]


def half_changed(ctx: Context, name: ProfileName) -> tuple[Note, ...]:
    """Return the note that :func:`open_to_read` returns."""
    return open_to_read(ctx, name)[1]


def _read_home(ctx: Context, name: ProfileName) -> Home:
    path = ctx.layout.home(name)
    try:
        data = read_file(ctx.layout.lockfile(name))
    except FileNotFoundError:
        return Home(name, path, None, None)
    except NotADirectoryError as err:
        # A new profile has no home yet, so what is in the way may be further up.
        raise (no_folder(path) or _unread(ctx, name, err)) from err
    except OSError as err:
        raise _unread(ctx, name, err) from err
    try:
        lock = without_machine(load_lock(data))
        if lock.pin.kind is PinKind.FOLDER:
            lock = at_its_place(ctx, name, lock)
        return Home(name, path, lock, data)
    except DistError as err:
        raise about_lock(ctx, name, err) from None


def _unread(ctx: Context, name: ProfileName, err: OSError) -> DistError:
    return trouble(err, "the lockfile can't be read", where=str(ctx.layout.lockfile(name)))


def state_of(ctx: Context, name: ProfileName) -> str:
    """Spell what a profile is now as one word, which is another one after each change and for another home.

    Returns:
        The generation, a digest of the lockfile and the number of the home folder, such as ``12.3fa9c0a1b2c3d4e5.2f1``;
        ``none`` without a lockfile.
    """
    try:
        data = read_file(ctx.layout.lockfile(name))
    except OSError:
        return NO_STATE
    return _spelled_state(ctx.layout.home(name), data)


def settled_state_of(ctx: Context, name: ProfileName) -> str:
    """Return the state of a profile for a screen that shows it: not one that is just being written, if that ends soon.

    Raises:
        DistError: An interrupted operation can't be finished, or the home can't be looked into.
    """
    home = ctx.layout.home(name)
    end = time.monotonic() + _SOON
    while True:
        state = state_of(ctx, name)
        # Asked afterwards: what is written now has put its lockfile into place before all else is there.
        if not is_in_work(home) or time.monotonic() > end:
            return state
        time.sleep(0.01)


def is_in_work(home: Path) -> bool:
    """Whether an operation is being written into a home, by a process that lives; one that died is finished first."""
    if not (home / PRIVATE / "txn").exists():
        return False
    try:
        finish_leftover(home)
    except Unfinished:
        return False
    return (home / PRIVATE / "txn").exists()


_SOON = 1.0


def _spelled_state(home: Path, lock_bytes: bytes | None) -> str:
    if lock_bytes is None:
        return NO_STATE
    found = _GENERATION.search(lock_bytes)
    number = found[1].decode() if found else "0"
    return f"{number}.{Digest.of(lock_bytes)[:_DIGITS]}.{_number_of(home)}"


_GENERATION = lazily.pattern(rb"^generation = (\d{1,15})$", re.MULTILINE)
_DIGITS = 16


def _number_of(home: Path) -> str:
    """The number that the file system gave a folder: a rename keeps it, and no other home has it."""
    try:
        return f"{home.stat().st_ino:x}"
    except OSError:
        return "0"


def is_in_state(lock_digest: Digest | None, state: str) -> bool:
    """Whether a lockfile is the one of a state."""
    return lock_digest is not None and state.split(".")[1:2] == [lock_digest[:_DIGITS]]


def renamed_to(ctx: Context, state: str) -> ProfileName | None:
    """Find the profile that a home belongs to now, by the state that it was shown in; None if it is gone."""
    number = state.rpartition(".")[2]
    if state == NO_STATE:
        return None
    return next((n for n in ctx.names() if _number_of(ctx.layout.home(n)) == number), None)


def refuse_other_state(ctx: Context, home: Home) -> None:
    """Make sure that a home was read in the state that the user was shown, if anything was shown.

    Raises:
        OtherState: It changed since.
    """
    shown = ctx.shown.get(home.name)
    if shown is not None and shown != home.state:
        raise OtherState(
            "this profile changed since it was shown, so nothing was done",
            where=str(home.name),
            hint="look at what changed, then decide again",
        )


def agreed_links(path: Path) -> tuple[tuple[str, str], ...]:
    """The links of a home that the user said to follow, and what they led to then."""
    return tuple(sorted(agreed_in(path).items()))


def about_lock(ctx: Context, name: ProfileName, err: DistError) -> DistError:
    """Add the path, and the command that helps, to the error for a lock that can't be read."""
    err.where = str(ctx.layout.lockfile(name))
    if isinstance(err, Damaged):
        err.hint, err.command = HINT, f"adopt {name}"
    return err


def finish_leftover(path: Path) -> Recovered | None:
    """Finish an interrupted operation, unless another command is working on the home right now.

    Raises:
        DistError: The home can't be looked into, or the operation can't be finished.
    """
    try:
        interrupted = (path / ".dist" / "txn").exists()
    except OSError as error:
        raise trouble(error, "the home can't be read", where=str(path)) from error
    if not interrupted:
        return None
    try:
        with home_lock(path), RealFs(path, home=True) as fs:
            return finish_operation(fs, path)
    except Busy:
        # Reading need not wait: before any change, `held` finishes it and reads the lock again.
        return None
    except Closed as error:
        if not _has_begun(path):
            return None  # it had not begun to change the home
        # Its files may be half of one version and half of another, so nothing true can be said of them.
        error.what = f"a change of this profile was interrupted and can't be finished: {error.what}"
        raise


def finish_operation(fs: RealFs, path: Path) -> Recovered | None:
    """Finish an interrupted operation, if there is one; the caller holds the home's lock."""
    from hermes_dist.ops.unfinished import finish  # noqa: PLC0415 - start-up: mostly nothing is unfinished

    return finish(fs, path)


@contextmanager
def held(home: Home) -> Iterator[RealFs]:
    """Hold a home for writing, and make sure that its lock is still as it was read.

    Raises:
        Busy: Another operation holds the home, or changed it in the meantime.
    """
    with home_lock(home.path), RealFs(home.path, home=True) as fs:
        # In this order: an operation that was interrupted since the lock was read changes the lock
        # when it is finished.
        finish_operation(fs, home.path)
        if fs.read(LOCKFILE) != home.lock_bytes:
            raise Busy(
                "another operation changed this profile in the meantime",
                where=str(home.path),
                hint="run the command again",
            )
        yield fs


@contextmanager
def read_as_one(home: Home) -> Iterator[None]:
    """Keep our other commands out of a home while it is read as a whole; the agent goes on writing.

    A home that we can't write can't be locked, either. Whoever can write it may change it, so that is looked at
    afterwards.

    Raises:
        Busy: Another operation holds the home, or changed it in the meantime.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(home_lock(home.path))
        except Closed:
            stack.callback(_refuse_changed, home)
        yield


def _has_begun(home: Path) -> bool:
    """Whether a change of a home was begun and is not finished."""
    return (home / PRIVATE / "txn" / "journal").exists()


def _refuse_changed(home: Home) -> None:
    try:
        lock = read_file(home.path / LOCKFILE)
    except FileNotFoundError:
        lock = None
    if lock != home.lock_bytes or _has_begun(home.path):
        raise Busy(
            "another operation changed this profile in the meantime",
            where=str(home.path),
            hint="run the command again",
        )


def clear_tombstone(layout: Layout, name: ProfileName) -> None:
    """Remove the mark that hides a deleted profile's name from newer agents, which may be installed later."""
    (layout.profiles / NEWEST.tombstones / name).unlink(missing_ok=True)
