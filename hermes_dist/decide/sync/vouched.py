"""Who vouches for what is at the meeting place: everybody who may push there can write and delete any file of it.

So what happens to memories and sessions counts only if a machine signed it that was accepted on this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.model.paths import RelPath
from hermes_dist.model.sync.meeting import Machine, Said
from hermes_dist.model.sync.record import KnownKeys, Mark, Record
from hermes_dist.model.trust import fingerprint_of

Holds = Callable[[str, bytes, str], bool]
"""Whether a signature over a text belongs to a public key."""


class Origin(Enum):
    """Where the state of a private file at the meeting place comes from."""

    SEEN = auto()
    """It is what this machine last took in or sent."""
    NEWER = auto()
    """A machine that counts here made it from that."""
    OTHER = auto()
    """A machine that counts here, or did until it went away, wrote it, but knew nothing of what was seen here. Nothing
    that it lacks goes for that reason."""
    STRANGE = auto()
    """A machine wrote it that nobody accepted here, or whose keys are other ones now."""
    NOBODY = auto()
    """No machine says that it wrote it, or deleted it."""


class Found(Struct, frozen=True, kw_only=True):
    """The state of a private file at the meeting place.

    Attributes:
        path: The file, as it is in a home.
        said: What a machine says of it.
        sealed: The digest of what is there; empty for nothing.
        mark: The state that this machine last took in or sent; None for none.
    """

    path: RelPath
    said: Said
    sealed: str
    mark: Mark | None

    @property
    def is_as_seen(self) -> bool:
        """Whether it is what this machine last took in or sent, whatever is said of it."""
        return self.mark is not None and self.mark.sealed == self.sealed


class Others(Struct, frozen=True, kw_only=True):
    """The machines, as this one knows them and as the meeting place shows them.

    Attributes:
        record: What this machine remembers.
        machines: The machines that meet there now, by name.
        holds: Checks a signature.
    """

    record: Record
    machines: Mapping[str, Machine]
    holds: Holds

    def origin(self, found: Found) -> Origin:
        """Find out where the state of a file comes from."""
        if found.is_as_seen:
            return Origin.SEEN
        said = found.said
        if said.sealed != found.sealed or not said.signature:
            return Origin.NOBODY
        keys = self._keys(said.by)
        if keys is not None and keys.accepted and self.signed_by(keys.signer, found):
            return self._by_known(said, found.mark)
        there = self.machines.get(said.by)
        if there is not None and self.signed_by(there.signer, found):
            return Origin.STRANGE
        return Origin.NOBODY

    def _keys(self, name: str) -> KnownKeys | None:
        record = self.record
        if name == record.machine:
            return KnownKeys(key=record.own, signer=record.signer, accepted=True)
        return record.keys.get(name)

    def _by_known(self, said: Said, mark: Mark | None) -> Origin:
        counts = said.by in accepted_machines(self.record, self.machines)
        newer = mark is None or covers(said.versions, mark.versions)
        return Origin.NEWER if counts and newer else Origin.OTHER

    def signed_by(self, signer: str, found: Found) -> bool:
        """Whether a key signed what is said of a file."""
        text = found.said.statement(found.path)
        return bool(signer) and self.holds(signer, text, found.said.signature)

    def can_stay(self, found: Found) -> bool:
        """Whether what is said of a file, which this machine took in, convinces the others, too."""
        keys = self._keys(found.said.by)
        return (
            keys is not None
            and found.said.sealed == found.sealed
            and self.signed_by(keys.signer, found)
        )


def covers(later: Mapping[str, int], earlier: Mapping[str, int]) -> bool:
    """Whether a state of a file was made from another one, as the counts of all machines say."""
    return later != earlier and all(later.get(name, 0) >= count for name, count in earlier.items())


def next_versions(name: str, *known: Mapping[str, int]) -> dict[str, int]:
    """The counts of a state that a machine makes from states with these counts."""
    counts: dict[str, int] = {}
    for one in known:
        counts |= {each: max(count, counts.get(each, 0)) for each, count in one.items()}
    return {**counts, name: counts.get(name, 0) + 1}


def has_keys(machine: Machine, keys: KnownKeys) -> bool:
    """Whether a machine has the keys that it had when this one saw it first."""
    return (machine.key, machine.signer) == (keys.key, keys.signer)


def with_first_seen(record: Record, machines: Mapping[str, Machine]) -> Record:
    """Return a record that knows the keys of every machine that it sees for the first time.

    Those that are there when this machine joins are accepted with that. Later on, a key that is known already says
    nothing: it can be read in the repository, and stand in the file of another machine.
    """
    joining = not record.seen.commit
    new = {
        name: KnownKeys(
            key=one.key, signer=one.signer, accepted=joining and one.key in record.known
        )
        for name, one in machines.items()
        if one.key and name != record.machine and name not in record.keys
    }
    return replace(record, keys={**record.keys, **new}) if new else record


def accepting(record: Record, machine: Machine) -> Record:
    """Return a record that accepts the keys that a machine has now, and no older ones."""
    old = record.keys.get(machine.name)
    known = [key for key in record.known if old is None or key != old.key]
    keys = KnownKeys(key=machine.key, signer=machine.signer, accepted=True)
    return replace(
        record,
        known=tuple(dict.fromkeys((*known, machine.key))),
        keys={**record.keys, machine.name: keys},
    )


def forgetting(record: Record, machine: Machine) -> Record:
    """Return a record in which a machine counts no more; if it comes back, it has to be accepted again."""
    keys = KnownKeys(key=machine.key, signer=machine.signer)
    old = record.keys.get(machine.name, keys)
    known = tuple(key for key in record.known if key not in (machine.key, old.key))
    return replace(
        record, known=known, keys={**record.keys, machine.name: replace(old, accepted=False)}
    )


def accepted_machines(record: Record, machines: Mapping[str, Machine]) -> tuple[str, ...]:
    """List the machines that count on this one: itself, and those that were accepted, with the keys of that time."""
    others = {
        name: keys
        for name, keys in record.keys.items()
        if keys.accepted and keys.key in record.known and name in machines
    }
    return (record.machine, *(name for name in others if has_keys(machines[name], others[name])))


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
