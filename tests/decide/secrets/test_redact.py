"""Texts with names in place of secrets."""

from __future__ import annotations

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.decide.secrets.redact import redact

TOKEN = "ghp_" + "aB3dE6gH9j" * 4


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"MY_TOKEN={TOKEN}", "MY_TOKEN=${MY_TOKEN}"),
        (f'{{"gitHub.token": "{TOKEN}"}}', '{"gitHub.token": "${GITHUB_TOKEN}"}'),
        (f"key => '{TOKEN}'", "key => '${KEY}'"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer ${AUTHORIZATION}"),
        (f"see {TOKEN}", "see ${GITHUB_TOKEN}"),
    ],
)
def test_a_secret_is_named_by_the_key_in_front_of_it_else_by_its_kind(
    before: str, after: str
) -> None:
    edited, names = redact(before.encode(), {})
    assert edited.decode() == after
    assert [f"${{{name}}}" for name in names] == [
        after[after.index("$") : after.index("}", after.index("$")) + 1]
    ]


def test_known_values_go_in_all_their_forms_and_the_longer_one_first() -> None:
    known = {"LONG": "tulpen im april/2", "SHORT": "tulpen im april"}
    edited, names = redact(
        b"a tulpen im april/2 b tulpen%20im%20april%2F2 c tulpen im april", known
    )
    assert edited == b"a ${LONG} b ${LONG} c ${SHORT}"
    assert names == ("LONG", "SHORT")


def test_values_too_short_to_be_told_apart_stay() -> None:
    assert redact(b"a b on", {"X": "on", "Y": ""}) == (b"a b on", ())


def test_bytes_that_are_no_text_lose_known_values_and_nothing_else() -> None:
    data = b"\x00\xff open-sesame-please " + TOKEN.encode()
    assert redact(data, {"X_KEY": "open-sesame-please"}) == (
        b"\x00\xff ${X_KEY} " + TOKEN.encode(),
        ("X_KEY",),
    )


def test_every_secret_of_a_text_goes_and_each_name_is_told_once() -> None:
    edited, names = redact(f"A_TOKEN={TOKEN}\nB_TOKEN={TOKEN}x\nA_TOKEN={TOKEN}y\n".encode(), {})
    assert edited == b"A_TOKEN=${A_TOKEN}\nB_TOKEN=${B_TOKEN}\nA_TOKEN=${A_TOKEN}\n"
    assert sorted(names) == ["A_TOKEN", "B_TOKEN"]


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(
        st.sampled_from(["tulpen-im-april", TOKEN, "KEY=", "\n", "words ", "é", '"']), max_size=8
    ).map("".join)
)
def test_law_no_known_value_is_left_and_a_second_time_changes_nothing(text: str) -> None:
    known = {"MY_KEY": "tulpen-im-april"}
    edited, names = redact(text.encode(), known)
    assert b"tulpen-im-april" not in edited
    assert ("tulpen-im-april" in text) <= ("MY_KEY" in names)
    assert redact(edited, known)[0] == edited
