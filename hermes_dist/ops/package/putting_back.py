"""A state of a home that was, as a proposal: its files and its lock are put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.review import grouped
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import EffectKind, Plan, Step
from hermes_dist.model.tree import Digest, Read, Tree, together
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.providers import providers_used
from hermes_dist.ops.change.variables import manifest_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home

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

    What is put back was in force in this home before, so it does not need an approval as something that arrives does.

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
    changed: list[RelPath] = found.differing(tree)
    steps = tuple(Step(path, found.get(path), tree.get(path)) for path in changed)
    plan = Plan(steps=steps, blobs=blobs or {})
    known = lock or home.lock
    read_all = together(blobs or {}, read)
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
        notes=(*notes, *_allowed_again(ctx, home, found, tree, read_all)),
    )


def _allowed_again(ctx: Context, home: Home, found: Tree, tree: Tree, read: Read) -> Iterator[Note]:
    """Say what the state before allows and the home as found does not, unless an approval is for it."""
    known = providers_used(ctx, home.path)
    effects = find_effects(found, tree, tree, read, known=known)
    approved = home.lock.granted if home.lock else frozenset()
    for group in grouped(e for e in effects if not e.off and e.digest not in approved):
        name = group.label or group.name
        if group.kind is EffectKind.LOOSENS:
            yield Note.of(NoteKind.WEAKER_AGAIN, name)
        elif group.kind in _RUNNING:
            yield Note.of(NoteKind.RUNS_AGAIN, name)
