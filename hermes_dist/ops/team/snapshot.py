"""Write the file of a team from a machine: sources, layers and decisions, and never a value."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from hermes_dist.decide.team.file import (
    Team,
    WantedApproval,
    WantedLayer,
    WantedProfile,
    WantedRegistry,
    dump_team,
)
from hermes_dist.errors import DistError
from hermes_dist.model.discreet import Contents
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import ENV_NAME
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.model.registry import DEFAULT
from hermes_dist.model.source import parse_source, without_credentials
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import look_into
from hermes_dist.ops.package.approvals import consents
from hermes_dist.ops.profiles import aliases
from hermes_dist.ops.team.have import layers_of, routes_of, variables_of
from hermes_dist.world.agent.find import GatewayState, gateway
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
    return Team(
        registries=registries,
        profiles=profiles,
        routes=rules,
        multiplex=multiplex and bool(rules),
    )


def write(path: Path, text: bytes) -> None:
    """Write the file, unless there is one already: its references were written by hand.

    Raises:
        DistError: There is a file already, or it can't be written.
    """
    if path.exists() or path.is_symlink():
        raise DistError(
            "there is such a file already, and it is not overwritten",
            where=str(path),
            hint="name another one, then compare the two",
        )
    try:
        atomic_write(path, text, 0o644)
    except OSError as err:
        raise trouble(err, "it can't be written", where=str(path)) from err


def _profile(ctx: Context, name: ProfileName) -> WantedProfile:
    home = look_into(ctx, name)
    common = WantedProfile(
        name=name,
        variables=dict.fromkeys(filter(ENV_NAME.fullmatch, sorted(variables_of(ctx, name))), ""),
        aliases=tuple(sorted(one.name for one in aliases.of_profile(ctx.layout, name))),
        gateway=gateway(home.path).state is GatewayState.RUNNING,
    )
    if home.lock is None:
        return common
    return _packaged(ctx, common, home.lock)


def _packaged(ctx: Context, common: WantedProfile, lock: Lock) -> WantedProfile:
    base, packs, _ = layers_of(ctx, common.name, lock)
    source, layers = "", packs
    if base is not None and not base.only:
        source = _at_its_commit(base, lock) if lock.held else base.source
    elif base is not None:
        layers = (base, *packs)
    return replace(
        common,
        source=source,
        registry=lock.registry,
        layers=layers,
        include=tuple(map(str, lock.top.included)),
        keep=tuple(sorted(lock.kept)),
        held=True if lock.held else None,
        approve=_approvals(ctx, common.name, lock),
    )


def _at_its_commit(base: WantedLayer, lock: Lock) -> str:
    """The source of a profile that is held, at the commit that it is held at: another machine is to hold that, too."""
    spec = parse_source(base.source, allow_insecure=True)
    if (
        not lock.pin.commit
        or lock.source != base.source
        or not spec.kind.traits.has_refs
        or spec.kind.traits.is_name
    ):
        return base.source
    return str(spec.at(lock.pin.commit))


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
