"""Show approvals: the card before an approval, ``approve --list`` and ``approve --show``."""

from __future__ import annotations

from collections.abc import Iterable

from hermes_dist.cli.shared.cards import changed_card, group_card, review_card
from hermes_dist.cli.shared.clean import clean
from hermes_dist.cli.shared.session import Session
from hermes_dist.model.lock_package import Off
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.plan import Effect
from hermes_dist.ops.change.review import agent_time, before_after
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package import approvals
from hermes_dist.voice.package_json import consents_data, groups_data

_CAUSES = {"user": "you switched it off", "author": "its author ships it switched off"}


def consent_card(
    session: Session, name: ProfileName, effects: Iterable[Effect], *, asking: bool
) -> None:
    """Show in full what an approval would cover, and what was approved before if that differs."""
    screen = session.screen.aloud() if asking else session.screen
    each = tuple(effects)
    home = open_home(session.ctx, name)
    review_card(screen, each, each, agent_time(session.ctx, home.path))
    changed_card(screen, before_after(home.lock, each))


def consent_list(session: Session, name: ProfileName) -> int:
    """List what needs approval, what is approved, and what is off."""
    found = approvals.consents(session.ctx, name)
    screen = session.screen
    screen.emit("consents", consents_data(name, found))
    waiting = {group.name for group in found.waiting}
    also = {each.group.name: each for each in found.approved if each.group.name in waiting}
    for group in found.waiting:
        partly = "  (changes to it; what it was has its yes)" if group.name in also else ""
        screen.say(f"waits     {clean(group.name)}{_label(group.label)}{partly}")
    for each in found.approved:
        if each.group.name in also:
            continue
        since = f"  (since {clean(', '.join(each.since))})" if each.since else ""
        screen.say(f"approved  {clean(each.group.name)}{_label(each.group.label)}{since}")
    for off in found.off:
        screen.say(f"off       {clean(off.key or off.path)}  ({_CAUSES[off.cause]})")
    if not (found.waiting or found.approved or found.off):
        screen.say(f"Nothing in {name} needs a yes.")
    _next(session, name, found.waiting, found.off)
    return 0


def _label(label: str) -> str:
    return f"  {clean(label)}" if label else ""


def _next(session: Session, name: ProfileName, waiting: object, off: tuple[Off, ...]) -> None:
    if waiting:
        session.screen.tell(f"next: {session.command(f'approve {name}')}")
    elif off:
        session.screen.tell(f"to switch one on: {session.command(f'approve {name} THING')}")


def consent_shown(session: Session, name: ProfileName, words: tuple[str, ...]) -> int:
    """Show everything that the named things do."""
    groups = tuple(group for word in words for group in approvals.shown(session.ctx, name, word))
    session.screen.emit("consent-shown", {"profile": name, "things": groups_data(groups)})
    now = agent_time(session.ctx, session.ctx.layout.home(name))
    for group in groups:
        group_card(session.screen.aloud(), group, now)
    return 0
