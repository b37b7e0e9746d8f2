"""Act on gateways and show what became of each; the commands about gateways and ``--restart`` share it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from hermes_dist.cli.shared.layout import Column
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import DistError, ExitCode, counted
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.fleet import start_stop
from hermes_dist.ops.fleet.start_stop import GatewayOutcome, GatewayResult
from hermes_dist.voice.fleet_json import result_rows
from hermes_dist.voice.gateway_words import result_words

Act = Callable[..., list[GatewayResult]]
"""What starts, stops or restarts gateways."""


def act_on(
    session: Session,
    verb: str,
    act: Act,
    names: Sequence[ProfileName],
    options: start_stop.Options,
) -> list[GatewayResult]:
    """Act on gateways, with progress.

    Raises:
        NoAgent: No agent is installed.
    """
    screen = session.screen
    done: list[str] = []

    def told(result: GatewayResult) -> None:
        done.append(result.profile)
        screen.progress(f"{verb}: {len(done)} of {len(names)}, {result.profile} {result.outcome}")

    screen.progress(f"{verb}: {counted(len(names), 'gateway')}")
    return act(session.ctx, names, options, told)


def code_of(results: Sequence[GatewayResult]) -> int:
    """Choose the exit code."""
    bad = {result.outcome for result in results if not result.ok}
    if not bad:
        return ExitCode.DONE
    # One that failed counts more than any that were refused, as in every command on many profiles.
    return ExitCode.REFUSED if bad == {GatewayOutcome.REFUSED} else ExitCode.ERROR


def show_results(session: Session, verb: str, results: Sequence[GatewayResult]) -> None:
    """Show what became of each gateway, their numbers, and the next command."""
    screen = session.screen
    rows = [(r.profile, str(r.outcome), str(r.pid or "—"), result_words(r) or "—") for r in results]
    screen.table(("Profile", "Result", Column("PID", right=True), "Note"), rows)
    bad = [result for result in results if not result.ok]
    counts = Counter(str(result.outcome) for result in results)
    screen.tell(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    _next_step(session, verb, bad)


def _next_step(session: Session, verb: str, bad: Sequence[GatewayResult]) -> None:
    if any(result.outcome is GatewayOutcome.REFUSED for result in bad):
        session.screen.tell(f"next: {session.command('gateways check')}, or --allow-clash")
    elif bad and verb in {"start", "restart"}:
        session.screen.tell(f"next: {session.command(f'gateways logs {bad[0].profile}')}")


def restart_changed(
    session: Session, names: Sequence[ProfileName]
) -> tuple[list[dict[str, Any]], int]:
    """Restart the gateways that a change touches, and show what became of each.

    Args:
        session: The run.
        names: The profiles of the gateways.

    Returns:
        What became of each, as JSON, and the exit code. Without an agent, the error is shown and nothing restarts.
    """
    try:
        results = act_on(session, "restart", start_stop.restart, names, start_stop.Options())
    except DistError as error:
        session.screen.error(error, beside=True)
        return [], error.code
    show_results(session, "restart", results)
    return result_rows(results), code_of(results)
