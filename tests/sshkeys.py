"""Keys of every kind for tests, made once a session; a security key is made in software.

The real ssh-keygen makes and uses them where there is one, and asyncssh elsewhere: its keys are of the same format, and
what it signs is put into the envelope of PROTOCOL.sshsig here.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hermes_dist.world.keys.ssh import GIT, PublicKey, parse_public

KINDS = {
    "ed25519": ("-t", "ed25519"),
    "rsa": ("-t", "rsa", "-b", "2048"),
    "ecdsa256": ("-t", "ecdsa", "-b", "256"),
    "ecdsa384": ("-t", "ecdsa", "-b", "384"),
    "ecdsa521": ("-t", "ecdsa", "-b", "521"),
}


@dataclass(frozen=True)
class Key:
    """A key pair in files."""

    path: Path

    @property
    def pub(self) -> Path:
        return self.path.with_name(f"{self.path.name}.pub")

    @property
    def public(self) -> PublicKey:
        return parse_public(self.pub.read_text())

    @property
    def fingerprint(self) -> str:
        return self.public.fingerprint

    @property
    def for_git(self) -> tuple[str, ...]:
        """The options by which git signs with it, by ssh-keygen or by this file as a program."""
        words = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={self.path}")
        if shutil.which("ssh-keygen"):
            return words
        program = self.path.with_name("signs-like-ssh-keygen")
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -W ignore {__file__} "$@"\n')
        program.chmod(0o755)
        return (*words, "-c", f"gpg.ssh.program={program}")

    def sign(self, message: bytes, namespace: str = GIT, *options: str) -> bytes:
        """Sign by ssh-keygen, or as it does."""
        if not shutil.which("ssh-keygen"):
            return self._sign_by_asyncssh(message, namespace)
        words = ["ssh-keygen", "-q", "-Y", "sign", *options, "-n", namespace, "-f", str(self.path)]
        return subprocess.run(words, input=message, capture_output=True, check=True).stdout

    def _sign_by_asyncssh(self, message: bytes, namespace: str) -> bytes:
        import asyncssh

        key = asyncssh.read_private_key(str(self.path))
        parts = (namespace.encode(), b"", b"sha512")
        signed = b"SSHSIG" + b"".join(map(string, (*parts, hashlib.sha512(message).digest())))
        algorithm = b"rsa-sha2-512" if key.algorithm == b"ssh-rsa" else key.algorithm
        made = key.sign(signed, algorithm)
        return armored(
            b"SSHSIG"
            + struct.pack(">I", 1)
            + b"".join(map(string, (key.public_data, *parts, made)))
        )


_BY_ASYNCSSH = {
    "ed25519": ("ssh-ed25519", {}),
    "rsa": ("ssh-rsa", {"key_size": 2048}),
    "ecdsa256": ("ecdsa-sha2-nistp256", {}),
    "ecdsa384": ("ecdsa-sha2-nistp384", {}),
    "ecdsa521": ("ecdsa-sha2-nistp521", {}),
}


def _make_by_asyncssh(path: Path, comment: str, kind: str, passphrase: str) -> Key:
    import asyncssh

    algorithm, more = _BY_ASYNCSSH[kind]
    key = asyncssh.generate_private_key(algorithm, comment=comment, **more)
    key.write_private_key(str(path), passphrase=passphrase or None)
    path.chmod(0o600)
    key.write_public_key(f"{path}.pub")
    return Key(path)


def make(folder: Path, name: str, kind: str = "ed25519", passphrase: str = "") -> Key:
    if not shutil.which("ssh-keygen"):
        return _make_by_asyncssh(folder / name, f"{name} key", kind, passphrase)
    words = [
        "ssh-keygen",
        "-q",
        *KINDS[kind],
        "-N",
        passphrase,
        "-C",
        f"{name} key",
        "-f",
        str(folder / name),
    ]
    subprocess.run(words, check=True, capture_output=True)
    return Key(folder / name)


@cache
def keys(folder: Path) -> dict[str, Key]:
    """A key of each kind."""
    folder.mkdir(exist_ok=True)
    return {kind: make(folder, kind, kind) for kind in KINDS}


def string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def armored(blob: bytes, width: int = 70) -> bytes:
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    return "\n".join(
        ["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]
    ).encode()


def dearmored(armor: bytes) -> bytes:
    return base64.b64decode(b"".join(armor.split(b"\n")[1:-2]))


@dataclass
class SoftwareToken:
    """A security key that is none: signs as PROTOCOL.u2f says, with a flag and a counter."""

    kind: str
    application: bytes = b"ssh:"
    flags: int = 1
    counter: int = 7
    private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey = field(init=False)

    def __post_init__(self) -> None:
        ed = self.kind == "sk-ssh-ed25519@openssh.com"
        self.private = (
            ed25519.Ed25519PrivateKey.generate() if ed else ec.generate_private_key(ec.SECP256R1())
        )

    @property
    def blob(self) -> bytes:
        public = self.private.public_key()
        if isinstance(public, ed25519.Ed25519PublicKey):
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            return string(self.kind.encode()) + string(raw) + string(self.application)
        point = public.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return (
            string(self.kind.encode())
            + string(b"nistp256")
            + string(point)
            + string(self.application)
        )

    def sign(self, message: bytes, namespace: str = GIT) -> bytes:
        parts = (namespace.encode(), b"", b"sha512")
        signed = b"SSHSIG" + b"".join(map(string, (*parts, hashlib.sha512(message).digest())))
        state = struct.pack(">BI", self.flags, self.counter)
        whole = hashlib.sha256(self.application).digest() + state + hashlib.sha256(signed).digest()
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            raw = self.private.sign(whole)
        else:
            numbers = decode_dss_signature(self.private.sign(whole, ec.ECDSA(hashes.SHA256())))
            raw = b"".join(string(n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in numbers)
        made = string(self.kind.encode()) + string(raw) + state
        return armored(
            b"SSHSIG" + struct.pack(">I", 1) + b"".join(map(string, (self.blob, *parts, made)))
        )


def main() -> None:
    """Sign a file as ``ssh-keygen -Y sign -n git -f KEY FILE`` does; other words are passed over."""
    words = sys.argv[1:]
    key, file = Key(Path(words[words.index("-f") + 1])), Path(words[-1])
    Path(f"{file}.sig").write_bytes(key.sign(file.read_bytes()))


if __name__ == "__main__":
    main()
