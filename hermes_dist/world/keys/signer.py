"""The key that a machine signs with: bare Ed25519, by cryptography; the public key is spelled as SSH spells it."""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
    load_ssh_public_key,
)

from hermes_dist.errors import Invalid
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.files import read_file


class Signer:
    """Signs what this machine sends; makes its key if it has none, in a file for its owner alone.

    Args:
        path: The file of the key.

    Raises:
        Invalid: It holds no such key.
        DistError: It can't be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._key = _private(path)

    @property
    def public(self) -> str:
        """The public key, as a line of ``allowed_signers``."""
        public = self._key.public_key()
        return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()

    def sign(self, text: bytes) -> str:
        """Sign a text; base64."""
        return base64.b64encode(self._key.sign(text)).decode()


def _private(path: Path) -> Ed25519PrivateKey:
    try:
        data = read_file(path)
    except FileNotFoundError:
        return _made(path)
    except OSError as err:
        raise trouble(err, "the key can't be read", where=str(path)) from err
    try:
        key = load_ssh_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise Invalid(
            "it is not the key that this machine signs with",
            where=str(path),
            hint="leave and join again: nothing of the profile is lost",
        )
    return key


def _made(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    atomic_write(path, text, 0o600)
    return key


# A sync looks at what is said of a file before it takes in, and again before it sends.
@lru_cache(maxsize=1 << 12)
def is_signed(signer: str, text: bytes, signature: str) -> bool:
    """Whether a signature over a text belongs to a public key; what is damaged belongs to none."""
    key = _public(signer)
    if key is None:
        return False
    try:
        key.verify(base64.b64decode(signature, validate=True), text)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


@lru_cache(maxsize=64)
def _public(signer: str) -> Ed25519PublicKey | None:
    try:
        key = load_ssh_public_key(signer.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PublicKey) else None
