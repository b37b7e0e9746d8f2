"""Which providers a machine uses: those named in its settings, and those whose key it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hermes_dist import lazily
from hermes_dist.decide.consent.floor.asks import leaves, row_for
from hermes_dist.decide.consent.floor.rows import Rule
from hermes_dist.model.documents.api import get
from hermes_dist.model.keypath import KeyPath

_KEY = lazily.pattern(r"(?P<provider>[A-Z][A-Z0-9_]*?)_(?:API_)?(?:KEY|TOKEN)")
_NAMES = frozenset([Rule.HARMLESS, Rule.MODEL, Rule.ABOUT_PROVIDER])
_ALSO = {
    "google": ("gemini",),
    "gemini": ("google",),
    "hf": ("huggingface",),
    "glm": ("zai",),
    "kimi": ("moonshot",),
}
"""Providers whose key has the name of another provider."""


def providers_in(config: object) -> Iterator[str]:
    """Yield the names of providers that the data of a ``config.yaml`` uses, or of which it says where they are."""
    for section in ("providers", "custom_providers"):
        part = get(config, (section,))
        for name, about in part.items() if isinstance(part, dict) else ():
            if _says_where((section, name), about):
                yield str(name).lower()
    for key, value in _scalars(config, ()):
        if isinstance(value, str) and row_for(key).rule is Rule.PROVIDER:
            yield value.lower()


def _says_where(at: KeyPath, about: object) -> bool:
    """Whether a description holds more than names and limits, which say nothing of whether anybody uses it."""
    return any(row_for(key).rule not in _NAMES for key, _ in leaves(about, at))


def _scalars(data: object, at: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    for key, value in leaves(data, at):
        if isinstance(value, list):
            for number, item in enumerate(value):
                yield from _scalars(item, (*key, number))
        else:
            yield key, value


def providers_of(variables: Iterable[str]) -> Iterator[str]:
    """Yield the names of providers whose key is among the environment variables, such as ``OPENROUTER_API_KEY``."""
    for name in variables:
        found = _KEY.fullmatch(name) if name.endswith(("_KEY", "_TOKEN")) else None
        if found:
            word = found["provider"].lower()
            yield from (word, word.replace("_", "-"), *_ALSO.get(word, ()))
