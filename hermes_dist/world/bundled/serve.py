"""Answer from a bundle for sources and registries, under their own addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hermes_dist.brand import Layout
from hermes_dist.errors import Unreachable
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.model.registry import DEFAULT, Package, Registry, RegistryKind, parse_package
from hermes_dist.model.source import AsGit, SourceKind, SourceSpec, without_credentials
from hermes_dist.world.bundled.contents import Bundle, Listed
from hermes_dist.world.child import Finished
from hermes_dist.world.disk.store import Store
from hermes_dist.world.git.cli import scheme_of
from hermes_dist.world.git.repositories import BareGit, open_git
from hermes_dist.world.ports import Refs
from hermes_dist.world.registry.api import Registries
from hermes_dist.world.registry.index import Synced
from hermes_dist.world.sources.api import Sources
from hermes_dist.world.sources.folder import FolderPackage, Keep

if TYPE_CHECKING:
    from hermes_dist.world.git.reach import Reach


class _Git(BareGit):
    """Repositories of a bundle, and local ones; the network is not asked."""

    def __init__(self, bundle: Bundle, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._bundle = bundle

    def refs(self, url: str) -> Refs:
        found = self._bundle.repository(url)
        return found[0].refs if found else super().refs(url)

    def _may_talk(self, url: str) -> None:
        if self._bundle.repository(url) is None and scheme_of(url) != "file":
            raise _not_there(self._bundle, without_credentials(url))

    def _fetched(
        self,
        cache: Path,
        url: str,
        source: str,
        reach: Reach,
        progress: Callable[[str], None] | None,
        *,
        target: str = "",
    ) -> Finished:
        found = self._bundle.repository(url)
        if found is not None:
            url, progress = found[1].as_uri(), None
        return super()._fetched(cache, url, source, reach, progress, target=target)


class _Sources(Sources):
    """Sources of a bundle, also folders and archives that this machine does not have."""

    def __init__(self, bundle: Bundle, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._bundle = bundle

    def is_git(self, spec: SourceSpec) -> bool:
        if spec.kind.traits.as_git is AsGit.MAYBE and not spec.ref:
            path = self._path(spec)
            if self._bundle.folder(str(path)) is not None:
                return False
            if self._bundle.repository(path.as_uri()) is not None:
                return True
        return super().is_git(spec)

    def url(self, spec: SourceSpec) -> str:
        if spec.kind.traits.as_git is AsGit.MAYBE:
            address = self._path(spec).as_uri()
            if self._bundle.repository(address) is not None:
                return address
        return super().url(spec)

    def _read(self, spec: SourceSpec, keep: Keep) -> tuple[Path, FolderPackage]:
        path = self._path(spec)
        there = self._bundle.folder(str(path))
        if there is None:
            return super()._read(spec, keep)
        moved = SourceSpec(SourceKind.FOLDER, str(there), spec.subfolder)
        return path, super()._read(moved, keep)[1]


class _Registries(Registries):
    """Registries of a bundle: what they said of each name when it was made."""

    def __init__(self, bundle: Bundle, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._bundle = bundle

    def _listed(self, registry: Registry) -> Listed | None:
        """What the bundle knows of a registry; of one of this name that is elsewhere it knows nothing."""
        listed = self._bundle.index.registries.get(registry.name)
        if listed is None or registry.name == DEFAULT:
            return listed
        return listed if listed.place == without_credentials(registry.location) else None

    def get(self, registry: Registry, key: str) -> Package | None:
        listed = self._listed(registry)
        if listed is None or (registry.kind is RegistryKind.FOLDER and key not in listed.entries):
            return super().get(registry, key)
        if key not in listed.entries:
            raise _not_there(self._bundle, registry.location)
        entry = listed.entries[key]
        if entry is None:
            return None
        return parse_package(entry.encode(), key, local=registry.is_local)

    def sync(self, registry: Registry, *, accept_rewritten: bool = False) -> Synced:
        if self._listed(registry) is None or registry.kind is RegistryKind.FOLDER:
            return super().sync(registry, accept_rewritten=accept_rewritten)
        return Synced(packages=0)  # it is read when it can be reached

    def add_tuf(self, registry: Registry, root: bytes = b"") -> Synced:
        listed = self._listed(registry)
        data = listed.root.encode() if listed is not None else b""
        return super().add_tuf(registry, root or data)

    def _may_talk(self, registry: Registry) -> None:
        if self._listed(registry) is None:
            raise _not_there(self._bundle, registry.location)

    def similar(self, key: str) -> dict[str, list[Registry]]:
        # What a name could be mistaken for was looked at when the bundle was made.
        return {} if self._names(key) else super().similar(key)

    def _names(self, key: str) -> bool:
        return any(one.entries.get(key) for one in self._bundle.index.registries.values())


def _not_there(bundle: Bundle, where: str) -> Unreachable:
    return Unreachable(
        "the bundle does not hold it",
        where=where,
        hint=f"make a bundle for this file with: {bundle.remake}",
    )


def sources(
    bundle: Bundle,
    layout: Layout,
    store: Callable[[], Store],
    env: Mapping[str, str],
    *,
    allow_insecure: bool,
) -> Sources:
    """Compose the sources of a machine that has only a bundle; as ``open_sources`` does."""
    git = open_git(layout, env, offline=True, make=partial(_Git, bundle))
    return _Sources(bundle, layout, git, store, allow_insecure=allow_insecure)


def registries(
    bundle: Bundle, layout: Layout, store: Store, env: Mapping[str, str], *, allow_insecure: bool
) -> Registries:
    """The registries of a machine that has only a bundle; see :class:`hermes_dist.world.registry.api.Registries`."""
    return _Registries(bundle, layout, store, env, offline=True, allow_insecure=allow_insecure)
