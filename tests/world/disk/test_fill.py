"""Many files made at once are as those made one by one, whoever makes them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.world.disk import fill
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.ports import New

_FOLDERS = ("", "a/", "a/b/", "a-b/", "a/b/c/", "z/")


def seen(root: Path) -> dict[str, tuple[object, ...]]:
    found = {}
    for path in root.rglob("*"):
        is_file = path.is_file()
        facts = path.lstat()
        found[path.relative_to(root).as_posix()] = (
            path.read_bytes() if is_file else None,
            stat.S_IMODE(facts.st_mode),
            facts.st_uid,
            facts.st_gid,
        )
    return found


def one_by_one(fs: RealFs, news: list[New]) -> None:
    for new in news:
        if new.data is None:
            fs.mkdir(new.path, new.mode, exact=new.exact)
        else:
            fs.write_new(new.path, new.data, new.mode, exact=new.exact, sync=False, like=new.like)


def both_ways(tmp: Path, news: list[New]) -> None:
    """Make the same in two folders, and compare."""
    one, other = tmp / "one", tmp / "other"
    for root in (one, other):
        if not root.exists():
            root.mkdir()
    with RealFs(one) as fs:
        one_by_one(fs, news)
    with RealFs(other) as fs:
        fs.fill(iter(news))
    assert seen(other) == seen(one)
    assert len(seen(other)) == len(news)


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(_FOLDERS), st.sampled_from("xyz")).map("".join),
        st.tuples(st.binary(max_size=20), st.sampled_from([0o644, 0o755, 0o600]), st.booleans()),
        max_size=12,
    ),
    st.sampled_from([0o022, 0o077, 0o000]),
)
@settings(max_examples=examples(100), deadline=None)
def test_the_result_is_that_of_single_calls(
    tmp_path_factory: pytest.TempPathFactory,
    files: dict[str, tuple[bytes, int, bool]],
    umask: int,
) -> None:
    news = [New(folder.rstrip("/"), 0o755) for folder in _FOLDERS if folder]
    news += [New(path, mode, data, exact) for path, (data, mode, exact) in files.items()]
    before = os.umask(umask)
    try:
        names = {new.path for new in news if new.data is None}
        both_ways(
            tmp_path_factory.mktemp("f"),
            sorted(new for new in news if new.data is None or new.path not in names),
        )
    finally:
        os.umask(before)


@pytest.mark.needs("root")
@pytest.mark.parametrize(("user", "group", "mode"), [(4321, 4322, 0o755), (0, 4322, 0o2755)])
def test_what_root_makes_belongs_to_the_owner_of_the_folder(
    tmp_path: Path, user: int, group: int, mode: int
) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, user, group)
        (tmp_path / name).chmod(mode)
    both_ways(tmp_path, [New("a", 0o700), New("a/b", 0o755), New("a/b/c", 0o644, b"x")])
    facts = (tmp_path / "other/a/b/c").stat()
    assert (facts.st_uid, facts.st_gid) == (user, group)


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data[:3])))
    with RealFs(tmp_path) as fs:
        fs.fill([New("a", 0o644, b"0123456789")])
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_no_link_on_the_way_is_followed_and_nothing_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home/link").symlink_to(tmp_path / "other")
    (tmp_path / "home/file").write_bytes(b"mine")
    with RealFs(tmp_path / "home") as fs:
        for new in (New("link/x", 0o644, b"x"), New("file", 0o644, b"x"), New("link", 0o755)):
            with pytest.raises(OSError, match=r"Not a directory|File exists"):
                fs.fill([new])
    assert list((tmp_path / "other").iterdir()) == []
    assert (tmp_path / "home/file").read_bytes() == b"mine"


def test_no_folder_stays_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    root = os.open(tmp_path, os.O_RDONLY)
    with fill.Filler(root) as filler:
        for path in ("a", "a/b", "a/b/c"):
            filler.make(New(path, 0o755))
        with pytest.raises(FileExistsError):
            filler.make(New("a/b", 0o755))
    os.close(root)
    assert len(os.listdir("/proc/self/fd")) == before
