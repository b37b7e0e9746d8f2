"""Dataclasses that are cheap to declare behave like the standard library's."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any

import pytest

from hermes_dist.model import records

LIBRARIES: list[Any] = [pytest.param(dataclasses, id="standard"), pytest.param(records, id="records")]


def _declared(library: Any) -> tuple[Any, Any, Any, Any]:
    """The same four classes, declared by either library."""

    @library.dataclass(frozen=True, slots=True, order=True)
    class Point:
        """A place."""

        x: int
        y: int = 2
        hidden: str = library.field(default="s", repr=False, compare=False)

        @property
        def total(self) -> int:
            return self.x + self.y

    @library.dataclass(frozen=True, slots=True, kw_only=True)
    class Deep(Point):
        notes: list[str] = library.field(default_factory=list)
        name: str

        def __post_init__(self) -> None:
            object.__setattr__(self, "name", self.name.upper())

    @library.dataclass(slots=True)
    class Work:
        done: list[int] = library.field(default_factory=list)
        count: int = 0

    @library.dataclass(frozen=True)
    class Open:
        value: str
        more: int = 1

        def __repr__(self) -> str:
            return "<open>"

        @cached_property
        def twice(self) -> str:
            return self.value * 2

    return Point, Deep, Work, Open


@pytest.mark.parametrize("library", LIBRARIES)
def test_fields_are_given_by_place_or_name_and_have_defaults(library: Any) -> None:
    point, deep, work, _ = _declared(library)
    assert (point(1).y, point(1, 3).y, point(y=5, x=1).total) == (2, 3, 6)
    assert deep(1, name="a").notes == []
    assert deep(1, name="a").name == "A"
    assert work().done is not work().done
    for wrong in (point, lambda: point(1, 2, "s", 4), lambda: point(1, z=1), lambda: deep(1, 2, "s", [])):
        with pytest.raises(TypeError):
            wrong()


@pytest.mark.parametrize("library", LIBRARIES)
def test_equal_ordered_hashed_by_what_counts(library: Any) -> None:
    point, deep, work, _ = _declared(library)
    assert point(1, 2, "a") == point(1, 2, "b")
    assert hash(point(1, 2, "a")) == hash(point(1, 2, "b"))
    assert sorted([point(2), point(1, 9), point(1)]) == [point(1), point(1, 9), point(2)]
    assert point(1) != (1, 2)
    assert point(1) != deep(1, name="a")
    with pytest.raises(TypeError):
        hash(work())
    with pytest.raises(TypeError):
        assert point(1) < 3


@pytest.mark.parametrize("library", LIBRARIES)
def test_frozen_ones_stay_as_they_are(library: Any) -> None:
    point, _, work, opened = _declared(library)
    for one, name in ((point(1), "x"), (opened("v"), "value")):
        with pytest.raises(AttributeError):
            setattr(one, name, 5)
        with pytest.raises(AttributeError):
            delattr(one, name)
    changed = work()
    changed.count += 3
    assert changed.count == 3
    assert opened("ab").twice == "abab"
    assert not hasattr(point(1), "__dict__")


@pytest.mark.parametrize("library", LIBRARIES)
def test_shown_and_replaced(library: Any) -> None:
    point, deep, _, opened = _declared(library)
    assert repr(point(1)).endswith("Point(x=1, y=2)")
    assert repr(opened("x")) == "<open>"
    assert library.replace(point(1, 2, "z"), y=8).hidden == "z"
    assert library.replace(deep(1, name="a"), x=4).x == 4
    with pytest.raises(TypeError):
        library.replace(point(1), z=1)


@pytest.mark.parametrize("library", LIBRARIES)
def test_matched_by_place(library: Any) -> None:
    point, _, _, _ = _declared(library)
    match point(1, 7):
        case point(x, y):
            assert (x, y) == (1, 7)
        case _:
            raise AssertionError


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_standard_library_knows_them(library: Any) -> None:
    point, deep, work, _ = _declared(library)
    assert dataclasses.is_dataclass(point)
    assert [one.name for one in dataclasses.fields(deep(1, name="a"))] == ["x", "y", "hidden", "notes", "name"]
    assert dataclasses.asdict(work([1], 2)) == {"done": [1], "count": 2}
    assert dataclasses.replace(point(1), y=9) == point(1, 9)
