"""What a lock holds about each package, and what was said about its effects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, field

from hermes_dist.model.facts import Facts
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import Pin
from hermes_dist.model.tree import Digest


class LockedPackage(Struct, frozen=True, kw_only=True):
    """One package of a home.

    Attributes:
        source: The source as asked for, in the grammar of SourceSpec.
        pin: Exactly what it was.
        registry: Where the source is a name in a registry: the registry that the name belongs to.
        name: The package's own name, by its manifest.
        signer: Fingerprint of the key that releases are expected to be signed by; empty for none.
        partial: Parts of what the pin names were left out, and come with the next whole update.
        more: Fields that this program does not know; they are written back.
    """

    source: str
    pin: Pin
    registry: str = ""
    name: str = ""
    signer: str = ""
    partial: bool = False
    more: Mapping[str, object] = field(default_factory=dict)


class Approval(Struct, frozen=True, order=True):
    """An effect that got its yes, by its content.

    Attributes:
        path: The file it lives in; empty where an older lock kept the digest alone.
        key: The place inside a document; empty for the whole file.
        digest: The digest of the effect.
        version: Since when it has its yes: the package's version and short commit.
        facts: What was shown when it was asked for, as names and values.
    """

    path: str
    key: str
    digest: Digest
    version: str = ""
    facts: Facts = ()


def digests_of(approved: Iterable[Approval]) -> frozenset[Digest]:
    """The digests of effects that got their yes."""
    return frozenset(approval.digest for approval in approved)


class OffCause(StrEnum):
    """Who switched off what has its yes."""

    USER = "user"
    AUTHOR = "author"


class Off(Struct, frozen=True, order=True):
    """A part that stays off although nothing about it waits for a yes.

    Attributes:
        path: The file it lives in.
        key: The place inside a document; empty for the whole file.
        cause: Who switched it off.
    """

    path: RelPath
    key: str
    cause: OffCause
