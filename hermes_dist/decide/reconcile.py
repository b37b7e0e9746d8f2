"""Reconcile: base, ours, theirs → the plan and the next base. The heart.

    offered = theirs, with everything that waits for approval put back to base
    merged  = merge(base, ours, offered)
    plan    = the differences between the home as found and merged

Every verb that changes a home's package runs this with other arguments; see ``docs/ARCHITECTURE.md``.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.consent.activate import switch_on
from hermes_dist.decide.consent.effects import find_effects, going_back
from hermes_dist.decide.consent.floor import Known
from hermes_dist.decide.consent.granted import Granted, grant
from hermes_dist.decide.consent.parking import park, put_back
from hermes_dist.decide.consent.switches import (
    Judge,
    Memory,
    Unit,
    causes,
    settle_units,
    units_in,
    wanted_back,
)
from hermes_dist.decide.placement.migrations import as_shipped, followed
from hermes_dist.decide.policies import settled_by_author, side_of
from hermes_dist.merge.trees import TreeMerge, merge_trees
from hermes_dist.model.keypath import parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Answer, Effect, Plan, Step, image_of
from hermes_dist.model.side import Side
from hermes_dist.model.tree import EMPTY, Digest, Read, Tree

_ROUNDS = 3


class Situation(Struct, frozen=True, kw_only=True):
    """The facts that a plan is made from.

    Attributes:
        base: What the home last received.
        found: The home as found, byte for byte.
        theirs: What upstream ships, in the home's spelling.
        read: Gives contents by digest for all of them.
        by_author: Servers and jobs that upstream ships switched off.
        memory: What the lock remembers about servers and jobs.
        ours: The home as it is merged, if it differs from ``found``: without the agent's own stock files, and with the
            author's manifest if the agent has only rewritten it.
        known: Gives the names of providers that the machine uses.
        leaving: Files that leave the home although neither side has them any more.
    """

    base: Tree = EMPTY
    found: Tree = EMPTY
    theirs: Tree = EMPTY
    read: Read
    by_author: frozenset[Unit] = frozenset()
    memory: Memory = Memory()
    ours: Tree | None = None
    known: Known = frozenset
    leaving: frozenset[RelPath] = frozenset()


class Decisions(Struct, frozen=True, kw_only=True):
    """The decisions about conflicts and effects.

    Attributes:
        sides: How to settle a conflict, by ``path`` or ``path: key``.
        default: How to settle all other conflicts; None leaves them open.
        kept: ``path`` or ``path: key`` that always stays ours.
        granted: The approved effects.
        named: Servers and jobs to switch on, whoever switched them off.
        policies: How the package's author settles conflicts that the user did not decide.
    """

    sides: Mapping[str, Side] = field(default_factory=dict)
    default: Side | None = None
    kept: frozenset[str] = frozenset()
    granted: Granted = field(default_factory=lambda: grant(frozenset()))
    named: frozenset[Unit] = frozenset()
    policies: Mapping[str, str] = field(default_factory=dict)

    def favour(self, path: RelPath, key: str) -> Side | None:
        place = f"{path}: {key}" if key else str(path)
        said = self.sides.get(place) or self.sides.get(str(path)) or self.default
        return said or (side_of(self.policies, path, key) if self.policies else None)


def reconcile(situation: Situation, decisions: Decisions) -> Plan:
    """Make the plan that brings a home to what upstream ships while keeping the user's changes.

    Raises:
        Invalid: A file's content can't be read.
    """
    ours = situation.found if situation.ours is None else situation.ours
    blobs: dict[Digest, bytes] = {}

    def read(digest: Digest) -> bytes:
        return blobs[digest] if digest in blobs else situation.read(digest)

    follow = followed(situation.base, situation.theirs, ours, read)
    blobs |= follow.blobs
    base, theirs = follow.base, follow.theirs
    asked = _Asked(decisions)
    kept = [_split_place(place) for place in decisions.kept]
    # For a kept place, base becomes theirs: then upstream shows no change there, and the merge leaves ours alone.
    settled = put_back(base, theirs, kept, read)
    blobs |= settled.blobs
    judge = _judge(situation, ours, decisions, read)
    facts = replace(situation, theirs=theirs)
    merged, effects, parked = _merge_safely(settled.tree, ours, facts, read, blobs, asked, judge)
    # The next base has to equal what the source holds, without the agent's migration, or the author's next change
    # could not be told from it.
    received = as_shipped(merged.base, follow, read, blobs)
    # Switching on comes after the merge: the package places every unit switched off, so no merge can activate one.
    ready, idle = settle_units(effects, decisions.granted, judge)
    live = switch_on(merged.tree, ready | wanted_back(merged.tree, judge, read), read)
    blobs |= live.blobs
    waiting = tuple(e for e in effects if not decisions.granted(e) and (e.off or e in parked))
    return Plan(
        steps=_steps(situation.found, {*ours, *live.tree, *situation.leaving}, live.tree),
        base=received,
        upstream={
            path: situation.theirs.get(path) for path in received.differing(situation.theirs)
        },
        conflicts=merged.conflicts,
        effects=effects,
        parked=waiting,
        ran=going_back(live.tree, ours, base, read, judge) if set(effects) - set(waiting) else (),
        off=causes(live.tree, theirs, idle, judge, read),
        answers=tuple(
            Answer(path, key, side, image_of(live.tree.get(path)))
            for (path, key), side in sorted(asked.answers.items())
            if any(_touches(e, path, key) for e in waiting)
        ),
        blobs=blobs,
        notes=(*merged.notes, *_by_author(settled.tree, ours, theirs, read, decisions)),
    )


def _judge(situation: Situation, ours: Tree, decisions: Decisions, read: Read) -> Judge:
    here = frozenset(unit for unit, _ in units_in(ours, read))
    return Judge(situation.memory, situation.by_author, here, decisions.named)


def _merge_safely(
    base: Tree,
    ours: Tree,
    situation: Situation,
    read: Read,
    blobs: dict[Digest, bytes],
    asked: _Asked,
    judge: Judge,
) -> tuple[TreeMerge, tuple[Effect, ...], list[Effect]]:
    """Merge; then park what is not approved and merge again, until nothing unapproved would take effect."""
    decisions, theirs, known = asked.decisions, situation.theirs, situation.known
    merged = merge_trees(base, ours, theirs, read, asked.favour)
    blobs |= merged.blobs
    effects = find_effects(ours, merged.tree, theirs, read, judge, known)
    waiting = [e for e in effects if not e.off and not decisions.granted(e)]
    parked: list[Effect] = []
    # Putting one part back can turn another one into an effect, so check again after each merge.
    for turn in range(_ROUNDS):
        if not waiting:
            break
        parked += waiting
        # From the second round on, whole files go back: the keys alone were not enough.
        places = [(e.path, e.key if turn == 0 else "") for e in parked]
        offered = put_back(theirs, base, places, read) if turn else park(theirs, base, parked, read)
        blobs |= offered.blobs
        merged = merge_trees(base, ours, offered.tree, read, decisions.favour)
        blobs |= merged.blobs
        left = find_effects(ours, merged.tree, theirs, read, judge, known)
        waiting = [e for e in left if not e.off and not decisions.granted(e)]
        effects = tuple(sorted({*effects, *(e for e in left if e.off)}))
    return merged, effects, parked


def _by_author(
    base: Tree, ours: Tree, theirs: Tree, read: Read, decisions: Decisions
) -> tuple[str, ...]:
    """Return sentences about conflicts that only the author's policies settle."""
    if not decisions.policies:
        return ()
    unsaid = replace(decisions, policies={})
    return settled_by_author(
        decisions.policies, merge_trees(base, ours, theirs, read, unsaid.favour).conflicts
    )


class _Asked:
    """Settles conflicts as decided, and records the answers that choose a side other than ours."""

    def __init__(self, decisions: Decisions) -> None:
        self.decisions = decisions
        self.answers: dict[tuple[RelPath, str], Side] = {}

    def favour(self, path: RelPath, key: str) -> Side | None:
        side = self.decisions.favour(path, key)
        if side is not None and side is not Side.OURS:
            self.answers[path, key] = side
        return side


def _touches(effect: Effect, path: RelPath, key: str) -> bool:
    """Whether an effect is at a place, inside it, or around it."""
    if path != effect.path:
        return path.under(effect.path)
    short, long = sorted((parse_key(effect.key), parse_key(key)), key=len)
    return long[: len(short)] == short


def _steps(found: Tree, paths: set[RelPath], merged: Tree) -> tuple[Step, ...]:
    changed: list[RelPath] = sorted(p for p in paths if found.get(p) != merged.get(p))
    return tuple(Step(p, found.get(p), merged.get(p)) for p in changed)


def _split_place(place: str) -> tuple[RelPath, str]:
    path, _, key = place.partition(": ")
    return RelPath(path), key
