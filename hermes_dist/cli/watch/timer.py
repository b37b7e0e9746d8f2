"""Commands: watch install, remove, status, run."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import partial
from typing import Annotated

import typer

from hermes_dist.cli.shared.command import DryRun, command
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import ExitCode, UsageError, counted
from hermes_dist.ops.watch import codes, timers
from hermes_dist.ops.watch import run as ops
from hermes_dist.ops.watch.owners import owners_of
from hermes_dist.ops.watch.timers import DEFAULT_AT, TimerKind
from hermes_dist.voice.clean import clean
from hermes_dist.voice.watch.chat_text import for_chat
from hermes_dist.voice.watch.news import news_text
from hermes_dist.voice.watch.watch_json import ran_data, status_data, timer_data, timers_data
from hermes_dist.voice.words import DRY_RUN


@command
def install(
    session: Session,
    systemd: Annotated[
        bool, typer.Option("--systemd", help="By a timer of systemd's user manager.")
    ] = False,
    launchd: Annotated[bool, typer.Option("--launchd", help="By launchd, on macOS.")] = False,
    cron: Annotated[bool, typer.Option("--cron", help="By a line of your crontab.")] = False,
    at: Annotated[
        str, typer.Option("--at", metavar="HH:MM", help="When to look, up to an hour later.")
    ] = DEFAULT_AT,
    dry_run: DryRun = False,
) -> int:
    kind = timers.choose(session.ctx, _wanted(systemd=systemd, launchd=launchd, cron=cron))
    make = timers.plan_schedule if dry_run else timers.schedule
    planned = make(session.ctx, kind, at)
    screen = session.screen
    screen.emit("watch-timer", timer_data(planned, dry_run=dry_run))
    if dry_run:
        screen.say(f"{clean(planned.now.where)} would say:")
        for line in planned.text.splitlines():
            screen.say(f"  {clean(line)}", whole=True)
        screen.say(DRY_RUN)
        return 0
    screen.say(f"New releases are looked for every day at {planned.now.at}, by {kind}.")
    screen.tell(f"  written: {clean(planned.now.where)}")
    screen.tell("  Nothing is ever installed, updated or approved by it.")
    screen.tell(f"  try it: {session.command('watch run')}")
    return 0


def _wanted(*, systemd: bool, launchd: bool, cron: bool) -> TimerKind | None:
    named = {TimerKind.SYSTEMD: systemd, TimerKind.LAUNCHD: launchd, TimerKind.CRON: cron}
    chosen = [kind for kind, given in named.items() if given]
    if len(chosen) > 1:
        raise UsageError("choose one of --systemd, --launchd and --cron")
    return chosen[0] if chosen else None


@command
def remove(session: Session) -> int:
    found = timers.unschedule(session.ctx)
    session.screen.emit("watch-timers", timers_data(found))
    for each in found:
        session.screen.say(f"{each.kind} no longer looks for new releases: {clean(each.where)}")
    if not found:
        session.screen.say("No daily check is in place.")
    return 0


@command
def status(session: Session) -> int:
    ctx, screen = session.ctx, session.screen
    found, owners = timers.scheduled(ctx), owners_of(ctx).owners
    book, asked = ops.last_run(ctx), codes.waiting(ctx)
    screen.emit("watch-status", status_data(found, owners, book, asked))
    screen.fields(
        [
            ("Daily check", "; ".join(map(_timer_words, found)) or "none"),
            ("Last check", _when(book.ran)),
            ("Did not answer", ", ".join(book.unreachable)),
            ("Failed", ", ".join(book.failed)),
            ("Owners", ", ".join(owner.name for owner in owners) or "none"),
            ("Perhaps lost", "; ".join(f"{t.release} to {t.to}" for t in book.uncertain)),
            ("Asked for in a chat", ", ".join(f"{a.id} ({a.verb} {a.profile})" for a in asked)),
        ]
    )
    if not found:
        screen.tell(f"next: {session.command('watch install')}")
    return 0


def _timer_words(found: timers.Scheduled) -> str:
    return f"{found.at or 'changed by hand'}, by {found.kind} ({found.where})"


def _when(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}" if seconds else "never"


@command
def run(
    session: Session,
    jitter: Annotated[
        int,
        typer.Option(
            "--jitter", metavar="SECONDS", help="Start at a random time up to this much later."
        ),
    ] = 0,
) -> int:
    if not 0 <= jitter <= _LONGEST_JITTER:
        raise UsageError(f"--jitter takes 0 to {_LONGEST_JITTER} seconds")
    ops.wait_a_moment(jitter)
    ctx, screen = session.ctx, session.screen
    say = partial(_say, session)
    words = partial(news_text, command=ctx.brand.dist_command)
    ran = ops.run(ctx, words, for_chat, say)
    screen.emit("watch-run", ran_data(ran))
    # One owner may miss several releases, and for one reason.
    missed = Counter((each.to, each.why) for each in ran.deliveries if not each.sent)
    for (to, why), count in missed.items():
        screen.warn(
            f"{clean(to)} was not told of {counted(count, 'release')}: {clean(why) or 'no reason'}"
        )
    if screen.somebody or screen.verbose:
        _sum_up(session, ran)
    return ExitCode.DONE


def _sum_up(session: Session, ran: ops.Ran) -> None:
    """Say what a scheduler need not hear: it would mail that every day."""
    screen = session.screen
    for row in ran.failed:
        if row.error is not None:
            screen.error(row.error.within(row.profile), beside=True)
    if ran.unreachable:
        screen.tell(f"no answer from the sources of: {', '.join(ran.unreachable)}")
    if not ran.told:
        screen.tell("Nothing is new since the last check.")


_LONGEST_JITTER = 6 * 3600


def _say(session: Session, text: str) -> None:
    for line in text.splitlines():
        session.screen.say(line)
