"""Update profiles. Mostly there is nothing new, so the code that merges is loaded only if needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermes_dist.cli.shared.reminders import notes, reminder, up_to_date
from hermes_dist.cli.shared.session import on_each
from hermes_dist.errors import LockStale
from hermes_dist.ops.change.look_up import Looked, ask_ahead, look

if TYPE_CHECKING:
    from hermes_dist.cli.shared.session import Session
    from hermes_dist.model.paths import ProfileName


class Asked(NamedTuple):
    """The options of an update."""

    to: str = ""
    force_config: bool = False
    locked: bool = False
    conflict: str = ""
    allow_effects: bool = False
    env: tuple[str, ...] = ()
    env_file: str = ""
    allow_downgrade: bool = False
    accept_new_key: bool = False
    accept_unsigned: bool = False
    accept_moved_tag: bool = False
    require_signature: bool = False
    ignore_requires: bool = False
    only: str = ""
    without: str = ""


def bring(
    session: Session,
    profile: str | None,
    asked: Asked,
    *,
    yes: bool,
    dry_run: bool = False,
    exit_code: bool = False,
) -> int:
    """Update one profile.

    Args:
        session: The run.
        profile: The profile; None for the active one.
        asked: The options.
        yes: Answer yes to questions about file changes.
        dry_run: Only show what would happen.
        exit_code: With ``dry_run``, return 10 if there is something to do.

    Returns:
        The exit code.
    """
    name = session.ctx.profile(profile)
    if asked.locked:
        _need_lockfile(session, name)
    offer_adoption(session, name, dry_run=dry_run)
    return _bring(
        session,
        look(session.ctx, name, asked.to),
        asked,
        yes=yes,
        dry_run=dry_run,
        exit_code=exit_code,
    )


def _need_lockfile(session: Session, name: ProfileName) -> None:
    place = session.ctx.layout.lockfile(name)
    if not place.exists():
        take = session.command(f"adopt {name}")
        raise LockStale(
            "there is no lockfile", where=str(place), hint=f"take the profile over with: {take}"
        )


def bring_all(
    session: Session, asked: Asked, *, yes: bool, dry_run: bool = False, exit_code: bool = False
) -> int:
    """Update every profile that has a lockfile, asking all sources at once.

    Args:
        session: The run.
        asked: The options.
        yes: Answer yes to questions about file changes.
        dry_run: Only show what would happen.
        exit_code: With ``dry_run``, return 10 if there is something to do.

    Returns:
        The worst of the exit codes.
    """
    from hermes_dist.ops.profiles.list import list_profiles  # noqa: PLC0415 - updating one profile needs no list

    names = [row.name for row in list_profiles(session.ctx) if row.managed]
    # All sources are asked at once, so that many profiles wait only as long as the slowest one.
    ask_ahead(session.ctx, names)

    def one(each: Session, name: ProfileName) -> int:
        return _bring(
            each, look(each.ctx, name), asked, yes=yes, dry_run=dry_run, exit_code=exit_code
        )

    return on_each(session, names, one)


def _bring(
    session: Session, looked: Looked, asked: Asked, *, yes: bool, dry_run: bool, exit_code: bool
) -> int:
    # Decided from the head of the lock alone: most updates end here and load nothing that merges.
    if (
        looked.nothing_new
        and asked._replace(locked=False) == Asked()
        and not session.screen.as_json
    ):
        return _nothing_new(session, looked)
    from hermes_dist.cli.package.update_one import update_one  # noqa: PLC0415 - an update with nothing new merges nothing

    return update_one(session, looked, asked, yes=yes, dry_run=dry_run, exit_code=exit_code)


def _nothing_new(session: Session, looked: Looked) -> int:
    notes(session.screen, looked.notes)
    up_to_date(session, looked.name, looked.lock)
    return reminder(session, looked.name, looked.lock.conflicts)


def offer_adoption(session: Session, name: ProfileName, *, dry_run: bool) -> None:
    """On a terminal, offer to adopt a profile without a lockfile, so that it can be updated.

    Raises:
        Cancelled: The user accepted the offer and then declined the adoption.
    """
    if dry_run or not session.screen.somebody or session.ctx.layout.lockfile(name).exists():
        return
    from hermes_dist.cli.package.upkeep import adopt_one  # noqa: PLC0415 - only profiles without a lock need it
    from hermes_dist.ops.package.adopt import adoptable  # noqa: PLC0415 - only profiles without a lock need it

    if adoptable(session.ctx, name) and session.screen.confirm(
        f"{name} has no lockfile. Adopt it first?"
    ):
        adopt_one(session, name, yes=False)
