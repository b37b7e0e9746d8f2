"""What a command says, as text for a chat instead of a terminal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stderr
from io import StringIO

from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.ops.context import Context


def captured(ctx: Context, show: Callable[[Session], object]) -> str:
    """Return what a command shows, without colours and without asking anything.

    Args:
        ctx: The context.
        show: Shows it with the session that it gets.
    """
    kept: list[str] = []
    screen = Screen(
        colour=False, show_progress=False, ask=False, pager=False, spelled=ctx.command
    ).keeping(kept)
    beside = StringIO()
    with redirect_stderr(beside):  # warnings
        show(Session(ctx, screen, ctx.brand))
    return "".join(kept) + beside.getvalue()
