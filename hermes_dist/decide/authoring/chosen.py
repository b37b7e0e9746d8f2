"""Choose some of the changes in a home: by file, by folder, by key, or by the number of a hunk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hermes_dist import lazily
from hermes_dist.decide.authoring.hunks import hunks_between, is_text, with_hunks
from hermes_dist.decide.changes import Change, How, changes_between, key_changes
from hermes_dist.decide.consent.parking import put_back
from hermes_dist.decide.near import offered
from hermes_dist.errors import Invalid, Lost, quoted
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import kind_of
from hermes_dist.model.keypath import names_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Read, Tree

_HUNK = lazily.pattern(r"(.+):([1-9][0-9]{0,5})")


class Chosen(Contents, frozen=True):
    """A home that differs from what it received only where somebody chose, and the new contents."""

    tree: Tree
    blobs: Mapping[Digest, bytes]


def choose(ours: Tree, base: Tree, words: Iterable[str], read: Read) -> Chosen:
    """Make a home that has only the chosen changes.

    Args:
        ours: The home.
        base: What it received.
        words: Each a file, a folder, a key, a key behind its file (``config.yaml: model``), or a hunk (``SOUL.md:2``).
        read: Gives contents by digest.

    Raises:
        Invalid: A word names nothing that was changed.
    """
    changes = changes_between(base, ours, read)
    places: list[tuple[RelPath, str]] = []
    hunks: dict[RelPath, set[int]] = {}
    for word in dict.fromkeys(words):
        found = [place for change in changes for place in _places(change, word, read)]
        hunk = _hunk(changes, word, read)
        if hunk is not None:
            hunks.setdefault(hunk[0].path, set()).add(hunk[1])
        elif not found:
            raise _in_vain(word, changes, read)
        places += found
    made = put_back(base, ours, places, read)
    whole = {path for path, key in places if not key}
    cut = _cut(hunks.keys() - whole, hunks, (base, ours), read)
    entries = {path: Entry(Digest.of(data), ours[path].executable) for path, data in cut.items()}
    blobs = {**made.blobs, **{entries[path].digest: data for path, data in cut.items()}}
    return Chosen(made.tree.with_entries(entries), blobs)


def _cut(
    paths: Iterable[RelPath],
    hunks: Mapping[RelPath, set[int]],
    sides: tuple[Tree, Tree],
    read: Read,
) -> dict[RelPath, bytes]:
    """The contents of the files of which only some hunks were chosen."""
    base, ours = sides
    return {
        path: with_hunks(read(base[path].digest), read(ours[path].digest), hunks[path])
        for path in paths
    }


def _places(change: Change, word: str, read: Read) -> list[tuple[RelPath, str]]:
    """The parts of a change that a word names; empty if it names nothing of it."""
    paths = [path for path in (change.path, change.was) if path is not None]
    folder = f"{word.rstrip('/')}/"
    if any(word == path or path.startswith(folder) for path in paths):
        return [(path, "") for path in paths]
    return [(change.path, key) for key in _keys(change, read) if names_key(word, change.path, key)]


def _keys(change: Change, read: Read) -> list[str]:
    if kind_of(change.path) is None or change.was:
        return []  # a file that moved is chosen as a whole
    try:
        return [each.key for each in key_changes(change, read) if each.key]
    except Lost:
        return []


def _hunk(changes: Sequence[Change], word: str, read: Read) -> tuple[Change, int] | None:
    """The change and the number of the hunk that a word names; None if it names none."""
    match = _HUNK.fullmatch(word)
    if match is None:
        return None
    for change in changes:
        if change.path == match[1] and int(match[2]) <= _count(change, read):
            return change, int(match[2])
    return None


def _count(change: Change, read: Read) -> int:
    """How many hunks a change has; 0 if it is not chosen by hunks: a document has keys, and a new file is one."""
    if change.how is not How.CHANGED or kind_of(change.path) is not None:
        return 0
    if change.before is None or change.after is None:
        return 0
    try:
        before, after = read(change.before.digest), read(change.after.digest)
    except Lost:
        return 0
    return len(hunks_between(before, after)) if is_text(before) and is_text(after) else 0


def _in_vain(word: str, changes: Sequence[Change], read: Read) -> Invalid:
    known = [str(change.path) for change in changes]
    known += [key for change in changes for key in _keys(change, read)]
    return Invalid(
        f"nothing was changed at {quoted(word, 200)}",
        hint=offered(word, known, "changed", none="nothing"),
    )
