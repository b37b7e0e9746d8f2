"""Put answers into the files of a package, as if its author had written them.

A placeholder is ``${input:NAME}``. In texts (``.md``, ``.txt``) it is replaced wherever it stands; in YAML, JSON and
front matter only within values, where an answer that is a number or a switch stays one. All other files stay as they
are: in a program, an answer would have to be quoted as its language wants it. So does a placeholder that has no answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hermes_dist import lazily
from hermes_dist.brand import MANIFEST
from hermes_dist.decide.inputs.typed import shown
from hermes_dist.decide.ownership import ENV_EXAMPLES
from hermes_dist.errors import Invalid
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import Kind, Unmergeable, kind_of, parse, rewrite, same
from hermes_dist.model.documents.frontmatter import cut
from hermes_dist.model.lock_package import InputValue
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree

PLACEHOLDER = lazily.pattern(r"\$\{input:([A-Za-z][A-Za-z0-9_]{0,63})\}")
SIGN = b"${input:"
_BYTES = lazily.pattern(PLACEHOLDER.pattern.encode())
_TEXTS = frozenset({".md", ".markdown", ".txt"})

Values = Mapping[str, InputValue]


class Filled(Contents, frozen=True):
    """A package with answers in it.

    Attributes:
        tree: The package.
        blobs: New contents by digest.
        unfilled: The files that hold answers, as their author wrote them.
    """

    tree: Tree
    blobs: Mapping[Digest, bytes]
    unfilled: Tree


def fill(tree: Tree, values: Values, read: Read) -> Filled:
    """Put answers into all files of a package that have placeholders for them.

    Args:
        tree: The package, as its author ships it.
        values: The answers, by the name of the input.
        read: Gives contents by digest.

    Raises:
        Invalid: A document can't be edited in place.
    """
    if not values:
        return Filled(tree, {}, EMPTY)
    changes: dict[RelPath, Entry] = {}
    blobs: dict[Digest, bytes] = {}
    for path, entry in tree.items():
        if not is_filled(path):
            continue
        before = read(entry.digest)
        content = filled(path, before, values)
        if content != before:
            digest = Digest.of(content)
            blobs[digest] = content
            changes[path] = Entry(digest, entry.executable)
    return Filled(tree.with_entries(dict(changes)), blobs, tree.where(lambda path: path in changes))


def is_filled(path: RelPath) -> bool:
    """Return whether answers are put into a file at all."""
    if path == MANIFEST or path in ENV_EXAMPLES:
        return False
    return kind_of(path) is not None or path.suffix in _TEXTS


def filled(path: RelPath, data: bytes, values: Values) -> bytes:
    """Put answers into one file.

    Raises:
        Invalid: It is a document that can't be edited in place.
    """
    if SIGN not in data:
        return data
    kind = kind_of(path)
    if kind is not None:
        return _document(path, data, kind, values)
    parts = cut(data)
    if parts is None or not is_map(parts.front):
        return _text(data, values)
    front = _document(path, parts.front, Kind.YAML, values)
    return parts.opening + front + parts.closing + _text(parts.body, values)


def is_map(front: bytes) -> bool:
    """Return whether front matter is what it looks like, and no text between two lines."""
    try:
        return isinstance(parse(front, Kind.YAML).value, dict)
    except Invalid:
        return False


def names_in(data: bytes) -> tuple[str, ...]:
    """List the names in the placeholders of a file, in order; also of those that nothing is put into."""
    if SIGN not in data:
        return ()
    return tuple(dict.fromkeys(name.decode() for name in _BYTES.findall(data)))


def names_within(value: object) -> tuple[str, ...]:
    """List the names in the placeholders of data: of all its values, in order, and not of its keys."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return tuple(dict.fromkeys(name for item in value for name in names_within(item)))
    return tuple(dict.fromkeys(PLACEHOLDER.findall(value))) if isinstance(value, str) else ()


def _text(data: bytes, values: Values) -> bytes:
    def answer(found: re.Match[bytes]) -> bytes:
        name = found[1].decode()
        return shown(values[name]).encode() if name in values else found[0]

    return _BYTES.sub(answer, data)


def _document(path: RelPath, data: bytes, kind: Kind, values: Values) -> bytes:
    try:
        doc = parse(data, kind)
    except Invalid:
        return data  # whatever reads it says so; nothing is guessed about it here
    want = with_answers(doc.value, values)
    if same(want, doc.value):
        return data
    try:
        return rewrite(doc, want).content
    except Unmergeable as err:
        raise Invalid(
            f"answers can't be put into it: {err.reason}",
            where=path,
            hint="its author has to write the values with placeholders in a simpler way",
        ) from None


def with_answers(value: object, values: Values) -> object:
    """Return data with the answers in it; keys stay as they are."""
    if isinstance(value, dict):
        return {key: with_answers(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [with_answers(item, values) for item in value]
    if not isinstance(value, str) or "${input:" not in value:
        return value
    whole = PLACEHOLDER.fullmatch(value)
    if whole is not None:
        return values.get(whole[1], value)

    def answer(found: re.Match[str]) -> str:
        return shown(values[found[1]]) if found[1] in values else found[0]

    return PLACEHOLDER.sub(answer, value)
