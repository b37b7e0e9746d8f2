"""The contents that tell effects apart: the data of a document, a value on one line, the digest of a value."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import ABSENT, Kind, kind_of, load_data
from hermes_dist.model.facts import Facts, fact_text
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Read, Tree


def digest_of(value: object) -> Digest:
    """Return the digest of a value; the order of keys in a map makes no difference."""
    return Digest.of(repr(_canonical(value)).encode())


def _canonical(value: object) -> object:
    """Return a value whose ``repr`` does not depend on the order of keys."""
    if isinstance(value, Mapping):
        return ("map", sorted((repr(key), _canonical(part)) for key, part in value.items()))
    return [_canonical(part) for part in value] if isinstance(value, list) else value


def data_in(path: RelPath, tree: Tree, read: Read) -> object:
    """Return the data of a document; None if it is missing or can't be read."""
    try:
        return (
            load_data(read(tree[path].digest), kind_of(path) or Kind.YAML) if path in tree else None
        )
    except Invalid:
        return None


def value_facts(value: object) -> Facts:
    """Return the facts that a card shows about one value: the value, or that it was removed."""
    return (("change", "removed"),) if value is ABSENT else (("", fact_text(value)),)


def shown(value: object) -> str:
    """Format a value on one line."""
    if value is ABSENT:
        return "(removed)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(text.split())
