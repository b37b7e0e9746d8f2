"""The plugin of the agent's chats, in a stand-in for the agent's gateway: what it tells our program, and when."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hermes_dist import chat_plugin

ECHO = (
    "import json, os, sys; given = json.load(sys.stdin);"
    "print(json.dumps({'text': json.dumps({'given': given, 'env': dict(os.environ), 'words': sys.argv[1:]})}))"
)


@dataclass
class Source:
    """Where a message comes from, as the agent says."""

    platform: str = "telegram"
    chat_id: str = "7"
    chat_type: str = "dm"
    user_id: str | None = "7"
    is_bot: bool = False
    profile: str | None = None


@dataclass
class Event:
    """A message of the agent's gateway."""

    text: str
    source: Source = field(default_factory=Source)
    internal: bool = False


class Gateway:
    """What the agent's gateway does with a message: hooks for those of people, then commands.

    Args:
        program: The command line that answers.
    """

    def __init__(self, *program: str) -> None:
        self.hooks: list[Callable[..., Any]] = []
        self.answer: Callable[[str], Coroutine[Any, Any, str]] | None = None
        self.described = ""
        chat_plugin.register(self, program or (sys.executable, "-c", ECHO, "a b", "$HOME;x"))

    def register_hook(self, hook_name: str, callback: Callable[..., Any]) -> None:
        assert hook_name == "pre_gateway_dispatch"
        self.hooks.append(callback)

    def register_command(
        self,
        name: str,
        handler: Callable[[str], Coroutine[Any, Any, str]],
        description: str = "",
        args_hint: str = "",
    ) -> None:
        assert name == "dist"
        self.answer, self.described = handler, description + args_hint

    async def handle(self, event: Event, *, rewritten: str = "") -> str:
        if not event.internal:
            for hook in self.hooks:
                hook(event=event, gateway=self, session_store=None, more="later versions send more")
        text = rewritten or event.text
        word, _, args = text.partition(" ")
        if word.split("@")[0] != "/dist":
            return "for the model"
        assert self.answer is not None
        return await self.answer(args.strip())

    def speaker(self, *events: Event, rewritten: str = "") -> dict[str, Any]:
        """What our program hears about who typed the last message; all come in one task."""

        async def all_of_them() -> str:
            said = ""
            for event in events:
                said = await self.handle(event, rewritten=rewritten)
            return said

        said: dict[str, Any] = json.loads(asyncio.run(all_of_them()))["given"]["speaker"]
        return said


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_plugin.os, "isatty", lambda _fd: False)
    chat_plugin._TYPED.set(None)


def test_what_a_person_types_is_told_with_who_that_is() -> None:
    source = Source("discord", "-9", "group", "42", profile="coder")
    assert Gateway().speaker(Event("/dist status", source)) == {
        "platform": "discord",
        "person": "42",
        "chat": "-9",
        "kind": "group",
        "profile": "coder",
        "is_bot": False,
        "is_typed": True,
    }


@pytest.mark.parametrize(
    "text", ["/dist update", "/dist@my_bot update", "/DIST update", "/dist  update "]
)
def test_spellings_of_the_command(text: str) -> None:
    gateway = Gateway()
    assert gateway.speaker(Event(text), rewritten="/dist update")["is_typed"]


def test_a_phone_makes_one_dash_of_two() -> None:
    assert Gateway().speaker(Event("/dist x \u2014y 1\u20132"), rewritten="/dist x --y 1-2")[
        "is_typed"
    ]


def test_what_the_agent_writes_into_a_chat_was_typed_by_nobody() -> None:
    """The end of a background job, a plugin's message and a wake-up carry the person's own source."""
    assert "is_typed" not in Gateway().speaker(Event("/dist update", internal=True))


def test_a_text_that_became_another_on_the_way_was_not_typed() -> None:
    """A quick command, a skill or another plugin can turn a harmless word into one of ours."""
    for typed in ("hello", "/other", "/dist status", "/dist update 1234-5678 "):
        event = Event(typed)
        assert "is_typed" not in Gateway().speaker(event, rewritten="/dist update 1111-2222")


def test_what_was_typed_once_counts_once() -> None:
    gateway = Gateway()
    person, model = Event("/dist update 1234-5678"), Event("/dist update 1234-5678", internal=True)
    assert "is_typed" not in gateway.speaker(person, model)
    assert "is_typed" not in gateway.speaker(Event("hello"), model)


def test_what_was_typed_long_ago_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_plugin, "_FRESH", -1.0)
    assert Gateway().speaker(Event("/dist status")) == {}


def test_messages_at_the_same_moment_keep_their_people_apart() -> None:
    gateway = Gateway()

    async def both() -> list[str]:
        events = [Event("/dist status", Source(user_id=str(number))) for number in range(8)]
        return await asyncio.gather(*(asyncio.create_task(gateway.handle(e)) for e in events))

    heard = [json.loads(said)["given"]["speaker"]["person"] for said in asyncio.run(both())]
    assert heard == [str(number) for number in range(8)]


def test_nobody_starts_as_many_processes_as_they_like() -> None:
    gateway = Gateway()

    async def many() -> list[str]:
        events = [Event("/dist status") for _ in range(12)]
        return await asyncio.gather(*(asyncio.create_task(gateway.handle(e)) for e in events))

    said = asyncio.run(many())
    assert sum("answering others" in text for text in said) == 4
    assert "answering others" not in asyncio.run(gateway.handle(Event("/dist status")))


def test_the_agents_own_terminal_is_told_apart_from_a_chat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_plugin.os, "isatty", lambda fd: fd == 0)
    event = Event("/dist status", internal=True)
    assert Gateway().speaker(event) == {"is_terminal": True}
    monkeypatch.setenv("_HERMES_GATEWAY", "1")
    assert Gateway().speaker(event) == {"is_terminal": False}


def test_words_go_through_no_shell_and_the_agents_keys_stay_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("GIT_SSH_COMMAND", "evil")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/evil")
    monkeypatch.setenv("HERMES_YOLO_MODE", "1")
    monkeypatch.setenv("HERMES_HOME", "/h")
    text = "/dist approve $(touch x); `id` 'a\"b"
    said = json.loads(asyncio.run(Gateway().handle(Event(text))))
    assert said["words"] == ["a b", "$HOME;x"]
    assert said["given"]["text"] == text.removeprefix("/dist ")
    kept = set(said["env"])
    assert "HERMES_HOME" in kept
    assert not kept & {"OPENAI_API_KEY", "GIT_SSH_COMMAND", "LD_LIBRARY_PATH", "HERMES_YOLO_MODE"}


def test_a_program_that_is_gone_or_fails_is_said() -> None:
    event = Event("/dist status")
    assert "can't be started" in asyncio.run(Gateway("/nowhere/hermes-dist").handle(event))
    for code in ("raise SystemExit(3)", "print('no JSON')", "print('[]')"):
        said = asyncio.run(Gateway(sys.executable, "-c", code).handle(event))
        assert said.startswith("hermes-dist failed")


def test_a_program_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_plugin, "_PATIENCE", 0.3)
    gateway = Gateway(sys.executable, "-c", "import time; time.sleep(60)")
    assert "took too long" in asyncio.run(gateway.handle(Event("/dist update")))


def test_it_finds_the_program_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_plugin, "__file__", str(tmp_path / "__init__.py"))
    for text in ("", "{", "[]", '{"argv": 1}', '{"argv": []}'):
        (tmp_path / "program.json").write_text(text)
        assert chat_plugin._beside() == ()
    (tmp_path / "program.json").write_text('{"argv": ["/x", "y"]}')
    assert chat_plugin._beside() == ("/x", "y")


def test_an_agent_without_commands_in_chats_gets_none() -> None:
    chat_plugin.register(object(), ("x",))  # type: ignore[arg-type]
