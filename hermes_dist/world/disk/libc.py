"""Calls of the C library that Python has no function for. Importing it is cheap.

Every change of a home makes such a call. What it needs is taken from the module in C beneath ``ctypes``: to load all of
``ctypes`` takes as long as seven modules of ours.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

_CODES = {"i": "i", "u": "I", "s": "z"}


def _ctypes() -> ModuleType:
    import _ctypes  # noqa: PLC0415 - start-up

    return _ctypes


@cache
def _kind(code: str) -> Any:
    """A type of C, by the letter that ``struct`` has for it; ``z`` is a text."""
    return type(f"C_{code}", (_ctypes()._SimpleCData,), {"_type_": code})  # noqa: SLF001 - see above


@cache
def _call() -> Any:
    """The type of functions that return an int, and whose error is kept."""
    own = _ctypes()
    flags = own.FUNCFLAG_CDECL | own.FUNCFLAG_USE_ERRNO
    return type("Call", (own.CFuncPtr,), {"_flags_": flags, "_restype_": _kind("i")})


def function(name: str, types: str) -> Callable[..., int] | None:
    """Return a function of the C library; None if it has none of that name.

    Args:
        name: Its name.
        types: The types of its arguments: ``i`` for int, ``u`` for unsigned, ``s`` for a text or a buffer.
    """
    own = _ctypes()
    try:
        place = own.dlsym(own.dlopen(None, own.RTLD_LOCAL), name)
    except OSError:
        return None
    found = _call()(place)
    found.argtypes = [_kind(_CODES[each]) for each in types]
    call: Callable[..., int] = found
    return call


def buffer(size: int) -> Any:
    """Return a buffer that a call can write to."""
    return (_kind("c") * size)()


def failure(*names: str | None) -> OSError:
    """Return the error of the call that has just failed, with the names of the files as ``OSError`` takes them."""
    code: int = _ctypes().get_errno()
    return OSError(code, os.strerror(code), *names)
