"""Where the skills of a source go in a package."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from hermes_dist.decide.neighbours.draft import Draft
from hermes_dist.decide.neighbours.signs import SKILL, skill_folders
from hermes_dist.decide.ownership import Owner, owner_of
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.left_out import Why
from hermes_dist.model.paths import RelPath
from hermes_dist.model.values import as_map

SKILLS = "skills"
_CONTAINERS = frozenset(
    [
        "skills",
        ".claude",
        ".agents",
        ".codex",
        ".cursor",
        ".gemini",
        ".github",
        ".opencode",
        "plugins",
        "packages",
        "src",
    ]
)
"""Folders that only hold others: they are no category of skills."""


def bring_collection(draft: Draft, called: str) -> None:
    """Bring all skills of a collection, each to a folder that its place in the source decides.

    Args:
        draft: The draft.
        called: What the source is called, for a skill at its root that does not name itself.
    """
    folders = skill_folders(draft.source)
    for folder in sorted(filter(None, folders), key=_rank):
        bring_skill(draft, folder, f"{SKILLS}/{_category(folder)}")
    if None in folders:
        _bring_root(draft, called)
    bring_beside(draft)
    _leave_copies(draft, filter(None, folders))


def bring_skill(draft: Draft, folder: RelPath, to: str) -> None:
    """Bring a folder with a skill; where another one has the place already, it stays behind."""
    free = draft.claim(to, folder)
    for path in files_in(draft.paths, folder):
        if free:
            draft.bring(path, f"{to}{path[len(folder) :]}")
        else:
            draft.leave(path, Why.NAME_TAKEN)


def bring_beside(draft: Draft) -> None:
    """Bring what lies in ``skills/`` beside the skills: they may share it."""
    for path in files_in(draft.paths, RelPath(SKILLS)):
        if not draft.is_settled(path):
            draft.bring(path, path)


def files_in(paths: Sequence[RelPath], folder: RelPath) -> Iterator[RelPath]:
    """The files below a folder; the paths are sorted."""
    start = bisect_left(paths, f"{folder}/")
    for path in paths[start:]:
        if not path.startswith(f"{folder}/"):
            return
        yield path


def skill_name(data: bytes, otherwise: str) -> str:
    """The name that a skill gives itself, as a folder can have it; another one if it gives none."""
    text = data.decode("utf-8-sig", "replace")
    head = text[4:].partition("\n---")[0] if text.startswith("---") else ""
    try:
        named = as_map(load_data(head.encode(), Kind.YAML)).get("name") if head else None
    except Invalid:
        named = None
    return slug(named if isinstance(named, str) else otherwise) or slug(otherwise) or "skill"


def slug(text: str) -> str:
    """A text as the name of a folder; empty if nothing of it can be used."""
    flat = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", flat).strip("-_")[:64].strip("-_")


def _bring_root(draft: Draft, called: str) -> None:
    """Bring a skill that is the repository itself, with all its files but those that are there for its authors."""
    to = f"{SKILLS}/{skill_name(draft.read(draft.source[RelPath(SKILL)].digest), called)}"
    if not draft.claim(to, "."):
        to = f"{SKILLS}/{slug(called) or 'skill'}-root"
    for path in draft.source:
        hidden = path.top.startswith(".")
        if draft.is_settled(path) or hidden or owner_of(path) is Owner.HOUSEKEEPING:
            continue
        draft.bring(path, f"{to}/{path}")


def _leave_copies(draft: Draft, folders: Iterable[RelPath]) -> None:
    known = {folder.name for folder in folders}
    for path in draft.source:
        copied = any(part in known for part in path.parts[1:-1])
        if path.top.startswith(".") and copied and not draft.is_settled(path):
            draft.leave(path, Why.OTHER_AGENTS_COPY)


def _rank(folder: RelPath) -> tuple[bool, RelPath]:
    """The order of claims: what is in ``skills/`` comes first."""
    return folder.top != SKILLS, folder


def _category(folder: RelPath) -> str:
    kept = [part for part in folder.parts[:-1] if part not in _CONTAINERS]
    return "/".join([*kept, folder.name])
