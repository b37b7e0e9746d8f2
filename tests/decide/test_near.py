"""The names that a typed one may stand for, and how a hint offers them."""

from __future__ import annotations

import pytest

from hermes_dist.decide.near import near, offered

NAMES = ("base", "pack", "packer", "Tides")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("pakc", ("pack", "packer")),
        ("TIDE", ("Tides",)),
        ("ack", ("pack", "packer")),
        ("nosuch", ()),
        ("", ()),
    ],
)
def test_near_names_come_first(typed: str, found: tuple[str, ...]) -> None:
    assert near(typed, NAMES) == found


def test_a_hint_names_the_near_ones_and_then_all() -> None:
    assert offered("tide", NAMES, "its layers") == (
        "did you mean Tides? its layers: base, pack, packer, Tides"
    )
    assert offered("zzz", NAMES, "its layers") == "its layers: base, pack, packer, Tides"
    assert offered("zzz", (), "its layers") == "its layers: none"


def test_a_few_of_many_are_shown() -> None:
    told = offered("n7", [f"n{number}" for number in range(40)], "names")
    assert told.startswith("did you mean n7")
    assert told.endswith("n9 and 30 more")
