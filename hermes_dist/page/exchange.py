"""What goes to and fro: a request, its reply, and the progress in between."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from hermes_dist.errors import DistError, UsageError
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.paths import ProfileName
from hermes_dist.voice.clean import clean


class Ask(Discreet, frozen=True, kw_only=True):
    """A request. What it holds comes from outside, and nothing of it is checked yet.

    Attributes:
        name: Its name, as the command has it.
        profile: The profile that it is about; empty for the whole machine.
        fields: Its options by name.
        state: The state that the profile was shown in; every request that writes names it.
        plan: The digest of the preview that the user said yes to; empty for a preview.
    """

    name: str
    profile: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    state: str = ""
    plan: str = ""


class Reply(Struct, frozen=True):
    """A reply.

    Attributes:
        status: As in HTTP: 200, 400 for wrong fields, 404 for an unknown profile or request, 409 if the state or the
            plan is another one by now, 422 for what is refused, 423 for a busy profile, 500 for a fault of ours.
        body: An object of JSON.
    """

    status: int
    body: Mapping[str, Any]


class NoRequest(DistError):
    """There is no request of this name."""


class NoProfile(DistError):
    """There is no profile of this name.

    Args:
        name: The name.
    """

    def __init__(self, name: ProfileName) -> None:
        super().__init__("there is no such profile", where=str(name))
        self.name = name


class Progress(Struct, frozen=True):
    """A line about what is being done; a server may have written it."""

    line: str

    def data(self) -> dict[str, Any]:
        """The same as JSON, cleaned, with how much is done if the line tells it as git does."""
        shown = clean(self.line, _LONGEST)
        found = _PERCENT.search(shown)
        if found is None or int(found[1]) > _ALL:
            return {"line": shown}
        return {"line": shown, "percent": int(found[1])}


Report = Callable[[Progress], None]
"""Hears of progress."""

_PERCENT = re.compile(r"(?<![\d.])(\d{1,3})%")
_ALL = 100
_WORDS = ("name", "profile", "state", "plan")
_LONGEST = 200


def ask_of(data: object, name: str | None = None) -> Ask:
    """Read a request from JSON.

    Args:
        data: ``{"name", "profile", "state", "plan", "fields"}``; only the name has to be there.
        name: The name, if it comes from elsewhere; then the object may not name another.

    Raises:
        UsageError: The object is not a request.
    """
    if not isinstance(data, dict):
        raise UsageError("the request is not an object of JSON")
    unknown = sorted(set(map(str, data)) - {*_WORDS, "fields"})
    if unknown:
        raise UsageError("the request has a field that is not known", where=f"{unknown[0]:.80}")
    words = {word: _word(data.get(word, ""), word) for word in _WORDS}
    if name is not None:
        if words["name"] not in ("", name):
            raise UsageError("the request names another one", where="name")
        words["name"] = name
    fields = data.get("fields", {})
    if not isinstance(fields, dict) or not all(isinstance(each, str) for each in fields):
        raise UsageError("it takes an object", where="fields")
    return Ask(**words, fields=fields)


def _word(value: object, where: str) -> str:
    """A short text without anything that could steer a terminal or a log.

    Raises:
        UsageError: It is something else.
    """
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise UsageError(f"it takes a text of at most {_LONGEST} characters", where=where)
    return value
