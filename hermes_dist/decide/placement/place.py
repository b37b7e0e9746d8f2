"""Place a package: rewrite its tree the way a home stores it.

A home keeps some shared data in other files than a package does. Merging happens in the home's spelling, so
that conflicts have the names users see, and comments stay in place. The inverse is
:mod:`hermes_dist.decide.placement.capture`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hermes_dist.agents import places
from hermes_dist.decide.placement.job_ids import NO_JOBS, Job
from hermes_dist.decide.placement.jobs import JOBS, ShippedJobs, jobs_by_id, read_jobs
from hermes_dist.decide.placement.lasting import (
    Lasting,
    holds_unread,
    jobs_that_last,
    lasting,
    servers_that_last,
)
from hermes_dist.decide.placement.servers import (
    MCP,
    SERVERS,
    Server,
    ShippedServer,
    read_servers,
    switched_off,
)
from hermes_dist.errors import Invalid
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import Kind, Unmergeable, dump, load_data, parse, rewrite, same
from hermes_dist.model.documents.told import spot_in
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree

CONFIG: Final = RelPath(places.CONFIG)
NO_CONFIG: Final = b"{ }\n"
"""The content of a config.yaml that the package no longer has, but the home still does.

The blank tells it from what an author would write. A comment would do that, too, but a merge brings comments along.
"""
NO_CONFIGS: Final = (NO_CONFIG, b"# The package ships no settings.\n{}\n")
"""The same, and as lockfiles of earlier versions have it."""


class Placed(Contents, frozen=True, kw_only=True):
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
    user_jobs: Mapping[str, Job] = NO_JOBS,
    known_jobs: Mapping[str, Job] = NO_JOBS,
    keep_containers: Tree = EMPTY,
    unanswered: bool = False,
) -> Placed:
    """Convert a package to the home's spelling: servers and jobs go into the agent's own files, switched off.

    Args:
        package: The payload of a package.
        read: Gives contents by digest, also those of ``keep_containers``.
        name: The package's name, which goes into the reason that its jobs are paused for.
        user_jobs: The user's own cron jobs by id: their ids are taken.
        known_jobs: Jobs that this package had in the home once, besides those in ``keep_containers``.
        keep_containers: What the home last received: a ``config.yaml`` or ``cron/jobs.json`` in it stays, emptied,
            when the package no longer has one (the home's may hold the user's own), and its jobs keep their ids.
        unanswered: Schedules may have placeholders.
    """
    blobs: dict[Digest, bytes] = {}
    servers, notes = _servers_of(package, read)
    before = jobs_in(keep_containers, read)
    # An id that is made from file and name also depends on the jobs beside it, so the ones that the home knows are
    # handed in: a job with another id would be another job, without its run state.
    jobs = read_jobs(
        package,
        read,
        name=name or "?",
        user_jobs=user_jobs,
        base_jobs={**known_jobs, **before},
        unanswered=unanswered,
    )
    stays = _lasting(package, read, keep_containers, jobs_that_last(jobs, before), servers, notes)
    # The files that are converted go; what they hold comes back under the home's names.
    changes: dict[RelPath, Entry | None] = dict.fromkeys([*jobs.files, *({MCP} & package.keys())])
    if jobs.jobs or JOBS in jobs.files or JOBS in keep_containers:
        rows = [*(dict(job.placed) for job in jobs.jobs), *stays.jobs]
        changes[JOBS] = _put(blobs, dump({"jobs": rows}, Kind.JSON))
    config, more = _config_for_home(package, [*servers, *stays.servers], keep_containers, read)
    if config is not None:
        authors = package.get(CONFIG)
        changes[CONFIG] = _put(blobs, config, executable=bool(authors and authors.executable))
    moved = _kept_beside(package, changes)
    return Placed(
        tree=package.with_entries(changes),
        shipped=package.where(lambda path: path in moved),
        blobs=blobs,
        notes=(*notes, *jobs.notes, *stays.notes, *more),
        jobs=jobs,
        servers=tuple(servers),
    )


def _lasting(
    package: Tree,
    read: Read,
    received: Tree,
    jobs: tuple[Job, ...],
    servers: list[ShippedServer],
    notes: list[Note],
) -> Lasting:
    """What stays as the home received it, because the package's file can't be read."""
    if not holds_unread(notes):
        return lasting(jobs, ())
    here = (*_servers_in_config(package, read), *(server.name for server in servers))
    return lasting(jobs, servers_that_last(here, _servers_in_config(received, read)))


def _servers_in_config(tree: Tree, read: Read) -> Mapping[object, object]:
    """The servers in a ``config.yaml``; none if it can't be read."""
    try:
        data = load_data(read(tree[CONFIG].digest), Kind.YAML) if CONFIG in tree else {}
    except Invalid:
        return {}
    found = data.get(SERVERS) if isinstance(data, dict) else {}
    return found if isinstance(found, dict) else {}


def _servers_of(package: Tree, read: Read) -> tuple[list[ShippedServer], list[Note]]:
    if MCP not in package:
        return [], []
    return read_servers(read(package[MCP].digest))


def _config_for_home(
    package: Tree, servers: list[ShippedServer], keep_containers: Tree, read: Read
) -> tuple[bytes | None, tuple[Note, ...]]:
    """Return the ``config.yaml`` for a home, None if it needs none, and notes about it."""
    if CONFIG in package:
        config, note = _with_servers(read(package[CONFIG].digest), servers)
        return config, (note,) if note else ()
    if servers:
        return dump({SERVERS: _entries(servers)}, Kind.YAML), ()
    # The home's file may hold the user's own settings, so the file is emptied and not deleted.
    if CONFIG in keep_containers:
        return NO_CONFIG, ()
    return None, ()


def _kept_beside(package: Tree, changes: Mapping[RelPath, Entry | None]) -> set[RelPath]:
    """Return the converted files of a package: the lock keeps their entries, so that capture can give them back."""
    kept = changes.keys() & package.keys()
    authors = package.get(CONFIG)
    # A config that is placed unchanged needs no copy, unless package_of would take it for one that placing made.
    looks_made = MCP in package or (authors and authors.digest in map(Digest.of, NO_CONFIGS))
    if authors and changes[CONFIG] == authors and not looks_made:
        kept.discard(CONFIG)
    return kept


def package_of(tree: Tree, shipped: Tree, read: Read) -> Tree:
    """Return the package that was placed: the inverse of :func:`place`.

    Args:
        tree: ``Placed.tree``.
        shipped: ``Placed.shipped``.
        read: Gives contents by digest.
    """
    made: set[RelPath] = set()
    if CONFIG in tree and (MCP in shipped or read(tree[CONFIG].digest) in NO_CONFIGS):
        made.add(CONFIG)
    if JOBS in tree:
        made.add(JOBS)
    return tree.where(lambda path: path not in made).with_entries(shipped)


def _put(blobs: dict[Digest, bytes], data: bytes, *, executable: bool = False) -> Entry:
    digest = Digest.of(data)
    blobs[digest] = data
    return Entry(digest, executable)


def jobs_in(tree: Tree, read: Read) -> Mapping[str, Job]:
    """Return the jobs in a tree in the home's spelling, by id; none if they can't be read."""
    if JOBS not in tree:
        return {}
    try:
        return jobs_by_id(load_data(read(tree[JOBS].digest), Kind.JSON))
    except Invalid:
        return {}


def _with_servers(authors: bytes, servers: list[ShippedServer]) -> tuple[bytes, Note | None]:
    """Return the author's ``config.yaml`` with all servers in it, switched off, and a note about it."""
    try:
        doc = parse(authors, Kind.YAML)
    except Invalid as err:
        return authors, _cannot(err.what, servers, spot_in(CONFIG, err))
    data = {} if doc.value is None else doc.value
    if not isinstance(data, dict):
        return authors, _cannot("not a map of settings", servers)
    if not isinstance(data.get(SERVERS) or {}, dict):
        return authors, _cannot(f"{SERVERS} is not a map", servers)
    # Nothing runs before its approval. Base and theirs are placed alike, so the switch never differs between them, and
    # the home keeps its own.
    want = _with_entries(switched_off(data), servers)
    note = _told_twice(servers, want.get(SERVERS))
    if same(want, data):
        # With nothing to switch off or to add, the author's own bytes are placed.
        return authors, note
    try:
        return rewrite(doc, want).content, note
    except Unmergeable as err:
        return authors, Note.of(NoteKind.SERVERS_STAY_ON, where=CONFIG, why=err.reason)


def _with_entries(config: dict[object, object], servers: list[ShippedServer]) -> Server:
    """Add the servers of ``mcp.json`` that ``config.yaml`` does not define itself."""
    here = config.get(SERVERS) or {}
    if not isinstance(here, dict):
        return config
    missing = {name: entry for name, entry in _entries(servers).items() if name not in here}
    if not missing:
        return config
    return {**config, SERVERS: {**here, **missing}}


def _told_twice(servers: list[ShippedServer], here: object) -> Note | None:
    """Return a note on servers that both files of the package define, and differently; None if there are none."""
    if not isinstance(here, dict):
        return None
    twice = tuple(s.name for s in servers if s.name in here and not same(here[s.name], s.placed))
    if not twice:
        return None
    return Note.of(NoteKind.SERVER_OVERRULED, where=MCP, names=twice)


def _entries(servers: list[ShippedServer]) -> dict[object, object]:
    return {server.name: dict(server.placed) for server in servers}


def _cannot(why: str, servers: list[ShippedServer], where: str = CONFIG) -> Note:
    names = tuple(server.name for server in servers)
    return Note.of(NoteKind.SETTINGS_UNREADABLE, where=where, why=why, mcp=MCP, servers=names)
