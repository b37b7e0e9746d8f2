"""On the real disk: killed before every change, and every change failing once."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from budget import IS_QUICK, moments
from crashes import HOME, MACHINE, UPDATE
from realhome import Hooked, Seen, build, in_child, make, nothing, seen, update

from hermes_dist.errors import DistError
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.ports import Unsupported
from hermes_dist.world.transaction import new_home
from hermes_dist.world.transaction.apply import TakenBack, Unfinished, generations, recover
from hermes_dist.world.transaction.new_home import sweep

ERRNOS = (
    errno.ENOSPC,
    errno.EIO,
    errno.EACCES,
    errno.EROFS,
    errno.EDQUOT,
    errno.EMFILE,
    errno.EPERM,
    errno.EBUSY,
    errno.EXDEV,
)


class NoExchange(Hooked):
    """A file system without exchange."""

    def exchange(self, one: str, other: str) -> None:
        raise Unsupported


def _updating(fs: RealFs, root: Path) -> None:
    update(fs, root)


def _uninstalling(fs: RealFs, root: Path) -> None:
    update(fs, root, {path: None for path in HOME if path != "distribution.lock"}, None)


def _installing(fs: RealFs, root: Path) -> None:
    update(
        fs,
        root,
        {path: data for path, data in HOME.items() if path != "distribution.lock"},
        b"lock 1\n",
    )


def _swapping_places(fs: RealFs, root: Path) -> None:
    update(
        fs,
        root,
        {
            "docs/deep/er/note.md": None,
            "docs": b"a file",
            "mcp.json": None,
            "mcp.json/x": b"in a folder",
        },
    )


Run = Callable[[RealFs, Path], None]
CASES: dict[str, tuple[type[Hooked], Run, dict[str, bytes]]] = {
    "update": (Hooked, _updating, {**HOME, **MACHINE}),
    "update without exchange": (NoExchange, _updating, {**HOME, **MACHINE}),
    "uninstall": (Hooked, _uninstalling, {**HOME, **MACHINE}),
    "first install": (Hooked, _installing, MACHINE),
    "file and folder change places": (Hooked, _swapping_places, {**HOME, **MACHINE}),
}


def _ends(case: str, root: Path) -> tuple[Seen, Seen, int]:
    """The home before, the home afterwards, and how many changes lie between them."""
    kind, run, files = CASES[case]
    old = seen(make(root, files))
    fs = kind(root, nothing)
    run(fs, root)
    return old, seen(root), fs.calls


def _contents(root: Path) -> set[bytes]:
    return {p.read_bytes() for p in root.rglob("*") if p.is_file()}


def _die_at(number: int) -> Callable[..., None]:
    def hook(call: int, *_: object) -> None:
        if call == number:
            os._exit(137)

    return hook


@pytest.mark.parametrize("case", CASES)
def test_a_process_killed_at_any_change_leaves_the_old_home_or_the_new_one(
    case: str, quick_path: Path
) -> None:
    kind, run, files = CASES[case]
    root = quick_path / "home"
    old, new, changes = _ends(case, root)
    for number in moments(changes):
        make(root, files)
        assert in_child(lambda n=number: run(kind(root, _die_at(n)), root)) == 137
        recover(kind(root, nothing))
        assert seen(root) in (old, new), number
        assert {data for data, _ in old.values()} <= _contents(root), number
        assert recover(RealFs(root)) is None
    assert changes >= 25


def test_a_recovery_killed_at_any_change_is_recovered(quick_path: Path) -> None:
    root = quick_path / "home"
    old, new, changes = _ends("update", root)
    for number in [*range(changes // 2, changes, 4)][:: 2 if IS_QUICK else 1]:
        inner = 0
        while True:
            inner += 2 if IS_QUICK else 1
            make(root)
            in_child(lambda n=number: _updating(Hooked(root, _die_at(n)), root))
            code = in_child(lambda n=inner: recover(Hooked(root, _die_at(n))))
            if code == 0:
                break
            assert code == 137
            recover(RealFs(root))
            assert seen(root) in (old, new), (number, inner)
            assert {data for data, _ in old.values()} <= _contents(root)


@pytest.fixture(params=["one by one", "together"])
def few_or_many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new home of few files, which are synced one by one, or of as many as are made and synced together."""
    if request.param == "together":
        monkeypatch.setattr(new_home, "SYNC_EACH", 0)


@pytest.mark.usefixtures("few_or_many")
def test_a_new_home_is_there_whole_or_not_at_all_wherever_its_maker_is_killed(
    quick_path: Path,
) -> None:
    root = make(quick_path / "root", {"active_profile": b"x", "profiles/other/SOUL.md": b"o"})
    old = seen(root)
    fs = Hooked(root, nothing)
    build(fs)
    new, changes = seen(root), fs.calls
    for number in range(1, changes + 1):
        make(root, {"active_profile": b"x", "profiles/other/SOUL.md": b"o"})
        assert in_child(lambda n=number: build(Hooked(root, _die_at(n)))) == 137
        sweep(RealFs(root))
        assert seen(root) in (old, new), number
        if (root / "profiles/new").exists():
            assert [g.number for g in generations(RealFs(root / "profiles/new"))] == [1]
        else:
            build(RealFs(root))
            assert seen(root) == new


@pytest.mark.parametrize("case", CASES)
def test_every_change_may_fail_once_and_the_home_is_old_or_new(case: str, quick_path: Path) -> None:
    kind, run, files = CASES[case]
    root = quick_path / "home"
    old, new, changes = _ends(case, root)
    for number in moments(changes):
        code = ERRNOS[number % len(ERRNOS)]

        def hook(call: int, verb: str, *paths: object, n: int = number, code: int = code) -> None:
            if call == n:
                raise OSError(code, os.strerror(code), str(paths[0] if paths else ""))

        make(root, files)
        told: DistError | None = None
        try:
            run(kind(root, hook), root)
        except DistError as error:
            told = error
        assert not (root / ".dist/txn").exists(), number
        if told is None:  # an empty folder that can't be removed stays, and does no harm
            assert seen(root) == new, number
        else:
            assert os.strerror(code) in str(told)
            assert told.hint
            # Only the very last sync comes too late for a way back.
            assert seen(root) == (new if isinstance(told, Unfinished) else old), number
        assert {data for data, _ in old.values()} <= _contents(root)


@pytest.mark.parametrize("case", CASES)
def test_where_the_way_back_fails_too_the_next_start_makes_it_whole(
    case: str, quick_path: Path
) -> None:
    kind, run, files = CASES[case]
    root = quick_path / "home"
    old, new, changes = _ends(case, root)
    for number in moments(changes):
        code = ERRNOS[number % len(ERRNOS)]

        def hook(call: int, verb: str, *paths: object, n: int = number, code: int = code) -> None:
            if call >= n:
                raise OSError(code, os.strerror(code), str(paths[0] if paths else ""))

        make(root, files)
        with pytest.raises(DistError) as told:
            run(kind(root, hook), root)
        assert os.strerror(code) in str(told.value)
        if isinstance(told.value, Unfinished):
            assert "next command" in told.value.what or "carried out" in told.value.what
        else:
            assert seen(root) == old, number
        recover(kind(root, nothing))
        assert seen(root) in (old, new), number
        assert {data for data, _ in old.values()} <= _contents(root), number
        assert recover(RealFs(root)) is None


@pytest.mark.parametrize("case", CASES)
def test_a_process_killed_on_the_way_back_leaves_the_old_home_or_the_new_one(
    case: str, quick_path: Path
) -> None:
    kind, run, files = CASES[case]
    root = quick_path / "home"
    old, new, _ = _ends(case, root)

    def refusing(call: int, verb: str, *paths: object) -> None:
        if verb == "rename" and paths[0] == ".dist/txn":
            at.append(call)
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), "")

    at: list[int] = []
    make(root, files)
    fs = kind(root, refusing)
    with pytest.raises(TakenBack):
        run(fs, root)
    assert seen(root) == old
    for later in moments(fs.calls - at[0]):
        number = at[0] + later

        def hook(call: int, verb: str, *paths: object, n: int = number) -> None:
            if call == n:
                os._exit(137)
            refusing(call, verb, *paths)

        make(root, files)
        assert in_child(lambda h=hook: run(kind(root, h), root)) == 137
        recover(kind(root, nothing))
        assert seen(root) in (old, new), number
        assert {data for data, _ in old.values()} <= _contents(root), number
        assert recover(RealFs(root)) is None
    assert fs.calls - at[0] >= 10


@pytest.mark.usefixtures("few_or_many")
def test_every_change_of_a_new_home_may_fail_once(quick_path: Path) -> None:
    root = make(quick_path / "root", {"active_profile": b"x"})
    fs = Hooked(root, nothing)
    build(fs)
    new, changes = seen(root), fs.calls
    for number in range(1, changes + 1):

        def hook(call: int, *_: object, n: int = number) -> None:
            if call == n:
                raise OSError(ERRNOS[n % len(ERRNOS)], "", "")

        make(root, {"active_profile": b"x"})
        with pytest.raises(DistError) as told:
            build(Hooked(root, hook))
        if isinstance(told.value, Unfinished):
            assert seen(root) == new
        else:
            assert set(seen(root)) == {"active_profile"}
            assert not any((root / "distributions/staging").glob("*"))


@pytest.mark.parametrize("code", ERRNOS)
def test_system_calls_that_fail_for_good_end_in_one_sentence(
    code: int, quick_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = quick_path / "home"
    old, new, _ = _ends("update", root)
    for call in ("fsync", "write", "mkdir", "unlink", "rmdir", "rename"):
        for skip in (0, 2, 4):
            make(root)
            real, count = getattr(os, call), 0

            def failing(*args: object, **kwargs: object) -> object:
                nonlocal count
                count += 1
                if count > skip:  # noqa: B023 - used within its turn
                    raise OSError(code, os.strerror(code))
                return real(*args, **kwargs)  # noqa: B023 - used within its turn

            with monkeypatch.context() as patch:
                patch.setattr(os, call, failing)
                try:
                    update(RealFs(root), root)
                except DistError as error:
                    assert error.hint  # noqa: PT017 - it need not be raised: some calls are not used
            recover(RealFs(root))
            assert seen(root) in (old, new), (call, skip)
            assert {data for data, _ in old.values()} <= _contents(root)


def test_short_writes_are_continued(quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make(quick_path / "home")
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:3]))
    update(RealFs(root), root)
    assert (root / "SOUL.md").read_bytes() == UPDATE["SOUL.md"]
    assert set(MACHINE) <= set(seen(root))
