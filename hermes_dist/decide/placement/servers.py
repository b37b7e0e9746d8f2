"""MCP servers, converted between the forms of a package and of a home.

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
from hermes_dist.model.documents.told import spot_in
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.values import as_list

MCP: Final = RelPath(places.MCP)
SERVERS: Final = "mcp_servers"
Server = dict[object, object]
Steps = tuple[object, ...]
"""The position of a server in the author's file: keys of maps, indexes of lists."""

_ROOTS = ("mcpServers", "mcp_servers", "servers", "mcp")
_URLS = ("url", "serverUrl", "httpUrl", "endpoint")
_SIGNS = ("command", *_URLS)
_SWITCHES = ("enabled", "disabled")
_FALSE = ("false", "0", "no", "off")


class ShippedServer(Struct, frozen=True):
    """A server of ``mcp.json``: its place in the file, its data there, and its spelling for the agent."""

    name: str
    steps: Steps
    written: Mapping[object, object]
    placed: Mapping[object, object]


def is_off(server: object) -> bool:
    """Whether a server is switched off for the agent."""
    if not isinstance(server, Mapping):
        return False
    value = server.get("enabled", True)
    if isinstance(value, str):
        return value.strip().lower() in _FALSE
    return value in (False, 0)


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
        return [], [Note.of(NoteKind.UNREADABLE_SERVERS, spot_in(MCP, err), why=err.what)]
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


def _servers_in(data: object, at: Steps) -> Iterator[tuple[str, Steps, object]]:
    """Yield the servers in the data of a file of any known shape: their names, places and data.

    Raises:
        Invalid: The data has none of the known shapes.
    """
    if data is None:
        return
    if isinstance(data, list):
        yield from _listed_servers(data, at)
        return
    if not isinstance(data, dict):
        raise _no_servers()
    for root in _ROOTS:
        if _holds_servers(data.get(root)):
            yield from _servers_in(data[root], (*at, root))
            return
    if at:
        # Below a well-known key, every entry is meant to be a server; one that is not gets a note.
        yield from ((str(name), (*at, name), item) for name, item in data.items())
    else:
        yield from _bare_servers(data)


def _listed_servers(data: list[object], at: Steps) -> Iterator[tuple[str, Steps, object]]:
    for n, item in enumerate(data):
        name = item.get("name") if isinstance(item, dict) else None
        yield name if isinstance(name, str) else "", (*at, n), item


def _bare_servers(data: Mapping[object, object]) -> Iterator[tuple[str, Steps, object]]:
    """Yield the servers of a file without a well-known key; other tools keep settings of their own beside them."""
    maps = {name: item for name, item in data.items() if isinstance(item, dict)}
    if data and not maps:
        raise _no_servers()
    for name, item in maps.items():
        yield str(name), (name,), item


def _no_servers() -> Invalid:
    return Invalid(
        "it contains no MCP servers", hint='write {"mcpServers": {"name": {"command": "…"}}}'
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
        server["command"] = command[0]
        server["args"] = [*command[1:], *as_list(raw.get("args"))]
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
        # Whether a server is on is this machine's choice, and not part of the package.
        if key == "enabled" or same(base.get(key, ABSENT), value):
            continue
        if listed and key in ("command", "args"):
            command = [now.get("command"), *as_list(now.get("args"))]
            written = _with({**written, "command": command}, "args", ABSENT)
        else:
            written = _with_field(written, key, value)
    return written


def _with_field(written: Server, key: object, value: object) -> Server:
    """Set one field of the author's map: the inverse of :func:`as_agent_reads`."""
    if key == "transport" and "type" in written:
        return {**written, "type": "http" if value is ABSENT else value}
    if key == "url":
        key = next((alias for alias in _URLS if alias in written), key)
    return _with(written, key, value)


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
        name: server | {"enabled": False}
        for name, server in servers.items()
        if isinstance(server, dict)
    }
    return {**config, SERVERS: {**servers, **off}}
