"""The request: what the user asks of a command that changes a home, built once from its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.environment.wanted import Given
from hermes_dist.decide.included import Including
from hermes_dist.decide.trust import Accept
from hermes_dist.errors import UsageError, quoted
from hermes_dist.model.plan import Conflict
from hermes_dist.model.side import Side
from hermes_dist.ops.change.target import Naming
from hermes_dist.ops.choices import Choices

if TYPE_CHECKING:
    from hermes_dist.ops.change.proposal import Proposal

__all__ = [
    "ABORT",
    "Accept",
    "AskConflicts",
    "Choices",
    "Confirm",
    "Given",
    "InputQuestion",
    "Naming",
    "Questions",
    "Request",
    "choices_of",
]

Confirm = Callable[["Proposal"], bool]
"""Shows a proposal and asks for confirmation; False means no. May raise InputNeeded."""

AskConflicts = Callable[["Proposal", Sequence[Conflict]], Mapping[Conflict, Side | bytes]]
"""Asks about conflicts; gives a side for each, or the whole file as edited; those it leaves out stay open."""

ABORT = "abort"
"""The value of ``--conflict`` that changes nothing if a conflict would stay open."""


_DEFAULTS = {"keep": Side.OURS, "theirs": Side.THEIRS}
_POLICIES = ("keep", "theirs", "ask", ABORT)


def choices_of(
    conflict: str = "",
    *,
    allow_effects: bool = False,
    only: str = "",
    without: str = "",
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    inputs: Mapping[str, str] | None = None,
) -> Choices:
    """Make the choices from options as they are typed.

    Raises:
        UsageError: The value of an option is not valid.
    """
    if conflict and conflict not in _POLICIES:
        raise UsageError(f"--conflict takes {', '.join(_POLICIES)}, not {quoted(conflict, 40)}")
    choices = Choices(
        default=_DEFAULTS.get(conflict), allow_effects=allow_effects, inputs=inputs or {}
    )
    return choices.with_included(include, exclude).with_parts(only, without, updating=True)


class InputQuestion(Struct, frozen=True, kw_only=True):
    """A question about an input of a package.

    Attributes:
        rules: What the answer has to be, in a few words.
        suggested: What counts if nothing is typed; None if something has to be.
        secret: The answer is not shown.
        wrong: What is wrong with what was typed last; empty for the first time.
    """

    name: str
    description: str
    rules: str
    suggested: str | None
    secret: bool
    wrong: str


class Questions(Struct, frozen=True, kw_only=True):
    """What to ask on a terminal; None for what is not asked.

    Attributes:
        conflicts: Asks about the open conflicts, before the confirmation.
        effects: Asks, after the confirmation, whether effects that newly need approval may run now.
        variables: Asks, after the confirmation, for the values of missing variables, by name.
        inputs: Asks, before the proposal is made, for the answer to an input of the package; nothing typed takes the
            suggestion.
    """

    conflicts: AskConflicts | None = None
    effects: Callable[[Proposal], bool] | None = None
    variables: Callable[[Proposal], Mapping[str, str]] | None = None
    inputs: Callable[[InputQuestion], str] | None = None


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
        plan: The digest of the proposal that the user saw and confirmed, by
            :func:`hermes_dist.ops.change.proposal.plan_digest`; any other is refused. Empty if the user is asked.
        to: Another ref to follow from now on; empty to keep the current one.
        locked: The resolved commit must be the lock's.
        allow_downgrade: Follow a source that went back.
        ignore_requires: Do not check which agent the package requires.
        restart: The command restarts the gateways of the outcome afterwards; a verb only names them.
    """

    choices: Choices = field(default_factory=Choices)
    accept: Accept = field(default_factory=Accept)
    naming: Naming = field(default_factory=Naming)
    env: Given = field(default_factory=Given)
    questions: Questions = field(default_factory=Questions)
    on_conflict: str = ""
    to: str = ""
    dry_run: bool = False
    plan: str = ""
    locked: bool = False
    allow_downgrade: bool = False
    ignore_requires: bool = False
    restart: bool = False

    @property
    def is_for_one(self) -> bool:
        """Whether it holds what is meant for one profile alone."""
        named = self.to or self.env.named or self.choices.inputs
        return bool(named) or self.choices.including != Including()

    @property
    def is_plain(self) -> bool:
        """Whether no option was given that could bring about more than the source offers.

        ``--dry-run`` and ``--locked`` only hold back, questions are asked about what there is, and a restart follows.
        """
        held_back = replace(self, dry_run=False, locked=False, restart=False)
        return replace(held_back, questions=Questions(), naming=Naming()) == Request()
