"""What making, renaming, putting away and restoring profiles did, or would do."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from hermes_dist.model.notes import Note
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.stored import Place


class Made(Struct, frozen=True, kw_only=True):
    """A profile that was made, or would be.

    Attributes:
        name: The profile.
        path: Its home.
        alias: The command that starts it, or would; empty for none.
        on_path: Whether the shell finds that command.
        skills: How many bundled skills the agent added.
        source: The profile it was cloned from; empty for a blank one.
        variables: The names of the variables of ``.env`` that the clone has; no values.
        left_out: Keys of channels, and logins, that were not copied.
        credentials: Stores of keys and logins that only the original keeps.
        notes: What else to say.
    """

    name: ProfileName
    path: Path
    alias: str = ""
    on_path: bool = True
    skills: int = 0
    source: str = ""
    variables: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


class Renamed(Struct, frozen=True, kw_only=True):
    """A profile that was renamed.

    Attributes:
        stopped: What was stopped first, in words.
        commands: The commands that start it now.
        gateway: Its gateway runs, and is stopped first; in a dry run only.
        sticky: It stays the profile that commands without ``-p`` use.
        services: Its service files now.
        notes: Related things that could not be changed.
    """

    old: ProfileName
    new: ProfileName
    path: Path
    stopped: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    gateway: bool = False
    sticky: bool = False
    services: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


class Belongings(Struct, frozen=True, kw_only=True):
    """What would go together with a profile, to be shown first.

    Attributes:
        gateway: Whether its gateway runs.
        commands: The commands that start it.
        services: Its service files.
        sticky: It is the profile that commands without ``-p`` use.
        routes: How many gateway routes lead to it.
        package: Whether it holds a package.
        tasks: How many open tasks on the agent's boards are assigned to it.
        settings: Notes of the settings of boards that name it.
    """

    name: ProfileName
    path: Path
    gateway: bool
    commands: tuple[str, ...]
    services: tuple[str, ...]
    sticky: bool
    routes: int
    package: bool
    tasks: int = 0
    settings: tuple[Note, ...] = ()


class Gone(Struct, frozen=True, kw_only=True):
    """A profile that was put away.

    Attributes:
        path: The path of the home now; the old path if it was erased.
        purged: It was erased for good.
        stopped: What was stopped first, in words.
        expired: How many expired homes were removed from the trash at the same time.
        notes: Related things that could not be done.
    """

    leaving: Belongings
    path: Path
    purged: bool = False
    stopped: tuple[str, ...] = ()
    expired: int = 0
    notes: tuple[Note, ...] = ()


class Back(Struct, frozen=True, kw_only=True):
    """A profile that was restored.

    Attributes:
        was: The name it had before.
        place: Where it was.
        services: Its service files, which are in place again but not started.
        commands: The commands that start it again.
        was_sticky: It was the profile that commands without ``-p`` use, and no longer is.
        stored: Where its home was put away.
    """

    name: ProfileName
    was: ProfileName
    path: Path
    place: Place
    commands: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    was_sticky: bool = False
    stored: Path = Path()
    notes: tuple[Note, ...] = ()


Shown = Made | Renamed | Belongings | Back
"""What a verb shows before it is confirmed."""


class Planned(Struct, frozen=True):
    """What making, moving or restoring a profile would do.

    Attributes:
        name: The profile.
        what: What would be done, as the verb shows it before it is confirmed.
        plan: The digest that a yes to it refers to.
    """

    name: ProfileName
    what: Shown
    plan: str
