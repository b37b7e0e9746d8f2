"""Commands around a package's life in a profile: uninstall, adopt, verify, gc."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from hermes_dist.cli.shared.cards import most_of, review_card
from hermes_dist.cli.shared.command import DryRun, Profile, Yes, command
from hermes_dist.cli.shared.reminders import notes
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session, on_each
from hermes_dist.errors import ExitCode, UsageError, counted
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.source import Pin, as_typed
from hermes_dist.ops.change import review
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import adopt as adopting
from hermes_dist.ops.package import upkeep as ops
from hermes_dist.ops.package.infer import Guess
from hermes_dist.ops.package.uninstall import Removing
from hermes_dist.ops.package.uninstall import uninstall as removing
from hermes_dist.voice.clean import clean
from hermes_dist.voice.left_out import why_words
from hermes_dist.voice.package_json import collected_data, outcome_data
from hermes_dist.voice.words import DRY_RUN, size_of

_SHOWN = 12
_CANDIDATES = 5
_SOURCE_WORDS = {
    "same": "the source still holds what was received",
    "differs": "the source does not hold what was received",
    "unreachable": "the source can't be reached",
    "untold": "the source can't be compared",
}


def offer_adoption(session: Session, name: ProfileName) -> None:
    """Offer to adopt a profile that the agent's own installer made, so that it can be updated.

    Raises:
        Cancelled: The user accepted the offer and then declined the adoption.
    """
    if adopting.adoptable(session.ctx, name) and session.screen.confirm(
        f"{name} has no lockfile. Adopt it first?"
    ):
        adopt_one(session, name, yes=False)


def _listed(session: Session, mark: str, paths: Iterable[str], why: str) -> None:
    paths = list(paths)
    shown = paths if session.screen.verbose else paths[:_SHOWN]
    for path in shown:
        session.screen.tell(f"  {mark} {clean(path)}  ({why})")
    if more := len(paths) - len(shown):
        session.screen.tell(f"  {mark} … and {more} more; -v lists them")


@command
def uninstall(
    session: Session,
    profile: Profile = None,
    keep_files: Annotated[
        bool, typer.Option("--keep-files", help="Only forget the package; every file stays.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    name = session.ctx.profile(profile)

    def confirm(proposal: Proposal) -> bool:
        _show_removal(session if yes else session.aloud(), proposal)
        return yes or session.screen.confirm("Uninstall it?")

    outcome = removing(session.ctx, name, Request(dry_run=dry_run), confirm, keep_files=keep_files)
    session.screen.emit("outcome", outcome_data(outcome))
    proposal = outcome.proposal
    label = _label(proposal)
    if outcome.dry_run and proposal:
        _show_removal(session.with_results(), proposal)
        session.screen.say(DRY_RUN)
    elif proposal:
        count = sum(step.after is None for step in proposal.steps)
        mark = session.screen.paint("✓", "good")
        session.screen.say(
            f"{mark} Uninstalled {label} from {name}: {counted(count, 'file')} removed."
        )
        session.screen.say(f"  undo: {session.command(f'rollback {name}')}")
        session.screen.say(f"  to remove the profile itself: {session.command(f'delete {name}')}")
    for path in outcome.skipped:
        session.screen.warn(f"{clean(path)} changed while this ran, and was left as it is")
    return 0


def _show_removal(session: Session, proposal: Proposal) -> None:
    screen = session.screen
    head = f"Uninstall {_label(proposal)} from {proposal.home.name}"
    screen.tell(screen.paint(head, "", bold=True, err=True))
    gone = [step.path for step in proposal.steps if step.after is None]
    _listed(session, screen.paint("-", "error", err=True), gone, "is removed")
    partly = [step.path for step in proposal.steps if step.after is not None]
    _listed(session, "~", partly, "the package's part of it is removed")
    if isinstance(proposal, Removing):
        _show_staying(session, proposal)
    notes(screen, proposal.notes)


def _show_staying(session: Session, proposal: Removing) -> None:
    shown = {step.path for step in proposal.steps}
    stays = [path for path in proposal.staying.edited if path not in shown]
    # Without steps everything stays (--keep-files), whether it was edited or not.
    _listed(session, " ", stays, "edited, stays" if proposal.steps else "stays")
    _listed(session, " ", proposal.staying.own, "your own, stays")
    _listed(session, " ", proposal.staying.machine, "this machine's, stays")


def _label(proposal: Proposal | None) -> str:
    """The package's name and version, as the manifest says."""
    if proposal is None or proposal.manifest is None:
        return "the package"
    return clean(proposal.manifest.label)


@command
def adopt(
    session: Session,
    profile: Profile = None,
    source: Annotated[
        str, typer.Argument(help="Where it comes from; by default what its manifest says.")
    ] = "",
    all_: Annotated[
        bool, typer.Option("--all", help="Every profile that names a source and has no lockfile.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    if not all_:
        return adopt_one(
            session, session.ctx.profile(profile), source=source, yes=yes, dry_run=dry_run
        )
    if profile or source:
        raise UsageError("--all can't be combined with a profile or a source")
    found = []

    def one(each: Session, name: ProfileName) -> int:
        if not adopting.adoptable(each.ctx, name):
            return 0
        found.append(name)
        return adopt_one(each, name, yes=yes, dry_run=dry_run)

    code = on_each(session, session.ctx.names(), one)
    if not found:
        session.screen.say("No profile is left to adopt.")
    return code


def adopt_one(
    session: Session, name: ProfileName, *, source: str = "", yes: bool, dry_run: bool = False
) -> int:
    """Adopt one profile; ask if the guess is not certain.

    Raises:
        DistError: The profile can't be adopted.
    """

    def confirm(proposal: Proposal) -> bool:
        sure = isinstance(proposal, adopting.Adopting) and proposal.is_certain
        _show_guess(session if sure or yes else session.aloud(), proposal)
        return (
            sure
            or yes
            or session.screen.confirm("Adopt it as that?", "--yes, or the version as SOURCE#COMMIT")
        )

    outcome = adopting.adopt(session.ctx, name, Request(dry_run=dry_run), confirm, source=source)
    session.screen.emit("outcome", outcome_data(outcome))
    if outcome.dry_run and outcome.proposal:
        _show_guess(session.with_results(), outcome.proposal)
        session.screen.say(DRY_RUN)
    else:
        _adopted(session, outcome)
    return 0


def _show_guess(session: Session, proposal: Proposal) -> None:
    if not isinstance(proposal, adopting.Adopting):
        return
    screen, guess = session.screen, proposal.guess
    match, pin = guess.match, guess.incoming.pin
    label = clean(guess.incoming.manifest.label)
    screen.tell(
        screen.paint(
            f"{proposal.home.name} was made from {label} @ {pin.short}", "", bold=True, err=True
        )
    )
    screen.tell(
        f"  from   {clean(as_typed(proposal.source))}; {counted(guess.tried, 'version')} looked at"
    )
    more = [
        (match.edited, "edited"),
        (match.missing, "missing"),
        (match.extra, "from another version"),
    ]
    rest = "".join(f", {count} {what}" for count, what in more if count)
    screen.tell(f"  match  {match.score:.0%}: {counted(match.same, 'file')} as shipped{rest}")
    if guess.incoming.included:
        _listed(
            session,
            " ",
            guess.incoming.included,
            "also taken along: it is here though the list leaves it out",
        )
    if proposal.set_aside:
        notes(screen, [proposal.set_aside])
    if not guess.sure:
        _show_candidates(session, proposal, guess)
    now = review.agent_time(session.ctx, proposal.home.path)
    review_card(screen, proposal.plan.parked, proposal.plan.parked, now, most=most_of(screen))
    review_card(screen, proposal.active, (), now, state="active")
    if not guess.sure:
        screen.warn(
            "this match is not certain: a wrong version would turn upstream's changes into conflicts"
        )


def _show_candidates(session: Session, proposal: Proposal, guess: Guess) -> None:
    """List the versions that it could be, each with the command that names it."""
    rows = [(guess.incoming.pin, guess.match), *guess.others]
    for pin, match in rows[:_CANDIDATES]:
        session.screen.tell(
            f"  either {clean(pin.label)} ({match.score:.0%}): {_naming(session, proposal, guess, pin)}"
        )
    if more := rows[_CANDIDATES:]:
        session.screen.tell(f"  or     one of {len(more)} more")
    if guess.older:
        session.screen.tell("  or     an older version: it is the oldest that was looked at")


def _naming(session: Session, proposal: Proposal, guess: Guess, pin: Pin) -> str:
    """The command that names a version; a folder as it is has no commit to name."""
    if not pin.commit:
        return "the folder as it is now"
    words = ["adopt", str(proposal.home.name), str(guess.incoming.spec.at(pin.commit))]
    return clean(session.command(shlex.join(words)))


def _adopted(session: Session, outcome: Outcome) -> None:
    at = ""
    if outcome.proposal and outcome.proposal.lock:
        at = f" at {clean(outcome.proposal.lock.pin.label)}"
    mark = session.screen.paint("✓", "good")
    session.screen.say(f"{mark} Adopted {outcome.profile}{at}; none of its files changed.")
    if isinstance(outcome.proposal, adopting.Adopting) and outcome.proposal.set_aside:
        session.screen.say(
            f"  kept: {outcome.proposal.set_aside.datum('kept')}, the damaged lockfile"
        )
    if isinstance(outcome.proposal, adopting.Adopting) and outcome.proposal.active:
        _already_active(session, outcome.profile, outcome.proposal.active)
    session.screen.say(f"  next: {session.command(f'update {outcome.profile}')}")


def _already_active(session: Session, name: ProfileName, effects: Sequence[Effect]) -> None:
    """Say what runs already: the agent's own installer does not ask for approval."""
    for group in review.groups_of(effects):
        what = f"{group.name}  {group.label}".rstrip()
        session.screen.say(f"  already active, and stays so: {clean(what)} ({group.kind})")
    if any(effect.kind is EffectKind.SCHEDULES for effect in effects):
        session.screen.say(f"  pause a job with: {session.brand.name} -p {name} cron pause ID")


@command
def verify(session: Session, profile: Profile = None) -> int:
    found = ops.verify(session.ctx, session.ctx.profile(profile))
    screen = session.screen
    screen.emit(
        "verify",
        {
            "profile": found.profile,
            "sound": found.sound,
            "same": found.same,
            "edited": list(found.edited),
            "missing": list(found.missing),
            "unread": [odd.path for odd in found.unread],
            "lost": list(found.lost),
            "mended": found.mended,
            "source": found.source,
            "about_source": clean(found.about_source),
            "damaged": list(found.damaged),
            "signer": found.signer.partition(" ")[0],
        },
    )
    rest = f"{len(found.edited)} edited, {len(found.missing)} missing"
    if found.unread:
        rest += f", {len(found.unread)} can't be read"
    screen.say(f"{found.profile}: {counted(found.same, 'file')} as received, {rest}")
    about = ""
    if found.about_source:
        about = f": {clean(found.about_source)}"
    screen.say(f"  source  {_SOURCE_WORDS[found.source]}{about}")
    if found.signer:
        screen.say(f"  signer  {clean(found.signer)}")
    _say_findings(screen, found)
    if found.sound and found.source != "unreachable":
        screen.say(f"{screen.paint('✓', 'good')} sound")
    if not found.sound:
        return ExitCode.ERROR
    return ExitCode.UNREACHABLE if found.source == "unreachable" else ExitCode.DONE


def _say_findings(screen: Screen, found: ops.Verified) -> None:
    """Say what was found in the store, in the history and in the home."""
    if found.mended:
        screen.say(f"  store   {counted(found.mended, 'content')} fetched again")
    for path in found.lost:
        lost = screen.paint("lost", "error")
        screen.say(f"  store   {lost} {clean(path)}: it can't be fetched again")
    for place in found.damaged:
        screen.say(f"  history {screen.paint('damaged', 'error')} {clean(place)}")
    for odd in found.odd:
        screen.say(f"  odd     {clean(odd.path)}: {clean(why_words(odd))}")


@command
def gc(
    session: Session,
    keep: Annotated[
        int,
        typer.Option(
            "--keep", metavar="N", min=1, help="How many generations to keep of each profile."
        ),
    ] = ops.KEEP,
    days: Annotated[
        float,
        typer.Option(
            "--older-than", metavar="DAYS", min=0, help="Keep contents younger than this."
        ),
    ] = ops.DAYS,
    sources: Annotated[
        bool,
        typer.Option(
            "--sources",
            help="Also remove the copies of sources that profiles come from; the next update fetches them again.",
        ),
    ] = False,
    dry_run: DryRun = False,
) -> int:
    done = ops.gc(session.ctx, keep=keep, days=days, sources=sources, dry_run=dry_run)
    session.screen.emit("gc", collected_data(done, dry_run=dry_run))
    verb = "Would remove" if dry_run else "Removed"
    blobs, old = counted(done.blobs, "content"), counted(done.generations, "old generation")
    caches = counted(done.caches, "cached source")
    session.screen.say(f"{verb} {blobs} ({size_of(done.size)}), {old} and {caches}.")
    _say_order(session.screen, done, dry_run=dry_run)
    notes(session.screen, done.notes)
    if dry_run:
        session.screen.say(DRY_RUN)
    return 0


def _say_order(screen: Screen, done: ops.Collected, *, dry_run: bool) -> None:
    """Say how the store was put in order."""
    if done.damaged:
        files = "damaged files" if done.damaged > 1 else "damaged file"
        written = "would be written anew" if dry_run else "written anew"
        contents = counted(done.rescued, "readable content")
        screen.say(f"{done.damaged} {files} in the store, {written} with {contents}.")
    if done.joined:
        verb = "Would join" if dry_run else "Joined"
        screen.say(f"{verb} {counted(done.joined, 'file')} of the store into {done.into}.")
