"""Values that hold secrets; printing one shows only its class."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Discreet(Struct, frozen=True):
    """Base class of values whose fields must never appear in a log, a traceback or a failed assertion."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Contents(Struct, frozen=True):
    """Base class of values that hold contents of files; printing one shows how much, for a file may hold a secret."""

    def __repr__(self) -> str:
        shown = (f"{name}={_shown(getattr(self, name))}" for name in self.__struct_fields__)
        return f"{type(self).__name__}({', '.join(shown)})"


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, Mapping) and any(map(_is_content, value.values())):
        return f"<{len(value)} contents>"
    return repr(value)


def _is_content(value: object) -> bool:
    if isinstance(value, tuple):
        return any(map(_is_content, value))
    return isinstance(value, bytes)
