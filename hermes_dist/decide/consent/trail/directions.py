"""Words that say what the next word is: a module (``-m x``), or a folder to run in or load from (``cd x``, ``-C x``).

The words of a command and the text of a script are read with the same knowledge, however they are written:
``npm --prefix app``, ``["npm", "--prefix", "app"]``, ``subprocess.run("make", cwd="app")``.
"""

from __future__ import annotations

from collections.abc import Iterator

from hermes_dist import lazily
from hermes_dist.lazily import re
from hermes_dist.light import NamedTuple

_OPTIONS = "C|w|directory|dir|cwd|chdir|project|prefix|workspace|rootdir|app-dir|work-dir|workdir"
GOING = frozenset(["cd", "pushd", "chdir", "cwd"])
IN_FOLDER = lazily.pattern(
    rf"(?:--?(?:{_OPTIONS})|cd|pushd|chdir|cwd|[A-Z0-9_]*(?:PATH|LIB|DIR)[A-Z0-9_]*)\Z"
)
MODULE = lazily.pattern(r"-[A-Za-z]*m\Z")
CODE_WORD = lazily.pattern(r"(?:-[A-Za-z]*[ce]|--eval|--exec|--call|--print)\Z")
_GLUED = lazily.pattern(r"(-C|-[bBdEiIOPqsSuvx]*m(?=\w))(.+)", re.DOTALL)
_SEARCHED = "PYTHONPATH|PYTHONHOME|NODE_PATH|PERL5LIB|RUBYLIB|LUA_PATH|CLASSPATH|LD_LIBRARY_PATH"
_VALUE = (
    r"""["'`\]]*[\s=:,(\[{]+(?:--?[A-Za-z]?[ \t]+)?["'`]*"""
    r"""(?=([^\s"'`,;|&<>(){}\[\]-][^\s"'`,;|&<>(){}\[\]]*))"""
)
_OPTION = lazily.pattern(rf"-(?<![\w$-]-)(-?(?:{_OPTIONS})(?![\w-])|[A-Za-z]*m\b){_VALUE}")
WORDS = frozenset(
    b"cd pushd chdir cwd pythonpath pythonhome node_path perl5lib rubylib lua_path classpath"
    b" ld_library_path".split()
)
"""Those that are no options, in lower case."""
_WORD = lazily.pattern(rf"(?<![\w$-])((?:cd|pushd|chdir|cwd|{_SEARCHED})\b){_VALUE}")
_KEYWORD = lazily.pattern(r"[a-z_]+=")
"""The next argument of a call; ``add_argument("--dir", help="…")`` says what an option is, and gives it no value."""
_GLUED_MODULE = lazily.pattern(
    r"""py(?<!\w..)(?:thon)?[\d.]*["']?[\s,]+["']?-[a-zA-Z]*?m([A-Za-z_][\w.]*)"""
)
_SELF = r"\{?(?:0|BASH_SOURCE(?:\[0\])?)"
_OWN_FOLDER = lazily.pattern(
    rf"""\$\( *dirname +(?:-- +)?["']?\${_SELF}\}}?["']? *\)|\${_SELF}%/\*\}}"""
)
"""How a script of a shell spells the folder where it lies."""


class Direction(NamedTuple):
    """A word, and the one before it that says what it is."""

    before: str
    word: str


def parted(words: tuple[str, ...]) -> Iterator[str]:
    """Yield the words of a command, with ``--option=value``, ``SOME_PATH=value`` and ``-mNAME`` split in two."""
    for word in words:
        option, sign, value = word.partition("=")
        # ``env PYTHONPATH=lib python x.py``: the word after the sign says where to load from.
        if sign and (word.startswith("-") or IN_FOLDER.match(option)):
            yield from (option, value)
        elif word.startswith("-") and (glued := _GLUED.fullmatch(word)):
            yield from glued.groups()
        else:
            yield word


def directions(text: str, words: frozenset[bytes]) -> Iterator[Direction]:
    """Yield what a text of code says so, without the folder where it lies itself.

    Args:
        text: The text.
        words: The words in it, so that most texts are not searched for those that they lack.
    """
    if "dirname" in text or "%/" in text:
        text = _OWN_FOLDER.sub(".", text)
    for option, word in set(_OPTION.findall(text)):
        if not _KEYWORD.match(word):
            yield from _led(f"-{option}", word)
    if not words.isdisjoint(WORDS):
        for before, word in set(_WORD.findall(text)):
            yield from _led(before, word)
    for name in _GLUED_MODULE.findall(text):
        yield Direction("-m", name)


def _led(before: str, word: str) -> Iterator[Direction]:
    if word not in (".", "./"):
        yield Direction(before, word)
