"""The user's own entries in documents that they share with the package: their servers and jobs."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hermes_dist.decide.consent.contents import data_in
from hermes_dist.decide.consent.jobs import label_of
from hermes_dist.decide.consent.parking import put_back
from hermes_dist.decide.consent.switches import units_in
from hermes_dist.decide.placement.job_ids import Job
from hermes_dist.decide.placement.jobs import JOBS, jobs_by_id
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.model.discreet import Contents
from hermes_dist.model.keypath import Item, KeyPath, format_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Read, Tree


class OwnUnit(Struct, frozen=True, order=True):
    """A server or a job of the user's own.

    Attributes:
        path: The document that holds it.
        key: Its place there.
        name: What the user calls it.
    """

    path: RelPath
    key: str
    name: str


class Apart(Contents, frozen=True):
    """A home without the servers and jobs of the user's own, and the new contents."""

    tree: Tree
    blobs: Mapping[Digest, bytes]
    own: tuple[OwnUnit, ...]


def without_own(ours: Tree, received: Tree, theirs: Tree, read: Read) -> Apart:
    """Take the servers and jobs of the user's own out of a home, to compare the rest with the package.

    A document that the package does not have at all stays as it is: the whole file is the user's. So does one of which
    the package's content is lost, because nothing tells whose its servers and jobs are.

    Args:
        ours: The home.
        received: What it last received.
        theirs: What upstream ships, in the home's spelling.
        read: Gives contents by digest.
    """
    changed = ours.where(lambda path: _is_compared(path, ours, received, read))
    packaged = {unit for tree in (received, theirs) for unit, _ in units_in(tree, read)}
    found = [unit for unit, _ in units_in(changed, read) if unit not in packaged]
    if not found:
        return Apart(ours, {}, ())
    jobs = jobs_by_id(data_in(JOBS, ours, read))
    own = sorted(OwnUnit(path, format_key(key), _name(key, jobs)) for path, key in found)
    rest = put_back(ours, received, [(unit.path, unit.key) for unit in own], read)
    return Apart(rest.tree, rest.blobs, tuple(own))


def _is_compared(path: RelPath, ours: Tree, received: Tree, read: Read) -> bool:
    if path not in (CONFIG, JOBS) or ours[path] == received.get(path):
        return False
    return data_in(path, received, read) is not None


def _name(key: KeyPath, jobs: Mapping[str, Job]) -> str:
    step = key[-1]
    return str(label_of(jobs[step.value]) if isinstance(step, Item) else step)
