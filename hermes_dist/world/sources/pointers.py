"""Git LFS pointers: small texts that stand in a repository in place of large files, which are kept elsewhere."""

from __future__ import annotations

_BEGIN = b"version https://git-lfs.github.com/spec/"
_LARGEST = 1024


def is_pointer(data: bytes) -> bool:
    """Return whether a file is such a pointer."""
    return len(data) < _LARGEST and data.startswith(_BEGIN)
