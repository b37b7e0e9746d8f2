"""The last net under every reply: no value that this machine keeps secret is in it, wherever it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.change.machine_secrets import hidden_in, secrets_of
from hermes_dist.ops.context import Context

_LONG = 8
"""Shorter values are hidden in free texts alone: a word of the body itself may be spelled like one."""
_SPACE = frozenset(" \n\t")
"""What free texts have, and no path, id, time or word of the body itself."""


def veiled(ctx: Context, name: ProfileName | None, body: dict[str, Any]) -> dict[str, Any]:
    """Return a body with ``${NAME}`` in place of each secret value.

    What shows contents of files hides secrets itself, in every form. This is for all else: a key that was typed as the
    name of a model, or in the description of a profile.

    Args:
        ctx: The context.
        name: The profile that the body is about; None for all.
        body: The body.
    """
    known = _known(ctx, name)
    if not known:
        return body
    strings = list(_strings(body))
    found = {
        value: f"${{{word}}}"
        for value, word in known.items()
        if any(value in each for each in strings)
    }
    if not found:
        return body
    # The longest first: a shorter one may be a part of it.
    hidden: dict[str, Any] = _hidden(body, dict(sorted(found.items(), key=lambda i: -len(i[0]))))
    return hidden


def _known(ctx: Context, name: ProfileName | None) -> Mapping[str, str]:
    """The secrets with their names: two profiles may give one name two values."""
    names = [name] if name is not None else (ctx.names() or [DEFAULT_PROFILE])
    known: dict[str, str] = {}
    for each in names:
        known |= {value: word for word, value in secrets_of(ctx, ctx.layout.home(each)).items()}
    return known


def _strings(data: object) -> Iterator[str]:
    """Every text in a body."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield str(key)
            yield from _strings(value)
    elif isinstance(data, list | tuple):
        for each in data:
            yield from _strings(each)


def _hidden(data: object, found: Mapping[str, str]) -> Any:
    if isinstance(data, str):
        return _without(data, found, is_free=not _SPACE.isdisjoint(data))
    if isinstance(data, Mapping):
        return {
            _without(str(key), found, is_free=False): _hidden(value, found)
            for key, value in data.items()
        }
    if isinstance(data, list | tuple):
        return [_hidden(each, found) for each in data]
    return data


def _without(text: str, found: Mapping[str, str], *, is_free: bool) -> str:
    for value, shown in found.items():
        if len(value) >= _LONG:
            text = text.replace(value, shown)
        elif is_free and value in text:
            text = hidden_in(text, value, shown)
    return text
