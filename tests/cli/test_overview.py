"""Without a verb: where things stand and what to do next, in at most ten lines."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from json_schemas import checked
from story import Story

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start
from hermes_dist.decide.profiles.lifecycle import Move

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def line(*words: str) -> int:
    return start(HERMES, list(words), prog="hermes-dist", profile=None)


def shown(capsys: Capture, *words: str) -> list[str]:
    assert line(*words) == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = said.out.splitlines()
    assert len(lines) <= 10
    return lines


def test_on_an_empty_machine_it_says_how_to_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    lines = shown(capsys)
    assert lines[0] == "There is no profile of Hermes Agent on this machine yet."
    assert "hermes-dist install SOURCE" in "\n".join(lines)
    assert not (tmp_path / "nobody").exists(), "a look makes nothing"


def test_it_names_what_is_open_with_the_command_that_settles_it(
    home: Path, capsys: Capture
) -> None:
    story = Story(home)
    story.install()
    assert "with a package" in shown(capsys)[2]
    story.ship({"SOUL.md": "Theirs.\n", "mcp.json": '{"mcpServers": {"web": {"command": "npx"}}}'})
    (story.home / "SOUL.md").write_text("Mine.\n")
    assert line("update", "bot", "-y") == 3
    capsys.readouterr()
    lines = shown(capsys)
    assert "  ! bot: 1 conflict, 1 waiting" in lines
    assert any(each.startswith("next: hermes-dist resolve bot --list") for each in lines)


def test_like_the_agents_own_command_it_says_where_the_active_profile_is_and_what_it_runs(
    home: Path, capsys: Capture
) -> None:
    story = Story(home)
    story.install()
    assert line("use", "bot", "-q") == 0
    (story.home / "config.yaml").write_text("model: anthropic/claude-sonnet-4\n")
    capsys.readouterr()
    assert shown(capsys)[1] == f"  {story.home}, model anthropic/claude-sonnet-4, gateway stopped"
    assert line("use", "default", "-q") == 0
    capsys.readouterr()
    assert ", no model, gateway stopped" in shown(capsys)[1]


def test_many_open_profiles_stay_within_ten_lines(home: Path, capsys: Capture) -> None:
    for name in ("a", "b", "c", "d", "e"):
        place = home / ".hermes" / "profiles" / name
        place.mkdir(parents=True)
        (place / "distribution.lock").write_text("format = [")
    lines = shown(capsys)
    assert "    and 2 more profiles: hermes-dist status --all" in lines
    assert any("doctor" in each for each in lines)


def test_as_json_it_is_one_object(home: Path, capsys: Capture) -> None:
    assert line("--json") == 0
    found = checked(SimpleNamespace(stdout=capsys.readouterr().out))
    assert found["schema"] == "hermes-dist/overview/1"
    assert line("overview", "--json") == 0
    assert json.loads(capsys.readouterr().out) == found


def test_a_profile_that_is_named_is_shown_instead(home: Path, capsys: Capture) -> None:
    assert line("-p", "default") == 0
    assert capsys.readouterr().out.startswith("Profile:     default")


@pytest.mark.parametrize(
    ("named", "hint"),
    [
        ("research-bto", "did you mean research-bot?"),
        ("research", "did you mean research-bot?"),
        ("zzz", "the profiles here: default, research-bot"),
    ],
)
def test_a_profile_that_does_not_exist_is_told_with_the_near_ones(
    named: str, hint: str, home: Path, capsys: Capture
) -> None:
    (home / ".hermes" / "profiles" / "research-bot").mkdir(parents=True)
    for verb in (["update"], ["status"], ["approve"], ["adopt"], ["history"], ["rename"]):
        words = [verb[0], named, *(["new"] if verb[0] == "rename" else [])]
        assert line(*words) == 1
        said = capsys.readouterr().err
        assert hint in said
        assert "create" not in said


@pytest.mark.parametrize("command", ["list", "overview"])
def test_a_rename_that_was_cut_short_is_told_with_what_completes_it(
    home: Path, capsys: Capture, command: str
) -> None:
    story = Story(home)
    story.install()
    move = Move(verb="rename", name="bot", to="new", source="profiles/bot", target="profiles/new")
    story.ctx.layout.moving.write_bytes(move.encode())
    assert line(command) == 0
    warned = " ".join(capsys.readouterr().err.split())
    assert "rename 'bot' to 'new' was cut short, or is not done yet" in warned
    assert "which completes it, or run: hermes-dist doctor --fix" in warned
    story.ctx.layout.moving.unlink()
    assert line(command) == 0
    assert "cut short" not in capsys.readouterr().err
