"""Settle what sync left open, with the same commands as for an update."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from hermes_dist.errors import DistError
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.fetch import Incoming
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.propose import propose
from hermes_dist.ops.change.request import Choices
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home
from hermes_dist.ops.sync.incoming import SyncedHome, carried_by, synced_home
from hermes_dist.ops.sync.state import is_synced, read_record
from hermes_dist.ops.sync.waiting import not_granted


def facing(ctx: Context, home: Home, is_open: Callable[[Lock], bool]) -> Home:
    """Return the home as its package sees it, or, if nothing is open there, as the other machines do.

    Args:
        ctx: The context.
        home: The home.
        is_open: Whether a lock holds what the command is about.

    Raises:
        DistError: What sync remembers can't be read.
    """
    if (home.lock is not None and is_open(home.lock)) or not is_synced(home.path):
        return home
    other = seen_by_others(ctx, home.name)
    if other is None or other.lock is None or not is_open(other.lock):
        return home
    return other


def seen_by_others(ctx: Context, name: ProfileName) -> SyncedHome | None:
    """The home as the other machines see it; None for a profile that is not synced.

    Raises:
        DistError: What sync remembers can't be read.
    """
    record = read_record(ctx.layout.home(name))
    if record is None:
        return None
    home = synced_home(ctx, name, record)
    if home.lock is None:
        return home
    return replace(home, lock=replace(home.lock, parked=not_granted(home.itself.lock, home.lock)))


def proposed(
    ctx: Context, home: Home, theirs: Incoming, choices: Choices, *, verb: str
) -> Proposal:
    """Propose as :func:`propose` does, for a home as its package or the other machines see it.

    Raises:
        DistError: The home or a content can't be read.
    """
    if not isinstance(home, SyncedHome):
        return propose(ctx, home, theirs, choices, verb=verb)
    # Between two machines of one user, the author of a package has no say.
    bare = replace(theirs, manifest=Manifest(name=str(home.name)))
    made = propose(ctx, home, bare, choices, verb=verb)
    return carried_by(made, home, home.itself.lock, home.record.seen)


def proposed_for_both(
    ctx: Context,
    home: Home,
    theirs: Incoming,
    package: Home,
    brought: Incoming,
    choices: Choices,
    *,
    verb: str,
) -> Proposal:
    """Propose as :func:`proposed` does, for a home as the other machines see it, and as its package does, at once.

    What only one of them knew of would look like the user's own change to the other.

    Args:
        ctx: The context.
        home: The home as the other machines see it.
        theirs: What they sent.
        package: The same home as its package sees it.
        brought: What the package brings.
        choices: What the user chose.
        verb: The command, for summary and history.

    Raises:
        DistError: The home or a content can't be read.
    """
    own = propose(ctx, package, brought, choices, verb=verb)
    if isinstance(home, SyncedHome):
        home = replace(home, itself=replace(package, lock=own.lock))
    made = proposed(ctx, home, theirs, choices, verb=verb)
    return replace(made, plan=replace(made.plan, blobs={**own.plan.blobs, **made.plan.blobs}))


def keeping(home: Home, places: frozenset[str]) -> Home:
    """Return a home that keeps places its own from now on.

    Raises:
        DistError: It has no lockfile that could remember that.
    """
    if home.lock is None:
        return home
    kept = replace(home.lock, kept=home.lock.kept | places)
    if not isinstance(home, SyncedHome):
        return replace(home, lock=kept)
    own = home.itself.lock
    if own is None:
        raise DistError(
            "only a profile with a package remembers what is always yours",
            where=str(home.name),
            hint="settle it without --always",
        )
    itself = replace(home.itself, lock=replace(own, kept=own.kept | places))
    return replace(home, lock=kept, itself=itself)
