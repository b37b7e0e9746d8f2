"""The contents of a bundle: repositories, local packages, and what registries say about the names that are needed."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from hermes_dist.model.source import without_credentials
from hermes_dist.model.tree import Digest
from hermes_dist.world.ports import Refs

FORMAT = 1


class File(Struct, frozen=True):
    """A file of a local package."""

    digest: Digest
    executable: bool = False


class Repository(Struct, frozen=True, kw_only=True):
    """A repository, as far as it is needed.

    Attributes:
        refs: The refs whose commits it holds.
        pins: The commits it holds, with their histories, and tag objects as ``tagged/ID``.
        shallow: Where the histories are cut.
        files: The files of its objects, by their path in the repository.
    """

    refs: Refs
    pins: tuple[str, ...]
    shallow: tuple[str, ...] = ()
    files: Mapping[str, Digest] = field(default_factory=dict)


class Listed(Struct, frozen=True, kw_only=True):
    """A registry, as far as it is needed.

    Attributes:
        place: Where it is.
        root: The first root of a registry of static files; empty for another one.
        entries: Its entries by name; None for a name that it does not have.
    """

    place: str
    root: str = ""
    entries: Mapping[str, str | None] = field(default_factory=dict)


class Index(Struct, frozen=True, kw_only=True):
    """What is in a bundle.

    Attributes:
        folder: The folder of the team's file when the bundle was made.
        repositories: The repositories, by address without a login.
        folders: The files of each local package, by path, the folder or archive itself by its full path.
        registries: The registries, by name.
    """

    format: int = FORMAT
    folder: str = ""
    repositories: Mapping[str, Repository] = field(default_factory=dict)
    folders: Mapping[str, Mapping[str, File]] = field(default_factory=dict)
    registries: Mapping[str, Listed] = field(default_factory=dict)

    @property
    def digests(self) -> frozenset[Digest]:
        """The digests of all files that it consists of."""
        found = {digest for one in self.repositories.values() for digest in one.files.values()}
        return frozenset(
            found | {file.digest for one in self.folders.values() for file in one.values()}
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names in registries that it knows."""
        listed = self.registries.values()
        return tuple(sorted({name for one in listed for name, said in one.entries.items() if said}))


class Bundle(Struct, frozen=True, kw_only=True):
    """A bundle that is open.

    Attributes:
        index: What is in it.
        place: The folder that it was unpacked to.
        beside: The folder that the team's file is in now: what lay beside it then is looked for here.
        remake: The command that makes a bundle, for what this one lacks.
    """

    index: Index
    place: Path
    beside: str
    remake: str

    def repository(self, url: str) -> tuple[Repository, Path] | None:
        """A repository of the bundle, and where it is; None if the bundle does not have it."""
        bare = without_credentials(url)
        for each in self._spellings(bare):
            if each in self.index.repositories:
                number = sorted(self.index.repositories).index(each)
                return self.index.repositories[each], self.place / "git" / str(number)
        return None

    def folder(self, path: str) -> Path | None:
        """Where a local package is; None if the bundle does not have it."""
        for each in self._places(path):
            if each in self.index.folders:
                return self.place / "folders" / str(sorted(self.index.folders).index(each))
        return None

    def _spellings(self, url: str) -> Iterator[str]:
        yield url
        if url.startswith("file://"):
            yield from (f"file://{each}" for each in self._places(url.removeprefix("file://")))

    def _places(self, path: str) -> Iterator[str]:
        """Where something was when the bundle was made, by where it would be now."""
        yield path
        if self.index.folder:
            yield os.path.normpath(
                os.path.join(self.index.folder, os.path.relpath(path, self.beside))
            )
