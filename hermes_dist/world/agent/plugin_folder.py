"""A plugin folder of ours below the default home: read, put in place in one step, and taken away file by file."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping

from hermes_dist.agents.places import PLUGINS
from hermes_dist.brand import SHARED
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.ports import Unsupported

_FILE, _FOLDER, _PRIVATE = 0o644, 0o755, 0o700
_COMPILED = "__pycache__"
"""What Python writes beside a module that it loads: nobody's work."""
_NEW, _OLD = "new", "old"


def place_of(name: str) -> str:
    """The path of a plugin's folder in the default home."""
    return f"{PLUGINS}/{name}"


def digest_of(data: bytes) -> str:
    """The digest of a file's content."""
    return hashlib.sha256(data).hexdigest()


def read_digests(fs: RealFs, place: str) -> dict[str, str]:
    """Return the digest of each file in a folder, by its path there; what is no file has its kind instead of one.

    Raises:
        OSError: As the system says.
    """
    return dict(_digests(fs, place, ""))


def _digests(fs: RealFs, place: str, inside: str) -> Iterator[tuple[str, str]]:
    for name in fs.listdir(f"{place}/{inside}".rstrip("/")):
        path = f"{inside}/{name}".lstrip("/")
        kind = fs.kind(f"{place}/{path}")
        if name == _COMPILED and kind == "folder":
            continue
        if kind == "folder":
            yield from _digests(fs, place, path)
        elif kind == "file":
            yield path, digest_of(fs.read(f"{place}/{path}") or b"")
        elif kind == "odd":
            yield path, kind


def put_folder(
    fs: RealFs, name: str, files: Mapping[str, bytes], *, settle: Callable[[str], str]
) -> str:
    """Put a plugin's folder in place in one step; what was there goes.

    Args:
        fs: The default home; the caller holds its lock.
        name: The plugin.
        files: The content of each file, by its path in the folder.
        settle: Gets the path of the folder that was replaced. Returns where it is to be kept; empty if it is nobody's
            work. Raises Changed if it is not the one that the caller saw.

    Returns:
        Where the former folder is now; empty if there was none, or it is gone.

    Raises:
        Changed: As ``settle`` says; the former folder is back in its place.
        OSError: As the system says; the former folder is in its place, or below ``plugins`` under a name that
            :func:`leftovers` finds.
    """
    stage, place = f"{PLUGINS}/.{name}.{os.urandom(6).hex()}", place_of(name)
    try:
        _write(fs, f"{stage}/{_NEW}", files)
        fs.sync_all(f"{stage}/{_NEW}")
    except BaseException:
        remove_tree(fs, stage)
        raise
    former = _exchange(fs, stage, place)
    kept = ""
    if former:
        try:
            kept = _kept(fs, former, settle)
        except BaseException:
            _exchange_back(fs, former, place)
            remove_tree(fs, stage)
            raise
    remove_tree(fs, stage)
    fs.sync_folder(PLUGINS)
    return kept


def _write(fs: RealFs, folder: str, files: Mapping[str, bytes]) -> None:
    _make_folders(fs, folder)
    for path, data in files.items():
        _make_folders(fs, f"{folder}/{path}".rpartition("/")[0])
        fs.write_new(f"{folder}/{path}", data, _FILE, sync=False)


class Changed(Exception):
    """Another program changed a plugin's folder while it was replaced."""


def _exchange(fs: RealFs, stage: str, place: str) -> str:
    """Put the new folder in place; return where the former one is now, empty if there was none."""
    new, old = f"{stage}/{_NEW}", f"{stage}/{_OLD}"
    if fs.kind(place) == "absent":
        fs.noreplace(new, place)
        return ""
    try:
        fs.exchange(new, place)
    except Unsupported:
        fs.rename(place, old)
        try:
            fs.rename(new, place)
        except OSError:
            fs.rename(old, place)
            raise
        return old
    return new


def _exchange_back(fs: RealFs, former: str, place: str) -> None:
    """Put the former folder back; ours is in its place then, for the caller to remove."""
    try:
        fs.exchange(former, place)
    except Unsupported:
        fs.rename(place, former.removesuffix(_OLD) + _NEW)
        fs.rename(former, place)


def _kept(fs: RealFs, former: str, settle: Callable[[str], str]) -> str:
    target = settle(former)
    if target:
        move_away(fs, former, target)
    return target


def free_place(fs: RealFs, name: str) -> str:
    """A path that is free, for a folder that is replaced and must not be lost."""
    number = 1
    while fs.kind(f"{SHARED}/replaced/{name}.{number}") != "absent":
        number += 1
    return f"{SHARED}/replaced/{name}.{number}"


def leftovers(fs: RealFs, name: str) -> dict[str, list[str]]:
    """What an interrupted :func:`put_folder` left behind: its folders, and in each the plugin's, new or former."""
    if fs.kind(PLUGINS) != "folder":
        return {}
    stages = [f"{PLUGINS}/{each}" for each in fs.listdir(PLUGINS) if each.startswith(f".{name}.")]
    return {
        stage: [path for part in (_NEW, _OLD) if fs.kind(path := f"{stage}/{part}") != "absent"]
        for stage in stages
    }


def move_away(fs: RealFs, place: str, target: str) -> None:
    """Move a folder to a path below the shared folder.

    Raises:
        OSError: As the system says.
    """
    _make_folders(fs, target.rpartition("/")[0], _PRIVATE)
    fs.noreplace(place, target)


def remove_files(fs: RealFs, place: str, paths: list[str]) -> None:
    """Remove files of a folder in this order, and then every folder that is empty.

    Raises:
        OSError: As the system says.
    """
    for path in paths:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            fs.unlink(f"{place}/{path}")
    _remove_empty(fs, place)


def _remove_empty(fs: RealFs, place: str) -> None:
    for name in fs.listdir(place):
        path = f"{place}/{name}"
        if fs.kind(path) != "folder":
            continue
        if name == _COMPILED:
            remove_tree(fs, path)
        else:
            _remove_empty(fs, path)
    with contextlib.suppress(OSError):
        fs.rmdir(place)


def remove_tree(fs: RealFs, place: str) -> None:
    """Remove a folder with all that is in it; a link in it goes, and what it leads to stays.

    Raises:
        OSError: As the system says.
    """
    if fs.kind(place) == "absent":
        return
    if fs.kind(place) == "folder":
        for name in fs.listdir(place):
            remove_tree(fs, f"{place}/{name}")
        fs.rmdir(place)
    else:
        fs.unlink(place)


def _make_folders(fs: RealFs, path: str, mode: int = _FOLDER) -> None:
    made = ""
    for name in path.split("/"):
        made = f"{made}/{name}".lstrip("/")
        if fs.kind(made) == "absent":
            fs.mkdir(made, mode)
