"""The command update, with all its options."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.package.bring import Asked, bring, bring_all
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
    Profile,
    RequireSignature,
    Yes,
    command,
)
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import UsageError


@command
def update(
    session: Session,
    profile: Profile = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Update every profile that has a package.")
    ] = False,
    to: Annotated[
        str,
        typer.Option("--to", metavar="REF", help="Follow this tag, branch or commit from now on."),
    ] = "",
    force_config: Annotated[
        bool,
        typer.Option("--force-config", help="Take upstream's side wherever config.yaml conflicts."),
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="With --dry-run: 10 when there are changes.")
    ] = False,
    locked: Annotated[
        bool, typer.Option("--locked", help="Fail (5) unless the commit is the lock's.")
    ] = False,
    abort: Annotated[
        bool, typer.Option("--abort", help="Put back the state before the last update.")
    ] = False,
    conflict: OnConflict = "",
    allow_effects: AllowEffects = False,
    env: Env = None,
    env_file: EnvFile = "",
    allow_downgrade: AllowDowngrade = False,
    accept_new_key: AcceptNewKey = False,
    accept_unsigned: AcceptUnsigned = False,
    accept_moved_tag: AcceptMovedTag = False,
    require_signature: RequireSignature = False,
    ignore_requires: IgnoreRequires = False,
    only: Only = "",
    without: Except = "",
) -> int:
    asked = Asked(
        to=to,
        force_config=force_config,
        locked=locked,
        conflict=conflict,
        allow_effects=allow_effects,
        env=tuple(env or ()),
        env_file=env_file,
        allow_downgrade=allow_downgrade,
        accept_new_key=accept_new_key,
        accept_unsigned=accept_unsigned,
        accept_moved_tag=accept_moved_tag,
        require_signature=require_signature,
        ignore_requires=ignore_requires,
        only=only,
        without=without,
    )
    if all_ and (profile or to or env or env_file):
        raise UsageError("--all stands alone: leave out the profile, --to, --env and --env-file")
    if abort:
        alone = not all_ and asked == Asked()
        return _back(session, profile, alone=alone, yes=yes, dry_run=dry_run)
    if all_:
        return bring_all(session, asked, yes=yes, dry_run=dry_run, exit_code=exit_code)
    return bring(session, profile, asked, yes=yes, dry_run=dry_run, exit_code=exit_code)


def _back(session: Session, profile: str | None, *, alone: bool, yes: bool, dry_run: bool) -> int:
    """``update --abort``."""
    from hermes_dist.cli.package.history import abort  # noqa: PLC0415 - that module imports this one

    if not alone:
        raise UsageError("--abort stands alone: it takes a profile, -y and -n")
    return abort(session, session.ctx.profile(profile), yes=yes, dry_run=dry_run)
