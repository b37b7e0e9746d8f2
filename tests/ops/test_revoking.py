"""Taking a yes back: of each kind of thing; it goes off, waits, and nothing of it counts later."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from story import BOT, Story, yes

from hermes_dist.errors import DistError
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.change.review import revoked_in
from hermes_dist.ops.package import approvals
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.resolve import approve
from hermes_dist.ops.package.rollback import rollback
from hermes_dist.voice.effect_cards import revoked_line

SERVER = {"mcpServers": {"web": {"command": "python", "args": ["scripts/web.py"]}}}
FILES = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\n",
    "mcp.json": json.dumps(SERVER),
    "scripts/web.py": "print(1)\n",
    "config.yaml": "display:\n  compact: true\napprovals:\n  mode: 'off'\nterminal:\n  docker_image: x\n",
    "hooks/greet/HOOK.yaml": "name: greet\nevents: [session:start]\n",
    "hooks/greet/handler.py": "x = 1\n",
    "plugins/tool/plugin.yaml": "name: tool\n",
    "plugins/tool/__init__.py": "x = 1\n",
    "cron/daily.yaml": "name: daily\nprompt: ''\nscript: daily.py\nschedule: every 2h\n",
    "scripts/daily.py": "print(2)\n",
    "argparse/__init__.py": "x = 1\n",
    "locales/en.yaml": "a: b\n",
}
BY_AGENT = "code of the agent itself"
THINGS = ["web", "daily", "hooks/greet", "plugins/tool", "approvals.mode", BY_AGENT]


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story(tmp_path, FILES)
    installing.install(story.ctx, story.url, Request(), yes, name="bot")
    approve(story.ctx, BOT, Request(), yes)
    assert not story.lock.parked
    return story


def lives(story: Story, thing: str) -> bool:
    config = yaml.safe_load(story.read("config.yaml"))
    if thing == "web":
        return config["mcp_servers"]["web"].get("enabled", True) is not False
    if thing == "daily":
        return all(job["enabled"] for job in json.loads(story.read("cron/jobs.json"))["jobs"])
    if thing == "approvals.mode":
        return config.get("approvals", {}).get("mode") == "off"
    if thing == BY_AGENT:
        return any((story.home / path).exists() for path in ("argparse", "locales"))
    return (story.home / thing).is_dir()


def waiting(story: Story) -> set[str]:
    return {group.name for group in approvals.consents(story.ctx, BOT).waiting}


@pytest.mark.parametrize("thing", THINGS)
def test_what_is_taken_back_is_off_and_waits_until_its_next_yes(story: Story, thing: str) -> None:
    assert lives(story, thing)
    approvals.revoke(story.ctx, BOT, (thing,), Request(), yes)
    assert not lives(story, thing)
    assert all(lives(story, other) for other in THINGS if other != thing)
    assert len(waiting(story)) == 1
    before = waiting(story)
    story.ship({"SOUL.md": "Soul.\n"})
    story.update(Request())
    assert not lives(story, thing)
    assert waiting(story) == before
    approve(story.ctx, BOT, Request(), yes)
    assert lives(story, thing)
    assert not waiting(story)


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        ("web", "  revokes   mcp_servers.web: is switched off, and needs approval again"),
        ("daily", "  revokes   daily (jobs[id=ID]): is switched off, and needs approval again"),
        ("hooks/greet", "  revokes   hooks/greet: leaves the home, and needs approval again"),
        ("approvals.mode", "  revokes   approvals.mode: leaves the home, and needs approval again"),
    ],
)
def test_the_card_names_what_loses_its_approval_and_what_happens_to_it(
    story: Story, thing: str, said: str
) -> None:
    done = approvals.revoke(story.ctx, BOT, (thing,), Request(dry_run=True), yes)
    assert done.proposal
    lines = [
        "".join(piece.text for piece in revoked_line(group, stays=stays))
        for group, stays in revoked_in(done.proposal)
    ]
    assert [re.sub("id=[0-9a-f]+", "id=ID", line) for line in lines] == [said]


@pytest.mark.parametrize("thing", THINGS)
def test_going_back_exactly_brings_no_yes_back_that_was_taken(story: Story, thing: str) -> None:
    goal = story.lock.generation
    story.ship({"SOUL.md": "Soul.\n"})
    story.update(Request())
    approvals.revoke(story.ctx, BOT, (thing,), Request(), yes)
    story.rollback(to=goal, exact=True)
    assert not (story.home / "SOUL.md").exists()
    assert not lives(story, thing)
    assert all(lives(story, other) for other in THINGS if other != thing)
    assert len(waiting(story)) == 1
    story.update(Request())
    assert not lives(story, thing)
    approve(story.ctx, BOT, Request(), yes)
    assert lives(story, thing)
    assert not waiting(story)


@pytest.mark.parametrize("thing", THINGS)
def test_going_back_with_later_edits_kept_brings_no_yes_back_either(
    story: Story, thing: str
) -> None:
    story.ship({"SOUL.md": "Soul.\n"})
    story.update(Request())
    approvals.revoke(story.ctx, BOT, (thing,), Request(), yes)
    rollback(story.ctx, BOT, Request(), yes)
    assert not lives(story, thing)
    assert len(waiting(story)) == 1


@pytest.mark.parametrize(
    ("thing", "script", "owner"),
    [
        ("web", "scripts/web.py", "mcp_servers.web"),
        ("daily", "scripts/daily.py", "job daily"),
    ],
)
def test_the_yes_to_changed_code_goes_with_what_loads_it(
    story: Story, thing: str, script: str, owner: str
) -> None:
    def owners() -> set[str]:
        return {dict(a.facts).get("code of", "") for a in story.lock.approved if a.path == script}

    story.ship({script: "print(9)\n"})
    story.update(Request())
    approve(story.ctx, BOT, Request(), yes)
    before = owners()
    assert owner in before
    approvals.revoke(story.ctx, BOT, (thing,), Request(), yes)
    assert owners() == before - {owner}
    assert not lives(story, thing)


@pytest.mark.parametrize(
    ("thing", "script"), [("web", "scripts/web.py"), ("daily", "scripts/daily.py")]
)
def test_a_script_names_what_loads_it(story: Story, thing: str, script: str) -> None:
    approvals.revoke(story.ctx, BOT, (script,), Request(), yes)
    assert not lives(story, thing)
    assert story.read(script)


def test_files_that_the_user_edited_are_never_removed(story: Story) -> None:
    story.write("hooks/greet/handler.py", "x = 'mine'\n")
    with pytest.raises(DistError, match=r"handler\.py"):
        approvals.revoke(story.ctx, BOT, ("hooks/greet",), Request(), yes)
    assert story.read("hooks/greet/handler.py") == "x = 'mine'\n"


def test_what_waits_already_is_told_as_that(story: Story) -> None:
    approvals.revoke(story.ctx, BOT, ("web",), Request(), yes)
    with pytest.raises(DistError, match="'web' is not approved, so there is nothing to revoke"):
        approvals.revoke(story.ctx, BOT, ("web",), Request(), yes)
