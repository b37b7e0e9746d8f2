"""The Python API: what the commands do, as functions on values. Nothing is printed and nothing is asked.

``import hermes_dist`` offers these names; see docs/python.md. Every function raises :class:`DistError` or one of its
kinds, which say what is wrong, where, and what helps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.brand import HERMES, Brand
from hermes_dist.errors import DistError
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.plan import Conflict, Effect, Step
from hermes_dist.model.side import Side
from hermes_dist.ops.change import proposal as ops
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.change.variables import refuse_unwritable
from hermes_dist.ops.context import Context
from hermes_dist.ops.package import resolve as settling
from hermes_dist.ops.package.status import Status
from hermes_dist.ops.package.status import status as status_of
from hermes_dist.ops.package.update import update
from hermes_dist.ops.profiles.list import ProfileRow, list_profiles
from hermes_dist.voice.notes import sentences

__all__ = [
    "Choices",
    "DistError",
    "Machine",
    "Outcome",
    "ProfileRow",
    "Request",
    "Side",
    "Status",
    "UpdatePlan",
    "approve",
    "carry_out",
    "plan_update",
    "profiles",
    "resolve",
    "status",
]


class Machine(Discreet, frozen=True, kw_only=True):
    """Where the profiles are, and how to reach their sources; printing it shows nothing of its environment.

    Attributes:
        root: The folder of all profiles, such as ``~/.hermes``; None to find it as the commands do.
        env: The environment to work with; None for that of this process.
        brand: The brand of the agent.
        offline: Contact no server.
        allow_insecure: Allow ``http://`` and ``git://`` to other machines.
    """

    root: Path | None = None
    env: Mapping[str, str] | None = None
    brand: Brand = HERMES
    offline: bool = False
    allow_insecure: bool = False

    def context(self) -> Context:
        """The context that the operations take.

        Raises:
            Invalid: The brand's home variable names a profile whose name is not valid.
        """
        ctx = Context.from_environment(self.brand, env=self.env, root=self.root)
        return ctx.with_options(offline=self.offline, allow_insecure=self.allow_insecure)


class UpdatePlan(Struct, frozen=True, kw_only=True):
    """What an update of one profile would do. It holds for the profile as it was when the plan was made.

    Attributes:
        machine: Where the profile is.
        profile: Its name.
        proposal: Everything that the update would do; None if there is nothing to do.
        notes: What else there is to say, as sentences.
    """

    machine: Machine
    profile: ProfileName
    proposal: Proposal | None = None
    notes: tuple[str, ...] = ()
    request: Request = field(default_factory=Request)

    @property
    def changes_nothing(self) -> bool:
        """Whether carrying it out would leave all files as they are."""
        return self.proposal is None or self.proposal.changes_nothing

    @property
    def steps(self) -> tuple[Step, ...]:
        """The files that would change, each with its entry before and after."""
        return self.proposal.steps if self.proposal else ()

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """The conflicts that would stay open; the profile's own side stays meanwhile."""
        return self.proposal.plan.conflicts if self.proposal else ()

    @property
    def needs_approval(self) -> tuple[Effect, ...]:
        """What would run code, add a schedule or weaken a setting; it takes effect only once it is approved."""
        return self.proposal.plan.parked if self.proposal else ()


def profiles(machine: Machine) -> list[ProfileRow]:
    """List every profile, the default one first.

    Raises:
        DistError: The profiles can't be read.
    """
    return list_profiles(machine.context())


def status(machine: Machine, profile: str) -> Status:
    """Compare a profile with what it received; no server is contacted.

    Raises:
        DistError: The profile does not exist, or can't be read.
    """
    ctx = machine.context()
    return status_of(ctx, ctx.profile(profile))


def plan_update(machine: Machine, profile: str, request: Request | None = None) -> UpdatePlan:
    """Ask a profile's source what it offers, and plan the update; nothing is changed.

    Args:
        machine: Where the profile is.
        profile: Its name.
        request: The options, as ``update`` has them; None for the default of each.

    Raises:
        Refused: A rule or a policy does not allow what the source offers.
        DistError: The profile has no lockfile, or its source can't be reached.
    """
    ctx = machine.context()
    request = replace(request or Request(), dry_run=True)
    outcome = update(ctx, ctx.profile(profile), request, _never)
    said = [*(outcome.proposal.notes if outcome.proposal else ()), *outcome.notes]
    return UpdatePlan(
        machine=machine,
        profile=outcome.profile,
        proposal=outcome.proposal,
        notes=sentences(said),
        request=request,
    )


def carry_out(plan: UpdatePlan) -> Outcome:
    """Carry out a plan: all of it or nothing.

    Raises:
        Busy: The profile changed since the plan was made; nothing was changed. Make a new plan.
        DistError: The plan can't be carried out; nothing was changed.
    """
    ctx = plan.machine.context()
    home = ctx.layout.home(plan.profile)
    values = plan.request.env.values
    if values:
        # The plan was a dry run, which leaves this check to whoever carries it out.
        refuse_unwritable(home, values)
    if plan.proposal is not None:
        return ops.carry_out(ctx, plan.proposal, values)
    return ops.with_variables(ctx, Outcome(verb="update", profile=plan.profile), home, values)


def resolve(
    machine: Machine,
    profile: str,
    side: Side,
    place: str = "",
    *,
    always: bool = False,
    allow_effects: bool = False,
) -> Outcome:
    """Settle conflicts by taking a side.

    Args:
        machine: Where the profile is.
        profile: Its name.
        side: ``Side.OURS``, ``Side.THEIRS`` or ``Side.BOTH``.
        place: Which conflict: a path, a key, or ``path: key``; empty for all.
        always: Keep these places ours from now on; only with ``Side.OURS``.
        allow_effects: Approve what the upstream side brings along.

    Raises:
        DistError: There is no such conflict, or the profile can't be written.
    """
    ctx = machine.context()
    request = Request(choices=Choices(allow_effects=allow_effects))
    name = ctx.profile(profile)
    return settling.resolve(ctx, name, side, request, _always, place=place, always=always)


def approve(machine: Machine, profile: str, effects: Iterable[Effect]) -> Outcome:
    """Approve effects, so that they take effect.

    Args:
        machine: Where the profile is.
        profile: Its name.
        effects: The effects, from :attr:`Status.parked` or :attr:`UpdatePlan.needs_approval`. An approval covers
            only the content that was shown. If it has changed since, it needs another approval.

    Raises:
        DistError: A document with one of the effects can't be read, or the profile can't be written.
    """
    ctx = machine.context()
    chosen = settling.Chosen(tuple(effects))
    return settling.approve(ctx, ctx.profile(profile), Request(), _always, chosen=chosen)


def _always(_proposal: Proposal) -> bool:
    return True


def _never(_proposal: Proposal) -> bool:
    return False
