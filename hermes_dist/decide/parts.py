"""The named parts of a package: soul, config, skills, cron, mcp, plugins, hooks; the rest is files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import field

from hermes_dist.agents.places import CONFIG, MCP, SOUL
from hermes_dist.errors import UsageError
from hermes_dist.model.discreet import Contents
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Tree

PARTS = ("soul", "config", "skills", "cron", "mcp", "plugins", "hooks")
_FILES = {SOUL: "soul", CONFIG: "config", MCP: "mcp"}
Place = tuple[RelPath, str]
"""A part of a package in the home's spelling: a file, or a key in one of the agent's own files."""


class Handover(Contents, frozen=True, kw_only=True):
    """What belongs to the package after its list changed.

    Attributes:
        base: What the home last received of what still belongs to the package.
        placed: What the package brings.
        released: What parts of the user's last were as the package's.
        freed: The parts that become the user's now, with the data of jobs and servers.
        blobs: New contents by digest.
    """

    base: Tree
    placed: Tree
    released: Tree = EMPTY
    freed: Mapping[Place, object] = field(default_factory=dict)
    blobs: Mapping[Digest, bytes] = field(default_factory=dict)


def changes_hands(base: Tree, unlisted: Iterable[Place], released: Tree) -> bool:
    """Whether anything can become the user's, or the package's again, as :func:`handover.hand_over` finds out.

    Args:
        base: What the home last received.
        unlisted: The parts that the package has and does not bring.
        released: What parts that became the user's earlier last were as the package's.
    """
    return bool(released) or any(path in base for path, _ in unlisted)


def part_of(path: RelPath) -> str:
    """Return the part that a file belongs to; ``files`` if it is in none of the named parts."""
    if "/" in path:
        return path.top if path.top in PARTS else "files"
    return _FILES.get(path, "files")


def part_at(path: str) -> str:
    """Return the part that a file or folder in a home belongs to; the folder ``skills`` belongs to the part skills."""
    top = path.split("/", maxsplit=1)[0]
    return top if top in PARTS else _FILES.get(top, "files")


def parse_parts(text: str, flag: str, *, updating: bool = False) -> frozenset[str]:
    """Parse a list such as ``soul,config`` from ``--only`` or ``--except``.

    Args:
        text: The list.
        flag: Its option, for messages.
        updating: A layer may be meant, which can't be updated alone.

    Raises:
        UsageError: A name is not a known part.
    """
    parts = frozenset(part.strip() for part in text.split(",") if part.strip())
    if unknown := parts - {*PARTS, "files"}:
        from hermes_dist.decide.near import offered  # noqa: PLC0415 - only needed for this error

        together = "; all layers are updated together" if updating else ""
        raise UsageError(
            f"{flag} does not know {', '.join(sorted(unknown))}",
            hint=f"{offered(min(unknown), (*PARTS, 'files'), 'the parts')}{together}",
        )
    return parts


def excluded_places(
    theirs: Tree, base: Tree, only: frozenset[str], without: frozenset[str]
) -> list[tuple[RelPath, str]]:
    """List the places of excluded parts, as paths and keys to put back to base.

    Args:
        theirs: What upstream ships, placed, with its MCP servers in config.yaml.
        base: What the home last received.
        only: Parts to take; empty for all.
        without: Parts not to take.
    """
    excluded = set(without)
    if only:
        excluded |= {*PARTS, "files"} - only
    places = [
        (path, "")
        for path in {*theirs, *base}
        if part_of(path) in excluded and path != "distribution.yaml"
    ]
    # A home keeps the servers of mcp.json in config.yaml, so leaving them out is a matter of one key there.
    config = RelPath(CONFIG)
    if "mcp" in excluded and (config, "") not in places:
        places.append((config, "mcp_servers"))
    return places


def missing_parts(trees: Iterable[Tree], chosen: frozenset[str]) -> tuple[str, ...]:
    """Return the chosen parts of which no tree has a file; the servers of a home are in its settings."""
    if not chosen:
        return ()
    there = {part_of(path) for tree in trees for path in tree}
    if "config" in there:
        there.add("mcp")
    return tuple(part for part in (*PARTS, "files") if part in chosen - there)


def count_parts(tree: Tree) -> dict[str, int]:
    """Count the contents of a placed package: skills by SKILL.md, hooks and plugins by folder, other parts by file."""
    counts: dict[str, int] = {}
    units: dict[str, set[str]] = {}
    for path in tree:
        part = part_of(path)
        if part == "skills":
            counts[part] = counts.get(part, 0) + (path.name == "SKILL.md")
        elif part in ("hooks", "plugins"):
            units.setdefault(part, set()).add(path.parts[1])
        elif path != "distribution.yaml":
            counts[part] = counts.get(part, 0) + 1
    return counts | {part: len(names) for part, names in units.items()}


def named(parts: Iterable[str]) -> str:
    """Join the names of parts for a sentence, in the usual order."""
    known = set(parts)
    return ", ".join(part for part in (*PARTS, "files") if part in known)
