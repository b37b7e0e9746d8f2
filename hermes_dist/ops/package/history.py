"""The history of a home, in which every change is a generation; and hold a profile at a commit."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.history import Moment
from hermes_dist.decide.ownership import without_machine
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.lock import ANY, Lock, load_lock
from hermes_dist.model.lock_head import LockBrief, load_brief
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.plan import Plan, Step
from hermes_dist.model.tree import Digest, Read
from hermes_dist.ops.change.proposal import CALLED, Outcome, Proposal, carry_out
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, look_into, open_home
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.transaction.apply import Generation, before_image, generations, lock_image

BACK_TO = "back_to"
"""The label of a rollback: the number of the generation it went back to."""


_LOCKS = 4
"""So many earlier lockfiles are kept in memory: what compares two of them asks for each many times."""


class Locks:
    """The earlier lockfiles of a home, read when they are asked for.

    Each is as large as the package, there may be hundreds, and most commands need two of them.

    Args:
        home: The home.
        found: Its generations.
    """

    def __init__(self, home: Home, found: Sequence[Generation]) -> None:
        self._home = home
        self._now = None if home.lock_bytes is None else Digest.of(home.lock_bytes)
        self._places: dict[Digest | None, list[Generation]] = {}
        for each in found:
            self._places.setdefault(each.lock_before, []).append(each)
        self._briefs: dict[Digest, LockBrief | None] = {}
        self._locks: dict[Digest, Lock | None] = {}

    def lock(self, digest: Digest | None) -> Lock | None:
        """Read a lockfile; None if there was none, or it can't be read any more."""
        if digest is None:
            return None
        kept = self._locks
        kept[digest] = kept.pop(digest) if digest in kept else self._read(digest)
        if len(kept) > _LOCKS:
            del kept[next(iter(kept))]
        return kept[digest]

    def brief(self, digest: Digest | None) -> LockBrief | None:
        """Read what is shown of a lockfile; None as for :meth:`lock`."""
        if digest is None:
            return None
        if digest not in self._briefs:
            data = self._image(digest)
            self._briefs[digest] = None if data is None else load_brief(data)
        return self._briefs[digest]

    def _read(self, digest: Digest) -> Lock | None:
        data = self._image(digest)
        try:
            return None if data is None else without_machine(load_lock(data))
        except Invalid:
            return None

    def _image(self, digest: Digest) -> bytes | None:
        """The bytes of a lockfile; None if they are lost or damaged."""
        if digest == self._now:
            return self._home.lock_bytes
        with RealFs(self._home.path, home=True) as fs:
            images = (lock_image(fs, each) for each in self._places.get(digest, ()))
            return next((data for data in images if data and Digest.of(data) == digest), None)


class Past(Struct, frozen=True, kw_only=True):
    """A change, and the lock after it.

    Attributes:
        number: Its generation. The first row is the state before the earliest generation.
        generation: The recorded change; None for the state that the history starts with.
        locks: Where the lock afterwards can be read.
        after: The digest of that lock; None if there was none.
        when: The time of the change, in seconds since the epoch; 0 if unknown.
    """

    number: int
    generation: Generation | None
    locks: Locks
    after: Digest | None
    when: float = 0

    @property
    def lock(self) -> Lock | None:
        """The lock afterwards; None if there was none, or it is lost."""
        return self.locks.lock(self.after)

    @property
    def brief(self) -> LockBrief | None:
        """What is shown of that lock, which takes less to read."""
        return self.locks.brief(self.after)

    @property
    def verb(self) -> str:
        return self._label("verb")

    @property
    def steps(self) -> tuple[Step, ...]:
        """The files that changed, without those left alone because someone else wrote them at that moment."""
        if self.generation is None:
            return ()
        return tuple(s for s in self.generation.steps if s.path not in self.generation.skipped)

    @property
    def back_to(self) -> int | None:
        """The generation that a rollback went back to; None for other changes."""
        word = self._label(BACK_TO)
        return int(word) if word.isdecimal() else None

    @property
    def called(self) -> ProfileName | None:
        """The name that the profile had; None if it is not known."""
        try:
            return ProfileName(self._label(CALLED))
        except Invalid:
            return None

    def _label(self, name: str) -> str:
        if self.generation is None:
            return ""
        return self.generation.label.get(name, "")

    @property
    def moment(self) -> Moment:
        package = self.brief.package if self.brief else ""
        return Moment(self.number, package, self.back_to)


def history(ctx: Context, name: ProfileName) -> list[Past]:
    """List the changes of a profile, oldest first; the first row is the state that the history starts with.

    Raises:
        DistError: The home can't be read.
    """
    return past_of(look_into(ctx, name))


def past_of(home: Home) -> list[Past]:
    """List the changes of a home, as :func:`history` does.

    Raises:
        DistError: The home can't be read.
    """
    if not home.path.is_dir():
        return []  # the default profile, before anything was installed
    with RealFs(home.path, home=True) as fs:
        found = generations(fs)
    if not found:
        return []
    locks = Locks(home, found)
    first = Past(
        number=found[0].number - 1, generation=None, locks=locks, after=found[0].lock_before
    )
    rows = [
        Past(number=g.number, generation=g, locks=locks, after=g.lock_after, when=_when(home, g))
        for g in found
    ]
    return [first, *rows]


def _when(home: Home, generation: Generation) -> float:
    try:
        return (
            (home.path / ".dist" / "generations" / str(generation.number) / "journal")
            .stat()
            .st_mtime
        )
    except OSError:
        return 0


def images_of(home: Home, rows: Sequence[Past]) -> Read:
    """Make a reader for the contents that changes replaced, by digest.

    Raises:
        Invalid: When reading: no change replaced such a content, or it is lost.
    """
    places = {
        s.before.digest: (row.generation, s)
        for row in rows
        if row.generation
        for s in row.steps
        if s.before
    }

    def read(digest: Digest) -> bytes:
        if digest in places:
            generation, step = places[digest]
            with RealFs(home.path, home=True) as fs:
                data = before_image(fs, generation, step)
            if data is not None and Digest.of(data) == digest:
                return data
        raise Invalid(
            f"the content {digest[:12]} is not in the history of this home any more",
            where=str(home.path),
        )

    return read


def hold(ctx: Context, name: ProfileName, *, on: bool) -> Outcome:
    """Hold a profile at its commit against any update, or release it.

    Args:
        ctx: The context.
        name: The profile.
        on: True to hold it; False to release it, also from the hold that a rollback left.

    Raises:
        DistError: The profile has no lockfile, or it can't be written.
    """
    home = open_home(ctx, name)
    lock = home.need_lock(ctx)
    new = replace(lock, held=ANY if on else "")
    verb = "hold" if on else "unhold"
    if new == lock:
        return Outcome(verb=verb, profile=name, lock=lock)
    return carry_out(ctx, lock_only(ctx, home, new, verb))


def lock_only(ctx: Context, home: Home, lock: Lock | None, verb: str) -> Proposal:
    """Make a proposal that changes nothing but the lockfile."""
    known = lock or home.lock
    plan = Plan()
    if lock:
        plan = Plan(
            base=lock.base,
            upstream=lock.upstream,
            conflicts=lock.conflicts,
            parked=lock.parked,
        )
    proposal = Proposal(verb=verb, home=home, plan=plan, lock=lock, read=ctx.store.read)
    if known is None:
        return proposal
    return replace(proposal, pin=known.pin, source=known.source)


def row_of(ctx: Context, home: Home, rows: Sequence[Past], number: int) -> Past:
    """Find a generation by its number.

    Raises:
        DistError: The generation does not exist, had no package, or its lockfile is lost.
    """
    row = check_number(ctx, home.name, rows, number)
    if row.lock is None:
        hint = f"see: {ctx.command(f'history {home.name}')}"
        if home.lock is not None:
            out = ctx.command(f"uninstall {home.name}")
            hint = f"to go back to that, uninstall the package: {out}"
        raise DistError(
            f"the profile had no package at generation {number}", where=str(home.name), hint=hint
        )
    return row


def check_number(ctx: Context, name: ProfileName, rows: Sequence[Past], number: int) -> Past:
    """Find a generation by its number, also one without a package.

    Raises:
        DistError: The generation does not exist.
    """
    row = next((row for row in rows if row.number == number), None)
    if row is not None:
        return row
    kept = "it has no history"
    if rows:
        numbers = f"{rows[0].number + 1} to {rows[-1].number}"
        if len(rows) <= 2:
            numbers = str(rows[-1].number)
        kept = f"the history has {numbers}, and {rows[0].number} is the state before"
    raise DistError(
        f"there is no generation {number}; {kept}",
        where=str(name),
        hint=f"see: {ctx.command(f'history {name}')}",
    )
