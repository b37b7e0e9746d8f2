"""How a file of a home comes to be one that can't be read."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest


def refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the system refuse to open what has this name, as it does for what belongs to root."""
    real = os.open

    def opened(name: str, *args: object, **kwargs: object) -> int:
        if str(name).rpartition("/")[2] == path.name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", opened)
