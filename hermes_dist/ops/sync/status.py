"""Where the sync of a profile stands; nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import field

from hermes_dist.decide.sync.known import accepted_machines, changed_keys
from hermes_dist.errors import Refused, Unreachable
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.sync.meeting import Machine
from hermes_dist.model.tree import EMPTY
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.counted import counted
from hermes_dist.ops.sync.incoming import synced_home
from hermes_dist.ops.sync.meeting import Meeting, known_about, meet, place_at, read_commit
from hermes_dist.ops.sync.noticed import Noticed
from hermes_dist.ops.sync.now import broken_words, relation_of, up_to_date
from hermes_dist.ops.sync.send import outgoing_of
from hermes_dist.ops.sync.state import lock_of, need_record, written_at
from hermes_dist.ops.sync.waiting import together_with


class Standing(Noticed, frozen=True, kw_only=True):
    """Where the sync of a profile stands, besides what was noticed.

    Attributes:
        meeting: What the meeting place holds; what this machine last saw, if it can't be reached.
        reached: The meeting place was asked just now.
        coming: The shared files that others changed since.
        going: The shared files that changed here since.
        refused: Why nothing can be sent from here; empty if it can.
        machines: The machines that meet there, by name.
        accepted: Those whose files come in here.
        older: Why nothing is synced: another history than this machine saw lacks some of it. Empty if it does not.
        written: When this machine last wrote down what it knows of the meeting place, in seconds: each sync ends so.
    """

    meeting: Meeting
    reached: bool
    coming: tuple[RelPath, ...] = ()
    going: tuple[RelPath, ...] = ()
    refused: str = ""
    machines: Mapping[str, Machine] = field(default_factory=dict)
    accepted: tuple[str, ...] = ()
    older: str = ""
    written: float = 0.0


def standing(ctx: Context, name: ProfileName) -> Standing:
    """Look where the sync of a profile stands.

    Raises:
        DistError: The profile is not synced, or can't be read.
    """
    record = need_record(ctx, name)
    place = place_at(ctx, record.url, record.branch, record.machine)
    known = known_about(name, record)
    last = read_commit(ctx, place, record.seen.commit, known)
    try:
        now, reached = meet(ctx, place, known, record.seen.commit), True
    except Unreachable:
        now, reached = last, False
    meeting = now or last
    relation = relation_of(place, record, meeting)
    record = up_to_date(ctx, name, record, meeting)
    counts = counted(ctx, record, meeting)
    home = synced_home(ctx, name, record)
    lock = lock_of(record)
    going: tuple[RelPath, ...] = ()
    refused = ""
    try:
        going = outgoing_of(ctx, place, counted(ctx, record, last), home).changes
    except Refused as err:
        refused = err.what
    base = lock.theirs() if lock else EMPTY
    return Standing(
        profile=name,
        record=record,
        meeting=meeting,
        reached=reached,
        coming=tuple(counts.profile.differing(base)),
        going=going,
        refused=refused,
        conflicts=tuple(c.words for c in lock.conflicts) if lock else (),
        parked=together_with(home.itself.lock, lock),
        machines=counts.machines,
        accepted=accepted_machines(record, counts.machines),
        changed=changed_keys(record, counts.machines),
        strange=counts.strange,
        unvouched=counts.unvouched,
        damaged=meeting.damaged,
        withheld=counts.withheld,
        older=broken_words(relation, counts),
        written=written_at(ctx.layout.home(name)),
    )
