"""What a conflict shows, and where both sides fit together."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from story import BOT, FIRST, GO, Story, yes

from hermes_dist.errors import DistError, UsageError
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Apart, Side
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.conflicts.conflict_diff import Copy, Sides, copy_of, sides_of
from hermes_dist.ops.conflicts.merge_tool import (
    Versions,
    find_tool,
    laid_out,
    open_editor,
    open_tool,
)
from hermes_dist.ops.conflicts.sides import job_names, shown_conflict
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package import resolve as settling
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.update import update
from hermes_dist.voice.package_json import conflicts_data
from hermes_dist.voice.status.tell import standing_of

TOKEN = "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"


@pytest.fixture
def story(home: Path) -> Story:
    found = Story(home, {**FIRST, "config.yaml": "model: a\nnames: [x, x]\nturns: 1\n"})
    installing.install(found.ctx, found.url, GO, yes, name="bot")
    found.write("config.yaml", f"model: {TOKEN}\nnames: [x, x, mine]\n")
    found.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    found.ship(
        {
            "config.yaml": "model: b\nnames: [x, x, new]\nturns: 2\n",
            "SOUL.md": FIRST["SOUL.md"].replace("Rule 3 stands", "Rule 3 is new"),
        }
    )
    return found


def sides(story: Story) -> Mapping[str, Sides]:
    """The sides of every open conflict after an update that settles none."""
    found: list[Proposal] = []

    def look(proposal: Proposal) -> bool:
        found.append(proposal)
        return True

    update(story.ctx, BOT, Request(), look)
    return {c.words: sides_of(story.ctx, found[0], c) for c in found[0].plan.conflicts}


def test_a_conflict_shows_the_three_values_and_no_secret(story: Story) -> None:
    story.write(".env", f"MODEL_KEY={TOKEN}\n")
    found = sides(story)
    model, turns = found["config.yaml: model"], found["config.yaml: turns"]
    assert (model.was, model.theirs, model.apart) == ("a", "b", Apart.VALUE)
    assert TOKEN not in str(model.yours)
    assert (turns.was, turns.yours, turns.theirs) == ("1", None, "2")
    assert found["config.yaml: names"].apart is None
    assert found["SOUL.md"] == Sides()


def test_both_sides_of_a_single_value_are_refused_with_the_reason(story: Story) -> None:
    update(story.ctx, BOT, Request(), yes)
    before = story.files()
    for place in ("model", "config.yaml", ""):
        with pytest.raises(DistError, match=r"config.yaml: model.*single value"):
            settling.resolve(story.ctx, BOT, Side.BOTH, Request(), yes, place=place)
    assert story.files() == before
    settling.resolve(story.ctx, BOT, Side.BOTH, GO, yes, place="names")
    settling.resolve(story.ctx, BOT, Side.BOTH, Request(), yes, place="SOUL.md")
    assert "new" in story.read("config.yaml")
    assert "Rule 3 is mine.\nRule 3 is new." in story.read("SOUL.md")


def _program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def tools(story: Story, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def _versions(folder: Path) -> Versions:
    found = {each: folder / f"{each}.md" for each in ("merged", "base", "ours", "theirs")}
    for name, file in found.items():
        file.write_text(f"{name}\n")
    return Versions(**found)


def test_a_merge_tool_gets_the_versions_and_its_exit_code_counts(
    story: Story, tools: Path, home: Path
) -> None:
    _program(tools, "meld", 'echo "$@" > "$(dirname "$0")/said"; cat "$3" > "$5"; exit 3')
    versions = _versions(home)
    assert open_tool(story.ctx, find_tool(story.ctx, "meld"), versions) == 3
    named = (versions.ours, versions.base, versions.theirs, "--output", versions.merged)
    assert (tools / "said").read_text().split() == [str(word) for word in named]
    assert versions.merged.read_text() == "theirs\n"


def test_the_merge_tool_of_git_runs_as_git_would(story: Story, tools: Path, home: Path) -> None:
    with pytest.raises(UsageError, match=r"no merge\.tool"):
        find_tool(story.ctx, "git")
    config = home / ".gitconfig"
    config.write_text(
        '[merge]\n\ttool = mine\n[mergetool "mine"]\n\tcmd = cat \\"$REMOTE\\" > \\"$MERGED\\"\n'
    )
    versions = _versions(home)
    assert open_tool(story.ctx, find_tool(story.ctx, "git"), versions) == 0
    assert versions.merged.read_text() == "theirs\n"


def test_a_tool_that_is_not_known_or_not_installed_is_told(story: Story, tools: Path) -> None:
    with pytest.raises(UsageError, match="not a known merge tool"):
        find_tool(story.ctx, "nothing")
    with pytest.raises(DistError, match="kdiff3 is not installed"):
        find_tool(story.ctx, "kdiff3")


def test_the_copy_to_edit_brings_nothing_that_waits_for_approval(home: Path) -> None:
    story = Story(home, {**FIRST, "config.yaml": "x: 1\ny: 2\nmodel: a\n"})
    installing.install(story.ctx, story.url, GO, yes, name="bot")
    story.edit("config.yaml", "model: a", "model: mine")
    story.ship({"config.yaml": "x: 1\ny: 2\nmodel: b\napprovals:\n  mode: 'off'\n"})
    texts: list[bytes] = []

    def look(proposal: Proposal) -> bool:
        texts.extend(copy_of(proposal, each).text for each in proposal.plan.conflicts)
        return True

    update(story.ctx, BOT, Request(), look)
    [text] = texts
    assert b"<<<<<<< yours\nmodel: mine\n" in text
    assert b"approvals" not in text


@pytest.mark.parametrize(
    "name", ["$(touch ran).md", "`touch ran`.md", "a'b;touch ran;.md", "-x.md"]
)
def test_a_name_from_a_package_is_never_part_of_a_line_for_a_shell(
    story: Story, home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("VISUAL", "eval cat")
    copy = Copy(text=b"text", was=b"was", yours=b"yours", theirs=b"theirs", marked=False)
    with laid_out(RelPath(f"skills/{name}"), copy) as versions:
        files = (versions.merged, versions.base, versions.ours, versions.theirs)
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert stat.S_IMODE(versions.merged.parent.stat().st_mode) == 0o700
        assert versions.merged.suffix == ".md"
        assert open_editor(story.ctx, [versions.merged, versions.theirs]) == 0
    assert not versions.merged.parent.exists()
    assert not (home / "ran").exists()


def test_the_name_of_a_copy_tells_the_language(story: Story) -> None:
    copy = Copy(text=b"", was=b"", yours=b"", theirs=b"", marked=False)
    with laid_out(RelPath("skills/x/run.py"), copy) as versions:
        assert versions.merged.name == "run.py"


def test_a_conflict_in_a_job_names_it_and_the_whole_of_it_is_short(home: Path) -> None:
    job = "name: daily\nschedule: every 2h\nprompt: Look around.\n"
    story = Story(home, {**FIRST, "cron/daily.yaml": job})
    story.install()
    story.edit("cron/jobs.json", "Look around", "Mine")
    story.ship({"cron/daily.yaml": None})
    update(story.ctx, BOT, Request(), yes)
    [conflict] = story.lock.conflicts
    assert job_names(story.ctx, BOT, [conflict]) == {conflict: "daily"}
    seen = status(story.ctx, BOT)
    assert seen.jobs == ((conflict, "daily"),)
    [row] = [row for row in standing_of(seen, 60).rows if row.sign == "!"]
    assert row.what.endswith(" (job daily)")
    assert conflicts_data(BOT, [conflict], (), dict(seen.jobs))["conflicts"][0]["job"] == "daily"
    found = shown_conflict(story.ctx, BOT, "").sides
    assert found.job == "daily"
    assert found.yours == '{ "name": "daily", "prompt": "Mine.", "schedule": "every 2 hours" }'
    assert found.theirs is None
