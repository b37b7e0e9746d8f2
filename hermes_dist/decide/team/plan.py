"""What is to be done so that a machine is as the file of a team says; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct, field

from hermes_dist.decide.team.file import Team, WantedLayer, WantedProfile, WantedRoute
from hermes_dist.errors import DistError
from hermes_dist.model.keypath import named_places
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.model.source import is_commit_id, parse_source
from hermes_dist.model.tree import Digest


class ActionKind(StrEnum):
    """The kinds of actions, in the order in which they are carried out."""

    REGISTRY = "registry"
    CREATE = "create"
    INSTALL = "install"
    FOLLOW = "follow"
    UNHOLD = "unhold"
    UPDATE = "update"
    LAYERS = "layers"
    KEEP = "keep"
    HOLD = "hold"
    APPROVE = "approve"
    VARIABLES = "variables"
    ALIAS = "alias"
    ROUTE = "route"
    GATEWAY = "gateway"
    TRASH = "trash"


_ORDER = list(ActionKind)
_HOLDS = {True: ActionKind.HOLD, False: ActionKind.UNHOLD}


class Action(Struct, frozen=True, kw_only=True):
    """One thing to do.

    Attributes:
        kind: What is done.
        profile: The profile; empty for something of the whole machine.
        things: What it is about: a source, places, names; of layers those that come.
        gone: The layers that go.
        base: What the profile extends from now on; None for what it extends already.
        route: The route to add.
    """

    kind: ActionKind
    profile: str = ""
    things: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    base: WantedLayer | None = None
    route: WantedRoute | None = None


class HaveProfile(Struct, frozen=True, kw_only=True):
    """A profile as the machine has it.

    Attributes:
        base: What it stands on or is: the source of its package, or the base that was put under it.
        packs: The layers above that.
        layered: Whether layers of the user's own lie under it.
        commit: The commit of its package.
        news: Whether its source may have something new.
        held: Whether updates skip it.
        kept: The places that stay as they are.
        included: What is taken along.
        parked: The digests of what waits for approval.
        variables: The names of the variables that are set.
        aliases: The commands that start it.
        running: Whether its gateway runs, or it is served by another.
    """

    base: WantedLayer | None = None
    packs: tuple[WantedLayer, ...] = ()
    layered: bool = False
    commit: str = ""
    news: bool = False
    held: bool = False
    kept: frozenset[str] = frozenset()
    included: frozenset[str] = frozenset()
    parked: frozenset[Digest] = frozenset()
    variables: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()
    running: bool = False


class Have(Struct, frozen=True, kw_only=True):
    """What the machine has.

    Attributes:
        profiles: The profiles that the file names and that exist.
        others: The names of those that the file does not name.
        registries: The places of the registries, by name.
        routes: The routes that exist.
        multiplex: Whether one gateway serves all profiles.
        troubles: Why a profile could not be looked at, by name.
    """

    profiles: Mapping[str, HaveProfile] = field(default_factory=dict)
    others: tuple[ProfileName, ...] = ()
    registries: Mapping[str, str] = field(default_factory=dict)
    routes: frozenset[tuple[str, ...]] = frozenset()
    multiplex: bool = False
    troubles: Mapping[str, DistError] = field(default_factory=dict)


def actions_for(
    team: Team, have: Have, *, prune: bool = False, again: bool = False
) -> tuple[Action, ...]:
    """Compare what a file wants with what a machine has.

    Args:
        team: The file.
        have: The machine.
        prune: Move the profiles that the file does not name into the trash.
        again: Set the variables that have a reference, although they are set.

    Returns:
        What is to be done, in order; nothing if the machine is as the file says.
    """
    found = [
        *(
            Action(kind=ActionKind.REGISTRY, things=(one.name, one.place))
            for one in team.registries
            if have.registries.get(one.name) != one.place
        ),
        *(action for one in team.profiles for action in _of_profile(one, have, again=again)),
        *_routes(team, have),
    ]
    if prune:
        doomed = (name for name in have.others if name != DEFAULT_PROFILE)
        found += [Action(kind=ActionKind.TRASH, profile=name) for name in doomed]
    return tuple(sorted(found, key=lambda action: _ORDER.index(action.kind)))


def missing_variables(team: Team, have: Have) -> tuple[tuple[str, str], ...]:
    """The variables that are not set and have no reference, as pairs of profile and name."""
    return tuple(
        (str(one.name), name)
        for one in team.profiles
        for name, reference in one.variables.items()
        if not reference and name not in have.profiles.get(one.name, HaveProfile()).variables
    )


def _of_profile(want: WantedProfile, have: Have, *, again: bool) -> Iterator[Action]:
    if want.name in have.troubles:
        return
    there = have.profiles.get(want.name)
    now = there or HaveProfile()
    if there is None:
        kind = ActionKind.INSTALL if want.source else ActionKind.CREATE
        things = (want.source,) if want.source else ()
        yield Action(kind=kind, profile=str(want.name), things=things)
    else:
        yield from _package(want, there)
    yield from _layers(want, now)
    yield from _decisions(want, now)
    yield from _surroundings(want, now, again=again)


def _decisions(want: WantedProfile, now: HaveProfile) -> Iterator[Action]:
    """What is kept, held and approved."""
    name = str(want.name)
    keep = tuple(word for word in want.keep if not _is_kept(word, now.kept))
    if keep:
        yield Action(kind=ActionKind.KEEP, profile=name, things=keep)
    if want.held not in (None, now.held):
        yield Action(kind=_HOLDS[want.held is True], profile=name)
    approve = now.parked & want.digests
    if approve:
        places = [str(one) for one in want.approve if one.digest in approve]
        yield Action(kind=ActionKind.APPROVE, profile=name, things=tuple(places))


def _surroundings(want: WantedProfile, now: HaveProfile, *, again: bool) -> Iterator[Action]:
    """The variables, commands and the gateway of a profile."""
    name = str(want.name)
    variables = tuple(
        word for word, ref in want.variables.items() if ref and (again or word not in now.variables)
    )
    if variables:
        yield Action(kind=ActionKind.VARIABLES, profile=name, things=variables)
    for alias in want.aliases:
        if alias not in now.aliases:
            yield Action(kind=ActionKind.ALIAS, profile=name, things=(alias,))
    if want.gateway and not now.running:
        yield Action(kind=ActionKind.GATEWAY, profile=name)


def _package(want: WantedProfile, there: HaveProfile) -> Iterator[Action]:
    """Let a profile follow another source, or bring what is new; one that is held only if the file releases it."""
    name, source = str(want.name), want.source
    if source and not there.layered and not _is_same(there.base, want.base, there.commit):
        yield Action(kind=ActionKind.FOLLOW, profile=name, things=(source,))
        return
    if there.base is None or (there.held and want.held is not False):
        return
    lacking = set(want.include) - there.included
    if there.news or lacking:
        yield Action(kind=ActionKind.UPDATE, profile=name, things=tuple(sorted(lacking)))


def _layers(want: WantedProfile, now: HaveProfile) -> Iterator[Action]:
    """Bring the layers to what the file names, at once, so that what stays is merged and not put in anew."""
    if not (want.source or want.layers):
        return
    base = _other_base(want, now)
    come, gone = _lacking(want.packs, now.packs), _lacking(now.packs, want.packs)
    if base is not None:
        come = (*come, base.source)
        gone = (*gone, *_lacking([now.base] if now.base else [], [base]))
    if come or gone:
        yield Action(
            kind=ActionKind.LAYERS, profile=str(want.name), things=come, gone=gone, base=base
        )


def _lacking(here: Iterable[WantedLayer], there: Collection[WantedLayer]) -> tuple[str, ...]:
    """The sources of layers that are in one place and not in another."""
    return tuple(layer.source for layer in here if layer not in there)


def _other_base(want: WantedProfile, now: HaveProfile) -> WantedLayer | None:
    """What a profile extends from now on; None if it does already, or if that is its package and needs no layer."""
    if want.source and not now.layered:
        return None
    return None if _is_same(now.base, want.base, now.commit) else want.base


def _is_same(have: WantedLayer | None, want: WantedLayer | None, commit: str) -> bool:
    """Whether a profile follows a source already; one that names a commit is the same as any that led there."""
    if have is None or want is None:
        return have is want
    if (have.source, have.only) == (want.source, want.only):
        return True
    asked, followed = (parse_source(one.source, allow_insecure=True) for one in (want, have))
    if asked.ref != commit or not is_commit_id(commit):
        return False
    bare = [one._replace(ref="", is_range=False) for one in (asked, followed)]
    return str(bare[0]) == str(bare[1])


def _is_kept(word: str, kept: Iterable[str]) -> bool:
    return any(named_places(word, [one]).places or named_places(one, [word]).places for one in kept)


def _routes(team: Team, have: Have) -> Iterator[Action]:
    lacking = [route for route in team.routes if route_key(route) not in have.routes]
    if team.multiplex and not have.multiplex and not lacking:
        lacking = [team.routes[0]]
    for route in lacking:
        yield Action(kind=ActionKind.ROUTE, profile=str(route.profile), route=route)


def route_key(route: WantedRoute) -> tuple[str, ...]:
    """What a route matches, and who answers: two routes that are alike in this are the same."""
    bot = "" if route.bot == DEFAULT_PROFILE else route.bot
    return (
        str(route.profile),
        route.platform,
        route.guild,
        route.channel,
        route.thread,
        route.user,
        bot,
    )
