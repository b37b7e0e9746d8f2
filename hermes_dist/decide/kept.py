"""What the user keeps, under upstream's names: if upstream moves a kept file, the user's copy moves with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hermes_dist.decide.consent.parking import Grafted, put_back
from hermes_dist.merge.renames import Moves, find_moves
from hermes_dist.model.discreet import Contents
from hermes_dist.model.keypath import join_place, split_place
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree


class Settled(Contents, frozen=True):
    """Base as the merge has to see it, so that it leaves alone what is kept.

    Attributes:
        base: The tree with its new contents.
        places: What is kept, under the names that it has after the merge.
        notes: Which names changed.
    """

    base: Grafted
    places: frozenset[str]
    notes: tuple[Note, ...] = ()


def settle_kept(base: Tree, theirs: Tree, places: frozenset[str], read: Read) -> Settled:
    """Let base become theirs at each kept place: then upstream shows no change there, and the merge leaves ours alone.

    A file that upstream moved keeps its old name in base. So the merge finds the move, and the user's file follows it,
    as any edited one does; as an unknown file at the old name, it would stand beside upstream's at the new one.

    Args:
        base: What the home last received.
        theirs: What upstream ships.
        places: ``path`` or ``path: key`` that always stays ours.
        read: Gives contents by digest.
    """
    split = [_split(place) for place in sorted(places)]
    tops = [path for path, _ in split]
    moves = find_moves(base, theirs, read, lambda path: any(path.under(top) for top in tops))
    names = {**moves.files, **moves.joined}
    before = theirs.with_entries({old: theirs[new] for old, new in names.items()})
    renamed = dict(_renamed(split, moves))
    now = frozenset(part for place in places for part in renamed.get(place, (place,)))
    notes = tuple(
        Note.of(NoteKind.KEPT_FOLLOWS, where=place, names=parts) for place, parts in renamed.items()
    )
    return Settled(put_back(base, before, split, read), now, notes)


def _split(place: str) -> tuple[RelPath, str]:
    path, key = split_place(place)
    return RelPath(path), key


def _renamed(
    places: Iterable[tuple[RelPath, str]], moves: Moves
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the kept places that upstream moved, with the names to keep from now on."""
    for path, key in places:
        new = moves.files.get(path) or moves.folders.get(path)
        inside = tuple(sorted(now for old, now in moves.files.items() if old.under(path)))
        if new is not None:
            yield join_place(path, key), (join_place(new, key),)
        elif inside:
            # Files left a folder that stays, each for a place of its own.
            yield str(path), (str(path), *map(str, inside))
