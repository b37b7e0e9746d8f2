"""The list of the layers that a user put under a profile: a small package in a folder of ours, which is its source.

The lockfile says what is in it. So the folder follows a profile that is renamed, cloned, restored or brought from
another machine, comes back when it is lost, and goes back with `undo`. What somebody writes into it by hand stays.
"""

from __future__ import annotations

import json
from pathlib import Path

from hermes_dist.brand import MANIFEST
from hermes_dist.errors import DistError
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.source import PinKind
from hermes_dist.model.tree import Digest
from hermes_dist.ops.context import Context
from hermes_dist.ops.own_source import is_own
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.disk.owners import make_folders
from hermes_dist.world.files import read_file

_HEAD = b"# Written by `layer add` and `layer remove`.\n"
_MODE = 0o600


def at_its_place(ctx: Context, name: ProfileName, lock: Lock) -> Lock:
    """Return the lock of a profile with its list of layers where it belongs, and see to it that it is there."""
    if lock.pin.kind is not PinKind.FOLDER or not is_own(lock.source):
        return lock
    place = ctx.layout.own_layers(name)
    settle(ctx, name, lock)
    return lock.with_top(source=str(place), pin=lock.pin._replace(url=str(place)))


def settle(ctx: Context, name: ProfileName, lock: Lock) -> None:
    """Write the list as the lock says, if it is missing or is one that we wrote; one edited by hand stays."""
    file = ctx.layout.own_layers(name) / MANIFEST
    try:
        now = read_file(file) if file.exists() else None
        says = lock.theirs().get(RelPath(MANIFEST))
        if now is not None and (says is None or Digest.of(now) == says.digest):
            return
        if now is None or Digest.of(now) in written(ctx, name):
            data = _received(ctx, lock, says.digest) if says else _made_of(lock)
            remember(ctx, name, data)
            make_folders(file.parent, 0o700)
            atomic_write(file, data, _MODE)
    except OSError:
        return  # a disk that can't be written: whoever needs the folder says so


def remember(ctx: Context, name: ProfileName, *contents: bytes) -> None:
    """Remember lists that we write or replace, so that they are not taken for edits by hand."""
    known = written(ctx, name)
    if more := [digest for digest in map(Digest.of, contents) if digest not in known]:
        file = remembered(ctx.layout.own_layers(name))
        make_folders(file.parent, 0o700)
        atomic_write(file, "".join(f"{digest}\n" for digest in (*known, *more)).encode(), _MODE)


def remembered(place: Path) -> Path:
    """The file beside a list with what we wrote there."""
    return place.with_name(f"{place.name}.written")  # no profile has a dot in its name


def head_of(data: bytes) -> bytes:
    """A list with the line above it that says who writes it."""
    return _HEAD + data


def written(ctx: Context, name: ProfileName) -> tuple[str, ...]:
    """The digests of the lists that we wrote for a profile."""
    try:
        return tuple(read_file(remembered(ctx.layout.own_layers(name))).decode("ascii").split())
    except (OSError, UnicodeDecodeError):
        return ()


def follow(ctx: Context, old: str, new: str) -> None:
    """Let a list follow its profile to another name, into the trash or the archive, or back."""
    before, after = ctx.layout.own_layers(old), ctx.layout.own_layers(new)
    for place, target in ((before, after), (remembered(before), remembered(after))):
        if place.exists() and not target.exists():
            place.rename(target)


def _received(ctx: Context, lock: Lock, digest: Digest) -> bytes:
    try:
        return ctx.store.read(digest)
    except DistError:
        return _made_of(lock)


def _made_of(lock: Lock) -> bytes:
    """The list as far as the packages in the lock tell it."""
    direct = [one for one in lock.layers if one.name in lock.top.over]
    base = next((one for one in direct if one.layer == "base"), None)
    packs = [_asked(one) for one in direct if one is not base]
    lines = [("name", lock.name), ("extends", base and _asked(base)), ("dependencies", packs)]
    # JSON is YAML, too, and needs no writer of YAML in every command.
    return head_of("".join(f"{key}: {json.dumps(said)}\n" for key, said in lines if said).encode())


def _asked(layer: LockedPackage) -> object:
    return {"source": layer.source, "only": list(layer.only)} if layer.only else layer.source
