"""The account of comments: in whatever way a document is edited, the user's stay."""

from __future__ import annotations

import random

import pytest
from budget import examples
from document_samples import Sample, edited

from hermes_dist.model.documents.api import (
    ABSENT,
    Kind,
    Unmergeable,
    comments_of,
    graft,
    parse,
    put,
    rewrite,
)
from hermes_dist.model.keypath import parse_key

YAML = Kind.YAML


def without(text: str, key: str) -> str:
    return put(text.encode(), YAML, {parse_key(key): ABSENT}).decode()


@pytest.mark.parametrize(
    ("text", "key", "left"),
    [
        ("a: 1\n# mine\nb: 2\nc: 3\n", "b", "a: 1\n# mine\nc: 3\n"),
        ("a: 1\nb: 2  # mine\n", "b", "a: 1\n# mine\n"),
        ("m:\n  # mine\n  b: 2\n", "m.b", "m: {}\n  # mine\n"),
        ("m:\n  a: 1\n  b: # mine\n    x: 1 # too\n", "m.b", "m:\n  a: 1\n  # mine\n    # too\n"),
        ("# mine\na: 1 # too\n", "a", "# mine\n# too\n{}\n"),
        ("m: {a: 1, # mine\n  b: 2}\n", "m.a", "# mine\nm: {b: 2}\n"),
        ("t: |\n  x\n# mine\nb: 2\n", "b", "t: |\n  x\n# mine\n"),
        ("t: |\n  x\nm:\n  b: 2 # mine\n", "m", "t: |\n  x\n# mine\n"),
        ("l:\n- id: q # mine\n- id: r\n", "l[id=q]", "l:\n# mine\n- id: r\n"),
        ("a: 1\r\n# mine\r\nb: 2\r\n", "b", "a: 1\r\n# mine\r\n"),
    ],
)
def test_a_comment_stays_when_its_value_goes(text: str, key: str, left: str) -> None:
    assert without(text, key) == left


def test_a_package_takes_its_comments_along() -> None:
    text = b"a: 1\n# old\nb: 2\n"
    assert put(text, YAML, {("b",): ABSENT}, package=True) == b"a: 1\n"
    assert graft(text, b"a: 1\n", YAML, [("b",)]) == b"a: 1\n"


def test_in_random_edits_every_comment_stays_once() -> None:
    refused = done = 0
    for seed in range(examples(20_000)):
        doc = parse(Sample(seed).text().encode(), YAML)
        want = edited(random.Random(seed), doc.value, 2)
        try:
            after = parse(rewrite(doc, want).content, YAML)
        except Unmergeable:
            refused += 1
            continue
        done += 1
        assert comments_of(after) == comments_of(doc), seed
    assert refused <= done // 25
