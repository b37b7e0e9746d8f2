"""Judge a release before it comes in: who signed it, and how it relates to what was received before."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from hermes_dist.decide.trust import (
    HOW_UNSIGNED,
    Accept,
    Facts,
    Verdict,
    check_source,
    followers_of,
    is_moved_tag,
    judge,
    judge_move,
    judge_version,
)
from hermes_dist.errors import Invalid, Refused
from hermes_dist.light import NamedTuple
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_head import Demand
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import TAGS, Pin, PinKind, SourceKind, SourceSpec
from hermes_dist.model.tree import EMPTY
from hermes_dist.model.trust import KEYS_FILE, is_fingerprint
from hermes_dist.ops.change.fetch import Fetched, Incoming
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home
from hermes_dist.ops.own_source import is_list
from hermes_dist.ops.trust.trusted_keys import joined_keyring
from hermes_dist.world.keys.files import read_keyring, read_policies
from hermes_dist.world.keys.signatures import signatures_of, successions_of

__all__ = ["Accept", "HistoryVerdict", "Judged", "check_archive", "judge_history", "judge_release"]


class Judged(NamedTuple):
    """What the rules say about a package that they allow.

    Attributes:
        verdict: The verdict on its signature.
        notes: What to say about it.
    """

    verdict: Verdict
    notes: tuple[Note, ...]

    def on(self, incoming: Incoming) -> Incoming:
        """Return the package with the verdict."""
        return replace(incoming, verdict=self.verdict, notes=(*incoming.notes, *self.notes))


def judge_release(
    ctx: Context,
    fetched: Fetched,
    home: Home,
    accept: Accept,
    *,
    downgrade: bool = True,
    forward: bool = False,
    demands: Demand | None = None,
) -> Judged:
    """Judge a fetched package, before its user is asked anything and before anything of it is proposed.

    Args:
        ctx: The context.
        fetched: The package.
        home: The home it goes to.
        accept: The exceptions that the user allowed.
        downgrade: Accept a version lower than the lock's.
        forward: The profile follows a branch, and its history only grew.
        demands: What has to be signed if the lock says nothing about it.

    Raises:
        Refused: A rule or a policy does not allow the package.
    """
    target = fetched.target
    labels: tuple[Note, ...] = ()
    lock = home.lock
    if lock is not None:
        version = fetched.manifest.version
        source = str(target.source)
        labels = judge_version(source, lock.pin, version, forward=forward, downgrade=downgrade)
    facts, notes = _facts(ctx, fetched, home)
    if facts.demands is None:
        facts = replace(facts, demands=demands)
    verdict = judge(facts, accept)
    _check_signer_of_registry(target, verdict, accept)
    return Judged(verdict, (*labels, *notes, *verdict.notes))


def _facts(ctx: Context, fetched: Fetched, home: Home) -> tuple[Facts, tuple[Note, ...]]:
    """Gather what is known of a release: its signatures, the keyring, and who may follow the expected key."""
    target = fetched.target
    own = is_list(ctx, target.spec.location)
    policies = () if own else read_policies(ctx.layout)
    keyring = joined_keyring(read_keyring(ctx.layout), policies)
    lock, release = home.lock, target.ref.startswith(TAGS)
    facts = Facts(
        source=str(target.source),
        pin=fetched.pin,
        expected=lock.signer if lock else "",
        demands=lock.demands if lock else None,
        release=release,
        less=ctx.command(f"trust require {home.name} {_less(release=release)}"),
        keyring=keyring,
        policies=policies,
        declared=_declared(fetched.manifest),
        pinned_ref=target.pinned,
    )
    if target.commit and target.refs is not None:
        tag = target.refs.annotated.get(target.ref.removeprefix("refs/tags/"), "")
        url = ctx.sources.url(target.spec)
        signatures = signatures_of(ctx.sources.git, url, target.commit, target.ref, tag)
        facts = replace(facts, signatures=signatures)
    signers = {signature.signer for signature in facts.signatures}
    if not facts.expected or facts.expected in signers:
        return facts, ()
    # Another key signed: that is fine only if the expected one has named it as its successor.
    steps, notes = _steps(ctx, fetched)
    followers = followers_of(facts.expected, steps, keyring)
    return replace(facts, followers=followers), notes


def _less(*, release: bool) -> Demand:
    """The next smaller demand that accepts it: a release has to be signed unless nothing has to be."""
    return Demand.NONE if release else Demand.RELEASES


def _check_signer_of_registry(target: Target, verdict: Verdict, accept: Accept) -> None:
    """Refuse a release that another key signed than the registry says."""
    if not target.signer or verdict.signer == target.signer:
        return
    if accept.new_key or accept.unsigned:
        return
    says = f"the registry {target.registry} says that {target.signer} signed it"
    how = f"signed by {verdict.signer}"
    if verdict.trust is not None:
        how = HOW_UNSIGNED.get(verdict.trust.kind, how)
    raise Refused(
        f"{says}, but it is {how}",
        where=str(target.source),
        hint="ask its author; if this is intended, pass --accept-new-key or --accept-unsigned",
    )


class HistoryVerdict(NamedTuple):
    """How the offered commit relates to the one received before.

    Attributes:
        notes: What to say about it.
        forward: The profile follows a branch, and its history only grew.
    """

    notes: tuple[Note, ...] = ()
    forward: bool = False


def judge_history(
    ctx: Context, target: Target, lock: Lock, accept: Accept, *, downgrade: bool, asked: bool
) -> HistoryVerdict:
    """Judge how the offered commit relates to the one received before.

    Raises:
        Refused: A tag moved or the source went back, and the user did not allow it.
    """
    if not target.commit or not lock.pin.commit or target.commit == lock.pin.commit:
        return HistoryVerdict()
    moved = is_moved_tag(lock.pin, target.ref, target.commit)
    relation = ""
    if not (asked or moved):
        relation = ctx.sources.relation(target.spec, lock.pin.commit, target.commit)
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
    return HistoryVerdict(notes, relation == "forward" and target.kind is PinKind.BRANCH)


def _steps(ctx: Context, fetched: Fetched) -> tuple[frozenset[tuple[str, str]], tuple[Note, ...]]:
    """The key rotations that a package declares; a damaged file declares none and gives a note."""
    entry = fetched.offer.tree.get(RelPath(KEYS_FILE))
    if entry is None:
        return frozenset(), ()
    try:
        return successions_of(ctx.store.read(entry.digest)), ()
    except Invalid as err:
        return frozenset(), (Note.of_error(err, ctx.command),)


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
