"""Who may talk to a server of ours on this machine: the processes of its user."""

from __future__ import annotations

import os
from collections.abc import Mapping

from hermes_dist.world.peers import Address, user_of

__all__ = ["Address", "is_ours", "owners_of"]

_ROOT = 0


def owners_of(env: Mapping[str, str]) -> frozenset[int]:
    """The users whose processes may connect: the one that we run as, root, and who became root by sudo."""
    found = {os.geteuid(), _ROOT}
    behind = env.get("SUDO_UID", "")
    if os.geteuid() == _ROOT and behind.isdecimal():
        found.add(int(behind))
    return frozenset(found)


def is_ours(owners: frozenset[int], peer: Address, here: Address) -> bool:
    """Whether the other end of a connection belongs to one of some users, or the system does not tell whose it is."""
    user = user_of(peer, here)
    return user is None or user in owners
