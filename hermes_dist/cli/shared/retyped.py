"""A command line as it was typed, to be typed again with another word in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from hermes_dist import lazily
from hermes_dist.lazily import shlex

_SECRET = ("--env", "--set")
"""Options whose values may be secrets."""
_NAMES = frozenset(["-p", "--profile", "--clone-from"])
"""Options that take a profile."""
_LOGIN = lazily.pattern(r"://[^/]*@")
_LONGEST = 200
HIDDEN = "…"
"""What stands in the place of a secret; no option takes it, so a line with it does nothing."""


def spelled(words: Sequence[str]) -> str:
    """Spell words for a shell, without the secrets among them; empty if one of them can't be shown.

    Args:
        words: The words.
    """
    if any(len(word) > _LONGEST or not word.isprintable() or _LOGIN.search(word) for word in words):
        return ""
    return " ".join(_shown(before, word) for before, word in pairwise(("", *words)))


def _shown(before: str, word: str) -> str:
    if before in _SECRET:
        return HIDDEN
    option, equals, _ = word.partition("=")
    return f"{option}={HIDDEN}" if equals and option in _SECRET else shlex.quote(word)


def with_name(words: Sequence[str], old: str, now: str, valued: Collection[str]) -> str:
    """The line with the name that its profile has now, and nothing else changed.

    Args:
        words: The line, without the name of the program.
        old: The name in it that no profile has any more.
        now: The name of that profile.
        valued: The options of its command that take a value.

    Returns:
        The line; empty if it is not certain which word names the profile, or if the new name is in it already.
    """
    places = [
        at
        for at, (before, word) in enumerate(pairwise(("", *words)))
        if word == old and not _takes(before, valued)
    ]
    if len(places) != 1 or now in words:
        return ""
    [at] = places
    return spelled([*words[:at], now, *words[at + 1 :]])


def _takes(before: str, valued: Collection[str]) -> bool:
    """Whether a word is the value of an option that takes anything but a profile."""
    if before in _NAMES:
        return False
    short = before.startswith("-") and not before.startswith("--")
    return before in valued or (short and f"-{before[-1]}" in valued)
