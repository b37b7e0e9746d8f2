"""Memories and sessions of two machines, merged so that nothing of either is lost."""

from __future__ import annotations

from msgspec import Struct

from hermes_dist.agents.places import MEMORIES
from hermes_dist.merge.text import merge_text, mergeable
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Digest


class Versions(Discreet, frozen=True, kw_only=True):
    """One private file on three sides; None for one that is not there."""

    base: bytes | None
    ours: bytes | None
    theirs: bytes | None


class Merged(Discreet, frozen=True, kw_only=True):
    """What a private file becomes.

    Attributes:
        content: The file; None if it goes.
        beside: What is kept beside it because both differ; None for nothing.
    """

    content: bytes | None
    beside: bytes | None = None


class Reading(Struct, frozen=True):
    """To whom something is encrypted, and to whom it should be.

    Attributes:
        now: The keys that it is encrypted to.
        wanted: The keys that it should be encrypted to.
        allowed: The keys of the recipients file.
    """

    now: frozenset[str]
    wanted: frozenset[str]
    allowed: frozenset[str]

    @property
    def fits(self) -> bool:
        """Whether it can stay as it is: all that should can read it, and nobody else."""
        return self.wanted <= self.now and self.now <= self.allowed | self.wanted


def merged(path: RelPath, files: Versions) -> Merged:
    """Merge a private file: memories by lines, keeping both where they clash, and sessions as a whole."""
    base, ours, theirs = files.base, files.ours, files.theirs
    if theirs in (ours, base):
        return Merged(content=ours)
    if ours == base:
        return Merged(content=theirs)
    if ours is None or theirs is None:
        # An edit is worth more than a deletion.
        return Merged(content=ours if theirs is None else theirs)
    return _both_edited(path, base, ours, theirs)


def _both_edited(path: RelPath, base: bytes | None, ours: bytes, theirs: bytes) -> Merged:
    if path.top == MEMORIES and all(map(mergeable, (base or b"", ours, theirs))):
        return Merged(content=merge_text(base or b"", ours, theirs, Side.BOTH).content)
    # The same on every machine, whichever of the two is its own.
    first, second = sorted((ours, theirs), key=lambda each: (len(each), each), reverse=True)
    if first.startswith(second):
        return Merged(content=first)  # one went on where the other stopped
    return Merged(content=first, beside=second)


def loses(before: bytes, after: bytes | None) -> bool:
    """Whether lines of a file are in it no more."""
    return after is None or not set(before.splitlines()) <= set(after.splitlines())


def beside_path(path: RelPath, content: bytes) -> RelPath:
    """The name of a version that is kept beside a file."""
    stem, dot, suffix = path.name.rpartition(".")
    mark = Digest.of(content)[:8]
    name = f"{stem}.{mark}.{suffix}" if dot and stem else f"{path.name}.{mark}"
    return path.parent / name if path.parent else RelPath(name)
