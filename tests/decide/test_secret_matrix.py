"""Planted keys of every kind in every place, placeholders that look like them, and inputs made to be slow."""

from __future__ import annotations

import base64
import random
import re
import string
import time
from collections import Counter
from itertools import islice

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import (
    ANYWHERE,
    BARE,
    NAMED_PLACES,
    PACKED,
    PREFIXED,
    database,
    drawn,
    planted,
    with_word,
    zipped,
    zipped_twice,
)

from hermes_dist.decide.secrets import members
from hermes_dist.decide.secrets.finder import find_secrets
from hermes_dist.decide.secrets.kinds import KINDS, KeyKind
from hermes_dist.decide.secrets.looks import is_placeholder
from hermes_dist.decide.secrets.names import is_secret_name
from hermes_dist.decide.secrets.scan import scan
from hermes_dist.model.paths import RelPath

FILE = RelPath("notes.md")


def test_the_matrix_is_as_large_as_the_goal_says() -> None:
    assert len(PREFIXED) + len(BARE) >= 144
    assert len(NAMED_PLACES) + len(ANYWHERE) + len(PACKED) >= 15
    assert sum(1 for _ in planted(1)) >= 10_000


def test_of_planted_keys_nearly_none_is_missed() -> None:
    every, missed = Counter[bool](), Counter[bool]()
    for plant in islice(planted(7), 0, None, 7):
        leaks = scan(RelPath(plant.path), plant.data)
        every[plant.named] += 1
        missed[plant.named] += not leaks
        assert all(plant.key not in str(leak) for leak in leaks)
    assert every[False] > 1500
    assert every[True] > 100
    assert missed[False] <= every[False] * 0.01
    assert missed[True] <= every[True] * 0.03


@pytest.mark.parametrize(
    "kind", [kind for kind, template in PREFIXED.items() if not re.search(r"\{[hnc]\d", template)]
)
def test_a_word_of_a_placeholder_inside_a_key_does_not_excuse_it(kind: str) -> None:
    chance = random.Random(kind)  # the seed
    keys = [with_word(drawn(PREFIXED[kind], chance), chance) for _ in range(40)]
    missed = [key for key in keys if not find_secrets(f"use {key} there")]
    assert len(missed) <= 1, missed


STAND_INS = [
    "your_api_key_here",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "XXXXXXXXXXXXXXXXXXXXXXXX",
    "...",
    "abc123def456ghi789jkl012mno345pqr678",
    "1234567890abcdef1234567890abcdef",
    "replace-me-with-your-key",
    "00000000000000000000000000000000",
    "your-key-goes-here-please-thanks",
]


@pytest.mark.parametrize("stand_in", STAND_INS)
def test_a_whole_value_that_stands_for_another_is_no_secret_behind_any_prefix(
    stand_in: str,
) -> None:
    found = {}
    for kind in KINDS:
        for prefix in kind.prefixes if isinstance(kind, KeyKind) else ():
            text = f"API_KEY={prefix}{stand_in}"
            if find_secrets(text):
                found[text] = kind.name
    assert found == {}


@pytest.mark.parametrize(
    "value",
    [
        "<your-key>",
        "${API_KEY}",
        "$API_KEY",
        "{{ api_key }}",
        "%API_KEY%",
        "sk-...",
        "sk-…",
        "AKIAIOSFODNN7EXAMPLE",
        "changeme",
        "****",
        "ghp_xxxxxxxxxxxx",
    ],
)
def test_placeholders_say_so_as_a_whole(value: str) -> None:
    assert is_placeholder(value)
    assert find_secrets(f'export API_KEY="{value}"') == []


@pytest.mark.parametrize(
    "name",
    [
        "API_KEY",
        "apiKey",
        "mistralKey",
        "GITHUB_PAT",
        "clientSecret",
        "X-Api-Key",
        "_authToken",
        "DB_PASS",
        "PGPASSWORD",
        "OPENAI_API_KEY_2",
        "client-key-data",
        "SEARCH_KEY",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "max_tokens",
        "tokenizer",
        "public_key",
        "primary_key",
        "folderKey",
        "token_count",
        "secret_name",
        "KEYBOARD",
        "author",
        "compass",
        "path",
        "api_key_env",
        "password_file",
        "nextPageToken",
        "monkey",
    ],
)
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_name(name)


def test_members_are_named_and_their_secrets_are_found() -> None:
    key = drawn(PREFIXED["GitHub personal"], random.Random(2))
    assert [str(leak) for leak in scan(RelPath("a.zip"), zipped(f"use {key}"))] == [
        "a.zip:0: GitHub token in a/config.txt"
    ]
    assert next(str(leak) for leak in scan(RelPath("a.zip"), zipped_twice(f"use {key}"))).endswith(
        "GitHub token in inner.zip/a/config.txt"
    )
    assert any("in a row" in str(leak) for leak in scan(RelPath("a.db"), database(key)))


def test_a_machines_own_secret_is_found_in_a_packed_file() -> None:
    assert [
        leak.kind for leak in scan(RelPath("a.zip"), zipped("my horse battery"), ["horse battery"])
    ] == ["a secret of this machine in a/config.txt"]


def test_a_shipped_file_is_looked_at_for_this_machines_own_secrets_alone() -> None:
    key = drawn(PREFIXED["GitHub personal"], random.Random(2)).encode()
    assert scan(FILE, b"use " + key, shipped=True) == []
    assert [
        leak.kind for leak in scan(FILE, key + b" horse battery", ["horse battery"], shipped=True)
    ] == ["a secret of this machine"]


@settings(max_examples=examples(200))
@given(
    st.binary(max_size=3000),
    st.sampled_from(
        [
            b"",
            b"PK\x03\x04",
            b"\x1f\x8b\x08",
            b"SQLite format 3\0\x10\0",
            b'{"cells": [], "nbformat"',
        ]
    ),
)
def test_damaged_members_are_passed_over(data: bytes, head: bytes) -> None:
    assert sum(len(content) for _, content in members.members_of(head + data)) < 1 << 26
    scan(FILE, head + data)


def test_a_packed_file_that_grows_without_end_is_looked_at_within_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(members, "_MOST", 1 << 20)
    assert (
        sum(len(content) for _, content in members.members_of(zipped("0" * (9 << 20)))) <= 1 << 20
    )


@pytest.mark.parametrize("seed", range(6))
def test_long_base64_such_as_of_a_picture_is_no_secret(seed: int) -> None:
    picture = base64.b64encode(random.Random(seed).randbytes(1 << 18)).decode()
    assert find_secrets(f"![plot](data:image/png;base64,{picture})") == []


def _slow(seed: int) -> dict[str, str]:
    chance = random.Random(seed)
    letters = string.ascii_letters + string.digits
    size = 1 << 17
    return {
        "one letter": "a" * size,
        "capitals": "A" * size,
        "digits": "1" * size,
        "dashes": "-" * size,
        "spaces": " " * size,
        "lines": "\n" * size,
        "dots": "." * size,
        "quotes": '"' * size,
        "backslashes": "\\" * size,
        "equals": "=" * size,
        "colons and slashes": "://" * (size // 3),
        "at": "a@" * (size // 2),
        "base64": "".join(chance.choices(letters + "+/", k=size)),
        "hexadecimal": "".join(chance.choices("0123456789abcdef", k=size)),
        "names": "api_key: " * (size // 9),
        "passwords": "password=" * (size // 9),
        "values": " ".join("".join(chance.choices(letters, k=24)) for _ in range(size // 25)),
        "names and values": " ".join(
            "token " + "".join(chance.choices(letters, k=24)) for _ in range(size // 31)
        ),
        "beginnings": "-----BEGIN PRIVATE KEY-----\n" * (size // 28),
        "tables": "| api key |\n|---|\n" * (size // 18),
        "rows": "| a " * (size // 4),
        "prefixes": "sk-" * (size // 3),
        "tokens of three": "eyJaaaaaaaaaaa." * (size // 15),
        "users": "-u a:" * (size // 5),
        "urls": "http://a:b" * (size // 10),
        "scripts": "Basic " * (size // 6),
        "one value": f"token: {'x9Zk2' * 5} " * (size // 33),
    }


SLOW = _slow(3)


@pytest.mark.parametrize("name", SLOW)
def test_time_grows_no_faster_than_the_text(name: str) -> None:
    whole = SLOW[name]

    def spent(text: str) -> float:
        begin = time.process_time()
        find_secrets(text)
        return time.process_time() - begin

    assert min(spent(whole) for _ in range(2)) < max(0.02, spent(whole[: len(whole) // 8])) * 24
