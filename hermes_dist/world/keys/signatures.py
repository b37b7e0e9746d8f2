"""Signatures of what was fetched: collected and verified here; ``decide.trust`` judges them."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from hermes_dist.errors import Invalid, quoted
from hermes_dist.model.git_object import Signed, signed_commit, signed_tag, tag_target
from hermes_dist.model.trust import Signature, load_successions, statement
from hermes_dist.world.ports import Git

_TAGS = "refs/tags/"
_KEPT = 4
"""The layers of one commit have one signature, which is checked once; what it is on has 1 MiB at most."""


def signatures_of(
    git: Git, url: str, commit: str, ref: str, tag_object: str
) -> tuple[Signature, ...]:
    """Every signature on a followed tag and on its commit, the tag's first.

    Args:
        git: Where to read.
        url: The repository.
        commit: A commit that was fetched.
        ref: The full name of the ref that is followed.
        tag_object: The object of an annotated tag; empty for any other ref.

    Returns:
        Empty if neither is signed.

    Raises:
        Unreachable: The tag can't be fetched.
        Invalid: An object is not what its id says.
    """
    tags = [(tag_object, "tag")] if tag_object and ref.startswith(_TAGS) else []
    *tag, raw = git.originals(url, [*tags, (commit, "commit")])
    found = [tag_signature(data, commit, ref.removeprefix(_TAGS)) for data in tag]
    return tuple(s for s in (*found, commit_signature(raw)) if s is not None)


@lru_cache(_KEPT)
def tag_signature(raw: bytes, commit: str, name: str) -> Signature | None:
    """The signature of a tag object; it holds for that commit and that name alone."""
    object_, kind, said = tag_target(raw)
    trouble = ""
    if (object_, kind) != (commit, "commit"):
        trouble = f"it is for {object_[:7] or 'something'}, not for the commit {commit[:7]}"
    elif said != name:
        trouble = f"it is for a tag {quoted(said, 100)}, not for {quoted(name, 100)}"
    return _signature(signed_tag(raw), "tag", trouble)


@lru_cache(_KEPT)
def commit_signature(raw: bytes) -> Signature | None:
    """The signature of a commit."""
    return _signature(signed_commit(raw), "commit", "")


def _signature(signed: Signed, on: Literal["tag", "commit"], trouble: str) -> Signature | None:
    if not signed.armor:
        return Signature(on=on, foreign=True) if signed.other else None
    if trouble:
        return Signature(on=on, trouble=trouble)
    from hermes_dist.world.keys import ssh as keys  # noqa: PLC0415 - only what is signed pays for it

    try:
        return Signature(
            on=on, signer=keys.verify(signed.payload, signed.armor, keys.GIT).fingerprint
        )
    except keys.BadSignature as err:
        return Signature(on=on, trouble=err.what)


def successions_of(data: bytes) -> frozenset[tuple[str, str]]:
    """The steps from key to key in a package's ``distribution.keys`` whose signatures hold, by fingerprints.

    Raises:
        Invalid: The file is damaged.
    """
    from hermes_dist.world.keys import ssh as keys  # noqa: PLC0415 - see _signature

    steps = set()
    for row in load_successions(data):
        try:
            new = keys.parse_public(row.new)
            by = keys.verify(statement(row.old, row.new), row.signature.encode(), keys.FILE)
        except (keys.BadSignature, Invalid):
            continue
        if by.line == row.old and new.line == row.new:
            steps.add((by.fingerprint, new.fingerprint))
    return frozenset(steps)
