"""Show the sides of a conflict: their values, a diff, and a copy of the file to edit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from msgspec import Struct

from hermes_dist.agents.places import CONFIG, JOBS
from hermes_dist.decide.changes import Change, How, KeyChange, key_changes, shown_value, text_diff
from hermes_dist.decide.conflicts.apart import apart
from hermes_dist.decide.conflicts.jobs import is_job, job_called, written_in
from hermes_dist.decide.conflicts.marked_copy import Copy, Received, marked_copy, value_at
from hermes_dist.decide.consent.parking import park, with_twins
from hermes_dist.decide.placement.migrations import follow_agent
from hermes_dist.decide.placement.timing import schedule_words
from hermes_dist.errors import Invalid, Lost
from hermes_dist.model.documents.api import ABSENT, Kind, kind_of, load_data
from hermes_dist.model.documents.told import told
from hermes_dist.model.keypath import BODY, KeyPath, parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict, Step
from hermes_dist.model.side import Apart
from hermes_dist.model.tree import Digest, Entry, Tree, together
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.context import Context

__all__ = [
    "Copy",
    "Sides",
    "both_files",
    "conflict_lines",
    "copy_of",
    "fault_in",
    "sides_of",
    "three_files",
]


class Sides(Struct, frozen=True, kw_only=True):
    """The values at a conflict, each on one line with secrets hidden.

    Attributes:
        was: As received; None if there was none.
        yours: None if you deleted it.
        theirs: None if upstream deleted it.
        has_values: Whether it is about a value; otherwise about a text or a whole file, and there are none.
        apart: Why both sides can't be taken at once; None if they can.
        job: The name of the cron job that it is about; empty for all else.
    """

    was: str | None = None
    yours: str | None = None
    theirs: str | None = None
    has_values: bool = False
    apart: Apart | None = None
    job: str = ""


def sides_of(ctx: Context, proposal: Proposal, conflict: Conflict) -> Sides:
    """Return the values at a conflict of a proposal.

    Raises:
        DistError: A content can't be read.
    """
    files = three_files(proposal, conflict)
    why = apart(conflict, *files)
    key = parse_key(conflict.key)
    if not key or key == BODY:
        return Sides(apart=why)
    was, yours, theirs = (value_at(conflict.path, data, key) for data in files)
    mask = Mask.of(ctx, proposal.home.path)

    def shown(value: object) -> str | None:
        if value is ABSENT:
            return None
        return mask.key(KeyChange(conflict.key, "", _shown(conflict.path, key, value))).after

    return Sides(
        was=shown(was),
        yours=shown(yours),
        theirs=shown(theirs),
        has_values=True,
        apart=why,
        job=mask.lines([_job_of(conflict, files)])[0],
    )


def _job_of(conflict: Conflict, files: Iterable[bytes | None]) -> str:
    """The name of the job that a conflict is about: yours, else upstream's or the one that was received."""
    if conflict.path != JOBS:
        return ""
    was, yours, theirs = files
    documents = [value_at(conflict.path, data, ()) for data in (yours, theirs, was)]
    return job_called(conflict.path, parse_key(conflict.key), documents)


def _shown(path: RelPath, key: KeyPath, value: object) -> str:
    """Show a value on one line; the schedule of a job in words."""
    if path == JOBS and key[-1] == "schedule" and isinstance(value, Mapping):
        return schedule_words(value)
    if is_job(path, key) and isinstance(value, Mapping):
        return shown_value(written_in(value))
    return shown_value(value)


def three_files(
    proposal: Proposal, conflict: Conflict
) -> tuple[bytes | None, bytes | None, bytes | None]:
    """The file as received, yours and upstream's; None for a side without it.

    What was received may be lost; the file then counts as added on both sides, as it does for a merge.
    """
    read = together(proposal.plan.blobs, proposal.read)
    base, *others = (proposal.home.base, proposal.ours, proposal.tree)
    if proposal.lock and (proposal.new or not proposal.tree):
        # Going back merges with no package, and an import into a new home with none before: what is open then is what
        # the lock remembers.
        lock = proposal.lock
        base, others = lock.base, [proposal.plan.after(proposal.ours), lock.theirs()]
    was, *sides = (tree.get(conflict.path) for tree in (base, *others))
    received = None
    with suppress(Lost):
        received = read(was.digest) if was else None
    yours, theirs = (read(entry.digest) if entry else None for entry in sides)
    return received, yours, theirs


def copy_of(proposal: Proposal, conflict: Conflict) -> Copy:
    """Make the copy to edit for a conflict; empty where a side has no file."""
    was = three_files(proposal, conflict)[0] or b""
    yours, _ = both_files(proposal, conflict)
    received = Received(was, _without_parked(proposal, conflict))
    path = conflict.path
    here = ((each.path, each.key) for each in proposal.plan.conflicts if each.path == path)
    keys = [parse_key(key) for _, key in with_twins(here)]
    return marked_copy(path, keys, yours, received, _followed(proposal, path, received))


def _followed(proposal: Proposal, path: RelPath, received: Received) -> Received | None:
    """What was received as the agent has migrated the home, as it is merged; None for what no agent migrates."""
    if path != CONFIG or received.theirs is None:
        return None
    sides = (received.was, received.theirs)
    blobs = {Digest.of(data): data for data in sides}
    read = together(blobs, together(proposal.plan.blobs, proposal.read))
    base, theirs = (Tree({RelPath(path): Entry(Digest.of(data))}) for data in sides)
    found = follow_agent(base, theirs, proposal.ours.where(lambda at: at == path), read)
    read = together(found.blobs, read)
    was, new = (read(tree[path].digest) for tree in (found.base, found.theirs))
    return Received(was, new)


def _without_parked(proposal: Proposal, conflict: Conflict) -> bytes | None:
    """Upstream's file without what waits for approval: an edited file counts as yours, so nothing would ask again."""
    read = together(proposal.plan.blobs, proposal.read)
    theirs = proposal.tree.where(lambda path: path == conflict.path)
    parked = [effect for effect in proposal.plan.parked if effect.path == conflict.path]
    offered = park(theirs, proposal.home.base, parked, read)
    entry = offered.tree.get(conflict.path)
    return together(offered.blobs, read)(entry.digest) if entry else None


def both_files(proposal: Proposal, conflict: Conflict) -> tuple[bytes, bytes]:
    """The merged file with your side and with upstream's side of a conflict; empty if a side has none."""
    read = together(proposal.plan.blobs, proposal.read)
    step = _step_at(proposal, conflict)
    mine = step.after if step else proposal.ours.get(conflict.path)
    theirs = proposal.tree.get(conflict.path)
    return read(mine.digest) if mine else b"", read(theirs.digest) if theirs else b""


def conflict_lines(ctx: Context, proposal: Proposal, conflict: Conflict) -> list[str]:
    """Show your side and upstream's side of a conflict, with secrets hidden.

    Args:
        ctx: The context.
        proposal: The proposal with the open conflict.
        conflict: The conflict.
    """
    mask = Mask.of(ctx, proposal.home.path)
    read = together(proposal.plan.blobs, proposal.read)
    step = _step_at(proposal, conflict)
    ours = step.before if step else proposal.ours.get(conflict.path)
    theirs = proposal.tree.get(conflict.path)
    change = Change(conflict.path, _how(ours, theirs), ours, theirs)
    if conflict.key:
        inside = f"{conflict.key}."
        lines: list[str] = []
        for row in map(mask.key, key_changes(change, read)):
            if row.key == conflict.key or row.key.startswith(inside):
                lines += [f"-{row.key}: {row.before}", f"+{row.key}: {row.after}"]
        if lines:
            return lines
    return mask.lines(text_diff(change, read, "yours", "theirs"))


def _step_at(proposal: Proposal, conflict: Conflict) -> Step | None:
    return next((step for step in proposal.plan.steps if step.path == conflict.path), None)


def _how(before: Entry | None, after: Entry | None) -> How:
    if before is None:
        return How.ADDED
    return How.DELETED if after is None else How.CHANGED


def fault_in(copy: Copy, conflict: Conflict, after: bytes) -> str:
    """Say why an edited copy decides nothing; empty if it does.

    Args:
        copy: The copy as it was made.
        conflict: The conflict that it is about.
        after: The edited text.
    """
    line = copy.marker(after)
    if line:
        return f"a conflict marker is left in line {line}"
    fault = _fault_of(conflict, copy, after)
    if fault:
        return f"it could not be read any more: {fault}"
    return ""


def _fault_of(conflict: Conflict, copy: Copy, after: bytes) -> str:
    """Say why an edited document can't be read any more; empty if it can, or neither side could before."""
    kind = kind_of(conflict.path)
    if kind is None or all(_unreadable(side, kind) for side in (copy.yours, copy.theirs)):
        return ""
    error = _unreadable(after, kind)
    return told(error) if error else ""


def _unreadable(data: bytes, kind: Kind) -> Invalid | None:
    try:
        load_data(data, kind)
    except Invalid as error:
        return error
    return None
