"""Merge a SKILL.md: its front matter by key, its body by lines."""

from __future__ import annotations

from hermes_dist.merge.data import DocMerge, merge_kind
from hermes_dist.merge.text import TextMerge, merge_text, mergeable
from hermes_dist.merge.values import Favour, nobody
from hermes_dist.model.documents.api import Kind, Unmergeable
from hermes_dist.model.documents.frontmatter import Parts, cut
from hermes_dist.model.keypath import BODY
from hermes_dist.model.paths import RelPath

_NEW_FILE = Parts(b"", b"", b"", b"")


def merge_skill(
    path: RelPath, base: bytes | None, ours: bytes, theirs: bytes, favour: Favour = nobody
) -> DocMerge:
    """Merge three versions of a skill; a conflict in the body has the key ``BODY``.

    Args:
        path: The skill's file.
        base: The bytes both sides started from; None if the file is new on both.
        ours: The local bytes.
        theirs: The upstream bytes.
        favour: Called for each conflict to get the side that settles it; None leaves it open.

    Raises:
        Unmergeable: The skill has no front matter to merge by key; a merge by lines may work.
    """
    if ours == base:
        return DocMerge(theirs, theirs)
    if theirs in {base, ours}:
        return DocMerge(ours, theirs)
    own, new = cut(ours), cut(theirs)
    old = _NEW_FILE if base is None else cut(base)
    if own is None or new is None or old is None:
        raise Unmergeable("a version has no front matter")
    # Without a base every key is new on both sides, which differs from an empty front matter that both started from.
    old_front = None if base is None else old.front
    front = merge_kind(path, Kind.YAML, old_front, own.front, new.front, favour=favour)
    body = _merge_body(old.body, own.body, new.body, favour)
    conflicts = front.conflicts
    if body.conflicts:
        conflicts = (*conflicts, BODY)
    return DocMerge(
        own.opening + _ended(front.content) + own.closing + body.content,
        new.opening + _ended(front.base) + new.closing + body.base,
        conflicts,
        front.by_lines,
    )


def _ended(front: bytes) -> bytes:
    """End front matter with a newline; otherwise the closing fence would become part of it."""
    if not front or front.endswith(b"\n"):
        return front
    return front + b"\n"


def _merge_body(base: bytes, ours: bytes, theirs: bytes, favour: Favour) -> TextMerge:
    if not all(map(mergeable, (base, ours, theirs))):
        raise Unmergeable("the body is not text")
    merged = merge_text(base, ours, theirs, None)
    if not merged.conflicts:
        return merged
    side = favour(BODY)  # asked only now: asking counts as a conflict
    if side is None:
        return merged
    return merge_text(base, ours, theirs, side)
