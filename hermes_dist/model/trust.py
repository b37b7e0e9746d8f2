"""Trust as data: signatures found, the keyring, key successions, and team policies.

Files: ``trust.toml`` and ``policy.toml`` on this machine, ``distribution.keys`` in a package (docs/trust.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist import lazily
from hermes_dist.errors import Invalid, quoted
from hermes_dist.lazily import base64

KEYS_FILE = "distribution.keys"
"""The file at a package's root that lists which key succeeds which."""
_FORMAT = 1
_MAX_BYTES = 256 << 10
_MOST = 1000
_FINGERPRINT = lazily.pattern(r"SHA256:[A-Za-z0-9+/]{43}")
_KEY = lazily.pattern(r"[a-z0-9@.-]{1,60} [A-Za-z0-9+/]+={0,2}")
_NAME = lazily.pattern(r"[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]{0,98}[^\x00-\x20\x7f])?")

SIGNATURE, TRUSTED, PINNED = "signature", "trusted", "pinned"
REQUIREMENTS = (SIGNATURE, TRUSTED, PINNED)
"""What a policy can require: any signature, a signature by a known key, or a source that names a tag or commit."""


class Signature(Struct, frozen=True, kw_only=True):
    """A signature that was found.

    Attributes:
        on: The object that is signed.
        signer: The fingerprint of the key that made it; empty if it is not valid or can't be read.
        trouble: Why it is not valid; empty if it is.
        foreign: Whether it is of an unsupported kind: OpenPGP or X.509.
    """

    on: Literal["tag", "commit"]
    signer: str = ""
    trouble: str = ""
    foreign: bool = False


class KnownKey(Struct, frozen=True, order=True):
    """A key that the user or a team trusts or revokes.

    Attributes:
        name: The name of its owner.
        fingerprint: ``SHA256:…``.
        key: The key itself (kind and encoding), if it was given.
        reason: Why it was revoked.
    """

    name: str
    fingerprint: str
    key: str = ""
    reason: str = ""


class Keyring(Struct, frozen=True):
    """The keys of this machine.

    Attributes:
        trusted: Keys with a name.
        revoked: Keys whose signatures are no longer accepted.
    """

    trusted: tuple[KnownKey, ...] = ()
    revoked: tuple[KnownKey, ...] = ()

    def name_of(self, fingerprint: str) -> str:
        """Return the name of a key's owner; empty for an unknown key."""
        return next((key.name for key in self.trusted if key.fingerprint == fingerprint), "")

    def revocation(self, fingerprint: str) -> KnownKey | None:
        """Return the revocation of a key; None if it is not revoked."""
        return next((key for key in self.revoked if key.fingerprint == fingerprint), None)

    def find(self, who: str) -> tuple[KnownKey, ...]:
        """Return every entry with this name or fingerprint."""
        return tuple(
            key for key in (*self.trusted, *self.revoked) if who in (key.name, key.fingerprint)
        )

    def trusting(self, key: KnownKey) -> Keyring:
        """Return the keyring with one more trusted key."""
        others = [other for other in self.trusted if other.fingerprint != key.fingerprint]
        return replace(self, trusted=tuple(sorted([*others, key])))

    def revoking(self, key: KnownKey) -> Keyring:
        """Return the keyring with a key revoked."""
        left = self.without(key.fingerprint)
        return replace(left, revoked=tuple(sorted([*left.revoked, key])))

    def without(self, fingerprint: str) -> Keyring:
        """Return the keyring without any entry for a key."""
        return Keyring(
            tuple(key for key in self.trusted if key.fingerprint != fingerprint),
            tuple(key for key in self.revoked if key.fingerprint != fingerprint),
        )

    def joined(self, other: Keyring) -> Keyring:
        """Return both keyrings combined; names in this one take precedence."""
        return Keyring((*self.trusted, *other.trusted), (*self.revoked, *other.revoked))


class Policy(Struct, frozen=True, kw_only=True):
    """The packages that a team or a machine accepts.

    Attributes:
        place: The file it was read from.
        sources: Patterns of accepted sources; None accepts all.
        require: Some of :data:`REQUIREMENTS`.
        keyring: The keys that the policy itself lists.
    """

    place: str
    sources: tuple[str, ...] | None = None
    require: frozenset[str] = frozenset()
    keyring: Keyring = Keyring()


class Succession(Struct, frozen=True):
    """A statement by one key that another key succeeds it.

    Attributes:
        old: The key that signed this, as ``kind base64``.
        new: The key that succeeds it.
        signature: The armored signature over :func:`statement`, in our own namespace.
    """

    old: str
    new: str
    signature: str


def statement(old: str, new: str) -> bytes:
    """Return the text that the old key signs to name the new one; keys are written as ``kind base64``."""
    return f"hermes-dist: what the first key signed, the second may sign from now on\n{old}\n{new}\n".encode()


def is_owner(text: str) -> bool:
    """Return whether a text can name the owner of a key in a file."""
    return bool(_NAME.fullmatch(text))


def is_fingerprint(text: str) -> bool:
    """Return whether a text is a fingerprint, ``SHA256:…`` as ``ssh-keygen -l`` shows it."""
    return bool(_FINGERPRINT.fullmatch(text))


def fingerprint_of(blob: bytes) -> str:
    """Return the fingerprint of an encoded key, as ``ssh-keygen -l`` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def load_keyring(data: bytes, place: str) -> Keyring:
    """Read a keyring.

    Raises:
        Invalid: The file is damaged or has a newer format.
    """
    return _loaded(data, place, lambda raw: _keyring(raw, {"trusted", "revoked"}))


def dump_keyring(keyring: Keyring) -> bytes:
    """Write a keyring, sorted, with one table per key."""
    tables = {"trusted": map(key_row, keyring.trusted), "revoked": map(key_row, keyring.revoked)}
    return _dumped("Keys of this machine, written by: hermes-dist trust.", tables)


def load_policy(data: bytes, place: str) -> Policy:
    """Read a policy; an unknown rule is an error, so that no rule is ignored.

    Raises:
        Invalid: The policy is damaged, has a newer format, or contains an unknown rule.
    """
    return _loaded(data, place, lambda raw: policy_of(raw, place))


def policy_of(raw: Mapping[str, object], place: str) -> Policy:
    """Read a policy that is a table already.

    Raises:
        KeyError: A field is missing.
        TypeError: A field is of another type.
        ValueError: A field is not valid or not known.
    """
    keyring = _keyring(raw, {"trusted", "revoked", "sources", "require"})
    require = frozenset(_texts(raw, "require"))
    if wrong := sorted(require - set(REQUIREMENTS)):
        raise ValueError(f"require takes {', '.join(REQUIREMENTS)}, not {quoted(wrong[0], 40)}")
    sources = None
    if "sources" in raw:
        sources = tuple(_texts(raw, "sources"))
    return Policy(place=place, sources=sources, require=require, keyring=keyring)


def policy_row(policy: Policy) -> dict[str, object]:
    """A policy as a table, for :func:`policy_of`."""
    row: dict[str, object] = {}
    if policy.sources is not None:
        row["sources"] = list(policy.sources)
    if policy.require:
        row["require"] = sorted(policy.require)
    keys = {"trusted": policy.keyring.trusted, "revoked": policy.keyring.revoked}
    return row | {name: [key_row(key) for key in found] for name, found in keys.items() if found}


def dump_policy(policy: Policy) -> bytes:
    """Write a policy."""
    return _toml("The policy of a team, written by: hermes-dist apply.", policy_row(policy))


def load_successions(data: bytes) -> tuple[Succession, ...]:
    """Read a package's ``distribution.keys``; its signatures are not verified here.

    Raises:
        Invalid: The file is damaged or has a newer format.
    """

    def read(raw: Mapping[str, object]) -> tuple[Succession, ...]:
        rows = _rows(raw, "succession")
        return tuple(
            Succession(_text(r, "from"), _text(r, "to"), _text(r, "signature")) for r in rows
        )

    return _loaded(data, KEYS_FILE, read)


def dump_successions(successions: tuple[Succession, ...]) -> bytes:
    """Write ``distribution.keys``."""
    rows = [{"from": s.old, "to": s.new, "signature": s.signature} for s in successions]
    return _dumped(
        "Which key follows which, written by: hermes-dist sign --rotate.", {"succession": rows}
    )


_T = TypeVar("_T")


def _loaded(data: bytes, place: str, read: Callable[[Mapping[str, object]], _T]) -> _T:
    try:
        if len(data) > _MAX_BYTES:
            raise ValueError(f"it is larger than {_MAX_BYTES >> 10} KiB")
        import tomli  # noqa: PLC0415 - start-up

        raw = tomli.loads(data.decode())
        number = raw.get("format", _FORMAT)
        # TOML has booleans, and to Python True equals 1.
        if isinstance(number, int) and number > _FORMAT:
            raise Invalid(
                f"it has format {number}, newer than this program knows ({_FORMAT})",
                where=place,
                hint="update hermes-dist; the file stays as it is",
            )
        if number != _FORMAT or isinstance(number, bool):
            raise ValueError(f"its format {quoted(number, 20)} is not known")
        return read(raw)
    except (KeyError, TypeError, ValueError, RecursionError) as err:
        why = str(err) or "it is nested too deeply"
        if isinstance(err, KeyError):
            why = f"{err} is missing"
        raise Invalid(
            f"the file can't be read: {why}", where=place, hint="fix it, or move it away"
        ) from err


def _keyring(raw: Mapping[str, object], known: set[str]) -> Keyring:
    if unknown := sorted(set(raw) - known - {"format"}):
        raise ValueError(f"{quoted(unknown[0], 40)} is not known")
    trusted, revoked = (
        tuple(key_of(row) for row in _rows(raw, key)) for key in ("trusted", "revoked")
    )
    if nameless := next((key for key in trusted if not is_owner(key.name)), None):
        raise ValueError(f"a name is missing beside {nameless.fingerprint}")
    return Keyring(trusted, revoked)


def key_of(row: Mapping[str, object]) -> KnownKey:
    """Read a key that is a table.

    Raises:
        TypeError: A field is no text.
        ValueError: A field is not valid, or the two name different keys.
    """
    name, fingerprint, key, reason = (
        _text(row, field, "") for field in ("name", "fingerprint", "key", "reason")
    )
    if key and not _KEY.fullmatch(key):
        raise ValueError(
            f"{quoted(key, 60)} is not a key: write its kind and its base64, without a comment"
        )
    made = fingerprint
    if key:
        made = fingerprint_of(base64.b64decode(key.split()[1], validate=True))
    if not is_fingerprint(made) or made != (fingerprint or made):
        raise ValueError(
            f"{quoted(fingerprint, 60)} is not a fingerprint SHA256:…, or belongs to another key"
        )
    return KnownKey(name, made, key, reason)


def key_row(key: KnownKey) -> dict[str, str]:
    """A key as a table, for :func:`key_of`."""
    fields = {
        "name": key.name,
        "fingerprint": key.fingerprint,
        "key": key.key,
        "reason": key.reason,
    }
    return {name: value for name, value in fields.items() if value}


def _dumped(head: str, tables: Mapping[str, Iterable[Mapping[str, str]]]) -> bytes:
    rows = {name: list(rows) for name, rows in tables.items()}
    return _toml(head, {name: found for name, found in rows.items() if found})


def _toml(head: str, data: Mapping[str, object]) -> bytes:
    import tomli_w  # noqa: PLC0415 - only writers pay for it

    text = tomli_w.dumps({"format": _FORMAT, **data}, multiline_strings=True)
    return f"# {head}\n{text}".encode()


def _text(row: Mapping[str, object], key: str, default: str | None = None) -> str:
    value = row[key] if default is None else row.get(key, default)
    if not isinstance(value, str):
        raise TypeError(f"{key} is not text")
    return value


def _texts(raw: Mapping[str, object], key: str) -> list[str]:
    value = raw.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{key} is not a list of texts")
    return value


def _rows(raw: Mapping[str, object], key: str) -> list[dict[str, object]]:
    value = raw.get(key, [])
    if (
        not isinstance(value, list)
        or len(value) > _MOST
        or not all(isinstance(row, dict) for row in value)
    ):
        raise TypeError(f"{key} is not a list of tables, or a very long one")
    return value
