"""The command ``status``: show how profiles differ from their packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hermes_dist.cli.shared.pager import paged
from hermes_dist.cli.shared.reminders import notes
from hermes_dist.cli.shared.screen import Screen, error_data
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import DistError, ExitCode, worst
from hermes_dist.model.keypath import place_words
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change import review
from hermes_dist.ops.package.status import Status, status
from hermes_dist.voice.clean import VALUE, clean
from hermes_dist.voice.lines import Style
from hermes_dist.voice.package_json import status_data
from hermes_dist.voice.words import demand_words

_SIGNS: Mapping[str, tuple[str, Style]] = {
    "added": ("+", "good"),
    "changed": ("M", "warning"),
    "deleted": ("D", "error"),
    "mode": ("x", "warning"),
    "renamed": ("R", "warning"),
}
_KEYS = 8


def show(
    session: Session,
    names: Sequence[ProfileName],
    *,
    together: bool = False,
    exit_code: bool = False,
) -> int:
    """Show the status of profiles.

    Args:
        session: The run.
        names: The profiles.
        together: Show them as a list, even if there is only one.
        exit_code: Return 10 if something differs.

    Returns:
        The exit code.
    """
    if not together:
        # One profile is no list: programs expect its `conflicts` at the top of the object.
        [found] = [status(session.ctx, name) for name in names]
        session.screen.emit("status", status_data(found))
        with paged(session) as shown:
            _standing(shown, found)
        return _code(found, exit_code=exit_code)
    with paged(session) as shown:
        data, codes = _each(shown, names, exit_code=exit_code)
    session.screen.emit("status", {"profiles": data})
    return worst(codes)


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
            data.append({"profile": name, "error": error_data(error)})
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
        _links(session, found)
        notes(screen, found.notes)
        return
    pin = found.lock.pin
    held = ", held" if found.lock.held else ""
    label = f"{clean(found.lock.name)} {clean(pin.version)} @ {pin.short}{held}"
    screen.say(f"{screen.paint(found.profile, '', bold=True)}  {label}")
    _edited(session, found)
    _open(session, found)
    _demanded(session, found.lock)
    _listed(screen, "always yours", [place_words(place) for place in sorted(found.lock.kept)])
    _listed(screen, "included", found.lock.top.included)
    _listed(screen, "missing in .env", [w.var.name for w in found.missing])
    _links(session, found)
    if found.clean and not (found.own or found.units):
        screen.say("  as its author ships it")
    notes(screen, found.notes)
    if found.conflicts:
        screen.tell(f"  next: {session.command(f'resolve {found.profile} --list')}")
    elif found.parked:
        screen.tell(f"  next: {session.command(f'approve {found.profile}')}")


def _listed(screen: Screen, title: str, names: Sequence[str]) -> None:
    if names:
        screen.say(f"  {title}: {', '.join(clean(name) for name in names)}")


def _demanded(session: Session, lock: Lock) -> None:
    # Without a choice, `info` and `show` say what counts; here it would be a line in every status.
    if lock.demands is not None:
        session.screen.say(f"  demands {demand_words(lock.demands, lock.signer)}")


def _links(session: Session, found: Status) -> None:
    for path, target in found.links:
        session.screen.say(f"  → {clean(path)}  (followed to {clean(target)})")


def _edited(session: Session, found: Status) -> None:
    screen, keys = session.screen, dict(found.keys)
    for change in found.edited:
        sign, style = _SIGNS[change.how]
        name = f"{clean(change.was)} → {clean(change.path)}" if change.was else clean(change.path)
        screen.say(f"  {screen.paint(sign, style)} {name}  ({change.how} by you)")
        for key in keys.get(change.path, ())[:_KEYS]:
            before, after = (
                clean(key.before, VALUE) or "(none)",
                clean(key.after, VALUE) or "(none)",
            )
            screen.say(f"      {clean(key.key) or 'all of it'}: {before} → {after}")
    mine = screen.paint("?", "accent")
    for path in found.own:
        screen.say(f"  {mine} {clean(path)}  (your own)")
    for unit in found.units:
        # The key of a server ends with its name; that of a job holds only its id.
        name = "" if unit.key.endswith(unit.name) else f"  {clean(unit.name)}"
        screen.say(f"  {mine} {clean(unit.key)}{name}  (your own)")


def _open(session: Session, found: Status) -> None:
    screen = session.screen
    for conflict in found.conflicts:
        screen.say(
            f"  {screen.paint('!', 'error')} {clean(conflict.words)}  (conflict: {conflict.kind})"
        )
    for group in review.groups_of(found.parked):
        name = clean(group.name)
        job = f"  {clean(group.label)}" if group.label else ""
        screen.say(
            f"  {screen.paint('…', 'accent')} {name}{job}  ({group.kind}, needs your approval)"
        )
