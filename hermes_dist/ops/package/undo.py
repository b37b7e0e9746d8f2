"""Undo the last change of a profile, or name the verb that can."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from msgspec import Struct

from hermes_dist.errors import DistError
from hermes_dist.light import NamedTuple
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.history import Past, past_of
from hermes_dist.ops.package.rollback import (
    HOLDING,
    holding,
    refuse_before_joining,
    taken_back,
)
from hermes_dist.ops.sync.state import JOINED

_UNDONE = (
    "update",
    "import",
    "rollback",
    "resolve",
    "keep",
    "unkeep",
    "discard",
    "approve",
    "layer add",
    "layer remove",
    "sync",
)
"""Changes that are undone by putting back the state before them."""
_WITHOUT_PACKAGE = ("sync", "rollback", "resolve")
"""Those of them that are undone also where there was no package before them."""

_PASSED = ("skipped", *HOLDING, "trust require")
"""What changes nothing in the home, so that undo goes on to what was done before it: notes of ours, and choices of the
user about what comes next, which stay."""


class _Instead(NamedTuple):
    """What serves instead of undoing a change: what it is for, and the command."""

    purpose: str
    command: str


_BACK = _Instead("to go further back", "rollback {name} NUMBER")
_INSTEAD: Mapping[str, _Instead] = {
    "install": _Instead("to remove the package", "uninstall {name}"),
    "layer add": _Instead("to take the layer out", "layer remove {name} {layer}"),
    "create": _Instead("to delete the profile", "delete {name}"),
    "adopt": _Instead("to give the package up", "uninstall {name} --keep-files"),
    "uninstall": _Instead("to have the package again", "rollback {name}"),
    "revoke": _Instead("to approve it again", "approve {name}"),
    "abort": _Instead("to update again", "update {name}"),
    "publish": _Instead("to have your files as before", "rollback {name} {before}"),
    JOINED: _Instead("to have your files as before", "rollback {name} {before}"),
}
"""What undoes each other change: nothing that needs an approval comes back by undoing."""


class Last(Struct, frozen=True, kw_only=True):
    """The change that is undone.

    Attributes:
        verb: The command that made it.
        number: Its generation.
        when: Its time, in seconds since the epoch; 0 if unknown.
        lock: The lock before it; None if there was none.
        part_of_update: Whether an update came before it that ``update --abort`` would take back.
        held: Whether the profile is held since, and stays so.
    """

    verb: str
    number: int
    when: float
    lock: Lock | None
    part_of_update: bool = False
    held: bool = False


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
    _refuse_renamed(ctx, name, row)
    if row.verb == JOINED:
        refuse_before_joining(ctx, home, rows, before)
    if not _is_undone(row, before):
        raise _instead(ctx, name, row, rows[_index(rows[:index])])
    tell(
        Last(
            verb=row.verb,
            number=row.number,
            when=row.when,
            lock=before.lock,
            part_of_update=any(each.verb == "update" for each in rows[:index]),
            held=bool(holding(rows[index:]) and home.lock and home.lock.held),
        )
    )
    return confirm_and_carry_out(
        ctx, lambda _: taken_back(ctx, home, rows, index, verb="undo"), request, confirm
    )


def _is_undone(row: Past, before: Past) -> bool:
    """Whether the state before a change is put back; without a package there, other changes have a way of their own."""
    if before.after is None:
        return row.verb in _WITHOUT_PACKAGE
    return row.verb in _UNDONE and before.lock is not None


def _refuse_renamed(ctx: Context, name: ProfileName, row: Past) -> None:
    """Refuse if the profile was renamed after the change: the rename is what was done last, and has its own way back.

    Raises:
        DistError: It was; the error names the command.
    """
    if row.called in (None, name) or ctx.layout.home(row.called).exists():
        return
    hint = f"to have the old name again: {ctx.command(f'rename {name} {row.called}')}"
    if row.verb in _UNDONE:
        hint += f"; then `undo` takes back the {row.verb} before it"
    raise DistError(
        f"the last change was: rename, from {row.called}; undo can't take that back",
        where=str(name),
        hint=hint,
    )


def _index(rows: list[Past]) -> int:
    """The row of the last change of the home; 0 if there is none."""
    return next((i for i in reversed(range(len(rows))) if i and rows[i].verb not in _PASSED), 0)


def _instead(ctx: Context, name: ProfileName, row: Past, before: Past) -> DistError:
    """The error for a change that is not undone so, with the command that serves."""
    serves = [_INSTEAD.get(row.verb, _BACK)]
    if row.verb == "undo" and before.verb == "update":
        serves = [_INSTEAD["abort"], _BACK]
    over = row.lock.top.over if row.lock else ()
    known = {
        "name": name,
        "before": before.number,
        "layer": shlex.quote(over[-1]) if over else "LAYER",
    }
    hint = "; ".join(f"{one.purpose}: {ctx.command(one.command.format(**known))}" for one in serves)
    if _BACK in serves:
        hint += f" (see: {ctx.command(f'history {name}')})"
    return DistError(_cannot(row.verb), where=str(name), hint=hint)


def _cannot(verb: str) -> str:
    """Say what the last change was, and that it can't be undone."""
    if verb == "undo":
        return "the last change is undone already, and undo goes back only one change"
    if not verb:
        return "it is not known what the last change was, so undo can't take it back"
    return f"the last change was: {verb}; undo can't take that back"
