"""How a profile stands against its package: what ``status`` shows."""

from __future__ import annotations

from hermes_dist.cli.clean import clean
from hermes_dist.cli.closing import notes
from hermes_dist.cli.session import Session
from hermes_dist.ops import review
from hermes_dist.ops.inspect import Status

_SIGNS = {
    "added": ("+", "green"), "changed": ("M", "yellow"), "deleted": ("D", "red"), "mode": ("x", "yellow"),
    "renamed": ("R", "yellow"),
}  # fmt: skip
_KEYS = 8


def standing(session: Session, status: Status) -> None:
    """Show one profile's status, and the next command."""
    screen = session.screen
    if status.lock is None:
        screen.say(screen.paint(status.profile, "", bold=True))
        notes(screen, status.notes)
        return
    pin = status.lock.pin
    held = ", held" if status.lock.held else ""
    label = f"{clean(status.lock.name)} {clean(pin.version)} @ {pin.short}{held}"
    screen.say(f"{screen.paint(status.profile, '', bold=True)}  {label}")
    _edited(session, status)
    _open(session, status)
    if status.missing:
        screen.say(f"  missing in .env: {', '.join(clean(w.var.name, 60) for w in status.missing)}")
    if status.clean and not status.own:
        screen.say("  as its author ships it")
    notes(screen, status.notes)
    if status.conflicts:
        screen.tell(f"  next: {session.command(f'resolve {status.profile} --list')}")
    elif status.parked:
        screen.tell(f"  next: {session.command(f'approve {status.profile}')}")


def _edited(session: Session, status: Status) -> None:
    screen, keys = session.screen, dict(status.keys)
    for change in status.edited:
        sign, colour = _SIGNS[change.how]
        name = f"{clean(change.was)} → {clean(change.path)}" if change.was else clean(change.path)
        screen.say(f"  {screen.paint(sign, colour)} {name}  ({change.how} by you)")
        for key in keys.get(change.path, ())[:_KEYS]:
            before, after = clean(key.before, 50) or "(none)", clean(key.after, 50) or "(none)"
            screen.say(f"      {clean(key.key, 80)}: {before} → {after}")
    for path in status.own:
        screen.say(f"  {screen.paint('?', 'cyan')} {clean(path)}  (your own)")


def _open(session: Session, status: Status) -> None:
    screen = session.screen
    for conflict in status.conflicts:
        screen.say(f"  {screen.paint('!', 'red')} {clean(conflict.place)}  (conflict: {conflict.kind})")
    for group in review.groups_of(status.parked):
        screen.say(f"  {screen.paint('…', 'magenta')} {clean(group.name, 80)}  ({group.kind}, waits for your yes)")
