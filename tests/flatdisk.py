"""A disk that keeps no permission bits, as those of Windows: every file and folder has the same, whatever it is given."""

from __future__ import annotations

import errno
import os
import stat
from typing import Any

import pytest


def flatten(monkeypatch: pytest.MonkeyPatch, bits: int = 0o777, *, refuses: bool = False) -> None:
    """Let this process see every file and folder with the same bits.

    Args:
        monkeypatch: Undoes it.
        bits: What everything has; folders can be entered all the same.
        refuses: Whether a change of them is an error; most such disks ignore it silently.
    """
    real = {name: getattr(os, name) for name in ("stat", "lstat", "fstat")}

    def seen(found: os.stat_result) -> os.stat_result:
        kind, (values, more) = found.__reduce__()  # type: ignore[misc]
        shown = bits | 0o111 if stat.S_ISDIR(found.st_mode) else bits
        if stat.S_ISLNK(found.st_mode):
            return found
        return kind((stat.S_IFMT(found.st_mode) | shown, *values[1:]), more)  # type: ignore[no-any-return, operator]

    def asked(name: str) -> Any:
        return lambda *args, **more: seen(real[name](*args, **more))

    def changed(path: Any, _mode: int, **more: Any) -> None:
        real["stat"](path, **more)
        if refuses:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), path)

    for name in real:
        monkeypatch.setattr(os, name, asked(name))
    monkeypatch.setattr(os, "chmod", changed)
    monkeypatch.setattr(os, "fchmod", changed)
