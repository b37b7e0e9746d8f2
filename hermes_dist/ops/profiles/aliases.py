"""Aliases of profiles: plan, write, remove and list the commands that start them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from hermes_dist.agents.places import PROFILES
from hermes_dist.brand import Layout
from hermes_dist.decide.profiles.aliases import (
    Owner,
    alias_script,
    check_alias,
    owner_of,
    path_line,
    profile_of,
)
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.light import NamedTuple
from hermes_dist.model.paths import AliasName, ProfileName
from hermes_dist.world.agent.find import head_of
from hermes_dist.world.agent.front_door import put_program, take_away
from hermes_dist.world.agent.programs import find_command, search_path
from hermes_dist.world.agent.services import home_in, is_usual

with later():
    from hermes_dist.model.notes import Note, NoteKind


class Alias(NamedTuple):
    """A command that starts a profile.

    Attributes:
        name: The command.
        profile: The profile.
        path: Its script.
        ours: True if we wrote it, False if the agent did.
    """

    name: str
    profile: ProfileName
    path: Path
    ours: bool


class AliasPlan(NamedTuple):
    """An alias to write.

    Attributes:
        alias: The alias.
        text: Its script.
        replaces: The alias of that name that exists now; None for none.
        on_path: Whether the folder of aliases is on ``PATH``, so that the shell finds the command.
    """

    alias: Alias
    text: str
    replaces: Alias | None
    on_path: bool


def line_for_path(layout: Layout, env: Mapping[str, str]) -> str:
    """The command that puts the folder of aliases on ``PATH`` for good, in the user's shell."""
    return path_line(env.get("SHELL", ""), str(layout.commands), str(layout.user_home))


def off_path(layout: Layout, env: Mapping[str, str], name: str) -> Note:
    """The note that the shell does not find a command yet, with the line that puts its folder on ``PATH``."""
    return Note.of(
        NoteKind.COMMAND_OFF_PATH,
        name=name,
        folder=str(layout.commands),
        line=line_for_path(layout, env),
    )


def plan(
    layout: Layout,
    profile: ProfileName,
    name: str | None = None,
    *,
    env: Mapping[str, str],
    replace: bool = False,
) -> AliasPlan:
    """Plan an alias, if its name may be used; nothing is changed.

    Args:
        layout: The layout of the brand.
        profile: The profile.
        name: The command's name; the profile's own by default.
        env: The environment, for ``PATH``.
        replace: Allow taking over an alias of another profile, as a rename does.

    Raises:
        Invalid: The name is not a valid command name, is reserved, or is taken by another program or file.
    """
    wanted = AliasName(profile if name is None else name)
    path = layout.alias(wanted)
    standing = _standing(path)
    shadowed = find_command(wanted, env, outside=layout.commands)
    check_alias(
        layout.brand,
        wanted,
        profile,
        standing=standing,
        replace=replace,
        on_path=str(shadowed or ""),
        elsewhere=_other_root(layout, standing) is not None,
    )
    return AliasPlan(
        alias=Alias(wanted, profile, path, ours=True),
        text=alias_script(
            layout.brand,
            profile,
            str(layout.launcher),
            "" if is_usual(layout) else str(layout.root),
        ),
        replaces=_alias(layout, path),
        on_path=is_on_path(layout, env),
    )


def is_on_path(layout: Layout, env: Mapping[str, str]) -> bool:
    """Whether the shell finds the commands in the folder of aliases."""
    return layout.commands.resolve() in {folder.resolve() for folder in search_path(env)}


def write(layout: Layout, planned: AliasPlan) -> Alias:
    """Write a planned alias; if the same text is there already, the file is not touched.

    Args:
        layout: The layout of the brand.
        planned: The result of :func:`plan`.

    Returns:
        The alias.

    Raises:
        Invalid: Another file has taken the name since.
        DistError: The script can't be written.
    """
    path = planned.alias.path
    # Looked at again: since the plan was made, somebody may have put a file of that name there.
    standing = _standing(path)
    if standing is not None and owner_of(layout.brand, standing) is Owner.FOREIGN:
        raise Invalid("another file has taken the name", where=str(path), hint="try again")
    if standing != planned.text or path.is_symlink():
        put_program(path, planned.text.encode("utf-8", "surrogateescape"), 0o755)
    return planned.alias


def remove(layout: Layout, name: str) -> Alias | None:
    """Remove an alias, ours or the agent's.

    Args:
        layout: The layout of the brand.
        name: The command.

    Returns:
        The alias that was removed; None if there was none of that name.

    Raises:
        Invalid: A file of that name exists, and it is not an alias.
        DistError: The script can't be removed.
    """
    path = layout.alias(AliasName(name))
    found = _alias(layout, path)
    if found is not None:
        take_away(path)
    elif (other := _other_root(layout, _standing(path))) is not None:
        raise Invalid(
            f"that command starts a profile below another root, {other}",
            where=str(path),
            hint="it was left alone",
        )
    elif _standing(path) is not None:
        raise Invalid(
            "that command is not an alias of a profile", where=str(path), hint="it was left alone"
        )
    return found


def listed(layout: Layout) -> tuple[Alias, ...]:
    """Return every alias of this root, ours and the agent's, sorted by name; only the start of each file is read."""
    if not layout.commands.is_dir():
        return ()
    # A hidden file is what a write that was killed left behind; nobody types its name.
    files = (path for path in sorted(layout.commands.iterdir()) if path.name[0] != ".")
    found = (_alias(layout, path) for path in files if path.is_file())
    return tuple(alias for alias in found if alias is not None)


def of_profile(layout: Layout, profile: ProfileName) -> tuple[Alias, ...]:
    """Return the aliases of one profile."""
    return tuple(alias for alias in listed(layout) if alias.profile == profile)


def _standing(path: Path) -> str | None:
    """Return the start of the file with this name; empty if it is missing or can't be read as text."""
    if path.is_file():
        return head_of(path)
    return "" if path.exists() or path.is_symlink() else None


def _alias(layout: Layout, path: Path) -> Alias | None:
    text = _standing(path)
    if not text or not text.startswith("#!"):
        return None
    profile = profile_of(layout.brand, text)
    if profile is None or path.name == layout.brand.name or _other_root(layout, text) is not None:
        return None
    return Alias(path.name, profile, path, ours=owner_of(layout.brand, text) is Owner.US)


def of_other_roots(layout: Layout, profile: ProfileName) -> tuple[tuple[str, Path], ...]:
    """Return the commands that start a profile of the same name below another root, with that root."""
    if not layout.commands.is_dir():
        return ()
    found = []
    for path in sorted(layout.commands.iterdir()):
        text = _standing(path)
        root = _other_root(layout, text)
        if root is not None and profile_of(layout.brand, text or "") == profile:
            found.append((path.name, root))
    return tuple(found)


def _other_root(layout: Layout, text: str | None) -> Path | None:
    """Return the root below which the profile of an alias is, if that is another one; None otherwise."""
    profile = profile_of(layout.brand, text or "")
    if profile is None:
        return None
    named = home_in(text or "", layout.brand.home_variable)
    if named:
        root, _ = Layout.locate(layout.brand, layout.user_home, named)
        same = os.path.realpath(root.root) == os.path.realpath(layout.root)
        return None if same else root.root
    # An alias that names no root starts the profile of the usual one, if that has it.
    if is_usual(layout) or not (layout.usual_root / PROFILES / profile).is_dir():
        return None
    return layout.usual_root
