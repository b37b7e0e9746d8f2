"""What the text of one covered file says of other files: which it names, and how.

Whatever code names may be code: a shell runs a text of any suffix. In between is only how surely a word means a file,
since half of all names (``README.md``, ``config.json``) are in many folders.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from hermes_dist import lazily
from hermes_dist.decide.consent.mentions import (
    CODE,
    CONTENT,
    Names,
    Piece,
    is_agents,
    is_build,
    is_prose,
)
from hermes_dist.decide.consent.trail.directions import WORDS, Direction, directions
from hermes_dist.decide.consent.trail.texts import words_in
from hermes_dist.lazily import re
from hermes_dist.model.paths import RelPath, folded

_IMPORTED = lazily.pattern(r"^[ \t]*(?:from|import)[ \t]+([\w.]+)", re.MULTILINE)
_LITERAL = lazily.pattern(r"""["'`]([\w.-]{2,80})["'`]""")
_IMPORTING = (
    "sys.path",
    "site.addsitedir",
    "PYTHONPATH",
    "NODE_PATH",
    "spec_from_file",
    "run_path",
    "chdir",
)
"""Signs that a file loads modules from folders other than its own; so are these words:"""
_IMPORTING_WORDS = frozenset([b"cd", b"imp"])
_LEAVING = frozenset(
    b"parent parents dirname expanduser homedir cwd getcwd hermes_home home".split()
)
"""Words of a file that computes a folder other than its own; so is any other that ends with ``home``."""
_LISTING = frozenset(
    b"glob rglob globsync iterdir listdir scandir walk readdir readdirsync opendir find ls".split()
)
"""Words of a file that takes whatever it finds in a folder."""
_SIGNS = frozenset(
    {
        *(WORDS | _IMPORTING_WORDS | _LEAVING | _LISTING),
        *b"path addsitedir spec_from_file_location run_path prefix directory project".split(),
    }
)
"""Words that say where a file loads from."""
_COMMENT = lazily.pattern(r"^[ \t]*#.*$", re.MULTILINE)
_SLASHED = lazily.pattern(r"^[ \t]*//.*$", re.MULTILINE)
_WITH_SLASHES = frozenset(
    [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".go", ".rs", ".groovy", ".php"]
)
"""Suffixes of languages whose comments begin with two slashes."""
_READS = frozenset([".py", ".pyw", *_WITH_SLASHES])
"""Suffixes of languages that run no text without one of these words:"""
_RUNS = lazily.pattern(
    r"exec|eval|compile|runpy|run_path|subprocess|system|[pP]open|[sS]pawn|Function|\bvm\b|fork|Loader"
    r"|import_module|__import__|\brequire\b|\binclude|import\("
)
_COMMANDS = (
    r"from|import|export|source|exec|eval|command|builtin|env|nohup|xargs|cat|cd|pushd|make|npm|npx|pnpm|yarn|uvx?"
    r"|\w*sh|py|python[\d.]*|node|deno|bun|ruby|perl|php|lua|awk|for[ \t]+\w+[ \t]+in"
)
_STARTING = lazily.pattern(
    r"(?:^|[;&|]|\$\(|\b(?:then|do|else|if|while|sudo|time|return)\b)[ \t>$]*(?:\w+=\S*[ \t]+)*[\"'\\]?"
    rf"(?:\.[ \t]|[\w.~$-]*/[\w./-]|\$[\w{{]|[\w.]+\(|\w+[ \t]*=|(?:{_COMMANDS})[\"']?[ \t]).*",
    re.MULTILINE,
)
"""What a line begins with that starts or loads something, and the rest of the line."""


def telling(names: Names) -> frozenset[bytes]:
    """Return words of which one is in every text that names one of these files, or says where it loads from."""
    return names.words | _SIGNS


class Passage:
    """The text of a covered file.

    Args:
        names: The names that it may mention.
        path: The file.
        text: What is in it.
    """

    def __init__(self, names: Names, path: RelPath, text: str) -> None:
        self._names, self.path = names, path
        # Of a text for people, most is talk; to load a file, some line has to start something.
        self._text = "\n".join(_STARTING.findall(text)) if is_prose(path) else text

    @cached_property
    def pieces(self) -> frozenset[Piece]:
        """The parts of it that may be paths."""
        return frozenset(self._names.pieces(self._text))

    @cached_property
    def directions(self) -> frozenset[Direction]:
        """Where it says to run, and what modules."""
        return frozenset(directions(self._text, self._words))

    @cached_property
    def _words(self) -> frozenset[bytes]:
        return frozenset(words_in(self._text.encode()))

    @cached_property
    def modules(self) -> frozenset[str]:
        """Words that may be modules outside of its folder, which counts as a whole anyway."""
        signs = not self._words.isdisjoint(_IMPORTING_WORDS)
        if signs or any(sign in self._text for sign in _IMPORTING):
            return frozenset({*_IMPORTED.findall(self._text), *self._literals})
        return frozenset()

    @cached_property
    def folders(self) -> frozenset[str]:
        """Words that may be folders at the root, because it leaves its own."""
        if not self.modules and not self.leaves:
            return frozenset()
        return frozenset({*self.modules, *self._literals} - {self.path.top})

    @cached_property
    def leaves(self) -> bool:
        """Whether it may go to a folder other than its own."""
        if ".." in self._text or self.directions or not self._words.isdisjoint(_LEAVING):
            return True
        return any(word.endswith(b"home") for word in self._words)

    @cached_property
    def _literals(self) -> list[str]:
        return _LITERAL.findall(self._text)

    @cached_property
    def lists(self) -> bool:
        """Whether it takes whatever it finds in a folder."""
        return not self._words.isdisjoint(_LISTING)

    def files(self, piece: Piece) -> Iterator[RelPath]:
        """Yield the files that it may mean with a part of it."""
        found = self._names.files(piece)
        # ``docs/README.md`` may be README.md in a home called docs, but not where docs/README.md is.
        longest = any(len(path.parts) >= len(piece.steps) for path in found)
        for other in found:
            short = longest and len(other.parts) < len(piece.steps) and is_prose(other)
            code = other.suffix in CODE or is_build(other)
            if code or (not short and self._means(other, piece)):
                yield other

    def _means(self, other: RelPath, piece: Piece) -> bool:
        """Whether it may mean a file that is no code by its name."""
        if self._is_near(other) or self._goes_through(other, piece):
            return True
        # Half of all skills have such a file: which of them is meant, more than the end of its path has to tell.
        if is_prose(other) and other.top in CONTENT:
            return False
        return piece.local or other.top == self.path.top

    def _is_near(self, other: RelPath) -> bool:
        """Whether a file is below its folder or the one around it, or beside a folder around it."""
        here, there = self.path.parent, other.parent
        if there is None:
            return here is None or (self.leaves and not is_agents(other))
        around = here and (here.parent if len(here.parts) > 2 else here)
        return self.path.under(there) or (around is not None and other.under(around))

    def _goes_through(self, other: RelPath, piece: Piece) -> bool:
        """Whether it names the folder before the steps, too: ``HOME / "data" / "x.txt"``, ``cd ../data``."""
        above = other.parts[: -len(piece.steps)]
        return folded(above[-1]) in self._steps if above else len(piece.steps) > 1

    @cached_property
    def _steps(self) -> frozenset[str]:
        """All that may be a folder on the way to a file."""
        steps = {step for piece in self.pieces if piece.local for step in piece.steps}
        words = {word for direction in self.directions for word in direction.word.split("/")}
        return frozenset({*steps, *map(folded, (*self._literals, *words))})

    def loads(self, piece: Piece) -> bool:
        """Whether it may load the text that it names here, and not only tell of it or read it."""
        if self.path.suffix in _READS and not _RUNS.search(self._text):
            return False
        return piece in self._loaded

    @cached_property
    def _loaded(self) -> frozenset[Piece]:
        """The pieces that are spelled as paths, quoted or on a line that starts something, outside of comments."""
        comment = _SLASHED if self.path.suffix in _WITH_SLASHES else _COMMENT
        text = comment.sub("", self._text)
        started = frozenset(self._names.pieces("\n".join(_STARTING.findall(text))))
        literals = frozenset(map(folded, self._literals))
        return started | {
            piece
            for piece in self._names.pieces(text)
            if piece.local or (len(piece.steps) == 1 and piece.steps[0] in literals)
        }
