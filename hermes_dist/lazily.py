"""What is made when it is first used: regular expressions and modules.

To compile a pattern takes as long as to load a small module, and most commands need few of those that they load.
"""

from __future__ import annotations

import builtins
import sys
from _thread import RLock

from hermes_dist.light import TYPE_CHECKING

if TYPE_CHECKING:
    import base64
    import contextlib
    import json
    import re
    import shlex
    import unicodedata
    from collections.abc import Mapping
    from types import ModuleType
    from typing import Any, AnyStr


__all__ = [
    "Module",
    "base64",
    "contextlib",
    "json",
    "later",
    "module_of",
    "pattern",
    "re",
    "shlex",
    "unicodedata",
]


def module_of(name: str) -> ModuleType:
    """Load a module."""
    __import__(name)  # importlib itself, which has a function for this, loads more
    return sys.modules[name]


class Module:
    """Stands for a module, which is loaded when it is asked for a name.

    Args:
        name: The module.
        known: What is there at once.
    """

    def __init__(self, name: str, **known: object) -> None:
        self._name = name
        vars(self).update(known)

    def __getattr__(self, name: str) -> Any:
        # What is found here is kept, so that each name is looked up once.
        found = getattr(module_of(self._name), name)
        setattr(self, name, found)
        return found


if not TYPE_CHECKING:
    base64, contextlib, json, re = map(Module, ("base64", "contextlib", "json", "re"))
    shlex, unicodedata = map(Module, ("shlex", "unicodedata"))


class _Later:
    """Stands for a pattern, and turns into its methods as they are asked for."""

    def __init__(self, text: Any, flags: int) -> None:
        self._made = (text, flags)

    def __getattr__(self, name: str) -> Any:
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
    return _Later(text, flags)  # type: ignore[return-value]  # it has the same methods


class _Name:
    """Stands for a name of a module that is not loaded yet, and gives way to what it stands for."""

    def __init__(self, of: dict[str, Any], module: str, name: str) -> None:
        self._from = (of, module, name)

    def __call__(self, /, *args: Any, **named: Any) -> Any:
        return self._loaded()(*args, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loaded(), name)

    def _loaded(self) -> Any:
        of, module, name = self._from
        found = getattr(__import__(module, fromlist=(name,)), name)
        for bound, value in tuple(of.items()):
            if value is self:
                of[bound] = found
        return found


class _Names:
    """What a module of which nothing is loaded yet gives to ``from … import …``."""

    def __init__(self, names: Mapping[str, _Name]) -> None:
        vars(self).update(names)


_PUTTING_OFF = RLock()
"""Held by whoever says what is loaded later. Nothing is loaded meanwhile, so nobody waits long for it.

Ctrl-C can come just when it was taken. Nobody gives it back then, and the thread that tells of it must not wait for it.
"""


class _Block:
    """The block after ``with later()`` of a module with these globals."""

    def __init__(self, of: dict[str, Any]) -> None:
        self._of = of

    def __enter__(self) -> None:
        _PUTTING_OFF.acquire()
        self._at_once = builtins.__import__
        vars(builtins)["__import__"] = self._import

    def __exit__(self, *_: object) -> None:
        vars(builtins)["__import__"] = self._at_once
        _PUTTING_OFF.release()

    def _import(self, name: str, *how: Any, **named: Any) -> Any:
        # A statement says all that it wants by position: globals, locals, names and level. Others import at the same
        # time, in threads of their own, and by calling this function, as codecs and what is put off here are loaded.
        if named or len(how) < 3 or how[0] is not self._of or not how[2]:
            return self._at_once(name, *how, **named)
        return _Names({each: _Name(self._of, name, each) for each in how[2]})


def later() -> _Block:
    """Load the modules that are imported in this block when one of the imported names is first used.

    This is for what most runs of a module do not need, as ``lazy from … import …`` of Python 3.15 is. The names are of
    functions and classes, and of modules. They can be called, asked for attributes, and stand in annotations. A class
    is not a class before it is used: not for ``except``, ``isinstance`` and a subclass.
    """
    return _Block(sys._getframe(1).f_globals)  # noqa: SLF001 - as collections.namedtuple does
