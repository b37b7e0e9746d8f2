"""Which agent's rules the commands for routes answer by, and that they say so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start
from hermes_dist.ops.context import Context

Capture = pytest.CaptureFixture[str]
ASSUMED = "note: Hermes Agent is not installed, so generation 0.22 is assumed"


def line(*words: str) -> int:
    return start(HERMES, ["gateway", "route", *words], prog="hermes-dist", profile=None)


@pytest.fixture(autouse=True)
def _coder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    (home / ".hermes/profiles/coder").mkdir(parents=True)


@pytest.mark.parametrize(
    ("version", "notes", "winner"),
    [(None, 1, "coder  by route 1"), ("0.22.0", 0, "coder  by route 1"), ("0.19.0", 0, "default")],
)
def test_all_verbs_follow_one_agent(
    version: str | None, notes: int, winner: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Context, "agent_version", version)
    routed = winner.startswith("coder")
    for words in (("add", "--profile", "coder", "--channel", "12"), ("list",), ("lint",)):
        assert line(*words) == int(words == ("lint",) and not routed)
        said = capsys.readouterr()
        assert said.err.count(ASSUMED) == notes
        assert ("ignores every route" in said.out + said.err) is not routed
    assert line("test", "--channel", "12") == 0
    said = capsys.readouterr()
    assert said.out.startswith(winner)
    assert ("by route" in said.out) is routed
    assert said.err.count(ASSUMED) == notes


def test_a_program_reads_whose_rules_these_are(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Context, "agent_version", "0.19.0")
    assert line("add", "--profile", "coder", "--channel", "12", "--json") == 0
    capsys.readouterr()
    assert line("test", "--channel", "12", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["agent"], told["generation"], told["multiplex"]) == ("0.19.0", "0.19", False)
    assert (told["profile"], told["route"]) == ("default", None)
    assert told["others"][0]["why"] == "it would win if gateway.multiplex_profiles were on"


def test_remove_takes_the_words_of_add_and_never_two_routes(capsys: Capture) -> None:
    assert line("add", "--profile", "coder", "--channel", "12") == 0
    capsys.readouterr()
    for words in (
        ["remove"],
        ["remove", "1", "--channel", "12"],
        ["remove", "--platform", "slack"],
    ):
        assert line(*words) == 2
        assert "name one route" in capsys.readouterr().err
    assert line("remove", "--channel", "12") == 0
    assert capsys.readouterr().out == "Removed route 1: discord chat 12 → coder.\n"
