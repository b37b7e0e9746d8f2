"""What `status` says of one profile, as plain values that can be kept and shown again; this loads little."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

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


_KINDS = {
    **dict.fromkeys(("profile", "label", "untouched"), str),
    **dict.fromkeys(("rows", "facts", "notes", "leads"), list),
    **dict.fromkeys(("in_conflict", "clean"), bool),
    "data": dict,
}
"""What each field is as JSON."""
_ROWS, _PAIRS, _TEXTS = {(str, str, str, list)}, {(str, str)}, {str}
"""What is in the fields."""


def standing_from(kept: Mapping[str, Any]) -> Standing | None:
    """Make what was kept by :meth:`Standing.as_json` into a value again; None for what another program kept."""
    try:
        if not _is_kept(kept):
            return None
    except (TypeError, IndexError):
        return None
    return Standing(**{**kept, "rows": tuple(Row(*row) for row in kept["rows"])})


def _is_kept(kept: Mapping[str, Any]) -> bool:
    """Whether each value is of the type that it has in what :meth:`Standing.as_json` gives.

    Raises:
        TypeError, IndexError: One is not.
    """
    if {field: type(value) for field, value in kept.items()} != _KINDS:
        return False
    rows = {tuple(map(type, row)) for row in kept["rows"]}
    pairs = {tuple(map(type, pair)) for pair in (*kept["facts"], kept["leads"])}
    texts = {*map(type, chain(kept["notes"], *(row[-1] for row in kept["rows"])))}
    return rows <= _ROWS and pairs <= _PAIRS and texts <= _TEXTS
