"""Trust: which signatures and sources are accepted, and which flags of the user change that. See docs/trust.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from hermes_dist.errors import Refused
from hermes_dist.lazily import later
from hermes_dist.model.lock_head import Demand
from hermes_dist.model.notes import Kind, Note, NoteKind
from hermes_dist.model.source import TAGS, Pin, SourceKind, SourceSpec
from hermes_dist.model.trust import PINNED, SIGNATURE, TRUSTED, Keyring, Policy, Signature

with later():
    from hermes_dist.decide.versions import is_lower

HOW_UNSIGNED: Mapping[Kind, str] = {
    NoteKind.UNSIGNED: "unsigned",
    NoteKind.SIGNED_UNREADABLY: (
        "signed only with OpenPGP or X.509, which this program does not read"
    ),
}
"""How a release without a signature that counts is, for errors."""


class Accept(Struct, frozen=True, kw_only=True):
    """Exceptions that the user allowed on the command line, one field each.

    Attributes:
        new_key: Accept a release signed by a different key, and expect that key from now on.
        unsigned: Accept a release without a valid signature; the earlier key is still expected later.
        moved_tag: Accept a tag that names a different commit than before.
        signature: The opposite: refuse every release without a signature.
    """

    new_key: bool = False
    unsigned: bool = False
    moved_tag: bool = False
    signature: bool = False


class Facts(Struct, frozen=True, kw_only=True):
    """What is known about a release.

    Attributes:
        source: The source, as shown to the user.
        pin: The pin that it resolves to.
        signatures: All signatures found on the followed tag and the commit.
        expected: The fingerprint pinned in the lock; empty for none.
        demands: What the user chose that has to be signed; None for no choice.
        release: A tag is followed, so this is a release and no mere commit.
        less: The command that makes this profile demand less.
        followers: Keys that the expected key named as its successors, directly or through others.
        declared: The fingerprint named in the manifest; empty for none.
        pinned_ref: The source names one tag or commit.
        keyring: The keys of this machine, and those named in its policies.
        policies: All policies of this machine.
    """

    source: str
    pin: Pin
    signatures: tuple[Signature, ...] = ()
    expected: str = ""
    demands: Demand | None = None
    release: bool = False
    less: str = ""
    followers: frozenset[str] = frozenset()
    declared: str = ""
    pinned_ref: bool = False
    keyring: Keyring = field(default_factory=Keyring)
    policies: tuple[Policy, ...] = ()


class Verdict(Struct, frozen=True):
    """The result for an accepted release.

    Attributes:
        signer: The key to expect from now on; empty for none.
        trust: How it is signed; None if nothing can be signed.
        notes: Further notes.
    """

    signer: str
    trust: Note | None
    notes: tuple[Note, ...] = ()


def judge(facts: Facts, accept: Accept) -> Verdict:
    """Judge the signatures of a release.

    Raises:
        Refused: The release is not accepted; the error says why, and which flag accepts it, if any.
    """
    if not accept.unsigned:
        _refuse_broken(facts)
    valid = [s for s in facts.signatures if s.signer and not s.trouble]
    good = [s for s in valid if not facts.keyring.revocation(s.signer)]
    # Only when every valid signature is by a revoked key; no flag accepts that, as anybody may hold such a key.
    if valid and not good:
        raise _revoked(facts, valid[0])
    if good:
        verdict = _signed(facts, good, accept)
        _require(facts, verdict.signer, accept)
    else:
        verdict = _unsigned(facts, accept)
        # The verdict still names the key to expect next time, but that key did not sign this release.
        _require(facts, "", accept)
    return verdict


def _refuse_broken(facts: Facts) -> None:
    """Refuse a broken signature, which is worse than none: something changed after it was signed.

    Raises:
        Refused: A signature is not valid.
    """
    broken = next((s for s in facts.signatures if s.trouble), None)
    if broken is not None:
        raise Refused(
            f"the signature on its {broken.on} is not valid: {broken.trouble}",
            where=facts.source,
            hint="tell its author; --accept-unsigned treats the release as unsigned",
        )


def _revoked(facts: Facts, signature: Signature) -> Refused:
    known = facts.keyring.revocation(signature.signer)
    about = ""
    if known:
        reason = f": {known.reason}" if known.reason else ""
        about = f" ({known.name or 'no name'}{reason})"
    return Refused(
        f"it is signed by a key that was revoked: {signature.signer}{about}",
        where=facts.source,
        hint="ask its author for a release signed by another key; `trust remove` removes a revocation",
    )


def _unsigned(facts: Facts, accept: Accept) -> Verdict:
    kind = NoteKind.UNSIGNED
    if any(s.foreign for s in facts.signatures):
        kind = NoteKind.SIGNED_UNREADABLY
    if must_be_signed(facts.demands, facts.expected, release=facts.release) and not accept.unsigned:
        raise _not_signed(facts, HOW_UNSIGNED[kind])
    # The expected key is kept on purpose: accepting one unsigned release does not give up the key for good.
    if not facts.pin.commit:
        return Verdict(facts.expected, None)
    notes: tuple[Note, ...] = ()
    if facts.declared:
        notes = (Note.of(NoteKind.KEY_NAMED_BUT_UNSIGNED, key=facts.declared, how=kind),)
    name = facts.keyring.name_of(facts.expected)
    trust = Note.of(kind, expected=facts.expected, name=name, demands=facts.demands or "")
    return Verdict(facts.expected, trust, notes)


def must_be_signed(demands: Demand | None, expected: str, *, release: bool) -> bool:
    """Whether something unsigned is refused.

    Args:
        demands: What the user chose; None for no choice.
        expected: The pinned key; empty for none.
        release: It is a tag that a profile follows, and no mere commit.
    """
    if demands is None:
        # Who signed once is expected to go on, or a thief could simply leave the signature out.
        return bool(expected)
    return demands is Demand.COMMITS or (demands is Demand.RELEASES and release)


def is_looser(before: Demand | None, after: Demand, *, expected: str) -> bool:
    """Whether a choice lets something pass that was refused before it.

    Args:
        before: The earlier choice; None for none.
        after: The new choice.
        expected: The pinned key; empty for none.
    """
    return any(
        must_be_signed(before, expected, release=release)
        and not must_be_signed(after, expected, release=release)
        for release in (True, False)
    )


def _not_signed(facts: Facts, how: str) -> Refused:
    why = f"the previous release was signed by {_who(facts, facts.expected)}"
    if facts.demands is not None:
        why = f"this profile demands that {facts.demands} are signed"
    hint = "ask its author; if only this one is intended, pass --accept-unsigned"
    if facts.less:
        hint += f"; if its author does not sign all of them, choose what is demanded: {facts.less}"
    return Refused(f"it is {how}, and {why}", where=facts.source, hint=hint)


def _signed(facts: Facts, good: list[Signature], accept: Accept) -> Verdict:
    """Choose the best signature, and describe how it relates to the expected key."""
    signers = [s.signer for s in good]
    if facts.expected:
        signer, trust = _after(facts, signers, accept)
    else:
        signer, trust = _first(facts, signers)
    notes: tuple[Note, ...] = ()
    if facts.declared and facts.declared not in signers:
        notes = (Note.of(NoteKind.OTHER_KEY_NAMED, key=facts.declared),)
    return Verdict(signer, trust, notes)


def _first(facts: Facts, signers: list[str]) -> tuple[str, Note]:
    """Choose the key to pin at a first install: one that this machine knows, else that of the first signature."""
    for signer in signers:
        if name := facts.keyring.name_of(signer):
            return signer, Note.of(NoteKind.SIGNED_BY_TRUSTED, signer=signer, name=name)
    return signers[0], Note.of(NoteKind.SIGNED_FIRST_USE, signer=signers[0])


def _after(facts: Facts, signers: list[str], accept: Accept) -> tuple[str, Note]:
    """Return the signer to expect from now on, and how it relates to the expected key."""
    expected, keyring = facts.expected, facts.keyring
    name = keyring.name_of(expected)
    if expected in signers:
        return expected, Note.of(NoteKind.SIGNED_AS_BEFORE, signer=expected, name=name)
    old_revoked = keyring.revocation(expected)
    for signer in signers:
        # Whoever holds a revoked key could name any successor, so it can't vouch for one any more.
        if signer in facts.followers and not old_revoked:
            return signer, Note.of(NoteKind.SIGNED_BY_FOLLOWER, signer=signer, before=expected)
        # The user gave both keys one name: so both are the same person's, also if one was revoked since.
        if name and keyring.name_of(signer) == name:
            trust = Note.of(
                NoteKind.SIGNED_BY_SAME_OWNER, signer=signer, name=name, before=expected
            )
            return signer, trust
    if accept.new_key:
        trust = Note.of(NoteKind.SIGNED_BY_NEW_KEY, signer=signers[0], before=expected)
        return signers[0], trust
    was = " (revoked since)" if old_revoked else ""
    raise Refused(
        f"the key changed: it is signed by {_who(facts, signers[0])}, and the previous release by "
        f"{_who(facts, expected)}{was}",
        where=facts.source,
        hint="ask its author through another channel whether the new key is theirs; if so, pass --accept-new-key",
    )


def _who(facts: Facts, fingerprint: str) -> str:
    name = facts.keyring.name_of(fingerprint)
    return f"{fingerprint} ({name})" if name else fingerprint


def _require(facts: Facts, signer: str, accept: Accept) -> None:
    """Check a release against ``--require-signature`` and the policies; ``signer`` is empty for an unsigned one.

    Raises:
        Refused: Something that is required is missing.
    """
    what = "it has no valid signature"
    if not facts.pin.commit:
        what = "a folder or an archive has no signature"
    if accept.signature and not signer:
        raise Refused(
            f"a signature is required (--require-signature), and {what}", where=facts.source
        )
    for policy in facts.policies:
        _require_of(policy, facts, signer, what)


def _require_of(policy: Policy, facts: Facts, signer: str, what: str) -> None:
    """Check a release against one policy; ``what`` says why there is no signature."""
    if policy.require & {SIGNATURE, TRUSTED} and not signer:
        raise _forbidden(facts, policy, f"the policy requires a signature, and {what}")
    # A policy that lists keys means these alone; otherwise the keys that the user trusts count.
    ring = policy.keyring if policy.keyring.trusted else facts.keyring
    if TRUSTED in policy.require and not ring.name_of(signer):
        raise _forbidden(
            facts,
            policy,
            f"the policy requires a trusted key, and {signer} is not one",
            after="keys are added with `trust add`, or in the policy where it names its own",
        )
    if PINNED in policy.require and not facts.pinned_ref:
        raise _forbidden(
            facts,
            policy,
            "the policy requires a source that names one tag or commit",
            before="write it with #v1.2.0 or #COMMIT",
        )


def _forbidden(
    facts: Facts, policy: Policy, what: str, *, before: str = "", after: str = ""
) -> Refused:
    hint = "; ".join(part for part in (before, f"the rule is in {policy.place}", after) if part)
    return Refused(what, where=facts.source, hint=hint)


def judge_move(
    source: str,
    before: Pin,
    ref: str,
    commit: str,
    relation: str,
    *,
    accept: Accept,
    downgrade: bool,
    asked: bool,
) -> tuple[Note, ...]:
    """Judge how a new commit follows the old one.

    Args:
        source: The source, as shown to the user.
        before: The pin that was received.
        ref: The full name of the ref that is followed.
        commit: The commit it names now.
        relation: How the new commit relates to the old one.
        accept: The exceptions that the user allowed.
        downgrade: An older commit is accepted.
        asked: The user named the ref just now.

    Returns:
        Notes for the user.

    Raises:
        Refused: A tag moved or the source went back, and the user did not allow it.
    """
    if accept.moved_tag and is_moved_tag(before, ref, commit):
        return (Note.of(NoteKind.MOVED_TAG_ACCEPTED),)
    check_moved_tag(source, before, ref, commit)
    if asked:
        return ()
    if relation == "backward" and not downgrade:
        raise Refused(
            f"it went back from {before.short} to the older commit {commit[:7]}",
            where=source,
            hint="accept that with --allow-downgrade, or stay where you are",
        )
    # A rewritten history can't harm the user's files: base is what the home received, not what git says.
    if relation == "unrelated":
        return (Note.of(NoteKind.HISTORY_REWRITTEN),)
    if relation == "unknown":
        return (Note.of(NoteKind.HISTORY_UNKNOWN, commit=commit[:7], before=before.short),)
    return ()


def is_moved_tag(before: Pin, ref: str, commit: str) -> bool:
    """Whether a ref is the tag that was received, but names a different commit now."""
    return ref.startswith(TAGS) and ref == before.ref and commit != before.commit


class MovedTag(Refused):
    """A tag names a different commit than before."""


def check_moved_tag(source: str, before: Pin, ref: str, commit: str) -> None:
    """Refuse a tag that names a different commit than before.

    Raises:
        MovedTag: The tag was moved.
    """
    if is_moved_tag(before, ref, commit):
        raise MovedTag(
            f"the tag {ref.removeprefix(TAGS)} was moved: it named {before.short} when it was received, "
            f"and names {commit[:7]} now",
            where=source,
            hint="a release must not change: ask its author; if this is intended, pass --accept-moved-tag",
        )


def judge_version(
    source: str, before: Pin, version: str, *, forward: bool, downgrade: bool
) -> tuple[Note, ...]:
    """Judge a version that is lower than the received one.

    If a branch went forward, its author lowered the version number; that is only noted.

    Args:
        source: The source, as shown to the user.
        before: The pin that was received.
        version: The version that the source offers now.
        forward: The source is a branch, and its history only grew.
        downgrade: A lower version is accepted.

    Raises:
        Refused: The version is lower, and the user did not allow it.
    """
    if downgrade or not is_lower(version, before.version):
        return ()
    if forward:
        return (Note.of(NoteKind.VERSION_LOWERED, before=before.version, version=version),)
    raise Refused(
        f"its version went back from {before.version} to {version}",
        where=source,
        hint="accept that with --allow-downgrade, or stay where you are",
    )


_FEW = 8
"""So many permitted sources are named in an error."""


def check_source(spec: SourceSpec, policies: Iterable[Policy]) -> None:
    """Check a source against the policies before any connection is made.

    Raises:
        Refused: A policy does not list the source.
    """
    place = place_of(spec)
    for policy in policies:
        if policy.sources is None:
            continue  # without a list, a policy says nothing about sources
        if not any(_matches(pattern, place) for pattern in policy.sources):
            raise Refused(
                "the policy does not allow this source",
                where=str(spec),
                hint=_permitted(policy),
            )


def _permitted(policy: Policy) -> str:
    """Return what a policy permits, and where that stands."""
    listed = policy.sources or ()
    if not listed:
        return f"it permits no source at all: {policy.place}"
    some = ", ".join(listed[:_FEW])
    if len(listed) > _FEW:
        some += f" and {len(listed) - _FEW} more"
    return f"it permits {some}: see sources in {policy.place}"


def place_of(spec: SourceSpec) -> str:
    """Spell a source for matching: ``host/owner/repo`` for both https and ssh, else with its scheme or path.

    Returns:
        The spelling; empty for a place that contains ``.`` or ``..``, which no pattern matches.
    """
    text = spec.location
    if spec.kind is SourceKind.GIT:
        text = _git_place(text).removesuffix(".git")
    # A server resolves a/../b to b, so such a place would be let in as one thing and be another.
    return "" if {".", ".."} & set(text.split("/")) else text


def _git_place(url: str) -> str:
    """Drop the scheme and the user of https and ssh, which lead to the same repository; http stays visible."""
    scheme, marks, rest = url.partition("://")
    if not marks:  # user@host:path
        address, _, path = url.partition(":")
        return f"{_without_user(address)}/{path.lstrip('/')}"
    if scheme not in {"https", "ssh"}:
        return url
    address, slash, path = rest.partition("/")
    return f"{_without_user(address)}{slash}{path}"


def _without_user(address: str) -> str:
    """Drop ``user@`` from an address; with a whole URL, an ``@`` in evil.org's path could pass for another host."""
    return address.rpartition("@")[2]


def _matches(pattern: str, place: str) -> bool:
    """Whether a place matches: ``*`` stands for part of one name, ``**`` for any number of names."""
    words = {"**": "[^%]*", "*": "[^/%]*"}
    parts = re.split(r"(\*\*|\*)", pattern.removesuffix(".git"))
    regex = "".join(words.get(part) or re.escape(part) for part in parts)
    return bool(place) and re.fullmatch(regex, place) is not None


def followers_of(
    expected: str, steps: Iterable[tuple[str, str]], keyring: Keyring
) -> frozenset[str]:
    """Return the successors of a key, direct or through others; a revoked key names and follows nobody."""
    known = [
        (old, new)
        for old, new in steps
        if not keyring.revocation(old) and not keyring.revocation(new)
    ]
    found: set[str] = set()
    waiting = {expected}
    while waiting:
        waiting = {new for old, new in known if old in waiting} - found
        found |= waiting
    return frozenset(found - {expected})
