"""Generations: the files that each transaction replaced, kept in the home's private folder for rollback."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.ports import Fs
from hermes_dist.world.transaction.common import remove_tree
from hermes_dist.world.transaction.journal import GENERATIONS, LOCK_SLOT, SKIPPED, Journal, slot_of


class Generation(Struct, frozen=True, kw_only=True):
    """One applied transaction.

    Attributes:
        number: Counts up; gives the order of generations, whatever the clock says.
        label: Labels such as verb, version and commit.
        steps: The changes.
        lock_before: Digest of the lockfile before it; None if there was none.
        lock_after: Digest of the lockfile after it; None if there was none.
        skipped: Steps that were skipped because another program wrote the file at the same moment.
    """

    number: int
    label: Mapping[str, str]
    steps: tuple[Step, ...]
    lock_before: Digest | None
    lock_after: Digest | None
    skipped: tuple[RelPath, ...] = ()


def generations(fs: Fs) -> list[Generation]:
    """List the generations of a home, oldest first; damaged ones are left out.

    Raises:
        DistError: The disk fails.
    """
    found = []
    try:
        for number in _numbers(fs):
            folder = f"{GENERATIONS}/{number}"
            if (journal := Journal.load(fs, folder)) is not None:
                skipped = (fs.read(f"{folder}/{SKIPPED}") or b"").decode()
                found.append(
                    Generation(
                        number=number,
                        label=journal.label,
                        steps=journal.steps,
                        lock_before=journal.lock_before,
                        lock_after=journal.lock_after,
                        skipped=tuple(RelPath(path) for path in skipped.splitlines()),
                    )
                )
    except OSError as error:
        raise trouble(error, "can't read the history", below=fs.root) from error
    return found


def next_number(fs: Fs) -> int:
    """Return the number of the next generation."""
    return max(_numbers(fs), default=0) + 1


def before_image(fs: Fs, generation: Generation, step: Step) -> bytes | None:
    """Return the file that was at the path of a step before it.

    Args:
        fs: The home.
        generation: The generation.
        step: One of its steps.

    Returns:
        The content that was actually displaced; None if there was none.

    Raises:
        DistError: The disk fails.
    """
    if step.before is None or step.path in generation.skipped:
        return None
    try:
        return fs.read(slot_of(generation.steps.index(step), f"{GENERATIONS}/{generation.number}"))
    except OSError as error:
        raise trouble(error, "can't read the history", below=fs.root) from error


def lock_image(fs: Fs, generation: Generation) -> bytes | None:
    """Return the lockfile before a generation; None if there was none or the generation did not change it.

    Raises:
        DistError: The disk fails.
    """
    if generation.lock_before is None or generation.lock_before == generation.lock_after:
        return None
    try:
        return fs.read(f"{GENERATIONS}/{generation.number}/{LOCK_SLOT}")
    except OSError as error:
        raise trouble(error, "can't read the history", below=fs.root) from error


def prune(fs: Fs, keep: int) -> int:
    """Remove all but the newest generations.

    Args:
        fs: The home, whose lock the caller holds.
        keep: The number of generations to keep.

    Returns:
        The number of generations removed.

    Raises:
        DistError: The disk fails.
    """
    numbers = _numbers(fs)
    old = numbers[: max(0, len(numbers) - keep)]
    try:
        for number in old:
            folder = f"{GENERATIONS}/{number}"
            if (
                fs.kind(f"{folder}/journal") != "absent"
            ):  # without its journal, the rest is no longer a generation
                fs.unlink(f"{folder}/journal")
            fs.sync_folder(folder)
            remove_tree(fs, folder)
        if old:
            fs.sync_folder(GENERATIONS)
    except OSError as error:
        raise trouble(error, "can't clear away old generations", below=fs.root) from error
    return len(old)


def _numbers(fs: Fs) -> list[int]:
    if fs.kind(GENERATIONS) != "folder":
        return []
    return sorted(
        int(name) for name in fs.listdir(GENERATIONS) if name.isascii() and name.isdigit()
    )
