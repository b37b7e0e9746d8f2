"""Plugins, collections of skills and plain profiles as sources: installed, edited, updated, layered, taken out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from gitrepo import Repo
from machines import Machine
from story import BOT, GO, Story, contents, yes

from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.left_out import Why
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.plan import EffectKind
from hermes_dist.model.source import parse_source
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.layers import own
from hermes_dist.ops.layers.lost import fetch_again
from hermes_dist.ops.layers.received import received
from hermes_dist.ops.package import outdated as asking
from hermes_dist.ops.package.adopt import adopt
from hermes_dist.ops.package.inspect import info
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.uninstall import uninstall
from hermes_dist.voice.notes import taken_words
from hermes_dist.voice.package_json import info_data

LINES = "".join(f"Step {n}.\n" for n in range(1, 20))
SKILL = f"---\nname: find\ndescription: Finds.\n---\n{LINES}"
SERVER = {"mcpServers": {"files": {"command": "node", "args": ["${CLAUDE_PLUGIN_ROOT}/s.js"]}}}
PLUGIN: Mapping[str, str] = {
    ".claude-plugin/plugin.json": '{"name": "tools", "version": "1.0.0"}',
    "skills/find/SKILL.md": SKILL,
    "commands/go.md": f"Go.\n{LINES}",
    ".mcp.json": json.dumps(SERVER),
    "s.js": "1\n",
    "hooks/hooks.json": "{}",
    "agents/a.md": "A.\n",
}
COLLECTION: Mapping[str, str] = {
    "find/SKILL.md": SKILL,
    "write/SKILL.md": SKILL.replace("find", "write"),
    "README.md": "R.\n",
}
PROFILE: Mapping[str, str] = {
    "SOUL.md": f"# Soul\n{LINES}",
    "config.yaml": "model: {default: small}\nagent: {max_turns: 20}\n",
    "skills/find/SKILL.md": SKILL,
    "app.py": "print()\n",
}
KINDS = {"plugin": PLUGIN, "skills": COLLECTION, "profile": PROFILE}
PLACES = {"plugin": "skills/find", "skills": "find", "profile": "skills/find"}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_installed_edited_updated_and_uninstalled(tmp_path: Path, kind: str) -> None:
    story = Story(tmp_path, KINDS[kind])
    outcome = story.install()
    [note] = [n for n in outcome.proposal.notes if n.kind is NoteKind.TAKEN_AS_NEIGHBOUR]
    assert note.datum("what") == kind
    top = story.lock.top
    assert top.taken == f"{kind}/1"
    shipped = story.ctx.sources.fetch(parse_source(story.url), "", story.commits[0])
    assert top.pin.tree == shipped.tree.digest
    story.edit("skills/find/SKILL.md", "Step 2.", "Step 2, mine.")
    story.write("skills/own/SKILL.md", "mine")
    place = PLACES[kind]
    story.ship({f"{place}/SKILL.md": SKILL.replace("Step 17.", "Step 17, theirs.")})
    row = asking.outdated(story.ctx, BOT)
    assert row.state == "behind"
    story.update()
    text = story.read("skills/find/SKILL.md")
    assert "Step 2, mine." in text
    assert "Step 17, theirs." in text
    assert story.lock.conflicts == ()
    assert story.update().done is False
    uninstall(story.ctx, BOT, GO, yes)
    left = set(contents(story.home))
    assert {"skills/find/SKILL.md", "skills/own/SKILL.md"} <= left
    assert not left & {
        "SOUL.md",
        "skills/go/SKILL.md",
        "skills/write/SKILL.md",
        "distribution.yaml",
    }


def test_the_same_commit_gives_the_same_package_again(tmp_path: Path) -> None:
    story = Story(tmp_path, PLUGIN)
    story.install()
    before, files = story.lock, story.files()
    again = received(story.ctx, BOT, before.top)
    assert again.taken == "plugin/1"
    shutil.rmtree(story.ctx.layout.store)
    fetch_again(story.ctx, before)
    for entry in before.base.values():
        story.ctx.store.read(entry.digest)
    assert story.update().done is False
    assert story.lock == before
    assert story.files() == files


def test_a_lock_of_newer_rules_is_not_guessed_at(tmp_path: Path) -> None:
    story = Story(tmp_path, PLUGIN)
    story.install()
    lockfile = story.home / "distribution.lock"
    lockfile.write_text(lockfile.read_text().replace('"plugin/1"', '"plugin/9"'))
    with pytest.raises(Invalid, match="rules that this version does not know"):
        received(story.ctx, BOT, story.lock.top)


def test_servers_and_the_files_they_start_wait_for_a_yes(tmp_path: Path) -> None:
    story = Story(tmp_path, PLUGIN)
    parked(story)
    assert {effect.kind for effect in story.lock.parked} == {EffectKind.RUNS}
    servers = yaml.safe_load(story.read("config.yaml"))["mcp_servers"]
    assert servers["files"]["enabled"] is False
    assert servers["files"]["args"] == ["${HERMES_HOME}/scripts/tools/s.js"]


def test_a_changed_file_of_an_approved_server_asks_again(tmp_path: Path) -> None:
    story = Story(tmp_path, PLUGIN)
    story.install()
    assert story.lock.approved
    story.ship({"s.js": "evil\n"})
    story.update(Request())
    assert story.lock.parked
    assert story.read("scripts/tools/s.js") == "1\n"


def test_what_cannot_come_is_named(tmp_path: Path) -> None:
    story = Story(tmp_path, PLUGIN)
    outcome = story.install()
    whys = {left.path: left.why for left in outcome.proposal.offer.left_out}
    assert whys == {"hooks/": Why.OTHER_HOOKS, "agents/": Why.OTHER_AGENTS}


@pytest.mark.parametrize("kind", ["plugin", "skills"])
def test_each_kind_is_a_layer_under_a_profile_of_ones_own(tmp_path: Path, kind: str) -> None:
    story = Story(tmp_path, KINDS[kind])
    story.write("SOUL.md", "# Mine\n")
    own.add(story.ctx, BOT, story.url, GO, yes)
    assert [one.taken for one in story.lock.layers] == [f"{kind}/1"]
    assert story.read("SOUL.md") == "# Mine\n"
    story.edit("skills/find/SKILL.md", "Step 2.", "Step 2, mine.")
    story.ship({f"{PLACES[kind]}/SKILL.md": SKILL.replace("Step 17.", "Step 17, theirs.")})
    story.update()
    text = story.read("skills/find/SKILL.md")
    assert "Step 2, mine." in text
    assert "Step 17, theirs." in text
    story.edit("skills/find/SKILL.md", "Step 2, mine.", "Step 2.")
    own.remove(story.ctx, BOT, story.lock.layers[0].name, GO, yes)
    assert not (story.home / "skills/find/SKILL.md").exists()
    assert story.read("SOUL.md") == "# Mine\n"


def test_a_package_may_stand_on_a_plugin(tmp_path: Path) -> None:
    tools = Repo(tmp_path / "tools.git", bare=True)
    tools.commit(PLUGIN)
    files = {
        "distribution.yaml": f"name: bot\ndependencies: [{{source: 'file://{tools.path}', only: [skills]}}]\n",
        "SOUL.md": "# Bot\n",
    }
    story = Story(tmp_path, files)
    story.install()
    assert "Step 2." in story.read("skills/find/SKILL.md")
    assert not (story.home / "config.yaml").exists()


def test_a_source_that_gets_a_manifest_is_a_package_from_then_on(tmp_path: Path) -> None:
    story = Story(tmp_path, PROFILE)
    story.install()
    story.edit("SOUL.md", "Step 2.", "Step 2, mine.")
    story.ship({"distribution.yaml": "name: bot\nversion: 1.0.0\n"})
    story.update()
    assert story.lock.top.taken == ""
    assert "Step 2, mine." in story.read("SOUL.md")
    assert story.read("distribution.yaml") == "name: bot\nversion: 1.0.0\n"


def test_a_source_that_stops_being_one_thing_changes_nothing(tmp_path: Path) -> None:
    story = Story(tmp_path, COLLECTION)
    story.install()
    before = story.files()
    story.ship({"plugins/a/.claude-plugin/plugin.json": '{"name": "a"}'})
    with pytest.raises(Exception, match="not in its root any more"):
        story.update()
    assert story.files() == before


def test_hidden_characters_in_a_skill_wait(tmp_path: Path) -> None:
    story = Story(tmp_path, {**PLUGIN, "skills/find/SKILL.md": SKILL + "\u202eevil\n"})
    parked(story)
    assert not (story.home / "skills/find/SKILL.md").exists()


def test_a_folder_and_an_archive(tmp_path: Path) -> None:
    story = Story(tmp_path, {})
    folder = tmp_path / "my pack"
    for path, text in COLLECTION.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    story.url = str(folder)
    story.install()
    assert story.lock.name == "my pack"
    (folder / "find/SKILL.md").write_text(SKILL.replace("Step 3.", "Step three."))
    assert asking.outdated(story.ctx, BOT).state == "behind"
    story.update()
    assert asking.outdated(story.ctx, BOT).state == "current"
    assert "Step three." in story.read("skills/find/SKILL.md")


def parked(story: Story) -> None:
    install(story.ctx, story.url, Request(), yes, name="bot")


def test_info_says_what_the_source_was_taken_for(tmp_path: Path) -> None:
    for kind, files in KINDS.items():
        place = tmp_path / kind
        place.mkdir()
        story = Story(place, files)
        story.install()
        assert info_data(info(story.ctx, BOT))["taken"] == kind
        assert taken_words(story.lock.top.taken)
    assert taken_words("") == ""


def test_skills_that_name_the_plugins_folder_are_told_with_what_did_not_come(
    tmp_path: Path,
) -> None:
    text = f"{SKILL}Run ${{CLAUDE_PLUGIN_ROOT}}/lib/look.py, then ${{CLAUDE_PLUGIN_ROOT}}/s.js.\n"
    files = {**PLUGIN, "skills/find/SKILL.md": text, "lib/look.py": "2\n"}
    bare = {path: data for path, data in files.items() if path != ".mcp.json"}
    for name, shipped, missing in (("bare", bare, ("lib/look.py", "s.js")), ("full", files, ())):
        place = tmp_path / name
        place.mkdir()
        outcome = Story(place, shipped).install()
        [note] = [n for n in outcome.proposal.notes if n.kind is NoteKind.PLUGIN_PLACE_NAMED]
        assert note.datum("skill") == "skills/find/SKILL.md"
        assert note.datum("missing") == missing


def test_what_is_published_of_a_neighbour_goes_to_a_repository_of_ones_own(tmp_path: Path) -> None:
    story = Story(tmp_path, PLUGIN)
    story.install()
    story.edit("skills/find/SKILL.md", "Step 3.", "Step three.")
    before = story.repo.git("rev-parse", "main")
    ada = Machine(tmp_path / "ada")
    install(ada.ctx, story.url, GO, yes, name="bot")
    ada.edit("skills/find/SKILL.md", "Step 3.", "Step three.")
    with pytest.raises(DistError) as caught:
        ada.publish()
    assert "--to" in caught.value.hint
    assert story.repo.git("rev-parse", "main") == before
    target = Repo(tmp_path / "own.git", bare=True)
    ada.publish(f"file://{target.path}")
    assert "distribution.yaml" in target.git("ls-tree", "-r", "--name-only", "main").split()


def test_a_home_that_grew_from_a_neighbours_history_is_adopted(tmp_path: Path) -> None:
    """The files of an older commit, copied by hand and edited: the commit is found, and an update follows."""
    story = Story(tmp_path, COLLECTION)
    story.ship({"find/SKILL.md": SKILL.replace("Step 7.", "Step seven.")})
    story.ship({"write/SKILL.md": SKILL.replace("find", "write") + "New.\n"})
    for name, text in (
        ("find", SKILL.replace("Step 7.", "Step seven.")),
        ("write", SKILL.replace("find", "write")),
    ):
        file = story.home / "skills" / name / "SKILL.md"
        file.parent.mkdir(parents=True)
        file.write_text(text.replace("Step 15.", "Step fifteen.") if name == "find" else text)
    (story.home / "SOUL.md").write_text("Mine.\n")
    done = adopt(story.ctx, BOT, GO, lambda _found: True, source=story.url)
    assert done.done
    assert story.lock.pin.commit == story.commits[1]
    assert story.lock.top.taken == "skills/1"
    story.update()
    assert story.read("skills/write/SKILL.md").endswith("New.\n")
    assert "Step fifteen." in story.read("skills/find/SKILL.md")
    assert story.read("SOUL.md") == "Mine.\n"
