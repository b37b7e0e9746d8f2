"""The prompt for conflicts, modelled on dpkg: what each is about, then keep, take, both, diff, edit, or later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hermes_dist.cli.package.edit_conflict import edited
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import counted
from hermes_dist.model.plan import Conflict
from hermes_dist.model.side import Side
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import AskConflicts
from hermes_dist.ops.conflicts.conflict_diff import Sides, conflict_lines, sides_of
from hermes_dist.voice import cards
from hermes_dist.voice.clean import clean
from hermes_dist.voice.words import APART_WORDS

Answer = Side | bytes | None
"""A side, the edited file, or None to leave it open."""
_SHORT = 14
"""A difference of at most so many lines is shown without being asked for."""
_WORDS: Mapping[str, tuple[str, ...]] = {
    "keep": ("k", "keep", "ours", "yours", "mine"),
    "take": ("t", "take", "theirs"),
    "both": ("b", "both"),
    "diff": ("d", "diff"),
    "edit": ("e", "edit"),
    "previous": ("p", "previous", "back"),
    "later": ("", "l", "later"),
    "help": ("?", "h", "help"),
}
"""What can be typed for each answer; Enter alone is one of them."""
_MEANING = {word: answer for answer, words in _WORDS.items() for word in words}
_SIDES = {"keep": Side.OURS, "take": Side.THEIRS, "both": Side.BOTH}
_HELP = {
    "keep": "k  keep yours, and do not ask about this change again",
    "take": "t  take upstream's in place of yours",
    "both": "b  keep yours and add upstream's",
    "diff": "d  show the difference",
    "edit": "e  edit a copy of the file; what you save is what you get",
    "previous": "p  go back to the conflict before this one",
    "later": "l  later: yours stays, and the conflict stays open (also Enter)",
}


def asker(session: Session) -> AskConflicts:
    """Make a function that asks on the terminal about conflicts, one by one."""

    def settle(
        proposal: Proposal, conflicts: Sequence[Conflict]
    ) -> Mapping[Conflict, Side | bytes]:
        session.screen.needs("--conflict keep, theirs or abort")
        if proposal.verb != "resolve":
            _introduce(session, proposal, len(conflicts))
        return _Round(session, proposal, conflicts).run()

    return settle


def _introduce(session: Session, proposal: Proposal, count: int) -> None:
    """Say what the change is, before what it conflicts with."""
    screen = session.screen
    for line in cards.head_lines(proposal, details=False):
        screen.prompt("".join(piece.text for piece in line))
    screen.prompt(
        f"{counted(count, 'conflict')}: you and upstream changed the same thing. Nothing is written"
        " before the last question."
    )


class _Round:
    """The questions about the conflicts of one change; one step back is always possible.

    Args:
        session: The run.
        proposal: The change.
        conflicts: What to ask about, in this order.
    """

    def __init__(self, session: Session, proposal: Proposal, conflicts: Sequence[Conflict]) -> None:
        self.session = session
        self.proposal = proposal
        self.conflicts = conflicts
        self.answers: dict[Conflict, Answer] = {}

    def run(self) -> dict[Conflict, Side | bytes]:
        """Ask about each; give the answers."""
        asked: list[int] = []
        at = 0
        while at < len(self.conflicts):
            if self._is_answered(self.conflicts[at]):
                at += 1
                continue
            if not self._ask(at, can_go_back=bool(asked)):
                at = asked.pop()
                self.answers.pop(self.conflicts[at], None)
                continue
            asked.append(at)
            at += 1
        return {conflict: answer for conflict, answer in self.answers.items() if answer is not None}

    def _is_answered(self, conflict: Conflict) -> bool:
        """Whether an edited file answers it: that settles every conflict in the file."""
        return any(
            isinstance(answer, bytes) and other.path == conflict.path
            for other, answer in self.answers.items()
        )

    def _ask(self, at: int, *, can_go_back: bool) -> bool:
        """Ask about one conflict until there is an answer; False to go back."""
        screen, conflict = self.session.screen, self.conflicts[at]
        sides = sides_of(self.session.ctx, self.proposal, conflict)
        lines = conflict_lines(self.session.ctx, self.proposal, conflict)
        head = screen.paint(f"Conflict {at + 1} of {len(self.conflicts)}", "error", err=True)
        values = cards.sides_words(conflict, sides, screen.longest_value(err=True))
        screen.prompt(f"{head}  {cards.conflict_place(conflict, sides)}   {values}")
        if not sides.has_values and len(lines) <= _SHORT:
            screen.diff(lines, beside=True)
        offered = _offered(sides, can_go_back=can_go_back)
        screen.prompt(f"  {'  '.join(_marked(word) for word in offered)}")
        while True:
            typed = screen.read("  Your choice [later]: ").strip().lower()
            answer = _MEANING.get(typed, "")
            if answer == "previous" and can_go_back:
                return False
            if self._act(answer, offered, conflict, sides, lines, typed):
                return True

    def _act(
        self,
        answer: str,
        offered: Sequence[str],
        conflict: Conflict,
        sides: Sides,
        lines: Sequence[str],
        typed: str,
    ) -> bool:
        """Do what was answered; True if that settles the question."""
        screen = self.session.screen
        if answer == "help":
            for word in offered:
                if word in _HELP:
                    screen.prompt(f"  {_HELP[word]}")
        elif answer not in offered:
            screen.prompt(f"  {_why_not(answer, typed, sides)}")
        elif answer == "diff":
            screen.diff(lines, beside=True)
        elif answer == "edit":
            text = edited(self.session, self.proposal, conflict)
            if text is not None:
                return self._settle(conflict, text, "as you edited it")
        elif answer == "later":
            return self._settle(conflict, None, "open; yours stays until you settle it")
        else:
            side = _SIDES[answer]
            return self._settle(
                conflict, side, cards.choice_words(side, sides, screen.longest_value(err=True))
            )
        return False

    def _settle(self, conflict: Conflict, answer: Answer, said: str) -> bool:
        self.answers[conflict] = answer
        self.session.screen.prompt(f"  → {said}")
        return True


def _offered(sides: Sides, *, can_go_back: bool) -> list[str]:
    """The answers that fit a conflict."""
    unfit = set()
    if sides.apart is not None:
        unfit.add("both")
    if not can_go_back:
        unfit.add("previous")
    return [word for word in _WORDS if word not in unfit]


def _marked(word: str) -> str:
    """An answer with the letter to type in brackets."""
    if word == "help":
        return "[?]help"
    named = {"keep": "[k]eep yours", "take": "[t]ake theirs"}
    return named.get(word, f"[{word[0]}]{word[1:]}")


def _why_not(answer: str, typed: str, sides: Sides) -> str:
    """Why an answer does not do here."""
    if answer == "both" and sides.apart is not None:
        return f"both can't be: {APART_WORDS[sides.apart]}; keep, take or edit"
    if answer == "previous":
        return "this is the first one"
    return f"{clean(typed, 40)!r} is not one of the answers; ? explains them"


Settle = Callable[[Proposal, Conflict], bytes | None]
"""Gives the edited file for a conflict; None leaves it open."""


def by_editing(edit: Settle) -> AskConflicts:
    """Make a function that settles conflicts by editing each file once."""

    def settle(
        proposal: Proposal, conflicts: Sequence[Conflict]
    ) -> Mapping[Conflict, Side | bytes]:
        answers: dict[Conflict, Side | bytes] = {}
        seen = set()
        for conflict in conflicts:
            if conflict.path not in seen:
                seen.add(conflict.path)
                text = edit(proposal, conflict)
                if text is not None:
                    answers[conflict] = text
        return answers

    return settle
