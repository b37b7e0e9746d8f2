"""What a profile demands to be signed: show it and choose it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.trust import is_looser
from hermes_dist.errors import Cancelled, DistError, UsageError, quoted
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_head import Demand
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.source import PinKind
from hermes_dist.ops.change.proposal import Outcome, carry_out
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.history import lock_only

VERB = "trust require"
_UNSIGNED = {PinKind.FOLDER: "a folder", PinKind.ARCHIVE: "an archive"}


class Demanded(Struct, frozen=True):
    """What a profile demands.

    Attributes:
        profile: The profile.
        demands: What its user chose; None for no choice.
        signer: The key that must sign; empty if no release was signed yet.
    """

    profile: ProfileName
    demands: Demand | None = None
    signer: str = ""

    @property
    def chosen(self) -> str:
        """The choice as a word; empty for none."""
        return str(self.demands or "")


class Change(Struct, frozen=True):
    """A choice that accepts what was refused before."""

    before: Demanded
    after: Demand


def parse_demand(text: str) -> Demand:
    """Parse a choice as typed.

    Raises:
        UsageError: It is none of the three.
    """
    try:
        return Demand(text)
    except ValueError:
        raise UsageError(
            f"{quoted(text, 40)} can't be demanded", hint="choose releases, commits or none"
        ) from None


def demanded(ctx: Context, name: ProfileName) -> Demanded:
    """Return what a profile demands.

    Raises:
        DistError: There is no lockfile, or it can't be read.
    """
    lock = open_home(ctx, name).need_lock(ctx)
    return Demanded(name, lock.demands, lock.signer)


def require(
    ctx: Context, name: ProfileName, demands: Demand, agree: Callable[[Change], bool]
) -> Outcome:
    """Choose what a profile demands; it is remembered in the lockfile.

    Args:
        ctx: The context.
        name: The profile.
        demands: What has to be signed from now on.
        agree: Asks whether to accept what was refused so far; not called if nothing is.

    Raises:
        Cancelled: The user did not agree; nothing changed.
        UsageError: The package is from a folder or an archive, which nobody signs.
        DistError: The profile has no lockfile, or it can't be written.
    """
    home = open_home(ctx, name)
    lock = home.need_lock(ctx)
    if lock.demands is demands and all(one.demands in (None, demands) for one in lock.layers):
        return Outcome(verb=VERB, profile=name, lock=lock)
    if demands is not Demand.NONE and not lock.pin.commit:
        where = _UNSIGNED.get(lock.pin.kind, "a folder")
        raise UsageError(
            f"its package is from {where}, and only {demands} of a repository are signed",
            where=str(name),
            hint=f"to keep it as it is: {ctx.command(f'hold {name}')}",
        )
    before = Demanded(name, lock.demands, lock.signer)
    if _is_looser(lock, demands) and not agree(Change(before, demands)):
        raise Cancelled("cancelled, nothing changed")
    # The choice is about all of the profile: what was demanded of a package before it became a layer gives way.
    packages = (*(replace(one, demands=None) for one in lock.layers), lock.top)
    chosen = replace(lock, packages=packages).with_top(demands=demands)
    return carry_out(ctx, lock_only(ctx, home, chosen, VERB))


def _is_looser(lock: Lock, demands: Demand) -> bool:
    """Whether the choice lets something pass of any package that was refused before."""
    return any(
        is_looser(
            lock.demands if one.demands is None else one.demands, demands, expected=one.signer
        )
        for one in lock.packages
    )


def demanded_if_known(ctx: Context, name: ProfileName) -> Demanded:
    """Return what a profile demands; nothing without a lockfile that can be read."""
    try:
        return demanded(ctx, name)
    except DistError:
        return Demanded(name)
