"""Hidden characters in what a model reads: bidirectional controls and tags can say what a reviewer can't see."""

from __future__ import annotations

import re
import unicodedata

from hermes_dist.model.paths import RelPath

_HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\u061c\u200e\u200f\U000e0000-\U000e007f]")
"""Bidirectional marks, embeddings, overrides and isolates; tag characters (Unicode TR9, TR36)."""
_FLAGS = re.compile(
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
    "|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
"""The flags of England, Scotland and Wales are spelled with tags; these three are no disguise."""
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2190-\u2bff\ufe0f]")
_LEADS = (b"\xe2\x80", b"\xe2\x81", b"\xd8\x9c", b"\xf3\xa0")
_INVISIBLE = re.compile(
    "[\u200b-\u200d\u2060-\u2064\ufeff\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u180e\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
"""Characters without width, blank letters, and controls; what a text may hold for good reason is sorted out."""
_PLAIN = bytes([*b"\t\n\r", *range(0x20, 0x7F)])
"""What of ASCII everybody sees."""
_READ_BY_MODELS = (".md", ".txt", ".yaml", ".yml", ".json", ".j2", ".prompt", "")


def hidden_characters(path: RelPath, data: bytes) -> tuple[str, ...]:
    """List places with hidden characters in a file that a model or a reviewer may read.

    Args:
        path: The file.
        data: Its content; what is no text, and no prompt by its name, is passed over.

    Returns:
        ``line N: U+202E`` for each line that has some, ten at most; empty for other files.
    """
    if data.isascii() or not any(lead in data for lead in _LEADS):
        return ()
    prompt = path.suffix in _READ_BY_MODELS
    try:
        text = data.decode("utf-8", "replace" if prompt else "strict")
    except UnicodeDecodeError:
        return ()
    if "\0" in text and not prompt:
        return ()
    found: dict[int, list[str]] = {}
    for number, line in enumerate(re.split(r"\r\n|\r|\n", _FLAGS.sub("", text)), 1):
        if marks := _HIDDEN.findall(line):
            found[number] = sorted({f"U+{ord(mark):04X}" for mark in marks})
    return tuple(f"line {number}: {' '.join(marks)}" for number, marks in list(found.items())[:10])


def invisible_characters(path: RelPath, data: bytes) -> tuple[str, ...]:
    """List places with other characters that nobody sees, in a file that a model may read: worth a warning.

    Joiners inside emoji and in scripts that are written with them, and a mark at the very start, are no such.

    Returns:
        ``line N: U+200B`` for each line that has some, three at most; empty for other files.
    """
    if path.suffix not in _READ_BY_MODELS or (data.isascii() and not data.translate(None, _PLAIN)):
        return ()
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    found: dict[int, set[str]] = {}
    for mark in _INVISIBLE.finditer(text):
        if not _joins(text, mark.start()):
            found.setdefault(text.count("\n", 0, mark.start()) + 1, set()).add(f"U+{ord(mark[0]):04X}")
        if len(found) > 3:
            break
    return tuple(f"line {number}: {' '.join(sorted(marks))}" for number, marks in list(found.items())[:3])


def _joins(text: str, at: int) -> bool:
    """Whether a joiner has something to join: letters of a script that uses it, or two emoji."""
    if text[at] not in "\u200c\u200d" or not at:
        return False
    before, after = text[at - 1], text[at + 1 : at + 2]
    if unicodedata.category(before) in {"Lo", "Mn", "Mc"}:
        return True
    return text[at] == "\u200d" and bool(_EMOJI.match(before)) and bool(_EMOJI.match(after))


def is_plainly_visible(text: str) -> bool:
    """Whether every character of a text has something to show."""
    return text.isprintable() and not _INVISIBLE.search(text) and not _HIDDEN.search(text)
