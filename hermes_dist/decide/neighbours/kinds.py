"""What a source without ``distribution.yaml`` can be taken for, and the package that is made of it."""

from __future__ import annotations

from collections.abc import Mapping

from hermes_dist.errors import Invalid, quoted
from hermes_dist.light import StrEnum
from hermes_dist.model.discreet import Contents
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.tree import Digest, Tree

MAPPING = 1
"""The version of the rules in this folder. A commit that was received by one version is read again by the same one."""


class Neighbour(StrEnum):
    """What a source without ``distribution.yaml`` is taken for."""

    PLUGIN = "plugin"
    SKILLS = "skills"
    PROFILE = "profile"


class Taken(Contents, frozen=True, kw_only=True):
    """A package that was made of a source of another kind.

    Attributes:
        kind: What the source is taken for.
        sign: The file that says so.
        tree: The package: what can come, where a package has it, and a manifest.
        blobs: New contents by digest.
        left_out: What can't come, and why.
    """

    kind: Neighbour
    sign: str
    tree: Tree
    blobs: Mapping[Digest, bytes]
    left_out: tuple[LeftOut, ...]

    @property
    def label(self) -> str:
        """What a lock records: the kind, and the version of the rules."""
        return f"{self.kind}/{MAPPING}"


def check_label(label: str) -> None:
    """Check that what a lock recorded can be made again by these rules.

    Args:
        label: What the lock says; empty for a package with a manifest of its own.

    Raises:
        Invalid: Other rules made it.
    """
    kind, _, version = label.partition("/")
    if label and (kind not in set(Neighbour) or version != str(MAPPING)):
        raise Invalid(
            f"it was made by rules that this version does not know: {quoted(label, 40)}",
            hint="get the newest version of hermes-dist, then run this again",
        )
