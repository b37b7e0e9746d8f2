"""What registries were seen to pin: remembered once, never overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
from budget import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hermes_dist.errors import DistError
from hermes_dist.world.registry.seen import SeenReleases

A, B, T = "a" * 40, "b" * 64, "c" * 64


def test_what_was_seen_first_stays(tmp_path: Path) -> None:
    seen = SeenReleases(tmp_path / "seen")
    assert seen.of("team", "bot") == {}
    seen.remember("team", "bot", [("1.1", (B, "")), ("1", (A, T))])
    seen.remember("team", "bot", [("1.1", (B, T)), ("1", (B, "")), ("2", (A, ""))])
    assert seen.of("team", "bot") == {"1": (A, T), "1.1": (B, T), "2": (A, "")}
    assert seen.file("team", "bot").read_text() == f"1 {A} {T}\n1.1 {B} {T}\n2 {A} -\n"
    assert seen.file("team", "bot").stat().st_mode & 0o777 == 0o600
    assert seen.of("other", "bot") == {}
    seen.forget("team")
    assert seen.of("team", "bot") == {}


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    seen = SeenReleases(tmp_path / "seen")
    seen.remember("team", "bot", [])
    assert not (tmp_path / "seen").exists()
    seen.remember("team", "bot", [("1", (A, ""))])
    before = seen.file("team", "bot").stat()
    seen.remember("team", "bot", [("1", (A, ""))])
    after = seen.file("team", "bot").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize(
    "text", ["x\n", f"1 {A}\n", f"1 {A[:-1]} -\n", f"1 {A} - \n", f"\n1 {A} -\n", "\xff"]
)
def test_a_damaged_memory_is_not_taken_for_an_empty_one(tmp_path: Path, text: str) -> None:
    seen = SeenReleases(tmp_path)
    path = seen.file("team", "bot")
    path.parent.mkdir()
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DistError, match="what a registry pinned before") as caught:
        seen.of("team", "bot")
    assert caught.value.where == str(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(50))
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["1", "2", "v!x"]),
            st.tuples(st.sampled_from([A, B]), st.sampled_from(["", T])),
        )
    )
)
def test_law_the_first_commit_and_the_first_digest_of_a_version_count(
    tmp_path: Path, rows: list[tuple[str, tuple[str, str]]]
) -> None:
    seen = SeenReleases(tmp_path)
    seen.forget("team")
    for row in rows:
        seen.remember("team", "bot", [row])
    for version, (commit, tree) in seen.of("team", "bot").items():
        first = next(pinned[0] for name, pinned in rows if name == version)
        trees = [t for name, (c, t) in rows if name == version and c == first and t]
        assert (commit, tree) == (first, trees[0] if trees else "")
