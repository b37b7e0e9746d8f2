"""Trust: gather and judge the facts about a release, and show or change the keyring."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.trust import (
    Accept,
    Facts,
    check_source,
    followers_of,
    is_moved_tag,
    judge,
    judge_move,
    judge_version,
)
from hermes_dist.errors import DistError, Invalid, Refused
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import Pin, PinKind, SourceKind, SourceSpec
from hermes_dist.model.tree import EMPTY
from hermes_dist.model.trust import KEYS_FILE, Keyring, KnownKey, Policy, is_fingerprint
from hermes_dist.ops.change.fetch import Incoming
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.world.keys.files import change_keyring, read_keyring, read_policies
from hermes_dist.world.keys.signatures import signatures_of, successions_of

__all__ = [
    "Accept",
    "Move",
    "Trusted",
    "add",
    "check_archive",
    "judged",
    "judged_move",
    "remove",
    "signer_words",
    "trusted",
]


def judged(
    ctx: Context,
    target: Target,
    incoming: Incoming,
    lock: Lock | None,
    accept: Accept,
    *,
    downgrade: bool = True,
    forward: bool = False,
) -> Incoming:
    """Judge a fetched package, before anything of it is proposed.

    Args:
        ctx: The context.
        target: The source that was looked up.
        incoming: The fetched package.
        lock: The lock of the home it goes to; None for none.
        accept: The exceptions that the user allowed.
        downgrade: Accept a version lower than the lock's.
        forward: The profile follows a branch, and its history only grew.

    Returns:
        The package with the verdict.

    Raises:
        Refused: A rule or a policy does not allow the package.
    """
    version = incoming.pin.version
    labels = (
        judge_version(str(incoming.spec), lock.pin, version, forward=forward, downgrade=downgrade)
        if lock
        else ()
    )
    policies = read_policies(ctx.layout)
    keyring = _whole(read_keyring(ctx.layout), policies)
    facts = Facts(
        source=str(incoming.spec),
        pin=incoming.pin,
        expected=lock.signer if lock else "",
        keyring=keyring,
        policies=policies,
        declared=_declared(incoming.manifest),
        pinned_ref=target.pinned,
    )
    if target.commit and target.refs is not None:
        tag = target.refs.annotated.get(target.ref.removeprefix("refs/tags/"), "")
        url = ctx.sources.url(target.spec)
        facts = replace(
            facts, signatures=signatures_of(ctx.sources.git, url, target.commit, target.ref, tag)
        )
    notes: tuple[Note, ...] = ()
    if facts.expected and facts.expected not in {s.signer for s in facts.signatures}:
        steps, notes = _steps(ctx, incoming)
        facts = replace(facts, followers=followers_of(facts.expected, steps, keyring))
    verdict = judge(facts, accept)
    if (
        target.signer
        and verdict.signer != target.signer
        and not (accept.new_key or accept.unsigned)
    ):
        raise Refused(
            f"the registry {target.registry} says that {target.signer} signed it; it is {verdict.words}",
            where=str(target.source),
            hint="ask its author; if this is meant, pass --accept-new-key or --accept-unsigned",
        )
    return replace(
        incoming, verdict=verdict, notes=(*incoming.notes, *labels, *notes, *verdict.notes)
    )


class Move(NamedTuple):
    """How the offered commit relates to the one received before.

    Attributes:
        notes: What to say about it.
        forward: The profile follows a branch, and its history only grew.
    """

    notes: tuple[Note, ...] = ()
    forward: bool = False


def judged_move(
    ctx: Context, target: Target, lock: Lock, accept: Accept, *, downgrade: bool, asked: bool
) -> Move:
    """Judge how the offered commit relates to the one received before.

    Raises:
        Refused: A tag moved or the source went back, and the user did not allow it.
    """
    if not target.commit or not lock.pin.commit or target.commit == lock.pin.commit:
        return Move()
    moved = is_moved_tag(lock.pin, target.ref, target.commit)
    relation = (
        "" if asked or moved else ctx.sources.relation(target.spec, lock.pin.commit, target.commit)
    )
    notes = judge_move(
        str(target.spec),
        lock.pin,
        target.ref,
        target.commit,
        relation,
        accept=accept,
        downgrade=downgrade,
        asked=asked,
    )
    return Move(notes, relation == "forward" and target.kind is PinKind.BRANCH)


def _whole(keyring: Keyring, policies: tuple[Policy, ...]) -> Keyring:
    for policy in policies:
        keyring = keyring.joined(policy.keyring)
    return keyring


def _steps(ctx: Context, incoming: Incoming) -> tuple[frozenset[tuple[str, str]], tuple[Note, ...]]:
    """The key rotations that a package declares; a damaged file declares none and gives a note."""
    entry = incoming.package.get(RelPath(KEYS_FILE))
    if entry is None:
        return frozenset(), ()
    try:
        return successions_of(ctx.store.read(entry.digest)), ()
    except Invalid as err:
        return frozenset(), (Note.told(err),)


def _declared(manifest: Manifest) -> str:
    """The fingerprint of the key that a manifest names; empty if it names none or an invalid one."""
    text = manifest.signing_key.strip()
    if not text or is_fingerprint(text):
        return text
    from hermes_dist.world.keys.ssh import parse_public  # noqa: PLC0415 - few manifests name a key

    try:
        return parse_public(text).fingerprint
    except Invalid:
        return ""


def check_archive(ctx: Context, path: Path) -> None:
    """Check an archive to be imported against the policies; archives are never signed.

    Raises:
        Refused: A policy forbids the archive.
    """
    if policies := read_policies(ctx.layout):
        place = str(path.expanduser().absolute())
        check_source(SourceSpec(kind=SourceKind.ARCHIVE, location=place), policies)
        pin = Pin(url=place, kind=PinKind.ARCHIVE, tree=EMPTY.digest)
        judge(Facts(source=place, pin=pin, policies=policies), Accept())


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


def signer_words(ctx: Context, fingerprint: str) -> str:
    """A fingerprint and what this machine knows of it: its owner, or that it was revoked; empty for none."""
    if not fingerprint:
        return ""
    known = trusted(ctx)
    ring = _whole(known.keyring, known.policies)
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
    if (
        not entry.name
        or is_fingerprint(entry.name)
        or not entry.name.isprintable()
        or len(entry.name) > 100
    ):
        raise Invalid(f"{name!r:.100} is no name for a key", hint="write: trust add NAME KEY")

    def change(keyring: Keyring) -> Keyring:
        if keyring.revocation(entry.fingerprint):
            raise DistError(
                "the key was revoked",
                where=entry.fingerprint,
                hint=f"take that back first: {ctx.command(f'trust remove {entry.fingerprint}')}",
            )
        return keyring.trusting(entry)

    change_keyring(ctx.layout, change)
    return entry


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
            raise DistError(
                f"no key is known as {who!r:.100}", hint=f"see: {ctx.command('trust list')}"
            )
        found.extend(keys)
        for key in keys:
            keyring = keyring.without(key.fingerprint)
            if revoke:
                keyring = keyring.revoking(replace(key, reason=reason))
        return keyring

    change_keyring(ctx.layout, change)
    return tuple(found)


def _key_of(text: str) -> KnownKey:
    """Read a key as typed."""
    if is_fingerprint(text):
        return KnownKey("", text)
    from hermes_dist.world.keys.ssh import parse_public  # noqa: PLC0415 - fingerprints need no parser

    if " " not in text.strip():
        path = Path(text).expanduser()
        try:
            text = path.read_text("utf-8", "replace")[:20_000]
        except OSError as error:
            raise Invalid(
                f"it is neither a key nor a file that can be read: {error.strerror}",
                where=str(path),
                hint="give a file such as id_ed25519.pub, its line in quotes, or a fingerprint SHA256:…",
            ) from None
    key = parse_public(text)
    return KnownKey("", key.fingerprint, replace(key, comment="").line)
