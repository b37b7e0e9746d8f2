"""The chat that a job sends to is its author's: its id ships nowhere, and stays in the author's home."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gitrepo import Repo
from machines import SOUL, Machine

CHAT = "-1001234567890"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "bot.git", bare=True)


@pytest.fixture
def ada(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "ada")
    machine.fill({"SOUL.md": SOUL})
    machine.init()
    return machine


def _jobs(machine: Machine, **fields: object) -> None:
    job = {"id": "0123456789ab", "name": "watch", "prompt": "look", "enabled": True}
    job["schedule"] = {"kind": "interval", "minutes": 60}
    machine.write("cron/jobs.json", json.dumps({"jobs": [{**job, **fields}]}))


def _here(machine: Machine) -> object:
    return json.loads(machine.read("cron/jobs.json"))["jobs"][0]["deliver"]


@pytest.mark.parametrize(
    ("deliver", "ships"),
    [
        (f"telegram:{CHAT}", "telegram"),
        (f"telegram:{CHAT}:17", "telegram"),
        (f"origin,telegram:{CHAT},slack", "origin,telegram,slack"),
        ("discord:#secret-room", "discord"),
        ("origin", "origin"),
        ("telegram", "telegram"),
    ],
)
def test_the_id_of_a_chat_stays_and_is_told(
    repo: Repo, ada: Machine, deliver: str, ships: str
) -> None:
    _jobs(ada, deliver=deliver)
    done = ada.publish(f"file://{repo.path}")
    (job,) = json.loads(repo.git("show", "main:cron/jobs.json"))["jobs"]
    assert job["deliver"] == ships
    told = [one.path for one in done.publication.stays if "deliver" in one.path]
    assert bool(told) is (deliver != ships)
    assert _here(ada) == deliver


def test_the_authors_own_chat_comes_through_releases_and_updates(
    repo: Repo, ada: Machine, tmp_path: Path
) -> None:
    _jobs(ada, deliver=f"telegram:{CHAT}")
    ada.publish(f"file://{repo.path}")
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    ada.publish(bump="minor")
    bob = Machine(tmp_path / "bob")
    bob.install(f"file://{repo.path}")
    assert _here(bob) == "telegram"
    bob.edit("SOUL.md", "Rule 2 stands", "Rule 2 is second")
    bob.publish(bump="minor")
    ada.update()
    assert "Rule 2 is second" in ada.read("SOUL.md")
    assert _here(ada) == f"telegram:{CHAT}"
    ada.publish(bump="patch", version="")
    assert CHAT not in repo.git("show", "main:cron/jobs.json")
