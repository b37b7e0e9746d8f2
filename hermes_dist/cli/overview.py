"""The command ``overview``, and what the program says without a verb: where things stand, and what to do next.

It loads as little as ``list``, for it is the first thing that many people type.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from hermes_dist.cli.profile_list import called, what_is_open
from hermes_dist.cli.shared.terminal import columns_of
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


class _Seen(NamedTuple):
    """What the answer is made of.

    Attributes:
        rows: The profiles; none of them is active if the active one is not there.
        lost: A sentence about the active profile that is not there; empty otherwise.
        agent: The program of the installed agent; empty for none.
    """

    rows: Sequence[ops.ProfileRow]
    lost: str
    agent: str

    @property
    def open(self) -> list[ops.ProfileRow]:
        return [row for row in self.rows if what_is_open(row)]

    @property
    def managed(self) -> int:
        return sum(row.managed for row in self.rows)

    @property
    def active(self) -> ops.ProfileRow | None:
        return next((row for row in self.rows if row.active), None)


def show_overview(session: Session) -> int:
    """Show the active profile, what is open, and the next commands, in at most ten lines.

    Returns:
        The exit code.
    """
    seen = _look(session)
    lines = [*_standing(session, seen), *_open(session, seen.open)]
    # The last line leads to the help.
    room = min(_NEXT, _LINES - len(lines) - 1)
    following = [
        (session.command(words), says) for words, says in [*dict(_next(seen)).items()][:room]
    ]
    session.screen.emit("overview", _data(seen, following))
    lines += _aligned(following, columns_of(sys.stdout))
    for line in [*lines, f"help: {session.command('--help')}"]:
        session.screen.say(line)
    return 0


def _aligned(following: Sequence[tuple[str, str]], columns: int | None) -> Iterator[str]:
    """Lay out the next commands, with what each does beside it; a narrow terminal shows the commands alone."""
    width = max(len(command) for command, _ in following)
    longest = len(_LEAD) + width + 2 + max(len(says) for _, says in following)
    shows = columns is None or longest <= columns
    for at, (command, says) in enumerate(following):
        lead = " " * len(_LEAD) if at else _LEAD
        yield f"{lead}{command:<{width}}  {says}" if shows else f"{lead}{command}"


_LEAD = "next: "


def _look(session: Session) -> _Seen:
    rows: Sequence[ops.ProfileRow] = []
    lost = ""
    if session.ctx.layout.root.is_dir():
        rows, lost = ops.list_profiles(session.ctx), _lost(session)
    if lost:
        rows = [row._replace(active=False) for row in rows]
    agent = session.ctx.agent
    return _Seen(rows, lost, str(agent.launcher) if agent else "")


def _data(seen: _Seen, following: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "active": seen.active.name if seen.active else "",
        "agent": seen.agent,
        "profiles": len(seen.rows),
        "packages": seen.managed,
        "open": [
            {
                "profile": row.name,
                "conflicts": row.conflicts,
                "parked": row.parked,
                "readable": bool(row.source),
            }
            for row in seen.open
        ],
        "next": [line for line, _ in following],
    }


def _lost(session: Session) -> str:
    """Say that the active profile is not there; empty if it is."""
    try:
        session.ctx.active()
    except DistError as error:
        return f"{error.what[:1].upper()}{error.what[1:]}."
    return ""


def _standing(session: Session, seen: _Seen) -> Iterator[str]:
    """Say which profile is active, and what there is on this machine."""
    title = session.brand.title
    if seen.active is not None:
        package = clean(seen.active.package) or "no package"
        name = session.screen.paint(clean(called(seen.active)), "", bold=True)
        yield f"Active profile: {name}  ({package})"
    else:
        yield clean(seen.lost) or f"There is no profile of {title} on this machine yet."
    if seen.rows:
        yield f"On this machine: {counted(len(seen.rows), 'profile')}, {seen.managed} with a package"
    if not seen.agent:
        yield f"{title} is not installed: pip install {session.brand.agent_package}"


def _open(session: Session, waiting: Sequence[ops.ProfileRow]) -> Iterator[str]:
    for row in waiting[:_OPEN]:
        sign = session.screen.paint("…", "accent")
        if row.conflicts or not row.source:
            sign = session.screen.paint("!", "error")
        yield f"  {sign} {row.name}: {what_is_open(row)}"
    if more := waiting[_OPEN:]:
        yield f"    and {counted(len(more), 'more profile')}: {session.command('status --all')}"


def _next(seen: _Seen) -> Iterator[tuple[str, str]]:
    """The commands that lead on, the most urgent first; there is always one."""
    if seen.lost:
        yield "use NAME", "choose the active profile"
    for row in seen.open:
        yield _settling(row)
    for row in seen.rows:
        if row.source and not row.managed:
            yield f"adopt {row.name}", "take over what the agent installed"
    if seen.managed:
        yield "outdated", "see what is new upstream"
        return
    yield "install SOURCE", "install an agent, such as github.com/you/research-bot"
    yield "search", "see the packages of the registries"
    yield "create NAME", "make a blank profile"


def _settling(row: ops.ProfileRow) -> tuple[str, str]:
    if not row.source:
        return "doctor", "see what is wrong with a lockfile"
    if row.conflicts:
        return f"resolve {row.name} --list", "settle what both sides changed"
    return f"approve {row.name} --list", "see what waits for your approval"
