"""The real file system: verbs that never follow symlinks, small atomic writes, and looking at a home."""

from __future__ import annotations

import errno
import gc
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from hermes_dist.errors import DistError
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.world.disk import rename as _rename
from hermes_dist.world.disk.fs import RealFs, atomic_write, scan
from hermes_dist.world.ports import Odd, Unsupported


def yes(_: RelPath) -> bool:
    return True


@pytest.fixture
def fs(tmp_path: Path) -> RealFs:
    (tmp_path / "root").mkdir()
    return RealFs(tmp_path / "root")


def test_a_file_is_written_once_read_and_looked_at(fs: RealFs) -> None:
    fs.mkdir("a", 0o755)
    fs.write_new("a/run.sh", b"hi", 0o755)
    assert fs.read("a/run.sh") == b"hi"
    assert fs.entry("a/run.sh") == Entry(Digest.of(b"hi"), executable=True)
    assert (fs.kind("a"), fs.kind("a/run.sh"), fs.kind("b"), fs.kind("b/c")) == (
        "folder",
        "file",
        "absent",
        "absent",
    )
    assert fs.mode("a/run.sh") == 0o755
    assert fs.listdir("a") == ["run.sh"]
    assert fs.read("a/no") is None
    assert fs.entry("a/run.sh/deeper") is None
    with pytest.raises(FileExistsError):
        fs.write_new("a/run.sh", b"again", 0o644)


def test_the_mode_is_exact_in_spite_of_the_umask_only_where_asked(fs: RealFs) -> None:
    old = os.umask(0o077)
    try:
        fs.write_new("plain", b"", 0o644)
        fs.write_new("exact", b"", 0o644, exact=True)
    finally:
        os.umask(old)
    assert (fs.mode("plain"), fs.mode("exact")) == (0o600, 0o644)


def test_exchange_and_noreplace_do_what_they_say(fs: RealFs) -> None:
    fs.write_new("one", b"1", 0o644)
    fs.write_new("two", b"2", 0o644)
    fs.exchange("one", "two")
    assert (fs.read("one"), fs.read("two")) == (b"2", b"1")
    with pytest.raises(FileExistsError):
        fs.noreplace("one", "two")
    fs.noreplace("one", "three")
    assert fs.listdir("") == ["three", "two"]
    fs.sync_all()


def test_without_the_systems_calls_a_rename_still_replaces_nothing(
    fs: RealFs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_rename, "_flagged", lambda: None)
    fs.write_new("one", b"1", 0o644)
    fs.write_new("two", b"2", 0o644)
    fs.mkdir("folder", 0o755)
    with pytest.raises(Unsupported):
        fs.exchange("one", "two")
    for source in ("one", "folder"):
        with pytest.raises(FileExistsError):
            fs.noreplace(source, "two")
    fs.noreplace("one", "three")
    fs.noreplace("folder", "moved")
    assert fs.listdir("") == ["moved", "three", "two"]

    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(FileExistsError):
        fs.noreplace("three", "two")
    fs.noreplace("three", "four")
    assert fs.read("four") == b"1"


def test_a_symlink_is_never_followed_neither_as_a_file_nor_on_the_way(
    fs: RealFs, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("s")
    (fs.root / "link").symlink_to(outside)
    (fs.root / "file").symlink_to(outside / "secret")
    assert (fs.kind("link"), fs.kind("file"), fs.kind("link/secret")) == ("odd", "odd", "odd")
    for attempt in (
        lambda: fs.read("file"),
        lambda: fs.entry("file"),
        lambda: fs.read("link/secret"),
        lambda: fs.write_new("link/new", b"x", 0o644),
        lambda: fs.mkdir("link/new", 0o755),
        lambda: fs.unlink("link/secret"),
        lambda: fs.rename("link/secret", "mine"),
        lambda: fs.listdir("link"),
        lambda: fs.sync_folder("link"),
    ):
        with pytest.raises(Odd):
            attempt()
    assert os.listdir(outside) == ["secret"]


def test_pipes_sockets_and_folders_are_not_read_as_files(fs: RealFs) -> None:
    os.mkfifo(fs.root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(fs.root / "socket"))
    (fs.root / "folder").mkdir()
    for name in ("pipe", "socket", "folder"):
        with pytest.raises(Odd):
            fs.entry(name)


def test_a_folder_that_can_not_be_opened_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DistError, match="can't open the folder: No such file"):
        RealFs(tmp_path / "no")


def test_open_files_do_not_grow(fs: RealFs) -> None:
    fs.mkdir("a", 0o755)
    gc.collect()  # an earlier test may have left some open, which go at any moment
    before = len(os.listdir("/proc/self/fd"))
    for n in range(50):
        fs.write_new(f"a/{n}", b"x", 0o644, sync=False)
        fs.exchange(f"a/{n}", "a/0")
        with pytest.raises(FileNotFoundError):
            fs.rename("a/no/such", "a/x")
    assert len(os.listdir("/proc/self/fd")) == before
    with RealFs(fs.root):
        pass
    assert len(os.listdir("/proc/self/fd")) == before


# --- small atomic writes


def test_the_same_content_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "deep/er/state.json"
    atomic_write(path, b"{}")
    before = path.stat()
    assert before.st_mode & 0o777 == 0o600
    atomic_write(path, b"{}")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    path.chmod(0o640)
    atomic_write(path, b"{1}")
    assert path.read_bytes() == b"{1}"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(path.parent) == ["state.json"]


@pytest.mark.parametrize("call", ["fsync", "write", "rename"])
def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    atomic_write(path, b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(DistError, match="No space left") as told:
        atomic_write(path, b"new")
    assert "free some space" in told.value.hint
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["state.json"]


def test_a_symlink_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("r")
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(Odd):
        atomic_write(tmp_path / "link", b"x")
    assert (tmp_path / "real").read_text() == "r"


# --- locks


def test_a_scan_gives_regular_files_and_tells_what_is_odd(tmp_path: Path) -> None:
    (tmp_path / "skills/a").mkdir(parents=True)
    (tmp_path / "skills/a/run.sh").write_bytes(b"x")
    (tmp_path / "skills/a/run.sh").chmod(0o755)
    (tmp_path / "SOUL.md").write_bytes(b"s")
    (tmp_path / "link").symlink_to("SOUL.md")
    (tmp_path / "folder").symlink_to("skills")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "bad?name").write_bytes(b"")
    with open(os.fsencode(tmp_path) + b"/\xff", "wb"):
        pass
    found = scan(tmp_path, yes, yes)
    assert dict(found.tree) == {
        RelPath("SOUL.md"): Entry(Digest.of(b"s")),
        RelPath("skills/a/run.sh"): Entry(Digest.of(b"x"), executable=True),
    }
    assert {left.path for left in found.odd} == {"link", "folder", "pipe", "bad?name", "\\udcff"}
    assert all(isinstance(p, RelPath) for p in found.tree)


def test_what_is_not_wanted_is_neither_opened_nor_listed(tmp_path: Path) -> None:
    (tmp_path / "memories").mkdir()
    os.mkfifo(tmp_path / "memories/bad?")
    (tmp_path / ".env").symlink_to("/etc/passwd")
    (tmp_path / "SOUL.md").write_bytes(b"s")
    opened: list[str] = []
    real = os.open

    def watched(path: str, *args: object, **kwargs: object) -> int:
        opened.append(str(path))
        return real(path, *args, **kwargs)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", watched)
        found = scan(tmp_path, lambda p: p == "SOUL.md", lambda _: False)
    assert list(found.tree) == ["SOUL.md"]
    assert found.odd == ()
    assert opened == [str(tmp_path), "SOUL.md"]


def test_a_second_scan_reads_only_what_changed(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(name.encode())
        os.utime(tmp_path / name, (1_000_000_000, 1_000_000_000))
    assert scan(tmp_path, yes, yes, {}).known == {}, "changed too lately to be sure"
    real = time.time_ns
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: real() + 10_000_000_000)
        assert scan(tmp_path, yes, yes).known == {}, "nobody asks for it"
        first = scan(tmp_path, yes, yes, {})
        assert set(first.known) == {"a", "b", "c"}
        (tmp_path / "b").write_bytes(b"B")
        forged = {
            path: (signature, Digest.of(b"forged")) for path, (signature, _) in first.known.items()
        }
        again = scan(tmp_path, yes, yes, forged)
    assert [again.tree[RelPath(p)].digest for p in "abc"] == [
        Digest.of(b"forged"),
        Digest.of(b"B"),
        Digest.of(b"forged"),
    ]


def test_a_scan_is_not_disturbed_by_files_that_come_and_go(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "SOUL.md").write_bytes(b"s")
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            (tmp_path / "notes/x").write_bytes(b"x")
            (tmp_path / "notes").rename(tmp_path / "away")
            (tmp_path / "notes").symlink_to("/etc")
            (tmp_path / "notes").unlink()
            (tmp_path / "away").rename(tmp_path / "notes")
            (tmp_path / "notes/x").unlink()

    worker = threading.Thread(target=churn)
    worker.start()
    try:
        for _ in range(300):
            assert set(scan(tmp_path, yes, yes).tree) <= {"SOUL.md", "notes/x", "away/x"}
    finally:
        stop.set()
        worker.join()


def test_a_file_that_can_not_be_read_is_odd_and_too_many_open_files_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "SOUL.md").write_bytes(b"s")
    real = os.open

    def failing(code: int) -> None:
        def opened(path: str, *args: object, **kwargs: object) -> int:
            if path == "SOUL.md":
                raise OSError(code, os.strerror(code), path)
            return real(path, *args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(os, "open", opened)

    failing(errno.EACCES)
    assert scan(tmp_path, yes, yes).odd == (
        LeftOut("SOUL.md", Why.UNREADABLE, detail="Permission denied"),
    )
    failing(errno.EMFILE)
    with pytest.raises(DistError, match="Too many open files"):
        scan(tmp_path, yes, yes)
    with pytest.raises(DistError, match="can't read the folder"):
        scan(tmp_path / "no", yes, yes)
