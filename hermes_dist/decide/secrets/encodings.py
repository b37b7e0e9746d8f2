"""The encodings in which a text may be written: secrets are searched for in all of them."""

from __future__ import annotations

UTF_8 = "utf-8"
LATIN_1 = "latin-1"
_HEAD = 400
"""How many bytes at the start of a file tell its encoding."""

_PLAIN = bytes({*b"\t\n\f\r", *range(0x20, 0x7F), *range(0x80, 0x100)})
_MARKS = (
    # The mark of UTF-32 begins with that of UTF-16, so it goes first.
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def wide_coding(data: bytes) -> str:
    """Return the encoding of a text with two or four bytes for each character; empty if it is none.

    Args:
        data: The file, or its beginning.
    """
    head = data[:_HEAD]
    for mark, coding in _MARKS:
        if head.startswith(mark):
            return coding
    half = len(head) // 2
    if half >= 4 and head[1::2].count(0) > half * 0.9 and head[::2].count(0) < half * 0.1:
        return "utf-16-le"
    if half >= 4 and head[::2].count(0) > half * 0.9 and head[1::2].count(0) < half * 0.1:
        return "utf-16-be"
    return ""


def text_of(data: bytes) -> str:
    """Decode some bytes as text, in the encoding that they seem to have; never fails."""
    if coding := wide_coding(data):
        return data.decode(coding, "replace")
    return data.decode(UTF_8, "replace") if b"\0" not in data else data.decode(LATIN_1)


def coding_of(data: bytes) -> str:
    """Return the encoding that turns a whole file into text and back byte by byte; empty if it is no text."""
    coding = wide_coding(data) or UTF_8
    try:
        data.decode(coding)
    except UnicodeDecodeError:
        # Any bytes are Latin-1; what has control characters in it is no text.
        return "" if coding != UTF_8 or data.translate(None, _PLAIN) else LATIN_1
    return coding
