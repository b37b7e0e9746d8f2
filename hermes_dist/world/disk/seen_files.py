"""What the files of a home were when they were last read, so that a look at a large home reads only what changed.

The record is beside the generations in the home, can be thrown away at any time, and is no more trusted than the
lockfile beside it. If it is wrong about a file, that is as if the file was edited right after it was read: whatever
changes a file compares its bytes once more, and what is not changed is left alone.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import cast

import msgspec

from hermes_dist.brand import PRIVATE
from hermes_dist.errors import DistError
from hermes_dist.model.manifest import EnvVar
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk import last_look
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.disk.scan import MANY, Known, Scan

_FILE = f"{PRIVATE}/seen"
_MANIFEST = f"{PRIVATE}/seen-manifest"
_FORMAT = b"2 "
_STALE = 50
"""The record is written again when more than one file in so many is not as it says."""
_Rows = dict[str, tuple[tuple[int, int, int, int], str]]


def seen_before(home: Path) -> Known:
    """Read the record of a home; empty if it has none that can be read."""
    try:
        data = (home / _FILE).read_bytes()
        end = data.find(b"\n") + 1
        body = memoryview(data)[end:]
        if data[:end] != _head(body):
            return {}
        return cast(
            "Known", msgspec.json.decode(body, type=_Rows)
        )  # a scan checks each digest that it uses
    except (OSError, msgspec.MsgspecError):
        return {}


def remember(home: Path, seen: Scan) -> None:
    """Write the record of a home if it helps the next look; one that can't be written is no error.

    Args:
        home: The home.
        seen: What a scan found that knew what :func:`seen_before` returned.
    """
    now = seen.known
    if len(now) < MANY or seen.news * _STALE <= len(now) or not (home / PRIVATE).is_dir():
        return
    # Row by row: copies of all of them would take as much memory again.
    whole = bytearray(_head(b""))
    begin = len(whole)
    whole += b"{"
    for path, (was, digest) in now.items():
        whole += b"%b:%b," % (
            msgspec.json.encode(str(path)),
            msgspec.json.encode((was, str(digest))),
        )
    whole[-1:] = b"}"
    head = _head(memoryview(whole)[begin:])
    whole[:begin] = head
    try:
        atomic_write(home / _FILE, whole)
    except DistError:
        return


def forget(home: Path) -> None:
    """Remove the records of a home, so that the next look reads everything."""
    for name in (_FILE, _MANIFEST, last_look.FILE):
        with contextlib.suppress(OSError):
            (home / name).unlink()


def asked_before(home: Path, manifest: Digest) -> tuple[EnvVar, ...] | None:
    """The variables that a manifest asks for, as far as that is remembered: to read YAML takes longer than all else.

    Args:
        home: The home.
        manifest: The digest of the manifest.
    """
    try:
        data = (home / _MANIFEST).read_bytes()
        end = data.find(b"\n") + 1
        if data[:end] != _head(data[end:]):
            return None
        of, asked = msgspec.json.decode(data[end:], type=tuple[str, tuple[EnvVar, ...]])
    except (OSError, msgspec.MsgspecError):
        return None
    return asked if of == manifest else None


def remember_asked(home: Path, manifest: Digest, asked: tuple[EnvVar, ...]) -> None:
    """Note the variables that a manifest asks for; a record that can't be written is no error."""
    if not (home / PRIVATE).is_dir():
        return
    body = msgspec.json.encode((str(manifest), asked))
    with contextlib.suppress(DistError):
        atomic_write(home / _MANIFEST, _head(body) + body)


def _head(body: bytes | memoryview) -> bytes:
    """The first line: a power cut or a bad disk must not make a home look as it is not."""
    return _FORMAT + hashlib.sha256(body).hexdigest().encode() + b"\n"
