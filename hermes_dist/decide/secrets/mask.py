"""Masking: a value of a document with ``${NAME}`` in place of every secret."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hermes_dist import lazily
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
_SCHEMES = frozenset(["bearer", "basic", "token"])
_SECTIONS = frozenset(["HEADERS", "ENV", "ARGS", "MCP_SERVERS", "PROVIDERS"])
"""Steps of keys that tell nothing about a secret."""
_VARIABLE = lazily.pattern(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")


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
    if isinstance(value, str):
        return _hidden_text(value, key, names)
    return value


def _hidden_text(text: str, key: tuple[str, ...], names: list[str]) -> str:
    if _named_secret(text, key):
        # The scheme stays: a header in which the variable comes first would no longer work.
        scheme, _ = _split_scheme(text)
        return scheme + _variable(key, names)
    for one in reversed(find_secrets(text)):
        text = text[: one.start] + _variable(key, names) + text[one.end :]
    return text


def _key_of_item(key: tuple[str, ...], items: list[object], n: int) -> tuple[str, ...]:
    """Return the key of a list item: after ``--api-key``, that option is the key."""
    before = items[n - 1] if n else None
    if isinstance(before, str) and before.startswith("--"):
        return (*key, before.lstrip("-"))
    return key


def _split_scheme(text: str) -> tuple[str, str]:
    """Split ``Bearer KEY`` before the key; the first part is empty if the text has no such scheme."""
    scheme, space, rest = text.partition(" ")
    if space and scheme.lower() in _SCHEMES:
        return f"{scheme} ", rest
    return "", text


def _named_secret(value: str, key: tuple[str, ...]) -> bool:
    """Whether a text with a key-like name is a secret as a whole, judged more by its name than by its look."""
    if not key or not is_secret_name(key[-1]):
        return False
    _, secret = _split_scheme(value)
    if len(secret) < 6 or secret.isdigit() or re.search(r"\s", secret):
        return False
    if secret.lower() in _PLAIN_WORDS:
        return False
    # A key that only happens to contain such a word changes between letters and digits more often than a placeholder.
    digits, _ = turns(secret)
    return not is_placeholder(secret) or digits >= 2


def _variable(key: tuple[str, ...], names: list[str]) -> str:
    """Choose the variable that replaces a secret, note its name, and return the reference to it."""
    words = [re.sub(r"\W+", "_", part, flags=re.ASCII).strip("_").upper() for part in key]
    name = _name_from([word for word in words if word and word not in _SECTIONS], key)
    if name[0].isdigit():
        name = f"N{name}"
    names.append(name)
    return "${" + name + "}"


def _name_from(words: list[str], key: tuple[str, ...]) -> str:
    if not words:
        return "SECRET"
    # A name that is spelled like a variable is one already: the server expects it. Others get the name before them,
    # because each server has its own ``token``.
    if len(words) < 2 or _VARIABLE.fullmatch(key[-1]):
        return words[-1]
    return f"{words[-2]}_{words[-1]}"
