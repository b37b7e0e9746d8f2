"""Switching on what was placed switched off, once it has its yes."""

from __future__ import annotations

from collections.abc import Iterable

from hermes_dist.decide.parking import Grafted
from hermes_dist.model.documents import ABSENT, Kind, get, load_data, put
from hermes_dist.model.keypath import KeyPath, parse_key
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Digest, Entry, Read, Tree

_JOB_ON: dict[str, object] = {
    "enabled": True, "state": "scheduled", "paused_at": None, "paused_reason": None, "next_run_at": None,
}  # fmt: skip
"""What the agent's own ``cron resume`` sets; the scheduler fills in the time."""


def switch_on(tree: Tree, effects: Iterable[Effect], read: Read) -> Grafted:
    """Enable the jobs and servers of granted effects.

    Args:
        tree: The merged home.
        effects: Granted effects that were placed switched off.
        read: Gives contents by digest.
    """
    edits: dict[str, dict[KeyPath, object]] = {}
    for effect in effects:
        key = parse_key(effect.key)
        if effect.kind is EffectKind.SCHEDULES:
            switches = {(*key[:2], name): value for name, value in _JOB_ON.items()}
        else:
            switches = {(*key[:2], "enabled"): True}
        edits.setdefault(effect.path, {}).update(switches)
    blobs: dict[Digest, bytes] = {}
    changes = {path: _edited(tree[path], edits[path], read, blobs) for path in tree if path in edits}
    return Grafted(tree.with_entries(changes), blobs)


def _edited(entry: Entry, edits: dict[KeyPath, object], read: Read, blobs: dict[Digest, bytes]) -> Entry:
    data = read(entry.digest)
    kind = Kind.JSON if data.lstrip()[:1] in (b"{", b"[") else Kind.YAML
    loaded = load_data(data, kind)
    wanted = {key: value for key, value in edits.items() if get(loaded, key[:-1]) is not ABSENT}
    edited = put(data, kind, wanted)
    digest = Digest.of(edited)
    blobs[digest] = edited
    return Entry(digest, entry.executable)
