"""Steps behind a link: their new files are staged beside what the link leads to, since only there a rename works.

The journal names each such place before anything is staged, so that a process that comes after a crash finds the files.
When all steps are done, the displaced files are brought home into their slots, where ``rollback`` looks for them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.world.ports import Fs, Odd
from hermes_dist.world.transaction.journal import LOCK_SLOT, LOCKFILE, TXN, Place

_OUT = ".out"
_COPY = ".copy"


def places_of(fs: Fs, steps: Sequence[Step], *, lock: bool) -> tuple[Place, ...]:
    """Find the steps that lead elsewhere.

    Args:
        fs: The home.
        steps: The steps, in the order of their slots.
        lock: Whether the lockfile is replaced as well.

    Raises:
        Odd: A step leads through a link that is not followed.
    """
    slots = [(str(index), str(step.path)) for index, step in enumerate(steps)]
    if lock:
        slots.append((LOCK_SLOT, LOCKFILE))
    return tuple(_places(fs, slots, os.urandom(6).hex()))


def _places(fs: Fs, slots: Iterable[tuple[str, str]], token: str) -> Iterable[Place]:
    for slot, path in slots:
        found = fs.elsewhere(path)
        if found is not None:
            yield Place(
                slot, path, found.target, os.path.join(found.folder, f".dist-{token}-{slot}")
            )


def lead(fs: Fs, places: Iterable[Place]) -> None:
    """Let the slots stand for the files beside the targets; after a crash, only for those that are still there."""
    for place in places:
        fs.lead(place.name, place.beside)
        fs.lead(place.name + _OUT, place.beside + _OUT)


def lead_again(fs: Fs, places: Iterable[Place]) -> None:
    """As :func:`lead`, after an interrupted run: a file that was brought home already is in its own slot."""
    for place in places:
        lead(fs, [place])
        if fs.kind(place.name) == fs.kind(place.name + _OUT) == "absent":
            release(fs, [place])
            _settle(fs, place)
            if fs.kind(place.name) == "absent":
                lead(fs, [place])  # nothing was brought home, since nothing has come out yet


def release(fs: Fs, places: Iterable[Place]) -> None:
    """Let the slots stand for themselves again."""
    for place in places:
        fs.lead(place.name, "")
        fs.lead(place.name + _OUT, "")


def stands(fs: Fs, places: Iterable[Place], path: RelPath) -> bool:
    """Whether a path still leads where it led when the journal was written."""
    for place in places:
        if place.path == path:
            found = fs.elsewhere(path)
            return found is not None and found.target == place.target
    return True


def bring_home(fs: Fs, places: Iterable[Place]) -> None:
    """Move what is in the slots beside the targets into the transaction folder.

    Raises:
        OSError: The disk fails; calling it again continues.
    """
    for place in places:
        try:
            data, mode = fs.read(place.name), fs.mode(place.name)
        except Odd:
            data = mode = None  # somebody has put a link there: it stays where it is
        if data is not None and mode is not None:
            copy = place.name + _COPY
            if fs.kind(copy) != "absent":
                fs.unlink(copy)  # an interrupted run may have left half of it
            fs.write_new(copy, data, mode & 0o777, exact=True)
            fs.sync_folder(TXN)
            fs.unlink(place.name)
            fs.sync_folder(TXN)
        release(fs, [place])
        _settle(fs, place)


def are_home(fs: Fs, places: Iterable[Place]) -> bool:
    """Whether a displaced file was brought home already, which happens only after all steps are done."""
    return any(_is_home(fs, place) for place in places)


def _is_home(fs: Fs, place: Place) -> bool:
    lead(fs, [place])
    beside = fs.kind(place.name) != "absent"
    release(fs, [place])
    # A copy alone may be half of it; without the file beside, it is all there is.
    copied = not beside and fs.kind(place.name + _COPY) != "absent"
    found = copied or fs.kind(place.name) != "absent"
    lead(fs, [place])
    return found


def _settle(fs: Fs, place: Place) -> None:
    """Give a file that was brought home the name of its slot."""
    copy = place.name + _COPY
    if fs.kind(copy) == "file":
        fs.rename(copy, place.name)
        fs.sync_folder(TXN)


def remove(fs: Fs, places: Iterable[Place]) -> None:
    """Remove what was staged beside the targets.

    Raises:
        OSError: The disk fails.
    """
    for place in places:
        lead(fs, [place])
        try:
            if fs.kind(place.name) == "file":
                fs.unlink(place.name)
                fs.sync_folder(TXN)
        finally:
            release(fs, [place])
