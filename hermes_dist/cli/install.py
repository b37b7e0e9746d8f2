"""Commands: install; and what commands that change a home share."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.asking import agreement, given, questions, twins
from hermes_dist.cli.cards import preview, summary
from hermes_dist.cli.command import (
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
    RequireSignature,
    Yes,
    command,
)
from hermes_dist.cli.data import outcome_data
from hermes_dist.cli.front_door import offer
from hermes_dist.cli.session import Session  # fmt: skip
from hermes_dist.cli.settling import asker
from hermes_dist.errors import UsageError
from hermes_dist.model.records import replace
from hermes_dist.model.side import Side
from hermes_dist.ops import install as ops
from hermes_dist.ops.conclude import Settle, Wish
from hermes_dist.ops.lookup import Naming
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
    source: Annotated[str, typer.Argument(help="github.com/you/bot, a name, ./folder; then //subfolder, #ref.")],
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
    registry: Annotated[str, typer.Option("--registry", metavar="NAME", help="The registry a name belongs to.")] = "",
    accept_name: Annotated[
        bool, typer.Option("--accept-name", help="Take a name that is easily mistaken for another.")
    ] = False,
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
        naming=Naming(registry, accept_name, twins(session)),
    )  # fmt: skip
    code = finish(session, outcome)
    if outcome.done:
        offer(session)
    return code


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
