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
    data = _data(config)
    edits: Mapping[KeyPath, object] = {
        key: _with_name(get(data, key), str(old), str(new)) for key in _naming(config, old)
    }
    if not edits:
        return config
    try:
        return put(config, Kind.YAML, edits)
    except Unmergeable as err:
        raise Invalid(f"it can't be edited: {err}") from None


def _naming(config: bytes, profile: str) -> tuple[KeyPath, ...]:
    data = _data(config)
    return tuple(key for key in _KEYS if profile in _names_in(get(data, key)))


def _data(config: bytes) -> object:
    try:
        return load_data(config, Kind.YAML, limits=EDITING)
    except Invalid:
        return None


def _names_in(value: object) -> list[str]:
    """Return the profiles that a setting names; the agent takes a list, and a text with commas."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return []
    return [name.strip() for name in value if isinstance(name, str)]


def _with_name(value: object, old: str, new: str) -> object:
    """Return a setting with one name replaced, in the form that it has."""
    if isinstance(value, str):
        parts = value.split(",")
        named = [part.replace(old, new) if part.strip() == old else part for part in parts]
        return ",".join(named) if len(parts) > 1 else new
    if not isinstance(value, list):
        return value
    return [new if isinstance(name, str) and name.strip() == old else name for name in value]
