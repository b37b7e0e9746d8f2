"""Commands that make, rename, describe, put away and bring back profiles."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hermes_dist.cli.shared.command import DryRun, Profile, command
from hermes_dist.cli.shared.layout import Column
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import Cancelled, InputNeeded, UsageError, counted
from hermes_dist.model.notes import Note
from hermes_dist.ops.profiles import aliases, lifecycle, trash_and_archive
from hermes_dist.ops.profiles import clone as cloning
from hermes_dist.ops.profiles import list as facts
from hermes_dist.voice.clean import clean
from hermes_dist.voice.notes import sentences
from hermes_dist.voice.profile_json import (
    away_data,
    back_data,
    gone_data,
    leaving_data,
    made_data,
    renamed_data,
)
from hermes_dist.voice.words import DRY_RUN

if TYPE_CHECKING:
    from datetime import datetime

    from hermes_dist.ops.profile_changes import Belongings, Gone, Made

Name = Annotated[str, typer.Argument(metavar="PROFILE", help="The profile.")]
JustYes = Annotated[bool, typer.Option("-y", "--yes", help="Don't ask.")]


@command
def create(
    session: Session,
    new: Annotated[
        str, typer.Argument(metavar="NAME", help="The new profile: small letters, digits, - and _.")
    ],
    clone: Annotated[
        bool, typer.Option("--clone", help="Copy settings, keys, SOUL.md and skills.")
    ] = False,
    clone_all: Annotated[
        bool, typer.Option("--clone-all", help="Copy everything of a profile.")
    ] = False,
    clone_from: Annotated[
        str,
        typer.Option(
            "--clone-from", metavar="SOURCE", help="Clone this profile; by default the active one."
        ),
    ] = "",
    no_alias: Annotated[
        bool, typer.Option("--no-alias", help="Don't make a command with its name.")
    ] = False,
    no_skills: Annotated[
        bool, typer.Option("--no-skills", help="Don't add bundled skills, now or later.")
    ] = False,
    description: Annotated[
        str, typer.Option("--description", help="What it is good at, in a sentence or two.")
    ] = "",
    with_channel_tokens: Annotated[
        bool,
        typer.Option(
            "--with-channel-tokens",
            help="Copy bot tokens too; only one gateway at a time can use them.",
        ),
    ] = False,
    dry_run: DryRun = False,
) -> int:
    new_profile = cloning.NewProfile(
        name=new,
        copying=clone or clone_all or bool(clone_from),
        source=clone_from,
        every=clone_all,
        tokens=with_channel_tokens,
        alias=not no_alias,
        skills=not no_skills,
        description=description,
    )
    made = cloning.make(session.ctx, new_profile, dry_run=dry_run)
    _show_made(session, made, dry_run=dry_run, skills=not no_skills)
    return 0


def _show_made(session: Session, made: Made, *, dry_run: bool, skills: bool) -> None:
    screen = session.screen
    screen.emit("create", made_data(made, dry_run=dry_run))
    done = "would be created" if dry_run else "created"
    if made.source:
        done += f" as a clone of {made.source}"
    screen.say(f"Profile {made.name} {done} at {clean(made.path)}")
    if made.alias:
        screen.say(f"Command: {made.alias}")
    if not dry_run:
        _show_skills(session, made, skills=skills)
    _show_keys(session, made, dry_run=dry_run)
    _tell_notes(session, made)
    if dry_run:
        screen.say(DRY_RUN)
    else:
        _next_steps(session, made)


def _show_skills(session: Session, made: Made, *, skills: bool) -> None:
    screen = session.screen
    if made.skills:
        screen.say(f"{made.skills} bundled skills added.")
    elif not skills:
        screen.say(
            "No bundled skills; delete .no-bundled-skills in the profile to have them again."
        )


def _show_keys(session: Session, made: Made, *, dry_run: bool) -> None:
    """Which keys and logins the clone has, and which only its original."""
    if made.variables:
        copied = "Would be copied from .env" if dry_run else "Copied from .env"
        session.screen.tell(f"{copied}: {clean(', '.join(made.variables))}")
    if made.left_out:
        were = "would not be copied" if dry_run else "were not copied"
        title = f"Only one gateway can use these, so they {were}"
        _names(session, f"{title} (--with-channel-tokens copies them):", made.left_out)
    if made.credentials:
        title = f"These logins stay with {made.source} only"
        again = f"sign in again where {made.name} needs them"
        _names(session, f"{title}; {again}:", made.credentials)


def _tell_notes(session: Session, made: Made) -> None:
    for note in sentences(made.notes):
        session.screen.tell(f"note: {clean(note)}")


def _names(session: Session, title: str, names: Iterable[str]) -> None:
    session.screen.tell(title)
    for name in names:
        session.screen.tell(f"  {clean(name)}")


def _next_steps(session: Session, made: Made) -> None:
    screen = session.screen
    start = f"{session.brand.name} -p {made.name}"
    if made.alias and made.on_path:
        start = made.alias
    elif made.alias:
        off = aliases.off_path(session.ctx.layout, session.ctx.env, made.alias)
        for each in sentences((off,)):
            screen.tell(f"note: {clean(each)}")
    screen.tell("next:")
    if not made.source:
        screen.tell(f"  {start} setup            choose a model, enter keys")
    screen.tell(f"  {start} chat             start talking")
    screen.tell(f"  {start} gateway start    serve its channels")
    if made.source:
        screen.tell(
            f"  edit {clean(made.path)}/.env for other keys, SOUL.md for another personality"
        )


@command
def rename(
    session: Session,
    profile: Annotated[str, typer.Argument(metavar="OLD", help="The profile.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
    dry_run: DryRun = False,
) -> int:
    done = lifecycle.rename(session.ctx, profile, new, dry_run=dry_run)
    screen = session.screen
    screen.emit("rename", renamed_data(done, dry_run=dry_run))
    becomes = "would be" if dry_run else "is now"
    screen.say(f"Profile {done.old} {becomes} {done.new}, at {clean(done.path)}")
    rows = [("Commands", ", ".join(done.commands)), ("Service", ", ".join(done.services))]
    if done.sticky:
        rows.append(("Active", f"plain {session.brand.name} commands still use it"))
    if done.gateway:
        rows.append(("Gateway", "running: it will be stopped"))
    _rows(session, rows)
    _stopped(session, done.stopped, done.new)
    _notes(session, done.notes)
    if dry_run:
        screen.say(DRY_RUN)
    return 0


def _rows(session: Session, rows: Iterable[tuple[str, str]]) -> None:
    session.screen.fields(rows)


def _stopped(session: Session, stopped: tuple[str, ...], name: str) -> None:
    for line in stopped:
        session.screen.say(f"{line[0].upper()}{line[1:]}.")
    if stopped and name:
        session.screen.tell(
            f"next: start it again with {session.brand.name} -p {name} gateway start"
        )


def _notes(session: Session, notes: tuple[Note, ...]) -> None:
    for note in sentences(notes):
        session.screen.warn(clean(note))


@command
def delete(
    session: Session,
    profile: Name,
    yes: JustYes = False,
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove it for good, without the trash.")
    ] = False,
    dry_run: DryRun = False,
) -> int:
    ctx = session.ctx
    if not dry_run and (
        before := trash_and_archive.put_away_before(ctx, profile, "trash", purge=purge)
    ):
        return _deleted(session, before)
    name = ctx.profile(profile.strip())
    leaving = trash_and_archive.leaving(ctx, name, "deleted")
    # The answer to a question is about what was shown: while it waits, another command may change that.
    shown = "" if yes or dry_run else trash_and_archive.bound(leaving, "trash").plan
    _show_leaving(session, leaving, purge=purge, dry_run=dry_run)
    if dry_run:
        session.screen.emit("delete", _leaving_data(session, leaving))
        session.screen.say(DRY_RUN)
        return 0
    if not yes and _typed(session, name) != name:
        raise Cancelled("cancelled, nothing changed")
    return _deleted(
        session, trash_and_archive.put_away(ctx, name, "trash", purge=purge, shown=shown)
    )


def _deleted(session: Session, gone: Gone) -> int:
    name = gone.leaving.name
    session.screen.emit("delete", gone_data(gone))
    if gone.purged:
        session.screen.say(f"Profile {name} is removed for good.")
    else:
        session.screen.say(
            f"Profile {name} is in the trash for {trash_and_archive.DAYS} days: {clean(gone.path)}"
        )
    _gone(session, gone)
    if not gone.purged:
        session.screen.tell(f"undo: {session.command(f'restore {name}')}")
    return 0


def _leaving_data(session: Session, leaving: Belongings) -> dict[str, Any]:
    row = facts.show(session.ctx, leaving.name)
    return leaving_data(leaving, row, trash_and_archive.due(session.ctx))


def _typed(session: Session, name: str) -> str:
    try:
        session.screen.needs("--yes")
    except InputNeeded as err:
        err.what = f"the name {name!r} has to be typed, and there is no terminal"
        raise
    return session.screen.read(f"Type {name} to delete it: ").strip()


def _show_leaving(session: Session, leaving: Belongings, *, purge: bool, dry_run: bool) -> None:
    what = f"moved to the trash, where it can be restored for {trash_and_archive.DAYS} days"
    if purge:
        what = "removed for good"
    # Before a question it is only information; in a dry run it is the result.
    say = session.screen.say if dry_run else session.screen.tell
    becomes = "would be" if dry_run else "will be"
    say(f"Profile {leaving.name} ({clean(leaving.path)}) {becomes} {what}.")
    session.screen.fields(_lines_about(session, leaving), indent=2, beside=not dry_run)


def _lines_about(session: Session, leaving: Belongings) -> Iterator[tuple[str, str]]:
    row = facts.show(session.ctx, leaving.name)
    model = row.model
    if row.model and row.provider:
        model += f" ({row.provider})"
    yield "Model", model
    yield "Package", row.package
    yield "Commands", ", ".join(leaving.commands)
    yield "Service", ", ".join(leaving.services)
    if leaving.gateway:
        yield "Gateway", "running: it will be stopped"
    if leaving.routes:
        yield "Routes", f"{counted(leaving.routes, 'route')} to it, which {_stay(leaving.routes)}"
    if leaving.tasks:
        yield "Tasks", f"{counted(leaving.tasks, 'open task')} on boards keep its name"
    for note in leaving.settings:
        yield "Settings", f"{', '.join(sentences([note]))}, and stays so"
    if due := trash_and_archive.due(session.ctx):
        yield "Trash", f"{counted(due, 'older profile')} will leave it for good"
    if leaving.sticky:
        yield "Active", "plain commands will use the default profile"


def _stay(count: int) -> str:
    return "stays" if count == 1 else "stay"


def _gone(session: Session, gone: Gone) -> None:
    screen = session.screen
    _stopped(session, gone.stopped, "")
    rows = [
        ("Removed commands", ", ".join(gone.leaving.commands)),
        ("Removed services", ", ".join(gone.leaving.services)),
    ]
    if gone.leaving.sticky:
        rows.append(("Active", "default"))
    _rows(session, rows)
    if gone.leaving.routes:
        routes = gone.leaving.routes
        screen.warn(f"{counted(routes, 'gateway route')} to {gone.leaving.name} {_stay(routes)}")
    if gone.expired:
        screen.tell(f"{counted(gone.expired, 'older profile')} left the trash for good")
    _notes(session, gone.notes)


@command
def archive(
    session: Session,
    profile: Name,
    dry_run: DryRun = False,
    _yes: Annotated[
        bool, typer.Option("-y", "--yes", help="Accepted as in `delete`; nothing is asked anyway.")
    ] = False,
) -> int:
    ctx = session.ctx
    if not dry_run and (before := trash_and_archive.put_away_before(ctx, profile, "archive")):
        return _archived(session, before)
    name = ctx.profile(profile.strip())
    leaving = trash_and_archive.leaving(ctx, name, "archived")
    if dry_run:
        session.screen.emit("archive", _leaving_data(session, leaving))
        session.screen.say(f"Profile {name} would be archived.")
        session.screen.say(DRY_RUN)
        return 0
    return _archived(session, trash_and_archive.put_away(ctx, name, "archive"))


def _archived(session: Session, gone: Gone) -> int:
    name = gone.leaving.name
    session.screen.emit("archive", gone_data(gone))
    session.screen.say(f"Profile {name} is archived: {clean(gone.path)}")
    _gone(session, gone)
    session.screen.tell(f"undo: {session.command(f'restore {name}')}")
    return 0


@command
def restore(
    session: Session,
    profile: Annotated[
        str | None,
        typer.Argument(
            metavar="[PROFILE]", help="Its name, or NAME@TIME as listed; without one, a list."
        ),
    ] = None,
    to: Annotated[str, typer.Option("--as", metavar="NAME", help="Another name for it.")] = "",
    dry_run: DryRun = False,
) -> int:
    if profile is None:
        return _list_away(session)
    if Path(profile).is_file():
        raise UsageError(
            f"{profile!r} is a file, not the name of a profile",
            hint="restore it from a backup with",
            command=f"backup restore {shlex.quote(profile)}",
        )
    back = trash_and_archive.restore(session.ctx, profile, to=to, dry_run=dry_run)
    screen = session.screen
    screen.emit("restore", back_data(back, dry_run=dry_run))
    comes = "would be" if dry_run else "is"
    screen.say(f"Profile {back.name} {comes} back from the {back.place}: {clean(back.path)}")
    _rows(session, (("Commands", ", ".join(back.commands)), ("Service", ", ".join(back.services))))
    _notes(session, back.notes)
    if dry_run:
        screen.say(DRY_RUN)
        return 0
    if back.services:
        screen.tell(f"next: {session.brand.name} -p {back.name} gateway start")
    if back.was_sticky:
        screen.tell(f"next: {session.command(f'use {back.name}')} makes it the active one again")
    return 0


def _since(when: datetime) -> str:
    """A time as `history` shows it, in the time zone of this machine; a dash for one that no calendar has there."""
    try:
        return f"{when.astimezone():%Y-%m-%d %H:%M}"
    except (OSError, OverflowError, ValueError):
        return "—"


def _list_away(session: Session) -> int:
    found = trash_and_archive.stored_profiles(session.ctx)
    session.screen.emit("away", away_data(found))
    if not found:
        session.screen.say("The archive and the trash are empty.")
        return 0
    rows = [(each.name, each.place, _since(each.when), str(each.path)) for each in found]
    session.screen.table(("Profile", "In", Column("Since", whole=True), "Path"), rows)
    return 0


@command
def describe(
    session: Session,
    profile: Profile = None,
    text: Annotated[
        str | None, typer.Option("--text", help="The description; empty to remove it.")
    ] = None,
    auto: Annotated[bool, typer.Option("--auto", help="Let the installed agent write it.")] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="With --auto: also replace descriptions that people wrote."
        ),
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="With --auto: describe every profile that has none.")
    ] = False,
) -> int:
    if every and (not auto or profile or text is not None):
        raise UsageError("--all works only with --auto, and without a profile or --text")
    _check_auto(auto=auto, overwrite=overwrite, text=text)
    how = ["--auto", "--overwrite"] if overwrite else ["--auto"]
    if every:
        return _describe_all(session, how)
    ctx, screen = session.ctx, session.screen
    name = ctx.profile(profile)
    if auto:
        lifecycle.auto_describe(ctx, [name, *how])
    elif text is not None:
        lifecycle.describe(ctx, name, text)
    now = facts.show(ctx, name).description
    screen.emit("describe", {"profile": name, "description": now})
    if now:
        screen.say(clean(now))
    else:
        screen.say(f"{name} has no description.")
        screen.tell(f"  to set one: {session.command(f'describe {name} --text TEXT')}")
    return 0


def _check_auto(*, auto: bool, overwrite: bool, text: str | None) -> None:
    if auto and text is not None:
        raise UsageError("choose one of --text and --auto")
    if overwrite and not auto:
        raise UsageError("--overwrite works only with --auto")


def _describe_all(session: Session, how: list[str]) -> int:
    said = lifecycle.auto_describe(session.ctx, ["--all", *how])
    session.screen.emit("describe", {"profile": None, "said": said})
    for line in said.splitlines():
        session.screen.say(clean(line))
    return 0
