"""Logins of ``auth.json`` that only one profile can use."""

from __future__ import annotations

import json

import pytest

from hermes_dist.decide.profiles.logins import without_grants


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_store_that_cannot_be_read_is_taken_out_whole(data: bytes) -> None:
    assert without_grants(data) == (b"{}\n", ("auth.json",))


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"version": 1}',
        b'{"credential_pool": {"a": []}}',
        b'{"providers": {"a": {"refresh_token": ""}}}',
    ],
)
def test_a_store_without_grants_is_kept_byte_by_byte(data: bytes) -> None:
    assert without_grants(data) == (data, ())


@pytest.mark.parametrize(
    "grant",
    [
        {"refresh_token": "rt"},
        {"tokens": {"refresh_token": "rt"}},
        {"auth_type": "OAuth"},
        {"rows": [{"deep": {"refresh_token": "rt"}}]},
    ],
)
@pytest.mark.parametrize("part", ["providers", "credential_pool", "a_part_of_a_later_release"])
def test_a_grant_is_found_in_any_part_and_at_any_depth(part: str, grant: dict[str, object]) -> None:
    data, gone = without_grants(json.dumps({part: {"x": grant}, "kept": "k"}).encode())
    assert b'"rt"' not in data
    assert b"OAuth" not in data
    assert json.loads(data)["kept"] == "k"
    assert len(gone) == 1
