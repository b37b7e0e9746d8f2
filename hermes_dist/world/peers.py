"""Whose process is at the other end of a connection on this machine, as Linux tells it."""

from __future__ import annotations

import socket
import struct
import sys
from pathlib import Path

Address = tuple[str, int]

_NETLINK_FAMILY = 16
_SOCK_DIAG = 4
_BY_FAMILY = 20
_REQUEST = 1
_ALL_STATES = 0xFFFFFFFF
_HEAD = struct.Struct("=IHHII")
_QUESTION = struct.Struct("=BBBBI")
_ENDS = struct.Struct("!HH16s16s")
_ANY_DEVICE_NO_COOKIE = struct.pack("=III", 0, _ALL_STATES, _ALL_STATES)
_ANSWER = struct.Struct("=4s48sIIIII")
_TABLES = (("/proc/net/tcp", b""), ("/proc/net/tcp6", b"0000000000000000FFFF0000"))
"""The kernel's tables, and how each begins an IPv4 address: the second holds those of IPv6 sockets."""
_USER = 7
"""Which field of a row is the user."""


def user_of(peer: Address, here: Address) -> int | None:
    """Find the user whose process holds the other end of a connection over IPv4.

    Args:
        peer: The other end.
        here: Our end.

    Returns:
        The number of the user; None if the system does not tell.
    """
    asked = asked_kernel(peer, here)
    return read_tables(peer, here) if asked is None else asked


def asked_kernel(peer: Address, here: Address) -> int | None:
    """Ask the kernel for this one connection: however many there are, that takes microseconds."""
    ends = _ENDS.pack(peer[1], here[1], socket.inet_aton(peer[0]), socket.inet_aton(here[0]))
    question = _QUESTION.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, _ALL_STATES)
    body = question + ends + _ANY_DEVICE_NO_COOKIE
    head = _HEAD.pack(_HEAD.size + len(body), _BY_FAMILY, _REQUEST, 1, 0)
    try:
        with socket.socket(_NETLINK_FAMILY, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(1)
            kernel.sendto(head + body, (0, 0))
            reply = kernel.recv(4096)
    except OSError:
        return None
    if _HEAD.unpack_from(reply)[1] != _BY_FAMILY or len(reply) < _HEAD.size + _ANSWER.size:
        return None
    _, found, *_, user, _inode = _ANSWER.unpack_from(reply, _HEAD.size)
    # A socket that listens on that port is another one.
    return int(user) if found.startswith(ends) else None


def read_tables(peer: Address, here: Address) -> int | None:
    """Look into the table of all connections, where the kernel may not be asked."""
    for table, lead in _TABLES:
        try:
            rows = Path(table).read_bytes()
        except OSError:
            continue
        at = rows.find(b" %b%b %b%b " % (lead, _spelled(peer), lead, _spelled(here)))
        if at >= 0:
            row = rows[rows.rfind(b"\n", 0, at) + 1 : rows.find(b"\n", at)]
            return int(row.split()[_USER])
    return None


def _spelled(address: Address) -> bytes:
    """An address as the table has it: in the order of this machine's bytes."""
    host, port = address
    return b"%08X:%04X" % (int.from_bytes(socket.inet_aton(host), sys.byteorder), port)
