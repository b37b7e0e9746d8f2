"""Edit a file of another profile, or of the whole machine, that a running agent may write at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from hermes_dist.errors import DistError
from hermes_dist.world.disk.envfile import edit_private
from hermes_dist.world.disk.locks import home_lock
from hermes_dist.world.files import read_file

_PATIENCE = 5.0
"""How many seconds to wait for another command of ours that is changing that home."""


def edit_file(path: Path, edit: Callable[[bytes], bytes], *, home: Path | None = None) -> bool:
    """Edit a file if it is there, on top of what is in it at the moment of the exchange.

    Args:
        path: The file.
        edit: Returns the new content for the old; called again if another program writes meanwhile.
        home: The home whose lock is held for it; None if the caller holds that lock, or there is none.

    Returns:
        Whether anything was written; nothing is made or locked for a file that stays as it is.

    Raises:
        Busy: Another command is changing that home, or another program keeps writing the file.
        DistError: The file can't be understood or written; the error names it, and the old content stays.
        OSError: The file can't be read.
    """

    def edited(data: bytes) -> bytes:
        try:
            return edit(data) if data else data
        except DistError as error:
            raise error.within(str(path)) from None

    try:
        found = read_file(path)
    except FileNotFoundError:
        return False
    if edited(found) == found:
        return False
    with nullcontext() if home is None else home_lock(home, _PATIENCE):
        return edit_private(path, edited)
