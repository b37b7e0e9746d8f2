"""Commands that settle what is open: resolve, approve."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.package.ask_conflict import asker, edited
from hermes_dist.cli.package.consents import consent_card, consent_list, consent_shown
from hermes_dist.cli.shared.ask import agreement, questions
from hermes_dist.cli.shared.cards import group_card
from hermes_dist.cli.shared.clean import clean
from hermes_dist.cli.shared.command import AllowEffects, DryRun, Profile, command
from hermes_dist.cli.shared.request import show_outcome
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import Cancelled, ExitCode, InputNeeded, UsageError
from hermes_dist.model.keypath import place_words
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.plan import Conflict, Effect
from hermes_dist.model.side import Side
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.change.review import agent_time, groups_of
from hermes_dist.ops.package import approvals
from hermes_dist.ops.package import resolve as ops
from hermes_dist.voice.package_json import conflict_data, outcome_data


@command
def resolve(
    session: Session,
    profile: Profile = None,
    place: Annotated[
        str, typer.Argument(metavar="[PATH|KEY]", help="Which conflict; all when left out.")
    ] = "",
    ours: Annotated[bool, typer.Option("--ours", help="Keep yours.")] = False,
    theirs: Annotated[bool, typer.Option("--theirs", help="Take upstream's.")] = False,
    both: Annotated[bool, typer.Option("--both", help="Keep yours and add upstream's.")] = False,
    edit: Annotated[
        bool, typer.Option("--edit", help="Edit yours, with upstream's beside it.")
    ] = False,
    list_: Annotated[
        bool, typer.Option("--list", help="List what is open, and what --always keeps yours.")
    ] = False,
    always: Annotated[
        bool, typer.Option("--always", help="With --ours: keep it yours from now on.")
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Undo --always: ask about it again.")
    ] = False,
    allow_effects: AllowEffects = False,
    dry_run: DryRun = False,
) -> int:
    name = session.ctx.profile(profile)
    request = Request(
        choices=Choices(allow_effects=allow_effects),
        dry_run=dry_run,
        questions=questions(session, yes=allow_effects),
    )
    sides = [
        side
        for side, wanted in ((Side.OURS, ours), (Side.THEIRS, theirs), (Side.BOTH, both))
        if wanted
    ]
    if len(sides) + list_ + edit + forget > 1 or (always and sides != [Side.OURS]):
        raise UsageError(
            "choose one of --ours, --theirs, --both, --edit, --forget and --list; --always goes with --ours"
        )
    if forget:
        return _forget(session, name, place, Request(dry_run=dry_run))
    if edit:
        return _edit(session, name, place, request)
    asking = session.screen.somebody and not sides and not list_ and not dry_run
    if asking and ops.open_conflicts(session.ctx, name, place):
        return _ask(session, name, place, request)
    if not sides:
        return _list(session, name, place, asked=list_)
    outcome = ops.resolve(
        session.ctx,
        name,
        sides[0],
        request,
        agreement(session, yes=True),
        place=place,
        always=always,
    )
    return show_outcome(session, outcome)


def _ask(session: Session, name: ProfileName, place: str, request: Request) -> int:
    """Ask about each conflict on the terminal, as an update does."""
    confirm = agreement(session, yes=True)
    return show_outcome(
        session,
        ops.resolve_asking(session.ctx, name, asker(session), request, confirm, place=place),
    )


def _edit(session: Session, name: ProfileName, place: str, request: Request) -> int:
    """Open the editor for each file with a conflict; the edited file settles the conflicts in it."""
    left: list[str] = []

    def settle(proposal: Proposal, conflict: Conflict) -> bytes | None:
        if conflict.path in left:
            return None
        text = edited(session, proposal, conflict)
        if text is None:
            left.append(conflict.path)
        return text

    outcome = ops.resolve_asking(
        session.ctx, name, settle, request, agreement(session, yes=True), place=place
    )
    for path in left:
        session.screen.tell(
            f"  {clean(path)} was left as it is, and its conflict open; --ours settles it as yours"
        )
    return show_outcome(session, outcome)


def _forget(session: Session, name: ProfileName, place: str, request: Request) -> int:
    """Undo decisions made by ``--always``."""
    kept = ops.kept_places(session.ctx, name, place)
    if not kept:
        session.screen.say(f"Nothing is kept yours for ever in {name}.")
    code = show_outcome(
        session, ops.forget(session.ctx, name, request, agreement(session, yes=True), place=place)
    )
    for each in kept:
        session.screen.say(f"  no longer always yours: {clean(place_words(each))}")
    return code


def _list(session: Session, name: str, place: str, *, asked: bool) -> int:
    conflicts = ops.open_conflicts(session.ctx, session.ctx.profile(name), place)
    kept = ops.kept_places(session.ctx, session.ctx.profile(name)) if not place else ()
    if asked or not conflicts:
        rows = [conflict_data(c) for c in conflicts]
        session.screen.emit("conflicts", {"profile": name, "conflicts": rows, "kept": list(kept)})
    for conflict in conflicts:
        session.screen.say(f"{clean(conflict.words)}  ({conflict.kind})")
    if not conflicts:
        session.screen.say(f"No conflicts are open in {name}.")
    for each in kept if asked else ():
        session.screen.say(f"{clean(place_words(each))}  (always yours)")
    if asked and kept:
        session.screen.tell(
            f"  to be asked again: {session.command(f'resolve {name} PATH --forget')}"
        )
    if not conflicts:
        return 0
    if not asked:
        raise InputNeeded(
            "somebody has to say how to settle them, and there is no terminal to ask on",
            hint="pass --ours, --theirs or --both, with a path or key to settle only that",
        )
    session.screen.tell(
        f"next: {session.command(f'resolve {name} PATH --ours | --theirs | --both')}"
    )
    return ExitCode.CONFLICTS


@command
def approve(
    session: Session,
    profile: Profile = None,
    effects: Annotated[
        list[str] | None, typer.Argument(metavar="[THING]…", help="Which; all when left out.")
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="List what waits, what has its yes, and what is off.")
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Show all that a THING does.")] = False,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Take the yes back: the THING goes off, and waits.")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "-y",
            "--yes",
            help="Say yes to all that is shown; no other command's -y grants anything.",
        ),
    ] = False,
    dry_run: DryRun = False,
) -> int:
    name = session.ctx.profile(profile)
    wanted = tuple(effects or ())
    if list_ + show + revoke > 1 or (list_ and wanted) or ((show or revoke) and not wanted):
        raise UsageError(
            "choose one of --list, --show and --revoke; --show and --revoke need a THING"
        )
    if list_:
        return consent_list(session, name)
    if show:
        return consent_shown(session, name, wanted)
    if revoke:
        return _revoke(session, name, wanted, yes=yes, dry_run=dry_run)
    chosen = ops.to_approve(session.ctx, name, wanted)
    if not chosen.effects:
        nothing = ops.approve(session.ctx, name, Request(), lambda _: False)
        session.screen.emit("outcome", outcome_data(nothing))
        session.screen.say(f"Nothing waits for a yes in {name}.")
        return 0
    # A dry run lists the effects in its preview.
    if not dry_run:
        consent_card(session, name, chosen.effects, asking=not yes)
    if not yes and not dry_run:
        chosen = _chosen(session, name, chosen)
    outcome = ops.approve(
        session.ctx, name, Request(dry_run=dry_run), lambda _: True, chosen=chosen
    )
    return show_outcome(session, outcome)


def _revoke(
    session: Session, name: ProfileName, wanted: tuple[str, ...], *, yes: bool, dry_run: bool
) -> int:
    request = Request(dry_run=dry_run)
    return show_outcome(
        session, approvals.revoke(session.ctx, name, wanted, request, agreement(session, yes=yes))
    )


def _chosen(session: Session, name: ProfileName, chosen: ops.Chosen) -> ops.Chosen:
    """Ask about all effects at once; if there are several, the user may also answer for each.

    Raises:
        Cancelled: The user approved nothing.
    """
    screen = session.screen
    screen.needs("--yes")
    groups = groups_of(chosen.effects)
    agreed: list[Effect] = []
    if len(groups) == 1:
        agreed = list(chosen.effects) if screen.confirm("Let it run?") else []
    else:
        answer = (
            screen.read("Let all of this run? [y]es, [e]ach one by one, [N]o: ").strip().lower()[:1]
        )
        agreed = list(chosen.effects) if answer == "y" else []
        for group in groups if answer == "e" else ():
            group_card(screen, group, agent_time(session.ctx, session.ctx.layout.home(name)))
            if screen.confirm(f"  Approve {clean(group.name)}?"):
                agreed += group.effects
    if not agreed:
        raise Cancelled("cancelled, nothing changed")
    return chosen.only(agreed)
