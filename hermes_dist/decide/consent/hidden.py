"""Hidden characters in files that a model reads: text that a reviewer can't see.

The search covers the bytes of a file and, because escapes hide there, the values of YAML, JSON and front matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, kind_of, load_data
from hermes_dist.model.documents.frontmatter import split
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Read

_ZERO = "\u200b-\u200d\u2060-\u2064\ufeff\u180e\u034f\u115f\u1160\u3164\uffa0\u17b4\u17b5"
_SELECTOR = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
# Compiled when they are first needed, and then kept by `re`: most commands look for no hidden characters.
_HIDDEN = (
    "[\u202a-\u202e\u2066-\u2069\u206a-\u206f\ufff9-\ufffb\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
    f"|[{_SELECTOR}]{{2,}}|(?<![^\\x00-\\x7f])[\ufe00-\ufe0d\U000e0100-\U000e01ef]|[{_ZERO}]{{4,}}"
)
"""Bidirectional embeddings, overrides and isolates, tags (Unicode TR9, TR36), annotations; selectors that follow
another one or plain ASCII, where there is nothing to select; runs of characters without width."""
_MARKS = "[\u061c\u200e\u200f]"
_RTL = "[\u05d0-\u05f2\u0620-\u064a\u066e-\u06d5\u0710-\u08c7\ufb1d-\ufdfb\ufe70-\ufefc]"
"""Direction marks belong in lines with Arabic, Hebrew or similar scripts, and nowhere else."""
_STRAYS = f"[{_ZERO}]|(?<![^\\x00-\\x7f])(?<![0-9#*])[\ufe0e\ufe0f]"
_TOO_MANY_STRAYS = 8
"""This many on one line can carry a message, with one beside each letter."""
_FLAGS = (
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
    "|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
"""The flags of England, Scotland and Wales are spelled with tags; these three are legitimate."""
_EMOJI = "[\U0001f000-\U0001faff\u2190-\u2bff\ufe0f]"
_JOINING = "[\u0600-\u1cff\ua800-\uabff\ufb50-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001e95f]"
"""Scripts that use joiners, or that mark the end of a word with a zero-width space."""
_TAGS = "[\U000e0020-\U000e007e]{3,}"
_INVISIBLE = (
    f"[{_ZERO}\u061c\u200e\u200f\u2800\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
    "|(?<![^\\x00-\\x7f])(?<![0-9#*])[\ufe0e\ufe0f]"
)
"""Zero-width characters, blank letters and controls; legitimate uses are sorted out later."""
_PLAIN = bytes([*b"\t\n\r", *range(0x20, 0x7F)])
"""The visible ASCII characters."""
_READ_BY_MODELS = (".md", ".txt", ".yaml", ".yml", ".json", ".j2", ".prompt", "")
_ESCAPE = rb"\\[uUx]"


_plain: set[Digest] = set()
"""What was found to be plain: a digest names one content for ever."""
_MOST_PLAIN = 1 << 16


def is_plain(digest: Digest, read: Read) -> bool:
    """Whether a content has only visible ASCII and no escapes, so that nothing can be hidden in it.

    Args:
        digest: The content; what is plain is read once, however often it is asked for.
        read: Reads it.
    """
    if digest in _plain:
        return True
    if not looks_plain(read(digest)):
        return False
    remember_plain([digest])
    return True


def looks_plain(data: bytes) -> bool:
    """Whether a content has only visible ASCII and no escapes."""
    if not data.isascii() or data.translate(None, _PLAIN):
        return False
    return b"\\" not in data or not re.search(_ESCAPE, data)


def remember_plain(digests: Iterable[Digest]) -> None:
    """Remember contents that are plain, so that nobody has to read them again for this."""
    if len(_plain) >= _MOST_PLAIN:
        _plain.clear()
    _plain.update(digests)


class Hidden(Struct, frozen=True):
    """A place with hidden characters.

    Attributes:
        text: The characters.
        line: The line number, from 1; 0 for a value that holds the characters as escapes.
        key: The key of the value.
    """

    text: str
    line: int = 0
    key: str = ""

    @property
    def marks(self) -> str:
        """The code points of the characters, and the text that tags spell."""
        numbers = " ".join(sorted({f"U+{ord(mark):04X}" for mark in self.text}))
        spelled = "".join(
            "".join(chr(ord(tag) - 0xE0000) for tag in run[0])
            for run in re.finditer(_TAGS, self.text)
        )
        return f"{numbers} (they spell {spelled!r})" if spelled else numbers

    @property
    def where(self) -> str:
        """The line, or the key of the value."""
        return f"line {self.line}" if self.line else f"the value of {self.key}"


def find_hidden(path: RelPath, data: bytes) -> tuple[Hidden, ...]:
    """List places with hidden characters in a file that a model or a reviewer may read.

    Args:
        path: The file.
        data: Its content; skipped if it is neither text nor, by its name, a prompt.
    """
    escaped = re.search(_ESCAPE, data) is not None
    if data.isascii() and not escaped:
        return ()
    # A model is given a damaged prompt all the same, so it is read with replacements; other files that are not valid
    # text are binary, and nobody reads them.
    prompt = path.suffix in _READ_BY_MODELS
    try:
        text = data.decode("utf-8", "replace" if prompt else "strict")
    except UnicodeDecodeError:
        return ()
    if "\0" in text and not prompt:
        return ()
    lines = () if data.isascii() else tuple(_in_lines(text))
    return (*lines, *(_in_values(path, data, text) if escaped else ()))


def hidden_characters(path: RelPath, data: bytes) -> tuple[str, ...]:
    """Say where the hidden characters of a file are.

    Returns:
        ``line N: U+202E`` for each such line and ``the value of KEY: U+202E`` for each such value;
        empty for other files.
    """
    found = find_hidden(path, data)
    return tuple(f"{one.where}: {one.marks}" for one in found)


def _in_lines(text: str) -> Iterator[Hidden]:
    for number, line in enumerate(re.split(r"\r\n|\r|\n", re.sub(_FLAGS, "", text)), 1):
        if not line.isascii() and (found := _hidden_in(line)):
            yield Hidden(found, line=number)


def _hidden_in(line: str) -> str:
    """The hidden characters of one line."""
    found = [match[0] for match in re.finditer(_HIDDEN, line)]
    if not re.search(_RTL, line):
        found += re.findall(_MARKS, line)
    strays = [match[0] for match in re.finditer(_STRAYS, line) if not _joins(line, match.start())]
    if len(strays) >= _TOO_MANY_STRAYS:
        found += strays
    return "".join(found)


def _in_values(path: RelPath, data: bytes, text: str) -> Iterator[Hidden]:
    """Yield hidden characters that only show once a document is loaded; a broken document is searched as plain text."""
    kind = kind_of(path)
    if path.suffix == ".md":
        front, _ = split(data)
        kind, data = (Kind.YAML, front) if front is not None else (None, data)
    if kind is None:
        return
    try:
        values = _texts(load_data(data, kind), "")
    except Invalid:
        values = iter([("it, which can't be loaded", _unescaped(data.decode("utf-8", "replace")))])
    for key, value in values:
        for line in re.split(r"\r\n|\r|\n", re.sub(_FLAGS, "", value)):
            # What is also there as plain text was found by its line.
            found = "" if line.isascii() or line in text else _hidden_in(line)
            if found:
                yield Hidden(found, key=key)


def _texts(value: object, key: str) -> Iterator[tuple[str, str]]:
    """Yield every text in some data with its key; keys themselves are included."""
    if isinstance(value, str):
        yield key or "it", value
    elif isinstance(value, dict):
        for name, inner in value.items():
            shown = str(name).encode("ascii", "backslashreplace").decode()
            place = f"{key}.{shown}" if key else shown
            yield from _texts(name, place) if isinstance(name, str) else ()
            yield from _texts(inner, place)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{key}[{number}]")


def _unescaped(text: str) -> str:
    def char(match: re.Match[str]) -> str:
        number = int(match[1] or match[2] or match[3], 16)
        return chr(number) if number < 0x110000 else ""

    plain = re.sub(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2}))", char, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def invisible_characters(path: RelPath, data: bytes) -> tuple[str, ...]:
    """List places with other invisible characters in a file that a model may read; they are worth a warning.

    Joiners inside emoji and in scripts that use them, and a byte order mark at the start, do not count.

    Returns:
        ``line N: U+200B`` for each line that has some, three at most; empty for other files.
    """
    if path.suffix not in _READ_BY_MODELS or (data.isascii() and not data.translate(None, _PLAIN)):
        return ()
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    found: dict[int, set[str]] = {}
    for mark in re.finditer(_INVISIBLE, text):
        if not _joins(text, mark.start()):
            found.setdefault(text.count("\n", 0, mark.start()) + 1, set()).add(
                f"U+{ord(mark[0]):04X}"
            )
        if len(found) > 3:
            break
    return tuple(
        f"line {number}: {' '.join(sorted(marks))}" for number, marks in list(found.items())[:3]
    )


def _joins(text: str, at: int) -> bool:
    """Whether a joiner is between letters of a script that uses it, or between two emoji."""
    if text[at] not in "\u200b\u200c\u200d" or not at:
        return False
    before, after = text[at - 1], text[at + 1 : at + 2]
    if re.match(_JOINING, before):
        return True
    return text[at] == "\u200d" and bool(re.match(_EMOJI, before)) and bool(re.match(_EMOJI, after))


def is_plainly_visible(text: str) -> bool:
    """Whether every character of a text is visible."""
    return text.isprintable() and not re.search(_INVISIBLE, text) and not re.search(_HIDDEN, text)
