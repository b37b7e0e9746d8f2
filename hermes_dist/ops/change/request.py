"""The request: what the user asks of a command that changes a home, built once from its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.consent.switches import Unit
from hermes_dist.decide.environment.wanted import Given
from hermes_dist.decide.included import Including, typed_including
from hermes_dist.decide.parts import parse_parts
from hermes_dist.decide.trust import Accept
from hermes_dist.model.discreet import Contents
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Digest
from hermes_dist.ops.change.target import Naming

if TYPE_CHECKING:
    from hermes_dist.ops.change.proposal import Proposal

__all__ = [
    "ABORT",
    "Accept",
    "AskConflict",
    "Choices",
    "Confirm",
    "Given",
    "Naming",
    "Questions",
    "Request",
]

Confirm = Callable[["Proposal"], bool]
"""Shows a proposal and asks for confirmation; False means no. May raise InputNeeded."""

AskConflict = Callable[["Proposal", Conflict], Side | bytes | None]
"""Asks about one conflict; gives a side, or the whole file as edited; None leaves it open."""

ABORT = "abort"
"""The value of ``--conflict`` that changes nothing if a conflict would stay open."""


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

    def with_parts(self, only: str, without: str) -> Choices:
        """Return the choices with ``--only`` and ``--except`` as typed.

        Raises:
            UsageError: A part is not one of the known parts.
        """
        return replace(
            self, only=parse_parts(only, "--only"), without=parse_parts(without, "--except")
        )

    def with_included(self, more: Sequence[str], less: Sequence[str]) -> Choices:
        """Return the choices with ``--include`` and ``--exclude`` as typed.

        Raises:
            UsageError: One is not a path inside a package, or no package may bring it.
        """
        return replace(self, including=typed_including(more, less))


class Questions(Struct, frozen=True, kw_only=True):
    """What to ask on a terminal; None for what is not asked.

    Attributes:
        conflict: Asks about each open conflict, before the confirmation.
        effects: Asks, after the confirmation, whether effects that newly need approval may run now.
        variables: Asks, after the confirmation, for the values of missing variables, by name.
    """

    conflict: AskConflict | None = None
    effects: Callable[[Proposal], bool] | None = None
    variables: Callable[[Proposal], Mapping[str, str]] | None = None


class Request(Struct, frozen=True, kw_only=True):
    """The options of a command that changes a home.

    Attributes:
        choices: What was chosen about the content.
        accept: Exceptions to the rules about signatures and moved tags.
        naming: How to resolve a name in a registry.
        env: Variables for the home's ``.env``.
        questions: What to ask.
        on_conflict: ``keep``, ``theirs``, ``ask``, ``abort``, or empty for the default of the command.
        dry_run: Only make the proposal.
        to: Another ref to follow from now on; empty to keep the current one.
        locked: The resolved commit must be the lock's.
        allow_downgrade: Follow a source that went back.
        ignore_requires: Do not check which agent the package requires.
    """

    choices: Choices = field(default_factory=Choices)
    accept: Accept = field(default_factory=Accept)
    naming: Naming = field(default_factory=Naming)
    env: Given = field(default_factory=Given)
    questions: Questions = field(default_factory=Questions)
    on_conflict: str = ""
    to: str = ""
    dry_run: bool = False
    locked: bool = False
    allow_downgrade: bool = False
    ignore_requires: bool = False

    @property
    def is_for_one(self) -> bool:
        """Whether it holds what is meant for one profile alone."""
        return bool(self.to or self.env.named) or self.choices.including != Including()

    @property
    def is_plain(self) -> bool:
        """Whether no option was given that could bring about more than the source offers.

        ``--dry-run`` and ``--locked`` only hold back, and questions are asked about what there is.
        """
        held_back = replace(self, dry_run=False, locked=False)
        return replace(held_back, questions=Questions(), naming=Naming()) == Request()
