"""The agent's own stock files in a home: ignored in merges, never captured, not listed.

The agent seeds a SOUL.md and its bundled skills, and records the skills in ``skills/.bundled_manifest`` as
``name:md5`` lines; the MD5 covers each file's path in the skill and its content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from hermes_dist.agents.generation import SOULS
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Read, Tree

STOCK_SOULS = frozenset(map(Digest, SOULS))
"""Digests of each SOUL.md that the agent writes into a new home."""


def agents_own(bundled: str, found: Tree, read: Read) -> Iterator[RelPath]:
    """Yield the files of bundled skills that are unchanged since the agent put them there.

    Args:
        bundled: The text of ``skills/.bundled_manifest``.
        found: The home's files.
        read: Gives contents by digest.
    """
    known = dict(line.rsplit(":", 1) for line in bundled.splitlines() if ":" in line)
    for folder in _skill_folders(found):
        if folder.name not in known:
            continue
        # One changed, added or missing file makes the whole skill the user's own.
        files = [path for path in found if path.under(folder)]
        if _fingerprint(folder, files, found, read) == known[folder.name].strip():
            yield from files


def _skill_folders(found: Tree) -> Iterator[RelPath]:
    for path in sorted(found):
        if path.top == "skills" and path.name == "SKILL.md" and path.parent is not None:
            yield path.parent


def _fingerprint(folder: RelPath, files: list[RelPath], found: Tree, read: Read) -> str:
    """Compute the agent's own fingerprint of a skill; files are ordered by path components."""
    hasher = hashlib.md5(usedforsecurity=False)
    for path in sorted(files, key=lambda p: p.parts):
        hasher.update(path[len(folder) + 1 :].encode())
        hasher.update(read(found[path].digest))
    return hasher.hexdigest()
