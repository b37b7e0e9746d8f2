"""``update --all``: every profile in turn, then a summary with counts and the next commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hermes_dist.cli.shared.reminders import restart_touched
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session, on_each
from hermes_dist.errors import Cancelled, ConflictsOpen, DistError, StoppedAfter, worst
from hermes_dist.light import NamedTuple
from hermes_dist.ops.change.look_up import Looked, ask_ahead, look
from hermes_dist.ops.profiles.list import list_profiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermes_dist.model.paths import ProfileName
    from hermes_dist.ops.change.proposal import Outcome


class State(StrEnum):
    """What became of a profile, in the order in which the summary counts."""

    UPDATED = "updated"
    CHANGES = "changes"
    CONFLICTS = "conflicts"
    CURRENT = "current"
    CANCELLED = "cancelled"
    FAILED = "failed"


_WORDS = {State.CHANGES: "would change", State.CONFLICTS: "with conflicts"}


class Became(NamedTuple):
    """What became of one profile.

    Attributes:
        profile: The profile.
        state: What became of it.
        waiting: Some of its effects wait for approval.
    """

    profile: ProfileName
    state: State
    waiting: bool = False

    @property
    def words(self) -> str:
        """The state in words."""
        return _WORDS.get(self.state, self.state.value)

    @property
    def next(self) -> str:
        """The command to go on with, without the program's name; empty if nothing is left to do."""
        if self.state is State.CONFLICTS:
            return f"resolve {self.profile} --list"
        if self.state in {State.FAILED, State.CHANGES, State.CANCELLED}:
            return f"update {self.profile}"
        if self.waiting:
            return f"approve {self.profile}"
        return ""


def update_all(
    session: Session,
    update: Callable[[Session, Looked], tuple[int, Outcome | None]],
    *,
    restart: bool = False,
) -> int:
    """Update every profile that has a lockfile, and sum up.

    Args:
        session: The run.
        update: Updates one profile; returns its exit code and the outcome, or None if there was nothing to do.
        restart: At the end, restart each running gateway that a change touches, once.

    Returns:
        The worst exit code.
    """
    names = [row.name for row in list_profiles(session.ctx) if row.managed]
    became: list[Became] = []
    touched: dict[ProfileName, None] = {}
    codes = [0]
    begun: list[ProfileName] = []

    def one(each: Session, name: ProfileName) -> int:
        begun.append(name)
        looked = look(each.ctx, name)
        code, outcome = update(each, looked)
        became.append(after(looked, outcome))
        if outcome is not None:
            touched.update(dict.fromkeys(outcome.restart))
        return code

    def end() -> dict[str, Any]:
        show(session.screen, became, session.command)
        results: list[dict[str, Any]] = []
        if restart and touched:
            results, failed = restart_touched(session, tuple(touched))
            codes.append(failed)
        return {"summary": data(became, session.command), "restarted": results}

    try:
        # All sources are asked at once, so that many profiles wait only as long as the slowest one.
        ask_ahead(session.ctx, names)
        code = on_each(
            session,
            names,
            one,
            failed=lambda name, error: became.append(failed(name, error)),
            summary=end,
        )
    except KeyboardInterrupt as stopped:
        finished = isinstance(stopped, StoppedAfter)
        session.screen.prompt("")
        for line in left_lines(names, begun, len(became), finished=finished):
            session.screen.prompt(line)
        raise
    return worst([*codes, code])


def left_lines(
    names: Sequence[ProfileName], begun: Sequence[ProfileName], done: int, *, finished: bool
) -> Iterator[str]:
    """Say what Ctrl-C left: which profiles are done, which one was at work, which are not begun.

    Args:
        names: All profiles, in the order of the work.
        begun: Those whose turn came.
        done: How many of these were through.
        finished: The change of the one at work had begun, so it was finished first.
    """
    state = "finished first" if finished else "as before"
    groups = (("done", begun[:done]), (state, begun[done:]), ("not begun", names[len(begun) :]))
    for words, profiles in groups:
        if profiles:
            yield f"{words:14}  {', '.join(profiles)}"


def after(looked: Looked, outcome: Outcome | None) -> Became:
    """What became of a profile: by the outcome of its update, or without one by what the lock says is open."""
    if outcome is None:
        state = State.CURRENT
        if looked.lock.conflicts:
            state = State.CONFLICTS
        return Became(looked.name, state, waiting=bool(looked.lock.parked))
    return _by(outcome)


def _by(outcome: Outcome) -> Became:
    state = State.CURRENT
    if outcome.open_conflicts:
        state = State.CONFLICTS
    elif outcome.done:
        state = State.UPDATED
    elif outcome.dry_run and outcome.proposal is not None and not outcome.proposal.changes_nothing:
        state = State.CHANGES
    return Became(outcome.profile, state, bool(outcome.waiting))


def failed(name: ProfileName, error: DistError) -> Became:
    """What became of a profile whose update ended with an error."""
    state = State.FAILED
    if isinstance(error, Cancelled):
        state = State.CANCELLED
    elif isinstance(error, ConflictsOpen):
        state = State.CONFLICTS
    return Became(name, state)


def counts(became: Sequence[Became]) -> str:
    """The number of profiles in each state: ``3 updated, 1 with conflicts, 2 current, 1 failed``."""
    said = {each.state: each.words for each in became}
    numbers = {state: sum(each.state is state for each in became) for state in State}
    return ", ".join(f"{numbers[state]} {said[state]}" for state in State if numbers[state])


def show(screen: Screen, became: Sequence[Became], command: Callable[[str], str]) -> None:
    """Write a line for each profile with something to tell, the numbers, and the next commands; none for one profile.

    Args:
        screen: The screen.
        became: What became of each profile, in the order of the work.
        command: Spells a command of ours.
    """
    if len(became) <= 1:  # what was just said is all there is
        return
    screen.say()
    # A profile with nothing to do has had its line, and mostly that is all of them.
    shown = [each for each in became if each.next or each.state is not State.CURRENT]
    widest = max((len(each.profile) for each in shown), default=0)
    for each in shown:
        screen.say(f"{each.profile:{widest}}  {each.words}")
    screen.say(f"{counts(became)}.")
    for line in _next(became, command):
        screen.say(line)


def _next(became: Sequence[Became], command: Callable[[str], str]) -> Iterator[str]:
    for each in became:
        if each.next:
            yield f"  next: {command(each.next)}"


def data(became: Sequence[Became], command: Callable[[str], str]) -> dict[str, Any]:
    """The same as JSON: the number of each state, and each profile with its state and its next command."""
    return {
        "counts": {state.value: sum(each.state is state for each in became) for state in State},
        "profiles": [
            {
                "profile": each.profile,
                "state": each.state.value,
                "next": each.next and command(each.next),
            }
            for each in became
        ],
    }
