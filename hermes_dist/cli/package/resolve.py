"""The command ``resolve``: settle conflicts by choosing a side, or by editing."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import and_
from types import MappingProxyType
from typing import Annotated

import typer

from hermes_dist.cli.package.ask_conflict import asker, by_editing
from hermes_dist.cli.package.edit_conflict import edited, opener
from hermes_dist.cli.shared.ask import agreement, questions
from hermes_dist.cli.shared.command import AllowEffects, DryRun, Profile, Restart, command
from hermes_dist.cli.shared.pager import Paged
from hermes_dist.cli.shared.request import show_outcome
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import DistError, ExitCode, InputNeeded, UsageError
from hermes_dist.model.keypath import BODY, format_key, place_words
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.plan import Conflict
from hermes_dist.model.side import Side
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.conflicts.merge_tool import chosen_editor
from hermes_dist.ops.conflicts.sides import Shown, job_names, shown_conflict, side_lines
from hermes_dist.ops.package import resolve as ops
from hermes_dist.voice.cards import conflict_place
from hermes_dist.voice.clean import clean
from hermes_dist.voice.package_json import conflict_shown_data, conflicts_data
from hermes_dist.voice.words import CONFLICT_WORDS, job_words


@command
def resolve(
    session: Session,
    profile: Profile = None,
    place: Annotated[
        str, typer.Argument(metavar="[PATH|KEY]", help="Which conflict; by default all.")
    ] = "",
    ours: Annotated[bool, typer.Option("--ours", help="Keep yours.")] = False,
    theirs: Annotated[bool, typer.Option("--theirs", help="Take upstream's.")] = False,
    both: Annotated[bool, typer.Option("--both", help="Keep yours and add upstream's.")] = False,
    edit: Annotated[
        bool, typer.Option("--edit", help="Edit a copy with both sides between markers.")
    ] = False,
    tool: Annotated[
        str,
        typer.Option(
            "--tool",
            metavar="NAME",
            help="Edit it in vimdiff, meld or code; git: the merge.tool of your git.",
        ),
    ] = "",
    list_: Annotated[
        bool, typer.Option("--list", help="List what is open, and what --always keeps yours.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Show one conflict: as received, yours and theirs.")
    ] = False,
    always: Annotated[
        bool, typer.Option("--always", help="With --ours: keep it yours from now on.")
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Undo --always: ask about it again.")
    ] = False,
    allow_effects: AllowEffects = False,
    dry_run: DryRun = False,
    restart: Restart = False,
) -> int:
    name = session.ctx.profile(profile)
    request = Request(
        choices=Choices(allow_effects=allow_effects),
        dry_run=dry_run,
        restart=restart,
        questions=questions(session, yes=allow_effects),
    )
    wanted = {Side.OURS: ours, Side.THEIRS: theirs, Side.BOTH: both}
    sides = [side for side, named in wanted.items() if named]
    chosen = len(sides) + list_ + show + (edit or bool(tool)) + forget
    _check_one(chosen)
    _check_always(name, place, always=always, ours=ours)
    if forget:
        return _forget(session, name, place, Request(dry_run=dry_run))
    if edit or tool:
        return _edit(session, name, place, request, tool)
    if list_:
        return _list(session, name, place)
    if show:
        return _show(session, name, place)
    if not sides:
        return _ask(session, name, place, request)
    outcome = ops.resolve(
        session.ctx,
        name,
        sides[0],
        request,
        agreement(session, yes=True),
        place=place,
        always=always,
    )
    _say_unsettled(session, outcome, place, sides[0])
    return show_outcome(session, outcome, restart=restart)


def _say_unsettled(session: Session, outcome: Outcome, place: str, side: Side) -> None:
    """Name what was to be settled and is still open, as it can't be edited where it stands in the user's file."""
    if side is not Side.THEIRS or outcome.dry_run or outcome.skipped or outcome.waiting:
        return  # nothing was tried, or something else may keep it open, which is told
    try:
        left = ops.open_conflicts(session.ctx, outcome.profile, place)
    except DistError:
        return  # the place is settled
    for conflict in left:
        session.screen.tell(
            f"  {clean(conflict.words)} stays open: the file here is written in a way in which that place can't be "
            "changed alone, for instance with an anchor; --edit settles it"
        )


def _check_one(chosen: int) -> None:
    """Make sure that at most one way to settle was chosen.

    Raises:
        UsageError: There are several.
    """
    if chosen > 1:
        raise UsageError(
            "choose one of --ours, --theirs, --both, --edit, --tool, --forget, --show and --list"
        )


def _check_always(name: ProfileName, place: str, *, always: bool, ours: bool) -> None:
    """Make sure that what is kept always is one's own.

    Raises:
        UsageError: Another side was chosen.
    """
    if always and not ours:
        kept = shlex.quote(place) if place else "PATH"
        raise UsageError(
            "--always works only with --ours",
            hint="or keep it at any time",
            command=f"keep {name} {kept}",
        )


def _ask(session: Session, name: ProfileName, place: str, request: Request) -> int:
    """Ask about each conflict on the terminal, as an update does.

    Raises:
        InputNeeded: Conflicts are open, and nothing can be asked.
    """
    conflicts = ops.open_conflicts(session.ctx, name, place)
    if not conflicts:
        return _list(session, name, place, marks=False)
    silent = not session.screen.somebody or request.dry_run
    left = ops.still_open(session.ctx, name, place) if silent else ()
    if left:
        _say_open(session, left)
        why = session.screen.silence
        if request.dry_run:
            why = "a dry run asks nothing"
        raise InputNeeded(
            f"conflicts need a decision, and {why}",
            hint="pass --ours, --theirs or --both, with a path or key to settle only that",
        )
    confirm = agreement(session, yes=True)
    outcome = ops.resolve_asking(session.ctx, name, asker(session), request, confirm, place=place)
    return show_outcome(session, outcome, restart=request.restart)


def _edit(session: Session, name: ProfileName, place: str, request: Request, tool: str) -> int:
    """Open the editor or a tool for each file with a conflict; the edited file settles the conflicts in it.

    Raises:
        InputNeeded: ``--no-input`` was given; or there is no terminal, and no editor is chosen that may be a script.
        DistError: The tool is not known or not installed, or a marker is left in a file; nothing changed.
    """
    if not session.screen.ask:
        raise InputNeeded(
            "--edit opens an editor, which --no-input forbids",
            hint="pass --ours, --theirs or --both",
        )
    if not (tool or session.screen.somebody or chosen_editor(session.ctx)):
        raise InputNeeded(
            f"--edit opens an editor, and {session.screen.silence}",
            hint="pass --ours, --theirs or --both, or name a program in $EDITOR",
        )
    left: list[str] = []
    program = opener(session, tool) if tool else None

    def edit(proposal: Proposal, conflict: Conflict) -> bytes | None:
        text = edited(session, proposal, conflict, program)
        if text is None:
            left.append(conflict.path)
        return text

    outcome = ops.resolve_asking(
        session.ctx, name, by_editing(edit), request, agreement(session, yes=True), place=place
    )
    for path in left:
        session.screen.tell(
            f"  {clean(path)} was left as it is, and its conflict stays open; --ours settles it as yours"
        )
    return show_outcome(session, outcome, restart=request.restart)


def _forget(session: Session, name: ProfileName, place: str, request: Request) -> int:
    """Undo decisions made by ``--always``."""
    kept = ops.kept_places(session.ctx, name, place)
    if not kept:
        session.screen.say(f"Nothing is always kept yours in {name}.")
    code = show_outcome(
        session, ops.forget(session.ctx, name, request, agreement(session, yes=True), place=place)
    )
    for each in kept:
        session.screen.say(f"  no longer always yours: {clean(place_words(each))}")
    return code


def _list(session: Session, name: ProfileName, place: str, *, marks: bool = True) -> int:
    """List the conflicts that are open; with ``marks``, also what ``--always`` keeps."""
    conflicts = ops.open_conflicts(session.ctx, name, place)
    kept: tuple[str, ...] = ()
    if not place:
        kept = ops.kept_places(session.ctx, name)
    jobs = job_names(session.ctx, name, conflicts)
    session.screen.emit("conflicts", conflicts_data(name, conflicts, kept, jobs))
    if not conflicts:
        session.screen.say(f"No conflicts are open in {name}.")
    if not marks:
        kept = ()
    _say_open(session, conflicts, kept, jobs)
    if kept:
        session.screen.tell(f"to be asked again: {session.command(f'unkeep {name} PATH')}")
    if not conflicts:
        return 0
    # Most values are single ones, which refuse both; of a list, `--show` offers it.
    both = (
        "" if all(each.key and each.key != format_key(BODY) for each in conflicts) else " | --both"
    )
    session.screen.tell(f"next: {session.command(f'resolve {name} PATH --ours | --theirs{both}')}")
    return ExitCode.CONFLICTS


def _show(session: Session, name: ProfileName, place: str) -> int:
    """Show one conflict from all sides."""
    found = shown_conflict(session.ctx, name, place)
    session.screen.emit("conflict-shown", conflict_shown_data(found))
    with Paged(session) as each:
        screen = each.screen
        words = CONFLICT_WORDS.get(found.conflict.kind, str(found.conflict.kind))
        title = screen.paint(conflict_place(found.conflict, found.sides), "", bold=True)
        screen.say(f"{title}  {words}")
        screen.fields(_values(found))
        if not found.sides.has_values:
            _show_texts(each, found)
    return ExitCode.CONFLICTS


def _values(found: Shown) -> Iterator[tuple[str, str]]:
    """The three values, and the comments that are written at them, line by line."""
    sides = found.sides
    if not sides.has_values:
        return
    yield "As received", _value_words(sides.was)
    yield "Yours", _value_words(sides.yours)
    yield "Upstream's", _value_words(sides.theirs)
    for title, lines in comment_rows(found.comments):
        for number, line in enumerate(lines):
            yield "" if number else title, line


def _value_words(value: str | None) -> str:
    return "(none)" if value is None else value


def comment_rows(
    comments: Mapping[str, Sequence[str]],
) -> Iterator[tuple[str, Sequence[str]]]:
    """The comments at a value: first what all sides say, then what a side says beyond that.

    Args:
        comments: The lines of each side.
    """
    # A side without the value has no place for a comment, and says nothing against one.
    said = [lines for lines in comments.values() if lines]
    common = Counter[str]()
    if len(said) > 1:
        common = reduce(and_, map(Counter, said))
        yield "Comment", _among(said[0], common)[0]
    for side, title in _SIDES.items():
        lines = comments.get(side, ())
        if lines:
            yield f"{title}, comment", _among(lines, common)[1]


_SIDES = {"base": "As received", "ours": "Yours", "theirs": "Upstream's"}


def _among(lines: Sequence[str], common: Counter[str]) -> tuple[list[str], list[str]]:
    """The lines that are common, and the others, in their order."""
    left = Counter(common)
    there: list[str] = []
    others: list[str] = []
    for line in lines:
        (there if left[line] > 0 else others).append(line)
        left[line] -= 1
    return there, others


def _show_texts(session: Session, found: Shown) -> None:
    """Show what each side made of a text."""
    if found.texts is None:
        session.screen.say("It is not a text, so its sides are not shown.")
        return
    for lines in side_lines(found.texts, found.conflict.path):
        session.screen.diff(lines)


def _say_open(
    session: Session,
    conflicts: Sequence[Conflict],
    kept: Iterable[str] = (),
    jobs: Mapping[Conflict, str] = MappingProxyType({}),
) -> None:
    """Show conflicts, with the names of their jobs, and what is always kept yours."""
    rows = [
        (conflict.words, f"{CONFLICT_WORDS[conflict.kind]}{job_words(jobs.get(conflict, ''))}")
        for conflict in conflicts
    ]
    rows += [(place_words(place), "always yours") for place in kept]
    if rows:
        session.screen.table(("Place", "What happened"), rows)
