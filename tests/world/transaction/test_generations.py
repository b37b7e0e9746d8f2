"""The generations of a home: which are listed, and what is left of those that go."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from realhome import Hooked, make, update

from hermes_dist.errors import DistError
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.transaction.generations import (
    before_image,
    generations,
    lock_image,
    next_number,
    prune,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make(tmp_path / "home")
    for n in range(4):
        update(RealFs(root), root, {"SOUL.md": b"%d" % n}, b"lock %d" % n)
    return root


def numbers(root: Path) -> list[int]:
    return [generation.number for generation in generations(RealFs(root))]


@pytest.mark.parametrize("name", ["junk", "5x", "-1", "٣", "²", "1.0", ""])
def test_what_is_no_number_is_no_generation(root: Path, name: str) -> None:
    if name:
        (root / ".dist/generations" / name).mkdir()
    assert numbers(root) == [1, 2, 3, 4]
    assert next_number(RealFs(root)) == 5


def test_a_damaged_generation_is_left_out_and_its_number_is_not_given_again(root: Path) -> None:
    (root / ".dist/generations/4/journal").write_bytes(b"damaged")
    assert numbers(root) == [1, 2, 3]
    assert next_number(RealFs(root)) == 5


def test_a_home_without_generations_has_none(tmp_path: Path) -> None:
    fs = RealFs(make(tmp_path / "other"))
    assert generations(fs) == []
    assert next_number(fs) == 1
    assert prune(fs, 1) == 0


def test_a_generation_that_is_half_removed_is_none_any_more(root: Path) -> None:
    def hook(_call: int, verb: str, *paths: object) -> None:
        # The journal goes first: whatever is left after a crash is nothing to roll back to.
        if verb == "unlink" and not str(paths[0]).endswith("/journal"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(paths[0]))

    with pytest.raises(DistError):
        prune(Hooked(root, hook), 2)
    assert numbers(root) == [2, 3, 4]
    assert os.listdir(root / ".dist/generations/1") != []
    assert prune(RealFs(root), 2) == 2
    assert numbers(root) == [3, 4]
    assert sorted(os.listdir(root / ".dist/generations")) == ["3", "4"]


def test_to_keep_none_removes_all_and_to_keep_more_than_there_are_removes_none(root: Path) -> None:
    assert prune(RealFs(root), 9) == 0
    assert prune(RealFs(root), 0) == 4
    assert numbers(root) == []


def test_what_can_not_be_read_of_the_history_is_an_error_and_not_an_empty_history(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fs = RealFs(root)
    (first, *_) = generations(fs)

    def fails(*_: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(RealFs, "read", fails)
    for ask in (
        lambda: generations(fs),
        lambda: before_image(fs, first, first.steps[0]),
        lambda: lock_image(fs, first),
    ):
        with pytest.raises(DistError):
            ask()


def test_a_file_that_was_not_there_or_was_left_alone_has_no_image(root: Path) -> None:
    fs = RealFs(root)
    update(fs, root, {"new.md": b"n"}, b"lock 9")
    last = generations(fs)[-1]
    (step,) = last.steps
    assert before_image(fs, last, step) is None
    first = generations(fs)[0]
    assert before_image(fs, first, first.steps[0]) is not None
    (root / ".dist/generations/1/skipped").write_text("SOUL.md")
    (first, *_) = generations(fs)
    assert first.skipped == ("SOUL.md",)
    assert before_image(fs, first, first.steps[0]) is None
    other = Step(RelPath("x"), None, Entry(Digest.of(b"")))
    assert before_image(fs, first, other) is None


def test_the_lockfile_has_an_image_only_where_it_changed(root: Path) -> None:
    fs = RealFs(root)
    update(fs, root, {"SOUL.md": b"same lock"}, b"lock 3")
    assert [lock_image(fs, one) for one in generations(fs)] == [
        b"lock 1\n",
        b"lock 0",
        b"lock 1",
        b"lock 2",
        None,
    ]
