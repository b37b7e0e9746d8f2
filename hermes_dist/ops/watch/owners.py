"""Who owns the chats of this machine: set at the terminal, and nowhere else."""

from __future__ import annotations

from hermes_dist.decide.near import offered
from hermes_dist.decide.watch.owners import Owner, Owners, owner_of
from hermes_dist.errors import DistError
from hermes_dist.ops.context import Context
from hermes_dist.ops.watch.state import OWNERS, changing, read_state, write_state

__all__ = ["add_owner", "owner_of", "owners_of", "remember_chat", "remove_owner"]


def owners_of(ctx: Context) -> Owners:
    """Return the owners of this machine's chats.

    Raises:
        Refused: Others could have written the file.
        DistError: It can't be read.
    """
    return read_state(ctx.layout, OWNERS, Owners())


def add_owner(ctx: Context, platform: str, person: str) -> bool:
    """Let a person command hermes-dist in a chat.

    Returns:
        Whether that person is a new owner.

    Raises:
        Refused: The platform does not vouch for who writes.
        Invalid: The id can't be one.
        DistError: The file can't be read or written.
    """
    with changing(ctx.layout):
        before = owners_of(ctx)
        after = before.adding(platform, person)
        if after != before:
            write_state(ctx.layout, OWNERS, after)
    return after != before


def remove_owner(ctx: Context, platform: str, person: str) -> None:
    """Stop a person from using /dist.

    Raises:
        DistError: That person is no owner, or the file can't be read or written.
    """
    with changing(ctx.layout):
        before = owners_of(ctx)
        after = before.without(platform, person)
        if after == before:
            known = [owner.name for owner in before.owners]
            raise DistError(
                f"{platform}:{person} is not an owner",
                hint=offered(f"{platform}:{person}", known, "the owners"),
            )
        write_state(ctx.layout, OWNERS, after)


def remember_chat(ctx: Context, owner: Owner, chat: str, profile: str) -> None:
    """Remember the direct chat in which an owner asked last, because messages to that person go there."""
    if (owner.chat, owner.profile) == (chat, profile):
        return
    with changing(ctx.layout):
        write_state(ctx.layout, OWNERS, owners_of(ctx).seen(owner, chat, profile))
