"""Make a proposal from a home and an incoming package."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.consent.granted import grant, remembered
from hermes_dist.decide.consent.parking import put_back
from hermes_dist.decide.consent.switches import Unit, memory_of, shipped_off
from hermes_dist.decide.consent.withdrawal import withdrawn
from hermes_dist.decide.environment.example import (
    ENV_EXAMPLE,
    PlacedExample,
    example_of,
    held_note,
    place_example,
    shipped_example,
)
from hermes_dist.decide.parts import excluded_places, parse_parts
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Plan, Step, image_of
from hermes_dist.model.side import Side
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree, together
from hermes_dist.ops.change.fetch import Incoming
from hermes_dist.ops.change.lost_contents import without_lost
from hermes_dist.ops.change.observe import Observed, first_of, observe
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.providers import providers_used
from hermes_dist.ops.change.remarks import remarks_on
from hermes_dist.ops.change.variables import environment_of, manifest_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home


class Choices(Struct, frozen=True, kw_only=True):
    """What the user chose about the content, on the command line or when asked.

    Attributes:
        sides: The side to take in a conflict, by ``path`` or ``path: key``.
        default: The side to take in all other conflicts.
        edits: Files as the user edited them: they count as the user's, with every conflict in them settled.
        allow_effects: Every effect is approved.
        grants: Digests of the effects that are approved.
        named: Servers and jobs to switch on, no matter who switched them off.
        revoked: Places that lose their approval: they are removed from the home or switched off there.
        only: Parts to take; empty for all.
        without: Parts to leave out.
        given: Names of the variables given with the command.
    """

    sides: Mapping[str, Side] = field(default_factory=dict)
    default: Side | None = None
    edits: Mapping[RelPath, bytes] = field(default_factory=dict)
    allow_effects: bool = False
    grants: frozenset[Digest] = frozenset()
    named: frozenset[Unit] = frozenset()
    revoked: tuple[tuple[RelPath, str], ...] = ()
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()

    def with_parts(self, only: str, without: str) -> Choices:
        """Return the choices with ``--only`` and ``--except`` as typed.

        Raises:
            UsageError: A part is not one of the known parts.
        """
        return replace(
            self, only=parse_parts(only, "--only"), without=parse_parts(without, "--except")
        )


_NO_MATTER = Entry(Digest.of(b""))
"""A placeholder entry for a file that is read whatever it holds."""


def propose(
    ctx: Context,
    home: Home,
    incoming: Incoming,
    choices: Choices,
    *,
    verb: str,
    base: Tree | None = None,
) -> Proposal:
    """Propose how to bring a home to an incoming package.

    Args:
        ctx: The context.
        home: The home; its folder need not exist.
        incoming: The package.
        choices: What the user chose.
        verb: The command, for summary and history.
        base: The base to merge over, if it is not the lock's.

    Raises:
        DistError: The home or a file's content can't be read.
    """
    old = home.lock
    base = base if base is not None else old.base if old else EMPTY
    beside = {ENV_EXAMPLE: _NO_MATTER}
    observed = observe_or_nothing(ctx, home, base.with_entries({**incoming.placed, **beside}))
    theirs, blobs = _offered(incoming, base, choices, observed)
    edited = {Digest.of(data): data for data in choices.edits.values()}
    read = together({**blobs, **edited}, first_of(incoming.read, observed.read))
    partial = theirs != incoming.placed or not incoming.whole
    base, theirs, lost = without_lost(base, theirs, observed.ours, read)
    approved = old.granted if old else frozenset[Digest]()
    decisions = Decisions(
        sides={**_said_before(old, observed.ours, theirs), **_sides(choices)},
        default=choices.default,
        kept=old.kept if old else frozenset(),
        granted=grant(choices.grants, everything=choices.allow_effects, before=approved),
        named=choices.named,
        policies=incoming.manifest.merge if incoming.manifest else {},
    )
    edits = _with_edits(observed.ours, choices)
    revoked = withdrawn(edits, base, choices.revoked, incoming.manifest.name, read)
    ours, base, blobs = revoked.ours, revoked.base, {**blobs, **revoked.blobs}
    read = together(blobs, read)
    situation = Situation(
        base=base,
        found=observed.found,
        ours=ours,
        theirs=theirs,
        read=read,
        by_author=shipped_off(theirs, incoming.shipped, read),
        memory=memory_of(old),
        known=providers_used(ctx, home.path, choices.given),
        leaving=frozenset(edits) - frozenset(ours),
    )
    plan = _discreet(ctx, home, reconcile(situation, decisions))
    example = _example(incoming, old, observed)
    plan = replace(plan, blobs={**blobs, **edited, **plan.blobs, **example.blobs})
    received = manifest_of(ctx, old) if old else None
    new = not home.path.is_dir()
    return Proposal(
        verb=verb,
        home=home,
        new=new,
        manifest=incoming.manifest,
        pin=incoming.pin,
        before=old.pin if old else None,
        source=str(incoming.spec),
        plan=plan,
        extra=example.steps,
        lock=next_lock(incoming, plan, old, example.entry, decisions, partial=partial),
        read=read,
        tree=theirs,
        ours=observed.found,
        wanted=environment_of(ctx, home.path, incoming.manifest, received),
        left_out=incoming.left_out,
        size=sum(ctx.store.size(e.digest) or len(read(e.digest)) for e in theirs.values())
        if new
        else 0,
        trust=incoming.verdict.words if incoming.verdict else "",
        notes=(
            *_news(incoming, received),
            *example.notes,
            *lost,
            *plan.notes,
            *remarks_on(plan, read),
            *_odd(observed),
        ),
        label={"version": incoming.pin.version, "commit": incoming.pin.commit},
    )


def _discreet(ctx: Context, home: Home, plan: Plan) -> Plan:
    """The plan with secrets masked in its text; without effects no secret is read."""
    if not (plan.effects or plan.ran):
        return plan
    from hermes_dist.ops.change.mask import Mask  # noqa: PLC0415 - most updates ask nothing, so they skip it

    return Mask.of(ctx, home.path).plan(plan)


def _sides(choices: Choices) -> Mapping[str, Side]:
    """The side for each conflict; an edited file has no conflict left."""
    other = {
        place: side
        for place, side in choices.sides.items()
        if place.partition(": ")[0] not in choices.edits
    }
    return {**other, **{str(path): Side.OURS for path in choices.edits}}


def _said_before(old: Lock | None, ours: Tree, theirs: Tree) -> Mapping[str, Side]:
    """Earlier answers to conflicts that still count: those where neither side has changed since."""
    if old is None:
        return {}
    received = old.theirs()
    return {
        a.place: a.side
        for a in old.answers
        if image_of(ours.get(a.path)) == a.ours and theirs.get(a.path) == received.get(a.path)
    }


def _with_edits(ours: Tree, choices: Choices) -> Tree:
    """The files of the home, with the user's edits of just now."""
    edits = choices.edits.items()
    return ours.with_entries(
        {
            path: Entry(Digest.of(data), path in ours and ours[path].executable)
            for path, data in edits
        }
    )


def _news(incoming: Incoming, received: Manifest | None) -> tuple[Note, ...]:
    """What to say about a package; warnings already given about its manifest are not repeated."""
    said = received.warnings if received else ()
    new = (Note.told(odd) for odd in incoming.manifest.warnings if odd not in said)
    return (*new, *incoming.notes)


def _offered(
    incoming: Incoming, base: Tree, choices: Choices, observed: Observed
) -> tuple[Tree, Mapping[Digest, bytes]]:
    """What upstream offers, without the parts left out and the paths that can't be read in the home."""
    places = []
    if choices.only or choices.without:
        places = excluded_places(incoming.placed, base, choices.only, choices.without)
    odd = {path for path, _ in observed.odd}
    places += [
        (p, "")
        for path in {*incoming.placed, *base}
        for p in (path, *path.parents)
        if odd and p in odd
    ]
    if not places:
        return incoming.placed, {}
    grafted = put_back(incoming.placed, base, places, incoming.read)
    return grafted.tree, grafted.blobs


def observe_or_nothing(ctx: Context, home: Home, package: Tree) -> Observed:
    """Read the files of a home; empty if it does not exist yet."""
    if home.path.is_dir():
        return observe(ctx, home, package)
    return Observed(found=EMPTY, ours=EMPTY, odd=(), read=ctx.store.read)


def next_lock(
    incoming: Incoming,
    plan: Plan,
    old: Lock | None,
    example: Entry | None,
    decisions: Decisions,
    *,
    partial: bool,
) -> Lock:
    """The lock after the plan is carried out."""
    shipped = incoming.shipped.with_entries({ENV_EXAMPLE: example}) if example else incoming.shipped
    # Keep the approval even if a conflict keeps its effect out for now: settled as theirs, it must not ask again.
    agreed = [e for e in plan.effects if decisions.granted(e)]
    before = remembered(old.approved, plan.ran, frozenset(), old.pin) if old else ()
    approved = remembered(before, agreed, decisions.granted.now, incoming.pin)
    top = LockedPackage(
        name=incoming.manifest.name,
        source=str(incoming.spec),
        registry=incoming.registry
        or (old.registry if old and old.source == str(incoming.spec) else ""),
        pin=incoming.pin,
        signer=incoming.verdict.signer if incoming.verdict else old.signer if old else "",
        partial=partial,
        more=old.top.more if old else {},
    )
    return Lock(
        packages=(*(old.packages[:-1] if old else ()), top),
        base=plan.base,
        shipped=shipped,
        upstream=plan.upstream,
        conflicts=plan.conflicts,
        parked=plan.parked,
        answers=plan.answers,
        approved=approved,
        off=plan.off,
        kept=old.kept if old else frozenset(),
        held=old.held if old else "",
        generation=old.generation if old else 0,
        more=old.more if old else {},
    )


class _Example(Struct, frozen=True):
    """The ``.env.EXAMPLE`` that goes next to the tree: its entry, and the steps to write it."""

    entry: Entry | None = None
    steps: tuple[Step, ...] = ()
    blobs: Mapping[Digest, bytes] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def _example(incoming: Incoming, old: Lock | None, observed: Observed) -> _Example:
    """The ``.env.EXAMPLE`` of a package; it is updated as long as nobody edited it."""
    placed = _placed_example(incoming)
    entry = Entry(Digest.of(placed.content)) if placed else None
    blobs = {entry.digest: placed.content} if placed and entry else {}
    found = observed.found.get(ENV_EXAMPLE)
    before = old.shipped.get(ENV_EXAMPLE) if old else None
    if found == entry or found != before:
        return _Example(entry, blobs=blobs)
    note = held_note(placed.held) if placed else None
    return _Example(entry, (Step(ENV_EXAMPLE, found, entry),), blobs, (note,) if note else ())


def _placed_example(incoming: Incoming) -> PlacedExample | None:
    """The author's example as it appears in a home, or one generated from the manifest's variables."""
    shipped = shipped_example(incoming.package)
    if shipped is not None:
        return place_example(incoming.read(shipped.digest))
    return PlacedExample(example_of(incoming.manifest.env)) if incoming.manifest.env else None


def _odd(observed: Observed) -> tuple[Note, ...]:
    return tuple(Note.of(NoteKind.LEFT_ALONE, path, why=why) for path, why in observed.odd[:20])
