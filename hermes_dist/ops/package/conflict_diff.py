"""Show the two sides of a conflict as a diff."""

from __future__ import annotations

from hermes_dist.decide.changes import Change, How, key_changes, text_diff
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import kind_of, load_data
from hermes_dist.model.plan import Conflict, Step
from hermes_dist.model.tree import Entry, together
from hermes_dist.ops.change.proposal import Proposal


def both_files(proposal: Proposal, conflict: Conflict) -> tuple[bytes, bytes]:
    """The merged file with your side and with upstream's side of a conflict; empty if a side has none."""
    read = together(proposal.plan.blobs, proposal.read)
    step = _step_at(proposal, conflict)
    mine = step.after if step else proposal.ours.get(conflict.path)
    theirs = proposal.tree.get(conflict.path)
    return read(mine.digest) if mine else b"", read(theirs.digest) if theirs else b""


def conflict_lines(proposal: Proposal, conflict: Conflict) -> list[str]:
    """Show your side and upstream's side of a conflict.

    Args:
        proposal: The proposal with the open conflict.
        conflict: The conflict.
    """
    read = together(proposal.plan.blobs, proposal.read)
    step = _step_at(proposal, conflict)
    ours = step.before if step else proposal.ours.get(conflict.path)
    theirs = proposal.tree.get(conflict.path)
    change = Change(conflict.path, _how(ours, theirs), ours, theirs)
    if conflict.key:
        inside = f"{conflict.key}."
        lines: list[str] = []
        for row in key_changes(change, read):
            if row.key == conflict.key or row.key.startswith(inside):
                lines += [f"-{row.key}: {row.before}", f"+{row.key}: {row.after}"]
        if lines:
            return lines
    return text_diff(change, read, "yours", "theirs")


def _step_at(proposal: Proposal, conflict: Conflict) -> Step | None:
    return next((step for step in proposal.plan.steps if step.path == conflict.path), None)


def _how(before: Entry | None, after: Entry | None) -> How:
    if before is None:
        return How.ADDED
    return How.DELETED if after is None else How.CHANGED


def fault_of(conflict: Conflict, before: bytes, after: bytes) -> str:
    """Say why an edited document can't be read any more; empty if it can, or could not before."""
    kind = kind_of(conflict.path)
    if kind is None:
        return ""
    try:
        load_data(before, kind)
    except Invalid:
        return ""
    try:
        load_data(after, kind)
    except Invalid as error:
        return str(error)
    return ""
