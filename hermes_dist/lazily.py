"""What is made when it is first used: regular expressions, the constructors of named tuples, and modules.

To compile a pattern takes as long as to load a small module, and so do two of ``typing``'s named tuples. Most commands
need few of those that they load. Beside these are enumerations of many texts, of which Python makes each member slowly.
"""

from __future__ import annotations

import builtins
import sys
from _thread import allocate_lock

TYPE_CHECKING = False
"""What ``typing`` calls so: to ask it for this alone takes as long as to load fifty modules of ours.

Where a command mostly ends that scripts and prompts call, all that only types need stands behind it.
"""

if TYPE_CHECKING:
    import contextlib
    import json
    import re
    import shlex
    import unicodedata
    from collections.abc import Mapping, Sequence
    from enum import StrEnum
    from types import ModuleType
    from typing import Any, AnyStr, NamedTuple, Protocol
else:
    from collections import _tuplegetter, namedtuple

    class Protocol:
        """Nothing of a protocol is left when a program runs."""


__all__ = [
    "TYPE_CHECKING",
    "Module",
    "NamedTuple",
    "Protocol",
    "StrEnum",
    "contextlib",
    "json",
    "later",
    "loads",
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
    contextlib, json, re = map(Module, ("contextlib", "json", "re"))
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


_PUTTING_OFF = allocate_lock()
"""Held by whoever says what is loaded later. Nothing is loaded meanwhile, so nobody waits long for it."""


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

    def _import(
        self,
        name: str,
        of: Mapping[str, object] | None = None,
        local: Mapping[str, object] | None = None,
        wanted: Sequence[str] | None = None,
        level: int = 0,
    ) -> Any:
        # Others import at the same time, in threads of their own.
        if of is not self._of or not wanted:
            return self._at_once(name, of, local, wanted or (), level)
        return _Names({each: _Name(self._of, name, each) for each in wanted})


def later() -> _Block:
    """Load the modules that are imported in this block when one of the imported names is first used.

    This is for what most runs of a module do not need, as ``lazy from … import …`` of Python 3.15 is. The names are of
    functions and classes, and of modules. They can be called, asked for attributes, and stand in annotations. A class
    is not a class before it is used: not for ``except``, ``isinstance`` and a subclass.
    """
    return _Block(sys._getframe(1).f_globals)  # noqa: SLF001 - as collections.namedtuple does


class _Plain:
    """How JSON is read: as it is."""

    strict, object_hook, object_pairs_hook, memo = True, None, None, None
    parse_float, parse_int, parse_constant = float, int, float


def loads(data: bytes) -> Any:
    """As :func:`json.loads` reads what :func:`json.dumps` wrote, without the patterns that its module compiles.

    Raises:
        ValueError: The bytes are no such text.
    """
    text = data.decode()
    try:
        from _json import make_scanner  # noqa: PLC0415 - what the library reads with; other Pythons have none

        value, end = make_scanner(_Plain)(text, 0)  # type: ignore[arg-type]  # it has all that is asked for
    except (ImportError, AttributeError):
        return json.loads(text)
    except StopIteration:
        end = -1
    if end != len(text):
        raise ValueError("no JSON, or more than that")
    return value


_FEW = 20
"""Values of a class that are made one by one, before it gets a constructor, which takes as long as a hundred."""

if not TYPE_CHECKING:

    class _Fields(tuple):
        """What all named tuples can do; as :func:`collections.namedtuple` documents it."""

        __slots__ = ()

        @classmethod
        def _make(cls, values):
            return tuple.__new__(cls, values)

        def _replace(self, /, **changed):
            values = tuple(map(changed.pop, self._fields, self))
            if changed:
                raise ValueError(f"{type(self).__name__} has no field {', '.join(changed)}")
            return tuple.__new__(type(self), values)

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            fields = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
            return f"{type(self).__qualname__}({fields})"

        def __getnewargs__(self):
            return tuple(self)

    class _Maker(type):
        """Turns a class with annotated fields into a subclass of tuple, as ``typing.NamedTuple`` does."""

        def __new__(mcs, name, bases, body):
            if not bases:
                return super().__new__(mcs, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body.pop(field) for field in fields if field in body}
            body |= {field: _tuplegetter(at, "") for at, field in enumerate(fields)}
            body |= {"_fields": fields, "__match_args__": fields, "_field_defaults": defaults}

            names = frozenset(fields)
            left = _FEW

            def first(cls, /, *args, **named):
                nonlocal left
                left -= 1
                given = {**dict(zip(fields, args, strict=False)), **named}
                whole = {**defaults, **given}
                # Where a field is given twice, or a value has no field, there are fewer names than values.
                if left > 0 and len(given) == len(args) + len(named) and whole.keys() == names:
                    return tuple.__new__(cls, map(whole.__getitem__, fields))
                # Its constructor makes a tuple of any class that it is given, and says what is wrong with arguments.
                full = namedtuple(name, fields, defaults=defaults.values())
                made.__new__ = staticmethod(full.__new__)
                return made.__new__(cls, *args, **named)

            made = type.__new__(type, name, (_Fields,), {"__slots__": (), **body, "__new__": first})
            return made

    class NamedTuple(metaclass=_Maker):
        """A ``typing.NamedTuple`` that is made in a tenth of the time; no fields of a base, no generics."""

    class _Members(type):
        """Turns the texts of a class into its members, as the type of ``enum.StrEnum`` does."""

        def __new__(mcs, name, bases, body):
            made = super().__new__(mcs, name, bases, {"__slots__": (), **body})
            made._by_text = {}
            for key, text in body.items():
                if type(text) is str and not key.startswith("_"):
                    member = str.__new__(made, text)
                    member.name = key
                    made._by_text[text] = member
                    setattr(made, key, member)
            return made

        def __call__(cls, text):
            try:
                return cls._by_text[text]
            except (KeyError, TypeError):
                raise ValueError(f"{text!r} is not a valid {cls.__qualname__}") from None

        @property
        def __members__(cls):
            return {member.name: member for member in cls}

        def __getitem__(cls, name):
            return cls.__members__[name]

        def __iter__(cls):
            return iter(cls._by_text.values())

        def __len__(cls):
            return len(cls._by_text)

        def __bool__(cls):
            return True

        def __contains__(cls, text):
            return text in cls._by_text

    class StrEnum(str, metaclass=_Members):
        """An ``enum.StrEnum`` that is made in a tenth of the time, for many members; no other values, no aliases."""

        __slots__ = ("name",)

        @property
        def value(self):
            return str.__str__(self)

        def __repr__(self):
            return f"<{type(self).__name__}.{self.name}: {self.value!r}>"

        def __reduce_ex__(self, _):
            return type(self), (self.value,)
