"""On a terminal: what none of the machines signed is asked about, and the answer that changes nothing is the usual one."""

from __future__ import annotations

import json

import pytest
from meeting_of_three import Machine, Story, again_as, two_alike
from terminal import Terminal

_ASKED = "  Your choice [wait]: "


@pytest.fixture
def edited(tmp_path_factory: pytest.TempPathFactory) -> tuple[Story, Machine]:
    """A meeting place in which somebody edited a file at the host."""
    story = again_as(two_alike, tmp_path_factory)
    first = story.machines[0]
    story.push_by_hand({"profile/SOUL.md": "Edited at the host.\n"})
    return story, first


def terminal(machine: Machine, *words: str) -> Terminal:
    return Terminal("sync", "now", "bot", *words, env={"HOME": str(machine.user)})


def at_host(story: Story) -> str:
    return story.at("profile/SOUL.md").decode()


def test_what_was_edited_at_the_host_is_taken_in_after_two_answers(
    edited: tuple[Story, Machine],
) -> None:
    _, machine = edited
    talk = terminal(machine)
    talk.answer(_ASKED, "both")
    talk.answer(_ASKED, "t")
    talk.answer("Apply it? [y/N] ", "y")
    assert talk.end() == 0, talk.text
    assert machine.read("SOUL.md") == "Edited at the host.\n"
    assert "--unsigned" not in talk.text, "what is asked about needs no command"


def test_what_somebody_else_edited_is_put_back(edited: tuple[Story, Machine]) -> None:
    story, machine = edited
    mine = machine.read("SOUL.md")
    talk = terminal(machine)
    talk.answer(_ASKED, "o")
    assert talk.end() == 0, talk.text
    assert (machine.read("SOUL.md"), at_host(story)) == (mine, mine)


@pytest.mark.parametrize("answer", ["", "w", None], ids=["Enter", "wait", "end of input"])
def test_it_waits_unless_somebody_says_otherwise(
    answer: str | None, edited: tuple[Story, Machine]
) -> None:
    story, machine = edited
    mine = machine.read("SOUL.md")
    talk = terminal(machine)
    if answer is None:
        talk.expect(_ASKED)
        talk.send("\x04")
    else:
        talk.answer(_ASKED, answer)
    assert talk.end() == 0, talk.text
    assert (machine.read("SOUL.md"), at_host(story)) == (mine, "Edited at the host.\n")


@pytest.mark.parametrize("words", [["-y"], ["--no-input"], ["--json"], ["-n"]])
def test_nothing_is_asked_of_nobody_and_a_yes_is_no_answer(
    words: list[str], edited: tuple[Story, Machine]
) -> None:
    story, machine = edited
    mine = machine.read("SOUL.md")
    talk = terminal(machine, *words)
    assert talk.end() == 0, talk.text
    assert _ASKED not in talk.text
    if words == ["--json"]:
        start = talk.text.index("{")
        assert json.JSONDecoder().raw_decode(talk.text, start)[0]["unsigned"] == ["SOUL.md"]
    assert (machine.read("SOUL.md"), at_host(story)) == (mine, "Edited at the host.\n")
