"""Merge the contents of one file by its kind: document, skill, other text, or as a whole."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.merge.data import merge_document
from hermes_dist.merge.text import merge_text, mergeable
from hermes_dist.merge.values import Leaves, nothing
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import (
    ABSENT,
    EDITING,
    Kind,
    Unmergeable,
    get,
    kind_of,
    load_data,
    same,
)
from hermes_dist.model.documents.frontmatter import split
from hermes_dist.model.keypath import BODY, KeyPath, format_key
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import ConflictKind
from hermes_dist.model.side import Side

with later():
    from hermes_dist.merge.frontmatter import merge_skill


class Joined(Contents, frozen=True, kw_only=True):
    """The merged contents, or the finding that they can't be merged (``whole``).

    Attributes:
        content: The live bytes.
        base: The bytes of the next base.
        conflicts: The keys left in conflict, with the two changes; the empty key is the text of the file.
        whole: Whether the file can only be taken whole, from one side.
        left: The keys that stay as the user's although the layer that brought them is gone.
        notes: Why a coarser merge was used.
    """

    content: bytes = b""
    base: bytes = b""
    conflicts: tuple[tuple[str, ConflictKind], ...] = ()
    whole: bool = False
    left: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def join_contents(
    path: RelPath,
    base: bytes | None,
    ours: bytes,
    theirs: bytes,
    favour: Callable[[str], Side | None],
    leaves: Leaves = nothing,
) -> Joined:
    """Merge three contents of one path.

    Args:
        path: The path.
        base: The content both sides started from; None if the file is new on both.
        ours: The local content.
        theirs: Upstream's content.
        favour: Called with the key of each conflict to get the side that settles it; None leaves it open.
        leaves: Tells which keys of a document leave with a layer.
    """
    kind = kind_of(path)
    if path.name != "SKILL.md" and kind is None:
        return _as_text(base, ours, theirs, favour)

    def by_key(key: KeyPath) -> Side | None:
        return favour(format_key(key))

    try:
        if kind is None:
            merged = merge_skill(path, base, ours, theirs, by_key)
        else:
            merged = merge_document(path, base, ours, theirs, by_key, leaves)
    except Unmergeable as err:
        old, own, new = (_Version(kind, content) for content in (base, ours, theirs))
        joined = _as_text(base, ours, theirs, favour)
        return _checked(path, joined, kind, (old, own, new), str(err))
    old, own, new = (_Version(kind, content) for content in (base, ours, theirs))
    keys = tuple((format_key(key), _clash(key, old, own, new)) for key in merged.conflicts)
    notes: tuple[Note, ...] = ()
    if merged.by_lines:
        notes = (Note.of(NoteKind.MERGED_AS_TEXT, where=path, why=merged.by_lines),)
    return Joined(
        content=merged.content,
        base=merged.base,
        conflicts=keys,
        left=tuple(map(format_key, merged.left)),
        notes=notes,
    )


class _Version:
    """One of the three versions; its data is parsed at most once, however many conflicts there are."""

    def __init__(self, kind: Kind | None, content: bytes | None) -> None:
        self._kind = kind or Kind.YAML  # a skill has no kind; its front matter is YAML
        self._front = content
        self._body: bytes | None = None
        if content is not None and kind is None:
            self._front, self._body = split(content)

    @cached_property
    def _data(self) -> object:
        if self._front is None:
            return ABSENT
        return load_data(self._front, self._kind, limits=EDITING)

    @cached_property
    def has_data(self) -> bool:
        """Whether it has data that can be read; a skill has none without front matter."""
        if self._front is None:
            return False
        try:
            return self._data is not ABSENT
        except Invalid:
            return False

    @property
    def is_new(self) -> bool:
        """Whether there is no such version."""
        return self._front is None and self._body is None

    def says_as(self, other: _Version) -> bool:
        """Return whether both can be read and have the same data."""
        return self.has_data and other.has_data and same(self._data, other._data)

    def part(self, key: KeyPath) -> object:
        """Return the value at a key of a document or a skill; ABSENT if there is none."""
        if self._body is not None and (key == BODY or self._front is None):
            return self._body or ABSENT
        return get(self._data, key)


def _clash(key: KeyPath, base: _Version, ours: _Version, theirs: _Version) -> ConflictKind:
    """Return the two changes at a key, ours first, such as ``edit/delete``."""
    old, own, new = (version.part(key) for version in (base, ours, theirs))

    def did(part: object) -> str:
        if part is ABSENT:
            return "delete"
        return "add" if old is ABSENT else "edit"

    return ConflictKind(f"{did(own)}/{did(new)}")


def _as_text(
    base: bytes | None, ours: bytes, theirs: bytes, favour: Callable[[str], Side | None]
) -> Joined:
    if not all(mergeable(data) for data in (base or b"", ours, theirs)):
        return Joined(whole=True)
    merged = merge_text(base or b"", ours, theirs, favour(""))
    if not merged.conflicts:
        return Joined(content=merged.content, base=merged.base)
    kind = ConflictKind.of_texts(base)
    return Joined(content=merged.content, base=merged.base, conflicts=(("", kind),))


def _checked(
    path: RelPath,
    joined: Joined,
    kind: Kind | None,
    sides: tuple[_Version, _Version, _Version],
    why: str,
) -> Joined:
    """Check a document merged as text: it must be valid, if ours or theirs was, and must not say what nobody wrote."""
    if joined.whole:
        return joined
    _, ours, theirs = sides
    merged = _Version(kind, joined.content)
    # Lines of two valid documents can merge to one that the agent can't load; it would then start without settings.
    # And what is merged into a document that the user's last edit broke would wait unseen: nobody can check it.
    readable = ours.has_data or (kind is not None and theirs.has_data)
    broken = readable and not merged.has_data
    # Valid documents come here if their merge by key can't be told or written. Then no data but ours can be trusted.
    invented = all(side.has_data or side.is_new for side in sides) and not ours.says_as(merged)
    if broken or invented:
        return Joined(whole=True, notes=(Note.of(NoteKind.NOT_JOINED, where=path, why=why),))
    note = Note.of(NoteKind.MERGED_AS_TEXT, where=path, why=why)
    return Joined(
        content=joined.content, base=joined.base, conflicts=joined.conflicts, notes=(note,)
    )
