"""The golden cases, as bytes through `merge_document` and as plain data through `merge_values`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from hermes_dist.merge.data import DocMerge, merge_document, merge_values
from hermes_dist.model.documents.api import ABSENT, Kind, load_data, same
from hermes_dist.model.keypath import format_key
from hermes_dist.model.paths import RelPath

CASES = yaml.safe_load(Path(__file__).with_name("golden-cases.yaml").read_text())
CONFIG = RelPath("config.yaml")
# The consents of the security floor (40-42, 44) are a pass after the merge; a file that is gone (45) is a tree's.
PLAIN = [
    case
    for case in CASES
    if "consents" not in case and "ABSENT" not in (case["ours"], case["theirs"])
]


def data_of(text: str) -> object:
    return ABSENT if text == "ABSENT" else load_data(text.encode(), Kind.YAML)


def merged(case: dict[str, str]) -> DocMerge:
    base = None if case["base"] == "ABSENT" else case["base"].encode()
    return merge_document(CONFIG, base, case["ours"].encode(), case["theirs"].encode())


def test_the_file_of_cases_is_complete() -> None:
    assert [case["case"] for case in CASES] == list(range(1, 47))
    assert len(PLAIN) == 41


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: f"{case['case']}: {case['name']}")
def test_a_golden_case_merges_as_it_says(case: dict[str, str]) -> None:
    result = merged(case)
    value = load_data(result.content, Kind.YAML)
    assert same(value, data_of(case["result"]))
    assert [format_key(key) for key in result.conflicts] == case.get("conflicts", [])
    if case.get("ordered"):
        assert isinstance(value, dict)
        assert list(value) == list(yaml.safe_load(case["result"]))
    if case.get("text") == "bytes = ours":
        assert result.content == case["ours"].encode()


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: f"{case['case']}: {case['name']}")
def test_a_golden_case_merges_alike_as_data_and_as_json(case: dict[str, str]) -> None:
    sides = [data_of(case[side]) for side in ("base", "ours", "theirs")]
    value, conflicts = merge_values(CONFIG, *sides)
    assert same(value, data_of(case["result"]))
    assert [format_key(key) for key in conflicts] == case.get("conflicts", [])
    base, ours, theirs = (
        None if side is ABSENT else json.dumps(side, indent=2).encode() for side in sides
    )
    assert ours is not None
    assert theirs is not None
    result = merge_document(RelPath("x.json"), base, ours, theirs)
    # Sets are named for config.yaml only, and JSON has one kind of number.
    if "toolsets" not in str(sides) and "1.0" not in str(sides):
        assert same(load_data(result.content, Kind.JSON), value)


def test_a_requoted_value_takes_upstreams_spelling() -> None:
    result = merge_document(CONFIG, b"a: x\nb: 1\n", b"a: 'x'\nb: 2\n", b'a: "y"\nb: 1\n')
    assert result.content == b'a: "y"\nb: 2\n'


def test_a_file_untouched_here_becomes_upstreams_byte_for_byte() -> None:
    theirs = b"# new\r\nb: 1\r\na:   2"
    assert merge_document(CONFIG, b"a: 1", b"a: 1", theirs) == DocMerge(theirs, theirs)
