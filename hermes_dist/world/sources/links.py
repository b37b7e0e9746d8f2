"""Symlinks inside a package: one that leads to a file of it stands for that file; nothing is read through it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from hermes_dist.errors import Invalid
from hermes_dist.model.paths import MAX_PATH_BYTES, RelPath

_HOPS = 40
"""Over how many links a system follows a link before it takes it for a circle."""


def followed(links: Mapping[str, str], files: Collection[RelPath]) -> dict[str, RelPath]:
    """Find the files that links stand for.

    Args:
        links: The target of each link, as it is written there, by the link's path.
        files: The regular files of the package.

    Returns:
        The file for each link that leads to one, over other links too, as far as a system follows them; links to
        folders, to nothing, in circles and out of the package are absent.
    """
    places = {path: _place(path, links) for path in links}
    found = ((path, _end(path, places, files)) for path in links)
    return {path: file for path, file in found if file is not None}


def _end(
    path: str, places: Mapping[str, RelPath | None], files: Collection[RelPath]
) -> RelPath | None:
    at = places[path]
    for _ in range(_HOPS):
        if at is None or at in files:
            return at
        at = places.get(at)
    return None


def _place(path: str, links: Mapping[str, str]) -> RelPath | None:
    """The path that a link names; None if it leaves the package or leads through another link."""
    target = links[path]
    at = path.split("/")[:-1]
    names = target.split("/")
    if len(target) > MAX_PATH_BYTES or target.startswith("/"):
        return None
    if not all(_step(at, name) for name in names):
        return None
    if any(folder in links for folder in _folders(path, names)):
        return None
    try:
        return RelPath("/".join(at))
    except Invalid:
        return None


def _step(at: list[str], name: str) -> bool:
    """Go one step of a path; False if it leads out of the package."""
    if name in ("", "."):
        return True
    if name == "..":
        return bool(at) and bool(at.pop())
    at.append(name)
    return True


def _folders(path: str, names: list[str]) -> Iterator[str]:
    """Every place that a link's target passes on its way."""
    at = path.split("/")[:-1]
    for name in names[:-1]:
        _step(at, name)
        yield "/".join(at)
