"""Patterns that are compiled when they are first used."""

from __future__ import annotations

import re

import pytest

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
