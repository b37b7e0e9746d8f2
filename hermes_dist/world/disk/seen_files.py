"""The state of a home's files when they were last read, so that the next look at a large home reads only what changed.

The record is beside the generations in the home, can be thrown away at any time, and is no more trusted than the
lockfile beside it. If it is wrong about a file, that is as if the file was edited right after it was read: whatever
changes a file compares its bytes once more, and what is not changed is left alone.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeVar, cast

import msgspec

from hermes_dist.brand import PRIVATE
from hermes_dist.errors import DistError
from hermes_dist.model.manifest import EnvVar
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk import last_look
from hermes_dist.world.disk.fs import RealFs, atomic_write
from hermes_dist.world.disk.scan import MANY, Known, Scan, names_row, signature
from hermes_dist.world.records import body_at, head

_FILE = f"{PRIVATE}/seen"
_MANIFEST = f"{PRIVATE}/seen-manifest"
_SKILLS = f"{PRIVATE}/seen-skills"
_FORMAT = b"3"
"""Raise it whenever a record would tell something else of the same files, such as another name inside a skill."""
_STALE = 50
"""The record is written again when more than one file in so many is not as it says."""
_TICK, _TICKS = 0.003, 8
"""Seconds after which the clock of a disk is asked again, and how often: most show another time after 4 ms."""
_MANY_SKILLS = 50
"""Fewer are read as fast as a record of their names."""
_Value = TypeVar("_Value")
_Row = tuple[tuple[int, int, int, int], str]
_Rows = dict[str, _Row]


def seen_before(home: Path) -> Known:
    """Read the record of a home; empty if it has none that can be read."""
    # a scan reads a file whose row says what is no digest
    return cast("Known", _believed(home / _FILE, _Rows) or {})


def remember(home: Path, seen: Scan) -> None:
    """Write the record of a home if it helps the next look; one that can't be written is no error.

    Args:
        home: The home.
        seen: What a scan found that knew what :func:`seen_before` returned.
    """
    now = seen.known
    if len(now) < MANY or seen.news * _STALE <= len(now) or not (home / PRIVATE).is_dir():
        return
    with contextlib.suppress(DistError):
        atomic_write(home / _FILE, _written(now.items()))


def leave(
    home: Path, received: Mapping[str, str], files: Iterable[str], folders: Iterable[str]
) -> None:
    """Leave the record of a new home, so that the first look need not read what was written a moment ago.

    Called while nobody else can reach the home yet. It waits until the clock of the disk shows a later time than all
    that was written: whatever changes a file or folder once the home is in its place gives it other times than those of
    its row, so nothing has to settle first. A record that can't be written is no error.

    Args:
        home: The home, in the place where it is built.
        received: The digests of what was written, by path.
        files: Every file in it.
        folders: Every folder in it.
    """
    if len(received) < MANY:
        return
    with contextlib.suppress(OSError, DistError), RealFs(home) as fs:
        last = _next_tick(fs, home)
        if last is not None:
            texts = {**_names_in(files, folders), **received}
            (home / _FILE).write_bytes(_written(_rows(home, texts, last)))


def _next_tick(fs: RealFs, home: Path) -> int | None:
    """Wait for the clock of the disk; return the time that it showed, or None if it does not move on in a moment.

    Its time is that of a new file in the place of the record. The clocks of some disks show each second or two.
    """
    last = None
    for _ in range(_TICKS):
        fs.write_new(_FILE, b"", 0o600, sync=False)
        found = os.lstat(home / _FILE)
        if last is None:
            last = max(found.st_mtime_ns, found.st_ctime_ns)
        elif min(found.st_mtime_ns, found.st_ctime_ns) > last:
            return last
        fs.unlink(_FILE)
        time.sleep(_TICK)
    return None


def _names_in(files: Iterable[str], folders: Iterable[str]) -> dict[str, str | None]:
    """What the row of each folder says, by its path with a slash; the home itself is listed at every look."""
    inside: dict[str, list[tuple[str, Literal["folder", "file"]]]] = {"": []}
    for folder in sorted(folders):
        above, _, name = folder.rpartition("/")
        inside[above].append((name, "folder"))
        inside[folder] = []
    for path in {*files}:
        above, _, name = path.rpartition("/")
        inside[above].append((name, "file"))
    return {f"{path}/": names_row(sorted(names)) for path, names in inside.items() if path}


def _rows(home: Path, texts: Mapping[str, str | None], last: int) -> Iterator[tuple[str, _Row]]:
    """The rows of a new home, in the order of their paths.

    Args:
        home: The home.
        texts: What the row of each file and folder says.
        last: The latest time that a row may have, in nanoseconds.
    """
    top = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for path in sorted(texts):
            text = texts[path]
            if text is None or path.startswith(f"{PRIVATE}/"):
                continue
            found = os.stat(path, dir_fd=top, follow_symlinks=False)
            if max(found.st_mtime_ns, found.st_ctime_ns) <= last:
                yield path, (signature(found), text)
    finally:
        os.close(top)


def forget(home: Path) -> None:
    """Remove the records of a home, so that the next look reads everything."""
    for name in (_FILE, _MANIFEST, _SKILLS, last_look.FILE):
        with contextlib.suppress(OSError):
            (home / name).unlink()


def asked_before(home: Path, manifest: Digest) -> tuple[EnvVar, ...] | None:
    """The variables that a manifest asks for, as far as that is remembered: to read YAML takes longer than all else.

    Args:
        home: The home.
        manifest: The digest of the manifest.
    """
    of, asked = _believed(home / _MANIFEST, tuple[str, tuple[EnvVar, ...]]) or ("", ())
    return asked if of == manifest else None


def remember_asked(home: Path, manifest: Digest, asked: tuple[EnvVar, ...]) -> None:
    """Note the variables that a manifest asks for; a record that can't be written is no error."""
    _note(home, _MANIFEST, (str(manifest), asked))


def names_before(home: Path) -> Mapping[str, tuple[str, ...] | None]:
    """The names inside skills by the digests of these, as far as that is remembered; None for one that may have any.

    Names follow from the content alone, so they can't become wrong.
    """
    return _believed(home / _SKILLS, dict[str, tuple[str, ...] | None]) or {}


def remember_names(
    home: Path,
    before: Mapping[str, tuple[str, ...] | None],
    now: Mapping[str, tuple[str, ...] | None],
) -> None:
    """Note the names inside skills if that helps the next time; a record that can't be written is no error.

    Args:
        home: The home.
        before: What :func:`names_before` returned.
        now: All that were asked for.
    """
    if len(now) >= _MANY_SKILLS and len(now.keys() - before.keys()) * _STALE > len(now):
        _note(home, _SKILLS, now)


def _believed(place: Path, form: type[_Value]) -> _Value | None:
    """Read a record; None if there is none that can be believed."""
    body = body_at(place, _FORMAT)
    try:
        return None if body is None else msgspec.json.decode(body, type=form)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _note(home: Path, name: str, value: object) -> None:
    if not (home / PRIVATE).is_dir():
        return
    body = msgspec.json.encode(value)
    with contextlib.suppress(DistError):
        atomic_write(home / name, head(_FORMAT, body) + body)


def _written(rows: Iterable[tuple[str, _Row]]) -> bytearray:
    """The record; row by row, because copies of all of them would take as much memory again."""
    whole = bytearray(head(_FORMAT, b""))
    begin = len(whole)
    whole += b"{"
    for path, (was, text) in rows:
        whole += b"%b:%b," % (
            msgspec.json.encode(str(path)),
            msgspec.json.encode((was, str(text))),
        )
    whole[max(begin + 1, len(whole) - 1) :] = b"}"
    whole[:begin] = head(_FORMAT, memoryview(whole)[begin:])
    return whole
