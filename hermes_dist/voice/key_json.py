"""JSON of signatures, and of the keys that this machine trusts; each object has its schema in ``schema/``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # types only: a command loads the ops it needs, not those of the others
    from hermes_dist.model.trust import KnownKey
    from hermes_dist.ops.authoring.sign import Rotated, SignedTag
    from hermes_dist.ops.trust.demands import Demanded
    from hermes_dist.ops.trust.trusted_keys import Trusted


def signed_data(signed: SignedTag) -> dict[str, Any]:
    """A tag that was signed."""
    return {
        "tag": signed.tag,
        "object": signed.oid,
        "signer": signed.fingerprint,
        "changed": signed.changed,
    }


def rotated_data(done: Rotated) -> dict[str, Any]:
    """A key that follows another."""
    return {"file": str(done.file), "old": done.old, "new": done.new}


def key_added_data(added: KnownKey) -> dict[str, Any]:
    """A key that is trusted now."""
    return {"added": {"name": added.name, "fingerprint": added.fingerprint, "key": added.key}}


def keys_removed_data(gone: Iterable[KnownKey], *, revoked: bool) -> dict[str, Any]:
    """Keys that are forgotten or revoked now."""
    return {"removed": [key.fingerprint for key in gone], "revoked": revoked}


def trusted_data(known: Trusted) -> dict[str, Any]:
    """The keys and policies of this machine."""
    rows = [("trusted", key) for key in known.keyring.trusted]
    rows += [("revoked", key) for key in known.keyring.revoked]
    return {
        "keys": [
            {
                "state": state,
                "name": key.name,
                "fingerprint": key.fingerprint,
                "key": key.key,
                "reason": key.reason,
            }
            for state, key in rows
        ],
        "policies": [
            {
                "file": policy.place,
                "sources": list(policy.sources or ()),
                # No list allows every source, an empty one none: `sources` can't tell these apart.
                "all": policy.sources is None,
                "require": sorted(policy.require),
            }
            for policy in known.policies
        ],
    }


def demanded_data(found: Demanded, *, done: bool) -> dict[str, Any]:
    """What a profile demands to be signed."""
    return {
        "profile": found.profile,
        "demands": found.chosen,
        "signer": found.signer,
        "done": done,
    }
