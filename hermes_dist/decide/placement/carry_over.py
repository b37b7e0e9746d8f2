"""Repeat a planned edit of a document in newer bytes, which a running agent has written since it was planned.

The plan's edit still counts if the agent changed other parts only: another setting, or when a job last ran. Then the
document that the user agreed to is the newest one with the same edit. All else asks for a new plan.

An agent may write every few milliseconds, and parsing takes longer. So the first answer also tells where in the bytes
the agent's values are, and the next bytes are only compared around them.
"""

from __future__ import annotations

import re

from hermes_dist import lazily
from hermes_dist.agents.jobs import SWITCHES
from hermes_dist.errors import Invalid
from hermes_dist.merge.shapes import Shape, shape_of
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import (
    EDITING,
    Document,
    Unmergeable,
    get,
    kind_of,
    parse,
    rewrite,
    same,
)
from hermes_dist.model.documents.nodes import Form, Node, find
from hermes_dist.model.keypath import Item, KeyPath
from hermes_dist.model.paths import RelPath
from hermes_dist.model.values import by_field, child, key_field, with_value

_UNIT = 2
"""How many parts of a key name one thing, such as a server, a job or a setting in its section."""
_JOB_FIELDS = 3

_TOKEN = lazily.pattern(
    r"""
    "[^"\\\n]*" | '[^'\n]*'                                              # quoted, without escapes
    | [-+]?[A-Za-z0-9][A-Za-z0-9_.+-]*(?::[A-Za-z0-9_.+-]+)*             # a word, a number, a time
    """,
    re.VERBOSE,
)


class Carried(Contents, frozen=True):
    """A planned edit on newer bytes.

    Attributes:
        content: The newer bytes with the edit.
        around: The text of the newer bytes around the values that the agent changes; empty if they can't be told apart.
        pieces: The text of ``content`` around the same values.
        order: Which of the values stands between each two of the pieces.
    """

    content: bytes
    around: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()
    order: tuple[int, ...] = ()

    def again(self, now: bytes) -> bytes | None:
        """Carry the edit over to bytes that differ in nothing but the agent's values; None if more differs."""
        values = self._values(now)
        if values is None:
            return None
        parts = [self.pieces[0]]
        for place, piece in zip(self.order, self.pieces[1:], strict=True):
            parts += [values[place], piece]
        return "".join(parts).encode()

    def _values(self, now: bytes) -> list[str] | None:
        """Read the agent's values, as they are spelled."""
        if not self.around:
            return None
        text, at, values = now.decode("utf-8", "replace"), 0, []
        for piece in self.around[:-1]:
            found = _TOKEN.match(text, at + len(piece)) if text.startswith(piece, at) else None
            if found is None:
                return None
            values.append(found[0])
            at = found.end()
        return values if text[at:] == self.around[-1] else None


def carry_over(path: RelPath, before: bytes, after: bytes, now: bytes) -> Carried | None:
    """Carry a planned edit over to newer bytes.

    Args:
        path: The document's path in a home.
        before: The bytes that the plan saw.
        after: What it makes of them.
        now: The bytes that are there now.

    Returns:
        The newer bytes with the same edit; None if both changed the same thing, or that can't be told.
    """
    kind = kind_of(path)
    if kind is None:
        return None
    if now == before:
        return Carried(after)
    try:
        docs = [parse(data, kind, limits=EDITING) for data in (before, after, now)]
        return _carried(path, *docs)
    except (Invalid, Unmergeable):
        return None


def _carried(path: RelPath, old: Document, new: Document, own: Document) -> Carried | None:
    """Carry an edit over, as :func:`carry_over` does.

    Raises:
        Unmergeable: It can't be written into the newer text.
    """
    edits, theirs = differences(old.value, new.value), differences(old.value, own.value)
    if any(_clash(path, edit, change) for edit in edits for change in theirs):
        return None
    want = own.value
    for key in edits:
        want = with_value(want, key, get(new.value, key), new.value)
    spliced = rewrite(own, want, donor=new, base=old)
    if spliced.lost:
        return None
    written = parse(spliced.content, own.kind, limits=EDITING)
    # What goes with the edit, such as a job with its times, or is set by it, does not come from the agent.
    stay = [key for key in theirs if not any(key[: len(edit)] == edit for edit in edits)]
    return _with_places(spliced.content, _placed(own, theirs), own, _placed(written, stay), written)


def differences(a: object, b: object, at: KeyPath = ()) -> list[KeyPath]:
    """List the deepest keys at which two values differ, also those of the machine."""
    if same(a, b):
        return []
    keys = _keys_of_both(a, b)
    found: list[KeyPath] = []
    for key in keys or ():
        found += differences(child(a, key), child(b, key), (*at, key))
    return found or [at]


def _keys_of_both(a: object, b: object) -> list[str | Item] | None:
    """Return the keys of two values that can be compared key by key; None for any other two."""
    if isinstance(a, dict) and isinstance(b, dict):
        names = {**a, **b}
        texts: list[str | Item] = [name for name in names if isinstance(name, str)]
        return texts if len(texts) == len(names) else None
    if isinstance(a, list) and isinstance(b, list) and (field := key_field(a, b)):
        return [Item(field, name) for name in {**by_field(a, field), **by_field(b, field)}]
    return None


def _clash(path: RelPath, edit: KeyPath, change: KeyPath) -> bool:
    """Return whether a planned edit and a change of the agent meet in one thing."""
    if edit[:_UNIT] != change[:_UNIT] and not _is_within(edit, change):
        return False
    return not _is_run_state(path, change)


def _is_within(one: KeyPath, other: KeyPath) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _is_run_state(path: RelPath, key: KeyPath) -> bool:
    """Return whether a key holds what only the scheduler says of a job, such as when it last ran."""
    if shape_of(path, key) is not Shape.OURS or not isinstance(key[-1], str):
        return False
    return len(key) >= _JOB_FIELDS and isinstance(key[1], Item) and key[2] not in SWITCHES


def _with_places(
    content: bytes,
    ours: list[_Place] | None,
    own: Document,
    there: list[_Place] | None,
    new: Document,
) -> Carried:
    """Note where the agent's values are in both documents, if each is one plain value that nothing else refers to."""
    if ours is None or there is None:
        return Carried(content)
    spelled = {key: own.text[start:end] for start, end, key in ours}
    if any(new.text[start:end] != spelled[key] for start, end, key in there):
        return Carried(content)
    order = {key: place for place, (_, _, key) in enumerate(ours)}
    return Carried(
        content,
        _around(own.text, ours),
        _around(new.text, there),
        tuple(order[key] for _, _, key in there),
    )


_Place = tuple[int, int, KeyPath]


def _placed(doc: Document, keys: list[KeyPath]) -> list[_Place] | None:
    """Find where each value starts and ends, in their order; None if one is no plain value that stands alone."""
    if doc.bom or doc.root is None or doc.root.knot:
        return None
    found = []
    for key in keys:
        entry = find(doc.root, key)
        if entry is None or not _is_plain(doc, entry.node):
            return None
        found.append((entry.node.start, entry.node.end, key))
    return sorted(found, key=lambda place: place[0])


def _is_plain(doc: Document, node: Node) -> bool:
    return (
        node.form is Form.INLINE
        and not node.knot
        and _TOKEN.fullmatch(doc.text, node.start, node.end) is not None
    )


def _around(text: str, places: list[_Place]) -> tuple[str, ...]:
    ends = [0, *(end for _, end, _ in places)]
    starts = [*(start for start, _, _ in places), len(text)]
    return tuple(text[end:start] for end, start in zip(ends, starts, strict=True))
