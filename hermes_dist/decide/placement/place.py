"""Placement: a package tree in the spelling of a home.

A home keeps some shared data in other files than a package does. Merging happens in the home's spelling, so
that conflicts have the names users see, and comments stay in place. The inverse is
:mod:`hermes_dist.decide.placement.capture`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from msgspec import Struct

from hermes_dist.agents import places
from hermes_dist.decide.placement.jobs import JOBS, ShippedJobs, jobs_by_id, read_jobs
from hermes_dist.decide.placement.servers import (
    MCP,
    SERVERS,
    ShippedServer,
    read_servers,
    switched_off,
)
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, Unmergeable, dump, load_data, parse, rewrite, same
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree

CONFIG: Final = RelPath(places.CONFIG)
NO_CONFIG: Final = b"# The package ships no settings.\n{}\n"
"""The content of a config.yaml that the package no longer has, but the home still does."""


class Placed(Struct, frozen=True, kw_only=True):
    """A package in the spelling of a home.

    Attributes:
        tree: The files as a home holds them.
        shipped: The package's entries that a home spells differently.
        blobs: New contents by digest.
        notes: What was not placed, and why.
        jobs: The cron jobs, as shipped and as placed.
        servers: The servers of ``mcp.json``, as shipped and as placed.
    """

    tree: Tree
    shipped: Tree
    blobs: Mapping[Digest, bytes]
    notes: tuple[Note, ...]
    jobs: ShippedJobs
    servers: tuple[ShippedServer, ...]


def place(
    package: Tree,
    read: Read,
    *,
    name: str = "",
    user_ids: Collection[str] = (),
    keep_containers: Tree = EMPTY,
) -> Placed:
    """Convert a package to the home's spelling: servers and jobs go into the agent's own files, switched off.

    Args:
        package: The payload of a package.
        read: Gives contents by digest, also those of ``keep_containers``.
        name: The package's name, which goes into the reason that its jobs are paused for.
        user_ids: Ids of the user's cron jobs, which are taken.
        keep_containers: What the home last received: a ``config.yaml`` or ``cron/jobs.json`` in it stays, emptied,
            when the package no longer has one (the home's may hold the user's own), and its jobs keep their ids.
    """
    blobs: dict[Digest, bytes] = {}
    servers, notes = read_servers(read(package[MCP].digest)) if MCP in package else ([], [])
    jobs = read_jobs(
        package,
        read,
        name=name or "?",
        user_ids=user_ids,
        base_ids=_ids_of(keep_containers.get(JOBS), read),
    )
    changes: dict[RelPath, Entry | None] = dict.fromkeys([*jobs.files, *({MCP} & package.keys())])
    if jobs.jobs or JOBS in jobs.files or JOBS in keep_containers:
        changes[JOBS] = _put(
            blobs, dump({"jobs": [dict(job.placed) for job in jobs.jobs]}, Kind.JSON)
        )
    authors = package.get(CONFIG)
    config, note = _config(read(authors.digest) if authors else None, servers)
    # The home's file may hold the user's own settings, so the file is emptied and not deleted.
    if config is None and CONFIG in keep_containers:
        config = NO_CONFIG
    if config is not None:
        changes[CONFIG] = _put(blobs, config, executable=bool(authors and authors.executable))
    moved = {
        path
        for path in changes
        if path in package and (path != CONFIG or package[path] != changes[path])
    }
    if authors and (MCP in package or authors.digest == Digest.of(NO_CONFIG)):
        moved.add(CONFIG)  # otherwise package_of would take it for a file made by placing
    return Placed(
        tree=package.with_entries(changes),
        shipped=package.where(lambda path: path in moved),
        blobs=blobs,
        notes=(*notes, *jobs.notes, *([note] if note else [])),
        jobs=jobs,
        servers=tuple(servers),
    )


def package_of(tree: Tree, shipped: Tree, read: Read) -> Tree:
    """Return the package that was placed: the inverse of :func:`place`.

    Args:
        tree: ``Placed.tree``.
        shipped: ``Placed.shipped``.
        read: Gives contents by digest.
    """
    made: set[RelPath] = set()
    if CONFIG in tree and (MCP in shipped or read(tree[CONFIG].digest) == NO_CONFIG):
        made.add(CONFIG)
    if JOBS in tree:
        made.add(JOBS)
    return tree.where(lambda path: path not in made).with_entries(shipped)


def _put(blobs: dict[Digest, bytes], data: bytes, *, executable: bool = False) -> Entry:
    digest = Digest.of(data)
    blobs[digest] = data
    return Entry(digest, executable)


def _ids_of(entry: Entry | None, read: Read) -> Collection[str]:
    try:
        return jobs_by_id(load_data(read(entry.digest), Kind.JSON)).keys() if entry else ()
    except Invalid:
        return ()


def _config(
    authors: bytes | None, servers: list[ShippedServer]
) -> tuple[bytes | None, Note | None]:
    """Return the ``config.yaml`` for a home, and a note about it."""
    if authors is None:
        return (dump({SERVERS: _entries(servers)}, Kind.YAML) if servers else None), None
    try:
        doc = parse(authors, Kind.YAML)
    except Invalid as err:
        return authors, _cannot(str(err), servers)
    data = {} if doc.value is None else doc.value
    if not isinstance(data, dict):
        return authors, _cannot("not a map of settings", servers)
    want = switched_off(data)
    here = want.get(SERVERS) or {}
    if not isinstance(here, dict):
        return authors, _cannot(f"{SERVERS} is no map", servers)
    twice = tuple(s.name for s in servers if s.name in here and not same(here[s.name], s.placed))
    if more := {name: entry for name, entry in _entries(servers).items() if name not in here}:
        want = {**want, SERVERS: {**here, **more}}
    note = Note.of(NoteKind.SERVER_OVERRULED, where=MCP, names=twice) if twice else None
    if same(want, data):
        return authors, note
    try:
        return rewrite(doc, want).content, note
    except Unmergeable as err:
        return authors, Note.of(NoteKind.SERVERS_STAY_ON, where=CONFIG, why=err.reason)


def _entries(servers: list[ShippedServer]) -> dict[object, object]:
    return {server.name: dict(server.placed) for server in servers}


def _cannot(why: str, servers: list[ShippedServer]) -> Note:
    names = tuple(server.name for server in servers)
    return Note.of(NoteKind.SETTINGS_UNREADABLE, where=CONFIG, why=why, mcp=MCP, servers=names)
