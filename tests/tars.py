"""Archives for tests: honest ones, and ones that nobody honest would write."""

from __future__ import annotations

import io
import struct
import tarfile
import zlib
from collections.abc import Iterable, Mapping

from hermes_dist.world.archive.header import header
from hermes_dist.world.archive.write import END, GZIP_HEAD, GzipWriter, TarWriter, in_order


class Memory:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        pass


def ours(files: Mapping[str, bytes], root: str = "bot", *, run: Iterable[str] = ()) -> bytes:
    """An archive as an export writes it."""
    out = Memory()
    tar = TarWriter(GzipWriter(out), root)
    for path in in_order(files):
        tar.add(path, [files[path]], len(files[path]), executable=path in set(run))
    tar.close()
    return bytes(out.data)


def zipped(tar: bytes, head: bytes = GZIP_HEAD) -> bytes:
    """gzip as an export writes it, around any bytes."""
    pack = zlib.compressobj(1, zlib.DEFLATED, -15, 9)
    return (
        head
        + pack.compress(tar)
        + pack.flush()
        + struct.pack("<LL", zlib.crc32(tar), len(tar) & 0xFFFFFFFF)
    )


def member(name: bytes, data: bytes = b"", **more: object) -> bytes:
    """A member with any header: the one of ours, with fields overwritten and the sum made right again."""
    short = name if len(name) <= 100 else name[:100]
    block = bytearray(header(b"x/" if name.endswith(b"/") else b"x", len(data)))
    block[:100] = short.ljust(100, b"\0")
    places = {
        "mode": 100,
        "uid": 108,
        "size": 124,
        "mtime": 136,
        "kind": 156,
        "link": 157,
        "magic": 257,
        "user": 265,
        "major": 329,
        "prefix": 345,
        "tail": 500,
    }
    for field, value in more.items():
        if field in places:
            assert isinstance(value, bytes)
            block[places[field] : places[field] + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    if "sum" in more:
        block[148:156] = b"000001\0 "
    return bytes(block) + data + bytes(-len(data) % 512)


def strict(*members: bytes, end: bytes = END) -> bytes:
    """An archive that begins as ours do."""
    return zipped(member(b"bot/") + b"".join(members) + end)


def foreign(
    *entries: tarfile.TarInfo | tuple[tarfile.TarInfo, bytes],
    style: int = tarfile.GNU_FORMAT,
    more: bytes = b"",
) -> bytes:
    """An archive as another program writes it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=style) as tar:
        for entry in entries:
            info, data = entry if isinstance(entry, tuple) else (entry, b"")
            tar.addfile(info, io.BytesIO(data) if data else None)
    raw = out.getvalue()
    return zipped(
        raw[: len(raw.rstrip(b"\0")) + (-len(raw.rstrip(b"\0")) % 512)] + more + bytes(1024),
        b"\x1f\x8b\x08\0\1\2\3\4\0\3",
    )


def info(
    name: str,
    kind: bytes = tarfile.REGTYPE,
    *,
    size: int = 0,
    mode: int = 0o644,
    link: str = "",
    pax: dict[str, str] | None = None,
) -> tarfile.TarInfo:
    """A member for :func:`foreign`."""
    made = tarfile.TarInfo(name)
    made.type, made.size, made.mode, made.linkname, made.pax_headers = (
        kind,
        size,
        mode,
        link,
        pax or {},
    )
    return made
