"""The Python API: the operations of the commands, without a word printed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from story import FIRST, Story

import hermes_dist
from hermes_dist import api
from hermes_dist.errors import DistError
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.ops.change.request import Choices, Request

Capture = pytest.CaptureFixture[str]
SERVER = FIRST["config.yaml"] + "mcp_servers:\n  web: {command: run-web}\n"  # type: ignore[operator]  # text
NEWER = {
    "distribution.yaml": "name: bot\nversion: 1.1.0\n",
    "skills/bye/SKILL.md": "---\nname: bye\n---\nSay goodbye.\n",
}


@pytest.fixture
def story(home: Path) -> Story:
    story = Story(home)
    story.install()
    return story


@pytest.fixture
def machine(story: Story) -> api.Machine:
    return api.Machine(root=story.root)


def test_profiles_and_status_say_what_the_commands_say(story: Story, machine: api.Machine) -> None:
    story.edit("SOUL.md", "Rule 3 stands.", "Rule 3 is mine.")
    rows = {row.name: row for row in api.profiles(machine)}
    assert rows["bot"].package == "bot@1.0.0"
    found = api.status(machine, "bot")
    assert [str(change.path) for change in found.edited] == ["SOUL.md"]
    assert not found.clean


def test_a_plan_changes_nothing_until_it_is_carried_out(story: Story, machine: api.Machine) -> None:
    story.ship(NEWER)
    before = story.files()
    plan = api.plan_update(machine, "bot")
    assert {str(step.path) for step in plan.steps} == set(NEWER)
    assert story.files() == before
    assert api.carry_out(plan).done
    assert "Say goodbye." in story.read("skills/bye/SKILL.md")
    assert story.lock.pin.version == "1.1.0"


def test_with_nothing_new_there_is_nothing_to_carry_out(story: Story, machine: api.Machine) -> None:
    plan = api.plan_update(machine, "bot")
    assert plan.changes_nothing
    assert (plan.steps, plan.conflicts, plan.needs_approval) == ((), (), ())
    assert not api.carry_out(plan).done


def test_a_plan_is_refused_when_the_lock_moved_on(story: Story, machine: api.Machine) -> None:
    story.ship(NEWER)
    plan = api.plan_update(machine, "bot")
    story.ship({"SOUL.md": "# Bot\nAnew.\n"})
    story.update()
    after = story.files()
    with pytest.raises(DistError, match="changed this profile in the meantime"):
        api.carry_out(plan)
    assert story.files() == after


def test_a_plan_is_refused_when_a_file_of_it_was_edited_since(
    story: Story, machine: api.Machine
) -> None:
    story.ship(NEWER)
    plan = api.plan_update(machine, "bot")
    story.edit("skills/bye/SKILL.md", "Say bye.", "Wave.")
    after = story.files()
    with pytest.raises(DistError, match="it changed in the meantime"):
        api.carry_out(plan)
    assert story.files() == after
    assert story.lock.pin.version == "1.0.0"


def test_a_conflict_is_planned_and_resolved(story: Story, machine: api.Machine) -> None:
    story.edit("skills/bye/SKILL.md", "Say bye.", "Wave.")
    story.ship(NEWER)
    plan = api.plan_update(machine, "bot")
    assert [str(conflict.path) for conflict in plan.conflicts] == ["skills/bye/SKILL.md"]
    api.carry_out(plan)
    assert "Wave." in story.read("skills/bye/SKILL.md")
    api.resolve(machine, "bot", Side.THEIRS)
    assert "Say goodbye." in story.read("skills/bye/SKILL.md")
    assert api.status(machine, "bot").clean


def test_a_request_decides_conflicts_ahead(story: Story, machine: api.Machine) -> None:
    story.edit("skills/bye/SKILL.md", "Say bye.", "Wave.")
    story.ship(NEWER)
    request = Request(choices=Choices(default=Side.OURS))
    plan = api.plan_update(machine, "bot", request)
    assert plan.conflicts == ()
    api.carry_out(plan)
    assert "Wave." in story.read("skills/bye/SKILL.md")


def test_what_runs_waits_until_it_is_approved(story: Story, machine: api.Machine) -> None:
    story.ship({**NEWER, "config.yaml": SERVER})
    plan = api.plan_update(machine, "bot")
    assert plan.needs_approval
    api.carry_out(plan)
    waiting = api.status(machine, "bot").parked
    assert waiting
    api.approve(machine, "bot", waiting)
    assert api.status(machine, "bot").parked == ()
    assert "run-web" in story.read("config.yaml")


def test_offline_a_plan_needs_what_is_here(story: Story) -> None:
    machine = api.Machine(root=story.root, env={"HOME": str(story.root.parent)}, offline=True)
    assert [row.name for row in api.profiles(machine)][-1] == "bot"


def test_nothing_is_printed(story: Story, machine: api.Machine, capfd: Capture) -> None:
    story.edit("skills/bye/SKILL.md", "Say bye.", "Wave.")
    story.ship({**NEWER, "config.yaml": SERVER})
    api.profiles(machine)
    api.carry_out(api.plan_update(machine, "bot"))
    api.resolve(machine, "bot", Side.THEIRS)
    api.approve(machine, "bot", api.status(machine, "bot").parked)
    with pytest.raises(DistError, match="there is no profile"):
        api.status(machine, "nobody")
    assert capfd.readouterr() == ("", "")


def test_a_machine_shows_nothing_of_its_environment(story: Story) -> None:
    machine = api.Machine(root=story.root, env={"KEY": "s3cret"})
    assert "s3cret" not in repr(machine)
    assert "s3cret" not in repr(api.plan_update(api.Machine(root=story.root), "bot"))


def test_the_package_offers_the_api_and_loads_it_late() -> None:
    assert hermes_dist.__all__ == api.__all__
    assert hermes_dist.plan_update is api.plan_update
    with pytest.raises(AttributeError, match="no attribute 'nothing_like_it'"):
        _ = hermes_dist.nothing_like_it  # type: ignore[attr-defined]  # that is what is tested
    code = (
        "import sys, hermes_dist; print(*[n for n in sys.modules if n.startswith('hermes_dist.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_everything_public_is_annotated() -> None:
    tree = ast.parse(Path(api.__file__).read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert {f.name for f in functions if not f.name.startswith("_")} <= set(api.__all__)
    assert all(
        f.returns is not None and ast.get_docstring(f) for f in functions if f.name in api.__all__
    )


def test_the_page_about_it_does_what_it_says(
    story: Story, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Path(__file__).parent.parent / "docs" / "python.md"
    story.edit("skills/bye/SKILL.md", "Say bye.", "Wave.")
    story.ship({**NEWER, "config.yaml": SERVER})
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(block, names)
    assert story.lock.pin.version == "1.1.0"
    assert api.status(api.Machine(root=story.root), "bot").clean
    assert capfd.readouterr() == ("", "")


def test_what_the_api_gives_shows_no_content_of_a_file(story: Story, machine: api.Machine) -> None:
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is s3cret-mine")
    story.ship({"SOUL.md": str(FIRST["SOUL.md"]).replace("Rule 3 stands", "Rule 3 is s3cret-new")})
    edits = {RelPath("SOUL.md"): b"s3cret-typed"}
    plan = api.plan_update(machine, "bot", Request(choices=Choices(edits=edits)))
    done = api.carry_out(api.plan_update(machine, "bot"))
    for value in (plan, plan.request, done, api.status(machine, "bot"), api.profiles(machine)):
        assert "s3cret" not in repr(value)
    assert "SOUL.md" in repr(plan)
