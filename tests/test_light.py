"""Named tuples and enumerations that are made fast, and JSON that is read without its module: as Python has them."""

from __future__ import annotations

import copy
import enum
import json
import pickle
import sys
import typing
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_dist import light


class Ours(light.NamedTuple):
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
    class New(light.NamedTuple):
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


class _Ours(light.StrEnum):
    """A reason."""

    # a group
    OWN = "own"
    NOT_NAMED = "not-named"

    def said(self) -> str:
        return f"it is {self}"


class _Theirs(enum.StrEnum):
    """A reason."""

    OWN = "own"
    NOT_NAMED = "not-named"

    def said(self) -> str:
        return f"it is {self}"


@pytest.mark.parametrize(
    "ask",
    [
        list,
        len,
        bool,
        lambda kind: kind.OWN == "own",
        lambda kind: {kind.OWN: 1}["own"],
        lambda kind: kind("not-named") is kind.NOT_NAMED,
        lambda kind: kind(kind.OWN) is kind.OWN,
        lambda kind: kind["NOT_NAMED"] is kind.NOT_NAMED,
        lambda kind: (kind.OWN.name, kind.OWN.value, type(kind.OWN.value)),
        lambda kind: repr(kind.OWN).replace("_Ours", "_Theirs"),
        lambda kind: f"{kind.OWN} {kind.OWN!s:>5}",
        lambda kind: kind.OWN.said(),
        lambda kind: isinstance(kind.OWN, kind),
        lambda kind: list(kind.__members__),
        lambda kind: ("own" in set(kind), kind.OWN in kind, kind.OWN == kind.NOT_NAMED),
        lambda kind: json.dumps({kind.OWN: kind.NOT_NAMED}),
        lambda kind: copy.deepcopy(kind.OWN) is kind.OWN,
        lambda kind: pickle.loads(pickle.dumps(kind.OWN)) is kind.OWN,
        lambda kind: kind.__doc__,
    ],
)
def test_an_enumeration_answers_as_that_of_python(ask: Callable[[Any], object]) -> None:
    assert ask(_Ours) == ask(_Theirs)


@pytest.mark.parametrize("kind", [_Ours, _Theirs])
@pytest.mark.parametrize("text", ["other", "OWN", None])
def test_a_text_that_is_no_member_is_refused(kind: Any, text: object) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        kind(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda some: st.lists(some) | st.dictionaries(st.text(), some),
)


@given(_JSON, st.booleans())
def test_what_json_wrote_is_read_as_by_json(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
    data = text.encode("utf-8", "surrogatepass")
    try:
        right = json.loads(data.decode())
    except UnicodeDecodeError:  # half a character is no text
        with pytest.raises(UnicodeDecodeError):
            light.loads(data)
        return
    assert repr(light.loads(data)) == repr(right)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"1 2", b"[1,]", b"nul", b'{"a":1}}', b"\xff", b'"\n"', b" 1", b"1 "]
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the kind is all that callers ask for
        light.loads(data)


def test_without_the_scanner_the_library_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_json", None)
    assert light.loads(b'{"a":[1,2.5,null]}') == {"a": [1, 2.5, None]}
