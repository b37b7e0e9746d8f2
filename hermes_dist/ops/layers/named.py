"""Notes about layers, each with the name of the layer whose file or release it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from hermes_dist.decide.layers.origins import BY_KEY, Brought
from hermes_dist.decide.placement.place import Placed
from hermes_dist.errors import first_few
from hermes_dist.lazily import later
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree

with later():
    from hermes_dist.decide.layers.counting import counting
    from hermes_dist.decide.layers.documents import Documents
    from hermes_dist.decide.layers.stack import Layer, Order, Rank

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
    trees = {"": own, **{layer.name: layer.tree for layer in reversed(layers)}}
    said = {name: placing(tree).notes for name, tree in trees.items()}
    return tuple(
        _after(_sayer(each, said) or _only_holder(each, trees), each) for each in placed.notes
    )


def _sayer(told: Note, said: Mapping[str, Sequence[Note]]) -> str:
    """Find who says a note alone; or else who says one of its kind about the place, for the rest can tell of others."""
    for name, notes in said.items():
        if told in notes:
            return name
    for name, notes in said.items():
        if any((one.kind, one.where) == (told.kind, told.where) for one in notes):
            return name
    return ""


def _only_holder(told: Note, trees: Mapping[str, Tree]) -> str:
    """Find who alone ships the file that a note is about."""
    holders = [name for name, tree in trees.items() if told.where in tree]
    return holders[0] if len(holders) == 1 else ""


def of_file(brought: Sequence[Brought], path: RelPath, note: Note, read: Read) -> Note:
    """Put the name of the layer whose file a note is about before it; none if the file is of several, or the package's.

    Args:
        brought: What each layer brings, and the package itself.
        path: The file, in the spelling of a home.
        note: The note.
        read: Gives the contents of the layers.
    """
    saying = [one.layer.name for one in brought if path in one.placed]
    if path in BY_KEY and len(saying) > 1:
        return note
    counts = counting(Order(one.layer for one in brought), saying, path, (), Documents(read))
    own = next(one.layer.name for one in brought if one.layer.rank is Rank.OWN)
    return _after("" if counts == own else counts, note)


def _after(name: str, note: Note) -> Note:
    if not name:
        return note
    where = f"{name}: {note.where}" if note.where else name
    return note._replace(where=where)
