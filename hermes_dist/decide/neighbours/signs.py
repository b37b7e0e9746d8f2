"""Tell what a source without ``distribution.yaml`` is, by the files that it has and where they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hermes_dist.agents.places import CONFIG, MCP, SOUL
from hermes_dist.brand import MANIFEST
from hermes_dist.decide.neighbours.kinds import Neighbour
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree
from hermes_dist.model.values import as_list, as_map

SKILL = "SKILL.md"
CLAUDE = ".claude-plugin"
PLUGIN_FILES = ("plugin.json", f"{CLAUDE}/plugin.json")
"""Where a plugin says what it is: Agent Plugins 1.0, and Claude Code."""
_MARKET = f"{CLAUDE}/marketplace.json"
_SCHEMA = "agent-plugins.org"
OTHER_MCP = f".{MCP}"
_PARTS = ("skills", "commands", "agents", "hooks", OTHER_MCP, MCP)
_SETTINGS = frozenset(["model", "agent", "mcp_servers", "toolsets", "skills", "terminal"])
_NO_SKILLS = frozenset(
    ["tests", "test", "fixtures", "__tests__", "node_modules", "evals", "__pycache__", "vendor"]
)
"""Folders whose skills are there to be tested, or belong to a library."""


def sign_of(tree: Tree, read: Read) -> tuple[Neighbour, str, Mapping[object, object]] | None:
    """Tell what a source is.

    Args:
        tree: Its files; none of them is ``distribution.yaml`` at the root.
        read: Gives contents by digest.

    Returns:
        The kind, the file that says so, and what it says about a plugin; None if it is none, or could be several.
    """
    if RelPath(SOUL) in tree:
        return Neighbour.PROFILE, SOUL, {}
    if plugin := _plugin(tree, read):
        return Neighbour.PLUGIN, *plugin
    if _holds_several(tree):
        return None
    folders = skill_folders(tree)
    if not folders:
        return None
    if _has_settings(tree, read):
        return Neighbour.PROFILE, CONFIG, {}
    first = folders[0]
    return Neighbour.SKILLS, f"{first}/{SKILL}" if first else SKILL, {}


def plugin_folders(paths: Iterable[RelPath]) -> list[RelPath | None]:
    """List the folders that hold a plugin of their own, by their names alone."""
    found: dict[RelPath | None, None] = {}
    for path in paths:
        if path.name == "plugin.json" and path.parent and path.parent.name == CLAUDE:
            found[path.parent.parent] = None
    return sorted(found, key=lambda folder: str(folder or ""))


def skill_folders(paths: Iterable[RelPath]) -> list[RelPath | None]:
    """List the folders of skills: the outermost ones, and where others are, none in hidden folders.

    A skill at the root (None) is one beside the others.
    """
    found = {path.parent for path in paths if _is_skill(path)}
    below = sorted(filter(None, found))
    outer = [folder for folder in below if found.isdisjoint(folder.parents)]
    seen = [folder for folder in outer if not _is_hidden(folder)]
    root: list[RelPath | None] = [None] if None in found else []
    # In .claude/skills and the like are copies for other agents, or skills to work on the repository itself.
    return [*root, *(seen if seen or root else outer)]


def _is_skill(path: RelPath) -> bool:
    return path.name == SKILL and not any(part in _NO_SKILLS for part in path.parts[:-1])


def _is_hidden(folder: RelPath) -> bool:
    return any(part.startswith(".") for part in folder.parts)


def _holds_several(tree: Tree) -> bool:
    """Whether packages, plugins or profiles lie further down: the user has to say which of them is meant."""
    skills = set(skill_folders(tree))
    souls = (
        path for path in tree if path.name == SOUL and not any(up in skills for up in path.parents)
    )
    return (
        bool(plugin_folders(tree))
        or any(path.name == MANIFEST for path in tree)
        or next(souls, None) is not None
    )


def _plugin(tree: Tree, read: Read) -> tuple[str, Mapping[object, object]] | None:
    """What says that the source itself is a plugin, and what it says; None if nothing does."""
    tops = {path.top for path in tree}
    for file in PLUGIN_FILES:
        data = json_of(tree, read, file)
        # Other programs have a plugin.json, too.
        is_agents = file.startswith(CLAUDE) or _SCHEMA in str(data.get("$schema", ""))
        if isinstance(data.get("name"), str) and (is_agents or tops & {*_PARTS, CLAUDE}):
            return file, data
    return _listed(tree, read)


def _listed(tree: Tree, read: Read) -> tuple[str, Mapping[object, object]] | None:
    """What a market says of the source, if that is the only plugin of the market."""
    market = as_list(json_of(tree, read, _MARKET).get("plugins"))
    row = as_map(market[0]) if len(market) == 1 else {}
    if row.get("source") in ("./", ".") and isinstance(row.get("name"), str):
        return _MARKET, row
    return None


def _has_settings(tree: Tree, read: Read) -> bool:
    """Whether there is a ``config.yaml`` of the agent's, beside a folder of skills."""
    if RelPath(CONFIG) not in tree or not any(path.top == "skills" for path in tree):
        return False
    try:
        return bool(
            as_map(load_data(read(tree[RelPath(CONFIG)].digest), Kind.YAML)).keys() & _SETTINGS
        )
    except Invalid:
        return False


def json_of(tree: Tree, read: Read, file: str) -> Mapping[object, object]:
    """The map in a JSON file; empty if there is none, or it can't be read."""
    path = RelPath(file)
    if path not in tree:
        return {}
    try:
        return as_map(load_data(read(tree[path].digest).removeprefix(b"\xef\xbb\xbf"), Kind.JSON))
    except Invalid:
        return {}
