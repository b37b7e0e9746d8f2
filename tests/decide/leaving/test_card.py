"""The card of an archive: stable bytes, and what can't be read is told with a way out."""

from __future__ import annotations

import pytest

from hermes_dist.decide.leaving.card import CARD, FORMAT, Card, read_card
from hermes_dist.errors import Invalid


def test_the_same_card_gives_the_same_bytes_in_whatever_order_it_was_made() -> None:
    one = Card(
        variables=("B", "A", "B"), only=frozenset(["soul", "mcp"]), long={"y": "b", "x": "a"}
    )
    other = Card(variables=("A", "B"), only=frozenset(["mcp", "soul"]), long={"x": "a", "y": "b"})
    assert one.encode() == other.encode()
    assert one.encode().endswith(b"\n")


def test_an_archive_without_a_card_is_a_whole_home_without_secrets() -> None:
    card = read_card(None)
    assert card == Card()
    assert not card.partial
    assert not card.full


def test_an_archive_of_some_parts_or_without_some_is_partial() -> None:
    assert Card(only=frozenset(["soul"])).partial
    assert Card(without=frozenset(["soul"])).partial
    assert not Card(full=True, carried=frozenset(["memories"])).partial


def test_names_for_long_paths_replace_the_ones_before_and_nothing_else() -> None:
    card = Card(full=True, long={"a": "b"}).with_long({"c": "d"})
    assert card == Card(full=True, long={"c": "d"})


def test_a_newer_card_asks_for_a_newer_program() -> None:
    with pytest.raises(
        Invalid, match=f"format {FORMAT + 1}, newer than this program knows"
    ) as caught:
        read_card(b'{"format": %d}' % (FORMAT + 1))
    assert caught.value.where == CARD
    assert "pip install -U" in caught.value.hint


def test_odd_fields_count_as_nothing_and_never_as_a_backup() -> None:
    odd = b'{"format": 1, "full": "true", "only": "soul", "without": [7, "cron"], "long": [], "variables": null, "future": {}}'
    assert read_card(odd) == Card(without=frozenset(["cron"]))


def test_a_long_path_out_of_the_home_is_refused() -> None:
    with pytest.raises(Invalid, match="unsafe path"):
        read_card(b'{"format": 1, "long": {"a": "../b"}}')
