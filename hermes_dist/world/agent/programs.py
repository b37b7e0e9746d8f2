"""Find programs on the user's ``PATH``. Importing it is cheap, because every use of the agent or of git needs it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def search_path(env: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders of ``PATH``, in order; empty entries, which mean "here", are left out."""
    return tuple(Path(entry) for entry in env.get("PATH", os.defpath).split(os.pathsep) if entry)


def find_command(name: str, env: Mapping[str, str], *, outside: Path | None = None) -> Path | None:
    """Return the first program called ``name`` on ``PATH``, leaving out the folder ``outside``."""
    left_out = outside.resolve() if outside else None
    programs = (
        folder / name
        for folder in search_path(env)
        if left_out is None or folder.resolve() != left_out
    )
    return next((program for program in programs if is_program(program)), None)


def is_program(path: Path) -> bool:
    """Whether a path is a file that may be run; one in a folder that the user may not look into is none."""
    # Unlike Path.is_file, this raises nothing for such a folder, which PATH may hold.
    return os.path.isfile(path) and os.access(path, os.X_OK)
