"""The tab "Packages" of the agent's dashboard: install it, enable it with a yes of its own, describe it, remove it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from hermes_dist import __version__
from hermes_dist.brand import Layout
from hermes_dist.decide.plugins.troubles import Trouble, troubles_of
from hermes_dist.light import read_json
from hermes_dist.ops.plugins import folder
from hermes_dist.ops.plugins.folder import Placed, Plugin, Taken
from hermes_dist.world.agent.find import Agent, find_agent
from hermes_dist.world.files import read_file
from hermes_dist.world.load import data_folder

NAME = "hermes-dist-packages"
PROGRAM = "program.json"
"""In the folder's root: the dashboard hands out every JSON file below ``dashboard/`` to whoever asks."""
_EDITOR = Path(__file__).parents[2] / "page" / "static" / "editor.js"
"""Large, and the same as on the page alone: both load it when a text is merged."""
_FIRST = "dashboard/manifest.json"
_VERSION = b"@version@"


class Tab(Struct, frozen=True, kw_only=True):
    """The tab as it is on this machine.

    Attributes:
        placed: Its folder, and whether the agent loads it.
        program: The command line that it starts for each request; empty if it names none.
        agent: The agent; None if none is installed.
        troubles: What keeps it from working, the first thing to do first.
        version: The version that wrote the folder; empty if none of ours did.
        newest: This version.
    """

    placed: Placed
    program: tuple[str, ...]
    agent: Agent | None
    troubles: tuple[Trouble, ...]
    version: str
    newest: str


class Installed(Struct, frozen=True, kw_only=True):
    """What :func:`install` did, or would do.

    Attributes:
        before: The folder as it was, and whether the agent loaded it.
        written: Whether the folder is written.
        enabled: Whether the agent loads it afterwards.
        replaced: Where a folder of another hand is kept now; None if there was none.
        program: The command line that it starts for each request.
    """

    before: Placed
    written: bool
    enabled: bool
    replaced: Path | None
    program: tuple[str, ...]


def the_tab(layout: Layout) -> Plugin:
    """Return the tab's folder as this version puts it in place.

    Raises:
        Invalid: This Python does not know its own path, so that nothing could be started.
    """
    source = data_folder("plugins") / "dashboard"
    files = {
        path.relative_to(source).as_posix(): path.read_bytes().replace(
            _VERSION, __version__.encode()
        )
        for path in sorted(source.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
    files[f"dashboard/dist/{_EDITOR.name}"] = _EDITOR.read_bytes()
    program = folder.program_of(layout.brand, "dashboard", "answer")
    files[PROGRAM] = (json.dumps(program, indent=2, ensure_ascii=False) + "\n").encode()
    return Plugin(NAME, files, _FIRST)


Make = Callable[[Layout], Plugin]
"""Makes the folder of a plugin as this version puts it in place; by default that of the tab."""


def plan(layout: Layout, make: Make = the_tab) -> Installed:
    """Say what :func:`install` would do; nothing is changed.

    Raises:
        DistError: The folder or the settings can't be read.
    """
    tab = make(layout)
    placed = folder.look_at(layout, tab)
    return Installed(
        before=placed,
        written=not placed.current,
        enabled=placed.loaded,
        replaced=None,
        program=_argv(read_json(tab.files[PROGRAM])),
    )


def install(
    layout: Layout, planned: Installed, make: Make = the_tab, *, enable: bool, replace: bool
) -> Installed:
    """Put the tab's folder in place, and let the agent load it if somebody agreed.

    Args:
        layout: The layout of the brand.
        planned: What :func:`plan` said.
        make: Makes the folder.
        enable: Somebody agreed that the agent loads it.
        replace: Somebody agreed that a folder that is not as we left it is replaced; it is kept elsewhere.

    Returns:
        What was done.

    Raises:
        Refused: The folder is not as we left it, and nobody agreed.
        Busy: Another command holds the default home.
        DistError: The folder or the settings can't be written.
    """
    tab = make(layout)
    if enable:
        folder.made_to_enable(layout, tab)  # before the first file is written
    replaced = folder.put_in_place(layout, tab, replace_foreign=replace)
    if enable:
        folder.enable(layout, tab)
    return Installed(
        before=planned.before,
        written=planned.written,
        enabled=enable or planned.enabled,
        replaced=replaced,
        program=planned.program,
    )


def remove(layout: Layout, make: Make = the_tab) -> Taken:
    """Take the tab out of the agent's list, and remove its files; what the user changed stays.

    Raises:
        Busy: Another command holds the default home.
        DistError: Something can't be written or removed.
    """
    return folder.take_away(layout, make(layout))


def status(layout: Layout, env: Mapping[str, str], make: Make = the_tab) -> Tab:
    """Describe the tab as it is on this machine.

    Args:
        layout: The layout of the brand.
        env: The environment, for the agent.
        make: Makes the folder.

    Raises:
        DistError: The folder or the settings can't be read.
    """
    placed = folder.look_at(layout, make(layout))
    agent = find_agent(layout, env)
    marker = placed.standing.marker
    program = _program(placed.folder / PROGRAM) if marker else {}
    return Tab(
        placed=placed,
        program=_argv(program),
        agent=agent,
        troubles=troubles_of(
            placed.standing,
            placed.enabled,
            current=placed.current,
            program=_is_there(program),
            agent=agent is not None,
        ),
        version=marker.version if marker else "",
        newest=__version__,
    )


def _program(path: Path) -> Mapping[str, object]:
    try:
        found = read_json(read_file(path))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _argv(program: Mapping[str, object]) -> tuple[str, ...]:
    argv = program.get("argv")
    return tuple(map(str, argv)) if isinstance(argv, list) else ()


def _is_there(program: Mapping[str, object]) -> bool:
    argv = _argv(program)
    package = program.get("package")
    return bool(argv) and os.access(argv[0], os.X_OK) and os.path.exists(str(package))
