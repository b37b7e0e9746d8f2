"""The front door: install and remove our launcher, which has the agent's own name."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from hermes_dist.brand import Layout
from hermes_dist.decide.profiles.launcher import front_door_script, is_front_door
from hermes_dist.errors import Invalid
from hermes_dist.world.agent.find import Agent, find_agent, head_of
from hermes_dist.world.agent.front_door import (
    Former,
    put_link,
    put_program,
    read_doors,
    take_away,
    write_doors,
)
from hermes_dist.world.agent.programs import find_command
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.files import read_file

_PACKAGE = Path(__file__).parents[2] / "__main__.py"


class DoorPlan(Struct, frozen=True, kw_only=True):
    """What :func:`install` would do.

    Attributes:
        launcher: Where the front door goes.
        replaces: What is there now, in words; empty for nothing or a front door of ours.
        ours: Whether a front door of ours is there already.
        text: The launcher to write; equal to the present file if there is nothing to do.
        changes: Whether anything would be written.
    """

    launcher: Path
    replaces: str
    ours: bool
    text: str
    changes: bool


class RemovalOutcome(StrEnum):
    """What :func:`remove` did at one place."""

    REMOVED = "removed"
    RESTORED = "restored"
    FOREIGN = "left alone"


class Removal(Struct, frozen=True):
    """One front door that :func:`remove` checked.

    Attributes:
        launcher: The path of the launcher.
        outcome: Removed, removed and the former command put back, or left alone because it is not ours.
        former: What was there before it, in words; empty for nothing.
    """

    launcher: Path
    outcome: RemovalOutcome
    former: str


class Door(Struct, frozen=True):
    """One front door that was installed.

    Attributes:
        launcher: The path of the launcher.
        stands: Whether our launcher is still there.
        former: What it replaced, in words; empty for nothing.
    """

    launcher: Path
    stands: bool
    former: str


class DoorStatus(Struct, frozen=True, kw_only=True):
    """The front doors of a brand, and what its command means now.

    Attributes:
        doors: Every front door that was installed.
        command: The program that the brand's command starts; None if ``PATH`` has none.
        active: Whether that program is a front door of ours.
        agent: The agent behind it; None if none is installed.
    """

    doors: tuple[Door, ...]
    command: Path | None
    active: bool
    agent: Agent | None


def plan(layout: Layout, into: Path | None = None) -> DoorPlan:
    """Plan a front door; nothing is changed.

    Args:
        layout: The layout of the brand.
        into: The folder of the launcher; ``~/.local/bin`` by default.

    Returns:
        What :func:`install` would do, to be shown to the user.

    Raises:
        Invalid: A folder is in the way, this Python does not know its own path, or the remembered state is damaged.
    """
    launcher = _launcher(layout, into)
    if launcher.is_dir():
        raise Invalid(
            "there is a folder where the command should go",
            where=str(launcher),
            hint="use --into DIR",
        )
    if not sys.executable:
        raise Invalid("this Python does not know its own path, so no launcher can name it")
    found = head_of(launcher)
    ours = is_front_door(found) and not launcher.is_symlink()
    # Never go back to a front door of ours: what it replaced is remembered.
    former = read_doors(layout).get(launcher) if ours else _former(layout, launcher)
    behind = [former.program(launcher)] if former else []
    programs = [str(program) for program in (*behind, *layout.agent_venvs())]
    text = front_door_script(layout.brand, sys.executable, str(_PACKAGE), programs)
    return DoorPlan(
        launcher=launcher,
        ours=ours,
        text=text,
        replaces="" if ours else _describe(launcher),
        changes=not (ours and found == text),
    )


def install(layout: Layout, into: Path | None = None) -> DoorPlan:
    """Put the front door in place and remember what it replaced.

    A front door that is there already is updated; what it replaced stays remembered.

    Args:
        layout: The layout of the brand.
        into: The folder of the launcher; ``~/.local/bin`` by default.

    Returns:
        What was done, in the same form as :func:`plan`.

    Raises:
        Invalid: A folder is in the way, or the remembered state is damaged.
        DistError: A file can't be written.
    """
    todo = plan(layout, into)
    doors = read_doors(layout)
    if not todo.ours:
        # Kept and remembered before it is replaced: after a crash in between, `remove` sees a
        # program that is not ours, and leaves it alone.
        doors[todo.launcher] = _put_aside(layout, todo.launcher)
        write_doors(layout, doors)
    elif todo.launcher not in doors:
        write_doors(layout, {**doors, todo.launcher: None})
    if todo.changes:
        put_program(todo.launcher, todo.text.encode("utf-8", "surrogateescape"), 0o755)
    return todo


def to_be_offered(layout: Layout, env: Mapping[str, str]) -> bool:
    """Whether to offer the front door: the brand's command starts nothing, and the user was never asked."""
    return find_command(layout.brand.name, env) is None and not layout.front_door_offer.exists()


def remember_offer(layout: Layout) -> None:
    """Remember that the user was asked, so as not to ask again.

    Raises:
        DistError: The note can't be written.
    """
    layout.shared.mkdir(parents=True, exist_ok=True, mode=0o700)
    atomic_write(layout.front_door_offer, b"asked\n")


def remove(layout: Layout, into: Path | None = None) -> tuple[Removal, ...]:
    """Remove the front door and put back what it replaced.

    A file that someone else put there since is left alone, and what we replaced stays remembered.

    Args:
        layout: The layout of the brand.
        into: The folder of the launcher; by default every front door that was installed.

    Returns:
        What happened at each place; empty if there was no front door.

    Raises:
        Invalid: The remembered state is damaged.
        DistError: A file can't be written.
    """
    doors = read_doors(layout)
    wanted = [_launcher(layout, into)] if into or not doors else sorted(doors)
    done = []
    for launcher in wanted:
        if launcher not in doors and not is_front_door(head_of(launcher)):
            continue
        removal = _remove(launcher, doors.get(launcher))
        done.append(removal)
        if removal.outcome is not RemovalOutcome.FOREIGN:
            # The copy goes last: as long as the state names it, it may still have to be put back.
            former = doors.pop(launcher, None)
            write_doors(layout, doors)
            if former is not None and former.kind == "file":
                take_away(Path(former.path))
    return tuple(done)


def status(layout: Layout, env: Mapping[str, str]) -> DoorStatus:
    """Report where front doors are and what the brand's command starts.

    Args:
        layout: The layout of the brand.
        env: The environment, for ``PATH`` and the agent.

    Raises:
        Invalid: The remembered state is damaged.
    """
    doors = read_doors(layout)
    command = find_command(layout.brand.name, env)
    return DoorStatus(
        doors=tuple(
            Door(launcher, is_front_door(head_of(launcher)), _words(former))
            for launcher, former in sorted(doors.items())
        ),
        command=command,
        active=command is not None and is_front_door(head_of(command)),
        agent=find_agent(layout, env),
    )


def _launcher(layout: Layout, into: Path | None) -> Path:
    folder = into.expanduser().absolute() if into else layout.commands
    return folder / layout.brand.name


def _describe(launcher: Path) -> str:
    if launcher.is_symlink():
        return f"a link to {launcher.readlink()}"
    return "a file" if launcher.exists() else ""


def _words(former: Former | None) -> str:
    if former is None:
        return ""
    if former.kind == "link":
        return f"a link to {former.path}"
    return f"a file, kept as {former.path}"


def _former(layout: Layout, launcher: Path) -> Former | None:
    """The file that is there, and where to keep it: a link by its target, a file as a copy that still runs."""
    if launcher.is_symlink():
        return Former("link", str(launcher.readlink()))
    if not launcher.exists():
        return None
    place = hashlib.sha256(os.fsencode(launcher)).hexdigest()[:12]
    return Former("file", str(layout.front_door_state.with_suffix("") / place / launcher.name))


def _put_aside(layout: Layout, launcher: Path) -> Former | None:
    former = _former(layout, launcher)
    if former is not None and former.kind == "file":
        put_program(Path(former.path), read_file(launcher), stat.S_IMODE(launcher.stat().st_mode))
    return former


def _remove(launcher: Path, former: Former | None) -> Removal:
    if os.path.lexists(launcher) and not is_front_door(head_of(launcher)):
        return Removal(launcher, RemovalOutcome.FOREIGN, _words(former))
    if former is None:
        take_away(launcher)
        return Removal(launcher, RemovalOutcome.REMOVED, "")
    if former.kind == "link":
        put_link(launcher, former.path)
    else:
        aside = Path(former.path)
        try:
            data, mode = read_file(aside), stat.S_IMODE(aside.stat().st_mode)
        except OSError as error:
            raise Invalid(
                "what the front door replaced is gone",
                where=str(aside),
                hint=f"delete {launcher} to go on without it",
            ) from error
        put_program(launcher, data, mode)
    return Removal(launcher, RemovalOutcome.RESTORED, _words(former))
