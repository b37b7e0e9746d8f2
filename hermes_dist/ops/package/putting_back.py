"""A state of a home that was, as a proposal: its files and its lock are put back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.parking import put_back
from hermes_dist.decide.consent.review import grouped
from hermes_dist.decide.consent.switches import is_unit, unit_of, units_in
from hermes_dist.model.discreet import Contents
from hermes_dist.model.keypath import format_key
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind, Plan, Step
from hermes_dist.model.tree import Digest, Read, Tree, together
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.providers import providers_used
from hermes_dist.ops.change.variables import manifest_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home
from hermes_dist.ops.sync.waiting import waiting_in
from hermes_dist.world.disk.links import ways_to

_RUNNING = (EffectKind.RUNS, EffectKind.SCHEDULES)


def putting_back(
    ctx: Context,
    home: Home,
    verb: str,
    *,
    found: Tree,
    tree: Tree,
    lock: Lock | None,
    read: Read,
    blobs: Mapping[Digest, bytes] | None = None,
    notes: tuple[Note, ...] = (),
) -> Proposal:
    """Propose to put files and lock back as they were, and say what that allows again.

    What is put back was in force in this home before, so it does not need an approval as something that arrives does;
    what waits for one now lost it since, and stays as it is.

    Args:
        ctx: The context.
        home: The home.
        verb: The command, for summary and history.
        found: The files of the home as found.
        tree: The files as they will be.
        lock: The lock afterwards; None for none.
        read: Reads every content of both, but those in ``blobs``.
        blobs: New contents by digest.
        notes: What else to say.
    """
    known = lock or home.lock
    blobs = blobs or {}
    again = _again(ctx, home, found, tree, together(blobs, read))
    plan = Plan(steps=_steps(found, again.tree), blobs={**blobs, **again.blobs})
    if lock is not None:
        plan = replace(
            plan,
            base=lock.base,
            upstream=lock.upstream,
            conflicts=lock.conflicts,
            parked=lock.parked,
        )
    return Proposal(
        verb=verb,
        home=home,
        manifest=manifest_of(ctx, known) if known else None,
        pin=known.pin if known else None,
        before=home.lock.pin if home.lock else None,
        source=known.source if known else "",
        plan=plan,
        lock=lock,
        read=read,
        ours=found,
        notes=(*notes, *again.notes),
    )


def _steps(found: Tree, tree: Tree) -> tuple[Step, ...]:
    changed: list[RelPath] = found.differing(tree)
    return tuple(Step(path, found.get(path), tree.get(path)) for path in changed)


class _Again(Contents, frozen=True):
    """The files as they will be, new contents, and what to say of what they allow."""

    tree: Tree
    blobs: Mapping[Digest, bytes]
    notes: tuple[Note, ...]


def _again(ctx: Context, home: Home, found: Tree, tree: Tree, read: Read) -> _Again:
    """The state before, without what waits for approval now."""
    effects = _allowed_again(ctx, home, found, tree, read)
    things = {*map(_thing_of, effects), *_switched_on(found, tree, read)}
    lost = [each for each in waiting_in(home.path, home.lock) if _thing_of(each) in things]
    off = {*map(_thing_of, lost)}
    left = put_back(tree, found, off, read)
    said = _said_of(each for each in effects if _thing_of(each) not in off)
    return _Again(left.tree, left.blobs, (*_stay_off(lost), *said))


def _allowed_again(
    ctx: Context, home: Home, found: Tree, tree: Tree, read: Read
) -> tuple[Effect, ...]:
    """What the state before allows and the home as found does not, unless an approval is for it."""
    known = providers_used(ctx, home.path)
    effects = find_effects(found, tree, tree, read, known=known, at=ways_to(home.path))
    approved = home.lock.granted if home.lock else frozenset()
    return tuple(e for e in effects if not e.off and e.digest not in approved)


def _thing_of(effect: Effect) -> tuple[RelPath, str]:
    """The place of the server or job that an effect belongs to; its own place if it belongs to none."""
    unit = unit_of(effect.path, effect.key)
    return (unit[0], format_key(unit[1])) if is_unit(unit) else (effect.path, effect.key)


def _switched_on(found: Tree, tree: Tree, read: Read) -> Iterator[tuple[RelPath, str]]:
    """Yield the places of the servers and jobs that are off as found, and were on."""
    before = dict(units_in(tree, read))
    for (path, key), on in units_in(found, read):
        if not on and before.get((path, key)):
            yield path, format_key(key)


def _stay_off(effects: Iterable[Effect]) -> Iterator[Note]:
    for group in grouped(effects):
        yield Note.of(NoteKind.APPROVAL_STAYS_REVOKED, group.label or group.name)


def _said_of(effects: Iterable[Effect]) -> Iterator[Note]:
    """Say what is allowed again."""
    for group in grouped(effects):
        name = group.label or group.name
        if group.kind is EffectKind.LOOSENS:
            yield Note.of(NoteKind.WEAKER_AGAIN, name)
        elif group.kind in _RUNNING:
            yield Note.of(NoteKind.RUNS_AGAIN, name)
