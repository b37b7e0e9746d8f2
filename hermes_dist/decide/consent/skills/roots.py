"""Further folders of skills, which the settings name: the agent takes each text anywhere below them for a skill.

They are read from the home. What a variable stands for is unknown here, and so is where links lead: a full path is
matched by its end, or it is the home or a folder above that; one that a variable decides may be any folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from hermes_dist.agents.generation import DIALECTS
from hermes_dist.model.dialects import as_read
from hermes_dist.model.paths import RelPath, folded

At = Callable[[], tuple[str, ...]]
"""Gives the full paths of the home, as it is called and with links followed; asked only if settings name one."""

_PLACES = ("external_dirs", "create_dir")


class Root(Struct, frozen=True):
    """A folder of skills.

    Attributes:
        steps: Its steps, case-folded, as far as they are known.
        whole: They do not begin in the home.
    """

    steps: tuple[str, ...]
    whole: bool = False

    def holds(self, path: RelPath) -> bool:
        """Whether a file may lie anywhere below it."""
        above = tuple(folded(part) for part in path.parts[:-1])
        if not self.whole:
            return above[: len(self.steps)] == self.steps
        ends = (self.steps[-depth:] == above[:depth] for depth in range(1, len(above) + 1))
        return not self.steps or any(ends)


def roots_in(skills: object, at: At = tuple) -> tuple[Root, ...]:
    """Return the folders that a section ``skills`` of the settings names.

    Args:
        skills: The section.
        at: Gives the full paths of the home.
    """
    if not isinstance(skills, Mapping):
        return ()
    texts = dict.fromkeys(text for place in _PLACES for text in _texts(skills.get(place)))
    return tuple(_root(text, at) for text in texts)


def _texts(value: object) -> Iterator[str]:
    """Yield the texts that the agent makes of a value: of a list, it takes each item for one, whatever it is."""
    for each in value if isinstance(value, list) else [value]:
        for dialect in DIALECTS:
            said = as_read(each, dialect)
            if (isinstance(value, list) or isinstance(said, str)) and str(said).strip():
                yield str(said).strip()


def _root(text: str, at: At) -> Root:
    steps: list[str] = []
    whole, begins = text.startswith(("/", "~")), text.startswith("/")
    for step in text.split("/"):
        if "$" in step or step.startswith("~"):
            steps, whole, begins = [], True, False
        elif step == "..":
            whole = whole or not steps
            del steps[-1:]
        elif step not in ("", "."):
            steps.append(folded(step))
    root = Root(tuple(steps), whole)
    if whole and any(_is_or_holds(root, home, begins=begins) for home in at()):
        return Root(())
    return root


def _is_or_holds(root: Root, home: str, *, begins: bool) -> bool:
    """Whether a folder may be the home or one above it.

    Args:
        root: The folder.
        home: The full path of the home.
        begins: The first step of the folder is the first of all.
    """
    steps = tuple(folded(step) for step in home.split("/") if step)
    size = len(root.steps)
    if begins:
        return steps[:size] == root.steps
    return any(steps[end - size : end] == root.steps for end in range(size, len(steps) + 1))
