"""Shared by commands that change a home: build the request from the options, and show the outcome."""

from __future__ import annotations

from msgspec.structs import replace

from hermes_dist.cli.shared.cards import preview, summary
from hermes_dist.cli.shared.json_data import outcome_data
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import UsageError
from hermes_dist.model.side import Side
from hermes_dist.ops.change.confirm import Settle, Wish
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.propose import Choices

_POLICIES = ("keep", "theirs", "ask", "abort")


def wish_of(
    *, conflict: str, only: str, without: str, allow_effects: bool, dry_run: bool, **more: object
) -> Wish:
    """Build the request from the options of a command.

    Raises:
        UsageError: The value of an option is not valid.
    """
    if conflict and conflict not in _POLICIES:
        raise UsageError(f"--conflict takes {', '.join(_POLICIES)}, not {conflict!r:.40}")
    default = {"keep": Side.OURS, "theirs": Side.THEIRS}.get(conflict)
    choices = Choices(default=default, allow_effects=allow_effects).with_parts(only, without)
    wish = Wish(choices=choices, abort_on_conflict=conflict == "abort", dry_run=dry_run)
    return replace(wish, **more)


def settle_of(session: Session, conflict: str, *, yes: bool) -> Settle | None:
    """The prompt about conflicts: with ``--conflict ask``, or on a terminal without ``--yes`` and ``--conflict``."""
    if conflict == "ask" or (not conflict and not yes and session.screen.somebody):
        from hermes_dist.cli.package.ask_conflict import asker  # noqa: PLC0415 - only needed if somebody is asked

        return asker(session)
    return None


def finish(session: Session, outcome: Outcome, *, exit_code: bool = False) -> int:
    """Show an outcome, and choose the exit code."""
    if outcome.dry_run and outcome.proposal is not None:
        preview(session.with_results(), outcome.proposal)
        changes = not outcome.proposal.changes_nothing
        session.screen.say("Dry run: nothing was changed." if changes else "Nothing would change.")
        session.screen.emit("outcome", outcome_data(outcome))
        return 10 if exit_code and changes else 0
    session.screen.emit("outcome", outcome_data(outcome))
    return summary(session, outcome)
