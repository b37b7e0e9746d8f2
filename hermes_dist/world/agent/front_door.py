"""The front door on disk: what it replaced, and how a program is replaced in one step.

Importing it is cheap, because every hand-over to the agent reads this state.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from hermes_dist.brand import Layout
from hermes_dist.errors import Invalid
from hermes_dist.light import TYPE_CHECKING, NamedTuple, read_json
from hermes_dist.world.files import read_file

if TYPE_CHECKING:
    from typing import Literal

_FORMAT = 1


class Former(NamedTuple):
    """What was in the place of the front door.

    Attributes:
        kind: A symlink, or a file that was moved aside.
        path: The symlink's target as it was written, or the place of the file now.
    """

    kind: Literal["link", "file"]
    path: str

    def program(self, launcher: Path) -> Path:
        """The program itself, for a front door at ``launcher``."""
        return launcher.parent / self.path if self.kind == "link" else Path(self.path)


def read_doors(layout: Layout) -> dict[Path, Former | None]:
    """Return every front door of the brand, with what it replaced.

    Raises:
        Invalid: The state was written by a newer version or is damaged.
    """
    try:
        raw = read_file(layout.front_door_state)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    try:
        state = read_json(raw)
        if state["format"] > _FORMAT:
            raise Invalid(
                "the front door was installed by a newer hermes-dist",
                where=str(layout.front_door_state),
                hint="update hermes-dist",
            )
        return {Path(launcher): _former(value) for launcher, value in state["doors"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Invalid(
            "the front door's state is broken",
            where=str(layout.front_door_state),
            hint="move it away, then install the front door again",
        ) from error


def _former(value: Mapping[str, str] | None) -> Former | None:
    if value is None:
        return None
    if value["kind"] == "link":
        return Former("link", value["path"])
    return Former("file", value["path"])


def write_doors(layout: Layout, doors: Mapping[Path, Former | None]) -> None:
    """Write the state of the front doors; remove it if there are none.

    Raises:
        DistError: The state can't be written.
    """
    import json  # noqa: PLC0415 - start-up

    from hermes_dist.world.disk.fs import atomic_write  # noqa: PLC0415 - start-up

    if not doors:
        layout.front_door_state.unlink(missing_ok=True)
        return
    values = {
        str(launcher): {"kind": former.kind, "path": former.path} if former else None
        for launcher, former in sorted(doors.items())
    }
    text = json.dumps({"format": _FORMAT, "doors": values}, indent=2, ensure_ascii=False) + "\n"
    atomic_write(layout.front_door_state, text.encode("utf-8", "surrogateescape"), 0o600)


def former_launcher(layout: Layout, launcher: Path) -> Path | None:
    """Return the program that the front door at ``launcher`` replaced; None if there is none.

    An unreadable state counts as none: the search for the agent goes on elsewhere.
    """
    try:
        former = read_doors(layout).get(launcher)
    except (Invalid, OSError):
        return None
    return former.program(launcher) if former else None


def put_program(path: Path, data: bytes, mode: int) -> None:
    """Put a program at ``path`` in one step, replacing what is there, also a symlink.

    Args:
        path: The name; its folder is created if missing.
        data: The content.
        mode: Its permission bits.

    Raises:
        DistError: The file can't be written.
    """
    from hermes_dist.world.disk.fs import RealFs, trouble  # noqa: PLC0415 - start-up

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with RealFs(path.parent) as folder:
            folder.put(path.name, _temporary(path), data, mode)
    except OSError as error:
        raise trouble(error, "can't write the command", where=str(path)) from error


def put_link(path: Path, target: str) -> None:
    """Put a symlink to ``target`` at ``path`` in one step.

    Raises:
        DistError: The file can't be written.
    """
    from hermes_dist.world.disk.fs import trouble  # noqa: PLC0415 - start-up

    temp = path.with_name(_temporary(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temp.symlink_to(target)
        temp.replace(path)
    except OSError as error:
        temp.unlink(missing_ok=True)
        raise trouble(error, "can't write the command", where=str(path)) from error


def take_away(path: Path) -> None:
    """Remove a program or symlink; a missing file is not an error.

    Raises:
        DistError: The file can't be removed.
    """
    from hermes_dist.world.disk.fs import trouble  # noqa: PLC0415 - start-up

    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise trouble(error, "can't remove the command", where=str(path)) from error


def _temporary(path: Path) -> str:
    return f".{path.name[:100]}.{os.urandom(6).hex()}.tmp"
