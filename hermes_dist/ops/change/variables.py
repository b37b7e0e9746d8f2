"""The variables that a package wants: what is set, what the command line gives, and writing the home's ``.env``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.environment.wanted import Given, Wanted, given_by, wanted_by
from hermes_dist.errors import DistError, Invalid, Refused, UsageError
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import RelPath
from hermes_dist.ops.context import Context
from hermes_dist.world.disk.envfile import PRIVATE_MODE, edit_private
from hermes_dist.world.load import load_manifest

__all__ = [
    "Given",
    "elsewhere",
    "environment_of",
    "gather",
    "is_as_left",
    "leave",
    "manifest_of",
    "new_file",
    "refuse_elsewhere",
    "single_line",
    "write",
]
ENV_FILE = ".env"
_MAX_BYTES = 2**20


def environment_of(
    ctx: Context, home: Path, manifest: Manifest, before: Manifest | None = None
) -> tuple[Wanted, ...]:
    """Say what of the environment is set, in the shell or in the home's ``.env``; values stay unread elsewhere.

    Args:
        ctx: The context.
        home: The home's folder; it need not exist.
        manifest: The package's manifest.
        before: The one that the home received before; None for none.
    """
    try:
        found = dotenv.read((home / ENV_FILE).read_bytes())
    except OSError:
        found = {}
    return wanted_by(manifest, ctx.env, found, before)


def manifest_of(ctx: Context, lock: Lock) -> Manifest | None:
    """The author's manifest as received; None when its content is lost."""
    entry = lock.theirs().get(RelPath(MANIFEST))
    try:
        return load_manifest(ctx.store.read(entry.digest)) if entry else None
    except DistError:
        return None


def gather(ctx: Context, assignments: Sequence[str], file: str) -> Given:
    """Read what ``--env`` and ``--env-file`` give.

    Raises:
        UsageError: A value is missing or can't stand on one line; no value is shown.
        DistError: The file can't be read.
    """
    return given_by(assignments, [_read_file(Path(file).expanduser())] if file else [], ctx.env)


def _read_file(path: Path) -> Mapping[str, str]:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise DistError(
            f"can't read the file: {error.strerror}", where=str(path), hint="see --env-file"
        ) from error
    if len(data) > _MAX_BYTES:
        raise DistError(
            "it is larger than 1 MiB: no file of variables", where=str(path), hint="see --env-file"
        )
    return dotenv.read(data)


def single_line(name: str, value: str) -> str:
    """Return a typed value; empty for none.

    Raises:
        UsageError: It holds a control character; the value is not shown.
    """
    try:
        if value:
            dotenv.check_value(name, value)
    except Invalid as error:
        raise UsageError(error.what, where=name) from None
    return value


def elsewhere(home: Path) -> str:
    """Where a home's ``.env`` really is, if it is a symlink; empty for a file, or none."""
    path = home / ENV_FILE
    return str(path.readlink()) if path.is_symlink() else ""


def refuse_elsewhere(home: Path) -> None:
    """Make sure that the home's ``.env`` is the home's own.

    Raises:
        Refused: It is a symlink: the user's, and never written through.
    """
    if target := elsewhere(home):
        raise Refused(
            f"it is a symlink to {target}, and never written through",
            where=str(home / ENV_FILE),
            hint="put the variables into that file yourself, and leave out --env and --env-file",
        )


def new_file(values: Mapping[str, str]) -> Mapping[str, tuple[bytes, int]]:
    """The ``.env`` of a new home, as what is built beside its tree: the agent gives a home without one other keys."""
    from hermes_dist.decide.profiles.lifecycle import NEW_ENV  # noqa: PLC0415 - start-up

    data = dotenv.assign(b"", values) if values else NEW_ENV.encode()
    return {ENV_FILE: (data, PRIVATE_MODE)}


def leave(home: Path) -> None:
    """Leave a ``.env`` in a home that has none, whatever it is: a link that leads nowhere counts as one.

    Raises:
        DistError: It can't be written; nothing was changed.
    """
    if not os.path.lexists(home / ENV_FILE):
        edit_private(home / ENV_FILE, lambda found: found or new_file({})[ENV_FILE][0])


def is_as_left(home: Path) -> bool:
    """Whether a home's ``.env`` is the one that it was made with, which sets nothing."""
    try:
        return (home / ENV_FILE).read_bytes() == new_file({})[ENV_FILE][0]
    except OSError:
        return False


def write(home: Path, values: Mapping[str, str]) -> tuple[str, ...]:
    """Set variables in a home's ``.env``, and nothing else in it.

    Returns:
        Sentences for the summary: that others may read the file.

    Raises:
        DistError: It can't be written; the file is as before.
    """
    if not values:
        return ()
    path = home / ENV_FILE
    edit_private(path, partial(dotenv.assign, values=values))
    if path.stat().st_mode & 0o077:
        return (
            f"{path} can be read by others on this machine; make it private with: chmod 600 {path}",
        )
    return ()
