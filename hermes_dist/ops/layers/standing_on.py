"""Profiles whose package or layer is the home of another profile: they do not follow when that is renamed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from hermes_dist.brand import LOCKFILE, MANIFEST
from hermes_dist.model.lock_head import source_of
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.stored import stored_in
from hermes_dist.world.files import read_file


def still_lead_to(ctx: Context, name: ProfileName) -> tuple[Note, ...]:
    """Note the profiles, put away or not, whose source or list of layers names the home of this one."""
    home = re.escape(str(ctx.layout.profiles.resolve() / name))
    named = re.compile(rf"{home}(?![\w.-])")
    found = {who for who, text in _sources(ctx) if named.search(text)} - {str(name)}
    return (Note.of(NoteKind.STILL_LEAD_TO, names=tuple(sorted(found))),) if found else ()


def _sources(ctx: Context) -> Iterator[tuple[str, str]]:
    """What each profile follows, and the list of layers that its user put under it."""
    homes = {str(name): ctx.layout.home(name) for name in ctx.names()}
    homes |= {each.path.name: each.path for each in stored_in(ctx.layout)}
    for who, home in homes.items():
        if (found := source_of(_bytes(home / LOCKFILE))) is not None:
            yield who, found[0]
        yield who, _bytes(ctx.layout.own_layers(who) / MANIFEST).decode("utf-8", "replace")


def _bytes(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError:
        return b""
