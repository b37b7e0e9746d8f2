"""Commands that move profiles: export and import."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.cli.shared.ask import agreement, with_inputs_of
from hermes_dist.cli.shared.cards import preview
from hermes_dist.cli.shared.command import (
    AllowFinding,
    Except,
    Only,
    Profile,
    Yes,
    command,
)
from hermes_dist.cli.shared.reminders import notes
from hermes_dist.cli.shared.request import show_outcome
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.shared.verb import command_with_request
from hermes_dist.errors import DistError, ExitCode, Invalid, UsageError, counted, first_few, quoted
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.legible import way_to_read
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.neighbours import export_plugin
from hermes_dist.ops.private_files import way_to_private
from hermes_dist.ops.transfer import export as transfer
from hermes_dist.ops.transfer import import_archive as arriving
from hermes_dist.ops.transfer.export import Exported, Packing
from hermes_dist.voice.clean import clean
from hermes_dist.voice.profile_json import exported_data
from hermes_dist.voice.words import size_of

_OTHER_FILE = "name another file with --passphrase-file"
_PASSPHRASE_BYTES = 4096
_SHOWN = 20
PassphraseFile = Annotated[
    str,
    typer.Option(
        "--passphrase-file", metavar="FILE", help="Read the passphrase from a file's first line."
    ),
]


@command
def export(
    session: Session,
    profile: Profile = None,
    out: Annotated[
        str,
        typer.Option("-o", "--output", metavar="FILE", help="The archive to write, a new file."),
    ] = "",
    form: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="plugin",
            help="Write a plugin that other agents load: a folder, or a file that ends with .zip.",
        ),
    ] = "",
    only: Only = "",
    without: Except = "",
    carried: Annotated[
        str,
        typer.Option("--with", metavar="memories,sessions", help="Also export what it learned."),
    ] = "",
    full: Annotated[
        bool, typer.Option("--full", help="Everything, keys as well; `backup` does this.")
    ] = False,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="Encrypt it with a passphrase, readable by age, too.")
    ] = False,
    passphrase_file: PassphraseFile = "",
    redact: Annotated[
        bool, typer.Option("--redact", help="Put ${NAME} in place of secrets in texts.")
    ] = False,
    allow_finding: AllowFinding = None,
) -> int:
    encrypt = encrypt or bool(passphrase_file)
    chosen = any((only, without, carried, redact))
    if form:
        others = any((full, encrypt, chosen))
        name, allowed = session.ctx.profile(profile), allow_finding or ()
        return _plugin(session, name, out, form, allowed, others=others)
    if allow_finding:
        raise UsageError(
            "--allow-finding goes with --as plugin",
            hint="in an archive, --redact takes secrets out",
        )
    if full:
        _check_full(encrypt=encrypt, chosen=chosen)
    parts = Choices().with_parts(only, without)
    taken = transfer.parse_carried(carried)
    name = session.ctx.profile(profile)
    path = transfer.target_of(name, out, encrypted=encrypt)
    packing = Packing(
        only=parts.only,
        without=parts.without,
        carried=taken,
        full=full,
        redact=redact,
        passphrase=new_passphrase(session, passphrase_file) if encrypt else "",
    )
    done = transfer.export(session.ctx, name, packing, path)
    session.screen.emit("export", exported_data(done))
    _tell(session, done)
    return tell_unread(session, [done])


def tell_unread(session: Session, made: Sequence[Exported]) -> ExitCode:
    """Say what is not in an archive because it can't be read; the exit code."""
    unread = [session.ctx.layout.home(each.profile) / path for each in made for path in each.missed]
    if not unread:
        return ExitCode.DONE
    names, way = first_few([clean(path) for path in unread], _SHOWN), clean(way_to_read(unread[0]))
    session.screen.warn(f"not in it, as it can't be read: {names}; {way}, and run it again")
    return ExitCode.ERROR


def _check_full(*, encrypt: bool, chosen: bool) -> None:
    """Check the options beside ``--full``.

    Raises:
        UsageError: One of them does not fit.
    """
    if not encrypt:
        raise UsageError(
            "a full backup contains keys and secrets, so it must be encrypted",
            hint="add --encrypt, or use `backup`",
        )
    if chosen:
        raise UsageError(
            "--full takes everything as it is: leave out --only, --except, --with and --redact"
        )


def _plugin(
    session: Session,
    name: ProfileName,
    out: str,
    form: str,
    allowed: Collection[str],
    *,
    others: bool,
) -> int:
    """Write a profile as a plugin, and say what does not go into one."""
    if form not in export_plugin.FORMS:
        raise UsageError(f"--as does not know {quoted(form, 40)}", hint="the only form is: plugin")
    if others:
        raise UsageError(
            "a plugin has no secrets and no parts to choose",
            hint="with --as plugin, pass nothing but --allow-finding and -o FOLDER or -o FILE.zip",
        )
    path = export_plugin.plugin_target(name, out)
    done = export_plugin.export_plugin(session.ctx, name, path, allowed)
    screen = session.screen
    screen.emit("export", exported_data(done))
    _tell_left(session, done)
    size = f"{counted(done.files, 'file')}, {size_of(done.size)}"
    screen.say(
        f"{screen.paint('✓', 'good')} Wrote {done.profile} as a plugin to {done.path}: {size}."
    )
    return 0


def _tell(session: Session, done: Exported) -> None:
    screen = session.screen
    _tell_left(session, done)
    size = f"{counted(done.files, 'file')}, {size_of(done.size)}"
    tick = screen.paint("✓", "good")
    screen.say(f"{tick} Exported {done.profile} to {done.path}: {size}.")
    name = shlex.quote(clean(done.path.name))
    screen.say(f"  import it elsewhere with: {session.command(f'import {name}')}")


def _tell_left(session: Session, done: Exported) -> None:
    screen = session.screen
    notes(screen, done.notes)
    if done.left_out:
        shown = done.left_out if screen.verbose else done.left_out[:_SHOWN]
        names = _joined(shown)
        more = len(done.left_out) - len(shown)
        if more:
            names += f" and {more} more; -v lists them"
        screen.tell(f"  left out  {names}")
    if done.variables:
        screen.tell(f"  secrets became variables: {_joined(done.variables)}")
    if done.about_you:
        places = first_few([clean(each) for each in done.about_you], _SHOWN)
        screen.tell(f"  about you or this machine: {places}; `publish` and `pack` leave that out")


def _joined(names: Sequence[str]) -> str:
    return ", ".join(clean(name) for name in names)


def new_passphrase(session: Session, file: str) -> str:
    """The passphrase for a new backup, from a file or typed twice.

    Raises:
        InputNeeded: No file was given, and there is no terminal to ask on.
    """
    if file:
        return _read_passphrase(session.screen, file)
    screen = session.screen
    screen.needs("--passphrase-file FILE")
    while True:
        first = screen.read("Passphrase for the backup: ", hidden=True)
        if not first:
            screen.warn("it can't be empty")
        elif screen.read("Once more: ", hidden=True) == first:
            return first
        else:
            screen.warn("the two differ")


def known_passphrase(session: Session, file: str) -> str:
    """The passphrase of a backup that is there, from a file or typed once.

    Raises:
        InputNeeded: No file was given, and there is no terminal to ask on.
    """
    if file:
        return _read_passphrase(session.screen, file)
    session.screen.needs("--passphrase-file FILE")
    return session.screen.read("Passphrase of the backup: ", hidden=True)


def _read_passphrase(screen: Screen, file: str) -> str:
    """Read the passphrase from the first line of a file; a file that others can read is told.

    Raises:
        DistError: The file can't be read, or is empty.
    """
    path = Path(file).expanduser()
    try:
        with path.open("rb") as stream:
            # Not strip(): a passphrase may begin or end with a space.
            line = stream.read(_PASSPHRASE_BYTES).decode().partition("\n")[0].removesuffix("\r")
            found = os.fstat(stream.fileno())
    except OSError as error:
        raise DistError(
            f"the passphrase can't be read: {error.strerror}",
            where=str(path),
            hint=_OTHER_FILE,
        ) from error
    except UnicodeDecodeError:
        raise Invalid("the passphrase is not text", where=str(path), hint=_OTHER_FILE) from None
    if not line:
        raise Invalid("the passphrase is empty", where=str(path), hint=_OTHER_FILE)
    # Told and not refused, as ssh does with a key: a backup by night that stops for it would be no backup.
    # A pipe has no permissions that mean anything.
    if stat.S_ISREG(found.st_mode) and found.st_mode & 0o077:
        screen.warn(
            f"{clean(path)}: others can read this passphrase; next: {clean(way_to_private(path))}"
        )
    return line


def _refuse_package(file: str) -> None:
    """Make sure that a file is not the folder of a package.

    Raises:
        UsageError: It is.
    """
    if (Path(file).expanduser() / MANIFEST).is_file():
        source = file if file.startswith(("/", "./", "../", "~")) else f"./{file}"
        raise UsageError(
            f"{quoted(file, 200)} is the folder of a package, not an archive",
            hint="install it with",
            command=f"install {shlex.quote(source)}",
        )


def archive_path(file: str) -> Path:
    """Return the path of the archive to import.

    Raises:
        UsageError: It is an address, which may contain a password and so is not shown.
    """
    if "://" in file:
        raise UsageError(
            "FILE is an archive on this machine, not an address",
            hint="download it first, then import the file",
        )
    return Path(file).expanduser()


@command_with_request(
    "dry_run", "conflict", "allow_effects", "only", "without", "set_", "set_file", "restart"
)
def import_(
    session: Session,
    request: Request,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The archive: .tar.gz, or a backup .tar.gz.age.")
    ],
    name: Annotated[
        str, typer.Option("--name", help="The profile; by default the archive's.")
    ] = "",
    alias: Annotated[
        bool, typer.Option("--alias", help="Make a command with the profile's name.")
    ] = False,
    yes: Yes = False,
    passphrase_file: PassphraseFile = "",
) -> int:
    _refuse_package(file)
    request = replace(request, questions=with_inputs_of(session, request.questions, yes=yes))

    def confirm(proposal: Proposal) -> bool:
        # A new profile replaces nothing, so only an import into an existing one asks.
        return agreement(session, yes=yes or proposal.new is not None)(proposal)

    outcome = arriving.import_(
        session.ctx,
        archive_path(file),
        request,
        confirm,
        passphrase=partial(known_passphrase, session, passphrase_file),
        name=name,
        alias="" if alias else None,
    )
    proposal = outcome.proposal
    if proposal is not None and not outcome.done and not outcome.dry_run:
        # There was nothing to do and so nothing was asked; the preview says why.
        preview(session, proposal)
    # A home that keeps its own lock is left with yours everywhere: nothing stays open, and a note says so.
    return show_outcome(session, outcome, restart=request.restart)
