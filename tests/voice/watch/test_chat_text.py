"""What goes into a chat is text and nothing else."""

from __future__ import annotations

import pytest

from hermes_dist.voice.watch.chat_text import LONGEST, for_chat, one_line


def test_lines_stay_between_fences() -> None:
    assert for_chat("a\n  b\n") == "```\na\n  b\n```"


@pytest.mark.parametrize(
    "hostile",
    [
        "MEDIA:/home/me/.ssh/id_rsa",
        "media : /etc/passwd",
        "```\nout of the fence",
        "![x](https://evil.example/x.png)",
        '<img src="https://evil.example/x.png">',
        "[[audio_as_voice]]",
        "@everyone look",
        "\x1b[31mred\x1b[0m",
        "\u202eevil",
        "a\rb",
    ],
)
def test_nothing_in_it_is_a_directive(hostile: str) -> None:
    text = for_chat(hostile)
    inside = text.removeprefix("```\n").removesuffix("\n```")
    for mark in ("MEDIA:", "```", "](", "<img", "[[", "@everyone", "\x1b", "\u202e", "\r"):
        assert mark.lower() not in inside.lower()


def test_a_long_text_says_how_to_see_the_rest() -> None:
    text = for_chat("\n".join(f"line {n}" for n in range(2000)), "hermes-dist diff bot")
    assert len(text) < LONGEST + 100
    assert text.splitlines()[-2].endswith("more lines; at the terminal: hermes-dist diff bot")
    assert len(for_chat("x" * 100_000)) < LONGEST + 100


def test_a_sentence_is_one_line() -> None:
    assert one_line("a\n b  `c`") == "a b 'c'"
