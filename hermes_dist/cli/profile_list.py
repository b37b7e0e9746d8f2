"""The command ``list``: show the profiles. It loads little, because scripts and prompts call it."""

from __future__ import annotations

from hermes_dist.cli.shared.layout import Column
from hermes_dist.cli.shared.pager import Paged
from hermes_dist.errors import counted
from hermes_dist.lazily import later
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.ops.profiles import list as ops
from hermes_dist.voice.row_json import row_data

with later():
    from hermes_dist.voice.clean import clean

if TYPE_CHECKING:
    from hermes_dist.cli.shared.session import Session


_TITLES = (
    " Profile",
    Column("Model", after="/"),
    "Gateway",
    "Alias",
    Column("Package", after="@"),
    "Open",
)


def show_profiles(session: Session) -> int:
    """Show every profile.

    Returns:
        The exit code.
    """
    rows = ops.list_profiles(session.ctx)
    say_what_was_cut_short(session)
    if session.screen.as_json:
        session.screen.emit("profiles", {"profiles": [row_data(row) for row in rows]})
        return 0
    if not rows:
        session.screen.say(
            f"There is no profile yet in {clean(session.ctx.layout.root)}; "
            f"install an agent with: {session.command('install SOURCE')}"
        )
        return 0
    table = [
        (
            ("◆" if row.active else " ") + called(row),
            row.model or "—",
            str(row.gateway),
            ", ".join(row.aliases) or "—",
            row.package or "—",
            what_is_open(row),
        )
        for row in rows
    ]
    with Paged(session) as each:
        each.screen.table(_TITLES, table)
    _say_if_none_is_active(session, rows)
    return 0


def say_what_was_cut_short(session: Session) -> None:
    """Warn of a profile that was being made, renamed or put away: until that is completed, its row tells half of it."""
    if error := ops.cut_short(session.ctx):
        session.screen.warn(f"{clean(error.what)}; {clean(error.advice(session.screen.spelled))}")


def _say_if_none_is_active(session: Session, rows: list[ops.ProfileRow]) -> None:
    if any(row.active for row in rows):
        return
    if error := ops.no_active(session.ctx):
        session.screen.warn(f"{clean(error.what)}; {clean(error.advice(session.screen.spelled))}")


def called(row: ops.ProfileRow) -> str:
    """A profile's name, and the name that the agent shows for it if that differs."""
    if row.shown_as in ("", row.name):
        return row.name
    return f"{row.name} ({row.shown_as})"


def what_is_open(row: ops.ProfileRow) -> str:
    """What the user has to settle in a profile, in a few words; empty for nothing."""
    if row.managed and not row.source:
        return "lockfile can't be read"
    parts = []
    if row.conflicts:
        parts.append(counted(row.conflicts, "conflict"))
    if row.parked:
        parts.append(f"{row.parked} waiting")
    return ", ".join(parts)
