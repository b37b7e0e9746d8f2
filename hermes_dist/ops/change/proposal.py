"""A proposal: everything that an operation would do to one home, ready to be shown, confirmed and carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.agents.places import ENV, STANDARD_FOLDERS
from hermes_dist.brand import SYNC_RECORD
from hermes_dist.decide.environment.wanted import Wanted
from hermes_dist.decide.parts import count_parts, part_at
from hermes_dist.errors import Busy, DistError
from hermes_dist.lazily import later
from hermes_dist.model.discreet import Contents
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.lock import Lock, dump_lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName, RelPath
from hermes_dist.model.plan import Effect, Plan, Step, image_of
from hermes_dist.model.source import Pin
from hermes_dist.model.tree import EMPTY, Digest, Read, Tree, together
from hermes_dist.ops.change.variables import (
    elsewhere,
    leave,
    new_file,
    told_if_open,
    write,
)
from hermes_dist.ops.choices import Choices
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import LIVING, Home, clear_tombstone, held, open_home, refuse_other_state
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.locks import flock
from hermes_dist.world.disk.obstacles import Obstacle
from hermes_dist.world.disk.owners import make_folders
from hermes_dist.world.disk.scan import MANY
from hermes_dist.world.trace import note

with later():
    from hermes_dist.decide.authoring.release_notes import ReleaseNotes
    from hermes_dist.decide.layers.origins import Brought
    from hermes_dist.decide.placement.carry_over import Carried, carry_over
    from hermes_dist.ops.fleet.running import running_gateways
    from hermes_dist.ops.inputs.rows import InputRow
    from hermes_dist.ops.renames import remember
    from hermes_dist.ops.unfinished import guards_of, lock_without
    from hermes_dist.world.disk.seen_files import leave as leave_record
    from hermes_dist.world.transaction.apply import Carry as CarryEdit
    from hermes_dist.world.transaction.apply import apply
    from hermes_dist.world.transaction.aside import below_root, placed, tidy
    from hermes_dist.world.transaction.new_home import Last, build_new

CALLED = "profile"
"""The label of a change: the name that the profile had."""
_BRINGS = frozenset({"install", "import"})


def _label_of(pin: Pin) -> dict[str, str]:
    """What the history shows of the package after a change: its version and its commit."""
    return {"version": pin.version, "commit": pin.commit}


class Offer(Contents, frozen=True, kw_only=True):
    """What is said of a package before the question, beside what it changes; nothing that is carried out needs it.

    Attributes:
        left_out: The files that are not installed, each with its reason.
        missed: How many skills, jobs, servers and files the package has and does not bring, because nobody names them.
        brought: What each layer of the package brings; empty without layers.
        asks: The inputs of the packages, each with the answer that counts; empty if nothing new is looked at.
        trust: How it is signed; None if nobody checked, or nothing can be signed.
        news: What the author says about the versions that an update brings; None if nothing is known.
    """

    left_out: tuple[LeftOut, ...] = ()
    missed: Mapping[str, int] = field(default_factory=dict)
    brought: tuple[Brought, ...] = ()
    asks: tuple[InputRow, ...] = ()
    trust: Note | None = None
    news: ReleaseNotes | None = None


class NewHome(Contents, frozen=True, kw_only=True):
    """What only a home has that is created.

    Attributes:
        size: The bytes of the package's payload.
        beside: Files outside the plan, with their permissions, by their place in the home.
        moved: The place in the home of files that are already below the root, by their path there.
    """

    size: int = 0
    beside: Mapping[str, tuple[bytes, int]] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)


class Proposal(Contents, frozen=True, kw_only=True):
    """What an operation would do.

    Attributes:
        verb: The command that makes the proposal.
        home: The home as it was read; the path of a new home does not exist yet.
        new: What belongs to the home if carrying it out creates it; None for an existing one.
        manifest: The manifest of the package; None without a package.
        pin: The pin afterwards; ``before`` is the one it replaces.
        source: The source as the lockfile spells it.
        plan: The plan.
        extra: Further steps, outside the package tree.
        lock: The lock afterwards; None if the lockfile is removed.
        read: Reads every content that the steps need.
        tree: The package in the form that the home uses.
        ours: The files of the home as found.
        wanted: The variables that the package wants, and which of them are set.
        offer: What else is said of the package.
        notes: What else to say of the change.
        choices: What the user chose about the content, so that the preview can say whose decision a value is.
        label: What the history remembers of the change besides the verb, the package and the profile.
        carry: Carries it out instead, where more has to be recorded than the lock; None for the usual way.
    """

    verb: str
    home: Home
    new: NewHome | None = None
    manifest: Manifest | None = None
    pin: Pin | None = None
    before: Pin | None = None
    source: str = ""
    plan: Plan
    extra: tuple[Step, ...] = ()
    lock: Lock | None
    read: Read
    tree: Tree = EMPTY
    ours: Tree = EMPTY
    wanted: tuple[Wanted, ...] = ()
    offer: Offer = Offer()
    notes: tuple[Note, ...] = ()
    choices: Choices = Choices()
    label: Mapping[str, str] = field(default_factory=dict)
    carry: Callable[[Context, Proposal, Carry], Outcome] | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*self.plan.steps, *self.extra)

    @property
    def asked(self) -> tuple[Effect, ...]:
        """Effects that newly need approval."""
        waiting = {(e.place, e.digest) for e in self.home.lock.parked} if self.home.lock else set()
        return tuple(e for e in self.plan.parked if (e.place, e.digest) not in waiting)

    @property
    def waiting(self) -> tuple[Effect, ...]:
        """Everything that needs approval afterwards: what the lock remembers, as `status` and `list` count it."""
        return self.plan.parked if self.lock is None else self.lock.parked

    @property
    def unfilled(self) -> tuple[Wanted, ...]:
        """Missing variables that the package newly wants and that may be written into the home's ``.env``."""
        if elsewhere(self.home.path):
            return ()
        return tuple(w for w in self.wanted if w.missing and w.new and w.var.usable)

    @property
    def parts(self) -> Mapping[str, int]:
        """The number of files in each part of the package."""
        return count_parts(self.tree)

    @property
    def changes_nothing(self) -> bool:
        """Whether carrying it out would leave all files and the lock as they are."""
        return not self.new and not self.steps and self.lock_bytes(0) == self.home.lock_bytes

    def lock_bytes(self, generation_more: int) -> bytes | None:
        """The new lockfile, with its generation raised by that many."""
        if self.lock is None:
            return None
        return dump_lock(replace(self.lock, generation=self.lock.generation + generation_more))


class OtherPlan(Busy):
    """What would be done is not what the user was shown; nothing was changed.

    Args:
        profile: The profile.
        now: What would be done now, as the verb returns it for a dry run.
    """

    def __init__(self, profile: ProfileName, now: object) -> None:
        super().__init__(
            "what would be done is not what was shown any more, so nothing was done",
            where=str(profile),
            hint="look at the new preview, then decide again",
        )
        self.now = now


def plan_digest(proposal: Proposal) -> str:
    """The digest that a yes refers to: over everything that a proposal would do and ask for.

    It covers what the package is, each file before and after, what stays open, what needs approval, the variables that
    are wanted, and the lockfile afterwards.
    """
    new = proposal.new or NewHome()
    lines = [
        f"{proposal.verb} {proposal.home.name!r} {proposal.new is not None}",
        repr(proposal.pin),
        proposal.plan.digest,
        *(f"+ {s.path!r} {image_of(s.before)} {image_of(s.after)}" for s in proposal.extra),
        *(f"e {e.kind} {e.place!r} {e.digest} {e.off}" for e in proposal.plan.effects),
        *(f"w {w.var.name} {w.missing} {w.new}" for w in proposal.wanted),
        *(
            f"b {path!r} {mode} {Digest.of(data)}"
            for path, (data, mode) in sorted(new.beside.items())
        ),
        *(f"m {path!r} {to!r}" for path, to in sorted(new.moved.items())),
        Digest.of(proposal.lock_bytes(0) or b""),
    ]
    return Digest.of("\n".join(lines).encode("utf-8", "surrogatepass"))


class Outcome(Struct, frozen=True, kw_only=True):
    """The result of an operation.

    Attributes:
        proposal: The proposal; None if there was nothing to propose.
        done: The proposal was carried out. False for a dry run, or if there was nothing to do.
        skipped: Files that someone else wrote at the same moment; they stay as they are.
        generation: The generation to roll back to; None if nothing changed.
        alias: The command that was made for the profile.
        variables: Names of the variables written into the home's ``.env``.
        restart: The profiles whose running gateways take the change up only after a restart.
        notes: More to say.
        remembered: What needs approval in a synced profile after it, which no single lock tells; None elsewhere.
    """

    verb: str
    profile: ProfileName
    proposal: Proposal | None = None
    lock: Lock | None = None
    done: bool = False
    dry_run: bool = False
    skipped: tuple[RelPath, ...] = ()
    generation: int | None = None
    alias: str = ""
    variables: tuple[str, ...] = ()
    restart: tuple[ProfileName, ...] = ()
    notes: tuple[Note, ...] = ()
    remembered: tuple[Effect, ...] | None = None

    @property
    def waiting(self) -> tuple[Effect, ...]:
        """Everything that needs approval after it, as `status` and `list` count it."""
        if self.remembered is not None:
            return self.remembered
        if self.proposal is not None:
            return self.proposal.waiting
        return self.lock.parked if self.lock else ()

    @property
    def open_conflicts(self) -> int:
        lock = self.proposal.lock if self.proposal else self.lock
        return len(lock.conflicts) if lock else 0


Carry = Callable[[Proposal], Outcome]
"""Carries a proposal out in the usual way."""


def carry_out(
    ctx: Context, proposal: Proposal, values: Mapping[str, str] = MappingProxyType({})
) -> Outcome:
    """Carry out a proposal: all of it or nothing.

    Args:
        ctx: The context.
        proposal: The proposal that the user confirmed.
        values: Variables for the home's ``.env``: built into a new home, written last into an existing one.

    Raises:
        OtherState: The home is not in the state that the user was shown.
        Busy: Another operation holds the home or changed it first.
        DistError: The proposal can't be carried out; nothing changed.
    """
    done = _carried_out(ctx, proposal, values)
    if done.done and proposal.home.path.joinpath(SYNC_RECORD).exists():
        done = replace(done, remembered=_remembered(ctx, proposal.home.name))
    return done


def _remembered(ctx: Context, name: ProfileName) -> tuple[Effect, ...] | None:
    """What waits in a synced profile; None if what sync remembers can't be read, which `status` tells."""
    from hermes_dist.ops.sync.waiting import waiting_in  # noqa: PLC0415 - few profiles are synced

    try:
        home = open_home(ctx, name)
        return waiting_in(home.path, home.lock)
    except DistError:
        return None


def _carried_out(ctx: Context, proposal: Proposal, values: Mapping[str, str]) -> Outcome:
    if proposal.carry is not None:
        bare = replace(proposal, carry=None)
        return proposal.carry(ctx, bare, lambda changed: _carried_out(ctx, changed, values))
    home = proposal.home
    if not (proposal.new or home.path.is_dir()):
        # It was renamed, deleted or archived while the user was looking at the proposal.
        raise ctx.missing_profile(home.name)
    refuse_other_state(ctx, home)
    if proposal.changes_nothing:
        return with_variables(
            ctx,
            Outcome(verb=proposal.verb, profile=home.name, proposal=proposal),
            home.path,
            values,
        )
    note("step", "carry out", proposal.verb, home.name)
    read = together(proposal.plan.blobs, proposal.read)
    # The store comes first: a lock must never name a content that is not there, whenever a crash
    # comes.
    _keep_base(ctx, proposal, read)
    ctx.progress("writing")
    package = {} if proposal.pin is None else _label_of(proposal.pin)
    label = {"verb": proposal.verb, **package, **proposal.label, CALLED: str(home.name)}
    if proposal.new:
        return _build(ctx, proposal, proposal.new, read, label, values)
    with held(home) as fs, _way_around(proposal.verb):
        done = apply(
            fs,
            proposal.steps,
            read,
            proposal.lock_bytes(1),
            label,
            guards=guards_of(home.path),
            carries=_carries(proposal.steps, read),
            lock_without=lock_without,
        )
    outcome = Outcome(
        verb=proposal.verb,
        profile=home.name,
        proposal=proposal,
        done=True,
        skipped=done.skipped,
        generation=done.generation,
        restart=_to_restart(ctx, proposal),
    )
    return with_variables(ctx, _with_env_file(outcome, home), home.path, values)


def _to_restart(ctx: Context, proposal: Proposal) -> tuple[ProfileName, ...]:
    """The running gateways that do not know of a change; none if only the lockfile changed."""
    if not proposal.steps:
        return ()
    return running_gateways(ctx, proposal.home.name)


_DO_WITHOUT = frozenset({"install", "update", "import"})
"""The verbs that take ``--except``."""


@contextmanager
def _way_around(verb: str) -> Iterator[None]:
    """Let an error about something in the way also name how the verb does without that part, if it can."""
    try:
        yield
    except Obstacle as error:
        if error.path and verb in _DO_WITHOUT:
            error.hint += f", or {verb} without it: --except {part_at(error.path)}"
        raise


def _carries(steps: Iterable[Step], read: Read) -> Mapping[RelPath, CarryEdit]:
    """What carries the edits of the files over that a running agent writes all the time."""
    edits = ((s.path, s.before, s.after) for s in steps if s.path in LIVING)
    return {
        path: _carrier(path, partial(read, before.digest), partial(read, after.digest))
        for path, before, after in edits
        if before is not None and after is not None
    }


def _carrier(path: RelPath, before: Callable[[], bytes], after: Callable[[], bytes]) -> CarryEdit:
    last: Carried | None = None

    def carry(now: bytes) -> bytes | None:
        nonlocal last
        if last is not None and (again := last.again(now)) is not None:
            return again
        carried = carry_over(path, before(), after(), now)
        last = carried or last
        return carried.content if carried else None

    return carry


def _with_env_file(outcome: Outcome, home: Home) -> Outcome:
    """Give a profile a ``.env`` of its own if this verb brings files in; the default profile's is its own anyway."""
    if outcome.verb not in _BRINGS or home.name == DEFAULT_PROFILE:
        return outcome
    try:
        leave(home.path)
    except DistError as error:
        note = Note.of(NoteKind.NO_ENV_FILE, name=ENV, why=str(error))
        return replace(outcome, notes=(*outcome.notes, note))
    return outcome


def with_variables(
    ctx: Context, outcome: Outcome, home: Path, values: Mapping[str, str]
) -> Outcome:
    """Write variables into a home's ``.env``.

    A failure becomes a note of the outcome and not an error, because everything else is done.
    """
    if not values:
        return outcome
    try:
        notes, names = write(home, values), tuple(sorted(values))
    except DistError as error:
        why = "; ".join(filter(None, (str(error), error.advice(ctx.command))))
        notes, names = (Note.of(NoteKind.VARIABLES_NOT_WRITTEN, why=why),), ()
    return replace(outcome, variables=names, notes=(*outcome.notes, *notes))


def _keep_base(ctx: Context, proposal: Proposal, read: Read) -> None:
    """Put every content that base and upstream name into the store."""
    if proposal.lock is not None:
        _keep(ctx, proposal.lock, read)


def keep_contents(ctx: Context, proposal: Proposal, lock: Lock) -> None:
    """Put every content that another lock than the proposal's own names into the store.

    Raises:
        DistError: A content can't be read, or the disk fails.
    """
    _keep(ctx, lock, together(proposal.plan.blobs, proposal.read))


def _keep(ctx: Context, lock: Lock, read: Read) -> None:
    ctx.store.put_many(map(read, ctx.store.lacking(lock.contents())))


def _leaving(steps: Iterable[Step]) -> Last | None:
    """What leaves the record of a large home, by which the next look reads only what changed; None for a small one."""
    received = {str(step.path): step.after.digest for step in steps if step.after is not None}
    if len(received) < MANY:
        return None
    return lambda home, files, folders: leave_record(home, received, files, folders)


def _build(
    ctx: Context,
    proposal: Proposal,
    new: NewHome,
    read: Read,
    label: Mapping[str, str],
    values: Mapping[str, str],
) -> Outcome:
    home = proposal.home
    make_folders(ctx.layout.profiles, 0o700)
    staging = placed(ctx.layout).staging
    make_folders(staging, 0o700)
    with (
        flock(ctx.layout.shared / "new-homes.lock", timeout=10),
        RealFs(ctx.layout.root, home=True) as fs,
    ):
        # The home was missing when it was looked for, but the user has been asked since then.
        if home.path.exists():
            raise Busy(
                f"a profile {str(home.name)!r} appeared in the meantime", where=str(home.path)
            )
        # An archive's own .env wins over the new one, whether it is in ``beside`` or among the moved files.
        extra = {**new_file(values), **new.beside}
        done = build_new(
            fs,
            below_root(ctx.layout, home.path),
            proposal.steps,
            read,
            proposal.lock_bytes(1),
            label=label,
            folders=STANDARD_FOLDERS,
            extra=extra,
            moved=new.moved,
            staging=below_root(ctx.layout, staging),
            last=_leaving(proposal.steps),
        )
        clear_tombstone(ctx.layout, home.name)
        remember(ctx.layout, "create", "", home.name)
        tidy(ctx.layout)
    return Outcome(
        verb=proposal.verb,
        profile=home.name,
        proposal=proposal,
        done=True,
        generation=done.generation,
        variables=tuple(sorted(values)),
        notes=told_if_open(home.path) if values else (),
    )
