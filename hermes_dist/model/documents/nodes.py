"""A document as text, and as nodes that know their positions in it."""

from __future__ import annotations

from msgspec import Struct, field

from hermes_dist.errors import Invalid
from hermes_dist.light import StrEnum
from hermes_dist.model.keypath import Item, KeyPath
from hermes_dist.model.values import same

_CONTROLS = frozenset(map(chr, [*range(0x20), *range(0x7F, 0xA0)])) - frozenset("\t\n\r")


class Kind(StrEnum):
    """The languages of documents that merge by their structure."""

    YAML = "yaml"
    JSON = "json"


class Limits(Struct, frozen=True, kw_only=True):
    """How much a document may hold; larger ones are refused before a loader sees them."""

    size: int = 1 << 20
    depth: int = 32
    nodes: int = 20_000
    aliases: int = 50
    tags: bool = False  # whether a value with a tag is read, as text that nobody looks into


DEFAULT = Limits()
MANIFEST = Limits(size=64 << 10, aliases=0)
EDITING = Limits(tags=True)


class Tagged(Struct, frozen=True):
    """A value with a tag, such as ``!secret name``: only who defined the tag knows what it means."""

    text: str


class Form(StrEnum):
    """How a value is spelled."""

    INLINE = "inline"  # a plain or quoted scalar, an alias, or an empty value
    TEXT = "text"  # a block scalar, | or >
    FLOW = "flow"  # {a: 1} and [a]
    BLOCK = "block"  # one entry per line


class Node(Struct, eq=False):
    """A value and the text from ``start`` to ``end`` that spells it."""

    value: object
    start: int
    end: int
    form: Form = Form.INLINE
    entries: list[Entry] = field(default_factory=list)
    tail: Node | None = None
    """The last value in its text if that is not an entry: the value of a final <<."""
    tied: bool = False  # has an anchor, is an alias, or merges keys with <<
    knot: bool = False  # is tied, or contains something that is

    def entry(self, key: object) -> Entry | None:
        """Return the map entry with this key."""
        if not self.is_map:
            return None
        return next((entry for entry in self.entries if same(entry.key, key)), None)

    @property
    def is_map(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def last(self) -> Node:
        """Return the value at the end of a block's text."""
        return self.tail or self.entries[-1].node


class Entry(Struct, eq=False):
    """One key with its value, or one item of a list (``key`` is then meaningless).

    ``start`` is where the key begins; for an item, where its value begins.
    """

    key: object
    start: int
    key_end: int
    node: Node


class Document(Struct, eq=False):
    """A parsed text; ``root`` is None if it holds only comments."""

    kind: Kind
    text: str
    bom: bool
    root: Node | None
    scalars: list[tuple[int, int]]
    size: int = 0  # how many values it holds, keys included, at most; 0 where nobody counted
    # What others found out about the text, filled in on first use: a merge asks a document many times.
    notes: list[tuple[int, str]] | None = None  # its comments
    view: object = None  # its entries with their lines
    remarks: object = None  # where its comments stand

    @property
    def value(self) -> object:
        return self.root.value if self.root else None

    @property
    def newline(self) -> str:
        """The line end that most of its lines have."""
        crlf = self.text.count("\r\n")
        return "\r\n" if 2 * crlf > self.text.count("\n") else "\n"

    def encode(self, text: str) -> bytes:
        """Return the bytes of a new text of this document."""
        if self.bom:
            text = "\ufeff" + text
        return text.encode()


def decode(data: bytes, limits: Limits) -> tuple[str, bool]:
    """Check and decode bytes: return the text, and whether it began with a byte order mark.

    Raises:
        Invalid: The bytes are too many, are not UTF-8, or contain control characters.
    """
    if len(data) > limits.size:
        raise Invalid(f"larger than {limits.size >> 10} KiB")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        raise Invalid("not UTF-8 text", where=f"{line}:1", hint="save the file as UTF-8") from None
    bom = text.startswith("\ufeff")
    text = text[bom:]
    if not _CONTROLS.isdisjoint(text):
        spot = next(n for n, char in enumerate(text) if char in _CONTROLS)
        raise Invalid("control characters are not allowed", where=place(text, spot))
    return text, bom


def place(text: str, spot: int) -> str:
    """Format a position as ``line:column``, both counted from 1."""
    line = text.count("\n", 0, spot) + 1
    return f"{line}:{spot - text.rfind(chr(10), 0, spot)}"


def find(root: Node | None, path: KeyPath) -> Entry | None:
    """Return the entry that a key path names."""
    entry = Entry(None, root.start, root.start, root) if root else None
    for segment in path:
        if entry is None:
            return None
        node = entry.node
        entry = item_of(node, segment) if isinstance(segment, Item) else node.entry(segment)
    return entry


def item_of(node: Node, item: Item) -> Entry | None:
    """Return the list item with this name."""
    if not isinstance(node.value, list):
        return None
    values = ((e, e.node.value) for e in node.entries)
    return next(
        (e for e, v in values if isinstance(v, dict) and v.get(item.field) == item.value), None
    )
