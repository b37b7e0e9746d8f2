"""The prompt for one conflict, modelled on dpkg: keep, take, both, diff, edit, later."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import DistError
from hermes_dist.model.plan import Conflict
from hermes_dist.model.side import Side
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import AskConflict
from hermes_dist.ops.package.conflict_diff import both_files, conflict_lines, fault_of
from hermes_dist.voice.clean import clean

_ANSWERS = {"k": Side.OURS, "t": Side.THEIRS, "b": Side.BOTH}
_HELP = (
    "k  keep yours, and do not ask about this change again",
    "t  take upstream's",
    "b  keep yours and add upstream's, where both fit",
    "d  show the difference",
    "e  edit the file, with upstream's beside it",
    "l  later: yours stays, and the conflict stays open",
)


def asker(session: Session) -> AskConflict:
    """Make a function that asks on the terminal about each conflict."""

    def settle(proposal: Proposal, conflict: Conflict) -> Side | bytes | None:
        screen = session.screen
        screen.needs("--conflict keep, theirs or abort")
        screen.prompt(
            f"{screen.paint('conflict', 'error', err=True)} {clean(conflict.words)} ({conflict.kind})"
        )
        while True:
            answer = (
                screen.read("  [k]eep yours, [t]ake theirs, [b]oth, [d]iff, [e]dit, [l]ater? ")
                .strip()
                .lower()[:1]
            )
            if answer in _ANSWERS:
                return _ANSWERS[answer]
            if answer in {"l", ""}:
                return None
            if answer == "d":
                screen.diff(conflict_lines(proposal, conflict), beside=True)
            elif answer == "e" and (text := edited(session, proposal, conflict)) is not None:
                return text
            elif answer != "e":
                for line in _HELP:
                    screen.prompt(f"  {line}")

    return settle


def edited(session: Session, proposal: Proposal, conflict: Conflict) -> bytes | None:
    """Let the user edit a copy of the file; None if it did not change or the editor failed."""
    mine, theirs = both_files(proposal, conflict)
    with tempfile.TemporaryDirectory(prefix="conflict-") as folder:
        file = Path(folder) / conflict.path.name
        other = file.with_name(f"{file.stem}.upstream{file.suffix}")
        file.write_bytes(mine)
        other.write_bytes(theirs)
        while True:
            try:
                click.edit(filename=[str(file), str(other)])
                after = file.read_bytes()
            except click.ClickException as error:
                session.screen.warn(clean(error.format_message()))
                return None
            except OSError as error:
                raise DistError(
                    f"the edited file can't be read: {error.strerror}", where=str(file)
                ) from error
            fault = fault_of(conflict, mine, after)
            if not fault:
                break
            session.screen.warn(
                f"{clean(conflict.path)} could not be read any more: {clean(fault, 300)}"
            )
            if not session.screen.somebody or not session.screen.confirm("  Edit it again?"):
                return None
    if after == mine:
        session.screen.prompt("  nothing was edited")
        return None
    return after
