"""Which files and folders of a tree a text mentions: a command, a path in it, a line of code.

A command is not run here, so its working directory and the location of the home are unknown. A full path is
matched against the tree by its end; a relative one may begin in any folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.agents.places import MEMORIES, NO_SKILLS, SHARED_FILES
from hermes_dist.brand import MANIFEST
from hermes_dist.lazily import later
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.model.paths import RelPath, folded, folders_of
from hermes_dist.model.tree import Entry, Tree

with later():
    from hermes_dist.decide.consent.trail.texts import words_in

if TYPE_CHECKING:
    from hermes_dist.decide.consent.skills.roots import Root

    Roots = tuple[Root, ...]

SKILL = "SKILL.md"
BUNDLES = RelPath("skill-bundles")
"""The folder of the files that each stand for several skills."""
SKILLS = "skills"
_SKILL_NAME = folded(SKILL)
_SUPPORT = frozenset(["references", "templates", "assets", "scripts"])
"""Folders of a skill whose texts the agent takes for no skills of their own."""
CODE = frozenset(
    [
        ".py",
        ".pyw",
        ".pyz",
        ".pth",
        ".so",
        ".js",
        ".mjs",
        ".cjs",
        ".ts",
        ".mts",
        ".cts",
        ".tsx",
        ".jsx",
        ".wasm",
        ".sh",
        ".bash",
        ".zsh",
        ".fish",
        ".ksh",
        ".ps1",
        ".bat",
        ".cmd",
        ".rb",
        ".pl",
        ".pm",
        ".php",
        ".lua",
        ".go",
        ".rs",
        ".jar",
        ".groovy",
        ".tcl",
        ".awk",
        ".jq",
        ".sql",
        ".mk",
        ".nix",
        ".el",
        ".exe",
    ]
)
"""Suffixes of files that are run or imported."""
BUILDS = frozenset(
    [
        "makefile",
        "gnumakefile",
        "justfile",
        ".justfile",
        "package.json",
        "pyproject.toml",
        "setup.cfg",
        "uv.toml",
        "deno.json",
        "deno.jsonc",
        "bunfig.toml",
        "cargo.toml",
        "gemfile",
        "rakefile",
        "procfile",
        "dockerfile",
        "compose.yml",
        "compose.yaml",
        "docker-compose.yml",
        "docker-compose.yaml",
        "taskfile.yml",
        "taskfile.yaml",
        "tox.ini",
        "mise.toml",
        ".mise.toml",
        ".envrc",
        ".python-version",
        ".tool-versions",
        ".yarnrc.yml",
        "flake.nix",
        "build.gradle",
        "pom.xml",
    ]
)
"""Files (names case-folded) that tools look for in a working directory and that say what to run there."""
CONTENT = frozenset(["skills", "skins", "cron", MEMORIES])
"""Folders that commands receive as data; only a command that runs inside one loads code from it."""
_PROSE = (".md", ".markdown", ".rst", ".txt")
_NO_CODE = frozenset(
    [
        *SHARED_FILES,
        NO_SKILLS,
        MANIFEST,
        "license",
        "copying",
        "notice",
        ".gitignore",
        ".gitattributes",
    ]
)
_REQUIREMENTS = lazily.pattern(r".*(?:requirements|constraints).*\.txt")
"""Lists of what to install, and so to run, although they end like prose."""

_VARIABLE = lazily.pattern(r"\$\{(\w+)[^{}\n]*\}|%(\w+)%")
_CHOICE = lazily.pattern(r"\{[^{}\s'\":]*,[^{}\s'\":]*\}|(?<=[\w./-])\[[^\]\s'\",]+\]")
_PIECE = lazily.pattern(r"[\w.@+~$*?\-/\0]+")
_QUOTED = lazily.pattern(r"\"([^\"\n]{1,400})\"|'([^'\n]{1,400})'")
_DOTTED = lazily.pattern(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_OPTION = lazily.pattern(r"-[A-Za-z](?=.)")
_HOME = lazily.pattern(r"\$\w*HOME|~\w*")
_ENTRIES = ("__main__.py", "__init__.py", "index.js", "index.mjs", "index.ts")


def is_build(path: RelPath) -> bool:
    """Whether a file says to a build tool or an installer what to run."""
    name = folded(path.name)
    return name in BUILDS or (name.endswith(".txt") and _REQUIREMENTS.fullmatch(name) is not None)


def is_prose(path: RelPath) -> bool:
    """Whether a file is a text for people or models, which nothing loads unless code names it."""
    return path.suffix in _PROSE and not is_build(path)


def is_agents(path: RelPath) -> bool:
    """Whether a file at the root is one that the agent, git or a lawyer reads, and no tool runs."""
    low = folded(path)
    return low in _NO_CODE or low.startswith(".env")


class Piece(Struct, frozen=True):
    """A part of a text that may be a path.

    Attributes:
        steps: Its steps, case-folded, without a prefix that only says where to begin.
        whole: It is an absolute path, so its last steps are a path from the home's root.
        local: It is recognisably a path: ``./x``, ``../x``, ``x/y``.
    """

    steps: tuple[str, ...]
    whole: bool = False
    local: bool = False

    @property
    def wild(self) -> int:
        """The number of steps before the first one with a wildcard; all of them if there is none."""
        return next(
            (n for n, step in enumerate(self.steps) if "*" in step or "?" in step), len(self.steps)
        )


def _piece(word: str) -> Piece:
    first = word.partition("/")[0]
    home, variable = bool(_HOME.fullmatch(first)), first.startswith("$")
    steps: list[str] = []
    plain = word if word.endswith("..") else word.rstrip(".")
    parts = plain.split("/")
    if home or variable:
        del parts[0]
    for step in parts:
        # Leading dots fall away: the working directory is unknown, so where they lead is, too.
        if step == "..":
            del steps[-1:]
        elif step not in ("", "."):
            steps.append(folded(step))
    whole = word.startswith("/") or home
    return Piece(tuple(steps), whole, "/" in word)


class Names:
    """The names of the files and folders in one or more states of a home.

    Args:
        trees: The states; a file that is in several of them is read in each.
        roots: Further folders of skills.
    """

    def __init__(self, *trees: Tree, roots: Roots = ()) -> None:
        self._trees, self.roots = trees, roots
        self.paths: frozenset[RelPath] = frozenset().union(*trees)
        self._below: dict[str, list[RelPath]] = {}

    def entries(self, path: RelPath) -> set[Entry]:
        """Return the entries at a path in all states."""
        return {tree[path] for tree in self.states(path)}

    def states(self, path: RelPath) -> Iterator[Tree]:
        """Yield the states that a path is in."""
        return (tree for tree in self._trees if path in tree)

    @cached_property
    def _files(self) -> dict[str, list[RelPath]]:
        return _index_of(self.paths).files

    @cached_property
    def _folders(self) -> dict[str, list[RelPath]]:
        return _index_of(self.paths).folders

    @property
    def words(self) -> frozenset[bytes]:
        """A word of each name: a text without any of them names no file, folder or module."""
        return _index_of(self.paths).words

    def called(self, name: str) -> list[RelPath]:
        """Return the files with this name that lie in a folder."""
        return sorted(path for path in self._files.get(folded(name), []) if "/" in path)

    def below(self, folder: str) -> list[RelPath]:
        """Return the files in a folder and below it."""
        known = self._below.get(folder)
        if known is None:
            begin = f"{folder}/"
            found = (path for path in self.paths if path.startswith(begin) or path == folder)
            known = self._below[folder] = sorted(found)
        return known

    def pieces(self, text: str) -> Iterator[Piece]:
        """Yield the parts of a text that may be paths of existing files or folders; quoted ones may hold spaces."""
        plain = _in_one_alphabet(text)
        words = set(_PIECE.findall(plain))
        if self._spaced:
            words |= {found[1] or found[2] for found in _QUOTED.finditer(plain)} | {text}
        for word in {spelled for each in words for spelled in _spellings(each)}:
            if not self._may_be_path(word):
                continue
            piece = _piece(word.replace("\0", " ").strip())
            if piece.steps:
                yield piece

    def _may_be_path(self, word: str) -> bool:
        """Whether a word ends like an existing path, or in a way that names no file: a wildcard, or ``..``."""
        last = folded(word.rstrip("/.").rpartition("/")[2].replace("\0", " "))
        if last in self._files or last in self._folders:
            return True
        return word.endswith("..") or "*" in last or "?" in last

    @cached_property
    def _spaced(self) -> bool:
        return _index_of(self.paths).spaced

    def files(self, piece: Piece) -> list[RelPath]:
        """Return the files that a piece may mean."""
        return _meant(self._files, piece)

    def folders(self, piece: Piece, *, surely: bool = False) -> list[RelPath]:
        """Return the folders that a piece may mean; a bare word only means one at the root, unless ``surely``."""
        wild = piece.wild
        if wild < len(piece.steps):
            if not wild:
                return []
            piece = Piece(piece.steps[:wild], piece.whole, local=True)
        found = _meant(self._folders, piece)
        if surely or piece.local:
            return found
        return [folder for folder in found if folded(folder) == piece.steps[0]]

    def module(self, name: str) -> list[RelPath]:
        """Return the files that importing a dotted name may load, wherever the import looks."""
        if not _DOTTED.fullmatch(name):
            return []
        steps = tuple(folded(step) for step in name.split("."))
        ends = [(*steps[:-1], f"{steps[-1]}.py")]
        if steps[-1] in self._folders:
            ends += [(*steps, entry) for entry in _ENTRIES]
        found = [[p for p in self._files.get(end[-1], ()) if _ends(p, end)] for end in ends]
        return [path for each in found for path in sorted(each)]


def _in_one_alphabet(text: str) -> str:
    """Spell a text the same for all shells, so that one pattern finds the paths in it.

    A variable loses its braces, a choice becomes a wildcard, an escaped space becomes NUL, a backslash a slash.
    """
    if "{" in text or "%" in text:
        text = _VARIABLE.sub(lambda found: f"${found[1] or found[2]}", text)
    plain = text.replace("\\ ", "\0").replace("\\", "/")
    return _CHOICE.sub("*", plain) if "{" in plain or "[" in plain else plain


def _spellings(word: str) -> Iterator[str]:
    """Yield a word, and what stands right behind an option of one letter or an ``@``: ``-Ilib``, ``-d@file``."""
    yield word
    option = _OPTION.match(word) if word.startswith("-") else None
    rest = word[option.end() :] if option else word
    yield rest
    yield rest.removeprefix("@")


class _Index:
    """The files of a home and their folders, by name."""

    def __init__(self, paths: frozenset[RelPath]) -> None:
        self.files = _by_name(paths)
        self.folders = _by_name(folders_of(paths))
        self.spaced = " " in "\n".join(paths)

    @cached_property
    def words(self) -> frozenset[bytes]:
        """The longest word of each name, without its suffix: no spelling of the name is without it."""
        return frozenset(map(_longest_word, {*self.files, *self.folders}))


def _longest_word(name: str) -> bytes:
    stem = name.rpartition(".")[0] or name
    words = words_in(stem.encode()) or words_in(name.encode())
    return max(words, key=lambda word: (word.isascii(), len(word)), default=b"")


@lru_cache(maxsize=2)
def _index_of(paths: frozenset[RelPath]) -> _Index:
    """Make the index of some files; the states of a home before and after an update mostly have the same ones."""
    return _Index(paths)


def _by_name(paths: Iterable[RelPath]) -> dict[str, list[RelPath]]:
    """Group paths by their last name, in no order: what is found is sorted, because that is little."""
    names: dict[str, list[RelPath]] = {}
    for path in paths:
        name = path.rpartition("/")[2]
        names.setdefault(name.lower() if name.isascii() else folded(name), []).append(path)
    return names


def _meant(names: dict[str, list[RelPath]], piece: Piece) -> list[RelPath]:
    steps = piece.steps
    named = names.get(steps[-1], [])
    if piece.whole:
        return sorted(path for path in named if _is_end_of(path, steps))
    return sorted(path for path in named if _ends(path, steps) or _is_end_of(path, steps))


def _ends(path: RelPath, steps: tuple[str, ...]) -> bool:
    """Whether a path ends with these steps."""
    return _folded(path)[-len(steps) :] == steps


def _is_end_of(path: RelPath, steps: tuple[str, ...]) -> bool:
    """Whether these steps end with this path, read from the root."""
    parts = _folded(path)
    return steps[-len(parts) :] == parts


def _folded(path: RelPath) -> tuple[str, ...]:
    return tuple(folded(part) for part in path.parts)


def flat_skills(names: Names) -> list[RelPath]:
    """Return the texts in folders of skills that the agent takes for skills without a folder of their own."""
    texts = (path for path in names.paths if path.lower().endswith(".md"))
    return sorted(
        path
        for path in texts
        if _is_flat(path, names.roots)
        and any(not _supports(path, tree) for tree in names.states(path))
    )


def is_skill(path: RelPath, tree: Tree, roots: Roots = ()) -> bool:
    """Whether the agent may take a file for the text of a skill.

    Args:
        path: The file.
        tree: The home.
        roots: Further folders of skills.
    """
    if not path.lower().endswith(".md"):
        return False
    whole = folded(path.name) == _SKILL_NAME and "/" in path
    return (whole or _is_flat(path, roots)) and not _supports(path, tree)


def _is_flat(path: RelPath, roots: Roots) -> bool:
    # At the root of the home, its folder is the home.
    if folded(path.name) == _SKILL_NAME and "/" in path:
        return False
    return folded(path.top) == SKILLS or any(root.holds(path) for root in roots)


def _supports(path: RelPath, tree: Tree) -> bool:
    """Whether a text belongs to a skill above it, as its reference or template."""
    parts = path.parts
    return any(
        part in _SUPPORT and "/".join((*parts[:depth], SKILL)) in tree
        for depth, part in enumerate(parts[:-1])
        if depth
    )
