"""Files that can't be read are told with their line, and lists of named things with what is near it."""

from __future__ import annotations

import pytest

from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.documents.told import near, spot_in, told


def _fault(text: str, kind: Kind) -> Invalid:
    with pytest.raises(Invalid) as found:
        load_data(text.encode(), kind)
    return found.value


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ('[{"name":"daily","prompt": "x" "a": 1}]', Kind.JSON, "the prompt of 'daily'"),
        (
            '[{"name": "one"},\n {"name": "two", "schedule": {"expr":}}]',
            Kind.JSON,
            "the expr of 'two'",
        ),
        ("name: w\nprompt: [a\n", Kind.YAML, "the prompt of 'w'"),
        ("jobs:\n - name: 'a b'\n   x: 1\n   x: 2\n", Kind.YAML, "the x of 'a b'"),
        ('{"jobs": [{"prompt": x}]}', Kind.JSON, "the prompt"),
        ('[{"id":\n', Kind.JSON, "the id"),
    ],
)
def test_the_last_key_and_name_above_a_fault_are_named(text: str, kind: Kind, words: str) -> None:
    fault = _fault(text, kind)
    assert near(fault, text.encode()) == f" (near {words})"
    assert told(fault, text.encode()).startswith(
        f"line {fault.where.partition(':')[0]}, column {fault.where.partition(':')[2]} (near {words}): "
    )


def test_where_nothing_is_above_a_fault_nothing_is_near_it() -> None:
    fault = _fault('{"jobs": [ broken', Kind.JSON)
    assert near(fault, b'{"jobs": [ broken') == ""
    assert told(fault).startswith("line 1, column 12: not valid JSON")
    assert spot_in("a.json", fault) == "a.json:1:12"
    assert near(Invalid("gone"), b'{"name": "a"}') == ""
