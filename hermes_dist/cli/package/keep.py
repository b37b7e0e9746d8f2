"""The commands ``keep`` and ``unkeep``: what stays yours on this machine, whatever upstream ships."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from hermes_dist.cli.shared.command import DryRun, Profile, command
from hermes_dist.cli.shared.reminders import reminder
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import counted
from hermes_dist.model.keypath import place_words
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import keep as ops
from hermes_dist.ops.package.keep import Kept
from hermes_dist.voice.clean import clean
from hermes_dist.voice.package_json import kept_data
from hermes_dist.voice.words import DRY_RUN

Places = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH|KEY]…", help="A file, a folder, or a key such as model.default."),
]


@command
def keep(
    session: Session, profile: Profile = None, places: Places = None, dry_run: DryRun = False
) -> int:
    name = session.ctx.profile(profile)
    if places:
        found = ops.keep(session.ctx, name, places, Request(dry_run=dry_run))
        return _show(session, found, dry_run=dry_run)
    found = ops.kept(session.ctx, name)
    session.screen.emit("kept", kept_data(found, done=False))
    for place in found.kept:
        session.screen.say(clean(place_words(place)))
    if found.kept:
        session.screen.tell(f"  keep one no longer: {session.command(f'unkeep {name} PATH')}")
    else:
        session.screen.say(f"Nothing is always kept yours in {name}.")
        session.screen.tell(f"  keep something: {session.command(f'keep {name} SOUL.md')}")
    return 0


@command
def unkeep(
    session: Session,
    profile: Profile = None,
    places: Places = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything that is kept.")] = False,
    dry_run: DryRun = False,
) -> int:
    name = session.ctx.profile(profile)
    request = Request(dry_run=dry_run)
    found = ops.unkeep(session.ctx, name, places or (), request, all_=all_)
    return _show(session, found, dry_run=dry_run)


def _show(session: Session, found: Kept, *, dry_run: bool) -> int:
    """Say what is kept now and what no longer, and remind of conflicts that are open."""
    screen, name, outcome = session.screen, found.profile, found.outcome
    screen.emit("kept", kept_data(found, done=outcome is not None and outcome.done))
    if not (found.added or found.removed):
        screen.say(
            f"Nothing to do: {_said(found.kept) or 'nothing'} stays yours in {name} already."
        )
        return 0
    for line in _done_lines(session, found):
        screen.say(line)
    if dry_run:
        screen.say(DRY_RUN)
        return 0
    if found.added:
        words = session.command(f"unkeep {name} {_word(found.added)}")
        screen.tell(f"  undo with: {words}")
    return reminder(session, name, outcome.open_conflicts if outcome else 0)


def _done_lines(session: Session, found: Kept) -> Iterator[str]:
    tick, name = session.screen.paint("✓", "good"), found.profile
    if found.added:
        yield f"{tick} Always yours in {name}: {_said(found.added)}. Updates leave it as it is."
    if found.removed:
        yield (
            f"{tick} No longer always yours in {name}: {_said(found.removed)}. It stays as it is"
            " until upstream changes it; then you are asked."
        )
    if found.settled:
        yield f"  this settled {counted(found.settled, 'conflict')} as yours"


def _said(places: Iterable[str]) -> str:
    return ", ".join(clean(place_words(place)) for place in places)


def _word(places: tuple[str, ...]) -> str:
    """The places as they are typed after a command."""
    return " ".join(shlex.quote(clean(place_words(place))) for place in places)
