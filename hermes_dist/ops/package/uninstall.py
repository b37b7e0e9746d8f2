"""Uninstall: remove a package from a profile; your edits and the machine's files stay."""

from __future__ import annotations

import os
from collections.abc import Iterator

from msgspec import Struct

from hermes_dist.agents.places import ENV
from hermes_dist.brand import LOCKFILE, PRIVATE
from hermes_dist.decide.environment.example import ENV_EXAMPLE
from hermes_dist.decide.ownership import is_machine
from hermes_dist.decide.removal import removal
from hermes_dist.errors import Invalid, NoPackage
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.plan import Plan, Step
from hermes_dist.ops.change.behind_links import without_deletions
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.lost_contents import without_lost
from hermes_dist.ops.change.observe import Observed, observe
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.change.variables import is_as_left, manifest_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_home
from hermes_dist.ops.layers.gone import drop_ours


class Staying(Struct, frozen=True, kw_only=True):
    """What stays when a package is removed.

    Attributes:
        edited: Package files that were edited.
        own: The user's own files next to them.
        machine: Files of the agent and this machine, by name at the root of the home.
    """

    edited: tuple[RelPath, ...] = ()
    own: tuple[RelPath, ...] = ()
    machine: tuple[str, ...] = ()


class Removing(Proposal, frozen=True, kw_only=True):
    """The proposal of an uninstall, which lists what stays."""

    staying: Staying = Staying()


def uninstall(
    ctx: Context, name: ProfileName, request: Request, confirm: Confirm, *, keep_files: bool = False
) -> Outcome:
    """Remove a package from a profile: its unedited files go, everything else stays.

    Args:
        ctx: The context.
        name: The profile; its home stays.
        request: The options; only the dry run matters.
        confirm: Shows a :class:`Removing` and asks for confirmation.
        keep_files: Only drop the lockfile and leave every file.

    Raises:
        DistError: The profile has no lockfile, or can't be written; nothing changed.
    """
    home = open_home(ctx, name)
    try:
        lock = home.need_lock(ctx)
    except NoPackage as err:
        if not name.is_default:
            err.hint, err.command = "to remove the profile itself", f"delete {name}"
        raise
    outcome = confirm_and_carry_out(
        ctx, lambda _: _removing(ctx, home, lock, keep_files=keep_files), request, confirm, None
    )
    if outcome.done:
        drop_ours(ctx, name, lock)
    return outcome


def _removing(ctx: Context, home: Home, lock: Lock, *, keep_files: bool) -> Removing:
    beside = lock.shipped.where(lambda path: path == ENV_EXAMPLE)
    seen = observe(ctx, home, lock.base.with_entries(dict(beside)))
    plan, extra, notes = Plan(), tuple[Step, ...](), tuple[Note, ...]()
    staying = Staying(
        edited=tuple(filter(seen.found.__contains__, lock.base)), machine=tuple(machine_names(home))
    )
    if not keep_files:
        base, _, notes = without_lost(lock.base, lock.base, seen.ours, seen.read)
        gone = removal(base, seen.found, seen.ours, seen.read)
        plan, extra = gone.plan, _example(lock, seen)
        plan, kept = without_deletions(plan, seen.links, "uninstall")
        notes = (*notes, *kept)
        own = tuple(path for path in gone.own if all(path != step.path for step in extra))
        staying = Staying(edited=gone.kept, own=own, machine=staying.machine)
    return Removing(
        verb="uninstall",
        home=home,
        manifest=manifest_of(ctx, lock),
        pin=lock.pin,
        before=lock.pin,
        source=lock.source,
        plan=plan,
        extra=extra,
        lock=None,
        read=seen.read,
        ours=seen.found,
        notes=notes,
        staying=staying,
    )


def _example(lock: Lock, seen: Observed) -> tuple[Step, ...]:
    """Remove the ``.env.EXAMPLE`` as well, unless somebody edited it."""
    found = seen.found.get(ENV_EXAMPLE)
    if found is None or ENV_EXAMPLE in lock.base or found != lock.shipped.get(ENV_EXAMPLE):
        return ()
    return (Step(ENV_EXAMPLE, found, None),)


def machine_names(home: Home) -> Iterator[str]:
    """List the names in a home that belong to the machine; empty ones and our own files are left out."""
    with os.scandir(home.path) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            try:
                ours = entry.name in (LOCKFILE, PRIVATE) or not is_machine(RelPath(entry.name))
            except Invalid:
                ours = False
            if ours:
                continue
            if not entry.is_dir(follow_symlinks=False):
                yield from () if entry.name == ENV and is_as_left(home.path) else (entry.name,)
            elif os.listdir(entry):
                yield f"{entry.name}/"
