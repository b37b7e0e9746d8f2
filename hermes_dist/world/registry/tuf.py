"""Registries of static files over HTTPS, under The Update Framework: the server need not be trusted.

Signed, versioned and dated metadata tell every entry's length and digest, so that a server, a mirror or somebody with
the keys that are online can neither change an entry, nor show an old index, nor hold a new one back unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hermes_dist.errors import DistError, Invalid, Refused
from hermes_dist.installer import adds
from hermes_dist.light import read_json
from hermes_dist.model.registry import MAX_ENTRY, Registry
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.files import read_file
from hermes_dist.world.trace import note

if TYPE_CHECKING:
    from hermes_dist.world.registry.tuf_library import Updater

_TRUSTED = "trusted-root.json"
_ROOT_BYTES = 512_000
# The library allows 5 MB, but the metadata name every entry, and a registry may have a million.
_TARGETS_BYTES = 256 << 20
_T = TypeVar("_T")


def fetch_root(location: str) -> bytes:
    """Fetch the first root of a registry, to be compared with a fingerprint.

    Raises:
        Unreachable: The registry can't be reached.
        Refused: It sends more bytes than a root can have.
    """
    _needed()
    note("fetch", location, "root")
    from hermes_dist.world.registry.tuf_library import Urllib3Fetcher  # noqa: PLC0415 - an optional dependency

    return _explained(
        location,
        lambda: bytes(
            Urllib3Fetcher().download_bytes(f"{location}/metadata/1.root.json", _ROOT_BYTES)
        ),
    )


def root_digest(data: bytes) -> str:
    """The fingerprint of a root."""
    return hashlib.sha256(data).hexdigest()


def trusted_root(folder: Path) -> bytes:
    """The root that the registry of a folder was added with; empty if it is gone."""
    try:
        return read_file(folder / _TRUSTED)
    except OSError:
        return b""


class Mirror:
    """The local copy of such a registry, and how to update it.

    Args:
        registry: The registry.
        folder: Where its metadata are kept.
    """

    def __init__(self, registry: Registry, folder: Path) -> None:
        self._registry = registry
        self._folder = folder
        self._updater: Updater | None = None
        self.version = ""

    def trust(self, root: bytes) -> None:
        """Trust a root from now on.

        Raises:
            DistError: The disk fails.
        """
        atomic_write(self._folder / _TRUSTED, root)

    def refresh(self) -> dict[str, str]:
        """Bring the metadata up to date.

        Returns:
            The digest of each file, by its path.

        Raises:
            Refused: The metadata are not valid: wrong keys, old versions, expired, or inconsistent.
            Unreachable: The registry can't be reached.
        """
        _needed()
        from hermes_dist.world.registry.tuf_library import Updater, UpdaterConfig  # noqa: PLC0415 - an optional dependency

        place, location = self._folder / "metadata", self._registry.location
        place.mkdir(parents=True, exist_ok=True)
        config = UpdaterConfig(targets_max_length=_TARGETS_BYTES)
        root = self._root()

        def work() -> Updater:
            updater = Updater(
                str(place),
                f"{location}/metadata/",
                str(self._folder),
                f"{location}/targets/",
                config=config,
                bootstrap=root,
            )
            note("fetch", location, "metadata")
            updater.refresh()
            return updater

        self._updater = _explained(location, work)
        signed = read_json(read_file(place / "targets.json"))[
            "signed"
        ]  # as it was verified just now
        self.version = str(signed["version"])
        return {
            path: str(sorted(target["hashes"].items()))
            for path, target in signed["targets"].items()
        }

    def _root(self) -> bytes:
        root = trusted_root(self._folder)
        if root_digest(root) != self._registry.root:
            raise Refused(
                "the root that this registry was added with is gone or was changed",
                where=str(self._folder / _TRUSTED),
                hint=f"remove the registry {self._registry.name} and add it again",
            )
        return root

    def read(self, path: str) -> bytes:
        """Fetch a file, and check it against the metadata; :meth:`refresh` comes first.

        Raises:
            Refused: The file differs from the metadata.
            Invalid: The file is not in the registry or is too large.
            Unreachable: The registry can't be reached.
        """
        assert self._updater is not None  # noqa: S101 - refresh comes first
        updater = self._updater
        target = updater.get_targetinfo(path)
        if target is None:
            raise Invalid(
                f"it is not a registry: there is no {path}", where=self._registry.location
            )
        if target.length > MAX_ENTRY:
            raise Invalid(
                "the entry is larger than 1 MiB", where=f"{self._registry.location}: {path}"
            )
        arrived = self._folder / "arriving"
        note("fetch", self._registry.location, path)
        _explained(
            f"{self._registry.location}: {path}",
            lambda: updater.download_target(target, str(arrived)),
        )
        try:
            return read_file(arrived)
        finally:
            arrived.unlink(missing_ok=True)


def _needed() -> None:
    try:
        import tuf.ngclient  # noqa: F401, PLC0415 - asks whether it is there
    except ImportError:
        raise DistError(
            "registries over HTTPS need the package tuf, which is not installed",
            hint=f"install it with: {adds('registry')}",
        ) from None


def _explained(where: str, work: Callable[[], _T]) -> _T:
    """Run a step, and turn errors of the library into ours."""
    from hermes_dist.world.registry.tuf_library import TransportError, exceptions, unreachable  # noqa: PLC0415 - an optional dependency

    ask = "ask the maintainers of the registry; the previous index stays in use"
    try:
        return work()
    except exceptions.DownloadLengthMismatchError:
        raise Refused("it sends more than the limits allow", where=where, hint=ask) from None
    except exceptions.ExpiredMetadataError as error:
        raise Refused(f"its metadata has expired: {error}", where=where, hint=ask) from None
    except exceptions.BadVersionNumberError as error:
        raise Refused(
            f"its metadata is older than what this machine has seen: {error}", where=where, hint=ask
        ) from None
    except (exceptions.RepositoryError, ValueError) as error:
        raise Refused(f"its metadata is not valid: {error}", where=where, hint=ask) from None
    except (exceptions.DownloadError, TransportError) as error:
        raise unreachable(error, where) from None
    except OSError as error:
        raise DistError(f"the disk reports an error: {error.strerror}", where=where) from error
