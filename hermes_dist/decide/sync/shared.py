"""The shared form of a home: what of its files travels, with everything taken out that is this machine's own.

It is the same on every machine that holds the same agent, whatever is switched on there: servers and jobs are off,
secrets are variables, settings about the machine are as the others last sent them.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from hermes_dist.agents.jobs import NEVER_RAN, PAUSED, REASON, SNAPSHOTS, UNBOUND
from hermes_dist.agents.places import SHARED_FOLDERS
from hermes_dist.decide.archive.arrive import quieted
from hermes_dist.decide.consent.contents import data_in
from hermes_dist.decide.leaving.export import portable
from hermes_dist.decide.leaving.publish import without_personal
from hermes_dist.decide.ownership import ENV_EXAMPLES, SHARED_FILES, is_machine, machines_among
from hermes_dist.decide.placement.job_ids import Job
from hermes_dist.decide.placement.jobs import (
    IMPORTED,
    JOBS,
    are_apart,
    is_runtime,
    jobs_by_id,
    paused_by,
    waits_for_approval,
)
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.errors import Invalid
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import Kind, dump, kind_of, load_data, same
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Read, Tree, together

_OWN_SWITCHES = ("*.enabled",)
"""Settings besides the personal ones that stay each machine's own."""
_MACHINES_TOO = (CONFIG, JOBS)
"""Documents that hold what is the machine's beside what is shared."""


class Form(Contents, frozen=True, kw_only=True):
    """The shared form of a home.

    Attributes:
        tree: The files that travel.
        blobs: New contents by digest.
        variables: Names of variables that take the place of secrets.
        held: Files that can't be read as data, so the version of the others stays.
    """

    tree: Tree
    blobs: dict[Digest, bytes]
    variables: tuple[str, ...] = ()
    held: tuple[RelPath, ...] = ()


class Facts(Struct, frozen=True, kw_only=True):
    """The facts that a shared form is made from.

    Attributes:
        ours: The home, as it counts for merging.
        found: Every file of it that was read.
        base: What the home last received from the others.
        hidden: Whether something unreadable is at a path, so that nobody knows what is there.
        package: What the home's package brought; empty for none.
        kept: ``path`` or ``path: key`` that stay this machine's own.
        package_name: Its name.
        read: Gives contents by digest.
    """

    ours: Tree
    found: Tree
    base: Tree
    hidden: Collection[RelPath] = ()
    package: Tree
    kept: Collection[str] = ()
    package_name: str = ""
    read: Read


def travels(path: RelPath, known: Collection[RelPath]) -> bool:
    """Whether a file of a home may travel at all.

    Args:
        path: The file.
        known: What the others hold, and what the package brought, besides the agent's shared names.
    """
    # First of all, so that nothing that others send can make the machine's files leave.
    return not is_machine(path) and _is_shared(path, known)


def _is_shared(path: RelPath, known: Collection[RelPath]) -> bool:
    """The same of a file that does not belong to the machine."""
    if path in ENV_EXAMPLES:
        return False
    return path in known or path in SHARED_FILES or path.top in SHARED_FOLDERS


def shared_form(facts: Facts) -> Form:
    """Make the shared form of a home."""
    mine = _all_of_it(facts)
    held = tuple(p for p in _MACHINES_TOO if p in mine and not _has_data(p, mine, facts.read))
    mine = mine.with_entries({p: facts.base.get(p) for p in held})
    # What the author ships of these is no setting of this machine's.
    received = Tree({**facts.package, **facts.base})
    back, _ = without_personal(mine, received, facts.kept, facts.read, _OWN_SWITCHES)
    blobs = dict(back.blobs)
    read = together(blobs, facts.read)
    made = portable(back.tree, facts.base or facts.package, read)
    blobs |= made.blobs
    quiet = quieted(made.tree, read, facts.package_name)
    blobs |= quiet.blobs
    tree = _with_quiet_jobs(quiet.tree, facts, read, blobs)
    alike = _said_alike(tree, facts.base, read)
    tree = tree.with_entries({p: facts.base[p] for p in alike})
    return Form(tree=tree, blobs=blobs, variables=tuple(sorted(set(made.variables))), held=held)


def _all_of_it(facts: Facts) -> Tree:
    """Return every file that travels, as it is here."""
    base, known = facts.base, {*facts.base, *facts.package}
    machines = machines_among(facts.ours)
    mine = facts.ours.where(lambda path: path not in machines and _is_shared(path, known))
    # What the agent brought itself is not ours, but where the others have it, it is no deletion either.
    stock = {p: facts.found[p] for p in base if p in facts.found and p not in mine}
    unseen = {p: base[p] for p in facts.hidden if p in base}
    return mine.with_entries({**stock, **unseen})


def _has_data(path: RelPath, tree: Tree, read: Read) -> bool:
    try:
        load_data(read(tree[path].digest), kind_of(path) or Kind.YAML)
    except Invalid:
        return False
    return True


def _with_quiet_jobs(tree: Tree, facts: Facts, read: Read, blobs: dict[Digest, bytes]) -> Tree:
    """Give every job the same state, whatever it is here; without jobs, no file appears."""
    if JOBS not in tree:
        return tree
    data = load_data(read(tree[JOBS].digest), Kind.JSON)
    packaged = _packaged(facts)
    jobs = jobs_by_id(data)
    if not jobs and JOBS not in facts.base:
        return tree.with_entries({JOBS: None})
    rows = [
        _quiet(job, paused_by(facts.package_name) if ident in packaged else IMPORTED)
        for ident, job in sorted(jobs.items())
    ]
    content = dump({"jobs": rows}, Kind.JSON)
    blobs[Digest.of(content)] = content
    return tree.with_entries({JOBS: Entry(Digest.of(content), tree[JOBS].executable)})


def received_form(tree: Tree, read: Read) -> Form:
    """Make of what others sent what an honest machine sends: all is off and waits, and nothing says that it ran."""
    quiet = quieted(tree, read, "")
    blobs = dict(quiet.blobs)
    data = data_in(JOBS, quiet.tree, together(blobs, read))
    jobs = jobs_by_id(data)
    rows = [_quiet(job, _reason_of(job)) for job in jobs.values()]
    if not are_apart(data) or same(rows, [*jobs.values()]):
        return Form(tree=quiet.tree, blobs=blobs)
    content = dump({"jobs": rows}, Kind.JSON)
    blobs[Digest.of(content)] = content
    entry = Entry(Digest.of(content), quiet.tree[JOBS].executable)
    return Form(tree=quiet.tree.with_entries({JOBS: entry}), blobs=blobs)


def _reason_of(job: Job) -> str:
    """Why a job is off: another machine may say that it waits for approval, and not that its user switched it off."""
    reason = job.get(REASON)
    return str(reason) if waits_for_approval(reason) else IMPORTED


def _packaged(facts: Facts) -> Collection[str]:
    if JOBS not in facts.package:
        return ()
    try:
        return jobs_by_id(load_data(facts.read(facts.package[JOBS].digest), Kind.JSON))
    except Invalid:
        return ()


def _quiet(job: Job, reason: str) -> dict[str, object]:
    """Return a job that never ran and waits."""
    kept = {key: value for key, value in job.items() if not is_runtime(key)}
    repeat = kept.get("repeat")
    if isinstance(repeat, dict):
        kept["repeat"] = {**repeat, "completed": 0} if "completed" in repeat else repeat
    return {**kept, **NEVER_RAN, **UNBOUND, **SNAPSHOTS, **PAUSED, REASON: reason}


def _said_alike(tree: Tree, base: Tree, read: Read) -> list[RelPath]:
    """List the documents that say what base says in other letters.

    Where a home holds settings of its own, it keeps its own spelling: sent each time, the spellings of two machines
    would take turns for ever.
    """
    return [
        path
        for path in _MACHINES_TOO
        if path in tree
        and path in base
        and tree[path] != base[path]
        and same(_data(path, tree, read), _data(path, base, read))
    ]


def _data(path: RelPath, tree: Tree, read: Read) -> object:
    kind = kind_of(path) or Kind.YAML
    try:
        data = load_data(read(tree[path].digest), kind)
    except Invalid:
        return None
    if path != JOBS:
        return data
    # The reason names the package as it is called on one machine, and repeats are counted by some agents.
    return {ident: _quiet(job, "") for ident, job in jobs_by_id(data).items()}
