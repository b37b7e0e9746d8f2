"""What the commands share that put a plugin of ours into a folder of the agent: their options and questions."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.shared.session import Session
from hermes_dist.ops.plugins.dashboard import Installed
from hermes_dist.ops.plugins.folder import Taken
from hermes_dist.voice.clean import clean
from hermes_dist.voice.plugins.dashboard import whose_words

Yes = Annotated[
    bool,
    typer.Option(
        "-y", "--yes", help="Install it without asking; --enable answers the second question."
    ),
]
Enable = Annotated[
    bool, typer.Option("--enable", help="Let the agent load it: name it in config.yaml.")
]
Replace = Annotated[
    bool,
    typer.Option("--replace", help="Replace a folder that somebody changed; the old one is kept."),
]


def may_replace(session: Session, planned: Installed) -> bool:
    """Ask whether a folder that is not as we left it may be replaced.

    Raises:
        InputNeeded: It is such a folder, and nobody is there to answer.
    """
    standing = planned.before.standing
    if not standing.needs_a_yes:
        return False
    words = whose_words(standing)
    session.screen.prompt(f"{planned.before.folder} exists already: {words}")
    return session.screen.confirm("Replace it? It is kept elsewhere.", "--replace")


def may_enable(session: Session, planned: Installed, *, yes: bool) -> bool:
    """Ask whether the agent may load it; ``--yes`` is no answer to that."""
    if planned.enabled or yes or not session.screen.somebody:
        return False
    return session.screen.confirm(
        "Enable it in config.yaml, so that the agent loads it?", "--enable"
    )


def removed_words(taken: Taken, thing: str) -> list[str]:
    """Say what became of a plugin folder and of what enabled it; ``thing`` is what it is called."""
    folder = taken.before.folder
    if not taken.removed and not taken.disabled:
        words = whose_words(taken.before.standing)
        return [f"{folder} stays: {words}." if words else f"{thing} is not installed."]
    lines = [f"Removed {thing[0].lower()}{thing[1:]} from {folder}."]
    if taken.disabled:
        lines.append("The agent no longer loads it: it is out of plugins.enabled in config.yaml.")
    if taken.left:
        lines.append(f"These stay, as yours: {', '.join(map(clean, taken.left))}.")
    return lines
