"""Tasks on the agent's boards, which know a profile by its name and keep the old one."""

from __future__ import annotations

from hermes_dist.agents.places import BOARD, BOARDS, OPEN_TASKS
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.world.disk.databases import column


def still_assigned(ctx: Context, old: ProfileName, new: ProfileName | None) -> tuple[Note, ...]:
    """Note the open tasks of each board that are assigned to a name that is gone.

    The boards are the agent's, and its dispatcher may be at work on them: only the agent assigns tasks.

    Args:
        ctx: The context.
        old: The name.
        new: The profile's new name; None if it was put away.
    """
    root = ctx.layout.root
    boards = {"": root / BOARD}
    boards |= {path.parent.name: path for path in sorted(root.glob(f"{BOARDS}/*/{BOARD}"))}
    notes = []
    for board, path in boards.items():
        tasks = column(path, ctx.layout.shared, OPEN_TASKS, str(old))
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
