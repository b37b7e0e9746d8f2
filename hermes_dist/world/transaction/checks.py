"""Check before anything is written that a transaction can be carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from msgspec.structs import replace

from hermes_dist.errors import DistError
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Entry
from hermes_dist.world.ports import Fs, Odd
from hermes_dist.world.transaction.common import Changed
from hermes_dist.world.transaction.journal import GENERATIONS, LOCKFILE, PRIVATE, Journal, Spelling
from hermes_dist.world.transaction.modes import has_mode_of, is_as
from hermes_dist.world.transaction.realize import STANDING
from hermes_dist.world.transaction.spelling import spellings

Carry = Callable[[bytes], bytes | None]
"""Carries a planned edit of a file over to newer bytes of it; None if that is not possible."""


def changed(path: RelPath) -> Changed:
    """Return the error that names a file which is not what the plan saw."""
    return Changed(
        "it changed in the meantime", where=path, hint="nothing was written; run it again"
    )


def check(
    fs: Fs, steps: Iterable[Step], carries: Mapping[RelPath, Carry] = MappingProxyType({})
) -> tuple[Spelling, ...]:
    """Check that a plan can be applied: every path is what the plan saw, and nothing is in the way.

    Args:
        fs: The home.
        steps: The plan.
        carries: By path, what carries a planned edit over to newer bytes; such a file may have changed.

    Returns:
        The files and folders that get another spelling, on a disk that takes both for one name.

    Raises:
        Changed: A file is not what the plan saw.
        Odd: A path, or a folder on the way to it, is the user's symlink or the like.
        Refused: What a new file would be is there as another file, since the disk takes both for one name.
    """
    steps = list(steps)
    gone = {step.path for step in steps if step.after is None}
    respelled = spellings(fs, steps)
    _check_folders(fs, steps, gone)
    there = {spelling.new for spelling in respelled}
    for step in steps:
        # What is at the new spelling of a file is the old one, which has a step of its own.
        if step.path in there or _is_free(fs, step, gone):
            continue
        found = fs.entry(step.path)
        if not is_as(fs, step, found) and not _is_carried(fs, step, found, carries):
            raise changed(step.path)
    return respelled


def _is_carried(fs: Fs, step: Step, found: Entry | None, carries: Mapping[RelPath, Carry]) -> bool:
    """Return whether a planned edit can be carried over to what is there now."""
    carry = carries.get(step.path)
    if carry is None or found is None or step.before is None or step.after is None:
        return False
    if not has_mode_of(fs, step, found):
        return False
    now = fs.read(step.path)
    return now is not None and carry(now) is not None


def _check_folders(fs: Fs, steps: Iterable[Step], gone: set[RelPath]) -> None:
    """Check the folders on the way: through a symlink the home would write to another place.

    Raises:
        Odd: One of them is not a plain folder.
    """
    for folder in sorted({parent for step in steps for parent in step.path.parents}):
        kind = fs.kind(folder)
        if kind == "odd":
            _raise(fs.closed(folder))
        if kind == "odd" or (kind == "file" and folder not in gone):
            raise Odd(
                "it is not a plain folder of this home, so nothing is written below it",
                where=folder,
            )


def check_exchangeable(fs: Fs, journal: Journal) -> None:
    """Check that every name of a transaction can be exchanged, as far as the system tells beforehand.

    Raises:
        DistError: One can't: a folder that may not be written, a file marked as immutable, something mounted there.
    """
    names = [*(step.path for step in journal.steps), *_giving_way(journal)]
    if journal.lock_before != journal.lock_after:
        names.append(LOCKFILE)
    for folder in dict.fromkeys(
        ["", PRIVATE, GENERATIONS, *(_nearest(fs, name) for name in names)]
    ):
        if fs.kind(folder) != "absent":
            _raise(fs.closed(folder))
    for name in names:
        _raise(fs.pinned(name))


def _giving_way(journal: Journal) -> list[str]:
    """Return the folders in whose place a file comes; others may stay when they become empty."""
    early, come, _ = journal.in_order()
    coming = {journal.steps[i].path for i in come}
    folders = {parent for i in early for parent in journal.steps[i].path.parents}
    return sorted(f for f in folders if f in coming or not coming.isdisjoint(f.parents))


def _raise(error: DistError | None) -> None:
    if error is not None:
        raise error


def _nearest(fs: Fs, path: str) -> str:
    """Return the nearest folder above a path that exists already."""
    folder = path.rpartition("/")[0]
    while folder and fs.kind(folder) != "folder":
        folder = folder.rpartition("/")[0]
    return folder


def with_folders(fs: Fs, journal: Journal) -> Journal:
    """Note in a journal which folders it makes and which it may remove, so that it can be taken back exactly."""
    new = _parents(step for step in journal.steps if step.before is None)
    gone = set(_parents(step for step in journal.steps if step.after is None)) - STANDING
    made = tuple(folder for folder in new if fs.kind(folder) != "folder")
    emptied = {folder: fs.mode(folder) or 0 for folder in gone if fs.kind(folder) == "folder"}
    return replace(journal, made=made, emptied=emptied)


def _parents(steps: Iterable[Step]) -> list[RelPath]:
    return sorted({parent for step in steps for parent in step.path.parents})


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
