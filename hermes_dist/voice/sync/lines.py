"""The sentences of ``sync``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hermes_dist.errors import counted
from hermes_dist.model.source import without_credentials
from hermes_dist.ops.change.review import groups_of
from hermes_dist.voice.clean import clean

if TYPE_CHECKING:
    from hermes_dist.model.paths import RelPath
    from hermes_dist.ops.sync.now import Synced
    from hermes_dist.ops.sync.status import Standing

_MOST = 12


def going_lines(paths: Sequence[RelPath], url: str, carried: Sequence[str] = ()) -> Iterator[str]:
    """Say what goes to the meeting place: files, and what is encrypted."""
    if not paths and not carried:
        return
    yield f"Goes to {clean(without_credentials(url))}:"
    yield from (f"  {clean(path)}" for path in paths[:_MOST])
    if len(paths) > _MOST:
        yield f"  … and {len(paths) - _MOST} more; -v lists them"
    if carried:
        yield f"  {' and '.join(map(clean, carried))}, encrypted"


def done_words(done: Synced) -> str:
    """Sum up what was done."""
    came = sum(len(outcome.proposal.steps) for outcome in done.outcomes if outcome.proposal)
    standing = "is in sync"
    if done.conflicts:
        standing = f"is in sync except for {counted(len(done.conflicts), 'conflict')}"
    if not came and not done.pushed:
        return f"{done.profile} {standing}."
    facts = [f"{counted(came, 'file')} in", f"{counted(len(done.sent), 'file')} out"]
    return f"{done.profile} {standing}: {', '.join(facts)}."


def remarks(done: Synced) -> Iterator[str]:
    """Say what did not travel, and why."""
    if done.variables:
        names = ", ".join(map(clean, done.variables))
        yield f"secrets stayed here; the other machines read these variables: {names}"
    if done.private:
        yield f"memories and sessions that came in: {counted(len(done.private), 'file')}"
    if done.unread:
        number = counted(len(done.unread), "file")
        yield (
            f"{number} of memories and sessions can't be read here yet: accept {done.record.machine} on another "
            "machine, sync there, then here"
        )
    for path in done.held:
        yield f"{clean(path)} can't be read, so the version of the others stays there"


def standing_rows(found: Standing) -> Iterator[tuple[str, str]]:
    """Where the sync of a profile stands, as names and values."""
    record = found.record
    yield "Meeting place", clean(without_credentials(record.url))
    yield "This machine", record.machine
    others = sorted(set(found.meeting.machines) - {record.machine})
    yield "Others", ", ".join(others) or "none yet"
    yield "Besides files", ", ".join(record.carried) or "nothing"
    yield "Coming in", counted(len(found.coming), "file")
    yield "Going out", counted(len(found.going), "file")
    if found.conflicts:
        yield "In conflict", ", ".join(map(clean, found.conflicts))
    if found.waiting:
        yield (
            "To approve",
            ", ".join(clean(group.label or group.name) for group in groups_of(found.parked)),
        )
