"""A profile as a plugin that other agents load: Agent Plugins 1.0 and Claude Code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from hermes_dist import lazily
from hermes_dist.agents.places import CONFIG, MCP
from hermes_dist.brand import MANIFEST
from hermes_dist.decide.neighbours.portable_skill import portable_skill
from hermes_dist.decide.neighbours.servers import texts_in
from hermes_dist.decide.neighbours.signs import OTHER_MCP, PLUGIN_FILES, SKILL, skill_folders
from hermes_dist.decide.neighbours.skills import SKILLS, files_in, skill_name, slug
from hermes_dist.decide.placement.servers import SERVERS, read_servers
from hermes_dist.errors import Invalid
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import Kind, dump, load_data
from hermes_dist.model.documents.json_text import json_data
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Read, Tree
from hermes_dist.model.values import as_map

_SCHEMAS = "https://agent-plugins.org/schemas/1.0.0"
_FIELDS = ("command", "args", "env", "cwd", "url", "headers")
_OWN_SWITCHES = frozenset(["enabled", "type", "transport"])
_BARE = lazily.pattern(r"\./\S+|[^\s/\\]+")
SCRIPTS = "scripts"


class Plugin(Contents, frozen=True, kw_only=True):
    """A plugin, ready to be written.

    Attributes:
        tree: Its files.
        blobs: New contents by digest.
        left_out: What of the profile a plugin can't have.
    """

    tree: Tree
    blobs: Mapping[Digest, bytes]
    left_out: tuple[LeftOut, ...]


class _Work:
    def __init__(self, tree: Tree, read: Read, home: str) -> None:
        self.tree, self.read, self.home = tree, read, f"${{{home}}}"
        self.paths = list(tree)
        self.entries: dict[RelPath, Entry] = {}
        self.blobs: dict[Digest, bytes] = {}
        self.odd: list[LeftOut] = []

    def put(self, path: str, data: object) -> None:
        self.write(path, dump(json_data(data), Kind.JSON))

    def write(self, path: str, text: bytes) -> None:
        digest = Digest.of(text)
        self.blobs[digest] = text
        self.entries[RelPath(path)] = Entry(digest)

    def data(self, path: str, kind: Kind) -> Mapping[object, object]:
        entry = self.tree.get(RelPath(path))
        try:
            return as_map(load_data(self.read(entry.digest), kind)) if entry else {}
        except Invalid:
            return {}


def as_plugin(tree: Tree, read: Read, manifest: Manifest | None, name: str, home: str) -> Plugin:
    """Make a plugin of what may leave a profile.

    Args:
        tree: The profile as a package, without secrets.
        read: Gives contents by digest.
        manifest: Its manifest; None if it has none.
        name: What it is called otherwise.
        home: The variable in which the agent has the place of a home.
    """
    work = _Work(tree, read, home)
    used = {RelPath(MANIFEST), RelPath(MCP), *_skills(work)}
    servers = dict(_servers(work))
    if servers:
        used |= _code(work, servers)
        roots = {f"{work.home}/{SCRIPTS}": f"/{SCRIPTS}"}
        work.put(OTHER_MCP, {"mcpServers": _rooted(servers, roots, "${CLAUDE_PLUGIN_ROOT}")})
        strict = _strict(_rooted(servers, roots, "${PLUGIN_ROOT}"))
        if strict:
            work.put(MCP, {"$schema": f"{_SCHEMAS}/mcp.schema.json", "mcpServers": strict})
    about = _about(manifest, name)
    for file in PLUGIN_FILES:
        extra = {"$schema": f"{_SCHEMAS}/plugin.schema.json"} if "/" not in file else {}
        work.put(file, {**extra, **about})
    return Plugin(
        tree=Tree(work.entries),
        blobs=work.blobs,
        left_out=(*_stays(work, used, servers), *sorted(work.odd)),
    )


def _skills(work: _Work) -> Iterator[RelPath]:
    """Put each skill into a folder of its own: other agents look no deeper."""
    for folder in sorted(one for one in skill_folders(work.paths) if one and one.under(SKILLS)):
        text = work.read(work.tree[folder / SKILL].digest)
        name = re.sub("[-_]+", "-", skill_name(text, folder.name))
        to = f"{SKILLS}/{name}"
        if RelPath(f"{to}/{SKILL}") in work.entries:
            work.odd.append(LeftOut(f"{folder}/", Why.NAME_TAKEN))
            continue
        for path in files_in(work.paths, folder):
            work.entries[RelPath(f"{to}{path[len(folder) :]}")] = work.tree[path]
            yield path
        strict = portable_skill(text, name)
        if strict != text:
            work.write(f"{to}/{SKILL}", strict)


def _servers(work: _Work) -> Iterator[tuple[str, dict[object, object]]]:
    """The servers of a profile, with the fields that other agents know."""
    for name, server in sorted(_shipped(work).items()):
        kept: dict[object, object] = {key: server[key] for key in _FIELDS if key in server}
        rest = sorted(map(str, server.keys() - kept.keys() - _OWN_SWITCHES))
        work.odd += [LeftOut(f"{name}: {key}"[:200], Why.NOT_IN_PLUGIN) for key in rest]
        if _needs_home(work, kept):
            work.odd.append(LeftOut(f"server {name}"[:200], Why.NEEDS_HOME))
        elif "command" in kept or "url" in kept:
            yield name, kept


def _shipped(work: _Work) -> dict[str, Mapping[object, object]]:
    """The servers of both files that can have them; those of the settings count."""
    found: dict[str, Mapping[object, object]] = {}
    if RelPath(MCP) in work.tree:
        shipped, _ = read_servers(work.read(work.tree[RelPath(MCP)].digest))
        found = {server.name: server.placed for server in shipped}
    return found | {str(name): as_map(row) for name, row in _of_config(work).items()}


def _needs_home(work: _Work, server: Mapping[object, object]) -> bool:
    """Whether a server names something of a home beside its scripts."""
    scripts = f"{work.home}/{SCRIPTS}/"
    return any(work.home in text.replace(scripts, "") for text in texts_in(server))


def _of_config(work: _Work) -> Mapping[object, object]:
    return as_map(work.data(CONFIG, Kind.YAML).get(SERVERS))


def _code(work: _Work, servers: Mapping[str, object]) -> set[RelPath]:
    """Bring the scripts that servers start."""
    if not any(f"{work.home}/{SCRIPTS}/" in text for text in texts_in(servers)):
        return set()
    scripts = set(files_in(work.paths, RelPath(SCRIPTS)))
    work.entries.update((path, work.tree[path]) for path in scripts)
    return scripts


def _rooted(
    servers: Mapping[str, dict[object, object]], places: Mapping[str, str], root: str
) -> dict[str, object]:
    def change(text: str) -> str:
        for place, below in places.items():
            text = text.replace(place, f"{root}{below}")
        return text

    return {name: _changed(server, change) for name, server in servers.items()}


def _changed(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _changed(part, change) for key, part in value.items()}
    if isinstance(value, list):
        return [_changed(part, change) for part in value]
    return value


def _strict(servers: Mapping[str, object]) -> dict[str, object]:
    """The servers in the strict form of Agent Plugins 1.0; one that has no such form is left to the other file."""
    found: dict[str, object] = {}
    for name, server in servers.items():
        row = as_map(server)
        if "url" in row:
            found[name] = {"type": "streamable-http", **row}
        else:
            command = str(row.get("command")).replace("${PLUGIN_ROOT}/", "./")
            if _BARE.fullmatch(command):
                found[name] = {"type": "stdio", **row, "command": command}
    return found


def _about(manifest: Manifest | None, name: str) -> dict[str, object]:
    called = slug(manifest.name if manifest else name).replace("_", "-") or slug(name)
    fields: dict[str, object] = {"name": re.sub("-{2,}", "-", called)}
    if manifest is not None:
        for key in ("version", "description", "homepage", "repository", "license"):
            if value := getattr(manifest, key):
                fields[key] = value
        if manifest.author:
            fields["author"] = {"name": manifest.author}
        if manifest.keywords:
            fields["keywords"] = list(manifest.keywords)
    return fields


def _stays(work: _Work, used: set[RelPath], servers: Mapping[str, object]) -> list[LeftOut]:
    """What a plugin has no place for, by its name at the root of a profile."""
    tops: dict[str, int] = {}
    for path in work.paths:
        if path not in used:
            shown = f"{path.top}/" if "/" in path else str(path)
            tops[shown] = tops.get(shown, 0) + 1
    if servers and work.data(CONFIG, Kind.YAML).keys() <= {SERVERS}:
        tops.pop(CONFIG, None)
    return [LeftOut(name, Why.NOT_IN_PLUGIN, count) for name, count in sorted(tops.items())]
