"""The commands ``layer add``, ``layer remove`` and ``layer list``: what a user puts under a profile of their own."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from hermes_dist.cli.shared.ask import agreement
from hermes_dist.cli.shared.command import Profile, Yes, command
from hermes_dist.cli.shared.request import request_of, show_outcome
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.shared.verb import command_with_request
from hermes_dist.errors import UsageError
from hermes_dist.model.source import as_typed
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.layers import own as ops
from hermes_dist.voice.clean import clean
from hermes_dist.voice.layers.data import own_data

if TYPE_CHECKING:
    from hermes_dist.model.lock_package import LockedPackage

_OPTIONS = (
    "dry_run",
    "conflict",
    "allow_effects",
    "accept_new_key",
    "accept_unsigned",
    "accept_moved_tag",
    "ignore_requires",
    "set_",
    "set_file",
    "restart",
)


@command_with_request(*_OPTIONS, "accept_name", asks=True)
def add(
    session: Session,
    profile: Profile = None,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="github.com/team/base, a name, ./folder; then //subfolder, @RANGE.",
        ),
    ] = "",
    request: Request | None = None,
    base: Annotated[
        bool,
        typer.Option("--base", help="Put it below all other layers, as what the profile extends."),
    ] = False,
    only: Annotated[
        str,
        typer.Option("--only", metavar="PARTS", help="Bring only these parts, such as skills,mcp."),
    ] = "",
    yes: Yes = False,
) -> int:
    if not source:
        if profile and any(sign in profile for sign in "/.@"):
            raise UsageError(
                "which profile?",
                hint="name it before the source",
                command=f"layer add PROFILE {shlex.quote(profile)}",
            )
        example = session.command(f"layer add {profile or '.'} github.com/team/skills")
        raise UsageError("which layer?", hint=f"name its source: {example}")
    name = session.ctx.profile(profile)
    outcome = ops.add(
        session.ctx,
        name,
        source,
        request or request_of(session, yes=yes, asks=True),
        agreement(session, yes=yes),
        only=only,
        base=base,
    )
    return show_outcome(session, outcome, restart=request is not None and request.restart)


@command_with_request(*_OPTIONS, asks=True)
def remove(
    session: Session,
    profile: Profile = None,
    layer: Annotated[
        str, typer.Argument(metavar="LAYER", help="Its source, or the name of its package.")
    ] = "",
    request: Request | None = None,
    yes: Yes = False,
) -> int:
    name = session.ctx.profile(profile)
    if not layer:
        raise UsageError(
            "which layer?", hint=f"list them with: {session.command(f'layer list {name}')}"
        )
    request = request or request_of(session, yes=yes, asks=True)
    outcome = ops.remove(session.ctx, name, layer, request, agreement(session, yes=yes))
    return show_outcome(session, outcome, restart=request.restart)


@command
def list_(session: Session, profile: Profile = None) -> int:
    name = session.ctx.profile(profile)
    found = ops.listed(session.ctx, name)
    session.screen.emit("layers", own_data(found))
    layers = [one for one in found.packages if one.layer]
    if layers:
        session.screen.table(("Layer", "Name", "Version", "Parts", "Source"), map(_row, layers))
        return 0
    session.screen.say(f"{name} stands on no layers.")
    session.screen.tell(f"  add one: {session.command(f'layer add {name} SOURCE')}")
    return 0


def _row(one: LockedPackage) -> tuple[str, ...]:
    parts = ", ".join(one.only) or "all"
    cells = (one.layer, one.name, one.pin.label, parts, as_typed(one.source))
    return tuple(map(clean, cells))
