"""Switch on servers and jobs that were placed switched off, once they are approved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hermes_dist.agents.jobs import PAUSED, REASON, RESUMED
from hermes_dist.decide.consent.parking import Grafted
from hermes_dist.decide.consent.switches import Unit
from hermes_dist.decide.placement.jobs import JOBS, paused_by
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import ABSENT, Kind, Unmergeable, get, kind_of, load_data, put
from hermes_dist.model.keypath import KeyPath
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Read, Tree

_SERVER_ON: Mapping[str, object] = {"enabled": True}
_SERVER_OFF: Mapping[str, object] = {"enabled": False}
"""The field that the agent's own ``mcp add`` sets, and its opposite."""


def switch_on(tree: Tree, units: Iterable[Unit], read: Read) -> Grafted:
    """Enable jobs and servers; one that can't be edited stays off.

    Args:
        tree: The merged home.
        units: The servers and jobs to change.
        read: Gives contents by digest.
    """
    return _switched(tree, units, read, RESUMED, _SERVER_ON)


def switch_off(tree: Tree, units: Iterable[Unit], read: Read, package: str) -> Grafted:
    """Disable servers and pause jobs, as if they had never been approved.

    Args:
        tree: The home.
        units: The servers and jobs to change.
        read: Gives contents by digest.
        package: The package's name, which goes into the reason that jobs are paused for.
    """
    return _switched(tree, units, read, {**PAUSED, REASON: paused_by(package)}, _SERVER_OFF)


def _switched(
    tree: Tree,
    units: Iterable[Unit],
    read: Read,
    job: Mapping[str, object],
    server: Mapping[str, object],
) -> Grafted:
    edits: dict[RelPath, dict[KeyPath, object]] = {}
    for path, key in units:
        switches = job if path == JOBS else server
        edits.setdefault(path, {}).update({(*key, name): value for name, value in switches.items()})
    blobs: dict[Digest, bytes] = {}
    changes = {
        path: _edited(path, tree[path], edits[path], read, blobs) for path in edits if path in tree
    }
    return Grafted(tree.with_entries(changes), blobs)


def _edited(
    path: RelPath,
    entry: Entry,
    edits: dict[KeyPath, object],
    read: Read,
    blobs: dict[Digest, bytes],
) -> Entry:
    data, kind = read(entry.digest), kind_of(path) or Kind.YAML
    try:
        loaded = load_data(data, kind)
        # A unit that is gone must not come back as an entry that holds nothing but its switch.
        wanted = {key: value for key, value in edits.items() if get(loaded, key[:-1]) is not ABSENT}
        edited = put(data, kind, wanted)
    except (Invalid, Unmergeable):
        return entry
    digest = Digest.of(edited)
    blobs[digest] = edited
    return Entry(digest, entry.executable)
