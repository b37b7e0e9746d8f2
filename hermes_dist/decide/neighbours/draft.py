"""The draft of a package: which files of a source go where, which are made, and why the others stay behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.neighbours.kinds import Neighbour, Taken
from hermes_dist.decide.ownership import Owner, is_machine, owner_of
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, dump
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.paths import RelPath, folded
from hermes_dist.model.tree import Digest, Entry, Read, Tree, check_side_by_side

_LONGEST = 2000
_FIRST_LINE = b"# Made from %s, because the source has no distribution.yaml of its own.\n"


class Draft:
    """A package in the making.

    Args:
        source: The files of the source.
        read: Gives contents by digest.
    """

    def __init__(self, source: Tree, read: Read) -> None:
        self.source = source
        self.paths = list(source)
        self.read = read
        self._entries: dict[RelPath, Entry] = {}
        self._claims: dict[str, str] = {}
        self._around: dict[str, str] = {}
        self._spelled: dict[str, RelPath] = {}
        self._blobs: dict[Digest, bytes] = {}
        self._why: dict[RelPath, tuple[Why, str]] = {}
        self._brought: set[RelPath] = set()
        self._more: list[LeftOut] = []

    def claim(self, folder: str, unit: str) -> bool:
        """Give a folder of the package to a unit, such as a skill: two units never mix in one folder.

        Returns:
            Whether it is free; False if another unit has it, a folder around it, or a folder in it.
        """
        key = folded(folder)
        above = [key[:at] for at, char in enumerate(key) if char == "/"]
        if any(self._claims.get(one, unit) != unit for one in (key, *above)):
            return False
        if self._around.get(key, unit) != unit:
            return False
        self._claims[key] = unit
        for one in above:
            self._around[one] = unit if self._around.get(one, unit) == unit else ""
        return True

    def bring(self, path: RelPath, to: str) -> None:
        """Take a file of the source along, to a place in the package."""
        try:
            place = RelPath(to)
        except Invalid as err:
            self.leave(path, Why.UNSAFE_NAME, err.what)
            return
        if self._spelled.setdefault(folded(place), path) != path:
            self.leave(path, Why.NAME_TAKEN)
            return
        self._entries[place] = self.source[path]
        self._brought.add(path)

    def make(self, path: RelPath, to: str, data: bytes) -> None:
        """Take a file of the source along in another form."""
        self.bring(path, to)
        if path in self._brought:
            self._put(RelPath(to), data)

    def add(self, to: str, data: bytes) -> None:
        """Add a file that is made of several."""
        self._put(RelPath(to), data)

    def leave(self, path: RelPath, why: Why, detail: str = "") -> None:
        """Say why a file stays behind."""
        self._why.setdefault(path, (why, detail))

    def is_settled(self, path: RelPath) -> bool:
        """Whether it is decided already what becomes of a file."""
        return path in self._brought or path in self._why

    def use(self, path: RelPath) -> None:
        """Say that a file was read, and that all that matters of it comes in another form."""
        self._brought.add(path)

    def lose(self, name: str, why: Why, detail: str = "") -> None:
        """Say why a part of a file stays behind, such as one of its servers."""
        self._more.append(LeftOut(name, why, 1, detail))

    def done(self, kind: Neighbour, sign: str, manifest: Mapping[str, object]) -> Taken:
        """Finish the package.

        Args:
            kind: What the source is taken for.
            sign: The file that says so.
            manifest: The fields of the manifest.

        Raises:
            Invalid: Its paths can't exist side by side.
        """
        self._keep_housekeeping()
        fields = {key: _short(value) for key, value in manifest.items() if value}
        head = _FIRST_LINE % sign.encode()
        self._put(RelPath(MANIFEST), head + dump(fields, Kind.YAML))
        tree = Tree(self._entries)
        check_side_by_side(tree)
        return Taken(
            kind=kind,
            sign=sign,
            tree=tree,
            blobs=dict(self._blobs),
            left_out=(*self._left_out(), *sorted(self._more)),
        )

    def _put(self, path: RelPath, data: bytes) -> None:
        digest = Digest.of(data)
        self._blobs[digest] = data
        before = self._entries.get(path)
        self._entries[path] = Entry(digest, bool(before and before.executable))

    def _keep_housekeeping(self) -> None:
        """Keep a README, a changelog and the like: they are not installed, but release notes come from them."""
        for path in self.source:
            if self.is_settled(path) or path in self._entries:
                continue
            if "/" not in path and owner_of(path) is Owner.HOUSEKEEPING:
                self._entries[path] = self.source[path]
                self._brought.add(path)

    def _left_out(self) -> list[LeftOut]:
        counts: Counter[tuple[str, Why, str]] = Counter()
        skills: Counter[tuple[str, Why, str]] = Counter()
        for path in self.source:
            if path in self._brought:
                continue
            why, detail = self._why.get(path) or (_usual(path), "")
            row = (_named(path, why), why, detail)
            counts[row] += 1
            skills[row] += path.name == "SKILL.md"
        return [LeftOut(*row[:2], n, row[2], skills[row]) for row, n in sorted(counts.items())]


def _usual(path: RelPath) -> Why:
    if is_machine(path):
        return Why.EACH_MACHINE
    if owner_of(path) is Owner.HOUSEKEEPING:
        return Why.HOUSEKEEPING
    return Why.NO_PART


def _named(path: RelPath, why: Why) -> str:
    """Name a file by its folder at the root, but one that has a reason of its own by itself."""
    if why in (Why.COMMAND_FORM, Why.UNSAFE_NAME) or "/" not in path:
        return str(path)
    if why in (Why.NAME_TAKEN, Why.OTHER_AGENTS_COPY):
        return f"{path.parent}/"
    return f"{path.top}/"


def _short(value: object) -> object:
    if isinstance(value, str):
        return value[:_LONGEST]
    return value
