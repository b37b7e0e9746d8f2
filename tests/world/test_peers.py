"""Whose process is at the other end of a connection."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from hermes_dist.world.peers import Address, asked_kernel, read_tables, user_of


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        found.listen()
        yield found


def ends(listening: socket.socket) -> tuple[Address, Address, socket.socket]:
    taken, peer = listening.accept()
    return peer, taken.getsockname(), taken


def test_our_own_connection_is_ours_by_both_ways(listening: socket.socket) -> None:
    with socket.create_connection(listening.getsockname()):
        peer, here, taken = ends(listening)
        with taken:
            # None where the system does not tell, or forbids one of the ways.
            for way in (user_of, read_tables, asked_kernel):
                assert way(peer, here) in (os.geteuid(), None)


@pytest.mark.needs("root")
def test_that_of_another_user_is_theirs(listening: socket.socket) -> None:
    child = os.fork()
    if not child:
        os.setuid(65534)
        with socket.create_connection(listening.getsockname()) as connection:
            connection.recv(1)
        os._exit(0)
    peer, here, taken = ends(listening)
    with taken:
        assert user_of(peer, here) in (65534, None)
        assert read_tables(peer, here) in (65534, None)
    os.waitpid(child, 0)


def test_a_connection_that_is_not_there_has_no_user(listening: socket.socket) -> None:
    here = listening.getsockname()
    assert user_of(("127.0.0.1", 1), here) is None
    assert user_of(here, ("127.0.0.1", 1)) is None
