"""Store what `status` says about a home, if it depends only on files in the home."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from hermes_dist.agents.places import BUNDLED, ENV
from hermes_dist.brand import LOCKFILE, MANIFEST, PRIVATE, SYNC_RECORD
from hermes_dist.errors import DistError
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.model.paths import RelPath
from hermes_dist.ops.context import Context
from hermes_dist.ops.last_status import kept
from hermes_dist.ops.own_source import is_own
from hermes_dist.ops.package.status import Look, Status
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.disk.last_look import FILE, record_of
from hermes_dist.world.disk.links import RECORD

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

_BESIDE = (LOCKFILE, ENV, BUNDLED, RECORD, f"{PRIVATE}/txn", SYNC_RECORD)
"""What a status depends on beside the files that an update merges; most homes lack some of it."""


def keep(ctx: Context, look: Look, said: Mapping[str, Any]) -> None:
    """Keep what is said after a look, if the same is to be said of the home for as long as nothing in it changes.

    Args:
        ctx: The context.
        look: What was seen.
        said: What is said, as values of JSON.
    """
    if look.seen is None or not _comes_from_home(look.status):
        return
    name = look.status.profile
    home = ctx.layout.home(name)
    stored = _in_store(ctx, home, look.status)
    if stored is None:
        return
    paths = ("", *_BESIDE, *look.seen.folders, *look.seen.found, *stored)
    record = record_of(home, paths, look.began, kept(name, _asked_of_shell(look), said))
    if record is not None and (home / PRIVATE).is_dir():
        with suppress(DistError):  # a full disk only makes the next status slower
            atomic_write(home / FILE, record)


def _comes_from_home(found: Status) -> bool:
    """Whether the home's own files decide what is said, and neither what a link leads to nor what is in the cache.

    Of an edited setting, values are shown. Which of them are secrets is up to other files as well, and what may be one
    is written nowhere else.
    """
    lock = found.lock
    if lock is None or lock.layers or is_own(lock.source):
        return False
    return not (found.keys or found.notes or found.links)


def _in_store(ctx: Context, home: Path, found: Status) -> list[str] | None:
    """The files of the store that hold what was compared, relative to the home; None if that can't be written.

    If one is lost, the next status says of which file it was, or fetches it again.
    """
    manifest = found.lock.theirs_at(RelPath(MANIFEST)) if found.lock else None
    needed = {entry for entry in (manifest, *(change.before for change in found.edited)) if entry}
    real, paths = os.path.realpath(home), set()
    for file in {ctx.store.file_of(entry.digest) for entry in needed}:
        if file is None:
            return None
        paths.add(os.path.relpath(file, real))
    return sorted(paths) if all(map(str.isprintable, paths)) else None


def _asked_of_shell(look: Look) -> dict[str, bool]:
    """The variables that have to be set and are not in the home's file, and whether this shell has them."""
    return {
        wanted.var.name: bool(wanted.found)
        for wanted in look.wanted
        if wanted.var.required and wanted.found != ENV
    }
