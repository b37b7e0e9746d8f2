"""Records that only save time: whatever is in the place of one, nothing waits for it, and none counts as well.

A record begins with a line that says its form and the digest of the rest: a power cut or a bad disk must not make
anything look as it is not.
"""

from __future__ import annotations

from pathlib import Path

from hermes_dist.lazily import later
from hermes_dist.world.files import LIMIT, read_file

with later():
    from hashlib import sha256


def bytes_at(place: str | Path, most: int = LIMIT) -> bytes | None:
    """Return the bytes of a file of ours; None if it can't be read, is no regular file, or is too large to be ours."""
    try:
        return read_file(place, limit=most, follow=False)
    except OSError:
        return None


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
