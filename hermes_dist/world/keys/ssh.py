"""SSH keys and signatures, as git makes them with ``gpg.format=ssh``, verified and made in process.

The format is OpenSSH's PROTOCOL.sshsig; key and signature encodings are RFC 8709 (Ed25519), RFC 5656 (ECDSA),
RFC 8332 (RSA with SHA-2) and OpenSSH's PROTOCOL.u2f (security keys). Refused: DSA, RSA under 2048 bits, RSA with
SHA-1, certificates.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from hermes_dist.errors import Invalid, Refused
from hermes_dist.model.trust import fingerprint_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization.ssh import SSHPrivateKeyTypes

_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"
_LARGEST = 1 << 16
_CURVES = {b"ecdsa-sha2-" + curve: curve for curve in (b"nistp256", b"nistp384", b"nistp521")}
_SK_ED, _SK_EC = b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com"
_RSA_BITS = 2048
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
        Invalid: The line is not a public key of an accepted kind.
    """
    words = text.split()
    for at, word in enumerate(words[:-1]):
        if word.encode() in {b"ssh-ed25519", b"ssh-rsa", _SK_ED, _SK_EC, *_CURVES}:
            try:
                blob = base64.b64decode(words[at + 1], validate=True)
                _public_of(blob)
            except (binascii.Error, BadSignature) as err:
                raise Invalid(
                    f"it is no public key that is accepted: {err}", where=text[:60]
                ) from None
            return PublicKey(word, blob, " ".join(words[at + 2 :]))
    raise Invalid(
        "it is no public key", where=text[:60], hint="give a file such as ~/.ssh/id_ed25519.pub"
    )


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

    def rest(self) -> bytes:
        taken, self._at = self._data[self._at :], len(self._data)
        return taken

    def close(self) -> None:
        if self._at != len(self._data):
            raise BadSignature("something follows its end")


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
        raise BadSignature("it is no SSH signature of version 1")
    reader = _Reader(blob[10:])
    public, found, reserved, algorithm, signature = (reader.string() for _ in range(5))
    reader.close()
    if found != namespace.encode() or not found:
        raise BadSignature(
            f"it was made for something else ({found.decode('utf-8', 'replace')!r:.40})"
        )
    if reserved or algorithm not in (b"sha256", b"sha512"):
        raise BadSignature("it uses a part of the format that is not known")
    digest = hashlib.new(algorithm.decode(), message).digest()
    signed = _MAGIC + b"".join(map(_string, (found, reserved, algorithm, digest)))
    kind, check = _public_of(public)
    check(signed, signature)
    return PublicKey(kind, public)


def _dearmored(armor: bytes) -> bytes:
    """Read the armor in the one spelling that programs write: equal lines, a shorter last one, a final newline."""
    first, *lines, last, end = armor.split(b"\n") if armor.count(b"\n") > 2 else (b"",) * 4
    if len(armor) > _LARGEST or first != _BEGIN or last != _END or end or not lines:
        raise BadSignature("its armor is not whole")
    width, text = len(lines[0]), b"".join(lines)
    if len({len(line) for line in lines[:-1]}) > 1 or not 0 < len(lines[-1]) <= width:
        raise BadSignature("its armor is not whole")
    with contextlib.suppress(binascii.Error):
        blob = base64.b64decode(text, validate=True)
        if base64.b64encode(blob) == text and (width <= _LONGEST_LINE or len(lines) == 1):
            return blob
    raise BadSignature("its armor is not base64 as it should be")


Check = Callable[[bytes, bytes], None]


def _public_of(blob: bytes) -> tuple[str, Check]:
    """Read a public key's encoding; gives its kind and what checks a signature by it."""
    reader = _Reader(blob)
    kind = reader.string()
    if kind == b"ssh-ed25519":
        check = _ed25519(reader.string())
    elif kind in _CURVES:
        check = _ecdsa(kind, reader.string(), reader.string())
    elif kind == b"ssh-rsa":
        check = _rsa(reader.string(), reader.string())
    elif kind == _SK_ED:
        check = _security_key(_ed25519(reader.string(), _SK_ED), reader.string())
    elif kind == _SK_EC:
        check = _security_key(_ecdsa(_SK_EC, reader.string(), reader.string()), reader.string())
    else:
        raise BadSignature(f"keys of the kind {kind.decode('utf-8', 'replace')!r:.60} are refused")
    reader.close()
    return kind.decode(), check


def _raw(signature: bytes, *kinds: bytes) -> tuple[bytes, bytes, bytes]:
    """Split a signature into its kind, its bytes, and what follows (flags and counter of security keys)."""
    reader = _Reader(signature)
    kind, raw, rest = reader.string(), reader.string(), reader.rest()
    if kind not in kinds or (rest and kind not in (_SK_ED, _SK_EC)):
        raise BadSignature("it is of another kind than its key")
    return kind, raw, rest


def _holds(verifying: Callable[[], Any]) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only who verifies pays for it

    try:
        verifying()
    except (InvalidSignature, ValueError):
        raise BadSignature("it does not belong to what it signs") from None


def _ed25519(key: bytes, kind: bytes = b"ssh-ed25519") -> Check:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - see _holds

    if len(key) != 32:
        raise BadSignature("its key is not whole")
    public = Ed25519PublicKey.from_public_bytes(key)

    def check(signed: bytes, signature: bytes) -> None:
        _, raw, _ = _raw(signature, kind)
        _holds(lambda: public.verify(raw, signed))

    return check


def _ecdsa(kind: bytes, curve: bytes, point: bytes) -> Check:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - see _holds
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - see _holds
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature  # noqa: PLC0415 - see _holds

    known: dict[bytes, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
        b"nistp256": (ec.SECP256R1(), hashes.SHA256()),
        b"nistp384": (ec.SECP384R1(), hashes.SHA384()),
        b"nistp521": (ec.SECP521R1(), hashes.SHA512()),
    }
    if curve != _CURVES.get(kind, b"nistp256"):
        raise BadSignature("its key's curve is not the one its kind names")
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(known[curve][0], point)
    except ValueError:
        raise BadSignature("its key is not on the curve") from None

    def check(signed: bytes, signature: bytes) -> None:
        _, raw, _ = _raw(signature, kind)
        parts = _Reader(raw)
        r, s = (int.from_bytes(parts.string(), "big") for _ in range(2))
        parts.close()
        _holds(lambda: public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(known[curve][1])))

    return check


def _rsa(exponent: bytes, modulus: bytes) -> Check:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - see _holds
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415 - see _holds

    e, n = int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big")
    if n.bit_length() < _RSA_BITS:
        raise BadSignature(f"RSA keys under {_RSA_BITS} bits are refused")
    try:
        public = rsa.RSAPublicNumbers(e, n).public_key()
    except ValueError:
        raise BadSignature("its key is not whole") from None

    def check(signed: bytes, signature: bytes) -> None:
        kind, raw, _ = _raw(signature, b"rsa-sha2-256", b"rsa-sha2-512")
        algorithm = hashes.SHA256() if kind == b"rsa-sha2-256" else hashes.SHA512()
        padded = raw.rjust((n.bit_length() + 7) // 8, b"\0")
        _holds(lambda: public.verify(padded, signed, padding.PKCS1v15(), algorithm))

    return check


def _security_key(inner: Check, application: bytes) -> Check:
    """A FIDO key signs a digest together with its application, flags and counter (PROTOCOL.u2f)."""

    def check(signed: bytes, signature: bytes) -> None:
        kind, raw, rest = _raw(signature, _SK_ED, _SK_EC)
        if len(rest) != 5 or not rest[0] & 1:
            raise BadSignature("nobody touched the security key for it")
        whole = hashlib.sha256(application).digest() + rest + hashlib.sha256(signed).digest()
        inner(whole, _string(kind) + _string(raw))

    return check


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
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see _holds
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key  # noqa: PLC0415 - see _holds

    try:
        return load_ssh_private_key(private, passphrase)
    except TypeError:
        raise LockedKey("the key is locked with a passphrase") from None
    except UnsupportedAlgorithm as err:
        raise LockedKey(f"the key is locked with a passphrase, or of another kind: {err}") from None
    except ValueError as err:
        raise Invalid(f"it is no private key that can be read here: {err}") from None


def public_of(key: SSHPrivateKeyTypes) -> PublicKey:
    """The public half of a private key.

    Raises:
        Invalid: The key is of a refused kind.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - see _holds

    return parse_public(
        key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    )


def _signature(key: SSHPrivateKeyTypes, signed: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - see _holds
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa  # noqa: PLC0415 - see _holds
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: PLC0415 - see _holds

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return _string(b"ssh-ed25519") + _string(key.sign(signed))
    if isinstance(key, rsa.RSAPrivateKey):
        return _string(b"rsa-sha2-512") + _string(
            key.sign(signed, padding.PKCS1v15(), hashes.SHA512())
        )
    if isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}[
            key.curve.key_size
        ]
        numbers = decode_dss_signature(key.sign(signed, ec.ECDSA(algorithm)))
        raw = b"".join(_string(n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in numbers)
        return _string(f"ecdsa-sha2-nistp{key.curve.key_size}".encode()) + _string(raw)
    raise Invalid("keys of this kind are refused", hint="use an Ed25519 key: ssh-keygen -t ed25519")
