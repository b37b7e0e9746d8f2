"""What is held back at the meeting place: a machine signed what it sent together, and a part of that is missing.

Whoever may push can put one file back to an older state that was signed, too, and leave a newer one beside it. A
machine that never saw the newer state of the first can't tell by the file alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from hermes_dist.decide.sync.vouched import Others
from hermes_dist.model.paths import RelPath
from hermes_dist.model.sync.meeting import Machine, Said, Sent, machine_path
from hermes_dist.model.sync.record import KnownKeys, Mark, Record


def withheld(
    others: Others, said: Mapping[str, Said], marks: Mapping[str, Mark]
) -> dict[str, tuple[RelPath, ...]]:
    """List what is held back of what each machine sent, by the name of the machine.

    Args:
        others: The machines.
        said: What is said of each file there, by its path in the repository.
        marks: The states of the files that this machine has taken in or is about to.
    """
    record = others.record
    found: dict[str, tuple[RelPath, ...]] = {}
    for name, keys in sorted(record.keys.items()):
        machine = others.machines.get(name)
        if name not in others.counting or machine is None:
            continue
        sent = sent_by(others, machine)
        lacking: tuple[RelPath, ...]
        if sent is None or sent.count < _latest(name, keys, marks):
            # Once it lists what it sends, it always does; an older list is one that somebody put back.
            lacking = (machine_path(name),) if sent or keys.sent else ()
        else:
            lacking = tuple(_lacking(name, sent, said))
        if lacking:
            found[name] = lacking
    return found


def sent_by(others: Others, machine: Machine) -> Sent | None:
    """What a machine sent last, as it signed; None for nothing that it signed."""
    sent, keys = machine.sent, others.record.keys.get(machine.name)
    if sent is None or keys is None or keys.signer != machine.signer:
        return None
    text = sent.statement(others.record.place, machine.name)
    return sent if others.holds(keys.signer, text, sent.signature) else None


def _latest(name: str, keys: KnownKeys, marks: Mapping[str, Mark]) -> int:
    """The highest count of a machine that this one knows of."""
    counts = (mark.versions.get(name, 0) for mark in marks.values())
    return max(keys.sent, max(counts, default=0))


def _lacking(name: str, sent: Sent, said: Mapping[str, Said]) -> Iterator[RelPath]:
    for path in sent.paths:
        there = said.get(path)
        # Another machine may have made a later state from that one.
        if there is None or there.versions.get(name, 0) < sent.count:
            yield RelPath(path)


def with_sent(record: Record, others: Others) -> Record:
    """Return a record that remembers how far each machine listed what it sent."""
    keys = dict(record.keys)
    for name, known in record.keys.items():
        machine = others.machines.get(name)
        sent = sent_by(others, machine) if machine and name in others.counting else None
        if sent is not None and sent.count > known.sent:
            keys[name] = replace(known, sent=sent.count)
    return replace(record, keys=keys)
