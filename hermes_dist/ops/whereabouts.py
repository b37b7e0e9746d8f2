"""What became of a profile that is not there: it was renamed, deleted or archived, or there never was one."""

from __future__ import annotations

from hermes_dist.decide.near import near
from hermes_dist.errors import DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context, Renamed
from hermes_dist.ops.profiles.trash_and_archive import stored_profiles
from hermes_dist.ops.renames import called_now

_FEW = 5


def missing_profile(ctx: Context, name: ProfileName) -> DistError:
    """Make the error for a profile that is not there.

    Args:
        ctx: The context.
        name: Its name.

    Returns:
        The error says what became of it, as far as that is known; else it names the close names, or all if there are
        few.
    """
    now = called_now(ctx.layout, name)
    if now is None:
        return put_away(ctx, name) or _unknown(ctx, name)
    if ctx.layout.home(now).is_dir():
        return Renamed(name, now)
    gone = put_away(ctx, now)
    if gone is None:
        return _unknown(ctx, name)
    gone.what = f"the profile {str(name)!r} was renamed to {str(now)!r}, and {gone.what}"
    return gone


def put_away(ctx: Context, name: ProfileName) -> DistError | None:
    """Make the error for a profile that was deleted or archived; None if it was not."""
    for stored in stored_profiles(ctx):
        if stored.name == name:
            done = "deleted" if stored.place == "trash" else "archived"
            return DistError(
                f"the profile {str(name)!r} was {done}",
                where=str(name),
                hint="bring it back with",
                command=f"restore {name}",
            )
    return None


def _unknown(ctx: Context, name: ProfileName) -> DistError:
    known, command = [str(each) for each in ctx.names()], ""
    parts = [each for each in known if each in name]
    close = list(dict.fromkeys([*near(name, known), *parts]))[:3]
    if close:
        hint = f"did you mean {' or '.join(close)}? {ctx.command('list')} lists them all"
    elif 0 < len(known) <= _FEW:
        hint = f"the profiles here: {', '.join(known)}"
    elif known:
        hint, command = "see what there is with", "list"
    else:
        hint, command = "there is none yet; install an agent with", "install SOURCE"
    return DistError(
        f"there is no profile {str(name)!r}",
        where=str(ctx.layout.profiles),
        hint=hint,
        command=command,
    )
