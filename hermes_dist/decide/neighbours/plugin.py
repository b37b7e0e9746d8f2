"""A plugin of another agent as a package: skills, commands as skills, servers; the rest is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hermes_dist.agents.places import MCP
from hermes_dist.decide.neighbours.commands import bring_commands
from hermes_dist.decide.neighbours.draft import Draft
from hermes_dist.decide.neighbours.servers import Servers, servers_for_agent
from hermes_dist.decide.neighbours.signs import (
    CLAUDE,
    OTHER_MCP,
    PLUGIN_FILES,
    SKILL,
    skill_folders,
)
from hermes_dist.decide.neighbours.skills import (
    SKILLS,
    bring_beside,
    bring_skill,
    files_in,
    skill_name,
    slug,
)
from hermes_dist.decide.ownership import Owner, owner_of
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, dump
from hermes_dist.model.documents.json_text import json_data
from hermes_dist.model.left_out import Why
from hermes_dist.model.paths import RelPath
from hermes_dist.model.values import as_map

COMMANDS, AGENTS, HOOKS = "commands", "agents", "hooks"
_MCP_FILES = (OTHER_MCP, MCP)
_NO_CODE = frozenset([CLAUDE, COMMANDS, AGENTS, HOOKS, SKILLS, *_MCP_FILES, *PLUGIN_FILES])
_OF_OTHERS: Mapping[str, Why] = {AGENTS: Why.OTHER_AGENTS, HOOKS: Why.OTHER_HOOKS}


def bring_plugin(
    draft: Draft, data: Mapping[object, object], called: str, home: str
) -> dict[str, object]:
    """Bring what the agent can use of a plugin.

    Args:
        draft: The draft.
        data: What the plugin says of itself.
        called: What the source is called.
        home: The variable with the place of a home.

    Returns:
        The fields of a manifest.
    """
    name = str(data.get("name") or called)
    draft.use(RelPath(PLUGIN_FILES[0]))
    for path in files_in(draft.paths, RelPath(CLAUDE)):
        draft.use(path)
    _bring_skills(draft, data, name)
    bring_commands(draft, _commands(draft, data))
    servers = _bring_servers(draft, data, f"scripts/{slug(name) or 'plugin'}", home)
    for folder in filter(None, skill_folders(draft.paths)):
        _leave(draft, files_in(draft.paths, folder), Why.NOT_OF_PLUGIN)
    for part, why in _OF_OTHERS.items():
        _leave(draft, files_in(draft.paths, RelPath(part)), why)
        _leave(draft, _named(draft, data.get(part)), why)
        if isinstance(data.get(part), Mapping):
            draft.lose(f"plugin.json: {part}", why)
    return {**_about(data, name), "env_requires": _env(servers)}


def _leave(draft: Draft, paths: Iterable[RelPath], why: Why) -> None:
    for path in paths:
        if not draft.is_settled(path):
            draft.leave(path, why)


def _bring_skills(draft: Draft, data: Mapping[object, object], name: str) -> None:
    folders = list(filter(None, skill_folders(draft.paths)))
    usual = [folder for folder in folders if folder.top == SKILLS]
    others = sorted(set(folders) - set(usual))
    for folder in usual:
        bring_skill(draft, folder, folder)
    for place in _places(draft, data.get("skills")):
        for folder in (one for one in others if one.under(place)):
            bring_skill(draft, folder, f"{SKILLS}/{_rest(folder, place) or folder.name}")
    bring_beside(draft)
    if not usual:
        _bring_root(draft, name)


def _rest(path: RelPath, place: RelPath) -> str:
    """The part of a path below a place."""
    return path[len(place) :].strip("/")


def _bring_root(draft: Draft, name: str) -> None:
    """Bring the skill that a plugin is itself, with the folders that a skill has."""
    root = RelPath(SKILL)
    if root not in draft.source:
        return
    to = f"{SKILLS}/{skill_name(draft.read(draft.source[root].digest), name)}"
    if not draft.claim(to, "."):
        return
    draft.bring(root, f"{to}/{SKILL}")
    for beside in ("references", "scripts", "assets", "templates"):
        for path in files_in(draft.paths, RelPath(beside)):
            draft.bring(path, f"{to}/{path}")


def _commands(draft: Draft, data: Mapping[object, object]) -> Iterator[tuple[RelPath, str]]:
    """The files of commands, each with the name of its command: that of the file, after those of its folders."""
    given = data.get(COMMANDS)
    if isinstance(given, Mapping):
        for called, row in given.items():
            for path in _named(draft, as_map(row).get("source")):
                yield path, str(called)
        return
    for place in [*_places(draft, given), RelPath(COMMANDS)]:
        for path in _under(draft, place):
            if path.suffix == ".md" and not draft.is_settled(path):
                rest = _rest(path, place) or path.name
                yield path, rest[: -len(".md")].replace("/", "-")


def _bring_servers(draft: Draft, data: Mapping[object, object], scripts: str, home: str) -> Servers:
    files: list[bytes] = []
    given = data.get("mcpServers")
    if isinstance(given, Mapping):
        files.append(dump(json_data({"mcpServers": given}), Kind.JSON))
    for path in [*_named(draft, given), *map(RelPath, _MCP_FILES)]:
        if path in draft.source and path.suffix == ".json" and not draft.is_settled(path):
            files.append(draft.read(draft.source[path].digest).removeprefix(b"\xef\xbb\xbf"))
            draft.use(path)
    made = servers_for_agent(files, scripts, home)
    for name, why in sorted(made.odd.items()):
        draft.lose(f"{MCP}: {name}"[:200], Why.SERVER_FORM, why)
    if made.data is not None:
        draft.add(MCP, made.data)
    if made.needs_files:
        _bring_code(draft, scripts)
    return made


def _bring_code(draft: Draft, scripts: str) -> None:
    """Bring the files that a server may load: all that is neither a part of its own, nor there for its authors."""
    for path in draft.paths:
        text = "/" not in path and owner_of(path) is Owner.HOUSEKEEPING and path.suffix != ".json"
        if path.top in _NO_CODE or text or path.top.startswith(".") or draft.is_settled(path):
            continue
        draft.bring(path, f"{scripts}/{path}")


def _places(draft: Draft, value: object) -> Iterator[RelPath]:
    """The places that a field names, as safe paths; one that leaves the plugin is said."""
    for text in value if isinstance(value, list) else [value]:
        if not isinstance(text, str):
            continue
        try:
            yield RelPath(text.removeprefix("./").rstrip("/"))
        except Invalid as err:
            if text not in (".", "./"):
                draft.lose(f"plugin.json: {text}"[:200], Why.UNSAFE_NAME, err.what)


def _named(draft: Draft, value: object) -> Iterator[RelPath]:
    for place in _places(draft, value):
        yield from _under(draft, place)


def _under(draft: Draft, place: RelPath) -> Iterator[RelPath]:
    if place in draft.source:
        yield place
    yield from files_in(draft.paths, place)


def _about(data: Mapping[object, object], name: str) -> dict[str, object]:
    fields: dict[str, object] = {"name": name}
    for key in ("version", "description", "author", "license", "homepage", "repository"):
        fields[key] = _text(data.get(key))
    words = data.get("keywords")
    if isinstance(words, list):
        fields["keywords"] = [word[:80] for word in words if isinstance(word, str)][:50]
    return fields


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("url")
    return value if isinstance(value, str) else ""


def _env(servers: Servers) -> list[dict[str, object]]:
    return [
        {"name": name, "required": value is None}
        | ({"default": value} if value is not None else {})
        for name, value in sorted(servers.env.items())
    ]
