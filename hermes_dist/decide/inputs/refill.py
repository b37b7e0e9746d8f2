"""Put answers into files in the spelling of a home, such as those of an archive."""

from __future__ import annotations

from msgspec.structs import replace

from hermes_dist.decide.inputs.fill import Filled, Values, fill, names_within, with_answers
from hermes_dist.decide.placement.jobs import JOBS
from hermes_dist.decide.placement.schedules import parse_schedule
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, dump, load_data
from hermes_dist.model.tree import Digest, Entry, Read, Tree, together
from hermes_dist.model.values import as_list, as_map


def refill(tree: Tree, values: Values, read: Read) -> Filled:
    """Put answers into files, as :func:`hermes_dist.decide.inputs.fill.fill` does.

    A schedule with placeholders becomes what the agent writes for it: an interval has other fields than a time.

    Args:
        tree: The files, in the home's spelling.
        values: The answers, by the name of the input.
        read: Gives contents by digest.

    Raises:
        Invalid: A document can't be edited in place.
    """
    timed = _timed(tree, values, read)
    if timed is None:
        return fill(tree, values, read)
    digest = Digest.of(timed)
    blobs = {digest: timed}
    jobs = Tree({JOBS: Entry(digest, tree[JOBS].executable)})
    made = fill(tree.with_entries(jobs), values, together(blobs, read))
    return replace(made, blobs={**blobs, **made.blobs})


def _timed(tree: Tree, values: Values, read: Read) -> bytes | None:
    """The jobs with the schedules that answers make; None if there are none."""
    try:
        data = load_data(read(tree[JOBS].digest), Kind.JSON) if JOBS in tree else None
    except Invalid:
        return None
    jobs = [job for job in as_list(as_map(data).get("jobs")) if isinstance(job, dict)]
    waiting = [job for job in jobs if names_within(_schedule(job))]
    for job in waiting:
        try:
            job["schedule"] = parse_schedule(with_answers(_schedule(job), values))
        except Invalid:
            continue  # an answer is missing: a preview without it
    return dump(data, Kind.JSON) if waiting else None


def _schedule(job: object) -> object:
    return as_map(as_map(job).get("schedule")).get("expr")
