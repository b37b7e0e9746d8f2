"""JSON without positions says the same as JSON with them, and refuses the same."""

from __future__ import annotations

import json

from budget import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hermes_dist.errors import Invalid
from hermes_dist.model.documents import json_parse
from hermes_dist.model.documents.nodes import Limits
from hermes_dist.model.values import same

_FEW = Limits(depth=4, nodes=12)
_WORDS = st.sampled_from(
    [
        *("{", "}", "[", "]", ",", ":", " ", "\n", "\t", "\f", "\ufeff"),
        *(
            '"a"',
            '"b"',
            '"a":',
            '"b":',
            '{"a":1,"a":2}',
            '"\\u0041"',
            '"\\ud800"',
            '"\\x"',
            '"\x01"',
        ),
        *("0", "-1", "01", "1.5", "1e5", "-", "9" * 101, f"0.{'1' * 101}", str(1 << 64), "1e999"),
        *("true", "false", "null", "NaN", "-Infinity", "nul", "'x'", "//", "é"),
    ]
)
_DATA = st.recursive(
    st.none() | st.integers(-9, 1 << 65) | st.floats() | st.text(max_size=4),
    lambda some: (
        st.lists(some, max_size=5) | st.dictionaries(st.text(max_size=2), some, max_size=5)
    ),
    max_leaves=20,
)


def _said(read: object, text: str) -> object:
    assert callable(read)
    try:
        return read(text)
    except Invalid as err:
        return str(err)


def _by_nodes(text: str) -> object:
    root = json_parse.parse(text, _FEW).root
    return root.value if root else None


@settings(max_examples=examples(2000), deadline=None)
@given(st.lists(_WORDS, max_size=12).map("".join) | _DATA.map(json.dumps))
@example("[[[[1]]]]")
@example("[[[1]]]")
@example("[[[[]]]]")
@example("[" * 100_000)
@example(f"[{'1,' * 11}1]")
@example(f"[{'1,' * 10}1]")
@example(' {"a": [1, {"b": NaN}]}\r\n')
def test_data_alone_are_those_of_the_nodes(text: str) -> None:
    one = _said(_by_nodes, text)
    other = _said(lambda given: json_parse.load(given, _FEW), text)
    assert same(one, other)
