"""Jobs and servers whose file an author broke: they stay as they were until a readable version lacks them.

Otherwise a comma too many in a file of jobs or servers would take approved ones out of every home that updates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hermes_dist.decide.placement.job_ids import Job
from hermes_dist.decide.placement.jobs import JOBS, ShippedJobs
from hermes_dist.decide.placement.servers import MCP, ShippedServer
from hermes_dist.light import NamedTuple
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath

_UNREAD = frozenset(
    [
        NoteKind.UNREADABLE_JOBS,
        NoteKind.NOT_A_JOB,
        NoteKind.UNREADABLE_SERVERS,
        NoteKind.NOT_A_SERVER,
        NoteKind.NAMELESS_SERVER,
    ]
)
"""Notes on what an author wrote and nobody can read."""


class Lasting(NamedTuple):
    """What a home received, and what may be in a file of the package that can't be read now.

    Attributes:
        jobs: Jobs, as the home received them.
        servers: The same of servers.
        notes: What stays.
    """

    jobs: tuple[Job, ...]
    servers: tuple[ShippedServer, ...]
    notes: tuple[Note, ...]


def jobs_that_last(jobs: ShippedJobs, before: Mapping[str, Job]) -> tuple[Job, ...]:
    """Find the jobs that stay.

    Args:
        jobs: The package's.
        before: Those that the home received, by id.
    """
    if not holds_unread(jobs.notes):
        return ()
    here = {job.placed["id"] for job in jobs.jobs}
    return tuple(job for id_, job in before.items() if id_ not in here)


def servers_that_last(
    here: Iterable[object], before: Mapping[object, object]
) -> tuple[ShippedServer, ...]:
    """Find the servers that stay where some can't be read.

    Args:
        here: The names of the package's that can be read.
        before: Those that the home received, by name.
    """
    names = frozenset(here)
    return tuple(
        ShippedServer(str(name), (), entry, entry)
        for name, entry in before.items()
        if name not in names and isinstance(entry, Mapping)
    )


def lasting(jobs: tuple[Job, ...], servers: tuple[ShippedServer, ...]) -> Lasting:
    """What stays, with the notes on it."""
    named = [str(job.get("name") or job["id"]) for job in jobs]
    notes = (*_told(MCP, [server.name for server in servers]), *_told(JOBS, named))
    return Lasting(jobs, servers, notes)


def holds_unread(notes: Iterable[Note]) -> bool:
    """Whether something that an author wrote can't be read."""
    return any(note.kind in _UNREAD for note in notes)


def _told(path: RelPath, names: list[str]) -> list[Note]:
    if not names:
        return []
    return [Note.of(NoteKind.STAYS_AS_BEFORE, where=path, names=tuple(names))]
