"""A profile of the same name below another root: what belongs to that one stays as it is, and is told."""

from __future__ import annotations

from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import aliases
from hermes_dist.world.agent.services import is_own


def stay_with_others(ctx: Context, name: ProfileName) -> tuple[Note, ...]:
    """Note the commands and service files of a profile's name that belong to a profile below another root."""
    layout = ctx.layout
    notes = [
        Note.of(NoteKind.OF_OTHER_ROOT, str(layout.alias(command)), name=name, root=str(root))
        for command, root in aliases.of_other_roots(layout, name)
    ]
    notes += [
        Note.of(NoteKind.OF_OTHER_ROOT, str(path), name=name, root="")
        for path in layout.service_files(name)
        if path.exists() and not is_own(layout, name, path)
    ]
    return tuple(notes)
