"""What the files of an archive say about their user and this machine: chats, people, folders."""

from __future__ import annotations

from hermes_dist.agents.places import MIGRATED_TO
from hermes_dist.decide.leaving.deliveries import without_chats
from hermes_dist.decide.leaving.publish import local_keys
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.model.keypath import format_key, join_place
from hermes_dist.model.left_out import Why
from hermes_dist.model.tree import Read, Tree


def about_you(files: Tree, received: Tree, read: Read) -> tuple[str, ...]:
    """The places that a publication would leave out for that reason; what the package brought says nothing.

    Args:
        files: The files that leave.
        received: What the package brought.
        read: Gives contents by digest.
    """
    found: list[str] = []
    if CONFIG in files:
        before = read(received[CONFIG].digest) if CONFIG in received else b""
        for key, why in local_keys(read(files[CONFIG].digest), before):
            if why is Why.PERSONAL and format_key(key) != MIGRATED_TO:
                found.append(join_place(CONFIG, format_key(key)))
    _, chats = without_chats(files, received, read)
    return (*found, *(left.path for left in chats))
