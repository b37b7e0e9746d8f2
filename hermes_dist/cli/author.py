"""Commands for authors that send nothing: init, validate, pack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.cli.shared.command import AllowFinding, command
from hermes_dist.cli.shared.reminders import notes
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import ExitCode, UsageError, counted
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.authoring import author as ops
from hermes_dist.ops.authoring.author import Draft, Problem
from hermes_dist.voice.author_json import packed_data, shipping_data, validation_data
from hermes_dist.voice.clean import clean
from hermes_dist.voice.left_out import why_words
from hermes_dist.voice.lines import Style
from hermes_dist.voice.problems import hint_words, invalid_error, problem_words
from hermes_dist.voice.words import size_of

Where = Annotated[
    str | None,
    typer.Argument(
        metavar="[PROFILE|FOLDER]", help="A profile; write a folder with a /, as ./bot."
    ),
]
_STYLES: Mapping[str, Style] = {"error": "error", "warning": "warning"}


@command
def init(
    session: Session,
    where: Where = None,
    name: Annotated[
        str,
        typer.Option("--name", help="The package's name; by default the profile's or folder's."),
    ] = "",
    version: Annotated[
        str, typer.Option("--version", metavar="VERSION", help="The first version.")
    ] = "0.1.0",
    description: Annotated[
        str, typer.Option("--description", help="One line on what it is for.")
    ] = "",
    author: Annotated[
        str, typer.Option("--author", help="The author; by default your name in git.")
    ] = "",
    license_: Annotated[
        str, typer.Option("--license", metavar="SPDX", help="The license, such as MIT.")
    ] = "",
    requires: Annotated[
        str,
        typer.Option(
            "--requires", help="The agent versions it needs; by default this one and later."
        ),
    ] = "",
    workflow: Annotated[
        bool, typer.Option("--workflow", help="Write a workflow that validates every push.")
    ] = False,
) -> int:
    screen = session.screen
    if where == ".":
        where = "./"  # a dot is not a profile name, so it can only mean this folder
    given = Draft(
        name=name,
        version=version,
        description=description,
        author=author,
        license=license_,
        requires=requires,
    )
    with ops.new_folder(where):
        word, written = _begun(session, where, given, workflow=workflow)
    screen.emit("init", {"files": [str(path) for path in written]})
    for path in written:
        screen.say(f"{screen.paint('✓', 'good')} Wrote {clean(path)}")
    screen.tell(f"  next: {session.command(f'validate {word}')}")
    return 0


def _begun(
    session: Session, where: str | None, given: Draft, *, workflow: bool
) -> tuple[str, list[Path]]:
    """Write what a package begins with; return how it is typed, and the files."""
    place = ops.place_of(session.ctx, where)
    if isinstance(place, ProfileName):
        folder, word = session.ctx.layout.home(place), str(place)
    else:
        folder, word = place, f"{place}/"
    written = []
    if workflow:
        written.append(ops.write_workflow(session.ctx, place))
    if not (workflow and (folder / MANIFEST).exists()):
        made = _asked(session, ops.draft(session.ctx, place, given))
        written.append(ops.write_manifest(session.ctx, place, made))
    return word, written


def _asked(session: Session, made: Draft) -> Draft:
    """Ask for what the files don't show; without a terminal, it stays a comment in the manifest."""
    screen = session.screen
    for var in made.env:
        screen.tell(f"  found  {clean(var.name)}  {clean(var.description)}")
    if not screen.somebody:
        return made
    description = made.description or screen.read("  Description, one line: ").strip()
    license_ = made.license or screen.read("  License, such as MIT (Enter for none yet): ").strip()
    return replace(made, description=description, license=license_)


_PAGE = 40
"""So many problems are listed without -v."""


@command
def validate(
    session: Session,
    where: Where = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
) -> int:
    place = ops.place_of(session.ctx, where)
    package = ops.package_at(session.ctx, place)
    problems, secrets = ops.checked(session.ctx, package), ops.secrets_at(package)
    errors = sum(problem.level == "error" for problem in problems)
    failed = errors > 0 or (strict and bool(problems))
    screen = session.screen
    screen.emit("validation", validation_data(place, problems, secrets, valid=not failed))
    for secret in secrets:
        at = f"{clean(secret.path)}:{secret.line}"
        screen.tell(f"{at}: note: a secret, which becomes ${{{clean(secret.name)}}} in what ships")
    _show_problems(screen, problems)
    shown = clean(place)
    if not problems:
        screen.say(f"{screen.paint('✓', 'good')} {shown} is valid.")
    else:
        warnings = len(problems) - errors
        found = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
        screen.say(f"{found} in {shown}.")
    return ExitCode.ERROR if failed else ExitCode.DONE


def _show_problems(screen: Screen, problems: Sequence[Problem]) -> None:
    """Show problems, errors first; of a folder that is hardly a package, a page of them and how many more of each."""
    ordered = sorted(problems, key=lambda one: one.level != "error")
    page = len(ordered) if screen.verbose else _PAGE
    for one in ordered[:page]:
        _show_problem(screen, one)
    more = Counter(str(one.rule) for one in ordered[page:])
    if more:
        kinds = ", ".join(f"{number} [{rule}]" for rule, number in more.most_common())
        screen.say(f"… and {counted(more.total(), 'problem')} more: {kinds}; -v lists them")


def _show_problem(screen: Screen, problem: Problem) -> None:
    place = clean(problem.path)
    if problem.line:
        place += f":{problem.line}"
    level = screen.paint(f"{problem.level}:", _STYLES[problem.level])
    what = clean(problem_words(problem))
    if hint := hint_words(problem):
        what += f" ({clean(hint)})"
    screen.say(f"{place}: {level} {what} [{problem.rule}]")


@command
def pack(
    session: Session,
    where: Where = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Show what would ship, what stays home, and why.")
    ] = False,
    out: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Write the package as an archive.")
    ] = "",
    allow_finding: AllowFinding = None,
) -> int:
    if list_ == bool(out):
        raise UsageError("pass --list or -o FILE.tar.gz")
    if list_ and allow_finding:
        raise UsageError("--allow-finding goes with -o: --list shows every finding")
    place, screen = ops.place_of(session.ctx, where), session.screen
    if out:
        path = Path(out).expanduser()
        try:
            made = ops.pack(session.ctx, place, path, allow_finding or ())
        except ops.InvalidPackage as error:
            raise invalid_error(error) from error
        screen.emit("pack", packed_data(path, made))
        notes(screen, made.notes)
        done = f"Packed {counted(made.files, 'file')} into {clean(path)} ({size_of(made.size)})."
        screen.say(f"{screen.paint('✓', 'good')} {done}")
        return 0
    _list(session, ops.shipping(session.ctx, place))
    return 0


def _label(found: ops.Shipping) -> str:
    if found.manifest:
        return found.manifest.label
    if any(path == MANIFEST for _, path, _ in found.files):
        return "no readable manifest"
    return "no manifest yet"


def _files(screen: Screen, found: ops.Shipping) -> None:
    """The files that would ship, part by part."""
    for part, size in found.parts.items():
        screen.say(f"  {part}  {size_of(size)}")
        for its_part, path, bytes_ in found.files:
            if its_part == part:
                screen.say(f"    {clean(path)}  {size_of(bytes_)}")


_REFUSED = (
    "Must not leave the machine; pack refuses it, and publish does unless it is published already:"
)


def _list(session: Session, found: ops.Shipping) -> None:
    screen = session.screen
    screen.emit("shipping", shipping_data(found))
    total = sum(size for _, _, size in found.files)
    count = counted(len(found.files), "file")
    title = f"Would ship: {clean(_label(found))}, {count}, {size_of(total)}"
    screen.say(screen.paint(title, "", bold=True))
    _files(screen, found)
    if found.stays:
        screen.say(screen.paint("Stays home:", "", bold=True))
    for left in found.stays:
        place = clean(left.path)
        if left.files > 1:
            place += f" ({left.files} files)"
        screen.say(f"  {place}: {clean(why_words(left))}")
    if found.refused:
        screen.say(screen.paint(_REFUSED, "warning"))
    for each in found.refused:
        screen.say(f"  {clean(each)}")
    for name in found.variables:
        screen.say(f"  ${{{clean(name)}}} takes the place of a secret")
    notes(screen, found.notes)
