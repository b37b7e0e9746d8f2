"""Commands about a profile's history: history, rollback, hold, unhold; and ``update --abort``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from hermes_dist.cli.shared.ask import agreement
from hermes_dist.cli.shared.command import DryRun, Profile, Restart, Yes, command
from hermes_dist.cli.shared.layout import Column
from hermes_dist.cli.shared.pager import Paged
from hermes_dist.cli.shared.reminders import notes
from hermes_dist.cli.shared.request import show_outcome
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.shared.verb import command_with_request
from hermes_dist.errors import UsageError, counted
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.homes import open_to_read
from hermes_dist.ops.package import history as ops
from hermes_dist.ops.package import rollback as going_back
from hermes_dist.ops.package import undo as undoing
from hermes_dist.voice.clean import clean
from hermes_dist.voice.package_json import history_data, hold_data, step_data
from hermes_dist.voice.words import package_words

_FILES = 4
_SIGNS = {"added": "+", "deleted": "-", "changed": "~"}


@command
def history(
    session: Session,
    profile: Profile = None,
    number: Annotated[
        int | None, typer.Argument(metavar="[NUMBER]", help="Show this one in detail.")
    ] = None,
) -> int:
    name = session.ctx.profile(profile)
    home, seen = open_to_read(session.ctx, name)
    rows = ops.past_of(home)
    notes(session.screen, seen)
    if number is not None:
        return _one(session, name, rows, number)
    chosen = [row for row in rows if row.generation]
    _emit(session, name, rows)
    with Paged(session) as each:
        if not chosen:
            _no_history(each, name, package=home.lock is not None)
            return 0
        each.screen.table(_HEAD, [_cells(each, row, rows) for row in reversed(chosen)])
        each.screen.tell(f"go back with: {each.command(f'rollback {name} NUMBER')}")
        each.screen.tell(f"one in detail: {each.command(f'history {name} NUMBER')}")
    return 0


def _one(session: Session, name: ProfileName, rows: Sequence[ops.Past], number: int) -> int:
    row = ops.check_number(session.ctx, name, rows, number)
    _emit(session, name, [row])
    before = next((row for row in rows if row.number == number - 1), None)
    with Paged(session) as each:
        if row.generation is None or before is None:
            each.screen.say(f"Generation {number} is the state before the first recorded change.")
        else:
            _detail(each, name, row, before, rows)
    return 0


def _emit(session: Session, name: ProfileName, rows: Sequence[ops.Past]) -> None:
    session.screen.emit("history", history_data(name, rows))


_HEAD = (
    Column("No.", right=True),
    Column("When", whole=True),
    "Command",
    "Version",
    "Commit",
    "Changed",
)


def _no_history(session: Session, name: ProfileName, *, package: bool) -> None:
    if package:
        # A clone has the package of its original, whose changes happened in another home; gc --keep 0 drops all.
        session.screen.say(f"{name} has no history: no change of its package is recorded here.")
        session.screen.tell(f"  next: {session.command(f'status {name}')}")
        return
    session.screen.say(f"{name} has no history: no package was installed here.")
    session.screen.tell(
        f"  next: {session.command('install SOURCE')}, or to see profiles: {session.command('list')}"
    )


def _detail(
    session: Session,
    name: ProfileName,
    row: ops.Past,
    before: ops.Past,
    rows: Sequence[ops.Past],
) -> None:
    """Show one change: what it was, and each file that it wrote."""
    screen = session.screen
    screen.say(screen.paint(f"Generation {row.number} of {name}", "", bold=True))
    screen.fields(_fields(row, before, rows))
    for step in row.steps:
        screen.say(f"  {_SIGNS[str(step_data(step)['how'])]} {clean(step.path)}")
    words = session.command(f"diff {name} --generations {before.number}..{row.number}")
    screen.tell(f"  the package's lines: {words}")
    if before.lock is not None or row.after is None:
        screen.tell(f"  go back before it: {session.command(f'rollback {name} {before.number}')}")


def _fields(row: ops.Past, before: ops.Past, rows: Sequence[ops.Past]) -> Iterator[tuple[str, str]]:
    was, now = _version(before), _version(row) or "no package"
    yield "When", _when(row)
    yield "Command", _verb(row, rows)
    yield "Package", f"{now} (before: {was})" if was and was != now else now
    if row.lock and row.lock.conflicts:
        yield "Open", counted(len(row.lock.conflicts), "conflict")
    if row.lock and row.lock.held:
        yield "Held", "against other versions"
    yield "Changed", counted(len(row.steps), "file")


def _version(row: ops.Past) -> str:
    if row.lock is None:
        return ""
    return f"{clean(row.lock.name)} {clean(row.lock.pin.label)}"


def _when(row: ops.Past) -> str:
    if not row.when:
        return ""
    return datetime.fromtimestamp(row.when).astimezone().strftime("%Y-%m-%d %H:%M")


def _verb(row: ops.Past, rows: Sequence[ops.Past]) -> str:
    if row.back_to is None:
        return row.verb
    if row.back_to == rows[0].number:
        # The first row is no change, and the table does not show it.
        return f"{row.verb} to before {row.back_to + 1}"
    return f"{row.verb} to {row.back_to}"


def _cells(session: Session, row: ops.Past, rows: Sequence[ops.Past]) -> tuple[str, ...]:
    version, commit = "", ""
    if row.brief:
        version, commit = row.brief.pin.version, row.brief.pin.short
    files = [f"{_SIGNS[str(step_data(step)['how'])]}{step.path}" for step in row.steps]
    shown = files if session.screen.verbose else files[:_FILES]
    more = f", … {len(files) - len(shown)} more" if len(files) > len(shown) else ""
    return (
        str(row.number),
        _when(row),
        _verb(row, rows),
        version,
        commit,
        ", ".join(shown) + more,
    )


@command_with_request("dry_run", "conflict", "allow_effects", "restart")
def rollback(
    session: Session,
    request: Request,
    profile: Profile = None,
    number: Annotated[
        int | None,
        typer.Argument(
            metavar="[NUMBER]", help="A generation of the history, whose package comes back."
        ),
    ] = None,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help="Restore the files that changed since as they were, without later edits.",
        ),
    ] = False,
    yes: Yes = False,
) -> int:
    if exact and request.on_conflict:
        raise UsageError("--conflict and --exact don't go together: --exact merges nothing")
    name = session.ctx.profile(profile)
    outcome = going_back.rollback(
        session.ctx,
        name,
        request,
        agreement(session, yes=yes),
        to=number,
        exact=exact,
        forward=_forward(session),
    )
    code = show_outcome(session, outcome, restart=request.restart)
    if outcome.done and outcome.proposal and outcome.proposal.lock and outcome.proposal.lock.held:
        words = session.command(f"unhold {name}")
        session.screen.tell(
            f"  held here until something newer is published; release it with: {words}"
        )
    return code


def _forward(session: Session) -> Confirm | None:
    """The question whether to go forward, which ``--yes`` does not answer; None if nobody is there to answer."""
    if session.screen.somebody:
        return agreement(session, yes=False, question="Go forward to it?")
    return None


@command
def undo(
    session: Session,
    profile: Profile = None,
    dry_run: DryRun = False,
    restart: Restart = False,
    yes: Yes = False,
) -> int:
    name = session.ctx.profile(profile)

    def tell(last: undoing.Last) -> None:
        when = ""
        if last.when:
            when = f" of {datetime.fromtimestamp(last.when).astimezone():%Y-%m-%d %H:%M}"
        screen = session.screen.results() if dry_run else session.screen.aloud()
        before = clean(package_words(last.lock)) if last.lock else "your files before it"
        screen.tell(
            f"Undo the {last.verb}{when} (generation {last.number}): back to"
            f" {before}. What you edited since stays."
        )
        if last.verb == "sync":
            screen.tell(
                "  the next sync sends this to your other machines, as any edit of yours:"
                f" {session.command(f'sync now {name}')}"
            )
        if last.held:
            screen.tell(f"  it stays held; release it with: {session.command(f'unhold {name}')}")
        if last.verb != "update" and last.part_of_update:
            words = session.command(f"update {name} --abort")
            screen.tell(f"  to take back the last update with it: {words}")

    request = Request(dry_run=dry_run)
    outcome = undoing.undo(session.ctx, name, request, agreement(session, yes=yes), tell)
    return show_outcome(session, outcome, restart=restart)


def abort(session: Session, name: ProfileName, request: Request, *, yes: bool) -> int:
    """Run ``update --abort``; of the request, only ``--dry-run`` and ``--restart`` count."""
    outcome = going_back.abort(
        session.ctx, name, Request(dry_run=request.dry_run), agreement(session, yes=yes)
    )
    return show_outcome(session, outcome, restart=request.restart)


@command
def hold(session: Session, profile: Profile = None) -> int:
    outcome = ops.hold(session.ctx, session.ctx.profile(profile), on=True)
    code = _held(session, outcome, "is held where it is")
    session.screen.tell(f"  updates skip it until: {session.command(f'unhold {outcome.profile}')}")
    return code


@command
def unhold(session: Session, profile: Profile = None) -> int:
    outcome = ops.hold(session.ctx, session.ctx.profile(profile), on=False)
    return _held(session, outcome, "is no longer held" if outcome.done else "is not held")


def _held(session: Session, outcome: Outcome, state: str) -> int:
    lock = outcome.proposal.lock if outcome.proposal else outcome.lock
    at = ""
    if lock:
        at = f" ({clean(lock.name)} {clean(lock.pin.label)})"
    session.screen.emit("hold", hold_data(outcome))
    session.screen.say(f"{outcome.profile} {state}{at}.")
    return 0
