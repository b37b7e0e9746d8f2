"""Have the machine look for new releases once a day, through its own scheduler, and no longer."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from hermes_dist.decide.watch.timers import (
    DEFAULT_AT,
    MARK,
    Timer,
    TimerKind,
    at_of,
    block_in,
    cron_block,
    launchd_plist,
    systemd_units,
    time_of,
    with_block,
    without_block,
)
from hermes_dist.errors import DistError, Invalid
from hermes_dist.ops.context import Context
from hermes_dist.ops.watch.state import changing
from hermes_dist.world.agent import clocks
from hermes_dist.world.agent.gateways import manager
from hermes_dist.world.agent.services import is_usual
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.fs import atomic_write

__all__ = [
    "DEFAULT_AT",
    "Planned",
    "Scheduled",
    "TimerKind",
    "choose",
    "plan_schedule",
    "schedule",
    "scheduled",
    "timer_name",
    "unschedule",
]

_PASSED_ON = ("PATH",)
"""Variables by which git, ssh and the agent are found, and that a scheduler sets otherwise."""


class Scheduled(Struct, frozen=True, kw_only=True):
    """A daily check that a scheduler of this machine starts.

    Attributes:
        kind: Which one.
        where: The file that says so.
        at: The time of the day; empty if somebody changed it to something else.
    """

    kind: TimerKind
    where: str
    at: str


class Planned(Struct, frozen=True, kw_only=True):
    """What :func:`schedule` did, or would do.

    Attributes:
        now: The check as it is afterwards.
        before: The checks of ours that were there, which go.
        text: What is written.
    """

    now: Scheduled
    before: tuple[Scheduled, ...]
    text: str


def choose(ctx: Context, wanted: TimerKind | None = None) -> TimerKind:
    """Choose the scheduler: the one that is wanted, else the machine's own.

    Raises:
        DistError: There is none, or not the wanted one.
    """
    found = manager(ctx.env)
    there = {
        TimerKind.LAUNCHD: clocks.has("launchctl", ctx.env),
        TimerKind.SYSTEMD: clocks.has("systemctl", ctx.env),
        TimerKind.CRON: clocks.has("crontab", ctx.env),
    }
    if wanted is not None:
        if there[wanted]:
            return wanted
        raise DistError(
            f"there is no {wanted} on this machine",
            hint="leave the option out to take what there is",
        )
    if found in (TimerKind.LAUNCHD, TimerKind.SYSTEMD):
        return TimerKind(found)
    if there[TimerKind.CRON]:
        return TimerKind.CRON
    raise DistError(
        "this machine has no systemd, launchd or crontab that could start a daily check",
        hint=f"let your own scheduler run once a day: {' '.join(_program(ctx))} watch run",
    )


def plan_schedule(ctx: Context, kind: TimerKind, at: str) -> Planned:
    """Say what :func:`schedule` would do; nothing is changed.

    Raises:
        UsageError: The time is none.
        Invalid: A file of somebody else is in the place.
        DistError: The crontab can't be read.
    """
    timer = _timer(ctx, at)
    place = _place(ctx, kind, timer.name)
    for path in _files(ctx, kind, timer.name):
        _refuse_foreign(path)
    now = Scheduled(kind=kind, where=place, at=f"{timer.hour:02d}:{timer.minute:02d}")
    before = tuple(scheduled(ctx))
    return Planned(now=now, before=before, text=_TEXTS[kind](timer))


def schedule(ctx: Context, kind: TimerKind, at: str) -> Planned:
    """Have a scheduler start the check once a day; a check of ours that another one starts goes.

    Raises:
        UsageError: The time is none.
        Invalid: A file of somebody else is in the place.
        DistError: The scheduler refuses; what we wrote is gone again.
    """
    with changing(ctx.layout):
        planned = plan_schedule(ctx, kind, at)
        timer = _timer(ctx, at)
        try:
            _PUT[kind](ctx, timer)
        except DistError:
            _take_away(ctx, kind, timer.name)
            raise
        for other in planned.before:
            if other.kind is not kind:
                _take_away(ctx, other.kind, timer.name)
    return planned


def unschedule(ctx: Context) -> tuple[Scheduled, ...]:
    """Take every daily check of ours away; what others wrote stays.

    Returns:
        What was there.

    Raises:
        DistError: A file can't be removed, or the crontab can't be written.
    """
    with changing(ctx.layout):
        found = tuple(scheduled(ctx))
        for each in found:
            _take_away(ctx, each.kind, timer_name(ctx))
    return found


def scheduled(ctx: Context) -> list[Scheduled]:
    """The daily checks of ours that schedulers of this machine start."""
    name = timer_name(ctx)
    service, clock, plist = ctx.layout.watch_files(name)
    found = []
    text = clocks.read_text(clock)
    if MARK in text or MARK in clocks.read_text(service):
        at = at_of(TimerKind.SYSTEMD, text)
        found.append(Scheduled(kind=TimerKind.SYSTEMD, where=str(clock), at=at))
    text = clocks.read_text(plist)
    if MARK in text:
        at = at_of(TimerKind.LAUNCHD, text)
        found.append(Scheduled(kind=TimerKind.LAUNCHD, where=str(plist), at=at))
    if clocks.has("crontab", ctx.env):
        line = block_in(clocks.read_crontab(ctx.env), name)
        if line:
            at = at_of(TimerKind.CRON, line)
            found.append(Scheduled(kind=TimerKind.CRON, where="crontab", at=at))
    return found


def timer_name(ctx: Context) -> str:
    """The name of the check, which is another one for each root."""
    name = f"{ctx.brand.dist_command}-watch"
    if is_usual(ctx.layout):
        return name
    return f"{name}-{hashlib.sha256(os.fsencode(ctx.layout.root)).hexdigest()[:8]}"


def _timer(ctx: Context, at: str) -> Timer:
    hour, minute = time_of(at)
    env = {name: ctx.env[name] for name in _PASSED_ON if ctx.env.get(name)}
    for variable in (ctx.brand.bin_variable, ctx.brand.services_variable):
        if ctx.env.get(variable):
            env[variable] = ctx.env[variable]
    if not is_usual(ctx.layout):
        env[ctx.brand.home_variable] = str(ctx.layout.root)
    argv = (*_program(ctx), "watch", "run")
    return Timer(name=timer_name(ctx), argv=argv, env=env, hour=hour, minute=minute)


def _program(ctx: Context) -> tuple[str, ...]:
    """This program by its absolute path.

    Raises:
        Invalid: This Python does not know its own path.
    """
    if not sys.executable:
        raise Invalid("this Python does not know its own path, so no scheduler can start it")
    beside = Path(sys.executable).with_name(ctx.brand.dist_command)
    if beside.is_file():
        return (str(beside),)
    # -P keeps a folder hermes_dist in the current folder from running in our place.
    start = f"from hermes_dist.cli.entry.start import {ctx.brand.name} as start; start()"
    return (sys.executable, "-P", "-c", start)


def _files(ctx: Context, kind: TimerKind, name: str) -> tuple[Path, ...]:
    service, clock, plist = ctx.layout.watch_files(name)
    return {
        TimerKind.SYSTEMD: (clock, service),
        TimerKind.LAUNCHD: (plist,),
        TimerKind.CRON: (),
    }[kind]


def _place(ctx: Context, kind: TimerKind, name: str) -> str:
    return str(next(iter(_files(ctx, kind, name)), "crontab"))


def _refuse_foreign(path: Path) -> None:
    """Make sure that a file is ours, or not there.

    Raises:
        Invalid: Somebody else wrote it.
    """
    if os.path.lexists(path) and (path.is_symlink() or MARK not in clocks.read_text(path)):
        raise Invalid(
            "this file is not ours, so it stays", where=str(path), hint="move it away first"
        )


def _put_systemd(ctx: Context, timer: Timer) -> None:
    service, clock, _ = ctx.layout.watch_files(timer.name)
    for path, text in zip((service, clock), systemd_units(timer), strict=True):
        atomic_write(path, _bytes(text), 0o644)
    clocks.systemctl(ctx.env, "daemon-reload")
    clocks.systemctl(ctx.env, "enable", "--now", clock.name)


def _put_launchd(ctx: Context, timer: Timer) -> None:
    plist = ctx.layout.watch_files(timer.name)[2]
    if plist.exists():
        clocks.launchctl(ctx.env, "unload", str(plist))
    atomic_write(plist, _bytes(launchd_plist(timer)), 0o644)
    clocks.launchctl(ctx.env, "load", "-w", str(plist))


def _put_cron(ctx: Context, timer: Timer) -> None:
    before = clocks.read_crontab(ctx.env)
    after = with_block(before, timer)
    if after != before:
        clocks.write_crontab(after, ctx.env)


_PUT: Mapping[TimerKind, Callable[[Context, Timer], None]] = {
    TimerKind.SYSTEMD: _put_systemd,
    TimerKind.LAUNCHD: _put_launchd,
    TimerKind.CRON: _put_cron,
}
_TEXTS: Mapping[TimerKind, Callable[[Timer], str]] = {
    TimerKind.SYSTEMD: lambda timer: "\n".join(systemd_units(timer)),
    TimerKind.LAUNCHD: launchd_plist,
    TimerKind.CRON: cron_block,
}


def _take_away(ctx: Context, kind: TimerKind, name: str) -> None:
    """Stop a check and remove what we wrote for it, and nothing that others wrote."""
    if kind is TimerKind.CRON:
        before = clocks.read_crontab(ctx.env)
        after = without_block(before, name)
        if after != before:
            clocks.write_crontab(after, ctx.env)
        return
    files = [path for path in _files(ctx, kind, name) if MARK in clocks.read_text(path)]
    if files:
        _stop(ctx, kind, files[0])
    for path in files:
        _remove(path)
        _remove(path.parent / "timers.target.wants" / path.name)
    if files and kind is TimerKind.SYSTEMD:
        with suppress(DistError):
            clocks.systemctl(ctx.env, "daemon-reload")


def _stop(ctx: Context, kind: TimerKind, path: Path) -> None:
    # A scheduler that is gone or does not answer must not keep the files: without them, nothing is started again.
    with suppress(DistError):
        if kind is TimerKind.SYSTEMD:
            clocks.systemctl(ctx.env, "disable", "--now", path.with_suffix(".timer").name)
        else:
            clocks.launchctl(ctx.env, "unload", "-w", str(path))


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise trouble(error, "can't remove the file", where=str(path)) from error


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
