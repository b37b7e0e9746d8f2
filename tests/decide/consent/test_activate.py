"""Switching on what has its yes: when something is ready, and what is written."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.consent.activate import switch_on
from hermes_dist.decide.consent.granted import grant
from hermes_dist.decide.consent.switches import Judge, Memory, ready_and_waiting
from hermes_dist.model.keypath import Item, parse_key
from hermes_dist.model.lock_package import OffCause
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree

CONFIG, JOBS = RelPath("config.yaml"), RelPath("cron/jobs.json")
JOB = {
    "id": "0" * 12,
    "name": "watch",
    "enabled": False,
    "state": "paused",
    "paused_reason": "from package bot",
    "prompt": "look",
}


def effect(key: str, *, off: bool = True) -> Effect:
    return Effect(EffectKind.RUNS, CONFIG, key, (("", key),), Digest.of(key.encode()), off)


COMMAND, ARGS = effect("mcp_servers.s.command"), effect("mcp_servers.s.args")
SERVER = (CONFIG, ("mcp_servers", "s"))
NOBODY, ONE = (frozenset[object](), frozenset([SERVER]))


def test_a_server_is_ready_when_all_its_parts_have_their_yes() -> None:
    both, before = [COMMAND, ARGS], frozenset([ARGS.digest])
    assert ready_and_waiting(both, grant(frozenset([COMMAND.digest, ARGS.digest])), Judge()) == (
        ONE,
        NOBODY,
    )
    assert ready_and_waiting(both, grant(frozenset([COMMAND.digest])), Judge()) == (NOBODY, ONE)
    assert ready_and_waiting(both, grant(frozenset([COMMAND.digest]), before=before), Judge()) == (
        ONE,
        NOBODY,
    )
    assert ready_and_waiting(both, grant(frozenset(), everything=True), Judge()) == (ONE, NOBODY)


def test_what_the_user_switched_off_stays_off_unless_named() -> None:
    memory = Memory(off={SERVER: OffCause.USER})
    every = grant(frozenset(), everything=True)
    assert ready_and_waiting([COMMAND, ARGS], every, Judge(memory)) == (NOBODY, NOBODY)
    assert ready_and_waiting([COMMAND, ARGS], every, Judge(memory, named=ONE)) == (ONE, NOBODY)


def test_what_runs_already_is_not_switched_on() -> None:
    runs = [effect("mcp_servers.s.command", off=False)]
    assert ready_and_waiting(runs, grant(frozenset(), everything=True), Judge()) == (NOBODY, NOBODY)


def test_only_the_switches_of_a_server_and_a_job_change() -> None:
    shelf = Shelf()
    config = "# mine\nmcp_servers:\n  s:\n    command: x # runs\n    enabled: false\n  t: {command: y, enabled: false}\n"
    tree = shelf.tree(
        {"config.yaml": config, "cron/jobs.json": {"jobs": [JOB, {**JOB, "id": "1" * 12}]}}
    )
    done = switch_on(tree, [SERVER, (JOBS, ("jobs", Item("id", "0" * 12)))], shelf.read)
    shelf.update(done.blobs)
    assert shelf.text(done.tree, "config.yaml") == config.replace(
        "enabled: false", "enabled: true", 1
    )
    first, second = shelf.jobs(done.tree)
    resumed = {
        "enabled": True,
        "state": "scheduled",
        "paused_at": None,
        "paused_reason": None,
        "next_run_at": None,
    }
    assert first == {**JOB, **resumed}
    assert second == {**JOB, "id": "1" * 12}


def test_a_switched_file_keeps_its_mode() -> None:
    shelf = Shelf()
    tree = shelf.tree({"config.yaml": "mcp_servers: {s: {command: x, enabled: false}}\n"})
    tree = Tree({CONFIG: Entry(tree[CONFIG].digest, executable=True)})
    assert switch_on(tree, [SERVER], shelf.read).tree[CONFIG].executable


def test_what_is_not_there_is_not_made() -> None:
    shelf = Shelf()
    assert switch_on(EMPTY, [SERVER], shelf.read).tree == EMPTY
    tree = shelf.tree({"config.yaml": "a: 1\n"})
    assert switch_on(tree, [SERVER], shelf.read).tree == tree


@pytest.mark.parametrize("config", ["a: [\n", "x: &x {command: a}\nmcp_servers: {s: *x}\n"])
def test_what_can_not_be_edited_stays_off(config: str) -> None:
    shelf = Shelf()
    tree = shelf.tree({"config.yaml": config})
    done = switch_on(tree, [(CONFIG, parse_key("mcp_servers.s"))], shelf.read)
    assert (done.tree, dict(done.blobs)) == (tree, {})
