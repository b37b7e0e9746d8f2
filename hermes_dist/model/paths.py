"""Names and paths that are safe by construction: an unsafe one can't be built.

The rules are those of ``docs/formats.md`` (paths); they apply to input from outside (a git tree, an archive, a
lockfile) and, for names, to what the user types.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache, partial

from hermes_dist import lazily
from hermes_dist.agents.names import RESERVED
from hermes_dist.errors import Invalid, quoted
from hermes_dist.lazily import re, unicodedata
from hermes_dist.light import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

MAX_NAME_BYTES = 200
MAX_PATH_BYTES = 400
MAX_DEPTH = 16

_FORBIDDEN = frozenset('\\:<>"|?*')
# Windows takes a superscript 1, 2 or 3 after COM or LPT for the digit.
_WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{n}" for port in ("com", "lpt") for n in "0123456789\u00b9\u00b2\u00b3"]
)
# git~1 is the short name under which Windows file systems also know a folder .git.
_GIT_DISGUISES = frozenset([".git", "git~1"])
_PLAIN = lazily.pattern(r"(?!-)[A-Za-z0-9_-]{1,60}(?:\.[A-Za-z0-9_-]{1,40}){0,3}")
"""Most names match this, and need no check of each character."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_PLAIN_LETTERS = f"{_LETTERS}_-./".encode()
_NOT_PLAIN = ("//", "./", "/.git/")
_DEVICE = lazily.pattern(r"/(?:con|prn|aux|nul|(?:com|lpt)[0-9])[./]")
_OF_NAMES = f"{_LETTERS}-_"
_NEVER_NAMES = RESERVED - {"default"}


def folded(name: str) -> str:
    """Return a key that is equal for two names if some file system treats them as the same.

    NFC of the casefold, without characters that file systems ignore or people can't see.
    """
    if name.isascii():
        return name.lower()
    # Decomposing and folding come twice, and ignorable characters go before and after: each of these steps can make a
    # character that another one still changes.
    seen = "".join(c for c in unicodedata.normalize("NFD", name) if not _ignorable(c))
    plain = unicodedata.normalize("NFD", seen.casefold()).casefold()
    return unicodedata.normalize("NFC", "".join(c for c in plain if not _ignorable(c)))


def _ignorable(char: str) -> bool:
    code = ord(char)
    return (
        unicodedata.category(char) == "Cf"
        or code in {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0}
        or 0xFE00 <= code <= 0xFE0F
        or 0xE0000 <= code <= 0xE0FFF
    )


@lru_cache(
    maxsize=1 << 14
)  # a package of 20,000 files has fewer names, and each is asked for many times
def _fault_of_name(name: str) -> str:
    """Return the rule that a single path component breaks; empty if it is safe."""
    if _PLAIN.fullmatch(name):
        return _fault_of_word(name.lower())
    if name in {"", ".", ".."}:
        return f"a path component may not be {name!r}"
    # A lone surrogate has no UTF-8. It is refused below, and must not crash the measuring here.
    if len(name.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES:
        return f"a name may have {MAX_NAME_BYTES} bytes at most"
    for char in name:
        if fault := _fault_of_char(char):
            return fault
    if name[-1] in ". " or name[0] == " ":
        return "a name may not end with a dot or a space, nor begin with a space"
    return _fault_of_word(folded(name))


def _fault_of_char(char: str) -> str:
    category = unicodedata.category(char)
    if category in {"Cc", "Cs", "Zl", "Zp"}:
        return "control characters and broken UTF-8 are not allowed in names"
    if char in _FORBIDDEN:
        return f"the character {char!r} is not allowed in names"
    if category == "Cf" or _ignorable(char):
        return "invisible characters are not allowed in names"
    return ""


def _fault_of_word(low: str) -> str:
    """Return why a name is refused for what it means to some system; ``low`` is its folded form."""
    if low in _GIT_DISGUISES or low.rstrip(". ") == ".git":
        return ".git is not allowed in a package"
    if _is_device(low):
        return "Windows reserves this name for a device"
    return ""


def _is_device(low: str) -> bool:
    return low.split(".", 1)[0].rstrip() in _WINDOWS_DEVICES


class RelPath(str):
    """A relative path of a package or home: ``/`` between safe names, never upwards.

    Args:
        text: The path as text.

    Raises:
        Invalid: The path breaks a rule; the error names it.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if isinstance(text, cls):
            return text
        parts = text.split("/")
        for part in parts:
            if fault := _fault_of_name(part):
                raise Invalid(f"unsafe path: {fault}", where=repr(text)[:MAX_PATH_BYTES])
        if len(text.encode()) > MAX_PATH_BYTES:
            raise Invalid(
                f"unsafe path: a path may have {MAX_PATH_BYTES} bytes at most",
                where=repr(text)[:200],
            )
        if len(parts) > MAX_DEPTH:
            raise Invalid(f"unsafe path: more than {MAX_DEPTH} folders deep", where=repr(text))
        return super().__new__(cls, text)

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.split("/"))

    @property
    def top(self) -> str:
        """The first component."""
        return self.split("/", 1)[0]

    @property
    def name(self) -> str:
        """The last component."""
        return self.rsplit("/", 1)[-1]

    @property
    def parent(self) -> RelPath | None:
        """The parent folder; None at the root."""
        head, slash, _ = self.rpartition("/")
        if not slash:
            return None
        folder: RelPath = _trusted(head)
        return folder

    @property
    def parents(self) -> tuple[RelPath, ...]:
        """All parent folders, outermost first."""
        folder = self.rpartition("/")[0]
        return _and_above(folder) if folder else ()

    @property
    def suffix(self) -> str:
        """The suffix with its dot, in lower case; empty if there is none."""
        stem, dot, ending = self.name.rpartition(".")
        return f".{ending.lower()}" if dot and stem else ""

    def under(self, folder: str) -> bool:
        """Return whether the path is ``folder`` or is below it."""
        return self == folder or self.startswith(f"{folder}/")

    def below(self, folder: str) -> RelPath:
        """Return the path as it is seen from a folder that it is in; one that is not in it stays."""
        inside: RelPath = _trusted(self.removeprefix(f"{folder}/"))
        return inside

    def __truediv__(self, name: str) -> RelPath:
        return RelPath(f"{self}/{name}")


def is_safe_path(text: str) -> bool:
    """Whether a text can be a :class:`RelPath`."""
    try:
        RelPath(text)
    except Invalid:
        return False
    return True


def safe_paths(texts: Collection[str]) -> Iterable[RelPath]:
    """Make many paths at once; a name that is in several of them is judged once.

    Raises:
        Invalid: One of them breaks a rule; the error names it.
    """
    return map(_trusted if _are_plain(texts) else RelPath, texts)


def _are_plain(texts: Collection[str]) -> bool:
    """Whether paths are of plain letters and short, and no name in them means something to some system."""
    # As one text: thousands of names one by one, by a pattern, take five times as long.
    spelled = f"/{'/'.join(texts)}/"
    whole = spelled.lower()
    # Asked before it is lower: the sign of Kelvin has three bytes, and is a plain k then.
    if not spelled.isascii() or whole.encode().translate(None, _PLAIN_LETTERS):
        return False
    return (
        not any(part in whole for part in _NOT_PLAIN)
        and not _DEVICE.search(whole)
        and max(map(len, texts)) <= MAX_NAME_BYTES
        and all(text.count("/") < MAX_DEPTH for text in texts)
    )


def folders_of(paths: Iterable[RelPath]) -> set[RelPath]:
    """Return every folder that some paths need."""
    found: set[RelPath] = set()
    above = {path.rpartition("/")[0] for path in paths}
    while above := above - found - {""}:
        found.update(map(_trusted, above))
        above = {folder.rpartition("/")[0] for folder in above}
    return found


_trusted = partial(str.__new__, RelPath)
"""Builds a path that is the start or the end of a safe one, and therefore safe."""


@lru_cache(maxsize=1 << 13)
def _and_above(folder: str) -> tuple[RelPath, ...]:
    """A folder of a safe path, after the folders that it is in."""
    above = folder.rpartition("/")[0]
    return (*_and_above(above), _trusted(folder)) if above else (_trusted(folder),)


class ProfileName(str):
    """The name of a profile: ``[a-z0-9][a-z0-9_-]{0,63}`` or ``default``.

    Raises:
        Invalid: The name breaks the agent's rule or is reserved.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if isinstance(text, cls):
            return text
        # Not by a pattern: a list looks at many names, and compiles none.
        if not 1 <= len(text) <= 64 or text[0] in "-_" or text.strip(_OF_NAMES):
            raise _no_name(text)
        if text in _NEVER_NAMES:
            raise Invalid(f"the name {text!r} is reserved", hint="choose another name")
        return super().__new__(cls, text)

    @classmethod
    def typed(cls, text: str) -> ProfileName:
        """Read a name as people type it: like the agent, take ``Coder`` as ``coder``.

        Raises:
            Invalid: The text is not a valid profile name.
        """
        if isinstance(text, cls):
            return text
        low = text.strip().lower()
        try:
            return cls(low)
        except Invalid:
            if low in _NEVER_NAMES:
                raise
            raise _no_name(text) from None  # as it was typed

    @classmethod
    def slug(cls, label: str) -> ProfileName:
        """Make a profile name from a free label such as ``Exo Executive Agent``.

        Raises:
            Invalid: The label has no usable characters.
        """
        return cls(_flat(label))

    @property
    def is_default(self) -> bool:
        return self == "default"


def _no_name(text: str) -> Invalid:
    """The error for a text that can't be the name of a profile."""
    if "://" in text or "@" in text:  # not shown: it may contain a password
        return Invalid(
            "expected the name of a profile, not a source",
            hint="`list` shows the profiles; `install -n` shows what a source contains",
        )
    rule = "use small letters, digits, - and _, beginning with a letter or digit, 64 at most"
    near = _flat(text)
    such = f", such as {near}" if near and near not in _NEVER_NAMES else ""
    return Invalid(f"{quoted(text, 100)} is not a profile name", hint=rule + such)


def _flat(label: str) -> str:
    """The letters and digits of a label, as a profile may be called; empty if it has none."""
    flat = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", flat).lstrip("-_")[:64].rstrip("-_")


DEFAULT_PROFILE = ProfileName("default")


class AliasName(str):
    """The name of a command that starts a profile: letters, digits, ``-``, ``_`` and ``.``.

    Raises:
        Invalid: The name could be read as an option, a path or shell syntax.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text) or text.endswith("."):
            raise Invalid(
                f"{quoted(text, 100)} can't be the name of a command",
                hint="use letters, digits, -, _ and .",
            )
        return super().__new__(cls, text)
