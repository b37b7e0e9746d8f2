"""Import: read a profile from one file, as a new profile or merged into an existing one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.archive.arrive import (
    Arrival,
    Consent,
    arrive,
    common_base,
    quieted,
    whole_again,
)
from hermes_dist.decide.consent.contents import data_in
from hermes_dist.decide.consent.granted import approvals_after
from hermes_dist.decide.consent.switches import memory_of
from hermes_dist.decide.environment.wanted import Wanted
from hermes_dist.decide.leaving.card import Card
from hermes_dist.decide.leaving.export import only_lock
from hermes_dist.decide.placement.jobs import JOBS, jobs_by_id
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName, RelPath
from hermes_dist.model.plan import Plan
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Read, Tree, together
from hermes_dist.ops.change.behind_links import refuse_links, without_deletions
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.look_up import absolute
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.observe import Observed, first_of, left_alone
from hermes_dist.ops.change.proposal import NewHome, Offer, Outcome, Proposal
from hermes_dist.ops.change.propose import observe_or_nothing
from hermes_dist.ops.change.providers import providers_used
from hermes_dist.ops.change.remarks import remarks_on
from hermes_dist.ops.change.request import Choices, Confirm, Request
from hermes_dist.ops.change.variables import environment_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_home
from hermes_dist.ops.own_source import is_own
from hermes_dist.ops.profiles import aliases
from hermes_dist.ops.profiles.aliases import AliasPlan
from hermes_dist.ops.transfer.answers import answered
from hermes_dist.ops.transfer.import_notes import about_import, held_back, variables_set
from hermes_dist.ops.transfer.machine_files import machine_files
from hermes_dist.ops.transfer.read_archive import (
    Archive,
    Ask,
    Sorted,
    Source,
    file_source,
    manifest_in,
    read,
    sort,
    spooling,
)
from hermes_dist.ops.trust.judge_release import check_archive
from hermes_dist.world.archive.many import ROOT as MANY

_SHOWN = 12


def import_(
    ctx: Context,
    path: Path,
    request: Request,
    confirm: Confirm,
    *,
    passphrase: Ask,
    name: str = "",
    alias: str | None = None,
) -> Outcome:
    """Import an archive: as a new profile without asking, or as a merge into an existing one.

    Args:
        ctx: The context.
        path: The archive.
        request: The options.
        confirm: Shows the proposal and asks for confirmation; it need not ask about a new profile.
        passphrase: Asks for the passphrase of a backup.
        name: The profile; by default the archive's.
        alias: The command to make for it; empty for the profile's name, None for no command.

    Raises:
        Refused: A policy forbids archives, or this one.
        DistError: The archive can't be imported; nothing changed.
    """
    # Before it is opened: nobody signs an archive, so a policy must be able to refuse it unread.
    check_archive(ctx, path)
    wanted = ProfileName.typed(name) if name else None
    return import_from(
        ctx, file_source(ctx, path, passphrase), request, confirm, name=wanted, alias=alias
    )


def import_from(
    ctx: Context,
    source: Source,
    request: Request,
    confirm: Confirm,
    *,
    name: ProfileName | None = None,
    alias: str | None = None,
    only_new: bool = False,
) -> Outcome:
    """Import what an archive holds, as :func:`import_` does.

    Args:
        ctx: The context.
        source: The archive.
        request: The options.
        confirm: Shows the proposal and asks for confirmation.
        name: The profile; None for the archive's.
        alias: The command to make for it; None for no command.
        only_new: Refuse to merge into a profile that exists.

    Raises:
        DistError: The archive can't be imported; nothing changed.
    """
    with spooling(ctx) as spool:
        archive = read(ctx, source, spool, lambda root: _check_name(root, name))
        home = open_home(ctx, name or ProfileName(archive.root))
        new = not home.path.is_dir()
        if only_new and not new:
            raise DistError(
                f"a profile {str(home.name)!r} exists already, and is not overwritten",
                where=str(home.path),
                hint="choose another name with --name",
            )
        if new and home.name == DEFAULT_PROFILE:
            raise DistError("there is no default profile to merge into", where=str(home.path))
        planned = _planned_alias(ctx, home.name, alias)
        archive, request = answered(ctx, archive, home, request)
        make = partial(_propose, ctx, archive, home)
        ask = None if new else request.questions.conflicts
        outcome = confirm_and_carry_out(ctx, make, request, confirm, ask)
    if outcome.done and planned:
        outcome = replace(outcome, alias=aliases.write(ctx.layout, planned).name)
    return outcome


def _planned_alias(ctx: Context, name: ProfileName, alias: str | None) -> AliasPlan | None:
    if alias is None:
        return None
    return aliases.plan(ctx.layout, name, alias or name, env=ctx.env)


def _check_name(root: str, wanted: ProfileName | None) -> None:
    """Make sure that the archive's name can be a profile's name.

    Raises:
        Invalid: It is not a valid name, or it is the default profile's.
    """
    if root == MANY:
        raise Invalid(
            "it is a backup of many profiles", hint="bring them back with: backup restore FILE"
        )
    if wanted is not None:
        return
    try:
        name = ProfileName(root)
    except Invalid as error:
        error.hint = "choose one with --name"
        raise
    if name == DEFAULT_PROFILE:
        raise Invalid(
            "it holds a default profile, which needs a name here", hint="pass --name NAME"
        )


def _propose(ctx: Context, archive: Archive, home: Home, choices: Choices) -> Proposal:
    manifest = manifest_in(ctx, archive)
    parts = sort(ctx, archive, manifest, effects=choices.allow_effects)
    _check_same_package(ctx, archive, home)
    merged = _merge(ctx, archive, home, parts, choices)
    lock = merged.lock or _with_what_waits(_with_what_ran(home.lock, merged.plan), merged.plan)
    machine = machine_files(ctx, home, parts, merged.plan)
    new = None
    if not home.path.is_dir():
        new = NewHome(size=merged.size, beside=machine.beside, moved=machine.moved)
    wanted: tuple[Wanted, ...] = ()
    if manifest is not None:
        wanted = environment_of(ctx, home.path, manifest, manifest)
    plan = merged.plan if lock is None else _as_remembered(merged.plan, lock)
    proposal = Proposal(
        verb="import",
        home=home,
        new=new,
        manifest=manifest,
        plan=replace(plan, blobs={**plan.blobs, **machine.blobs}),
        extra=machine.steps,
        lock=lock,
        read=merged.read,
        tree=merged.tree,
        ours=merged.observed.found,
        wanted=wanted,
        offer=Offer(left_out=tuple(parts.left_out.values())),
        notes=(*_notes(ctx, archive, home, parts, merged, lock), *machine.notes),
    )
    if archive.lock is None:
        return proposal
    return replace(proposal, pin=archive.lock.pin, source=archive.lock.source)


def _notes(
    ctx: Context,
    archive: Archive,
    home: Home,
    parts: Sorted,
    merged: _Merged,
    lock: Lock | None,
) -> tuple[Note, ...]:
    """What is said of an import beside its plan, of which ``lock`` is the lock afterwards."""
    plan = merged.plan
    # Without a lock of the import's own, a conflict is remembered nowhere, so it has to be said.
    keeps_its_lock = merged.lock is None
    return (
        *archive.notes,
        *about_import(ctx, archive, home, plan, lock, keeps_its_lock=keeps_its_lock),
        *(() if home.path.is_dir() else variables_set(ctx, parts)),
        *plan.notes,
        *(remark.note for remark in remarks_on(plan, merged.read)),
        *held_back(ctx, archive, parts),
        *(left_alone(ctx, home.name, odd) for odd in merged.observed.odd[:_SHOWN]),
    )


def _as_remembered(plan: Plan, lock: Lock) -> Plan:
    """A plan with only those effects that its lock remembers, and that can therefore be approved later.

    The notes tell of the others, which do not arrive at all.
    """
    absent = set(plan.parked) - set(lock.parked)
    parked, effects = (
        tuple(e for e in each if e not in absent) for each in (plan.parked, plan.effects)
    )
    return replace(plan, parked=parked, effects=effects)


class _Merged(Struct, frozen=True):
    """The archive merged with the home.

    Attributes:
        plan: The plan.
        lock: The lock that the archive brings; None if the home keeps its own, or has none.
        tree: The archive's files, as they were merged.
        size: Their size in bytes.
        observed: The home as found.
        read: Reads the contents of both.
    """

    plan: Plan
    lock: Lock | None
    tree: Tree
    size: int
    observed: Observed
    read: Read


def _merge(ctx: Context, archive: Archive, home: Home, parts: Sorted, choices: Choices) -> _Merged:
    only, without = _parts(archive.card, choices)
    base = common_base(archive.lock, home.lock)
    # Part of a package is not enough: only a whole one makes the home follow its source.
    adopted = None
    if home.lock is None and not only and not without:
        adopted = archive.lock
    grafted = whole_again(parts.live, base, only, without, ctx.store.read)
    content = together(grafted.blobs, ctx.store.read)
    label = archive.lock.name if archive.lock else archive.root
    quiet = quieted(grafted.tree, content, label, _packaged(archive.lock or home.lock, content))
    package = only_lock(archive.lock).with_entries({**base, **quiet.tree})
    observed = observe_or_nothing(ctx, home, package)
    refuse_links(home, observed, choices, base=base, placed=quiet.tree)
    arrival = Arrival(
        base=base,
        found=observed.found,
        ours=observed.ours,
        quiet=quiet,
        adopted=adopted,
        before=home.lock.approved if home.lock else (),
        read=first_of(content, observed.read),
        known=providers_used(ctx, home.path, choices.given),
        waited=memory_of(archive.lock).waited | memory_of(home.lock).waited,
    )
    plan, lock = arrive(arrival, _consent(choices))
    # From here on the plan is shown and the lock is written: neither may hold a secret.
    mask = Mask.of(ctx, home.path)
    plan = mask.plan(plan)
    if lock is not None:
        lock = mask.lock(lock)
    plan, kept = without_deletions(plan, observed.links, "import")
    plan = replace(plan, notes=(*plan.notes, *kept), blobs={**grafted.blobs, **plan.blobs})
    size = _size(ctx, archive, parts.live, content)
    return _Merged(plan, lock, quiet.tree, size, observed, arrival.read)


def _size(ctx: Context, archive: Archive, tree: Tree, read: Read) -> int:
    """The bytes of a tree, as they were counted when it was read, as the store knows them, or as they are read."""
    digests = [entry.digest for entry in tree.values()]
    return sum(archive.sizes.get(d) or ctx.store.size(d) or len(read(d)) for d in digests)


def _with_what_ran(lock: Lock | None, plan: Plan) -> Lock | None:
    """The home's own lock, plus the code that ran before: as after an update, going back to it needs no approval."""
    if lock is None:
        return None
    return replace(lock, approved=approvals_after(lock.approved, plan.ran, frozenset(), lock.pin))


def _with_what_waits(lock: Lock | None, plan: Plan) -> Lock | None:
    """The home's own lock, plus the servers and jobs that the archive brings switched off."""
    if lock is None:
        return None
    new = (effect for effect in plan.parked if effect.off and effect not in lock.parked)
    return replace(lock, parked=tuple(sorted({*lock.parked, *new})))


def _packaged(lock: Lock | None, content: Read) -> frozenset[str]:
    """The ids of the package's jobs; empty if there is no package, or its jobs are lost."""
    if lock is None:
        return frozenset()
    return frozenset(jobs_by_id(data_in(JOBS, lock.theirs(), content)))


def _parts(card: Card, choices: Choices) -> tuple[frozenset[str], frozenset[str]]:
    """The parts that the archive has and the user wants, as included and excluded ones."""
    if card.only and choices.only:
        only = card.only & choices.only
    else:
        only = card.only | choices.only
    return only, card.without | choices.without


def _consent(choices: Choices) -> Consent:
    return Consent(
        sides=choices.sides,
        default=choices.default,
        grants=choices.grants,
        everything=choices.allow_effects,
    )


def _check_same_package(ctx: Context, archive: Archive, home: Home) -> None:
    if archive.lock is None or home.lock is None:
        return
    if _stands_on(archive.lock).isdisjoint(_stands_on(home.lock)):
        uninstall = ctx.command(f"uninstall {home.name}")
        raise DistError(
            f"this profile holds another package, {home.lock.name} from {home.lock.source}",
            where=str(home.name),
            hint=f"choose a new profile with --name, or uninstall that first: {uninstall}",
        )


def _stands_on(lock: Lock) -> set[tuple[str, RelPath | None]]:
    """Where the package of a profile comes from; a user's own list of layers is at another place in each home."""
    sources = [lock.source]
    if is_own(lock.source):
        bases = [each.source for each in lock.layers if each.layer == "base"]
        sources = bases or [each.source for each in lock.layers]
    found = (absolute(parse_source(source, allow_insecure=True)) for source in sources)
    return {(spec.location, spec.subfolder) for spec in found}
