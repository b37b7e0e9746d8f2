"""The agent's plugin ``dist``: our command line as ``hermes dist VERB …`` in its environment, and ``/dist`` in chats.

The agent imports this module in every session where the plugin is enabled, so it imports nothing of ours.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any, Protocol

NAME = "dist"
_ROUTE = ["gateway", "route"]


class Context(Protocol):
    """What the agent hands to a plugin, as far as it is used here."""

    def register_command(
        self, name: str, handler: Callable[..., Any], description: str = "", args_hint: str = ""
    ) -> object:
        """Add a command to the agent's chats."""

    def register_hook(self, hook_name: str, callback: Callable[..., Any]) -> object:
        """Have a function called at a certain moment."""

    def register_cli_command(
        self,
        name: str,
        help: str,  # noqa: A002 - the agent's own word
        setup_fn: Callable[[argparse.ArgumentParser], None],
        handler_fn: Callable[[argparse.Namespace], None] | None = None,
        description: str = "",
    ) -> None: ...


def register(ctx: Context) -> None:
    """Add the command ``dist`` to the agent's command line; the agent calls this once."""
    ctx.register_cli_command(
        NAME,
        help="Install and update profiles as versioned packages (hermes-dist)",
        setup_fn=_setup,
        handler_fn=_handle,
    )
    from hermes_dist import chat_plugin  # noqa: PLC0415 - importing the plugin loads nothing of ours

    chat_plugin.register(ctx, (sys.executable, "-P", "-m", "hermes_dist", "watch", "answer"))


def _setup(parser: argparse.ArgumentParser) -> None:
    """Let the whole rest of the line through, ``--help`` and other flags too."""
    parser.prefix_chars = "\0"  # so that no word of the rest looks like an option of this parser
    parser.add_argument("rest", nargs=argparse.REMAINDER)


def _handle(args: argparse.Namespace) -> None:
    """Run the command line; the agent drops a handler's result, so the exit code is raised."""
    from hermes_dist.cli.entry.start import in_agent  # noqa: PLC0415 - start-up

    rest: list[str] = args.rest
    if rest[:2] == _ROUTE:
        rest = _as_typed(sys.orig_argv, rest)
    raise SystemExit(in_agent(rest, NAME))


def _as_typed(typed: list[str], rest: list[str]) -> list[str]:
    """Return the rest of the line with the ``--profile`` that the agent took for itself.

    In ``gateway route`` that option is the route's own.
    """
    words = [NAME, *_ROUTE]
    for at in range(len(typed) - len(words) + 1):
        if typed[at : at + len(words)] == words:
            return typed[at + 1 :]
    return rest
