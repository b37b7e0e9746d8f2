"""A disk that takes two spellings of a name for one, as most of macOS and Windows: it keeps names as they are written."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from hermes_dist.world.disk import rename

_CALLS = (
    *("access", "chmod", "chown", "lchown", "listdir", "lstat", "mkdir", "open", "readlink"),
    *("rmdir", "scandir", "setxattr", "stat", "unlink", "utime"),
)


def key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


class Caseless:
    """Lets this process find what is below a folder by any spelling.

    Args:
        monkeypatch: Undoes it.
        root: The folder.
        renames: Whether a rename to another spelling counts; otherwise it changes nothing, as on ext4.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, root: Path, *, renames: bool = True
    ) -> None:
        self._root, self._renames = str(root), renames
        self._real = {name: getattr(os, name) for name in (*_CALLS, "rename", "link")}
        for name in _CALLS:
            monkeypatch.setattr(os, name, self._asked(name))
        for name in ("rename", "link"):
            monkeypatch.setattr(os, name, self._of_two(name))
        monkeypatch.setattr(os, "replace", os.rename)
        self._call = rename._call
        monkeypatch.setattr(rename, "_call", self._flagged)

    def listed(self, path: Any, folder: int | None = None) -> Any:
        """The path by which the real disk finds what this one finds by the given path."""
        if isinstance(path, int):
            return path
        text = os.fsdecode(path)
        if folder is not None:
            text = os.path.join(self._real["readlink"](f"/proc/self/fd/{folder}"), text)
        if not text.startswith(f"{self._root}/"):
            return text
        found = self._root
        for name in text[len(self._root) :].strip("/").split("/"):
            found = os.path.join(found, self._name(found, name))
        return found

    def _name(self, folder: str, name: str) -> str:
        try:
            names = self._real["listdir"](folder)
        except OSError:
            return name
        same = [other for other in names if key(other) == key(name)]
        return same[0] if same and name not in (".", "..") else name

    def _asked(self, name: str) -> Any:
        real = self._real[name]

        def asked(path: Any = ".", *more: Any, dir_fd: int | None = None, **named: Any) -> Any:
            return real(self.listed(path, dir_fd), *more, **named)

        return asked

    def _of_two(self, name: str) -> Any:
        real = self._real[name]

        def asked(
            one: Any,
            other: Any,
            *,
            src_dir_fd: int | None = None,
            dst_dir_fd: int | None = None,
            **more: Any,
        ) -> Any:
            source, target = self.listed(one, src_dir_fd), self.listed(other, dst_dir_fd)
            if name == "rename" and source == target and self._renames:
                target = os.path.join(os.path.dirname(target), os.path.basename(os.fsdecode(other)))
            return real(source, target, **more)

        return asked

    def _flagged(self, source: rename.Place, target: rename.Place, *, swap: bool) -> None:
        one, other = self.listed(source[1], source[0]), self.listed(target[1], target[0])
        self._call((source[0], one), (target[0], other), swap=swap)
