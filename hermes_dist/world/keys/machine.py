"""The key of a machine, and what is encrypted to the keys of several: the age format with X25519, by pyrage.

The library is an extra of its own, ``[sync]``: only those who sync memories or sessions need it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hermes_dist.errors import DistError, Invalid
from hermes_dist.installer import adds
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.files import read_file


def _pyrage() -> Any:
    try:
        import pyrage  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra, and few need it
    except ImportError:
        raise DistError(
            "memories and sessions travel encrypted, and the library for that is not installed",
            hint=f"run: {adds('sync')}",
        ) from None
    return pyrage


def own_key(path: Path) -> str:
    """Return the public key of this machine; makes the key if it has none, in a file for its owner alone.

    Raises:
        DistError: The library is missing, or the file can't be read or written.
    """
    age = _pyrage()
    try:
        text = read_file(path).decode("utf-8").strip()
    except FileNotFoundError:
        text = str(age.x25519.Identity.generate())
        atomic_write(path, f"{text}\n".encode(), 0o600)
    except OSError as err:
        raise DistError(f"the key can't be read: {err.strerror}", where=str(path)) from err
    return str(_identity(text, path).to_public())


def _identity(text: str, path: Path) -> Any:
    age = _pyrage()
    try:
        return age.x25519.Identity.from_str(text)
    except age.IdentityError:
        raise Invalid(
            "it is not the key of a machine",
            where=str(path),
            hint="bring it back from a backup; or leave and join again: nothing of the profile is lost",
        ) from None


def sealed(data: bytes, recipients: Iterable[str]) -> bytes:
    """Encrypt to the keys of some machines.

    Raises:
        Invalid: One of them is no key.
        DistError: The library is missing.
    """
    age = _pyrage()
    try:
        keys = [age.x25519.Recipient.from_str(key) for key in recipients]
    except age.RecipientError:
        raise Invalid("a public key of the meeting place is damaged") from None
    made: bytes = age.encrypt(data, keys)
    return made


def opened(data: bytes, path: Path) -> bytes | None:
    """Decrypt with this machine's key; None for what is not encrypted to it.

    Args:
        data: What was encrypted.
        path: The file of the key.

    Raises:
        DistError: The library is missing, or the key can't be read.
    """
    age = _pyrage()
    try:
        identity = _identity(read_file(path).decode("utf-8").strip(), path)
        plain: bytes = age.decrypt(data, [identity])
    except OSError as err:
        raise DistError(f"the key can't be read: {err.strerror}", where=str(path)) from err
    except age.DecryptError:
        return None
    return plain
