"""JSON of profiles: what they are, and what became of them; each object has its schema in ``schema/``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hermes_dist.decide.trash import TRASH_DAYS
from hermes_dist.voice.findings import (
    fact_hint,
    fact_words,
    finding_hint,
    finding_words,
    group_of,
)
from hermes_dist.voice.notes import sentences

if TYPE_CHECKING:  # types only: a command loads the ops it needs, not those of the others
    from hermes_dist.model.left_out import Link
    from hermes_dist.ops.profile_changes import Back, Belongings, Gone, Made, Renamed
    from hermes_dist.ops.profiles.aliases import Alias
    from hermes_dist.ops.profiles.doctor import Report
    from hermes_dist.ops.profiles.list import ProfileRow
    from hermes_dist.ops.stored import StoredProfile
    from hermes_dist.ops.transfer.backup import Backed, Restored
    from hermes_dist.ops.transfer.export import Exported


def used_data(profile: str) -> dict[str, Any]:
    """The profile that plain commands are about now."""
    return {"profile": profile}


def link_data(profile: str, link: Link, *, followed: bool) -> dict[str, Any]:
    """A link in a home, and whether it is followed now."""
    return {"profile": profile, "path": link.path, "target": link.target, "followed": followed}


def alias_data(profile: str, made: Alias) -> dict[str, Any]:
    """A command of its own for a profile."""
    return {"profile": profile, "alias": made.name, "path": str(made.path)}


def alias_removed_data(profile: str, gone: Alias) -> dict[str, Any]:
    """A command that was taken away."""
    return {"profile": profile, "removed": gone.name}


def made_data(made: Made, *, dry_run: bool) -> dict[str, Any]:
    """A profile that was created."""
    return {
        "profile": made.name,
        "path": str(made.path),
        "alias": made.alias,
        "on_path": made.on_path,
        "skills": made.skills,
        "source": made.source,
        "variables": list(made.variables),
        "left_out": list(made.left_out),
        "credentials": list(made.credentials),
        "notes": list(sentences(made.notes)),
        "dry_run": dry_run,
    }


def renamed_data(done: Renamed, *, dry_run: bool) -> dict[str, Any]:
    """A profile that was renamed."""
    return {
        "old": done.old,
        "profile": done.new,
        "path": str(done.path),
        "stopped": list(done.stopped),
        "aliases": list(done.commands),
        "sticky": done.sticky,
        "gateway": done.gateway,
        "services": list(done.services),
        "notes": list(sentences(done.notes)),
        "dry_run": dry_run,
    }


def leaving_data(leaving: Belongings, row: ProfileRow, due: int) -> dict[str, Any]:
    """A profile that would be put away, with what would go along and what would stay behind.

    Args:
        leaving: What would go along.
        row: What the profile is.
        due: How many older profiles would leave the trash for good.
    """
    return {
        "profile": leaving.name,
        "path": str(leaving.path),
        "model": row.model,
        "package": row.package,
        "gateway": leaving.gateway,
        "aliases": list(leaving.commands),
        "services": list(leaving.services),
        "sticky": leaving.sticky,
        "routes": leaving.routes,
        "tasks": leaving.tasks,
        "due": due,
        "days": TRASH_DAYS,
        "notes": list(sentences(leaving.settings)),
        "dry_run": True,
    }


def gone_data(gone: Gone) -> dict[str, Any]:
    """A profile that was put away."""
    return {
        "profile": gone.leaving.name,
        "path": str(gone.path),
        "purged": gone.purged,
        "stopped": list(gone.stopped),
        "aliases": list(gone.leaving.commands),
        "services": list(gone.leaving.services),
        "notes": list(sentences(gone.notes)),
        "expired": gone.expired,
        "routes": gone.leaving.routes,
        "sticky": gone.leaving.sticky,
        "days": TRASH_DAYS,
        # A dry run of delete or archive writes an object of its own, under the same schema.
        "dry_run": False,
    }


def back_data(back: Back, *, dry_run: bool) -> dict[str, Any]:
    """A profile that was restored."""
    return {
        "profile": back.name,
        "was": back.was,
        "path": str(back.path),
        "from": back.place,
        "sticky": back.was_sticky,
        "aliases": list(back.commands),
        "services": list(back.services),
        "notes": list(sentences(back.notes)),
        "dry_run": dry_run,
    }


def away_data(found: Iterable[StoredProfile]) -> dict[str, Any]:
    """The profiles in the trash and the archive."""
    return {
        "profiles": [
            {
                "profile": a.name,
                "id": a.path.name,
                "from": a.place,
                "since": a.when.isoformat(),
                "path": str(a.path),
            }
            for a in found
        ]
    }


def doctor_data(report: Report) -> dict[str, Any]:
    """What the doctor found and mended."""
    rows = [
        {
            "kind": finding.kind,
            "what": finding_words(finding),
            "where": finding.where,
            "hint": finding_hint(finding),
            "fixable": finding.fix is not None,
            "fixed": finding in report.fixed,
        }
        for finding in report.findings
    ]
    checks = [
        {
            "check": checked.topic,
            "group": group_of(checked.topic),
            "state": checked.state,
            "said": [
                {"state": fact.state, "what": fact_words(fact), "hint": fact_hint(fact)}
                for fact in checked.facts
            ],
        }
        for checked in report.checks
    ]
    return {
        "findings": rows,
        "open": len(report.open),
        "failed": report.failed,
        "checks": checks,
    }


def backed_data(done: Backed, machine: Mapping[str, Any]) -> dict[str, Any]:
    """A backup that was made, with what of the machine's own is in it."""
    return {
        "path": str(done.path),
        "size": done.size,
        "whole": done.whole,
        "profiles": [
            {
                "profile": each.profile,
                "files": each.files,
                "left_out": list(each.left_out),
                "unread": list(each.missed),
                "notes": list(sentences(each.notes)),
            }
            for each in done.profiles
        ],
        "missed": [{"profile": each.profile, "error": str(each.error)} for each in done.missed],
        "machine": machine,
    }


def restored_data(
    path: str, done: Iterable[Restored], machine: Mapping[str, Any], *, dry_run: bool
) -> dict[str, Any]:
    """The profiles that were restored from a backup, and what of the machine's own was."""
    return {
        "path": path,
        "dry_run": dry_run,
        "profiles": [
            {
                "name": each.name,
                "profile": each.profile,
                "done": each.outcome is not None and each.outcome.done,
                "error": str(each.error or ""),
            }
            for each in done
        ],
        "machine": machine,
    }


def exported_data(done: Exported) -> dict[str, Any]:
    """A profile that was exported."""
    return {
        "profile": done.profile,
        "path": str(done.path),
        "size": done.size,
        "files": done.files,
        "variables": list(done.variables),
        "about_you": list(done.about_you),
        "left_out": list(done.left_out),
        "unread": list(done.missed),
        "notes": list(sentences(done.notes)),
    }
