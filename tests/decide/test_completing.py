"""What a shell may complete at each place of a line."""

from __future__ import annotations

import pytest

from hermes_dist.decide.profiles.completion import (
    Facts,
    Kind,
    Option,
    Word,
    agent_commands,
    complete,
)
from hermes_dist.decide.profiles.completion_scripts import SHELLS

VERBS = {
    "update": "Update it.",
    "install": "",
    "restore": "",
    "approve": "",
    "diff": "",
    "publish": "",
    "pack": "",
    "gateways": "All of them.",
    "gateways status": "How they are.",
    "gateway": "",
    "gateway route": "",
    "gateway route add": "",
    "gateway route list": "",
    "trust": "",
    "trust require": "",
    "trust add": "",
    "completion": "",
    "backup": "Make one, if no verb follows.",
    "backup make": "",
}


def values(kind: Kind, name: str) -> list[Word]:
    return [Word(f"{kind}-{name}" if name else str(kind), f"a {kind}")]


FACTS = Facts(
    verbs=VERBS,
    agent=("chat", "gateway"),
    profiles=(Word("default"), Word("coder", "bot 1.0.0")),
    values=values,
    options=lambda verb: {
        f"--{verb.split()[-1]}": Option("Its own."),
        "--to": Option("", takes_value=True),
        "--env": Option("", takes_value=True),
        "--yes": Option(),
    },
    below=lambda command: (f"{command}-a",),
)


def words(line: str, *, ours: bool = True) -> list[str]:
    return [each.word or "<files>" for each in complete(line.split(" "), FACTS, ours=ours)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", [name for name in VERBS if " " not in name]),
        ("up", ["update"]),
        ("update ", ["default", "coder"]),
        ("update c", ["coder"]),
        ("update coder ", []),
        ("update coder --to ", ["ref-coder"]),
        ("publish coder --to ", ["<files>"]),
        ("-p coder update --to ", ["ref-coder"]),
        ("--profile=coder update . --to ", ["ref-coder"]),
        ("update --to v1 c", ["coder"]),
        ("update --yes c", ["coder"]),
        ("update coder --include ", ["unnamed-coder"]),
        ("update coder --include run.sh --include u", ["unnamed-coder"]),
        ("-p coder update --exclude ", ["included-coder"]),
        ("update coder --conflict ", ["keep", "theirs", "ask", "abort"]),
        ("update coder --only so", ["soul"]),
        ("update coder --only soul,s", ["soul,skills"]),
        ("update --", ["--update", "--to", "--env", "--yes"]),
        ("approve ", ["default", "coder", "."]),
        ("approve coder ", ["thing-coder"]),
        ("approve . web ", ["thing"]),
        ("diff . ", ["path"]),
        ("diff . x ", []),
        ("diff coder --generations ", ["generations-coder"]),
        ("install ", ["<files>", "source"]),
        ("install bot ", []),
        ("install --registry=", ["--registry=registry"]),
        ("update --conflict=th", ["--conflict=theirs"]),
        ("update --env ", []),
        ("backup --output b", ["<files>"]),
        ("pack ", ["<files>", "default", "coder"]),
        ("trust add ", []),
        ("trust add ada ", ["<files>"]),
        ("install --clone-from ", ["default", "coder"]),
        ("restore ", ["away"]),
        ("gateway ", ["route"]),
        ("gateway route ", ["add", "list"]),
        ("gateway route add --a", ["--add"]),
        ("gateways status coder d", ["default"]),
        ("trust require coder c", ["commits"]),
        ("backup ", ["make", "default", "coder"]),
        ("backup c", ["coder"]),
        ("backup coder ", []),
        ("completion ", list(SHELLS)),
        ("-p ", ["default", "coder"]),
        ("--profile=d", ["--profile=default"]),
        ("nothing ", []),
    ],
)
def test_our_own_command_completes_our_verbs(line: str, found: list[str]) -> None:
    assert words(line) == found


def test_a_candidate_says_what_it_is() -> None:
    assert complete(["up"], FACTS, ours=True) == [Word("update", "Update it.")]
    assert complete(["update", "c"], FACTS, ours=True) == [Word("coder", "bot 1.0.0")]
    assert complete(["gateways", ""], FACTS, ours=True) == [Word("status", "How they are.")]
    assert complete(["update", "--up"], FACTS, ours=True) == [Word("--update", "Its own.")]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", ["chat", "gateway", "profile", "gateways", "completion"]),
        ("-", ["-p", "--profile"]),
        ("chat ", ["chat-a", "<files>"]),
        ("chat -", []),
        ("chat x ", ["<files>"]),
        ("gateway ", ["gateway-a", "route", "<files>"]),
        ("gateways ", ["status"]),
        ("completion ", list(SHELLS)),
        ("completion bash ", []),
        ("profile up", ["update"]),
        ("profile update ", ["default", "coder"]),
        ("-p coder profile update --to ", ["ref-coder"]),
    ],
)
def test_the_front_door_completes_the_agents_commands_and_ours_behind_profile(
    line: str, found: list[str]
) -> None:
    assert words(line, ours=False) == found


def test_nothing_typed_is_an_empty_word_and_no_candidate_comes_twice() -> None:
    assert complete([], FACTS, ours=True) == complete([""], FACTS, ours=True)
    twice = Facts(verbs={}, agent=("profile", "profile"), profiles=())
    assert [each.word for each in complete([""], twice, ours=False)].count("profile") == 1


def test_help_without_commands_has_none() -> None:
    assert agent_commands("usage: x [-h] {A, B}") == []
