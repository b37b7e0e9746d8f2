"""Fleets of stand-in gateways, started, watched and stopped by the installed command."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fleet import PROGRAM, Fleet, fleet_of

from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.fleet.runs import GatewayResult, Manager
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.fleet import gateways as ops
from hermes_dist.ops.fleet import start_stop
from hermes_dist.voice.gateway_words import result_words

SECRET = "123456:AAF-a-secret-of-telegram"


@pytest.fixture
def fleet(home: Path) -> Iterator[Fleet]:
    yield from fleet_of(home)


def test_fifty_gateways_of_which_four_go_wrong_and_none_is_left_behind(fleet: Fleet) -> None:
    good = ["default", *(f"bot{number:02}" for number in range(45))]
    for number, name in enumerate(good):
        fleet.profile(name, TELEGRAM_BOT_TOKEN=f"token-{number}")
    for name, mode in {"fails": "fail", "hangs": "hang", "loops": "loop", "dies": "die"}.items():
        fleet.profile(name, mode)

    done = fleet.run("start", "--all", "--jobs", "8", "--wait", "3", code=1)
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in done.stdout.splitlines()[1:51]}
    assert list(lines) == [*good, "dies", "fails", "hangs", "loops"]
    assert all(lines[name].startswith("started ") for name in good)
    assert lines["fails"].startswith("failed — no inference provider configured")
    assert lines["dies"].startswith("failed — its process ended right after the start")
    assert lines["hangs"].startswith("hanging ")
    assert "says 'starting'" in lines["hangs"]
    assert lines["loops"].startswith("crashing ")
    assert "46 started, 2 failed, 1 hanging, 1 crashing" in done.stderr

    rows = {row["profile"]: row for row in fleet.json("list")["gateways"]}
    assert all(
        rows[name]["state"] == "running" and rows[name]["channels"] == ["Telegram"] for name in good
    )
    assert len({rows[name]["pid"] for name in good}) == len(good)
    assert (rows["dies"]["state"], rows["fails"]["state"]) == ("stale", "stopped")

    stopped = fleet.run("stop", "--all", "--jobs", "8", "--grace", "0.5")
    assert "it did not end by itself, and was killed" in stopped.stdout
    assert fleet.processes() == []
    assert {row["state"] for row in fleet.json("list")["gateways"]} == {"stopped"}
    assert not list(fleet.root.rglob("gateway.pid"))


def test_a_gateway_that_asks_to_be_started_again_is(fleet: Fleet) -> None:
    """So end those of newer agents that come up while another one is still coming up."""
    fleet.profile("second", "again")
    fleet.profile("never", "never")
    done = fleet.json("start", "second", "never", "--wait", "2", code=1)
    rows = {row["profile"]: row for row in done["gateways"]}
    assert rows["second"]["outcome"] == "started"
    assert rows["never"]["outcome"] == "failed"
    assert "exit code 75" in rows["never"]["note"]


def test_names_choose_and_nothing_else_is_touched(fleet: Fleet) -> None:
    for name in ("default", "coder", "research"):
        fleet.profile(name)
    assert fleet.outcomes("start", "research", "coder") == {
        "coder": "started",
        "research": "started",
    }
    assert [row["state"] for row in fleet.json("list")["gateways"]] == [
        "stopped",
        "running",
        "running",
    ]
    assert fleet.outcomes("start", "coder") == {"coder": "running already"}
    assert fleet.outcomes("stop", "coder", "default") == {
        "default": "not running",
        "coder": "stopped",
    }
    assert [row["state"] for row in fleet.json("list")["gateways"]] == [
        "stopped",
        "stopped",
        "running",
    ]


def test_without_a_name_nothing_is_started_or_stopped(fleet: Fleet) -> None:
    fleet.profile("coder")
    for verb in ("start", "stop", "restart", "enable", "disable"):
        assert "name some, or pass --all" in fleet.run(verb, code=2).stderr
    assert "there is no profile 'codr'" in fleet.run("start", "codr", code=1).stderr
    assert fleet.processes() == []


def test_the_default_gateway_is_the_default_ones_whatever_is_sticky(fleet: Fleet) -> None:
    fleet.profile("coder")
    (fleet.root / "active_profile").write_text("coder\n")
    assert fleet.outcomes("start", "default") == {"default": "started"}
    assert (fleet.root / "gateway.pid").exists()
    assert not (fleet.root / "profiles" / "coder" / "gateway.pid").exists()
    assert fleet.outcomes(
        "stop", "default", HERMES_HOME=str(fleet.root / "profiles" / "coder")
    ) == {"default": "stopped"}


def test_a_restart_gives_a_new_process_and_starts_what_did_not_run(fleet: Fleet) -> None:
    for name in ("coder", "research"):
        fleet.profile(name)
    (before,) = fleet.json("start", "coder")["gateways"]
    after = {row["profile"]: row for row in fleet.json("restart", "coder", "research")["gateways"]}
    assert (after["coder"]["outcome"], after["research"]["outcome"]) == ("restarted", "started")
    assert after["coder"]["pid"] != before["pid"]
    assert len(fleet.processes()) == 2


def test_stale_pids_are_seen_and_cleared_away(fleet: Fleet) -> None:
    home = fleet.profile("coder")
    fleet.run("start", "coder")
    pid = json.loads((home / "gateway.pid").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    status = fleet.run("status", "coder")
    assert "stale" in status.stdout
    (row,) = fleet.json("start", "coder")["gateways"]
    assert (row["outcome"], row["note"]) == ("started", "a stale pid was removed")
    os.kill(row["pid"], signal.SIGKILL)
    (row,) = fleet.json("stop", "coder")["gateways"]
    assert (row["outcome"], row["note"]) == ("not running", "a stale pid was removed")
    assert json.loads((home / "gateway_state.json").read_text())["gateway_state"] == "stopped"


def test_a_number_that_another_process_has_by_now_is_not_ended(fleet: Fleet) -> None:
    home = fleet.profile("coder")
    mine = {
        "pid": os.getpid(),
        "kind": "hermes-gateway",
        "argv": ["hermes", "gateway", "run"],
        "start_time": 1,
    }
    (home / "gateway.pid").write_text(json.dumps(mine))
    assert fleet.outcomes("stop", "coder") == {"coder": "not running"}


def test_a_shared_bot_refuses_both_by_name_and_starts_the_others(fleet: Fleet) -> None:
    fleet.profile("coder", TELEGRAM_BOT_TOKEN=SECRET)
    home = fleet.profile("research", MY_BOT=SECRET)
    (home / "config.yaml").write_text(
        "platforms:\n  telegram:\n    enabled: true\n    token: ${MY_BOT}\n"
    )
    fleet.profile("zoe", TELEGRAM_BOT_TOKEN="her-own")
    done = fleet.run("start", "--all", code=4)
    assert done.stdout.count("refused") == 2
    assert "coder and research use the same Telegram bot" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    assert [row["state"] for row in fleet.json("list")["gateways"]] == [
        "running",
        "stopped",
        "stopped",
        "running",
    ]
    checked = fleet.json("check", code=1)
    assert checked["clashes"][0]["profiles"] == ["coder", "research"]
    assert checked["clashes"][0]["sources"] == [
        "coder: .env: TELEGRAM_BOT_TOKEN",
        "research: config.yaml: platforms.telegram.token",
    ]
    assert SECRET not in json.dumps(checked)


def test_where_a_clash_is_allowed_the_agents_own_lock_decides(fleet: Fleet) -> None:
    for name in ("coder", "research"):
        fleet.profile(name, TELEGRAM_BOT_TOKEN=SECRET)
    rows = fleet.json("start", "--all", "--jobs", "1", "--allow-clash", code=1)["gateways"]
    assert [row["outcome"] for row in rows] == ["started", "started", "failed"]
    assert "already in use by another profile" in rows[2]["note"]


def test_a_running_gateway_stays_and_the_second_one_is_refused(fleet: Fleet) -> None:
    fleet.profile("coder", DISCORD_BOT_TOKEN=SECRET)
    fleet.run("start", "coder")
    fleet.profile("research", DISCORD_BOT_TOKEN=SECRET)
    assert fleet.outcomes("start", "coder", "research", code=4) == {
        "coder": "running already",
        "research": "refused",
    }


def test_a_port_that_two_would_listen_on_is_refused(fleet: Fleet) -> None:
    for name in ("coder", "research"):
        fleet.profile(name, API_SERVER_ENABLED="true", API_SERVER_PORT="8700")
    assert (
        "coder and research would listen on the same port 8700 (API server)"
        in fleet.run("start", "coder", code=4).stdout
    )
    fleet.profile("research", API_SERVER_ENABLED="true")
    assert "No two of 3 gateways" in fleet.run("check").stdout


def test_a_token_exported_in_the_shell_is_everybodys(fleet: Fleet) -> None:
    fleet.profile("coder")
    done = fleet.run("check", code=1, TELEGRAM_BOT_TOKEN=SECRET)
    assert "default: environment: TELEGRAM_BOT_TOKEN" in done.stdout


def test_with_a_multiplexer_the_others_are_served_and_not_started(fleet: Fleet) -> None:
    fleet.profile("default")
    (fleet.root / "config.yaml").write_text("gateway:\n  multiplex_profiles: true\n")
    fleet.profile("coder")
    assert fleet.outcomes("start", "--all") == {"default": "started", "coder": "served by default"}
    assert len(fleet.processes()) == 1


def test_channels_that_do_not_work_are_told(fleet: Fleet) -> None:
    fleet.profile("coder", "trouble")
    (row,) = fleet.json("start", "coder")["gateways"]
    assert (row["outcome"], row["note"]) == ("started", "telegram: token rejected")
    assert "telegram: token rejected" in fleet.run("status").stdout


def test_without_an_agent_it_says_so(fleet: Fleet) -> None:
    fleet.profile("coder")
    (fleet.bin / "hermes").unlink()
    done = fleet.run("start", "coder", code=127)
    assert "Hermes Agent is not installed" in done.stderr


def test_the_front_door_leads_here(fleet: Fleet) -> None:
    fleet.profile("coder")
    words = [
        str(PROGRAM.parent / "python"),
        "-P",
        "-m",
        "hermes_dist",
        "--front-door",
        "gateways",
        "list",
        "--json",
    ]
    done = subprocess.run(words, env=fleet.env, capture_output=True, text=True, check=True)
    assert [row["profile"] for row in json.loads(done.stdout)["gateways"]] == ["default", "coder"]


def test_what_keeps_services_is_found_out_or_said(fleet: Fleet) -> None:
    fleet.profile("coder")
    assert (
        "it has no service"
        in fleet.run("start", "coder", code=1, HERMES_DIST_SERVICES="systemd").stdout
    )
    assert (
        "must be one of systemd, launchd, s6, none"
        in fleet.run("start", "coder", code=2, HERMES_DIST_SERVICES="runit").stderr
    )


# Services, by a stand-in that keeps them itself


@pytest.fixture
def context(fleet: Fleet) -> Context:
    return Context(
        HERMES, Layout(HERMES, fleet.root, fleet.home), {**fleet.env, "STANDIN_MANAGER": "1"}
    )


def act(
    verb: Callable[..., list[GatewayResult]],
    context: Context,
    *names: str,
    manager: Manager = Manager.SYSTEMD,
    detached: bool = False,
) -> dict[str, tuple[str, str]]:
    options = start_stop.Options(manager=manager, wait=5, grace=1, detached=detached)
    verdicts = verb(context, [ProfileName(name) for name in names], options, lambda verdict: None)
    return {verdict.profile: (str(verdict.outcome), result_words(verdict)) for verdict in verdicts}


def test_services_are_installed_used_and_removed_by_the_agent(
    fleet: Fleet, context: Context
) -> None:
    fleet.profile("coder")
    names = ("default", "coder")
    outcome, note = act(start_stop.start, context, "coder")["coder"]
    assert outcome == "failed"
    assert "gateways enable coder" in note
    assert set(act(start_stop.enable, context, *names).values()) == {("enabled", "")}
    units = [
        fleet.home / ".config/systemd/user" / f"hermes-gateway{suffix}.service"
        for suffix in ("", "-coder")
    ]
    assert all(unit.is_file() for unit in units)
    rows = ops.rows(context, [ProfileName(name) for name in names])
    assert [(row.services, row.at_login) for row in rows] == [
        ((str(unit),), True) for unit in units
    ]
    assert act(start_stop.enable, context, "coder") == {"coder": ("enabled", "it was already")}
    assert set(act(start_stop.start, context, *names).values()) == {("started", "")}
    assert set(act(start_stop.restart, context, *names).values()) == {("restarted", "")}
    assert len(fleet.processes()) == 2
    assert set(act(start_stop.stop, context, *names).values()) == {("stopped", "")}
    assert set(act(start_stop.disable, context, *names).values()) == {("disabled", "")}
    assert act(start_stop.disable, context, "coder") == {
        "coder": ("disabled", "it was not enabled")
    }
    assert fleet.processes() == []


def test_the_status_shows_the_service_file(fleet: Fleet, context: Context) -> None:
    fleet.profile("coder")
    act(start_stop.enable, context, "coder")
    assert (
        f"coder: service {fleet.home}/.config/systemd/user/hermes-gateway-coder.service"
        in fleet.run("status").stdout
    )


def test_a_gateway_can_run_without_its_service(fleet: Fleet, context: Context) -> None:
    fleet.profile("coder")
    assert act(start_stop.start, context, "coder", detached=True) == {"coder": ("started", "")}
    assert act(start_stop.stop, context, "coder") == {"coder": ("stopped", "")}


def test_nothing_is_enabled_where_nothing_keeps_services(fleet: Fleet, context: Context) -> None:
    fleet.profile("coder")
    outcome, note = act(start_stop.enable, context, "coder", manager=Manager.NONE)["coder"]
    assert (outcome, "no systemd, launchd or s6" in note) == ("failed", True)


def test_an_agent_that_can_not_be_started_fails_that_gateway(
    fleet: Fleet, context: Context
) -> None:
    fleet.profile("coder")
    (fleet.bin / "hermes").write_text("#!/nowhere/at/all\n")
    outcome, note = act(start_stop.start, context, "coder", manager=Manager.NONE)["coder"]
    assert outcome == "failed"
    assert "can't start a program" in note


# Logs


def test_logs_are_woven_prefixed_and_cleaned(fleet: Fleet) -> None:
    for name, text in {"a": "00 INFO one", "bee": "01 INFO \x1b[31mred\u202e"}.items():
        logs = fleet.profile(name) / "logs"
        logs.mkdir()
        (logs / "gateway.log").write_text(f"2026-01-01 10:00:{text}\n")
    (fleet.root / "profiles/a/logs/gateway.error.log").write_text("2026-01-01 10:00:02 ERROR two\n")
    assert fleet.run("logs", "a", "bee").stdout.splitlines() == [
        "a   | 2026-01-01 10:00:00 INFO one",
        "bee | 2026-01-01 10:00:01 INFO \\u{1b}[31mred\\u{202e}",
        "a   ! 2026-01-01 10:00:02 ERROR two",
    ]
    assert fleet.json("logs", "a", "--lines", "1")["lines"][0] == {
        "profile": "a",
        "file": "gateway.log",
        "text": "2026-01-01 10:00:00 INFO one",
    }


def read_until(fd: int, wanted: str, seconds: float = 10) -> str:
    text, end = "", time.monotonic() + seconds
    while wanted not in text and time.monotonic() < end:
        if select.select([fd], [], [], 0.2)[0]:
            text += os.read(fd, 65536).decode("utf-8", "replace")
    assert wanted in text, text
    return text


def test_followed_logs_go_on_through_a_rotation_in_colours_until_interrupted(fleet: Fleet) -> None:
    for name in ("a", "b"):
        (fleet.profile(name) / "logs").mkdir()
    log = fleet.root / "profiles/a/logs/gateway.log"
    log.write_text("first\n")
    master, slave = pty.openpty()
    env = {key: value for key, value in fleet.env.items() if key != "NO_COLOR"}
    process = subprocess.Popen(
        [str(PROGRAM), "gateways", "logs", "-f"], env=env, stdin=slave, stdout=slave, stderr=slave
    )
    try:
        assert "\x1b[" in read_until(master, "first")
        log.rename(log.with_suffix(".log.1"))
        log.write_text("second \x1b]0;title\x07\n")
        (fleet.root / "profiles/b/logs/gateway.error.log").write_text("third\n")
        shown = read_until(master, "third")
        assert "second \\u{1b}]0;title\\u{7}" in shown + read_until(master, "") or "second" in shown
        assert "\x1b]0" not in shown
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def test_following_ends_behind_a_reader_that_has_gone(fleet: Fleet) -> None:
    (fleet.profile("a") / "logs").mkdir()
    (fleet.root / "profiles/a/logs/gateway.log").write_text("first\n")
    process = subprocess.Popen(
        [str(PROGRAM), "gateways", "logs", "-f", "a"], env=fleet.env, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"a | first\n"
    process.stdout.close()
    assert process.wait(10) == 0


def test_following_and_json_contradict_each_other(fleet: Fleet) -> None:
    fleet.profile("a")
    fleet.run("logs", "-f", "--json", code=2)


def test_the_profile_flag_names_one_and_all_names_all(fleet: Fleet) -> None:
    for name in ("coder", "research"):
        fleet.profile(name)
    assert fleet.outcomes("start", "-p", "coder") == {"coder": "started"}
    assert [row["profile"] for row in fleet.json("status", "-p", "coder")["gateways"]] == ["coder"]
    assert [row["profile"] for row in fleet.json("status")["gateways"]] == [
        "default",
        "coder",
        "research",
    ]
    assert fleet.outcomes("stop", "-p", "coder", "--all") == {
        "default": "not running",
        "coder": "stopped",
        "research": "not running",
    }


def test_the_same_name_below_another_root_is_another_profile(fleet: Fleet) -> None:
    fleet.profile("coder")
    other = fleet.home / "elsewhere"
    (other / "profiles" / "coder").mkdir(parents=True)
    assert fleet.outcomes("start", "coder", HERMES_HOME=str(other)) == {"coder": "started"}
    assert fleet.outcomes("stop", "coder") == {"coder": "not running"}
    assert len(fleet.processes()) == 1
    assert fleet.outcomes("stop", "coder", HERMES_HOME=str(other)) == {"coder": "stopped"}
