"""Find all packages in a source, and what resembles one, for the error if there is none at the requested place."""

from __future__ import annotations

from collections.abc import Mapping

from hermes_dist.brand import MANIFEST
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import SourceSpec
from hermes_dist.model.tree import Read
from hermes_dist.world.sources.api import Sources

_LARGEST = 1 << 20
"""The content of a larger manifest is not read: no manifest may be that large."""


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
        All these folders (None for the root of the source), with the contents of their manifests.

    Raises:
        DistError: The source can't be read.
    """
    if not sources.is_git(spec):
        tree = sources.fetch(spec._replace(subfolder=None)).tree
        found = {path.parent: entry for path, entry in tree.items() if path.name == MANIFEST}
        return {folder: read(found[folder].digest) for folder in _sorted(found)}
    url = sources.url(spec)
    files = sources.git.folders_with(url, commit, MANIFEST)
    oids = list(dict.fromkeys(file.oid for file in files.values() if file.size <= _LARGEST))
    contents = dict(sources.git.blobs(url, oids)) if oids else {}
    return {folder: contents.get(files[folder].oid, b"") for folder in _sorted(files)}


def folders_with(
    sources: Sources, spec: SourceSpec, commit: str, name: str
) -> list[RelPath | None]:
    """Find the folders of a source that hold a file of this name, its root (None) first.

    Raises:
        DistError: The source can't be read.
    """
    if sources.is_git(spec):
        return _sorted(sources.git.folders_with(sources.url(spec), commit, name))
    tree = sources.glance(spec._replace(subfolder=None))
    return _sorted({path.parent: None for path in tree if path.name == name})


def _sorted(found: Mapping[RelPath | None, object]) -> list[RelPath | None]:
    return sorted(found, key=lambda folder: str(folder or ""))
