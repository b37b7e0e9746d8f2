"""Settings of the agent's boards that name a profile."""

from __future__ import annotations

from collections.abc import Mapping

from hermes_dist.agents.places import KANBAN_PROFILES
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import EDITING, Kind, Unmergeable, get, load_data, put
from hermes_dist.model.keypath import KeyPath, parse_key

_KEYS: tuple[KeyPath, ...] = tuple(parse_key(key) for key in KANBAN_PROFILES)


def naming(config: bytes, profile: str) -> tuple[str, ...]:
    """Return the keys of a ``config.yaml`` that name a profile, as the agent reads them; none if it can't be read."""
    return tuple(".".join(map(str, key)) for key in _naming(config, profile))


def renamed(config: bytes, old: str, new: str) -> bytes:
    """Let these keys of a ``config.yaml`` name another profile; every other byte is kept.

    Raises:
        Invalid: The file can't be edited.
    """
    edits: Mapping[KeyPath, object] = dict.fromkeys(_naming(config, old), str(new))
    if not edits:
        return config
    try:
        return put(config, Kind.YAML, edits)
    except Unmergeable as err:
        raise Invalid(f"it can't be edited: {err}") from None


def _naming(config: bytes, profile: str) -> tuple[KeyPath, ...]:
    try:
        data = load_data(config, Kind.YAML, limits=EDITING)
    except Invalid:
        return ()
    return tuple(key for key in _KEYS if _name_in(get(data, key)) == profile)


def _name_in(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return value.strip()
