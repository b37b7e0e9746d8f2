"""Archives that other programs wrote, such as the agent's own: read in a child under limits, and judged as ours are.

The child knows plain tar, the long names of GNU and POSIX, and nothing more: what it passes on are names, sizes
and contents. Sparse files, links and devices are refused before their contents are looked at.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hermes_dist.errors import DistError, Invalid
from hermes_dist.world.archive.header import (
    BLOCK,
    FILE,
    FOLDER,
    KINDS,
    kind_of,
    mode_of,
    name_of,
    size_of,
    sum_is_right,
)
from hermes_dist.world.archive.inflate import Inflated
from hermes_dist.world.archive.read import CARRIED, Raw, opened, pieces_of
from hermes_dist.world.child import Bounds, Command, Stream
from hermes_dist.world.disk.limits import LIMITS, MIB, shown

_BOUNDS = Bounds(seconds=600, memory=192 * MIB, file=0, cpu=300)
_HEADER_BYTES = 64 << 10
_LINE = 64 << 10
_SIZE_DIGITS = 18
# Read as a length it is 4 GiB; no piece is that long, so it can't be meant as one.
_STOP = b"\xff" * 4
_PLAIN = (b"\0", FILE, FOLDER, b"7")
"""Kinds with a content of their own: a file in its old and new spelling, a folder, a file in one piece."""
_REFUSED = {**KINDS, b"K": "links"}


def foreign_members(path: Path, env: Mapping[str, str]) -> Iterator[Raw]:
    """The members of an archive that another program wrote.

    Args:
        path: The archive.
        env: The environment of the child.

    Raises:
        Invalid: The archive is damaged or unsafe; the error names the rule.
        DistError: The child can't be started.
    """
    # -I: neither the current folder nor PYTHON* variables choose what the child imports.
    argv = (
        sys.executable,
        "-I",
        "-c",
        f"from {__name__} import main; main()",
        str(path.absolute()),
    )
    with Stream(
        Command(argv, {key: env[key] for key in ("PATH", "TMPDIR") if key in env}), _BOUNDS
    ) as child:
        while (row := _row(child))["what"] == "member":
            left = [int(row["size"])]
            yield Raw(
                bytes.fromhex(row["name"]),
                bool(row["run"]),
                left[0],
                lambda left=left: _content(child, left),  # type: ignore[misc]  # bound per turn
            )
            for _ in _content(child, left):
                pass  # skip content that was not asked for
        if row["what"] == "error":
            raise _error_of(row)


def _error_of(row: Mapping[str, Any]) -> Invalid:
    return Invalid(str(row["error"]), where=str(row["where"]), hint=str(row["hint"]))


def _row(child: Stream) -> dict[str, Any]:
    line = child.out.readline(_LINE)
    if line.endswith(b"\n"):
        row: dict[str, Any] = json.loads(line)
        return row
    raise _gone(child)


def _gone(child: Stream) -> Invalid:
    why = (
        "takes too long"
        if child.finish().stopped
        else "needs more memory or time than an ordinary one"
    )
    return Invalid(f"the archive is not safe: reading it {why}", hint="get a fresh copy")


def _content(child: Stream, left: list[int]) -> Iterator[bytes]:
    while left[0]:
        mark = child.out.read(4)
        if mark == _STOP:
            raise _error_of(_row(child))
        size = int.from_bytes(mark, "big")
        piece = child.out.read(size)
        if len(mark) < 4 or len(piece) < size or not 0 < size <= left[0]:
            raise _gone(child)
        left[0] -= size
        yield piece


def main() -> None:
    """Run the child: read the archive named by the first argument, and write its members to standard output."""
    out, inside = sys.stdout.buffer, False
    try:
        with opened(Path(sys.argv[1])) as file:
            for name, run, size, content in _members(
                Inflated(pieces_of(file), CARRIED.total + LIMITS.total)
            ):
                out.write(
                    json.dumps(
                        {"what": "member", "name": name.hex(), "run": run, "size": size}
                    ).encode()
                    + b"\n"
                )
                inside = True
                for piece in content:
                    out.write(struct.pack(">L", len(piece)) + piece)
                inside = False
        out.write(b'{"what": "end"}\n')
    except DistError as error:
        row = {"what": "error", "error": error.what, "where": error.where, "hint": error.hint}
        out.write(_STOP * inside + json.dumps(row).encode() + b"\n")
    out.flush()


def _members(inflated: Inflated) -> Iterator[tuple[bytes, bool, int, Iterator[bytes]]]:
    told: dict[str, bytes] = {}
    while (block := inflated.block()).strip(b"\0"):
        kind, size = kind_of(block), size_of(block)
        name = told.get("path") or name_of(block)
        if not sum_is_right(block):
            raise Invalid("the archive is damaged: a header's sum is wrong", where=shown(name))
        if kind in b"xgL":
            told |= _extended_header(kind, inflated, size, shown(name))
            inflated.read(-size % BLOCK)
            continue
        size = int(told["size"]) if "size" in told else size
        if size > CARRIED.blob:
            raise Invalid(
                f"the file is too large: more than {CARRIED.blob // MIB} MiB", where=shown(name)
            )
        told = {}
        yield from _member(block, kind, name, size, inflated)
    inflated.expect_end(padded=True)


def _member(
    block: bytes, kind: bytes, name: bytes, size: int, inflated: Inflated
) -> Iterator[tuple[bytes, bool, int, Iterator[bytes]]]:
    mode = mode_of(block)
    if kind not in _PLAIN:
        what = _REFUSED.get(kind, "entries of unknown kinds")
        raise Invalid(f"the archive is not safe: {what} are not allowed", where=shown(name))
    folder = kind == FOLDER or name.endswith(b"/")
    if mode & 0o6000 and not folder:
        raise Invalid(
            f"the archive is not safe: the mode {mode:o} is not allowed", where=shown(name)
        )
    plain = name.removeprefix(b"./")
    if folder:
        if size:
            raise Invalid(
                "the archive is not safe: a folder has content of its own", where=shown(name)
            )
        if plain.strip(b"/.") or plain.startswith(b".."):
            yield plain.rstrip(b"/") + b"/", False, 0, iter(())
        return
    yield plain, bool(mode & 0o100), size, inflated.pieces(size)
    inflated.read(-size % BLOCK)


def _extended_header(kind: bytes, inflated: Inflated, size: int, where: str) -> dict[str, bytes]:
    """Return what an extended header says about the next member.

    Raises:
        Invalid: The header is too large or damaged, or describes a link or a sparse file.
    """
    if size > _HEADER_BYTES:
        raise Invalid("the archive is not safe: an extended header is too large", where=where)
    data = inflated.read(size)
    if kind == b"L":
        return {"path": data.rstrip(b"\0")}
    rows = dict(_records(data, where))
    told: dict[str, bytes] = {key: rows[key] for key in ("path", "size") if key in rows}
    if problem := _odd_records(rows) or _odd_size(told.get("size", b"0")):
        raise Invalid(f"the archive is not safe: {problem}", where=where)
    if kind == b"g" and told:  # it would name or size every member that follows
        raise Invalid("the archive is not safe: an extended header is not valid", where=where)
    return told


def _odd_records(rows: Mapping[str, bytes]) -> str:
    if any(key.startswith("GNU.sparse") for key in rows):
        return "sparse files are not allowed"
    return "an extended header is not valid" if "linkpath" in rows else ""


def _odd_size(digits: bytes) -> str:
    if not digits.isdigit():
        return "an extended header is not valid"
    return "a size is negative or too large" if len(digits) > _SIZE_DIGITS else ""


def _records(data: bytes, where: str) -> Iterator[tuple[str, bytes]]:
    while data.strip(b"\0"):
        digits = data.partition(b" ")[0]
        length = int(digits) if digits.isdigit() and len(digits) < 8 else 0
        record, data = data[:length], data[length:]
        key, equals, value = record[len(digits) + 1 : -1].partition(b"=")
        if not length or not equals or len(record) != length or record[-1:] != b"\n":
            raise Invalid("the archive is damaged: an extended header can't be read", where=where)
        yield key.decode("utf-8", "replace"), value
