"""Contents packed inside a file: zip members, gzip streams, rows of SQLite databases, notebook cells.

They are read from bytes alone, within limits; a damaged part is skipped. Zip members are found
by their local headers, so a member that the central directory does not list is seen, too.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import islice

from hermes_dist.light import read_json

_DEEPEST = 3
_MOST = 64 << 20
_MOST_MEMBERS = 20_000
_ZIP = b"PK\x03\x04"
_GZIP = b"\x1f\x8b\x08"
_SQLITE = b"SQLite format 3\0"
_HEADER = struct.Struct("<4xHHHHHIIIHH")
_STORED, _DEFLATED = 0, 8
_LEAF = 13
_CODINGS = {2: "utf-16-le", 3: "utf-16-be"}
_SIZES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}
"""The size in bytes of a column in a row, by its type."""
_MOST_NESTED = 20
_HEAD = 50_000
"""How far into a file an archive may begin: a program may come before it."""


def members_of(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the packed contents of a file with names to show, up to three levels deep."""
    left = _MOST
    for name, content in islice(_unpacked(data, 1), _MOST_MEMBERS):
        left -= len(content)
        if left < 0:
            return
        yield name, content


def holds_members(head: bytes) -> bool:
    """Whether a file that begins like this is read as a whole: its packed contents could cross the edge of a chunk."""
    return head.startswith((_ZIP, _GZIP, b"{"))


def _unpacked(data: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    for name, content in _direct(data):
        yield name, content
        if depth < _DEEPEST:
            yield from (
                (f"{name}/{inner}", found) for inner, found in _unpacked(content, depth + 1)
            )


def _direct(data: bytes) -> Iterator[tuple[str, bytes]]:
    if data.startswith(_SQLITE):
        yield from _rows(data)
    elif data.startswith(_GZIP):
        yield "its content", _inflated(data, 31)
    elif _ZIP in data[:_HEAD]:
        yield from _zipped(data)
    elif data[:1] == b"{" and b'"nbformat"' in data and b'"cells"' in data:
        yield from _cells(data)


def _inflated(data: bytes, window: int) -> bytes:
    machine = zlib.decompressobj(window)
    try:
        return machine.decompress(data, _MOST)
    except zlib.error:
        return b""


def _zipped(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = data.find(_ZIP)
    while at >= 0 and at + 4 + _HEADER.size - 4 <= len(data):
        flags, method, size, named, extra = _local(data, at)
        name = data[at + 30 : at + 30 + named].decode("utf-8", "replace")
        begin = at + 30 + named + extra
        # With flag 8 the size follows the content, so the member may go on to the end of the file.
        end = len(data) if flags & 8 or not size else begin + size
        content, used = _member(data, begin, end, method)
        if content:
            yield name, content
        at = data.find(_ZIP, begin + used)


def _local(data: bytes, at: int) -> tuple[int, int, int, int, int]:
    _, flags, method, _, _, _, size, _, named, extra = _HEADER.unpack_from(data, at)
    return flags, method, size, named, extra


def _member(data: bytes, begin: int, end: int, method: int) -> tuple[bytes, int]:
    """Return the content of a member, and the number of bytes it occupies."""
    if method == _STORED:
        # Without a size, a member ends where the next one begins.
        following = data.find(_ZIP, begin) if end == len(data) else -1
        if following >= 0:
            end = following
        return data[begin:end], end - begin
    if method != _DEFLATED:
        return b"", 0
    machine = zlib.decompressobj(-15)
    packed = memoryview(data)[begin:end]
    try:
        content = machine.decompress(packed, _MOST)
    except zlib.error:
        return b"", 0
    return content, len(packed) - len(machine.unused_data) - len(machine.unconsumed_tail)


def _rows(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the rows of a database as one text: one line for each row, with separated columns."""
    size = int.from_bytes(data[16:18], "big")
    if size == 1:
        size = 65536  # too large for the two bytes of the field
    if size < 512:
        return
    coding = _CODINGS.get(int.from_bytes(data[56:60], "big"), "utf-8")
    lines = [
        line for begin in range(0, len(data), size) for line in _page(data, begin, size, coding)
    ]
    yield "a row", "\n\n".join(lines).encode()


def _page(data: bytes, begin: int, size: int, coding: str) -> Iterator[str]:
    head = begin or 100  # the first page begins with the header of the file
    if data[head : head + 1] != bytes([_LEAF]):
        return
    count = int.from_bytes(data[head + 3 : head + 5], "big")
    for number in range(min(count, size // 4)):
        place = head + 8 + 2 * number
        at = begin + int.from_bytes(data[place : place + 2], "big")
        yield " | ".join(_row(data, at, begin + size, coding))


def _row(data: bytes, at: int, end: int, coding: str) -> Iterator[str]:
    _, at = _number(data, at)
    _, at = _number(data, at)
    length, start = _number(data, at)
    types = at + length
    body = types
    while start < types and body < end:
        kind, start = _number(data, start)
        width = _SIZES.get(kind, max(0, kind - 12) // 2)
        column = data[body : min(body + width, end)]
        # Even types are blobs, odd ones are texts in the coding of the database; the rest are numbers.
        if kind >= 12 and kind % 2:
            yield column.decode(coding, "replace")
        elif kind >= 12:
            yield column.decode("utf-8", "replace")
        body += width


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return a varint of one to nine bytes, and the position after it."""
    value = 0
    # Past the end of a damaged file, every byte counts as 0.
    octets = data[at : at + 9].ljust(9, b"\0")
    for count in range(8):
        value = value << 7 | octets[count] & 0x7F
        if octets[count] < 0x80:
            return value, at + count + 1
    return value << 8 | octets[8], at + 9


def _cells(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the sources and outputs of a notebook as plain text, without JSON syntax."""
    try:
        book = read_json(data)
    except ValueError:
        return
    cells = book.get("cells") if isinstance(book, dict) else None
    for number, cell in enumerate(cells if isinstance(cells, list) else (), 1):
        texts = list(_texts(cell, 0))
        yield f"cell {number}", "\n".join(texts).encode("utf-8", "replace")


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and all(isinstance(part, str) for part in value):
        yield "".join(value)
    elif isinstance(value, list | dict) and depth < _MOST_NESTED:
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part, depth + 1)
