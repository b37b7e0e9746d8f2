"""Carry out the steps after the journal is written, so that they can be interrupted anywhere and repeated.

Whether a step is done is read from its slot, never remembered: while a slot holds the new file, the step is not done;
once it holds the displaced file, it is done, and any later change at the path is another program's work. The file that
comes out of an exchange is compared with the plan; if it differs, another program wrote at the same moment, so it is
put back and the path is reported as skipped. Nothing is ever unlinked here: a displaced file stays in its slot, and
the transaction folder becomes the generation to roll back to.

The way back is the same with before and after exchanged: a slot that holds the displaced file gives it back. So a
transaction that fails on its way can be taken back, and that can be interrupted and repeated as well.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

from hermes_dist.agents.places import STANDARD_FOLDERS
from hermes_dist.model.paths import RelPath, folded
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.world.listed import is_listed
from hermes_dist.world.ports import Fs, Odd, Unsupported
from hermes_dist.world.transaction.common import SYNC_EACH, Applied
from hermes_dist.world.transaction.journal import (
    GENERATIONS,
    LOCKFILE,
    PRIVATE,
    SKIPPED,
    TXN,
    Journal,
    slot_of,
)
from hermes_dist.world.transaction.lock_told import (
    LockWithout,
    settle_lock,
    slot_of_lock,
    tell_lock,
)
from hermes_dist.world.transaction.modes import fit_mode, shows_nothing
from hermes_dist.world.transaction.places import bring_home, stands
from hermes_dist.world.transaction.spelling import respell

Guards = Mapping[RelPath, Callable[[], AbstractContextManager[object]]]
"""The agent's locks by path, held while one of its files is exchanged."""

Newest = Callable[[int], bool]
"""Puts the file of a step on top of what another program wrote at that moment; False if it leaves that alone."""

STANDING = frozenset([*STANDARD_FOLDERS, "hooks", "plugins"])
"""The agent's own folders, which are kept when they become empty."""

BALLAST = f"{TXN}/ballast"
"""Disk space reserved until the journal is written, so that a full disk fails before it and not after."""

_FOLDER = "folder"
"""What the name of a folder begins with that is aside while it gets another spelling."""

_IN_THE_WAY = frozenset(
    [
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EEXIST,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENOTEMPTY,
    ]
)
_STAYS_EMPTY = _IN_THE_WAY | {errno.EACCES, errno.EPERM, errno.EBUSY, errno.EROFS}
"""Why an empty folder may stay: it does no harm, so nothing is taken back for it."""


_Look = Entry | Literal["odd"] | None


def forward(
    fs: Fs,
    journal: Journal,
    guards: Guards,
    *,
    again: bool = False,
    newest: Newest | None = None,
    lock_without: LockWithout | None = None,
) -> Applied:
    """Carry out every step that is not done yet, replace the lockfile, then retire the transaction.

    Args:
        fs: The home.
        journal: The transaction, whose journal and slots are durable.
        guards: The agent's locks.
        again: Whether an interrupted run came before.
        newest: What to do at a step whose file another program wrote meanwhile; by default it is left alone.
        lock_without: What makes the lockfile for a home where files were left alone; by default it stays as it is.

    Returns:
        The paths left alone because another program wrote them, and the number of the generation.

    Raises:
        OSError: The disk fails or is full; calling it again continues.
    """
    # The reserved space is freed here, after the point of no return, for the names and folders made below.
    if fs.kind(BALLAST) == "file":
        fs.unlink(BALLAST)
    early, come, late = journal.in_order()
    skipped = _run(fs, journal, early, guards)
    if early:
        _sync(fs, {_folder(journal.steps[i].path) for i in early} | {TXN})
        _remove_emptied(
            fs,
            [journal.steps[i] for i in early],
            _IN_THE_WAY,
            again=again,
            but=_used(journal, come),
        )
    _respell(fs, [spelling.new for spelling in journal.folders], again=again)
    # Every folder must be on the disk before a file moves into it: after a power cut, the file would be lost with
    # it.
    _make_folders(fs, _new(journal, come), again=again)
    skipped += _run(fs, journal, come, guards, newest)
    skipped += _run(fs, journal, late, guards)
    # Sync all moves before the lockfile changes, so that a new lockfile never describes files that a power cut
    # undid.
    _sync(fs, {_folder(step.path) for step in journal.steps} | {TXN})
    _remove_emptied(fs, [journal.steps[i] for i in late], _STAYS_EMPTY, again=again)
    _record(fs, skipped)
    if again:
        settle_lock(fs, journal)
    _place_lock(fs, journal, sorted(skipped), lock_without)
    bring_home(fs, journal.places)
    return Applied(tuple(sorted(skipped)), _retire(fs, journal.number))


def backward(fs: Fs, journal: Journal, guards: Guards) -> tuple[RelPath, ...]:
    """Take back every step that is done, the lockfile first; the transaction folder is left to the caller.

    Args:
        fs: The home.
        journal: The transaction, whose journal and slots are durable.
        guards: The agent's locks.

    Returns:
        The paths left alone because another program wrote them; their slots hold what was there before.

    Raises:
        OSError: The disk fails here, too; calling it again continues.
        Busy: The agent holds one of its files for long.
    """
    early, come, late = journal.in_order()
    back = journal.backwards()
    if back.lock_before != back.lock_after:
        _swap_lock(fs, back.lock_after)
        _sync(fs, {TXN, ""})
    # First of all, since one may be aside at this moment, and would be missed as one that was removed.
    _respell(fs, [spelling.old for spelling in journal.folders], back=True, again=True)
    _remake_emptied(fs, journal)
    _part_twins(fs, journal, come)
    left = _run(fs, back, late, guards)
    left += _run(fs, back, reversed(come), guards)
    if early:
        # What came must be gone on the disk, too, before a folder takes the place of a file or the other way round.
        _sync(fs, {TXN} | {_folder(back.steps[i].path) for i in come})
    _remove(fs, sorted(journal.made, reverse=True), again=True)
    if early:
        # What gave way to a file comes back only after that file is gone.
        _remake_emptied(fs, journal)
        left += _run(fs, back, early, guards)
    _sync(fs, {TXN} | {_folder(step.path) for step in back.steps})
    return tuple(sorted(left))


def _part_twins(fs: Fs, journal: Journal, come: Iterable[int]) -> None:
    """Take the new name from a file that has both, because a move by links was cut short."""
    indices = {step.path: index for index, step in enumerate(journal.steps)}
    slots = {spelling.new: slot_of(indices[spelling.old]) for spelling in journal.files}
    for index in come:
        step, slot = journal.steps[index], slot_of(index)
        if step.path in slots and fs.kind(slots[step.path]) == "absent":
            continue  # what is there is the old file still, of which this is another spelling
        if step.before is None and fs.kind(slot) != "absent":
            with _yielding():
                if _same(_look(fs, step.path), step.after):
                    fs.rename(step.path, _spare(fs, slot))


def _remake_emptied(fs: Fs, journal: Journal) -> None:
    """Make the folders again that were removed because they were empty."""
    for folder, mode in sorted(journal.emptied.items()):
        if fs.kind(folder) == "absent":
            with _yielding():
                fs.mkdir(folder, mode, exact=True)
    # One that is there may have been made by a killed run, which did not come to its sync.
    _sync(fs, {_folder(folder) for folder in journal.emptied})


def _run(
    fs: Fs,
    journal: Journal,
    indices: Iterable[int],
    guards: Guards,
    newest: Newest | None = None,
) -> list[RelPath]:
    """Carry out some steps; return the paths that another program changed."""
    skipped = []
    for index in indices:
        step = journal.steps[index]
        with guards.get(step.path, nullcontext)():
            try:
                done = _one(fs, journal, index)
            except Odd:
                done = False
            except OSError as error:
                if error.errno not in _IN_THE_WAY:
                    # The system names only the last part of a path, or the slot.
                    error.filename, error.filename2 = str(step.path), None
                    raise
                done = False
        if not done and newest is not None:
            done = newest(index)
        if not done:
            skipped.append(step.path)
    return skipped


def _one(fs: Fs, journal: Journal, index: int) -> bool:
    """Carry out one step; False if another program changed the file."""
    step, slot = journal.steps[index], slot_of(index)
    if shows_nothing(fs, step):
        return True
    if not stands(fs, journal.places, step.path):
        return False
    if step.after is None:
        return _take(fs, slot, step)
    return _put(fs, journal, slot, step, step.after)


def _take(fs: Fs, slot: str, step: Step) -> bool:
    """Move a file out into its slot."""
    if fs.kind(slot) == "absent":
        live = _look(fs, step.path)
        if live is None:
            return True
        if not _same(live, step.before):
            return False
        fs.rename(step.path, slot)
    if _same(_look(fs, slot), step.before):
        return True
    if fs.kind(step.path) == "absent":
        fs.noreplace(slot, step.path)
    return False


def _put(fs: Fs, journal: Journal, slot: str, step: Step, after: Entry) -> bool:
    """Move a new or changed file from its slot to its path."""
    before = step.before
    if before is None:
        return _put_new(fs, journal, slot, step)
    if not _finish_swap(fs, slot, step.path):
        return False
    if _same(_look(fs, slot), after, before):
        live = _look(fs, step.path)
        # Look before the exchange, so that a file that is already someone else's is not even briefly replaced.
        if not _same(live, before, after):
            return _same(live, after, before)
        _swap_fitted(fs, slot, step)
    # Look again after the exchange: a writer may have come between the look and the swap. What came out tells.
    if _same(_look(fs, slot), before, after):
        return True
    if _same(_look(fs, step.path), after, before):
        _swap_again(fs, slot, step.path)
        if not _same(_look(fs, slot), after, before):
            _swap_again(fs, slot, step.path)  # overwritten once more: the newest stays live
    return False


def _put_new(fs: Fs, journal: Journal, slot: str, step: Step) -> bool:
    """Move a new file from its slot to its path."""
    if fs.kind(slot) == "absent":
        return True
    if fs.kind(step.path) == "absent":
        fs.noreplace(slot, step.path)
        return True
    if journal.spellings and not is_listed(fs, step.path):
        # A cache of the system still finds the file by this spelling that gave way a moment ago.
        fs.rename(slot, step.path)
        return True
    return _same(_look(fs, step.path), step.after)


def _look(fs: Fs, path: str) -> _Look:
    try:
        return fs.entry(path)
    except Odd:
        return "odd"


def _same(found: _Look, image: Entry | None, other: Entry | None = None) -> bool:
    """Return whether a file is this image: by content, and by mode only if the other image has the same content."""
    if found is None or found == "odd" or image is None:
        return found is image
    if found.digest != image.digest:
        return False
    return other is None or other.digest != image.digest or found.executable == image.executable


def _swap_fitted(fs: Fs, slot: str, step: Step) -> None:
    """Exchange slot and path, so that the new file has the permission bits that the other one has at that moment."""
    seen = fs.mode(step.path)
    fit_mode(fs, slot, step, seen)
    _swap(fs, slot, step.path)
    # What came out may be another program's link; then it goes back in a moment.
    if fs.kind(slot) == "file" and fs.mode(slot) != seen:
        fit_mode(fs, step.path, step, fs.mode(slot))


def _swap(fs: Fs, slot: str, path: str) -> None:
    """Exchange slot and path; if the system can't, move out and link in, and readers may see the file missing."""
    try:
        fs.exchange(slot, path)
    except Unsupported:
        # Sync after each rename: if a power cut reordered them, the only copy of a file could have no name at all.
        fs.rename(path, f"{slot}.out")
        _sync(fs, {TXN, _folder(path)})
        fs.noreplace(slot, path)
        _sync(fs, {TXN, _folder(path)})
        fs.rename(f"{slot}.out", slot)


def _swap_again(fs: Fs, slot: str, path: str) -> None:
    """Exchange slot and path once more, to undo what an exchange did."""
    # The last rename of a swap without exchange must be on the disk: if a power cut took only that one back, the file
    # that moves out now would replace the one that moved out before.
    _sync(fs, {TXN})
    _swap(fs, slot, path)


def _finish_swap(fs: Fs, slot: str, path: str) -> bool:
    """Finish an interrupted swap without exchange; False if another program wrote the file meanwhile."""
    if fs.kind(f"{slot}.out") == "absent":
        return True
    _sync(fs, {TXN, _folder(path)})
    if fs.kind(path) == "absent":
        fs.noreplace(slot, path)
        _sync(fs, {TXN, _folder(path)})
    # Slot and path differ: another program wrote the path after the old file moved out, and its work stays.
    elif fs.kind(slot) != "absent" and _look(fs, slot) != _look(fs, path):
        return False
    fs.rename(f"{slot}.out", slot)
    return True


def _place_lock(
    fs: Fs, journal: Journal, skipped: list[RelPath], lock_without: LockWithout | None
) -> None:
    """Put the new lockfile into place; it says which files were left alone."""
    if skipped and lock_without is not None:
        _finish_swap(fs, slot_of_lock(), LOCKFILE)
        journal = tell_lock(fs, journal, skipped, lock_without)
    if journal.lock_before != journal.lock_after:
        _swap_lock(fs, journal.lock_after)
        _sync(fs, {"", TXN})


def _swap_lock(fs: Fs, after: Digest | None) -> None:
    """Move the new lockfile in; only we write it, so whatever it displaces goes to the slot."""
    slot = slot_of_lock()
    if after is None:
        if fs.kind(LOCKFILE) != "absent":
            fs.rename(LOCKFILE, _spare(fs, slot))
        return
    _finish_swap(fs, slot, LOCKFILE)
    fresh = _look(fs, slot)
    if isinstance(fresh, Entry) and fresh.digest == after:
        if fs.kind(LOCKFILE) == "absent":
            fs.noreplace(slot, LOCKFILE)
        else:
            _swap(fs, slot, LOCKFILE)


def _spare(fs: Fs, slot: str) -> str:
    """Return a free name for a file that moves out: its slot, or one beside it."""
    while fs.kind(slot) != "absent":
        slot += "+"
    return slot


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _make_folders(fs: Fs, paths: Iterable[RelPath], *, again: bool) -> None:
    """Make the folders that new files need, and fsync their parents before any file moves in."""
    held = set()
    for folder in sorted({parent for path in paths for parent in path.parents}):
        made = False
        if fs.kind(folder) == "absent":
            with _yielding():
                fs.mkdir(folder, 0o755)
                made = True
        if made or again:
            held.add(_folder(folder))
    _sync(fs, held)


def _new(journal: Journal, come: Iterable[int]) -> list[RelPath]:
    return [journal.steps[i].path for i in come if journal.steps[i].before is None]


def _used(journal: Journal, come: Iterable[int]) -> frozenset[str]:
    """Return the folders that files come into, in the form that all spellings have in common.

    They stay where the disk takes an emptied one for one of them, with the permission bits that they have.
    """
    if not journal.spellings:
        return frozenset()
    return frozenset(folded(parent) for i in come for parent in journal.steps[i].path.parents)


def _respell(
    fs: Fs, folders: Sequence[RelPath], *, back: bool = False, again: bool = False
) -> None:
    """Give folders another spelling, parents first; on the way back parents last."""
    turns = list(enumerate(folders))
    touched = set()
    for index, folder in reversed(turns) if back else turns:
        with _yielding(_IN_THE_WAY - {errno.EEXIST, errno.ENOTEMPTY}):
            if respell(fs, folder, slot_of(f"{_FOLDER}{index}")) or again:
                touched.add(_folder(folder))
    if touched:
        _sync(fs, {TXN, *touched})


def _remove_emptied(
    fs: Fs,
    steps: Iterable[Step],
    harmless: frozenset[int],
    *,
    again: bool,
    but: Container[str] = (),
) -> None:
    """Remove the folders that deletions left empty."""
    # Children sort after their parents, so in reverse each folder is empty before its parent's turn.
    folders = sorted({parent for step in steps for parent in step.path.parents}, reverse=True)
    gone = [folder for folder in folders if folder not in STANDING]
    if but:
        gone = [folder for folder in gone if folded(folder) not in but]
    _remove(fs, gone, harmless, again=again)


def _remove(
    fs: Fs, folders: Iterable[str], harmless: frozenset[int] = _STAYS_EMPTY, *, again: bool = False
) -> None:
    """Remove folders if they are empty, children first."""
    touched = set()
    for folder in folders:
        if again:
            touched.add(_folder(folder))
        with _yielding(harmless):
            fs.rmdir(folder)
            touched.add(_folder(folder))
    _sync(fs, touched)


@contextlib.contextmanager
def _yielding(harmless: frozenset[int] = _IN_THE_WAY) -> Iterator[None]:
    """Ignore harmless errors: by default those of another program that made or removed something meanwhile."""
    try:
        yield
    except Odd:
        pass
    except OSError as error:
        if error.errno not in harmless:
            raise


def _sync(fs: Fs, folders: set[str]) -> None:
    """Fsync folders; one that is gone or was replaced by another program is skipped."""
    if len(folders) > SYNC_EACH:
        fs.sync_all()
        return
    for folder in sorted(folders):
        with _yielding():
            fs.sync_folder(folder)


def _record(fs: Fs, skipped: list[RelPath]) -> None:
    """Store the skipped paths with the generation."""
    record, text = f"{TXN}/{SKIPPED}", "\n".join(sorted(skipped)).encode()
    found = fs.read(record)
    if found == (text or None):
        return
    if found is not None:
        fs.unlink(record)
    if text:
        fs.write_new(record, text, 0o600)
    fs.sync_folder(TXN)


def _retire(fs: Fs, number: int) -> int:
    """Rename the transaction folder, which now holds the displaced files, to be the generation."""
    if fs.kind(GENERATIONS) == "absent":
        fs.mkdir(GENERATIONS, 0o700)
    while fs.kind(f"{GENERATIONS}/{number}") != "absent":
        number += 1
    fs.rename(TXN, f"{GENERATIONS}/{number}")
    _sync(fs, {PRIVATE, GENERATIONS})
    return number
