"""Commands about the gateways of many profiles."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from hermes_dist.cli.shared.command import command
from hermes_dist.cli.shared.gateway_results import Act, act_on, code_of, show_results
from hermes_dist.cli.shared.layout import Column
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import ExitCode, UsageError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.fleet import gateways as ops
from hermes_dist.ops.fleet import start_stop
from hermes_dist.voice.clean import clean, clean_line
from hermes_dist.voice.fleet_json import clashes_data, gateways_data, logs_data, results_data
from hermes_dist.voice.gateway_words import clash_words
from hermes_dist.voice.lines import Style

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="The profiles.")]
All = Annotated[bool, typer.Option("--all", help="Every profile.")]
Jobs = Annotated[
    int,
    typer.Option("-j", "--jobs", min=1, max=64, metavar="N", help="How many to act on at once."),
]
Wait = Annotated[
    float,
    typer.Option("--wait", min=0, metavar="SECONDS", help="How long a gateway may take to serve."),
]
Grace = Annotated[
    float,
    typer.Option(
        "--grace", min=0, metavar="SECONDS", help="How long a process may take to end by itself."
    ),
]
AllowClash = Annotated[
    bool,
    typer.Option("--allow-clash", help="Start even if another profile has the same bot or port."),
]
DetachedStart = Annotated[
    bool,
    typer.Option(
        "--detached",
        help="Run it as a process without a service, even where services are available.",
    ),
]
_USUAL = start_stop.Options()
_STYLES: tuple[tuple[Style, bool], ...] = (
    ("accent", False),
    ("good", False),
    ("accent", True),
    ("good", True),
)
"""How the names of profiles are painted in turn, each with whether it is bold."""
_PID = Column("PID", right=True)


def _chosen(
    session: Session, names: Sequence[str] | None, *, all_: bool, usual: bool
) -> list[ProfileName]:
    """The profiles that a command is about, in order; with ``usual``, none named means all."""
    ctx = session.ctx
    asked = [ctx.profile(name) for name in names or ()]
    if not asked and not all_ and ctx.chosen:
        asked = [ctx.active()]
    return ops.choose(ctx.names(), asked, all_=all_ or (usual and not asked))


def _run(
    session: Session,
    verb: str,
    act: Act,
    names: Sequence[str] | None,
    *,
    all_: bool,
    options: start_stop.Options,
) -> int:
    chosen = _chosen(session, names, all_=all_, usual=False)
    results = act_on(session, verb, act, chosen, options)
    session.screen.emit("gateway-results", results_data(verb, results))
    show_results(session, verb, results)
    return code_of(results)


@command
def start(
    session: Session,
    name: Names = None,
    all_: All = False,
    jobs: Jobs = _USUAL.jobs,
    wait: Wait = _USUAL.wait,
    detached: DetachedStart = False,
    allow_clash: AllowClash = False,
) -> int:
    options = start_stop.Options(jobs=jobs, wait=wait, detached=detached, allow_clash=allow_clash)
    return _run(session, "start", start_stop.start, name, all_=all_, options=options)


@command
def stop(
    session: Session,
    name: Names = None,
    all_: All = False,
    jobs: Jobs = _USUAL.jobs,
    grace: Grace = _USUAL.grace,
) -> int:
    return _run(
        session,
        "stop",
        start_stop.stop,
        name,
        all_=all_,
        options=start_stop.Options(jobs=jobs, grace=grace),
    )


@command
def restart(
    session: Session,
    name: Names = None,
    all_: All = False,
    jobs: Jobs = _USUAL.jobs,
    wait: Wait = _USUAL.wait,
    grace: Grace = _USUAL.grace,
    detached: DetachedStart = False,
    allow_clash: AllowClash = False,
) -> int:
    options = start_stop.Options(
        jobs=jobs, wait=wait, grace=grace, detached=detached, allow_clash=allow_clash
    )
    return _run(session, "restart", start_stop.restart, name, all_=all_, options=options)


@command
def enable(
    session: Session, name: Names = None, all_: All = False, jobs: Jobs = _USUAL.jobs
) -> int:
    return _run(
        session, "enable", start_stop.enable, name, all_=all_, options=start_stop.Options(jobs=jobs)
    )


@command
def disable(
    session: Session, name: Names = None, all_: All = False, jobs: Jobs = _USUAL.jobs
) -> int:
    return _run(
        session,
        "disable",
        start_stop.disable,
        name,
        all_=all_,
        options=start_stop.Options(jobs=jobs),
    )


@command
def status(session: Session, name: Names = None, all_: All = False) -> int:
    rows = ops.rows(session.ctx, _chosen(session, name, all_=all_, usual=True))
    _emit(session, rows)
    screen = session.screen
    titles = ("Profile", "Gateway", _PID, "Says", "At login", "Trouble")
    screen.table(titles, [_status_line(row) for row in rows])
    for row in rows:
        if row.services or row.service_file:
            there = ", ".join(row.services) or f"none; enable writes {row.service_file}"
            screen.say(f"{row.profile}: service {clean(there)}")
    if any(row.state == "stale" for row in rows):
        clears = session.command("gateways start NAME")
        screen.tell(f"stale: the files name a process that is gone; {clears} clears it")
    return 0


def _status_line(row: ops.GatewayRow) -> tuple[str, ...]:
    return (
        row.profile,
        str(row.state),
        str(row.pid or "—"),
        row.phase or "—",
        "yes" if row.at_login else "no",
        "; ".join(row.troubles) or "—",
    )


@command
def list_(session: Session) -> int:
    rows = ops.rows(session.ctx, _chosen(session, None, all_=True, usual=True))
    _emit(session, rows)
    titles = ("Profile", "Gateway", _PID, "Channels", "Service")
    session.screen.table(titles, [_list_line(row) for row in rows])
    return 0


def _list_line(row: ops.GatewayRow) -> tuple[str, ...]:
    service = "yes" if row.services else "no"
    if row.at_login:
        service = "at login"
    channels = ", ".join(row.channels) or "—"
    return row.profile, str(row.state), str(row.pid or "—"), channels, service


def _emit(session: Session, rows: Sequence[ops.GatewayRow]) -> None:
    session.screen.emit("gateways", gateways_data(rows))


@command
def check(session: Session) -> int:
    found = ops.check(session.ctx)
    screen = session.screen
    screen.emit("gateway-check", clashes_data(found))
    for clash in found:
        screen.say(f"{screen.paint('clash', 'error')}: {clean(clash_words(clash))}")
        for source in clash.sources:
            screen.say(f"  {clean(source)}")
    if not found:
        number = len(session.ctx.names())
        if number < 2:
            screen.say("There is one gateway at most, so nothing can clash.")
        else:
            screen.say(f"No two of {number} gateways use the same bot, login or port.")
    return ExitCode.ERROR if found else ExitCode.DONE


@command
def logs(
    session: Session,
    name: Names = None,
    all_: All = False,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Keep showing new lines, until Ctrl-C.")
    ] = False,
    lines: Annotated[
        int,
        typer.Option(
            "--lines", min=0, metavar="N", help="How many lines of each log to show first."
        ),
    ] = 20,
) -> int:
    chosen = _chosen(session, name, all_=all_, usual=True)
    screen = session.screen
    if follow and screen.as_json:
        raise UsageError(
            "--follow and --json don't go together: --follow never ends",
            hint="leave one of them out",
        )
    show = _Prefixed(screen, chosen)
    # Opened before the last lines are read, so that no line in between is missed.
    with ops.follow(session.ctx, chosen) as follower:
        found = ops.logs(session.ctx, chosen, lines)
        screen.emit("gateway-logs", logs_data(found))
        for line in found:
            show(line.profile, line.file, line.text)
        if not found and lines:
            screen.tell(
                f"There are no logs of {', '.join(chosen)}: a gateway writes them once it runs."
            )
        if not follow:
            return 0
        try:
            for (profile, file), text in follower.follow(_Reader()):
                show(profile, file, text)
        except KeyboardInterrupt:
            return ExitCode.INTERRUPTED
    return 0


class _Prefixed:
    """Shows log lines after the names of their profiles, each name in its own colour."""

    def __init__(self, screen: Screen, names: Sequence[ProfileName]) -> None:
        self._screen = screen
        self._width = max(map(len, names), default=0)
        self._styles = {name: _STYLES[at % len(_STYLES)] for at, name in enumerate(names)}

    def __call__(self, profile: ProfileName, file: str, text: str) -> None:
        mark = "!" if "error" in file else "|"
        ahead = f"{profile.ljust(self._width)} {mark} "
        style, bold = self._styles[profile]
        self._screen.say(
            self._screen.paint(ahead, style, bold=bold) + clean_line(text.expandtabs()), whole=True
        )


class _Reader:
    """Tells whether stdout still has a reader; after ``| head`` it loses it."""

    def __init__(self) -> None:
        self._fd = sys.stdout.fileno()
        # Once a write has failed, /dev/null takes the place of stdout and the poll is content: only
        # its identity still shows that the reader is gone.
        self._what = self._identity()
        self._poll = select.poll()
        self._poll.register(self._fd, 0)

    def _identity(self) -> tuple[int, int]:
        found = os.fstat(self._fd)
        return found.st_dev, found.st_ino

    def __call__(self) -> bool:
        gone = any(event & (select.POLLERR | select.POLLHUP) for _, event in self._poll.poll(0))
        return not gone and self._identity() == self._what
