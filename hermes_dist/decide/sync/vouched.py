"""Who vouches for the files at the meeting place, where everybody who may push can write and delete any of them.

So what happens to a file counts only if a machine signed it that was accepted on this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from msgspec import Struct

from hermes_dist.decide.sync.known import Holds, accepted_machines
from hermes_dist.model.paths import RelPath
from hermes_dist.model.sync.meeting import Machine, Said
from hermes_dist.model.sync.record import KnownKeys, Mark, Record


class Origin(Enum):
    """Where the state of a file at the meeting place comes from."""

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
    """No machine says that it wrote it, or deleted it; or it is from before what was seen here."""


class Found(Struct, frozen=True, kw_only=True):
    """The state of a file at the meeting place.

    Attributes:
        path: The file, as it is in the repository.
        said: What a machine says of it.
        sealed: What is there, as a machine signs it; empty for nothing.
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

    @property
    def versions(self) -> Mapping[str, int]:
        """The counts of the state that this machine last took in or sent."""
        return self.mark.versions if self.mark else {}


class Proven(Struct, frozen=True, kw_only=True):
    """What machines said of files when this one last looked, each with a signature that it checked.

    Attributes:
        files: What was said, by the path of the file in the repository.
        signers: The keys of that time, by the name of the machine.
    """

    files: Mapping[str, Said] = {}
    signers: Mapping[str, str] = {}

    def has(self, found: Found, signer: str) -> bool:
        """Whether what is said of a file was checked, with the same key."""
        said = found.said
        return self.signers.get(said.by) == signer and self.files.get(found.path) == said


NOTHING_PROVEN = Proven()


class Others(Struct, frozen=True, kw_only=True):
    """The machines, as this one knows them and as the meeting place shows them.

    Attributes:
        record: What this machine remembers.
        machines: The machines that meet there now, by name.
        counting: Those that count on this machine.
        holds: Checks a signature.
        checked: What was checked before, and need not be again: a signature takes longer than all else of a file.
    """

    record: Record
    machines: Mapping[str, Machine]
    counting: frozenset[str]
    holds: Holds
    checked: Proven = NOTHING_PROVEN

    @classmethod
    def of(
        cls,
        record: Record,
        machines: Mapping[str, Machine],
        holds: Holds,
        checked: Proven = NOTHING_PROVEN,
    ) -> Others:
        """The machines that meet at a place.

        Args:
            record: What this machine remembers.
            machines: The machines that meet there now, by name.
            holds: Checks a signature.
            checked: What was checked before.
        """
        counting = frozenset(accepted_machines(record, machines))
        return cls(
            record=record, machines=machines, counting=counting, holds=holds, checked=checked
        )

    def origin(self, found: Found) -> Origin:
        """Find out where the state of a file comes from."""
        if found.is_as_seen:
            return Origin.SEEN
        said = found.said
        if said.sealed != found.sealed or not said.signature:
            return Origin.NOBODY
        keys = self._keys(said.by)
        if keys is not None and keys.accepted and self.signed_by(keys.signer, found):
            return self._by_known(said, found)
        there = self.machines.get(said.by)
        if there is not None and self.signed_by(there.signer, found):
            return Origin.STRANGE
        return Origin.NOBODY

    def _keys(self, name: str) -> KnownKeys | None:
        record = self.record
        if name == record.machine:
            return KnownKeys(key=record.own, signer=record.signer, accepted=True)
        return record.keys.get(name)

    def _by_known(self, said: Said, found: Found) -> Origin:
        if found.mark is not None and reaches(found.versions, said.versions):
            return Origin.NOBODY
        counts = said.by in self.counting
        newer = found.mark is None or reaches(said.versions, found.versions)
        return Origin.NEWER if counts and newer else Origin.OTHER

    def signed_by(self, signer: str, found: Found) -> bool:
        """Whether a key signed what is said of a file."""
        if not signer or self.checked.has(found, signer):
            return bool(signer)
        text = found.said.statement(self.record.place, found.path)
        return self.holds(signer, text, found.said.signature)

    def said_of_it(self, found: Found) -> Mapping[str, int]:
        """The counts that a machine signed of a state that this machine has, too.

        Of a machine that does not count here, only its own count is believed: with others, it could make what those
        machines write look old.
        """
        said = found.said
        if reaches(found.versions, said.versions) or self.can_stay(found):
            return said.versions  # counts that are known here need no proof
        there = self.machines.get(said.by)
        own = said.versions.get(said.by)
        if own is None or said.sealed != found.sealed or there is None:
            return {}
        return {said.by: own} if self.signed_by(there.signer, found) else {}

    def can_stay(self, found: Found) -> bool:
        """Whether what is said of a file, which this machine took in, convinces the others, too."""
        said = found.said
        if said.sealed != found.sealed or said.by not in self.counting:
            return False
        keys = self._keys(said.by)
        return keys is not None and self.signed_by(keys.signer, found)


def reaches(later: Mapping[str, int], earlier: Mapping[str, int]) -> bool:
    """Whether a state of a file is another one, or was made from it, as the counts of all machines say."""
    return all(later.get(name, 0) >= count for name, count in earlier.items())


def joined_versions(*known: Mapping[str, int]) -> dict[str, int]:
    """The counts of a state that is made from states with these counts."""
    counts: dict[str, int] = {}
    for one in known:
        counts |= {each: max(count, counts.get(each, 0)) for each, count in one.items()}
    return counts


def next_versions(record: Record, *known: Mapping[str, int]) -> dict[str, int]:
    """The counts of a state that this machine makes from states with these counts."""
    counts = joined_versions(*known)
    own = counts.get(record.machine, 0)
    return {**counts, record.machine: max(record.count, own + 1)}
