"""The JSON of ``apply`` and ``snapshot``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hermes_dist.voice.clean import error_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hermes_dist.decide.team.wanted import Team
    from hermes_dist.ops.team.apply import Open, Planned, Step
    from hermes_dist.ops.team.bundle import Made
    from hermes_dist.ops.team.snapshot import Snapshot


def apply_data(
    file: str,
    planned: Planned,
    left: Iterable[Open],
    *,
    dry_run: bool,
    spelled: Callable[[str], str],
    restarted: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """What was done, or would be, and what is left to decide."""
    return {
        "file": file,
        "dry_run": dry_run,
        "profiles": [str(one.name) for one in planned.team.profiles],
        "steps": [_step(step, spelled) for step in planned.steps],
        "troubles": [
            {"profile": name, "error": error_data(error, spelled)}
            for name, error in planned.troubles.items()
        ],
        "open": [
            {
                "profile": one.profile,
                "waiting": list(one.waiting),
                "conflicts": list(one.conflicts),
            }
            for one in left
        ],
        "missing": [{"profile": profile, "variable": name} for profile, name in planned.missing],
        "restart": list(map(str, planned.behind)),
        "restarted": list(restarted),
    }


def _step(step: Step, spelled: Callable[[str], str]) -> dict[str, Any]:
    proposal = step.outcome.proposal if step.outcome else None
    changes = None
    if proposal is not None:
        parked = {one.place for one in proposal.plan.parked}
        changes = {
            "files": [str(one.path) for one in proposal.steps],
            "approved": sorted({one.place for one in proposal.plan.effects} - parked),
            "waiting": sorted(parked),
            "conflicts": [one.place for one in proposal.plan.conflicts],
        }
    return {
        "profile": step.action.profile,
        "action": str(step.action.kind),
        "things": list(map(str, step.action.things)),
        "gone": list(step.action.gone),
        "answers": list(step.action.answers),
        "expired": step.action.expired,
        "state": str(step.state),
        "changes": changes,
        "error": error_data(step.error, spelled) if step.error else None,
    }


def snapshot_data(
    found: Snapshot, path: str, made: Made | None, spelled: Callable[[str], str]
) -> dict[str, Any]:
    """The file that describes a machine, and the bundle of what it needs."""
    return {
        "path": path or None,
        "text": found.text.decode(),
        "profiles": [str(one.name) for one in found.team.profiles],
        "local": list(found.local),
        "left_out": [
            {"profile": name, "error": error_data(error, spelled)} for name, error in found.left_out
        ],
        "bundle": _bundle(made) if made else None,
    }


def bundled_data(team: Team, made: Made) -> dict[str, Any]:
    """The bundle of what a file needs that exists already."""
    return {
        "path": None,
        "text": None,
        "profiles": [str(one.name) for one in team.profiles],
        "local": [],
        "left_out": [],
        "bundle": _bundle(made),
    }


def _bundle(made: Made) -> dict[str, Any]:
    return {
        "path": str(made.path),
        "size": made.size,
        "digest": made.digest,
        "repositories": list(made.repositories),
        "folders": list(made.folders),
        "names": list(made.names),
    }
