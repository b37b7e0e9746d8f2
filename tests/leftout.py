"""What tests may need that no Python package brings; see the mark ``needs``."""

from __future__ import annotations

import functools
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

PROGRAMS = ("age", "ansible", "chromium", "fish", "ssh-keygen", "valgrind", "zsh")
AXE = Path(__file__).parent.parent / "web" / "node_modules" / "axe-core" / "axe.min.js"
"""Looks for what people can't use by keyboard or with a screen reader."""
ANSIBLE = Path(__file__).parent.parent / ".ansible" / "bin"
"""Ansible and what checks manifests of Kubernetes, in an environment of their own: ``make ansible``."""
COMPLETE = "HERMES_TEST_COMPLETE"
"""Set where nothing may be left out: a missing program ends the run."""
ABILITIES = ("exfat", "linux", "lists", "mounts", "marks", "ntfs", "root")
"""What the machine may be, or forbid: access lists, mounts of one's own, files marked as immutable, disks of Windows
(``exfat-fuse`` and ``ntfs-3g``, as root), acting as root."""
_DISKS = {
    "exfat": ("mkfs.exfat", "mount.exfat-fuse", "losetup"),
    "ntfs": ("ntfs-3g", "mkntfs"),
}


def namespace() -> list[str]:
    """The start of a command that may mount what it likes, seen by nobody else."""
    return ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]


@functools.cache
def is_here(name: str) -> bool:
    """Whether a program is on PATH, or the machine allows something."""
    if name == "linux":
        return sys.platform == "linux"
    if name == "root":
        return os.geteuid() == 0
    if name == "mounts":
        return sys.platform == "linux" and _works(
            [*namespace(), "mount", "-t", "tmpfs", "x", "/mnt"]
        )
    if name in _DISKS:
        programs = all(map(shutil.which, _DISKS[name]))
        return programs and is_here("root") and is_here("mounts") and os.path.exists("/dev/fuse")
    if name == "lists":
        with tempfile.TemporaryDirectory() as folder:
            return _keeps_lists(folder)
    if name == "marks":
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "file")
            file.touch()
            marked = _works(["chattr", "+i", str(file)])
            return marked and _works(["chattr", "-i", str(file)])
    if name == "chromium" and (find_spec("playwright") is None or not AXE.exists()):
        # What drives it is the extra ``browser``; axe comes with ``npm ci`` in ``web/``.
        return False
    if name == "ansible":
        return (ANSIBLE / "ansible-playbook").exists() and shutil.which("ssh") is not None
    return shutil.which(name) is not None


def _keeps_lists(folder: str) -> bool:
    """Whether a disk keeps access lists, and attributes of users."""
    rows = [
        (1, 7, 2**32 - 1),
        (2, 7, 4321),
        (4, 5, 2**32 - 1),
        (16, 7, 2**32 - 1),
        (32, 5, 2**32 - 1),
    ]
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows)
    try:
        os.setxattr(folder, "system.posix_acl_access", value)
        os.setxattr(folder, "user.note", b"")
    except (AttributeError, OSError):
        return False
    return True


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
