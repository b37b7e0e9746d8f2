"""The keys that this machine trusts or has revoked: show them and change them."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist import lazily
from hermes_dist.errors import DistError, Invalid, quoted
from hermes_dist.lazily import later
from hermes_dist.model.trust import Keyring, KnownKey, Policy, is_fingerprint
from hermes_dist.ops.context import Context
from hermes_dist.world.keys.files import change_keyring, read_keyring, read_policies

with later():
    from hermes_dist.decide.near import offered

_ENCODED = lazily.pattern(r"[A-Za-z0-9+/=\s]{32,}.*", re.DOTALL)
"""Base64, as keys are written; a file name of that length has a dot or a hyphen."""


class Trusted(Struct, frozen=True):
    """The keys and policies of this machine.

    Attributes:
        keyring: The user's own keyring.
        policies: The policies in force, with the keys they name.
    """

    keyring: Keyring
    policies: tuple[Policy, ...]


def trusted(ctx: Context) -> Trusted:
    """List the keyring and the policies.

    Raises:
        DistError: The keyring or a policy can't be read.
    """
    return Trusted(read_keyring(ctx.layout), read_policies(ctx.layout))


def joined_keyring(keyring: Keyring, policies: tuple[Policy, ...]) -> Keyring:
    """The user's keys and those that the policies name, as one keyring."""
    for policy in policies:
        keyring = keyring.joined(policy.keyring)
    return keyring


def signer_words(ctx: Context, fingerprint: str) -> str:
    """A fingerprint and what this machine knows of it: its owner, or that it was revoked; empty for none."""
    if not fingerprint:
        return ""
    known = trusted(ctx)
    ring = joined_keyring(known.keyring, known.policies)
    name = "revoked" if ring.revocation(fingerprint) else ring.name_of(fingerprint)
    return f"{fingerprint} ({name})" if name else fingerprint


def add(ctx: Context, name: str, key: str) -> KnownKey:
    """Trust a key.

    Args:
        ctx: The context.
        name: The name of its owner.
        key: A ``.pub`` file, a line of one, or a fingerprint.

    Raises:
        DistError: The text is not a key, or the key was revoked.
    """
    entry = replace(_key_of(key), name=name.strip())
    if not _is_owner(entry.name):
        raise Invalid(
            f"{quoted(name, 100)} is not a valid name for a key", hint="write: trust add NAME KEY"
        )

    def change(keyring: Keyring) -> Keyring:
        if keyring.revocation(entry.fingerprint):
            raise DistError(
                "the key was revoked",
                where=entry.fingerprint,
                hint=f"undo that first: {ctx.command(f'trust remove {entry.fingerprint}')}",
            )
        return keyring.trusting(entry)

    change_keyring(ctx.layout, change)
    return entry


def _is_owner(name: str) -> bool:
    """Whether a text can name a key's owner: what looks like a fingerprint would be taken for a key."""
    if not name or len(name) > 100:
        return False
    return name.isprintable() and not is_fingerprint(name)


def remove(
    ctx: Context, who: str, *, revoke: bool = False, reason: str = ""
) -> tuple[KnownKey, ...]:
    """Forget keys, or revoke them.

    Args:
        ctx: The context.
        who: A name, a fingerprint, or a ``.pub`` file.
        revoke: Refuse everything that they signed, from now on.
        reason: The reason, shown when the key is met later.

    Returns:
        The keys that were changed.

    Raises:
        DistError: No known key matches.
    """
    found: list[KnownKey] = []

    def change(keyring: Keyring) -> Keyring:
        keys = keyring.find(who)
        if not keys and (is_fingerprint(who) or revoke or who.endswith(".pub")):
            key = _key_of(who)
            keys = keyring.find(key.fingerprint) or ((key,) if revoke else ())
        if not keys:
            raise _unknown(ctx, keyring, who)
        found.extend(keys)
        for key in keys:
            keyring = keyring.without(key.fingerprint)
            if revoke:
                keyring = keyring.revoking(replace(key, reason=reason))
        return keyring

    change_keyring(ctx.layout, change)
    return tuple(found)


def _unknown(ctx: Context, keyring: Keyring, who: str) -> DistError:
    known = [key.name for key in (*keyring.trusted, *keyring.revoked)]
    return DistError(
        f"no key is known as {_shown(who)!r}",
        hint=f"{offered(who, known, 'the keys here')}; see: {ctx.command('trust list')}",
    )


def _key_of(text: str) -> KnownKey:
    """Read a key as typed.

    Raises:
        Invalid: It is not one; the error shows nothing of a text that may be a private key.
    """
    if is_fingerprint(text):
        return KnownKey("", text)
    from hermes_dist.world.keys.ssh import parse_public  # noqa: PLC0415 - fingerprints need no parser

    place = "KEY"
    if len(text.split()) == 1:
        path = Path(text.strip()).expanduser()
        place = str(path)
        try:
            with path.open("rb") as file:  # a pipe as well: the user names it
                text = file.read(20_000).decode("utf-8", "replace")
        except (OSError, ValueError) as error:
            raise Invalid(
                f"it is neither a key nor a file that can be read: {_reason(error)}",
                where=_shown(text),
                hint="give a file such as id_ed25519.pub, its line in quotes, or a fingerprint SHA256:…",
            ) from None
    try:
        key = parse_public(text)
    except Invalid as error:
        raise error.within(place) from None
    return KnownKey("", key.fingerprint, replace(key, comment="").line)


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or "its name is not valid"


def _shown(typed: str) -> str:
    """A text that was typed for a key, if it can't be a part of a private one; otherwise what it stands for."""
    return "KEY" if _ENCODED.fullmatch(typed) or "PRIVATE KEY" in typed else typed[:100]
