"""Gather what a machine has of what the file of a team names; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from hermes_dist.decide.inputs.typed import shown
from hermes_dist.decide.layers.wanted import Dependency
from hermes_dist.decide.team.plan import Have, HaveProfile, Pinned, route_key
from hermes_dist.decide.team.wanted import Team, WantedLayer, WantedProfile, WantedRoute
from hermes_dist.errors import DistError
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.model.source import parse_source
from hermes_dist.ops.change.look_up import ask_ahead, look
from hermes_dist.ops.context import Context
from hermes_dist.ops.fleet import routes
from hermes_dist.ops.fleet.gateways import served_now
from hermes_dist.ops.homes import look_into
from hermes_dist.ops.layers import own
from hermes_dist.ops.profiles import aliases
from hermes_dist.ops.profiles.trash_and_archive import due
from hermes_dist.ops.team.again import same_answers, same_variables, values_of
from hermes_dist.ops.team.values import Answers
from hermes_dist.ops.trust.trusted_keys import trusted
from hermes_dist.world.agent.find import GatewayState, gateway


def gather(ctx: Context, team: Team, *, updates: bool = True, again: Answers | None = None) -> Have:
    """Look at all that a file names; the sources of the profiles are asked at once.

    Args:
        ctx: The context.
        team: The file.
        updates: Ask the sources for something new.
        again: Looks up what the file refers to, so that it is known what is the same; None to look nothing up.

    Raises:
        DistError: The registries, the routes, or the keys and policies of the machine can't be read.
    """
    names = ctx.names()
    here = [one for one in team.profiles if one.name in names]
    if updates:
        ask_ahead(ctx, [one.name for one in here if ctx.layout.lockfile(one.name).exists()])
    found, troubles = _looked_at(ctx, here, updates=updates, again=again)
    rules, multiplex = routes_of(ctx)
    known = trusted(ctx)
    others = tuple(n for n in names if n != DEFAULT_PROFILE and team.named(n) is None)
    return Have(
        profiles=found,
        others=others,
        running=frozenset(map(str, filter(partial(_runs, ctx), others))),
        keyring=known.keyring,
        policies=known.policies,
        registries={one.name: one.location for one in ctx.registries.all()},
        routes=frozenset(map(route_key, rules)),
        multiplex=multiplex,
        troubles=troubles,
        expired=due(ctx),
    )


def _runs(ctx: Context, name: ProfileName) -> bool:
    return gateway(ctx.layout.home(name)).state is GatewayState.RUNNING


def _looked_at(
    ctx: Context, here: Iterable[WantedProfile], *, updates: bool, again: Answers | None
) -> tuple[dict[str, HaveProfile], dict[str, DistError]]:
    """The profiles that can be looked at, and why the others can't be."""
    served = served_now(ctx)
    found: dict[str, HaveProfile] = {}
    troubles: dict[str, DistError] = {}
    for want in here:
        try:
            found[str(want.name)] = profile_of(
                ctx, want, served=want.name in served, updates=updates, again=again
            )
        except DistError as error:
            troubles[str(want.name)] = error.within(str(want.name))
    return found, troubles


def profile_of(
    ctx: Context,
    want: WantedProfile,
    *,
    served: bool,
    updates: bool = True,
    again: Answers | None = None,
) -> HaveProfile:
    """Look at one profile that exists, and ask its source if updates are wanted.

    Raises:
        DistError: It can't be read, or its source can't be reached.
    """
    name = want.name
    home = look_into(ctx, name)
    common = HaveProfile(
        variables=frozenset(values_of(ctx, name)),
        same_variables=same_variables(ctx, want, again) if again else frozenset(),
        aliases=frozenset(one.name for one in aliases.of_profile(ctx.layout, name)),
        running=served or _runs(ctx, name),
    )
    lock = home.lock
    if lock is None:
        return common
    base, packs, layered = layers_of(ctx, name, lock)
    return HaveProfile(
        base=base,
        packs=packs,
        layered=layered,
        pins=pins_of(lock, base),
        news=updates and _has_news(ctx, want, lock),
        held=bool(lock.held),
        kept=lock.kept,
        included=frozenset(map(str, lock.top.included)),
        parked=frozenset(effect.digest for effect in lock.parked),
        variables=common.variables,
        same_variables=common.same_variables,
        same_answers=same_answers(ctx, want, lock, again) if again else frozenset(),
        answers=answers_of(lock),
        aliases=common.aliases,
        running=common.running,
    )


def _has_news(ctx: Context, want: WantedProfile, lock: Lock) -> bool:
    """Whether an update may bring something; one that is held is not asked about."""
    if lock.held and want.held is not False:
        return False
    return not look(ctx, want.name).nothing_new


def layers_of(
    ctx: Context, name: ProfileName, lock: Lock
) -> tuple[WantedLayer | None, tuple[WantedLayer, ...], bool]:
    """What a profile is or extends, the packs that its user put under it, and whether layers of theirs lie there."""
    if not own.is_layered(ctx, name, lock):
        return WantedLayer(source=lock.source, base=True), (), False
    found = own.listed(ctx, name)
    base = _layer(found.base, base=True) if found.base else None
    return base, tuple(_layer(one, base=False) for one in found.packs), True


def pins_of(lock: Lock, base: WantedLayer | None) -> dict[str, Pinned]:
    """What the package and the layers of a profile are at, by their sources."""
    found = {one.source: Pinned(one.pin.commit, one.pin.version) for one in lock.packages}
    if base is not None and base.source == lock.source:
        found[lock.source] = Pinned(lock.pin.commit, lock.pin.version)
    return found


def answers_of(lock: Lock) -> dict[str, str | None]:
    """What the inputs of a profile were answered with; None for a secret."""
    return {one.name: None if one.value is None else shown(one.value) for one in lock.inputs}


def _layer(one: Dependency, *, base: bool) -> WantedLayer:
    source = str(one.source) if one.source else str(one)
    return WantedLayer(source=source, only=tuple(sorted(one.only)), base=base)


def routes_of(ctx: Context) -> tuple[tuple[WantedRoute, ...], bool]:
    """The routes that send messages to a profile, as a file names them, and whether multiplexing is on.

    Raises:
        DistError: They can't be read.
    """
    listed, multiplex = routes.list_routes(ctx)
    return (
        tuple(
            WantedRoute(
                profile=ProfileName(each.profile),
                platform=each.platform,
                guild=str(each.ids.get("guild_id") or ""),
                channel=str(each.ids.get("chat_id") or ""),
                thread=str(each.ids.get("thread_id") or ""),
                user=str(each.ids.get("user_id") or ""),
                bot=each.bot,
                name=each.name,
            )
            for each in listed
            if each.profile and each.enabled and not each.fault
        ),
        multiplex,
    )


def is_name(source: str) -> bool:
    """Whether a source is a name in a registry."""
    return bool(source) and parse_source(source, allow_insecure=True).kind.traits.is_name
