"""The two sides of a conflict, as a diff."""

from __future__ import annotations

from hermes_dist.decide.changes import Change, How, key_changes, text_diff
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import kind_of, load_data
from hermes_dist.model.plan import Conflict
from hermes_dist.model.tree import together
from hermes_dist.ops.change.proposal import Proposal


def both_files(proposal: Proposal, conflict: Conflict) -> tuple[bytes, bytes]:
    """The merged file with your side and with upstream's side of a conflict; empty if a side has none."""
    read = together(proposal.plan.blobs, proposal.read)
    step = next((s for s in proposal.plan.steps if s.path == conflict.path), None)
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
    step = next((s for s in proposal.plan.steps if s.path == conflict.path), None)
    ours = step.before if step else proposal.ours.get(conflict.path)
    theirs = proposal.tree.get(conflict.path)
    how = How.ADDED if ours is None else How.DELETED if theirs is None else How.CHANGED
    change = Change(conflict.path, how, ours, theirs)
    if conflict.key:
        rows = [
            k
            for k in key_changes(change, read)
            if k.key == conflict.key or k.key.startswith(f"{conflict.key}.")
        ]
        if rows:
            return [
                line for k in rows for line in (f"-{k.key}: {k.before}", f"+{k.key}: {k.after}")
            ]
    return text_diff(change, read, "yours", "theirs")


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
