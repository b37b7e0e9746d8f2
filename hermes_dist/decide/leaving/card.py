"""The card of an archive: what it is, in ``.dist/archive.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.paths import RelPath

CARD = ".dist/archive.json"
FORMAT = 1


class Card(Struct, frozen=True, kw_only=True):
    """What an archive says about itself.

    Attributes:
        variables: Variables that took the place of secrets.
        only: Parts of the home that are in it alone; empty for all.
        without: Parts that are not.
        carried: What of the machine is in it, besides.
        full: It is a whole backup.
        long: Paths that have no room in a header, by the names of their members.
    """

    variables: tuple[str, ...] = ()
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    carried: frozenset[str] = frozenset()
    full: bool = False
    long: Mapping[str, str] = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        return bool(self.only or self.without)

    def with_long(self, long: Mapping[str, str]) -> Card:
        """Return the card with names for long paths."""
        return replace(self, long=dict(long))

    def encode(self) -> bytes:
        """Write it; the same card gives the same bytes."""
        data = {
            "format": FORMAT,
            "full": self.full,
            "long": dict(self.long),
            "only": sorted(self.only),
            "variables": sorted(set(self.variables)),
            "with": sorted(self.carried),
            "without": sorted(self.without),
        }
        return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def read_card(data: bytes | None) -> Card:
    """Read the card of an archive; one without has the usual one.

    Raises:
        Invalid: It is damaged, or of a newer format.
    """
    if data is None:
        return Card()
    raw = load_data(data, Kind.JSON)
    if not isinstance(raw, dict) or not isinstance(raw.get("format"), int):
        raise Invalid("the archive is damaged: its card can't be read", where=CARD)
    if raw["format"] > FORMAT:
        raise Invalid(
            f"the archive has format {raw['format']}, newer than this program knows ({FORMAT})",
            where=CARD,
            hint="install a newer version: pip install -U hermes-dist",
        )
    long = raw.get("long")
    return Card(
        variables=tuple(_texts(raw, "variables")),
        only=frozenset(_texts(raw, "only")),
        without=frozenset(_texts(raw, "without")),
        carried=frozenset(_texts(raw, "with")),
        full=raw.get("full") is True,
        long={str(name): RelPath(str(path)) for name, path in long.items()}
        if isinstance(long, dict)
        else {},
    )


def _texts(raw: Mapping[object, object], key: str) -> list[str]:
    value = raw.get(key)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
