"""Further folders of skills, which the settings name: the agent takes each text anywhere below them for a skill.

They are read from the home. The location of the home is unknown here, so a full path is matched by its end, and one
that a variable decides may be any folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from hermes_dist.model.paths import RelPath, folded

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


def roots_in(skills: object) -> tuple[Root, ...]:
    """Return the folders that a section ``skills`` of the settings names."""
    if not isinstance(skills, Mapping):
        return ()
    return tuple(_root(text) for place in _PLACES for text in _texts(skills.get(place)))


def _texts(value: object) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str) and each.strip():
            yield each.strip()


def _root(text: str) -> Root:
    steps: list[str] = []
    whole = text.startswith(("/", "~"))
    for step in text.split("/"):
        if "$" in step or step.startswith("~"):
            steps, whole = [], True
        elif step == "..":
            whole = whole or not steps
            del steps[-1:]
        elif step not in ("", "."):
            steps.append(folded(step))
    return Root(tuple(steps), whole)
