"""Show a change: the preview with its review card before it, and the summary after it.

An install shows everything, an update only what changed; ``-v`` shows everything there, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from hermes_dist.cli.shared.reminders import notes, reminder, up_to_date
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.lazily import later, shlex
from hermes_dist.model.left_out import OF_OTHERS, LeftOut
from hermes_dist.model.lock_package import Off, OffCause
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.plan import Effect
from hermes_dist.ops.change import review
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.voice import cards, effect_cards, summary
from hermes_dist.voice.clean import WHOLE
from hermes_dist.voice.lines import Line, Piece
from hermes_dist.voice.status.standing import SHOWN

with later():
    from hermes_dist.ops.conflicts.conflict_diff import sides_of


def preview(session: Session, proposal: Proposal, *, asking: bool = False) -> None:
    """Show what would happen.

    Args:
        session: The session.
        proposal: What would be done.
        asking: A question follows, so this is shown even if the screen is quiet.
    """
    screen = session.screen
    if asking:
        screen = screen.aloud()
    rows = review.changed_keys(session.ctx, proposal)
    details = proposal.new is not None or screen.verbose
    _tell(screen, cards.head_lines(proposal, details=details))
    if proposal.offer.news:
        _tell(screen, cards.news_lines(proposal.offer.news, most_of(screen)))
    _tell(screen, _content(proposal, rows, most_of(screen), screen.longest_value(err=True)))
    revoked = review.revoked_in(proposal)
    _tell(screen, (effect_cards.revoked_line(each, stays=stays) for each, stays in revoked))
    _tell(screen, _environment(proposal, every=screen.verbose))
    _effects(session, screen, proposal)
    _conflicts(session, screen, proposal)
    # Nearly every repository has files that nobody needs to know of, such as its README.
    if proposal.offer.missed.keys() - {"file"}:
        _tell(screen, [cards.missed_line(proposal.offer.missed, listed=details)])
    if proposal.lock and proposal.lock.top.included:
        _tell(screen, [cards.included_line(proposal.lock.top.included)])
    _tell(screen, cards.left_out_lines(_left_out(proposal, details=details), most_of(screen)))
    notes(screen, proposal.notes)


def _left_out(proposal: Proposal, *, details: bool) -> list[LeftOut]:
    """What is left out, as far as it is told: what another agent would run is missed after an update, too."""
    return [left for left in proposal.offer.left_out if details or left.why in OF_OTHERS]


def _conflicts(session: Session, screen: Screen, proposal: Proposal) -> None:
    """The conflicts that stay open, with the values of both sides."""
    for conflict in proposal.plan.conflicts:
        sides = sides_of(session.ctx, proposal, conflict)
        _tell(screen, [cards.conflict_line(conflict, sides, screen.longest_value(err=True))])


def most_of(screen: Screen) -> int:
    """How many rows of one kind are shown."""
    if screen.verbose:
        return WHOLE
    return SHOWN


def _content(
    proposal: Proposal, rows: Sequence[review.KeyRow], most: int, longest: int
) -> Iterator[Line]:
    """The parts of a new package, or the files and keys that change."""
    if proposal.new:
        yield cards.part_line(proposal, proposal.new)
        return
    yield from cards.step_lines(proposal.plan.steps, most)
    conflicts = {(str(c.path), c.key) for c in proposal.plan.conflicts}
    shown = [r for r in rows if (r.path, r.key) not in conflicts]
    yield from cards.key_lines(shown, most, longest)
    yield from cards.settled_lines(proposal, shown)


def _environment(proposal: Proposal, *, every: bool) -> Iterator[Line]:
    """The variables that are newly wanted, or all."""
    update = proposal.before is not None
    for item in proposal.wanted:
        if item.new or every:
            yield cards.environment_line(item, update=update)


def _tell(screen: Screen, lines: Iterable[Line]) -> None:
    """Paint lines beside the result."""
    screen.tell_all(_painted(screen, lines, err=True))


def say_lines(screen: Screen, lines: Iterable[Line]) -> None:
    """Paint lines, and say them as the result."""
    screen.say_all(_painted(screen, lines))


def _painted(
    screen: Screen, lines: Iterable[Line], *, err: bool = False
) -> Iterator[tuple[str, int]]:
    """Yield lines as they are written, each with the length of its label."""
    for pieces in lines:
        yield "".join(_piece(screen, each, err=err) for each in pieces), _label_of(pieces)


def _label_of(pieces: Line) -> int:
    """How long the label of a line is; 0 if it has none that is marked."""
    last = max((at for at, piece in enumerate(pieces) if piece.label), default=-1)
    return sum(len(piece.text) for piece in pieces[: last + 1])


def _piece(screen: Screen, piece: Piece, *, err: bool = False) -> str:
    if not (piece.style or piece.bold):
        return piece.text
    return screen.paint(piece.text, piece.style, bold=piece.bold, err=err)


def _effects(session: Session, screen: Screen, proposal: Proposal) -> None:
    """Show effects that newly need approval or were just approved; those that waited before are only counted."""
    plan, lock = proposal.plan, proposal.home.lock
    new = set(proposal.asked)
    if proposal.new or screen.verbose:
        new = set(plan.effects)
    allowed = set(plan.effects) - set(plan.parked)
    shown = [e for e in plan.effects if e in new or e in allowed]
    now, origin = review.agent_time(session.ctx, proposal.home.path), review.origin_in(proposal)
    review_card(screen, shown, plan.parked, now, origin=origin, most=most_of(screen))
    changed_card(screen, review.before_after(lock, shown))
    _tell(screen, _off(session, proposal))
    # Grouped with the others, and without what is shown above in part: counted as the summary and `list` count.
    waiting = review.groups_of(proposal.waiting)
    if old := sum(not new.intersection(group.effects) for group in waiting):
        words = session.command(f"approve {proposal.home.name}")
        _tell(screen, [effect_cards.earlier_line(old, words)])


def effects_in_full(session: Session, proposal: Proposal) -> None:
    """Show all that is about to be let run, if the preview showed only a part of it."""
    screen = session.screen.aloud()
    if not effect_cards.is_shortened(proposal.asked, most_of(screen)):
        return
    now, origin = review.agent_time(session.ctx, proposal.home.path), review.origin_in(proposal)
    review_card(screen, proposal.asked, proposal.asked, now, origin=origin)


def _off(session: Session, proposal: Proposal) -> Iterator[Line]:
    """What its author ships switched off: it stays off, whatever is approved, until the user names it."""
    before: Sequence[Off] = ()
    if proposal.home.lock:
        before = proposal.home.lock.off
    for off in proposal.plan.off:
        if off.cause is not OffCause.AUTHOR or off in before:
            continue
        if proposal.lock is None or off not in proposal.lock.off:
            # Of an archive that the home takes no lock from: `approve` knows nothing of it.
            yield effect_cards.off_there_line(off.key)
        else:
            words = session.command(f"approve {proposal.home.name} {shlex.quote(off.key)}")
            yield effect_cards.off_line(off.key, words)


def review_card(
    screen: Screen,
    effects: Iterable[Effect],
    parked: Iterable[Effect],
    now: datetime,
    *,
    state: str = "allowed",
    origin: Callable[[review.Group], review.Origin] | None = None,
    most: int = WHOLE,
) -> None:
    """Show everything that could run, one server, job or plugin at a time.

    Args:
        screen: The screen to write to.
        effects: The effects to show.
        parked: Those of them that need approval.
        now: The current time, in the agent's time zone.
        state: A word for the state of the others.
        origin: Tells which layers are behind something; None if no layers are known.
        most: How many of a kind are shown of what stays off; all of it is shown whole before it is let run.
    """
    look = _look(screen, now)
    if origin is not None:
        look = look._replace(origin=origin)
    _tell(screen, effect_cards.review_lines(effects, parked, look, state=state, most=most))


def changed_card(screen: Screen, rows: Iterable[tuple[str, str, str]]) -> None:
    """Show what was approved before at the places of a card, if that differs."""
    _tell(screen, effect_cards.changed_lines(rows))


def group_card(
    screen: Screen,
    group: review.Group,
    now: datetime,
    origin: Callable[[review.Group], review.Origin] | None = None,
) -> None:
    """Show one server, job, hook, plugin or key with everything that it does.

    Args:
        screen: The screen.
        group: What to show.
        now: The time of the agent.
        origin: Tells which layers are behind it; None if no layers are known.
    """
    look = _look(screen, now)
    if origin is not None:
        look = look._replace(origin=origin)
    _tell(screen, effect_cards.group_lines(group, look))


def _look(screen: Screen, now: datetime) -> effect_cards.Look:
    return effect_cards.Look(now, by_id=screen.verbose)


def show_summary(session: Session, outcome: Outcome) -> int:
    """Show what was done and what to do next.

    Returns:
        The exit code: 3 if conflicts are open.
    """
    screen, name, proposal = session.screen, outcome.profile, outcome.proposal
    notes(screen, outcome.notes)
    if outcome.done and proposal is not None:
        said = summary.done_lines(
            outcome, proposal, session.command, session.brand, lambda: session.ctx.agent_command
        )
        say_lines(screen, said)
    elif not outcome.dry_run:
        lock, ours = outcome.lock, False
        if proposal is not None:
            lock, ours = proposal.lock, bool(proposal.plan.conflicts)
        held = any(note.kind is NoteKind.HELD for note in outcome.notes)
        verb = "" if outcome.open_conflicts else outcome.verb
        up_to_date(session, name, lock, kept_out=held, ours=ours and bool(verb), verb=verb)
        say_lines(screen, summary.written_lines(outcome))
    for path in outcome.skipped:
        screen.warn(summary.skipped_words(path))
    if outcome.dry_run:
        return 0
    return reminder(session, name, outcome.open_conflicts)
