"""Patterns that are compiled, and named tuples whose constructor is made, when they are first used."""

from __future__ import annotations

import copy
import pickle
import re
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_dist import lazily


def test_a_pattern_is_compiled_once_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    compiled = re.compile

    def counted(text: str, flags: int = 0) -> re.Pattern[str]:
        made.append((text, flags))
        return compiled(text, flags)

    monkeypatch.setattr(re, "compile", counted)
    found = lazily.pattern("a+", re.IGNORECASE)
    assert made == []
    assert found.fullmatch("AAA")
    assert not found.fullmatch("b")
    assert made == [("a+", re.IGNORECASE)]
    assert found.sub("x", "baab") == "bxb"
    assert found.pattern == "a+"


def test_bytes_have_patterns_too() -> None:
    assert lazily.pattern(rb"\d").findall(b"a1b2") == [b"1", b"2"]


def test_a_wrong_pattern_is_told_on_first_use() -> None:
    wrong = lazily.pattern("(")
    with pytest.raises(re.error):
        wrong.search("x")


class Ours(lazily.NamedTuple):
    """A place."""

    x: int
    y: str = "a"
    z: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        return len(self)

    def said(self, more: str) -> str:
        return f"{self.y}{more}"


class Theirs(typing.NamedTuple):
    """A place."""

    x: int
    y: str = "a"
    z: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        return len(self)

    def said(self, more: str) -> str:
        return f"{self.y}{more}"


class Inherits(Ours):
    """Made before the class that it inherits from was ever used."""


VALUES = st.tuples(st.integers(), st.text(max_size=3), st.just((1,)))


@given(VALUES, st.integers(0, 3), st.integers())
def test_a_named_tuple_does_what_that_of_typing_does(
    values: tuple[int, str, tuple[int, ...]], placed: int, other: int
) -> None:
    named = dict(zip(("x", "y", "z"), values, strict=True))
    rest = {key: value for key, value in named.items() if key not in ("x", "y", "z")[:placed]}
    ours, theirs = (kind(*values[:placed], **rest) for kind in (Ours, Theirs))  # type: ignore[arg-type]
    assert ours == theirs == values
    assert (hash(ours), len(ours), [*ours], ours < (*values, 1)) == (
        hash(theirs),
        len(theirs),
        [*theirs],
        theirs < (*values, 1),
    )
    assert repr(ours).removeprefix("Ours") == repr(theirs).removeprefix("Theirs")
    assert (ours.x, ours.y, ours.z, ours.width, ours.said("b")) == (
        theirs.x,
        theirs.y,
        theirs.z,
        theirs.width,
        theirs.said("b"),
    )
    assert ours._asdict() == theirs._asdict()
    assert ours._replace(x=other) == theirs._replace(x=other)
    assert type(ours._replace(x=other)) is type(ours) is type(copy.deepcopy(ours)) is Ours
    assert pickle.loads(pickle.dumps(ours)) == ours
    assert Ours._make(values) == Theirs._make(values)


@pytest.mark.parametrize(
    ("placed", "named"),
    [((), {}), ((1, "b", (), 4), {}), ((1,), {"x": 2}), ((1,), {"w": 2})],
    ids=["too few", "too many", "twice", "unknown"],
)
def test_a_wrong_call_is_refused_as_by_typing(
    placed: tuple[object, ...], named: dict[str, object]
) -> None:
    for kind in (Ours, Theirs):
        with pytest.raises(TypeError):
            kind(*placed, **named)  # type: ignore[arg-type]


def test_a_named_tuple_is_frozen_and_takes_no_other_attribute() -> None:
    for kind in (Ours, Theirs):
        with pytest.raises(AttributeError):
            kind(1).x = 2  # type: ignore[misc]
        with pytest.raises(AttributeError):
            kind(1).w = 2  # type: ignore[attr-defined]
        with pytest.raises(ValueError, match="w"):
            kind(1)._replace(w=2)  # type: ignore[call-arg]


def test_the_facts_of_the_class_are_those_of_typing() -> None:
    for fact in ("_fields", "_field_defaults", "__match_args__", "__doc__"):
        assert getattr(Ours, fact) == getattr(Theirs, fact), fact
    assert typing.get_type_hints(Ours) == typing.get_type_hints(Theirs)
    match Ours(1):
        case Ours(x, "a", ()):
            assert x == 1
        case _:
            pytest.fail("not matched by its fields")


def test_what_inherits_is_made_as_itself() -> None:
    assert type(Inherits(1)) is type(Inherits(1, "b")) is Inherits
    assert type(Ours(1)) is Ours


CALLS = st.tuples(
    st.lists(st.integers(), max_size=5),
    st.dictionaries(st.sampled_from("abcd"), st.integers(), max_size=4),
)


@given(st.lists(CALLS, min_size=1, max_size=40))
def test_the_first_calls_and_the_later_ones_are_those_of_typing(
    calls: list[tuple[list[int], dict[str, int]]],
) -> None:
    class New(lazily.NamedTuple):
        a: int
        b: int
        c: int = 3

    class Old(typing.NamedTuple):
        a: int
        b: int
        c: int = 3

    for placed, named in calls:
        told: list[object] = []
        for kind in (New, Old):
            try:
                told.append(tuple(kind(*placed, **named)))
            except TypeError:
                told.append(TypeError)
        assert told[0] == told[1]
