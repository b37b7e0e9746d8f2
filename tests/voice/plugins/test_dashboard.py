"""The tab in words: every kind of trouble has its sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_dist.decide.plugins.enabled import Enabled
from hermes_dist.decide.plugins.marker import Marker, Standing, Whose
from hermes_dist.decide.plugins.troubles import Trouble
from hermes_dist.ops.plugins.dashboard import Tab
from hermes_dist.ops.plugins.folder import Placed
from hermes_dist.voice.plugins.dashboard import (
    enabled_words,
    status_data,
    trouble_words,
    whose_words,
)


def tab(version: str = "1.0") -> Tab:
    standing = Standing(
        whose=Whose.CHANGED,
        marker=Marker(version=version, files={}),
        edited=("a\x1b[31m",),
        added=("b",),
        missing=("c",),
    )
    placed = Placed(folder=Path("/x"), standing=standing, current=False, enabled=Enabled.OFF)
    return Tab(
        placed=placed, program=("/p",), agent=None, troubles=(), version=version, newest="2.0"
    )


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_words_and_names_what_helps(trouble: Trouble) -> None:
    words = trouble_words(trouble, tab(), "hermes-dist")
    assert words
    assert "{" not in words
    helps = trouble not in {Trouble.FOREIGN, Trouble.CHANGED, Trouble.NO_AGENT}
    assert ("run: hermes-dist dashboard install" in words) == helps


def test_versions_from_the_folder_are_shown_clean() -> None:
    assert "\x1b" not in trouble_words(Trouble.BEHIND, tab("1\x1b[31m"), "hermes-dist")


def test_what_was_changed_is_named_path_by_path() -> None:
    words = whose_words(tab().placed.standing)
    assert "\x1b" not in words
    assert all(each in words for each in ("changed: a", "added: b", "missing: c"))
    assert whose_words(Standing(whose=Whose.FOREIGN)) == "hermes-dist wrote nothing in it"
    assert whose_words(Standing(whose=Whose.OURS)) == ""


def test_each_way_of_being_loaded_has_a_word() -> None:
    assert len({enabled_words(each) for each in Enabled}) == len(Enabled)


def test_the_json_says_the_same() -> None:
    data = status_data(tab())
    assert (data["whose"], data["enabled"], data["missing"]) == ("changed", False, ["c"])
