"""Show a change: the preview with its review card before it, and the summary after it.

An install shows everything, an update only what changed; ``-v`` shows everything there, too.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from hermes_dist.cli.shared.reminders import notes, reminder, up_to_date
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import counted
from hermes_dist.model.lock_package import OffCause
from hermes_dist.model.plan import Effect
from hermes_dist.ops.change import review
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.voice import cards
from hermes_dist.voice.clean import clean, clean_line
from hermes_dist.voice.words import EFFECT_VERBS

_INDENT, _WIDEST, _NARROWEST = 13, 100, 40


def preview(session: Session, proposal: Proposal, *, asking: bool = False) -> None:
    """Show what would happen.

    Args:
        session: The session.
        proposal: What would be done.
        asking: A question follows, so this is shown even if the screen is quiet.
    """
    screen = session.screen.aloud() if asking else session.screen
    rows = review.changed_keys(session.ctx, proposal)
    details = proposal.new or screen.verbose
    _tell(screen, cards.head_lines(proposal, details=details))
    _tell(screen, _content(proposal, rows, _most(screen)))
    _tell(screen, _environment(proposal, every=screen.verbose))
    _effects(session, screen, proposal)
    for conflict in proposal.plan.conflicts:
        at = [row for row in rows if (row.path, row.key) == (str(conflict.path), conflict.key)]
        _tell(screen, [cards.conflict_line(conflict, at)])
    if details:
        _tell(screen, cards.left_out_lines(proposal.left_out, _most(screen)))
    notes(screen, proposal.notes)


def _most(screen: Screen) -> int:
    return sys.maxsize if screen.verbose else cards.SHOWN


def _content(proposal: Proposal, rows: Sequence[review.KeyRow], most: int) -> Iterator[cards.Line]:
    """The parts of a new package, or the files and keys that change."""
    if proposal.new:
        yield cards.part_line(proposal)
        return
    yield from cards.step_lines(proposal.plan.steps, most)
    conflicts = {(str(c.path), c.key) for c in proposal.plan.conflicts}
    yield from cards.key_lines([r for r in rows if (r.path, r.key) not in conflicts], most)


def _environment(proposal: Proposal, *, every: bool) -> Iterator[cards.Line]:
    """The variables that are newly wanted, or all."""
    update = proposal.before is not None
    for item in proposal.wanted:
        if item.new or every:
            yield cards.environment_line(item, update=update)


def _tell(screen: Screen, lines: Iterable[cards.Line]) -> None:
    """Paint lines."""
    for pieces in lines:
        screen.tell("".join(_painted(screen, piece) for piece in pieces))


def _painted(screen: Screen, piece: cards.Piece) -> str:
    if not (piece.colour or piece.bold):
        return piece.text
    return screen.paint(piece.text, piece.colour, bold=piece.bold, err=True)


def _effects(session: Session, screen: Screen, proposal: Proposal) -> None:
    """Show effects that newly need approval or were just approved; those that waited before are only counted."""
    plan = proposal.plan
    new = set(plan.effects if proposal.new or screen.verbose else proposal.asked)
    allowed = set(plan.effects) - set(plan.parked)
    shown = [e for e in plan.effects if e in new or e in allowed]
    review_card(screen, shown, plan.parked, review.agent_time(session.ctx, proposal.home.path))
    changed_card(screen, review.before_after(proposal.home.lock, shown))
    _by_author(session, screen, proposal)
    if old := len(review.groups_of(e for e in plan.parked if e not in new)):
        words = session.command(f"approve {proposal.home.name}")
        screen.tell(f"  waits     {counted(old, 'thing')} from before: {words}")


def review_card(
    screen: Screen,
    effects: Iterable[Effect],
    parked: Iterable[Effect],
    now: datetime,
    *,
    state: str = "allowed",
) -> None:
    """Show everything that could run, one server, job or plugin at a time, in full: nothing is cut.

    Args:
        screen: The screen to write to.
        effects: The effects to show.
        parked: Those of them that need approval.
        now: The current time, in the agent's time zone.
        state: A word for the state of the others.
    """
    waiting = set(parked)
    for group in review.groups_of(effects):
        mark = "" if waiting & set(group.effects) else f"  [{state}]"
        group_card(screen, group, now, mark)


def changed_card(screen: Screen, rows: Iterable[tuple[str, str, str]]) -> None:
    """Show what was approved before at the places of a card, if that differs."""
    for place, before, after in rows:
        screen.tell(f"    was approved  {clean(place)}: {clean_line(before)} → {clean_line(after)}")


def _by_author(session: Session, screen: Screen, proposal: Proposal) -> None:
    """Show what its author ships switched off: it stays off, whatever is approved, until the user names it."""
    before = proposal.home.lock.off if proposal.home.lock else ()
    for off in proposal.plan.off:
        if off.cause is OffCause.AUTHOR and off not in before:
            words = session.command(f"approve {proposal.home.name} {shlex.quote(off.key)}")
            screen.tell(
                f"  off       {clean(off.key)}: its author ships it off; to switch it on: {clean(words)}"
            )


def group_card(screen: Screen, group: review.Group, now: datetime, mark: str = "") -> None:
    """Show one server, job, hook, plugin or key with everything that it does."""
    kind = screen.paint(EFFECT_VERBS[group.kind].ljust(9), "magenta", err=True)
    if len(group.rows) > 1:
        screen.tell(f"  {kind} {clean_line(group.name)}:{mark}")
        for key, value in group.rows:
            _wrapped(screen, f"{key}: {value}")
        return
    for line in cards.group_words(group, by_id=screen.verbose):
        first, *rest = _wrap(line) or [""]
        lines = [f"  {kind} {first}", *(f"  {' ' * 9}   {part}" for part in rest)]
        for shown in (*lines[:-1], lines[-1] + mark):
            screen.tell(shown)
    for count, folder in review.loads_of(group):
        where = f" in {clean(folder)}/" if folder else ""
        screen.tell(f"  {' ' * 9}   covers: {counted(count, 'file')}{where} that it can load")
    for time in review.times_of(group, now):
        screen.tell(f"  {' ' * 9}   next: {time}")


def _wrap(line: str) -> list[str]:
    """Wrap a line to the width of the terminal, after an indent; nothing is cut."""
    room = shutil.get_terminal_size((_INDENT + _WIDEST, 24)).columns - _INDENT
    width = max(_NARROWEST, min(_WIDEST, room))
    return textwrap.wrap(clean_line(line.replace("\n", " ⏎ ")), width, break_on_hyphens=False)


def _wrapped(screen: Screen, line: str) -> None:
    """One key of a section with its whole value."""
    wrapped = _wrap(line)
    for number, part in enumerate(wrapped):
        screen.tell(f"  {' ' * 12} {'  ' if number else ''}{part}")


def summary(session: Session, outcome: Outcome) -> int:
    """Show what was done and what to do next.

    Returns:
        The exit code: 3 if conflicts are open.
    """
    screen, name = session.screen, outcome.profile
    notes(screen, outcome.notes)
    if outcome.done and outcome.proposal is not None:
        _done(session, outcome, outcome.proposal)
    elif not outcome.dry_run:
        up_to_date(session, name, outcome.proposal.lock if outcome.proposal else outcome.lock)
        _written(screen, outcome)
    for path in outcome.skipped:
        screen.warn(
            f"{clean(path)} changed at that very moment and was left as it is; update again to merge it"
        )
    return 0 if outcome.dry_run else reminder(session, name, outcome.open_conflicts)


def _waiting(
    session: Session, proposal: Proposal, waiting: Sequence[review.Group], asked: set[Effect]
) -> None:
    """Show what needs approval, and the next command; without a lockfile nothing remembers it."""
    new = [group for group in waiting if asked & set(group.effects)]
    # Effects of a side that was just taken are named once more: taking it did not approve them.
    if proposal.verb == "resolve" and new:
        names = [] if len(new) == len(waiting) else [group.name for group in new]
        _settled_waiting(session, proposal, new, names)
        return
    count = len(waiting)
    if proposal.lock:
        verb = "waits" if count == 1 else "wait"
        approving = session.command(f"approve {proposal.home.name}")
        session.screen.say(f"  {counted(count, 'thing')} {verb} for your yes: {approving}")
    else:
        session.screen.say(
            f"  {counted(count, 'thing')} came switched off; switch on in config.yaml what shall run"
        )


def _settled_waiting(
    session: Session, proposal: Proposal, new: Sequence[review.Group], names: Iterable[str]
) -> None:
    """Show what was settled and needs approval; with names if something else waits, too."""
    verb = "waits" if len(new) == 1 else "wait"
    session.screen.say(f"  {counted(len(new), 'thing')} that you settled {verb} for your yes:")
    for group in new:
        for line in cards.group_words(group):
            session.screen.say(f"    {EFFECT_VERBS[group.kind]} {clean(line)}")
    words = ["approve", str(proposal.home.name), *(shlex.quote(clean(name)) for name in names)]
    session.screen.say(f"  next: {session.command(' '.join(words))}")


def _done(session: Session, outcome: Outcome, proposal: Proposal) -> None:
    screen, name = session.screen, outcome.profile
    count = len(proposal.plan.steps)
    label = clean(proposal.manifest.label) if proposal.manifest else "the package"
    done = cards.DONE_WORDS.get(outcome.verb, outcome.verb.capitalize())
    at = f" @ {proposal.pin.short}" if proposal.pin else ""
    screen.say(
        f"{screen.paint('✓', 'green')} {done} {label}{at} in {name}: {counted(count, 'file')} changed."
    )
    _written(screen, outcome)
    if waiting := review.groups_of(proposal.plan.parked):
        _waiting(session, proposal, waiting, set(proposal.asked))
    missing = [w.var.name for w in proposal.wanted if w.missing and w.new]
    if missing:
        place = clean(proposal.home.path / ".env")
        screen.say(f"  missing in {place}: {', '.join(clean(m, 60) for m in missing)}")
    _next(session, outcome, proposal)


def _next(session: Session, outcome: Outcome, proposal: Proposal) -> None:
    screen, name = session.screen, outcome.profile
    if outcome.alias:
        screen.say(f"  start it with: {outcome.alias} chat")
    elif proposal.new:
        screen.say(f"  start it with: {session.brand.name} -p {name} chat")
    elif not outcome.open_conflicts:
        screen.say(f"  see: {session.command(f'status {name}')}")


def _written(screen: Screen, outcome: Outcome) -> None:
    if outcome.variables:
        screen.say(f"  written to .env: {', '.join(outcome.variables)}")
