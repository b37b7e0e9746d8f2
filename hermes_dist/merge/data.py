"""Merge YAML and JSON documents by structure, and write the result into the text of ours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from hermes_dist.errors import Invalid
from hermes_dist.merge.shapes import Shape, has_machine_keys, shape_of
from hermes_dist.merge.text import TextMerge, merge_text, mergeable
from hermes_dist.merge.values import Favour, Leaves, Merge, alike, nobody, nothing
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import (
    EDITING,
    Document,
    Kind,
    Spliced,
    Unmergeable,
    Versions,
    comments_of,
    dump,
    following,
    graft,
    kind_of,
    only_comments,
    parse,
    put,
    rewrite,
)
from hermes_dist.model.documents.told import told
from hermes_dist.model.keypath import Item, KeyPath, Segment
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.model.values import ABSENT, by_field, child, get, key_field, same, with_value


class DocMerge(Contents, frozen=True):
    """A merged document.

    Attributes:
        content: The live bytes: everything that merges, and ours where there is a conflict.
        base: The next base: theirs, with each conflicting key put back to its old base.
        conflicts: The keys left in conflict; ``()`` is the whole document.
        by_lines: Why the lines were merged instead of the keys, with the same result; empty if they were not.
        left: The keys that stay as the user's although the layer that brought them is gone.
    """

    content: bytes
    base: bytes
    conflicts: tuple[KeyPath, ...] = ()
    by_lines: str = ""
    left: tuple[KeyPath, ...] = ()


def merge_values(
    path: RelPath, base: object, ours: object, theirs: object, favour: Favour = nobody
) -> tuple[object, tuple[KeyPath, ...]]:
    """Merge plain data; ABSENT is a missing document.

    Args:
        path: The document's path in a home; the table of shapes uses it.
        base: The data both sides started from.
        ours: The local data.
        theirs: The upstream data.
        favour: Called for each conflict to get the side that settles it; None leaves it open.

    Returns:
        The merged data and the open conflicts.

    Raises:
        Unmergeable: Keys of a map can't be told apart.
    """
    merge = Merge(path, favour)
    value = merge.value(base, ours, theirs)
    return value, tuple(merge.conflicts)


def merge_document(
    path: RelPath,
    base: bytes | None,
    ours: bytes,
    theirs: bytes,
    favour: Favour = nobody,
    leaves: Leaves = nothing,
) -> DocMerge:
    """Merge three versions of a YAML or JSON document.

    Args:
        path: The document's path in a home; its suffix tells the language.
        base: The bytes both sides started from; None if the file is new on both.
        ours: The local bytes.
        theirs: The upstream bytes.
        favour: Called for each conflict to get the side that settles it; None leaves it open.
        leaves: Tells what leaves with a layer.

    Raises:
        Unmergeable: The document can't be merged by structure; a merge by lines may work.
    """
    kind = kind_of(path)
    if kind is None:
        raise Unmergeable("neither YAML nor JSON")
    return merge_kind(path, kind, base, ours, theirs, favour=favour, leaves=leaves)


def merge_kind(
    path: RelPath,
    kind: Kind,
    base: bytes | None,
    ours: bytes,
    theirs: bytes,
    *,
    favour: Favour = nobody,
    leaves: Leaves = nothing,
) -> DocMerge:
    """Merge as :func:`merge_document` does, with the language given."""
    if ours == base:
        return DocMerge(theirs, theirs)
    if theirs in {base, ours}:
        return DocMerge(ours, theirs)
    old = None
    if base is not None:
        old = _readable(base, kind, "as remembered")
    own, new = _readable(ours, kind, "here"), _readable(theirs, kind, "upstream")
    values, asked = _Sides(old, own, new), _Asked(path, favour, leaves)
    try:
        return _spliced(asked, (old, own, new), values, theirs, base)
    except Unmergeable as err:
        return _unspliced(asked, kind, (base, ours, theirs), values, str(err))


class _Asked(Struct, frozen=True):
    """What is merged, and who answers questions about it."""

    path: RelPath
    favour: Favour
    leaves: Leaves

    def merge(self, pinned: Iterable[KeyPath] = ()) -> Merge:
        return Merge(self.path, self.favour, pinned, self.leaves)


def _spliced(
    asked: _Asked,
    docs: tuple[Document | None, Document, Document],
    values: _Sides,
    theirs: bytes,
    base: bytes | None,
) -> DocMerge:
    """Merge by key, and write the result into the text of ours."""
    old, own, new = docs
    merge, spliced = _kept_comments(asked, docs, values)
    if any(map(asked.leaves, spliced.lost)) and old is not None:
        # A comment of the user's does not hold up what leaves with a layer: it stays, by itself.
        new = parse(only_comments(own, old) + theirs, own.kind, limits=EDITING)
        merge, spliced = _kept_comments(asked, (old, own, new), values)
    if () in merge.conflicts and base is None:
        raise Unmergeable("the two files have nothing in common")
    if _lost_unasked(spliced.lost, merge, asked.favour):
        raise Unmergeable("a comment of yours would be lost")
    if not merge.conflicts and spliced.content == theirs:
        return DocMerge(theirs, theirs)
    remembered = _remembered(values, theirs, base, own.kind, merge.open)
    content = spliced.content
    if old is not None and base is not None:
        content = _with_comments(content, (old, own, new), base, theirs, merge.kept)
    return DocMerge(content, remembered, tuple(merge.conflicts), left=tuple(merge.left))


def _kept_comments(
    asked: _Asked, docs: tuple[Document | None, Document, Document], values: _Sides
) -> tuple[Merge, Spliced]:
    """Merge by key and splice, so that no comment of the user's is lost but at what leaves with a layer."""
    old, own, new = docs
    pinned: frozenset[KeyPath] = frozenset()
    # Upstream may delete an entry beside which the user only wrote a comment: by the data that is no edit, but the
    # comment would be gone. Such keys can be seen only after splicing; then the merge is done again with them held
    # as conflicts. Each round pins more keys, so it ends.
    while True:
        merge = asked.merge(pinned)
        want = merge.value(values.base, values.ours, values.theirs)
        spliced = rewrite(own, want, donor=new, base=old)
        lost = frozenset(key for key in spliced.lost if not asked.leaves(key)) - pinned
        if not lost:
            return merge, spliced
        pinned |= lost


def _with_comments(
    content: bytes,
    docs: tuple[Document, Document, Document],
    base: bytes,
    theirs: bytes,
    kept: list[KeyPath],
) -> bytes:
    """Bring upstream's comments into a merge; not at the keys that stay as ours has them against upstream."""
    old, own, new = docs
    source = new
    if not comments_of(new) and not comments_of(old):
        return content
    if kept:
        try:
            source = _readable(graft(theirs, base, own.kind, kept), own.kind, "upstream")
        except Unmergeable:
            return content
    return following(content, Versions(old, own, new, source, tuple(kept)))


def _unspliced(
    asked: _Asked,
    kind: Kind,
    texts: tuple[bytes | None, bytes, bytes],
    values: _Sides,
    why: str,
) -> DocMerge:
    """Merge by key where the result can't be spliced into ours: by lines if they say the same, else ours stays.

    Lines of three valid documents can join to a valid one that says what nobody wrote, such as the name of one server
    over the arguments of another. So a merge of the lines counts only if its data are those of the merge by key.
    """
    merge = asked.merge()
    want = merge.value(values.base, values.ours, values.theirs)
    if () in merge.conflicts:
        raise Unmergeable(why)
    clashes = tuple(merge.conflicts)
    by_lines = _agreeing_lines(kind, texts, want, values.put_back(merge.open))
    if by_lines:
        return DocMerge(by_lines.content, by_lines.base, clashes, why, tuple(merge.left))
    base, ours, theirs = texts
    sides = {key: asked.favour(key) for key in _differing(asked.path, (), values.ours, want)}
    if same(want, values.theirs) and set(sides.values()) == {Side.THEIRS}:
        return DocMerge(theirs, theirs)
    conflicts = (*clashes, *(key for key in sides if sides[key] in {None, Side.THEIRS}))
    # Mostly all that theirs changed is held: then the base stays, and needs no splicing, which has failed once already.
    held = dict.fromkeys([*conflicts, *merge.open])
    if base is not None and same(values.put_back(held), values.base):
        return DocMerge(ours, base, conflicts)
    return DocMerge(ours, _remembered(values, theirs, base, kind, held), conflicts)


def _agreeing_lines(
    kind: Kind, texts: tuple[bytes | None, bytes, bytes], want: object, want_base: object
) -> TextMerge | None:
    """Merge by lines; None unless the result and its next base have the wanted data."""
    base, ours, theirs = texts[0] or b"", *texts[1:]
    if not all(mergeable(text) for text in (base, ours, theirs)):
        return None
    joined = merge_text(base, ours, theirs)
    if _says(joined.content, kind, want) and _says(joined.base, kind, want_base):
        return joined
    return None


def _says(text: bytes, kind: Kind, want: object) -> bool:
    try:
        return same(_data(text, kind), want)
    except Invalid:
        return False


def _remembered(
    values: _Sides, theirs: bytes, base: bytes | None, kind: Kind, conflicts: Iterable[KeyPath]
) -> bytes:
    """Return theirs with open keys put back to base; base unchanged if only blank lines would differ."""
    conflicts = tuple(conflicts)
    if not conflicts:
        return theirs
    try:
        fresh = graft(theirs, base, kind, conflicts)
    except Unmergeable:
        # Nobody reads the next base but the next merge, so its layout may go where it can't be kept; its data may not:
        # holding back keys that merge would make conflicts which `resolve --ours` could not settle.
        want = values.put_back(conflicts)
        return base if base is not None and same(want, values.base) else dump(want, kind)
    if base is None:
        return fresh
    # Grafting can leave a blank line behind or bring a comment to another place, and each further update would then
    # write a lock that differs by it. So data and comments decide.
    one, other = (parse(text, kind, limits=EDITING) for text in (fresh, base))
    if same(_value(one), _value(other)) and comments_of(one) == comments_of(other):
        return base
    return fresh


class _Sides:
    """The data of three documents; an empty document counts as an empty map if the others are maps."""

    def __init__(self, base: Document | None, ours: Document, theirs: Document) -> None:
        docs = [doc for doc in (base, ours, theirs) if doc]
        maps = any(isinstance(doc.value, dict) for doc in docs)

        def data(doc: Document | None) -> object:
            if doc is None:
                return ABSENT
            return {} if maps and doc.root is None else doc.value

        self.base, self.ours, self.theirs = data(base), data(ours), data(theirs)

    def put_back(self, keys: Iterable[KeyPath]) -> object:
        """Return the data of theirs with the values of base at some keys."""
        value = self.theirs
        for key in keys:
            value = with_value(value, key, get(self.base, key), self.base)
        return value


def _lost_unasked(lost: tuple[KeyPath, ...], merge: Merge, favour: Favour) -> bool:
    """Return whether a comment would be lost at a key that was not settled in favour of theirs."""
    return any(key in merge.conflicts or favour(key) is not Side.THEIRS for key in lost)


def _readable(data: bytes, kind: Kind, whose: str) -> Document:
    try:
        return parse(data, kind, limits=EDITING)
    except Invalid as err:
        raise Unmergeable(f"the file {whose} can't be read: {told(err)}") from None


def same_document(path: RelPath, a: bytes, b: bytes) -> bool:
    """Return whether two versions have equal data, ignoring keys that belong to the machine."""
    if a == b:
        return True
    kind = kind_of(path)
    if kind is None:
        return False
    try:
        return alike(path, (), _data(a, kind), _data(b, kind))
    except (Invalid, Unmergeable):
        return False


def same_value(path: RelPath, key: KeyPath, a: object, b: object) -> bool:
    """Return whether two values at a key are equal in the sense of :func:`same_document`."""
    try:
        return alike(path, key, a, b)
    except Unmergeable:
        return False


def _data(data: bytes, kind: Kind) -> object:
    return _value(parse(data, kind, limits=EDITING))


def _value(doc: Document) -> object:
    return doc.value if doc.root else {}


def without_machine_changes(path: RelPath, a: bytes, b: bytes) -> tuple[bytes, bytes]:
    """Make two versions of a document agree in the keys that belong to the machine, so that their texts do, too.

    A value that both have becomes that of ``b`` in ``a``; one that only one of them has is left out of it.

    Returns:
        The two versions; as they are if one of them can't be read or changed.
    """
    kind = kind_of(path)
    if kind is None or not has_machine_keys(path):
        return a, b
    try:
        one, two = _data(a, kind), _data(b, kind)
        keys = _machine_keys(path, (), one, two)
        return put(a, kind, _agreed(keys, one, two)), put(
            b, kind, _agreed(keys, two, one, own=True)
        )
    except (Invalid, Unmergeable):
        return a, b


def _machine_keys(path: RelPath, key: KeyPath, a: object, b: object) -> list[KeyPath]:
    """List the keys of the machine that differ."""
    if same(a, b):
        return []
    if shape_of(path, key) is Shape.OURS:
        return [key]
    found: list[KeyPath] = []
    for part in _parts(a, b):
        found += _machine_keys(path, (*key, part), child(a, part), child(b, part))
    return found


def _agreed(
    keys: Iterable[KeyPath], here: object, there: object, *, own: bool = False
) -> dict[KeyPath, object]:
    """What a version has to hold at some keys: the other's value, or its ``own`` one; nothing if the other has none."""
    edits: dict[KeyPath, object] = {}
    for key in keys:
        mine, other = get(here, key), get(there, key)
        if mine is ABSENT:
            continue  # only the other one has it, and leaves it out
        if other is ABSENT:
            edits[key] = ABSENT
        elif not own:
            edits[key] = other
    return edits


def changed_keys(path: RelPath, a: bytes, b: bytes) -> list[KeyPath]:
    """List the keys whose values differ between two versions, ignoring keys that belong to the machine.

    If a version can't be read, the whole document differs: the result is the empty key.
    """
    kind = kind_of(path)
    if a == b:
        return []
    if kind is None:
        return [()]
    try:
        return _differing(path, (), _data(a, kind), _data(b, kind))
    except (Invalid, Unmergeable):
        return [()]


def _differing(path: RelPath, key: KeyPath, a: object, b: object) -> list[KeyPath]:
    if shape_of(path, key) is Shape.OURS or alike(path, key, a, b):
        return []
    found: list[KeyPath] = []
    for part in _parts(a, b):
        found += _differing(path, (*key, part), child(a, part), child(b, part))
    return found or [key]


def _parts(a: object, b: object) -> list[Segment]:
    """Return what two values can be compared by; none if only as a whole."""
    if isinstance(a, dict) and isinstance(b, dict):
        return [name for name in {**a, **b} if isinstance(name, str | int | float | date | None)]
    if isinstance(a, list) and isinstance(b, list) and (field := key_field(a, b)):
        return [Item(field, name) for name in {**by_field(a, field), **by_field(b, field)}]
    return []
