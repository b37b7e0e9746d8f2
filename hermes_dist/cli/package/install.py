"""Command: install."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.package.install_one import Asked, install_one
from hermes_dist.cli.shared.command import (
    AcceptMovedTag,
    AcceptNewKey,
    AcceptUnsigned,
    AllowDowngrade,
    AllowEffects,
    DryRun,
    Env,
    EnvFile,
    Except,
    IgnoreRequires,
    OnConflict,
    Only,
    RequireSignature,
    Yes,
    command,
)
from hermes_dist.cli.shared.session import Session


@command
def install(
    session: Session,
    source: Annotated[
        str, typer.Argument(help="github.com/you/bot, a name, ./folder; then //subfolder, #ref.")
    ],
    name: Annotated[
        str, typer.Option("--name", help="The profile's name; by default the package's.")
    ] = "",
    alias: Annotated[
        bool, typer.Option("--alias", help="Make a command of the profile's name.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Merge into a profile that exists.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    conflict: OnConflict = "",
    allow_effects: AllowEffects = False,
    env: Env = None,
    env_file: EnvFile = "",
    accept_new_key: AcceptNewKey = False,
    accept_unsigned: AcceptUnsigned = False,
    accept_moved_tag: AcceptMovedTag = False,
    allow_downgrade: AllowDowngrade = False,
    require_signature: RequireSignature = False,
    ignore_requires: IgnoreRequires = False,
    registry: Annotated[
        str, typer.Option("--registry", metavar="NAME", help="The registry a name belongs to.")
    ] = "",
    accept_name: Annotated[
        bool, typer.Option("--accept-name", help="Take a name that is easily mistaken for another.")
    ] = False,
    only: Only = "",
    without: Except = "",
) -> int:
    asked = Asked(
        name=name,
        alias=alias,
        force=force,
        conflict=conflict,
        allow_effects=allow_effects,
        env=tuple(env or ()),
        env_file=env_file,
        accept_new_key=accept_new_key,
        accept_unsigned=accept_unsigned,
        accept_moved_tag=accept_moved_tag,
        allow_downgrade=allow_downgrade,
        require_signature=require_signature,
        ignore_requires=ignore_requires,
        registry=registry,
        accept_name=accept_name,
        only=only,
        without=without,
    )
    return install_one(session, source, asked, yes=yes, dry_run=dry_run)
