"""Taking back a yes to what another machine sent, with a package and without: it waits again, here only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from gitrepo import Repo
from meeting_of_three import BOT, Machine, Story, two_alike, yes

from hermes_dist.decide.consent.review import titled
from hermes_dist.errors import DistError
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.approvals import consents, revoke
from hermes_dist.ops.package.history import past_of
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.resolve import approve
from hermes_dist.ops.package.rollback import rollback
from hermes_dist.ops.package.undo import undo
from hermes_dist.ops.package.update import update
from hermes_dist.ops.sync.begin import Options, init, join
from hermes_dist.ops.sync.machines import accept, leave

HOOK = "hooks/log/handler.py"
SERVER = {"command": "npx", "args": ["web"]}
SENT = {
    "config.yaml": yaml.safe_dump({"mcp_servers": {"web": SERVER}, "approvals": {"mode": "off"}}),
    "hooks/log/HOOK.yaml": "name: log\nevents: [agent:start]\n",
    HOOK: "print(1)\n",
    "cron/jobs.json": json.dumps(
        {
            "jobs": [
                {
                    "id": "abcdef012345",
                    "prompt": "p",
                    "schedule": {"kind": "interval", "minutes": 60},
                }
            ]
        }
    ),
    "skills/cut/SKILL.md": "---\nname: cut\ndeps: [ffmpeg]\n---\nCut.\n",
}
THINGS = [
    "approvals.mode",
    "hooks/log",
    "jobs[id=abcdef012345]",
    "mcp_servers.web",
    "tools for skills",
]
BROUGHT = "hooks/own"
"""What the package brings, where there is one."""


def with_package(tmp_path: Path) -> tuple[Machine, Machine]:
    story = Story(tmp_path, 1)
    first, second = story.machines[:2]
    author = Repo(tmp_path / "author")
    author.commit(
        {
            "distribution.yaml": "name: bot\nversion: 1.0.0\n",
            "SOUL.md": "You are a bot.\n",
            "hooks/own/HOOK.yaml": "name: own\nevents: [agent:start]\n",
            "hooks/own/handler.py": "print(0)\n",
        }
    )
    install(first.ctx, author.path.as_uri(), Request(), yes, name="bot")
    approve(first.ctx, BOT, Request(), yes)
    init(first.ctx, BOT, story.url, Options(machine="a"), yes, dry_run=False)
    join(second.ctx, BOT, story.url, Options(machine="b"), Request(), yes)
    accept(first.ctx, BOT, "b")
    return first, second


@pytest.fixture(params=["package", "bare"])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Machine, Machine]:
    if request.param == "package":
        first, second = with_package(tmp_path)
    else:
        first, second, _ = two_alike(tmp_path).machines
    for path, text in SENT.items():
        first.write(path, text)
    first.sync()
    second.sync()
    while consents(second.ctx, BOT).waiting:
        approve(second.ctx, BOT, Request(), yes)
    waiting, approved = lists(second)
    assert (waiting, sorted({*approved} - {BROUGHT})) == ([], THINGS)
    return first, second


def lists(machine: Machine) -> tuple[list[str], list[str]]:
    """What waits, and what is approved."""
    found = consents(machine.ctx, BOT)
    live = (one.group for one in found.approved)
    return sorted(map(titled, found.waiting)), sorted(map(titled, live))


def runs(machine: Machine) -> tuple[object, ...]:
    """Whether the server is on, the protection off, the hook there, the job on, and the tool named."""
    config = yaml.safe_load(machine.read("config.yaml"))
    (job,) = json.loads(machine.read("cron/jobs.json"))["jobs"]
    return (
        config["mcp_servers"]["web"].get("enabled", True),
        "approvals" in config,
        (machine.home / HOOK).exists(),
        job.get("enabled", True),
        "deps" in machine.read("skills/cut/SKILL.md"),
    )


def test_it_waits_again_here_only_and_comes_back_with_a_yes(two: tuple[Machine, Machine]) -> None:
    first, second = two
    everything = lists(second)[1]
    for thing in everything:
        revoke(second.ctx, BOT, (thing,), Request(), yes)
    for _ in range(2):
        assert not any(runs(second))
        assert lists(second) == (everything, [])
        done = second.sync()
        assert done
        assert not done.sent
        first.sync()
        assert all(runs(first))
    with pytest.raises(DistError, match="nothing to revoke"):
        revoke(second.ctx, BOT, ("web",), Request(), yes)
    while consents(second.ctx, BOT).waiting:
        approve(second.ctx, BOT, Request(), yes)
    assert all(runs(second))
    assert lists(second) == ([], everything)


def test_what_the_user_switches_off_is_listed_and_can_be_switched_on(
    two: tuple[Machine, Machine],
) -> None:
    _, second = two
    config = yaml.safe_load(second.read("config.yaml"))
    config["mcp_servers"]["web"]["enabled"] = False
    second.write("config.yaml", yaml.safe_dump(config))
    assert [off.key for off in consents(second.ctx, BOT).off] == ["mcp_servers.web"]
    approve(second.ctx, BOT, Request(), yes, wanted=("web",))
    assert all(runs(second))
    assert consents(second.ctx, BOT).off == ()


def test_no_way_back_brings_it_back(two: tuple[Machine, Machine]) -> None:
    _, second = two
    approved = open_home(second.ctx, BOT)
    number = past_of(approved)[-1].number
    for thing in THINGS:
        revoke(second.ctx, BOT, (thing,), Request(), yes)
    rollback(second.ctx, BOT, Request(), yes, to=number, exact=True)
    assert not any(runs(second))
    assert {*THINGS} <= {*lists(second)[0]}


def test_it_is_not_taken_back_by_an_undo(two: tuple[Machine, Machine]) -> None:
    _, second = two
    revoke(second.ctx, BOT, ("web",), Request(), yes)
    with pytest.raises(DistError, match="revoke"):
        undo(second.ctx, BOT, Request(), yes, yes)
    assert runs(second) == (False, True, True, True, True)


def test_a_profile_that_is_not_synced_has_nothing_to_revoke(two: tuple[Machine, Machine]) -> None:
    _, second = two
    leave(second.ctx, BOT, yes)
    with pytest.raises(DistError, match=r"no package|not the name"):
        revoke(second.ctx, BOT, ("web",), Request(), yes)


def test_what_waits_from_two_sides_is_approved_one_side_at_a_time(tmp_path: Path) -> None:
    first, second = with_package(tmp_path)
    approve(second.ctx, BOT, Request(), yes)
    for path in (HOOK, "hooks/log/HOOK.yaml"):
        first.write(path, SENT[path])
    first.sync()
    second.sync()
    Repo(tmp_path / "author").commit(
        {
            "distribution.yaml": "name: bot\nversion: 1.1.0\n",
            "hooks/new/HOOK.yaml": "name: new\nevents: [agent:start]\n",
            "hooks/new/handler.py": "print(2)\n",
        }
    )
    update(second.ctx, BOT, Request(), yes)
    assert lists(second)[0] == ["hooks/log", "hooks/new"]
    for words in (("hooks/new", "hooks/log"), ("hooks/log", "hooks/new")):
        with pytest.raises(DistError, match="two sides") as refused:
            approve(second.ctx, BOT, Request(), yes, wanted=words)
        assert refused.value.hint.endswith("approve bot hooks/log")
    for one in ("hooks/log", "hooks/new"):
        approve(second.ctx, BOT, Request(), yes, wanted=(one,))
    assert lists(second) == ([], ["hooks/log", "hooks/new", BROUGHT])
