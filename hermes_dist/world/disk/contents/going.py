"""Remove a file of the store that another command may begin to use at the same moment.

The file first gets another name beside its own, under which it can still be read, but not be made young. Then its age
is checked once more: whoever used it before it had that name has made it young, so it gets its name back; whoever comes
later writes the content again. So whenever a command is killed, the content can be read under one of the two names.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hermes_dist.world.disk.rename import noreplace

T = TypeVar("T")
GOING = "~"
"""The end of the name of a file that is about to be removed."""


def either(path: str, call: Callable[[str], T]) -> T:
    """Do something with a file that may be about to be removed, or be kept after all.

    Raises:
        OSError: As the system says.
    """
    for name in (path, path + GOING):
        with contextlib.suppress(FileNotFoundError):
            return call(name)
    return call(path)


def remove_old(
    path: Path, older_than: float | None, was: os.stat_result | None = None
) -> int | None:
    """Remove a file if it is old.

    Args:
        path: The file.
        older_than: It stays if it was used after this time; None to remove it in any case.
        was: It stays unless it is still this file; None for any.

    Returns:
        Its size; None if it stays or is gone already.

    Raises:
        OSError: The disk fails.
    """
    going = path.with_name(path.name + GOING)
    try:
        if stays(path.stat(follow_symlinks=False), older_than, was):
            return None
        path.rename(going)
        found = going.stat(follow_symlinks=False)
        if not stays(found, older_than, was):
            going.unlink()
            return found.st_size
    except FileNotFoundError:
        return None  # another clean-up was faster
    bring_back(going)
    return None


def stays(
    found: os.stat_result, older_than: float | None, was: os.stat_result | None = None
) -> bool:
    """Whether a file stays: it is young, or another one than it was."""
    if was is not None and not os.path.samestat(found, was):
        return True
    return older_than is not None and found.st_mtime >= older_than


def bring_back(going: Path) -> None:
    """Give a file its own name back; if another one has it by now, that one is the newer.

    Raises:
        OSError: The disk fails.
    """
    folder = os.open(going.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        noreplace((folder, going.name), (folder, going.name.removesuffix(GOING)))
    except FileExistsError:
        going.unlink(missing_ok=True)
    except FileNotFoundError:
        pass  # another clean-up was faster
    finally:
        os.close(folder)
