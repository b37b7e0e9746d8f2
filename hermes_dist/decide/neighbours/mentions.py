"""What skills say about files of their plugin: paths that only another agent fills in, and files left behind."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree

_ROOT = lazily.pattern(rb"\$\{?(?:CLAUDE_PLUGIN_ROOT|PLUGIN_ROOT)\}?(?:/([\w][\w./-]{0,200}))?")
_MOST = 1 << 20


class Mentions(Struct, frozen=True):
    """What skills name of the plugin that they come from.

    Attributes:
        skills: The files that name its place.
        missing: The files of the plugin that they name and that did not come.
    """

    skills: tuple[RelPath, ...]
    missing: tuple[RelPath, ...]


def mentions(package: Tree, source: Tree, read: Read) -> Mentions:
    """Find the skills whose text names the place of the plugin: the agent puts no path there.

    Args:
        package: What came of it.
        source: The plugin.
        read: Gives contents by digest, for both.
    """
    brought = {entry.digest for entry in package.values()}
    skills: list[RelPath] = []
    missing: set[RelPath] = set()
    for path, entry in package.items():
        if path.top != "skills" or path.suffix != ".md":
            continue
        data = read(entry.digest)[:_MOST]
        if _ROOT.search(data) is None:
            continue
        skills.append(path)
        missing |= {one for one in _named(data, source) if source[one].digest not in brought}
    return Mentions(tuple(sorted(skills)), tuple(sorted(missing)))


def _named(data: bytes, source: Tree) -> Iterator[RelPath]:
    for found in _ROOT.finditer(data):
        text = (found[1] or b"").decode().rstrip("./")
        for path in source:
            if text and (path == text or path.startswith(f"{text}/")):
                yield path
