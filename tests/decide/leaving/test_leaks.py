"""What must not leave a machine, and how its user allows what is harmless."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.leaving.leaks import (
    Private,
    find_leaks,
    memory_lines,
    not_allowed,
    refuse_leaks,
    refuse_words,
)
from hermes_dist.errors import Refused, UsageError
from hermes_dist.model.tree import EMPTY

UNCLEAR = Private(unclear={"sunny-day-99": "WIFI_CODE", "zebra-4471": "ACCOUNT"})


def test_memories_are_known_by_lines_long_enough_however_they_are_set() -> None:
    lines = memory_lines(["- The user lives in Lisbon with two cats.\nshort\n"])
    assert lines == {"the user lives in lisbon with two cats"}
    shelf = Shelf()
    tree = shelf.tree({"SOUL.md": "one\n  * THE user   lives in Lisbon with two cats. \nshort\n"})
    (leak,) = find_leaks(tree, EMPTY, shelf.read, Private(memories=lines))
    assert (leak.path, leak.line, leak.kind) == ("SOUL.md", 2, "a line of the agent's memories")


@pytest.mark.parametrize(
    "line",
    [
        "Ann has cancer, stage 2.",
        "Salary: 84,500 EUR",
        "Wife: Eva, born 4.5.1990",
        "Ann is pregnant",
        "§ Ann has cancer, stage 2.",
        "Likes tea. Ann has cancer, stage 2. Sleeps late.",
    ],
)
@pytest.mark.parametrize(
    "written", ["{}\n", "- {}\n", "> {}", "  * {}  \n", '"{}"', "Hi there. {} Bye now."]
)
def test_a_short_line_of_memories_stops_as_a_line_or_a_sentence(line: str, written: str) -> None:
    shelf = Shelf()
    said = line.removeprefix("§ ").removeprefix("Likes tea. ").removesuffix(" Sleeps late.")
    said = said if said.endswith(".") else f"{said}."
    tree = shelf.tree({"skills/a/SKILL.md": "One.\n" + written.format(said)})
    (leak,) = find_leaks(tree, EMPTY, shelf.read, Private(memories=memory_lines([line + "\n"])))
    assert (leak.line, leak.kind) == (2, "a line of the agent's memories")


@pytest.mark.parametrize(
    "line",
    [
        "# About the user of it",
        "About the user:",
        "**Notes on Ann:**",
        "Preferences",
        "ok",
        "Be kind.",
    ],
)
def test_a_heading_or_a_word_of_memories_stops_nothing(line: str) -> None:
    shelf = Shelf()
    tree = shelf.tree({"SOUL.md": f"One.\n{line}\n"})
    assert not find_leaks(tree, EMPTY, shelf.read, Private(memories=memory_lines([line])))


def test_secrets_places_and_machine_files_stop_what_is_new_and_not_what_is_there_already() -> None:
    shelf = Shelf()
    tree = shelf.tree(
        {
            "a.md": "x\nsee /srv/people/ada/x\n",
            "b.md": "open-sesame-please\n",
            "sessions/1.json": "{}",
        }
    )
    private = Private(secrets=frozenset(["open-sesame-please"]), home="/srv/people/ada")
    found = [(str(leak.path), leak.line) for leak in find_leaks(tree, EMPTY, shelf.read, private)]
    assert found == [("a.md", 2), ("b.md", 1), ("sessions/1.json", 0)]
    assert find_leaks(tree, tree, shelf.read, private) == []
    assert "sesame" not in repr(private)


def test_a_secret_in_the_name_of_a_file_stops_it_and_can_be_allowed() -> None:
    shelf = Shelf()
    name = "skills/for-open-sesame-please/SKILL.md"
    tree = shelf.tree({name: "x\n", "skills/open/SKILL.md": "x\n"})
    leaks = find_leaks(tree, EMPTY, shelf.read, Private(secrets=frozenset(["open-sesame-please"])))
    assert [str(leak) for leak in leaks] == [f"{name}:0: a secret of this machine, in its name"]
    assert not_allowed(leaks, [f"{name}:0"]) == []
    # Everybody can read the name already.
    edited = shelf.tree({name: "y\n", "skills/open/SKILL.md": "x\n"})
    private = Private(secrets=frozenset(["open-sesame-please"]))
    assert find_leaks(edited, tree, shelf.read, private) == []


def test_findings_are_allowed_by_their_place_and_by_no_other() -> None:
    shelf = Shelf()
    leaks = find_leaks(
        shelf.tree({"a.md": "/home/ada/x\n/home/ada/y\n"}), EMPTY, shelf.read, Private()
    )
    assert [leak.line for leak in not_allowed(leaks, ["a.md:1"])] == [2]
    with pytest.raises(UsageError, match=r"'a\.md:3': nothing was found there"):
        not_allowed(leaks, ["a.md:1", "a.md:3"])


def test_a_value_that_may_be_a_secret_is_a_finding_with_its_variable() -> None:
    shelf = Shelf()
    tree = shelf.tree(
        {
            "SOUL.md": "a\nUse sunny-day-99 there.\nsunny-day-99\n",
            "skills/zebra-4471/SKILL.md": "c3VubnktZGF5LTk5\n",
        }
    )
    leaks = find_leaks(tree, EMPTY, shelf.read, UNCLEAR)
    told = "of WIFI_CODE in .env, which may be a secret"
    assert [str(leak) for leak in leaks] == [
        f"SOUL.md:2: the value {told}",
        f"SOUL.md:3: the value {told}",
        "skills/zebra-4471/SKILL.md:0: the value of ACCOUNT in .env, which may be a secret, in its name",
        f"skills/zebra-4471/SKILL.md:1: the value {told}",
    ]
    assert {leak.line for leak in not_allowed(leaks, ["WIFI_CODE"])} == {0}
    assert len(not_allowed(leaks, ["SOUL.md:3"])) == 3
    with pytest.raises(Refused, match=r"SOUL\.md:2: the value of WIFI_CODE") as caught:
        refuse_leaks(leaks, ["ACCOUNT"])
    assert "--allow-finding WIFI_CODE" in caught.value.hint
    refuse_leaks(leaks, ["ACCOUNT", "WIFI_CODE"])
    with pytest.raises(UsageError, match="nothing was found there"):
        refuse_leaks(leaks, ["LICENCE"])


def test_what_may_be_a_secret_is_none_if_others_have_it() -> None:
    shelf = Shelf()
    tree = shelf.tree({"SOUL.md": "sunny-day-99 zebra-4471\n", "b.md": "x"})
    theirs = shelf.tree({"b.md": "sunny-day-99 is public\n"})
    for leaks in (
        find_leaks(tree, theirs, shelf.read, UNCLEAR),
        find_leaks(tree, EMPTY, shelf.read, UNCLEAR, theirs),
    ):
        assert [leak.variable for leak in leaks] == ["ACCOUNT"]
    known = Private(secrets=frozenset(["sunny-day-99"]))
    assert find_leaks(tree, theirs, shelf.read, known)


def test_each_value_of_a_variable_may_be_a_secret_by_itself() -> None:
    # A list of ids, or the same variable in the default profile.
    shelf = Shelf()
    private = Private(unclear={"81234567": "ALLOWED_USERS", "97654321": "ALLOWED_USERS"})
    tree = shelf.tree({"SOUL.md": "ask 81234567\nor 97654321\n"})
    theirs = shelf.tree({"b.md": "81234567 is the author\n"})
    for leaks in (
        find_leaks(tree, theirs, shelf.read, private),
        find_leaks(tree, EMPTY, shelf.read, private, theirs),
    ):
        assert [(leak.line, leak.variable) for leak in leaks] == [(2, "ALLOWED_USERS")]


def test_words_beside_the_files_are_searched_for_it_too() -> None:
    with pytest.raises(Refused, match="line 1 of --message: the value of ACCOUNT"):
        refuse_words({"--message": "for zebra-4471"}, UNCLEAR)
    refuse_words({"--message": "for zebra-4471"}, UNCLEAR, ["ACCOUNT"])
