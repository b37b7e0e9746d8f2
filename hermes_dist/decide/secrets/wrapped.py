"""Words in base64 that are plain text inside, where a key can hide from whoever reads the text around it."""

from __future__ import annotations

import binascii
from collections.abc import Iterator

from hermes_dist import lazily

_HEAD = 24
"""So many signs are decoded first: of what is not text in base64, nearly nothing gets further."""
# Every byte of plain text is below 128, which rules out most first and second signs, and `+` and `/` nearly always.
_RUN = lazily.pattern(rb"(?<![A-Za-z0-9])[A-Za-f][A-HQ-Xg-nw-z0-3][A-Za-z0-9]{22,}")
_PLAIN = bytes({*b"\t\n\r", *range(0x20, 0x7F)})


def unwrapped(words: bytes) -> Iterator[tuple[str, str]]:
    """Yield each word in base64 that is plain text, without its padding, and that text.

    Args:
        words: The words of a text, each once.
    """
    for match in _RUN.finditer(words):
        run = match[0]
        if _decoded(run[:_HEAD]) and (inside := _decoded(run)):
            yield run.decode(), inside


def _decoded(run: bytes) -> str:
    """The plain text that a run is in base64; empty if it is something else."""
    if len(run) % 4 == 1:
        return ""
    data = binascii.a2b_base64(run + b"=" * (-len(run) % 4))
    return "" if data.translate(None, _PLAIN) else data.decode()
