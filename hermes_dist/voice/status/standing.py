"""What `status` says of one profile, as plain values that can be kept and shown again; this loads little."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hermes_dist.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any


SHOWN = 12
"""How many rows of one kind are shown without ``-v``, in a status as in a preview."""


class Row(NamedTuple):
    """A line of a status.

    Attributes:
        sign: What kind of line it is, as one character.
        what: What it is about.
        state: What is with it; rows of one sign and one state are a kind.
        below: Further lines below it.
    """

    sign: str
    what: str
    state: str
    below: tuple[str, ...] = ()


def shortened(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows with at most :data:`SHOWN` of a kind, and how many more there are after those."""
    kinds: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        kinds.setdefault((row.sign, row.state), []).append(row)
    for each in kinds.values():
        yield from each[:SHOWN]
        if rest := each[SHOWN:]:
            yield Row("", f"… and {len(rest)} more; -v lists them", "")


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
