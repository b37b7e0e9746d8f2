"""The command ``status``: show how profiles differ from their packages. It loads little if nothing changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hermes_dist.cli.shared.layout import Column
from hermes_dist.cli.shared.pager import Paged
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import DistError, ExitCode, worst
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.last_status import said_before
from hermes_dist.voice.clean import clean, error_data
from hermes_dist.voice.lines import Style
from hermes_dist.voice.status.standing import Row, Standing, shortened, standing_from

if TYPE_CHECKING:
    from typing import Any

_STYLES: Mapping[str, Style] = {
    "+": "good",
    "M": "warning",
    "D": "error",
    "x": "warning",
    "R": "warning",
    "?": "accent",
    "!": "error",
    "…": "accent",
}


def show(
    session: Session,
    names: Sequence[ProfileName],
    *,
    together: bool = False,
    exit_code: bool = False,
    is_named: bool = True,
) -> int:
    """Show the status of profiles.

    Args:
        session: The run.
        names: The profiles.
        together: Show them as a list, even if there is only one.
        exit_code: Return 10 if something differs.
        is_named: The user named the profile; otherwise it is the active one.

    Returns:
        The exit code.
    """
    if not together:
        # One profile is no list: programs expect its `conflicts` at the top of the object.
        [found] = [_look(session, name, is_named=is_named) for name in names]
        session.screen.emit("status", dict(found.data))
        with Paged(session) as shown:
            _show(shown, found)
        return _code(found, exit_code=exit_code)
    with Paged(session) as shown:
        data, codes = _each(shown, names, exit_code=exit_code)
    session.screen.emit("status", {"profiles": data})
    return worst(codes)


def _look(session: Session, name: ProfileName, *, is_named: bool = True) -> Standing:
    """What there is to say of a profile: what was said the last time, or what a whole look finds."""
    kept = said_before(session.ctx, name)
    if kept is not None and (found := standing_from(kept)) is not None:
        return found
    from hermes_dist.cli.package.whole_status import look_anew  # noqa: PLC0415 - start-up: mostly nothing changed

    return look_anew(session, name, is_named=is_named)


def _each(
    session: Session, names: Sequence[ProfileName], *, exit_code: bool
) -> tuple[list[dict[str, Any]], list[ExitCode]]:
    data: list[dict[str, Any]] = []
    codes: list[ExitCode] = []
    for name in names:
        # One profile that can't be read must not hide the others.
        try:
            each = _look(session, name)
        except DistError as error:
            data.append({"profile": name, "error": error_data(error, session.command)})
            codes.append(error.code)
            session.screen.error(error.within(name), beside=True)
            continue
        data.append(dict(each.data))
        codes.append(_code(each, exit_code=exit_code))
        _show(session, each)
    return data, codes


def _code(found: Standing, *, exit_code: bool) -> ExitCode:
    if found.in_conflict:
        return ExitCode.CONFLICTS
    return ExitCode.CHANGES if exit_code and not found.clean else ExitCode.DONE


def _show(session: Session, found: Standing) -> None:
    """Show one profile's status, and the next command."""
    screen = session.screen
    label = f"  {clean(found.label)}" if found.label else ""
    screen.say(f"{screen.paint(found.profile, '', bold=True)}{label}")
    _table(screen, found.rows if screen.verbose else tuple(shortened(found.rows)))
    screen.fields(found.facts, indent=2)
    if found.untouched:
        screen.say(f"  {clean(found.untouched)}")
    for note in found.notes:
        screen.tell(f"  note   {clean(note)}")
    what, command = found.leads
    if command:
        screen.tell(f"  {what}: {session.command(command)}")


def _table(screen: Screen, rows: Sequence[Row]) -> None:
    def painted(sign: str) -> str:
        return screen.paint(sign, _STYLES.get(sign.strip(), ""))

    columns = (Column("", whole=True, paint=painted), "", "")
    cells = [(f"  {row.sign}", row.what, row.state) for row in rows]
    screen.table(columns, cells, below=[row.below for row in rows])
