"""The content of a file as a text in which other files may be named, however large it is and whatever is in it.

A shell runs a file with a NUL in it, or with a picture's name, and megabytes after an ``exit`` cost an author nothing.
So all of it is read. Of a large file, only the parts are looked at that hold a word of some name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

_WHOLE = 128 << 10
"""Smaller files are looked at as a whole."""
_PART, _OVERLAP = 32 << 10, 1 << 10
"""A path is shorter than the overlap, so each is whole in some part."""


def texts_of(data: bytes, words: Callable[[], frozenset[bytes]]) -> Iterator[str]:
    """Yield the texts in which a file can name others; what holds NUL is read with and without it.

    Args:
        data: Its content.
        words: Gives those of which one is in every text that tells something.
    """
    readings = [data]
    if b"\0" in data:
        readings = [data.replace(b"\0", b"\n"), data.replace(b"\0", b"")]
    for reading in readings:
        telling = reading if len(reading) <= _WHOLE else _telling(reading, words())
        yield telling.decode("utf-8", "replace")


def _telling(data: bytes, words: frozenset[bytes]) -> bytes:
    """Return the parts of a content that hold one of these words."""
    parts = (data[at : at + _PART + _OVERLAP] for at in range(0, len(data), _PART))
    return b"\n".join(part for part in parts if not words.isdisjoint(words_in(part)))


def words_in(data: bytes) -> list[bytes]:
    """Return the words of a text: letters and digits of ASCII in lower case, and whatever else is no sign."""
    return data.translate(_PLAIN).split()


_PLAIN = bytes(
    code if code > 127 or chr(code).isalnum() or code == ord("_") else ord(" ")
    for code in b"".join(bytes([n]) for n in range(256)).lower()
)
"""How each byte is written for :func:`words_in`."""
