"""Import: read a profile from one file, as a new profile or merged into an existing one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.agents.places import ENV, MEMORIES, SESSIONS
from hermes_dist.decide.archive import Arrival, Consent, arrive, common_base, quieted, whole_again
from hermes_dist.decide.consent.granted import remembered
from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.environment.example import (
    ENV_EXAMPLE,
    capture_example,
    held_note,
    place_example,
)
from hermes_dist.decide.leaving.card import Card
from hermes_dist.decide.leaving.export import only_lock
from hermes_dist.decide.placement.servers import MCP
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName, RelPath
from hermes_dist.model.plan import Plan, Step
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Digest, Entry, together
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.look_up import absolute
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.observe import first_of
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.propose import observe_or_nothing
from hermes_dist.ops.change.providers import providers_used
from hermes_dist.ops.change.remarks import left_alone, remarks_on
from hermes_dist.ops.change.request import Choices, Confirm, Request
from hermes_dist.ops.change.variables import environment_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_home
from hermes_dist.ops.profiles import aliases
from hermes_dist.ops.transfer.read_archive import (
    Archive,
    Ask,
    Sorted,
    manifest_in,
    read,
    sort,
    spooling,
)
from hermes_dist.ops.trust.trusted_keys import check_archive
from hermes_dist.world.archive.read import Carried
from hermes_dist.world.disk.limits import LIMITS

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
    check_archive(ctx, path)
    wanted = ProfileName.typed(name) if name else None
    with spooling(ctx) as spool:
        archive = read(ctx, path, spool, passphrase, lambda root: _check_name(wanted or root))
        home = open_home(ctx, wanted or ProfileName(archive.root))
        new = not home.path.is_dir()
        if new and home.name == DEFAULT_PROFILE:
            raise DistError("the default profile is not there to merge into", where=str(home.path))
        planned = (
            None
            if alias is None
            else aliases.plan(ctx.layout, home.name, alias or home.name, env=ctx.env)
        )
        make = partial(_propose, ctx, archive, home)
        ask = None if new else request.questions.conflict
        outcome = confirm_and_carry_out(ctx, make, request, confirm, ask)
    if outcome.done and planned:
        outcome = replace(outcome, alias=aliases.write(ctx.layout, planned).name)
    return outcome


def _check_name(root: str) -> None:
    """Make sure that the archive's name can be a profile's name.

    Raises:
        Invalid: It is not a valid name, or it is the default profile's.
    """
    if isinstance(root, ProfileName):
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
    new = not home.path.is_dir()
    only, without = _parts(archive.card, choices)
    partial_ = bool(only or without)
    _check_same_package(ctx, archive, home)
    base = common_base(archive.lock, home.lock)
    adopted = archive.lock if home.lock is None and not partial_ else None
    grafted = whole_again(parts.live, base, only, without, ctx.store.read)
    content = together(grafted.blobs, ctx.store.read)
    quiet = quieted(grafted.tree, content, archive.lock.name if archive.lock else archive.root)
    observed = observe_or_nothing(
        ctx, home, only_lock(archive.lock).with_entries({**base, **quiet.tree})
    )
    arrival = Arrival(
        base=base,
        found=observed.found,
        ours=observed.ours,
        quiet=quiet,
        adopted=adopted,
        before=home.lock.approved if home.lock else (),
        read=first_of(content, observed.read),
        known=providers_used(ctx, home.path, choices.given),
    )
    plan, lock = arrive(arrival, _consent(choices))
    mask = Mask.of(ctx, home.path)
    plan, lock = mask.plan(plan), mask.lock(lock) if lock else None
    plan = replace(plan, blobs={**grafted.blobs, **plan.blobs})
    keeps_its_lock = lock is None  # what conflicts is then remembered nowhere, so it has to be said
    lock = lock or _with_what_ran(home.lock, plan)
    beside, moved, extra = _machine(ctx, home, parts, plan)
    notes = (
        *archive.notes,
        *_about(ctx, archive, home, plan, lock, keeps_its_lock=keeps_its_lock),
        *(_variables(ctx, parts) if new else ()),
        *plan.notes,
        *remarks_on(plan, arrival.read),
        *_held_back(ctx, archive, parts),
        *(left_alone(odd) for odd in observed.odd[:_SHOWN]),
        *extra.notes,
    )
    pin = archive.lock.pin if archive.lock else None
    return Proposal(
        verb="import",
        home=home,
        new=new,
        manifest=manifest,
        pin=pin,
        source=archive.lock.source if archive.lock else "",
        plan=replace(plan, blobs={**plan.blobs, **extra.blobs}),
        extra=extra.steps,
        lock=lock,
        read=arrival.read,
        tree=quiet.tree,
        ours=observed.found,
        size=sum(len(content(e.digest)) for e in parts.live.values()),
        wanted=environment_of(ctx, home.path, manifest, manifest) if manifest else (),
        left_out=tuple(parts.left_out.values()),
        notes=notes,
        beside=beside,
        moved=moved,
        label={"version": pin.version, "commit": pin.commit} if pin else {},
    )


def _with_what_ran(lock: Lock | None, plan: Plan) -> Lock | None:
    """The home's own lock, plus the code that ran before: as after an update, going back to it needs no approval."""
    if lock is None:
        return None
    return replace(lock, approved=remembered(lock.approved, plan.ran, frozenset(), lock.pin))


def _parts(card: Card, choices: Choices) -> tuple[frozenset[str], frozenset[str]]:
    """The parts that the archive has and the user wants, as included and excluded ones."""
    only = card.only & choices.only if card.only and choices.only else card.only | choices.only
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
    one, other = (
        absolute(parse_source(lock.source, allow_insecure=True))
        for lock in (archive.lock, home.lock)
    )
    if (one.location, one.subfolder) != (other.location, other.subfolder):
        raise DistError(
            f"this profile holds another package, {home.lock.name} from {home.lock.source}",
            where=str(home.name),
            hint=f"choose a new profile with --name, or uninstall that first: {ctx.command(f'uninstall {home.name}')}",
        )


class _Extra(Struct, frozen=True):
    """What is added to the plan for an existing home."""

    steps: tuple[Step, ...] = ()
    blobs: Mapping[Digest, bytes] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def _machine(
    ctx: Context, home: Home, parts: Sorted, plan: Plan
) -> tuple[Mapping[str, tuple[bytes, int]], Mapping[str, str], _Extra]:
    """Place the machine's files: all of them in a new home, only missing ones in an existing home."""
    if not home.path.is_dir():
        beside = {
            str(path): (ctx.store.read(entry.digest), 0o700 if entry.executable else 0o600)
            for path, entry in parts.beside.items()
        }
        moved = {
            str(file.file.relative_to(ctx.layout.root)): str(path)
            for path, file in parts.carried.items()
        }
        return beside, moved, _Extra()
    steps: list[Step] = []
    blobs: dict[Digest, bytes] = {}
    left: list[str] = []
    for path, file in parts.carried.items():
        if path.under(MEMORIES) or path.under(SESSIONS):
            if (home.path / path).exists() or (home.path / path).is_symlink():
                left += [] if _same(home.path / path, file) else [str(path)]
            elif file.size <= LIMITS.blob:
                data = file.file.read_bytes()
                blobs[Digest.of(data)] = data
                steps.append(Step(path, None, Entry(Digest.of(data), file.executable)))
        else:
            left.append(str(path))
    left += [str(path) for path in parts.beside if path != ENV_EXAMPLE]
    notes = (Note.of(NoteKind.NOT_MERGED, paths=tuple(left)),) if left else ()
    taken = {step.path for step in plan.steps}
    return {}, {}, _Extra(tuple(step for step in steps if step.path not in taken), blobs, notes)


def _same(path: Path, file: Carried) -> bool:
    try:
        return path.stat().st_size == file.size and path.read_bytes() == file.file.read_bytes()
    except OSError:
        return False


def _variables(ctx: Context, parts: Sorted) -> Iterator[Note]:
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


def _held_back(ctx: Context, archive: Archive, parts: Sorted) -> tuple[Note, ...]:
    """Say which lines of the archive's environment example are held back."""
    if ENV_EXAMPLE not in parts.beside or ENV_EXAMPLE not in archive.files:
        return ()
    authors = capture_example(ctx.store.read(archive.files[ENV_EXAMPLE].digest))
    note = held_note(place_example(authors).held)
    return (note,) if note else ()


def _about(
    ctx: Context,
    archive: Archive,
    home: Home,
    plan: Plan,
    lock: Lock | None,
    *,
    keeps_its_lock: bool,
) -> Iterator[Note]:
    """Further notes about an import."""
    if archive.lock and lock is None:
        yield Note.of(NoteKind.ONLY_PARTS_IN_ARCHIVE)
    if archive.lock is None and MCP in archive.files:
        yield Note.of(NoteKind.SERVERS_FILE_UNREAD, MCP, command=ctx.command("install FILE"))
    told = {effect.place for effect in lock.parked} if lock else set()
    out = sorted(
        {effect.place for effect in plan.parked if not effect.off and effect.place not in told}
    )
    if out:
        yield Note.of(NoteKind.ARCHIVE_EFFECTS_LEFT_OUT, places=tuple(out))
    idle = sorted({e.place for e in plan.parked if e.off and e.place not in told})
    if idle:
        yield Note.of(NoteKind.ARCHIVE_EFFECTS_OFF, places=tuple(idle))
    if plan.conflicts and keeps_its_lock:
        yield Note.of(NoteKind.ARCHIVE_CONFLICTS)
    missing = [name for name in archive.card.variables if not ctx.env.get(name)]
    if missing:
        path = str(home.path / ENV)
        yield Note.of(NoteKind.SECRETS_LEFT_BEHIND, path=path, names=tuple(missing))
