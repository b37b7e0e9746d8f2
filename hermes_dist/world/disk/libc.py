"""Calls of the C library that Python has no function for. Importing it is cheap."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType


def _ctypes() -> ModuleType:
    import ctypes  # noqa: PLC0415 - start-up

    return ctypes


def function(name: str, types: str) -> Callable[..., int] | None:
    """Return a function of the C library; None if it has none of that name.

    Args:
        name: Its name.
        types: The types of its arguments: ``i`` for int, ``u`` for unsigned, ``s`` for a text or a buffer.
    """
    ctypes = _ctypes()
    kinds = {"i": ctypes.c_int, "u": ctypes.c_uint, "s": ctypes.c_char_p}
    try:
        found: Any = getattr(ctypes.CDLL(None, use_errno=True), name)
    except AttributeError:
        return None
    found.argtypes = [kinds[each] for each in types]
    call: Callable[..., int] = found
    return call


def buffer(size: int) -> Any:
    """Return a buffer that a call can write to."""
    return _ctypes().create_string_buffer(size)


def failure(*names: str | None) -> OSError:
    """Return the error of the call that has just failed, with the names of the files as ``OSError`` takes them."""
    code: int = _ctypes().get_errno()
    return OSError(code, os.strerror(code), *names)
