"""Where homes are kept while they are not profiles: on the same file system, so that one rename moves them."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hermes_dist.brand import BESIDE, SHARED, Layout
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.obstacles import on_one_mount


def placed(layout: Layout) -> Layout:
    """Return the layout with the folder from which a home can be renamed into the folder of profiles, and back.

    Raises:
        DistError: A folder can't be looked at.
    """
    folders = [
        folder if folder.is_dir() else layout.root for folder in (layout.profiles, layout.shared)
    ]
    try:
        one = not layout.root.is_dir() or on_one_mount(*folders)
    except OSError as error:
        raise trouble(error, "the folder can't be read", where=str(layout.root)) from error
    return layout._replace(aside=SHARED if one else BESIDE)


def everywhere(layout: Layout) -> tuple[Layout, ...]:
    """Return the layout with each folder that homes may have been put into, under whatever mounts."""
    return tuple(layout._replace(aside=aside) for aside in (SHARED, BESIDE))


def below_root(layout: Layout, path: Path) -> str:
    """The path of one of our folders, relative to the root."""
    return str(path.relative_to(layout.root))


def tidy(layout: Layout) -> None:
    """Remove what is empty of the folder beside the profiles, where users look at their profiles."""
    beside = layout._replace(aside=BESIDE)
    for folder in (beside.staging, beside.trash, beside.archived, beside.root / BESIDE):
        with contextlib.suppress(OSError):
            folder.rmdir()
