"""What an approval covers: every file of the home that something approved can load.

An approval of ``python scripts/server.py`` is for the files of that day. An interpreter imports from the
folder of its script, a build tool reads the file it finds in its working directory, a script names other files: all
of these are covered, and so are the files that they name. If a text does not tell, all of ``scripts/`` is covered.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.agents.loading import STYLES
from hermes_dist.decide.consent.loaded_by_agent import has_style, loaded_by_agent
from hermes_dist.decide.consent.mentions import (
    CODE,
    CONTENT,
    Names,
    Piece,
    is_agents,
    is_build,
    is_prose,
)
from hermes_dist.decide.consent.trail.directions import CODE_WORD, GOING, IN_FOLDER, MODULE, parted
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.light import TYPE_CHECKING, NamedTuple
from hermes_dist.model.paths import RelPath, folded
from hermes_dist.model.tree import Digest, Read

with later():
    from hermes_dist.decide.consent.skills.named import Skills
    from hermes_dist.decide.consent.skills.names import names_in
    from hermes_dist.decide.consent.trail.passage import Passage, telling
    from hermes_dist.decide.consent.trail.texts import texts_of

if TYPE_CHECKING:
    from hermes_dist.decide.consent.skills.names import Called

SCRIPTS = "scripts"
_FOLDER = lazily.pattern("/scripts(?=/)")
_LOOKED_FOR = frozenset(["node_modules", ".venv", "venv", "bin", ".bin", ".yarn", ".mise"])
"""Folders that tools look for in a working directory."""
_IN_LOOKED_FOR = tuple(f"{folder}/" for folder in _LOOKED_FOR)
_MEDIA = (
    *(".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".ico"),
    *(".mp3", ".wav", ".ogg", ".mp4", ".pdf"),
)
_PACKED = (".jar", ".pyz", ".whl", ".egg")
_UNCLEAR = lazily.pattern(
    r"\$\(|`|\beval\b|\bsource\b\s+\S*\$|\bxargs\b|\bfind\b|[*?]|\$(?!\w*HOME\b|\{\w*HOME\})[\w{]"
)
"""Signs that a shell expands a text into words that are not written there."""


class Start(Struct, frozen=True, kw_only=True):
    """A starting point: something that runs, or would run once approved.

    Attributes:
        owner: Its name for people: ``mcp_servers.zotero``, ``job watch``, ``hooks/greet``.
        words: Its command, word by word.
        lines: The words are lines of shell code.
        folders: Words that name folders where it runs or loads from.
        prose: Texts that tell a model what to run.
        seeds: Files and folders that it loads whatever its command is.
        process: It starts in the home, unless ``folders`` says otherwise, and finds the files there.
        agent: It is the agent itself, which also loads what nothing names.
    """

    owner: str
    words: tuple[str, ...] = ()
    lines: bool = False
    folders: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()
    seeds: tuple[RelPath, ...] = ()
    process: bool = False
    agent: bool = False


AGENT = Start(owner="the agent itself", process=True, agent=True)
"""The agent starts in the home as well, whatever a package has."""


def script_paths(script: object) -> tuple[RelPath, ...]:
    """Return the paths where the agent may look for a job's script, however it is spelled; all are in ``scripts/``.

    A full path does not show where the home ends, so every ``scripts`` in it may be the home's.
    """
    text = str(script or "").strip()
    tails = [text]
    if text.startswith(("/", "~")):
        tails = [text[at.end() + 1 :] for at in _FOLDER.finditer(text)]
    places = (posixpath.normpath(f"{SCRIPTS}/{tail}") for tail in tails if tail)
    return tuple(filter(None, map(_inside, dict.fromkeys(places))))


def _inside(place: str) -> RelPath | None:
    if not place.startswith(f"{SCRIPTS}/"):
        return None
    try:
        return RelPath(place)
    except Invalid:
        return None


_FILE = "the file alone"
_TOLD = "the file alone, of which only a comment tells"
_BELOW = "all that lies in the folder and below it"
_CODE = "all of that but prose"
_BESIDE = "what lies in the folder itself"
_EACH = "all of that, as one file after the other is loaded"
_ALL_CODE = "all code that is no content"
_HOME = "what a tool that is started in the home finds there by itself"
_PACKAGES = "what an interpreter that is started in the home imports from it"
_AGENT = "what the agent loads from the home by itself"


class _Place(NamedTuple):
    how: str
    path: str = ""


_NAMED = frozenset([_FILE, _EACH])
"""What is named this way is loaded, whatever it is; what only lies in a folder may be a text or a picture."""
_IN_HOME = (_Place(_HOME), _Place(_PACKAGES))
_ALL_SCRIPTS = _Place(_BELOW, SCRIPTS)


class SkillNames:
    """The names inside skills, by the digests of their contents: a job may mean any skill, so all are looked at.

    Args:
        known: Names that were found before; None for a content that may have any name.
    """

    def __init__(self, known: Mapping[str, Called] = MappingProxyType({})) -> None:
        self._known = known
        self.met: dict[str, Called] = {}

    def inside(self, digest: Digest, read: Read) -> Called:
        """The names in the front matter of a skill; its content is read unless its names are known."""
        if digest not in self.met:
            known = digest in self._known
            self.met[digest] = self._known[digest] if known else names_in(read(digest))
        return self.met[digest]


class Reach:
    """The files that starting points can load, in one or more states of a home.

    Args:
        names: The files.
        read: Gives contents by digest.
        inside: The names inside skills.
    """

    def __init__(self, names: Names, read: Read, inside: SkillNames | None = None) -> None:
        self.names = names
        self._read = read
        self._inside = inside or SkillNames()
        self._named: dict[RelPath, frozenset[_Place]] = {}
        self._found: dict[Start, frozenset[RelPath]] = {}
        self._told: dict[str, tuple[_Place, ...]] = {}

    def texts(self, path: RelPath) -> Iterator[str]:
        """Yield the contents of a file in each state."""
        for entry in self.names.entries(path):
            yield self._read(entry.digest).decode("utf-8", "replace")

    def of(self, start: Start) -> frozenset[RelPath]:
        """Find every file that a starting point can load, directly or through other files."""
        # Each setting of a server is an effect of its own, and all of them start the same command.
        if start not in self._found:
            self._found[start] = self._loaded_from(start)
        return self._found[start]

    def named_by(self, start: Start) -> frozenset[RelPath]:
        """Find the files that the words of a starting point name themselves."""
        return frozenset(
            RelPath(place.path) for place in self._of_words(start.words) if place.how == _FILE
        )

    def _loaded_from(self, start: Start) -> frozenset[RelPath]:
        found: set[RelPath] = set()
        followed: set[RelPath] = set()
        opened: set[_Place] = set()
        todo = [*self._first(start)]
        # Each file that is loaded may name more files, so repeat until nothing new turns up.
        while todo:
            place = todo.pop()
            if place not in opened:
                opened.add(place)
                paths = self._in(place)
                found.update(paths)
                new = [path for path in paths if path not in followed and _is_loaded(path, place)]
                followed.update(new)
                todo += [other for path in new for other in self._named_in(path)]
        return frozenset(found)

    def _in(self, place: _Place) -> Iterable[RelPath]:
        if not place.path:
            return self._found_by_itself(place.how)
        if place.how in (_FILE, _TOLD):
            return [RelPath(place.path)]
        below = self.names.below(place.path)
        if place.how == _BESIDE:
            return [path for path in below if path.parent == place.path]
        return [path for path in below if not is_prose(path)] if place.how == _CODE else below

    def _found_by_itself(self, how: str) -> list[RelPath]:
        if how == _ALL_CODE:
            return self._all_code
        if how == _HOME:
            return self._at_home
        return self._by_agent if how == _AGENT else self._packages

    @cached_property
    def _all_code(self) -> list[RelPath]:
        outside = [path for path in self.names.paths if path.top not in CONTENT]
        return [path for path in outside if path.suffix in CODE or is_build(path)]

    @cached_property
    def skills(self) -> Skills:
        """The skills and bundles, and which of them a name may mean."""
        return Skills(self.names, self._read, self._inside.inside)

    @cached_property
    def _at_home(self) -> list[RelPath]:
        return [
            path
            for path in self.names.paths
            if (path.startswith(_IN_LOOKED_FOR) if "/" in path else _is_looked_for(path))
        ]

    @cached_property
    def _by_agent(self) -> list[RelPath]:
        styles = (path for path in self.names.below(STYLES) if self._has_style(path))
        return [*loaded_by_agent(self.names), *styles]

    def _has_style(self, path: RelPath) -> bool:
        return any(has_style(self._read(entry.digest), path) for entry in self.names.entries(path))

    @cached_property
    def _packages(self) -> list[RelPath]:
        paths = self.names.paths
        tops = {
            path.top
            for path in paths
            if len(path.parts) == 2 and path.suffix in (".py", ".so", ".pth")
        }
        return [path for path in paths if path.top in tops and "/" in path]

    def _first(self, start: Start) -> Iterator[_Place]:
        """Yield the places that the starting point itself names."""
        for seed in start.seeds:
            if seed in self.names.paths:
                yield from _with_folder(seed)
            else:
                yield _Place(_BELOW, seed)
        yield from self._of_words(start.words)
        # The shell computes the words, so we can't know which scripts it runs: cover them all.
        if start.lines and any(map(_UNCLEAR.search, start.words)):
            yield _ALL_SCRIPTS
        for word in start.folders:
            yield from self._run_in(word)
        for text in start.prose:
            # Many jobs are given the same skill.
            if text not in self._told:
                self._told[text] = tuple(self._of_prose(text))
            yield from self._told[text]
        if start.process:
            yield _Place(_HOME)
        if start.agent:
            yield _Place(_AGENT)

    def _of_words(self, words: tuple[str, ...]) -> Iterator[_Place]:
        """Yield the places that the words of a command name."""
        before = ""
        for word in parted(words):
            if before.startswith("-") or before.isupper() or before in GOING:
                yield from self._behind(before, word)
            # One word of a command may be a command itself: ``sh -c "python x.py"``.
            if " " in word.strip():
                yield from self._of_words(
                    tuple(part.strip("'\"") for part in word.replace("=", " ").split())
                )
            for piece in self.names.pieces(word):
                yield from self._of_piece(piece)
            before = word

    def _behind(self, before: str, word: str) -> Iterator[_Place]:
        """Yield the places that a word names because of the option, variable or command before it."""
        if MODULE.match(before):
            yield from self._imported(word)
        elif IN_FOLDER.match(before):
            yield from self._run_in(word)
        elif CODE_WORD.match(before):
            yield _ALL_SCRIPTS

    def _of_piece(self, piece: Piece) -> Iterator[_Place]:
        for path in self.names.files(piece):
            yield from _with_folder(path)
        folders = self.names.folders(piece)
        yield from (_Place(_BELOW, folder) for folder in folders if folder not in CONTENT)
        # A wildcard that matches no known folder could match any script at run time.
        if piece.wild < len(piece.steps) and not folders:
            yield _ALL_SCRIPTS

    def _run_in(self, word: str) -> Iterator[_Place]:
        """Yield the places that can be loaded in a folder; one that is not in the package may be the home itself."""
        folders = [
            folder
            for piece in self.names.pieces(word)
            for folder in self.names.folders(piece, surely=True)
        ]
        yield from (_Place(_BELOW, folder) for folder in folders)
        # The folder is unknown, and it may be the home: cover what a tool or an import finds there.
        if not folders:
            yield from _IN_HOME

    def _imported(self, name: str) -> Iterator[_Place]:
        """Yield what ``-m NAME`` loads: the module's own package, and files in the home that are found first."""
        for path in self.names.module(name):
            # Importing a.b also runs a/__init__.py, so all of the outermost package counts.
            depth = name.count(".") + 1
            if folded(path.name).startswith(("__main__.", "__init__.", "index.")):
                depth += 1
            top = path.parts[: max(1, len(path.parts) - depth + 1)]
            yield _Place(_BELOW, "/".join(top))
        yield from _IN_HOME

    def _of_prose(self, text: str) -> Iterator[_Place]:
        """Yield the code that a text for a model names."""
        for piece in self.names.pieces(text):
            for path in self.names.files(piece):
                if path.suffix in CODE:
                    yield from _with_folder(path)

    def _named_in(self, path: RelPath) -> frozenset[_Place]:
        """Return the places that the text of a file names; cached, because many things may load the same file."""
        known = self._named.get(path)
        if known is None:
            known = self._named[path] = frozenset(self._read_off(path))
        return known

    def _read_off(self, path: RelPath) -> Iterator[_Place]:
        # What is compressed does not show what it names, so it may load any code.
        if path.suffix in _PACKED:
            yield _Place(_ALL_CODE)
        for entry in self.names.entries(path):
            for text in texts_of(self._read(entry.digest), lambda: self._telling):
                yield from self._of_code(Passage(self.names, path, text))

    @cached_property
    def _telling(self) -> frozenset[bytes]:
        """The words of which one is in every text that names something."""
        return telling(self.names)

    def _of_code(self, passage: Passage) -> Iterator[_Place]:
        for piece in passage.pieces:
            for other in passage.files(piece):
                yield from _named_file(other, piece, passage)
            if piece.local:
                yield from self._named_folders(piece, passage)
        for direction in passage.directions:
            for place in self._behind(*direction):
                # A folder of skills is a place to look at, and no folder that a program is made of.
                yield _Place(_BESIDE, place.path) if place.path in CONTENT else place
        for word in passage.modules:
            for other in self.names.module(word):
                yield from _with_folder(other, _CODE)
        for word in passage.folders:
            yield from self._named_folders(Piece((folded(word),)), passage)

    def _named_folders(self, piece: Piece, passage: Passage) -> Iterator[_Place]:
        for folder in self.names.folders(piece):
            if folder not in CONTENT:
                yield _Place(_how_taken(folder, piece, passage), folder)


def _how_taken(folder: RelPath, piece: Piece, passage: Passage) -> str:
    """How much of a folder counts that code names: the code, all of it, or each file as if it was named."""
    if piece.wild < len(piece.steps):
        return _EACH
    return _BELOW if passage.lists and folder.top not in CONTENT else _CODE


def _with_folder(path: RelPath, how: str = _BELOW) -> Iterator[_Place]:
    """Yield a file and, if it is code, everything beside and below it."""
    yield _Place(_FILE, path)
    if is_prose(path):
        return
    if path.parent is None:
        # Beside it lies the whole home. Most of that is data, so only what can be found by itself counts.
        yield from _IN_HOME
    else:
        yield _Place(how, path.parent)


def _named_file(other: RelPath, piece: Piece, passage: Passage) -> Iterator[_Place]:
    """Yield a file that another one names: code with its folder, anything else alone."""
    if other.suffix in CODE or is_build(other):
        yield from _with_folder(other, _CODE)
    else:
        told = is_prose(other) and not passage.loads(piece)
        yield _Place(_TOLD if told else _FILE, other)


def _is_loaded(path: RelPath, place: _Place) -> bool:
    """Whether a file that is found at a place may be loaded, and so its text names others."""
    return place.how in _NAMED or not (is_prose(path) or path.suffix in _MEDIA)


def _is_looked_for(path: RelPath) -> bool:
    """Whether a tool may look for a file, which is at the root of the home, by itself."""
    return path in _LOOKED_FOR or not (is_agents(path) or is_prose(path) or path.suffix in _MEDIA)
