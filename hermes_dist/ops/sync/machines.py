"""The machines of a meeting place: leave it, or forget one that is gone."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from msgspec import Struct

from hermes_dist.decide.sync.vouched import accepting, forgetting, print_of
from hermes_dist.errors import Busy, DistError, Invalid, UsageError
from hermes_dist.model.lock_head import Newer
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.sync.meeting import (
    RECIPIENTS,
    Machine,
    machine_path,
    with_recipient,
    without_recipient,
)
from hermes_dist.model.sync.record import Record
from hermes_dist.model.tree import Entry, Tree
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.meeting import Meeting, Place, Push, meet, place_at, push
from hermes_dist.ops.sync.now import TRIES
from hermes_dist.ops.sync.state import alone, folder_of, need_record, write_record


class Changed(Struct, frozen=True, kw_only=True):
    """The machines after one of them left.

    Attributes:
        machine: The machine.
        machines: Those that are left.
        told: The meeting place knows it; False if it could not be reached.
        keys: The fingerprint of the keys that were accepted; empty if none were.
    """

    profile: ProfileName
    machine: str
    machines: tuple[str, ...] = ()
    told: bool = True
    keys: str = ""


def leave(ctx: Context, name: ProfileName, agree: Callable[[Record], bool]) -> Changed | None:
    """Sync a profile no longer on this machine; its files stay, and so does the meeting place.

    Args:
        ctx: The context.
        name: The profile.
        agree: Asks for confirmation.

    Returns:
        The machines that are left; None if the user said no.

    Raises:
        DistError: The profile is not synced, or the disk fails.
    """
    with alone(ctx, name):
        record = _record_to_leave(ctx, name)
        if not agree(record):
            return None
        place = place_at(ctx, record.url, record.branch, record.machine)
        try:
            left = _take_away(ctx, place, record.machine, f"{record.machine} leaves")
        except DistError:
            # Leaving must work without the others: `forget` tells them later.
            left = None
        shutil.rmtree(folder_of(ctx.layout.home(name)), ignore_errors=True)
        return Changed(
            profile=name,
            machine=record.machine,
            machines=_others(left, record.machine) if left else (),
            told=left is not None,
        )


def _record_to_leave(ctx: Context, name: ProfileName) -> Record:
    """The record of a profile; with a damaged one it must be possible to leave, too, and it names no machine then.

    Raises:
        DistError: The profile is not synced, or a newer program syncs it.
    """
    try:
        return need_record(ctx, name)
    except Newer:
        raise
    except Invalid:
        return Record(url="", machine="")


def forget(ctx: Context, name: ProfileName, machine: str) -> Changed:
    """Forget a machine that is gone: it is told no more, and what is encrypted from now on it can't read.

    Args:
        ctx: The context.
        name: The profile.
        machine: The machine.

    Raises:
        UsageError: It is this machine, or there is none of that name.
        DistError: The meeting place can't be reached or written.
    """
    with alone(ctx, name):
        record = need_record(ctx, name)
        if machine == record.machine:
            raise UsageError(
                f"{machine} is this machine",
                hint=f"to sync it no longer: {ctx.command(f'sync leave {name}')}",
            )
        place = place_at(ctx, record.url, record.branch, record.machine)
        left = _take_away(ctx, place, machine, f"{record.machine}: forget {machine}")
        if left is None:
            raise UsageError(f"no machine called {machine} meets there", where=place.shown)
        # Back at the meeting place, by whatever hand, it has to be accepted again.
        record = forgetting(record, left.machines[machine])
        write_record(ctx.layout.home(name), record)
        return Changed(profile=name, machine=machine, machines=_others(left, machine))


def _others(meeting: Meeting, machine: str) -> tuple[str, ...]:
    return tuple(sorted(set(meeting.machines) - {machine}))


def accept(ctx: Context, name: ProfileName, machine: str) -> Changed:
    """Let a machine read what is encrypted: this one encrypts to its key from now on.

    Args:
        ctx: The context.
        name: The profile.
        machine: The machine.

    Raises:
        UsageError: Nothing is encrypted, or there is no machine of that name with a key.
        DistError: The meeting place can't be reached or written.
    """
    with alone(ctx, name):
        record = need_record(ctx, name)
        place = place_at(ctx, record.url, record.branch, record.machine)
        for turn in range(TRIES):
            meeting = meet(ctx, place)
            one = meeting.machines.get(machine) if meeting else None
            if meeting is None or one is None or not one.key:
                raise UsageError(
                    f"no machine called {machine} asks to read what is encrypted",
                    where=place.shown,
                )
            write_record(ctx.layout.home(name), accepting(record, one))
            what = _letting_in(ctx, record, meeting, one)
            try:
                if what.changes:
                    push(ctx, place, what)
            except Busy:
                if turn == TRIES - 1:
                    raise
                continue
            return Changed(
                profile=name,
                machine=machine,
                machines=tuple(sorted(meeting.machines)),
                keys=print_of(one.key, one.signer),
            )
    raise AssertionError  # the last turn returns or raises


def _letting_in(ctx: Context, record: Record, meeting: Meeting, machine: Machine) -> Push:
    """Put a machine's key among the recipients; one that it had before goes."""
    entry = meeting.whole.get(RECIPIENTS)
    text = ctx.store.read(entry.digest) if entry else b""
    old = record.keys.get(machine.name)
    if old is not None and old.key != machine.key:
        text = without_recipient(text, old.key)
    text = with_recipient(text, machine.name, machine.key)
    return Push(
        onto=meeting,
        files=meeting.whole.with_entries({RECIPIENTS: Entry(ctx.store.put(text))}),
        message=f"{record.machine}: accept {machine.name}",
        read=ctx.store.read,
    )


def _take_away(ctx: Context, place: Place, machine: str, message: str) -> Meeting | None:
    """Take a machine's file and key away; returns what was there before, or None if it has none there."""
    for turn in range(TRIES):
        meeting = meet(ctx, place)
        if meeting is None or machine not in meeting.machines:
            return None
        files = _without(ctx, meeting, machine)
        what = Push(onto=meeting, files=files, message=message, read=ctx.store.read)
        try:
            push(ctx, place, what)
        except Busy:
            if turn == TRIES - 1:
                raise
            continue
        return meeting
    raise AssertionError  # the last turn returns or raises


def _without(ctx: Context, meeting: Meeting, machine: str) -> Tree:
    """The files of a meeting place without a machine, and without its key among the recipients."""
    key = meeting.machines[machine].key
    changes: dict[RelPath, Entry | None] = {machine_path(machine): None}
    if key and RECIPIENTS in meeting.whole:
        text = without_recipient(ctx.store.read(meeting.whole[RECIPIENTS].digest), key)
        changes[RECIPIENTS] = Entry(ctx.store.put(text))
    return meeting.whole.with_entries(changes)
