"""Merge policies of a manifest: how its author wants conflicts to be settled.

A policy applies to a file, a folder or a key, and to everything inside it; the nearest policy counts. It has no
effect if only one side changed something, any decision of the user outranks it, and it never approves an effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hermes_dist.errors import Invalid
from hermes_dist.model.keypath import KeyPath, parse_key, split_written
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict
from hermes_dist.model.side import Side

_SIDES = {"keep": Side.OURS, "theirs": Side.THEIRS}


def side_of(policies: Mapping[str, str], path: RelPath, key: str) -> Side | None:
    """Return the side that a manifest's policies choose for a conflict.

    Args:
        policies: ``keep``, ``theirs`` or ``merge`` by path or ``path: key``.
        path: The file.
        key: The key in it; empty for the whole file.

    Returns:
        The side; None if the conflict stays open.
    """
    key_steps = _steps(key)
    nearest, policy = (-1, -1), "merge"
    for place, said in policies.items():
        folder, inside = split_written(place)
        steps = _steps(inside)
        if not _covers(folder, steps, path, key_steps):
            continue
        near = (folder.count("/"), len(steps or ()))
        if near > nearest:
            nearest, policy = near, said
    return _SIDES.get(policy)


def _covers(folder: str, steps: KeyPath | None, path: RelPath, key: KeyPath | None) -> bool:
    """Whether a policy's place is that of a conflict, or around it; a key that can't be read is around nothing."""
    if steps is None or key is None or key[: len(steps)] != steps:
        return False
    # A policy on a key speaks of one file only: a key has no meaning for a folder.
    return path == folder or (not steps and path.startswith(f"{folder}/"))


def settled_by_author(
    policies: Mapping[str, str], conflicts: Iterable[Conflict]
) -> tuple[Note, ...]:
    """Return one note for each conflict that a manifest's policies settle."""
    sides = ((conflict, side_of(policies, conflict.path, conflict.key)) for conflict in conflicts)
    return tuple(
        Note.of(NoteKind.SETTLED_BY_AUTHOR, where=c.words, side=side)
        for c, side in sides
        if side is not None
    )


def _steps(key: str) -> KeyPath | None:
    try:
        return parse_key(key) if key else ()
    except Invalid:
        return None
