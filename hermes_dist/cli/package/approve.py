"""The command ``approve``: show what needs approval, approve it, list approvals and revoke them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated

import typer

from hermes_dist.cli.shared.ask import agreement
from hermes_dist.cli.shared.cards import changed_card, group_card, review_card
from hermes_dist.cli.shared.command import DryRun, Profile, Restart, command
from hermes_dist.cli.shared.request import show_outcome
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import Cancelled, UsageError, counted
from hermes_dist.model.lock_package import Off
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.plan import Effect
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.change.review import Group, Origin, agent_time, before_after, groups_of
from hermes_dist.ops.homes import look_into, open_home
from hermes_dist.ops.layers.whose import origins
from hermes_dist.ops.package import approvals
from hermes_dist.ops.package import resolve as ops
from hermes_dist.ops.sync.waiting import waiting_in
from hermes_dist.voice.clean import clean
from hermes_dist.voice.package_json import consent_shown_data, consents_data, outcome_data
from hermes_dist.voice.summary import kinds_words, needs_words
from hermes_dist.voice.words import EFFECT_VERBS

_HEAD = ("State", "Does", "Thing", "Name", "Note")
_CAUSES = {"user": "you switched it off", "author": "its author ships it switched off"}


@command
def approve(
    session: Session,
    profile: Profile = None,
    effects: Annotated[
        list[str] | None,
        typer.Argument(metavar="[THING]…", help="What to approve; by default everything."),
    ] = None,
    list_: Annotated[
        bool,
        typer.Option("--list", help="List what needs approval, what is approved, and what is off."),
    ] = False,
    show: Annotated[
        bool,
        typer.Option(
            "--show", help="Show everything that a THING does; by default all that waits."
        ),
    ] = False,
    revoke: Annotated[
        bool,
        typer.Option(
            "--revoke",
            help="Revoke an approval: the THING is switched off and needs approval again.",
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "-y",
            "--yes",
            help="Approve everything shown; no other command's -y approves anything.",
        ),
    ] = False,
    dry_run: DryRun = False,
    restart: Restart = False,
) -> int:
    name = session.ctx.profile(profile)
    wanted = tuple(effects or ())
    _check_one(list_=list_, show=show, revoke=revoke, things=bool(wanted))
    if list_:
        return _list(session, name)
    if show:
        return _shown(session, name, wanted)
    if revoke:
        return _revoke(session, name, wanted, yes=yes, dry_run=dry_run, restart=restart)
    return _approve(session, name, wanted, yes=yes, dry_run=dry_run, restart=restart)


def _check_one(*, list_: bool, show: bool, revoke: bool, things: bool) -> None:
    """Make sure that at most one of the flags was given, and a THING where it needs one.

    Raises:
        UsageError: They do not go together.
    """
    if list_ + show + revoke > 1:
        raise UsageError("choose one of --list, --show and --revoke")
    if list_ and things:
        raise UsageError(
            "--list takes no THING", hint="to see one in full, pass --show in place of --list"
        )
    if revoke and not things:
        raise UsageError("--revoke needs a THING", hint="what is approved is listed with --list")


def _approve(
    session: Session,
    name: ProfileName,
    wanted: tuple[str, ...],
    *,
    yes: bool,
    dry_run: bool,
    restart: bool,
) -> int:
    """Show what needs approval, ask for it, and make it live."""
    done = approvals.approved_already(session.ctx, name, wanted) if wanted else ()
    for word in done:
        session.screen.say(f"{clean(word)} is already approved in {name}.")
    rest = tuple(word for word in wanted if word not in done)
    if done and not rest:
        nothing = ops.approve(session.ctx, name, Request(), lambda _: False, chosen=ops.Chosen())
        session.screen.emit("outcome", outcome_data(nothing))
        return 0
    chosen = ops.to_approve(session.ctx, name, rest)
    if not chosen.effects:
        # Run for its outcome alone: --json prints one object also where there is nothing to do.
        nothing = ops.approve(session.ctx, name, Request(), lambda _: False)
        session.screen.emit("outcome", outcome_data(nothing))
        session.screen.say(f"Nothing needs approval in {name}.")
        return 0
    seen = chosen.effects
    # A dry run lists the effects in its preview, and has nothing to ask.
    if not dry_run:
        chosen = _asked(session, name, chosen, yes=yes)
    request = Request(dry_run=dry_run)
    outcome = ops.approve(session.ctx, name, request, lambda _: True, chosen=chosen)
    code = show_outcome(session, outcome, restart=restart)
    if outcome.done:
        _rest(session, name, wanted, seen)
    return code


def _asked(session: Session, name: ProfileName, chosen: ops.Chosen, *, yes: bool) -> ops.Chosen:
    """Show what an approval would cover, and ask about it unless the answer was given."""
    _card(session, name, chosen.effects, asking=not yes)
    return chosen if yes else _agreed(session, name, chosen)


def _rest(
    session: Session, name: ProfileName, wanted: tuple[str, ...], seen: tuple[Effect, ...]
) -> None:
    """Say what waits besides what was shown: what a package brings and what a machine sends are two merges."""
    if wanted:
        return
    shown = {effect.digest for effect in seen}
    waiting = waiting_in(session.ctx.layout.home(name), open_home(session.ctx, name).lock)
    if rest := groups_of(effect for effect in waiting if effect.digest not in shown):
        session.screen.tell(f"  {needs_words(rest)}: {session.command(f'approve {name}')}")


def _revoke(
    session: Session,
    name: ProfileName,
    wanted: tuple[str, ...],
    *,
    yes: bool,
    dry_run: bool,
    restart: bool,
) -> int:
    request = Request(dry_run=dry_run)
    outcome = approvals.revoke(session.ctx, name, wanted, request, agreement(session, yes=yes))
    return show_outcome(session, outcome, restart=restart)


def _agreed(session: Session, name: ProfileName, chosen: ops.Chosen) -> ops.Chosen:
    """Ask about all effects at once; if there are several, the user may also answer for each.

    Raises:
        Cancelled: The user approved nothing.
    """
    screen = session.screen
    screen.needs("--yes")
    groups = groups_of(chosen.effects)
    if len(groups) == 1:
        answer = "y" if screen.confirm("Let it run?") else "n"
    else:
        if kinds := kinds_words(groups):
            screen.prompt(f"{counted(len(groups), 'item')}{kinds}.")
        typed = screen.read("Let all of this run? [y]es, [e]ach one by one, [N]o: ")
        answer = typed.strip().lower()[:1]
    agreed: list[Effect] = []
    if answer == "y":
        agreed += chosen.effects
    elif answer == "e":
        agreed += _agreed_one_by_one(session, name, groups)
    if not agreed:
        raise Cancelled("cancelled, nothing changed")
    return chosen.only(agreed)


def _agreed_one_by_one(
    session: Session, name: ProfileName, groups: Iterable[Group]
) -> Iterator[Effect]:
    now = agent_time(session.ctx, session.ctx.layout.home(name))
    whose = _whose(session, name)
    for group in groups:
        group_card(session.screen.aloud(), group, now, whose)
        if session.screen.confirm(f"  Approve {clean(group.label or group.name)}?"):
            yield from group.effects


def _card(session: Session, name: ProfileName, effects: Iterable[Effect], *, asking: bool) -> None:
    """Show in full what an approval would cover, and what was approved before if that differs."""
    screen = session.screen.aloud() if asking else session.screen
    each = tuple(effects)
    home = open_home(session.ctx, name)
    now = agent_time(session.ctx, home.path)
    review_card(screen, each, each, now, origin=origins(session.ctx, home))
    changed_card(screen, before_after(home.lock, each))


def _list(session: Session, name: ProfileName) -> int:
    """List what needs approval, what is approved, and what is off."""
    found = approvals.consents(session.ctx, name)
    screen = session.screen
    screen.emit("consents", consents_data(name, found, _whose(session, name)))
    rows = list(_rows(found))
    if rows:
        filled = [at for at in range(len(_HEAD)) if any(row[at] for row in rows)]
        screen.table([_HEAD[at] for at in filled], [[row[at] for at in filled] for row in rows])
    else:
        screen.say(f"Nothing in {name} needs approval.")
    _next(session, name, found.waiting, found.off)
    return 0


def _rows(found: approvals.Consents) -> Iterator[tuple[str, str, str, str, str]]:
    """What needs approval, what is approved, and what is off, each once."""
    waiting = {group.name for group in found.waiting}
    also = {each.group.name for each in found.approved} & waiting
    for group in found.waiting:
        partly = "changes to it; the earlier version is approved" if group.name in also else ""
        yield "pending", EFFECT_VERBS[group.kind], group.name, group.label, partly
    for each in found.approved:
        if each.group.name not in also:
            since = f"since {', '.join(each.since)}" if each.since else ""
            does = EFFECT_VERBS[each.group.kind]
            yield "approved", does, each.group.name, each.group.label, since
    for off in found.off:
        yield "off", "", off.key or off.path, "", _CAUSES[off.cause]


def _next(session: Session, name: ProfileName, waiting: object, off: tuple[Off, ...]) -> None:
    if waiting:
        session.screen.tell(f"next: {session.command(f'approve {name}')}")
    elif off:
        session.screen.tell(f"to switch one on: {session.command(f'approve {name} THING')}")


def _shown(session: Session, name: ProfileName, words: tuple[str, ...]) -> int:
    """Show everything that the named things do; without a name, all that waits."""
    if words:
        groups = tuple(each for word in words for each in approvals.shown(session.ctx, name, word))
    else:
        groups = tuple(groups_of(ops.to_approve(session.ctx, name, ()).effects))
    whose = _whose(session, name)
    session.screen.emit("consent-shown", consent_shown_data(name, groups, whose))
    now = agent_time(session.ctx, session.ctx.layout.home(name))
    for group in groups:
        group_card(session.screen.aloud(), group, now, whose)
    if not groups:
        session.screen.say(f"Nothing in {name} needs approval.")
    elif not words:
        session.screen.tell(f"next: {session.command(f'approve {name}')}")
    return 0


def _whose(session: Session, name: ProfileName) -> Callable[[Group], Origin]:
    """Make a function that tells which layers are behind something."""
    return origins(session.ctx, look_into(session.ctx, name))
