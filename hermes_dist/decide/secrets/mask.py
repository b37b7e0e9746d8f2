"""Masking: a value of a document with ``${NAME}`` in place of every secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import field

from hermes_dist import lazily
from hermes_dist.decide.secrets.finder import find_secrets
from hermes_dist.decide.secrets.known import SHORTEST_KNOWN, replaced
from hermes_dist.decide.secrets.looks import is_placeholder, turns
from hermes_dist.decide.secrets.names import is_secret_name
from hermes_dist.decide.secrets.says_secret import (
    is_ordinary,
    part_name,
    says_password,
)
from hermes_dist.model.discreet import Discreet

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


class Place(Discreet, frozen=True):
    """A secret in a document.

    Attributes:
        value: The secret.
        name: The variable that its place suggests.
        longer: The same with the name of what it belongs to, such as its server.
    """

    value: str
    name: str
    longer: str


class Names(Discreet, frozen=True):
    """The names of variables for the secrets of a home.

    Attributes:
        at: The name of each secret whose place suggests a name that another secret has, by that name and the secret.
        of: The name of each secret that is looked for wherever it stands, by the secret.
    """

    at: Mapping[tuple[str, str], str] = field(default_factory=dict)
    of: Mapping[str, str] = field(default_factory=dict)


_NONE = Names()


def hide(
    value: object, key: tuple[str, ...], known: Names = _NONE
) -> tuple[object, tuple[str, ...]]:
    """Replace likely secrets in a value of a document with ``${NAME}``.

    Args:
        value: Any data.
        key: The key of the value; its last steps give the names of the variables.
        known: Secrets that are replaced wherever they stand, and names that are settled.

    Returns:
        The value, and the names of the variables.
    """
    names: list[str] = []
    return _hidden(value, key, known, names), tuple(dict.fromkeys(names))


def secrets_at(value: object, key: tuple[str, ...]) -> Iterator[Place]:
    """Yield the secrets that :func:`hide` replaces in a value, each with its place."""
    if isinstance(value, Mapping):
        for step, part in value.items():
            yield from secrets_at(part, (*key, str(step)))
    elif isinstance(value, list):
        for n, part in enumerate(value):
            yield from secrets_at(part, _key_of_item(key, value, n))
    elif isinstance(value, str):
        yield from (Place(*found) for _, _, *found in _found(value, key))


def _hidden(value: object, key: tuple[str, ...], known: Names, names: list[str]) -> object:
    if isinstance(value, Mapping):
        return {k: _hidden(part, (*key, str(k)), known, names) for k, part in value.items()}
    if isinstance(value, list):
        return [
            _hidden(part, _key_of_item(key, value, n), known, names) for n, part in enumerate(value)
        ]
    if isinstance(value, str):
        return _without_known(_hidden_text(value, key, known, names), known, names)
    return value


def _hidden_text(text: str, key: tuple[str, ...], known: Names, names: list[str]) -> str:
    for start, end, secret, suggested, _ in reversed([*_found(text, key)]):
        name = known.at.get((suggested, secret), suggested)
        names.append(name)
        text = text[:start] + "${" + name + "}" + text[end:]
    return text


def _without_known(text: str, known: Names, names: list[str]) -> str:
    """Replace secrets of other places; the longest first, because one may be a part of another."""
    for value in sorted(known.of, key=len, reverse=True):
        name = known.of[value]
        edited = replaced(
            text.encode("utf-8", "surrogatepass"),
            value.encode("utf-8", "surrogatepass"),
            b"${%s}" % name.encode(),
        ).decode("utf-8", "surrogatepass")
        if edited != text:
            text = edited
            names.append(name)
    return text


def _found(text: str, key: tuple[str, ...]) -> Iterator[tuple[int, int, str, str, str]]:
    """Yield the secrets in a text: where each is, itself, its name, and a longer name."""
    if _named_secret(text, key):
        # The scheme stays: a header in which the variable comes first would no longer work.
        scheme, secret = _split_scheme(text)
        yield len(scheme), len(text), secret, *_variable(key)
        return
    for one in find_secrets(text):
        secret = text[one.start : one.end]
        name, longer = _variable(key)
        if secret != text:
            name, longer = part_name(name, one.kind), part_name(longer, one.kind)
        yield one.start, one.end, secret, name, longer


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
    if not key:
        return False
    _, secret = _split_scheme(value)
    if says_password(key[-1]):
        return len(secret) >= SHORTEST_KNOWN and not is_ordinary(secret)
    return is_secret_name(key[-1]) and _like_key(secret)


def _like_key(secret: str) -> bool:
    if len(secret) < 6 or secret.isdigit() or re.search(r"\s", secret):
        return False
    if secret.lower() in _PLAIN_WORDS:
        return False
    # A key that only happens to contain such a word changes between letters and digits more often than a placeholder.
    digits, _ = turns(secret)
    return not is_placeholder(secret) or digits >= 2


def _variable(key: tuple[str, ...]) -> tuple[str, str]:
    """Choose the variable that replaces a secret, and one for it if another secret has that name."""
    words = [re.sub(r"\W+", "_", part, flags=re.ASCII).strip("_").upper() for part in key]
    words = [word for word in words if word and word not in _SECTIONS]
    return _sound(_name_from(words, key)), _sound("_".join(words[-2:]) or "SECRET")


def _sound(name: str) -> str:
    return f"N{name}" if name[0].isdigit() else name


def _name_from(words: list[str], key: tuple[str, ...]) -> str:
    if not words:
        return "SECRET"
    # A name that is spelled like a variable is one already: the server expects it. Others get the name before them,
    # because each server has its own ``token``.
    if len(words) < 2 or _VARIABLE.fullmatch(key[-1]):
        return words[-1]
    return f"{words[-2]}_{words[-1]}"
