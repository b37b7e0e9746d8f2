"""Records that only save time: whatever is in the place of one, nothing waits for it, and none counts as well.

A record begins with a line that says its form and the digest of the rest: a power cut or a bad disk must not make
anything look as it is not.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hermes_dist.lazily import later

with later():
    from hashlib import sha256

_MOST = 256 << 20
"""No record is so large: a home of 100,000 files has one of 60 MB."""
# O_NONBLOCK: opening a FIFO would otherwise wait for somebody who writes to it.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def bytes_at(place: str | Path, most: int = _MOST) -> bytes | None:
    """Return the bytes of a file of ours; None if it can't be read, is no regular file, or is too large to be ours."""
    try:
        fd = os.open(place, _READ)
    except OSError:
        return None
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_size > most:
            return None
        parts, left = [], most + 1
        while left and (part := os.read(fd, min(found.st_size + 1, left))):
            parts.append(part)
            left -= len(part)
        return b"".join(parts) if left else None
    except OSError:
        return None
    finally:
        os.close(fd)


def body_at(place: str | Path, form: bytes) -> memoryview | None:
    """Return what follows the first line of a record; None if there is none of this form that is whole."""
    data = bytes_at(place)
    if data is None:
        return None
    end = data.find(b"\n") + 1
    body = memoryview(data)[end:]
    return body if data[:end] == head(form, body) else None


def head(form: bytes, body: bytes | memoryview) -> bytes:
    """The first line of a record.

    Args:
        form: Says what the rest means, and which version of this program wrote it.
        body: The rest.
    """
    return b"%b %b\n" % (form, sha256(body).hexdigest().encode())
