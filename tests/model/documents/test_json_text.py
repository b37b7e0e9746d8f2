"""Values of YAML that JSON has no word for."""

from __future__ import annotations

import json
from datetime import date

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.model.documents.json_text import json_data, json_text

DAY = date(2026, 1, 2)
KEYS = st.one_of(st.text(max_size=3), st.integers(), st.booleans(), st.none(), st.dates())
VALUES = st.recursive(
    st.one_of(st.text(max_size=3), st.integers(), st.none(), st.dates()),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(KEYS, parts, max_size=3),
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, None], 2: True}, '{"a": [1, null], "2": true}'),
        (DAY, '"2026-01-02"'),
        (
            {DAY: DAY, None: 1, True: 2, 1.5: 3},
            '{"2026-01-02": "2026-01-02", "null": 1, "true": 2, "1.5": 3}',
        ),
        ([{"x": {DAY: "ü"}}], '[{"x": {"2026-01-02": "ü"}}]'),
    ],
)
def test_dates_and_odd_keys_are_written_as_text(value: object, text: str) -> None:
    assert json_text(value) == text


def test_keys_of_several_types_are_sorted_as_text() -> None:
    assert json_text({"b": 1, 2: 2, None: 3}, sort_keys=True) == '{"2": 2, "b": 1, "null": 3}'


@settings(max_examples=examples(200))
@given(VALUES, st.booleans())
def test_every_value_of_a_document_can_be_written(value: object, turned: bool) -> None:
    text = json_text(value, sort_keys=True, indent=2 if turned else None)
    assert json.loads(text) == json.loads(json_text(value)) == json_data(value)
