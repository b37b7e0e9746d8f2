"""Record what sources and registries answer: the contents of a future bundle."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hermes_dist.brand import Layout
from hermes_dist.errors import DistError
from hermes_dist.model.registry import Package, Registry, RegistryKind, dump_package
from hermes_dist.model.source import SourceSpec, without_credentials
from hermes_dist.model.tree import Digest, Tree
from hermes_dist.world.bundled.contents import Listed, Repository
from hermes_dist.world.bundled.file import is_object
from hermes_dist.world.disk.store import Store
from hermes_dist.world.files import open_file, read_file
from hermes_dist.world.git.cache import names_in
from hermes_dist.world.git.repositories import HISTORY, BareGit, open_git
from hermes_dist.world.ports import Refs
from hermes_dist.world.registry.api import Registries
from hermes_dist.world.sources.api import Offer, Sources


class _Git(BareGit):
    """Remembers what repositories offered."""

    def __init__(self, heard: dict[str, Refs], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._heard = heard

    def refs(self, url: str) -> Refs:
        found = super().refs(url)
        self._heard[url] = found
        return found


class _Sources(Sources):
    """Remembers the packages that were read without git."""

    def __init__(self, trees: dict[str, Tree], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._trees = trees

    def _as_it_is(self, spec: SourceSpec) -> Offer:
        offer = super()._as_it_is(spec)
        below = f"{spec.subfolder}/" if spec.subfolder else ""
        before = self._trees.get(offer.pin.url, Tree())
        found = {type(path)(f"{below}{path}"): entry for path, entry in offer.tree.items()}
        self._trees[offer.pin.url] = before.with_entries(found)
        return offer


class _Registries(Registries):
    """Remembers what registries said of each name."""

    def __init__(self, said: dict[str, dict[str, str | None]], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._said = said

    def get(self, registry: Registry, key: str) -> Package | None:
        found = super().get(registry, key)
        text = None if found is None else dump_package(found).decode()
        self._said.setdefault(registry.name, {})[key] = text
        return found


class Recorder:
    """Real sources and registries of a machine, which remember what they were asked for.

    Attributes:
        trees: The packages that were read without git, by their place; their contents are in the store.
    """

    def __init__(self) -> None:
        self.trees: dict[str, Tree] = {}
        self._heard: dict[str, Refs] = {}
        self._said: dict[str, dict[str, str | None]] = {}
        self._git: BareGit | None = None

    def sources(
        self,
        layout: Layout,
        store: Callable[[], Store],
        env: Mapping[str, str],
        *,
        offline: bool,
        allow_insecure: bool,
    ) -> Sources:
        """As :func:`hermes_dist.world.sources.api.open_sources`."""
        git = open_git(layout, env, offline=offline, make=partial(_Git, self._heard))
        self._git = git
        return _Sources(self.trees, layout, git, store, allow_insecure=allow_insecure)

    def registries(
        self,
        layout: Layout,
        store: Store,
        env: Mapping[str, str],
        *,
        offline: bool,
        allow_insecure: bool,
    ) -> Registries:
        """As :class:`hermes_dist.world.registry.api.Registries`."""
        return _Registries(
            self._said, layout, store, env, offline=offline, allow_insecure=allow_insecure
        )

    def listed(self, registries: Registries, shared: Path) -> dict[str, Listed]:
        """What the registries said, with their first roots."""
        found = {}
        for one in registries.all():
            said = self._said.get(one.name, {})
            root = ""
            if one.kind is RegistryKind.TUF:
                root = read_file(shared / "registry" / one.name / "trusted-root.json").decode(
                    "utf-8"
                )
            found[one.name] = Listed(
                place=without_credentials(one.location), root=root, entries=said
            )
        return found

    def repositories(self, paths: dict[Digest, Path]) -> dict[str, Repository]:
        """The repositories that were fetched from, with their histories and signed tags.

        Args:
            paths: Receives the file of each content.

        Raises:
            DistError: One can't be reached any more.
        """
        found = {}
        for url, refs in sorted(self._heard.items()):
            one = self._repository(url, refs, paths)
            if one is not None:
                found[without_credentials(url)] = one
        return found

    def _repository(self, url: str, refs: Refs, paths: dict[Digest, Path]) -> Repository | None:
        git = self._git
        if git is None:
            return None
        cache = git.cache(url)
        pins = names_in(cache, "refs/dist")
        if not pins:
            return None
        for commit in pins:
            # Without its history, nobody could tell whether it follows what a machine has.
            with contextlib.suppress(DistError):
                git.history(url, commit, HISTORY)
        kept = _kept(refs, frozenset(pins))
        for oid in kept.annotated.values():
            git.originals(url, [(oid, "tag")])
        files = {}
        for file in sorted((cache / "objects").rglob("*")):
            name = file.relative_to(cache).as_posix()
            if is_object(name):
                with open_file(file) as stream:
                    digest = Digest(hashlib.file_digest(stream, "sha256").hexdigest())
                files[name] = digest
                paths[digest] = file
        return Repository(
            refs=kept,
            pins=(*pins, *(f"tagged/{oid}" for oid in names_in(cache, "refs/tagged"))),
            shallow=tuple(_lines(cache / "shallow")),
            files=files,
        )


def _lines(path: Path) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError):
        yield from sorted(read_file(path).decode().split())


def _kept(refs: Refs, pins: frozenset[str]) -> Refs:
    """The refs whose commits were fetched."""
    tags = {name: commit for name, commit in refs.tags.items() if commit in pins}
    here = refs.head_commit in pins
    return Refs(
        heads={name: commit for name, commit in refs.heads.items() if commit in pins},
        tags=tags,
        head=refs.head if here else "",
        head_commit=refs.head_commit if here else "",
        annotated={name: oid for name, oid in refs.annotated.items() if name in tags},
    )
