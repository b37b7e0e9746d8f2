from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from tars import ours

from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.world.archive.open import read_archive
from hermes_dist.world.archive.read import Contents, Shelves
from hermes_dist.world.archive.write import fits, in_order, write_private

names = st.text(st.sampled_from("abCé-.+_~ü漢0"), min_size=1, max_size=12).filter(
    lambda n: n.strip(". ") == n and n.isprintable()
)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


def keeping(kept: dict[Digest, bytes]) -> Shelves:
    def keep(blobs: Iterable[bytes]) -> list[Digest]:
        found = [(Digest.of(blob), blob) for blob in blobs]
        kept.update(found)
        return [digest for digest, _ in found]

    return Shelves(keep=keep)


def read(data: bytes, tmp: Path) -> tuple[Contents, dict[Digest, bytes]]:
    path = tmp / "x.tar.gz"
    path.write_bytes(data)
    kept: dict[Digest, bytes] = {}
    return read_archive(path, keeping(kept), os.environ), kept


@given(st.dictionaries(paths, st.binary(max_size=1500), max_size=8), st.data())
@settings(max_examples=examples(300), deadline=None)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], data: st.DataObject
) -> None:
    try:
        entries = {RelPath(path): Entry(Digest.of(text)) for path, text in files.items()}
    except Invalid:
        return
    lows = [path.casefold() for path in files]
    if any(
        other.startswith(f"{low}/") or low == other
        for n, low in enumerate(lows)
        for m, other in enumerate(lows)
        if n != m
    ):
        return
    run = data.draw(st.sets(st.sampled_from(sorted(files)))) if files else set()
    folder = tmp_path_factory.mktemp("a")
    try:
        found, kept = read(ours(files, run=run), folder)
    except Invalid as error:
        assert "hold both" in str(error)  # noqa: PT017 - names that are one to some file system
        return
    assert found.root == "bot"
    assert dict(found.tree) == {
        path: Entry(entry.digest, str(path) in run) for path, entry in entries.items()
    }
    assert set(kept.values()) == set(files.values())


def test_the_same_files_give_the_same_bytes_in_whatever_order() -> None:
    files = {"b/x": b"1", "b-c": b"2", "b.d": b"3", "a": b"4", "b/y/z": b"5"}
    assert ours(files) == ours(dict(reversed(files.items())))


def test_plain_tar_reads_it() -> None:
    with tarfile.open(
        fileobj=io.BytesIO(
            ours({"b/x": b"1", "run": b"2", "é" * 40 + "/" + "ü" * 45: b"3"}, run=["run"])
        )
    ) as tar:
        assert [(m.name, m.mode, m.mtime, m.uid) for m in tar if m.isfile()] == [
            ("bot/b/x", 0o644, 0, 0),
            ("bot/run", 0o755, 0, 0),
            ("bot/" + "é" * 40 + "/" + "ü" * 45, 0o644, 0, 0),
        ]


@pytest.mark.parametrize(
    ("name", "room"),
    [
        ("a" * 100, True),
        ("a" * 101, False),
        ("b" * 155 + "/" + "a" * 100, True),
        ("b" * 156 + "/" + "a" * 100, False),
        ("a" * 99 + "/", True),
        ("b/" + "a" * 100 + "/", False),
    ],
)
def test_a_name_has_room_or_has_not(name: str, *, room: bool) -> None:
    assert fits(name.encode()) is room


def test_order_is_that_of_bytes() -> None:
    assert in_order(["b", "a/b", "a-b", "é", "a.b", "z"]) == ["a-b", "a.b", "a/b", "b", "z", "é"]


def test_a_new_file_is_private_whole_and_never_over_another(tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert write_private(path, lambda out: (out.write(b"hello"), out.close())[0]) == 5
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for standing in (path, tmp_path / "link"):
        if standing != path:
            standing.symlink_to("nowhere")
        with pytest.raises(DistError, match="exists already"):
            write_private(standing, lambda out: out.write(b"other"))
    assert path.read_bytes() == b"hello"

    def failing(out: object) -> None:
        raise Invalid("no")

    with pytest.raises(Invalid, match="no"):
        write_private(tmp_path / "y", failing)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "x"]
