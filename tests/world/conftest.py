"""For the hands: a folder in memory, where a test needs thousands of syncs but no disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """A fresh folder in memory where the system has one, else on the disk."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="hermes-dist-", dir=memory))
    yield folder
    shutil.rmtree(folder)
