"""Which files the agent takes for skills, and which of them a name may mean.

A skill is a folder with a SKILL.md, or any other text below ``skills/`` that ends in ``.md``. Its agent finds it by the
name of its folder or file, wherever it lies; a SKILL.md also by the name inside it. A bundle stands for other skills.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from posixpath import basename, dirname, normpath, splitext

from hermes_dist import lazily
from hermes_dist.decide.consent.mentions import BUNDLES, SKILL, SKILLS, Names, flat_skills
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.model.paths import RelPath, folded
from hermes_dist.model.tree import Digest, Read

with later():
    from hermes_dist.model.documents.api import Kind, load_data

_SKILL = folded(SKILL)
_SUFFIX = ".md"
_WILD = frozenset("*?[")
_NO_SLUG = lazily.pattern(r"[^a-z0-9]+")


class Skills:
    """The skills and bundles in one or more states of a home, and which of them a name may mean.

    Args:
        names: The files.
        read: Gives contents by digest.
        inside: Gives the names inside a skill, case-folded; None if it may have any.
    """

    def __init__(
        self, names: Names, read: Read, inside: Callable[[Digest, Read], Iterable[str] | None]
    ) -> None:
        self._names, self._read, self._inside = names, read, inside

    def named(self, wanted: Iterable[str]) -> frozenset[RelPath]:
        """Return the texts of the skills that some names may mean, also as the names of bundles."""
        called = {*wanted}
        called |= {member for name in wanted for member in self._members(name)}
        return frozenset(path for name in called for path in self._meant(name))

    def _meant(self, name: str) -> Iterator[RelPath]:
        spellings = set(_spellings(name))
        # The agent looks for a file by a pattern that it makes of the name.
        if not _WILD.isdisjoint(name):
            spellings |= {each for each in self.by_name if fnmatchcase(each, _last(name))}
        for spelling in spellings:
            yield from self.by_name.get(spelling, ())
        yield from self._unclear

    @property
    def by_name(self) -> Mapping[str, list[RelPath]]:
        """The texts of the skills by each name that may mean them."""
        return self._called[0]

    @property
    def _unclear(self) -> list[RelPath]:
        """The texts of those that may have any name."""
        return self._called[1]

    @cached_property
    def _called(self) -> tuple[dict[str, list[RelPath]], list[RelPath]]:
        # Each job names its skills, and a large package has thousands: they are read once for all jobs.
        known: dict[str, list[RelPath]] = {}
        unclear: list[RelPath] = []
        for path in self._names.called(SKILL):
            inside = self._names_inside(path)
            if inside is None:
                unclear.append(path)
            for name in {folded(path.parts[-2]), *(inside or ())}:
                known.setdefault(name, []).append(path)
        for path in flat_skills(self._names):
            if folded(path) == _SKILL:
                unclear.append(path)
            known.setdefault(folded(path.name[: -len(_SUFFIX)]), []).append(path)
        return known, unclear

    def _names_inside(self, path: RelPath) -> set[str] | None:
        found: set[str] = set()
        for entry in self._names.entries(path):
            inside = self._inside(entry.digest, self._read)
            if inside is None:
                return None
            found.update(inside)
        return found

    def _members(self, name: str) -> Iterator[str]:
        """Yield the skills of the bundles that a name may mean."""
        slug = _slug(name)
        for at, members in self._bundles:
            if at is None or at == slug:
                yield from members

    @cached_property
    def _bundles(self) -> list[tuple[str | None, tuple[str, ...]]]:
        """The bundles by what a name has to look like; None for one that can't be read and may have any."""
        return [
            _bundle(path, self._read(entry.digest))
            for path in self._names.below(BUNDLES)
            if path.lower().endswith((".yaml", ".yml"))
            for entry in self._names.entries(path)
        ]


def _spellings(name: str) -> Iterator[str]:
    """Yield what a skill with this name may be called, case-folded: as its folder, its file, or inside it."""
    last = _last(name)
    yield folded(name)
    yield last
    # The agent puts its suffix in the place of one in the name.
    file = splitext(last)[0]
    yield file
    if f"{file}{_SUFFIX}" == _SKILL:
        yield _last(dirname(normpath(name.rpartition(":")[2])))


def _last(name: str) -> str:
    """Return the last step of a name, case-folded; the name may be a path, or begin with a plugin or a category."""
    last = basename(normpath(name.rpartition(":")[2]))
    return SKILLS if last in {"", "."} else folded(last)


def _bundle(path: RelPath, data: bytes) -> tuple[str | None, tuple[str, ...]]:
    """Read a bundle: what its name looks like, and its skills."""
    try:
        found = load_data(data, Kind.YAML)
    except Invalid:
        return None, ("*",)
    bundle = found if isinstance(found, Mapping) else {}
    members = bundle.get("skills")
    slug = _slug(str(bundle.get("name") or splitext(path.name)[0]))
    return slug, tuple(map(str, members if isinstance(members, list) else ()))


def _slug(name: str) -> str:
    """Return what the agent compares of the names of bundles, or less."""
    return _NO_SLUG.sub("", name.lower())
