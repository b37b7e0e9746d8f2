"""Patterns that are compiled, constructors of named tuples that are made, and modules that are loaded on first use."""

from __future__ import annotations

import builtins
import copy
import enum
import importlib
import json
import pickle
import re
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

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

    monkeypatch.setattr(lazily.re, "compile", counted)
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


class _Ours(lazily.StrEnum):
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


def _loading(tmp_path: Path, text: str) -> ModuleType:
    """A module that was just loaded, with this text."""
    (tmp_path / "asking.py").write_text(f"from hermes_dist.lazily import later\n{text}")
    return importlib.import_module("asking")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, with a module ``rare`` and a package ``rarely`` in it."""
    (tmp_path / "rare.py").write_text(
        "from enum import Enum\n"
        "class Colour(Enum):\n    RED = 1\n"
        "def double(number, *, more=0):\n    return 2 * number + more\n"
    )
    (tmp_path / "rarely").mkdir()
    (tmp_path / "rarely" / "__init__.py").touch()
    (tmp_path / "rarely" / "inner.py").write_text("def answer():\n    return 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ("asking", "rare", "rarely", "rarely.inner"):
        sys.modules.pop(name, None)


def test_a_module_is_loaded_when_one_of_its_names_is_used(folder: Path) -> None:
    asking = _loading(folder, "with later():\n    from rare import double as twice\n")
    assert "rare" not in sys.modules
    assert asking.twice(4, more=1) == 9
    assert asking.twice is sys.modules["rare"].double


def test_a_class_has_its_attributes(folder: Path) -> None:
    asking = _loading(folder, "with later():\n    from rare import Colour, double\n")
    assert asking.Colour.RED.value == 1
    assert asking.Colour is sys.modules["rare"].Colour
    assert asking.double(1) == 2


def test_a_module_of_a_package_is_loaded_later(folder: Path) -> None:
    asking = _loading(folder, "with later():\n    from rarely import inner\n")
    assert "rarely" not in sys.modules
    assert asking.inner.answer() == 42
    assert asking.inner is sys.modules["rarely.inner"]


def test_what_was_put_in_its_place_stays(folder: Path) -> None:
    asking = _loading(folder, "with later():\n    from rare import double\n")
    held = asking.double
    asking.double = None
    assert held(2) == 4
    assert asking.double is None


def test_others_import_as_ever_meanwhile(folder: Path) -> None:
    """Another module that is loaded within the block, as by another thread, gets what it imports at once."""
    (folder / "rarely" / "__init__.py").write_text("from rare import double\n")
    asking = _loading(
        folder,
        "import importlib\nwith later():\n    from rare import Colour\n    importlib.import_module('rarely')\n",
    )
    assert sys.modules["rarely"].double(1) == 2
    assert type(asking.Colour).__name__ == "_Name"


def test_a_block_that_fails_changes_nothing(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        _loading(folder, "with later():\n    1 / 0\n")
    assert builtins.__import__.__name__ == "__import__"


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
            lazily.loads(data)
        return
    assert repr(lazily.loads(data)) == repr(right)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"1 2", b"[1,]", b"nul", b'{"a":1}}', b"\xff", b'"\n"', b" 1", b"1 "]
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the kind is all that callers ask for
        lazily.loads(data)


def test_without_the_scanner_the_library_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_json", None)
    assert lazily.loads(b'{"a":[1,2.5,null]}') == {"a": [1, 2.5, None]}


def test_a_module_is_loaded_when_it_is_asked_for_a_name() -> None:
    code = (
        "import sys\nfrom hermes_dist.lazily import shlex\nbefore = 'shlex' in sys.modules\n"
        "print(before, shlex.quote('a b'), shlex.quote is sys.modules['shlex'].quote)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False 'a b' True\n"


def test_a_module_has_no_other_names_than_its_own() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = lazily.json.nonsense  # type: ignore[attr-defined]
