"""Masking: a value of a document with ``${NAME}`` in place of every secret."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hermes_dist.decide.secrets.finder import find_secrets
from hermes_dist.decide.secrets.looks import is_placeholder, turns
from hermes_dist.decide.secrets.names import is_secret_name

_PLAIN_WORDS = frozenset(
    [
        "password",
        "passwd",
        "pass",
        "secret",
        "token",
        "user",
        "pw",
        "pwd",
        "key",
        "postgres",
        "admin",
        "root",
    ]
)


def hide(value: object, key: tuple[str, ...]) -> tuple[object, tuple[str, ...]]:
    """Replace likely secrets in a value of a document with ``${NAME}``.

    Args:
        value: Any data.
        key: The key of the value; its last steps give the names of the variables.

    Returns:
        The value, and the names of the variables.
    """
    names: list[str] = []
    return _hidden(value, key, names), tuple(dict.fromkeys(names))


def _hidden(value: object, key: tuple[str, ...], names: list[str]) -> object:
    if isinstance(value, Mapping):
        return {k: _hidden(part, (*key, str(k)), names) for k, part in value.items()}
    if isinstance(value, list):
        return [_hidden(part, _key_of_item(key, value, n), names) for n, part in enumerate(value)]
    if not isinstance(value, str) or not value:
        return value
    if _named_secret(value, key):
        scheme, space, rest = value.rpartition(" ")
        kept = f"{scheme}{space}" if scheme.lower() in {"bearer", "basic", "token"} else ""
        secret = rest if kept else value
        return kept + _variable(key, names) if secret else value
    text = value
    for one in reversed(find_secrets(value)):
        text = text[: one.start] + _variable(key, names) + text[one.end :]
    return text


def _key_of_item(key: tuple[str, ...], items: list[object], n: int) -> tuple[str, ...]:
    """Return the key of a list item: after ``--api-key``, that option is the key."""
    before = items[n - 1] if n else None
    return (
        (*key, before.lstrip("-")) if isinstance(before, str) and before.startswith("--") else key
    )


def _named_secret(value: str, key: tuple[str, ...]) -> bool:
    """Whether a text with a key-like name is a secret as a whole, judged more by its name than by its look."""
    last = key[-1] if key else ""
    if not is_secret_name(last):
        return False
    secret = (
        value.partition(" ")[2]
        if value.lower().startswith(("bearer ", "basic ", "token "))
        else value
    )
    if len(secret) < 6 or secret.isdigit() or re.search(r"\s", secret):
        return False
    return secret.lower() not in _PLAIN_WORDS and not (
        is_placeholder(secret) and turns(secret)[0] < 2
    )


def _variable(key: tuple[str, ...], names: list[str]) -> str:
    words = [re.sub(r"\W+", "_", part, flags=re.ASCII).strip("_").upper() for part in key]
    words = [
        word
        for word in words
        if word and word not in {"HEADERS", "ENV", "ARGS", "MCP_SERVERS", "PROVIDERS"}
    ]
    last = words[-1] if words else "SECRET"
    own_name = key and re.fullmatch(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+", key[-1])
    name = last if own_name or len(words) < 2 else f"{words[-2]}_{last}"
    name = f"N{name}" if name[0].isdigit() else name
    names.append(name)
    return "${" + name + "}"
