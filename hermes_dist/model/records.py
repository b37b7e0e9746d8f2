"""Dataclasses that are declared twenty times as fast as the standard library's.

A command declares a hundred of them before it does anything, and the standard library compiles six methods for
each. Here nothing is compiled: classes share their methods. Type checkers see the standard library's own, and so
does whoever asks ``dataclasses`` about an instance.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "field", "replace"]

_NOTHING: Any = object()
_OVERRIDABLE = ("__init__", "__repr__", "__eq__", "__hash__", "__match_args__")
_put = object.__setattr__


class _Field:
    """One field: its default or the maker of it, and what it counts for."""

    __slots__ = ("compare", "default", "factory", "keyword", "shown")

    def __init__(self, default: Any, factory: Any = _NOTHING, *, compare: bool = True, shown: bool = True) -> None:
        self.default, self.factory = default, factory
        self.compare, self.shown = compare, shown
        self.keyword = False


def _field(
    *, default: Any = _NOTHING, default_factory: Any = _NOTHING, compare: bool = True, **shown: bool
) -> _Field:
    """Describe a field; the words mean what they mean to :func:`dataclasses.field`."""
    return _Field(default, default_factory, compare=compare, shown=shown.get("repr", True))


def _dataclass(
    cls: type | None = None, /, *, frozen: bool = False, slots: bool = False, kw_only: bool = False,
    order: bool = False, eq: bool = True,
) -> Any:  # fmt: skip
    """Make a class of named fields; the words mean what they mean to :func:`dataclasses.dataclass`."""
    if cls is None:
        return lambda cls: _dataclass(cls, frozen=frozen, slots=slots, kw_only=kw_only, order=order, eq=eq)
    given = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    own = {name: _as_field(given.pop(name, _NOTHING), keyword=kw_only) for name in given.get("__annotations__", ())}
    fields: dict[str, _Field] = {}
    for base in reversed(cls.__mro__[1:]):
        fields |= vars(base).get("__fields__", {})
    fields |= own
    made: dict[str, Any] = {
        "__fields__": fields,
        "__dataclass_fields__": _WhenAsked(),
        "__match_args__": tuple(name for name, one in fields.items() if not one.keyword),
        "__init__": _filled_by(fields, then=hasattr(cls, "__post_init__")),
        "__repr__": _shown_by([name for name, one in fields.items() if one.shown]),
    }
    if eq:
        made |= _compared_by([name for name, one in fields.items() if one.compare], order=order, frozen=frozen)
    if frozen:
        made |= {"__setattr__": _refuse, "__delattr__": _refuse}
    # Python itself adds a __hash__ of None where a class writes nothing but __eq__
    made |= {name: given[name] for name in _OVERRIDABLE if given.get(name) is not None}
    plain = {"__slots__": tuple(own)} if slots else {n: f.default for n, f in own.items() if f.default is not _NOTHING}
    return type(cls)(cls.__name__, cls.__bases__, {**given, **made, **plain})


def _as_field(value: Any, *, keyword: bool) -> _Field:
    made = value if isinstance(value, _Field) else _Field(value)
    made.keyword = keyword
    return made


def _filled_by(fields: Mapping[str, _Field], *, then: bool) -> Callable[..., None]:
    """An ``__init__`` that takes fields by place or by name, and ends with ``__post_init__`` where there is one."""
    places = tuple(name for name, one in fields.items() if not one.keyword)
    many, simple = len(places), len(places) == len(fields)

    def init(self: Any, *args: Any, **given: Any) -> None:
        if simple and not given and len(args) == many:
            for name, value in zip(places, args):  # noqa: B905 - as many as those, and this is where time goes
                _put(self, name, value)
        else:
            by_place = dict(zip(places, args, strict=False))
            if len(args) > many or by_place.keys() & given.keys() or given.keys() - fields.keys():
                raise TypeError(f"{type(self).__name__}: not so: {len(args)} by place, and {', '.join(given)}")
            given |= by_place
            for name, one in fields.items():
                _put(self, name, given[name] if name in given else _default(self, name, one))
        if then:
            self.__post_init__()

    return init


def _default(instance: object, name: str, one: _Field) -> Any:
    if one.factory is not _NOTHING:
        return one.factory()
    if one.default is _NOTHING:
        raise TypeError(f"{type(instance).__name__}: {name} is missing")
    return one.default


def _shown_by(names: list[str]) -> Callable[[Any], str]:
    def show(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return show


def _compared_by(names: list[str], *, order: bool, frozen: bool) -> dict[str, Any]:
    """Equality, hash and order by the values of some fields."""
    get: Callable[[Any], Any] = operator.attrgetter(*names) if names else lambda _: ()

    def by(compare: Callable[[Any, Any], bool]) -> Callable[[Any, object], Any]:
        return lambda self, other: (
            compare(get(self), get(other)) if other.__class__ is self.__class__ else NotImplemented
        )

    words = ("eq", "lt", "le", "gt", "ge") if order else ("eq",)
    found: dict[str, Any] = {f"__{word}__": by(getattr(operator, word)) for word in words}
    return {**found, "__hash__": (lambda self: hash(get(self))) if frozen else None}


def _refuse(self: Any, name: str, *_: Any) -> None:
    raise AttributeError(f"a {type(self).__name__} can't be changed: {name}")


class _WhenAsked:
    """What the standard library knows a dataclass by, made when it looks."""

    def __get__(self, _instance: object, owner: Any) -> object:
        import dataclasses  # noqa: PLC0415 - start-up

        fields: Mapping[str, _Field] = owner.__fields__
        known: list[Any] = []
        for name, one in fields.items():
            default = {} if one.default is _NOTHING else {"default": one.default}
            factory = {} if one.factory is _NOTHING else {"default_factory": one.factory}
            known.append((name, Any, dataclasses.field(repr=one.shown, compare=one.compare, **default, **factory)))
        made: Any = dataclasses.make_dataclass(owner.__name__, known, kw_only=True)
        return made.__dataclass_fields__


def _replace(instance: Any, /, **changes: Any) -> Any:
    """Make an instance with some fields changed, as :func:`dataclasses.replace` does."""
    kept = {name: getattr(instance, name) for name in instance.__fields__ if name not in changes}
    return instance.__class__(**kept, **changes)


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    dataclass, field, replace = _dataclass, _field, _replace
