"""Begin to sync: make a meeting place of an empty repository, or join the machines that meet in one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.sync.known import print_of, trusted_from, with_first_seen
from hermes_dist.errors import Cancelled, DistError, Refused, Unreachable, UsageError, quoted
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName, RelPath
from hermes_dist.model.sync.meeting import (
    checked_name,
    name_like,
)
from hermes_dist.model.sync.record import Record
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.counted import counted
from hermes_dist.ops.sync.incoming import synced_home
from hermes_dist.ops.sync.meeting import (
    Meeting,
    Place,
    meet,
    place_at,
    push,
    read_commit,
    url_of,
)
from hermes_dist.ops.sync.now import (
    Exchange,
    Synced,
    new_place,
    other_files,
    trusted_in,
    up_to_date,
    with_own_keys,
)
from hermes_dist.ops.sync.private import private_files
from hermes_dist.ops.sync.send import Outgoing, outgoing_of
from hermes_dist.ops.sync.sign import signed
from hermes_dist.ops.sync.state import (
    alone,
    is_synced,
    read_record,
    record_path,
    shown_url,
    write_record,
)
from hermes_dist.world.git.cache import is_commit
from hermes_dist.world.keys.signer import is_signed

Agree = Callable[[Outgoing], bool]
"""Shows what would be sent for the first time, and asks; False means no."""


class Joining(Struct, frozen=True, kw_only=True):
    """What joining would send; what comes in is shown by the proposal.

    Attributes:
        record: What this machine would remember.
        meeting: What the meeting place holds.
        going: The shared files of this machine's profile that would go there; none for a new profile.
        private: Its memories and sessions that would.
        readers: The machines that would be able to read these.
        trusted: The machines whose files are taken in, with the fingerprints of their keys.
    """

    record: Record
    meeting: Meeting
    going: tuple[RelPath, ...] = ()
    private: tuple[RelPath, ...] = ()
    readers: tuple[str, ...] = ()
    trusted: Mapping[str, str] = field(default_factory=dict)


Tell = Callable[[Joining], None]
"""Tells what joining would send, before what comes in is shown and asked about."""


class Options(Struct, frozen=True, kw_only=True):
    """The options of beginning.

    Attributes:
        machine: The name of this machine there; empty for the one its system has.
        carried: What travels besides the shared files, encrypted.
        allowed: Findings that may be sent, as ``FILE:LINE``.
        state: To join: the state of the meeting place that another machine saw; empty to trust what it shows now.
    """

    machine: str = ""
    carried: tuple[str, ...] = ()
    allowed: frozenset[str] = frozenset()
    state: str = ""

    @property
    def name(self) -> str:
        """The name of this machine.

        Raises:
            UsageError: The one that was given can't be one.
        """
        return checked_name(self.machine) if self.machine else name_like(os.uname().nodename)


def init(
    ctx: Context, name: ProfileName, url: str, options: Options, agree: Agree, *, dry_run: bool
) -> Synced:
    """Make an empty repository the meeting place of a profile.

    Args:
        ctx: The context.
        name: The profile.
        url: The repository, as typed.
        options: The options.
        agree: Shows what would be sent and asks for confirmation.
        dry_run: Send nothing and remember nothing.

    Raises:
        Refused: A secret would leave.
        Cancelled: The user said no.
        DistError: The repository is not empty, or can't be reached; nothing was sent.
    """
    with alone(ctx, name):
        home = ctx.layout.home(name)
        _refuse_twice(ctx, name)
        record = Record(
            url=url_of(ctx, url),
            place=new_place(),
            machine=options.name,
            count=1,
            carried=options.carried,
        )
        place = place_at(ctx, record.url, record.branch, record.machine)
        if not home.is_dir():
            with suppress(Unreachable):
                _refuse_used(ctx, name, place)
            raise ctx.missing_profile(name)
        _refuse_used(ctx, name, place)
        if not dry_run:
            record = with_own_keys(home, record)
        opened = synced_home(ctx, name, record)
        also = other_files(ctx, home, record, None, write=not dry_run)
        made = outgoing_of(ctx, place, None, opened, also.files, options.allowed)
        result = _begun(name, record, made)
        if dry_run:
            return replace(result, dry_run=True)
        if not agree(made):
            raise Cancelled("cancelled, nothing was sent")
        said = signed(ctx, home, record, None, made)
        made = said.outgoing
        commit = push(ctx, place, made.push)
        record = replace(record, seen=said.seen(commit, record.seen, also))
        write_record(home, record)
        return replace(result, record=record, commit=commit, pushed=True)


def _begun(name: ProfileName, record: Record, made: Outgoing) -> Synced:
    return Synced(
        profile=name,
        record=record,
        sent=made.changes,
        variables=made.variables,
        held=made.held,
    )


def _refuse_used(ctx: Context, name: ProfileName, place: Place) -> None:
    """Make sure that nobody meets in a repository yet.

    Raises:
        DistError: Somebody does.
    """
    found = meet(ctx, place)
    if found is not None:
        raise DistError(
            f"it is set up already, as the meeting place of: {', '.join(found.machines) or 'no machine now'}",
            where=place.shown,
            hint=f"join with: {ctx.command(f'sync join {name} {place.shown}')}",
        )


def _refuse_twice(ctx: Context, name: ProfileName) -> None:
    """Make sure that a profile is not synced yet.

    Raises:
        DistError: It is.
    """
    home = ctx.layout.home(name)
    if not is_synced(home):
        return
    record = read_record(home)
    where = shown_url(record) if record else str(record_path(home))
    raise DistError(
        f"the profile {str(name)!r} is kept in sync already",
        where=where,
        hint=f"leave that first: {ctx.command(f'sync leave {name}')}",
    )


def join(
    ctx: Context,
    name: ProfileName,
    url: str,
    options: Options,
    request: Request,
    confirm: Confirm,
    tell: Tell = lambda _: None,
) -> Synced:
    """Join the machines that meet in a repository, with a new profile or with one that is here.

    Args:
        ctx: The context.
        name: The profile; it need not exist.
        url: The repository, as typed.
        options: The options.
        request: The options of the merge.
        confirm: Shows what comes in and asks for confirmation.
        tell: Tells before that what would be sent.

    Raises:
        Refused: A secret would leave; nothing changed.
        Cancelled: The user said no; nothing changed.
        DistError: Nobody meets there, or it can't be reached; nothing changed.
    """
    with alone(ctx, name):
        home = ctx.layout.home(name)
        _refuse_twice(ctx, name)
        if name == DEFAULT_PROFILE and not home.is_dir():
            raise DistError("there is no default profile to merge into", where=str(home))
        address, machine = url_of(ctx, url), options.name
        place = place_at(ctx, address, machine=machine)
        meeting = meet(ctx, place)
        if meeting is None:
            raise DistError(
                "it is empty: nobody meets there yet",
                where=place.shown,
                hint=f"begin with: {ctx.command(f'sync init {name} {place.shown}')}",
            )
        _refuse_taken(ctx, name, place, meeting, machine)
        _refuse_older(place, meeting)
        trusted = _trusted(ctx, place, meeting, options.state)
        keys = {one.key for one in meeting.machines.values() if one.name in trusted}
        record = Record(
            url=address,
            place=meeting.about.place,
            machine=machine,
            carried=meeting.about.carried,
            known=tuple(key for key in meeting.recipients if key in keys),
        )
        record = with_first_seen(record, meeting.machines, trusted)
        tell(_joining(ctx, place, name, meeting, record, options.allowed))
        exchange = Exchange(
            ctx=ctx,
            place=place,
            name=name,
            request=request,
            confirm=confirm,
            allowed=options.allowed,
        )
        return exchange.run(record, meeting)


def _trusted(ctx: Context, place: Place, meeting: Meeting, state: str) -> frozenset[str]:
    """The machines of a meeting place that are trusted by one that joins.

    Raises:
        UsageError: The state can't be one.
        Refused: The meeting place does not hold the state that another machine saw there.
    """
    if not state:
        return trusted_in(meeting)
    if not is_commit(state):
        raise UsageError(
            f"--state {quoted(state, 80)} is not the state of a meeting place",
            hint="give all of it, as this shows it on another machine",
            command="sync status",
        )
    if place.git.relation(place.url, state, meeting.commit) not in ("same", "forward"):
        raise Refused(
            f"it does not hold the state {state[:12]} that another machine saw there: what it shows is older, or not "
            "what your machines sent",
            where=place.shown,
            hint="run sync now on that machine, which says what is missing; nothing was changed here",
        )
    then = read_commit(ctx, place, state)
    if then.about.place != meeting.about.place:
        raise Refused("it is not the meeting place that it was in that state", where=place.shown)
    keys = [then.machines[name].signer for name in sorted(trusted_in(then))]
    return trusted_from(then.about.place, keys, meeting.machines, meeting.gone, is_signed)


def _refuse_older(place: Place, meeting: Meeting) -> None:
    """Make sure that the machines of a meeting place sign what they send.

    Raises:
        DistError: An older program set it up, and none of its machines has synced with a newer one since.
    """
    if not meeting.about.place:
        raise DistError(
            "an older hermes-dist set it up, where machines did not sign what they send",
            where=place.shown,
            hint="update hermes-dist on a machine that meets there, sync there once, then join again",
        )


def _joining(
    ctx: Context,
    place: Place,
    name: ProfileName,
    meeting: Meeting,
    record: Record,
    allowed: frozenset[str],
) -> Joining:
    """Find out what joining would send.

    Raises:
        Refused: A secret would leave.
    """
    readers = [one.name for one in meeting.machines.values() if one.key in record.known]
    joining = Joining(
        record=record,
        meeting=meeting,
        readers=tuple(sorted(readers)),
        trusted={
            name: print_of(meeting.machines[name].key, meeting.machines[name].signer)
            for name, keys in sorted(record.keys.items())
            if keys.accepted
        },
    )
    home = ctx.layout.home(name)
    if not home.is_dir():
        return joining
    going: tuple[RelPath, ...] = ()
    # A finding is allowed by its line, which is another one once both sides are merged: the real check comes then.
    with suppress(Refused, UsageError) if allowed else nullcontext():
        opened = synced_home(ctx, name, record)
        known = up_to_date(ctx, name, record, meeting)
        going = outgoing_of(ctx, place, counted(ctx, known, meeting), opened).changes
    return replace(joining, going=going, private=private_files(home, record.carried))


def _refuse_taken(
    ctx: Context, name: ProfileName, place: Place, meeting: Meeting, machine: str
) -> None:
    """Make sure that no other machine has this name.

    Raises:
        UsageError: One has.
    """
    if machine in meeting.machines:
        raise UsageError(
            f"a machine called {machine} uses it already",
            where=place.shown,
            hint="join with another --machine NAME; if that one is gone, run then: "
            + ctx.command(f"sync forget {name} {machine}"),
        )
