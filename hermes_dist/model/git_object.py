"""Raw git commits and tags: the signed part and the signature (see git's signature-format documentation)."""

from __future__ import annotations

from hermes_dist import lazily
from hermes_dist.model.discreet import Contents

_TAG = lazily.pattern(
    rb"object ([0-9a-f]{40}|[0-9a-f]{64})\ntype (commit|tag|tree|blob)\ntag ([^\n]+)\ntagger [^\n]*\n\n"
)
_ARMOR = b"-----BEGIN SSH SIGNATURE-----"
_OTHERS = (b"-----BEGIN PGP ", b"-----BEGIN SIGNED MESSAGE-----")


class Signed(Contents, frozen=True):
    """A commit or tag split into its signed part and its signature.

    Attributes:
        payload: The bytes that are signed.
        armor: The SSH signature; empty if there is none.
        other: Whether there is a signature of another kind (OpenPGP, X.509).
    """

    payload: bytes
    armor: bytes
    other: bool = False


def name_of(kind: str, data: bytes | bytearray, *, sha256: bool) -> str:
    """The name that git gives an object."""
    import hashlib  # noqa: PLC0415 - start-up

    head = head_of(kind, data)
    new = hashlib.sha256(head) if sha256 else hashlib.sha1(head, usedforsecurity=False)
    new.update(data)
    return new.hexdigest()


def head_of(kind: str, data: bytes | bytearray) -> bytes:
    """What stands before the bytes of an object where git keeps it."""
    return f"{kind} {len(data)}\0".encode()


def signed_commit(raw: bytes) -> Signed:
    """Split a commit: the signature is a header, and the payload is the commit without that header."""
    head, separator, body = raw.partition(b"\n\n")
    kept: list[bytes] = []
    armor: list[bytes] = []
    inside = False
    for line in head.split(b"\n"):
        if line.startswith((b"gpgsig ", b"gpgsig-sha256 ")):
            inside = True
            armor.append(line.partition(b" ")[2])
        elif inside and line.startswith(b" "):
            armor.append(line[1:])
        else:
            inside = False
            kept.append(line)
    return _split(b"\n".join(kept) + separator + body, b"".join(line + b"\n" for line in armor))


def signed_tag(raw: bytes) -> Signed:
    """Split an annotated tag: the signature follows the message."""
    starts = [at for mark in (_ARMOR, *_OTHERS) if (at := raw.rfind(b"\n" + mark)) >= 0]
    # The last one counts, as for git: a message may quote an earlier signature.
    at = len(raw)
    if starts:
        at = max(starts) + 1
    return _split(raw[:at], raw[at:])


def _split(payload: bytes, armor: bytes) -> Signed:
    if armor.startswith(_ARMOR):
        return Signed(payload, armor)
    return Signed(payload, b"", other=bool(armor))


def tag_target(raw: bytes) -> tuple[str, str, str]:
    """Read which object an annotated tag names.

    Returns:
        The object, its type, and the tag's own name; all empty if these lines are not exactly as git writes them.
    """
    match = _TAG.match(raw)
    if match is None:
        return "", "", ""
    return match[1].decode(), match[2].decode(), match[3].decode("utf-8", "surrogateescape")
