"""The command ``completion``: print the completion script for a shell."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.shared.command import command
from hermes_dist.cli.shared.session import Session
from hermes_dist.ops.profiles import completion as ops


@command
def completion(
    session: Session,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")],
) -> int:
    text = ops.completion(session.ctx, shell)
    session.screen.emit("completion", {"shell": shell.lower(), "script": text})
    session.screen.say(text.rstrip("\n"))
    return 0
