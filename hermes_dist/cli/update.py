"""The command update. Most updates bring nothing new, so what merges is loaded only when something has to be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from hermes_dist.cli.closing import notes, reminder, up_to_date
from hermes_dist.cli.command import (
    AcceptMovedTag,
    AcceptNewKey,
    AcceptUnsigned,
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
    Session,
    Yes,
    command,
)  # fmt: skip
from hermes_dist.errors import UsageError
from hermes_dist.ops.lookup import Looked, look

if TYPE_CHECKING:
    from hermes_dist.model.paths import ProfileName


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an update was asked for beyond bringing what is new."""

    to: str = ""
    force_config: bool = False
    locked: bool = False
    conflict: str = ""
    allow_effects: bool = False
    env: tuple[str, ...] = ()
    env_file: str = ""
    allow_downgrade: bool = False
    accept_new_key: bool = False
    accept_unsigned: bool = False
    accept_moved_tag: bool = False
    require_signature: bool = False
    ignore_requires: bool = False
    only: str = ""
    without: str = ""


@command
def update(
    session: Session,
    profile: Profile = None,
    all_: Annotated[bool, typer.Option("--all", help="Update every profile that has a package.")] = False,
    to: Annotated[str, typer.Option("--to", metavar="REF", help="Follow this tag, branch or commit from now on.")] = "",
    force_config: Annotated[
        bool, typer.Option("--force-config", help="Take upstream's side wherever config.yaml conflicts.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="With --dry-run: 10 when there are changes.")] = False,
    locked: Annotated[bool, typer.Option("--locked", help="Fail (5) unless the commit is the lock's.")] = False,
    abort: Annotated[bool, typer.Option("--abort", help="Put back the state before the last update.")] = False,
    conflict: OnConflict = "",
    allow_effects: AllowEffects = False,
    env: Env = None,
    env_file: EnvFile = "",
    allow_downgrade: Annotated[bool, typer.Option("--allow-downgrade", help="Follow a source that went back.")] = False,
    accept_new_key: AcceptNewKey = False,
    accept_unsigned: AcceptUnsigned = False,
    accept_moved_tag: AcceptMovedTag = False,
    require_signature: RequireSignature = False,
    ignore_requires: IgnoreRequires = False,
    only: Only = "",
    without: Except = "",
) -> int:
    asked = Asked(
        to=to, force_config=force_config, locked=locked, conflict=conflict, allow_effects=allow_effects,
        env=tuple(env or ()), env_file=env_file, allow_downgrade=allow_downgrade, accept_new_key=accept_new_key,
        accept_unsigned=accept_unsigned, accept_moved_tag=accept_moved_tag, require_signature=require_signature,
        ignore_requires=ignore_requires, only=only, without=without,
    )  # fmt: skip
    if all_ and (profile or to or env or env_file):
        raise UsageError("--all stands alone: leave out the profile, --to, --env and --env-file")
    if abort:
        alone = not all_ and asked == Asked()
        return _back(session, profile, alone=alone, yes=yes, dry_run=dry_run)
    if all_:
        from hermes_dist.cli.updating import update_all  # noqa: PLC0415 - start-up

        return update_all(session, asked, yes=yes, dry_run=dry_run, exit_code=exit_code)
    name = session.ctx.profile(profile)
    offer_adoption(session, name, dry_run=dry_run)
    looked = look(session.ctx, name, to)
    if looked.nothing_new and replace(asked, locked=False) == Asked() and not session.screen.as_json:
        return _nothing_new(session, looked)
    from hermes_dist.cli.updating import update_one  # noqa: PLC0415 - start-up

    return update_one(session, looked, asked, yes=yes, dry_run=dry_run, exit_code=exit_code)


def _nothing_new(session: Session, looked: Looked) -> int:
    name, lock = looked.home.name, looked.lock
    notes(session.screen, looked.notes)
    up_to_date(session, name, lock)
    return reminder(session, name, len(lock.conflicts))


def offer_adoption(session: Session, name: ProfileName, *, dry_run: bool) -> None:
    """On a terminal, offer to take over a profile without a lockfile, so that it can be updated.

    Raises:
        Cancelled: It was offered and declined at the second question.
    """
    if dry_run or not session.screen.somebody or session.ctx.layout.lockfile(name).exists():
        return
    from hermes_dist.cli.upkeep import adopt_one  # noqa: PLC0415 - only who needs it pays for it
    from hermes_dist.ops.adopt import adoptable  # noqa: PLC0415 - likewise

    if adoptable(session.ctx, name) and session.screen.confirm(f"{name} has no lockfile. Adopt it first?"):
        adopt_one(session, name, yes=False)


def _back(session: Session, profile: str | None, *, alone: bool, yes: bool, dry_run: bool) -> int:
    """``update --abort``."""
    from hermes_dist.cli.history import abort  # noqa: PLC0415 - it builds on this module

    if not alone:
        raise UsageError("--abort stands alone: it takes a profile, -y and -n")
    return abort(session, session.ctx.profile(profile), yes=yes, dry_run=dry_run)
