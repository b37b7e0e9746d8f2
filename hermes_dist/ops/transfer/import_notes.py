"""The notes about an import: what it sets, what it leaves out, and what the user has to supply."""

from __future__ import annotations

from collections.abc import Iterator

from hermes_dist.agents.places import ENV
from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.environment.example import (
    ENV_EXAMPLE,
    capture_example,
    held_note,
    place_example,
)
from hermes_dist.decide.placement.servers import MCP
from hermes_dist.errors import Invalid
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Plan
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home
from hermes_dist.ops.transfer.read_archive import Archive, Sorted


def variables_set(ctx: Context, parts: Sorted) -> Iterator[Note]:
    """List the variables that a full backup sets: some decide who commands the agent or which code it loads."""
    path = RelPath(ENV)
    if path in parts.carried:
        data = parts.carried[path].file.read_bytes()
    elif path in parts.beside:
        data = ctx.store.read(parts.beside[path].digest)
    else:
        return
    try:
        names = dotenv.read(data)
    except (Invalid, ValueError):
        yield Note.of(NoteKind.ENV_UNREADABLE, name=ENV)
        return
    if names:
        yield Note.of(NoteKind.ENV_SETS, name=ENV, names=tuple(sorted(names)))


def held_back(ctx: Context, archive: Archive, parts: Sorted) -> tuple[Note, ...]:
    """Say which lines of the archive's environment example are held back."""
    if ENV_EXAMPLE not in parts.beside or ENV_EXAMPLE not in archive.files:
        return ()
    authors = capture_example(ctx.store.read(archive.files[ENV_EXAMPLE].digest))
    note = held_note(place_example(authors).held)
    if note is None:
        return ()
    return (note,)


def about_import(
    ctx: Context,
    archive: Archive,
    home: Home,
    plan: Plan,
    lock: Lock | None,
    *,
    keeps_its_lock: bool,
) -> Iterator[Note]:
    """Say what of an archive is not used, and what the user has to bring.

    Args:
        ctx: The context.
        archive: The archive.
        home: The home that it goes to.
        plan: The plan.
        lock: The lock that the home will have.
        keeps_its_lock: The import records nothing in the lock, so a conflict is remembered nowhere.
    """
    if archive.lock and lock is None:
        yield Note.of(NoteKind.ONLY_PARTS_IN_ARCHIVE)
    if archive.lock is None and MCP in archive.files:
        yield Note.of(NoteKind.SERVERS_FILE_UNREAD, MCP, command=ctx.command("install FILE"))
    yield from _about_parked(plan, lock)
    if plan.conflicts and keeps_its_lock:
        yield Note.of(NoteKind.ARCHIVE_CONFLICTS)
    missing = [name for name in archive.card.variables if not ctx.env.get(name)]
    if missing:
        path = str(home.path / ENV)
        yield Note.of(NoteKind.SECRETS_LEFT_BEHIND, path=path, names=tuple(missing))


def _about_parked(plan: Plan, lock: Lock | None) -> Iterator[Note]:
    """What can run and has no approval; what the lock records is told elsewhere, with all that is parked."""
    recorded: set[str] = set()
    if lock is not None:
        recorded = {effect.place for effect in lock.parked}
    left_out, switched_off = set(), set()
    for effect in plan.parked:
        if effect.place in recorded:
            continue
        if effect.off:
            switched_off.add(effect.place)
        else:
            left_out.add(effect.place)
    if left_out:
        yield Note.of(NoteKind.ARCHIVE_EFFECTS_LEFT_OUT, places=tuple(sorted(left_out)))
    if switched_off:
        yield Note.of(NoteKind.ARCHIVE_EFFECTS_OFF, places=tuple(sorted(switched_off)))
