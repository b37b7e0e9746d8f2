"""What a request is: a row of the table, what its handler is given, and what that returns."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Any

from hermes_dist.light import NamedTuple
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.page.fields import FLAG, Fields

__all__ = ["About", "Found", "Job", "Row"]


class About(Enum):
    """What a request is about."""

    PROFILE = auto()
    MACHINE = auto()
    EITHER = auto()


class Row(NamedTuple):
    """A request.

    Attributes:
        module: The module of its handler, in this folder.
        function: The handler; the first line of its docstring names the command that does the same.
        schema: The object that it returns, as that command prints it with ``--json``.
        about: Whether it names a profile.
        fields: Its fields.
        writes: It changes something, so it is a POST and names the state of its profile.
        planned: It takes ``dry_run`` for a preview, and is carried out by the plan of one.
        by_post: It only reads, but takes too much for a URL.
    """

    module: str
    function: str
    schema: str
    about: About = About.PROFILE
    fields: Fields = MappingProxyType({})
    writes: bool = False
    planned: bool = False
    by_post: bool = False

    @property
    def takes(self) -> Fields:
        """All its fields."""
        return {**self.fields, "dry_run": FLAG} if self.planned else self.fields

    @property
    def is_post(self) -> bool:
        return self.writes or self.by_post


class Job(Discreet, frozen=True, kw_only=True):
    """What a handler is given: a request that was checked.

    Attributes:
        ctx: The context.
        name: The profile; None for the whole machine.
        given: The fields, each of its type.
        plan: The digest of the preview that was said yes to.
    """

    ctx: Context
    name: ProfileName | None
    given: Mapping[str, object]
    plan: str = ""

    @property
    def profile(self) -> ProfileName:
        """The profile; the table says that there is one."""
        assert self.name is not None  # noqa: S101 - the table names it, and answer.py checks that
        return self.name

    @property
    def dry_run(self) -> bool:
        return self.flag("dry_run")

    def text(self, name: str) -> str:
        """A field that holds a text; empty if it is not given."""
        return str(self.given.get(name, ""))

    def flag(self, name: str) -> bool:
        """A field that is true or false; false if it is not given."""
        return self.given.get(name) is True

    def number(self, name: str) -> int | None:
        """A field that holds a number."""
        value = self.given.get(name)
        return value if isinstance(value, int) else None

    def words(self, name: str) -> tuple[str, ...]:
        """A field that holds a list of lines."""
        value = self.given.get(name)
        return tuple(map(str, value)) if isinstance(value, list) else ()

    def values(self, name: str) -> Mapping[str, str]:
        """A field that holds values by name."""
        value = self.given.get(name)
        return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


class Found(NamedTuple):
    """What a handler returns.

    Attributes:
        schema: The name of the object, as the command prints it with ``--json``.
        data: Its fields.
        plan: The digest of the proposal that it shows; empty for none.
    """

    schema: str
    data: Mapping[str, Any]
    plan: str = ""

    def body(self) -> dict[str, Any]:
        """The object as the command prints it."""
        return {"schema": f"hermes-dist/{self.schema}/1", **self.data}


def agreed(_shown: object) -> bool:
    """The yes of the page: given to a preview, and bound to its digest by the request."""
    return True
