"""Give the jobs of a package the ids that the same jobs have with other contents."""

from __future__ import annotations

from msgspec.structs import replace

from hermes_dist.decide.placement.jobs import JOBS
from hermes_dist.decide.placement.place import Placed
from hermes_dist.model.documents.api import Kind, dump
from hermes_dist.model.tree import Digest, Entry


def with_ids_of(placed: Placed, other: Placed) -> Placed:
    """Give each job the id of the one that stands at the same place of the same file in ``other``."""
    if JOBS not in placed.tree or placed.jobs is None or other.jobs is None:
        return placed
    ids = {(job.path, job.steps): job.id for job in other.jobs.jobs}
    rows = [
        {**job.placed, "id": ids.get((job.path, job.steps), job.id)} for job in placed.jobs.jobs
    ]
    data = dump({"jobs": rows}, Kind.JSON)
    digest = Digest.of(data)
    tree = placed.tree.with_entries({JOBS: Entry(digest, placed.tree[JOBS].executable)})
    return replace(placed, tree=tree, blobs={**placed.blobs, digest: data})
