"""The agent's boards after a rename: settings follow; tasks keep the old name, and the user is told."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hermes_dist.agents.places import BOARD, BOARDS, CONFIG, OPEN_TASKS
from hermes_dist.decide.profiles.kanban import naming, renamed
from hermes_dist.errors import DistError
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles.edit_file import edit_file
from hermes_dist.world.databases import column
from hermes_dist.world.files import read_file


def still_assigned(ctx: Context, old: ProfileName, new: ProfileName | None) -> tuple[Note, ...]:
    """Note the open tasks of each board that are assigned to a name that is gone.

    The boards are the agent's, and its dispatcher may be at work on them: only the agent assigns tasks.

    Args:
        ctx: The context.
        old: The name.
        new: The profile's new name; None if it was put away.
    """
    notes = []
    for board, tasks in open_tasks(ctx, old).items():
        if tasks:
            words = f"--board {board} assign" if board else "assign"
            command = f"{ctx.brand.name} kanban {words} {tasks[0]} {new or 'none'}"
            notes.append(
                Note.of(
                    NoteKind.STILL_ASSIGNED,
                    count=len(tasks),
                    name=old,
                    tasks=tasks,
                    command=command,
                )
            )
    return tuple(notes)


def open_tasks(ctx: Context, name: ProfileName) -> dict[str, tuple[str, ...]]:
    """Return the open tasks of a profile by board; the default board's name is empty."""
    root = ctx.layout.root
    boards = {"": root / BOARD}
    boards |= {path.parent.name: path for path in sorted(root.glob(f"{BOARDS}/*/{BOARD}"))}
    return {
        board: column(path, ctx.layout.shared, OPEN_TASKS, str(name))
        for board, path in boards.items()
    }


def settings_naming(ctx: Context, name: ProfileName) -> tuple[Note, ...]:
    """Note the settings of boards, in any profile, that name this one."""
    return tuple(
        Note.of(NoteKind.SETTING_NAMES, str(path), keys=naming(data, name), name=name)
        for path, data in _configs(ctx)
        if naming(data, name)
    )


def rename_in_settings(ctx: Context, old: ProfileName, new: ProfileName) -> tuple[Note, ...]:
    """Let the settings of boards, in every profile, name a renamed profile by its new name.

    Returns:
        A note for each file that was changed, or that can't be.
    """
    notes = []
    for path, data in _configs(ctx):
        keys = naming(data, old)
        # The lock of the profile itself is held while it is renamed.
        home = None if path.parent == ctx.layout.home(new) else path.parent
        try:
            changed = bool(keys) and edit_file(path, partial(renamed, old=old, new=new), home=home)
        except DistError as error:
            # One file that is busy or can't be edited must not keep the others from following.
            notes.append(Note.of_error(error, ctx.command))
            continue
        if changed:
            notes.append(Note.of(NoteKind.SETTING_FOLLOWS, str(path), keys=keys, name=new))
    return tuple(notes)


def _configs(ctx: Context) -> Iterator[tuple[Path, bytes]]:
    for name in ctx.names():
        path = ctx.layout.home(name) / CONFIG
        try:
            yield path, read_file(path)
        except OSError:
            continue
