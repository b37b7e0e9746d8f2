"""SSH signatures, ours and those of the real ssh-keygen."""

from __future__ import annotations

import base64
import hashlib
import struct
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from sshkeys import KINDS, Key, SoftwareToken, armored, dearmored, keys, make, string

from hermes_dist.errors import Invalid
from hermes_dist.world.keys.ssh import (
    FILE,
    GIT,
    BadSignature,
    LockedKey,
    load_private,
    parse_public,
    public_of,
    sign,
    verify,
)

MESSAGE = b"tree 1\n\nA message.\n"
TOKENS = ("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")


@pytest.fixture(scope="session")
def ring(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Key]:
    return keys(tmp_path_factory.getbasetemp() / "keys")


@pytest.mark.needs("ssh-keygen")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hashing", ["sha256", "sha512"])
def test_what_ssh_keygen_signs_is_verified(ring: dict[str, Key], kind: str, hashing: str) -> None:
    armor = ring[kind].sign(MESSAGE, GIT, "-O", f"hashalg={hashing}")
    assert verify(MESSAGE, armor, GIT).fingerprint == ring[kind].fingerprint


@pytest.mark.needs("ssh-keygen")
@pytest.mark.parametrize("kind", KINDS)
def test_what_we_sign_is_verified_by_ssh_keygen(
    ring: dict[str, Key], kind: str, tmp_path: Path
) -> None:
    key = ring[kind]
    (tmp_path / "signers").write_text(f"ada@example.org {key.pub.read_text()}")
    (tmp_path / "sig").write_bytes(sign(MESSAGE, key.path.read_bytes(), GIT))
    words = [
        "-f",
        str(tmp_path / "signers"),
        "-I",
        "ada@example.org",
        "-n",
        GIT,
        "-s",
        str(tmp_path / "sig"),
    ]
    done = subprocess.run(
        ["ssh-keygen", "-Y", "verify", *words], input=MESSAGE, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert public_of(load_private(key.path.read_bytes())).blob == key.public.blob


@pytest.mark.needs("ssh-keygen")
@pytest.mark.parametrize("kind", KINDS)
def test_fingerprints_are_those_of_ssh_keygen(ring: dict[str, Key], kind: str) -> None:
    said = subprocess.run(
        ["ssh-keygen", "-lf", str(ring[kind].pub)], capture_output=True, check=True, text=True
    ).stdout
    assert ring[kind].fingerprint in said.split()


@pytest.mark.parametrize("kind", TOKENS)
def test_security_keys_count_when_somebody_touched_them(kind: str) -> None:
    token = SoftwareToken(kind)
    armor = token.sign(MESSAGE)
    assert verify(MESSAGE, armor, GIT).blob == token.blob
    with pytest.raises(BadSignature, match="does not belong"):
        verify(MESSAGE + b"!", armor, GIT)
    token.flags = 0
    with pytest.raises(BadSignature, match="nobody touched"):
        verify(MESSAGE, token.sign(MESSAGE), GIT)


@pytest.mark.parametrize("kind", TOKENS)
@pytest.mark.parametrize("offset", [1, 5])
def test_flags_and_counter_of_a_security_key_are_signed(kind: str, offset: int) -> None:
    blob = bytearray(dearmored(SoftwareToken(kind).sign(MESSAGE)))
    blob[-offset] ^= 4
    with pytest.raises(BadSignature):
        verify(MESSAGE, armored(bytes(blob)), GIT)


def rsa_armor(bits: int, algorithm: bytes, hashing: hashes.HashAlgorithm) -> bytes:
    private = rsa.generate_private_key(65537, bits)
    numbers = private.public_key().public_numbers()
    blob = string(b"ssh-rsa") + b"".join(
        string(n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in (numbers.e, numbers.n)
    )
    parts = (b"git", b"", b"sha512")
    signed = b"SSHSIG" + b"".join(map(string, (*parts, hashlib.sha512(MESSAGE).digest())))
    made = string(algorithm) + string(private.sign(signed, padding.PKCS1v15(), hashing))
    return armored(b"SSHSIG" + struct.pack(">I", 1) + b"".join(map(string, (blob, *parts, made))))


def test_weak_keys_and_digests_are_refused() -> None:
    assert verify(MESSAGE, rsa_armor(2048, b"rsa-sha2-256", hashes.SHA256()), GIT).kind == "ssh-rsa"
    with pytest.raises(BadSignature, match="under 2048 bits"):
        verify(MESSAGE, rsa_armor(1024, b"rsa-sha2-512", hashes.SHA512()), GIT)
    with pytest.raises(BadSignature, match="does not match its key"):
        verify(MESSAGE, rsa_armor(2048, b"ssh-rsa", hashes.SHA1()), GIT)
    for kind in (
        b"ssh-dss",
        b"ssh-ed25519-cert-v01@openssh.com",
        b"webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
        b"",
    ):
        blob = b"SSHSIG" + struct.pack(">I", 1)
        blob += b"".join(
            map(string, (string(kind) + string(b"x" * 32), b"git", b"", b"sha512", b"x"))
        )
        with pytest.raises(BadSignature, match="are refused"):
            verify(MESSAGE, armored(blob), GIT)


def rebuilt(armor: bytes, **parts: bytes) -> bytes:
    """The same signature with some of its parts replaced."""
    blob = dearmored(armor)
    at, found = 10, []
    for _ in range(5):
        (size,) = struct.unpack(">I", blob[at : at + 4])
        found.append(blob[at + 4 : at + 4 + size])
        at += 4 + size
    named = (
        dict(zip(("key", "namespace", "reserved", "hash", "signature"), found, strict=True)) | parts
    )
    head = named.pop("head", blob[:10])
    tail = named.pop("tail", b"")
    return armored(head + b"".join(map(string, named.values())) + tail)


def test_every_part_of_a_signature_is_held_to_the_format(ring: dict[str, Key]) -> None:
    key, other = ring["ed25519"], ring["ecdsa256"]
    armor = key.sign(MESSAGE)
    assert verify(MESSAGE, rebuilt(armor), GIT).blob == key.public.blob
    manipulated = {
        "another message": (MESSAGE + b" ", armor),
        "an empty message": (b"", armor),
        "another namespace": (MESSAGE, key.sign(MESSAGE, FILE)),
        "no namespace": (MESSAGE, rebuilt(armor, namespace=b"")),
        "a renamed namespace": (MESSAGE, rebuilt(key.sign(MESSAGE, FILE), namespace=b"git")),
        "another key": (MESSAGE, rebuilt(armor, key=other.public.blob)),
        "another key of the kind": (
            MESSAGE,
            rebuilt(armor, key=string(b"ssh-ed25519") + string(b"\1" * 32)),
        ),
        "a short key": (MESSAGE, rebuilt(armor, key=string(b"ssh-ed25519") + string(b"\1" * 31))),
        "a key with more behind it": (MESSAGE, rebuilt(armor, key=key.public.blob + b"\0")),
        "something reserved": (MESSAGE, rebuilt(armor, reserved=b"x")),
        "another digest": (MESSAGE, rebuilt(armor, hash=b"sha256")),
        "an unknown digest": (MESSAGE, rebuilt(armor, hash=b"md5")),
        "a signature of nothing": (MESSAGE, rebuilt(armor, signature=b"")),
        "a signature of another kind": (
            MESSAGE,
            rebuilt(armor, signature=string(b"rsa-sha2-512") + string(b"x" * 64)),
        ),
        "a signature with more behind it": (MESSAGE, rebuilt(armor, tail=b"\0")),
        "another magic": (MESSAGE, rebuilt(armor, head=b"SSHSIX\0\0\0\1")),
        "another version": (MESSAGE, rebuilt(armor, head=b"SSHSIG\0\0\0\2")),
        "the signature of another message": (MESSAGE, key.sign(b"x")),
        "no armor": (MESSAGE, b""),
        "cut armor": (MESSAGE, armor[: len(armor) // 2]),
        "armor without its end": (MESSAGE, armor[:-20]),
        "armor without its last newline": (MESSAGE, armor[:-1]),
        "armor with more newlines": (MESSAGE, armor + b"\n"),
        "armor of Windows": (MESSAGE, armor.replace(b"\n", b"\r\n")),
        "two signatures": (MESSAGE, armor + armor),
        "a line less": (
            MESSAGE,
            b"\n".join(line for at, line in enumerate(armor.split(b"\n")) if at != 2),
        ),
        "uneven lines": (
            MESSAGE,
            armor.replace(b"\n", b"", 2).replace(b"SIGNATURE-----", b"SIGNATURE-----\n", 1),
        ),
        "very large": (MESSAGE, armored(b"SSHSIG\0\0\0\1" + string(b"x" * 70_000))),
        "a length beyond the end": (
            MESSAGE,
            armored(b"SSHSIG\0\0\0\1" + struct.pack(">I", 1 << 31) + b"x" * 90),
        ),
    }
    for what, (message, changed) in manipulated.items():
        with pytest.raises(BadSignature):
            pytest.fail(f"{what}: {verify(message, changed, GIT)}")


def test_other_programs_wrap_their_lines_otherwise(ring: dict[str, Key]) -> None:
    blob = dearmored(ring["ed25519"].sign(MESSAGE))
    for width in (64, 76, 10_000):
        assert verify(MESSAGE, armored(blob, width), GIT).blob == ring["ed25519"].public.blob


def test_the_last_letter_has_one_spelling_alone(ring: dict[str, Key]) -> None:
    """Base64 leaves bits over in its last letter: another letter there would give the same bytes."""
    token = SoftwareToken(TOKENS[0], application=b"ssh:1")
    for extra in range(3):
        token.application = b"ssh:" + b"x" * extra
        armor = token.sign(MESSAGE)
        body = armor.split(b"\n")[-3]
        if not body.endswith(b"="):
            continue
        letter = body.rstrip(b"=")[-1:]
        twin = bytes([letter[0] + 1])
        changed = armor.replace(body, body.rstrip(b"=")[:-1] + twin + b"=" * body.count(b"="))
        with pytest.raises(BadSignature):
            verify(MESSAGE, changed, GIT)


@pytest.mark.needs("ssh-keygen")
def test_private_keys_that_cannot_sign_here_say_why(tmp_path: Path, ring: dict[str, Key]) -> None:
    locked = make(tmp_path, "locked", passphrase="secret words")
    with pytest.raises(LockedKey, match="passphrase"):
        load_private(locked.path.read_bytes())
    with pytest.raises(Invalid, match="not a private key"):
        load_private(b"nothing of the kind")
    with pytest.raises(Invalid):
        parse_public("ssh-dss AAAAB3NzaC1kc3M= old")
    with pytest.raises(Invalid, match="not a public key"):
        parse_public("hello world")
    line = ring["rsa"].pub.read_text()
    assert parse_public(f'ada@example.org namespaces="git" {line}').blob == parse_public(line).blob


def test_a_key_is_of_the_kind_that_its_line_names(ring: dict[str, Key]) -> None:
    blob = ring["ed25519"].pub.read_text().split()[1]
    with pytest.raises(Invalid, match="not of the kind that it says"):
        parse_public(f"ssh-rsa {blob}")


def test_a_compressed_point_is_refused(ring: dict[str, Key]) -> None:
    blob = ring["ecdsa256"].public.blob
    at = len(blob) - 65
    short = blob[: at - 4] + string(bytes([2 + blob[-1] % 2]) + blob[at + 1 : at + 33])
    line = f"ecdsa-sha2-nistp256 {base64.b64encode(short).decode()}"
    with pytest.raises(Invalid, match="damaged"):
        parse_public(line)
