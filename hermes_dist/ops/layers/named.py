"""Notes about layers, each with the name of the layer whose file or release it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hermes_dist.decide.layers.stack import Layer
from hermes_dist.decide.placement.place import Placed
from hermes_dist.errors import first_few
from hermes_dist.model.notes import Note
from hermes_dist.model.tree import Tree

_SHOWN = 3


def named(notes: Iterable[tuple[str, Note]]) -> tuple[Note, ...]:
    """Put the name of each layer before what is said about it; what is said about several alike is said once.

    Args:
        notes: The name of a layer, and a note about it.
    """
    found: dict[Note, list[str]] = {}
    for name, note in notes:
        found.setdefault(note, []).append(name)
    return tuple(_after(first_few(names, _SHOWN), note) for note, names in found.items())


def whose(
    placed: Placed, own: Tree, layers: Sequence[Layer], placing: Callable[[Tree], Placed]
) -> tuple[Note, ...]:
    """Say of each note about a composition whose file it is about; what is about the package itself has no name.

    Args:
        placed: The composition, as it was placed.
        own: What the package itself ships.
        layers: The layers with the answers in them, the lowest first.
        placing: Places a tree as the composition was placed.
    """
    if not (placed.notes and layers):
        return tuple(placed.notes)
    own_notes = set(placing(own).notes)
    names: dict[Note, str] = {}
    for layer in reversed(layers):
        for each in placing(layer.tree).notes:
            names.setdefault(each, layer.name)
    return tuple(
        _after(names[each], each) if each in names and each not in own_notes else each
        for each in placed.notes
    )


def _after(name: str, note: Note) -> Note:
    where = f"{name}: {note.where}" if note.where else name
    return note._replace(where=where)
