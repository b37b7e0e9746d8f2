"""What the program did last: a line for each child process, change on disk, fetch and decision, kept in memory.

Nothing is written here and nothing is spelled until somebody asks, so that a note costs next to nothing. What may hold
a secret must not be noted: no environment, no content, no input of a child. Credentials in URLs are taken out when the
lines are spelled; :mod:`hermes_dist.ops.crash` hides what else this machine keeps secret.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from hermes_dist import lazily
from hermes_dist.light import TYPE_CHECKING

if TYPE_CHECKING:
    import re

_MOST = 2000
"""So many notes are kept; a large update makes some ten thousand, and the last ones tell."""
_LONGEST = 400
_QUERY = lazily.pattern(r"(://[^\s?#]*)([?#]\S*)")
_REF = lazily.pattern(
    r"#(?:refs/(?:heads|tags)/)?(?:v?\d{1,9}(?:\.\d{1,9})*(?:-?[a-z]{1,5}\.?\d{0,3})?|[0-9a-f]{7,64}|[a-z]{1,16}(?:[./_-][a-z0-9]{1,8}){0,4})"
)
"""What names a commit, a version or a branch; a token is longer, or not of such words."""
_AROUND = "'\"),;:."
"""What may stand behind a source in a sentence."""
_GIVEN = lazily.pattern(r"\b([A-Z][A-Z0-9_]{2,})=\S+")


class _Trace:
    """The notes of this process, and the listener for new ones."""

    def __init__(self) -> None:
        self.notes: deque[tuple[float, str, tuple[object, ...]]] = deque(maxlen=_MOST)
        self.hear: Callable[[str], None] | None = None
        self.began = time.monotonic()
        self.writes = False


_trace = _Trace()


def note(kind: str, *what: object) -> None:
    """Note a step of the program.

    Args:
        kind: What it is about, such as ``run``, ``disk``, ``fetch`` or ``decide``.
        what: What is done, in words; spelled only when somebody asks for it.
    """
    made = (time.monotonic(), kind, what)
    _trace.notes.append(made)
    if _trace.hear is not None:
        _trace.hear(_spelled(*made))


def note_writing() -> None:
    """Note that a change of a home has reached the point from which it is finished, whatever comes."""
    _trace.writes = True


def has_written() -> bool:
    """Whether a change of a home came that far in this process."""
    return _trace.writes


def listen(hear: Callable[[str], None] | None) -> None:
    """Call ``hear`` with a line for each new note; None ends this."""
    _trace.hear = hear


def lines() -> list[str]:
    """Return the last notes as lines, the oldest first."""
    return [_spelled(*made) for made in list(_trace.notes)]


def public(text: str) -> str:
    """Return a text without the credentials and queries of URLs, and without what is given as ``NAME=value``.

    What is behind the ``#`` of a source stays if it reads as a ref.
    """
    from hermes_dist.model.source import without_credentials  # noqa: PLC0415 - start-up

    return _GIVEN.sub(r"\1=…", _QUERY.sub(_without_query, without_credentials(text)))


def _without_query(match: re.Match[str]) -> str:
    from hermes_dist.model.source import is_range  # noqa: PLC0415 - start-up

    rest = match[2].rstrip(_AROUND)
    if _REF.fullmatch(rest) or (rest.startswith("#") and is_range(rest[1:])):
        return match[0]
    return f"{match[1]}?…"


def _spelled(at: float, kind: str, what: tuple[object, ...]) -> str:
    text = public(" ".join(str(word) for word in what))
    plain = "".join(c if c.isprintable() else " " for c in text)[:_LONGEST]
    return f"{at - _trace.began:8.3f} {kind:<6} {plain}"
