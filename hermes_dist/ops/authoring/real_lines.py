"""Where something in what ships stands in the home: its lines differ, because secrets and some settings stay home."""

from __future__ import annotations

from collections.abc import Iterable

from hermes_dist.decide.authoring.hunks import line_before
from hermes_dist.decide.secrets.references import references, variables_in
from hermes_dist.light import NamedTuple
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree


class Replaced(NamedTuple):
    """A secret in a file of a home, and the variable that takes its place in what ships."""

    path: RelPath
    line: int
    name: str


def line_at_home(home: Tree, ships: Tree, read: Read, path: str, line: int) -> int:
    """Find the line of a home's own file at which a line of what ships stands.

    Args:
        home: The files of the home; empty for a folder, which ships as it is.
        ships: What ships.
        read: Gives contents by digest.
        path: The file; empty for the package as a whole.
        line: The line in what ships; 0 for none.
    """
    if not (path and line and home):
        return line
    here, there = (tree.get(RelPath(path)) for tree in (home, ships))
    if here is None or there is None or here.digest == there.digest:
        return line
    return line_before(read(here.digest), read(there.digest), line)


def replaced_in(home: Tree, ships: Tree, read: Read, names: Iterable[str]) -> tuple[Replaced, ...]:
    """List the secrets that variables take the place of, each at the line where it stands.

    Args:
        home: The files of the home.
        ships: What ships.
        read: Gives contents by digest.
        names: The variables.
    """
    wanted = set(names)
    shared = ships.where(lambda path: path in home and home[path] != ships[path])
    used = [one for one in references(shared, read) if one.name in wanted]
    return tuple(
        Replaced(one.path, line_at_home(home, ships, read, one.path, one.line), one.name)
        for one in used
        if one.how == "placeholder" and one.name not in _names_in(home, one.path, read)
    )


def _names_in(home: Tree, path: RelPath, read: Read) -> set[str]:
    """The variables that a file of the home names itself: these replace nothing there."""
    return {each.name for each in variables_in(path, read(home[path].digest))}
