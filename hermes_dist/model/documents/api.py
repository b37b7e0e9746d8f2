"""YAML and JSON text ⇄ data with positions; edits spliced into the text, then read again to verify.

Other packages import documents only from here: what they need of the parts (``_yaml_*``, ``_json_*``, ``_splice`` …)
is here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache, partial

from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.account import Account, balanced
from hermes_dist.model.documents.layout import comments, comments_at, root_view
from hermes_dist.model.documents.nodes import (
    DEFAULT,
    EDITING,
    MANIFEST,
    Document,
    Entry,
    Kind,
    Limits,
    Node,
    decode,
    find,
)
from hermes_dist.model.documents.splice import Splice
from hermes_dist.model.keypath import KeyPath
from hermes_dist.model.paths import RelPath
from hermes_dist.model.values import ABSENT, Absent, Unmergeable, get, same, with_value

with later():
    from hermes_dist.model.documents.following import Versions, with_incoming, with_replaced
    from hermes_dist.model.documents.remarks import with_comments, without_apart

__all__ = [
    "ABSENT",
    "DEFAULT",
    "EDITING",
    "MANIFEST",
    "Absent",
    "Document",
    "Kind",
    "Limits",
    "Spliced",
    "Steps",
    "Unmergeable",
    "Versions",
    "commented",
    "comments_of",
    "dump",
    "following",
    "get",
    "graft",
    "kind_of",
    "line_at",
    "line_of",
    "lines_at",
    "load_data",
    "load_manifest_data",
    "only_comments",
    "parse",
    "parse_manifest_text",
    "put",
    "rewrite",
    "same",
    "says_alike",
    "uncommented",
]

Steps = tuple[str | int, ...]
"""A place in a document: map keys and item numbers, outermost first."""
_KEPT, _KEPT_BYTES = 16, 1 << 15
"""How many documents are kept after they were read, and how large they may be."""
_LARGE = (dict, list)
_SUFFIXES = {".yaml": Kind.YAML, ".yml": Kind.YAML, ".json": Kind.JSON}


def kind_of(path: RelPath) -> Kind | None:
    """Return the language of a file by its suffix; None for anything but YAML and JSON."""
    return _SUFFIXES.get(path.suffix)


def parse(data: bytes, kind: Kind, *, limits: Limits = DEFAULT) -> Document:
    """Parse a document and keep the position of every value.

    The same document may be given out again, so nobody may change it or its data.

    Raises:
        Invalid: The text is not valid in this language or exceeds a limit; the error's place is ``line:column``.
    """
    # A command that places, judges, edits and shows settings would read the same few texts a dozen times.
    read = _kept if len(data) <= _KEPT_BYTES else _parsed
    # Every tag begins with this sign: a text without one reads the same where tags are allowed.
    if limits is EDITING and b"!" not in data:
        limits = DEFAULT
    return read(data, kind, limits)


def _parsed(data: bytes, kind: Kind, limits: Limits, *, shares: bool = False) -> Document:
    text, bom = decode(data, limits)
    if kind is Kind.JSON:
        from hermes_dist.model.documents import json_parse as _json_parse  # noqa: PLC0415 - only where it is needed

        return _json_parse.parse(text, limits, bom=bom)
    from hermes_dist.model.documents import yaml_parse, yaml_shared  # noqa: PLC0415 - yaml costs start-up time

    read = yaml_shared.parse if shares else yaml_parse.parse
    return read(text, limits, bom=bom)


_kept = lru_cache(maxsize=_KEPT)(partial(_parsed, shares=True))


def load_data(data: bytes, kind: Kind, *, limits: Limits = DEFAULT) -> object:
    """Read data as the agent does: YAML 1.1 as PyYAML's safe loader reads it, or JSON.

    Raises:
        Invalid: The text is not valid in this language or exceeds a limit; the error's place is ``line:column``.
    """
    if kind is Kind.JSON:
        from hermes_dist.model.documents import json_parse as _json_parse  # noqa: PLC0415 - only where it is needed

        return _json_parse.load(decode(data, limits)[0], limits)
    # An anchor could make a copy much larger than its text.
    if len(data) > _KEPT_BYTES or b"&" in data:
        return _parsed(data, kind, limits).value
    return _copied(parse(data, kind, limits=limits).value)


def _copied(value: object) -> object:
    """Copy the maps and lists of data, so that nobody changes what others read."""
    if type(value) is dict:
        return {k: _copied(v) if type(v) in _LARGE else v for k, v in value.items()}
    if type(value) is list:
        return [_copied(v) if type(v) in _LARGE else v for v in value]
    return value


def load_manifest_data(data: bytes) -> dict[object, object]:
    """Read ``distribution.yaml``: a small map without aliases.

    Raises:
        Invalid: It is too large, has aliases, or is not a map; the error's place is ``line:column``.
    """
    return _fields(_parsed(data, Kind.YAML, MANIFEST))


def parse_manifest_text(data: bytes) -> Document:
    """Read ``distribution.yaml`` as :func:`load_manifest_data` does, with its positions.

    Raises:
        Invalid: It is too large, has aliases, or is not a map; the error's place is ``line:column``.
    """
    doc = parse(data, Kind.YAML, limits=MANIFEST)
    _fields(doc)
    return doc


def _fields(doc: Document) -> dict[object, object]:
    if not isinstance(doc.value, dict):
        raise Invalid(
            "not a map of fields", where="1:1", hint="begin with a line such as name: my-agent"
        )
    return doc.value


def line_at(doc: Document, steps: Iterable[str | int]) -> int:
    """Return the line (counted from 1) of a place in a document, or of its nearest existing parent."""
    node, line = doc.root, 1
    for step in steps:
        entry = _entry_at(node, step) if node else None
        if entry is None:
            break
        line, node = _line(doc, entry), entry.node
    return line


def _entry_at(node: Node, step: str | int) -> Entry | None:
    if isinstance(step, int) and isinstance(node.value, list):
        return node.entries[step] if step < len(node.entries) else None
    entry = node.entry(step)
    if entry is None and node.is_map:
        # Steps name a key as text, but YAML may have read it as a number or a boolean.
        return next((other for other in node.entries if str(other.key) == step), None)
    return entry


def _line(doc: Document, entry: Entry) -> int:
    return doc.text.count("\n", 0, entry.start) + 1


def line_of(data: bytes, kind: Kind, key: KeyPath) -> int | None:
    """Return the line (counted from 1) of a key; None if the key is missing or the document can't be read."""
    try:
        doc = parse(data, kind)
    except Invalid:
        return None
    entry = find(doc.root, key)
    return _line(doc, entry) if entry else None


def lines_at(doc: Document, key: KeyPath) -> tuple[int, int] | None:
    """Return the lines of a key and its value, counted from 0 and half open; None if the key is missing."""
    entry = find(doc.root, key)
    if entry is None:
        return None
    start = doc.text.count("\n", 0, entry.start)
    written = doc.text[entry.start : entry.node.end].rstrip()
    return start, start + written.count("\n") + 1


def notes_at(data: bytes, kind: Kind, key: KeyPath) -> tuple[str, ...]:
    """Return the comments written at a key: above it, behind it and inside its value; none if it can't be read."""
    try:
        doc = parse(data, kind)
        view = root_view(doc)
        for segment in key:
            view = view.step(segment) if view else None
    except (Invalid, Unmergeable):
        return ()
    if view is None or view.chunk is None:
        return ()
    return tuple(words for _, words in comments_at(doc, view.chunk.lead, view.chunk.end))


class Spliced(Contents, frozen=True):
    """A document's new bytes, and the keys where the change removed one of its own comments."""

    content: bytes
    lost: tuple[KeyPath, ...] = ()


def rewrite(
    doc: Document,
    want: object,
    *,
    donor: Document | None = None,
    base: Document | None = None,
    package: bool = False,
) -> Spliced:
    """Edit a document so that it holds ``want``, and keep every byte that need not change.

    Comments of the document stay, also those of entries that go, unless they are the package's. With a base, those
    of the user that stand at an entry that goes are reported instead, because such a removal has to be asked about.

    Args:
        doc: The document to edit.
        want: The data it must hold; the order of a map's keys decides where new ones go.
        donor: A document that already spells the new values, with their comments.
        base: The common ancestor of both: its comments are the package's. An entry of ``doc`` spelled as in ``base``
            takes the donor's comments.
        package: The document itself is the package's, so that its comments leave with their entries.

    Raises:
        Unmergeable: The document can't be edited by splicing; a wrong result is never returned.
    """
    account = Account(*(comments_of(each) for each in (doc, donor, doc if package else base)))
    try:
        return _rewritten(doc, want, Splice(doc, donor, base), account)
    except Unmergeable:
        if donor is None or base is None:
            raise
    # What upstream did to comments and spelling matters less than its values: without the former more can be spliced.
    return _rewritten(doc, want, Splice(doc, donor, base, follows=False), account)


def commented(
    content: bytes, source: Document, base: Document | None = None, *, takes_out: bool = True
) -> bytes:
    """Bring the comments of a document into another one that says nearly the same.

    A comment beside an entry that the other one does not have stays away, and so does one that would change the data.

    Args:
        content: The document to edit, in the language of ``source``.
        source: The document whose comments are brought.
        base: The ancestor of ``source``: only comments added since come. None brings all.
        takes_out: Whether comments that were taken out since ``base`` go.
    """
    doc = _again(content, source.kind)
    if doc is None:
        return content
    new = doc.encode(with_comments(doc, source, base, takes_out=takes_out))
    after = _again(new, source.kind)
    return new if after is not None and same(after.value, doc.value) else content


def following(content: bytes, versions: Versions) -> bytes:
    """Do in a merged document what upstream did to comments that the user left alone.

    What would change the data is left out.
    """
    doc = _again(content, versions.own.kind)
    if doc is None:
        return content
    for moved in (versions.displaced(doc), frozenset[str]()):
        new, after = content, doc
        for step in (with_replaced, with_incoming):
            with suppress(Unmergeable):
                text = doc.encode(step(after, versions, moved))
                read = _again(text, doc.kind)
                if read is not None and _says(read, doc.value):
                    new, after = text, read
        if moved <= comments(after).keys():
            break  # else a comment that moves was taken out and has no place: then none moves
    return new


def uncommented(content: bytes, base: Document) -> bytes:
    """Take out the comments of another document that stand apart from every entry, such as its header.

    Args:
        content: The document to edit, in the language of ``base``.
        base: The document whose comments go.
    """
    doc = _again(content, base.kind)
    if doc is None:
        return content
    new = doc.encode(without_apart(doc, base))
    after = _again(new, base.kind)
    return new if after is not None and same(after.value, doc.value) else content


def comments_of(doc: Document | None) -> Counter[str]:
    """Count the comments of a document; None has none."""
    return Counter() if doc is None else comments(doc)


def says_alike(a: Document, b: Document) -> bool:
    """Return whether two documents differ in nothing but comments and blank lines."""
    return _bare(a) == _bare(b)


def _bare(doc: Document) -> list[str]:
    comments(doc)  # finds them
    text = doc.text
    for at, note in reversed(doc.notes or []):
        text = text[:at] + text[at + len(note) :]
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def only_comments(doc: Document, base: Document) -> bytes:
    """Return the comments that a document has beyond those of its base, each on a line of its own."""
    left = comments(doc) - comments(base)
    lines = "".join(f"{note}{doc.newline}" for note in left.elements())
    return doc.encode(lines) if lines else b""


def _rewritten(doc: Document, want: object, splice: Splice, account: Account) -> Spliced:
    text = splice.text(want)
    if text == doc.text:
        if _says(doc, want):
            return Spliced(doc.encode(text))
        raise Unmergeable("the change leaves no trace in the text")
    # Splicing works on text and can be wrong about what it means to the agent. So the result is read again, and one
    # that says anything else is thrown away: the caller then takes the file whole or by lines.
    again = lru_cache(maxsize=1)(partial(_again, kind=doc.kind))
    for balanced_text, lost in _balanced(doc, splice, text, account, again):
        for candidate in _endings(doc.text, balanced_text):
            content = doc.encode(candidate)
            if _says(again(content), want):
                return Spliced(content, lost)
    raise Unmergeable("spliced text would not say what it should")


def _balanced(
    doc: Document,
    splice: Splice,
    text: str,
    account: Account,
    again: Callable[[bytes], Document | None],
) -> Iterator[tuple[str, tuple[KeyPath, ...]]]:
    """Yield a spliced text with its comments put right, with the keys where one of the user's is lost."""
    result = again(doc.encode(text))
    if result is None or not (account.own or account.new):
        yield text, ()
        return
    got = comments(result)
    leaving: dict[KeyPath, Counter[str]] = {}
    if splice.base is not None:
        leaving = splice.leaving(account.mine - got)
    lost = tuple(leaving)
    faults = account.faults(got, sum(leaving.values(), Counter[str]()))
    if not any(faults):
        yield text, lost
        return
    yield balanced(doc, splice.edits, result, faults), lost
    # Below a text of several lines, an indented comment would become part of it.
    yield balanced(doc, splice.edits, result, faults, margin=0), lost


def _endings(old: str, new: str) -> list[str]:
    """Return the candidate texts: first without a final newline that the old text did not have, then unchanged.

    In a block scalar the final newline can be part of the value, so that only the second one says what it should.
    """
    if old.endswith("\n") or not new.endswith("\n") or not old:
        return [new]
    return [new.removesuffix("\n").removesuffix("\r"), new]


def _again(content: bytes, kind: Kind) -> Document | None:
    try:
        return parse(content, kind, limits=EDITING)
    except Invalid:
        return None


def _says(doc: Document | None, want: object) -> bool:
    if doc is None:
        return False
    return same(doc.value, want) or (doc.root is None and (want == {} or want is ABSENT))


def put(
    data: bytes,
    kind: Kind,
    edits: Mapping[KeyPath, object],
    *,
    donor: bytes | None = None,
    package: bool = False,
) -> bytes:
    """Set values in a document, or remove them where the value is ABSENT.

    Args:
        data: The document.
        kind: Its language.
        edits: New values by their keys; missing parent maps are created.
        donor: A document that already spells the values, and shows where new keys go.
        package: The document is the package's, so that its comments leave with their entries.

    Raises:
        Unmergeable: The change can't be made by splicing, or a document can't be read.
    """
    doc = _readable(data, kind)
    source = _readable_or_none(donor, kind)
    like = source.value if source else doc.value
    want = doc.value
    for key, value in edits.items():
        want = with_value(want, key, value, like)
    if want is ABSENT:
        want = {}
    return rewrite(doc, want, donor=source, package=package).content


def graft(target: bytes | None, source: bytes | None, kind: Kind, keys: Iterable[KeyPath]) -> bytes:
    """Copy the values at some keys from ``source`` into ``target``; a value that ``source`` lacks is removed.

    Used to build the next base, to park effects and to settle conflicts. A map that becomes empty is removed too if
    ``source`` does not have it.

    Args:
        target: The document to edit; None for an empty one.
        source: The document to take from; None for an empty one.
        kind: Their language.
        keys: The keys to copy; the empty key is the whole document.

    Raises:
        Unmergeable: The change can't be made by splicing, or a document can't be read.
    """
    keys = list(keys)
    if () in keys:
        return dump({}, kind) if source is None else source
    if not keys and target is not None:
        return target
    donor, doc = _readable_or_none(source, kind), _readable_or_none(target, kind)
    have, want = _data(donor, ABSENT), _data(doc, {})
    for key in keys:
        want = with_value(want, key, get(have, key), have)
    if want is ABSENT:
        want = {}
    if doc is not None:
        return rewrite(doc, want, donor=donor, package=True).content
    if donor is not None and want:
        # A new document is what is left of the source's text, so that its comments come along.
        return rewrite(donor, want, package=True).content
    return dump(want, kind)


def _data(doc: Document | None, empty: object) -> object:
    """Return the data of a document; ``empty`` if there is no document or it holds only comments."""
    if doc is None or doc.root is None:
        return empty
    return doc.value


def _readable_or_none(data: bytes | None, kind: Kind) -> Document | None:
    return None if data is None else _readable(data, kind)


def _readable(data: bytes, kind: Kind) -> Document:
    try:
        return parse(data, kind, limits=EDITING)
    except Invalid as err:
        raise Unmergeable(str(err)) from None


def dump(data: object, kind: Kind) -> bytes:
    """Write a new document.

    Raises:
        Unmergeable: This language can't express the data.
    """
    if kind is Kind.JSON:
        from hermes_dist.model.documents import json_write as _json_write  # noqa: PLC0415 - only where it is needed

        return (_json_write.write(data, _json_write.Style()) + "\n").encode()
    from hermes_dist.model.documents import yaml_write as _yaml_write  # noqa: PLC0415 - yaml costs start-up time

    return _yaml_write.block(data).encode()
