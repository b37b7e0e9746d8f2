"""Where the tests write: in memory where there is plenty, as waiting for a disk is a third of their time.

``--basetemp`` says another place, and a run that fails keeps what it wrote until the next one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")
NEEDED = 8 << 30
"""A whole run writes up to 3 GiB; this much has to be free, of the folder and of the machine's memory."""
_NAME = "hdt"
"""Short, as scenarios print the addresses of repositories in it, which are not to be wrapped."""


def place() -> Path | None:
    """A new folder in memory for this run; None where there is none, or where memory is scarce."""
    try:
        roomy = shutil.disk_usage(MEMORY).free >= NEEDED
        if not roomy or psutil.virtual_memory().available < NEEDED:
            return None
        _clear_what_ended()
        return Path(tempfile.mkdtemp(prefix=f"{_NAME}-{os.getpid()}-", dir=MEMORY))
    except OSError:
        return None


def _clear_what_ended() -> None:
    """Remove the folders of runs that are over."""
    for folder in MEMORY.glob(f"{_NAME}-*"):
        number = folder.name.removeprefix(f"{_NAME}-").partition("-")[0]
        if folder.stat().st_uid == os.getuid() and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)
