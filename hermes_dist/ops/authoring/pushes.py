"""Notes of pushes, so that what a run sent before it was cut off does not count as the work of others.

A note is written before anything is sent, and removed once the lockfile names what was sent. If a run dies in between,
the next one finds the commit in the repository, and starts from what this profile sent: only later edits are new.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct, field

from hermes_dist.brand import PRIVATE
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import without_credentials
from hermes_dist.model.tree import Digest, Entry, Tree, mode_of
from hermes_dist.ops.homes import Home, held
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.disk.locks import home_lock
from hermes_dist.world.records import bytes_at

FORMAT = 1
_FILE = f"{PRIVATE}/pushes.json"
_MOST = 8
"""Each push that may still arrive has a note; more than a few are never under way at once."""
_PATIENCE = 5.0
"""How many seconds a home that another command holds is waited for."""
_Files = Mapping[str, str]


class Push(Struct, frozen=True, kw_only=True):
    """A push that was begun.

    Attributes:
        place: Where to, with the sub-folder and without a login.
        branch: The branch.
        received: The commit in the lockfile then; empty if it named none. With another one, the note is out of date.
        commit: The commit that is pushed.
        signer: The fingerprint of the key that signed it; empty for none.
        package: The package as it left the profile: its mode and digest by path. The contents are in the store.
        merged: The same of the repository with the changes of this profile, without what others changed.
        sent: The same of the package in the repository after this push; empty in notes of earlier versions.
    """

    place: str
    branch: str
    received: str
    commit: str
    signer: str = ""
    package: _Files
    merged: _Files
    sent: _Files = field(default_factory=dict)

    @property
    def left_there(self) -> Tree:
        """What the repository holds after this push.

        Raises:
            Invalid: The note is damaged.
        """
        return as_tree(self.sent or self.merged)


class _Notes(Struct, frozen=True, kw_only=True):
    format: int = FORMAT
    pushes: tuple[Push, ...] = ()


def place_of_push(url: str, subfolder: RelPath | None) -> str:
    """Where a push goes to, as a note has it."""
    return f"{without_credentials(url)}//{subfolder or ''}"


def as_files(tree: Tree) -> _Files:
    """A tree as a note has it."""
    return {path: f"{mode_of(entry)} {entry.digest}" for path, entry in tree.items()}


def as_tree(files: _Files) -> Tree:
    """The tree of a note.

    Raises:
        Invalid: It is damaged.
    """
    lines = ((path, line.partition(" ")) for path, line in files.items())
    try:
        return Tree(
            {RelPath(path): Entry(Digest(line[2]), line[0] == "755") for path, line in lines}
        )
    except ValueError as err:
        raise Invalid(f"the note of a push is damaged ({err})") from None


def read_pushes(home: Path) -> tuple[Push, ...]:
    """Read the pushes of a home that may not be recorded in its lockfile, newest last.

    A note that can't be read is as good as none: what was pushed is then merged as the work of others is.
    """
    data = bytes_at(home / _FILE)
    try:
        found = _Notes() if data is None else msgspec.json.decode(data, type=_Notes)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ()
    return found.pushes if found.format == FORMAT else ()


def note(home: Home, push: Push) -> None:
    """Note a push that is about to begin, beside earlier ones: of those nobody knows whether they arrive yet.

    Args:
        home: The home as it was read. One that was renamed, deleted or changed since is not what the push is made of.
        push: The push.

    Raises:
        Busy: Another command holds the home, or changed it since; nothing may be pushed then.
        DistError: The home is gone, or the disk fails; nothing may be pushed then.
    """
    with held(home):
        _write(home.path, (*read_pushes(home.path), push))


def push_failed(home: Path, push: Push) -> None:
    """Forget a push that did not arrive; its note stays if the home is in use or gone, and is in nobody's way."""
    with suppress(DistError), home_lock(home, _PATIENCE):
        _write(home, tuple(one for one in read_pushes(home) if one.commit != push.commit))


def recorded(home: Path) -> None:
    """Forget all pushes: the lockfile names what was published."""
    with suppress(OSError):
        (home / _FILE).unlink(missing_ok=True)


def _write(home: Path, pushes: tuple[Push, ...]) -> None:
    if not pushes:
        recorded(home)
        return
    data = msgspec.json.encode(_Notes(pushes=pushes[-_MOST:]))
    atomic_write(home / _FILE, msgspec.json.format(data, indent=1) + b"\n", 0o600)
