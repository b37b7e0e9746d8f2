"""The machine's own scheduler gets our timer, loses it again, and keeps what others wrote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.watch.timers import MARK, TimerKind
from hermes_dist.errors import DistError, Invalid
from hermes_dist.ops.context import Context
from hermes_dist.ops.watch import timers

CRONTAB = """#!/bin/sh
# keeps the table in $HOME/table
[ -e "$HOME/refuses" ] && { echo "crontab: no room" >&2; exit 1; }
case "$1" in
  -l) if [ -e "$HOME/table" ]; then cat "$HOME/table"; else echo "no crontab for me" >&2; exit 1; fi ;;
  -r) rm -f "$HOME/table" ;;
  -) cat > "$HOME/table" ;;
esac
"""
ASKED = """#!/bin/sh
echo "$(basename "$0") $*" >> "$HOME/asked"
[ -e "$HOME/refuses" ] && { echo "Failed to connect to bus" >&2; exit 1; }
exit 0
"""


@pytest.fixture
def ctx(home: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    tools = home / "tools"
    tools.mkdir()
    for name, text in {"crontab": CRONTAB, "systemctl": ASKED, "launchctl": ASKED}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    env = {"HOME": str(home), "PATH": f"{tools}:/usr/bin:/bin"}
    monkeypatch.setattr(timers, "manager", lambda _env: "none")
    return Context(HERMES, Layout(HERMES, home / ".hermes", home), env)


def asked(home: Path) -> list[str]:
    path = home / "asked"
    return path.read_text().splitlines() if path.exists() else []


def test_systemd_gets_two_units_and_loses_them(ctx: Context, home: Path) -> None:
    planned = timers.schedule(ctx, TimerKind.SYSTEMD, "8:05")
    units = home / ".config/systemd/user"
    clock = units / "hermes-dist-watch.timer"
    assert planned.now.where == str(clock)
    assert "watch" in (units / "hermes-dist-watch.service").read_text()
    assert asked(home)[-1] == "systemctl --user enable --now hermes-dist-watch.timer"
    assert [each.at for each in timers.scheduled(ctx)] == ["08:05"]
    timers.schedule(ctx, TimerKind.SYSTEMD, "9:00")
    assert [each.at for each in timers.scheduled(ctx)] == ["09:00"]
    timers.unschedule(ctx)
    assert list(units.iterdir()) == []
    assert "systemctl --user disable --now hermes-dist-watch.timer" in asked(home)
    assert timers.scheduled(ctx) == []
    assert timers.unschedule(ctx) == ()


def test_launchd_gets_a_plist_and_loses_it(ctx: Context, home: Path) -> None:
    timers.schedule(ctx, TimerKind.LAUNCHD, "8:05")
    plist = home / "Library/LaunchAgents/ai.hermes.hermes-dist-watch.plist"
    assert MARK in plist.read_text()
    assert asked(home) == [f"launchctl load -w {plist}"]
    timers.schedule(ctx, TimerKind.LAUNCHD, "8:06")
    assert asked(home)[1:] == [f"launchctl unload {plist}", f"launchctl load -w {plist}"]
    timers.unschedule(ctx)
    assert not plist.exists()
    assert asked(home)[-1] == f"launchctl unload -w {plist}"


@pytest.mark.parametrize("before", [None, "MAILTO=x\n0 1 * * * mine % y\n"])
def test_a_crontab_gets_our_lines_and_loses_them(
    ctx: Context, home: Path, before: str | None
) -> None:
    table = home / "table"
    if before is not None:
        table.write_text(before)
    timers.schedule(ctx, TimerKind.CRON, "8:05")
    timers.schedule(ctx, TimerKind.CRON, "8:05")
    text = table.read_text()
    assert text.startswith(before or "")
    assert text.count("watch run") == 1
    assert [(each.kind, each.at) for each in timers.scheduled(ctx)] == [(TimerKind.CRON, "08:05")]
    timers.unschedule(ctx)
    assert (table.read_text() if table.exists() else None) == before


def test_another_scheduler_takes_over(ctx: Context, home: Path) -> None:
    timers.schedule(ctx, TimerKind.CRON, "8:05")
    planned = timers.schedule(ctx, TimerKind.SYSTEMD, "8:05")
    assert [each.kind for each in planned.before] == [TimerKind.CRON]
    assert [each.kind for each in timers.scheduled(ctx)] == [TimerKind.SYSTEMD]
    assert not (home / "table").exists()


@pytest.mark.parametrize("kind", list(TimerKind))
def test_a_scheduler_that_refuses_leaves_nothing_of_ours(
    ctx: Context, home: Path, kind: TimerKind
) -> None:
    timers.schedule(ctx, kind, "8:05")
    timers.unschedule(ctx)
    (home / "refuses").touch()
    with pytest.raises(DistError):
        timers.schedule(ctx, kind, "8:05")
    (home / "refuses").unlink()
    assert timers.scheduled(ctx) == []


def test_a_crontab_that_can_not_be_read_is_not_replaced(ctx: Context, home: Path) -> None:
    (home / "table").write_text("0 1 * * * mine\n")
    (home / "refuses").touch()
    with pytest.raises(DistError, match="can't be read"):
        timers.schedule(ctx, TimerKind.CRON, "8:05")
    (home / "refuses").unlink()
    assert (home / "table").read_text() == "0 1 * * * mine\n"


def test_a_scheduler_that_is_gone_keeps_no_files(ctx: Context, home: Path) -> None:
    timers.schedule(ctx, TimerKind.SYSTEMD, "8:05")
    wants = home / ".config/systemd/user/timers.target.wants"
    wants.mkdir()
    (wants / "hermes-dist-watch.timer").symlink_to("../hermes-dist-watch.timer")
    (home / "refuses").touch()
    (home / "tools/crontab").unlink()
    timers.unschedule(ctx)
    assert [path.name for path in wants.parent.rglob("*")] == ["timers.target.wants"]


@pytest.mark.parametrize("link", [False, True])
def test_a_file_of_somebody_else_stays(ctx: Context, home: Path, link: bool) -> None:
    clock = ctx.layout.watch_files("hermes-dist-watch")[1]
    clock.parent.mkdir(parents=True)
    if link:
        (home / "mine").write_text(f"# {MARK}\n")
        clock.symlink_to(home / "mine")
    else:
        clock.write_text("[Timer]\n# mine\n")
    before = clock.read_text()
    with pytest.raises(Invalid, match="not ours"):
        timers.schedule(ctx, TimerKind.SYSTEMD, "8:05")
    assert clock.read_text() == before
    if not link:
        assert timers.unschedule(ctx) == ()
        assert clock.read_text() == before


def test_the_machines_own_scheduler_is_taken(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    assert timers.choose(ctx) is TimerKind.CRON
    monkeypatch.setattr(timers, "manager", lambda _env: "systemd")
    assert timers.choose(ctx) is TimerKind.SYSTEMD
    bare = Context(HERMES, ctx.layout, {**ctx.env, "PATH": "/nowhere"})
    monkeypatch.setattr(timers, "manager", lambda _env: "none")
    with pytest.raises(DistError, match="no systemd, launchd or crontab"):
        timers.choose(bare)
    for kind in TimerKind:
        with pytest.raises(DistError, match="there is no"):
            timers.choose(bare, kind)


def test_each_root_has_a_check_of_its_own(ctx: Context, home: Path) -> None:
    other = Context(HERMES, Layout(HERMES, home / "other", home), ctx.env)
    timers.schedule(ctx, TimerKind.CRON, "8:05")
    timers.schedule(other, TimerKind.CRON, "8:06")
    assert f"HERMES_HOME={home / 'other'}" in (home / "table").read_text()
    timers.unschedule(ctx)
    assert [each.at for each in timers.scheduled(other)] == ["08:06"]
    assert os.listdir(home / "other/distributions/watch") == ["lock"]
