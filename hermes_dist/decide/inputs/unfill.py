"""Take answers out of the files of a package again: the inverse of :mod:`hermes_dist.decide.inputs.fill`.

What nobody edited comes out in the author's own bytes. In an edited file, the placeholders come back as an update
would bring them: wherever the edit leaves the author's line or value alone. Where an edited line or value still holds
the answer as whole words, these become the placeholder, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher

from hermes_dist.decide.inputs.fill import PLACEHOLDER, Values, fill, is_map
from hermes_dist.decide.inputs.typed import shown
from hermes_dist.errors import Invalid
from hermes_dist.merge.content import join_contents
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import (
    ABSENT,
    Kind,
    Unmergeable,
    get,
    kind_of,
    parse,
    rewrite,
    same,
)
from hermes_dist.model.documents.frontmatter import cut
from hermes_dist.model.keypath import KeyPath, parse_key
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Digest, Entry, Read, Tree, together
from hermes_dist.model.values import with_value

_SHORTEST = 4
"""Answers below this length are found in many lines by chance."""


class Unfilled(Contents, frozen=True):
    """A package without answers.

    Attributes:
        tree: The package.
        blobs: New contents by digest.
        notes: Lines that hold an answer although no placeholder of the author's stood there.
    """

    tree: Tree
    blobs: dict[Digest, bytes]
    notes: tuple[Note, ...] = ()


def unfill(tree: Tree, authors: Tree, values: Values, read: Read) -> Unfilled:
    """Put the placeholders back into a package.

    Args:
        tree: The package with answers, perhaps edited, in the spelling of packages.
        authors: The files that hold answers, as their author wrote them.
        values: The answers, by the name of the input.
        read: Gives contents by digest, for both.

    Raises:
        Invalid: A document can't be read.
    """
    received = fill(authors, values, read)
    return taken_out(tree, authors, received.tree, values, together(received.blobs, read))


def taken_out(tree: Tree, authors: Tree, received: Tree, values: Values, read: Read) -> Unfilled:
    """Put the placeholders back into the files of a tree that have answers in ``received``.

    Args:
        tree: The files with answers, perhaps edited.
        authors: The same files as their author wrote them, in the same spelling.
        received: And with the answers in them.
        values: The answers, by the name of the input.
        read: Gives contents by digest, for all three.

    Raises:
        Invalid: A document can't be read.
    """
    # The user may have renamed a file: it is known by its content then.
    touched = [path for path in authors if path in received and authors[path] != received[path]]
    renamed = {received[path].digest: path for path in touched if path not in tree}
    known = frozenset(touched)
    changes: dict[RelPath, Entry] = {}
    blobs: dict[Digest, bytes] = {}
    for path, entry in tree.items():
        origin = path if path in known else renamed.get(entry.digest)
        if origin is None:
            continue
        wrote, then = authors[origin].digest, received[origin].digest
        content = unfilled(path, read(entry.digest), read(wrote), read(then), values)
        digest = Digest.of(content)
        blobs[digest] = content
        changes[path] = Entry(digest, entry.executable)
    return Unfilled(tree.with_entries(dict(changes)), blobs)


def unfilled(path: RelPath, data: bytes, authors: bytes, received: bytes, values: Values) -> bytes:
    """Put the placeholders back into one file that was edited.

    Args:
        path: The file.
        data: The file as it is now.
        authors: The file as its author wrote it.
        received: The same with the answers in it.
        values: The answers.
    """
    if data == received:
        return authors
    kind = kind_of(path)
    if kind is not None:
        return _document(path, data, authors, received, values)
    now, wrote, had = (cut(each) for each in (data, authors, received))
    if now is None or wrote is None or had is None or not is_map(wrote.front):
        return _lines(data, authors, received, values)
    front = now.front
    if front != had.front:
        front = _document(RelPath("front.yaml"), front, wrote.front, had.front, values)
    else:
        front = wrote.front
    return now.opening + front + now.closing + _lines(now.body, wrote.body, had.body, values)


def told(tree: Tree, before: Tree, values: Values, read: Read) -> tuple[Note, ...]:
    """Note the lines that hold an answer and are new in a package: the user wrote it there.

    Args:
        tree: The package as it would leave the machine.
        before: The package as its author ships it.
        values: The answers.
        read: Gives contents by digest, for both.
    """
    words = {
        name: _whole(text).encode()
        for name, text in _texts(values)
        if len(text) >= _SHORTEST and isinstance(values[name], str)
    }
    return tuple(
        Note.of(NoteKind.ANSWER_IN_LINE, where=f"{path}:{number}", name=name)
        for path in sorted(tree.differing(before))
        if path in tree
        for number, line in _new_lines(path, tree, before, read)
        for name, word in words.items()
        if re.search(word, line)
    )


def _new_lines(path: RelPath, tree: Tree, before: Tree, read: Read) -> Iterator[tuple[int, bytes]]:
    old = set(read(before[path].digest).split(b"\n")) if path in before else set()
    lines = read(tree[path].digest).split(b"\n")
    return ((number, line) for number, line in enumerate(lines, 1) if line not in old)


def _lines(data: bytes, authors: bytes, received: bytes, values: Values) -> bytes:
    """Put the placeholders back line by line: an answer has no line break, so both have the same lines."""
    mine, wrote, had = (each.split(b"\n") for each in (data, authors, received))
    if len(wrote) != len(had):  # nothing can be told by line; the words still can
        return _worded(data, authors, values)
    found: list[bytes] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, had, mine, autojunk=False).get_opcodes():
        if tag == "equal":
            found += wrote[i1:i2]
        else:
            there = b"\n".join(wrote[i1:i2])
            found += [_worded(line, there, values) for line in mine[j1:j2]]
    return b"\n".join(found)


def _worded(line: bytes, authors: bytes, values: Values) -> bytes:
    """Replace the answers in a text whose placeholders stand in what the author wrote there."""
    text = authors.decode("utf-8", "surrogateescape")
    return _back(text, values)(line.decode("utf-8", "surrogateescape")).encode(
        "utf-8", "surrogateescape"
    )


def _back(authors: str, values: Values) -> Callable[[str], str]:
    """Make a function that replaces answers by those placeholders that the author wrote at a place."""
    names = set(PLACEHOLDER.findall(authors))
    pairs = [(name, text) for name, text in _texts(values) if name in names and text]
    by_word = {text: name for name, text in reversed(pairs)}
    if not by_word:
        return lambda text: text
    words = re.compile("|".join(_whole(text) for _, text in pairs))
    return lambda text: words.sub(lambda found: f"${{input:{by_word[found[0]]}}}", text)


def _texts(values: Values) -> list[tuple[str, str]]:
    """The answers as texts, the longest first, so that none is taken for a part of another."""
    pairs = [(name, shown(value)) for name, value in values.items()]
    return sorted(pairs, key=lambda pair: (-len(pair[1]), pair[0]))


def _whole(text: str) -> str:
    return rf"(?<!\w){re.escape(text)}(?!\w)"


def _document(path: RelPath, data: bytes, authors: bytes, received: bytes, values: Values) -> bytes:
    """Put the placeholders back into a document: merged like an update in which the author writes them."""
    both: list[str] = []

    def favour(key: str) -> Side:
        both.append(key)
        return Side.OURS

    joined = join_contents(path, received, data, authors, favour)
    content = data if joined.whole else joined.content
    kind = kind_of(path) or Kind.YAML
    try:
        wrote = parse(authors, kind).value
        keys = [()] if joined.whole else _steps(both)
        return _with_words(content, kind, wrote, keys, values)
    except (Invalid, Unmergeable):
        return _worded(content, authors, values)


def _steps(keys: Iterable[str]) -> list[KeyPath]:
    return [parse_key(key) if key else () for key in dict.fromkeys(keys)]


def _with_words(
    content: bytes, kind: Kind, authors: object, keys: Iterable[KeyPath], values: Values
) -> bytes:
    """Replace the answers in the values that the user edited where the author has placeholders."""
    doc = parse(content, kind)
    want = doc.value
    for key in keys:
        mine, wrote = get(want, key), get(authors, key)
        if mine is ABSENT or wrote is ABSENT:
            continue
        back = _back("\n".join(_strings(wrote)), values)
        want = with_value(want, key, _replaced(mine, back), want)
    return content if same(want, doc.value) else rewrite(doc, want).content


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, str):
        yield value


def _replaced(value: object, back: Callable[[str], str]) -> object:
    if isinstance(value, dict):
        return {key: _replaced(item, back) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, back) for item in value]
    return back(value) if isinstance(value, str) else value
