"""What is to be done so that a machine is as the file of a team says; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.team.wanted import (
    Team,
    WantedLayer,
    WantedProfile,
    WantedRoute,
    answer_of,
    is_reference,
)
from hermes_dist.errors import DistError
from hermes_dist.model.keypath import named_places
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Digest
from hermes_dist.model.trust import Keyring, KnownKey, Policy


class ActionKind(StrEnum):
    """The kinds of actions, in the order in which they are carried out."""

    REVOKE = "revoke"
    TRUST = "trust"
    POLICY = "policy"
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
    STOP = "stop"
    GATEWAY = "gateway"
    TRASH = "trash"


_ORDER = list(ActionKind)
_GATEWAYS = {True: ActionKind.GATEWAY, False: ActionKind.STOP}
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
        answers: The inputs that are answered with it.
        partly: Whether some of these inputs may belong to layers that come only later.
        key: The key to trust or to revoke.
        policy: The policy to put into force.
        running: Whether the gateway of what goes is running.
        expired: How many older profiles leave the trash for good with it.
    """

    kind: ActionKind
    profile: str = ""
    things: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    base: WantedLayer | None = None
    route: WantedRoute | None = None
    answers: tuple[str, ...] = ()
    partly: bool = False
    key: KnownKey | None = None
    policy: Policy | None = None
    running: bool = False
    expired: int = 0


class Pinned(Struct, frozen=True):
    """What a source led to."""

    commit: str = ""
    version: str = ""


class HaveProfile(Struct, frozen=True, kw_only=True):
    """A profile as the machine has it.

    Attributes:
        base: What it stands on or is: the source of its package, or the base that was put under it.
        packs: The layers above that.
        layered: Whether layers of the user's own lie under it.
        pins: What its package and its layers are at, by their sources.
        news: Whether its source may have something new.
        held: Whether updates skip it.
        kept: The places that stay as they are.
        included: What is taken along.
        parked: The digests of what waits for approval.
        variables: The names of the variables that are set.
        answers: What its inputs were answered with, as it would be typed; None for a secret.
        same_variables: Those of its variables that have the value that the file refers to.
        same_answers: Those of its inputs that are answered with what the file refers to.
        aliases: The commands that start it.
        running: Whether its gateway runs, or it is served by another.
    """

    base: WantedLayer | None = None
    packs: tuple[WantedLayer, ...] = ()
    layered: bool = False
    pins: Mapping[str, Pinned] = field(default_factory=dict)
    news: bool = False
    held: bool = False
    kept: frozenset[str] = frozenset()
    included: frozenset[str] = frozenset()
    parked: frozenset[Digest] = frozenset()
    variables: frozenset[str] = frozenset()
    answers: Mapping[str, str | None] = field(default_factory=dict)
    same_variables: frozenset[str] = frozenset()
    same_answers: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()
    running: bool = False


class Have(Struct, frozen=True, kw_only=True):
    """What the machine has.

    Attributes:
        profiles: The profiles that the file names and that exist.
        others: The names of those that the file does not name.
        running: Those of them whose gateway runs.
        keyring: The keys that the user trusts or has revoked.
        policies: The policies in force.
        registries: The places of the registries, by name.
        routes: The routes that exist.
        multiplex: Whether one gateway serves all profiles.
        troubles: Why a profile could not be looked at, by name.
        expired: How many profiles in the trash the next deletion erases, because their time there is over.
    """

    profiles: Mapping[str, HaveProfile] = field(default_factory=dict)
    others: tuple[ProfileName, ...] = ()
    running: frozenset[str] = frozenset()
    keyring: Keyring = Keyring()
    policies: tuple[Policy, ...] = ()
    registries: Mapping[str, str] = field(default_factory=dict)
    routes: frozenset[tuple[str, ...]] = frozenset()
    multiplex: bool = False
    troubles: Mapping[str, DistError] = field(default_factory=dict)
    expired: int = 0


def actions_for(
    team: Team, have: Have, *, prune: bool = False, again: bool = False
) -> tuple[Action, ...]:
    """Compare what a file wants with what a machine has.

    Args:
        team: The file.
        have: The machine.
        prune: Move the profiles that the file does not name into the trash.
        again: Set the variables and inputs that have a reference, although they are set.

    Returns:
        What is to be done, in order; nothing if the machine is as the file says.
    """
    found = [
        *_trust(team, have),
        *(
            Action(kind=ActionKind.REGISTRY, things=(one.name, one.place))
            for one in team.registries
            if have.registries.get(one.name) != one.place
        ),
        *(action for one in team.profiles for action in _of_profile(one, have, again=again)),
        *_routes(team, have),
    ]
    if prune:
        found += _pruned(have)
    return tuple(sorted(found, key=lambda action: _ORDER.index(action.kind)))


def _pruned(have: Have) -> Iterator[Action]:
    """Move what the file does not name into the trash; the first such move also empties it of what is due."""
    expired = have.expired
    for name in have.others:
        if name != DEFAULT_PROFILE:
            running = name in have.running
            yield Action(kind=ActionKind.TRASH, profile=name, running=running, expired=expired)
            expired = 0


def _trust(team: Team, have: Have) -> Iterator[Action]:
    """The keys and policies that the machine lacks."""
    ring = have.keyring
    for key in team.revoked:
        if ring.revocation(key.fingerprint) is None:
            yield Action(kind=ActionKind.REVOKE, things=(key.name, key.fingerprint), key=key)
    for key in team.trusted:
        if not ring.name_of(key.fingerprint):
            yield Action(kind=ActionKind.TRUST, things=(key.name, key.fingerprint), key=key)
    in_force = [_rules(one) for one in have.policies]
    for policy in team.policies:
        if _rules(policy) not in in_force:
            name = policy.place
            before = tuple(
                name for one in have.policies if one.place.endswith(f"/policies/{name}.toml")
            )
            yield Action(kind=ActionKind.POLICY, things=(name,), gone=before, policy=policy)


def _rules(policy: Policy) -> object:
    """What a policy says, wherever it stands."""
    ring = policy.keyring
    return policy.sources, policy.require, sorted(ring.trusted), sorted(ring.revoked)


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
    answers = tuple(_unanswered(want, now, again=again))
    if there is None:
        kind = ActionKind.INSTALL if want.source else ActionKind.CREATE
        things = (want.source,) if want.source else ()
        changes = [Action(kind=kind, profile=str(want.name), things=things)]
    else:
        changes = list(_package(want, there, answers))
    changes += _layers(want, now)
    layered = any(one.kind is ActionKind.LAYERS for one in changes)
    for one in changes:
        if one.kind in _ANSWERING:
            partly = layered and one.kind is not ActionKind.LAYERS
            yield replace(one, answers=answers, partly=partly)
        else:
            yield one
    yield from _decisions(want, now)
    yield from _surroundings(want, now, again=again)


_ANSWERING = frozenset(
    {ActionKind.INSTALL, ActionKind.FOLLOW, ActionKind.UPDATE, ActionKind.LAYERS}
)


def _unanswered(want: WantedProfile, now: HaveProfile, *, again: bool) -> Iterator[str]:
    """The inputs that the file answers otherwise than the machine, or that nobody answered yet."""
    for name, word in want.inputs.items():
        if word and not _is_answered(name, word, now, again=again):
            yield name


def _is_answered(name: str, word: str, now: HaveProfile, *, again: bool) -> bool:
    if name not in now.answers:
        return False
    if is_reference(word):
        return not again or name in now.same_answers
    return now.answers[name] == answer_of(word)


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
    there = now.same_variables if again else now.variables
    variables = tuple(word for word, ref in want.variables.items() if ref and word not in there)
    if variables:
        yield Action(kind=ActionKind.VARIABLES, profile=name, things=variables)
    for alias in want.aliases:
        if alias not in now.aliases:
            yield Action(kind=ActionKind.ALIAS, profile=name, things=(alias,))
    if want.gateway not in (None, now.running):
        yield Action(kind=_GATEWAYS[want.gateway is True], profile=name)


def _package(want: WantedProfile, there: HaveProfile, answers: Collection[str]) -> Iterator[Action]:
    """Let a profile follow another source, or bring what is new; one that is held only if the file releases it."""
    name, source = str(want.name), want.source
    if source and not there.layered and not _is_same(there.base, want.base, _pins(want, there)):
        yield Action(kind=ActionKind.FOLLOW, profile=name, things=(source,))
        return
    if there.base is None and not there.layered:
        return
    lacking = tuple(sorted(set(want.include) - there.included))
    if there.held and want.held is not False:
        # A hold keeps out what is new, and not another answer.
        lacking, news = (), False
    else:
        news = there.news
    if any((news, lacking, answers)):
        yield Action(kind=ActionKind.UPDATE, profile=name, things=lacking)


def _layers(want: WantedProfile, now: HaveProfile) -> Iterator[Action]:
    """Bring the layers to what the file names, at once, so that what stays is merged and not put in anew."""
    if not (want.source or want.layers):
        return
    base = _other_base(want, now)
    pins = _pins(want, now)
    come, gone = _lacking(want.packs, now.packs, pins), _lacking(now.packs, want.packs, pins)
    if base is not None:
        come = (*come, base.source)
        gone = (*gone, *_lacking([now.base] if now.base else [], [base], pins))
    if come or gone:
        yield Action(
            kind=ActionKind.LAYERS, profile=str(want.name), things=come, gone=gone, base=base
        )


def _lacking(
    here: Iterable[WantedLayer], there: Collection[WantedLayer], pins: Mapping[str, Pinned]
) -> tuple[str, ...]:
    """The sources of layers that are in one place and not in another."""
    return tuple(
        layer.source
        for layer in here
        if not any(_is_same(layer, one, pins) or _is_same(one, layer, pins) for one in there)
    )


def _other_base(want: WantedProfile, now: HaveProfile) -> WantedLayer | None:
    """What a profile extends from now on; None if it does already, or if that is its package and needs no layer."""
    if want.source and not now.layered:
        return None
    return None if _is_same(now.base, want.base, _pins(want, now)) else want.base


def _is_same(
    have: WantedLayer | None, want: WantedLayer | None, pins: Mapping[str, Pinned]
) -> bool:
    """Whether a profile follows a source already; one that names what it is at is the same as any that led there."""
    if have is None or want is None:
        return have is want
    if (have.source, have.only) == (want.source, want.only):
        return True
    at = pins.get(have.source)
    asked, followed = (parse_source(one.source, allow_insecure=True) for one in (want, have))
    if at is None or have.only != want.only or asked.ref not in _names_of(at):
        return False
    bare = [one._replace(ref="", is_range=False) for one in (asked, followed)]
    return str(bare[0]) == str(bare[1])


def _pins(want: WantedProfile, now: HaveProfile) -> Mapping[str, Pinned]:
    """What may be named in place of what is followed: only for one that stays where it is is that the same."""
    return now.pins if want.held else {}


def _names_of(at: Pinned) -> tuple[str, ...]:
    """How a source can name exactly this: by its commit, or for a name in a registry by its version."""
    return tuple(filter(None, (at.commit, at.version)))


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
