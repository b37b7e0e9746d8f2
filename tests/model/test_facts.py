"""Facts: any value is spelled as text and read back as the same one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hermes_dist.model.facts import fact_text, fact_value, facts_line, facts_of
from hermes_dist.model.values import same

_LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
)
_VALUE = st.recursive(
    _LEAF,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
)
_LIKE_JSON = st.sampled_from(
    ["true", "null", "1", "1.0", '"x"', "[]", "{}", "NaN", "-0", " 1 ", "", "[" * 100_000]
)


@given(_VALUE | _LIKE_JSON)
def test_law_a_value_is_read_back_from_its_fact(value: object) -> None:
    assert same(fact_value(fact_text(value)), value)


@given(_VALUE | _LIKE_JSON, _VALUE | _LIKE_JSON)
def test_law_two_values_have_the_same_fact_only_if_they_are_the_same(
    one: object, other: object
) -> None:
    assert (fact_text(one) == fact_text(other)) <= same(one, other)


def test_text_is_shown_as_it_is_and_a_number_in_quotes_is_no_number() -> None:
    assert facts_of({"a": "npx", "b": "5", "c": 5, "d": ["x", True]}) == (
        ("a", "npx"),
        ("b", '"5"'),
        ("c", "5"),
        ("d", '["x", true]'),
    )
    assert facts_line([("", "npx"), ("b", "5")]) == "npx; b: 5"
