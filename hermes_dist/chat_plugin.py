"""``/dist`` in the agent's chats: hands what a person typed to hermes-dist, and its answer back.

This file also stands alone, in the plugin folder that ``watch chat install`` makes: it imports nothing of ours, and
decides nothing. It tells who typed what, as far as the agent says so, and our program decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol

COMMAND = "dist"
HOOK = "pre_gateway_dispatch"
"""The agent calls it with each message of a person, before it does anything with it, and never with its own texts."""

_PROGRAM = "program.json"
_PATIENCE = 600.0
_GRACE = 10.0
_AT_ONCE = 8
_FRESH = 60.0
_LARGEST = 1 << 20
_PASSED_ON = frozenset(
    {
        "HOME",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "LANG",
        "LC_ALL",
        "LOGNAME",
        "NO_PROXY",
        "PATH",
        "SSH_AUTH_SOCK",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TMPDIR",
        "TZ",
        "USER",
        "XDG_CONFIG_HOME",
        "XDG_RUNTIME_DIR",
        "https_proxy",
        "http_proxy",
        "no_proxy",
    }
)
_OURS = ("_HOME", "_AGENT_BIN", "_DIST_SERVICES")
"""Endings of the agent's and our own variables that say where things are. The agent's environment also holds keys, and
whatever its settings put there: none of that is passed on."""


class Context(Protocol):
    """What the agent hands to a plugin, as far as it is used here."""

    def register_command(
        self, name: str, handler: Callable[..., Any], description: str = "", args_hint: str = ""
    ) -> object:
        """Add a command to the agent's chats."""

    def register_hook(self, hook_name: str, callback: Callable[..., Any]) -> object:
        """Have a function called at a certain moment."""


class _Typed:
    """A command that a person typed.

    Attributes:
        args: The words behind it, as the agent hands them to a command.
        source: Who typed it where, as the agent says.
        at: When.
        used: Whether it was carried out.
    """

    def __init__(self, args: str, source: object) -> None:
        self.args = args
        self.source = source
        self.at = time.monotonic()
        self.used = False


_TYPED: ContextVar[_Typed | None] = ContextVar("hermes_dist_typed", default=None)
"""The command in the message that this task is about; other messages have tasks of their own."""


def register(ctx: Context, program: Sequence[str] = ()) -> None:
    """Add ``/dist`` to the agent's chats; the agent calls this once.

    Args:
        ctx: The agent's.
        program: The command line that answers; by default the one that stands beside this file.
    """
    argv = tuple(program) or _beside()
    if not argv or not (hasattr(ctx, "register_command") and hasattr(ctx, "register_hook")):
        return

    running: set[object] = set()

    async def answer(args: str = "") -> str:
        # Each answer is a process: nobody may start as many as they like.
        if len(running) >= _AT_ONCE:
            return "hermes-dist is answering others. Try again in a moment."
        token = object()
        running.add(token)
        try:
            return await _answer(argv, args)
        finally:
            running.discard(token)

    ctx.register_hook(HOOK, heard)
    ctx.register_command(
        COMMAND,
        answer,
        description="Packages of this profile: status, updates, approvals (hermes-dist)",
        args_hint="status | outdated | diff | update | approve | resolve",
    )


def _beside() -> tuple[str, ...]:
    try:
        found = json.loads(Path(__file__).with_name(_PROGRAM).read_bytes())
        return tuple(map(str, found["argv"]))
    except (OSError, ValueError, TypeError, KeyError):
        return ()


def heard(event: object = None, **_: object) -> None:
    """Remember a command that a person typed, until this very command is carried out."""
    _TYPED.set(None)
    text = getattr(event, "text", None)
    if not isinstance(text, str) or getattr(event, "internal", False):
        return
    first, _space, _rest = text.partition(" ")
    name = first.split("@", 1)[0].split("\n", 1)[0].strip().lower()
    if name == f"/{COMMAND}":
        _TYPED.set(_Typed(_args(text), getattr(event, "source", None)))


def _args(text: str) -> str:
    """The words behind a command, with the dashes that a phone made of two."""
    parts = text.split(maxsplit=1)
    words = parts[1] if len(parts) > 1 else ""
    return _dashes(words).strip()


def _dashes(words: str) -> str:
    return words.replace("\u2014\u2014", "--").replace("\u2014", "--").replace("\u2013", "-")


def _speaker(args: str) -> Mapping[str, object]:
    """Who typed these words; nobody, if the agent did not receive exactly them from a person."""
    typed = _TYPED.get()
    if typed is None or typed.used or typed.args != _dashes(args).strip():
        return {"is_terminal": typed is None and _is_terminal()}
    if time.monotonic() - typed.at > _FRESH:
        return {}
    typed.used = True
    source = typed.source

    def word(name: str) -> str:
        value = getattr(source, name, None)
        return "" if value is None else str(getattr(value, "value", value))

    return {
        "platform": word("platform"),
        "person": word("user_id"),
        "chat": word("chat_id"),
        "kind": word("chat_type"),
        "profile": word("profile"),
        "is_bot": bool(getattr(source, "is_bot", False)),
        "is_typed": True,
    }


def _is_terminal() -> bool:
    """Whether the agent talks to somebody on its own terminal, and to no chat."""
    if any(name.startswith("_") and name.endswith("_GATEWAY") for name in os.environ):
        return False
    return os.isatty(0)


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or (name.isupper() and name.endswith(_OURS))
    }


async def _answer(argv: Sequence[str], args: str) -> str:
    """Start our program for these words, without a shell, and return what it answers."""
    request = json.dumps({"format": 1, "text": str(args), "speaker": _speaker(str(args))})
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(),
            cwd="/",
            start_new_session=True,
            limit=_LARGEST,
        )
    except OSError as error:
        return f"hermes-dist can't be started: {error.strerror}. At the terminal: hermes-dist watch chat install"
    try:
        out, _err = await asyncio.wait_for(process.communicate(request.encode()), _PATIENCE)
    except TimeoutError:
        # A change that has begun goes on to its end, or is taken back by the next command.
        await _end(process)
        return "hermes-dist took too long and was stopped. /dist status says how things stand."
    return _text(out) or "hermes-dist failed. At the terminal: hermes-dist status"


async def _end(process: asyncio.subprocess.Process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(OSError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.communicate(), _GRACE)
            return


def _text(out: bytes) -> str:
    try:
        found = json.loads(out)
        return str(found["text"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


__all__ = ["COMMAND", "HOOK", "Context", "heard", "register"]
