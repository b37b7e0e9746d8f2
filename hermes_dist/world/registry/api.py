"""The registries of this machine: kept up to date, searched leniently, and read strictly."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock

from msgspec.structs import replace

from hermes_dist import __version__
from hermes_dist.brand import Layout
from hermes_dist.errors import DistError, Invalid, Refused, Unreachable, UsageError, quoted
from hermes_dist.lazily import later
from hermes_dist.model.registry import (
    DEFAULT,
    INDEX,
    Package,
    Registry,
    RegistryKind,
    dump_registries,
    entry_path,
    is_entry,
    load_registries,
    parse_package,
)
from hermes_dist.model.source import parse_source
from hermes_dist.world.disk.errors import Closed, trouble
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.disk.limits import MIB, Limits
from hermes_dist.world.disk.locks import flock
from hermes_dist.world.disk.store import Store
from hermes_dist.world.files import read_file
from hermes_dist.world.git.repositories import open_git
from hermes_dist.world.load import data_folder
from hermes_dist.world.registry.files import check_index, contents, fingerprint, read_entry, stamps
from hermes_dist.world.registry.index import Hit, Index, Synced
from hermes_dist.world.registry.seen import SeenReleases
from hermes_dist.world.sources.api import Sources

with later():
    from tempfile import TemporaryDirectory

Progress = Callable[[str], None]
LIMITS = Limits(entries=1_000_000, blob=MIB, total=1024 * MIB)
_OFF = "-"
"""The location of the registry that is carried, where the user took it out."""

_SEEN = "fingerprint"
"""The note of what a folder looked like before it was read last."""

_TELL = "tell the maintainers of the registry, or give the address of the repository in place of the name"

_MANY = 1000
"""How many hits of a search are looked at for a category."""


class Registries:
    """The registries of one machine. Safe in threads.

    Args:
        layout: Where they are kept.
        store: Where contents go.
        env: The user's environment.
        offline: Whether to avoid the network.
        allow_insecure: ``http://`` and ``git://`` may leave this machine.
        progress: Called with a line for each thing that is fetched.
    """

    def __init__(
        self,
        layout: Layout,
        store: Store,
        env: Mapping[str, str],
        *,
        offline: bool = False,
        allow_insecure: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._layout = layout
        self._offline = offline
        self._progress = progress or (lambda _line: None)
        own = replace_cache(layout)
        git = open_git(own, env, offline=offline, limits=LIMITS)
        self._sources = Sources(
            own, git, lambda: store, allow_insecure=allow_insecure, limits=LIMITS
        )
        self._fresh: set[str] = set()
        self._for_this_run: dict[str, TemporaryDirectory[str]] = {}
        self.seen = SeenReleases(layout.shared / "seen")
        self._lock = Lock()

    @property
    def _file(self) -> Path:
        return self._layout.shared / "registries.toml"

    def all(self) -> tuple[Registry, ...]:
        """The registries, the included one first.

        Raises:
            DistError: The list of registries can't be read.
        """
        rows = self._rows()
        if any(row.name == DEFAULT for row in rows):
            return tuple(row for row in rows if row.location != _OFF)
        carried = Registry(
            name=DEFAULT, kind=RegistryKind.FOLDER, location=str(data_folder("registry"))
        )
        return (carried, *rows)

    def named(self, name: str) -> Registry:
        """A registry by its name.

        Raises:
            UsageError: No registry has that name.
        """
        found = {one.name: one for one in self.all()}
        if name not in found:
            what = f"there is no registry {quoted(name, 80)}"
            if not found:
                raise UsageError(
                    what, hint="there is none; add one with", command="registry add PLACE"
                )
            raise UsageError(what, hint=f"there are: {', '.join(found)}")
        return found[name]

    def _rows(self) -> tuple[Registry, ...]:
        try:
            return load_registries(read_file(self._file))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise trouble(error, "the file can't be read", where=str(self._file)) from error
        except Invalid as err:
            raise err.within(str(self._file)) from None

    def rows(self) -> tuple[Registry, ...]:
        """The list of registries as it is kept: without the included one, or with the note that it was taken out.

        Raises:
            DistError: The list of registries can't be read.
        """
        return self._rows()

    def root_of(self, registry: Registry) -> bytes:
        """The first root of a registry of static files; empty for others, or if it is gone or was changed."""
        from hermes_dist.world.registry.tuf import root_digest, trusted_root  # noqa: PLC0415 - optional

        if registry.kind is not RegistryKind.TUF:
            return b""
        root = trusted_root(self._folder(registry))
        return root if root_digest(root) == registry.root else b""

    def bring(self, registries: Sequence[Registry], roots: Mapping[str, bytes]) -> None:
        """Add registries without reading them; one whose name is taken stays as it is, and the root of each is checked.

        Args:
            registries: The registries.
            roots: The first root of those of static files, by name.

        Raises:
            Invalid: A root is missing or not the one that its registry was added with; nothing changed.
            DistError: The disk fails.
        """
        for one in registries:
            if one.kind is RegistryKind.TUF:
                self._trust_again(one, roots.get(one.name, b""))

        def joined(rows: tuple[Registry, ...]) -> tuple[Registry, ...]:
            known = {row.name for row in rows}
            return (*rows, *(one for one in registries if one.name not in known))

        self._change(joined)

    def _trust_again(self, registry: Registry, root: bytes) -> None:
        from hermes_dist.world.registry.tuf import Mirror, root_digest  # noqa: PLC0415 - optional

        if root_digest(root) != registry.root:
            raise Invalid(
                "its root is missing or is not the one that it was added with", where=registry.name
            )
        folder = self._folder(registry)
        folder.mkdir(parents=True, exist_ok=True)
        Mirror(registry, folder).trust(root)

    def _change(self, change: Callable[[tuple[Registry, ...]], tuple[Registry, ...]]) -> None:
        with flock(self._file.with_suffix(".lock"), timeout=10):
            atomic_write(self._file, dump_registries(change(self._rows())))

    def add(self, registry: Registry) -> Synced:
        """Read a registry and, if that works, add it.

        Raises:
            DistError: The name is taken, or it can't be read.
        """
        if any(one.name == registry.name for one in self.all()):
            raise _taken(registry.name)
        self._index(registry).remove()
        synced = self.sync(registry)
        self._change(lambda rows: (*(row for row in rows if row.name != registry.name), registry))
        return synced

    def add_carried(self) -> None:
        """Add the included registry again."""
        self._change(
            lambda rows: tuple(row for row in rows if (row.name, row.location) != (DEFAULT, _OFF))
        )

    def remove(self, name: str) -> None:
        """Remove a registry and its index.

        Raises:
            DistError: No registry has that name.
        """
        registry = self.named(name)
        off = (
            (Registry(name=DEFAULT, kind=RegistryKind.FOLDER, location=_OFF),)
            if name == DEFAULT
            else ()
        )
        self._change(lambda rows: (*(row for row in rows if row.name != name), *off))
        self._index(registry).remove()
        shutil.rmtree(self._folder(registry), ignore_errors=True)
        self.seen.forget(name)

    def sync(self, registry: Registry, *, accept_rewritten: bool = False) -> Synced:
        """Bring the index of a registry up to date; only what changed is read.

        Raises:
            Unreachable: The registry can't be reached.
            Refused: Its history was rewritten, or its metadata are not valid.
            Invalid: The place is not a registry.
        """
        self._progress(f"reading the registry {registry.name}")
        with self._lock:
            if registry.kind is RegistryKind.FOLDER:
                return self._from_folder(registry)
            if registry.kind is RegistryKind.GIT:
                return self._from_git(registry, accept_rewritten=accept_rewritten)
            return self._from_tuf(registry)

    def freshen(self, registry: Registry) -> None:
        """Sync a registry, once in each run; offline, or for a folder, only if it has no index yet.

        If nothing can be written, the last synced index is used.
        """
        if registry.name in self._fresh:
            return
        index = self._index(registry)
        behind = not index.exists or index.meta("location") != _identity(registry)
        if not behind and not os.access(self._layout.shared / "registry", os.W_OK):
            self._progress(
                f"the registry {registry.name} is used as it was last read: this machine's copy can't be written"
            )
        elif behind or not (self._offline or registry.kind is RegistryKind.FOLDER):
            self.sync(registry)
        self._fresh.add(registry.name)

    def get(self, registry: Registry, key: str) -> Package | None:
        """Return a registry's current entry of a package, read strictly; None if it has none.

        Raises:
            Invalid: The entry breaks a rule.
            Unreachable: The registry can't be reached.
        """
        if registry.kind is RegistryKind.FOLDER:
            root = _there(registry)
            if registry.name != DEFAULT:  # of another form, its entries may say something else
                check_index(read_entry(root, INDEX), registry.location)
            data = read_entry(root, entry_path(key))
        else:
            self.freshen(registry)
            data = self._index(registry).get(key)
        if data is None:
            return None
        try:
            return parse_package(data, key, local=registry.is_local)
        except Invalid as err:
            err.hint = err.hint or _TELL
            raise err.within(f"registry {registry.name}") from None

    def remembered(self, registry: Registry, key: str) -> Package | None:
        """A registry's entry of a package as it was read last, without asking it; None if nothing is known of it.

        Only what is said of a registry that does not answer is taken from here: a folder that is away may be another
        one when it is back, and a copy is never the word of a server.
        """
        index = self._index(registry)
        try:
            if not index.exists or index.meta("location") != _identity(registry):
                return None
            data = index.get(key)
            return parse_package(data, key, local=registry.is_local) if data else None
        except DistError:
            return None

    def search(self, words: Sequence[str], limit: int, category: str = "") -> list[Hit]:
        """Find packages in all registries as they were synced last; the best come first.

        Args:
            words: All of them have to be there; without any, all packages are listed by name.
            limit: How many to return.
            category: Only those of this category; empty for all.
        """
        found: list[Hit] = []
        for registry in self.all():
            self._indexed(registry)
            index = self._index(registry)
            if not words:
                found += index.browse(category)
            elif category:
                found += [hit for hit in index.search(words, _MANY) if hit.category == category]
            else:
                found += index.search(words, limit)
        exact = "-".join(words).lower()
        return sorted(found, key=lambda hit: (hit.name != exact, -hit.score, hit.name))[:limit]

    def known(self) -> list[Hit]:
        """The packages that are known here, by name, without asking a server."""
        indexes = [self._index(registry) for registry in self.all()]
        return [hit for index in indexes if index.exists for hit in index.browse()]

    def categories(self) -> list[str]:
        """The categories of the packages known here, without asking a server."""
        return sorted({hit.category for hit in self.known()} - {""})

    def similar(self, key: str) -> dict[str, list[Registry]]:
        """Return names that could be mistaken for this one, with their registries; the caller judges them."""
        found: dict[str, list[Registry]] = {}
        for registry in self.all():
            self._indexed(registry)
            for name in self._index(registry).similar(key):
                found.setdefault(name, []).append(registry)
        return found

    def state(self, registry: Registry) -> Synced | None:
        """Return what is known of a registry without asking it; None if it was never synced."""
        index = self._index(registry)
        if not index.exists:
            return None
        return Synced(packages=len(index.keys()), revision=index.meta("revision"))

    def _indexed(self, registry: Registry) -> None:
        """Make sure that there is an index, if that needs no server; a folder's follows what is in the folder now."""
        index = self._index(registry)
        if not index.exists or index.meta("location") != _identity(registry):
            self._make_index(registry)
        elif registry.kind is RegistryKind.FOLDER and registry.name != DEFAULT:
            self._follow(registry)

    def _make_index(self, registry: Registry) -> None:
        """Sync a registry; if this machine's copy can't be written, that of a folder is made for this run alone."""
        try:
            self.sync(registry)
        except DistError as error:
            is_of_disk = type(error) in (DistError, Closed)
            if registry.kind is not RegistryKind.FOLDER or not is_of_disk:
                raise error.within(f"registry {registry.name}") from None
            try:
                made = TemporaryDirectory(prefix="hermes-dist-")
                self._for_this_run[registry.name] = made
                self._from_folder(registry)
            except (DistError, OSError):
                self._for_this_run.pop(registry.name, None)
                raise error from None

    def _follow(self, registry: Registry) -> None:
        """Read again what changed in a folder; one that is away, or an index that can't be written, serves as it is."""
        if registry.name in self._fresh or not os.access(self._layout.shared / "registry", os.W_OK):
            return
        with contextlib.suppress(DistError, OSError), self._lock:
            if fingerprint(Path(registry.location)) != self._index(registry).meta(_SEEN):
                self._from_folder(registry)
        self._fresh.add(registry.name)

    def _folder(self, registry: Registry) -> Path:
        return self._layout.shared / "registry" / registry.name

    def _index(self, registry: Registry) -> Index:
        place = self._folder(registry)
        if registry.name in self._for_this_run:
            place = Path(self._for_this_run[registry.name].name, registry.name)
        return Index(place.with_suffix(".db"), registry.name)

    def _from_folder(self, registry: Registry) -> Synced:
        root = _there(registry)
        check_index(read_entry(root, INDEX), registry.location)
        # What changes from here on has another fingerprint, so that the next search reads it.
        notes = {"location": _identity(registry), _SEEN: fingerprint(root)}
        return self._index(registry).sync(
            dict(stamps(root)), lambda paths: contents(root, paths), notes
        )

    def _from_git(self, registry: Registry, *, accept_rewritten: bool) -> Synced:
        spec = parse_source(registry.location, allow_insecure=True)
        index, git = self._index(registry), self._sources.git
        url = self._sources.url(spec)
        ref, commit = self._sources.resolve_ref(spec, self._sources.refs(spec))
        before = self._revision(registry)
        if before == commit:
            return Synced(packages=len(index.keys()), revision=commit)
        if before and not accept_rewritten:
            _check_forward(registry, before, commit, git.relation(url, before, commit))
        git.fetch(url, commit)
        files = {
            str(file.path): file.oid for file in git.listing(url, commit, spec.subfolder).files
        }
        marker = dict(git.blobs(url, [files[INDEX]])).get(files[INDEX]) if INDEX in files else None
        check_index(marker, registry.location)
        entries = {path: oid for path, oid in files.items() if is_entry(path)}

        def read(paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
            blobs = dict(git.blobs(url, list(dict.fromkeys(entries[path] for path in paths))))
            return ((path, blobs[entries[path]]) for path in paths)

        notes = {"location": _identity(registry), "revision": commit, "ref": ref}
        return index.sync(entries, read, notes)

    def _revision(self, registry: Registry) -> str:
        """The revision that the index was made from; empty if there is no index, or it is of another place."""
        index = self._index(registry)
        if not index.exists or index.meta("location") != _identity(registry):
            return ""
        return index.meta("revision")

    def add_tuf(self, registry: Registry, root: bytes = b"") -> Synced:
        """Add a registry of static files, by its root or by the root's fingerprint.

        Args:
            registry: The registry; its root is the fingerprint where no root is given.
            root: The root; empty to bring it.

        Raises:
            Refused: What it sends is not the root of that fingerprint, or does not hold.
            DistError: The name is taken, or it can't be read.
        """
        from hermes_dist.world.registry.tuf import Mirror, fetch_root, root_digest  # noqa: PLC0415 - optional

        if any(one.name == registry.name for one in self.all()):
            raise _taken(registry.name)
        self._may_talk(registry)
        data = root or fetch_root(registry.location)
        digest = root_digest(data)
        if registry.root and registry.root != digest:
            raise Refused(
                f"its root has the fingerprint {digest}, not {registry.root}",
                where=registry.location,
                hint="ask the maintainers of the registry for the fingerprint of its first root",
            )
        registry = replace(registry, root=digest)
        folder = self._folder(registry)
        try:
            Mirror(registry, folder).trust(data)
            return self.add(registry)
        except DistError:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _may_talk(self, registry: Registry) -> None:
        if self._offline:
            raise Unreachable(
                "it is not available offline",
                where=registry.location,
                hint="run it again without --offline",
            )

    def _from_tuf(self, registry: Registry) -> Synced:
        from hermes_dist.world.registry.tuf import Mirror  # noqa: PLC0415 - optional

        self._may_talk(registry)
        folder, index = self._folder(registry), self._index(registry)
        folder.mkdir(parents=True, exist_ok=True)
        with flock(folder / "lock", timeout=30):
            mirror = Mirror(registry, folder)
            entries = {path: digest for path, digest in mirror.refresh().items() if is_entry(path)}
            known = index.exists and index.meta("location") == _identity(registry)
            if known and index.meta("revision") == mirror.version:
                return Synced(packages=len(index.keys()), revision=mirror.version)
            check_index(mirror.read(INDEX), registry.location)
            notes = {"location": _identity(registry), "revision": mirror.version}
            return index.sync(
                entries, lambda paths: ((path, mirror.read(path)) for path in paths), notes
            )


def _there(registry: Registry) -> Path:
    """The folder of a registry.

    Raises:
        Unreachable: It is not there, which says nothing of the names in it.
    """
    root = Path(registry.location)
    try:
        there = root.is_dir()
    except OSError:  # a folder above it can't be entered
        there = False
    if not there:
        raise Unreachable(
            "there is no such folder, or it can't be entered",
            where=registry.location,
            hint="check whether it was moved or renamed, or is on a disk that is not connected now",
        )
    return root


def _taken(name: str) -> DistError:
    return DistError(f"a registry {name} exists already", hint="choose another name with --name")


def replace_cache(layout: Layout) -> Layout:
    """A layout with its own git caches for registries, which ``gc`` does not remove."""
    return _Kept(layout.brand, layout.root, layout.user_home)


class _Kept(Layout):
    __slots__ = ()

    @property
    def git_cache(self) -> Path:
        return self.shared / "registry" / "git"


def _identity(registry: Registry) -> str:
    """What an index was made of; another version of this program carries another default registry."""
    return f"{registry.location} {__version__}" if registry.name == DEFAULT else registry.location


def _check_forward(registry: Registry, before: str, commit: str, relation: str) -> None:
    if relation != "forward":
        how = "went back" if relation == "backward" else "was rewritten"
        raise Refused(
            f"the history of the registry {how}: {before[:7]} is not followed by {commit[:7]}",
            where=registry.location,
            hint="ask its maintainers; if this is intended",
            command=f"registry sync {registry.name} --accept-rewritten",
        )
