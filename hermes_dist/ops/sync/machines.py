"""The machines of a meeting place: leave it, or forget one that is gone."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from msgspec import Struct

from hermes_dist.decide.sync.known import accepting, forgetting, is_gone, present, print_of
from hermes_dist.errors import Busy, DistError, Invalid, UsageError
from hermes_dist.model.lock_head import Newer
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.sync.meeting import (
    ABOUT,
    GONE,
    NOTHING_SAID,
    RECIPIENTS,
    GoneMachines,
    Machine,
    dump_json,
    in_home,
    machine_path,
    with_recipient,
    without_recipient,
)
from hermes_dist.model.sync.record import KnownKeys, Record
from hermes_dist.model.tree import Entry, Tree
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.counted import marks_of, shared_states
from hermes_dist.ops.sync.meeting import Meeting, Place, Push, known_about, meet, place_at, push
from hermes_dist.ops.sync.now import TRIES, Forgotten, up_to_date, with_own_keys
from hermes_dist.ops.sync.roster import about_files, about_now, gone_statement, roster
from hermes_dist.ops.sync.state import alone, folder_of, need_record, signer_path, write_record
from hermes_dist.world.keys.signer import Signer


class Changed(Struct, frozen=True, kw_only=True):
    """The machines after one of them left.

    Attributes:
        machine: The machine.
        machines: Those that are left.
        told: The meeting place knows it; False if it could not be reached.
        keys: The fingerprint of the keys that were accepted; empty if none were.
        dropped: Files that the machine wrote and that are not here; none of them is taken in any more.
    """

    profile: ProfileName
    machine: str
    machines: tuple[str, ...] = ()
    told: bool = True
    keys: str = ""
    dropped: tuple[RelPath, ...] = ()


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
        told = True
        try:
            left, record = _take_away(
                ctx, place, name, record, record.machine, f"{record.machine} leaves"
            )
        except Forgotten:
            left = None
        except DistError:
            # Leaving must work without the others: `forget` tells them later.
            left, told = None, False
        shutil.rmtree(folder_of(ctx.layout.home(name)), ignore_errors=True)
        return Changed(
            profile=name,
            machine=record.machine,
            machines=_others(record, left, record.machine) if left else (),
            told=told,
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
    """Forget a machine that is gone: what it writes counts no more, and it can't read what is encrypted from now on.

    What came in from it stays. What it wrote and is not here yet is not taken in any more.

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
        message = f"{record.machine}: forget {machine}"
        left, record = _take_away(ctx, place, name, record, machine, message)
        if left is None:
            raise UsageError(f"no machine called {machine} meets there", where=place.shown)
        one = present(record, left.machines)[machine]
        dropped = _not_here(record, left, machine)
        # Back at the meeting place, by whatever hand, it has to be accepted again, with new keys.
        record = forgetting(with_own_keys(ctx.layout.home(name), record), one)
        write_record(ctx.layout.home(name), record)
        return Changed(
            profile=name,
            machine=machine,
            machines=_others(record, left, machine),
            dropped=dropped,
        )


def _not_here(record: Record, meeting: Meeting, machine: str) -> tuple[RelPath, ...]:
    """What a machine wrote that this one has not taken in."""
    there = shared_states(meeting.profile, None)
    known = marks_of(record)
    return tuple(
        in_home(path)
        for path, state in sorted(there.items())
        if meeting.shared.files.get(path, NOTHING_SAID).by == machine
        and (path not in known or known[path].sealed != state)
    )


def _others(record: Record, meeting: Meeting, machine: str) -> tuple[str, ...]:
    return tuple(sorted(set(present(record, meeting.machines)) - {machine}))


def accept(ctx: Context, name: ProfileName, machine: str) -> Changed:
    """Let a machine in: what it signs is taken in here, and what is encrypted it can read from now on.

    Args:
        ctx: The context.
        name: The profile.
        machine: The machine.

    Raises:
        UsageError: There is no machine of that name with a key, or it is this one, or it was forgotten.
        DistError: The meeting place can't be reached or written.
    """
    with alone(ctx, name):
        record = need_record(ctx, name)
        place = place_at(ctx, record.url, record.branch, record.machine)
        for turn in range(TRIES):
            meeting = meet(ctx, place, known_about(name, record), record.seen.commit)
            record = up_to_date(ctx, name, record, meeting) if meeting else record
            one = _to_accept(ctx, place, name, record, meeting, machine)
            assert meeting is not None  # noqa: S101 - there is a machine
            home = ctx.layout.home(name)
            record = with_own_keys(home, record)
            old = record.keys.get(machine)
            record = accepting(record, one)
            write_record(home, record)
            what = _letting_in(ctx, name, record, meeting, one, old)
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


def _to_accept(
    ctx: Context,
    place: Place,
    name: ProfileName,
    record: Record,
    meeting: Meeting | None,
    machine: str,
) -> Machine:
    """The machine that asks to be accepted.

    Raises:
        UsageError: There is none of that name that could be.
    """
    if machine == record.machine:
        raise UsageError(f"{machine} is this machine")
    one = meeting.machines.get(machine) if meeting else None
    if one is None or not one.signer:
        raise UsageError(
            f"no machine called {machine} asks to be accepted",
            where=place.shown,
            hint="see which do with",
            command=f"sync status {name}",
        )
    if is_gone(record, one):
        again = ctx.command(f"sync leave {name}")
        raise UsageError(
            f"{machine} left, or was forgotten, with the keys that it has now",
            where=place.shown,
            hint=f"on {machine}: {again}, then join again",
        )
    return one


def _letting_in(
    ctx: Context,
    name: ProfileName,
    record: Record,
    meeting: Meeting,
    machine: Machine,
    old: KnownKeys | None,
) -> Push:
    """Put a machine's key among the recipients, and say that it is accepted; a key that it had before goes."""
    files = meeting.whole.with_entries(_roster(ctx, name, record, meeting))
    if machine.key:
        entry = meeting.whole.get(RECIPIENTS)
        text = ctx.store.read(entry.digest) if entry else b""
        if old is not None and old.key and old.key != machine.key:
            text = without_recipient(text, old.key)
        text = with_recipient(text, machine.name, machine.key)
        files = files.with_entries({RECIPIENTS: Entry(ctx.store.put(text))})
    return Push(
        onto=meeting,
        files=files,
        message=f"{record.machine}: accept {machine.name}",
        read=ctx.store.read,
    )


def _roster(
    ctx: Context, name: ProfileName, record: Record, meeting: Meeting
) -> dict[RelPath, Entry | None]:
    """What the meeting place is to hold about machines."""
    signer = Signer(signer_path(ctx.layout.home(name)))
    return {**roster(ctx, record, meeting, signer), **about_files(ctx, record, meeting)}


def _take_away(
    ctx: Context, place: Place, name: ProfileName, record: Record, machine: str, message: str
) -> tuple[Meeting | None, Record]:
    """Take a machine's file and key away.

    Returns:
        What was there before, or None if nothing of the machine was; and what this machine knows of it.
    """
    for turn in range(TRIES):
        meeting = meet(ctx, place, known_about(name, record), record.seen.commit)
        if meeting is None:
            return None, record
        record = up_to_date(ctx, name, record, meeting)
        one = _there(record, meeting, machine)
        if one is None:
            return None, record
        files = _without(ctx, name, record, meeting, one)
        what = Push(onto=meeting, files=files, message=message, read=ctx.store.read)
        try:
            push(ctx, place, what)
        except Busy:
            if turn == TRIES - 1:
                raise
            continue
        return meeting, record
    raise AssertionError  # the last turn returns or raises


def _there(record: Record, meeting: Meeting, machine: str) -> Machine | None:
    """A machine that meets there; this one is there, whoever deleted its file."""
    if machine == record.machine:
        return Machine(name=machine, key=record.own, signer=record.signer)
    return present(record, meeting.machines).get(machine)


def _without(
    ctx: Context, name: ProfileName, record: Record, meeting: Meeting, one: Machine
) -> Tree:
    """The files of a meeting place without a machine, and without its key among the recipients."""
    home, machine = ctx.layout.home(name), one.name
    record = with_own_keys(home, record)
    signer = Signer(signer_path(home))
    said = gone_statement(record, signer, machine, one.signer)
    others = forgetting(record, one) if machine != record.machine else record
    about = about_now(others, meeting, leaving=machine)
    gone = GoneMachines(machines=(*meeting.gone, said) if one.signer else meeting.gone)
    changes: dict[RelPath, Entry | None] = {
        machine_path(machine): None,
        GONE: Entry(ctx.store.put(dump_json(gone))),
        ABOUT: Entry(ctx.store.put(dump_json(about))),
    }
    if one.key and RECIPIENTS in meeting.whole:
        text = without_recipient(ctx.store.read(meeting.whole[RECIPIENTS].digest), one.key)
        changes[RECIPIENTS] = Entry(ctx.store.put(text))
    return meeting.whole.with_entries(changes)
