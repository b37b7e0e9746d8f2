"""What became of a missing profile: renamed, deleted, archived, or it never existed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from hermes_dist.brand import Layout
from hermes_dist.decide.near import near
from hermes_dist.errors import DistError, Invalid, NoSuchProfile, Renamed
from hermes_dist.lazily import later
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.renames import called_now
from hermes_dist.ops.stored import stored_in
from hermes_dist.world.files import read_file

with later():
    from hermes_dist.decide.profiles.lifecycle import Move

_FEW = 5


def incomplete(layout: Layout, name: ProfileName | None = None) -> DistError | None:
    """Make the error for a profile that was being renamed, made or put away when that was cut short.

    Args:
        layout: Where the homes are.
        name: Its name, before or after; None for any.

    Returns:
        The error names the command that completes it; None if nothing of this profile is incomplete.
    """
    try:
        data = read_file(layout.moving)
    except OSError:
        return None
    try:
        move = Move.decode(data)
    except Invalid:
        return None
    if name not in (None, move.name, move.to):
        return None
    to = f" to {move.to!r}" if move.verb == "rename" else ""
    return DistError(
        f"{move.verb} {move.name!r}{to} was cut short, or is not done yet",
        where=str(name or move.name),
        hint="repeat that command, which completes it, or run",
        command="doctor --fix",
    )


def missing_profile(layout: Layout, name: ProfileName, known: Iterable[ProfileName]) -> DistError:
    """Make the error for a profile that is not there.

    Args:
        layout: Where the homes are.
        name: Its name.
        known: The profiles that are there.

    Returns:
        The error says what became of it, as far as that is known; else it names the close names, or all if there are
        few.
    """
    if half := incomplete(layout, name):
        return half
    now = called_now(layout, name)
    if now is None:
        return put_away(layout, name) or _unknown(layout, name, known)
    if layout.home(now).is_dir():
        return Renamed(name, now)
    gone = put_away(layout, now)
    if gone is None:
        return _unknown(layout, name, known)
    gone.what = f"the profile {str(name)!r} was renamed to {str(now)!r}, and {gone.what}"
    return gone


def named_by_variable(error: DistError, variable: str, home: Path) -> DistError:
    """Return the error for a missing profile that nobody typed: a variable names it.

    Args:
        error: The error that says what became of the profile.
        variable: The variable's name.
        home: The home that it names.
    """
    error.what = f"{variable} names {home}, but {error.what}"
    error.hint = f"unset {variable}, or name another profile; {error.hint}"
    return error


def put_away(layout: Layout, name: ProfileName) -> DistError | None:
    """Make the error for a profile that was deleted or archived; None if it was not."""
    for stored in stored_in(layout):
        if stored.name == name:
            done = "deleted" if stored.place == "trash" else "archived"
            return DistError(
                f"the profile {str(name)!r} was {done}",
                where=str(name),
                hint="bring it back with",
                command=f"restore {name}",
            )
    return None


def _unknown(layout: Layout, name: ProfileName, there: Iterable[ProfileName]) -> DistError:
    known, command = [str(each) for each in there], ""
    parts = [each for each in known if each in name]
    close = list(dict.fromkeys([*near(name, known), *parts]))[:3]
    if close:
        hint, command = f"did you mean {' or '.join(close)}? All of them", "list"
    elif 0 < len(known) <= _FEW:
        hint = f"the profiles here: {', '.join(known)}"
    elif known:
        hint, command = "see what there is with", "list"
    else:
        hint, command = "there is none yet; install an agent with", "install SOURCE"
    place = str(layout.profiles)
    return NoSuchProfile(str(name), place, hint=hint, command=command, is_near=bool(close))


def named_by_folder(layout: Layout, names: Sequence[ProfileName], text: str) -> str:
    """What to write instead of the home of a profile, or of a path in it; empty for any other place."""
    place = os.path.realpath(os.path.expanduser(text))
    # The home of the default profile holds the others, so it comes last.
    for name in reversed(names):
        home = os.path.realpath(layout.home(name))
        if place == home:
            return str(name)
        if place.startswith(f"{home}{os.sep}"):
            return shlex.join([name, place[len(home) + 1 :]])
    return ""
