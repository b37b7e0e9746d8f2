"""The command ``changes``: what was learned in a profile, whose each change is, and how to send it on."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from hermes_dist.cli.package.diff import tell_unread
from hermes_dist.cli.shared.command import Profile, command
from hermes_dist.cli.shared.pager import Paged
from hermes_dist.cli.shared.session import Session
from hermes_dist.ops.authoring import changes as ops
from hermes_dist.ops.authoring.changes import Changes, Learned
from hermes_dist.voice.author_json import changes_data
from hermes_dist.voice.authoring.learned import WHO_WORDS, verdict_words
from hermes_dist.voice.clean import VALUE, clean
from hermes_dist.voice.lines import Style
from hermes_dist.voice.words import untouched_words

_SIGNS: Mapping[str, tuple[str, Style]] = {
    "added": ("+", "good"),
    "changed": ("M", "warning"),
    "deleted": ("D", "error"),
    "mode": ("x", "warning"),
    "renamed": ("R", "warning"),
}


@command
def changes(session: Session, profile: Profile = None) -> int:
    found = ops.changes(session.ctx, session.ctx.profile(profile))
    session.screen.emit("changes", changes_data(found))
    with Paged(session) as shown:
        _show(shown, found)
    return 0


def _show(session: Session, found: Changes) -> None:
    screen = session.screen
    label = f"{clean(found.lock.name)} {clean(found.lock.pin.label)}"
    screen.say(f"{screen.paint(found.profile, '', bold=True)}  {label}")
    for who, title in WHO_WORDS.items():
        _group(session, title, [row for row in found.rows if row.verdict.who is who])
    tell_unread(screen, found.unread)
    if not (found.rows or found.unread):
        screen.say(f"  {untouched_words(found.lock)}")
    if found.memories:
        names = ", ".join(clean(name) for name in found.memories)
        screen.say(f"  stays home  memories/: {names}")
    if not found.whole:
        screen.tell("  the agent's history could not be read to its end, so more may be its own")
    if found.rows:
        # The agent's own come first: those are what an author can't know of.
        first = min(found.rows, key=lambda row: [*WHO_WORDS].index(row.verdict.who))
        place = shlex.quote(clean(first.place))
        words = f"contribute {found.profile} {place} -o better.patch"
        screen.tell(f"  next: {session.command(words)}")


def _group(session: Session, title: str, rows: Sequence[Learned]) -> None:
    if rows:
        session.screen.say(session.screen.paint(title, "", bold=True))
    for row in rows:
        _row(session, row)


def _row(session: Session, row: Learned) -> None:
    screen = session.screen
    sign, style = _SIGNS[row.how]
    told = f"{screen.paint(sign, style)} {clean(row.place)}"
    if row.value is not None:
        before, after = (
            clean(text, VALUE) or "(none)" for text in (row.value.before, row.value.after)
        )
        told += f"  {before} → {after}"
    elif row.label:
        told += f"  {clean(row.label, VALUE)}"
    if why := verdict_words(row.verdict):
        told += f"  ({clean(why)})"
    screen.say(f"  {told}")
