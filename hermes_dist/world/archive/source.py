"""An archive as the source of a package: the files in its root folder, without what an export adds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from hermes_dist.brand import LOCKFILE, PRIVATE
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Tree
from hermes_dist.world.archive.open import read_archive
from hermes_dist.world.archive.read import Shelves
from hermes_dist.world.disk.limits import Limits


def read_package(
    path: Path,
    subfolder: RelPath | None,
    keep: Callable[[Iterable[bytes]], list[Digest]],
    limits: Limits,
) -> Tree:
    """Read the package in an archive.

    Args:
        path: The archive.
        subfolder: The folder of the package in it; None for its root.
        keep: Stores contents, and returns their names.
        limits: How large it may be.

    Raises:
        Invalid: The archive is damaged, unsafe or too large, or has no such folder.
        DistError: The file can't be read.
    """
    tree = read_archive(path, Shelves(keep=keep, limits=limits), {}).tree
    tree = tree.where(lambda file: not (file.under(PRIVATE) or file == LOCKFILE))
    if subfolder is None:
        return tree
    start = len(subfolder) + 1
    below = Tree(
        {
            RelPath(file[start:]): tree[file]
            for file in tree
            if file.under(subfolder) and file != subfolder
        }
    )
    if not below:
        raise Invalid("there is no such folder in the archive", where=f"{path}//{subfolder}")
    return below
