"""MCP servers, converted between the spellings of a package and of a home.

A package has them in ``mcp.json``, in the shapes that clients use, and in its ``config.yaml``; the agent reads
them only from ``mcp_servers`` in ``config.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from hermes_dist.agents import places
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import ABSENT, Kind, load_data, same
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath

MCP: Final = RelPath(places.MCP)
SERVERS: Final = "mcp_servers"
Server = dict[object, object]

_ROOTS = ("mcpServers", "mcp_servers", "servers", "mcp")
_URLS = ("url", "serverUrl", "httpUrl", "endpoint")
_SIGNS = ("command", *_URLS)
_SWITCHES = ("enabled", "disabled")
_FALSE = ("false", "0", "no", "off")


class ShippedServer(Struct, frozen=True):
    """A server of ``mcp.json``: its place in the file, its data there, and its spelling for the agent."""

    name: str
    steps: tuple[object, ...]
    written: Mapping[object, object]
    placed: Mapping[object, object]


def is_off(server: object) -> bool:
    """Whether a server is switched off for the agent."""
    value = server.get("enabled", True) if isinstance(server, Mapping) else True
    return value.strip().lower() in _FALSE if isinstance(value, str) else value in (False, 0)


def read_servers(data: bytes) -> tuple[list[ShippedServer], list[Note]]:
    """Read an ``mcp.json``.

    Args:
        data: The file.

    Returns:
        The servers, switched off, and notes on entries that are not servers.
    """
    servers: dict[str, ShippedServer] = {}
    try:
        found = list(_servers_in(load_data(data, Kind.JSON), ()))
    except Invalid as err:
        return [], [Note.of(NoteKind.UNREADABLE_SERVERS, MCP, place=err.where, why=err.what)]
    notes = []
    for name, steps, raw in found:
        if not isinstance(raw, dict) or not any(sign in raw for sign in _SIGNS):
            notes.append(Note.of(NoteKind.NOT_A_SERVER, where=MCP, name=name))
        elif not name:
            notes.append(Note.of(NoteKind.NAMELESS_SERVER, where=MCP))
        elif name in servers:
            notes.append(Note.of(NoteKind.SERVER_TWICE, where=MCP, name=name))
        else:
            servers[name] = ShippedServer(name, steps, raw, as_agent_reads(raw))
    return list(servers.values()), notes


def _servers_in(
    data: object, at: tuple[object, ...]
) -> Iterator[tuple[str, tuple[object, ...], object]]:
    """Yield the servers in the data of a file of any known shape: their names, places and data.

    Raises:
        Invalid: The data has none of the known shapes.
    """
    root = next(
        (key for key in _ROOTS if isinstance(data, dict) and _holds_servers(data.get(key))), None
    )
    if root and isinstance(data, dict):
        yield from _servers_in(data[root], (*at, root))
    elif isinstance(data, list):
        for n, item in enumerate(data):
            name = item.get("name") if isinstance(item, dict) else None
            yield name if isinstance(name, str) else "", (*at, n), item
    elif isinstance(data, dict):
        for key, item in data.items():
            if isinstance(item, dict) or at:
                yield str(key), (*at, key), item
        if data and not at and not any(isinstance(item, dict) for item in data.values()):
            raise Invalid(
                "no MCP servers in it", hint='write {"mcpServers": {"name": {"command": "…"}}}'
            )
    elif data is not None:
        raise Invalid(
            "no MCP servers in it", hint='write {"mcpServers": {"name": {"command": "…"}}}'
        )


def _holds_servers(data: object) -> bool:
    """Whether the value of a well-known key is a collection of servers, and not a server of that name."""
    return isinstance(data, list) or (
        isinstance(data, dict) and not any(isinstance(data.get(s), str) for s in _SIGNS)
    )


def as_agent_reads(raw: Mapping[object, object]) -> Server:
    """Convert a server from another client's file to the agent's spelling, switched off."""
    server: Server = {
        key: value for key, value in raw.items() if key not in ("name", "type", *_SWITCHES, *_URLS)
    }
    command = raw.get("command")
    if isinstance(command, list) and command:
        args = raw.get("args")
        server["command"] = command[0]
        server["args"] = [*command[1:], *(args if isinstance(args, list) else [])]
    url = next((raw[key] for key in _URLS if raw.get(key)), None)
    if url is not None:
        server = {"url": url} | server
    if str(raw.get("type", "")).lower() == "sse":
        server.setdefault("transport", "sse")
    return server | {"enabled": False}


def respelled(
    shipped: ShippedServer, base: Mapping[object, object], now: Mapping[object, object]
) -> Server:
    """Return the author's map with the home's changes since base, in the author's spelling."""
    written = dict(shipped.written)
    listed = isinstance(written.get("command"), list)
    for key in dict.fromkeys([*base, *now]):
        value = now.get(key, ABSENT)
        if key == "enabled" or same(base.get(key, ABSENT), value):
            continue
        if key == "transport" and "type" in written:
            written["type"] = "http" if value is ABSENT else value
        elif key in ("command", "args") and listed:
            rest = now.get("args")
            written["command"] = [now.get("command"), *(rest if isinstance(rest, list) else [])]
            written.pop("args", None)
        else:
            spelled = (
                next((alias for alias in _URLS if alias in written), key) if key == "url" else key
            )
            written = _with(written, spelled, value)
    return written


def _with(data: Server, key: object, value: object) -> Server:
    if value is ABSENT:
        return {k: v for k, v in data.items() if k != key}
    return {**data, key: value}


def switched_off(config: Mapping[object, object]) -> dict[object, object]:
    """Return a config with all servers off."""
    servers = config.get(SERVERS)
    if not isinstance(servers, dict):
        return dict(config)
    off = {
        name: server if server.get("enabled") is False else {**server, "enabled": False}
        for name, server in servers.items()
        if isinstance(server, dict)
    }
    return {**config, SERVERS: {**servers, **off}}
