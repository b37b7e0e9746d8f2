"""What a shell may complete at each place of a line."""

from __future__ import annotations

import pytest

from hermes_dist.decide.profiles.completion import SHELLS, Facts, agent_commands, complete

FACTS = Facts(
    verbs={
        "update": (),
        "install": (),
        "restore": (),
        "route": ("add", "list"),
        "gateways": ("status",),
        "completion": (),
    },
    agent=("chat", "gateway"),
    profiles=("default", "coder"),
    away=("old",),
    packages=("bot", "bee"),
    refs=lambda name: (f"{name}-v1", f"{name}-v2"),
    included=lambda name: (f"skills/{name}",),
    unnamed=lambda name: (f"skills/not-{name}", "run.sh"),
    options=lambda verb: tuple(f"--{word}" for word in verb),
    below=lambda command: (f"{command}-a",),
)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", ["update", "install", "restore", "route", "gateways", "completion"]),
        ("up", ["update"]),
        ("update ", ["default", "coder"]),
        ("update c", ["coder"]),
        ("update coder ", []),
        ("update coder --to ", ["coder-v1", "coder-v2"]),
        ("-p coder update --to ", ["coder-v1", "coder-v2"]),
        ("--profile=coder update . --to ", ["coder-v1", "coder-v2"]),
        ("update coder --include ", ["skills/not-coder", "run.sh"]),
        ("update coder --include run.sh --include s", ["skills/not-coder"]),
        ("-p coder update --exclude ", ["skills/coder"]),
        ("update --", ["--update"]),
        ("install b", ["bot", "bee"]),
        ("install bot ", []),
        ("install --clone-from ", ["default", "coder"]),
        ("restore ", ["old"]),
        ("route ", ["add", "list"]),
        ("route add --", ["--route", "--add"]),
        ("completion ", list(SHELLS)),
        ("-p ", ["default", "coder"]),
        ("--profile=d", ["--profile=default"]),
        ("nothing ", []),
    ],
)
def test_our_own_command_completes_our_verbs(line: str, found: list[str]) -> None:
    assert complete(line.split(" "), FACTS, ours=True) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", ["chat", "gateway", "profile", "gateways", "completion"]),
        ("-", ["-p", "--profile"]),
        ("chat ", ["chat-a"]),
        ("chat -", []),
        ("chat x ", []),
        ("gateway ", ["gateway-a", "route"]),
        ("gateways ", ["status"]),
        ("completion ", list(SHELLS)),
        ("completion bash ", []),
        ("profile up", ["update"]),
        ("profile update ", ["default", "coder"]),
        ("-p coder profile update --to ", ["coder-v1", "coder-v2"]),
    ],
)
def test_the_front_door_completes_the_agents_commands_and_ours_behind_profile(
    line: str, found: list[str]
) -> None:
    assert complete(line.split(" "), FACTS, ours=False) == found


def test_nothing_typed_is_an_empty_word_and_no_candidate_comes_twice() -> None:
    assert complete([], FACTS, ours=True) == list(FACTS.verbs)
    assert (
        complete(
            [""], Facts(verbs={}, agent=("profile", "profile"), profiles=()), ours=False
        ).count("profile")
        == 1
    )


def test_help_without_commands_has_none() -> None:
    assert agent_commands("usage: x [-h] {A, B}") == []
