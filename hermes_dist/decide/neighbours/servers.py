"""The MCP servers of a plugin, in a form that the agent can start."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from hermes_dist import lazily
from hermes_dist.agents.places import MCP, WORKSPACE
from hermes_dist.decide.placement.servers import ShippedServer, read_servers
from hermes_dist.light import NamedTuple
from hermes_dist.model.documents.api import Kind, dump
from hermes_dist.model.manifest import ENV_NAME

_ROOT = lazily.pattern(r"\$\{?(?:CLAUDE_PLUGIN_ROOT|PLUGIN_ROOT)\}?")
_DATA = lazily.pattern(r"\$\{?(?:CLAUDE_PLUGIN_DATA|PLUGIN_DATA)\}?")
_WITH_DEFAULT = lazily.pattern(r"\$\{([A-Z][A-Z0-9_]*):?-([^}]*)\}")
_NAMED = lazily.pattern(r"\$\{(?:env:)?([^}]*)\}")
_OF_OTHERS = lazily.pattern(r"CLAUDE_.*|CODEX_.*|CURSOR_.*|PLUGIN_.*")
_OF_SYSTEM = frozenset(["HOME", "PATH", "USER", "SHELL", "TMPDIR", "PWD", "LANG"])


class Servers(NamedTuple):
    """The servers of a plugin.

    Attributes:
        data: An ``mcp.json``; None if none of them can come.
        needs_files: Whether one of them starts files of the plugin.
        env: The variables that they name, with the value to suggest for each; None for none.
        odd: The names of those that can't come, each with why.
    """

    data: bytes | None
    needs_files: bool
    env: Mapping[str, str | None]
    odd: Mapping[str, str]


def servers_for_agent(files: list[bytes], scripts: str, home: str) -> Servers:
    """Spell the servers of a plugin for the agent.

    Args:
        files: Documents with servers, in any of the known shapes; the first one that names a server counts.
        scripts: The folder of a home that has the plugin's files.
        home: The variable with the place of a home.
    """
    found: dict[str, dict[object, object]] = {}
    env: dict[str, str | None] = {}
    odd: dict[str, str] = {}
    for data in files:
        servers, notes = read_servers(data)
        odd.update({str(dict(note.data).get("name", MCP)): "" for note in notes})
        for server in (one for one in servers if one.name not in found):
            given: dict[str, str | None] = {}
            written = _written(server, scripts, f"${{{home}}}", given)
            if strange := _strange(written):
                odd[server.name] = strange
                continue
            found[server.name] = written
            env |= {name: given.get(name, env.get(name)) for name in _variables(written)}
    env.pop(home, None)
    if not found:
        return Servers(None, False, {}, odd)
    needs = any(f"${{{home}}}/{scripts}" in text for text in texts_in(found))
    return Servers(dump({"mcpServers": found}, Kind.JSON), needs, env, odd)


def _written(
    server: ShippedServer, scripts: str, home: str, env: dict[str, str | None]
) -> dict[object, object]:
    """What a plugin says of a server, with places of a home instead of places of a plugin."""
    written = {
        key: _deep(value, lambda text: _placed(text, scripts, home, env))
        for key, value in server.written.items()
    }
    command = written.get("command")
    # Agent Plugins 1.0: a command that begins with ./ is a file of the plugin.
    if isinstance(command, str) and command.startswith("./"):
        written["command"] = f"{home}/{scripts}/{command[2:]}"
    return written


def _placed(text: str, scripts: str, home: str, env: dict[str, str | None]) -> str:
    text = _ROOT.sub(f"{home}/{scripts}", text)
    text = text.replace(f"{home}/{scripts}/skills/", f"{home}/skills/")
    text = _DATA.sub(f"{home}/{WORKSPACE}", text)
    for name, value in _WITH_DEFAULT.findall(text):
        env.setdefault(name, value)
    return _WITH_DEFAULT.sub(r"${\1}", text)


def _deep(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _deep(part, change) for key, part in value.items()}
    if isinstance(value, list):
        return [_deep(part, change) for part in value]
    return value


def texts_in(value: object) -> Iterator[str]:
    """Yield every text inside a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)


def _strange(written: Mapping[object, object]) -> str:
    """A name in a server that only the other agent sets; empty if there is none."""
    for text in texts_in(written):
        for name in _NAMED.findall(text):
            if _OF_OTHERS.fullmatch(name) or not re.fullmatch(r"\w+", name):
                return f"${{{name}}}"[:80]
    return ""


def _variables(written: Mapping[object, object]) -> Iterator[str]:
    for text in texts_in(written):
        for name in _NAMED.findall(text):
            if ENV_NAME.fullmatch(name) and name not in _OF_SYSTEM:
                yield name
