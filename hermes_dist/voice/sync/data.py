"""The JSON of ``sync``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hermes_dist.decide.sync.known import print_of
from hermes_dist.model.source import without_credentials

if TYPE_CHECKING:
    from hermes_dist.model.paths import RelPath
    from hermes_dist.model.sync.record import Record
    from hermes_dist.ops.sync.machines import Changed
    from hermes_dist.ops.sync.noticed import Noticed
    from hermes_dist.ops.sync.now import Synced
    from hermes_dist.ops.sync.status import Standing


def synced_data(done: Synced) -> dict[str, Any]:
    """What came in and what was sent, or would be."""
    came: list[str] = []
    for outcome in done.outcomes:
        came += [str(step.path) for step in outcome.proposal.steps] if outcome.proposal else []
    return {
        **_noticed(done),
        "commit": done.commit or None,
        "received": sorted(set(came)),
        "sent": list(map(str, done.sent)),
        "pushed": done.pushed,
        "variables": list(done.variables),
        "held": list(map(str, done.held)),
        "private": list(map(str, done.private)),
        "unread": list(map(str, done.unread)),
        "unknown": list(done.unknown),
        "changed_keys": list(done.changed),
        "deleted": list(map(str, done.deleted)),
        "unsigned": list(map(str, (*done.unvouched, *done.unsigned))),
        "returned": list(map(str, done.returned)),
        "mended": list(map(str, done.mended)),
        "rewritten": done.rewritten,
        "dry_run": done.dry_run,
    }


def _noticed(found: Noticed) -> dict[str, Any]:
    return {
        "profile": found.profile,
        **_place(found.record),
        "conflicts": list(found.conflicts),
        "waiting": list(found.waiting),
        "unaccepted": _by_machine(found.strange),
        "unsigned": list(map(str, found.unvouched)),
        "damaged": list(map(str, found.damaged)),
        "withheld": _by_machine(found.withheld),
    }


def _by_machine(files: Mapping[str, Sequence[RelPath]]) -> list[dict[str, Any]]:
    return [
        {"machine": name, "files": list(map(str, paths))} for name, paths in sorted(files.items())
    ]


def _place(record: Record) -> dict[str, Any]:
    return {
        "url": without_credentials(record.url),
        "machine": record.machine,
        "with": list(record.carried),
    }


def standing_data(found: Standing) -> dict[str, Any]:
    """Where the sync of a profile stands."""
    return {
        **_noticed(found),
        "reached": found.reached,
        "commit": found.record.seen.commit,
        "written": int(found.written),
        "coming": list(map(str, found.coming)),
        "going": list(map(str, found.going)),
        "refused": found.refused or None,
        "older": found.older or None,
        "machines": [
            {
                "name": name,
                "this": name == found.record.machine,
                "keys": print_of(one.key, one.signer) if one.signer else None,
                "accepted": name in found.accepted,
                "changed_keys": name in found.changed,
            }
            for name, one in sorted(found.machines.items())
        ],
    }


def changed_data(done: Changed) -> dict[str, Any]:
    """Which machines are left."""
    return {
        "profile": done.profile,
        "machine": done.machine,
        "machines": list(done.machines),
        "told": done.told,
        "keys": done.keys or None,
        "dropped": list(map(str, done.dropped)),
    }
