"""Logins in the agent's ``auth.json`` that a second owner would break: a clone gets no copy of them.

Each time such a token is used, the service replaces it and revokes the old one. Two profiles with the same login
would log each other out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from hermes_dist.agents.places import AUTH
from hermes_dist.agents.stores import GRANT, GRANTED_BY
from hermes_dist.light import read_json

_POOL = "credential_pool"
_PROVIDERS = "providers"


def without_grants(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Remove the logins from an ``auth.json`` that only one profile can use; permanent keys stay.

    Returns:
        The new content, and what was removed, such as ``auth.json: anthropic``. A file that can't be read is removed
        entirely.
    """
    # What can't be read may hold a login, and a copy of that would log out the original.
    try:
        store = read_json(data)
    except ValueError:
        return b"{}\n", (AUTH,)
    if not isinstance(store, dict):
        return b"{}\n", (AUTH,)
    gone: set[str] = set()
    kept = {key: _without(key, value, gone) for key, value in store.items()}
    if not gone:
        return data, ()
    return (json.dumps(kept, indent=2) + "\n").encode(), tuple(
        f"{AUTH}: {name}" for name in sorted(gone)
    )


def _without(key: str, value: object, gone: set[str]) -> object:
    """Return one part of the store without its grants; the names of their providers are added to ``gone``."""
    if key not in (_POOL, _PROVIDERS) or not isinstance(value, dict):
        if _is_grant(value):
            gone.add(key)
            return {}
        return value
    out: dict[str, object] = {}
    for provider, held in value.items():
        rest = _own(held)
        if rest != held:
            gone.add(provider)
        if rest or not held:
            out[provider] = rest
    return out


def _own(held: object) -> object:
    """Return what a second profile can use of a provider's logins: rows of a pool; all or nothing of a block."""
    if isinstance(held, list):
        return [row for row in held if not _is_grant(row)]
    return {} if _is_grant(held) else held


def _is_grant(value: object) -> bool:
    if isinstance(value, list):
        return any(map(_is_grant, value))
    if not isinstance(value, Mapping):
        return False
    if value.get(GRANT) or GRANTED_BY in str(value.get("auth_type") or "").lower():
        return True
    return any(map(_is_grant, value.values()))
