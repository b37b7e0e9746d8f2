"""A name that one side only spells otherwise is a rename, however much of the content changed with it."""

from __future__ import annotations

import unicodedata

import pytest
from test_trees import Files, Store, merged

from hermes_dist.merge.spellings import respelled
from hermes_dist.model.side import Side

TEXT = "".join(f"line {n}\n" for n in range(20))
MINE = TEXT.replace("line 15", "mine")
THEIRS = TEXT.replace("line 3\n", "theirs\n")
BOTH = MINE.replace("line 3\n", "theirs\n")
NFC, NFD = (unicodedata.normalize(form, "skills/caf\u00e9.md") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("notes/readme.md", "notes/README.md"),
        ("skills/Research/a/SKILL.md", "skills/research/A/SKILL.md"),
        (NFD, NFC),
    ],
)
def test_an_edit_follows_to_the_new_spelling(old: str, new: str) -> None:
    assert merged({old: TEXT}, {old: MINE}, {new: THEIRS}) == ({new: BOTH}, [])
    assert merged({old: TEXT}, {new: MINE}, {old: THEIRS}) == ({new: BOTH}, [])
    assert merged({old: TEXT}, {new: MINE}, {new: THEIRS}) == ({new: BOTH}, [])


def test_so_it_does_if_the_file_is_a_wholly_other_one() -> None:
    files, conflicts = merged({"a.txt": TEXT}, {"a.txt": MINE}, {"A.txt": "all is new\n"})
    assert [*files] == ["A.txt"]
    assert [conflict.path for conflict in conflicts] == ["A.txt"]
    assert "mine" in files["A.txt"]


def test_of_two_new_spellings_that_of_the_user_stays_and_base_has_that_of_upstream() -> None:
    store = Store()
    base, ours, theirs = map(
        store.tree, ({"readme.md": TEXT}, {"Readme.md": MINE}, {"README.md": THEIRS})
    )
    found = store.merge(base, ours, theirs)
    assert store.files(found.tree) == {"Readme.md": BOTH}
    assert store.files(found.base) == {"README.md": THEIRS}
    again = store.merge(found.base, found.tree, store.tree({"README.md": THEIRS + "more\n"}))
    assert store.files(again.tree) == {"Readme.md": BOTH + "more\n"}


def test_a_folder_takes_along_what_only_the_user_has_in_it_and_what_upstream_no_longer_has() -> (
    None
):
    base = {"s/Research/SKILL.md": TEXT, "s/Research/old.md": TEXT + "old\n"}
    ours = {**base, "s/Research/old.md": TEXT + "edited\n", "s/Research/mine.md": "mine\n"}
    theirs = {"s/research/SKILL.md": "all is new\n"}
    files, conflicts = merged(base, ours, theirs)
    assert [*files] == ["s/research/SKILL.md", "s/research/mine.md", "s/research/old.md"]
    assert [conflict.path for conflict in conflicts] == ["s/research/old.md"]


def test_new_files_of_upstream_go_into_the_folder_that_the_user_spelled_otherwise() -> None:
    store = Store()
    base = store.tree({"s/Research/SKILL.md": TEXT})
    ours = store.tree({"s/research/SKILL.md": MINE})
    theirs = store.tree({"s/Research/SKILL.md": TEXT, "s/Research/new.md": "new\n"})
    found = store.merge(base, ours, theirs)
    assert store.files(found.tree) == {"s/research/SKILL.md": MINE, "s/research/new.md": "new\n"}
    assert found.base == theirs
    assert store.merge(found.base, found.tree, theirs).tree == found.tree


SUMMER = "\u00e9t\u00e9"


@pytest.mark.parametrize(
    ("old", "own", "new", "name"),
    [
        ("s/Foo", "s/foo", "s/FOO", "s/foo"),
        ("Foo/Bar", "foo/Bar", "FOO/BAR", "foo/Bar"),
        ("s/Foo", "s/foo", "S/FOO", "S/foo"),
        (SUMMER, unicodedata.normalize("NFD", SUMMER), SUMMER.title(), None),
    ],
)
def test_three_spellings_of_a_folder_are_one_folder_as_the_user_spells_it(
    old: str, own: str, new: str, name: str | None
) -> None:
    store, name = Store(), name or own
    base = store.tree(
        {f"{old}/a.md": TEXT, f"{old}/gone.md": "1\n" * 9, f"{old}/kept.md": "2\n" * 9}
    )
    ours = store.tree({f"{own}/a.md": MINE, f"{own}/both.md": "1\n", f"{own}/mine.md": "m\n"})
    theirs_files = {
        f"{new}/a.md": THEIRS,
        f"{new}/both.md": "2\n",
        f"{new}/gone.md": "1\n" * 8 + "else\n",
        f"{new}/deep/new.md": "new\n",
        f"{new}/kept.md": "2\n" * 9,
    }
    theirs = store.tree(theirs_files)
    found = store.merge(base, ours, theirs)
    assert store.files(found.tree) == {
        f"{name}/a.md": BOTH,
        f"{name}/both.md": "1\n",
        f"{name}/deep/new.md": "new\n",
        f"{name}/mine.md": "m\n",
    }
    open_ = [f"{name}/both.md", f"{name}/gone.md"]
    assert [conflict.path for conflict in found.conflicts] == open_
    assert {path for path in found.base if path not in theirs} == set()
    # What is asked again, and what is taken then, is in the same folder.
    again = store.merge(found.base, found.tree, theirs)
    assert again.tree == found.tree
    assert again.base == found.base
    assert [conflict.path for conflict in again.conflicts] == open_
    more = store.tree({**theirs_files, f"{new}/deep/later.md": "later\n"})
    taken = store.merge(found.base, found.tree, more, lambda _path, _key: Side.THEIRS)
    assert store.files(taken.tree) == {
        f"{name}/a.md": BOTH,
        f"{name}/both.md": "2\n",
        f"{name}/deep/later.md": "later\n",
        f"{name}/deep/new.md": "new\n",
        f"{name}/gone.md": theirs_files[f"{new}/gone.md"],
        f"{name}/mine.md": "m\n",
    }


def test_a_second_folder_of_upstream_stays_one_of_its_own() -> None:
    theirs = {"FOO/a.md": TEXT, "FOO/b.md": "1\n", "foo/b.md": "2\n"}
    files, _ = merged({"Foo/a.md": TEXT}, {"foo/a.md": TEXT}, theirs)
    assert files == {"FOO/b.md": "1\n", "foo/a.md": TEXT, "foo/b.md": "2\n"}


def test_a_file_that_both_added_in_a_folder_of_two_spellings_is_one() -> None:
    ours = {"foo/a.md": TEXT, "foo/new.md": "1\n"}
    theirs = {"Foo/a.md": TEXT, "Foo/new.md": "2\n"}
    files, conflicts = merged({"Foo/a.md": TEXT}, ours, theirs)
    assert (files, [conflict.path for conflict in conflicts]) == (ours, ["foo/new.md"])
    files, conflicts = merged({"foo/a.md": TEXT}, ours, theirs)
    assert files == {"Foo/a.md": TEXT, "Foo/new.md": "1\n"}
    assert [conflict.path for conflict in conflicts] == ["Foo/new.md"]


# A disk that tells them apart may hold both.

TWINS: list[tuple[Files, Files, Files]] = [
    ({"a.md": TEXT}, {"A.md": "1\n", "a.MD": "2\n"}, {"a.md": TEXT}),
    ({"x/a.md": TEXT}, {"x/a.md": TEXT, "X/b.md": "mine\n"}, {"x/a.md": TEXT, "x/c.md": "new\n"}),
    ({"x/a.md": TEXT}, {"x/a.md": TEXT, "X/a.md": "mine\n"}, {"X/a.md": THEIRS}),
]


@pytest.mark.parametrize(("base", "ours", "theirs"), TWINS)
def test_two_files_of_the_user_stay_two(base: Files, ours: Files, theirs: Files) -> None:
    files, _ = merged(base, ours, theirs)
    own = ours.keys() - base.keys()
    assert {path: files.get(path) for path in own} == {path: ours[path] for path in own}


def test_nothing_is_respelled_where_nothing_is_gone_or_new() -> None:
    store = Store()
    base, more = store.tree({"a/b.md": TEXT}), store.tree({"a/b.md": TEXT, "A/c.md": TEXT})
    for side in (base, more, store.tree({})):
        assert not respelled(base, side, more).files
        assert not respelled(base, side, more).along
