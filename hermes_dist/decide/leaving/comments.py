"""Which of the user's comments may leave a home: people note things there and forget them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, comments_of, kind_of, parse
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree


def comments_along(tree: Tree, received: Tree, read: Read) -> Iterator[Note]:
    """Yield a note for each file of a package with comments that it did not have when it was received.

    Not for a file that is the user's own as a whole: everything in it goes along.

    Args:
        tree: The package as it would leave.
        received: The package as it came.
        read: Gives contents.
    """
    for path in sorted(tree.differing(received)):
        if path in tree and path != MANIFEST and path in {*received, CONFIG}:
            count = (_comments(path, tree, read) - _comments(path, received, read)).total()
            if count:
                yield Note.of(NoteKind.COMMENTS_ALONG, where=path, count=count)


def _comments(path: RelPath, tree: Tree, read: Read) -> Counter[str]:
    if path not in tree or kind_of(path) is not Kind.YAML:
        return Counter()
    try:
        return comments_of(parse(read(tree[path].digest), Kind.YAML))
    except Invalid:
        return Counter()
