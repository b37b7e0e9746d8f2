"""Whose an edit is, judged from the agent's own notes as its tools write them."""

from __future__ import annotations

import json

import pytest

from hermes_dist.decide.authoring.learned import (
    Sign,
    Traces,
    Who,
    judge_job,
    judge_lines,
    judge_new,
    read_traces,
)
from hermes_dist.model.paths import RelPath

HOME, USER = "/home/ada/.hermes/profiles/bot", "/home/ada"
SOUL, SKILL = RelPath("SOUL.md"), RelPath("skills/sea/tides/SKILL.md")


def call(tool: str, **given: object) -> str:
    return json.dumps([{"id": "1", "function": {"name": tool, "arguments": json.dumps(given)}}])


def traces(*calls: str, usage: object = None, ran: bool = True) -> Traces:
    return read_traces(calls, usage, ran=ran, home=HOME, user_home=USER)


@pytest.mark.parametrize(
    "wrote",
    [
        call("write_file", path=f"{HOME}/SOUL.md", content="Hi.\nBe kind.\n"),
        call("write_file", path="~/.hermes/profiles/bot/./SOUL.md", content="Be kind."),
        call(
            "patch", mode="replace", path=f"{HOME}/SOUL.md", old_string="x", new_string="Be kind."
        ),
        call(
            "patch",
            mode="patch",
            patch=f"*** Begin Patch\n*** Update File: {HOME}/SOUL.md\n@@\n Hi.\n+Be kind.\n*** End Patch",
        ),
    ],
)
def test_lines_that_a_tool_wrote_are_the_agents(wrote: str) -> None:
    assert judge_lines(traces(wrote), SOUL, ["Be kind."], []).who is Who.AGENT
    assert judge_lines(traces(wrote), SOUL, ["Be kind.", "Be brief."], []).who is Who.BOTH
    assert judge_lines(traces(wrote), SOUL, ["Be brief."], []).who is Who.UNKNOWN
    assert judge_lines(traces(wrote), RelPath("README.md"), ["Be kind."], []).who is Who.UNKNOWN


@pytest.mark.parametrize("place", ["SOUL.md", "/home/ada/SOUL.md", f"{HOME}-2/SOUL.md"])
def test_a_file_elsewhere_or_in_an_unknown_folder_proves_nothing(place: str) -> None:
    wrote = call("write_file", path=place, content="Be kind.")
    assert judge_lines(traces(wrote), SOUL, ["Be kind."], []).who is Who.UNKNOWN


def test_lines_that_went_count_too() -> None:
    wrote = call("patch", path=f"{HOME}/SOUL.md", old_string="Be rude.", new_string="Be kind.")
    assert judge_lines(traces(wrote), SOUL, ["Be kind."], ["Be rude."]).who is Who.AGENT
    assert judge_lines(traces(wrote), SOUL, ["Be kind."], ["Hi."]).who is Who.BOTH
    assert judge_lines(traces(wrote), SOUL, [], ["Hi."]).who is Who.UNKNOWN


@pytest.mark.parametrize(
    ("path", "given"),
    [
        (SKILL, {"action": "patch", "name": "tides", "new_string": "Look.", "old_string": "See."}),
        (SKILL, {"action": "create", "name": "tides", "content": "Look."}),
        (SKILL, {"action": "edit", "name": "sea/tides", "content": "Look."}),
        (
            RelPath("skills/sea/tides/references/a.md"),
            {
                "action": "write_file",
                "name": "tides",
                "file_path": "references/a.md",
                "file_content": "Look.",
            },
        ),
    ],
)
def test_the_skill_tool_names_a_skill(path: RelPath, given: dict[str, object]) -> None:
    assert judge_lines(traces(call("skill_manage", **given)), path, ["Look."], []).who is Who.AGENT


def test_notes_on_skills_tell_where_the_history_does_not() -> None:
    usage = {
        "tides": {"created_by": "agent", "patch_count": 0},
        "taught": {"created_by": "learn"},
        "bought": {"created_by": "installed"},
        "ask": {"created_by": None, "patch_count": 3, "last_patched_at": "2026-03-01T10:00:00"},
    }
    known = traces(usage=usage)
    signs = [
        judge_new(known, RelPath(f"skills/{name}/SKILL.md"), "x").sign
        for name in ("tides", "taught", "bought")
    ]
    assert signs == [Sign.SKILL_BY_REVIEW, Sign.SKILL_BY_LESSON, Sign.SKILL_FROM_HUB]
    patched = judge_lines(known, RelPath("skills/ask/SKILL.md"), ["x"], [])
    assert (patched.who, patched.times, patched.last) == (Who.AGENT, 3, "2026-03-01")
    # That the agent made the skill does not say who edits it later.
    assert judge_lines(known, RelPath("skills/tides/SKILL.md"), ["x"], []).who is Who.UNKNOWN


def test_jobs_by_the_tool_or_from_a_chat() -> None:
    known = traces(
        call("cronjob", action="create", name="News", prompt="Read."),
        call("cronjob", action="update", job_id="abc"),
        call("cronjob", action="list"),
    )
    assert judge_job(known, {"id": "1", "name": "News", "prompt": "Read."}).sign is Sign.JOB_TOOL
    assert judge_job(known, {"id": "abc", "name": "Old"}).sign is Sign.JOB_TOOL
    assert judge_job(known, {"id": "2", "origin": {"platform": "x"}}).sign is Sign.JOB_FROM_CHAT
    assert judge_job(known, {"id": "2", "name": "News", "prompt": "Other."}).who is Who.UNKNOWN


def test_who_never_ran_edited_nothing() -> None:
    assert judge_lines(traces(ran=False), SOUL, ["x"], []).who is Who.YOU
    assert judge_job(traces(ran=False), {"id": "1"}).who is Who.YOU


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "null",
        "[1]",
        "{",
        '[{"function": {"name": "write_file", "arguments": "{"}}]',
        call("write_file"),
        call("patch", patch=7),
        call("skill_manage", action="patch"),
        call("cronjob", action="update"),
    ],
)
def test_odd_notes_tell_nothing(odd: str) -> None:
    known = traces(odd, usage=[odd])
    assert judge_lines(known, SOUL, ["x"], []).who is Who.UNKNOWN
    assert judge_new(known, SKILL, "x").who is Who.UNKNOWN
