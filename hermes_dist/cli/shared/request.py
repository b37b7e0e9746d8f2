"""Shared by commands that change a home: build the request from the options, and show the outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hermes_dist.agents.places import CONFIG
from hermes_dist.cli.shared.ask import agreement, given, questions, twins
from hermes_dist.cli.shared.cards import preview, show_summary
from hermes_dist.cli.shared.reminders import restart_touched
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import ExitCode, worst
from hermes_dist.lazily import later
from hermes_dist.model.side import Side
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Accept, AskConflicts, Naming, Request, choices_of
from hermes_dist.voice.words import DRY_RUN

if TYPE_CHECKING:
    from typing import Any

with later():
    from hermes_dist.ops.inputs.given import given_answers
    from hermes_dist.voice.package_json import outcome_data

__all__ = ["agreement", "request_of", "show_outcome"]


def request_of(
    session: Session,
    *,
    yes: bool,
    asks: bool = False,
    conflict: str = "",
    allow_effects: bool = False,
    force_config: bool = False,
    only: str = "",
    without: str = "",
    include: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    set_: Sequence[str] | None = None,
    set_file: Sequence[str] | None = None,
    env: Sequence[str] | None = None,
    env_file: str = "",
    registry: str = "",
    accept_name: bool = False,
    accept_new_key: bool = False,
    accept_unsigned: bool = False,
    accept_moved_tag: bool = False,
    require_signature: bool = False,
    to: str = "",
    dry_run: bool = False,
    locked: bool = False,
    allow_downgrade: bool = False,
    ignore_requires: bool = False,
    restart: bool = False,
) -> Request:
    """Build the request from the options of a command, each under its own name.

    With ``yes``, nothing is asked. ``asks`` is no option: it says that the command asks, on a terminal, about effects
    and missing variables after the confirmation.

    Raises:
        UsageError: The value of an option is not valid.
    """
    answers = given_answers(set_ or (), set_file or ()) if set_ or set_file else {}
    choices = choices_of(
        conflict,
        allow_effects=allow_effects,
        only=only,
        without=without,
        include=include or (),
        exclude=exclude or (),
        inputs=answers,
    )
    if force_config:
        choices = replace(choices, sides={CONFIG: Side.THEIRS})
    ask = questions(session, yes=yes or not asks)
    return Request(
        choices=choices,
        accept=Accept(
            new_key=accept_new_key,
            unsigned=accept_unsigned,
            moved_tag=accept_moved_tag,
            signature=require_signature,
        ),
        naming=Naming(registry, accept_name, twins(session)),
        env=given(session, env or (), env_file),
        questions=replace(ask, conflicts=_ask_conflicts(session, conflict, yes=yes)),
        on_conflict=conflict,
        to=to,
        dry_run=dry_run,
        locked=locked,
        allow_downgrade=allow_downgrade,
        ignore_requires=ignore_requires,
        restart=restart,
    )


def _ask_conflicts(session: Session, conflict: str, *, yes: bool) -> AskConflicts | None:
    """The prompt about conflicts: with ``--conflict ask``, or on a terminal without ``--yes`` and ``--conflict``."""
    # `--conflict ask` holds without a terminal, too: the first conflict then ends with code 6,
    # instead of staying open without anybody noticing.
    if conflict == "ask" or (not conflict and not yes and session.screen.somebody):
        from hermes_dist.cli.package.ask_conflict import asker  # noqa: PLC0415 - only needed if somebody is asked

        return asker(session)
    return None


def show_outcome(
    session: Session,
    outcome: Outcome,
    *,
    exit_code: bool = False,
    restart: bool = False,
    told: bool = True,
) -> int:
    """Show an outcome, and choose the exit code.

    Args:
        session: The run.
        outcome: What was done, or would be.
        exit_code: A dry run that would change something ends with its own code.
        restart: Restart the running gateways that the change affects.
        told: Name the command that restarts them; otherwise the caller does it later.
    """
    if outcome.dry_run and outcome.proposal is not None:
        preview(session.with_results(), outcome.proposal)
        changes = not outcome.proposal.changes_nothing
        said = "Nothing would change."
        if changes:
            said = DRY_RUN
        session.screen.say(said)
        _emit(session, outcome)
        if exit_code and changes:
            return ExitCode.CHANGES
        return ExitCode.DONE
    if restart and outcome.restart:
        return _restarted(session, outcome)
    _emit(session, outcome)
    return show_summary(session, outcome if told else replace(outcome, restart=()))


def _restarted(session: Session, outcome: Outcome) -> int:
    """Show what was done, then restart the gateways; a gateway that fails does not undo the change."""
    code = show_summary(session, replace(outcome, restart=()))
    results, failed = restart_touched(session, outcome.restart)
    _emit(session, outcome, results)
    return worst([code, failed])


def _emit(session: Session, outcome: Outcome, restarted: Sequence[Mapping[str, Any]] = ()) -> None:
    """Write the JSON object of an outcome; it is not even made if nobody asked for JSON."""
    if session.screen.as_json:
        session.screen.emit("outcome", outcome_data(outcome, restarted))
