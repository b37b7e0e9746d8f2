"""Put secrets back into a text that was shown without them and edited meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

_END = b"\n"


def hidden_lines(
    texts: Iterable[bytes], hide: Callable[[bytes], bytes]
) -> Mapping[bytes, bytes] | None:
    """Find the lines of texts that hold a secret, by how they look without it.

    Args:
        texts: The texts.
        hide: Hides the secrets in a text.

    Returns:
        Each line without its secret, with the line itself. None if an edited text could not be told back: a secret
        has several lines, or two lines look alike without theirs.
    """
    pairs = [(text, hide(text)) for text in texts]
    if all(text == shown for text, shown in pairs):
        return {}
    found: dict[bytes, bytes] = {}
    plain: set[bytes] = set()
    for text, hidden in pairs:
        lines, shown = text.split(_END), hidden.split(_END)
        if len(lines) != len(shown):
            return None
        for line, other in zip(lines, shown, strict=True):
            if line == other:
                plain.add(line)
            elif found.setdefault(other, line) != line:
                return None
    return None if plain & found.keys() else found


def restored(text: bytes, hidden: Mapping[bytes, bytes]) -> bytes:
    """Return a text with the secrets of its untouched lines; a line that was edited is taken as it is."""
    return _END.join(hidden.get(line, line) for line in text.split(_END))
