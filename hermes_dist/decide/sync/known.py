"""Which machines count here: those that were accepted on this machine, with the keys of that time, until they are gone.

Everybody who may push to the meeting place can write and delete the file of a machine, so what stands there counts only
if a machine signed it that counts already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from hermes_dist.model.sync.meeting import Gone, Machine
from hermes_dist.model.sync.record import KnownKeys, Record
from hermes_dist.model.trust import fingerprint_of

Holds = Callable[[str, bytes, str], bool]
"""Whether a signature over a text belongs to a public key."""


def has_keys(machine: Machine, keys: KnownKeys) -> bool:
    """Whether a machine has the keys that it had when this one saw it first."""
    return (machine.key, machine.signer) == (keys.key, keys.signer)


def is_gone(record: Record, machine: Machine) -> bool:
    """Whether the file of a machine is of keys that count no more."""
    keys = record.keys.get(machine.name)
    return keys is not None and keys.gone and keys.signer == machine.signer


def present(record: Record, machines: Mapping[str, Machine]) -> dict[str, Machine]:
    """Return the machines that meet, by name.

    One that counts here is among them if its file is missing: whoever may push can delete that.
    """
    missing = {
        name: Machine(name=name, key=keys.key, signer=keys.signer)
        for name, keys in record.keys.items()
        if keys.accepted and not keys.gone and keys.signer and name not in machines
    }
    there = {name: one for name, one in machines.items() if not is_gone(record, one)}
    return dict(sorted({**there, **missing}.items()))


def trusted_from(
    place: str,
    roots: Iterable[str],
    machines: Mapping[str, Machine],
    gone: Sequence[Gone],
    holds: Holds,
) -> frozenset[str]:
    """List the machines that one trusts that knows the keys of some, and those that these accepted.

    Args:
        place: The name of the meeting place.
        roots: The keys that are known.
        machines: The machines that meet there.
        gone: Those that are said to be gone.
        holds: Checks a signature.
    """
    found = (trusted_at_first(place, root, machines, gone, holds) for root in roots)
    return frozenset().union(*found)


def trusted_at_first(
    place: str, root: str, machines: Mapping[str, Machine], gone: Iterable[Gone], holds: Holds
) -> frozenset[str]:
    """List the machines that one trusts that joins: the one that the meeting place names, and those that it accepted.

    Args:
        place: The name of the meeting place.
        root: The key of the machine that the meeting place names.
        machines: The machines that meet there.
        gone: Those that are said to be gone.
        holds: Checks a signature.
    """
    keys = {name: one.signer for name, one in machines.items() if root and one.signer == root}
    while new := _accepted_next(machines, place, root, keys, holds):
        keys |= new
    said = {one.signer for one in gone if _counts(one, place, keys, holds)}
    return frozenset(name for name, signer in keys.items() if signer not in said)


def _accepted_next(
    machines: Mapping[str, Machine], place: str, root: str, keys: Mapping[str, str], holds: Holds
) -> dict[str, str]:
    """The keys of machines that are accepted by those that are trusted already."""
    return {
        name: one.signer
        for name, one in machines.items()
        if name not in keys and _is_accepted(one, place, root, keys, holds)
    }


def _is_accepted(
    machine: Machine, place: str, root: str, keys: Mapping[str, str], holds: Holds
) -> bool:
    text = machine.acceptance(place)
    return bool(machine.signer) and any(
        holds(keys.get(by, root), text, signature) for by, signature in machine.accepted.items()
    )


def _counts(gone: Gone, place: str, keys: Mapping[str, str], holds: Holds) -> bool:
    """Whether a machine said itself that it is gone, or one that counts did."""
    signer = gone.signer if gone.by == gone.name else keys.get(gone.by, "")
    return bool(signer) and holds(signer, gone.statement(place), gone.signature)


def with_first_seen(
    record: Record, machines: Mapping[str, Machine], trusted: frozenset[str]
) -> Record:
    """Return a record that knows the keys of every machine that it sees for the first time.

    Those that are trusted when this machine joins are accepted with that; later on, only a command accepts one.
    """
    joining = not record.seen.commit
    new = {
        name: KnownKeys(key=one.key, signer=one.signer, accepted=joining and name in trusted)
        for name, one in machines.items()
        if one.signer and name != record.machine and name not in record.keys
    }
    return replace(record, keys={**record.keys, **new}) if new else record


def with_gone(record: Record, gone: Iterable[Gone], holds: Holds) -> Record:
    """Return a record in which the machines count no more that left, or that a machine forgot that counts here."""
    keys = {name: record.keys[name].signer for name in _accepted(record)}
    signers = {**keys, record.machine: record.signer}
    for one in gone:
        known = record.keys.get(one.name)
        if known is None or known.gone or known.signer != one.signer:
            continue
        if _counts(one, record.place, signers, holds):
            # What it sent before it left counts; what one sent that was forgotten does not.
            stays = known.accepted and one.by == one.name
            record = _without(record, one.name, replace(known, accepted=stays, gone=True))
    return record


def forgotten_by(record: Record, gone: Iterable[Gone], holds: Holds) -> str:
    """The machine that forgot this one; empty for none."""
    keys = {name: record.keys[name].signer for name in _accepted(record)}
    for one in gone:
        mine = bool(record.signer) and one.signer == record.signer and one.by != one.name
        if mine and _counts(one, record.place, keys, holds):
            return one.by
    return ""


def _accepted(record: Record) -> tuple[str, ...]:
    return tuple(
        name
        for name, keys in record.keys.items()
        if keys.accepted and not keys.gone and keys.signer
    )


def _without(record: Record, name: str, keys: KnownKeys) -> Record:
    known = tuple(key for key in record.known if key != keys.key)
    return replace(record, known=known, keys={**record.keys, name: keys})


def accepting(record: Record, machine: Machine) -> Record:
    """Return a record that accepts the keys that a machine has now, and no older ones."""
    old = record.keys.get(machine.name)
    known = [key for key in record.known if old is None or key != old.key]
    keys = KnownKeys(key=machine.key, signer=machine.signer, accepted=True)
    new = (machine.key,) if machine.key else ()
    return replace(
        record,
        known=tuple(dict.fromkeys((*known, *new))),
        keys={**record.keys, machine.name: keys},
    )


def forgetting(record: Record, machine: Machine) -> Record:
    """Return a record in which a machine counts no more; to come back, it needs new keys."""
    keys = KnownKeys(key=machine.key, signer=machine.signer, gone=True)
    old = record.keys.get(machine.name, keys)
    record = _without(record, machine.name, replace(old, accepted=False, gone=True))
    return replace(record, known=tuple(key for key in record.known if key != machine.key))


def accepted_machines(record: Record, machines: Mapping[str, Machine]) -> tuple[str, ...]:
    """List the machines that count on this one: itself, and those that were accepted, with the keys of that time."""
    others = (name for name in _accepted(record) if name in machines and name != record.machine)
    return (record.machine, *(n for n in others if has_keys(machines[n], record.keys[n])))


def changed_keys(record: Record, machines: Mapping[str, Machine]) -> tuple[str, ...]:
    """List the machines whose keys are other ones than this machine saw first."""
    return tuple(
        name
        for name, one in sorted(machines.items())
        if name in record.keys and not has_keys(one, record.keys[name])
    )


def print_of(key: str, signer: str) -> str:
    """The fingerprint of a machine's two keys, to be compared by people."""
    return fingerprint_of(f"{key}\n{signer}".encode())
