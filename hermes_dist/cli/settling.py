"""The question about one conflict, as dpkg asks: keep, take, both, diff, later."""

from __future__ import annotations

from hermes_dist.cli.clean import clean
from hermes_dist.cli.command import Session
from hermes_dist.model.plan import Conflict
from hermes_dist.model.side import Side
from hermes_dist.ops.install import Settle
from hermes_dist.ops.proposal import Proposal
from hermes_dist.ops.show_conflict import conflict_lines

_ANSWERS = {"k": Side.OURS, "t": Side.THEIRS, "b": Side.BOTH}


def asker(session: Session) -> Settle:
    """Ask on the terminal about each conflict."""

    def settle(proposal: Proposal, conflict: Conflict) -> Side | None:
        screen = session.screen
        screen.needs("--conflict keep, theirs or abort")
        screen.tell(f"{screen.paint('conflict', 'red', err=True)} {clean(conflict.place)} ({conflict.kind})")
        while True:
            answer = screen.read("  [k]eep yours, [t]ake theirs, [b]oth, [d]iff, [l]ater? ").strip().lower()[:1]
            if answer in _ANSWERS:
                return _ANSWERS[answer]
            if answer in {"l", ""}:
                return None
            if answer == "d":
                screen.diff(conflict_lines(proposal, conflict))

    return settle
