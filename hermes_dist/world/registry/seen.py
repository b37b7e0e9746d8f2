"""What each registry pinned when this machine first saw it: a file for each package, a line for each version."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from hermes_dist import lazily
from hermes_dist.errors import DistError
from hermes_dist.world.records import bytes_at

Pinned = tuple[str, str]
"""The commit of a release, and the digest of its tree; that is empty where nobody wrote it down."""
_LINE = lazily.pattern(r"(\S+) ([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{64}|-)")


class SeenReleases:
    """What this machine has seen registries pin.

    Args:
        root: Its folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def file(self, registry: str, key: str) -> Path:
        """Where the releases of a package are remembered."""
        return self._root / registry / key

    def of(self, registry: str, key: str) -> dict[str, Pinned]:
        """Return the commit and tree of each version of a package that was seen.

        Raises:
            DistError: The file can't be read or is damaged, so it is unknown what was seen.
        """
        path = self.file(registry, key)
        data = bytes_at(path)
        if data is None:
            if _is_missing(path):
                return {}
            raise DistError(
                "the record of what a registry pinned before can't be read", where=str(path)
            )
        found = [_LINE.fullmatch(line) for line in data.decode("utf-8", "replace").splitlines()]
        if not all(found):
            raise DistError(
                "the record of what a registry pinned before is damaged",
                where=str(path),
                hint="remove the file to start over",
            )
        return {match[1]: (match[2], match[3].removeprefix("-")) for match in found if match}

    def forget(self, registry: str) -> None:
        """Forget all that a registry pinned."""
        shutil.rmtree(self._root / registry, ignore_errors=True)

    def remember(self, registry: str, key: str, releases: Iterable[tuple[str, Pinned]]) -> None:
        """Add new versions, and digests that were missing, if the folder can be written.

        Args:
            registry: The name of the registry.
            key: The package.
            releases: Versions in their normal form, and what they are pinned to.
        """
        from hermes_dist.world.disk.fs import atomic_write  # noqa: PLC0415 - only where something is new

        before = self.of(registry, key)
        after = dict(before)
        for version, (commit, tree) in releases:
            known = after.setdefault(version, (commit, tree))
            if known == (commit, ""):
                after[version] = (commit, tree)
        if after != before:
            with contextlib.suppress(DistError):
                atomic_write(self.file(registry, key), _text(after), 0o600)


def _text(seen: Mapping[str, Pinned]) -> bytes:
    return "".join(
        f"{version} {commit} {tree or '-'}\n" for version, (commit, tree) in sorted(seen.items())
    ).encode()


def _is_missing(path: Path) -> bool:
    """Whether nothing is there for sure; what may be there is not taken for nothing."""
    try:
        path.lstat()
    except OSError as error:
        return isinstance(error, FileNotFoundError)
    return False
