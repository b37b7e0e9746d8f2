"""Write the file of a team from a machine: sources, layers and decisions, and never a value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from hermes_dist.decide.team.file import dump_team
from hermes_dist.decide.team.plan import Pinned
from hermes_dist.decide.team.wanted import (
    Team,
    WantedApproval,
    WantedLayer,
    WantedProfile,
    WantedRegistry,
    word_for,
)
from hermes_dist.errors import DistError
from hermes_dist.model.discreet import Contents
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import ENV_NAME
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.model.registry import DEFAULT
from hermes_dist.model.source import parse_source, without_credentials
from hermes_dist.model.trust import Policy
from hermes_dist.ops.change.variables import manifest_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import look_into
from hermes_dist.ops.inputs.rows import input_rows_of
from hermes_dist.ops.package.approvals import consents
from hermes_dist.ops.profiles import aliases
from hermes_dist.ops.team.again import values_of
from hermes_dist.ops.team.have import answers_of, layers_of, pins_of, routes_of
from hermes_dist.ops.trust.trusted_keys import trusted
from hermes_dist.world.agent.find import GatewayState, gateway
from hermes_dist.world.archive.write import check_new_file
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.fs import atomic_write


class Snapshot(Contents, frozen=True, kw_only=True):
    """What a machine has, as the file of a team.

    Attributes:
        team: The same as values.
        text: The file.
        left_out: The profiles that can't be read, with why.
        local: The profiles whose source is a folder or a file of this machine, which another one does not have.
    """

    team: Team
    text: bytes
    left_out: tuple[tuple[str, DistError], ...] = ()
    local: tuple[str, ...] = ()


def snapshot(ctx: Context) -> Snapshot:
    """Describe the profiles of this machine.

    Raises:
        DistError: Its registries or routes can't be read.
    """
    profiles, left_out = [], []
    for name in ctx.names():
        if name == DEFAULT_PROFILE:
            continue
        try:
            profiles.append(_profile(ctx, name))
        except DistError as error:
            left_out.append((str(name), error))
    team = _team(ctx, tuple(profiles))
    local = tuple(str(one.name) for one in profiles if _is_local(one))
    return Snapshot(team=team, text=dump_team(team), left_out=tuple(left_out), local=local)


def _team(ctx: Context, profiles: tuple[WantedProfile, ...]) -> Team:
    """The profiles with the registries of the machine, and the routes that lead to them."""
    known = {DEFAULT_PROFILE, *(one.name for one in profiles)}
    listed, multiplex = routes_of(ctx)
    rules = tuple(rule for rule in listed if rule.profile in known)
    registries = tuple(
        WantedRegistry(name=one.name, place=without_credentials(one.location), fingerprint=one.root)
        for one in ctx.registries.all()
        if one.name != DEFAULT
    )
    known_keys = trusted(ctx)
    return Team(
        trusted=tuple(sorted(known_keys.keyring.trusted)),
        revoked=tuple(sorted(known_keys.keyring.revoked)),
        policies=_policies(ctx, known_keys.policies),
        registries=registries,
        profiles=profiles,
        routes=rules,
        multiplex=multiplex and bool(rules),
    )


_USERS_OWN = "own"
"""What the policy is called that the user wrote; a file of a team gives each a name."""


def _policies(ctx: Context, in_force: tuple[Policy, ...]) -> tuple[Policy, ...]:
    """The policies that are not the machine's, which its administrator decides about, each under its name."""
    machine, _own = map(str, ctx.layout.policies)
    found: dict[str, Policy] = {}
    for one in in_force:
        path = Path(one.place)
        if one.place == machine:
            continue
        name = path.stem if path.parent == ctx.layout.team_policies else _USERS_OWN
        while name in found:
            name += "-2"
        found[name] = replace(one, place=name)
    return tuple(found[name] for name in sorted(found))


def check_place(path: Path) -> None:
    """Make sure that a file has a place, and overwrites nothing: what is there may have been written by hand.

    Raises:
        DistError: There is such a file, or its folder is missing.
    """
    if path.exists() or path.is_symlink():
        raise DistError(
            "there is such a file already, and it is not overwritten",
            where=str(path),
            hint="name another one, then compare the two",
        )
    check_new_file(path)


def write(path: Path, text: bytes) -> None:
    """Write the file, unless there is one already: its references were written by hand.

    Raises:
        DistError: There is a file already, or it can't be written.
    """
    check_place(path)
    try:
        atomic_write(path, text, 0o644)
    except OSError as err:
        raise trouble(err, "it can't be written", where=str(path)) from err


def _profile(ctx: Context, name: ProfileName) -> WantedProfile:
    home = look_into(ctx, name)
    common = WantedProfile(
        name=name,
        variables=dict.fromkeys(filter(ENV_NAME.fullmatch, sorted(values_of(ctx, name))), ""),
        aliases=tuple(sorted(one.name for one in aliases.of_profile(ctx.layout, name))),
        gateway=True if gateway(home.path).state is GatewayState.RUNNING else None,
    )
    if home.lock is None:
        return common
    return _packaged(ctx, common, home.lock)


def _packaged(ctx: Context, common: WantedProfile, lock: Lock) -> WantedProfile:
    source, layers = _layers(ctx, common.name, lock)
    rows = input_rows_of(manifest_of(ctx, lock), lock)
    secret = {one.env for one in rows if one.secret}
    return replace(
        common,
        source=source,
        registry=lock.registry,
        layers=layers,
        include=tuple(map(str, lock.top.included)),
        keep=tuple(sorted(lock.kept)),
        held=True if lock.held else None,
        approve=_approvals(ctx, common.name, lock),
        # What a secret input was answered with is one of the variables; it is named once.
        variables={name: "" for name in common.variables if name not in secret},
        inputs={
            name: "" if answer is None else word_for(answer)
            for name, answer in sorted(answers_of(lock).items())
        },
    )


def _layers(ctx: Context, name: ProfileName, lock: Lock) -> tuple[str, tuple[WantedLayer, ...]]:
    """The source of a profile, and what is put under it besides."""
    base, packs, _ = layers_of(ctx, name, lock)
    pins = pins_of(lock, base) if lock.held else {}
    packs = tuple(_at_its_pin(one, pins) for one in packs)
    if base is None:
        return "", packs
    base = _at_its_pin(base, pins)
    return ("", (base, *packs)) if base.only else (base.source, packs)


def _at_its_pin(layer: WantedLayer, pins: Mapping[str, Pinned]) -> WantedLayer:
    """A layer of a profile that is held, at what it is held at: another machine is to hold that, too."""
    at = pins.get(layer.source)
    spec = parse_source(layer.source, allow_insecure=True)
    if at is None or not spec.kind.traits.has_refs:
        return layer
    ref = at.version if spec.kind.traits.is_name else at.commit
    if not ref:
        return layer
    return replace(layer, source=str(spec.at(ref)))


def _approvals(ctx: Context, name: ProfileName, lock: Lock) -> tuple[WantedApproval, ...]:
    """What is approved and in the home, by its digest; an approval of what is not there any more is not passed on."""
    live = [effect for one in consents(ctx, name).approved for effect in one.group.effects]
    return tuple(
        WantedApproval(at=effect.place, digest=effect.digest)
        for effect in live
        if effect.digest in lock.granted
    )


def _is_local(profile: WantedProfile) -> bool:
    sources = [profile.source, *(layer.source for layer in profile.layers)]
    kinds = (parse_source(one, allow_insecure=True).kind for one in sources if one)
    return any(kind.traits.is_path for kind in kinds)
