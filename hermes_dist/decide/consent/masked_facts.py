"""Facts without secrets: cards and locks hold a mark in place of any value that looks like a secret.

The mark holds the start of the value's digest, so a changed value is noticed. An approval is bound to the digest of
the effect, which is computed from the value itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from msgspec.structs import replace

from hermes_dist.decide.secrets.finder import find_secrets
from hermes_dist.decide.secrets.known import forms_of, replaced
from hermes_dist.errors import Invalid
from hermes_dist.model.facts import fact_value
from hermes_dist.model.keypath import Item, parse_key
from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import Digest


def mask_facts(effects: Iterable[Effect], known: Mapping[str, str]) -> tuple[Effect, ...]:
    """Put marks in place of secrets in the facts of effects.

    Args:
        effects: The effects.
        known: Secrets of this machine, by name.
    """
    forms = tuple(_forms(known))
    return tuple(_masked(effect, forms) for effect in effects)


def _forms(known: Mapping[str, str]) -> Iterator[tuple[bytes, str]]:
    """Yield each spelling of each secret with its mark; the longest first, because one may contain another."""
    found = {form: _mark(value) for value in known.values() for form in forms_of(value)}
    yield from sorted(found.items(), key=lambda pair: -len(pair[0]))


def _masked(effect: Effect, forms: tuple[tuple[bytes, str], ...]) -> Effect:
    name = _last_name(effect.key)
    facts = tuple((fact, _without(fact or name, value, forms)) for fact, value in effect.facts)
    return effect if facts == effect.facts else replace(effect, facts=facts)


def _last_name(key: str) -> str:
    """Return the name in front of a value, which may say that the value is a secret."""
    try:
        steps = parse_key(key) if key else ()
    except Invalid:
        return key
    return "" if not steps or isinstance(steps[-1], Item) else str(steps[-1])


def _without(name: str, text: str, forms: tuple[tuple[bytes, str], ...]) -> str:
    data = text.encode("utf-8", "surrogatepass")
    for form, mark in forms:
        data = replaced(data, form, mark.encode())
    text = data.decode("utf-8", "surrogatepass")
    # The longest first, here as well: a shorter one may be a part of it.
    for secret in sorted(_secrets_in(name, text), key=len, reverse=True):
        text = text.replace(secret, _mark(secret))
    return text


@lru_cache(maxsize=1024)
def _secrets_in(name: str, text: str) -> frozenset[str]:
    """Find likely secrets in a value, read both as the value of its name and as part of a command line."""
    # A plan says the same of a setting twice: as an effect, and as one that waits.
    lead = f"{name}: " if name else ""
    spellings = [(lead, text)]
    if words := " ".join(_words(text)):
        spellings.append(("", words))
    found = {
        whole[max(one.start, len(before)) : one.end]
        for before, said in spellings
        for whole in (before + said,)
        for one in find_secrets(whole)
    }
    return frozenset(secret for secret in found if secret in text and secret)


def _words(text: str) -> Iterator[str]:
    if "[" not in text:
        return  # most values are no list, and need not be read to know it
    value = fact_value(text)
    if isinstance(value, list):
        yield from (str(word) for word in value)


def _mark(secret: str) -> str:
    return f"[secret {Digest.of(secret.encode('utf-8', 'surrogatepass'))[:8]}]"
