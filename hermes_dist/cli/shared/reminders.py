"""Show the last lines of a command: notes, nothing to do, what is open. No code for merging is loaded here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hermes_dist.cli.shared.screen import Screen
from hermes_dist.errors import ExitCode, counted
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.voice.clean import clean

if TYPE_CHECKING:
    from typing import Any

    from hermes_dist.cli.shared.session import Session
    from hermes_dist.model.lock import Lock
    from hermes_dist.model.lock_head import LockHead
    from hermes_dist.model.notes import Note
    from hermes_dist.model.paths import ProfileName


def notes(screen: Screen, said: Iterable[Note]) -> None:
    """Write notes, each one once."""
    if not (said := tuple(said)):
        return
    from hermes_dist.voice.notes import sentences  # noqa: PLC0415 - start-up: mostly there is nothing to note

    for line in sentences(said):
        screen.tell(f"  note   {clean(line)}")


_NOTHING_DONE = {
    "import": "already has everything that is in the archive",
    "resolve": "has no open conflicts",
    "discard": "has nothing to discard",
}


def up_to_date(
    session: Session,
    name: ProfileName,
    lock: Lock | LockHead | None,
    *,
    kept_out: bool = False,
    ours: bool = False,
    verb: str = "",
) -> None:
    """Say that nothing was done.

    Args:
        session: The session.
        name: The profile.
        lock: Its lock.
        kept_out: A hold keeps out what is new.
        ours: All that is new are conflicts, and nobody has to settle them.
        verb: What was asked for, if that is no source of news.
    """
    label = ""
    if lock:
        label = f" ({clean(lock.name)} {clean(lock.pin.label)})"
    state = _NOTHING_DONE.get(verb, "is up to date")
    if kept_out:
        state = "stays where it is"
    elif ours:
        state = "was not changed: yours stays in each conflict"
    session.screen.say(f"{name} {state}{label}.")


def reminder(session: Session, name: ProfileName, conflicts: int) -> int:
    """Remind of open conflicts.

    Returns:
        The exit code: 3 if some are open.
    """
    if not conflicts:
        return 0
    are, them = "are", "them"
    if conflicts == 1:
        are, them = "is", "it"
    session.screen.say(
        f"{counted(conflicts, 'conflict')} {are} open; yours stays until you settle {them}."
    )
    session.screen.say(f"  next: {session.command(f'resolve {name} --list')}")
    return ExitCode.CONFLICTS


def restart_touched(
    session: Session, names: Sequence[ProfileName]
) -> tuple[list[dict[str, Any]], int]:
    """Restart the running gateways that a change touches; returns what became of each, and the exit code."""
    from hermes_dist.cli.shared.gateway_results import restart_changed  # noqa: PLC0415 - few changes restart a gateway

    return restart_changed(session, names)
