"""The commands ``sync …``: one profile, the same on several machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from hermes_dist.cli.shared.ask import agreement
from hermes_dist.cli.shared.cards import preview
from hermes_dist.cli.shared.command import DryRun, Profile, Yes, command
from hermes_dist.cli.shared.request import request_of
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.shared.verb import command_with_request
from hermes_dist.errors import Cancelled, ExitCode
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.model.source import without_credentials
from hermes_dist.model.sync.record import Record
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.change.review import groups_of
from hermes_dist.ops.sync import begin, machines
from hermes_dist.ops.sync.counted import Unsigned, unsigned_of
from hermes_dist.ops.sync.now import Losing, Synced, sync_now
from hermes_dist.ops.sync.private import Deletion
from hermes_dist.ops.sync.send import Outgoing
from hermes_dist.ops.sync.status import standing
from hermes_dist.ops.transfer.export import parse_carried
from hermes_dist.voice.clean import clean
from hermes_dist.voice.summary import needs_words
from hermes_dist.voice.sync.data import changed_data, standing_data, synced_data
from hermes_dist.voice.sync.lines import (
    damage_lines,
    deletion_lines,
    deletion_question,
    done_words,
    forgotten_lines,
    going_lines,
    joining_lines,
    remarks,
    standing_rows,
    status_warnings,
    strangers,
    unvouched_lines,
)

Url = Annotated[
    str,
    typer.Argument(metavar="URL", help="A private git repository, used only as the meeting place."),
]
Named = Annotated[
    str, typer.Argument(metavar="PROFILE", help="The profile; . means the active one.")
]
MachineName = Annotated[
    str,
    typer.Option("--machine", metavar="NAME", help="What this machine is called there."),
]
Allowed = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-finding", metavar="FILE:LINE", help="Allow this one finding; may be repeated."
    ),
]


@command
def init(
    session: Session,
    profile: Named,
    url: Url,
    machine: MachineName = "",
    with_: Annotated[
        str,
        typer.Option(
            "--with",
            metavar="memories,sessions",
            help="Sync these as well, encrypted to the keys of your machines.",
        ),
    ] = "",
    allow_finding: Allowed = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    name = _to_begin(session, profile)
    options = begin.Options(
        machine=machine,
        carried=tuple(sorted(parse_carried(with_))),
        allowed=frozenset(allow_finding or ()),
    )

    def agree(made: Outgoing) -> bool:
        asking = session if yes else session.aloud()
        for line in going_lines(made.changes, url, options.carried):
            asking.screen.tell(line)
        return yes or session.screen.confirm("Send it?")

    done = begin.init(session.ctx, name, url, options, agree, dry_run=dry_run)
    if dry_run:
        return _would(session, done)
    session.screen.emit("synced", synced_data(done))
    session.screen.say(f"{_tick(session)} {name} begins to sync, as {done.record.machine}.")
    _remarks(session, done)
    shown = session.command(f"sync join {name} {clean(without_credentials(done.record.url))}")
    session.screen.tell(f"  on another machine: {shown}")
    return 0


def _to_begin(session: Session, profile: str) -> ProfileName:
    """The profile; if it is not there, the meeting place may have it: that is for the operation to say."""
    if profile not in ("", "."):
        name = ProfileName.typed(profile)
        if name != DEFAULT_PROFILE and not session.ctx.layout.home(name).is_dir():
            return name
    return session.ctx.profile(profile)


@command_with_request("dry_run", "conflict")
def join(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The profile, new or existing.")],
    url: Url,
    request: Request | None = None,
    machine: MachineName = "",
    state: Annotated[
        str,
        typer.Option(
            "--state",
            metavar="STATE",
            help="The state that `sync status` shows on a machine that syncs there: trust its keys, and nothing older.",
        ),
    ] = "",
    allow_finding: Allowed = None,
    yes: Yes = False,
) -> int:
    request = request or request_of(session, yes=yes)
    options = begin.Options(
        machine=machine, allowed=frozenset(allow_finding or ()), state=state.strip().lower()
    )
    profile = session.ctx.profile(name) if name == "." else ProfileName.typed(name)
    ask = agreement(session, yes=yes, question="Join?")

    def tell(joining: begin.Joining) -> None:
        shown = session if yes or request.dry_run else session.aloud()
        for line in joining_lines(joining):
            shown.screen.tell(line)

    done = begin.join(session.ctx, profile, url, options, request, ask, tell)
    code = _end(session, done)
    if not done.dry_run:
        accept = session.command(f"sync accept {profile} {done.record.machine}")
        session.screen.tell(
            f"  what it sends waits on each other machine until you run there: {accept}"
        )
    return code


@command_with_request("dry_run", "conflict")
def now(
    session: Session,
    profile: Profile = None,
    request: Request | None = None,
    allow_finding: Allowed = None,
    unsigned: Annotated[
        str,
        typer.Option(
            "--unsigned",
            metavar="ours|theirs",
            help="What becomes of shared files that none of your machines signed: put back yours, or take them in.",
        ),
    ] = "",
    yes: Yes = False,
) -> int:
    request = request or request_of(session, yes=yes)
    name = session.ctx.profile(profile)
    allowed = frozenset(allow_finding or ())
    confirm, losing = _confirm(session, yes=yes), _losing(session, yes=yes)
    what = unsigned_of(unsigned)
    done = sync_now(session.ctx, name, request, confirm, allowed, losing, what)
    # Only somebody who is there knows who edited a file at the host: -y answers nothing of it.
    if yes or unsigned or not _can_ask(session, done):
        return _end(session, done)
    code = _end(session, done, asks=True)
    what = _ask_unsigned(session)
    if what is Unsigned.WAIT:
        return code
    return _end(session, sync_now(session.ctx, name, request, confirm, allowed, losing, what))


def _can_ask(session: Session, done: Synced) -> bool:
    """Whether there is something to ask about files that nobody signed, and somebody to answer."""
    screen = session.screen
    return bool(done.unvouched) and not done.dry_run and screen.somebody and not screen.as_json


_OWN_ANSWERS = {
    "t": Unsigned.THEIRS,
    "theirs": Unsigned.THEIRS,
    "o": Unsigned.OURS,
    "ours": Unsigned.OURS,
    "w": Unsigned.WAIT,
    "wait": Unsigned.WAIT,
    "": Unsigned.WAIT,
}


def _ask_unsigned(session: Session) -> Unsigned:
    """Ask what becomes of shared files that none of the machines signed, after they were named."""
    screen = session.screen
    screen.prompt("What becomes of what none of your machines signed?")
    screen.prompt("  [t]heirs  it was you: see it, then take it in")
    screen.prompt("  [o]urs    it was not: put back what your machines have")
    screen.prompt("  [w]ait    leave it as it is, there and here")
    while True:
        try:
            typed = screen.read("  Your choice [wait]: ").strip().lower()
        except Cancelled:
            return Unsigned.WAIT  # what was synced until here stays
        if typed in _OWN_ANSWERS:
            return _OWN_ANSWERS[typed]
        screen.prompt(f"  {clean(typed, 40)!r} is none of them; Enter means wait")


def _losing(session: Session, *, yes: bool) -> Losing:
    """Show what other machines deleted and ask."""

    def ask(found: Sequence[Deletion]) -> bool:
        asking = session if yes else session.aloud()
        for line in deletion_lines(found):
            asking.screen.tell(line)
        return yes or session.screen.confirm(deletion_question(found))

    return ask


def _confirm(session: Session, *, yes: bool) -> Confirm:
    """Show what comes in and ask, if anything does."""
    ask = agreement(session, yes=yes)

    def confirm(proposal: Proposal) -> bool:
        moves = any(note.kind is NoteKind.ANOTHER_SOURCE for note in proposal.notes)
        shows = proposal.new or proposal.steps or proposal.plan.conflicts or moves
        return not shows or ask(proposal)

    return confirm


def _would(session: Session, done: Synced) -> int:
    """The result of a dry run."""
    results = session.with_results()
    for outcome in done.outcomes:
        if outcome.proposal is not None:
            preview(results, outcome.proposal)
    carried = () if done.record.seen.commit else done.record.carried
    for line in going_lines(done.sent, done.record.url, carried):
        results.screen.say(line)
    if done.deleted:
        results.screen.say("Goes to the trash, as another machine deleted it:")
    for path in done.deleted:
        results.screen.say(f"  {clean(path)}")
    _waits(results, done)
    session.screen.emit("synced", synced_data(done))
    session.screen.say("Dry run: nothing was changed and nothing was sent.")
    return ExitCode.DONE


def _end(session: Session, done: Synced, *, asks: bool = False) -> int:
    """Say what was done, and choose the exit code; ``asks``: a question about what nobody signed comes next."""
    if done.dry_run:
        return _would(session, done)
    screen = session.screen
    screen.emit("synced", synced_data(done))
    mark = screen.paint("!", "warning") if done.conflicts else _tick(session)
    screen.say(f"{mark} {done_words(done)}")
    _remarks(session, done)
    if done.conflicts:
        screen.say(f"  the machines disagree at: {', '.join(map(clean, done.conflicts))}")
        screen.tell(f"  next: {session.command(f'resolve {done.profile} --list')}")
    _waits(session, done, asks=asks)
    if done.waiting:
        screen.say(f"  {needs_words(groups_of(done.parked))}")
        screen.tell(f"  next: {session.command(f'approve {done.profile}')}")
    return ExitCode.CONFLICTS if done.conflicts else ExitCode.DONE


def _waits(session: Session, done: Synced, *, asks: bool = False) -> None:
    """Say what is not taken in, and what can be done about it."""
    screen = session.screen
    for machine, sentence in strangers(done):
        screen.say(f"  {sentence}")
        screen.tell(f"  if it is yours: {session.command(f'sync accept {done.profile} {machine}')}")
        screen.tell(f"  if it is not: {session.command(f'sync forget {done.profile} {machine}')}")
    for line in unvouched_lines(done):
        screen.say(f"  {line}")
    if done.unvouched and not asks:
        again = session.command(f"sync now {done.profile} --unsigned")
        screen.tell(f"  if it was you: {again} theirs, which takes it in")
        screen.tell(f"  if it was not: {again} ours, which puts back what your machines have")
    for line in damage_lines(done):
        screen.say(f"  {line}")


def _remarks(session: Session, done: Synced) -> None:
    for line in remarks(done):
        session.screen.tell(f"  {line}")


def _tick(session: Session) -> str:
    return session.screen.paint("✓", "good")


@command
def status(session: Session, profile: Profile = None) -> int:
    found = standing(session.ctx, session.ctx.profile(profile))
    screen = session.screen
    screen.emit("sync-status", standing_data(found))
    screen.fields(list(standing_rows(found)))
    if not found.reached:
        screen.warn("the meeting place can't be reached; this is what was last seen of it")
    if found.refused:
        screen.warn(f"nothing can be sent: {clean(found.refused)}")
    for line in status_warnings(found):
        screen.warn(line)
    if found.coming or found.going or found.unvouched:
        screen.tell(f"next: {session.command(f'sync now {found.profile}')}")
    return ExitCode.CONFLICTS if found.conflicts else ExitCode.DONE


@command
def leave(session: Session, profile: Profile = None, yes: Yes = False) -> int:
    name = session.ctx.profile(profile)

    def agree(record: Record) -> bool:
        question = f"Stop syncing {name} on {record.machine or 'this machine'}? Its files stay."
        return yes or session.screen.confirm(question)

    done = machines.leave(session.ctx, name, agree)
    if done is None:
        raise Cancelled("cancelled, nothing changed")
    session.screen.emit("sync-machines", changed_data(done))
    session.screen.say(f"{_tick(session)} {name} is no longer synced here.")
    if not done.told:
        again = session.command(f"sync forget {name} {done.machine or 'MACHINE'}")
        machine = done.machine or "this machine"
        session.screen.warn(f"the others still count {machine}; tell them there: {again}")
    return 0


@command
def forget(
    session: Session,
    profile: Named,
    machine: Annotated[str, typer.Argument(metavar="MACHINE", help="The machine that is gone.")],
) -> int:
    name = session.ctx.profile(profile)
    done = machines.forget(session.ctx, name, machine)
    session.screen.emit("sync-machines", changed_data(done))
    left = ", ".join(done.machines) or "none"
    session.screen.say(f"{_tick(session)} {clean(machine)} is forgotten; left: {left}.")
    for line in forgotten_lines(done):
        session.screen.tell(f"  {line}")
    return 0


@command
def accept(
    session: Session,
    profile: Named,
    machine: Annotated[str, typer.Argument(metavar="MACHINE", help="A machine of yours.")],
) -> int:
    name = session.ctx.profile(profile)
    done = machines.accept(session.ctx, name, machine)
    session.screen.emit("sync-machines", changed_data(done))
    session.screen.say(f"{_tick(session)} {clean(machine)} is accepted.")
    here = session.command(f"sync status {name}")
    session.screen.tell(
        f"  its keys: {done.keys}; {here} shows the same there, if they are its own"
    )
    session.screen.tell(f"  next: {session.command(f'sync now {name}')}, here, then there")
    return 0
