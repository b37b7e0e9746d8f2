"""What counts of a meeting place: the shared files as they were left by machines that this one accepts.

Everything else waits where it is: it is neither taken in nor overwritten until somebody says what becomes of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum

from msgspec import Struct, field

from hermes_dist.decide.archive.arrive import readable
from hermes_dist.decide.ownership import without_machine
from hermes_dist.decide.sync.known import present
from hermes_dist.decide.sync.vouched import (
    NOTHING_PROVEN,
    Found,
    Origin,
    Others,
    Proven,
    joined_versions,
    reaches,
)
from hermes_dist.decide.sync.withheld import withheld
from hermes_dist.errors import DistError, Invalid, UsageError, quoted
from hermes_dist.model.lock import Lock, load_lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.sync.meeting import (
    NOTHING_SAID,
    PACKAGE,
    PROFILE,
    SHARED_INDEX,
    Machine,
    Said,
    in_home,
    into,
    load_index,
    sealed_path,
    state_of,
)
from hermes_dist.model.sync.record import Mark, Record
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.meeting import Meeting
from hermes_dist.ops.sync.state import lock_of
from hermes_dist.world.keys.signer import is_signed


class Unsigned(StrEnum):
    """What becomes of shared files that none of the machines left as they are."""

    WAIT = "wait"
    """They stay as they are, there and here."""
    OURS = "ours"
    """The state of the machines is sent again."""
    THEIRS = "theirs"
    """They are taken in, as if a machine had sent them."""


def unsigned_of(text: str) -> Unsigned:
    """Read what is to become of shared files that none of the machines left as they are.

    Raises:
        UsageError: It is neither.
    """
    if not text:
        return Unsigned.WAIT
    if text not in (Unsigned.OURS, Unsigned.THEIRS):
        raise UsageError(
            f"--unsigned {quoted(text, 60)}: choose ours or theirs",
            hint="ours puts back what your machines have; theirs takes in what is at the meeting place",
        )
    return Unsigned(text)


class Counted(Struct, frozen=True, kw_only=True):
    """What of a meeting place counts on this machine.

    Attributes:
        meeting: All that is there.
        others: The machines.
        profile: The shared files, as the machines that count left them.
        package: The lock of the profile's package; None for a profile without one.
        package_text: The same as it is written there.
        waiting: The files that wait, by their path in the repository, with the machine that wrote each: empty for none.
        apart: Files that a machine wrote without what was seen here: what it lacks was not deleted.
        marks: The states of all shared files once they are taken in.
        is_new: Whether any is to be taken in.
        older: Files that are there as they were before what was seen here, or as nobody signed them.
        withheld: What somebody holds back of what a machine sent, by its name.
    """

    meeting: Meeting
    others: Others
    profile: Tree
    package: Lock | None = None
    package_text: str = ""
    waiting: Mapping[RelPath, str] = field(default_factory=dict)
    apart: tuple[RelPath, ...] = ()
    marks: Mapping[str, Mark] = field(default_factory=dict)
    is_new: bool = False
    older: tuple[RelPath, ...] = ()
    withheld: Mapping[str, tuple[RelPath, ...]] = field(default_factory=dict)

    @property
    def machines(self) -> Mapping[str, Machine]:
        """The machines that meet there, by name."""
        return self.others.machines

    @property
    def strange(self) -> dict[str, tuple[RelPath, ...]]:
        """What waits because a machine wrote it that nobody accepted here, by its name."""
        return waiting_by_machine(self.waiting)

    @property
    def unvouched(self) -> tuple[RelPath, ...]:
        """What waits because no machine left it as it is."""
        return unvouched_in(self.waiting)


def waiting_by_machine(waiting: Mapping[RelPath, str]) -> dict[str, tuple[RelPath, ...]]:
    """What waits because a machine wrote it that nobody accepted here, by its name.

    Args:
        waiting: The machine that wrote each file, by the path in the repository.
    """
    names = sorted({name for name in waiting.values() if name})
    return {name: _written_by(name, waiting) for name in names}


def unvouched_in(waiting: Mapping[RelPath, str]) -> tuple[RelPath, ...]:
    """What waits because no machine left it as it is."""
    return _written_by("", waiting)


def _written_by(name: str, waiting: Mapping[RelPath, str]) -> tuple[RelPath, ...]:
    return tuple(in_home(path) for path, by in sorted(waiting.items()) if by == name)


def shared_states(profile: Tree, package: Entry | None) -> dict[RelPath, str]:
    """What machines sign of shared files, by their paths in the repository."""
    states = {path: state_of(entry) for path, entry in into(profile, PROFILE).items()}
    return {**states, PACKAGE: state_of(package)} if package else states


def marks_of(record: Record) -> dict[RelPath, Mark]:
    """The states of the shared files that a machine last took in or sent; of deleted ones, too."""
    known = {RelPath(path): mark for path, mark in record.seen.shared.items()}
    if known or not record.seen.commit:
        return known
    # Before format 3, no machine said anything of a shared file.
    lock = lock_of(record)
    text = record.seen.package.encode()
    package = Entry(Digest.of(text)) if text else None
    states = shared_states(lock.theirs() if lock else EMPTY, package)
    return {path: Mark(versions={}, sealed=state) for path, state in states.items()}


def counted(
    ctx: Context, record: Record, meeting: Meeting, unsigned: Unsigned = Unsigned.WAIT
) -> Counted:
    """Find out what of a meeting place counts here; nothing is written.

    Args:
        ctx: The context.
        record: What this machine remembers.
        meeting: What the meeting place holds.
        unsigned: What becomes of files that none of the machines left as they are.

    Raises:
        Invalid: What counts there can't be read.
    """
    others = others_of(ctx, record, meeting)
    work = _Work(record, meeting, others, unsigned)
    for path in sorted({*work.there, *work.index, *work.known}):
        work.look_at(path)
    text = record.seen.package
    if PACKAGE not in work.stays:
        entry = meeting.whole.get(PACKAGE)
        text = ctx.store.read(entry.digest).decode() if entry else ""
    lock = lock_of(record)
    last = lock.theirs() if lock else EMPTY
    back = {in_home(path): last.get(in_home(path)) for path in work.stays if path != PACKAGE}
    return Counted(
        meeting=meeting,
        others=others,
        profile=meeting.profile.with_entries(back),
        package=_package(ctx, text),
        package_text=text,
        waiting=work.waiting,
        apart=tuple(work.apart),
        marks=dict(sorted(work.marks.items())),
        is_new=work.is_new,
        older=tuple(map(in_home, work.older)),
        withheld=withheld(others, _all_said(meeting), work.marks),
    )


def _all_said(meeting: Meeting) -> dict[str, Said]:
    """What is said of all files, by their paths in the repository."""
    said = dict(meeting.shared.files)
    for path, one in meeting.index.files.items():
        with suppress(Invalid):
            said[sealed_path(RelPath(path))] = one
    return said


def others_of(ctx: Context, record: Record, meeting: Meeting | None) -> Others:
    """The machines that meet at a place, with what was checked of their signatures before.

    Args:
        ctx: The context.
        record: What this machine remembers.
        meeting: What the meeting place holds; None for an empty one.
    """
    machines = present(record, meeting.machines if meeting else {})
    return Others.of(record, machines, is_signed, _checked(ctx, record))


def _checked(ctx: Context, record: Record) -> Proven:
    """What was checked before, as far as the store still has it."""
    last = record.seen.checked
    if last is None:
        return NOTHING_PROVEN
    try:
        files = load_index(ctx.store.read(Digest(last.index)), SHARED_INDEX).files
    except DistError:
        return NOTHING_PROVEN
    return Proven(files=files, signers=last.signers)


class _Work:
    """Collects the results while files are looked at one by one."""

    def __init__(
        self, record: Record, meeting: Meeting, others: Others, unsigned: Unsigned
    ) -> None:
        self.others, self.unsigned = others, unsigned
        self.there = shared_states(meeting.profile, meeting.whole.get(PACKAGE))
        self.index = dict(usable(meeting.shared.files, self.there))
        self.known = marks_of(record)
        self.marks: dict[str, Mark] = {}
        self.waiting: dict[RelPath, str] = {}
        self.stays: set[RelPath] = set()
        self.apart: list[RelPath] = []
        self.older: list[RelPath] = []
        self.is_new = False

    def look_at(self, path: RelPath) -> None:
        """Find out whether the state of one file counts."""
        found = Found(
            path=path,
            said=self.index.get(path, NOTHING_SAID),
            sealed=self.there.get(path, ""),
            mark=self.known.get(path),
        )
        origin = self.others.origin(found)
        if origin is Origin.SEEN:
            self._keep(found)
        elif origin is Origin.STRANGE:
            self._stay(found, waits_for=found.said.by)
        elif origin is Origin.NOBODY:
            self._unsigned(found)
        else:
            self._take(found, origin)

    def _keep(self, found: Found) -> None:
        """Remember the counts, too, if a machine says anew what was seen."""
        versions = joined_versions(found.versions, self.others.said_of_it(found))
        self.marks[found.path] = Mark(versions=versions, sealed=found.sealed)

    def _unsigned(self, found: Found) -> None:
        if not found.sealed and found.mark is None:
            return  # nothing is there, and nothing was
        if found.mark is not None:
            self.older.append(found.path)
        if self.unsigned is Unsigned.THEIRS:
            self.marks[found.path] = Mark(versions=found.versions, sealed=found.sealed)
            self.is_new = True
        else:
            self._stay(found, waits_for="" if self.unsigned is Unsigned.WAIT else None)

    def _stay(self, found: Found, waits_for: str | None) -> None:
        """Leave a file as it was here; None if the state here is to be sent again."""
        self.stays.add(found.path)
        if found.mark is not None:
            self.marks[found.path] = found.mark
        if waits_for is not None:
            self.waiting[found.path] = waits_for

    def _take(self, found: Found, origin: Origin) -> None:
        said = found.said
        versions = joined_versions(found.versions, said.versions)
        self.marks[found.path] = Mark(versions=versions, sealed=found.sealed)
        self.is_new = True
        knew = reaches(said.versions, found.versions)
        # What a machine deleted last before it left stays: nobody is there to ask.
        if origin is Origin.OTHER and not (knew and found.sealed) and found.path != PACKAGE:
            self.apart.append(in_home(found.path))


def usable(
    index: Mapping[str, Said], there: Collection[RelPath] = ()
) -> Iterator[tuple[RelPath, Said]]:
    """Leave out what can be no shared file; anybody may have written it.

    Args:
        index: What is said, by path.
        there: Paths that are known to be shared files: most of them.
    """
    known: dict[str, RelPath] = {path: path for path in there}
    for text, said in index.items():
        with suppress(Invalid):
            path = known.get(text) or RelPath(text)
            if path == PACKAGE or path.under(PROFILE):
                yield path, said


def _package(ctx: Context, text: str) -> Lock | None:
    """The lock of the package, with what of it can be read here."""
    if not text:
        return None
    try:
        lock = without_machine(load_lock(text.encode()))
    except Invalid as err:
        raise err.within(str(PACKAGE)) from None
    return readable(lock, ctx.store.has)[0]
