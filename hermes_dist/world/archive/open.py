"""Open an archive of any kind: ours, the agent's, or a backup under a passphrase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from hermes_dist.errors import Invalid
from hermes_dist.world.archive.foreign import foreign_members
from hermes_dist.world.archive.read import (
    Contents,
    Shelves,
    is_ours,
    members,
    opened,
    pieces_of,
    take,
)

_AGE = b"age-encryption.org/v1\n"


def is_encrypted(path: Path) -> bool:
    """Whether a file is a backup under a passphrase.

    Raises:
        DistError: The file is missing or can't be read.
    """
    with opened(path) as file:
        return file.read(len(_AGE)) == _AGE


def read_archive(
    path: Path,
    shelves: Shelves,
    env: Mapping[str, str],
    passphrase: Callable[[], str] | None = None,
) -> Contents:
    """Read an archive, and store its contents.

    Args:
        path: The file.
        shelves: Where its contents go.
        env: The environment for the child that reads archives of other programs.
        passphrase: Returns the passphrase of a backup; None if none is expected.

    Raises:
        Invalid: The passphrase is wrong, or the archive is damaged or unsafe; nothing was kept.
        DistError: The file can't be read.
    """
    try:
        return _read(path, shelves, env, passphrase)
    except Invalid as error:
        raise error.within(str(path)) from None


def _read(
    path: Path, shelves: Shelves, env: Mapping[str, str], passphrase: Callable[[], str] | None
) -> Contents:
    with opened(path) as file:
        head = file.read(len(_AGE))
        file.seek(0)
        if head == _AGE:
            if passphrase is None:
                raise Invalid("it is an encrypted backup, not a package")
            from hermes_dist.world.keys.age import decrypted  # noqa: PLC0415 - only backups pay for it

            return take(members(decrypted(file, passphrase())), shelves)
        if is_ours(head):
            return take(members(pieces_of(file)), shelves)
    if head[:2] != b"\x1f\x8b":
        raise Invalid(
            "it is not an archive: neither .tar.gz nor a backup of this program",
            hint="name an archive that export, backup, git archive or tar made; a single file of an agent is copied "
            "into the folder of its profile",
        )
    contents = take(foreign_members(path, env), shelves)
    contents.foreign = True
    return contents
