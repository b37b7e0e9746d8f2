"""Profiles of the same name below another root: their things are left alone, and the user is told."""

from __future__ import annotations

import os

from hermes_dist.agents.places import PROFILES
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import aliases
from hermes_dist.world.agent.services import is_own


def lives_elsewhere(ctx: Context, name: ProfileName) -> bool:
    """Whether another root of this user is known to have a profile of this name."""
    layout = ctx.layout
    usual = layout.user_home / layout.brand.root_name
    there = usual / PROFILES / name
    is_here = os.path.realpath(usual) == os.path.realpath(layout.root)
    return bool(stay_with_others(ctx, name)) or (not is_here and there.is_dir())


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
