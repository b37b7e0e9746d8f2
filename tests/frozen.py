"""Folders that nobody may write into, not even root: for what has to work where nothing can be written."""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

_DROP_FROM_BOUNDING_SET = 24
_POWERS_OVER_FILES = (1, 2, 3)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER


def without_powers() -> None:
    """Take from this process, right before it becomes another program, root's power to pass over permissions."""
    if sys.platform == "linux" and os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for power in _POWERS_OVER_FILES:
            if libc.prctl(_DROP_FROM_BOUNDING_SET, power, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "root can't give up its powers")


def freeze(root: Path) -> None:
    """Take every permission to write below a folder."""
    _each(root, lambda mode: mode & ~0o222)


def thaw(root: Path) -> None:
    """Give the owner the permissions to write back."""
    _each(root, lambda mode: mode | 0o200)


def _each(root: Path, change: Callable[[int], int]) -> None:
    for folder, _, names in os.walk(root):
        for path in (Path(folder), *(Path(folder, name) for name in names)):
            if not path.is_symlink():
                path.chmod(change(stat.S_IMODE(path.stat().st_mode)))
