"""Show a change: the preview with its review card before it, and the summary after it.

An install shows everything, an update only what changed; ``-v`` shows everything there, too.
"""

from __future__ import annotations

import shlex
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from datetime import datetime

from hermes_dist.cli.shared.clean import clean, clean_line
from hermes_dist.cli.shared.reminders import notes, reminder, up_to_date
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import counted
from hermes_dist.model.lock_package import OffCause
from hermes_dist.model.plan import Conflict, Effect, EffectKind, Step
from hermes_dist.ops.change import review
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.voice.left_out import why_words
from hermes_dist.voice.words import EFFECT_VERBS, size_of

_SHOWN = 12
_INDENT, _WIDEST, _NARROWEST = 13, 100, 40
_COLOURS = {"+": "green", "-": "red", "~": "yellow"}


def preview(session: Session, proposal: Proposal, *, asking: bool = False) -> None:
    """Show what would happen.

    Args:
        session: The session.
        proposal: What would be done.
        asking: A question follows, so this is shown even if the screen is quiet.
    """
    screen = session.screen.aloud() if asking else session.screen
    rows = review.changed_keys(session.ctx, proposal)
    conflicts = {(str(c.path), c.key): c for c in proposal.plan.conflicts}
    _what(screen, proposal)
    if proposal.new:
        _parts(screen, proposal)
    else:
        _steps(screen, proposal.plan.steps)
        _keys(screen, [row for row in rows if (row.path, row.key) not in conflicts])
    _environment(screen, proposal)
    _effects(session, screen, proposal)
    for place, conflict in conflicts.items():
        _conflict(screen, [row for row in rows if (row.path, row.key) == place], conflict)
    if proposal.new or screen.verbose:
        _left_out(screen, proposal)
    notes(screen, proposal.notes)


def _what(screen: Screen, proposal: Proposal) -> None:
    manifest, pin = proposal.manifest, proposal.pin
    if manifest is None or pin is None:
        return
    verb = "Install" if proposal.new else proposal.verb.capitalize()
    where = f"as {proposal.home.name}" if proposal.new else f"in {proposal.home.name}"
    screen.tell(screen.paint(f"{verb} {clean(manifest.label)} {where}", "", bold=True, err=True))
    if manifest.description and (proposal.new or screen.verbose):
        screen.tell(f"  {clean(manifest.description)}")
    ref = pin.ref.removeprefix("refs/heads/").removeprefix("refs/tags/") or "folder"
    at = f"{clean(ref)} @ {pin.short}" if pin.commit else f"as it is, tree {pin.short}"
    before = proposal.before
    was = (
        f" (from {clean(before.version)} @ {before.short})".replace("from  ", "from ")
        if before
        else ""
    )
    screen.tell(f"  from   {clean(proposal.source)}, {at}{was}")
    if proposal.trust:
        screen.tell(f"  trust  {clean(proposal.trust, 300)}")
    if proposal.new or screen.verbose:
        if manifest.author or manifest.license:
            by = " · ".join(clean(text, 80) for text in (manifest.author, manifest.license) if text)
            screen.tell(f"  by     {by}")
        screen.tell(f"  into   {clean(proposal.home.path)}")


def _named(parts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{part} {count}" if count > 1 else part for part, count in parts)


def _parts(screen: Screen, proposal: Proposal) -> None:
    parts = _named(sorted(proposal.parts.items())) or "nothing"
    screen.tell(
        f"  parts  {parts} ({counted(len(proposal.tree), 'file')}, {size_of(proposal.size)})"
    )


def _steps(screen: Screen, steps: tuple[Step, ...]) -> None:
    shown = steps if screen.verbose else steps[:_SHOWN]
    for step in shown:
        how = "+" if step.before is None else "-" if step.after is None else "~"
        screen.tell(f"  {screen.paint(how, _COLOURS[how], err=True)} {clean(step.path)}")
    if more := len(steps) - len(shown):
        parts = _named(review.parts_of(step.path for step in steps[_SHOWN:]).items())
        screen.tell(f"  … and {counted(more, 'more file')} ({parts}); -v lists them")


def _keys(screen: Screen, rows: list[review.KeyRow]) -> None:
    """Show the keys that upstream changed in documents; conflicting ones are shown with their conflicts."""
    shown = rows if screen.verbose else rows[:_SHOWN]
    for row in shown:
        screen.tell(f"    {clean(row.path)}: {clean(row.key, 80)}  {_change(row)}")
    if more := len(rows) - len(shown):
        screen.tell(f"    … and {counted(more, 'more key')}; -v lists them")


def _change(row: review.KeyRow) -> str:
    yours = f" (yours: {clean(row.yours, 50)})" if row.yours else ""
    return f"{clean(row.before, 50) or '(none)'} → {clean(row.after, 50) or '(none)'}{yours}"


def _conflict(screen: Screen, rows: list[review.KeyRow], conflict: Conflict) -> None:
    change = "".join(f"  {_change(row)}" for row in rows)
    mark = screen.paint("conflict", "red", err=True)
    screen.tell(f"  {mark}  {clean(conflict.words)}{change} ({conflict.kind}); yours stays")


def _environment(screen: Screen, proposal: Proposal) -> None:
    for item in proposal.wanted:
        if not (item.new or screen.verbose):
            continue
        mark = "✓ set" if item.found else "missing" if item.var.required else "optional"
        colour = "green" if item.found else "yellow"
        about = f"  {clean(item.var.description, 80)}" if item.var.description else ""
        new = "new: " if item.new and proposal.before else ""
        screen.tell(
            f"  env    {new}{clean(item.var.name, 60)}  {screen.paint(mark, colour, err=True)}{about}"
        )


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
    for line in _lines(group, by_id=screen.verbose):
        wrapped = _wrap(line)
        for number, part in enumerate(wrapped):
            end = mark if number == len(wrapped) - 1 else ""
            screen.tell(f"  {kind if number == 0 else ' ' * 9} {'  ' if number else ''}{part}{end}")
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


def _lines(group: review.Group, *, by_id: bool = False) -> list[str]:
    if group.kind is EffectKind.HIDES:
        return [f"{group.name} {place}" for place in review.hidden_places(group)]
    if group.label and not by_id:
        return [f"{group.label}: {group.line}"]
    if group.label:
        return [f"{group.name}: {group.label}: {group.line}"]
    return [f"{group.name}: {group.line}"]


def _left_out(screen: Screen, proposal: Proposal) -> None:
    shown = proposal.left_out if screen.verbose else proposal.left_out[:_SHOWN]
    for left in shown:
        count = f" ({left.files} files)" if left.files > 1 else ""
        screen.tell(f"  left out  {clean(left.path, 80)}{count}: {clean(why_words(left), 80)}")
    if more := len(proposal.left_out) - len(shown):
        screen.tell(f"  left out  … and {more} more; -v lists them")


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
        verb = "waits" if len(new) == 1 else "wait"
        session.screen.say(f"  {counted(len(new), 'thing')} that you settled {verb} for your yes:")
        for group in new:
            for line in _lines(group):
                session.screen.say(f"    {EFFECT_VERBS[group.kind]} {clean(line)}")
        which = (
            ""
            if len(new) == len(waiting)
            else "".join(f" {shlex.quote(clean(group.name))}" for group in new)
        )
        session.screen.say(f"  next: {session.command(f'approve {proposal.home.name}{which}')}")
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


def _done(session: Session, outcome: Outcome, proposal: Proposal) -> None:
    screen, name = session.screen, outcome.profile
    count = len(proposal.plan.steps)
    label = clean(proposal.manifest.label) if proposal.manifest else "the package"
    words = {
        "install": "Installed",
        "update": "Updated",
        "resolve": "Resolved",
        "approve": "Approved",
        "import": "Imported",
        "rollback": "Went back to",
        "revoke": "Took back the yes in",
        "abort": "Aborted the update, back at",
    }
    done = words.get(outcome.verb, outcome.verb.capitalize())
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
    if outcome.alias:
        screen.say(f"  start it with: {outcome.alias} chat")
    elif proposal.new:
        screen.say(f"  start it with: {session.brand.name} -p {name} chat")
    elif not outcome.open_conflicts:
        screen.say(f"  see: {session.command(f'status {name}')}")


def _written(screen: Screen, outcome: Outcome) -> None:
    if outcome.variables:
        screen.say(f"  written to .env: {', '.join(outcome.variables)}")
