"""The command ``update``; the short form of its command line calls the same function.

Mostly there is nothing new, so what merges is loaded only if something has to be done.
"""

from __future__ import annotations

from hermes_dist.cli.shared.reminders import notes, reminder, up_to_date
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.shared.verb import command_with_request
from hermes_dist.errors import LockStale, UsageError
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.ops.change.look_up import Looked, fetched_meanwhile, look

if TYPE_CHECKING:
    from typing import Annotated

    import typer

    from hermes_dist.cli.shared.command import Profile, Yes
    from hermes_dist.model.paths import ProfileName
    from hermes_dist.ops.change.proposal import Outcome
    from hermes_dist.ops.change.request import Request


@command_with_request(
    "to",
    "force_config",
    "dry_run",
    "locked",
    "conflict",
    "allow_effects",
    "set_",
    "set_file",
    "env",
    "env_file",
    "allow_downgrade",
    "accept_new_key",
    "accept_unsigned",
    "accept_moved_tag",
    "require_signature",
    "ignore_requires",
    "only",
    "without",
    "include",
    "exclude",
    "restart",
    asks=True,
)
def update(
    session: Session,
    profile: Profile = None,
    request: Request | None = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Update every profile that has a package.")
    ] = False,
    abort: Annotated[
        bool, typer.Option("--abort", help="Restore the state before the last update.")
    ] = False,
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="With --dry-run: exit with code 10 if there are changes."),
    ] = False,
    yes: Yes = False,
) -> int:
    """Update one profile or all; without a request, with the default of each option."""
    if all_ and (profile or _names_one(request)):
        raise UsageError(
            "--all can't be combined with a profile, --to, --include, --exclude, --set, --set-file, --env or --env-file"
        )
    if abort and request:
        return _abort(session, profile, request, alone=not all_, yes=yes)
    if all_:
        return _update_all(session, request, yes=yes, exit_code=exit_code)
    return _update_one(session, profile, request, yes=yes, exit_code=exit_code)


def _update_one(
    session: Session,
    profile: str | None,
    request: Request | None,
    *,
    yes: bool,
    exit_code: bool,
) -> int:
    name = session.ctx.profile(profile)
    to = ""
    if request:
        to = request.to
        if request.locked:
            _need_lockfile(session, name)
    if not (request and request.dry_run):
        _offer_adoption(session, name)
    looked = look(session.ctx, name, to)
    return _update(session, looked, request, yes=yes, exit_code=exit_code)[0]


def _names_one(request: Request | None) -> bool:
    """Whether a request holds what is meant for one profile alone."""
    return request is not None and request.is_for_one


def _abort(
    session: Session, profile: str | None, request: Request, *, alone: bool, yes: bool
) -> int:
    """``update --abort``."""
    from hermes_dist.cli.package.history import abort  # noqa: PLC0415 - few updates are aborted

    if not alone or request.locked or not request.is_plain:
        raise UsageError("--abort can only be combined with a profile, -y, -n and --restart")
    return abort(session, session.ctx.profile(profile), request, yes=yes)


def _need_lockfile(session: Session, name: ProfileName) -> None:
    place = session.ctx.layout.lockfile(name)
    if not place.exists():
        take = session.command(f"adopt {name}")
        raise LockStale(
            "there is no lockfile", where=str(place), hint=f"take the profile over with: {take}"
        )


def _update_all(session: Session, request: Request | None, *, yes: bool, exit_code: bool) -> int:
    """Update every profile that has a lockfile, and sum up; the worst exit code counts."""
    from hermes_dist.cli.package.recap import update_all  # noqa: PLC0415 - updating one profile needs no list

    def one(each: Session, looked: Looked) -> tuple[int, Outcome | None]:
        return _update(each, looked, request, yes=yes, exit_code=exit_code, alone=False)

    return update_all(session, one, restart=request is not None and request.restart)


def _update(
    session: Session,
    looked: Looked,
    request: Request | None,
    *,
    yes: bool,
    exit_code: bool,
    alone: bool = True,
) -> tuple[int, Outcome | None]:
    """Update a profile; returns its exit code and the outcome, or None if nothing was to be done at first sight.

    Among others, it restarts no gateway: one may serve several profiles, so that happens at the end.
    """
    # Decided from the head of the lock alone: most updates end here and load nothing that merges.
    plain = request is None or request.is_plain
    # Not with --json: its object shows in full what is open, and the head does not hold that.
    if plain and looked.nothing_new and not session.screen.as_json:
        return _nothing_new(session, looked), None
    # Late, too: an update with nothing new merges nothing, and so loads nothing that merges.
    with fetched_meanwhile(session.ctx, looked, request):
        from hermes_dist.cli.shared.request import agreement, request_of, show_outcome  # noqa: PLC0415 - as said above
        from hermes_dist.model.documents import yaml_parse  # noqa: F401, PLC0415 - the manifest is read with it
        from hermes_dist.ops.package import update as ops  # noqa: PLC0415 - as said above

    outcome = ops.update(
        session.ctx,
        looked.name,
        request or request_of(session, yes=yes, asks=True),
        agreement(session, yes=yes),
        looked,
    )
    restart = request is not None and request.restart
    code = show_outcome(
        session,
        outcome,
        exit_code=exit_code,
        restart=restart and alone,
        told=alone or not restart,
    )
    return code, outcome


def _nothing_new(session: Session, looked: Looked) -> int:
    notes(session.screen, looked.notes)
    up_to_date(session, looked.name, looked.lock)
    return reminder(session, looked.name, looked.lock.conflicts)


def _offer_adoption(session: Session, name: ProfileName) -> None:
    """On a terminal, offer to adopt a profile without a lockfile, so that it can be updated.

    Raises:
        Cancelled: The user accepted the offer and then declined the adoption.
    """
    if not session.screen.somebody or session.ctx.layout.lockfile(name).exists():
        return
    from hermes_dist.cli.package.upkeep import offer_adoption  # noqa: PLC0415 - only profiles without a lock need it

    offer_adoption(session, name)
