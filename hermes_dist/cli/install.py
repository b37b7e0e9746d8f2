"""Commands: install and update."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from hermes_dist.cli.asking import agreement, given, questions
from hermes_dist.cli.cards import preview, summary
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
    on_each,
)  # fmt: skip
from hermes_dist.cli.data import outcome_data
from hermes_dist.cli.front_door import offer
from hermes_dist.cli.settling import asker
from hermes_dist.errors import UsageError
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.side import Side
from hermes_dist.ops import install as ops
from hermes_dist.ops.install import Settle, Wish
from hermes_dist.ops.profiles import list_profiles
from hermes_dist.ops.proposal import Outcome
from hermes_dist.ops.propose import Choices
from hermes_dist.ops.trust import Accept

_POLICIES = ("keep", "theirs", "ask", "abort")


def wish_of(*, conflict: str, only: str, without: str, allow_effects: bool, dry_run: bool, **more: object) -> Wish:
    """Put the options of a command together.

    Raises:
        UsageError: One of them takes something else.
    """
    if conflict and conflict not in _POLICIES:
        raise UsageError(f"--conflict takes {', '.join(_POLICIES)}, not {conflict!r:.40}")
    default = {"keep": Side.OURS, "theirs": Side.THEIRS}.get(conflict)
    choices = Choices(default=default, allow_effects=allow_effects).with_parts(only, without)
    wish = Wish(choices=choices, abort_on_conflict=conflict == "abort", dry_run=dry_run)
    return replace(wish, **more)  # type: ignore[arg-type]  # names and types are Wish's own


def settle_of(session: Session, conflict: str, *, yes: bool) -> Settle | None:
    """Who is asked about conflicts: with ``--conflict ask``, and on a terminal unless ``--yes`` stands alone."""
    if conflict == "ask" or (not conflict and not yes and session.screen.somebody):
        return asker(session)
    return None


@command
def install(
    session: Session,
    source: Annotated[str, typer.Argument(help="github.com/you/bot, a git URL, ./folder; then //subfolder, #ref.")],
    name: Annotated[str, typer.Option("--name", help="The profile's name; by default the package's.")] = "",
    alias: Annotated[bool, typer.Option("--alias", help="Make a command of the profile's name.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Merge into a profile that exists.")] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    conflict: OnConflict = "",
    allow_effects: AllowEffects = False,
    env: Env = None,
    env_file: EnvFile = "",
    accept_new_key: AcceptNewKey = False,
    accept_unsigned: AcceptUnsigned = False,
    require_signature: RequireSignature = False,
    ignore_requires: IgnoreRequires = False,
    only: Only = "",
    without: Except = "",
) -> int:
    wish = wish_of(
        conflict=conflict, only=only, without=without, allow_effects=allow_effects, dry_run=dry_run,
        accept=Accept(new_key=accept_new_key, unsigned=accept_unsigned, signature=require_signature),
        ignore_requires=ignore_requires, env=given(session, env, env_file), questions=questions(session, yes=yes),
    )  # fmt: skip
    outcome = ops.install(
        session.ctx, source, wish, agreement(session, yes=yes), name=name, alias="" if alias else None, force=force,
        settle=settle_of(session, conflict, yes=yes),
    )  # fmt: skip
    code = finish(session, outcome)
    if outcome.done:
        offer(session)
    return code


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
    accept = Accept(
        new_key=accept_new_key, unsigned=accept_unsigned, moved_tag=accept_moved_tag, signature=require_signature
    )
    wish = wish_of(
        conflict=conflict, only=only, without=without, allow_effects=allow_effects, dry_run=dry_run, to=to, accept=accept,
        locked=locked, allow_downgrade=allow_downgrade, ignore_requires=ignore_requires,
        env=given(session, env, env_file), questions=questions(session, yes=yes),
    )  # fmt: skip
    if force_config:
        wish = replace(wish, choices=replace(wish.choices, sides={"config.yaml": Side.THEIRS}))
    if all_ and (profile or to or env or env_file):
        raise UsageError("--all stands alone: leave out the profile, --to, --env and --env-file")
    if abort:
        alone = not (all_ or to or locked or conflict or only or without)
        return _back(session, profile, alone=alone, yes=yes, dry_run=dry_run)
    settle = settle_of(session, conflict, yes=yes)
    if all_:
        return update_all(session, wish, settle, yes=yes, exit_code=exit_code)
    name = session.ctx.profile(profile)
    offer_adoption(session, name, dry_run=dry_run)
    outcome = ops.update(session.ctx, name, wish, agreement(session, yes=yes), settle)
    return finish(session, outcome, exit_code=exit_code)


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


def update_all(session: Session, wish: Wish, settle: Settle | None, *, yes: bool, exit_code: bool) -> int:
    """Update every profile that has a lock."""
    names = [row.name for row in list_profiles(session.ctx) if row.managed]

    def one(each: Session, name: ProfileName) -> int:
        outcome = ops.update(each.ctx, name, wish, agreement(each, yes=yes), settle)
        return finish(each, outcome, exit_code=exit_code)

    return on_each(session, names, one)


def finish(session: Session, outcome: Outcome, *, exit_code: bool = False) -> int:
    """Show an outcome, and choose the exit code."""
    if outcome.dry_run and outcome.proposal is not None:
        preview(session, outcome.proposal)
        changes = not outcome.proposal.changes_nothing
        session.screen.say("Dry run: nothing was changed." if changes else "Nothing would change.")
        session.screen.emit("outcome", outcome_data(outcome))
        return 10 if exit_code and changes else 0
    session.screen.emit("outcome", outcome_data(outcome))
    return summary(session, outcome)
