"""Choices: what the user chose about the content of a change, on the command line or when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.consent.switches import Unit
from hermes_dist.decide.included import Including, typed_including
from hermes_dist.decide.parts import parse_parts
from hermes_dist.model.discreet import Contents
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Digest


class Answering(Struct, frozen=True, kw_only=True):
    """How answers to inputs were given.

    Attributes:
        clear: The inputs whose answers stand in a file that others read: a secret must not be among them.
        partly: The answers are for several packages: those to inputs that a package does not have are ignored.
        all: An answer that is missing is an error in a dry run, too.
    """

    clear: frozenset[str] = frozenset()
    partly: bool = False
    all: bool = False


class Choices(Contents, frozen=True, kw_only=True):
    """What the user chose about the content, on the command line or when asked.

    The choices are the only part of a request that grows: answers to conflicts and approvals are added while
    the user is asked.

    Attributes:
        sides: The side to take in a conflict, by ``path`` or ``path: key``.
        default: The side to take in all other conflicts.
        edits: Files as the user edited them: they count as the user's, with every conflict in them settled.
        allow_effects: Every effect is approved.
        grants: Digests of the effects that are approved.
        named: Servers and jobs to switch on, no matter who switched them off.
        revoked: Places that lose their approval: they are removed from the home or switched off there.
        only: Parts to take; empty for all.
        without: Parts to leave out.
        given: Names of the variables given with the command.
        including: What to take along although the author's list leaves it out, and what no longer.
        inputs: Answers to inputs of the package as typed, by name; they may be secrets.
        answering: How these were given.
    """

    sides: Mapping[str, Side] = field(default_factory=dict)
    default: Side | None = None
    edits: Mapping[RelPath, bytes] = field(default_factory=dict)
    allow_effects: bool = False
    grants: frozenset[Digest] = frozenset()
    named: frozenset[Unit] = frozenset()
    revoked: tuple[tuple[RelPath, str], ...] = ()
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    including: Including = Including()
    inputs: Mapping[str, str] = field(default_factory=dict)
    answering: Answering = Answering()

    def __repr__(self) -> str:
        return Contents.__repr__(replace(self, inputs=dict.fromkeys(self.inputs, "…")))

    def with_parts(self, only: str, without: str, *, updating: bool = False) -> Choices:
        """Return the choices with ``--only`` and ``--except`` as typed; ``updating`` as for :func:`parse_parts`.

        Raises:
            UsageError: A part is not one of the known parts.
        """
        return replace(
            self,
            only=parse_parts(only, "--only", updating=updating),
            without=parse_parts(without, "--except", updating=updating),
        )

    def with_included(self, more: Sequence[str], less: Sequence[str]) -> Choices:
        """Return the choices with ``--include`` and ``--exclude`` as typed.

        Raises:
            UsageError: One is not a path inside a package, or no package may bring it.
        """
        return replace(self, including=typed_including(more, less))
