"""Play a program in which a disk is mounted: in namespaces of its own, so that nobody else sees the mount."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from leftout import namespace

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def play(program: str, base: Path, *words: str) -> None:
    """Run a program with a folder of its own; its agent's home is on the disk that it mounts there.

    Args:
        program: Python, which has to succeed.
        base: The folder, its first argument.
        words: Its other arguments.
    """
    done = subprocess.run(
        [*namespace(), sys.executable, "-c", program, str(base), *words],
        env={"PATH": _PATH, "HOME": str(base), "HERMES_HOME": str(base / "disk" / "hermes")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
