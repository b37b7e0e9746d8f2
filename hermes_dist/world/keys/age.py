"""Backups under a passphrase, in the age format (age-encryption.org/v1), as a stream in bounded memory.

What ``age -p`` writes is read here, and ``age -d`` opens what is written here. The primitives are those of
``cryptography`` and of the standard library; this is the framing alone, as the format's specification has it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from hermes_dist import lazily
from hermes_dist.errors import Invalid
from hermes_dist.world.archive.write import Sink

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

MAGIC = b"age-encryption.org/v1\n"
_LABEL = b"age-encryption.org/v1/scrypt"
_WORK = 18
"""The work factor of age itself: 2^18, a second and 256 MiB at most."""
# 2^20 takes 1 GiB of memory; a file of somebody else must not ask for more.
_MOST_WORK = 20
_CHUNK = 1 << 16
_TAG = 16
_HEAD = 4096
_STANZA = lazily.pattern(rb"-> scrypt ([A-Za-z0-9+/]{22}) ([1-9]\d?)\n([A-Za-z0-9+/]{43})\n")
_MAC = lazily.pattern(rb"--- ([A-Za-z0-9+/]{43})\n")


def _cipher(key: bytes) -> ChaCha20Poly1305:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # noqa: PLC0415 - only backups pay for it

    return ChaCha20Poly1305(key)


def _coded(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _decoded(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4))


def _derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA-256, one block of output."""
    drawn = hmac.digest(salt or bytes(32), key, "sha256")
    return hmac.digest(drawn, info + b"\1", "sha256")


def _wrapping(passphrase: str, salt: bytes, work: int) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(),
        salt=_LABEL + salt,
        n=1 << work,
        r=8,
        p=1,
        maxmem=(1 << work) * 1024 + (64 << 20),
        dklen=32,
    )


def _nonce(counter: int, *, last: bool) -> bytes:
    return counter.to_bytes(11, "big") + bytes([last])


class AgeWriter:
    """Encrypts what is written.

    Args:
        out: Where the bytes go.
        passphrase: The passphrase.
        work: The base-2 logarithm of the work for one guess.
    """

    def __init__(self, out: Sink, passphrase: str, work: int = _WORK) -> None:
        self._out = out
        self._held = bytearray()
        self._counter = 0
        key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
        # A nonce of zeros is safe here: the salt is new, so the key seals nothing else.
        body = _cipher(_wrapping(passphrase, salt, work)).encrypt(bytes(12), key, None)
        head = MAGIC + b"-> scrypt %s %d\n%s\n---" % (_coded(salt), work, _coded(body))
        mac = hmac.digest(_derived(key, b"", b"header"), head, "sha256")
        out.write(head + b" " + _coded(mac) + b"\n" + nonce)
        self._payload = _cipher(_derived(key, nonce, b"payload"))

    def write(self, data: bytes) -> None:
        self._held += data
        # A full piece waits, too: by the format, the last one may be empty only if all is empty.
        while len(self._held) > _CHUNK:
            self._seal(bytes(self._held[:_CHUNK]), last=False)
            del self._held[:_CHUNK]

    def close(self) -> None:
        self._seal(bytes(self._held), last=True)
        self._out.close()

    def _seal(self, data: bytes, *, last: bool) -> None:
        self._out.write(self._payload.encrypt(_nonce(self._counter, last=last), data, None))
        self._counter += 1


def decrypted(file: BinaryIO, passphrase: str) -> Iterator[bytes]:
    """Read what a passphrase opens, piece by piece; each piece is authentic.

    Args:
        file: The encrypted file, from its beginning.
        passphrase: The passphrase.

    Raises:
        Invalid: The passphrase is wrong, or the file is damaged, cut short, or encrypted for keys.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only backups pay for it

    payload = _opened(file, passphrase)
    counter, piece = 0, file.read(_CHUNK + _TAG)
    while True:
        following = file.read(_CHUNK + _TAG)
        try:
            data = payload.decrypt(_nonce(counter, last=not following), piece, None)
        except InvalidTag:
            raise Invalid("the backup is damaged or cut short", where=f"piece {counter}") from None
        if not data and counter:
            raise Invalid("the backup is damaged", where=f"piece {counter}")
        yield data
        if not following:
            return
        counter, piece = counter + 1, following


def _opened(file: BinaryIO, passphrase: str) -> ChaCha20Poly1305:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only backups pay for it

    begin = file.read(_HEAD)
    stanza = _STANZA.match(begin, len(MAGIC))
    if (
        not begin.startswith(MAGIC)
        or stanza is None
        or (mac := _MAC.match(begin, stanza.end())) is None
    ):
        raise Invalid(
            "the backup is damaged, or not encrypted under a passphrase",
            hint="for one encrypted for keys, use: age -d",
        )
    work = int(stanza[2])
    if work > _MOST_WORK:
        raise Invalid(
            f"opening the backup would take too much work: 2^{work}, where 2^{_MOST_WORK} is allowed"
        )
    try:
        key = _cipher(_wrapping(passphrase, _decoded(stanza[1]), work)).decrypt(
            bytes(12), _decoded(stanza[3]), None
        )
    except InvalidTag:
        # No rule refuses it: it is an error as a wrong path is.
        raise Invalid(
            "the passphrase is wrong: it does not open the backup",
            hint="try the one it was made with; nothing was changed",
        ) from None
    head = begin[: mac.start() + 3]
    if len(key) != 16 or not hmac.compare_digest(
        hmac.digest(_derived(key, b"", b"header"), head, "sha256"), _decoded(mac[1])
    ):
        raise Invalid("the backup is damaged: its header was changed")
    file.seek(mac.end())
    return _cipher(_derived(key, file.read(16), b"payload"))
