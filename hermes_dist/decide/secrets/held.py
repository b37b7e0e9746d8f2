"""What a machine holds secret: values of its variables and logins, by names of variables for them.

The name of a variable says whether its value is a secret. A value that is written everywhere (``true``, ``localhost``)
is none, whatever its name. A secret may also be a part of a value: the password in an address, a line of a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from hermes_dist import lazily
from hermes_dist.decide.secrets.finder import find_secrets
from hermes_dist.decide.secrets.known import SHORTEST_KNOWN
from hermes_dist.decide.secrets.looks import is_random
from hermes_dist.decide.secrets.says_secret import is_ordinary, part_name, says_secret

_LONG = 8
"""Under a name that only may be a secret's, shorter values are none."""
_MAYBE_PRIVATE = lazily.pattern(
    r"KEY|TOKEN|SECRET|PASS|PWD|CRED|AUTH(?!OR)|PRIVATE|SALT|COOKIE|WEBHOOK|SIGN|DSN", re.IGNORECASE
)
_ADDRESS = lazily.pattern(r"[\w.-]*://[^@]*|(?:~|\.{0,2})/\S*")
_USERINFO = lazily.pattern(r"://[^\s/:@]*:(?P<secret>[^\s/@]+)@")
_PAIR = lazily.pattern(
    r"[\"']?(?P<name>[\w.-]{1,60})[\"']?\s*[:=]\s*[\"']?(?P<value>[^\"']*)[\"']?,?"
)


def known_secrets(variables: Mapping[str, str], logins: object) -> dict[str, str]:
    """Collect the values that a machine keeps secret, by names of variables for them.

    Args:
        variables: The contents of its ``.env`` files; values without the name or look of a secret are left out.
        logins: The data of its stores of logins, such as ``auth.json``.
    """
    found = {name: value for name, value in variables.items() if _is_secret(name, value)}
    for name, value in variables.items():
        for whose, part in _parts(name, value):
            _add(found, whose, part)
    for name, value in _leaves(logins, ()):
        if _is_secret(name, value):
            _add(found, _variable(name), value)
    return found


def _variable(name: str) -> str:
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").upper() or "AUTH"


def _add(found: dict[str, str], name: str, value: str) -> None:
    """Add a value under a name that no other value has: a pool of logins repeats its names."""
    if value in found.values():
        return
    number, free = 1, name
    while free in found:
        number += 1
        free = f"{name}_{number}"
    found[free] = value


def _is_secret(name: str, value: str) -> bool:
    if find_secrets(value):
        return True
    if is_ordinary(value) or is_address(value):
        return False
    if says_secret(name):
        return len(value) >= SHORTEST_KNOWN
    return len(value) >= _LONG and (bool(_MAYBE_PRIVATE.search(name)) or is_random(value))


def is_address(value: str) -> bool:
    """Whether a value is a path or an address, found all over a package; a key may begin with a slash."""
    return bool(_ADDRESS.fullmatch(value)) and not is_random(value.lstrip("/"))


def _parts(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield the secrets that are a part of a value, with names for them."""
    yield from ((f"{name}_PASSWORD", secret) for secret in _in_addresses(value))
    inside = find_secrets(value)
    for one in inside:
        if one.end - one.start < len(value):
            yield part_name(name, one.kind), value[one.start : one.end]
    if "\n" in value and (inside or says_secret(name)):
        yield from ((f"{name}_LINE", line) for line in _lines(value))


def _in_addresses(value: str) -> Iterator[str]:
    """Yield the passwords in addresses, as they are written there and as they are typed."""
    for match in _USERINFO.finditer(value):
        for secret in (match["secret"], unquote(match["secret"])):
            if len(secret) >= SHORTEST_KNOWN and not is_ordinary(secret):
                yield secret


def _lines(value: str) -> Iterator[str]:
    """Yield the lines of a secret that are secrets themselves: not those that say what it is."""
    for line in map(str.strip, value.splitlines()):
        pair = _PAIR.fullmatch(line)
        said = pair["value"].strip() if pair else line
        if len(said) < _LONG or said.startswith("-----") or is_ordinary(said):
            continue
        if pair is None or _is_secret(pair["name"], said):
            yield said


def _leaves(data: object, key: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(data, dict):
        for name, part in data.items():
            yield from _leaves(part, (*key, str(name)))
    elif isinstance(data, list):
        for part in data:
            yield from _leaves(part, key)
    elif isinstance(data, str):
        yield "_".join(key[-2:]), data
