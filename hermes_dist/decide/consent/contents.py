"""What effects are told apart by: the data of a document, a value on one line, the digest of a value."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import ABSENT, Kind, kind_of, load_data
from hermes_dist.model.facts import Facts, fact_text
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Read, Tree


def digest_of(value: object) -> Digest:
    """The digest of a value; maps with the same keys and values have the same one, whatever their order."""
    return Digest.of(repr(_canonical(value)).encode())


def _canonical(value: object) -> object:
    """A value whose ``repr`` does not go by the order of keys."""
    if isinstance(value, Mapping):
        return ("map", sorted((repr(key), _canonical(part)) for key, part in value.items()))
    return [_canonical(part) for part in value] if isinstance(value, list) else value


def data_in(path: RelPath, tree: Tree, read: Read) -> object:
    """The data of a document, None where there is none or it can't be read."""
    try:
        return (
            load_data(read(tree[path].digest), kind_of(path) or Kind.YAML) if path in tree else None
        )
    except Invalid:
        return None


def value_facts(value: object) -> Facts:
    """What a card says of one value: the value, or that it was removed."""
    return (("change", "removed"),) if value is ABSENT else (("", fact_text(value)),)


def shown(value: object) -> str:
    """A value on one line."""
    if value is ABSENT:
        return "(removed)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(text.split())
