"""Merge the contents of one file by its kind: document, skill, other text, or as a whole."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from msgspec import Struct

from hermes_dist.errors import Invalid
from hermes_dist.merge.data import merge_document
from hermes_dist.merge.frontmatter import merge_skill, split
from hermes_dist.merge.text import merge_text, mergeable
from hermes_dist.model.documents.api import ABSENT, Kind, Unmergeable, get, kind_of, load_data
from hermes_dist.model.keypath import BODY, KeyPath, format_key
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import ConflictKind
from hermes_dist.model.side import Side


class Joined(Struct, frozen=True, kw_only=True):
    """The merged contents, or the finding that they can't be merged (``whole``).

    Attributes:
        content: The live bytes.
        base: The bytes of the next base.
        conflicts: The keys left in conflict, with the two changes; the empty key is the text of the file.
        whole: Whether the file can only be taken whole, from one side.
        notes: Why a coarser merge was used.
    """

    content: bytes = b""
    base: bytes = b""
    conflicts: tuple[tuple[str, ConflictKind], ...] = ()
    whole: bool = False
    notes: tuple[Note, ...] = ()


def join_contents(
    path: RelPath,
    base: bytes | None,
    ours: bytes,
    theirs: bytes,
    favour: Callable[[str], Side | None],
) -> Joined:
    """Merge three contents of one path; ``base`` is None if the file is new on both sides."""
    kind = kind_of(path)
    if path.name != "SKILL.md" and kind is None:
        return _as_text(base, ours, theirs, favour)

    def by_key(key: KeyPath) -> Side | None:
        return favour(format_key(key))

    try:
        if kind is None:
            merged = merge_skill(path, base, ours, theirs, by_key)
        else:
            merged = merge_document(path, base, ours, theirs, by_key)
    except Unmergeable as err:
        return _checked(path, _as_text(base, ours, theirs, favour), kind, ours, str(err))
    old, own, new = (_Version(kind, content) for content in (base, ours, theirs))
    keys = tuple((format_key(key), _clash(key, old, own, new)) for key in merged.conflicts)
    return Joined(content=merged.content, base=merged.base, conflicts=keys)


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
        return load_data(self._front, self._kind)

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


def _checked(path: RelPath, joined: Joined, kind: Kind | None, ours: bytes, why: str) -> Joined:
    """Check that a document merged as text is still valid, if ours was."""
    if joined.whole:
        return joined
    # Lines of two valid documents can join to one that the agent can't load; it would then start without settings.
    if kind is not None and _loads(ours, kind) and not _loads(joined.content, kind):
        return Joined(whole=True, notes=(Note.of(NoteKind.NOT_JOINED, where=path, why=why),))
    note = Note.of(NoteKind.MERGED_AS_TEXT, where=path, why=why)
    return Joined(
        content=joined.content, base=joined.base, conflicts=joined.conflicts, notes=(note,)
    )


def _loads(data: bytes, kind: Kind) -> bool:
    try:
        load_data(data, kind)
    except Invalid:
        return False
    return True
