"""A home gathered for judgement: its lock, its files, and what of them counts as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hermes_dist.brand import LOCKFILE, MANIFEST
from hermes_dist.decide.bundled import STOCK_SOULS, agents_own
from hermes_dist.decide.effects import job_ids
from hermes_dist.decide.ownership import looked_at
from hermes_dist.decide.placing_cron import JOBS
from hermes_dist.errors import Busy, DistError, Invalid
from hermes_dist.model.documents import Kind, load_data
from hermes_dist.model.lock import Lock, dump_lock, load_lock
from hermes_dist.model.manifest import same_as_dumped
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.tree import EMPTY, Digest, Read, Tree
from hermes_dist.ops.context import Context
from hermes_dist.ops.mend import mending
from hermes_dist.world.fs import RealFs, flock, home_lock
from hermes_dist.world.scan import scan
from hermes_dist.world.transaction import Recovered, apply, generations, lock_image, recover

SOUL = RelPath("SOUL.md")
_MANIFEST = RelPath(MANIFEST)


@dataclass(frozen=True, slots=True)
class Home:
    """A profile's home with its lock.

    Attributes:
        lock: What it received; None when it has no lockfile.
        lock_bytes: The lockfile as it was read.
    """

    name: ProfileName
    path: Path
    lock: Lock | None
    lock_bytes: bytes | None

    def need_lock(self, ctx: Context) -> Lock:
        """Return the lock.

        Raises:
            DistError: The profile has none.
        """
        if self.lock is None:
            raise DistError(
                f"the profile {str(self.name)!r} has no lockfile: it was not installed by {ctx.brand.dist_command}",
                where=str(self.path),
                hint=f"take it over with: {ctx.command(f'adopt {self.name}')}",
            )
        return self.lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The files of a home at one moment.

    Attributes:
        found: Every file that was looked at.
        ours: What of them counts for merging.
        odd: What could not be looked at, and why.
        read: Gives contents: of the home, and of the store.
        redumped: The manifest is the author's as the agent writes it again.
    """

    found: Tree
    ours: Tree
    odd: tuple[tuple[str, str], ...]
    read: Read
    redumped: bool = False


def open_home(ctx: Context, name: ProfileName) -> Home:
    """Read a profile's lock, after finishing an operation that was cut short.

    Raises:
        DistError: The lock is damaged or newer than this program.
    """
    path = ctx.layout.home(name)
    finish_leftover(path)
    try:
        data = ctx.layout.lockfile(name).read_bytes()
    except FileNotFoundError:
        return Home(name, path, None, None)
    except OSError as err:
        raise DistError(f"the lockfile can't be read: {err.strerror}", where=str(ctx.layout.lockfile(name))) from err
    try:
        return Home(name, path, load_lock(data), data)
    except DistError as err:
        raise err.within(str(path)) from None


def finish_leftover(path: Path) -> Recovered | None:
    """Finish what an interrupted operation left, unless another one is at work right now."""
    if not (path / ".dist" / "txn").exists():
        return None
    try:
        with home_lock(path), RealFs(path) as fs:
            return finish(fs, path)
    except Busy:
        return None


def finish(fs: RealFs, path: Path) -> Recovered | None:
    """Finish what was cut short, and take back in the lock what somebody else wrote at that moment.

    Args:
        fs: The home, which the caller holds.
        path: The same home.
    """
    done = recover(fs, guards_of(path))
    if done is not None and done.skipped and (text := fs.read(LOCKFILE)) is not None:
        newest = max(generations(fs), key=lambda g: g.number, default=None)
        image = lock_image(fs, newest) if newest else None
        take_back(fs, load_lock(text), load_lock(image) if image else None, done.skipped)
    return done


def take_back(fs: RealFs, lock: Lock, before: Lock | None, skipped: tuple[RelPath, ...]) -> None:
    """Write in the lock that some paths were not received, so that the next update brings them again."""
    apply(fs, [], fs_reads_nothing, dump_lock(lock.not_received(skipped, before)), {"verb": "skipped"})


def fs_reads_nothing(digest: Digest) -> bytes:
    """Give no content: for changes of the lock alone."""
    raise Invalid("no content is needed for a change of the lock alone", where=digest)


def guards_of(path: Path) -> Mapping[RelPath, Callable[[], AbstractContextManager[None]]]:
    """The agent's own locks to hold while one of its files is exchanged."""
    lock = path / "cron" / ".jobs.lock"
    return {JOBS: lambda: flock(lock, timeout=5, held="the agent is writing its cron jobs")}


def observe(ctx: Context, home: Home, package: Tree) -> Observed:
    """Look at the files of a home.

    Args:
        ctx: The context.
        home: The home.
        package: Every path of base and theirs.

    Raises:
        DistError: The home can't be read.
    """
    want, into = looked_at(package)
    seen = scan(home.path, want, into)
    by_digest: dict[Digest, RelPath] = {entry.digest: path for path, entry in seen.tree.items()}
    stored = mending(ctx, home.lock)

    def read(digest: Digest) -> bytes:
        path = by_digest.get(digest)
        if path is None:
            return stored(digest)
        with RealFs(home.path) as fs:
            data = fs.read(path)
        if data is None or Digest.of(data) != digest:
            if ctx.store.has(digest):
                return ctx.store.read(digest)
            raise Invalid("it changed while it was looked at", where=str(path), hint="run it again")
        return data

    return _as_ours(home, seen.tree, seen.odd, read)


def _as_ours(home: Home, found: Tree, odd: tuple[tuple[str, str], ...], read: Read) -> Observed:
    base = home.lock.base if home.lock else EMPTY
    hidden = {path for path in _agents_files(home.path, found, read) if path not in base}
    ours = found.where(lambda path: path not in hidden) if hidden else found
    redumped = _is_redumped(base, found, read)
    if redumped:
        ours = ours.with_entries({_MANIFEST: base[_MANIFEST]})
    return Observed(found=found, ours=ours, odd=odd, read=read, redumped=redumped)


def _is_redumped(base: Tree, found: Tree, read: Read) -> bool:
    if _MANIFEST not in base or found.get(_MANIFEST) in (None, base[_MANIFEST]):
        return False
    try:
        authors = load_data(read(base[_MANIFEST].digest), Kind.YAML)
        return same_as_dumped(authors, load_data(read(found[_MANIFEST].digest), Kind.YAML))
    except Invalid:
        return False


def _agents_files(path: Path, found: Tree, read: Read) -> Iterator[RelPath]:
    """The agent's stock files: its SOUL.md, and bundled skills that nobody changed."""
    if SOUL in found and found[SOUL].digest in STOCK_SOULS:
        yield SOUL
    try:
        bundled = (path / "skills" / ".bundled_manifest").read_text("utf-8", "replace")
    except OSError:
        return
    yield from agents_own(bundled, found, read)


@contextmanager
def held(home: Home) -> Iterator[RealFs]:
    """Hold a home for writing, and make sure that its lock is still what was read.

    Raises:
        Busy: Another operation holds it, or was faster.
    """
    with home_lock(home.path), RealFs(home.path) as fs:
        finish(fs, home.path)
        if fs.read(LOCKFILE) != home.lock_bytes:
            raise Busy(
                "another operation changed this profile in the meantime", where=str(home.path),
                hint="run the command again",
            )
        yield fs


def together(blobs: Mapping[Digest, bytes], read: Read) -> Read:
    """Read from new contents first."""
    return lambda digest: blobs[digest] if digest in blobs else read(digest)


def first_of(one: Read, other: Read) -> Read:
    """Read from one place, and from the other what is not there.

    Raises:
        Invalid: It is in neither.
    """

    def read(digest: Digest) -> bytes:
        try:
            return one(digest)
        except Invalid:
            return other(digest)

    return read


def user_job_ids(home: Home, read: Read, base: Tree | None = None) -> frozenset[str]:
    """The ids of the cron jobs in a home that no package brought.

    Args:
        home: The home.
        read: Gives contents by digest.
        base: What the package brought, where that is not the lock's base.
    """
    try:
        found = load_data((home.path / JOBS).read_bytes(), Kind.JSON)
    except (OSError, Invalid):
        return frozenset()
    if base is None:
        base = home.lock.base if home.lock else EMPTY
    entry = base.get(JOBS)
    packaged = job_ids(load_data(read(entry.digest), Kind.JSON)) if entry else frozenset[str]()
    return job_ids(found) - packaged
