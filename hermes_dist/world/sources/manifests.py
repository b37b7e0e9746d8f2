"""Find all packages in a source, to suggest them in the error if there is none at the requested place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from hermes_dist.brand import MANIFEST
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import SourceSpec
from hermes_dist.model.tree import Read
from hermes_dist.world.sources.api import Sources

_MOST = 20
"""How many packages of one source are read at most."""
Found = TypeVar("Found")


def manifests(
    sources: Sources, read: Read, spec: SourceSpec, commit: str = ""
) -> dict[RelPath | None, bytes]:
    """Find the folders of a source that hold a manifest.

    Args:
        sources: The sources.
        read: Reads the store that they keep contents in.
        spec: The source.
        commit: The commit, which was fetched; empty for a folder or archive.

    Returns:
        The first of these folders (None for the root of the source), with the contents of their manifests.

    Raises:
        DistError: The source can't be read.
    """
    if sources.is_git(spec):
        url = sources.url(spec)
        oids = _first(sources.git.folders_with(url, commit, MANIFEST))
        return dict(
            zip(
                oids, (data for _, data in sources.git.blobs(url, list(oids.values()))), strict=True
            )
        )
    tree = sources.fetch(spec._replace(subfolder=None)).tree
    found = _first({path.parent: entry for path, entry in tree.items() if path.name == MANIFEST})
    return {folder: read(entry.digest) for folder, entry in found.items()}


def _first(found: Mapping[RelPath | None, Found]) -> dict[RelPath | None, Found]:
    return {
        folder: found[folder]
        for folder in sorted(found, key=lambda folder: str(folder or ""))[:_MOST]
    }
