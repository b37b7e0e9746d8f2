"""What layers are chosen from: versions of packages, who asks for which, and the market that offers them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from hermes_dist.decide.layers.wanted import Dependency, Wanted


class Choice(Struct, frozen=True, kw_only=True):
    """One version of a package that could be a layer.

    Attributes:
        key: Which package it is, however it was named: the same repository and folder have the same key.
        commit: The commit, which tells versions of one package apart; of a folder the digest of its tree.
        name: How messages name the package.
        version: How messages name the version: its tag, the start of its commit, or empty for a folder.
    """

    key: str
    commit: str
    name: str
    version: str

    @property
    def label(self) -> str:
        """How messages name it, such as ``base 1.2.0``."""
        return f"{self.name} {self.version}".strip()


class Asked(Struct, frozen=True, kw_only=True):
    """A package that another one asks for.

    Attributes:
        by: How messages name the one that asks.
        asker: The key of the one that asks; empty for the package at the top.
        dependency: What it asks for.
        key: The key of what it asks for.
        field: The field of its manifest that says so.
    """

    by: str
    asker: str
    dependency: Dependency
    key: str
    field: str = "dependencies"


class Market(Protocol):
    """What there is to choose from."""

    def key(self, dependency: Dependency, asker: str) -> str:
        """Tell which package a dependency names.

        Args:
            dependency: The dependency.
            asker: Who names it, as key and commit; empty for the package at the top.

        Raises:
            DistError: There is no such package, or it can't be reached.
        """

    def choices(self, dependency: Dependency, asker: str) -> Sequence[Choice]:
        """List the versions that a dependency allows, the best first; the arguments are those of :meth:`key`.

        Raises:
            DistError: The package can't be reached.
        """

    def expect(self, choices: Sequence[Choice]) -> None:
        """Be told which versions are asked for next, so that they can be read together; nothing fails here."""

    def wanted(self, choice: Choice) -> Wanted:
        """Tell what a version of a package asks for itself.

        Raises:
            DistError: Its manifest can't be read.
        """


def asker_of(choice: Choice) -> str:
    """Name a version as one that asks for layers, as the methods of :class:`Market` take it."""
    return f"{choice.key}#{choice.commit}"
