"""Which providers a machine uses: those named in its settings, and those whose key it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hermes_dist import lazily
from hermes_dist.decide.consent.floor import leaves, row_for
from hermes_dist.decide.consent.floor_rows import Rule
from hermes_dist.model.documents.api import get
from hermes_dist.model.keypath import KeyPath

_KEY = lazily.pattern(r"(?P<provider>[A-Z][A-Z0-9_]*?)_(?:API_)?(?:KEY|TOKEN)")
_ALSO = {
    "google": ("gemini",),
    "gemini": ("google",),
    "hf": ("huggingface",),
    "glm": ("zai",),
    "kimi": ("moonshot",),
}
"""Providers whose key has the name of another provider."""


def providers_in(config: object) -> Iterator[str]:
    """Yield the names of providers that the data of a ``config.yaml`` uses or describes."""
    for section in ("providers", "custom_providers"):
        part = get(config, (section,))
        yield from (str(name).lower() for name in part) if isinstance(part, dict) else ()
    for key, value in _scalars(config, ()):
        if isinstance(value, str) and row_for(key).rule is Rule.PROVIDER:
            yield value.lower()


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
