"""The command ``ui``: the page for this machine, in a browser."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Callable
from typing import Annotated

import typer

from hermes_dist.cli.shared.command import command
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import DistError
from hermes_dist.installer import adds
from hermes_dist.ops.context import Context, Progress
from hermes_dist.ops.peers import owners_of
from hermes_dist.voice.front_door_json import ui_data

_missing = ""
try:  # the libraries of the server are those of the extra ``ui``
    from hermes_dist.page.server.run import Address, serve
except ModuleNotFoundError as error:
    _missing = error.name or "starlette"

Contexts = Callable[[Progress], Context]
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


@command
def ui(
    session: Session,
    port: Annotated[
        int, typer.Option("--port", metavar="N", help="The port; by default any that is free.")
    ] = 0,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Do not open a browser; only show the address.")
    ] = False,
) -> int:
    if _missing:
        raise DistError(
            f"the page needs the package {_missing}, which is not installed",
            hint=f"install it with: {adds('ui')}",
        )
    ctx = session.ctx
    shows = {"profile": str(ctx.active())} if ctx.chosen else {}

    def ready(address: Address) -> None:
        screen = session.screen
        screen.emit("ui", ui_data(address.shown, address.port))
        screen.say(f"The page is at {address.shown}", whole=True)
        screen.tell("Whoever has this address can use it on this machine. Ctrl-C ends it.")
        if not no_open and _has_display(ctx):
            webbrowser.open(address.once)

    def ending() -> None:
        session.screen.tell("finishing what is being done; Ctrl-C again ends at once")

    ended = serve(
        _contexts(session),
        ready,
        port=port,
        shows=shows,
        owners=owners_of(ctx.env),
        ending=ending,
    )
    if ended:
        session.screen.tell("nobody used the page for a while, so it ended")
    return 0


def _contexts(session: Session) -> Contexts:
    """Make a context for each request, as a command of its own would have it."""
    ctx = session.ctx
    return lambda progress: ctx.with_options(
        offline=ctx.offline, allow_insecure=ctx.allow_insecure, progress=progress
    )


def _has_display(ctx: Context) -> bool:
    """Whether a browser can be seen here."""
    return sys.platform == "darwin" or any(ctx.env.get(name) for name in _DISPLAYS)
