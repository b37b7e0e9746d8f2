"""What runs already reaches further: files that a live command, hook, server or job names, and what those name.

A yes was given to ``python scripts/server.py`` with the file of that day; another content of it is asked about again.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree

_TOKEN = re.compile(r"[\w.@+-]+")
_FOLDER = re.compile("/scripts(?=/)")
_LIMIT = 256 << 10
"""Larger files are no scripts that name others."""


def script_paths(script: object) -> tuple[RelPath, ...]:
    """Where the agent may look for a job's script, however it is spelled; nowhere outside ``scripts/``.

    A full path does not say where the home ends, so every ``scripts`` in it may be the home's.
    """
    text = str(script or "").strip()
    tails = [text] if text else []
    if text.startswith(("/", "~")):
        tails = [text[at.end() + 1 :] for at in _FOLDER.finditer(text)]
    places = (posixpath.normpath(f"scripts/{tail}") for tail in tails if tail)
    return tuple(filter(None, map(_inside, dict.fromkeys(places))))


def _inside(place: str) -> RelPath | None:
    try:
        return RelPath(place) if place.startswith("scripts/") else None
    except Invalid:
        return None


def reached(starts: Mapping[str, str], scripts: Mapping[RelPath, str], tree: Tree, read: Read) -> dict[RelPath, str]:
    """Find the files of a tree that would run without another word.

    Args:
        starts: Texts of live commands, by what they belong to.
        scripts: Files that run as such, with what they belong to.
        tree: Where the files are.
        read: Gives contents by digest.

    Returns:
        The files, each with what it belongs to.
    """
    names: dict[str, list[RelPath]] = {}
    for path in tree:
        for name in _spellings(path):
            names.setdefault(name, []).append(path)
    found = {path: what for path, what in scripts.items() if path in tree}
    named = chain.from_iterable(((path, what) for path in _named(text, names)) for what, text in starts.items())
    todo: list[tuple[RelPath, str]] = [*found.items(), *named]
    seen: set[RelPath] = set()
    while todo:
        path, what = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        found.setdefault(path, what)
        todo += ((other, what) for other in _named(_text(tree, path, read), names) if other.top == path.top)
    return found


def _spellings(path: RelPath) -> Iterable[str]:
    """How a file is named by what runs it: by its name, a module without its ending."""
    return (path.name, path.name[:-3]) if path.suffix == ".py" else (path.name,)


def _named(text: str, names: Mapping[str, list[RelPath]]) -> Iterator[RelPath]:
    for token in dict.fromkeys(_TOKEN.findall(text)):
        for name in {token, token.rpartition(".")[2]}:  # a file, or the last of a module's names
            yield from names.get(name, ())


def _text(tree: Tree, path: RelPath, read: Read) -> str:
    data = read(tree[path].digest)
    return data.decode("utf-8", "replace") if len(data) <= _LIMIT and path.suffix != ".md" else ""
