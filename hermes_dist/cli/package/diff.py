"""The command ``diff``: show what differs line by line, in short, or in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from hermes_dist.cli.shared.command import Profile, command
from hermes_dist.cli.shared.pager import Paged
from hermes_dist.cli.shared.reminders import notes
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import ExitCode, counted
from hermes_dist.model.left_out import LeftOut
from hermes_dist.ops.change.look_up import look
from hermes_dist.ops.homes import half_changed
from hermes_dist.ops.package import diff as ops
from hermes_dist.voice.clean import clean, clean_value
from hermes_dist.voice.left_out import why_words
from hermes_dist.voice.lines import Style
from hermes_dist.voice.package_json import diff_data

_SIGNS = {"added": "+", "deleted": "D", "changed": "M", "mode": "x", "renamed": "R"}


@command
def diff(
    session: Session,
    profile: Profile = None,
    place: Annotated[
        str,
        typer.Argument(metavar="[PATH|KEY]", help="Only this file, folder or key, such as model."),
    ] = "",
    upstream: Annotated[
        bool, typer.Option("--upstream", "-u", help="Show what an update would change.")
    ] = False,
    to: Annotated[
        str, typer.Option("--to", metavar="REF", help="Compare with another tag, branch or commit.")
    ] = "",
    generations: Annotated[
        str,
        typer.Option(
            "--generations",
            metavar="N..M",
            help="Compare two generations of the history; N.. is up to now.",
        ),
    ] = "",
    stat: Annotated[
        bool, typer.Option("--stat", help="Count the lines of each file instead of showing them.")
    ] = False,
    exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code", help="Exit with code 10 if something differs, or can't be read."
        ),
    ] = False,
) -> int:
    name = session.ctx.profile(profile)
    found = ops.diff(
        session.ctx, name, upstream=upstream, to=to, generations=generations, place=place
    )
    notes(session.screen, half_changed(session.ctx, name))
    session.screen.emit("diff", diff_data(found))
    tell_unread(session.screen, found.unread)
    if found.same and not stat:
        session.screen.tell("Nothing differs.")
    if upstream and found.same and not (to or generations):
        # At a tag nothing ever differs, although there may be newer ones.
        notes(session.screen, look(session.ctx, name).notes)
    with Paged(session) as each:
        _show(each, found, stat=stat)
    return ExitCode.CHANGES if exit_code and not found.same else ExitCode.DONE


def tell_unread(screen: Screen, unread: Sequence[LeftOut]) -> None:
    """Say what can't be read, so that nobody knows whether it is as it was received."""
    for odd in unread:
        screen.warn(f"{clean(odd.path)}: {clean(why_words(odd))}, so it can't be compared")


def _show(session: Session, found: ops.Diff, *, stat: bool) -> None:
    if not stat:
        show_diff(session, found.files)
    elif found.files or found.same:
        show_stat(session, found.files)


def show_diff(session: Session, found: Sequence[ops.FileDiff]) -> None:
    """Show what differs, key by key and line by line."""
    for each in found:
        for key in each.keys:
            longest = session.screen.longest_value()
            before, after = (
                clean_value(key.before, longest) or "(none)",
                clean_value(key.after, longest) or "(none)",
            )
            line = f"{clean(each.change.path)}: {clean(key.key)}  {before} → {after}"
            session.screen.say(session.screen.paint(line, "accent"))
        session.screen.diff(each.lines)


def show_stat(session: Session, found: Sequence[ops.FileDiff]) -> None:
    """Show how much differs in each file, and in all."""
    screen = session.screen
    if not found:
        screen.say("Nothing differs.")
        return
    width = max(len(clean(each.change.path)) for each in found)
    for each in found:
        screen.say(f"  {_stat(screen, each, width)}".rstrip())
    added, removed = sum(e.added for e in found), sum(e.removed for e in found)
    word = "differs" if len(found) == 1 else "differ"
    screen.say(
        f"{counted(len(found), 'file')} {word}: {counted(added, 'line')} new, {removed} gone."
    )


def _stat(screen: Screen, each: ops.FileDiff, width: int) -> str:
    path, was = clean(each.change.path), clean(each.change.was or "")
    moved = f"(was {was})" if was else ""
    counts = " ".join(
        screen.paint(f"{sign}{count}", style) for sign, count, style in _counts(each) if count
    )
    keys = counted(len(each.keys), "key") if each.keys else ""
    words = [f"{_SIGNS[str(each.change.how)]} {path:<{width}}", counts, keys, moved]
    return "  ".join(filter(None, words))


def _counts(each: ops.FileDiff) -> list[tuple[str, int, Style]]:
    return [("+", each.added, "good"), ("-", each.removed, "error")]
