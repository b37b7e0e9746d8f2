"""The command ``overview``, and what the program says without a verb: where things stand, and what to do next.

It loads as little as ``list``, for it is the first thing that many people type.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hermes_dist.cli.profile_list import called, what_is_open
from hermes_dist.errors import DistError, counted
from hermes_dist.ops.profiles import list as ops
from hermes_dist.voice.clean import clean

if TYPE_CHECKING:
    from hermes_dist.cli.shared.session import Session

_LINES = 10
"""How many lines the whole answer may have."""
_OPEN = 3
"""How many profiles with something open are named."""
_NEXT = 3


def show_overview(session: Session) -> int:
    """Show the active profile, what is open, and the next commands, in at most ten lines.

    Returns:
        The exit code.
    """
    rows = ops.list_profiles(session.ctx) if session.ctx.layout.root.is_dir() else []
    if lost := _lost(session) if rows else "":
        rows = [row._replace(active=False) for row in rows]
    waiting = [row for row in rows if what_is_open(row)]
    agent = str(session.ctx.agent.launcher) if session.ctx.agent else ""
    lines = [*_standing(session, rows, agent, lost), *_open(session, waiting)]
    # The last line leads to the help.
    room = min(_NEXT, _LINES - len(lines) - 1)
    following = list(dict(_next(rows, waiting)).items())[:room]
    session.screen.emit(
        "overview",
        {
            "active": next((row.name for row in rows if row.active), ""),
            "agent": agent,
            "profiles": len(rows),
            "packages": sum(row.managed for row in rows),
            "open": [
                {
                    "profile": row.name,
                    "conflicts": row.conflicts,
                    "parked": row.parked,
                    "readable": bool(row.source),
                }
                for row in waiting
            ],
            "next": [session.command(words) for words, _ in following],
        },
    )
    for line in lines:
        session.screen.say(line)
    width = max(len(session.command(words)) for words, _ in following)
    for at, (words, says) in enumerate(following):
        lead = "next:" if at == 0 else ""
        session.screen.say(f"{lead:<6}{session.command(words):<{width}}  {says}")
    session.screen.say(f"help: {session.command('--help')}")
    return 0


def _lost(session: Session) -> str:
    """Say that the active profile is not there; empty if it is."""
    try:
        session.ctx.active()
    except DistError as error:
        return f"{error.what[:1].upper()}{error.what[1:]}."
    return ""


def _standing(
    session: Session, rows: Sequence[ops.ProfileRow], agent: str, lost: str
) -> Iterator[str]:
    """Say which profile is active, and what there is on this machine."""
    title = session.brand.title
    active = next((row for row in rows if row.active), None)
    if not rows:
        yield f"There is no profile of {title} on this machine yet."
    elif active is None:
        yield clean(lost, 300)
    else:
        package = clean(active.package, 60) or "no package"
        name = session.screen.paint(clean(called(active)), "", bold=True)
        yield f"Active profile: {name}  ({package})"
    if rows:
        managed = sum(row.managed for row in rows)
        yield f"On this machine: {counted(len(rows), 'profile')}, {managed} with a package"
    if not agent:
        yield f"{title} is not installed: pip install {session.brand.agent_package}"


def _open(session: Session, waiting: Sequence[ops.ProfileRow]) -> Iterator[str]:
    for row in waiting[:_OPEN]:
        sign, colour = ("!", "red") if row.conflicts or not row.source else ("…", "magenta")
        yield f"  {session.screen.paint(sign, colour)} {row.name}: {what_is_open(row)}"
    if more := waiting[_OPEN:]:
        yield f"    and {counted(len(more), 'more profile')}: {session.command('status --all')}"


def _next(
    rows: Sequence[ops.ProfileRow], waiting: Sequence[ops.ProfileRow]
) -> Iterator[tuple[str, str]]:
    """The commands that lead on, the most urgent first; there is always one."""
    if rows and not any(row.active for row in rows):
        yield "use NAME", "choose the active profile"
    for row in waiting:
        if not row.source:
            yield "doctor", "see what is wrong with a lockfile"
        elif row.conflicts:
            yield f"resolve {row.name} --list", "settle what both sides changed"
        else:
            yield f"approve {row.name} --list", "see what waits for your approval"
    for row in rows:
        if row.source and not row.managed:
            yield f"adopt {row.name}", "take over what the agent installed"
    if any(row.managed for row in rows):
        yield "outdated", "see what is new upstream"
        return
    yield "install SOURCE", "install an agent, such as github.com/you/research-bot"
    yield "search", "see the packages of the registries"
    if len(rows) < 2:
        yield "create NAME", "make a blank profile"
