"""The card of an archive, ``.dist/archive.json``, which describes the archive."""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.paths import RelPath
from hermes_dist.model.values import as_list, as_map

with later():
    from hermes_dist.installer import upgrades

CARD = ".dist/archive.json"
FORMAT = 1


class Card(Struct, frozen=True, kw_only=True):
    """An archive's description of itself.

    Attributes:
        variables: Variables that replace secrets.
        only: The only parts of the home that it contains; empty for all.
        without: Parts that it does not contain.
        carried: Files of the machine that it also contains.
        full: It is a full backup.
        long: Paths too long for a header, by the names of their members.
        inputs: What its packages ask: placeholders stand for the answers. The fields of each are those of the manifest.
    """

    variables: tuple[str, ...] = ()
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    carried: frozenset[str] = frozenset()
    full: bool = False
    long: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        return bool(self.only or self.without)

    def with_long(self, long: Mapping[str, str]) -> Card:
        """Return the card with these names for long paths."""
        return replace(self, long=dict(long))

    def encode(self) -> bytes:
        """Encode the card; equal cards give the same bytes."""
        data: dict[str, object] = {
            "format": FORMAT,
            "full": self.full,
            "long": dict(self.long),
            "only": sorted(self.only),
            "variables": sorted(set(self.variables)),
            "with": sorted(self.carried),
            "without": sorted(self.without),
        }
        if self.inputs:
            data["inputs"] = {name: dict(row) for name, row in self.inputs.items()}
        return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def read_card(data: bytes | None) -> Card:
    """Read the card of an archive; an archive without one gets the default card.

    Raises:
        Invalid: The card is damaged, or has a newer format.
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
            hint=f"install a newer version: {upgrades()}",
        )
    return Card(
        variables=tuple(_texts(raw, "variables")),
        only=frozenset(_texts(raw, "only")),
        without=frozenset(_texts(raw, "without")),
        carried=frozenset(_texts(raw, "with")),
        # A backup may bring in a machine's own files, so an odd value must not make one.
        full=raw.get("full") is True,
        long={str(name): RelPath(str(path)) for name, path in as_map(raw.get("long")).items()},
        inputs={
            str(name): {str(key): value for key, value in as_map(row).items()}
            for name, row in as_map(raw.get("inputs")).items()
        },
    )


def _texts(raw: Mapping[object, object], key: str) -> list[str]:
    return [item for item in as_list(raw.get(key)) if isinstance(item, str)]
