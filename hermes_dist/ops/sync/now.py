"""Sync now: take in what others sent, then send what changed here; again, if another machine was faster."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.sync.known import (
    accepted_machines,
    changed_keys,
    forgotten_by,
    present,
    trusted_at_first,
    with_first_seen,
    with_gone,
)
from hermes_dist.decide.sync.withheld import with_sent
from hermes_dist.errors import Busy, Refused, first_few
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.sync.meeting import (
    PRIVATE,
    PRIVATE_INDEX,
    RECIPIENTS,
    About,
    Machine,
    machine_path,
    with_recipient,
)
from hermes_dist.model.sync.record import Record
from hermes_dist.model.tree import Entry, Tree
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.counted import (
    Counted,
    Unsigned,
    counted,
    unvouched_in,
    waiting_by_machine,
)
from hermes_dist.ops.sync.incoming import SyncedHome, propose_theirs, synced_home
from hermes_dist.ops.sync.meeting import Meeting, Place, known_about, meet, place_at, push
from hermes_dist.ops.sync.noticed import Noticed
from hermes_dist.ops.sync.private import (
    Deletion,
    Exchanged,
    deletions,
    drop_older,
    exchange_private,
    key_path,
)
from hermes_dist.ops.sync.roster import roster
from hermes_dist.ops.sync.send import Outgoing, is_also, outgoing_of
from hermes_dist.ops.sync.sign import signed
from hermes_dist.ops.sync.state import (
    alone,
    lock_of,
    need_record,
    read_record,
    shown_url,
    signer_path,
    write_record,
)
from hermes_dist.ops.sync.waiting import together_with
from hermes_dist.world.keys.machine import own_key
from hermes_dist.world.keys.signer import Signer, is_signed

_MOST = 6
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


class Synced(Noticed, frozen=True, kw_only=True):
    """The result of a sync, besides what was noticed.

    Attributes:
        meeting: What the meeting place held before anything was sent.
        outcomes: What came in, one for each time that something did.
        sent: The shared files that were sent, or would be.
        commit: The commit that the meeting place is at; empty for a dry run.
        pushed: Something was sent.
        variables: Names of variables that took the place of secrets.
        held: Files that can't be read as data, so the others' version stays.
        private: Memories and sessions that came in.
        unread: What this machine can't read yet: nobody encrypted it to its key.
        unknown: Machines that nobody accepted here, or that want to read what is encrypted and can't.
        deleted: Memories and sessions that another machine deleted: in the trash now, or they would be.
        unsigned: Memories and sessions at the meeting place that no machine says that it wrote.
        returned: Memories and sessions that no machine deleted or replaced there, and that are sent again.
        mended: Files about machines that were missing or damaged there, and that this machine wrote again.
        rewritten: The meeting place shows another history than this machine saw.
        dry_run: Nothing was changed.
    """

    meeting: Meeting | None = None
    outcomes: tuple[Outcome, ...] = ()
    sent: tuple[RelPath, ...] = ()
    commit: str = ""
    pushed: bool = False
    variables: tuple[str, ...] = ()
    held: tuple[RelPath, ...] = ()
    private: tuple[RelPath, ...] = ()
    unread: tuple[RelPath, ...] = ()
    unknown: tuple[str, ...] = ()
    deleted: tuple[RelPath, ...] = ()
    unsigned: tuple[RelPath, ...] = ()
    returned: tuple[RelPath, ...] = ()
    mended: tuple[RelPath, ...] = ()
    rewritten: bool = False
    dry_run: bool = False


def sync_now(
    ctx: Context,
    name: ProfileName,
    request: Request,
    confirm: Confirm,
    allowed: frozenset[str] = frozenset(),
    losing: Losing = keeping_all,
    unsigned: Unsigned = Unsigned.WAIT,
) -> Synced:
    """Take in what others sent, and send what changed here.

    Args:
        ctx: The context.
        name: The profile.
        request: The options.
        confirm: Shows what comes in and asks for confirmation.
        allowed: Findings that may be sent, as ``FILE:LINE``.
        losing: Shows which memories and sessions would go, and asks.
        unsigned: What becomes of shared files that none of the machines left as they are there.

    Raises:
        Refused: A secret would leave, the meeting place's history was rewritten, or another machine forgot this one.
        Busy: Other machines were faster each time; what came in stays, nothing was sent.
        DistError: The profile or the meeting place can't be read or written.
    """
    with alone(ctx, name):
        record = need_record(ctx, name)
        place = place_at(ctx, record.url, record.branch, record.machine)
        exchange = Exchange(
            ctx=ctx,
            place=place,
            name=name,
            request=request,
            confirm=confirm,
            allowed=allowed,
            losing=losing,
            unsigned=unsigned,
        )
        return exchange.run(record)


class Exchange(Struct, frozen=True, kw_only=True):
    """Taking in and sending, until the meeting place holds what this machine has.

    Attributes:
        ctx: The context.
        place: The meeting place.
        name: The profile.
        request: The options.
        confirm: Shows what comes in and asks for confirmation.
        allowed: Findings that may be sent, as ``FILE:LINE``.
        losing: Shows which memories and sessions would go, and asks.
        unsigned: What becomes of shared files that none of the machines left as they are there.
    """

    ctx: Context
    place: Place
    name: ProfileName
    request: Request
    confirm: Confirm
    allowed: frozenset[str] = frozenset()
    losing: Losing = keeping_all
    unsigned: Unsigned = Unsigned.WAIT

    @property
    def home(self) -> Path:
        """The home of the profile."""
        return self.ctx.layout.home(self.name)

    def run(self, record: Record, first: Meeting | None = None) -> Synced:
        """Take in and send; the caller keeps other commands away.

        Args:
            record: What this machine remembers.
            first: What the meeting place holds, if that was read a moment ago.

        Raises:
            Refused: A secret would leave, the history there was rewritten, or another machine forgot this one.
            Busy: Other machines were faster each time; what came in stays, nothing was sent.
            DistError: The profile or the meeting place can't be read or written.
        """
        outcomes: list[Outcome] = []
        asked = _Asked(self.losing)
        rewritten = False
        for turn in range(TRIES):
            meeting = first or _still_there(self.ctx, self.place, self.name, record)
            first = None
            relation = relation_of(self.place, record, meeting)
            record = up_to_date(self.ctx, self.name, record, meeting)
            counts = counted(self.ctx, record, meeting, self.unsigned)
            rewritten |= relation in _BROKEN
            self._refuse_older(relation, counts)
            going = deletions(self.home, record, meeting)
            agreed = () if self.request.dry_run else asked.about(going)
            home = synced_home(self.ctx, self.name, record)
            outcome = self._take_in(counts, home)
            if outcome is not None:
                outcomes.append(outcome)
            if self.request.dry_run:
                return replace(self._would(counts, home, outcomes, going), rewritten=rewritten)
            try:
                done = self._send(record, counts, agreed, outcomes)
                return replace(done, rewritten=rewritten)
            except _Faster as err:
                record = err.record
                if turn == TRIES - 1:
                    raise err.busy from None
        raise AssertionError  # the last turn returns or raises

    def _refuse_older(self, relation: str, counts: Counted) -> None:
        """Make sure that another history than this machine saw lacks nothing of it, unless somebody said what to do.

        Raises:
            Refused: It does.
        """
        what = broken_words(relation, counts)
        if not what or self.unsigned is not Unsigned.WAIT:
            return
        again = self.ctx.command(f"sync now {self.name} --unsigned")
        raise Refused(
            what,
            where=self.place.shown,
            hint=f"to put back what this machine saw there: {again} ours; if you changed the history yourself: {again} "
            "theirs. Check who may push there; nothing of the profile is lost",
        )

    def _take_in(self, counts: Counted, home: SyncedHome) -> Outcome | None:
        """Merge what others sent into the home; None if that is here already."""
        lock = home.lock
        # What waited may be settled by now, by a hand or by an approval.
        is_open = lock is not None and bool(lock.upstream or lock.conflicts or lock.parked)
        if home.record.seen.commit and not counts.is_new and not is_open:
            return None
        make = partial(propose_theirs, self.ctx, self.place, counts, home)
        request = self.request
        return confirm_and_carry_out(
            self.ctx, make, request, self.confirm, request.questions.conflicts
        )

    def _would(
        self,
        counts: Counted,
        home: SyncedHome,
        outcomes: list[Outcome],
        going: Sequence[Deletion],
    ) -> Synced:
        """The result of a dry run: what would come in, and what changed here so far."""
        proposal = outcomes[-1].proposal if outcomes else None
        open_there = proposal.plan.conflicts if proposal else ()
        would = Synced(
            profile=home.name,
            record=home.record,
            meeting=counts.meeting,
            outcomes=tuple(outcomes),
            conflicts=tuple(c.words for c in open_there),
            deleted=tuple(one.path for one in going),
            strange=counts.strange,
            unvouched=counts.unvouched,
            withheld=counts.withheld,
            dry_run=True,
        )
        if not home.path.is_dir():  # a profile that is new here has nothing to send
            return would
        made = outgoing_of(self.ctx, self.place, counts, home)
        return replace(would, sent=made.changes, variables=made.variables, held=made.held)

    def _send(
        self,
        record: Record,
        counts: Counted,
        agreed: Sequence[Deletion],
        outcomes: list[Outcome],
    ) -> Synced:
        """Send what changed here, on top of what was taken in.

        Raises:
            _Faster: Another machine was.
            DistError: The home can't be read, or the meeting place can't be written.
        """
        ctx, meeting, path = self.ctx, counts.meeting, self.home
        kept = read_record(path) or record
        record = with_sent(record, counts.others)
        # What a machine said anew of the same content is known now, too, although nothing came in.
        seen = replace(kept.seen, shared=counts.marks)
        record = with_own_keys(path, replace(record, seen=seen, count=kept.count + 1))
        also = other_files(ctx, path, record, meeting, agreed)
        home = synced_home(ctx, self.name, record)
        made = outgoing_of(ctx, self.place, counts, home, also.files, self.allowed)
        said = signed(ctx, path, record, meeting, made)
        made = said.outgoing
        commit = meeting.commit
        if made.is_new:
            # If this is killed once it was sent, nothing is ever signed with the same count again.
            write_record(path, record)
            try:
                commit = push(ctx, self.place, made.push)
            except Busy as err:
                raise _Faster(record, err) from None
        record = replace(record, seen=said.seen(commit, record.seen, also))
        write_record(path, record)
        drop_older(path, record)
        own = synced_home(ctx, self.name, record).itself.lock
        result = _result(self.name, record, counts, outcomes, made, own)
        return replace(
            result,
            private=also.came,
            unread=also.unread,
            deleted=also.trashed,
            strange=_together(waiting_by_machine(made.waiting), also.strange),
            unsigned=also.unsigned,
            returned=also.returned,
        )


class _Faster(Exception):
    """Another machine sent something first."""

    def __init__(self, record: Record, busy: Busy) -> None:
        super().__init__()
        self.record, self.busy = record, busy


def _together(
    one: Mapping[str, tuple[RelPath, ...]], other: Mapping[str, tuple[RelPath, ...]]
) -> dict[str, tuple[RelPath, ...]]:
    return {name: (*one.get(name, ()), *other.get(name, ())) for name in sorted({*one, *other})}


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


def up_to_date(ctx: Context, name: ProfileName, record: Record, meeting: Meeting) -> Record:
    """Return a record that knows the machines of a meeting place, and which of them are gone.

    Raises:
        Forgotten: Another machine forgot this one.
    """
    record = replace(record, place=_place_of(record, meeting.about))
    if by := forgotten_by(record, meeting.gone, is_signed):
        raise Forgotten(
            f"{by} removed this machine, {record.machine}, from the meeting place",
            where=shown_url(record),
            hint=f"if that was not meant: {ctx.command(f'sync leave {name}')}, then join again; nothing of the profile "
            "is lost",
        )
    record = with_first_seen(record, meeting.machines, trusted_in(meeting))
    record = with_gone(record, meeting.gone, is_signed)
    # A key that others took away has to be accepted again.
    return replace(record, known=tuple(key for key in record.known if key in meeting.recipients))


class Forgotten(Refused):
    """Another machine forgot this one."""


def _place_of(record: Record, about: About) -> str:
    """The name of the meeting place; once something was signed for it here, nothing that stands there changes it."""
    if any(mark.versions for mark in record.seen.shared.values()):
        return record.place
    # Before format 3, no meeting place had a name: of two machines that give it one, the first that sends it counts.
    return about.place or record.place or new_place()


def new_place() -> str:
    """Draw a name for a meeting place."""
    return os.urandom(16).hex()


def trusted_in(meeting: Meeting) -> frozenset[str]:
    """The machines of a meeting place that one trusts that joins it."""
    about = meeting.about
    return trusted_at_first(about.place, about.signer, meeting.machines, meeting.gone, is_signed)


def with_own_keys(home: Path, record: Record) -> Record:
    """Return a record that knows this machine's keys; makes those that are missing.

    Raises:
        DistError: The library is missing, or a key can't be read or written.
    """
    record = replace(record, signer=Signer(signer_path(home)).public)
    if not record.carried:
        return record
    own = own_key(key_path(home))
    return replace(record, own=own, known=tuple(dict.fromkeys((*record.known, own))))


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
    there = meeting.whole.where(is_also) if meeting else Tree()
    if not write:
        return Exchanged(files=there, seen=record.seen.private, marks=record.seen.marks)
    there = there.with_entries(roster(ctx, record, meeting, Signer(signer_path(home))))
    if not record.carried:
        return Exchanged(files=there, seen=record.seen.private, marks=record.seen.marks)
    if meeting is None:
        text = with_recipient(b"", record.machine, record.own)
        there = there.with_entries({RECIPIENTS: Entry(ctx.store.put(text))})
    rest = there.where(lambda path: not path.under(PRIVATE) and path != PRIVATE_INDEX)
    done = exchange_private(ctx, home, record, meeting, agreed)
    return replace(done, files=rest.with_entries(done.files))


def _still_there(ctx: Context, place: Place, name: ProfileName, record: Record) -> Meeting:
    """Read the meeting place, and make sure that there still is one.

    Raises:
        Refused: It is empty now.
    """
    meeting = meet(ctx, place, known_about(name, record), record.seen.commit)
    again = ctx.command(f"sync leave {name}")
    hint = f"if that was meant: {again}, then join or init again; nothing of the profile is lost"
    if meeting is None:
        raise Refused("the meeting place is empty now", where=place.shown, hint=hint)
    return meeting


_BROKEN = {
    "backward": "the meeting place went back to an earlier state",
    "unrelated": "the meeting place shows another history than this machine saw: somebody rewrote it, or shows each "
    "machine another one",
}
"""How another history than this machine saw is told, by its relation to that."""


def relation_of(place: Place, record: Record, meeting: Meeting) -> str:
    """How what a meeting place holds follows what this machine last saw of it."""
    seen = record.seen.commit
    if not seen or seen == meeting.commit:
        return "same"
    return place.git.relation(place.url, seen, meeting.commit)


def broken_words(relation: str, counts: Counted) -> str:
    """Say what another history than this machine saw lacks of it; empty if it lacks nothing."""
    paths = counts.older
    if relation not in _BROKEN or not paths:
        return ""
    some = first_few(paths, _MOST)
    return f"{_BROKEN[relation]}; older there than this machine saw it, or missing: {some}"


def _result(
    name: ProfileName,
    record: Record,
    counts: Counted,
    outcomes: list[Outcome],
    made: Outgoing,
    own: Lock | None,
) -> Synced:
    lock = lock_of(record)
    meeting = counts.meeting
    machines = present(record, meeting.machines)
    wrong = {*meeting.damaged, *map(machine_path, machines.keys() - meeting.machines.keys())}
    mended = {path for path in wrong if path in made.push.changes}
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
        unknown=unknown_to(record, machines),
        changed=changed_keys(record, machines),
        unvouched=unvouched_in(made.waiting),
        mended=tuple(sorted(mended)),
        withheld=counts.withheld,
        damaged=tuple(sorted(wrong - mended)),
    )


def unknown_to(record: Record, machines: Mapping[str, Machine]) -> tuple[str, ...]:
    """The machines that nobody accepted on this one, and those that want to read what is encrypted and can't."""
    settled = {*accepted_machines(record, machines), *changed_keys(record, machines)}
    return tuple(
        name
        for name, one in sorted(machines.items())
        if one.signer and (name not in settled or _asks(record, name, one))
    )


def _asks(record: Record, name: str, machine: Machine) -> bool:
    """Whether a machine that was accepted here wants to read what is encrypted, and can't."""
    changed = name in changed_keys(record, {name: machine})
    return bool(record.carried and machine.key) and not changed and machine.key not in record.known
