"""Which release is meant, which names are easily mistaken, and the entry of a release."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_dist.decide.registry import choose, entry_for, near_twins, newer, problems_of, unchanged
from hermes_dist.errors import Invalid, Refused
from hermes_dist.model.manifest import parse_manifest
from hermes_dist.model.registry import Package, Release, dump_package, parse_package
from hermes_dist.model.source import Pin, PinKind, parse_source
from hermes_dist.model.tree import Digest
from hermes_dist.voice.notes import sentences

TREE = Digest("c" * 64)


def commit(version: str) -> str:
    return version.encode().hex().ljust(40, "0")[:40]


def package(*versions: str, yanked: str = "") -> Package:
    rows = tuple(
        Release(version=v, commit=commit(v), yanked="bad" if v in yanked.split() else "")
        for v in versions
    )
    return Package(
        name="bot", title="Bot", source=parse_source("github.com/you/bot"), runs={}, versions=rows
    )


ALL = package("1.0.0", "1.2.0", "1.10.0", "2.0.0", "2.1.0-rc1", "3.0.0", yanked="3.0.0")


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ("bot", "2.0.0"),
        ("bot@latest", "2.0.0"),
        ("bot@^1", "1.10.0"),
        ("bot@~1.2", "1.2.0"),
        ("bot@>=1,<2", "1.10.0"),
        ("bot@1.2.0", "1.2.0"),
        ("bot@v1.2", "1.2.0"),
        ("bot@>=2.1.0rc1", "2.1.0-rc1"),
        ("bot@3.0.0", "3.0.0"),
        ("bot@1.x", "1.10.0"),
    ],
)
def test_the_newest_release_in_the_range_is_meant(asked: str, version: str) -> None:
    choice = choose(ALL, parse_source(asked))
    assert choice.release is not None
    assert choice.release.version == version
    assert bool(sentences(choice.notes)) == (version == "3.0.0")


def test_a_range_that_nothing_is_in_is_told_with_what_was_yanked() -> None:
    with pytest.raises(Invalid, match="no version tag is in the range") as caught:
        choose(ALL, parse_source("bot@^3"))
    assert caught.value.hint == "to take the newest, write bot@2.0.0; yanked: 3.0.0"


@pytest.mark.parametrize("asked", ["bot", "bot@latest", "bot@^1"])
def test_that_all_releases_are_yanked_is_told_with_the_way_to_have_one(asked: str) -> None:
    gone = package("1.0.0", "1.1.0", yanked="1.0.0 1.1.0")
    with pytest.raises(Invalid, match=r"all its versions are yanked, .*: 'bad'") as caught:
        choose(gone, parse_source(asked))
    assert caught.value.hint.endswith("name it: bot@1.1.0")
    named = choose(gone, parse_source("bot@1.1.0")).release
    assert named is not None
    assert named.version == "1.1.0"


def test_whoever_has_a_yanked_release_keeps_it_until_a_newer_one_comes() -> None:
    kept = choose(ALL, parse_source("bot"), have=commit("3.0.0"))
    assert kept.release is not None
    assert kept.release.version == "3.0.0"
    assert "yanked" in sentences(kept.notes)[0]
    assert "--to 2.0.0" in sentences(kept.notes)[1]
    alone = choose(ALL, parse_source("bot@^3"), have=commit("3.0.0"))
    assert alone.release == kept.release
    mended = package("3.0.0", "3.0.1", yanked="3.0.0")
    moved = choose(mended, parse_source("bot"), have=commit("3.0.0"))
    assert moved.release is not None
    assert moved.release.version == "3.0.1"


def test_without_pins_the_source_decides_and_that_is_told() -> None:
    choice = choose(package(), parse_source("bot@^1"))
    assert choice.release is None
    assert sentences(choice.notes)


def test_a_ref_that_is_no_version_is_the_sources() -> None:
    assert choose(ALL, parse_source("bot#main")).release is None


def test_newer_releases_are_in_order_and_without_what_was_yanked() -> None:
    assert newer(ALL, "1.0.0") == ("1.2.0", "1.10.0", "2.0.0")
    assert newer(ALL, "nothing") == ()


@pytest.mark.parametrize(
    "other",
    ["codr", "coderr", "coxer", "ocder", "cdoer", "codre", "c0der", "co-der", "xcoder", "oder"],
)
def test_names_of_one_slip_or_the_same_looks_are_twins(other: str) -> None:
    assert near_twins(other, ["coder", "research-bot"]) == ["coder"]


@pytest.mark.parametrize("other", ["codexx", "code", "coder", "dcoer1", "recoder", "redoc"])
def test_others_are_not(other: str) -> None:
    assert near_twins(other, ["coder"] if other != "code" else ["codexx"]) == []


def _distance(a: str, b: str) -> int:
    """Optimal string alignment, the slow and plain way."""
    rows = [[i + j if i * j == 0 else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            rows[i][j] = min(
                rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1])
            )
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(st.text("abe", min_size=1, max_size=6), st.text("abe", min_size=1, max_size=6))
def test_one_slip_is_distance_one(a: str, b: str) -> None:
    assert (near_twins(a, [b]) == [b]) == (_distance(a, b) == 1)


MANIFEST = parse_manifest(
    {
        "name": "My Bot",
        "version": "1.0.0",
        "env_requires": [{"name": "KEY"}],
        "keywords": ["a"],
        "hermes_requires": ">=0.18",
    }
)


def entry(commit_: str = "a" * 40, before: Package | None = None) -> Package:
    pin = Pin(
        url="https://github.com/you/bot",
        kind=PinKind.TAG,
        commit=commit_,
        version="1.0.0",
        tree=TREE,
    )
    return entry_for(
        MANIFEST, "github.com/you/bot", pin, {"cron": 1}, before=before, date="2026-01-31"
    )


def test_a_release_becomes_an_entry_and_the_next_one_joins_it() -> None:
    made = entry()
    assert made.name == "my-bot"
    assert made.versions[0].tree == TREE
    assert parse_package(dump_package(made), "my-bot", local=False) == made
    old = package("0.9.0")
    joined = entry(before=old)
    assert joined.name == "bot"
    assert [one.version for one in joined.versions] == ["0.9.0", "1.0.0"]
    assert entry(before=joined) == joined


def test_a_release_does_not_change() -> None:
    with pytest.raises(Invalid, match="is already pinned at aaaaaaa"):
        entry("b" * 40, before=entry())


def test_what_is_odd_about_an_entry_is_told() -> None:
    odd = Package(
        name="bot",
        title="",
        source=parse_source("github.com/you/bot"),
        runs={},
        hermes_requires="soon",
        versions=(Release(version="1-what", commit="a" * 40, requires="??"),),
    )
    assert [place for place, _ in problems_of(odd)] == [
        "versions[0].version",
        "versions[0].requires",
        "hermes_requires",
    ]


SEEN = {"1.2": ("a" * 40, "c" * 64), "1.3": ("a" * 40, "")}


@pytest.mark.parametrize(
    ("version", "commit", "tree", "what", "kept"),
    [
        ("1.2.0", "a" * 40, "c" * 64, "", "c" * 64),
        ("1.2.0", "a" * 40, "", "", "c" * 64),
        ("v1.2", "b" * 40, "c" * 64, "commit", ""),
        ("1.2.0", "a" * 40, "d" * 64, "tree", ""),
        ("1.3.0", "a" * 40, "d" * 64, "", "d" * 64),
        ("1.4.0", "b" * 40, "", "", ""),
    ],
)
def test_a_release_never_changes_once_it_was_seen(
    version: str, commit: str, tree: str, what: str, kept: str
) -> None:
    release = Release(version=version, commit=commit, tree=tree)
    package = entry()
    if what:
        with pytest.raises(Refused, match=f"the {what} pinned for my-bot .* changed") as caught:
            unchanged(package, release, SEEN, registry="team", file="/seen/bot")
        assert "/seen/bot" in caught.value.hint
        assert caught.value.where == "registry team"
    else:
        assert unchanged(package, release, SEEN, registry="team", file="f").tree == kept
