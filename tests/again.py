"""What many tests begin with, made once by each process: each test gets it back as it was, at the same place.

The place stays the same because homes name it: in the address of a repository, and in what is remembered of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

Told = TypeVar("Told")
_told: dict[str, object] = {}


def again(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Told]
) -> tuple[Path, Told]:
    """A folder with what ``make`` wrote into it, and what ``make`` told of it.

    Args:
        factory: Whose place the folder is in.
        name: What is in it; whoever asks for the same gets the same.
        make: Fills an empty folder, leaves nothing open in it and nothing that runs, and returns a value that never changes.
    """
    place = factory.getbasetemp() / "again" / name
    kept = place.with_name(f"{name}.kept")
    shutil.rmtree(place, ignore_errors=True)
    if name not in _told:
        place.mkdir(parents=True)
        told = make(place)
        shutil.copytree(place, kept, symlinks=True)
        _told[name] = told
        return place, told
    shutil.copytree(kept, place, symlinks=True)
    return place, _told[name]  # type: ignore[return-value]
