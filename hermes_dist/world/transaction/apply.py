"""Apply a plan to a home atomically: all of it or nothing, even if the program is interrupted.

Stage every new file and the lockfile in ``.dist/txn``, fsync them, write the journal (the point
of no return), realize it (:mod:`hermes_dist.world.transaction.realize`), swap the lockfile, and keep the folder as the
generation to roll back to. The caller holds :func:`hermes_dist.world.disk.fs.home_lock`.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.errors import DistError, Unfinished
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Read
from hermes_dist.world.disk.errors import HINTS, trouble
from hermes_dist.world.ports import Fs
from hermes_dist.world.trace import note
from hermes_dist.world.transaction.checks import (
    Carry,
    changed,
    check,
    check_exchangeable,
    with_folders,
)
from hermes_dist.world.transaction.common import (
    SYNC_EACH,
    Applied,
    Changed,
    content,
    uninterrupted,
)
from hermes_dist.world.transaction.generations import (
    Generation,
    before_image,
    generations,
    lock_image,
    next_number,
    prune,
)
from hermes_dist.world.transaction.journal import (
    BACK,
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
from hermes_dist.world.transaction.lock_told import LockWithout, slot_of_lock
from hermes_dist.world.transaction.modes import mode_of_new
from hermes_dist.world.transaction.newest import put_on_newest, settle
from hermes_dist.world.transaction.places import are_home, lead, lead_again, places_of, remove
from hermes_dist.world.transaction.realize import (
    BALLAST,
    Guards,
    Newest,
    backward,
    forward,
)

__all__ = [
    "Applied",
    "Carry",
    "Changed",
    "Generation",
    "Guards",
    "LockWithout",
    "Recovered",
    "TakenBack",
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


class TakenBack(DistError):
    """It failed on the way and was taken back: everything is as before."""


class Recovered(Struct, frozen=True):
    """The outcome of an interrupted transaction.

    Attributes:
        what: Whether it was discarded before its journal existed, finished now, taken back because it can't be
            finished, or set aside with a damaged journal.
        skipped: As in :class:`Applied`.
        generation: As in :class:`Applied`.
    """

    what: Literal["discarded", "finished", "taken back", "set aside"]
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
    carries: Mapping[RelPath, Carry] | None = None,
    lock_without: LockWithout | None = None,
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
        carries: By path, what carries the edit of a file over to bytes that a running agent wrote since the plan was
            made. Such a file is exchanged on top of the newest bytes.
        lock_without: What makes the lockfile for a home where files were left alone, so that upstream's changes to them
            do not count as received; by default it stays as it is.
        number: The number the generation should get; by default the next one.

    Returns:
        The skipped paths and the generation; if there is nothing to do, nothing at all is written.

    Raises:
        Changed: A file is not what the plan saw; nothing was written.
        Odd: A path is the user's symlink or the like; nothing was written.
        TakenBack: A file could not be exchanged; everything is as before.
        Unfinished: The same, and what was done could not be taken back; the next start does.
        DistError: The disk is full or failing, or a path can't be exchanged; nothing was changed.
    """
    guards, carries = guards or {}, carries or {}
    # An older transaction must be finished first: the plan's checks would otherwise see a half-changed home.
    recover(fs, guards, lock_without)
    with _explaining("nothing was changed", fs), ExitStack() as abort:
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
        journal = replace(journal, spellings=check(fs, journal.steps, carries))
        check_exchangeable(fs, journal)
        journal = with_folders(fs, journal)
        # Until the journal is written, any error removes what was staged and leaves the home as it was.
        abort.callback(_abandon, fs)
        _stage(fs, journal, read, lock_after)
        # Ctrl-C between the journal and the last step would leave work for the next start, so it waits.
        with uninterrupted(finishes=True):
            # Staging takes a while, and the agent may have written since the first check.
            if check(fs, journal.steps, carries) != journal.spellings:
                raise changed(journal.steps[0].path)
            _write_journal(fs, journal)
            abort.pop_all()
            newest = partial(put_on_newest, fs, journal, guards, carries)
            return _carry_out(fs, journal, guards, newest, lock_without)


def recover(
    fs: Fs, guards: Guards | None = None, lock_without: LockWithout | None = None
) -> Recovered | None:
    """Finish an interrupted transaction or take it back, or remove one whose journal was not written yet.

    Args:
        fs: The home, whose lock the caller holds.
        guards: As in :func:`apply`.
        lock_without: As in :func:`apply`.

    Returns:
        What was done; None if there was no transaction.

    Raises:
        Unfinished: The disk still fails, both ways.
        DistError: The remains can't be removed.
    """
    if fs.kind(TXN) == "absent":
        return None
    with _explaining("an interrupted operation can't be cleared away", fs), uninterrupted():
        text = fs.read(JOURNAL)
        if text is None:
            _discard(fs)
            return Recovered("discarded")
        journal = Journal.decode(text, str(fs.root))
        if journal is None:
            _set_aside(fs, "damaged")
            return Recovered("set aside")
        return _mend(fs, journal, guards or {}, lock_without)


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
        mode, exact = mode_of_new(fs, step)
        fs.write_new(slot_of(index), data, mode, exact=exact, sync=each, like=step.path)
    if lock_after is not None and journal.lock_before != journal.lock_after:
        fs.write_new(slot_of_lock(), lock_after, 0o644, sync=each, like=LOCKFILE)
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


def _carry_out(
    fs: Fs, journal: Journal, guards: Guards, newest: Newest, lock_without: LockWithout | None
) -> Applied:
    """Carry out a transaction whose journal is written, or take it back.

    Raises:
        Changed: Another program changed the same thing in a file; everything is as before.
        TakenBack: It failed; everything is as before.
        Unfinished: It failed, and so did the way back.
    """
    try:
        return forward(fs, journal, guards, newest=newest, lock_without=lock_without)
    except (OSError, DistError) as error:
        kept = _take_back(fs, journal, guards, error)
        if isinstance(error, Changed) and not kept:
            raise
        ends = "everything is as before"
        if kept:
            ends += f", but {kept[0]}: another program wrote it, and what was there is in {kept[1]}"
        raise _told(error, ends, TakenBack) from error


def _mend(fs: Fs, journal: Journal, guards: Guards, lock_without: LockWithout | None) -> Recovered:
    """Finish a transaction that was interrupted; take it back if that was begun, or if it can't be finished.

    Raises:
        Unfinished: Neither can be done.
    """
    why: OSError | DistError | None = None
    try:
        # A killed process may have left names that are not on the disk yet.
        for folder in ("", PRIVATE, TXN):
            fs.sync_folder(folder)
        lead_again(fs, journal.places)
        journal = settle(fs, journal)
        if fs.kind(BACK) == "absent":
            done = forward(fs, journal, guards, again=True, lock_without=lock_without)
            return Recovered("finished", done.skipped, done.generation)
    except (OSError, DistError) as error:
        why = error
    _take_back(fs, journal, guards, why)
    return Recovered("taken back")


def _take_back(
    fs: Fs, journal: Journal, guards: Guards, why: OSError | DistError | None
) -> tuple[str, str] | None:
    """Take back what a failed transaction has done.

    Args:
        fs: The home.
        journal: The transaction.
        guards: The agent's locks.
        why: Why it can't go forward; None if an earlier command has begun to take it back.

    Returns:
        The files that another program wrote meanwhile, and the folder that keeps what was there; None if all came back.

    Raises:
        Unfinished: The way back fails as well, or all is done and only the disk's word for it is missing.
    """
    told = why or DistError("it was being taken back")
    if fs.kind(TXN) == "absent":
        raise _told(told, "it is carried out, but the disk did not confirm it", Unfinished) from why
    if are_home(fs, journal.places):
        ends = "it is carried out, and the next command clears up after it"
        raise _told(told, ends, Unfinished) from why
    _mark(fs)
    try:
        # A file may have been exchanged with newer bytes than the plan's: the journal on the disk tells.
        journal = settle(fs, Journal.load(fs) or journal)
        left = backward(fs, journal, guards)
    except (OSError, DistError) as error:
        note("step", "the way back fails", str(error))
        if why is None:
            raise _told(
                error, "the next command tries again to take it back", Unfinished
            ) from error
        ends = f"nor could it be taken back{_other(error, why)}; the next command tries again"
        raise _told(why, ends, Unfinished) from error
    held = [path for path in left if fs.kind(slot_of(journal.path_index(path))) != "absent"]
    # From here on, the home is as before; what can't be cleared away now is cleared away by the next start.
    with contextlib.suppress(OSError):
        if held:
            return ", ".join(held), _set_aside(fs, "displaced")
        _discard(fs)
    return None


def _other(error: OSError | DistError, why: OSError | DistError) -> str:
    """Return what failed on the way back, unless it is the same as on the way there."""
    one, other = _text_of(error), _text_of(why)
    return f" ({one})" if one != other else ""


def _text_of(error: OSError | DistError) -> str:
    if isinstance(error, DistError):
        return error.what
    return str(error.strerror or error)


def _told(why: OSError | DistError, ends: str, kind: type[DistError]) -> DistError:
    """Return the error that says what failed, where, and how it ended."""
    if isinstance(why, DistError):
        said = f"it failed: {why.what}; {ends}"
        return kind(said, where=why.where, hint=why.hint, command=why.command)
    where = str(why.filename2 or why.filename or "")
    hint = HINTS.get(why.errno or 0, "run it again")
    return kind(f"it failed: {_text_of(why)}; {ends}", where=where, hint=hint)


def _set_aside(fs: Fs, name: str) -> str:
    """Keep the folder of a transaction whose slots may hold the only copy of a file."""
    number = 1
    while fs.kind(f"{PRIVATE}/{name}-{number}") != "absent":
        number += 1
    folder = f"{PRIVATE}/{name}-{number}"
    fs.noreplace(TXN, folder)
    fs.sync_folder(PRIVATE)
    return folder


def _abandon(fs: Fs) -> None:
    """Remove what was staged before the point of no return.

    Raises:
        Unfinished: The journal can't be removed either.
    """
    try:
        _discard(fs)
    except OSError as error:
        # Without a journal, the next start clears the rest away.
        if fs.kind(JOURNAL) == "absent":
            return
        ends = "nothing is changed yet, but the next command carries it out"
        if _mark(fs):
            ends = "nothing is changed, and the next command clears away what was begun"
        raise _told(error, ends, Unfinished) from error


def _mark(fs: Fs) -> bool:
    """Mark a transaction as one that is taken back; False if even that fails.

    Without the mark, the next start tries to finish it first; from anywhere, both ways lead to a whole home.
    """
    with contextlib.suppress(OSError):
        if fs.kind(BACK) == "absent":
            fs.write_new(BACK, b"", 0o600)
            fs.sync_folder(TXN)
    return fs.kind(BACK) != "absent"


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
def _explaining(doing: str, fs: Fs) -> Iterator[None]:
    """Turn an error of the system into a sentence for the user, which names at least the home."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EEXIST and TXN in str(error.filename):
            raise DistError("another transaction is open", hint="run it again") from error
        raise trouble(error, doing, below=fs.root) from error
