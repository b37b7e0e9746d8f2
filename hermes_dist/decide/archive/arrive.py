"""Archives: their files are merged into a home like an update, after everything that runs is switched off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.agents.jobs import ASKED_ONCE, PAUSED, REASON
from hermes_dist.decide.archive.brought import authors_of, brought
from hermes_dist.decide.consent.contents import data_in
from hermes_dist.decide.consent.floor.asks import Known
from hermes_dist.decide.consent.granted import Granted, approvals_after, grant
from hermes_dist.decide.consent.parking import Grafted, put_back
from hermes_dist.decide.consent.switches import (
    Memory,
    Unit,
    job_unit,
    shipped_off,
    unit_of,
    units_in,
)
from hermes_dist.decide.parts import excluded_places
from hermes_dist.decide.placement.jobs import (
    IMPORTED,
    JOBS,
    every_job,
    jobs_by_id,
    paused_by,
    waits_for_approval,
)
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.placement.servers import SERVERS, is_off
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.errors import Invalid
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import Kind, Unmergeable, dump, load_data, put
from hermes_dist.model.keypath import Item, KeyPath, parse_key
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import Approval, digests_of
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, Plan, Step
from hermes_dist.model.side import Side
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree, together
from hermes_dist.model.values import as_map

Reason = Callable[[str], str]
"""Gives the reason to pause a job, by its id."""


class Quiet(Contents, frozen=True, kw_only=True):
    """An archive's files with all servers and jobs off.

    Attributes:
        tree: The files.
        blobs: New contents by digest.
        on: The servers and jobs that were on.
    """

    tree: Tree
    blobs: Mapping[Digest, bytes]
    on: frozenset[Unit]


def quieted(tree: Tree, read: Read, name: str, packaged: Collection[str] = ()) -> Quiet:
    """Switch off every server and job of an archive; a file that can't be read is left to the review of effects.

    Args:
        tree: The files, in the home's spelling.
        read: Gives contents by digest.
        name: The package's name, which goes into the reason that its jobs are paused for.
        packaged: The ids of the package's jobs; all others are the user's own.
    """

    def reason(ident: str) -> str:
        return paused_by(name) if ident in packaged else IMPORTED

    blobs: dict[Digest, bytes] = {}
    changes: dict[RelPath, Entry | None] = {}
    on: set[Unit] = set()
    for path, edit in ((CONFIG, _servers_off), (JOBS, _jobs_off)):
        if path not in tree:
            continue
        try:
            data, units = edit(read(tree[path].digest), reason)
        except (Invalid, Unmergeable):
            continue
        on |= {(path, unit) for unit in units}
        blobs[Digest.of(data)] = data
        changes[path] = Entry(Digest.of(data), tree[path].executable)
    return Quiet(tree=tree.with_entries(changes), blobs=blobs, on=frozenset(on))


def _servers_off(data: bytes, _reason: Reason) -> tuple[bytes, list[KeyPath]]:
    loaded = load_data(data, Kind.YAML)
    servers: Mapping[Any, object] = as_map(as_map(loaded).get(SERVERS))
    keys: list[KeyPath] = [
        (SERVERS, name)
        for name, one in servers.items()
        if isinstance(one, dict) and not is_off(one)
    ]
    if not keys:
        return data, []
    return put(data, Kind.YAML, {(*key, "enabled"): False for key in keys}), keys


def _jobs_off(data: bytes, reason: Reason) -> tuple[bytes, list[KeyPath]]:
    jobs = every_job(load_data(data, Kind.JSON))
    running = [job for job in jobs if job.get("enabled", True)]
    if not (_drop_runs_by_hand(jobs) or running):
        return data, []
    for job in running:
        job.update({**PAUSED, REASON: reason(str(job.get("id")))})
    return dump({"jobs": jobs}, Kind.JSON), [
        ("jobs", Item("id", str(job.get("id")))) for job in running
    ]


def _drop_runs_by_hand(jobs: list[dict[str, Any]]) -> bool:
    """Drop runs by hand: they were wanted there, and nobody sees here what they add to the prompt."""
    asked = [job for job in jobs if not job.keys().isdisjoint(ASKED_ONCE)]
    for job in asked:
        for field in ASKED_ONCE:
            job.pop(field, None)
    return bool(asked)


class Arrival(Struct, frozen=True, kw_only=True):
    """The facts that an import is decided on.

    Attributes:
        base: The common base of home and archive.
        found: The home as found.
        ours: The home as it counts for merging.
        quiet: The archive's files, switched off.
        adopted: The archive's lock, if it becomes the home's; None if the home keeps its own.
        before: Effects that were approved in this home.
        read: Gives contents by digest.
        known: Gives the names of providers that the machine uses.
        waited: Servers and jobs that wait for approval in the archive's lock or the home's, which is why they are off.
    """

    base: Tree
    found: Tree
    ours: Tree
    quiet: Quiet
    adopted: Lock | None
    before: tuple[Approval, ...]
    read: Read
    known: Known = frozenset
    waited: frozenset[Unit] = frozenset()


class Consent(Struct, frozen=True, kw_only=True):
    """The user's decisions about content and effects."""

    sides: Mapping[str, Side]
    default: Side | None
    grants: frozenset[Digest]
    everything: bool


def arrive(arrival: Arrival, consent: Consent) -> tuple[Plan, Lock | None]:
    """Make the plan of an import, and the lock after it (None if it is not the archive's).

    The archive's files are merged first. Its lock is then merged over the result, so everything that waits for approval
    is recorded in the lock, as after an update.

    Raises:
        Invalid: A file's content can't be read.
    """
    blobs: dict[Digest, bytes] = dict(arrival.quiet.blobs)
    situation = Situation(
        base=arrival.base,
        found=arrival.found,
        ours=arrival.ours,
        theirs=arrival.quiet.tree,
        read=together(blobs, arrival.read),
        known=arrival.known,
        by_author=_off_there(arrival.quiet, together(blobs, arrival.read)) - arrival.waited,
    )
    granted = grant(consent.grants, before=digests_of(arrival.before))
    decisions = Decisions(sides=consent.sides, default=consent.default, granted=granted)
    plan = reconcile(situation, decisions)
    if consent.everything:
        # Only a first plan shows which effects there are to approve, so plan twice.
        decisions = replace(decisions, granted=_all_that_was_on(plan.effects, arrival))
        plan = reconcile(situation, decisions)
    blobs |= plan.blobs
    if arrival.adopted is None:
        # What is off here already is no news, and no lock is written that remembers it.
        here = {unit for unit, _ in units_in(arrival.found, situation.read)}
        off = tuple(off for off in plan.off if unit_of(off.path, off.key) not in here)
        return replace(plan, blobs=blobs, off=off), None
    return _with_lock(arrival, arrival.adopted, plan, decisions, blobs)


def _off_there(quiet: Quiet, read: Read) -> frozenset[Unit]:
    """Return what was off in the archive because somebody wanted it so: it stays off, and does not ask."""
    jobs = jobs_by_id(data_in(JOBS, quiet.tree, read))
    waited = {job_unit(ident) for ident, job in jobs.items() if waits_for_approval(job.get(REASON))}
    return frozenset(unit for unit, on in units_in(quiet.tree, read) if not on) - quiet.on - waited


def _all_that_was_on(effects: tuple[Effect, ...], arrival: Arrival) -> Granted:
    """Approve every effect, except units that were off in the archive."""
    off = {
        e.digest
        for e in effects
        if e.off and (e.path, parse_key(e.key)[:2]) not in arrival.quiet.on
    }
    return grant(frozenset(e.digest for e in effects) - off, before=digests_of(arrival.before))


def _with_lock(
    arrival: Arrival, lock: Lock, first: Plan, decisions: Decisions, blobs: dict[Digest, bytes]
) -> tuple[Plan, Lock]:
    """Merge the archive's lock over the first plan; the plan of both, and the lock after it."""
    read = together(blobs, arrival.read)
    there = first.after(arrival.found)
    ours = first.after(arrival.ours)
    waiting = [(effect.path, effect.key) for effect in first.parked if not effect.off]
    # Parked parts are not in the home. If base had them, their absence would look like a deletion by the user.
    absent = put_back(lock.base, ours, waiting, read)
    blobs |= absent.blobs
    # What waits is what the archive holds: the user's own edit, where they made one.
    edited = brought(lock.theirs(), arrival.quiet.tree, waiting, read)
    blobs |= edited.blobs
    theirs = edited.tree
    situation = Situation(
        base=absent.tree,
        found=there,
        ours=ours,
        theirs=theirs,
        read=read,
        known=arrival.known,
        by_author=shipped_off(theirs, lock.shipped, read),
        moved=lock.moved,
        # What the archive brings of the user's own is not upstream's, and waits all the same.
        memory=Memory(waited=_off_units(first.parked)),
    )
    kept = replace(decisions, kept=lock.kept, sides={}, default=None)
    second = reconcile(situation, kept)
    blobs |= second.blobs
    plan = _both(arrival.found, first, second, blobs)
    agreed = [effect for effect in plan.effects if decisions.granted(effect)]
    before = approvals_after(arrival.before, plan.ran, frozenset(), lock.pin)
    after = replace(
        lock,
        base=second.base,
        authored=authors_of(lock.theirs(), theirs),
        upstream=second.upstream,
        conflicts=second.conflicts,
        parked=second.parked,
        off=second.off,
        answers=second.answers,
        moved=second.moved,
        approved=approvals_after(before, agreed, frozenset(), lock.pin),
        generation=0,
    )
    # What an archive says about signatures is not this machine's choice.
    return plan, after.with_top(demands=None)


def _both(found: Tree, first: Plan, second: Plan, blobs: Mapping[Digest, bytes]) -> Plan:
    """One plan that does what two do, one after the other; the second says what the lock remembers."""
    end = second.after(first.after(found))
    changed = sorted(found.differing(end))
    effects = tuple(sorted({*first.effects, *second.effects}))
    return Plan(
        steps=tuple(Step(path, found.get(path), end.get(path)) for path in changed),
        base=second.base,
        upstream=second.upstream,
        conflicts=tuple(sorted({*first.conflicts, *second.conflicts})),
        effects=effects,
        parked=tuple(effect for effect in effects if effect in {*first.parked, *second.parked}),
        ran=tuple(dict.fromkeys((*first.ran, *second.ran))),
        off=second.off,
        blobs=blobs,
        notes=(*first.notes, *second.notes),
    )


def _off_units(parked: Iterable[Effect]) -> frozenset[Unit]:
    return frozenset(unit_of(effect.path, effect.key) for effect in parked if effect.off)


def common_base(lock: Lock | None, own: Lock | None) -> Tree:
    """Return the common base of a home and an archive; empty if the home has no package.

    Args:
        lock: The archive's lock, if any.
        own: The home's lock, if any.
    """
    if own is None:
        return EMPTY
    return own.base if lock is None else lock.base


def whole_again(
    live: Tree, base: Tree, only: frozenset[str], without: frozenset[str], read: Read
) -> Grafted:
    """Complete an archive of some parts: every other part is as in base.

    Args:
        live: The files that are taken from the archive.
        base: The common base of home and archive.
        only: Parts that are taken; empty for all.
        without: Parts that are not taken.
        read: Gives contents by digest.
    """
    places = excluded_places(live, base, only, without)
    servers = (CONFIG, SERVERS)
    if (
        (CONFIG, "") in places
        and servers not in places
        and "mcp" in only - without
        and CONFIG in live
    ):
        places.remove((CONFIG, ""))
        if CONFIG in base:
            config = put_back(Tree({CONFIG: base[CONFIG]}), live, [servers], read)
            rest = put_back(live, base, places, read)
            return Grafted(rest.tree.with_entries(config.tree), {**rest.blobs, **config.blobs})
    return put_back(live, base, places, read)


def readable(lock: Lock, has: Callable[[Digest], bool]) -> tuple[Lock, int]:
    """Drop entries whose content is lost, and count them; such a file then counts as added on both sides."""

    def is_lost(entry: Entry | None) -> bool:
        return entry is not None and not has(entry.digest)

    lost = {path for path, entry in lock.base.items() if is_lost(entry)}
    gone = lost & lock.upstream.keys()
    gone |= {path for path, entry in lock.upstream.items() if is_lost(entry)}
    shipped = lock.shipped.where(lambda path: not is_lost(lock.shipped[path]))
    left = replace(
        lock,
        base=lock.base.where(lambda path: path not in lost),
        shipped=shipped,
        released=lock.released.where(lambda path: not is_lost(lock.released[path])),
        authored={path: entry for path, entry in lock.authored.items() if not is_lost(entry)},
        upstream={path: entry for path, entry in lock.upstream.items() if path not in gone},
    )
    return left, len(lost | gone) + len(lock.shipped) - len(shipped)
