"""Whether a package can be installed: judged before it leaves, by the rules by which its installer reads it."""

from __future__ import annotations

from collections.abc import Iterator

from hermes_dist.errors import Invalid
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.tree import Read, Tree
from hermes_dist.world.disk.limits import admit
from hermes_dist.world.sources.pointers import is_pointer


def why_not_installable(tree: Tree, read: Read) -> Invalid | None:
    """Why nobody could install a package; None if everybody can."""
    try:
        check_installable(tree, read)
    except Invalid as error:
        return error
    return None


def check_installable(tree: Tree, read: Read) -> None:
    """Make sure that a package can be installed.

    Raises:
        Invalid: Nobody could; the error names the rule.
    """
    sizes = [(path, entry.executable, len(read(entry.digest))) for path, entry in tree.items()]
    admit(sizes)


def pointers_in(tree: Tree, read: Read) -> Iterator[LeftOut]:
    """The files whose contents are kept elsewhere: whoever installs the package does not get them."""
    for path, entry in tree.items():
        if is_pointer(read(entry.digest)):
            yield LeftOut(path, Why.LFS_POINTER)
