"""The command ``discard``: throw away own edits, after they were shown."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Annotated

import typer

from hermes_dist.cli.shared.ask import agreement
from hermes_dist.cli.shared.command import Profile, Yes
from hermes_dist.cli.shared.request import show_outcome
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.shared.verb import command_with_request
from hermes_dist.model.keypath import place_words
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import discard as ops
from hermes_dist.ops.package.discard import Stays, Thrown
from hermes_dist.voice.clean import clean, clean_value


@command_with_request("dry_run", "allow_effects", "restart", asks=True)
def discard(
    session: Session,
    request: Request,
    profile: Profile = None,
    places: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH|KEY]…", help="A file, a folder, or a key such as model.default."
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All your edits.")] = False,
    yes: Yes = False,
) -> int:
    name = session.ctx.profile(profile)
    outcome = ops.discard(
        session.ctx,
        name,
        places or (),
        request,
        agreement(session, yes=yes, question="Discard your edits?"),
        lambda thrown: _tell(session, thrown, dry_run=request.dry_run, asking=not yes),
        all_=all_,
    )
    code = show_outcome(session, outcome, restart=request.restart)
    for place in ops.staying(outcome):
        approving = session.command(f"approve {name} {shlex.quote(clean(place_words(place)))}")
        session.screen.tell(
            f"  {clean(place_words(place))} stays until you approve what comes back there: {approving}"
        )
    if outcome.done and outcome.proposal is not None and outcome.proposal.steps:
        session.screen.tell(f"  have them back with: {session.command(f'undo {name}')}")
    return code


def _tell(session: Session, thrown: Thrown, *, dry_run: bool, asking: bool) -> None:
    """Show what is thrown away, and what stays: as the preview that follows."""
    screen = session.screen
    if dry_run:
        screen = screen.results()
    elif asking:
        screen = screen.aloud()
    if screen.quiet:
        return
    if thrown.edits:
        screen.tell(f"Your edits in {thrown.profile} that go:")
    for each in thrown.edits:
        for key in each.keys:
            longest = screen.longest_value(err=not screen.is_result)
            before, after = (
                clean_value(value, longest) or "(none)" for value in (key.before, key.after)
            )
            screen.tell(f"  {clean(each.change.path)}: {clean(key.key)}  {before} → {after}")
        screen.diff(each.lines, beside=not screen.is_result)
    for line in _left_lines(session, thrown):
        screen.tell(line)


def _left_lines(session: Session, thrown: Thrown) -> Iterator[str]:
    for edit in thrown.left:
        words = clean(place_words(edit.place))
        typed = f"{thrown.profile} {shlex.quote(clean(place_words(edit.record)))}"
        if edit.stays is Stays.KEPT:
            ending = session.command(f"unkeep {typed}")
            yield f"  {words} stays: it is kept yours; end that with: {ending}"
        else:
            taking = session.command(f"resolve {typed} --theirs")
            yield f"  {words} stays: it is an open conflict; to take upstream's: {taking}"
