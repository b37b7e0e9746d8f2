"""The tar header of one file in an archive: write ours, and read the fields of any.

Python's tarfile packs ours: one of each kind, into which names and sizes are filled. Reading stays by hand: tarfile is
lenient where an untrusted archive must be refused, and believes sizes and links before anybody has looked at them.
"""

from __future__ import annotations

from functools import cache
from tarfile import DIRTYPE, REGTYPE, USTAR_FORMAT, TarInfo

from hermes_dist.errors import Invalid

BLOCK = 512
FILE, FOLDER = REGTYPE, DIRTYPE
KINDS = {
    b"1": "hard links",
    b"2": "symlinks",
    b"3": "devices",
    b"4": "devices",
    b"6": "FIFOs",
    b"S": "sparse files",
}
"""Kinds of members that no archive may have, in words."""
_HUGE = 1 << 60
_SIZE = slice(124, 136)
_DIGITS = slice(124, 135)
_DEVICES = slice(329, 345)
_SUM = slice(148, 156)
SHORT = 100
"""A name of this many bytes has room in one field; a longer one is divided between two."""
_MOST = 8**11


def header(name: bytes, size: int, *, executable: bool = False) -> bytes:
    """Pack the one header for a name; a folder's ends with ``/``.

    Raises:
        ValueError: The name or the size does not fit.
    """
    folder = name.endswith(b"/")
    if not 0 < len(name) <= SHORT or not name[0] or not 0 <= size < _MOST:
        return _packed(name, size, folder=folder, executable=executable)
    start, middle, end, total = _form(folder=folder, executable=executable)
    digits = b"%011o" % size
    total += sum(name) + sum(digits)
    return b"%b%b%b%b%06o\0 %b" % (name.ljust(SHORT, b"\0"), start, digits, middle, total, end)


def read_plain(block: bytes, *, executable: bool) -> tuple[bytes, int] | None:
    """Return the name and size in a header with a short name; None unless it is the one that is packed for these."""
    name = block[:SHORT].rstrip(b"\0")
    digits = block[_DIGITS]
    if not name or not digits.isdigit() or b"\0" in name:
        return None
    start, middle, end, total = _form(folder=name.endswith(b"/"), executable=executable)
    total += sum(name) + sum(digits)
    rest = b"%b%b%b%06o\0 %b" % (start, digits, middle, total, end)
    return (name, int(digits, 8)) if block[SHORT:] == rest else None


@cache
def _form(*, folder: bool, executable: bool) -> tuple[bytes, bytes, bytes, int]:
    """A header without a name and a size: what stands before the size, before the sum and behind it, and the sum."""
    block = _packed(b"a/" if folder else b"a", 0, folder=folder, executable=executable)
    total = _total(block) - sum(block[:SHORT]) - sum(block[_SIZE])
    return block[SHORT : _SIZE.start], block[_SIZE.stop - 1 : _SUM.start], block[_SUM.stop :], total


def _packed(name: bytes, size: int, *, folder: bool, executable: bool) -> bytes:
    """Pack a header as tarfile does, but for two fields."""
    info = TarInfo(name.decode("utf-8", "surrogateescape"))
    info.type = FOLDER if folder else FILE
    info.mode = 0o755 if folder or executable else 0o644
    info.size = size
    block = bytearray(info.tobuf(USTAR_FORMAT, "utf-8", "surrogateescape"))
    if not block[0]:
        raise ValueError("the name is all prefix, which not every program can read")
    # tarfile leaves these fields empty, but archives of ours have had zeros in them from the first version on,
    # and older versions refuse anything else
    block[_DEVICES] = b"0000000\0" * 2
    block[_SUM] = b"%06o\0 " % _total(block)
    return bytes(block)


def _total(block: bytes | bytearray) -> int:
    """Add the bytes of a header up, with spaces where the sum itself stands."""
    return sum(block) - sum(block[_SUM]) + 8 * ord(" ")


def kind_of(block: bytes) -> bytes:
    """Return the letter for the kind of a member."""
    return block[156:157]


def name_of(block: bytes) -> bytes:
    """Return the name of a member."""
    name = block[:100].partition(b"\0")[0]
    prefix = block[345:500].partition(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def size_of(block: bytes) -> int:
    """Return the size of a member's content.

    Raises:
        Invalid: The field is not a number, or is negative or huge.
    """
    return _number(block[_SIZE])


def mode_of(block: bytes) -> int:
    """Return the mode of a member.

    Raises:
        Invalid: The field is not a number, or is negative or huge.
    """
    return _number(block[100:108])


def sum_is_right(block: bytes) -> bool:
    """Return whether the sum of a header is right, in any of the spellings that programs use."""
    total = _total(block)
    return block[_SUM].strip(b" \0") in {b"%0*o" % (width, total) for width in (1, 5, 6, 7)}


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # GNU's binary spelling, for what has no room in octal
        number = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] & 0x40 or number >= _HUGE:
            raise Invalid("the archive is not safe: a size is negative or too large")
        return number
    text = field.strip(b" \0")
    if text.strip(b"01234567"):
        raise Invalid("the archive is damaged: a field is not a valid number")
    return int(text or b"0", 8)
