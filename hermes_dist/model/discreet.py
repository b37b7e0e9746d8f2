"""Values that hold secrets show their class alone, wherever they are printed."""

from __future__ import annotations

from msgspec import Struct


class Discreet(Struct, frozen=True):
    """The base of values whose fields must not turn up in a log, a traceback or a failed assertion."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"
