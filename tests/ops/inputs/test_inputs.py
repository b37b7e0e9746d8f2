"""What a package asks its user: answered once, merged like the author's own text, and never shipped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from desk import CONFIG, FILES, INPUTS, SOUL, Desk, given, manifest
from gitrepo import Repo
from machines import Machine
from story import BOT, Story, yes

from hermes_dist.errors import DistError, InputNeeded, Invalid, UsageError
from hermes_dist.model.lock_package import InputAnswer
from hermes_dist.model.side import Side
from hermes_dist.ops.authoring.capture import leaving
from hermes_dist.ops.change.request import Choices, InputQuestion, Questions, Request
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.history import hold
from hermes_dist.ops.package.inspect import info
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.update import update


def test_answers_are_put_into_the_files_and_remembered_but_for_a_secret(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.answer()
    assert desk.read("SOUL.md") == SOUL.replace("${input:team}", "sea search")
    assert desk.read("config.yaml").startswith("# top\nmodel:\n  default: small # best\n")
    assert desk.config["agent"] == {"max_turns": 40}
    assert desk.config["mcp_servers"]["web"]["args"] == ["web", "--for=sea search"]
    assert "description: Sorts for sea search\n" in desk.read("skills/sort/SKILL.md")
    [job] = json.loads(desk.read("cron/jobs.json"))["jobs"]
    assert (job["prompt"], job["schedule"]["expr"]) == ("Report to sea search", "0 8 * * *")
    assert desk.read("scripts/run.sh") == "echo ${input:team}\n"
    assert "${input:" not in desk.read("config.yaml")
    assert desk.answers == {
        "team": "sea search",
        "turns": 40,
        "hour": 8,
        "city": "Paris",
        "token": None,
    }
    assert "DESK_CITY=Paris" in desk.env
    assert "DESK_TOKEN=s3cret-abcdef" in desk.env
    assert "s3cret" not in (desk.home / "distribution.lock").read_text()
    assert status(desk.ctx, BOT).clean
    assert not desk.update().done


def test_without_an_answer_it_says_how_to_give_one_and_installs_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with pytest.raises(InputNeeded, match="The team it works for") as found:
        desk.install()
    assert "--set team=VALUE" in found.value.hint
    assert not desk.home.exists()


def test_an_answer_that_does_not_fit_is_refused_without_showing_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with pytest.raises(Invalid, match="it is more than 90") as found:
        desk.answer(turns="91")
    assert "integer to 90" in found.value.hint
    with pytest.raises(Invalid, match="control character") as hidden:
        desk.answer(token="s3cret\nmore")
    assert "s3cret" not in f"{hidden.value} {hidden.value.hint}"
    with pytest.raises(UsageError, match="bot has no input 'taem'") as unknown:
        desk.answer(taem="x")
    assert "its inputs are team, turns" in unknown.value.hint
    assert not desk.home.exists()


def test_text_around_an_answer_is_updated_and_the_answer_is_not_asked_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.answer()
    desk.ship(
        {
            "SOUL.md": SOUL.replace("You work for", "You work hard for").replace("More.", "Less."),
            "config.yaml": CONFIG.replace("small", "large"),
        }
    )
    assert desk.update().done
    assert "You work hard for sea search.\n" in desk.read("SOUL.md")
    assert "Less." in desk.read("SOUL.md")
    assert desk.config["model"] == {"default": "large"}
    assert desk.config["agent"] == {"max_turns": 40}
    assert not desk.lock.conflicts


def test_a_line_with_an_answer_that_the_user_edited_stays_theirs(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.answer()
    desk.edit("SOUL.md", "sea search", "sea search and rescue")
    desk.edit("config.yaml", "max_turns: 40", "max_turns: 55")
    desk.ship({"SOUL.md": SOUL.replace("More.", "Less.")})
    desk.update()
    assert "You work for sea search and rescue.\n" in desk.read("SOUL.md")
    assert "Less." in desk.read("SOUL.md")
    assert desk.config["agent"] == {"max_turns": 55}
    assert not desk.lock.conflicts
    desk.update(given(team="fire"))
    assert [conflict.path for conflict in desk.lock.conflicts] == ["SOUL.md"]
    assert "sea search and rescue" in desk.read("SOUL.md")
    desk.resolve(Side.THEIRS, "SOUL.md")
    assert "You work for fire.\n" in desk.read("SOUL.md")


def test_another_answer_is_merged_like_an_update_and_rolled_back_with_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.answer()
    desk.edit("SOUL.md", "# Desk", "# Help desk")
    desk.update(given(team="fire", turns="50"))
    assert "# Help desk\n\nYou work for fire.\n" in desk.read("SOUL.md")
    assert desk.config["agent"] == {"max_turns": 50}
    assert desk.answers["team"] == "fire"
    assert not desk.update().done
    desk.rollback()
    assert "# Help desk\n\nYou work for sea search.\n" in desk.read("SOUL.md")
    assert (desk.answers["team"], desk.answers["turns"]) == ("sea search", 40)


def test_a_held_profile_takes_another_answer_but_nothing_newer(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.answer()
    hold(desk.ctx, BOT, on=True)
    desk.ship({"SOUL.md": SOUL.replace("More.", "Less.")})
    desk.update(given(team="fire"))
    assert "You work for fire." in desk.read("SOUL.md")
    assert "More." in desk.read("SOUL.md")


def test_a_new_input_is_asked_for_and_the_old_ones_are_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.answer()
    more = {**INPUTS, "tone": {"enum": ["kind", "brief"]}}
    desk.ship({"distribution.yaml": manifest(more), "SOUL.md": SOUL + "Be ${input:tone}.\n"})
    before = desk.files()
    with pytest.raises(InputNeeded, match="an answer is needed"):
        desk.update()
    assert desk.files() == before
    asked: list[InputQuestion] = []

    def ask(question: InputQuestion) -> str:
        asked.append(question)
        return ["loud", "", "brief"][len(asked) - 1]

    request = Request(questions=Questions(inputs=ask))
    update(desk.ctx, BOT, request, yes)
    assert [question.name for question in asked] == ["tone"] * 3
    assert asked[1].wrong.endswith("it is not one of the choices")
    assert asked[2].wrong == "an answer is needed"
    assert desk.read("SOUL.md").endswith("Be brief.\n")
    assert desk.answers["tone"] == "brief"


def test_an_answer_that_fits_no_more_is_asked_for_again_and_not_exchanged(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.answer(turns="80")
    desk.ship(
        {
            "distribution.yaml": manifest(
                {**INPUTS, "turns": {"type": "integer", "default": 9, "maximum": 60}}
            )
        }
    )
    with pytest.raises(InputNeeded, match="does not fit any more"):
        desk.update()
    desk.update(given(turns="60"))
    assert desk.config["agent"] == {"max_turns": 60}


def test_an_input_that_the_author_takes_back_leaves_with_its_placeholder(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.answer()
    fewer = {name: row for name, row in INPUTS.items() if name != "turns"}
    desk.ship(
        {
            "distribution.yaml": manifest(fewer),
            "config.yaml": CONFIG.replace("${input:turns}", "12"),
        }
    )
    desk.update()
    assert desk.config["agent"] == {"max_turns": 12}
    assert "turns" not in desk.answers


def test_a_variable_that_the_user_edited_is_not_written_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.answer()
    desk.edit(".env", "DESK_CITY=Paris", "DESK_CITY=Rome")
    desk.ship({"SOUL.md": SOUL.replace("More.", "Less.")})
    desk.update()
    assert "DESK_CITY=Rome" in desk.env
    desk.update(given(city="Oslo", token="another-key-1"))
    assert "DESK_CITY=Oslo" in desk.env
    assert "DESK_TOKEN=another-key-1" in desk.env


@pytest.mark.parametrize(
    ("files", "key"),
    [
        ({"config.yaml": "model:\n  base_url: ${input:place}\n"}, "model.base_url"),
        (
            {"mcp.json": '{"mcpServers": {"web": {"url": "${input:place}/mcp"}}}\n'},
            "mcp_servers.web.url",
        ),
        (
            {
                "mcp.json": '{"mcpServers": {"web": {"command": "npx", "args": ["${input:place}"]}}}\n'
            },
            "mcp_servers.web.args",
        ),
    ],
)
def test_an_answer_at_a_setting_that_asks_is_asked_about_again(
    tmp_path: Path, files: Mapping[str, str], key: str
) -> None:
    inputs = {"place": {"default": "http://one.example"}}
    story = Story(tmp_path, {"distribution.yaml": manifest(inputs), **files})
    installing.install(story.ctx, story.url, given(), yes, name="bot")
    plain = Request(choices=Choices(inputs={"place": "http://two.example"}))
    outcome = story.update(plain)
    assert outcome.proposal is not None
    assert [effect.key for effect in outcome.proposal.plan.parked] == [key]
    settings = yaml.safe_load(story.read("config.yaml"))
    server = settings.get("mcp_servers", {}).get("web", {})
    assert "http://two.example" not in str(settings) or server["enabled"] is False


def test_a_dry_run_asks_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    outcome = installing.install(desk.ctx, desk.url, Request(dry_run=True), yes, name="bot")
    assert outcome.proposal is not None
    assert not desk.home.exists()


def test_info_tells_inputs_and_answers(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.answer()
    rows = {row.name: row for row in info(desk.ctx, BOT).inputs}
    assert rows["team"].answer == InputAnswer("team", "sea search")
    assert rows["turns"].rules == "integer to 90"
    assert rows["token"].answer == InputAnswer("token")


@pytest.mark.parametrize("name", ["LD_PRELOAD", "HERMES_HOME", "API_BASE_URL", "SOME_WORD"])
def test_an_input_never_sets_a_variable_that_could_do_harm(tmp_path: Path, name: str) -> None:
    for row in ({"default": "5", "env": name}, {"secret": True, "env": name}):
        place = tmp_path / str(len(row)) / str("secret" in row)
        place.mkdir(parents=True)
        story = Story(place, {"distribution.yaml": manifest({"one": row})})
        with pytest.raises(DistError, match=f"no input may set {name}"):
            installing.install(story.ctx, story.url, given(one="x"), yes, name="bot")


def test_what_is_published_is_what_the_author_wrote(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = Machine(tmp_path / "ada")
    installing.install(
        ada.ctx, desk.url, given(team="sea search", token="s3cret-abcdef"), yes, name="bot"
    )
    own = Repo(tmp_path / "own.git", bare=True)
    ada.publish(f"file://{own.path}")
    for path, text in {"distribution.yaml": manifest(), **FILES}.items():
        assert own.git("cat-file", "blob", f"main:{path}") + "\n" == text, path
    assert "sea search" in ada.read("SOUL.md")
    assert status(ada.ctx, BOT).clean
    assert ada.lock.input_values["team"] == "sea search"


def test_edits_are_published_around_the_placeholders(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = Machine(tmp_path / "ada")
    installing.install(
        ada.ctx, desk.url, given(team="sea search", token="s3cret-abcdef"), yes, name="bot"
    )
    ada.edit("SOUL.md", "You work for sea search.", "You gladly work for sea search.")
    ada.edit("config.yaml", "default: small", "default: large")
    ada.edit("skills/sort/SKILL.md", "Sorts for sea search", "Sorts mail for sea search")
    jobs = json.loads(ada.read("cron/jobs.json"))
    jobs["jobs"][0]["prompt"] = "Report at length to sea search"
    ada.write("cron/jobs.json", json.dumps(jobs))
    ada.write("skills/mine/SKILL.md", "---\nname: mine\ndescription: Mine.\n---\nAsk sea search.\n")
    made = ada.publish(bump="minor")
    tree = desk.repo

    def shown(path: str) -> str:
        return tree.git("cat-file", "blob", f"main:{path}") + "\n"

    assert "You gladly work for ${input:team}.\n" in shown("SOUL.md")
    assert shown("config.yaml") == CONFIG.replace("small", "large")
    skill = shown("skills/sort/SKILL.md")
    assert yaml.safe_load(skill.split("---\n")[1])["description"] == "Sorts mail for ${input:team}"
    assert skill.endswith("---\nSort for ${input:team}.\n")
    assert (
        json.loads(shown("cron/jobs.json"))["jobs"][0]["prompt"]
        == "Report at length to ${input:team}"
    )
    # Their own text is theirs to ship, but is pointed out.
    assert "Ask sea search." in shown("skills/mine/SKILL.md")
    notes = [note for note in made.publication.notes if note.kind == "answer-in-line"]
    assert [note.where for note in notes] == ["skills/mine/SKILL.md:5"]
    assert status(ada.ctx, BOT).clean


def test_a_contribution_holds_no_answer(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = Machine(tmp_path / "ada")
    installing.install(
        ada.ctx, desk.url, given(team="sea search", token="s3cret-abcdef"), yes, name="bot"
    )
    ada.edit("SOUL.md", "More.", "Much more.")

    found = leaving(ada.ctx, BOT, own=False)
    changed = found.tree.differing(found.received)
    assert list(changed) == ["SOUL.md"]
    assert found.read(found.tree[next(iter(changed))].digest).decode() == SOUL.replace(
        "More.", "Much more."
    )


class TestLayers:
    """Layers have inputs of their own; one of the same name is asked once."""

    def stack(self, tmp_path: Path) -> Desk:
        base = Repo(tmp_path / "base", bare=True)
        rows = {"team": {}, "mood": {"default": "calm"}}
        text = yaml.safe_dump({"name": "base", "version": "1.0.0", "inputs": rows})
        base.commit(
            {
                "distribution.yaml": text,
                "skills/help/SKILL.md": "---\nname: help\n---\nHelp ${input:team}, be ${input:mood}.\n",
                "config.yaml": "agent:\n  max_turns: 5\n  note: ${input:team}\n",
            }
        )
        desk = Desk(tmp_path)
        top = yaml.safe_load(manifest()) | {"extends": f"file://{base.path}"}
        desk.ship({"distribution.yaml": yaml.safe_dump(top, sort_keys=False)})
        return desk

    def test_both_get_the_answer(self, tmp_path: Path) -> None:
        desk = self.stack(tmp_path)
        desk.answer()
        assert desk.read("skills/help/SKILL.md").endswith("Help sea search, be calm.\n")
        assert desk.config["agent"] == {"max_turns": 40, "note": "sea search"}
        assert desk.answers["mood"] == "calm"
        assert not desk.update().done
        desk.update(given(team="fire", mood="glad"))
        assert desk.read("skills/help/SKILL.md").endswith("Help fire, be glad.\n")

    def test_the_own_part_is_published_with_placeholders(self, tmp_path: Path) -> None:
        desk = self.stack(tmp_path)
        ada = Machine(tmp_path / "ada")
        installing.install(
            ada.ctx, desk.url, given(team="sea search", token="s3cret-abcdef"), yes, name="bot"
        )
        own = Repo(tmp_path / "own.git", bare=True)
        ada.publish(f"file://{own.path}")
        names = own.git("ls-tree", "-r", "--name-only", "main").split()
        assert "skills/help/SKILL.md" not in names
        for path in FILES:
            assert own.git("cat-file", "blob", f"main:{path}") + "\n" == FILES[path], path
        assert status(ada.ctx, BOT).clean
