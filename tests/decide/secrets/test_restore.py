"""A text shown without its secrets and edited: what was not touched keeps them."""

from __future__ import annotations

from hermes_dist.decide.secrets.restore import hidden_lines, restored


def hide(data: bytes) -> bytes:
    return data.replace(b"s3cret", b"${KEY}").replace(b"0ther", b"${KEY}").replace(b"a\nb", b"***")


def test_an_untouched_line_gets_its_secret_back_and_an_edited_one_is_taken_as_it_is() -> None:
    text = b"key: s3cret\nmodel: x\n"
    hidden = hidden_lines([text, b"model: y\n"], hide)
    assert hidden is not None
    assert restored(hide(text).replace(b"x", b"z"), hidden) == b"key: s3cret\nmodel: z\n"
    assert restored(b"key: ${KEY} # mine\n", hidden) == b"key: ${KEY} # mine\n"


def test_lines_that_look_alike_without_their_secret_can_not_be_told_apart() -> None:
    assert hidden_lines([b"key: s3cret\n", b"key: 0ther\n"], hide) is None
    assert hidden_lines([b"key: s3cret\nkey: ${KEY}\n"], hide) is None
    assert hidden_lines([b"key: s3cret\n", b"key: ${KEY}\n"], hide) is None


def test_a_secret_of_several_lines_can_not_be_told_back() -> None:
    assert hidden_lines([b"a\nb\n"], hide) is None


def test_a_text_without_secrets_hides_nothing() -> None:
    assert hidden_lines([b"x\ny\n"], hide) == {}
    assert restored(b"x\ny", {}) == b"x\ny"
