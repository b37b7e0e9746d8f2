"""How names are found that a disk lists in another spelling."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from caseless import Caseless

from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Tree
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.listed import (
    Names,
    is_listed,
    listed_as,
    takes_case_as_one,
    with_other_spellings,
)

NFC, NFD = (unicodedata.normalize(form, "caf\u00e9.md") for form in ("NFC", "NFD"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "Notes").mkdir(parents=True)
    (home / "Notes/Readme.md").write_text("read")
    (home / f"Notes/{NFD}").write_text("accent")
    return home


@pytest.fixture
def caseless(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Caseless(monkeypatch, home)
    return home


def entry(text: str) -> Entry:
    return Entry(Digest.of(text.encode()))


def found(home: Path, tree: Tree, *names: str) -> Tree:
    package = Tree({RelPath(name): entry("package") for name in names})
    return with_other_spellings(home, tree, package, package.lacking(tree))


@pytest.mark.parametrize("private", [True, False])
def test_a_disk_that_tells_case_apart_is_known_by_what_is_there(
    home: Path, *, private: bool
) -> None:
    if private:
        (home / ".dist").mkdir()
    with RealFs(home) as fs:
        assert not takes_case_as_one(fs)
        assert Names(fs).whole(RelPath("notes/readme.md")) is None
    (home / "nOTES").mkdir()
    with RealFs(home) as fs:
        assert not takes_case_as_one(fs), "both are there"


@pytest.mark.needs("linux")
@pytest.mark.parametrize("private", [True, False])
def test_so_is_one_that_does_not(caseless: Path, *, private: bool) -> None:
    if private:
        (caseless / ".dist").mkdir()
    with RealFs(caseless) as fs:
        assert takes_case_as_one(fs)
        names = Names(fs)
        assert names.whole(RelPath("notes/readme.md")) == "Notes/Readme.md"
        assert names.whole(RelPath("notes/none.md")) is None
        assert is_listed(fs, "NOTES/README.MD")
        assert not is_listed(fs, "NOTES/none")
        assert not is_listed(fs, "none/none")


def test_of_several_names_that_are_alike_the_nearest_is_meant() -> None:
    assert listed_as("a", ["A", "a"]) == "a"
    assert listed_as(NFC, [NFD, NFC.upper()]) == NFC.upper()
    assert listed_as(NFC, [NFD]) == NFD
    assert listed_as("b", ["A"]) is None


@pytest.mark.needs("linux")
def test_a_file_has_the_name_that_the_user_gave_it(caseless: Path) -> None:
    assert found(caseless, Tree(), "notes/README.md", "notes/none.md") == Tree(
        {RelPath("Notes/Readme.md"): entry("read")}
    )


@pytest.mark.needs("linux")
def test_an_accent_that_is_composed_otherwise_is_no_other_name(caseless: Path) -> None:
    seen = Tree({RelPath(f"Notes/{NFD}"): entry("accent")})
    named = Tree({RelPath(f"Notes/{NFC}"): entry("accent")})
    assert found(caseless, seen, f"Notes/{NFC}") == named
    assert found(caseless, Tree(), f"Notes/{NFC}") == named
    assert found(caseless, seen, f"Notes/{NFC}", f"Notes/{NFD}") == seen, "a package may rename it"


def test_where_both_have_room_nothing_is_found(home: Path) -> None:
    assert found(home, Tree(), "notes/README.md", f"Notes/{NFC}") == Tree()
