"""The names of tags and branches that a repository had when it was last asked, kept beside its cache."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hermes_dist.errors import DistError
from hermes_dist.model.source import without_credentials
from hermes_dist.world.git.cache import cache_name
from hermes_dist.world.ports import Refs
from hermes_dist.world.records import bytes_at

_FILE = "known-refs"
_MANY = 2000


class KnownRefs:
    """The refs that repositories had when they were last asked.

    Args:
        root: The folder of caches.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._heard: dict[str, Refs] = {}

    def heard(self, url: str, refs: Refs) -> Refs:
        """Note a repository's refs in memory; :meth:`keep` writes them."""
        self._heard[url] = refs
        return refs

    def keep(self, url: str) -> None:
        """Write the noted refs of a repository if it has a cache, once; a failure is ignored."""
        from hermes_dist.world.disk.fs import atomic_write  # noqa: PLC0415 - start-up

        refs, folder = self._heard.get(url), self._folder(url)
        if refs is not None and folder.is_dir():
            del self._heard[url]
            names = [name for name in (*refs.tags, *refs.heads) if "\n" not in name][:_MANY]
            with contextlib.suppress(DistError):
                atomic_write(folder / _FILE, "".join(f"{name}\n" for name in names).encode(), 0o600)

    def names(self, url: str) -> list[str]:
        """Return the tags and branches that are known without contacting a server."""
        data = bytes_at(self._folder(url) / _FILE) or b""
        return data.decode("utf-8", "replace").splitlines()

    def _folder(self, url: str) -> Path:
        return self._root / cache_name(without_credentials(url))
