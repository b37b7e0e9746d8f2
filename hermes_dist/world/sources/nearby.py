"""What is wrong with a path that the user typed, and which similar ones there are."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from hermes_dist.errors import DistError
from hermes_dist.world.disk.errors import trouble


def no_folder(path: Path, kind: type[DistError] = DistError) -> DistError:
    """Return the error for a path that is not a folder, or can't be looked at."""
    return _absent(path, "folder", kind) or kind(
        "this is a file, not a folder", where=str(path), hint="name a folder"
    )


def no_file(path: Path, kind: type[DistError] = DistError) -> DistError:
    """Return the error for a path that is not a regular file, or can't be looked at."""
    if error := _absent(path, "file", kind):
        return error
    if path.is_dir():
        return kind("this is a folder, not a file", where=str(path), hint="name a file in it")
    return kind("this is not a regular file", where=str(path), hint="name another one")


def _absent(path: Path, thing: str, kind: type[DistError]) -> DistError | None:
    """The error for a path at which there is nothing, or nothing that we may look at; None if something is there."""
    try:
        path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            what, hint = "this is a link that leads nowhere", f"name the {thing} itself"
            return kind(what, where=str(path), hint=hint)
        return kind(f"there is no such {thing}", where=str(path), hint=nearby(path))
    except NotADirectoryError:
        file = next(each for each in path.parents if each.exists())
        what, hint = f"there is no such {thing}", f"{file} is a file, not a folder"
        return kind(what, where=str(path), hint=hint)
    except OSError as error:
        return trouble(error, f"the {thing} can't be looked at", where=str(path))
    return None


def nearby(path: Path) -> str:
    """Return a hint: a similar name beside a missing path; otherwise how much of the path exists."""
    folder = path.parent
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        there = next((parent for parent in folder.parents if parent.is_dir()), Path("/"))
        return f"check the path: nothing below {there} has that name"
    longer = [name for name in names if path.name and name.startswith(f"{path.name}.")]
    close = list(dict.fromkeys([*longer, *difflib.get_close_matches(path.name, names, n=3)]))[:3]
    if close:
        return f"did you mean {' or '.join(str(folder / name) for name in close)}?"
    return f"check the path: nothing in {'this folder' if folder == Path() else folder} has a similar name"
