"""Regular expressions that are compiled when they are first asked for something.

To compile one takes as long as to load a small module, and most commands need few of those they load.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Later:
    """Stands for a pattern, and turns into its methods as they are asked for."""

    def __init__(self, text: Any, flags: int) -> None:
        self._made = (text, flags)

    def __getattr__(self, name: str) -> Any:
        # What is found here is kept, so that each method is looked up once.
        text, flags = self._made
        found = getattr(re.compile(text, flags), name)
        setattr(self, name, found)
        return found


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """A pattern that is compiled on first use; where it is wrong, that is told only then.

    Args:
        text: The regular expression.
        flags: As for :func:`re.compile`.

    Returns:
        What has every method of a pattern. It is none for ``isinstance``, nor an argument of :func:`re.sub`.
    """
    return cast("re.Pattern[AnyStr]", _Later(text, flags))
