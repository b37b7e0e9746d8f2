"""Undo the last change of a profile, whatever it was; or name the verb that serves instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from hermes_dist.errors import DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.history import Past, past_of
from hermes_dist.ops.package.rollback import taken_back
from hermes_dist.ops.profiles import trash_and_archive

_UNDONE = ("update", "import", "rollback", "resolve", "keep", "unkeep", "approve")
"""Changes that are undone by putting back the state before them."""
_INSTEAD: Mapping[str, str] = {
    "install": "uninstall {name}",
    "create": "delete {name}",
    "adopt": "uninstall {name} --keep-files",
    "uninstall": "rollback {name}",
    "revoke": "approve {name}",
    "hold": "unhold {name}",
    "unhold": "hold {name}",
    "trust require": "trust require {name}",
    "abort": "update {name}",
    "undo": "rollback {name} {before}",
    "publish": "rollback {name} {before}",
}
"""The command that undoes each other change: nothing that needs an approval comes back by undoing."""


class Last(Struct, frozen=True, kw_only=True):
    """The change that is undone.

    Attributes:
        verb: The command that made it.
        number: Its generation.
        when: Its time, in seconds since the epoch; 0 if unknown.
        package: The package before it, with its version.
        part_of_update: Whether an update came before it that ``update --abort`` would take back.
    """

    verb: str
    number: int
    when: float
    package: str
    part_of_update: bool = False


def undo(
    ctx: Context,
    name: ProfileName,
    request: Request,
    confirm: Confirm,
    tell: Callable[[Last], None],
) -> Outcome:
    """Put back the state before the last change, in every file untouched since; later edits stay and are listed.

    Args:
        ctx: The context.
        name: The profile.
        request: The options; only the dry run matters.
        confirm: Shows the proposal and asks for confirmation.
        tell: Called first, with what is undone.

    Raises:
        DistError: Nothing can be undone so; the error names the command that serves.
    """
    home = open_home(ctx, name)
    rows = past_of(home)
    index = _index(rows)
    if not index:
        raise DistError(
            "there is nothing to undo",
            where=str(name),
            hint=f"see: {ctx.command(f'history {name}')}",
        )
    row, before = rows[index], rows[index - 1]
    if row.verb not in _UNDONE or before.lock is None:
        raise _instead(ctx, name, row, before)
    tell(
        Last(
            verb=row.verb,
            number=row.number,
            when=row.when,
            package=f"{before.lock.name} {before.lock.pin.version} @ {before.lock.pin.short}",
            part_of_update=any(each.verb == "update" for each in rows[:index]),
        )
    )
    return confirm_and_carry_out(
        ctx, lambda _: taken_back(ctx, home, rows, index, verb="undo"), request, confirm
    )


def _index(rows: list[Past]) -> int:
    """The row of the last change; 0 if there is none. A note of ours that a file was left alone is no change."""
    return next((i for i in reversed(range(len(rows))) if i and rows[i].verb != "skipped"), 0)


def _instead(ctx: Context, name: ProfileName, row: Past, before: Past) -> DistError:
    """The error for a change that is not undone so, with the command that serves."""
    words = _INSTEAD.get(row.verb, "history {name}")
    if row.verb == "undo" and before.verb == "update":
        words = _INSTEAD["abort"]
    command = ctx.command(words.format(name=name, before=before.number))
    said = row.verb or "one that is not known"
    return DistError(
        f"the last change was {said}, which undo does not take back",
        where=str(name),
        hint=f"this serves: {command}",
    )


def missing(ctx: Context, name: str) -> DistError | None:
    """The error for a profile that was put away; None if it was not."""
    for stored in trash_and_archive.stored_profiles(ctx):
        if stored.name == name:
            done = "archived"
            if stored.place == "trash":
                done = "deleted"
            return DistError(
                f"the profile {name!r} was {done}",
                where=name,
                hint=f"bring it back with: {ctx.command(f'restore {name}')}",
            )
    return None
