"""Values that hold secrets; printing one shows only its class."""

from __future__ import annotations

from msgspec import Struct


class Discreet(Struct, frozen=True):
    """Base class of values whose fields must never appear in a log, a traceback or a failed assertion."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"
