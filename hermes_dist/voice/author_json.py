"""JSON for authors: problems, what would ship, what was published; each object has its schema in ``schema/``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hermes_dist.voice.authoring.learned import verdict_words
from hermes_dist.voice.notes import sentences
from hermes_dist.voice.package_json import left_out_data
from hermes_dist.voice.problems import hint_words, problem_words

if TYPE_CHECKING:  # types only: a command loads the ops it needs, not those of the others
    from hermes_dist.ops.authoring.author import Packed, Place, Problem, Shipping
    from hermes_dist.ops.authoring.changes import Changes, Learned
    from hermes_dist.ops.authoring.contribute import Contributed
    from hermes_dist.ops.authoring.publish import Published
    from hermes_dist.ops.authoring.real_lines import Replaced
    from hermes_dist.ops.authoring.registry_entry import EntryPlan


def problem_data(problem: Problem) -> dict[str, Any]:
    """A problem of a package."""
    return {
        "path": problem.path,
        "line": problem.line,
        "level": str(problem.level),
        "rule": problem.rule,
        "message": problem_words(problem),
        "hint": hint_words(problem),
    }


def published_data(done: Published) -> dict[str, Any]:
    """A publication, done or planned."""
    made = done.publication
    return {
        "label": made.label,
        "repository": str(made.spec),
        "branch": made.branch,
        "tag": made.tag,
        "commit": done.commit,
        "before": made.head,
        "dry_run": done.dry_run,
        "changes": [{"path": path, "gone": entry is None} for path, entry in made.changes.items()],
        "taken_in": list(made.taken_in),
        "variables": list(made.leaving.variables),
        "stays": left_out_data(made.stays),
        "problems": [problem_data(one) for one in made.problems],
        "install": made.install_source,
        "entry": _entry_data(made.entry),
        "notes": list(sentences(made.notes)),
    }


def _entry_data(entry: EntryPlan | None) -> dict[str, Any] | None:
    """The entry that a registry gets."""
    if entry is None:
        return None
    return {
        "file": str(entry.file),
        "name": entry.package.name,
        "source": str(entry.package.source),
        "new": entry.before is None,
        "adds": entry.adds,
    }


def contributed_data(done: Contributed) -> dict[str, Any]:
    """A contribution, done or planned."""
    made = done.contribution
    return {
        "layer": made.layer,
        "repository": str(made.spec),
        "base": made.base,
        "message": made.message,
        "changes": [{"path": path, "gone": entry is None} for path, entry in made.changes.items()],
        "patch": str(done.patch or ""),
        "pushed": done.pushed,
        "notes": list(sentences(made.notes)),
    }


def changes_data(found: Changes) -> dict[str, Any]:
    """What was learned in a profile, and whose each change is."""
    return {
        "profile": found.profile,
        "changes": [_learned_data(row) for row in found.rows],
        "memory_files": list(found.memories),
        "whole": found.whole,
    }


def _learned_data(row: Learned) -> dict[str, Any]:
    value = row.value
    return {
        "place": row.place,
        "path": row.path,
        "how": str(row.how),
        "label": row.label,
        "before": value.before if value else "",
        "after": value.after if value else "",
        "own": row.own,
        "who": str(row.verdict.who),
        "sign": str(row.verdict.sign),
        "why": verdict_words(row.verdict),
    }


def validation_data(
    place: Place, problems: Iterable[Problem], secrets: Iterable[Replaced], *, valid: bool
) -> dict[str, Any]:
    """Whether a package is valid, its problems, and the secrets that do not ship."""
    return {
        "place": str(place),
        "valid": valid,
        "problems": [problem_data(one) for one in problems],
        "replaced": [{"path": o.path, "line": o.line, "variable": o.name} for o in secrets],
    }


def packed_data(file: object, made: Packed) -> dict[str, Any]:
    """A package in an archive."""
    return {
        "file": str(file),
        "files": made.files,
        "size": made.size,
        "notes": list(sentences(made.notes)),
    }


def shipping_data(found: Shipping) -> dict[str, Any]:
    """What would ship, and what does not."""
    files = [{"part": part, "path": path, "size": size} for part, path, size in found.files]
    return {
        "files": files,
        "stays": left_out_data(found.stays),
        "refused": list(found.refused),
        "variables": list(found.variables),
        "notes": list(sentences(found.notes)),
    }
