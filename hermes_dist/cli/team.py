"""The commands ``apply`` and ``snapshot``: a machine as a file says, and a file that says what a machine has."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec.structs import replace

from hermes_dist.cli.shared.cards import preview
from hermes_dist.cli.shared.command import Yes, command
from hermes_dist.cli.shared.output import write
from hermes_dist.cli.shared.reminders import restart_touched
from hermes_dist.cli.shared.request import request_of
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.shared.verb import command_with_request
from hermes_dist.errors import Cancelled, ExitCode, UsageError, counted, worst
from hermes_dist.ops.change.request import Questions, Request
from hermes_dist.ops.team import apply as ops
from hermes_dist.ops.team import bundle as bundles
from hermes_dist.ops.team import snapshot as snapshots
from hermes_dist.ops.team.apply import Open, Planned, State, Step
from hermes_dist.voice.clean import clean
from hermes_dist.voice.notes import sentences
from hermes_dist.voice.team.data import apply_data, bundled_data, snapshot_data
from hermes_dist.voice.team.lines import bundle_words, step_words
from hermes_dist.voice.words import DRY_RUN

TeamFile = Annotated[
    str, typer.Argument(metavar="FILE", help="A team's file; `snapshot` writes one.")
]


@command_with_request(
    "dry_run",
    "conflict",
    "accept_new_key",
    "accept_unsigned",
    "accept_moved_tag",
    "allow_downgrade",
    "ignore_requires",
    "restart",
)
def apply(
    session: Session,
    file: TeamFile,
    request: Request | None = None,
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="With --dry-run: exit with code 10 if there are changes."),
    ] = False,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Move profiles that it does not name into the trash."),
    ] = False,
    set_again: Annotated[
        bool,
        typer.Option("--set-again", help="Look up variables again, even if they are set."),
    ] = False,
    no_update: Annotated[
        bool,
        typer.Option("--no-update", help="Leave packages at the installed version."),
    ] = False,
    bundle: Annotated[
        str,
        typer.Option(
            "--bundle",
            metavar="FILE",
            help="Take everything from a bundle, which `snapshot --bundle` makes, and use no network.",
        ),
    ] = "",
    yes: Yes = False,
) -> int:
    request = request or request_of(session, yes=yes)
    if request.on_conflict == "ask":
        raise UsageError("--conflict takes keep, theirs or abort here", hint="resolve asks later")
    path = Path(file).expanduser()
    # What is asked is asked once, about all of it.
    bare = replace(request, dry_run=False, questions=Questions())
    options = ops.Options(prune=prune, set_again=set_again, updates=not no_update, request=bare)
    with _supplied(session, path, bundle) as supplied:
        if request.dry_run:
            planned = ops.prepare(supplied.ctx, path, options)
            return _would(supplied, path, planned, exit_code=exit_code)
        return _applied(supplied, path, options, yes=yes)


@contextmanager
def _supplied(session: Session, path: Path, bundle: str) -> Iterator[Session]:
    """The run, with the sources of a bundle if there is one."""
    if not bundle:
        yield session
        return
    folder = path.resolve().parent
    with bundles.supplied(session.ctx, Path(bundle).expanduser(), folder) as ctx:
        yield session._replace(ctx=ctx)


def _applied(session: Session, path: Path, options: ops.Options, *, yes: bool) -> int:
    with ops.alone(session.ctx):
        planned = ops.prepare(session.ctx, path, options)
        if planned.to_do:
            _show(session, planned, asking=not yes)
            _ask(session, planned, yes=yes)
            planned = ops.carry_out(
                session.ctx, planned, options, lambda step: _told(session, step)
            )
        return _end(session, path, planned, restart=options.request.restart)


def _would(session: Session, path: Path, planned: Planned, *, exit_code: bool) -> int:
    """The result of a dry run."""
    results = session.with_results()
    _show(results, planned)
    _troubles(session, planned)
    left = ops.left_open(session.ctx, planned.team)
    session.screen.emit(
        "apply", apply_data(str(path), planned, left, dry_run=True, spelled=session.command)
    )
    said = DRY_RUN
    if not planned.steps and not planned.troubles:
        said = _nothing(path, planned)
    session.screen.say(said)
    changes = ExitCode.CHANGES if exit_code and planned.to_do else ExitCode.DONE
    return worst([planned.code, changes])


def _nothing(path: Path, planned: Planned) -> str:
    number = counted(len(planned.team.profiles), "profile")
    return f"Nothing to do: {number} as {clean(path)} says."


def _show(session: Session, planned: Planned, *, asking: bool = False) -> None:
    """Show all that would be done: what each change brings in full, then the steps in order.

    A quiet run to which nobody has to say yes is not told what it will do.
    """
    if session.screen.quiet and not (asking or session.screen.is_result):
        return
    for step in planned.steps:
        if step.outcome is not None and step.outcome.proposal is not None:
            preview(session, step.outcome.proposal, asking=asking)
    _show_steps(session, planned)


def _show_steps(session: Session, planned: Planned) -> None:
    """Show the steps in order, and why some can't be done."""
    rows = [(step.action.profile, step_words(step)) for step in planned.to_do]
    if rows:
        session.screen.table(("Profile", "Step"), rows, beside=not session.screen.is_result)
    for step in planned.steps:
        if step.state is State.FAILED and step.error is not None:
            session.screen.error(step.error, beside=True)


def _ask(session: Session, planned: Planned, *, yes: bool) -> None:
    """Ask once about all of it.

    Raises:
        Cancelled: The user said no.
        InputNeeded: Nobody is there to answer.
    """
    if not yes and not session.screen.confirm(f"Apply {counted(len(planned.to_do), 'step')}?"):
        raise Cancelled("cancelled, nothing changed")


def _told(session: Session, step: Step) -> None:
    screen = session.screen
    if step.state is State.FAILED and step.error is not None:
        screen.error(step.error, beside=True)
    elif step.state is State.SKIPPED:
        screen.warn(
            f"{step.action.profile}: not done, because of the error above: {step_words(step)}"
        )
    else:
        name = f"{step.action.profile}: " if step.action.profile else ""
        screen.say(f"{screen.paint('✓', 'good')} {name}{step_words(step)}")
        outcome_notes = step.outcome.notes if step.outcome else ()
        for sentence in sentences([*step.notes, *outcome_notes]):
            screen.tell(f"  {sentence}")


def _end(session: Session, path: Path, planned: Planned, *, restart: bool) -> int:
    """Restart what has to be, say what is left to do, and choose the exit code."""
    screen = session.screen
    _troubles(session, planned)
    left = ops.left_open(session.ctx, planned.team)
    behind, results, failed = planned.behind, list[dict[str, Any]](), 0
    if restart and behind:
        results, failed = restart_touched(session, behind)
        behind = ()
    data = apply_data(
        str(path), planned, left, dry_run=False, spelled=session.command, restarted=results
    )
    screen.emit("apply", data)
    if not planned.steps and not planned.troubles:
        screen.say(_nothing(path, planned))
    else:
        screen.say(f"{_counts(planned.steps)}.")
    for name in behind:
        again = session.command(f"gateways restart {name}")
        screen.say(f"  the running gateway of {name} takes this up after: {again}")
    _left(session, left, planned)
    conflicts = any(one.conflicts for one in left)
    return worst([planned.code, failed, ExitCode.CONFLICTS if conflicts else ExitCode.DONE])


def _counts(steps: Iterable[Step]) -> str:
    states = [step.state for step in steps]
    numbers = {state: states.count(state) for state in State}
    return ", ".join(f"{numbers[state]} {state}" for state in State if numbers[state]) or "0 done"


def _troubles(session: Session, planned: Planned) -> None:
    for error in planned.troubles.values():
        session.screen.error(error, beside=True)


def _left(session: Session, left: Iterable[Open], planned: Planned) -> None:
    for profile, name in planned.missing:
        session.screen.warn(f"{profile} needs {name} in its .env: the file only names it")
    for one in left:
        if one.conflicts:
            session.screen.say(f"  next: {session.command(f'resolve {one.profile} --list')}")
        if one.waiting:
            session.screen.say(f"  next: {session.command(f'approve {one.profile}')}")


@command
def snapshot(
    session: Session,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Write it to a new file.")
    ] = "",
    bundle: Annotated[
        str,
        typer.Option(
            "--bundle",
            metavar="FILE",
            help="Also pack all that it needs, for machines without a network, into a new file.",
        ),
    ] = "",
    of: Annotated[
        str,
        typer.Option("--from", metavar="FILE", help="With --bundle: pack what this file needs."),
    ] = "",
) -> int:
    if output == "-":
        output = ""  # the output of the program, as without it
    if of:
        return _bundle_of(session, Path(of).expanduser(), output, bundle)
    found = snapshots.snapshot(session.ctx)
    screen = session.screen
    file, made = Path(output).expanduser(), None
    if output:
        snapshots.check_place(file)
        _refuse_one_place(file, bundle)
    if bundle:
        folder = file.resolve().parent if output else Path.cwd()
        made = bundles.make(session.ctx, found.team, folder, Path(bundle).expanduser())
    if output:
        snapshots.write(file, found.text)
    screen.emit("snapshot", snapshot_data(found, output, made, session.command))
    _say_snapshot(session, found, output, bundle)
    if made is not None:
        screen.tell(bundle_words(made))
    elif found.local:
        screen.warn(
            f"another machine does not have the folders of these profiles: {', '.join(found.local)}"
        )
    return worst([error.code for _, error in found.left_out])


def _refuse_one_place(file: Path, bundle: str) -> None:
    if bundle and Path(bundle).expanduser().resolve() == file.resolve():
        raise UsageError(
            "--output and --bundle name the same file", hint="they are two files: name another one"
        )


def _say_snapshot(session: Session, found: snapshots.Snapshot, output: str, bundle: str) -> None:
    screen = session.screen
    if output:
        number = counted(len(found.team.profiles), "profile")
        screen.say(f"{clean(output)} describes {number}; it contains no values of variables.")
        screen.tell(f"next: {session.command(_next(output, bundle))}")
    elif not screen.as_json:
        write(sys.stdout, found.text.decode())
    for name, error in found.left_out:
        screen.error(error.within(name), beside=True)


def _next(output: str, bundle: str) -> str:
    words = ["apply", clean(output)]
    if bundle:
        words += ["--bundle", clean(bundle)]
    return shlex.join([*words, "-n"])


def _bundle_of(session: Session, path: Path, output: str, bundle: str) -> int:
    """Pack what a file needs that somebody wrote."""
    if output or not bundle:
        raise UsageError(
            "--from goes with --bundle, and not with --output",
            hint=f"such as: {session.command('snapshot --from team.toml --bundle team.bundle')}",
        )
    team = ops.read_team(path, allow_insecure=session.ctx.allow_insecure)
    place = Path(bundle).expanduser()
    made = bundles.make(session.ctx, team, path.resolve().parent, place)
    session.screen.emit("snapshot", bundled_data(team, made))
    session.screen.say(bundle_words(made))
    session.screen.tell(f"next: {session.command(_next(str(path), str(place)))}")
    return ExitCode.DONE
