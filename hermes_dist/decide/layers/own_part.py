"""The own part: what a package adds to the layers below it, so that publishing it never ships what is theirs."""

from __future__ import annotations

from collections.abc import Iterator

from hermes_dist.decide.consent.parking import Grafted, put_back
from hermes_dist.decide.layers.compose import BY_KEY
from hermes_dist.decide.layers.documents import data_at
from hermes_dist.model.documents.api import ABSENT, get, same
from hermes_dist.model.keypath import format_key, join_place
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Read, Tree
from hermes_dist.model.values import leaves

Place = tuple[RelPath, str]


def own_part(whole: Tree, below: Tree, top: Tree, read: Read) -> Grafted:
    """Take out of a tree what comes from the layers below.

    What the package ships itself stays, also where it says the same as a layer; so does everything that was edited.

    Args:
        whole: The package with its layers, as a home has it by now, in the spelling of packages.
        below: The composition of the layers alone.
        top: What the package itself ships.
        read: Gives contents by digest, for all three.

    Raises:
        Invalid: A document can't be read.
    """
    places: list[Place] = []
    for path, entry in below.items():
        if path not in whole:
            continue
        if path in BY_KEY:
            places += _keys_of_layers(path, whole, below, top, read)
        elif path not in top and whole[path] == entry:
            places.append((path, ""))
    return put_back(whole, EMPTY, places, read)


def not_there(whole: Tree, below: Tree, read: Read) -> tuple[str, ...]:
    """List the places of the layers below that a tree lacks: only ``without`` in the manifest can take them out.

    Args:
        whole: The package with its layers, as a home has it by now.
        below: The composition of the layers alone.
        read: Gives contents by digest, for both.
    """
    gone = [str(path) for path in below if path not in whole]
    for path in BY_KEY & below.keys() & whole.keys():
        now = data_at(path, whole, read)
        gone += [
            join_place(path, format_key(key))
            for key, _ in leaves(data_at(path, below, read))
            if key and get(now, key) is ABSENT
        ]
    return tuple(sorted(gone))


def _keys_of_layers(
    path: RelPath, whole: Tree, below: Tree, top: Tree, read: Read
) -> Iterator[Place]:
    now, shipped = data_at(path, whole, read), data_at(path, top, read)
    for key, value in leaves(data_at(path, below, read)):
        if key and get(shipped, key) is ABSENT and same(get(now, key), value):
            yield path, format_key(key)
