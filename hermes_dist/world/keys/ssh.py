"""SSH keys and signatures, as git makes them with ``gpg.format=ssh``, verified and made in process.

The format is OpenSSH's PROTOCOL.sshsig; signature encodings are RFC 8709 (Ed25519), RFC 5656 (ECDSA), RFC 8332 (RSA
with SHA-2) and OpenSSH's PROTOCOL.u2f (security keys). The cryptography package loads keys; it knows no sshsig.
Refused: DSA, RSA under 2048 bits, RSA with SHA-1, certificates. Importing this module costs 23 ms: only what is signed
should pay for it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from collections.abc import Callable
from functools import partial

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_private_key,
    load_ssh_public_key,
)
from cryptography.hazmat.primitives.serialization.ssh import SSHPrivateKeyTypes, SSHPublicKeyTypes
from msgspec import Struct

from hermes_dist.errors import Invalid, Refused, quoted
from hermes_dist.model.trust import fingerprint_of

_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"
_LARGEST = 1 << 16
_SECURITY_KEYS = frozenset({b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com"})
_ACCEPTED = _SECURITY_KEYS | {
    b"ssh-ed25519",
    b"ssh-rsa",
    b"ecdsa-sha2-nistp256",
    b"ecdsa-sha2-nistp384",
    b"ecdsa-sha2-nistp521",
}
_SIGNED_AS = {b"ssh-rsa": (b"rsa-sha2-256", b"rsa-sha2-512")}
"""The kinds of signatures that a kind of keys makes, where they have other names: RSA never with SHA-1."""
_FLAGS_AND_COUNTER = 5
_RSA_BITS = 2048
_PRIVATE = base64.b64encode(b"openssh-key-v1").decode().rstrip("=")[:-1]
"""How the content of a private key begins."""
_PUBLIC = "give a file such as ~/.ssh/id_ed25519.pub"
_LINE, _LONGEST_LINE = 70, 100
GIT, FILE = "git", "hermes-dist"
"""Namespaces: what git signs, and what we sign beside it."""


class BadSignature(Refused):
    """A signature that is not valid or is of a refused kind."""


class LockedKey(Invalid):
    """A private key that only an ssh agent can use: locked with a passphrase, or kept in a security key."""


class PublicKey(Struct, frozen=True):
    """A public key.

    Attributes:
        kind: Its type, such as ``ssh-ed25519``.
        blob: Its encoding, as it stands base64-encoded in ``.pub`` files.
        comment: The words behind it.
    """

    kind: str
    blob: bytes
    comment: str = ""

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` as ``ssh-keygen -l`` shows it."""
        return fingerprint_of(self.blob)

    @property
    def line(self) -> str:
        """The key as one line of a ``.pub`` file."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()} {self.comment}".rstrip()


def parse_public(text: str) -> PublicKey:
    """Read a line of a ``.pub`` or ``allowed_signers`` file.

    Raises:
        Invalid: The line is not a public key of an accepted kind; the error shows nothing of it, as it may be private.
    """
    if is_private(text):
        raise Invalid(
            "it is a private key, which nobody else may see",
            hint="give its public half: the file beside it that ends with .pub",
        )
    words = text.split()
    for at, word in enumerate(words[:-1]):
        if word.encode() in _ACCEPTED:
            try:
                blob = base64.b64decode(words[at + 1], validate=True)
                _load_public(word.encode(), blob)
            except (binascii.Error, BadSignature) as err:
                raise Invalid(f"it is not an accepted public key: {err}", hint=_PUBLIC) from None
            return PublicKey(word, blob, " ".join(words[at + 2 :]))
    raise Invalid("it is not a public key", hint=_PUBLIC)


def is_private(text: str) -> bool:
    """Whether a text is a private key, or the beginning of what stands inside its armor."""
    return "PRIVATE KEY" in text or _PRIVATE in text


def _load_public(kind: bytes, blob: bytes) -> SSHPublicKeyTypes:
    """Load a public key of a kind that we accept.

    Raises:
        BadSignature: The kind is refused, or the key is damaged, of another kind, or too short.
    """
    # The library would load DSA keys and certificates, too.
    if kind not in _ACCEPTED:
        raise BadSignature(
            f"keys of the kind {quoted(kind.decode('utf-8', 'replace'), 60)} are refused"
        )
    try:
        key = load_ssh_public_key(kind + b" " + base64.b64encode(blob))
    except (ValueError, UnsupportedAlgorithm, RuntimeError):  # the last one for compressed points
        raise BadSignature("its key is damaged, or not of the kind that it says") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _RSA_BITS:
        raise BadSignature(f"RSA keys under {_RSA_BITS} bits are refused")
    return key


class _Reader:
    """Length-prefixed strings of the SSH wire format (RFC 4251 §5)."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def string(self) -> bytes:
        end = self._at + 4
        if end > len(self._data):
            raise BadSignature("it is cut short")
        (size,) = struct.unpack(">I", self._data[self._at : end])
        if size > _LARGEST or end + size > len(self._data):
            raise BadSignature("a length in it is wrong")
        self._at = end + size
        return self._data[end : self._at]

    def strings(self) -> list[bytes]:
        found = []
        while self._at < len(self._data):
            found.append(self.string())
        return found

    def rest(self) -> bytes:
        taken, self._at = self._data[self._at :], len(self._data)
        return taken

    def close(self) -> None:
        if self._at != len(self._data):
            raise BadSignature("there is data after its end")


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def verify(message: bytes, armor: bytes, namespace: str) -> PublicKey:
    """Verify a signature.

    Args:
        message: What was signed.
        armor: The signature, ``-----BEGIN SSH SIGNATURE-----`` and so on.
        namespace: What it was made for; git's is ``git``.

    Returns:
        The key that made it; trust is decided elsewhere.

    Raises:
        BadSignature: The signature is not valid.
    """
    blob = _dearmored(armor)
    if blob[:6] != _MAGIC or blob[6:10] != struct.pack(">I", 1):
        raise BadSignature("it is not an SSH signature of version 1")
    reader = _Reader(blob[10:])
    public, found, reserved, algorithm, signature = (reader.string() for _ in range(5))
    reader.close()
    if found != namespace.encode() or not found:
        raise BadSignature(
            f"it was made for something else ({quoted(found.decode('utf-8', 'replace'), 40)})"
        )
    if reserved or algorithm not in (b"sha256", b"sha512"):
        raise BadSignature("it uses an unknown part of the format")
    digest = hashlib.new(algorithm.decode(), message).digest()
    signed = _MAGIC + b"".join(map(_string, (found, reserved, algorithm, digest)))
    kind = _Reader(public).string()
    _check(kind, public, signed, signature)
    return PublicKey(kind.decode(), public)


def _dearmored(armor: bytes) -> bytes:
    """Decode the armor, in the one spelling that programs write.

    Raises:
        BadSignature: It is spelled in another way.
    """
    text = b"".join(_body(armor))
    try:
        blob = base64.b64decode(text, validate=True)
    except binascii.Error:
        blob = b""
    # The last letter leaves bits over: with other bits there, other text would be the same signature.
    if not blob or base64.b64encode(blob) != text:
        raise BadSignature("its armor is not valid base64")
    return blob


def _body(armor: bytes) -> list[bytes]:
    """Return the lines between the armor's first and last: equal ones, and one at the end that may be shorter.

    Raises:
        BadSignature: The armor is not whole, or its lines are uneven or long.
    """
    parts = armor.split(b"\n")
    lines = parts[1:-2]
    framed = parts[0] == _BEGIN and parts[-2:] == [_END, b""]
    if len(armor) > _LARGEST or not framed or not lines:
        raise BadSignature("its armor is incomplete")
    width = len(lines[0])
    even = all(len(line) == width for line in lines[:-1])
    if not even or not 0 < len(lines[-1]) <= width:
        raise BadSignature("its armor is incomplete")
    if width > _LONGEST_LINE and len(lines) > 1:
        raise BadSignature("its armor is not valid base64")
    return lines


def _check(kind: bytes, public: bytes, signed: bytes, signature: bytes) -> None:
    """Check a signature by the key that it brings.

    Raises:
        BadSignature: The key is refused, or the signature is not its own.
    """
    key = _load_public(kind, public)
    parts = _Reader(signature)
    made, raw, rest = parts.string(), parts.string(), parts.rest()
    if made not in _SIGNED_AS.get(kind, (kind,)) or (rest and kind not in _SECURITY_KEYS):
        raise BadSignature("its kind does not match its key")
    if kind in _SECURITY_KEYS:
        signed = _by_token(_Reader(public).strings()[-1], rest, signed)
    _holds(_verifier(key, made, raw), signed)


def _by_token(application: bytes, rest: bytes, signed: bytes) -> bytes:
    """Return what a FIDO key signs: a digest, with its application, flags and counter (PROTOCOL.u2f).

    Raises:
        BadSignature: Nobody touched the key.
    """
    if len(rest) != _FLAGS_AND_COUNTER or not rest[0] & 1:
        raise BadSignature("nobody touched the security key for it")
    return hashlib.sha256(application).digest() + rest + hashlib.sha256(signed).digest()


def _holds(verifying: Callable[[bytes], None], signed: bytes) -> None:
    try:
        verifying(signed)
    except (InvalidSignature, ValueError):
        raise BadSignature("it does not belong to what it signs") from None


def _verifier(key: SSHPublicKeyTypes, made: bytes, raw: bytes) -> Callable[[bytes], None]:
    """Return what verifies a raw signature of a key; it raises InvalidSignature."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return partial(key.verify, raw)
    if isinstance(key, ec.EllipticCurvePublicKey):
        numbers = _Reader(raw)
        r, s = (int.from_bytes(numbers.string(), "big") for _ in range(2))
        numbers.close()
        by = ec.ECDSA(_hash_for(key.curve))
        return partial(key.verify, encode_dss_signature(r, s), signature_algorithm=by)
    if isinstance(key, rsa.RSAPublicKey):
        named = {b"rsa-sha2-256": hashes.SHA256(), b"rsa-sha2-512": hashes.SHA512()}
        # OpenSSH leaves out zeros at the front, which the library wants
        whole = raw.rjust((key.key_size + 7) // 8, b"\0")
        return partial(key.verify, whole, padding=padding.PKCS1v15(), algorithm=named[made])
    raise BadSignature("keys of this kind are refused")


def _hash_for(curve: ec.EllipticCurve) -> hashes.HashAlgorithm:
    """Return the hash that goes with a curve (RFC 5656 §6.2.1)."""
    if curve.key_size <= 256:
        return hashes.SHA256()
    return hashes.SHA384() if curve.key_size <= 384 else hashes.SHA512()


def sign(message: bytes, private: bytes, namespace: str, passphrase: bytes | None = None) -> bytes:
    """Sign with a private key in OpenSSH's or PEM format.

    Args:
        message: What to sign.
        private: The key file's content.
        namespace: What it is made for.
        passphrase: The key's passphrase; None for a key without.

    Returns:
        The armored signature.

    Raises:
        Invalid: The key can't be read, needs a passphrase, or is of a refused kind.
    """
    key = load_private(private, passphrase)
    public = public_of(key)
    digest = hashlib.sha512(message).digest()
    signed = _MAGIC + b"".join(map(_string, (namespace.encode(), b"", b"sha512", digest)))
    made = _signature(key, signed)
    parts = (public.blob, namespace.encode(), b"", b"sha512", made)
    blob = _MAGIC + struct.pack(">I", 1) + b"".join(map(_string, parts))
    text = base64.b64encode(blob)
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return b"\n".join([_BEGIN, *lines, _END]) + b"\n"


def load_private(private: bytes, passphrase: bytes | None = None) -> SSHPrivateKeyTypes:
    """Read a private key.

    Raises:
        LockedKey: The key needs a passphrase.
        Invalid: The key can't be read.
    """
    try:
        return load_ssh_private_key(private, passphrase)
    except TypeError:
        raise LockedKey("the key is locked with a passphrase") from None
    except UnsupportedAlgorithm as err:
        raise LockedKey(f"the key is locked with a passphrase, or of another kind: {err}") from None
    except ValueError as err:
        raise Invalid(f"it is not a private key that can be read here: {err}") from None


def public_of(key: SSHPrivateKeyTypes) -> PublicKey:
    """The public half of a private key.

    Raises:
        Invalid: The key is of a refused kind.
    """
    return parse_public(
        key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    )


def _signature(key: SSHPrivateKeyTypes, signed: bytes) -> bytes:

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return _string(b"ssh-ed25519") + _string(key.sign(signed))
    if isinstance(key, rsa.RSAPrivateKey):
        return _string(b"rsa-sha2-512") + _string(
            key.sign(signed, padding.PKCS1v15(), hashes.SHA512())
        )
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers = decode_dss_signature(key.sign(signed, ec.ECDSA(_hash_for(key.curve))))
        # SSH numbers are signed (RFC 4251 §5): before a high first bit belongs a zero byte.
        raw = b"".join(_string(n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in numbers)
        return _string(f"ecdsa-sha2-nistp{key.curve.key_size}".encode()) + _string(raw)
    raise Invalid("keys of this kind are refused", hint="use an Ed25519 key: ssh-keygen -t ed25519")
