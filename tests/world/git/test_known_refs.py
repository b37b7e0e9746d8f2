"""The names of tags and branches that were heard, for completion."""

from __future__ import annotations

from pathlib import Path

from hermes_dist.world.git.cache import cache_name
from hermes_dist.world.git.known_refs import KnownRefs
from hermes_dist.world.ports import Refs

URL = "https://user:secret@example.com/you/bot.git"
BARE = "https://example.com/you/bot.git"
REFS = Refs(heads={"main": "a" * 40}, tags={"v1": "b" * 40, "v2": "c" * 40})


def test_what_was_heard_is_kept_once_there_is_a_cache_and_not_before(tmp_path: Path) -> None:
    known = KnownRefs(tmp_path)
    known.heard(URL, REFS)
    known.keep(URL)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / cache_name(BARE)).mkdir()
    known.keep(URL)
    assert KnownRefs(tmp_path).names(URL) == ["v1", "v2", "main"]


def test_nothing_of_a_login_is_written(tmp_path: Path) -> None:
    (tmp_path / cache_name(BARE)).mkdir()
    known = KnownRefs(tmp_path)
    known.heard(URL, REFS)
    known.keep(URL)
    for path in tmp_path.rglob("*"):
        assert "secret" not in path.name
        assert path.is_dir() or b"secret" not in path.read_bytes()


def test_a_name_that_would_be_two_lines_is_left_out_and_many_are_cut(tmp_path: Path) -> None:
    (tmp_path / cache_name(BARE)).mkdir()
    known = KnownRefs(tmp_path)
    known.heard(
        BARE, Refs(heads={f"b{n}": "a" * 40 for n in range(5000)}, tags={"two\nlines": "a" * 40})
    )
    known.keep(BARE)
    names = known.names(BARE)
    assert len(names) == 2000
    assert not {"two", "lines"} & set(names)


def test_of_a_repository_never_asked_nothing_is_known(tmp_path: Path) -> None:
    assert KnownRefs(tmp_path).names(BARE) == []
    KnownRefs(tmp_path).keep(BARE)
    assert list(tmp_path.iterdir()) == []
