"""Every string from outside is cleaned before it is shown, and loses nothing that can be seen."""

from __future__ import annotations

from every_command import EVIL, RAW

from hermes_dist.voice.clean import clean, clean_line, clean_value


def test_a_string_is_one_line_of_what_can_be_seen() -> None:
    assert not RAW.search(clean(EVIL))
    assert "\n" not in clean("a\nb")
    assert clean("a\tb") == r"a\u{9}b"
    assert clean("x" * 9000) == "x" * 4999 + "…"
    assert clean("e\u0301") == "é"
    assert clean("\udcff") == r"\u{dcff}"
    assert clean_line("x" * 300) == "x" * 300
    assert clean("日本語 é ✓ 👍") == "日本語 é ✓ 👍"


def test_a_long_value_is_whole_unless_a_limit_is_given_and_then_says_what_shows_it() -> None:
    assert clean_value("x" * 9000) == "x" * 9000
    assert clean_value("x" * 350, 300) == "x" * 300 + "… (50 more characters; -v shows them)"
    assert clean_value("x" * 300, 300) == "x" * 300
