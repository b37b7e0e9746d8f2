"""Commands that back profiles up, always encrypted, and restore them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated

import typer
from msgspec.structs import replace

from hermes_dist.cli.shared.cards import preview, show_summary
from hermes_dist.cli.shared.command import AllowEffects, DryRun, Profile, Yes, command
from hermes_dist.cli.shared.reminders import notes
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.transfer import (
    PassphraseFile,
    archive_path,
    known_passphrase,
    new_passphrase,
    tell_unread,
)
from hermes_dist.errors import Cancelled, DistError, UsageError, counted, worst
from hermes_dist.model.left_out import Why
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.transfer import backup as ops
from hermes_dist.ops.transfer.backup import Listed, Missed, Restored, Talk
from hermes_dist.ops.transfer.export import Exported, target_of
from hermes_dist.ops.transfer.machine_settings import Brought
from hermes_dist.voice.clean import clean
from hermes_dist.voice.profile_json import backed_data, restored_data
from hermes_dist.voice.status.standing import SHOWN
from hermes_dist.voice.transfer.machine import (
    backed_settings,
    brought_data,
    brought_lines,
    held_words,
)
from hermes_dist.voice.words import DRY_RUN, size_of


@command
def make(
    session: Session,
    profile: Profile = None,
    out: Annotated[
        str,
        typer.Option("-o", "--output", metavar="FILE", help="The backup to write, a new file."),
    ] = "",
    all_: Annotated[bool, typer.Option("--all", help="Every profile of this machine.")] = False,
    passphrase_file: PassphraseFile = "",
) -> int:
    ctx, screen = session.ctx, session.screen
    if all_ and profile:
        raise UsageError("--all can't be combined with a profile")
    name = None if all_ else ctx.profile(profile)
    # Before anything is typed: a file that can't be written is told first.
    path = target_of(name or ProfileName("all"), out, encrypted=True)
    passphrase = new_passphrase(session, passphrase_file)
    if name is None:
        done = ops.back_up_all(ctx, passphrase, path)
    else:
        done = ops.back_up(ctx, name, passphrase, path)
    screen.emit("backup", backed_data(done, backed_settings(done.settings, done.unread)))
    _tell_notes(screen, done.profiles)
    said = ", ".join(f"{each.profile} ({counted(each.files, 'file')})" for each in done.profiles)
    tick = screen.paint("✓", "good")
    screen.say(f"{tick} Backed up {said} to {clean(done.path)}: {size_of(done.size)}, encrypted.")
    if held := held_words(done.settings):
        screen.say(f"  with this machine's {held}")
    screen.tell("  without the passphrase nobody can open it, not even you; keep it elsewhere")
    screen.say(f"  restore it with: {session.command(f'backup restore {clean(done.path.name)}')}")
    if done.unread is not None:
        screen.error(done.unread, beside=True)
        screen.warn("the registries, keys and policies of this machine are not in the backup")
    unread = tell_unread(session, done.profiles)
    return worst([_tell_missed(screen, done.missed), unread, *_codes(done.unread)])


def _codes(error: DistError | None) -> list[int]:
    return [] if error is None else [error.code]


def _tell_notes(screen: Screen, profiles: Sequence[Exported]) -> None:
    """Say what to know of each profile; without -v, only the first of what the backup lacks."""
    for each in profiles:
        said = [note for note in each.notes if screen.verbose or not _is_bare(note)]
        shown = said if screen.verbose else said[:SHOWN]
        notes(screen, [_in_profile(note, each, profiles) for note in shown])
        if more := len(said) - len(shown):
            screen.tell(f"  note   {each.profile}: {more} more; -v lists them")


def _is_bare(note: Note) -> bool:
    """Whether a note is about what has no content to lose, such as a socket."""
    return note.kind is NoteKind.LEFT_OUT and dict(note.data)["why"] == Why.NEITHER


def _in_profile(note: Note, of: Exported, profiles: Sequence[Exported]) -> Note:
    """Name the profile of a note if there are several."""
    if len(profiles) == 1:
        return note
    return note._replace(where=f"{of.profile}/{note.where}".rstrip("/"))


def _tell_missed(screen: Screen, missed: Sequence[Missed]) -> int:
    """Say which profiles a backup of all is without; the exit code."""
    for each in missed:
        screen.error(each.error.within(each.profile), beside=True)
    if missed:
        names = ", ".join(str(each.profile) for each in missed)
        screen.warn(f"not in the backup: {names}; mend that, then back up again")
    return worst(each.error.code for each in missed)


@command
def restore(
    session: Session,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The backup, a .tar.gz.age.")],
    profiles: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PROFILE]…", help="Which of its profiles; by default all."),
    ] = None,
    name: Annotated[
        str, typer.Option("--name", help="The new name, if one profile is restored.")
    ] = "",
    allow_effects: AllowEffects = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    passphrase_file: PassphraseFile = "",
) -> int:
    asking = _Asking(session, tuple(profiles or ()), name, sure=yes or dry_run, dry_run=dry_run)
    path = archive_path(file)

    request = Request(choices=Choices(allow_effects=allow_effects), dry_run=dry_run)
    talk = Talk(
        passphrase=partial(known_passphrase, session, passphrase_file),
        choose=asking.choose,
        confirm=asking.confirm,
        told=asking.told,
        settings=asking.settings,
        brought=asking.brought,
    )
    done = ops.restore(session.ctx, path, request, talk)
    session.screen.emit(
        "backup-restore", restored_data(str(path), done, asking.machine, dry_run=dry_run)
    )
    if dry_run:
        session.screen.say(DRY_RUN)
    elif len(done) > 1:
        fine = [each for each in done if each.error is None]
        session.screen.say(f"Restored {len(fine)} of {counted(len(done), 'profile')}.")
    return worst([*(each.error.code for each in done if each.error is not None), asking.code])


class _Asking:
    """What a restore shows and asks.

    Args:
        session: The run.
        only: The profiles to restore; empty for all.
        name: The new name of the only one; empty to choose it.
        sure: Nothing is asked.
        dry_run: Nothing is done.
    """

    def __init__(
        self, session: Session, only: Sequence[str], name: str, *, sure: bool, dry_run: bool
    ) -> None:
        self.session = session
        self.only = only
        self.name = name
        self.sure = sure
        self.dry_run = dry_run
        self.several = False
        self.with_machine = False
        self.machine = brought_data(Brought(), None)
        self.code = 0

    def settings(self, found: Brought) -> bool:
        """Show what the backup brings to the machine itself; nothing of it if profiles are named."""
        if self.only or (found.nothing and not found.kept):
            return False
        screen = self.session.screen
        self.with_machine = not found.nothing
        screen.prompt("In the backup, for this machine itself:")
        for line in brought_lines(found):
            screen.prompt(f"  {line}")
        return True

    def brought(self, found: Brought, error: DistError | None) -> None:
        """Say what was brought to the machine itself."""
        self.machine = brought_data(found, error)
        if error is not None:
            self.code = error.code
            self.session.screen.error(error.within("the settings of this machine"), beside=True)
        elif not self.dry_run:
            tick = self.session.screen.paint("✓", "good")
            self.session.screen.say(
                f"{tick} Restored for this machine: {held_words(found.settings)}."
            )

    def choose(self, listed: Sequence[Listed]) -> Mapping[str, ProfileName]:
        """Show what is in a backup, and choose names that are free.

        Raises:
            DistError: It holds no such profile, or the name is taken.
            Cancelled: The user said no.
        """
        chosen = self._chosen(listed)
        # One that is not described beforehand is shown, and asked about, when it was read.
        self.several = any(each.files for each in listed)
        if self.several:
            self._list(listed)
        names = self._names(chosen)
        if self.several and not self.sure:
            said = ", ".join(map(str, names.values()))
            if self.with_machine:
                said += " and what is for this machine"
            if not self.session.screen.confirm(f"Restore {said}?"):
                raise Cancelled("cancelled, nothing changed")
        return names

    def _chosen(self, listed: Sequence[Listed]) -> list[Listed]:
        names = sorted(each.name for each in listed)
        unknown = sorted(set(self.only) - set(names))
        if unknown:
            raise DistError(
                f"the backup holds no {clean(', '.join(unknown))}",
                hint=f"it holds: {clean(', '.join(names), 500)}",
            )
        chosen = [each for each in listed if not self.only or each.name in self.only]
        if self.name and len(chosen) > 1:
            raise UsageError(
                "--name is for one profile, and the backup holds several",
                hint="name the one to restore after the file",
            )
        return chosen

    def _names(self, chosen: Sequence[Listed]) -> dict[str, ProfileName]:
        names: dict[str, ProfileName] = {}
        for each in chosen:
            free = ops.free_name(self.session.ctx, each.name, tuple(names.values()))
            names[each.name] = self._named(each.name, free)
        return names

    def _named(self, was: str, free: ProfileName) -> ProfileName:
        """The new name of a profile: as given, its own if that is free, or as the user types it."""
        screen = self.session.screen
        if self.name:
            return ProfileName.typed(self.name)
        if free == was:
            return free
        if self.sure or not screen.somebody:
            screen.tell(f"  {clean(was, 64)} exists already, so it is restored as {free}")
            return free
        typed = screen.read(f"{clean(was, 64)} exists already. Restore it as [{free}]: ")
        return ProfileName.typed(typed.strip() or free)

    def _list(self, listed: Sequence[Listed]) -> None:
        screen = self.session.screen
        screen.prompt(f"In the backup: {counted(len(listed), 'profile')}")
        for each in listed:
            held = f", {clean(each.package, 80)}" if each.package else ""
            count, size = counted(each.files, "file"), size_of(each.size)
            screen.prompt(f"  {clean(each.name, 64)}{held}: {count}, {size}")

    def confirm(self, proposal: Proposal) -> bool:
        """Show what the only profile of a backup brings, and ask."""
        preview(self.session, proposal, asking=not self.sure)
        question = f"Restore it as {proposal.home.name}?"
        return self.sure or self.session.screen.confirm(question)

    def told(self, done: Restored) -> None:
        """Say what became of a profile."""
        screen = self.session.screen
        if done.error is not None:
            screen.error(done.error.within(done.name), beside=True)
        elif done.outcome is not None and done.outcome.dry_run:
            if done.outcome.proposal is not None and not self.several:
                preview(self.session.with_results(), done.outcome.proposal)
        elif done.outcome is not None:
            show_summary(self.session, replace(done.outcome, verb="restore"))
