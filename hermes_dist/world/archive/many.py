"""Backups under a passphrase: of one profile, or of many as an archive of archives; both are streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from msgspec import Struct

from hermes_dist.errors import Invalid
from hermes_dist.world.archive.open import is_encrypted
from hermes_dist.world.archive.read import Contents, Raw, Shelves, members, opened, safe_name, take
from hermes_dist.world.archive.write import GzipWriter, Sink, TarWriter
from hermes_dist.world.keys.age import decrypted

ROOT = "all.profiles"
"""The one folder of a backup of many profiles: a name that no profile can have."""
_INDEX = ".dist/backup.json"
_END = ".tar.gz"
_MOST_INDEX = 16 << 20


class Part(Struct, frozen=True):
    """One profile of a backup.

    Attributes:
        name: The name it had.
        take: Stores its contents; only before the next part is asked for.
    """

    name: str
    take: Callable[[Shelves], Contents]


class Backup(Struct, frozen=True):
    """A backup that is open.

    Attributes:
        index: Its description of what is in it; None for a backup of one profile.
        parts: Its profiles, to be read in order, each once.
    """

    index: bytes | None
    parts: Iterator[Part]


class Packed(Struct, frozen=True):
    """The archive of one profile, to be written into a backup of many."""

    size: int
    chunks: Callable[[], Iterable[bytes]]


def write_many(out: Sink, index: bytes, packed: Mapping[str, Packed]) -> None:
    """Write a backup of many profiles.

    Args:
        out: Where the bytes go; it encrypts them.
        index: What is in it.
        packed: The archive of each profile, by name.
    """
    tar = TarWriter(GzipWriter(out), ROOT)
    tar.add(_INDEX, [index], len(index))
    for name in sorted(packed, key=lambda name: f"{name}{_END}".encode()):
        tar.add(f"profiles/{name}{_END}", packed[name].chunks(), packed[name].size)
    tar.close()


@contextmanager
def opened_backup(path: Path, passphrase: Callable[[], str]) -> Iterator[Backup]:
    """Open a backup.

    Args:
        path: The file.
        passphrase: Asks for its passphrase.

    Raises:
        Invalid: It is no backup, damaged, or the passphrase is wrong.
        DistError: The file can't be read.
    """
    if not is_encrypted(path):
        raise Invalid(
            "it is not a backup: it is not encrypted",
            where=path.name,
            hint="an archive of `export` is brought in by `import`",
        )
    with opened(path) as file:
        try:
            raws = members(decrypted(file, passphrase()))
            first = next(raws, None)
            if first is None:
                raise Invalid("the backup is empty")
            root = safe_name(first.name)[0]
            if root == ROOT:
                yield _many(raws)
            else:
                whole = chain([first], raws)
                parts = iter([Part(root, lambda shelves: take(whole, shelves))])
                yield Backup(None, parts)
        except Invalid as error:
            raise error.within(path.name) from None


def _many(raws: Iterator[Raw]) -> Backup:
    files = (raw for raw in raws if not raw.name.endswith(b"/"))
    index = next(files, None)
    if index is None or _below(index) != _INDEX or index.size > _MOST_INDEX:
        raise Invalid("the backup is damaged: it does not say what is in it")
    return Backup(b"".join(index.pieces()), _parts(files))


def _parts(files: Iterator[Raw]) -> Iterator[Part]:
    for raw in files:
        folder, _, name = _below(raw).rpartition("/")
        if folder != "profiles" or not name.endswith(_END):
            raise Invalid("the backup is damaged: it holds something else than profiles")
        yield Part(name.removesuffix(_END), _taking(raw))


def _taking(raw: Raw) -> Callable[[Shelves], Contents]:
    return lambda shelves: take(members(raw.pieces()), shelves)


def _below(raw: Raw) -> str:
    """The path of a member below the root."""
    root, path, _ = safe_name(raw.name)
    if root != ROOT:
        raise Invalid("the archive is not safe: it holds more than its one folder")
    return str(path)
