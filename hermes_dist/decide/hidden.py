"""Hidden characters in what a model reads: bidirectional controls and tags can say what a reviewer can't see."""

from __future__ import annotations

import re

from hermes_dist.model.paths import RelPath

_HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\u061c\u200e\u200f\U000e0000-\U000e007f]")
"""Bidirectional marks, embeddings, overrides and isolates; tag characters (Unicode TR9, TR36)."""
_FLAGS = re.compile("\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{1,6}\U000e007f")
"""Flags of regions are spelled with tags; they are no disguise."""
_READ_BY_MODELS = (".md", ".txt", ".yaml", ".yml", ".json", ".j2", ".prompt", "")


def hidden_characters(path: RelPath, data: bytes) -> tuple[str, ...]:
    """List places with hidden characters in a file that a model may read.

    Returns:
        ``line N: U+202E`` for each line that has some, ten at most; empty for other files.
    """
    if path.suffix not in _READ_BY_MODELS or not any(lead in data for lead in (b"\xe2\x80", b"\xe2\x81", b"\xd8\x9c", b"\xf3\xa0")):
        return ()
    text = _FLAGS.sub("", data.decode("utf-8", "replace"))
    found: dict[int, list[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if marks := _HIDDEN.findall(line):
            found[number] = sorted({f"U+{ord(mark):04X}" for mark in marks})
    return tuple(f"line {number}: {' '.join(marks)}" for number, marks in list(found.items())[:10])
