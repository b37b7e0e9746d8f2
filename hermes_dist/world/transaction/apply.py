"""Apply a plan to a home atomically: all of it or nothing, even if the program is interrupted.

Stage every new file and the lockfile in ``.dist/txn``, fsync them, write the journal (the point
of no return), realize it (:mod:`hermes_dist.world.transaction.realize`), swap the lockfile, and keep the folder as the
generation to roll back to. The caller holds :func:`hermes_dist.world.disk.fs.home_lock`.
"""

from __future__ import annotations

import contextlib
import errno
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Literal

from msgspec import Struct

from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Digest, Read
from hermes_dist.world.disk.errors import HINTS, trouble
from hermes_dist.world.ports import Fs, Odd
from hermes_dist.world.transaction.generations import (
    Generation,
    before_image,
    generations,
    lock_image,
    next_number,
    prune,
)
from hermes_dist.world.transaction.journal import (
    DRAFT,
    GENERATIONS,
    JOURNAL,
    LOCKFILE,
    PRIVATE,
    TXN,
    Journal,
    digest_of,
    slot_of,
)
from hermes_dist.world.transaction.places import lead, lead_again, places_of, remove
from hermes_dist.world.transaction.realize import (
    BALLAST,
    SYNC_EACH,
    Applied,
    Guards,
    forward,
    slot_of_lock,
)

__all__ = [
    "Applied",
    "Changed",
    "Generation",
    "Guards",
    "Recovered",
    "Unfinished",
    "apply",
    "before_image",
    "check",
    "generations",
    "lock_image",
    "next_number",
    "prune",
    "recover",
]

_BLOCK = 4096


class Changed(DistError):
    """A file is not what the plan saw; nothing was written."""


class Unfinished(DistError):
    """The disk failed after the point of no return; the next start finishes it."""


class Recovered(Struct, frozen=True):
    """The outcome of an interrupted transaction.

    Attributes:
        what: Whether it was discarded before its journal existed, finished now, or set aside with a damaged journal.
        skipped: As in :class:`Applied`.
        generation: As in :class:`Applied`.
    """

    what: Literal["discarded", "finished", "set aside"]
    skipped: tuple[RelPath, ...] = ()
    generation: int | None = None


def apply(
    fs: Fs,
    steps: Iterable[Step],
    read: Read,
    lock_after: bytes | None,
    label: Mapping[str, str],
    *,
    guards: Guards | None = None,
    number: int | None = None,
) -> Applied:
    """Apply the steps of a plan and replace the lockfile, all or nothing.

    Args:
        fs: The home, whose lock the caller holds.
        steps: The steps; those that change nothing are left out.
        read: Returns the content of each ``after``.
        lock_after: The new lockfile; None to remove it.
        label: Labels shown when the generation is listed.
        guards: The agent's locks, held while one of its files is exchanged.
        number: The number the generation should get; by default the next one.

    Returns:
        The skipped paths and the generation; if there is nothing to do, nothing at all is written.

    Raises:
        Changed: A file is not what the plan saw; nothing was written.
        Odd: A path is the user's symlink or the like; nothing was written.
        Unfinished: The disk failed past the point of no return; the next start finishes it.
        DistError: The disk is full or failing; nothing was changed.
    """
    guards = guards or {}
    # An older transaction must be finished first: the plan's checks would otherwise see a half-changed home.
    recover(fs, guards)
    with _explaining("nothing was changed"), ExitStack() as abort:
        found = fs.read(LOCKFILE)
        changes = tuple(
            sorted((s for s in steps if s.before != s.after), key=lambda step: step.path)
        )
        journal = Journal(
            number=number or next_number(fs),
            steps=changes,
            places=places_of(fs, changes, lock=found != lock_after),
            lock_before=digest_of(found),
            lock_after=digest_of(lock_after),
            label=label,
        )
        if not journal.steps and found == lock_after:
            return Applied()
        check(fs, journal.steps)
        # Until the journal is written, any error removes what was staged and leaves the home as it was.
        abort.callback(_discard, fs)
        _stage(fs, journal, read, lock_after)
        # Ctrl-C between the journal and the last step would leave work for the next start, so it waits.
        with uninterrupted():
            # Staging takes a while, and the agent may have written since the first check.
            check(fs, journal.steps)
            _write_journal(fs, journal)
            abort.pop_all()
            return _finish(fs, journal, guards, again=False)


def recover(fs: Fs, guards: Guards | None = None) -> Recovered | None:
    """Finish an interrupted transaction, or remove one whose journal was not written yet.

    Args:
        fs: The home, whose lock the caller holds.
        guards: As in :func:`apply`.

    Returns:
        What was done; None if there was no transaction.

    Raises:
        Unfinished: The disk still fails.
        DistError: The remains can't be removed.
    """
    if fs.kind(TXN) == "absent":
        return None
    with _explaining("an interrupted operation can't be cleared away"), uninterrupted():
        text = fs.read(JOURNAL)
        if text is None:
            _discard(fs)
            return Recovered("discarded")
        journal = Journal.decode(text)
        if journal is None:
            number = 1
            while fs.kind(f"{PRIVATE}/damaged-{number}") != "absent":
                number += 1
            # Its slots may hold the only copy of a displaced file, so the folder is kept for the user.
            fs.noreplace(TXN, f"{PRIVATE}/damaged-{number}")
            fs.sync_folder(PRIVATE)
            return Recovered("set aside")
        done = _finish(fs, journal, guards or {}, again=True)
        return Recovered("finished", done.skipped, done.generation)


def check(fs: Fs, steps: Iterable[Step]) -> None:
    """Check that a plan can be applied: every path is what the plan saw, and nothing is in the way.

    Raises:
        Changed: A file is not what the plan saw.
        Odd: A path, or a folder on the way to it, is the user's symlink or the like.
    """
    steps = list(steps)
    gone = {step.path for step in steps if step.after is None}
    _check_folders(fs, steps, gone)
    for step in steps:
        if not _is_free(fs, step, gone) and fs.entry(step.path) != step.before:
            raise Changed(
                "it changed in the meantime",
                where=step.path,
                hint="nothing was written; run it again",
            )


def _check_folders(fs: Fs, steps: Iterable[Step], gone: set[RelPath]) -> None:
    """Check the folders on the way: through a symlink the home would write to another place.

    Raises:
        Odd: One of them is not a plain folder.
    """
    for folder in sorted({parent for step in steps for parent in step.path.parents}):
        kind = fs.kind(folder)
        if kind == "odd" or (kind == "file" and folder not in gone):
            raise Odd(
                "it is not a plain folder of this home, so nothing is written below it",
                where=folder,
            )


def _is_free(fs: Fs, step: Step, gone: set[RelPath]) -> bool:
    """Return whether a new file takes the place of a folder that the same plan empties."""
    return (
        step.before is None and fs.kind(step.path) == "folder" and _holds_only(fs, step.path, gone)
    )


def _holds_only(fs: Fs, folder: str, gone: set[RelPath]) -> bool:
    """Return whether a folder will be empty once these files are gone, so that a file can take its place."""
    for name in fs.listdir(folder):
        path = f"{folder}/{name}"
        if path not in gone and not (fs.kind(path) == "folder" and _holds_only(fs, path, gone)):
            return False
    return True


def _stage(fs: Fs, journal: Journal, read: Read, lock_after: bytes | None) -> None:
    """Write every new file into its slot and fsync it."""
    _make_folders(fs)
    # Before anything is staged outside: a process that comes after a crash must know where to look for it.
    _draft_journal(fs, journal)
    lead(fs, journal.places)
    new = [(index, step) for index, step in enumerate(journal.steps) if step.after is not None]
    each = len(new) < SYNC_EACH  # one sync of the whole disk is cheaper than many of single files
    for index, step in new:
        assert step.after is not None  # noqa: S101 - see new
        data = content(read, step.after.digest, step.path)
        mode, exact = _mode(fs, step)
        fs.write_new(slot_of(index), data, mode, exact=exact, sync=each)
    if lock_after is not None and journal.lock_before != journal.lock_after:
        fs.write_new(slot_of_lock(), lock_after, 0o644, sync=each)
    _reserve(fs, journal, sync=each)
    if not each:
        fs.sync_all()


def _make_folders(fs: Fs) -> None:
    """Make the folders of a transaction, with their names on the disk."""
    held = set()
    for folder in (PRIVATE, GENERATIONS, TXN):
        if fs.kind(folder) == "absent":
            fs.mkdir(folder, 0o700)
            held.add(folder.rpartition("/")[0])
    for folder in sorted(held):
        fs.sync_folder(folder)


def _reserve(fs: Fs, journal: Journal, *, sync: bool) -> None:
    """Reserve the disk blocks that new names and folders need after the point of no return."""
    new = {step.path for step in journal.steps if step.before is None}
    if new:
        room = 1 + len({parent for path in new for parent in path.parents})
        fs.write_new(BALLAST, b"\xa5" * (room * _BLOCK), 0o600, sync=sync)


def content(read: Read, digest: Digest, path: str) -> bytes:
    """Read content and check its digest.

    Raises:
        Invalid: The content does not match its digest.
    """
    data = read(digest)
    if Digest.of(data) != digest:
        raise Invalid(
            "the stored content is damaged",
            where=path,
            hint="run `verify`, which fetches damaged contents again",
        )
    return data


def _mode(fs: Fs, step: Step) -> tuple[int, bool]:
    """Return the permission bits of a new file: those of the file it replaces, except for the executable bits.

    Returns:
        The bits, and whether they apply exactly; otherwise the umask reduces them.
    """
    executable = step.after is not None and step.after.executable
    if step.before is None:
        return (0o755 if executable else 0o644), False
    found = (fs.mode(step.path) or 0o644) & 0o777
    if executable == step.before.executable:
        return found, True
    if not executable:
        return found & ~0o111, True
    # Who may read it may run it, and nobody else: a private file must not become one that others may start.
    return found | (found & 0o444) >> 2, True


def _draft_journal(fs: Fs, journal: Journal) -> None:
    """Write the journal under another name, if steps lead elsewhere."""
    if journal.places:
        fs.write_new(DRAFT, journal.encode(), 0o600)
        fs.sync_folder(TXN)


def _write_journal(fs: Fs, journal: Journal) -> None:
    """Write the journal; once its name is on the disk, the transaction is past the point of no return."""
    # Contents first, then the names of the slots, then the journal's own name: a power cut never leaves a journal
    # whose slots are missing.
    if not journal.places:
        fs.write_new(DRAFT, journal.encode(), 0o600)
    fs.sync_folder(TXN)
    fs.rename(DRAFT, JOURNAL)
    fs.sync_folder(TXN)


def _finish(fs: Fs, journal: Journal, guards: Guards, *, again: bool) -> Applied:
    try:
        if again:  # a killed process may have left names that are not on the disk yet
            for folder in ("", PRIVATE, TXN):
                fs.sync_folder(folder)
            lead_again(fs, journal.places)
        return forward(fs, journal, guards, again=again)
    except OSError as error:
        unfinished = Unfinished(
            f"it started but could not finish: {error.strerror or error}",
            # Of an exchange, the second name is the file of the home; the first is a slot of the transaction.
            where=str(error.filename2 or error.filename or ""),
            hint=f"{HINTS.get(error.errno or 0, 'run it again')}; the next command finishes it by itself",
        )
        raise unfinished from error


def _discard(fs: Fs) -> None:
    """Remove what was staged; the home was not touched."""
    if fs.kind(TXN) != "folder":
        return
    if fs.kind(JOURNAL) != "absent":
        fs.rename(JOURNAL, DRAFT)  # not removed yet: it names what is staged elsewhere
    # The name of a journal may still be on the disk: it goes before what it speaks of.
    fs.sync_folder(TXN)
    drafted = fs.read(DRAFT)
    if drafted is not None and (draft := Journal.decode(drafted)) is not None:
        remove(fs, draft.places)
    for name in fs.listdir(TXN):
        fs.unlink(f"{TXN}/{name}")
    fs.rmdir(TXN)
    fs.sync_folder(PRIVATE)


@contextlib.contextmanager
def _explaining(doing: str) -> Iterator[None]:
    """Turn an error of the system into a sentence for the user."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EEXIST and TXN in str(error.filename):
            raise DistError("another transaction is open", hint="run it again") from error
        raise trouble(error, doing) from error


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay Ctrl-C until the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    handler: Callable[[int, object], None] = lambda number, _frame: caught.append(number)  # noqa: E731 - a def would say no more
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
        if caught:
            signal.raise_signal(signal.SIGINT)
