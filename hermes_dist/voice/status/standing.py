"""What `status` says of one profile, as plain values that can be kept and shown again; this loads little."""

from __future__ import annotations

from collections.abc import Mapping

from hermes_dist.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any


class Row(NamedTuple):
    """A line of a status: its sign, what it is about, what is with it, and further lines below it."""

    sign: str
    what: str
    state: str
    below: tuple[str, ...] = ()


class Standing(NamedTuple):
    """What there is to say of one profile.

    Attributes:
        label: The package and its version; empty without a package.
        rows: What differs, what is open, and what is followed.
        facts: What else there is to say, as names and values; an empty value is not said.
        untouched: What to say if nothing differs; empty for nothing.
        notes: What else is worth knowing, each a sentence.
        leads: What to say before the command to go on with, and that command; empty for none.
        in_conflict: Whether a conflict is open.
        clean: Whether nothing differs and nothing is open.
        data: The same as JSON.
    """

    profile: str
    label: str
    rows: tuple[Row, ...]
    facts: tuple[tuple[str, str], ...]
    untouched: str
    notes: tuple[str, ...]
    leads: tuple[str, str]
    in_conflict: bool
    clean: bool
    data: Mapping[str, Any]

    def as_json(self) -> Mapping[str, Any]:
        """All of it as values of JSON, to keep it."""
        return self._asdict()


def standing_from(kept: Mapping[str, Any]) -> Standing | None:
    """Make what was kept by :meth:`Standing.as_json` into a value again; None for what another program kept."""
    if kept.keys() != set(Standing._fields):
        return None
    return Standing(**{**kept, "rows": tuple(Row(*row) for row in kept["rows"])})
