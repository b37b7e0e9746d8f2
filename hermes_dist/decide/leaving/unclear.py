"""Values in ``.env`` of which nothing says whether they are secret: ``ACCOUNT``, ``WIFI_CODE``, ``FOO``.

A value whose name or look tells of a secret is found as one (``decide.secrets.held``). A name that tells what the value
is for instead, such as a model, a host or a path, makes it none. What is left may be either, so whoever sends a file
that contains it is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import chain

from hermes_dist import lazily
from hermes_dist.decide.environment.names import EnvClass, class_of, is_harmless
from hermes_dist.decide.secrets.held import is_address
from hermes_dist.decide.secrets.looks import is_wordy
from hermes_dist.decide.secrets.says_secret import is_ordinary

_SAYS_NOTHING = frozenset({EnvClass.UNKNOWN, EnvClass.KEY, EnvClass.ACCESS, EnvClass.HARMLESS})
"""Classes of names that may hold a secret or tell who somebody is; a harmless name only with an odd value."""
_SHORTEST = 6
_LONGEST_WORD = 14
_LISTED = lazily.pattern(r"[\s,;]+")
_NUMBER = lazily.pattern(r"[-+]?\d{1,5}(?:\.\d+)?")


def unclear_values(variables: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """Choose the values that may be secret, though neither their names nor their looks say so.

    Args:
        variables: The variables of a ``.env``.
        known: The values that are known to be secret.

    Returns:
        The names of variables by their values. Each part of a list counts by itself.
    """
    pairs = chain.from_iterable(_parts(name, value) for name, value in variables.items())
    return {value: name for name, value in pairs if value not in known and _is_unclear(name, value)}


def _parts(name: str, value: str) -> Iterator[tuple[str, str]]:
    yield name, value
    if class_of(name) is EnvClass.ACCESS:
        yield from ((name, part) for part in _LISTED.split(value) if part != value)


def _is_unclear(name: str, value: str) -> bool:
    if class_of(name) not in _SAYS_NOTHING or is_harmless(name, value):
        return False
    if len(value) < _SHORTEST or is_ordinary(value) or is_address(value):
        return False
    return not (_NUMBER.fullmatch(value) or _is_word(value))


def _is_word(value: str) -> bool:
    """Whether a value is one word, found all over a package."""
    return value.isalpha() and len(value) <= _LONGEST_WORD and is_wordy(value)
