"""What a lock records about each package, and the decisions about its effects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from hermes_dist.light import StrEnum
from hermes_dist.model.facts import Facts
from hermes_dist.model.lock_head import Demand
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import Pin
from hermes_dist.model.tree import Digest


class LockedPackage(Struct, frozen=True, kw_only=True):
    """One package of a home.

    Attributes:
        source: The source as the user gave it, in the grammar of SourceSpec.
        pin: Exactly what the source resolved to.
        registry: If the source is a registry name: the registry that the name belongs to.
        name: The name of the package in its manifest.
        signer: Fingerprint of the key that must sign releases; empty if none is expected.
        demands: What has to be signed; None until the user chooses.
        partial: Whether parts of the pinned package were left out; the next full update brings them.
        included: Paths that the user takes along although ``distribution_owned`` does not name them.
        layer: ``base`` or ``pack`` for a package that another one stands on; empty for the top.
        over: The names of the layers that it stands on itself.
        only: The parts that it brings as a layer; empty for all.
        taken: What a source without a manifest was taken for, and the version of the rules, such as ``plugin/1``.
        more: Unknown fields; they are written back.
    """

    source: str
    pin: Pin
    registry: str = ""
    name: str = ""
    signer: str = ""
    demands: Demand | None = None
    partial: bool = False
    included: tuple[RelPath, ...] = ()
    layer: str = ""
    over: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    taken: str = ""
    more: Mapping[str, object] = field(default_factory=dict)


class Approval(Struct, frozen=True, order=True):
    """An approved effect, identified by its content.

    Attributes:
        path: The file that contains it; empty if an older lock recorded only the digest.
        key: The place inside the document; empty for the whole file.
        digest: The digest of the effect.
        version: The package's version and short commit when it was approved.
        facts: What was shown when approval was asked for, as names and values.
    """

    path: str
    key: str
    digest: Digest
    version: str = ""
    facts: Facts = ()


def digests_of(approved: Iterable[Approval]) -> frozenset[Digest]:
    """Return the digests of approved effects."""
    return frozenset(approval.digest for approval in approved)


InputValue = str | bool | int | float
"""What an input of a package can be answered with."""


class InputAnswer(Struct, frozen=True):
    """An input of a package that was answered.

    Attributes:
        name: The input.
        value: The answer; None for a secret, which is in the home's ``.env`` alone.
    """

    name: str
    value: InputValue | None = None


class OffCause(StrEnum):
    """Who switched off an approved part."""

    USER = "user"
    AUTHOR = "author"


class Off(Struct, frozen=True, order=True):
    """A part that stays off although nothing about it waits for approval.

    Attributes:
        path: The file that contains it.
        key: The place inside the document; empty for the whole file.
        cause: Who switched it off.
    """

    path: RelPath
    key: str
    cause: OffCause
