"""Reconcile: merge base, ours and theirs into a plan and the next base. The heart of the program.

    offered = theirs, with everything that waits for approval put back to base
    merged  = merge(base, ours, offered)
    plan    = the differences between the home as found and merged

Every verb that changes a home's package runs this with other arguments; see ``docs/ARCHITECTURE.md``.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.consent.activate import switch_on
from hermes_dist.decide.consent.code import Side as State
from hermes_dist.decide.consent.contents import image_at
from hermes_dist.decide.consent.effects import Comparison, going_back
from hermes_dist.decide.consent.floor.asks import Known
from hermes_dist.decide.consent.granted import Granted, grant
from hermes_dist.decide.consent.parking import as_wholes, park, put_back
from hermes_dist.decide.consent.reach import SkillNames
from hermes_dist.decide.consent.switches import (
    Judge,
    Memory,
    Unit,
    off_causes,
    ready_and_waiting,
    units_in,
    wanted_back,
)
from hermes_dist.decide.kept import settle_kept
from hermes_dist.decide.placement.migrations import as_shipped, follow_agent
from hermes_dist.decide.policies import settled_by_author, side_of
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.merge.trees import Favour, Leaves, TreeMerge, merge_trees, nothing_leaves
from hermes_dist.model.discreet import Contents
from hermes_dist.model.keypath import join_place, parse_key
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Answer, Effect, Plan, Step
from hermes_dist.model.side import Side
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree, together

if TYPE_CHECKING:
    from hermes_dist.decide.consent.skills.roots import At

_ROUNDS = 3
"""How often to park and merge again: keys first, then whole files, then what these files had hidden."""


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
        moved: The user's moves that the lock remembers, upstream's name to ours.
        leaves: Tells what leaves with a layer.
        inside: The names inside skills.
        at: Gives the full paths of the home.
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
    moved: Mapping[RelPath, RelPath] = field(default_factory=dict)
    leaves: Leaves = nothing_leaves
    inside: SkillNames = field(default_factory=SkillNames)
    at: At = tuple

    def state(self, tree: Tree, read: Read) -> State:
        """A state of the home, and what would run in it."""
        return State(tree, read, self.inside, self.at)


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
        """Return the side to take in a conflict; None leaves it open."""
        place = join_place(path, key)
        # The nearest decision of the user counts; the author's policy speaks only where the user said nothing.
        decided = self.sides.get(place) or self.sides.get(str(path)) or self.default
        return decided or side_of(self.policies, path, key)


def reconcile(situation: Situation, decisions: Decisions) -> Plan:
    """Make the plan that brings a home to what upstream ships while keeping the user's changes.

    Raises:
        Invalid: A file's content can't be read.
    """
    ours = situation.found if situation.ours is None else situation.ours
    blobs: dict[Digest, bytes] = {}
    read = together(blobs, situation.read)
    follow = follow_agent(situation.base, situation.theirs, ours, read)
    blobs |= follow.blobs
    base, theirs = follow.base, follow.theirs
    kept = settle_kept(base, theirs, decisions.kept, read)
    blobs |= kept.base.blobs
    asked = _Asked(decisions)
    judge = _judge(situation, ours, decisions, read)
    sides = _Sides(kept.base.tree, ours, theirs, read, blobs, situation.moved, situation.leaves)
    merged, effects, parked = _merge_safely(sides, asked, judge, situation)
    # The next base has to equal what the source holds, without the agent's migration, or the author's next change
    # could not be told from it.
    received = as_shipped(merged.base, follow, read, blobs)
    # Switching on comes after the merge: the package places every unit switched off, so no merge can activate one.
    ready, idle = ready_and_waiting(effects, decisions.granted, judge)
    live = switch_on(merged.tree, ready | wanted_back(merged.tree, judge, read), read)
    blobs |= live.blobs
    held = frozenset(parked)
    waiting = tuple(e for e in effects if not decisions.granted(e) and (e.off or e in held))
    # Code that already ran here needs no approval to come back, so an approved change leaves a way to roll back.
    # With nothing approved, the code stays as it is and there is nothing to go back to.
    ran: tuple[Effect, ...] = ()
    if set(effects) - set(waiting):
        after, before, shipped = (situation.state(tree, read) for tree in (live.tree, ours, base))
        ran = going_back(after, before, shipped, judge)
    return Plan(
        steps=_steps(situation.found, (ours, live.tree, situation.leaving), live.tree),
        base=received,
        upstream=_not_received(received, situation.theirs),
        conflicts=merged.conflicts,
        effects=effects,
        parked=waiting,
        ran=ran,
        off=off_causes(live.tree, ours, theirs, idle, judge, read),
        answers=asked.to_remember(waiting, live.tree, read),
        moved=merged.moved,
        kept=kept.places,
        blobs=blobs,
        notes=(*kept.notes, *_left(merged), *merged.notes, *_by_author(sides, decisions)),
    )


def _left(merged: TreeMerge) -> tuple[Note, ...]:
    """Say what stays as the user's although the layer that brought it is gone."""
    places = tuple(join_place(path, key) for path, key in merged.left)
    return (Note.of(NoteKind.LEFT_BY_LAYER, places=places),) if places else ()


def _not_received(received: Tree, theirs: Tree) -> dict[RelPath, Entry | None]:
    """Return upstream's version of each path that is open or parked, which the lock has to remember."""
    return {path: theirs.get(path) for path in received.differing(theirs)}


def _judge(situation: Situation, ours: Tree, decisions: Decisions, read: Read) -> Judge:
    here = frozenset(unit for unit, _ in units_in(ours, read))
    return Judge(situation.memory, situation.by_author, here, decisions.named)


class _Sides(Contents, frozen=True):
    """The three trees to merge, a reader for them, and the contents that merging makes."""

    base: Tree
    ours: Tree
    theirs: Tree
    read: Read
    blobs: dict[Digest, bytes]
    moved: Mapping[RelPath, RelPath]
    leaves: Leaves

    def merged(self, offered: Tree, favour: Favour) -> TreeMerge:
        """Merge with what upstream offers: theirs, or theirs without the parked parts."""
        merged = merge_trees(
            self.base, self.ours, offered, self.read, favour, self.moved, self.leaves
        )
        self.blobs.update(merged.blobs)
        return merged


def _merge_safely(
    sides: _Sides, asked: _Asked, judge: Judge, situation: Situation
) -> tuple[TreeMerge, tuple[Effect, ...], list[Effect]]:
    """Merge; then park what is not approved and merge again, until nothing unapproved would take effect."""
    # What is found in the two that stay the same is found once, however often is merged.
    shipped, found = (situation.state(tree, sides.read) for tree in (sides.theirs, sides.ours))
    comparison = Comparison(found, shipped, judge, situation.known)

    def effects_of(merged: TreeMerge) -> tuple[Effect, ...]:
        # A new home becomes what upstream ships.
        same = merged.tree == shipped.tree
        return comparison.effects(shipped if same else situation.state(merged.tree, sides.read))

    def unapproved(found: tuple[Effect, ...]) -> list[Effect]:
        return [e for e in found if not e.off and not asked.decisions.granted(e)]

    merged = sides.merged(sides.theirs, asked.favour)
    effects = effects_of(merged)
    waiting = unapproved(effects)
    parked: list[Effect] = []
    # Putting one part back can turn another one into an effect: a script is free to change as long as its command
    # goes, and runs again if the command comes back. So check again after each merge.
    for turn in range(_ROUNDS):
        if not waiting:
            break
        parked += waiting
        # These merges don't record answers again: a parked place looks unchanged upstream, so it asks nothing.
        merged = sides.merged(_without(sides, parked, whole=turn > 0), asked.decisions.favour)
        left = effects_of(merged)
        waiting = unapproved(left)
        # A server or job that is only now placed switched off has to be shown, too, or nobody could approve it.
        effects = tuple(sorted({*effects, *(e for e in left if e.off)}))
    if waiting:
        # What makes them possible is elsewhere, so nothing comes before they are approved.
        parked += waiting
        merged = sides.merged(sides.base, asked.decisions.favour)
    return merged, effects, parked


def _without(sides: _Sides, parked: list[Effect], *, whole: bool) -> Tree:
    """Return what upstream offers with parked parts put back to base, by key or as whole files.

    By key, the rest of a file still arrives. Whole files are for later rounds: there the keys alone were not enough.
    """
    if whole:
        offered = put_back(sides.theirs, sides.base, as_wholes(parked), sides.read)
    else:
        offered = park(sides.theirs, sides.base, parked, sides.read)
    sides.blobs.update(offered.blobs)
    return offered.tree


def _by_author(sides: _Sides, decisions: Decisions) -> tuple[Note, ...]:
    """Return notes on conflicts that only the author's policies settle."""
    if not decisions.policies:
        return ()
    # Merging once more without the policies shows the conflicts that nobody else settles.
    unsaid = replace(decisions, policies={})
    merged = sides.merged(sides.theirs, unsaid.favour)
    return settled_by_author(decisions.policies, merged.conflicts)


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

    def to_remember(
        self, waiting: tuple[Effect, ...], live: Tree, read: Read
    ) -> tuple[Answer, ...]:
        """Return the answers at places that still wait for approval.

        The home does not show such an answer yet, so ``approve`` would ask about the conflict again. All other
        answers are in the files.
        """
        return tuple(
            Answer(path, key, side, image_at(path, key, live, read))
            for (path, key), side in sorted(self.answers.items())
            if any(_touches(effect, path, key) for effect in waiting)
        )


def _touches(effect: Effect, path: RelPath, key: str) -> bool:
    """Whether an effect is at a place, inside it, or around it."""
    if path != effect.path:
        return path.under(effect.path)  # the effect of a whole folder, such as a plugin
    short, long = sorted((parse_key(effect.key), parse_key(key)), key=len)
    return long[: len(short)] == short


def _steps(found: Tree, among: Iterable[Container[RelPath]], merged: Tree) -> tuple[Step, ...]:
    """What changes, at the paths that are among some."""
    among = tuple(among)
    changed = (p for p in found.differing(merged) if any(p in paths for paths in among))
    return tuple(Step(p, found.get(p), merged.get(p)) for p in changed)
