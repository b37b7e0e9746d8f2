"""Adopt: give a lock to a profile that we did not install; none of its other files change."""

from __future__ import annotations

from msgspec.structs import asdict, replace

from hermes_dist.decide.infer import active_effects
from hermes_dist.errors import DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.plan import Effect, Plan
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import together
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.look_up import absolute
from hermes_dist.ops.change.observe import first_of
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.propose import propose
from hermes_dist.ops.change.request import Choices, Confirm, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_home
from hermes_dist.ops.package.infer import Guess, infer, noted_source


class Adopting(Proposal, frozen=True, kw_only=True):
    """The proposal of an adoption.

    Attributes:
        guess: The version that it is based on.
        active: Parts of the package that run already, though nobody approved them.
    """

    guess: Guess
    active: tuple[Effect, ...] = ()


def adopt(
    ctx: Context, name: ProfileName, request: Request, confirm: Confirm, *, source: str = ""
) -> Outcome:
    """Give a profile a lock, as if we had installed the version that explains it best.

    Args:
        ctx: The context.
        name: The profile.
        request: The options; only the dry run matters.
        confirm: Shows an :class:`Adopting`, and asks if the guess is not certain.
        source: The package's source; by default the one that the agent's installer noted in the manifest.

    Raises:
        DistError: The profile has a lock already, or no version explains it; nothing changed.
    """
    home = open_home(ctx, name)
    if home.lock is not None:
        raise DistError(
            f"the profile {str(name)!r} has a lockfile already, for {home.lock.source}",
            where=str(home.path),
            hint=f"see: {ctx.command(f'status {name}')}",
        )
    spec = absolute(
        parse_source(source or noted_source(ctx, home), allow_insecure=ctx.allow_insecure)
    )
    guess = infer(ctx, home, spec)
    if guess is None:
        raise DistError(
            f"no version of {spec} has a file in common with this profile",
            where=str(home.path),
            hint=f"name {'another' if source else 'its'} source: {ctx.command(f'adopt {name} SOURCE')}",
        )
    return confirm_and_carry_out(ctx, lambda _: _adopting(ctx, home, guess), request, confirm, None)


def adoptable(ctx: Context, name: ProfileName) -> bool:
    """Whether a profile holds a package of a known source but has no lock."""
    home = open_home(ctx, name)
    try:
        return home.lock is None and bool(noted_source(ctx, home))
    except DistError:
        return False


def _adopting(ctx: Context, home: Home, guess: Guess) -> Adopting:
    """The proposal with the lock that an install of this version would have left; no file has a step."""
    incoming = guess.incoming
    merged = propose(ctx, home, incoming, Choices(), verb="adopt", base=guess.base.tree)
    lock = merged.lock and replace(
        merged.lock,
        base=guess.base.tree,
        conflicts=(),
        upstream={
            path: incoming.placed.get(path) for path in guess.base.tree.differing(incoming.placed)
        },
    )
    if lock and (incoming.manifest.extends is not None or incoming.manifest.dependencies):
        # Nobody knows which versions of its layers were here: the next update looks for them, over a base without them.
        lock = lock.with_top(partial=True)
    blobs = {**merged.plan.blobs, **guess.base.blobs}
    plan = Plan(
        base=guess.base.tree, parked=merged.plan.parked, effects=merged.plan.parked, blobs=blobs
    )
    read = together(guess.base.blobs, merged.read)
    active = active_effects(incoming.placed, merged.ours, first_of(read, incoming.read))
    made = {**asdict(merged), "plan": plan, "extra": (), "lock": lock, "read": read}
    return Adopting(**made, guess=guess, active=active)
