"""A place of a home: what is there, whether it is as the packages ship it, and whether several of them fill it."""

from __future__ import annotations

from collections.abc import Sequence

from hermes_dist.decide.layers.compose import BY_KEY
from hermes_dist.merge.data import same_document
from hermes_dist.merge.shapes import stays_whole
from hermes_dist.merge.values import alike
from hermes_dist.model.documents.api import ABSENT, get, kind_of, load_data
from hermes_dist.model.keypath import KeyPath, parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import Digest


def part_of(data: bytes | None, path: RelPath, key: KeyPath) -> object:
    """What a file holds at a key; its digest for the whole file, ABSENT for nothing.

    Raises:
        Invalid: It can't be read.
    """
    if data is None:
        return ABSENT
    kind = kind_of(path)
    if not key or kind is None:
        return str(Digest.of(data))
    return get(load_data(data, kind), key)


def is_as_received(path: RelPath, key: KeyPath, here: bytes | None, received: bytes | None) -> bool:
    """Whether a place is as the home received it, but for keys of the machine, such as which servers are switched on.

    Raises:
        Invalid: A version of the file can't be read.
    """
    if not key and here is not None and received is not None:
        return same_document(path, here, received)
    return alike(path, key, part_of(here, path, key), part_of(received, path, key))


def is_joined(path: RelPath, key: KeyPath, values: Sequence[object]) -> bool:
    """Whether several packages say something at a place, and what they say is joined key by key."""
    if len(values) < 2:
        return False
    if not key:
        return path in BY_KEY
    return all(isinstance(value, dict) for value in values) and not stays_whole(path, key)


def meets(effect: Effect, path: RelPath, key: KeyPath) -> bool:
    """Whether an effect is at a place, around it or in it."""
    steps = parse_key(effect.key) if effect.key else ()
    shorter = min(len(steps), len(key))
    return effect.path == path and steps[:shorter] == key[:shorter]
