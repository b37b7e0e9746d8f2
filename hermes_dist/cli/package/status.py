"""The command ``status``: show how profiles differ from their packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hermes_dist.cli.shared.layout import Column
from hermes_dist.cli.shared.pager import paged
from hermes_dist.cli.shared.reminders import notes
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import DistError, ExitCode, counted, worst
from hermes_dist.lazily import NamedTuple
from hermes_dist.model.keypath import place_words
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.package.status import Status, status
from hermes_dist.voice.clean import clean, clean_value, error_data
from hermes_dist.voice.lines import Style
from hermes_dist.voice.package_json import status_data
from hermes_dist.voice.words import CONFLICT_WORDS, demand_words, untouched_words

if TYPE_CHECKING:
    from hermes_dist.ops.package.differences import KeyChange

_SIGNS = {"added": "+", "changed": "M", "deleted": "D", "mode": "x", "renamed": "R"}
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
_KEYS = 8


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
        [found] = [status(session.ctx, name) for name in names]
        session.screen.emit("status", status_data(found))
        with paged(session) as shown:
            _standing(shown, found)
            if found.lock is None and not is_named:
                _point_to_others(shown)
        return _code(found, exit_code=exit_code)
    with paged(session) as shown:
        data, codes = _each(shown, names, exit_code=exit_code)
    session.screen.emit("status", {"profiles": data})
    return worst(codes)


def _point_to_others(session: Session) -> None:
    """Where the active profile has no package but others have: say how to see those."""
    from hermes_dist.ops.profiles.list import list_profiles  # noqa: PLC0415 - only where there is no package

    if any(row.managed for row in list_profiles(session.ctx)):
        session.screen.tell(f"  profiles with a package: {session.command('status --all')}")


def _each(
    session: Session, names: Sequence[ProfileName], *, exit_code: bool
) -> tuple[list[dict[str, Any]], list[ExitCode]]:
    data: list[dict[str, Any]] = []
    codes: list[ExitCode] = []
    for name in names:
        # One profile that can't be read must not hide the others.
        try:
            each = status(session.ctx, name)
        except DistError as error:
            data.append({"profile": name, "error": error_data(error, session.command)})
            codes.append(error.code)
            session.screen.error(error.within(name), beside=True)
            continue
        data.append(status_data(each))
        codes.append(_code(each, exit_code=exit_code))
        _standing(session, each)
    return data, codes


def _code(found: Status, *, exit_code: bool) -> ExitCode:
    if found.conflicts:
        return ExitCode.CONFLICTS
    return ExitCode.CHANGES if exit_code and not found.clean else ExitCode.DONE


def _standing(session: Session, found: Status) -> None:
    """Show one profile's status, and the next command."""
    screen = session.screen
    if found.lock is None:
        screen.say(screen.paint(found.profile, "", bold=True))
        _table(screen, list(_links(found)))
        notes(screen, found.notes)
        return
    held = ", held" if found.lock.held else ""
    label = f"{clean(f'{found.lock.name} {found.lock.pin.label}')}{held}"
    screen.say(f"{screen.paint(found.profile, '', bold=True)}  {label}")
    _table(screen, [*_edited(found, screen.longest_value()), *_open(found), *_links(found)])
    screen.fields(_facts(found, found.lock), indent=2)
    if found.clean and found.lock.whole and not (found.own or found.units):
        screen.say(f"  {untouched_words(found.lock)}")
    notes(screen, found.notes)
    if found.conflicts:
        screen.tell(f"  next: {session.command(f'resolve {found.profile} --list')}")
    elif found.parked:
        screen.tell(f"  next: {session.command(f'approve {found.profile}')}")


class _Row(NamedTuple):
    """A line of a status: its sign, what it is about, what is with it, and further lines below it."""

    sign: str
    what: str
    state: str
    below: tuple[str, ...] = ()


def _table(screen: Screen, rows: Sequence[_Row]) -> None:
    def painted(sign: str) -> str:
        return screen.paint(sign, _STYLES.get(sign.strip(), ""))

    columns = (Column("", whole=True, paint=painted), "", "")
    cells = [(f"  {row.sign}", row.what, row.state) for row in rows]
    screen.table(columns, cells, below=[row.below for row in rows])


def _facts(found: Status, lock: Lock) -> Iterator[tuple[str, str]]:
    """What else there is to say, as names and values; an empty value is not said."""
    if lock.demands is not None:
        # Without a choice, `info` and `show` say what counts; here it would be a line in every status.
        yield "Demands", demand_words(lock.demands, lock.signer)
    yield "Always yours", ", ".join(place_words(place) for place in sorted(lock.kept))
    yield "Included", ", ".join(lock.top.included)
    yield "Missing in .env", ", ".join(wanted.var.name for wanted in found.missing)


def _links(found: Status) -> Iterator[_Row]:
    for path, target in found.links:
        yield _Row("→", str(path), f"followed to {target}")


def _edited(found: Status, longest: int) -> Iterator[_Row]:
    keys = dict(found.keys)
    for change in found.edited:
        name = f"{change.was} → {change.path}" if change.was else str(change.path)
        below = tuple(_key_lines(keys.get(change.path, ()), longest))
        yield _Row(_SIGNS[change.how], name, f"{change.how} by you", below)
    for path in found.own:
        yield _Row("?", str(path), "your own")
    for unit in found.units:
        # The key of a server ends with its name; that of a job holds only its id.
        name = "" if unit.key.endswith(unit.name) else f"  {unit.name}"
        yield _Row("?", f"{unit.key}{name}", "your own")


def _key_lines(keys: Sequence[KeyChange], longest: int) -> Iterator[str]:
    for key in keys[:_KEYS]:
        before, after = (clean_value(each, longest) or "(none)" for each in (key.before, key.after))
        yield f"       {clean(key.key) or 'all of it'}: {before} → {after}"
    if rest := keys[_KEYS:]:
        yield f"       … and {counted(len(rest), 'more key')}; diff lists them"


def _open(found: Status) -> Iterator[_Row]:
    for conflict in found.conflicts:
        yield _Row("!", conflict.words, f"conflict: {CONFLICT_WORDS[conflict.kind]}")
    if not found.parked:
        return
    from hermes_dist.ops.change.review import groups_of  # noqa: PLC0415 - start-up: mostly nothing waits

    for group in groups_of(found.parked):
        job = f"  {group.label}" if group.label else ""
        yield _Row("…", f"{group.name}{job}", f"{group.kind}, needs your approval")
