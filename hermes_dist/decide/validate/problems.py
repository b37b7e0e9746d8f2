"""Problems of a package, as ``validate`` reports them, and the package that its rules look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.decide.validate.kinds import ProblemKind
from hermes_dist.errors import Invalid
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.manifest import Breach, Manifest
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree


class Level(StrEnum):
    """How bad a problem is: breakage and leaks are errors; losses and surprises are warnings."""

    ERROR = "error"
    WARNING = "warning"


class Problem(Struct, frozen=True, order=True):
    """One problem, and where it is.

    Attributes:
        path: The file; empty for the package as a whole.
        line: The line number, from 1; 0 if there is none.
        rule: The rule's name in the table.
        what: What is wrong; its sentence, and what to do, are made in ``voice/problems.py``.
    """

    path: str
    line: int
    level: Level
    rule: str
    what: Note


class Subject(Struct, frozen=True, kw_only=True):
    """The package to validate.

    Attributes:
        tree: All its files, housekeeping included.
        read: Gives contents by digest.
        manifest: The manifest; None if it is missing or can't be read.
        unreadable: The reason why the manifest can't be read.
        violations: Where the manifest breaks its schema.
        left_out: Paths that do not ship although an author may expect it, with reasons.
        unread: What could not be read in a profile, so that its package is without it.
        broken: Documents of a profile that are not valid, each with the place, and why.
        own: The home folder of the current user.
        replaced: The variables that take the place of secrets; publishing adds them to the manifest.
        lacks: What the layers below bring and the profile does not have, each as ``path`` or ``path: key``.
    """

    tree: Tree
    read: Read
    manifest: Manifest | None = None
    unreadable: Invalid | None = None
    violations: Sequence[Breach] = ()
    left_out: Sequence[LeftOut] = ()
    unread: Sequence[LeftOut] = ()
    broken: Sequence[Note] = ()
    own: str = ""
    replaced: frozenset[str] = frozenset()
    lacks: tuple[str, ...] = ()

    def is_there(self, path: str) -> bool:
        """Whether something is at a path, also if the package is without it: another problem says why."""
        without = (one.path for one in (*self.left_out, *self.unread))
        return any(f"{name}/".startswith(f"{path}/") for name in (*self.tree, *without))

    def bytes(self, path: str) -> bytes:
        """Return the content of a file."""
        return self.read(self.tree[RelPath(path)].digest)


Rule = Callable[[Subject], Iterator[Problem]]
"""Yields the problems of one kind."""
_PLACE = lazily.pattern(r"(?:^|[: ])(\d+)(?::\d+)?(?:: |$)")
_STEP = lazily.pattern(r"([^.\[\]]+)(?=[.\[]|$)|\[(\d+)\]")


def error(rule: str, path: str, line: int, what: Note) -> Problem:
    """Make an error."""
    return Problem(path, line, Level.ERROR, rule, what)


def warning(rule: str, path: str, line: int, what: Note) -> Problem:
    """Make a warning."""
    return Problem(path, line, Level.WARNING, rule, what)


def fault(rule: str, path: str, line: int, err: Invalid) -> Problem:
    """Make an error of what reading a file says."""
    return error(rule, path, line, Note.of(ProblemKind.FAULT, why=err.what, hint=err.hint))


def steps_of(place: str) -> list[str | int]:
    """Split a place such as ``env_requires[2].name`` into steps."""
    return [int(number) if number else word for word, number in _STEP.findall(place)]


def line_of(err: Invalid) -> int:
    """Return the line that an error about a document names; 0 if it names none."""
    found = _PLACE.search(err.where)
    return int(found[1]) if found else 0
