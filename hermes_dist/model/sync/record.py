"""What a machine remembers about one synced profile: where it meets the others, and what it last saw there."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct, field

from hermes_dist.errors import Invalid
from hermes_dist.model.lock_head import Newer

FORMAT = 1


class Mark(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A state of a file that a machine has taken in or sent.

    Attributes:
        versions: The count of each machine when it wrote the file last, by then.
        sealed: The digest of the encrypted content, or mode and digest of a shared file; empty for a deleted one.
    """

    versions: Mapping[str, int]
    sealed: str = ""


class KnownKeys(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The keys of another machine, as this one saw them first, or accepted them last.

    Attributes:
        key: What is encrypted to.
        signer: What it signs with.
        accepted: Whether somebody accepted it here, or it was there when this machine joined.
        gone: It left, or was forgotten: these keys count no more.
        sent: The highest count with which it listed what it sent; 0 if it never did.
    """

    key: str
    signer: str
    accepted: bool = False
    gone: bool = False
    sent: int = 0


class Checked(Struct, frozen=True, kw_only=True):
    """What machines said of the shared files when this one last sent something, all of it checked.

    Attributes:
        index: The digest of the file that says it; its content is in the store, unless a clean-up removed it.
        signers: The keys with which it was checked, by the name of the machine.
    """

    index: str
    signers: Mapping[str, str]


class Seen(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a machine last saw at the meeting place, and has in its profile.

    Attributes:
        commit: The commit; empty before the first sync.
        lock: What the profile received from there, as a lockfile: base, upstream, conflicts and what waits. Empty for
            nothing.
        package: The lockfile of the profile's package as it was there; empty for a profile without a package.
        private: What was received of memories and sessions: a digest by path.
        marks: Which state of each of these files that is; of deleted ones, too.
        shared: The same of shared files, by their paths in the repository.
        checked: What was said of these, and need not be checked again; None if something of it could not be.
    """

    commit: str = ""
    lock: str = ""
    package: str = ""
    private: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    shared: Mapping[str, Mark] = field(default_factory=dict)
    checked: Checked | None = None


class Next(Struct, frozen=True, kw_only=True):
    """What will have been seen once an operation is carried out that has begun.

    Attributes:
        token: Stands in the label of the generation that the operation makes.
    """

    token: str
    seen: Seen


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a machine remembers about one synced profile.

    Attributes:
        url: The repository, with the login that was typed: the file is for its owner alone, and this is never shown.
        branch: The branch.
        place: The name of the meeting place, as it was when this machine joined.
        machine: The name of this machine there.
        count: How often it has signed what it sends; goes up before anything is sent, and never back.
        carried: ``memories``, ``sessions``: what travels besides, encrypted.
        own: The public key of this machine; empty if nothing travels encrypted.
        signer: The public key that this machine signs with; empty before the first sync.
        known: The public keys that this machine encrypts to.
        keys: The keys of the other machines, by name.
        seen: What it last saw.
        next: What it will have seen once an operation is carried out; None if none has begun.
    """

    format: int = FORMAT
    url: str
    branch: str = "main"
    place: str = ""
    machine: str
    count: int = 0
    carried: tuple[str, ...] = ()
    own: str = ""
    signer: str = ""
    known: tuple[str, ...] = ()
    keys: Mapping[str, KnownKeys] = field(default_factory=dict)
    seen: Seen = field(default_factory=Seen)
    next: Next | None = None

    def __repr__(self) -> str:
        return f"Record({self.machine!r})"


def dump_record(record: Record) -> bytes:
    """Write a record."""
    # Always with its format, so that an older program can refuse it.
    data = {"format": FORMAT, **msgspec.to_builtins(record)}
    return msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n"


def load_record(data: bytes) -> Record:
    """Read a record.

    Raises:
        Newer: A newer program wrote it.
        Invalid: It is damaged.
    """
    try:
        number = msgspec.json.decode(data, type=_Head).format
        if number > FORMAT:
            raise Newer(f"a newer hermes-dist keeps this profile in sync (format {number})")
        return msgspec.json.decode(data, type=Record)
    except msgspec.MsgspecError as err:
        raise Invalid(
            f"what this machine remembers about sync is damaged ({err})",
            hint="leave and join again: nothing of the profile is lost",
        ) from None


class _Head(Struct):
    format: int = 1
