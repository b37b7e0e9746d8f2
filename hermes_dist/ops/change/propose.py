"""Make a proposal from a home and an incoming package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import field
from msgspec.structs import replace

from hermes_dist.decide.archive.brought import still_waiting, with_authors, with_edited
from hermes_dist.decide.consent.contents import image_at
from hermes_dist.decide.consent.granted import approvals_after, grant
from hermes_dist.decide.consent.parking import put_back
from hermes_dist.decide.consent.reach import SkillNames
from hermes_dist.decide.consent.review import grouped
from hermes_dist.decide.consent.switches import memory_of, shipped_off
from hermes_dist.decide.consent.withdrawal import withdraw
from hermes_dist.decide.environment.example import (
    ENV_EXAMPLE,
    PlacedExample,
    example_of,
    held_note,
    place_example,
    shipped_example,
)
from hermes_dist.decide.environment.wanted import Wanted
from hermes_dist.decide.parts import (
    Handover,
    Place,
    changes_hands,
    count_parts,
    excluded_places,
    missing_parts,
    named,
)
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.lazily import later
from hermes_dist.model.discreet import Contents
from hermes_dist.model.keypath import split_place
from hermes_dist.model.left_out import LACKING
from hermes_dist.model.lock import ANY, Lock
from hermes_dist.model.lock_package import Approval, LockedPackage
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Answer, Plan, Step, image_of
from hermes_dist.model.side import Side
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree, together
from hermes_dist.ops.change.behind_links import refuse_links, without_deletions
from hermes_dist.ops.change.fetch import Incoming
from hermes_dist.ops.change.lost_contents import without_lost
from hermes_dist.ops.change.observe import Observed, first_of, left_alone, observe
from hermes_dist.ops.change.proposal import NewHome, Offer, Proposal
from hermes_dist.ops.change.providers import providers_used
from hermes_dist.ops.change.remarks import remarks_on
from hermes_dist.ops.change.request import Choices
from hermes_dist.ops.change.variables import environment_of, manifest_of, received_manifest
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home
from hermes_dist.world.disk.links import ways_to
from hermes_dist.world.disk.scan import MANY, Believe
from hermes_dist.world.trace import note

with later():
    from hermes_dist.decide.authoring.release_notes import ReleaseNotes
    from hermes_dist.decide.handover import Sides, hand_over, part_words
    from hermes_dist.ops.layers.named import of_file
    from hermes_dist.world.disk.seen_files import names_before, remember_names

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
    ready = _ready(ctx, home, incoming, choices, verb, base)
    merged = _merged(ctx, home, ready, choices, verb)
    proposal = Proposal(
        verb=verb,
        home=home,
        manifest=incoming.manifest,
        pin=incoming.pin,
        source=str(incoming.spec),
        plan=merged.plan,
        extra=merged.example.steps,
        lock=_next_lock(ready, merged, home.lock),
        read=merged.read,
        tree=ready.theirs,
        ours=ready.observed.found,
        wanted=_wanted(ctx, home, incoming.manifest),
        offer=Offer(
            left_out=incoming.left_out,
            missed=incoming.missed,
            brought=incoming.brought,
            asks=incoming.asks,
            trust=incoming.verdict.trust if incoming.verdict else None,
        ),
        notes=_notes(ctx, home, ready, merged, choices),
        choices=choices,
    )
    if home.lock:
        proposal = replace(proposal, before=home.lock.pin)
    if home.path.is_dir():
        return proposal
    return replace(proposal, new=NewHome(size=_size(ctx, ready.theirs, merged.read)))


class _Ready(Contents, frozen=True, kw_only=True):
    """A home and an incoming package, ready to be merged.

    Attributes:
        incoming: The package, without what the user took over from it.
        observed: The home.
        base: What the home last received, without what the user took over.
        theirs: What upstream offers, without the parts left out.
        partial: Whether any part is left out.
        released: What parts that the user took over last were as the package's.
        freed: The parts that become the user's now.
        lost: Notes on contents of base that the store has lost.
        blobs: New contents by digest.
        read: Reads every content of the home and the package.
    """

    incoming: Incoming
    observed: Observed
    base: Tree
    theirs: Tree
    partial: bool
    released: Tree
    freed: Mapping[Place, object]
    lost: tuple[Note, ...]
    blobs: Mapping[Digest, bytes]
    read: Read


def _ready(
    ctx: Context, home: Home, incoming: Incoming, choices: Choices, verb: str, base: Tree | None
) -> _Ready:
    """Read the home, and find out what of the package is to be merged with it."""
    received = home.base if base is None else base
    observed = _observed(ctx, home, received, incoming, verb)
    handed = _handed_over(received, home, incoming, choices, observed)
    incoming = replace(incoming, placed=handed.placed, read=together(handed.blobs, incoming.read))
    theirs, blobs = _offered(incoming, handed.base, choices, observed)
    refuse_links(home, observed, choices, base=handed.base, placed=incoming.placed)
    blobs = {**handed.blobs, **blobs, **_edited(choices)}
    read = together(blobs, first_of(incoming.read, observed.read))
    # The pin moves on even for parts that are left out. The lock has to remember that they are
    # missing, or the next update would find nothing new and never bring them.
    partial = theirs != incoming.placed or not incoming.whole
    brought = with_edited(theirs, home.lock, read)
    blobs = {**blobs, **brought.blobs}
    read = together(blobs, read)
    base, theirs, lost = without_lost(handed.base, brought.tree, observed.ours, read)
    return _Ready(
        incoming=incoming,
        observed=observed,
        base=base,
        theirs=theirs,
        partial=partial,
        released=handed.released,
        freed=handed.freed,
        lost=lost,
        blobs=blobs,
        read=read,
    )


class _Merged(Contents, frozen=True, kw_only=True):
    """What a merge gives.

    Attributes:
        plan: The plan.
        decisions: What was decided before it.
        example: The ``.env.EXAMPLE`` that goes next to the tree.
        kept: Notes on files behind links, which nothing removes.
        read: Reads every content that the plan needs.
    """

    plan: Plan
    decisions: Decisions
    example: _Example
    kept: tuple[Note, ...]
    read: Read


def _merged(ctx: Context, home: Home, ready: _Ready, choices: Choices, verb: str) -> _Merged:
    """Merge, and find the effects of it."""
    decisions = _decisions(ready, home.lock, choices)
    large = len(ready.theirs) >= MANY
    known = names_before(home.path) if large else {}
    situation, blobs = _situation(ctx, home, ready, choices, SkillNames(known))
    plan = _discreet(ctx, home, reconcile(situation, decisions))
    if large:
        remember_names(home.path, known, situation.inside.met)
    plan, kept = without_deletions(plan, ready.observed.links, verb)
    counts = f"{len(plan.steps)} steps, {len(plan.conflicts)} conflicts, {len(grouped(plan.parked))} parked"
    note("decide", verb, home.name, counts)
    example = _example(ready.incoming, home.lock, ready.observed)
    advanced = with_authors(plan.base, home.lock, together(plan.blobs, situation.read))
    blobs = {**blobs, **plan.blobs, **advanced.blobs, **example.blobs}
    return _Merged(
        plan=replace(plan, base=advanced.tree, blobs=blobs),
        decisions=decisions,
        example=example,
        kept=kept,
        read=situation.read,
    )


def _situation(
    ctx: Context, home: Home, ready: _Ready, choices: Choices, inside: SkillNames
) -> tuple[Situation, Mapping[Digest, bytes]]:
    """The facts of the merge, with the user's edits of just now and without what lost its approval."""
    observed, old = ready.observed, home.lock
    edits = _with_edits(observed.ours, choices)
    name = ready.incoming.manifest.name
    revoked = withdraw(edits, ready.base, choices.revoked, name, ready.read)
    blobs = {**ready.blobs, **revoked.blobs}
    read = together(blobs, ready.read)
    situation = Situation(
        base=revoked.base,
        found=observed.found,
        ours=revoked.ours,
        theirs=ready.theirs,
        read=read,
        by_author=shipped_off(ready.theirs, ready.incoming.shipped, read),
        memory=memory_of(old),
        known=providers_used(ctx, home.path, choices.given),
        leaving=frozenset(edits) - frozenset(revoked.ours),
        moved=old.moved if old else {},
        inside=inside,
        at=ways_to(home.path),
    )
    return _with_leaving(ctx, home, ready.incoming, situation), blobs


def _notes(
    ctx: Context, home: Home, ready: _Ready, merged: _Merged, choices: Choices
) -> tuple[Note, ...]:
    received = manifest_of(ctx, home.lock) if home.lock else None
    return (
        *_news(ready.incoming, received),
        *_told_released(ready.freed, ready.observed.ours),
        *_about_parts(choices, ready.incoming.placed, ready.base),
        *merged.example.notes,
        *ready.lost,
        *merged.plan.notes,
        *merged.kept,
        *_remarks(ready.incoming, merged),
        *(left_alone(ctx, home.name, odd) for odd in ready.observed.odd[:20]),
    )


def _remarks(incoming: Incoming, merged: _Merged) -> Iterator[Note]:
    """Remarks on the files that come, each with the layer that brings its file."""
    for path, odd in remarks_on(merged.plan, merged.read):
        yield of_file(incoming.brought, path, odd, merged.read) if incoming.brought else odd


def _wanted(ctx: Context, home: Home, manifest: Manifest) -> tuple[Wanted, ...]:
    """The variables that a package wants, and which of them are new since it was last received."""
    received = received_manifest(ctx, home.lock) if home.lock else None
    return environment_of(ctx, home.path, manifest, received)


def _with_leaving(ctx: Context, home: Home, incoming: Incoming, situation: Situation) -> Situation:
    """The facts of a merge, with what leaves because a layer does."""
    old = home.lock
    if old is None or not (old.layers or old.parked or old.partial):
        return situation
    from hermes_dist.ops.layers.left import with_leaving  # noqa: PLC0415 - few packages have layers

    return with_leaving(ctx, home, old, incoming, situation)


def propose_incoming(
    ctx: Context,
    home: Home,
    incoming: Incoming,
    choices: Choices,
    *,
    verb: str,
    notes: Iterable[Note | None] = (),
    news: ReleaseNotes | None = None,
    base: Tree | None = None,
) -> Proposal:
    """Propose how to bring a home to a package just fetched; a hold ends when the pin moves on.

    Args:
        ctx: The context.
        home: The home; its folder need not exist.
        incoming: The package.
        choices: What the user chose.
        verb: The command, for summary and history.
        notes: What was noticed on the way here; empty ones are left out.
        news: What the author says about the versions that come.
        base: The base to merge over, if it is not the lock's.

    Raises:
        DistError: The home or a file's content can't be read.
    """
    proposal = propose(ctx, home, incoming, choices, verb=verb, base=base)
    lock = proposal.lock
    # A hold on one commit has served its purpose once the pin moves; a hold on everything (ANY)
    # stays.
    if lock and home.lock and lock.held not in ("", ANY) and lock.pin != home.lock.pin:
        lock = replace(lock, held="")
    told = (*filter(None, notes), *proposal.notes)
    return replace(proposal, lock=lock, offer=replace(proposal.offer, news=news), notes=told)


def _looked_at(base: Tree, incoming: Incoming) -> Tree:
    """Every path to look for in a home; the example stands beside the package tree."""
    placed = incoming.placed
    new = {path: placed[path] for path in placed.lacking(base)}
    return base.with_entries({**new, ENV_EXAMPLE: _NO_MATTER})


def _observed(ctx: Context, home: Home, base: Tree, incoming: Incoming, verb: str) -> Observed:
    """Read the files of a home; an update does not read again what is not its business."""
    believe = _left_as_it_is(base, incoming) if verb == "update" else None
    return observe_or_nothing(ctx, home, _looked_at(base, incoming), believe)


def _left_as_it_is(base: Tree, incoming: Incoming) -> Believe:
    """The files that the home received and upstream leaves as they are: they stay in the home, whatever they are.

    If such a file is taken for what it was, and is not, then that is as if it was edited after the look. What is
    written in spite of this is compared with the plan once more, as everything is.
    """
    same = base.keys() - set(base.differing(incoming.placed))
    return same.__contains__


def _size(ctx: Context, tree: Tree, read: Read) -> int:
    """The bytes of a tree, as the store knows them, or else as they are read."""
    known = ctx.store.sizes(entry.digest for entry in tree.values())
    return sum(known.get(e.digest) or len(read(e.digest)) for e in tree.values())


def _decisions(ready: _Ready, old: Lock | None, choices: Choices) -> Decisions:
    """What is decided already: by the user now or earlier, and by the author's policies."""
    decided = Decisions(
        sides=_sides(choices),
        default=choices.default,
        granted=grant(choices.grants, everything=choices.allow_effects),
        named=choices.named,
        policies=ready.incoming.manifest.merge,
    )
    if old is None:
        return decided
    return replace(
        decided,
        sides={**_said_before(old, ready), **decided.sides},
        kept=old.kept,
        granted=replace(decided.granted, before=old.granted),
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
        if split_place(place)[0] not in choices.edits
    }
    return {**other, **{str(path): Side.OURS for path in choices.edits}}


def _said_before(old: Lock, ready: _Ready) -> Mapping[str, Side]:
    """Earlier answers to conflicts that still count: those where neither side has changed at that place since.

    What was received there has not changed either: base stays as it was while an answer waits.
    """
    received, read = old.theirs(), ready.read
    ours, theirs = ready.observed.ours, ready.theirs

    def stands(a: Answer) -> bool:
        # Older lockfiles remember the whole file.
        mine = (image_of(ours.get(a.path)), image_at(a.path, a.key, ours, read))
        return a.ours in mine and (
            theirs.get(a.path) == received.get(a.path)
            or image_at(a.path, a.key, theirs, read) == image_at(a.path, a.key, received, read)
        )

    return {a.place: a.side for a in old.answers if stands(a)}


def _edited(choices: Choices) -> dict[Digest, bytes]:
    """The contents of the files that the user edited just now."""
    return {Digest.of(data): data for data in choices.edits.values()}


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
    new = (odd.note for odd in incoming.manifest.warnings if odd not in said)
    return (*new, *incoming.notes)


def _told_released(freed: Mapping[Place, object], ours: Tree) -> tuple[Note, ...]:
    """Note what the package no longer keeps up to date: files by folder, jobs and servers by name."""
    here = sorted(place for place in freed if place[0] in ours)
    if not here:
        return ()
    names = dict.fromkeys(part_words(place, freed[place]) for place in here)
    return (Note.of(NoteKind.RELEASED, paths=tuple(names)),)


def _about_parts(choices: Choices, placed: Tree, base: Tree) -> tuple[Note, ...]:
    """Note which parts the user named that the package does not have."""
    missing = missing_parts((placed, base), choices.only | choices.without)
    if not missing:
        return ()
    parts = named(count_parts(placed))
    return (Note.of(NoteKind.PARTS_MISSING, missing=", ".join(missing), parts=parts),)


def _handed_over(
    base: Tree, home: Home, incoming: Incoming, choices: Choices, observed: Observed
) -> Handover:
    """What becomes the user's and what is the package's again; parts left out keep their base until a later update."""
    released = home.lock.released if home.lock else EMPTY
    if not changes_hands(base, incoming.unlisted, released):
        return Handover(base=base, placed=incoming.placed)
    places: frozenset[Place] = frozenset()
    if choices.only or choices.without:
        found = excluded_places(incoming.placed, base, choices.only, choices.without)
        places = frozenset(found)

    def stays(path: RelPath, key: str) -> bool:
        return (path, "") in places or (path, next(iter(key.split(".")))) in places

    return hand_over(
        Sides(base, observed.ours, incoming.placed),
        incoming.unlisted,
        released,
        first_of(incoming.read, observed.read),
        stays,
    )


def _offered(
    incoming: Incoming, base: Tree, choices: Choices, observed: Observed
) -> tuple[Tree, Mapping[Digest, bytes]]:
    """What upstream offers, without the parts left out and the paths that can't be read in the home."""
    places = []
    if choices.only or choices.without:
        places = excluded_places(incoming.placed, base, choices.only, choices.without)
    places += _behind_odd(incoming, base, observed)
    if not places:
        return incoming.placed, {}
    grafted = put_back(incoming.placed, base, places, incoming.read)
    return grafted.tree, grafted.blobs


def _behind_odd(incoming: Incoming, base: Tree, observed: Observed) -> list[Place]:
    """The paths in whose place there is a symlink or the like, here or upstream.

    Nothing is written there. The base stays, too, so that the change is offered again once that is gone.
    """
    odd = {left.path for left in observed.odd}
    odd |= {left.path for left in incoming.left_out if left.why in LACKING}
    if not odd:
        return []
    paths = {*incoming.placed, *base}
    return [(place, "") for path in paths for place in (path, *path.parents) if place in odd]


def observe_or_nothing(
    ctx: Context, home: Home, package: Tree, believe: Believe | None = None
) -> Observed:
    """Read the files of a home, as :func:`observe` does; empty if it does not exist yet."""
    if home.path.is_dir():
        return observe(ctx, home, package, believe=believe)
    return Observed(found=EMPTY, ours=EMPTY, odd=(), read=ctx.store.read)


def _next_lock(ready: _Ready, merged: _Merged, old: Lock | None) -> Lock:
    """The lock after the plan is carried out; what the plan does not decide stays as the old lock says."""
    incoming, plan, decisions = ready.incoming, merged.plan, merged.decisions
    shipped = incoming.shipped
    if merged.example.entry:
        shipped = shipped.with_entries({ENV_EXAMPLE: merged.example.entry})
    # Keep the approval even if a conflict keeps its effect out for now: settled as theirs, it must not ask again.
    agreed = [e for e in plan.effects if decisions.granted(e)]
    before: tuple[Approval, ...] = ()
    if old:
        before = approvals_after(old.approved, plan.ran, frozenset(), old.pin)
    top = _top(incoming, old, partial=ready.partial)
    begun = old or Lock(packages=(top,))
    return replace(
        begun,
        packages=(*(begun.layers if incoming.layers is None else incoming.layers), top),
        base=plan.base,
        shipped=shipped,
        upstream=plan.upstream,
        authored=still_waiting(old, incoming.placed, plan.upstream),
        conflicts=plan.conflicts,
        parked=plan.parked,
        answers=plan.answers,
        moved=plan.moved,
        kept=plan.kept,
        inputs=incoming.inputs,
        unfilled=incoming.unfilled,
        approved=approvals_after(before, agreed, decisions.granted.now, incoming.pin),
        off=plan.off,
        released=ready.released,
    )


def _top(incoming: Incoming, old: Lock | None, *, partial: bool) -> LockedPackage:
    """The incoming package as the lock records it."""
    top = LockedPackage(
        name=incoming.manifest.name,
        source=str(incoming.spec),
        registry=incoming.registry,
        pin=incoming.pin,
        partial=partial,
        included=incoming.included,
        over=incoming.over,
        taken=incoming.taken,
    )
    if old:
        top = replace(top, signer=old.signer, demands=old.demands, more=old.top.more)
    if old and old.source == top.source and not top.registry:
        top = replace(top, registry=old.registry)
    if incoming.verdict:
        top = replace(top, signer=incoming.verdict.signer)
    return top


class _Example(Contents, frozen=True):
    """The ``.env.EXAMPLE`` that goes next to the tree: its entry, and the steps to write it."""

    entry: Entry | None = None
    steps: tuple[Step, ...] = ()
    blobs: Mapping[Digest, bytes] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def _example(incoming: Incoming, old: Lock | None, observed: Observed) -> _Example:
    """The ``.env.EXAMPLE`` of a package; it is updated as long as nobody edited it."""
    placed = _placed_example(incoming)
    found = observed.found.get(ENV_EXAMPLE)
    before = old.shipped.get(ENV_EXAMPLE) if old else None
    if placed is None:
        steps = (Step(ENV_EXAMPLE, found, None),) if found and found == before else ()
        return _Example(steps=steps)
    entry = Entry(Digest.of(placed.content))
    blobs = {entry.digest: placed.content}
    # It also differs if it is gone: whoever removed the example does not get it back.
    if found == entry or found != before:
        return _Example(entry, blobs=blobs)
    notes = tuple(filter(None, [held_note(placed.held)]))
    return _Example(entry, (Step(ENV_EXAMPLE, found, entry),), blobs, notes)


def _placed_example(incoming: Incoming) -> PlacedExample | None:
    """The author's example as it appears in a home, or one generated from the manifest's variables."""
    shipped = shipped_example(incoming.package)
    if shipped is not None:
        return place_example(incoming.read(shipped.digest))
    if not incoming.manifest.env:
        return None
    return PlacedExample(example_of(incoming.manifest.env))
