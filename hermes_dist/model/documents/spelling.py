"""How new values are written: as a donor document spells them, otherwise in the surrounding style."""

from __future__ import annotations

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.model.documents import json_write as _json_write
from hermes_dist.model.documents.layout import View, ended, lines_of, shift
from hermes_dist.model.documents.nodes import Document, Form, Kind
from hermes_dist.model.values import ABSENT, Unmergeable, same

_COLON = lazily.pattern(r"[ \t]*:")
_SIDE = lazily.pattern(r"[ \t]+#[^\r\n]*")
_UNSAFE_IN_FLOW = lazily.pattern(r"[,\[\]{}#?]|:(?:\s|\Z)")


class Spelled(Struct, frozen=True):
    """The text of a value: the part after the colon and, for a block, the lines below."""

    head: str
    body: str = ""

    @property
    def inline(self) -> bool:
        return not self.body

    @property
    def after_colon(self) -> str:
        """The head with the space that a colon needs; empty if everything is on the lines below."""
        return self.head and f" {self.head}"


def value(want: object, donor: View | None, column: int) -> Spelled:
    """Spell a value for a block entry at a column.

    Raises:
        Unmergeable: The value can't be written in this place.
    """
    if donor and same(donor.value, want):
        return _given(_free(donor), column)
    from hermes_dist.model.documents import yaml_write as _yaml_write  # noqa: PLC0415 - yaml costs start-up time

    if isinstance(want, dict | list) and want:
        return Spelled("", shift(_yaml_write.block(want), column + 2))
    if isinstance(want, str) and "\n" in want:
        head, _, body = _yaml_write.block({"-": want}).partition(": ")[2].partition("\n")
        return Spelled(head, shift(body, column))
    return Spelled(_yaml_write.flow(want))


def _free(donor: View) -> View:
    if donor.node.knot:
        raise Unmergeable("a change touches an anchor")
    return donor


def _given(donor: View, column: int) -> Spelled:
    node, text = donor.node, donor.doc.text
    if donor.chunk is None:
        return Spelled(_lf(text[node.start : node.end]))
    delta = column - donor.chunk.column
    if node.form is Form.BLOCK:
        lines, at = _body(donor)
        return Spelled("", shift(lines, at + delta))
    head, newline, rest = _lf(text[node.start : node.end]).partition("\n")
    rest = shift(rest, delta)
    if node.form is Form.TEXT:
        # The comment beside | or > is upstream's; the one that the user has there is put back by the caller.
        return Spelled(head.split(" #")[0].rstrip(), ended(rest))
    return Spelled(head + newline + rest)


def _lf(text: str) -> str:
    return text.replace("\r\n", "\n")


def _body(view: View) -> tuple[str, int]:
    """Return the lines of a block collection at column 0, and the column they were at."""
    chunks = [kid.chunk for kid in view.kids() if kid.chunk]
    first, last = chunks[0], chunks[-1]
    lines = lines_of(view.doc, first.lead, last.end, first.column, inline=first.inline)
    return ended(lines), first.column


def entry(
    doc: Document, key: object, want: object, donor: View | None, column: int, *, in_map: bool
) -> str:
    """Spell a whole block entry as lines at a column.

    Raises:
        Unmergeable: The value can't be written in this place.
    """
    if in_map:
        new = value(want, donor, column)
        return f"{' ' * column}{key_text(doc, key, donor)}:{new.after_colon}\n{new.body}"
    from hermes_dist.model.documents import yaml_write as _yaml_write  # noqa: PLC0415 - yaml costs start-up time

    if donor and donor.chunk is None and same(donor.value, want):
        return f"{' ' * column}- {value(want, donor, column).head}\n"
    return shift(_yaml_write.block([want]), column)


def key_text(doc: Document, key: object, donor: View | None) -> str:
    """Spell a key."""
    if doc.kind is Kind.JSON:
        return _json_write.write(key, _json_write.style_of(doc.text))
    if donor:
        text = donor.doc.text[donor.entry.start : donor.entry.key_end]
        if donor.chunk is not None or not _UNSAFE_IN_FLOW.search(text):
            return text
    from hermes_dist.model.documents import yaml_write as _yaml_write  # noqa: PLC0415 - yaml costs start-up time

    return _yaml_write.flow(key)


def flow_key(doc: Document, key: object, donor: View | None) -> str:
    """Spell a key with its colon for a flow map."""
    text = key_text(doc, key, donor)
    if doc.kind is Kind.JSON:
        return text + _json_write.style_of(doc.text).colon
    if text[:1] not in "'\"" and _UNSAFE_IN_FLOW.search(text):
        raise Unmergeable("a key can't be written inside braces")
    return f"{text}: "


def flow_value(doc: Document, want: object, donor: View | None, margin: str, *, lines: bool) -> str:
    """Spell a value inside braces or brackets; ``margin`` is put before any further lines.

    Raises:
        Unmergeable: The value can't be written in this place.
    """
    known = _free(donor) if donor and same(donor.value, want) else None
    if doc.kind is Kind.JSON:
        if known and not isinstance(want, dict | list):
            return _text_of(known)
        return _json_write.write(want, _json_write.style_of(doc.text), margin=margin, lines=lines)
    if known and _fits_in_flow(known):
        return _text_of(known)
    from hermes_dist.model.documents import yaml_write as _yaml_write  # noqa: PLC0415 - yaml costs start-up time

    return _yaml_write.flow(want)


def _text_of(view: View) -> str:
    return view.doc.text[view.node.start : view.node.end]


def _fits_in_flow(view: View) -> bool:
    """Return whether the spelling of a value means the same between braces or brackets."""
    raw = _text_of(view)
    if not raw or "\n" in raw:
        return False
    if view.node.form is Form.FLOW:
        return True
    # Outside braces, a plain value may hold a comma or a bracket, which would end it inside.
    safe = view.chunk is None or raw[0] in "'\"" or not _UNSAFE_IN_FLOW.search(raw)
    return view.node.form is Form.INLINE and safe


def document(doc: Document, want: object, donor: View | None) -> str:
    """Spell a whole document.

    Raises:
        Unmergeable: The value can't be written in this place.
    """
    if doc.kind is Kind.JSON:
        # An empty document has no style of its own.
        has_style = doc.root is not None and doc.root.entries
        model = donor.doc if donor and not has_style else doc
        return _json_write.write(want, _json_write.style_of(model.text))
    if donor and same(_free(donor).value, want):
        if donor.node.form is Form.BLOCK:
            return _body(donor)[0]
        return _lf(_text_of(donor)) + "\n"
    from hermes_dist.model.documents import yaml_write as _yaml_write  # noqa: PLC0415 - yaml costs start-up time

    if isinstance(want, dict | list) and want:
        return _yaml_write.block(want)
    return _yaml_write.flow(want) + "\n"


def appended(doc: Document, want: object, donor: View | None) -> str:
    """Spell a document to append to one that holds only comments.

    Raises:
        Unmergeable: The value can't be written in this place.
    """
    if want is None or want == {} or want is ABSENT:
        return ""
    new = document(doc, want, donor)
    if doc.text and not doc.text.endswith("\n"):
        new = "\n" + new
    return new.replace("\n", doc.newline)


def after_colon(view: View) -> int:
    """Return the position after the colon of an entry.

    Raises:
        Unmergeable: The colon is not on the line of the key.
    """
    found = _COLON.match(view.doc.text, view.entry.key_end)
    if not found:
        raise Unmergeable("a key and its value stand apart")
    return found.end()


def side_comment(view: View, colon: int, beside: bool) -> str:
    """Return the comment beside an entry with the blanks before it; empty if there is none."""
    text, node = view.doc.text, view.node
    if node.form is Form.BLOCK or not beside:
        start = colon
    elif node.form is Form.TEXT:
        start = node.start
    else:
        start = node.end
    stop = text.find("\n", start)
    if stop < 0:
        stop = len(text)
    found = _SIDE.search(text, start, stop)
    return found[0].rstrip() if found else ""
