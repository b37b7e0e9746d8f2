"""Sync now: take in what others sent, then send what changed here; again, if another machine was faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.sync.vouched import accepted_machines, changed_keys, with_first_seen
from hermes_dist.errors import Busy, Refused
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.plan import Effect
from hermes_dist.model.sync.meeting import (
    PRIVATE,
    PRIVATE_INDEX,
    RECIPIENTS,
    Machine,
    dump_json,
    machine_path,
    with_recipient,
)
from hermes_dist.model.sync.record import Record
from hermes_dist.model.tree import Entry, Tree
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.incoming import SyncedHome, propose_theirs, synced_home
from hermes_dist.ops.sync.meeting import Meeting, Place, meet, place_at, push
from hermes_dist.ops.sync.private import (
    Deletion,
    Exchanged,
    deletions,
    drop_older,
    exchange_private,
    key_path,
    signer_path,
)
from hermes_dist.ops.sync.send import Outgoing, is_also, outgoing_of
from hermes_dist.ops.sync.state import alone, lock_of, need_record, read_record, write_record
from hermes_dist.ops.sync.waiting import together_with
from hermes_dist.world.keys.machine import own_key
from hermes_dist.world.keys.signer import Signer

TRIES = 6
"""How often to take in and send again because another machine was faster."""

Agree = Callable[[Outgoing], bool]
"""Shows what would be sent, and asks; False means no."""
Losing = Callable[[Sequence[Deletion]], bool]
"""Shows which memories and sessions other machines deleted, and asks whether they go to the trash here, too; False
keeps them, and sends them again."""


def keeping_all(_: Sequence[Deletion]) -> bool:
    """Let nothing go."""
    return False


class Synced(Struct, frozen=True, kw_only=True):
    """The result of a sync.

    Attributes:
        profile: The profile.
        record: What this machine remembers now.
        meeting: What the meeting place held before anything was sent.
        outcomes: What came in, one for each time that something did.
        sent: The shared files that were sent, or would be.
        commit: The commit that the meeting place is at; empty for a dry run.
        pushed: Something was sent.
        conflicts: Where the machines disagree and nobody has settled it yet.
        parked: What waits for approval here.
        variables: Names of variables that took the place of secrets.
        held: Files that can't be read as data, so the others' version stays.
        private: Memories and sessions that came in.
        unread: What this machine can't read yet: nobody encrypted it to its key.
        unknown: Machines that want to read what is encrypted, and that nobody accepted here.
        changed: Machines whose keys are other ones than this machine saw first.
        deleted: Memories and sessions that another machine deleted: in the trash now, or they would be.
        strange: Memories and sessions that wait because a machine wrote them that nobody accepted here, by its name.
        unsigned: Memories and sessions at the meeting place that no machine says that it wrote.
        returned: Memories and sessions that no machine deleted or replaced there, and that are sent again.
        dry_run: Nothing was changed.
    """

    profile: ProfileName
    record: Record
    meeting: Meeting | None = None
    outcomes: tuple[Outcome, ...] = ()
    sent: tuple[RelPath, ...] = ()
    commit: str = ""
    pushed: bool = False
    conflicts: tuple[str, ...] = ()
    parked: tuple[Effect, ...] = ()
    variables: tuple[str, ...] = ()
    held: tuple[RelPath, ...] = ()
    private: tuple[RelPath, ...] = ()
    unread: tuple[RelPath, ...] = ()
    unknown: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    deleted: tuple[RelPath, ...] = ()
    strange: Mapping[str, tuple[RelPath, ...]] = field(default_factory=dict)
    unsigned: tuple[RelPath, ...] = ()
    returned: tuple[RelPath, ...] = ()
    dry_run: bool = False

    @property
    def waiting(self) -> tuple[str, ...]:
        """The places of what waits for approval."""
        return tuple(sorted({effect.place for effect in self.parked}))


def sync_now(
    ctx: Context,
    name: ProfileName,
    request: Request,
    confirm: Confirm,
    allowed: frozenset[str] = frozenset(),
    losing: Losing = keeping_all,
) -> Synced:
    """Take in what others sent, and send what changed here.

    Args:
        ctx: The context.
        name: The profile.
        request: The options.
        confirm: Shows what comes in and asks for confirmation.
        allowed: Findings that may be sent, as ``FILE:LINE``.
        losing: Shows which memories and sessions would go, and asks.

    Raises:
        Refused: A secret would leave, or the meeting place's history was rewritten.
        Busy: Other machines were faster each time; what came in stays, nothing was sent.
        DistError: The profile or the meeting place can't be read or written.
    """
    with alone(ctx, name):
        record = need_record(ctx, name)
        place = place_at(ctx, record.url, record.branch, record.machine)
        return exchange(ctx, place, name, record, request, confirm, allowed, losing)


def exchange(
    ctx: Context,
    place: Place,
    name: ProfileName,
    record: Record,
    request: Request,
    confirm: Confirm,
    allowed: frozenset[str] = frozenset(),
    losing: Losing = keeping_all,
) -> Synced:
    """Take in and send, until the meeting place holds what this machine has; the caller keeps others away."""
    outcomes: list[Outcome] = []
    asked = _Asked(losing)
    for turn in range(TRIES):
        meeting = _still_there(ctx, place, name, record)
        record = with_first_seen(still_trusting(record, meeting), meeting.machines)
        going = deletions(ctx.layout.home(name), record, meeting)
        agreed = () if request.dry_run else asked.about(going)
        home = synced_home(ctx, name, record)
        outcome = _take_in(ctx, place, meeting, home, request, confirm)
        if outcome is not None:
            outcomes.append(outcome)
        if request.dry_run:
            would = _would(ctx, place, meeting, home, outcomes)
            return replace(would, deleted=tuple(one.path for one in going))
        record = with_first_seen(read_record(home.path) or record, meeting.machines)
        home = synced_home(ctx, name, record)
        record = with_own_key(home.path, still_trusting(record, meeting))
        also = other_files(ctx, home.path, record, meeting, agreed)
        made = outgoing_of(ctx, place, meeting, home, also.files, allowed)
        try:
            commit = push(ctx, place, made.push) if made.is_new else meeting.commit
        except Busy:
            if turn == TRIES - 1:
                raise
            continue
        seen = replace(record.seen, private=also.seen, marks=also.marks)
        record = replace(record, seen=made.seen(commit, seen))
        write_record(home.path, record)
        drop_older(home.path, record)
        own = synced_home(ctx, name, record).itself.lock
        result = _result(name, record, meeting, outcomes, made, own)
        return replace(
            result,
            private=also.came,
            unread=also.unread,
            deleted=also.trashed,
            strange=also.strange,
            unsigned=also.unsigned,
            returned=also.returned,
        )
    raise AssertionError  # the last turn returns or raises


class _Asked:
    """Asks about each deletion once, however often another machine is faster."""

    def __init__(self, losing: Losing) -> None:
        self.losing = losing
        self.answers: dict[Deletion, bool] = {}

    def about(self, going: Sequence[Deletion]) -> tuple[Deletion, ...]:
        """Return those that somebody agreed to."""
        new = [one for one in going if one not in self.answers]
        if new:
            self.answers |= dict.fromkeys(new, self.losing(new))
        return tuple(one for one in going if self.answers[one])


def still_trusting(record: Record, meeting: Meeting) -> Record:
    """Return a record without the keys that others took away: if one comes back, it has to be accepted again."""
    return replace(record, known=tuple(key for key in record.known if key in meeting.recipients))


def with_own_key(home: Path, record: Record) -> Record:
    """Return a record that knows this machine's keys, if something travels encrypted; makes those that are missing.

    Raises:
        DistError: The library is missing, or a key can't be read or written.
    """
    if not record.carried:
        return record
    own = own_key(key_path(home))
    known = tuple(dict.fromkeys((*record.known, own)))
    return replace(record, own=own, known=known, signer=Signer(signer_path(home)).public)


def other_files(
    ctx: Context,
    home: Path,
    record: Record,
    meeting: Meeting | None,
    agreed: Sequence[Deletion] = (),
    *,
    write: bool = True,
) -> Exchanged:
    """The files about machines, and what is encrypted; memories and sessions are merged into the home on the way.

    Args:
        ctx: The context.
        home: The home.
        record: What this machine remembers, with its key.
        meeting: What the meeting place holds; None for an empty one.
        agreed: Deletions by other machines that somebody agreed to.
        write: Whether anything may be written; otherwise memories and sessions are left out.

    Raises:
        DistError: A file can't be read or written.
    """
    there = dict(meeting.whole.where(is_also)) if meeting else {}
    machine = Machine(name=record.machine, key=record.own, signer=record.signer)
    there[machine_path(record.machine)] = Entry(ctx.store.put(dump_json(machine)))
    if not (record.carried and record.own and write):
        return Exchanged(files=Tree(there), seen=record.seen.private, marks=record.seen.marks)
    if meeting is None:
        text = with_recipient(b"", record.machine, record.own)
        there[RECIPIENTS] = Entry(ctx.store.put(text))
    rest = {p: e for p, e in there.items() if not p.under(PRIVATE) and p != PRIVATE_INDEX}
    done = exchange_private(ctx, home, record, meeting, agreed)
    return replace(done, files=Tree({**rest, **done.files}))


def _still_there(ctx: Context, place: Place, name: ProfileName, record: Record) -> Meeting:
    """Read the meeting place, and make sure that it went on from what this machine last saw.

    Raises:
        Refused: Its history was rewritten, or it is empty now.
    """
    meeting = meet(ctx, place)
    again = ctx.command(f"sync leave {name}")
    hint = f"if that was meant: {again}, then join or init again; nothing of the profile is lost"
    if meeting is None:
        raise Refused("the meeting place is empty now", where=place.shown, hint=hint)
    seen = record.seen.commit
    if seen and seen != meeting.commit:
        relation = place.git.relation(place.url, seen, meeting.commit)
        if relation in ("backward", "unrelated"):
            raise Refused(
                "the history of the meeting place was rewritten, so it may lack what others sent",
                where=place.shown,
                hint=hint,
            )
    return meeting


def _take_in(
    ctx: Context,
    place: Place,
    meeting: Meeting,
    home: SyncedHome,
    request: Request,
    confirm: Confirm,
) -> Outcome | None:
    """Merge what others sent into the home; None if that is here already."""
    lock = home.lock
    # What waited may be settled by now, by a hand or by an approval.
    is_open = lock is not None and bool(lock.upstream or lock.conflicts or lock.parked)
    if meeting.commit == home.record.seen.commit and not is_open:
        return None
    make = partial(propose_theirs, ctx, place, meeting, home)
    return confirm_and_carry_out(ctx, make, request, confirm, request.questions.conflicts)


def _would(
    ctx: Context, place: Place, meeting: Meeting, home: SyncedHome, outcomes: list[Outcome]
) -> Synced:
    """The result of a dry run: what would come in, and what changed here so far."""
    open_there = outcomes[-1].proposal.plan.conflicts if outcomes and outcomes[-1].proposal else ()
    would = Synced(
        profile=home.name,
        record=home.record,
        meeting=meeting,
        outcomes=tuple(outcomes),
        conflicts=tuple(c.words for c in open_there),
        dry_run=True,
    )
    if not home.path.is_dir():  # a profile that is new here has nothing to send
        return would
    made = outgoing_of(ctx, place, meeting, home)
    return replace(would, sent=made.changes, variables=made.variables, held=made.held)


def _result(
    name: ProfileName,
    record: Record,
    meeting: Meeting,
    outcomes: list[Outcome],
    made: Outgoing,
    own: Lock | None,
) -> Synced:
    lock = lock_of(record)
    return Synced(
        profile=name,
        record=record,
        meeting=meeting,
        outcomes=tuple(outcomes),
        sent=made.changes,
        commit=record.seen.commit,
        pushed=made.is_new,
        conflicts=tuple(c.words for c in lock.conflicts) if lock else (),
        parked=together_with(own, lock),
        variables=made.variables,
        held=made.held,
        unknown=unknown_to(record, meeting),
        changed=changed_keys(record, meeting.machines),
    )


def unknown_to(record: Record, meeting: Meeting) -> tuple[str, ...]:
    """The machines that want to read what is encrypted, and that nobody accepted on this one."""
    if not record.carried:
        return ()
    settled = {
        *accepted_machines(record, meeting.machines),
        *changed_keys(record, meeting.machines),
    }
    return tuple(
        name for name, one in sorted(meeting.machines.items()) if one.key and name not in settled
    )
