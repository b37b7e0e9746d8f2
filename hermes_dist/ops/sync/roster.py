"""The files of the meeting place about machines: who is there, whom each of them accepted, and who is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from hermes_dist.decide.sync.known import accepted_machines, is_gone, present
from hermes_dist.model.paths import RelPath
from hermes_dist.model.sync.meeting import (
    ABOUT,
    GONE,
    README,
    About,
    Gone,
    GoneMachines,
    Machine,
    dump_json,
    machine_path,
    readme,
)
from hermes_dist.model.sync.record import Record
from hermes_dist.model.tree import Entry
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.meeting import Meeting
from hermes_dist.world.keys.signer import Signer, is_signed

FORMAT_SIGNED = 3
"""The first format in which machines sign the shared files."""


def roster(
    ctx: Context, record: Record, meeting: Meeting | None, signer: Signer
) -> dict[RelPath, Entry | None]:
    """What changes of the files about machines; None for one that goes.

    A file that is missing, damaged, or of a machine that is gone is put right: whoever may push can write it.

    Args:
        ctx: The context.
        record: What this machine remembers, with its keys.
        meeting: What the meeting place holds; None for an empty one.
        signer: Signs for this machine.
    """
    there = meeting.machines if meeting else {}
    made: dict[RelPath, Entry | None] = {
        machine_path(name): None for name, one in there.items() if is_gone(record, one)
    }
    for name, one in _machines(record, there, signer).items():
        if there.get(name) != one:
            made[machine_path(name)] = Entry(ctx.store.put(dump_json(one)))
    said = meeting.gone if meeting else ()
    gone = tuple(_gone_now(record, said, signer))
    if gone != said or (meeting and GONE in meeting.damaged):
        made[GONE] = Entry(ctx.store.put(dump_json(GoneMachines(machines=gone))))
    return made


def _machines(record: Record, there: Mapping[str, Machine], signer: Signer) -> dict[str, Machine]:
    """The machines that meet, by name, with what this one says of them."""
    machines = present(record, there)
    own = machines.get(record.machine)
    mine = Machine(name=record.machine, key=record.own, signer=record.signer)
    if own is not None and (own.key, own.signer) == (mine.key, mine.signer):
        mine = own
    machines[record.machine] = mine
    accepted = accepted_machines(record, machines)
    return {
        name: _with_acceptance(one, record, signer, accepts=name in accepted)
        for name, one in machines.items()
    }


def _with_acceptance(one: Machine, record: Record, signer: Signer, *, accepts: bool) -> Machine:
    """Return a machine with this one's signature if it is accepted here, and without it if not."""
    name, said = record.machine, dict(one.accepted)
    if one.name == name:
        return one
    text = one.acceptance(record.place)
    if not accepts:
        said.pop(name, None)
    elif not is_signed(record.signer, text, said.get(name, "")):
        said[name] = signer.sign(text)
    return replace(one, accepted=dict(sorted(said.items())))


def _gone_now(record: Record, said: tuple[Gone, ...], signer: Signer) -> Iterator[Gone]:
    """What is said of machines that are gone; what vanished of it is said again."""
    yield from said
    known = {one.signer for one in said if _is_said_here(record, one)}
    for name, keys in sorted(record.keys.items()):
        if keys.gone and not keys.accepted and keys.signer not in known:
            yield gone_statement(record, signer, name, keys.signer)


def _is_said_here(record: Record, one: Gone) -> bool:
    """Whether this machine, or one that counts here, says it; whoever may push can write anything."""
    signers: Mapping[str, str] = {
        record.machine: record.signer,
        **{name: keys.signer for name, keys in record.keys.items() if keys.accepted},
    }
    by = one.signer if one.by == one.name else signers.get(one.by, "")
    return is_signed(by, one.statement(record.place), one.signature)


def gone_statement(record: Record, signer: Signer, name: str, key: str) -> Gone:
    """Say, signed by this machine, that a machine is gone.

    Args:
        record: What this machine remembers.
        signer: Signs for this machine.
        name: The machine.
        key: The key that it signed with.
    """
    one = Gone(name=name, signer=key, by=record.machine)
    return replace(one, signature=signer.sign(one.statement(record.place)))


def about_files(ctx: Context, record: Record, meeting: Meeting | None) -> dict[RelPath, Entry]:
    """What the repository says about itself: again, if somebody else or an older program said it, or it is damaged."""
    if meeting is None or not record.signer:
        return {}
    now = about_now(record, meeting)
    if meeting.about == now and ABOUT not in meeting.damaged:
        return {}
    made = {ABOUT: dump_json(now)}
    if meeting.about.format < FORMAT_SIGNED:
        made[README] = readme(ctx.brand.title, ctx.brand.spelled("", "sync join NAME URL"))
    return {path: Entry(ctx.store.put(data)) for path, data in made.items()}


def about_now(record: Record, meeting: Meeting, leaving: str = "") -> About:
    """What a meeting place is to say about itself.

    Args:
        record: What this machine remembers.
        meeting: What the meeting place holds.
        leaving: The machine that is just going, which nobody is to trust any more; empty for none.
    """
    machines = present(record, meeting.machines)
    signers = {
        record.signer if name == record.machine else machines[name].signer
        for name in accepted_machines(record, machines)
        if name != leaving
    }
    root = meeting.about.signer
    if root not in signers:
        root = record.signer if record.signer in signers else min(signers, default="")
    about = meeting.about
    return About(profile=about.profile, carried=record.carried, place=record.place, signer=root)
