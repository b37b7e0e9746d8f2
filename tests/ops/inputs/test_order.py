"""When a package asks, and what: nothing for one that is refused, and again where an answer makes no schedule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import pytest
import yaml
from gitrepo import Repo
from msgspec.structs import replace
from story import BOT, FIRST, Story, yes

from hermes_dist.errors import InputNeeded, Invalid, Refused
from hermes_dist.ops.change.request import Accept, Choices, InputQuestion, Questions, Request
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.update import update

ASKS = "name: bot\nversion: 1.0.0\ninputs: {team: {}, token: {secret: true, env: DESK_TOKEN}}\n"


def never(question: InputQuestion) -> NoReturn:
    pytest.fail(f"it asked about {question.name}")


NEVER = Request(questions=Questions(inputs=never))


class TestNothingIsAskedForWhatIsRefused:
    """Whoever is asked about a package takes it for one that may come in."""

    def test_a_policy(self, tmp_path: Path) -> None:
        story = Story(tmp_path, {"distribution.yaml": "name: bot\nversion: 1.0.0\n"})
        story.install()
        story.ship({"distribution.yaml": ASKS})
        file = story.ctx.layout.policies[1]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('require = ["signature"]\n')
        before = story.files()
        with pytest.raises(Refused, match="requires a signature"):
            story.update(NEVER)
        with pytest.raises(Refused, match="requires a signature"):
            installing.install(story.ctx, story.url, NEVER, yes, name="other")
        assert story.files() == before
        assert not story.home.with_name("other").exists()

    def test_a_demand_of_the_user(self, tmp_path: Path) -> None:
        story = Story(tmp_path, {"distribution.yaml": ASKS})
        request = replace(NEVER, accept=Accept(signature=True))
        with pytest.raises(Refused, match="signature"):
            installing.install(story.ctx, story.url, request, yes)

    def test_another_agent_than_it_needs(self, tmp_path: Path) -> None:
        story = Story(tmp_path, {"distribution.yaml": f"{ASKS}hermes_requires: '>=99'\n"})
        ctx = story.ctx
        ctx.agent_version = "0.22.0"
        with pytest.raises(Refused, match="99"):
            installing.install(ctx, story.url, NEVER, yes)

    def test_a_layer(self, tmp_path: Path) -> None:
        base = Repo(tmp_path / "base", bare=True)
        base.commit({"distribution.yaml": "name: base\nversion: 1.0.0\nhermes_requires: '>=99'\n"})
        text = f"{ASKS}extends: file://{base.path}\n"
        story = Story(tmp_path, {"distribution.yaml": text})
        ctx = story.ctx
        ctx.agent_version = "0.22.0"
        with pytest.raises(Refused, match="99"):
            installing.install(ctx, story.url, NEVER, yes)


def job(schedule: object) -> str:
    return json.dumps({"jobs": [{"name": "Report", "prompt": "Report.", "schedule": schedule}]})


def timed(tmp_path: Path, schedule: object, **inputs: object) -> Story:
    head = yaml.safe_dump({"name": "bot", "version": "1.0.0", "inputs": inputs}, sort_keys=False)
    return Story(tmp_path, {"distribution.yaml": head, "cron/jobs.json": job(schedule)})


def times_of(story: Story) -> dict[str, object]:
    [found] = json.loads(story.read("cron/jobs.json"))["jobs"]
    schedule: dict[str, object] = found["schedule"]
    return schedule


def given(**answers: str) -> Request:
    return Request(choices=Choices(allow_effects=True, inputs=answers))


class TestAnAnswerInASchedule:
    """A text that is no schedule would leave the job out, without anybody noticing."""

    @pytest.mark.parametrize("bad", ["tomorrow", "0 25 * * *", "every now and then", ""])
    def test_what_is_none_is_refused_and_nothing_is_written(self, tmp_path: Path, bad: str) -> None:
        story = timed(tmp_path, "${input:when}", when={})
        with pytest.raises(Invalid, match="the answer does not fit: ") as found:
            installing.install(story.ctx, story.url, given(when=bad), yes, name="bot")
        assert found.value.where == "input when"
        assert "every 2h" in found.value.hint
        assert "--set when=VALUE" in found.value.hint
        assert not story.home.exists()

    def test_every_spelling_is_taken(self, tmp_path: Path) -> None:
        story = timed(tmp_path, "${input:when}", when={})
        installing.install(story.ctx, story.url, given(when="every 2h"), yes, name="bot")
        assert times_of(story)["minutes"] == 120
        before = story.files()
        with pytest.raises(Invalid, match="not a valid schedule"):
            story.update(given(when="later"))
        assert story.files() == before
        story.update(given(when="0 9 * * 1"))
        assert times_of(story)["expr"] == "0 9 * * 1"

    def test_on_a_terminal_it_is_asked_again(self, tmp_path: Path) -> None:
        story = timed(
            tmp_path,
            {"kind": "cron", "expr": "${input:minute} ${input:hour} * * *"},
            minute={"default": "30"},
            hour={},
        )
        asked: list[InputQuestion] = []
        answers = {"minute": ["70", ""], "hour": ["noon", "12"]}

        def ask(question: InputQuestion) -> str:
            asked.append(question)
            return answers[question.name].pop(0)

        request = Request(questions=Questions(inputs=ask))
        installing.install(story.ctx, story.url, request, yes, name="bot")
        assert times_of(story)["expr"] == "30 12 * * *"
        assert [one.name for one in asked if one.wrong] == ["minute", "hour"]
        assert "'70' is not a valid minute" in asked[1].wrong
        assert "'noon' is not a valid hour" in asked[3].wrong

    def test_the_question_says_what_a_schedule_looks_like(self, tmp_path: Path) -> None:
        story = timed(tmp_path, "${input:when}", when={})
        asked: list[InputQuestion] = []

        def ask(question: InputQuestion) -> str:
            asked.append(question)
            return "every 1h"

        installing.install(
            story.ctx, story.url, Request(questions=Questions(inputs=ask)), yes, name="bot"
        )
        assert [one.rules for one in asked] == ["a schedule, such as every 2h or 0 9 * * 1"]

    def test_an_answer_that_the_authors_new_schedule_does_not_take_is_asked_for_again(
        self, tmp_path: Path
    ) -> None:
        story = timed(tmp_path, "${input:when}", when={})
        installing.install(story.ctx, story.url, given(when="every 2h"), yes, name="bot")
        story.ship({"cron/jobs.json": job("0 ${input:when} * * *")})
        with pytest.raises(InputNeeded, match="does not fit any more"):
            update(story.ctx, BOT, given(), yes)
        story.update(given(when="7"))
        assert times_of(story)["expr"] == "0 7 * * *"

    def test_a_layers_job_is_judged_too(self, tmp_path: Path) -> None:
        base = Repo(tmp_path / "base", bare=True)
        head = "name: base\nversion: 1.0.0\ninputs: {when: {}}\n"
        base.commit({"distribution.yaml": head, "cron/jobs.json": job("${input:when}")})
        text = f"name: bot\nversion: 1.0.0\nextends: file://{base.path}\n"
        story = Story(tmp_path, {**FIRST, "distribution.yaml": text})
        with pytest.raises(Invalid, match="not a valid schedule"):
            installing.install(story.ctx, story.url, given(when="soon"), yes, name="bot")
        installing.install(story.ctx, story.url, given(when="every 1h"), yes, name="bot")
        assert times_of(story)["minutes"] == 60
