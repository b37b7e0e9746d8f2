"""Begin to sync: make a meeting place of an empty repository, or join the machines that meet in one."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext, suppress

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.errors import Cancelled, DistError, Refused, UsageError
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName, RelPath
from hermes_dist.model.sync.meeting import (
    checked_name,
    name_like,
)
from hermes_dist.model.sync.record import Record
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.incoming import synced_home
from hermes_dist.ops.sync.meeting import Meeting, Place, meet, place_at, push, url_of
from hermes_dist.ops.sync.now import Synced, exchange, other_files, with_own_key
from hermes_dist.ops.sync.private import private_files
from hermes_dist.ops.sync.send import Outgoing, outgoing_of
from hermes_dist.ops.sync.state import (
    alone,
    is_synced,
    read_record,
    record_path,
    shown_url,
    write_record,
)

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
    """

    record: Record
    meeting: Meeting
    going: tuple[RelPath, ...] = ()
    private: tuple[RelPath, ...] = ()
    readers: tuple[str, ...] = ()


Tell = Callable[[Joining], None]
"""Tells what joining would send, before what comes in is shown and asked about."""


class Options(Struct, frozen=True, kw_only=True):
    """The options of beginning.

    Attributes:
        machine: The name of this machine there; empty for the one its system has.
        carried: What travels besides the shared files, encrypted.
        allowed: Findings that may be sent, as ``FILE:LINE``.
    """

    machine: str = ""
    carried: tuple[str, ...] = ()
    allowed: frozenset[str] = frozenset()

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
        if not home.is_dir():
            raise DistError(f"there is no profile {str(name)!r}", where=str(home))
        _refuse_twice(ctx, name)
        record = Record(url=url_of(ctx, url), machine=options.name, carried=options.carried)
        place = place_at(ctx, record.url, record.branch, record.machine)
        found = meet(ctx, place)
        if found is not None:
            raise DistError(
                f"other machines use it already: {', '.join(found.machines) or 'none now'}",
                where=place.shown,
                hint=f"join them with: {ctx.command(f'sync join {name} {place.shown}')}",
            )
        opened = synced_home(ctx, name, record)
        record = with_own_key(home, record)
        also = other_files(ctx, home, record, None, write=not dry_run)
        made = outgoing_of(ctx, place, None, opened, also.files, options.allowed)
        result = _begun(name, record, made)
        if dry_run:
            return replace(result, dry_run=True)
        if not agree(made):
            raise Cancelled("cancelled, nothing was sent")
        commit = push(ctx, place, made.push)
        seen = replace(record.seen, private=also.seen, marks=also.marks)
        record = replace(record, seen=made.seen(commit, seen))
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
        record = Record(
            url=address,
            machine=machine,
            carried=meeting.about.carried,
            known=meeting.recipients,
        )
        tell(_joining(ctx, place, name, meeting, record, options.allowed))
        return exchange(ctx, place, name, record, request, confirm, options.allowed)


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
    joining = Joining(record=record, meeting=meeting, readers=tuple(sorted(readers)))
    home = ctx.layout.home(name)
    if not home.is_dir():
        return joining
    going: tuple[RelPath, ...] = ()
    # A finding is allowed by its line, which is another one once both sides are merged: the real check comes then.
    with suppress(Refused, UsageError) if allowed else nullcontext():
        opened = synced_home(ctx, name, record)
        going = outgoing_of(ctx, place, meeting, opened).changes
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
