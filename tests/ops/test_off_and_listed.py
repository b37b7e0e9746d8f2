"""Nothing of a package is off and unlisted, whatever its author and the user do in turn."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from budget import examples
from story import BOT, Story

from hermes_dist.errors import DistError
from hermes_dist.model.keypath import parse_key
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package.resolve import approve
from hermes_dist.ops.package.rollback import rollback

PLAIN = Request()
JOB, SERVER = {"prompt": "look", "schedule": "every 2h"}, {"command": "npx", "args": ["a"]}


class Life:
    """A package with a job and a server, both approved, and what happens to them."""

    def __init__(self, tmp: Path, dice: random.Random) -> None:
        self.dice = dice
        self.jobs, self.servers = {"j": dict(JOB)}, {"s": dict(SERVER)}
        self.file, self.turn = "cron/jobs.json", 0
        self.paused: set[str] = set()
        self.said: list[str] = []
        self.story = Story(tmp, self.files())
        self.story.install()

    def files(self) -> dict[str, Any]:
        rows = [{"name": name, **job} for name, job in self.jobs.items()]
        return {
            "distribution.yaml": f"name: bot\nversion: 1.0.{self.turn}\n",
            "SOUL.md": f"Soul {self.turn}.\n",
            "cron/jobs.json": None,
            "cron/more.json": None,
            self.file: json.dumps({"jobs": rows}),
            "mcp.json": json.dumps({"mcpServers": self.servers}),
        }

    def ship(self) -> None:
        self.turn += 1
        self.story.ship(self.files())
        self.story.update(PLAIN)

    # What the author does.
    def drop(self) -> None:
        self.jobs, self.servers = {}, {}
        self.ship()

    def bring_back(self) -> None:
        self.jobs, self.servers = {"j": dict(JOB)}, {"s": dict(SERVER)}
        self.ship()

    def change(self) -> None:
        self.jobs = {"j": {**JOB, "prompt": f"look {self.turn}"}}
        self.servers = {"s": {**SERVER, "args": [str(self.turn)]}}
        self.ship()

    def rename(self) -> None:
        self.jobs = {f"j{self.turn}": job for job in self.jobs.values()}
        self.servers = {f"s{self.turn}": server for server in self.servers.values()}
        self.ship()

    def move(self) -> None:
        self.file = "cron/more.json" if self.file == "cron/jobs.json" else "cron/jobs.json"
        self.ship()

    # What the user does.
    def switch(self) -> None:
        """Pause what runs, or resume what was paused, as the agent's own commands do."""
        on = self.dice.random() < 0.4
        config, jobs = self.live()
        for name, server in config.get("mcp_servers", {}).items():
            if server.get("enabled") is not on and (not on or name in self.paused):
                server["enabled"] = on
                self.note(name, on=on)
        for job in jobs:
            if job["enabled"] is not on and (not on or job["id"] in self.paused):
                state = "scheduled" if on else "paused"
                job |= {"enabled": on, "state": state, "paused_reason": None if on else "user"}
                self.note(job["id"], on=on)
        self.story.write("config.yaml", yaml.safe_dump(config))
        self.story.write("cron/jobs.json", json.dumps({"jobs": jobs}))

    def note(self, name: str, *, on: bool) -> None:
        (self.paused.discard if on else self.paused.add)(name)

    def go_back(self) -> None:
        rollback(self.story.ctx, BOT, PLAIN, lambda _: True)

    def agree(self) -> None:
        approve(self.story.ctx, BOT, PLAIN, lambda _: True)

    def live(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        config = yaml.safe_load(self.story.read("config.yaml")) or {}
        return config, json.loads(self.story.read("cron/jobs.json"))["jobs"]

    def check(self) -> None:
        config, jobs = self.live()
        lock = self.story.lock
        listed = {parse_key(e.key)[:2] for e in lock.parked if e.key}
        listed_names = {getattr(step, "value", step) for key in listed for step in key[1:]}
        state = {name: s.get("enabled", True) for name, s in config.get("mcp_servers", {}).items()}
        state |= {job["id"]: job["enabled"] for job in jobs}
        for name, on in state.items():
            if name in self.paused:
                assert not on, (name, "is on although the user paused it", self.said)
            elif not on:
                assert name in listed_names, (name, "is off and unlisted", self.said)


MOVES = ("drop", "bring_back", "change", "rename", "move", "switch", "go_back", "agree")


@pytest.mark.parametrize("seed", [*range(examples(100, least=6)), 300_071, 300_211, 300_290])
def test_nothing_is_off_and_unlisted_and_the_users_pause_stays(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed % 300_000)  # the last three once woke what the user had paused
    life = Life(tmp_path, dice)
    life.check()
    for _ in range(7):
        move = dice.choice(MOVES)
        life.said.append(move)
        try:
            getattr(life, move)()
        except DistError as error:
            life.said[-1] += f" ({error})"
        life.check()


def test_what_was_approved_and_comes_back_unchanged_works_as_before(tmp_path: Path) -> None:
    life = Life(tmp_path, random.Random(0))
    for away in (life.drop, life.change):
        away()
        life.bring_back()
        config, jobs = life.live()
        assert [job["enabled"] for job in jobs] == [True]
        assert config["mcp_servers"]["s"]["enabled"] is True
        assert life.story.lock.parked == ()
    life.drop()
    life.go_back()
    config, jobs = life.live()
    assert [job["enabled"] for job in jobs] == [True]
    assert config["mcp_servers"]["s"]["enabled"] is True
    assert life.story.lock.parked == ()


def test_what_was_paused_comes_back_changed_and_waits_and_runs_only_when_it_is_named(
    tmp_path: Path,
) -> None:
    life = Life(tmp_path, random.Random(0))
    config, _ = life.live()
    config["mcp_servers"]["s"]["enabled"] = False
    life.story.write("config.yaml", yaml.safe_dump(config))
    life.drop()
    life.change()
    assert [effect.key for effect in life.story.lock.parked if "mcp" in effect.key]
    life.agree()
    assert life.live()[0]["mcp_servers"]["s"]["enabled"] is False
    assert [str(off.cause) for off in life.story.lock.off] == ["user"]
    approve(life.story.ctx, BOT, PLAIN, lambda _: True, wanted=("mcp_servers.s",))
    assert life.live()[0]["mcp_servers"]["s"]["enabled"] is True
    assert life.story.lock.off == ()
