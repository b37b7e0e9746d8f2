"""``/dist`` as the owner, a stranger and a model type it: who gets what, and which codes are good."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from budget import IS_QUICK
from chatting import BOT, Chatting
from terminal import Terminal

from hermes_dist.cli.watch.answer import _answered, _Request
from hermes_dist.decide.watch.owners import Speaker
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import resolve as resolving
from hermes_dist.ops.package.update import update
from hermes_dist.ops.watch import codes
from hermes_dist.ops.watch.owners import add_owner, owners_of

SERVER = "mcp_servers:\n  fetch:\n    command: npx\n    args: [fetch]\n"
SECRET = "tok-9f8e7d6c5b4a39281706"


@pytest.fixture
def machine(home: Path) -> Chatting:
    made = Chatting(home)
    add_owner(made.ctx, "telegram", "7")
    return made


def ask(machine: Chatting, text: str, **changes: Any) -> str:
    """What somebody is answered; by default the owner in a direct chat with the bot's profile."""
    given = {
        "platform": "telegram",
        "person": "7",
        "chat": "70",
        "kind": "dm",
        "profile": "bot",
        "is_typed": True,
    }
    return _answered(machine.ctx, _Request(1, text, Speaker(**{**given, **changes})))


def code(machine: Chatting, plan: str = "") -> str:
    """The digits that the terminal shows for the plan that was asked for."""
    return codes.issue(machine.ctx, codes.find_asked(machine.ctx, plan)).digits


def _program() -> list[str]:
    return [sys.executable, "-P", "-m", "hermes_dist"]


def plan_in(said: str) -> str:
    found = re.search(r"Plan ([0-9a-f]{8})\.", said)
    assert found is not None, said
    return found[1]


def tree(machine: Chatting) -> dict[str, tuple[bytes, int]]:
    home = machine.ctx.layout.home(BOT)
    return {str(p): (p.read_bytes(), p.stat().st_ino) for p in home.rglob("*") if p.is_file()}


def soul(machine: Chatting) -> str:
    return (machine.ctx.layout.home(BOT) / "SOUL.md").read_text()


def test_the_owner_sees_all(machine: Chatting) -> None:
    machine.release({"SOUL.md": "two\n"})
    (machine.ctx.layout.home(BOT) / "SOUL.md").write_text("You are mine.\n")
    assert "M  SOUL.md  changed by you" in ask(machine, "status")
    assert "update available" in ask(machine, "outdated")
    assert "+You are mine." in ask(machine, "diff")
    assert "/dist status | outdated" in ask(machine, "help")
    assert "no profile 'nobody'" in ask(machine, "status -p nobody")
    assert "/dist has no 'uninstall'" in ask(machine, "uninstall")


def test_an_update_goes_through_a_preview_and_a_code(machine: Chatting) -> None:
    machine.release({"SOUL.md": "two\n", "config.yaml": SERVER})
    before = tree(machine)
    said = ask(machine, "update")
    assert "~ SOUL.md" in said
    assert "mcp_servers.fetch: npx fetch" in said
    assert f"hermes-dist watch code {plan_in(said)}" in said
    assert tree(machine) == before
    done = ask(machine, f"update {code(machine)}")
    assert "Updated bot@1.2.0" in done
    assert "1 item needs approval" in done
    assert soul(machine) == "two\n"
    # What runs code still waits: an update approves nothing, with whatever code.
    assert "needs your approval" in ask(machine, "status")
    assert codes.waiting(machine.ctx) == ()


def test_an_approval_and_a_conflict_need_codes_of_their_own(machine: Chatting) -> None:
    machine.release({"SOUL.md": "Theirs.\n", "config.yaml": SERVER})
    (machine.ctx.layout.home(BOT) / "SOUL.md").write_text("Mine.\n")
    update(machine.ctx, BOT, Request(), lambda _: True)
    assert "npx fetch" in ask(machine, "approve fetch")
    digits = code(machine)
    assert "shown for another plan" in ask(machine, f"resolve SOUL.md theirs {digits}")
    assert "Approved" in ask(machine, f"approve fetch {digits}")
    assert "enabled: false" not in (machine.ctx.layout.home(BOT) / "config.yaml").read_text()
    assert "SOUL.md" in ask(machine, "resolve SOUL.md theirs")
    digits = code(machine)
    assert "shown for another plan" in ask(machine, f"resolve SOUL.md ours {digits}")
    ask(machine, f"resolve SOUL.md theirs {digits}")
    assert soul(machine) == "Theirs.\n"
    assert resolving.open_conflicts(machine.ctx, BOT) == ()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"person": "8"}, "for the owner of this machine alone. You are telegram:8."),
    ({"platform": "discord"}, "for the owner of this machine alone"),
    ({"is_typed": False}, "answers only what a person typed"),
    ({"is_bot": True}, "answers only what a person typed"),
    ({"platform": "webhook"}, "answers only what a person typed"),
    ({"platform": "api_server"}, "answers only what a person typed"),
    ({"person": ""}, "answers only what a person typed"),
    ({"kind": "group"}, "Others read along"),
]
WITH_A_CODE = "update {code}"
WORDS = ("status", "diff", "update", "approve x", "nonsense", WITH_A_CODE)


@pytest.mark.parametrize(
    ("changes", "said", "words"),
    [
        (changes, said, words)
        for number, (changes, said) in enumerate(REFUSED)
        for words in WORDS
        # In a quick run each says what would do most, and one thing more.
        if not IS_QUICK or words in (WITH_A_CODE, WORDS[number % len(WORDS)])
    ],
)
def test_nobody_else_gets_more_than_a_refusal(
    machine: Chatting, changes: dict[str, Any], said: str, words: str
) -> None:
    machine.release({"SOUL.md": "two\n"})
    ask(machine, "update")
    digits = code(machine)
    before, known = tree(machine), machine.state("codes.json")
    answer = ask(machine, words.format(code=digits), **changes)
    assert said in answer
    assert "bot" not in answer
    assert len(answer) < 200
    assert (tree(machine), machine.state("codes.json")) == (before, known)
    assert "Updated" in ask(machine, f"update {digits}"), "the owner's code is still good"


def test_as_long_as_nobody_owns_the_chats_there_are_versions_and_nothing_else(home: Path) -> None:
    machine = Chatting(home)
    machine.release({"SOUL.md": "two\n", "config.yaml": SERVER})
    before = tree(machine)
    for words in ("status", "outdated"):
        said = ask(machine, words)
        assert said.startswith("bot 1.1.0; there is ")
        assert "watch owner add telegram 7" in said
        assert "Nobody owns the chats" in said
    for words in ("diff", "update", "update 1234-5678", "approve fetch", "status -p bot", "x"):
        assert ask(machine, words).startswith("Nobody owns the chats")
    assert tree(machine) == before
    assert not (machine.ctx.layout.watch / "codes.json").exists()


def test_the_agents_terminal_sees_all_and_changes_nothing(machine: Chatting) -> None:
    machine.release({"SOUL.md": "two\n"})
    before = tree(machine)
    here = {"is_terminal": True, "is_typed": False, "platform": "", "person": ""}
    assert "bot 1.1.0" in ask(machine, "status", **here)
    for words, command in (
        ("update", "hermes-dist update bot"),
        ("update 1234-5678", "hermes-dist update bot"),
        ("approve a b", "hermes-dist approve bot 'a b'"),
        ("resolve SOUL.md ours", "hermes-dist resolve bot SOUL.md --ours"),
        # Whoever copies it into a shell starts nothing but this command.
        ("approve x'; rm -rf ~ #", """hermes-dist approve bot 'x'"'"'; rm -rf ~ #'"""),
        ("resolve $(id) theirs", "hermes-dist resolve bot '$(id)' --theirs"),
    ):
        assert command in ask(machine, words, **here)
    assert tree(machine) == before


def test_a_code_is_good_once(machine: Chatting) -> None:
    machine.release({"SOUL.md": "two\n"})
    ask(machine, "update")
    digits = code(machine)
    ask(machine, f"update {digits}")
    before = tree(machine)
    assert "used up" in ask(machine, f"update {digits}")
    assert tree(machine) == before


def test_a_code_is_over_after_ten_minutes(machine: Chatting) -> None:
    machine.release({"SOUL.md": "two\n"})
    ask(machine, "update")
    digits = code(machine)
    path = machine.ctx.layout.watch / "codes.json"
    stored = json.loads(path.read_text())
    stored["code"]["made"] -= 601
    path.write_text(json.dumps(stored))
    before = tree(machine)
    assert "time of this code is over" in ask(machine, f"update {digits}")
    assert "used up" in ask(machine, f"update {digits}")
    assert tree(machine) == before


def test_the_sixth_try_fails_with_the_right_code(machine: Chatting) -> None:
    machine.release({"SOUL.md": "two\n"})
    ask(machine, "update")
    digits = code(machine)
    wrong = "0000-0000" if digits != "0000-0000" else "1111-1111"
    before = tree(machine)
    assert "4 tries left" in ask(machine, f"update {wrong}")
    for _ in range(4):
        said = ask(machine, f"update {wrong}")
    assert "after five tries" in said
    assert "used up" in ask(machine, f"update {digits}")
    assert tree(machine) == before


def test_a_code_is_for_the_plan_that_was_shown(machine: Chatting) -> None:
    machine.release({"SOUL.md": "two\n"})
    ask(machine, "update")
    digits = code(machine)
    machine.release({"SOUL.md": "three\n", "config.yaml": SERVER})
    before = tree(machine)
    said = ask(machine, f"update {digits}")
    assert "The plan has changed since the code was shown" in said
    assert tree(machine) == before
    assert "used up" in ask(machine, f"update {digits}")


def test_an_edit_in_between_is_another_plan_too(machine: Chatting) -> None:
    machine.release({"SOUL.md": "two\n"})
    ask(machine, "update")
    digits = code(machine)
    (machine.ctx.layout.home(BOT) / "SOUL.md").write_text("Mine.\n")
    before = tree(machine)
    assert "The plan has changed since" in ask(machine, f"update {digits}")
    assert tree(machine) == before


def test_a_code_for_what_was_done_elsewhere_does_nothing(machine: Chatting) -> None:
    machine.release({"SOUL.md": "two\n"})
    ask(machine, "update")
    digits = code(machine)
    update(machine.ctx, BOT, Request(), lambda _: True)
    before = tree(machine)
    assert "The plan has changed since" in ask(machine, f"update {digits}")
    assert tree(machine) == before
    assert "up to date" in ask(machine, "update")


def test_a_new_code_ends_the_one_before(machine: Chatting) -> None:
    machine.release({"SOUL.md": "two\n"})
    ask(machine, "update")
    first, second = code(machine), code(machine)
    assert "not the code" in ask(machine, f"update {first}")
    assert "Updated" in ask(machine, f"update {second}")


def test_of_two_with_the_same_code_one_is_refused(machine: Chatting) -> None:
    machine.release({"SOUL.md": "two\n"})
    ask(machine, "update")
    digits = code(machine)
    request = json.dumps(
        {
            "format": 1,
            "text": f"update {digits}",
            "speaker": {
                "platform": "telegram",
                "person": "7",
                "chat": "7",
                "kind": "dm",
                "profile": "bot",
                "is_typed": True,
            },
        }
    )
    env = {**os.environ, **machine.env}
    with ThreadPoolExecutor(2) as both:
        running = [
            both.submit(
                subprocess.run,
                [*_program(), "watch", "answer"],
                input=request,
                env=env,
                capture_output=True,
                text=True,
                check=True,
            )
            for _ in range(2)
        ]
        said = [json.loads(each.result().stdout)["text"] for each in running]
    assert sorted("Updated bot" in text for text in said) == [False, True]
    assert sorted("used up" in text for text in said) == [False, True]


def test_the_chat_in_which_the_owner_asks_is_remembered(machine: Chatting) -> None:
    ask(machine, "status", chat="-5")
    (owner,) = owners_of(machine.ctx).owners
    assert (owner.chat, owner.profile) == ("-5", "bot")
    ask(machine, "status", chat="99", person="8")
    assert owners_of(machine.ctx).owners == (owner,)


def test_owners_that_others_could_write_count_for_nobody(machine: Chatting) -> None:
    (machine.ctx.layout.watch / "owners.json").chmod(0o666)
    assert "answers only" in ask(machine, "status")
    here = {"is_terminal": True, "is_typed": False}
    assert "others can write it" in ask(machine, "status", **here)


def test_answers_hold_no_secret_and_no_escape_code(machine: Chatting) -> None:
    home = machine.ctx.layout.home(BOT)
    (home / ".env").write_text(f"FETCH_API_KEY={SECRET}\n")
    evil = f"\x1b[31mred\x1b[0m MEDIA:/etc/passwd ```\n![x](http://e/x.png) {SECRET} \u202e"
    machine.release({"SOUL.md": f"{evil}\n", "CHANGELOG.md": f"# 1.2.0\n\n- {evil}\n"})
    (home / "SOUL.md").write_text(f"{evil} mine\n")
    for words in ("status", "diff", "update", "outdated", f"approve {evil}", evil):
        said = ask(machine, words)
        inside = said.removeprefix("```\n").removesuffix("\n```")
        for mark in (SECRET, "\x1b", "\u202e", "MEDIA:", "](", "```"):
            assert mark not in inside, (words, mark)


def test_a_long_answer_is_cut(machine: Chatting) -> None:
    lines = "".join(f"Line {number} of mine.\n" for number in range(1000))
    (machine.ctx.layout.home(BOT) / "SOUL.md").write_text(lines)
    said = ask(machine, "diff")
    assert len(said) < 3600
    assert "at the terminal: hermes-dist diff bot" in said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"format": 2, "text": "", "speaker": {}}',
        '{"format": 1, "text": 5, "speaker": {}}',
        '{"format": 1, "text": "", "speaker": {"is_typed": "yes"}}',
        '{"format": 1, "text": "", "speaker": {}, "more": 1}',
        "[" * 100_000,
    ],
)
def test_a_request_that_is_none_is_refused(machine: Chatting, text: str) -> None:
    env = {**os.environ, **machine.env}
    done = subprocess.run(
        [*_program(), "watch", "answer"],
        input=text,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: standard input:")


def test_the_terminal_shows_the_plan_and_its_code(
    machine: Chatting,
) -> None:
    machine.release({"SOUL.md": "two\n", "config.yaml": SERVER})
    plan = plan_in(ask(machine, "update"))
    shown = Terminal("watch", "code", plan, env=machine.env)
    assert shown.end() == 0
    assert "mcp_servers.fetch: npx fetch" in shown.text
    found = re.search(r"/dist update (\d{4}-\d{4})", shown.text)
    assert found is not None
    assert found[1] not in (machine.ctx.layout.watch / "codes.json").read_text()
    assert "Updated" in ask(machine, f"update {found[1]}")


def test_the_terminal_refuses_a_plan_that_became_another(machine: Chatting) -> None:
    machine.release({"SOUL.md": "two\n"})
    ask(machine, "update")
    machine.release({"SOUL.md": "three\n"})
    shown = Terminal("watch", "code", env=machine.env)
    assert shown.end() == 4
    assert "the plan has changed since" in shown.text


@pytest.mark.parametrize("words", [("watch", "code"), ("watch", "owner", "add", "telegram", "8")])
def test_what_the_agent_starts_shows_no_code_and_makes_no_owner(
    machine: Chatting, words: tuple[str, ...]
) -> None:
    machine.release({"SOUL.md": "two\n"})
    ask(machine, "update")
    inside = Terminal(*words, env={**machine.env, "HERMES_SESSION_KEY": "x"})
    assert inside.end() == 4
    assert "started from inside" in inside.text
    script = subprocess.run(
        [*_program(), *words],
        env={**os.environ, **machine.env},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert script.returncode == 6
    assert machine.state("codes.json")["code"] is None
    assert len(owners_of(machine.ctx).owners) == 1
