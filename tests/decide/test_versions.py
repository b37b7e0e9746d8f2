"""Versions: ranges in every spelling, the requirement of the agent, and which tag is chosen."""

from __future__ import annotations

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.decide import versions
from hermes_dist.decide.versions import (
    check_requires,
    choose_tag,
    is_lower,
    newer_tags,
    specifiers,
    version_of,
)
from hermes_dist.errors import Invalid, Refused
from hermes_dist.model.source import is_range
from hermes_dist.voice.notes import sentence

SCALE = [
    "0",
    "0.0.3",
    "0.0.4",
    "0.2",
    "0.2.3",
    "0.3",
    "1.0",
    "1.2.0",
    "1.2.3",
    "1.9",
    "2.0",
    "2.0.1",
]

RANGES = {
    # PEP 440
    ">=1.2": ["1.2.0", "1.2.3", "1.9", "2.0", "2.0.1"],
    ">= 1.2 , < 2": ["1.2.0", "1.2.3", "1.9"],
    ">1.2,!=1.9,<=2": ["1.2.3", "2.0"],
    "==1.2": ["1.2.0"],
    "==1.2.*": ["1.2.0", "1.2.3"],
    "~=1.2": ["1.2.0", "1.2.3", "1.9"],
    "~=1.2.1": ["1.2.3"],
    "<0.0.4": ["0", "0.0.3"],
    # caret: the left-most number that is not 0 stays
    "^1": ["1.0", "1.2.0", "1.2.3", "1.9"],
    "^1.2": ["1.2.0", "1.2.3", "1.9"],
    "^1.2.3": ["1.2.3", "1.9"],
    "^0.2": ["0.2", "0.2.3"],
    "^0.2.3": ["0.2.3"],
    "^0.0.3": ["0.0.3"],
    "^0.0": ["0", "0.0.3", "0.0.4"],
    "^0": ["0", "0.0.3", "0.0.4", "0.2", "0.2.3", "0.3"],
    # tilde: the last number but one stays; of two the second may not grow
    "~1": ["1.0", "1.2.0", "1.2.3", "1.9"],
    "~1.2": ["1.2.0", "1.2.3"],
    "~1.2.1": ["1.2.3"],
    "~0.2": ["0.2", "0.2.3"],
    # bare, stars, v and =
    "1.2": ["1.2.0", "1.2.3", "1.9", "2.0", "2.0.1"],
    "v2": ["2.0", "2.0.1"],
    "1.x": ["1.0", "1.2.0", "1.2.3", "1.9"],
    "1.2.*": ["1.2.0", "1.2.3"],
    "==1.X": ["1.0", "1.2.0", "1.2.3", "1.9"],
    "=1.2": ["1.2.0"],
    ">=v1.9": ["1.9", "2.0", "2.0.1"],
    "^v1.2": ["1.2.0", "1.2.3", "1.9"],
    "*": SCALE,
    "latest": SCALE,
    # joined
    "^1,!=1.9": ["1.0", "1.2.0", "1.2.3"],
    "~1.2, >1.2": ["1.2.3"],
    ">=1,1.2": ["1.2.0", "1.2.3", "1.9", "2.0", "2.0.1"],
}


@pytest.mark.parametrize(("text", "inside"), RANGES.items(), ids=RANGES)
def test_a_range_holds_these_versions_and_no_others(text: str, inside: list[str]) -> None:
    assert [version for version in SCALE if specifiers(text).contains(version)] == inside


@pytest.mark.parametrize("text", ["^1.2.3-rc1", "^1.2.3rc1", "~1.2.3.rc.1", ">=1.2.3rc1"])
def test_a_range_from_a_pre_release_holds_it_and_what_follows(text: str) -> None:
    spec = specifiers(text)
    assert [
        v
        for v in ["1.2.3b1", "1.2.3rc1", "1.2.3", "1.2.9", "3.0"]
        if spec.contains(v, prereleases=True)
    ][:3] == [
        "1.2.3rc1",
        "1.2.3",
        "1.2.9",
    ]


BROKEN = [
    "",
    ",",
    ">=1,",
    "abc",
    ">=",
    "^",
    "^x",
    "~=1",
    ">=1 <2",
    "=>1",
    "1 - 2",
    "^1 || ^2",
    ">=1.*",
    "==*",
    "x",
    "main",
    "^1.2.x",
    "1.2; python_version>'3'",
    "\x1b[2J",
    "1" * 5000,
    "^" + "9" * 5000,
    ">=1," * 100 + ">=1",
]


@pytest.mark.parametrize("text", BROKEN, ids=[text[:20] for text in BROKEN])
def test_what_is_no_range_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        specifiers(text)
    assert "^1.2" in caught.value.hint
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@settings(max_examples=examples(500), deadline=None)
@given(st.text(st.sampled_from("0123456789.^~=<>!*xv,abrc- "), max_size=12))
def test_law_any_text_is_a_range_or_refused(text: str) -> None:
    try:
        spec = specifiers(text)
    except Invalid:
        return
    assert spec.contains("1.0") in (True, False)


@settings(max_examples=examples(500), deadline=None)
@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=4),
    st.lists(st.integers(0, 4), min_size=1, max_size=4),
)
def test_law_a_caret_means_the_same_until_the_first_number_that_is_not_zero(
    base: list[int], other: list[int]
) -> None:
    low, high = (".".join(map(str, numbers)) for numbers in (base, other))
    at = next((i for i, n in enumerate(base) if n), len(base) - 1)
    padded = [*other, 0, 0, 0, 0]
    fits = padded[: at + 1] == base[: at + 1] and padded[: len(base)] >= base
    assert specifiers(f"^{low}").contains(high) == fits


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v1.2.3", "1.2.3"),
        ("V1.2", "1.2"),
        ("0.0.2.63", "0.0.2.63"),
        ("1.2.3-rc1", "1.2.3rc1"),
        (" 1.0 ", "1.0"),
        ("2024.01.05", "2024.1.5"),
    ],
)
def test_versions_are_read_leniently(text: str, version: str) -> None:
    assert str(version_of(text)) == version


@pytest.mark.parametrize(
    "text", ["", "main", "release-2", "bot-v1.2", "1.2.x", "9" * 5000, "1.2\n3"]
)
def test_what_is_no_version_is_none(text: str) -> None:
    assert version_of(text) is None


TAGS = ["v1.0.0", "v1.9.0", "v1.10.0", "v2.0.0", "v2.1.0-rc1", "nightly", "bot-v3"]


@pytest.mark.parametrize(
    ("wanted", "tag"),
    [
        ("latest", "v2.0.0"),
        ("*", "v2.0.0"),
        ("^1", "v1.10.0"),
        ("<1.10", "v1.9.0"),
        (">=2", "v2.0.0"),
        ("==2.1.0rc1", "v2.1.0-rc1"),
        (">2", "v2.1.0-rc1"),
        (">=2.1.0rc1", "v2.1.0-rc1"),
        ("1.x", "v1.10.0"),
    ],
)
def test_the_newest_tag_in_the_range_is_chosen(wanted: str, tag: str) -> None:
    assert choose_tag(wanted, TAGS) == tag
    assert choose_tag(wanted, TAGS[::-1]) == tag


def test_pre_releases_are_chosen_only_where_nothing_else_fits() -> None:
    assert choose_tag("latest", ["v1.0", "v2.0rc1"]) == "v1.0"
    assert choose_tag("latest", ["v2.0rc1", "v2.0b1"]) == "v2.0rc1"
    assert choose_tag(">=1", ["v1.0rc1", "v2.0a1"]) == "v2.0a1"


def test_two_tags_of_one_version_are_chosen_alike_in_any_order() -> None:
    assert choose_tag("^1", ["v1.2", "1.2"]) == choose_tag("^1", ["1.2", "v1.2"])


def test_without_a_fitting_tag_the_newest_are_named() -> None:
    with pytest.raises(
        Invalid, match=r"the newest are v2\.1\.0-rc1, v2\.0\.0, v1\.10\.0, v1\.9\.0, v1\.0\.0"
    ):
        choose_tag("^3", TAGS)
    with pytest.raises(Invalid, match="it has no version tags"):
        choose_tag("latest", ["main", "nightly"])
    with pytest.raises(Invalid, match="it has no version tags"):
        choose_tag("latest", [])


def test_every_range_of_the_grammar_of_sources_can_be_chosen_by() -> None:
    for wanted in RANGES:
        if is_range(wanted):
            try:
                assert choose_tag(wanted, SCALE) in SCALE
            except Invalid as err:
                assert "no version tag" in err.what  # noqa: PT017 - the range itself was understood


def test_newer_tags_are_listed_oldest_first() -> None:
    assert newer_tags("v1.9.0", TAGS) == ["v1.10.0", "v2.0.0"]
    assert newer_tags("v2.0.0", TAGS) == []
    assert newer_tags("main", TAGS) == []
    assert newer_tags("v2.1.0b1", TAGS) == ["v2.1.0-rc1"]


_VERSIONS = st.lists(st.sampled_from(["0", "00", "1", "01", "2", "10", "1234"]), min_size=1).map(
    ".".join
)
_SPELLED = st.tuples(
    st.sampled_from(["", "v", " ", "1!"]),
    _VERSIONS,
    st.sampled_from(["", "", "rc1", "-1", ".", "+a"]),
).map("".join)


@settings(max_examples=examples(3000), deadline=None)
@given(_VERSIONS | _SPELLED, _VERSIONS | _SPELLED | st.text("0.1v٣-", max_size=6))
def test_a_version_is_lower_where_the_library_says_so(one: str, other: str) -> None:
    low, high = version_of(one), version_of(other)
    assert is_lower(one, other) == (low is not None and high is not None and low < high)


_LONG = "1" * 199
_PAIRS = [
    *(("1.0", "1.0.0", False), ("1.0.0", "1.0", False), ("0", "0.0", False), ("0.0", "1", True)),
    *(("1.2", "1.10", True), ("1.10", "1.2", False), ("1", "1.0.1", True), ("1.0.1", "1", False)),
    *(("01.1", "1.2", True), ("1.0a1", "1.0", True), ("1.0", "1.0a1", False)),
    *(("1.0a1", "1.0a1", False), ("v1.2", "1.10", True), ("1.10", "v1.2", False)),
    *(("x", "1", False), ("1", "x", False), ("x", "2.0a1", False), ("2.0a1", "x", False)),
    *(("", "1", False), ("1", "", False), (".1", "2", False), ("1.", "2", False)),
    *(("1..1", "2", False), ("-1", "2", False), ("٣", "4", False), ("1", "٣", False)),
    *(("x", "y", False), (_LONG, _LONG + "1", True), (_LONG + "11", "2", False)),
    *(("1", _LONG + "11", False), ("0." + "0" * 198, "0.1", True)),
]


@pytest.mark.parametrize(("one", "other", "lower"), _PAIRS)
def test_these_versions_are_lower_than_others_or_not(one: str, other: str, *, lower: bool) -> None:
    assert is_lower(one, other) is lower
    low, high = version_of(one), version_of(other)
    assert lower == (low is not None and high is not None and low < high)


def test_versions_of_numbers_alone_are_compared_without_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(versions, "version_of", None)
    assert is_lower("1.9", "1.10.0")
    assert not is_lower("1.0.0", "1")


@pytest.mark.parametrize(
    "requires", [">=0.18.0", "0.19", "^0.19", "~0.19.0", ">=0.12,<1", "==0.19.*", "", "  ", "*"]
)
def test_an_agent_that_fits_is_no_news(requires: str) -> None:
    assert check_requires(requires, "0.19.0", title="Hermes Agent") is None


@pytest.mark.parametrize("requires", [">=0.20", "^0.18", "<0.19", "!=0.19.0", "~0.18.9"])
def test_an_agent_that_does_not_fit_is_refused_with_both_versions_and_a_way_out(
    requires: str,
) -> None:
    with pytest.raises(Refused) as caught:
        check_requires(requires, "0.19.0", title="Hermes Agent")
    assert caught.value.code == 4
    assert requires in caught.value.what
    assert "0.19.0" in caught.value.what
    assert "--ignore-requires" in caught.value.hint


@pytest.mark.parametrize("found", [None, ""])
def test_without_an_agent_there_is_a_note_and_no_check(found: str | None) -> None:
    note = check_requires(">=99", found, title="Hermes Agent")
    assert note is not None
    assert sentence(note).startswith("needs Hermes Agent >=99; none was found")


def test_an_agent_whose_version_is_none_is_noted() -> None:
    note = check_requires(">=99", "unknown", title="Hermes Agent")
    assert note is not None
    assert "'unknown'" in sentence(note)


def test_a_pre_release_of_the_agent_counts_by_its_order() -> None:
    assert check_requires(">=0.19", "0.20.0rc1", title="x") is None
    with pytest.raises(Refused):
        check_requires(">=0.20", "0.20.0rc1", title="x")


def test_a_requirement_that_is_no_range_names_its_field() -> None:
    with pytest.raises(Invalid) as caught:
        check_requires("newest", "0.19.0", title="Hermes Agent")
    assert caught.value.where == "distribution.yaml: hermes_requires"
