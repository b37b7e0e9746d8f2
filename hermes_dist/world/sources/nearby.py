"""Suggest similar paths for a path that does not exist."""

from __future__ import annotations

import difflib
import os
from pathlib import Path


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
