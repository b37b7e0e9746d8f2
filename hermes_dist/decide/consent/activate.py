"""Switching on what was placed switched off, once it has its yes."""

from __future__ import annotations

from collections.abc import Iterable

from hermes_dist.agents.jobs import RESUMED
from hermes_dist.decide.consent.granted import Granted
from hermes_dist.decide.consent.parking import Grafted
from hermes_dist.decide.placing_cron import JOBS
from hermes_dist.errors import Invalid
from hermes_dist.model.documents import ABSENT, Kind, Unmergeable, get, kind_of, load_data, put
from hermes_dist.model.keypath import KeyPath, parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import Digest, Entry, Read, Tree

_SERVER_ON: dict[str, object] = {"enabled": True}
"""What the agent's own ``mcp add`` sets."""
Unit = tuple[RelPath, KeyPath]


def ready(effects: Iterable[Effect], granted: Granted) -> list[Unit]:
    """List the idle jobs and servers to switch on, by file and key.

    One is ready when each of its effects has its yes, and at least one got it with this operation: what had
    all of them before and is off nevertheless was switched off by the user.
    """
    idle: dict[Unit, list[Effect]] = {}
    for effect in effects:
        if effect.off:
            idle.setdefault((effect.path, parse_key(effect.key)[:2]), []).append(effect)
    return [unit for unit, parts in idle.items() if all(map(granted, parts)) and any(map(granted.is_new, parts))]


def switch_on(tree: Tree, units: Iterable[Unit], read: Read) -> Grafted:
    """Enable jobs and servers; one that can't be edited stays off.

    Args:
        tree: The merged home.
        units: Which, as :func:`ready` lists them.
        read: Gives contents by digest.
    """
    edits: dict[RelPath, dict[KeyPath, object]] = {}
    for path, key in units:
        switches = RESUMED if path == JOBS else _SERVER_ON
        edits.setdefault(path, {}).update({(*key, name): value for name, value in switches.items()})
    blobs: dict[Digest, bytes] = {}
    changes = {path: _edited(path, tree[path], edits[path], read, blobs) for path in edits if path in tree}
    return Grafted(tree.with_entries(changes), blobs)


def _edited(
    path: RelPath, entry: Entry, edits: dict[KeyPath, object], read: Read, blobs: dict[Digest, bytes]
) -> Entry:
    data, kind = read(entry.digest), kind_of(path) or Kind.YAML
    try:
        loaded = load_data(data, kind)
        wanted = {key: value for key, value in edits.items() if get(loaded, key[:-1]) is not ABSENT}
        edited = put(data, kind, wanted)
    except (Invalid, Unmergeable):
        return entry
    digest = Digest.of(edited)
    blobs[digest] = edited
    return Entry(digest, entry.executable)
