"""Unpack gzip in bounded memory; refuse trailing data, and files that unpack to far more than their size."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from hermes_dist.errors import Invalid
from hermes_dist.world.archive.header import BLOCK

# 300 honest small skills unpack to 61 times their size: a lower limit would come close.
_RATIO = 200
_FREE = 16 << 20
"""This many bytes may unpack at any ratio; beyond it, the ratio is limited."""
_STEP = 1 << 18


def cut_short() -> Invalid:
    """The error for an archive that ends too early."""
    return Invalid("the archive is damaged: it ends too early", hint="get a fresh copy")


class Inflated:
    """The unpacked content of a gzip file, as a stream.

    Args:
        chunks: The file, piece by piece.
        most: The largest number of bytes that it may unpack to.
    """

    def __init__(self, chunks: Iterator[bytes], most: int) -> None:
        self._chunks = chunks
        self._most = most
        self._zip = zlib.decompressobj(31)
        self._pending = b""
        self._in = self._out = 0
        self._held = b""
        self._at = 0

    def block(self) -> bytes:
        """The next 512 bytes."""
        return self.read(BLOCK)

    def read(self, size: int) -> bytes:
        """Read exactly this many bytes.

        Raises:
            Invalid: The file has fewer bytes, is damaged, or unpacks to too much.
        """
        end = self._at + size
        if end <= len(self._held):  # most often
            part, self._at = self._held[self._at : end], end
            return part
        return b"".join(self.pieces(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        """Read this many bytes, piece by piece."""
        while size:
            if self._at == len(self._held):
                self._held, self._at = self._more(), 0
                if not self._held:
                    raise cut_short()
            part = self._held[self._at : self._at + size]
            self._at += len(part)
            size -= len(part)
            yield part

    def expect_end(self, *, padded: bool = False) -> None:
        """Make sure that nothing follows.

        Args:
            padded: Zeros may follow, as other programs write them.

        Raises:
            Invalid: More data follows, or the file is damaged.
        """
        data = self._held[self._at :]
        while data := data or self._more():
            if not padded or data.strip(b"\0"):
                raise Invalid("the archive is not safe: there is data after its end")
            data = b""
        if not self._zip.eof:
            raise cut_short()
        if self._zip.unused_data or self._pending or next(self._chunks, b""):
            raise Invalid("the archive is not safe: there is data after its end")

    def _more(self) -> bytes:
        while not self._zip.eof:
            if not self._pending:
                self._pending = next(self._chunks, b"")
                self._in += len(self._pending)
                if not self._pending:
                    return b""
            try:
                data = self._zip.decompress(self._pending, _STEP)
            except zlib.error:
                raise Invalid(
                    "the archive is damaged, or not a gzip file", hint="get a fresh copy"
                ) from None
            self._pending = self._zip.unconsumed_tail
            self._out += len(data)
            self._check()
            if data:
                return data
        return b""

    def _check(self) -> None:
        if self._out > self._most:
            raise Invalid(
                f"the archive is too large: it unpacks to more than {self._most >> 20} MiB"
            )
        if self._out > _FREE and self._out > _RATIO * self._in:
            raise Invalid(
                f"the archive is not safe: it unpacks to more than {_RATIO} times its size",
                hint="ordinary archives do not",
            )
