"""The command ``overview``, and what the program says without a verb: where things stand, and what to do next.

It loads as little as ``list``, for it is the first thing that many people type.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from hermes_dist.cli.profile_list import called, say_what_was_cut_short, what_is_open
from hermes_dist.cli.shared.terminal import columns_of
from hermes_dist.errors import counted
from hermes_dist.lazily import later
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.ops.profiles.list import ProfileRow
from hermes_dist.ops.profiles.overview import Overview, look_over
from hermes_dist.voice.clean import clean
from hermes_dist.voice.row_json import next_words, overview_data

with later():
    from hermes_dist.installer import installs

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
    seen = look_over(session.ctx)
    say_what_was_cut_short(session)
    lines = [*_standing(session, seen), *_open(session, seen.open)]
    # The last line leads to the help.
    room = _LINES - len(lines) - 1
    following = [
        (session.command(words), says) for words, says in next_words(seen, min(_NEXT, room)).items()
    ]
    session.screen.emit("overview", overview_data(seen, [line for line, _ in following]))
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


def _standing(session: Session, seen: Overview) -> Iterator[str]:
    """Say which profile is active, and what there is on this machine."""
    title = session.brand.title
    if seen.active is not None:
        package = clean(seen.active.package) or "no package"
        name = session.screen.paint(clean(called(seen.active)), "", bold=True)
        yield f"Active profile: {name}  ({package})"
        yield f"  {clean(seen.active.path)}, {_model(seen.active)}, gateway {seen.active.gateway}"
    else:
        yield clean(seen.lost) or f"There is no profile of {title} on this machine yet."
    if seen.rows:
        yield f"On this machine: {counted(len(seen.rows), 'profile')}, {seen.managed} with a package"
    if not seen.agent:
        yield f"{title} is not installed: {installs(session.brand.agent_package)}"


def _model(row: ProfileRow) -> str:
    return f"model {clean(row.model)}" if row.model else "no model"


def _open(session: Session, waiting: Sequence[ProfileRow]) -> Iterator[str]:
    for row in waiting[:_OPEN]:
        sign = session.screen.paint("…", "accent")
        if row.conflicts or not row.source:
            sign = session.screen.paint("!", "error")
        yield f"  {sign} {row.name}: {what_is_open(row)}"
    if more := waiting[_OPEN:]:
        yield f"    and {counted(len(more), 'more profile')}: {session.command('status --all')}"
