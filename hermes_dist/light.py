"""What ``typing``, ``enum`` and ``json`` have, without loading them, and made in a tenth of the time.

Two named tuples of ``typing``, or twenty members of an enumeration, take as long to make as a small module to load, and
most commands load a hundred of them. Type checkers see the originals, and tests compare both.
"""

from __future__ import annotations

TYPE_CHECKING = False
"""What ``typing`` calls so: to ask it for this alone takes as long as to load fifty modules of ours.

Where a command mostly ends that scripts and prompts call, all that only types need stands behind it.
"""

if TYPE_CHECKING:
    from enum import StrEnum
    from typing import Any, NamedTuple, Protocol
else:
    from collections import _tuplegetter, namedtuple

    class Protocol:
        """Nothing of a protocol is left when a program runs."""


__all__ = ["TYPE_CHECKING", "NamedTuple", "Plain", "Protocol", "StrEnum", "loads", "read_json"]


class Plain:
    """How JSON is read: as it is."""

    strict, object_hook, memo = True, None, None
    object_pairs_hook: Any = None
    parse_float: Any = float
    parse_int: Any = int
    parse_constant: Any = float


def loads(data: bytes, how: type[Plain] = Plain) -> Any:
    """As :func:`json.loads` reads what has no space around it, without the patterns that its module compiles.

    Args:
        data: JSON in UTF-8.
        how: What is made of maps and numbers.

    Raises:
        ValueError: The bytes are no such text.
    """
    text = data.decode()
    try:
        from _json import make_scanner  # noqa: PLC0415 - what the library reads with; other Pythons have none

        value, end = make_scanner(how)(text, 0)  # type: ignore[arg-type]  # it has all that is asked for
    except (ImportError, AttributeError):
        import json  # noqa: PLC0415 - to do without it is the point

        hooks = {name: getattr(how, name) for name in ("parse_float", "parse_int")}
        return json.loads(text, object_pairs_hook=how.object_pairs_hook, **hooks)
    except StopIteration:
        end = -1
    except RecursionError:
        raise ValueError("more levels than can be read") from None
    if end != len(text):
        raise ValueError("no JSON, or more than that")
    return value


def read_json(text: str | bytes) -> Any:
    """As :func:`json.loads` reads, but what is nested too deep is refused as any other text that is no JSON.

    Raises:
        ValueError: The text is not JSON, or nested too deep.
    """
    import json  # noqa: PLC0415 - only who reads JSON pays for it

    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("more levels than can be read") from None


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
        """An ``enum.StrEnum`` that is made in a tenth of the time; no other values, no aliases, unknown to msgspec."""

        __slots__ = ("name",)

        @property
        def value(self):
            return str.__str__(self)

        def __repr__(self):
            return f"<{type(self).__name__}.{self.name}: {self.value!r}>"

        def __reduce_ex__(self, _):
            return type(self), (self.value,)
