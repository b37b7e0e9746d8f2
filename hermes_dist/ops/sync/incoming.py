"""What others sent, merged into a home: the same merge as an update's, over what this machine last saw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.sync.package import Three, joined, lifted, without_open
from hermes_dist.decide.sync.shared import received_form
from hermes_dist.decide.versions import is_lower
from hermes_dist.errors import DistError
from hermes_dist.model.lock import Lock, dump_lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.side import Side
from hermes_dist.model.source import Pin, PinKind, SourceKind, SourceSpec, parse_source
from hermes_dist.model.sync.meeting import PROFILE
from hermes_dist.model.sync.record import Record, Seen
from hermes_dist.model.tree import EMPTY, Entry, Tree
from hermes_dist.ops.change.fetch import Incoming
from hermes_dist.ops.change.proposal import Carry, Outcome, Proposal, keep_contents
from hermes_dist.ops.change.propose import propose
from hermes_dist.ops.change.request import Choices
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_home
from hermes_dist.ops.sync.state import (
    JOINED,
    LABEL,
    begin,
    lock_of,
    package_of,
    without_skipped,
    write_record,
)

if TYPE_CHECKING:  # what waits for approval is listed without a meeting place
    from hermes_dist.ops.sync.counted import Counted
    from hermes_dist.ops.sync.meeting import Place


class SyncedHome(Home, frozen=True):
    """A home as the other machines see it: its lock says what was received from them.

    Attributes:
        itself: The home as its package sees it.
        record: What sync remembers.
    """

    itself: Home
    record: Record


def synced_home(ctx: Context, name: ProfileName, record: Record) -> SyncedHome:
    """Open a home as the other machines see it.

    Raises:
        DistError: The home or what sync remembers can't be read.
    """
    home = open_home(ctx, name)
    lock = lock_of(record)
    if lock is not None and home.lock is not None:
        # What the user keeps and approved here counts, whoever sends a change.
        approved = (*lock.approved, *home.lock.approved)
        lock = replace(lock, kept=home.lock.kept, approved=approved)
    text = dump_lock(lock) if lock else None
    return SyncedHome(home.name, home.path, lock, text, home, record)


def pin_at(place_url: str, branch: str, commit: str, tree: Tree) -> Pin:
    """The pin of what a meeting place holds."""
    return Pin(
        url=place_url,
        tree=tree.digest,
        kind=PinKind.BRANCH,
        subfolder=PROFILE,
        ref=f"refs/heads/{branch}",
        commit=commit,
    )


def incoming(ctx: Context, place: Place, counts: Counted, name: ProfileName) -> Incoming:
    """What others sent, as a package that the home receives."""
    theirs = counts.profile
    quiet = received_form(theirs, ctx.store.read)
    ctx.store.put_many(quiet.blobs.values())
    spec = SourceSpec(kind=SourceKind.GIT, location=place.shown, subfolder=PROFILE)
    return Incoming(
        spec=spec,
        pin=pin_at(place.shown, place.branch, counts.meeting.commit, theirs),
        manifest=Manifest(name=str(name)),
        package=EMPTY,
        placed=quiet.tree,
        # Whatever travels is off. With the author's own spelling missing, nobody takes that for their wish.
        shipped=Tree({CONFIG: Entry(ctx.store.put(b""))}),
        left_out=(),
        read=ctx.store.read,
    )


def propose_theirs(
    ctx: Context, place: Place, counts: Counted, home: SyncedHome, choices: Choices
) -> Proposal:
    """Propose how to bring a home to what others sent; what is known of its package comes along.

    Raises:
        DistError: The home or a content can't be read.
    """
    three = three_of(home, counts)
    newer = newer_of(ctx, three) if three.both_moved else Side.THEIRS
    # A machine that knew nothing of what was seen here deleted nothing of it, and changed nothing in it.
    base = _base(ctx, home, three, newer).with_entries(dict.fromkeys(counts.apart))
    arriving = incoming(ctx, place, counts, home.name)
    made = propose(ctx, home, arriving, choices, verb="sync", base=base)
    lock = joined(three, newer)
    if lock is not None and made.lock is not None:
        lock = without_open(lock, home.itself.lock, made.lock.upstream)
    seen = replace(
        home.record.seen,
        commit=counts.meeting.commit,
        package=counts.package_text,
        shared=counts.marks,
    )
    made = replace(made, notes=(*made.notes, *_other_source(three.ours, lock)))
    if not home.record.seen.commit:
        made = replace(made, label={**made.label, "verb": JOINED})
    return carried_by(made, home, lock, seen)


def _other_source(ours: Lock | None, lock: Lock | None) -> Iterator[Note]:
    """Say that the package comes from somewhere else from now on: its next update will."""
    if ours is not None and lock is not None and ours.source != lock.source:
        yield Note.of(NoteKind.ANOTHER_SOURCE, source=ours.source, now=lock.source)


def three_of(home: SyncedHome, counts: Counted) -> Three:
    """The lock of the package on three sides; two machines with the same package have it as their base."""
    base = package_of(home.record.seen)
    return Three(base=base, ours=home.itself.lock, theirs=counts.package)


def _base(ctx: Context, home: SyncedHome, three: Three, newer: Side) -> Tree:
    """What this machine last saw; where it saw nothing yet, what the package shipped to both."""
    base = home.base
    if home.lock is None and three.ours is not None and three.theirs is not None:
        older = three.ours if newer is Side.THEIRS else three.theirs
        return older.theirs() if _same_package(three) else EMPTY
    if not three.both_moved:
        return base
    made = lifted(base, three, newer, ctx.store.read)
    ctx.store.put_many(made.blobs.values())
    return made.tree


def _same_package(three: Three) -> bool:
    return (
        three.ours is not None
        and three.theirs is not None
        and three.ours.source == three.theirs.source
    )


def newer_of(ctx: Context, three: Three) -> Side:
    """Find out whose version of the package is newer; ours if nobody can tell."""
    ours, theirs = three.ours, three.theirs
    if ours is None:
        return Side.THEIRS
    if theirs is None or not _same_package(three):
        return Side.OURS
    relation = _relation(ctx, ours, theirs)
    if relation in _SIDES:
        return _SIDES[relation]
    return Side.THEIRS if is_lower(ours.pin.version, theirs.pin.version) else Side.OURS


_SIDES = {"forward": Side.THEIRS, "backward": Side.OURS}


def _relation(ctx: Context, ours: Lock, theirs: Lock) -> str:
    """How another machine's version of the package follows this machine's, if its repository can be asked."""
    if not (ours.pin.commit and theirs.pin.commit):
        return ""
    try:
        spec = parse_source(theirs.source, allow_insecure=True)
        return ctx.sources.relation(spec, ours.pin.commit, theirs.pin.commit)
    except DistError:
        return ""


class _Record(Struct, frozen=True, kw_only=True):
    """What is recorded once a proposal of sync is carried out."""

    home: SyncedHome
    lock: Lock | None
    seen: Seen

    def carry(self, ctx: Context, proposal: Proposal, go: Carry) -> Outcome:
        """Carry a proposal out, and record what was seen: both or neither, whenever a crash comes."""
        home, record, received = self.home, self.home.record, proposal.lock
        assert received is not None  # noqa: S101 - sync always has one
        keep_contents(ctx, proposal, received)
        seen = replace(self.seen, lock=self._text(received))
        itself = replace(proposal, home=home.itself, lock=self.lock, new=proposal.new)
        if itself.changes_nothing or proposal.new:
            outcome = go(itself) if proposal.new else _nothing(proposal)
            write_record(home.path, replace(record, seen=seen, next=None))
            return replace(outcome, proposal=proposal)
        token = begin(home.path, record, seen)
        outcome = go(replace(itself, label={**proposal.label, LABEL: token}))
        seen = without_skipped(seen, record.seen, outcome.skipped)
        write_record(home.path, replace(record, seen=seen, next=None))
        return replace(outcome, proposal=proposal)

    def _text(self, received: Lock) -> str:
        """The lock of what was received, without what the home's own lock says, too."""
        approved = () if self.lock is not None else received.approved
        bare = replace(received, kept=frozenset(), generation=0, approved=approved)
        return dump_lock(bare).decode()


def _nothing(proposal: Proposal) -> Outcome:
    return Outcome(verb=proposal.verb, profile=proposal.home.name, proposal=proposal, done=True)


def carried_by(proposal: Proposal, home: SyncedHome, lock: Lock | None, seen: Seen) -> Proposal:
    """Return a proposal that records, when it is carried out, what was received from the others.

    Args:
        proposal: A proposal for the home as the others see it.
        home: That home.
        lock: The lock of its package afterwards.
        seen: What will have been seen, apart from the lock of the files.
    """
    if lock is not None and proposal.lock is not None:
        # Where there is a lock that `approve` shows, approvals stand there.
        lock = replace(lock, approved=proposal.lock.approved)
    return replace(proposal, carry=_Record(home=home, lock=lock, seen=seen).carry)
