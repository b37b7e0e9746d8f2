"""Variables that a package wants: which are set, what the command line gives, writing a home's ``.env``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from hermes_dist.agents.places import ENV
from hermes_dist.brand import MANIFEST
from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.environment.wanted import Given, Wanted, given_by, wanted_by
from hermes_dist.errors import DistError, Invalid, UsageError
from hermes_dist.lazily import later
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import EnvVar, Manifest
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import Pin
from hermes_dist.model.tree import Read
from hermes_dist.ops.context import Context
from hermes_dist.world.disk.envfile import PRIVATE_MODE, edit_private
from hermes_dist.world.disk.links import Links
from hermes_dist.world.files import read_file
from hermes_dist.world.load import load_manifest

with later():
    from hermes_dist.ops.private_files import can_be_private
    from hermes_dist.world.sources.nearby import no_file

__all__ = [
    "Given",
    "elsewhere",
    "environment_of",
    "gather",
    "is_as_left",
    "leave",
    "manifest_of",
    "new_file",
    "received_manifest",
    "refuse_unwritable",
    "single_line",
    "told_if_open",
    "variables_in",
    "write",
]
_MAX_BYTES = 2**20


def environment_of(
    ctx: Context, home: Path, manifest: Manifest, before: Manifest | None = None
) -> tuple[Wanted, ...]:
    """Say which variables are set in the shell or the home's ``.env``; the values are not kept.

    Args:
        ctx: The context.
        home: The home's folder; it need not exist.
        manifest: The package's manifest.
        before: The manifest that the home received before; None for none.
    """
    return wanted_by(manifest, ctx.env, variables_in(home), before)


def variables_in(home: Path) -> dict[str, str]:
    """The variables that a home's ``.env`` sets, with their values; none if it can't be read."""
    try:
        return dotenv.read(read_file(home / ENV))
    except OSError:
        return {}


def manifest_of(ctx: Context, lock: Lock, read: Read | None = None) -> Manifest | None:
    """The author's manifest as received; None if its content is lost.

    Args:
        ctx: The context.
        lock: The lock.
        read: Reads contents; by default the store.
    """
    entry = lock.theirs_at(RelPath(MANIFEST))
    try:
        return load_manifest((read or ctx.store.read)(entry.digest)) if entry else None
    except DistError:
        return None


def received_manifest(ctx: Context, lock: Lock, read: Read | None = None) -> Manifest | None:
    """The author's manifest as received, which asks also for the variables of the layers; None if its content is lost.

    A layer in a folder, or one whose commit is not here any more, is left out: no server is contacted.

    Args:
        ctx: The context.
        lock: The lock.
        read: Reads contents; by default the store.
    """
    manifest = manifest_of(ctx, lock, read)
    if manifest is None or not lock.layers:
        return manifest
    pins = [layer.pin for layer in lock.layers if layer.pin.commit]
    known = _in_shared_commits(ctx, pins)
    asked = {var.name: var for pin in pins for var in _asked_by(ctx, pin, known)}
    own = {var.name for var in manifest.env}
    more = tuple(var for name, var in asked.items() if name not in own)
    return replace(manifest, env=(*manifest.env, *more))


_Known = Mapping[Pin, bytes | None]
"""The manifests of some pins; None for one that can't be read."""


def _asked_by(ctx: Context, pin: Pin, known: _Known) -> tuple[EnvVar, ...]:
    """The variables that a commit's manifest asks for, read from what was fetched before."""
    try:
        data = known[pin] if pin in known else _manifest_at(ctx, pin)
        return load_manifest(data).env if data is not None else ()
    except DistError:
        return ()


def _in_shared_commits(ctx: Context, pins: Sequence[Pin]) -> _Known:
    """The manifests of commits that hold several layers, each commit read once: one alone starts two programs."""
    by_commit: dict[tuple[str, str], list[Pin]] = {}
    for pin in pins:
        by_commit.setdefault((pin.url, pin.commit), []).append(pin)
    found: dict[Pin, bytes | None] = {}
    for several in by_commit.values():
        if len(several) > 1 and not all(map(ctx.sources.manifest, several)):
            found |= _read_together(ctx, several)
    return found


def _read_together(ctx: Context, pins: Sequence[Pin]) -> _Known:
    """The manifests of pins of one commit, by one look at its folders."""
    url, commit = pins[0].url, pins[0].commit
    try:
        files = ctx.sources.git.folders_with(url, commit, MANIFEST)
        small = {at: file.oid for at, file in files.items() if file.size <= _MAX_BYTES}
        here = {pin: small[pin.subfolder] for pin in pins if pin.subfolder in small}
        contents = dict(ctx.sources.git.blobs(url, list(dict.fromkeys(here.values()))))
    except DistError:
        return dict.fromkeys(pins)
    return {pin: contents[oid] for pin, oid in here.items()}


def _manifest_at(ctx: Context, pin: Pin) -> bytes | None:
    """The manifest of a commit: from the store if this run fetched it, else from git; None if it has none."""
    if digest := ctx.sources.manifest(pin):
        with suppress(DistError):
            return ctx.store.read(digest)
    git = ctx.sources.git
    for file in git.listing(pin.url, pin.commit, pin.subfolder).files:
        if file.path == MANIFEST:
            [(_, data)] = git.blobs(pin.url, [file.oid])
            return data
    return None


def gather(ctx: Context, assignments: Sequence[str], file: str) -> Given:
    """Read the variables given by ``--env`` and ``--env-file``.

    Raises:
        UsageError: A value is missing or does not fit on one line; the error shows no value.
        DistError: The file can't be read.
    """
    return given_by(assignments, [_read_file(Path(file).expanduser())] if file else [], ctx.env)


def _read_file(path: Path) -> Mapping[str, str]:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise no_file(path) from None
    except OSError as error:
        raise DistError(
            f"can't read the file: {error.strerror}",
            where=str(path),
            hint="name another one with --env-file",
        ) from error
    if len(data) > _MAX_BYTES:
        raise DistError(
            "it is larger than 1 MiB, too large for a file of variables",
            where=str(path),
            hint="name another one with --env-file",
        )
    return dotenv.read(data)


def single_line(name: str, value: str) -> str:
    """Return a value as typed; empty for none.

    Raises:
        UsageError: The value contains a control character; the error does not show it.
    """
    try:
        if value:
            dotenv.check_value(name, value)
    except Invalid as error:
        raise UsageError(error.what, where=name) from None
    return value


def elsewhere(home: Path) -> bool:
    """Whether a home's ``.env`` is a link that is not followed."""
    link = Links(home).at(ENV)
    return link is not None and link.why is not None


def refuse_unwritable(home: Path, values: Mapping[str, str]) -> None:
    """Make sure that variables can be written into the home's ``.env``.

    Raises:
        Linked: It is a link that is not followed: what it leads to is the user's.
        Invalid: It is in an encoding that can't be edited, or a quote in it is not closed.
    """
    path = home / ENV
    Links(home).followed(ENV)
    try:
        dotenv.assign(read_file(path) if path.is_file() else b"", values)
    except Invalid as error:
        raise error.within(str(home)) from None


def new_file(values: Mapping[str, str]) -> Mapping[str, tuple[bytes, int]]:
    """The ``.env`` that is built into a new home.

    If a home has no ``.env``, the agent uses the keys of the default profile in it.
    """
    from hermes_dist.decide.profiles.lifecycle import NEW_ENV  # noqa: PLC0415 - only needed to write a new home

    data = dotenv.assign(b"", values) if values else NEW_ENV.encode()
    return {ENV: (data, PRIVATE_MODE)}


def leave(home: Path) -> None:
    """Write a ``.env`` into a home that has none; anything of that name counts, even a dangling symlink.

    Raises:
        DistError: The file can't be written; nothing was changed.
    """
    if not os.path.lexists(home / ENV):
        edit_private(home / ENV, lambda found: found or new_file({})[ENV][0])


def is_as_left(home: Path) -> bool:
    """Whether a home's ``.env`` is still the one that it was created with, which sets nothing."""
    try:
        return read_file(home / ENV) == new_file({})[ENV][0]
    except OSError:
        return False


def write(home: Path, values: Mapping[str, str]) -> tuple[Note, ...]:
    """Set variables in a home's ``.env``; everything else in it stays.

    Returns:
        Notes for the summary, such as that others may read the file.

    Raises:
        DistError: The file can't be written; it is as before.
    """
    if not values:
        return ()
    path = home / ENV
    edit_private(path, partial(dotenv.assign, values=values))
    return told_if_open(home)


def told_if_open(home: Path) -> tuple[Note, ...]:
    """A note if others on this machine may read a home's ``.env``, with what helps."""
    path = home / ENV
    if path.stat().st_mode & 0o077:
        if not can_be_private(path):
            return (Note.of(NoteKind.OPEN_ON_THIS_DISK, path=str(path)),)
        return (Note.of(NoteKind.OPEN_TO_OTHERS, path=str(path)),)
    return ()
