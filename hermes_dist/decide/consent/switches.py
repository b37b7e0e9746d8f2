"""Why something is switched off: it waits for approval, or the user or its author switched it off.

The answer depends on the state of the home and the lock, never on what one update happened to change, so asking
again gives the same answer. A unit is a server or a job; anything else has no off state.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from hermes_dist.agents.jobs import REASON
from hermes_dist.decide.consent.contents import data_in
from hermes_dist.decide.placement.job_ids import Job
from hermes_dist.decide.placement.jobs import JOBS, jobs_by_id, read_jobs, waits_for_approval
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.placement.servers import MCP, SERVERS, is_off, read_servers
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.light import StrEnum
from hermes_dist.model.keypath import Item, KeyPath, format_key, parse_key
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import Off, OffCause
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import Read, Tree

with later():
    from hermes_dist.decide.placement.schedules import can_start

Unit = tuple[RelPath, KeyPath]
"""A server or a job: its file and its key."""


def server_unit(name: object) -> Unit:
    """Return the unit of a server in ``config.yaml``."""
    return CONFIG, (SERVERS, name)  # type: ignore[return-value]  # a key of YAML may be any scalar


def job_unit(ident: str) -> Unit:
    """Return the unit of a job."""
    return JOBS, ("jobs", Item("id", ident))


class WhyOff(StrEnum):
    """Why something of the package is off."""

    WAITS = "nobody approved it yet"
    USER = "the user switched it off"
    AUTHOR = "its author ships it switched off"
    DONE = "it has run, or can't start"


class Memory(Struct, frozen=True):
    """What the lock remembers about units.

    Attributes:
        waited: Units that waited for approval.
        granted: Units of which some part is approved.
        off: Units that were off, with the cause.
        older: The lock kept approvals without their places, so any unit may have been approved.
    """

    waited: frozenset[Unit] = frozenset()
    granted: frozenset[Unit] = frozenset()
    off: Mapping[Unit, OffCause] = {}
    older: bool = False


def memory_of(lock: Lock | None) -> Memory:
    """Return what a lock remembers; empty without a lock."""
    if lock is None:
        return Memory()
    return Memory(
        waited=frozenset(unit_of(effect.path, effect.key) for effect in lock.parked if effect.off),
        granted=frozenset(unit_of(RelPath(a.path), a.key) for a in lock.approved if a.path),
        off={unit_of(off.path, off.key): off.cause for off in lock.off},
        older=any(not approval.path for approval in lock.approved),
    )


def unit_of(path: RelPath, key: str) -> Unit:
    """Return the unit that an effect belongs to."""
    try:
        return path, parse_key(key)[:2] if key else ()
    except Invalid:
        return path, (key,)


def is_unit(unit: Unit) -> bool:
    """Whether a unit is a server or a job, which can be switched off in place."""
    path, key = unit
    return len(key) == 2 and (path, key[0]) in ((CONFIG, SERVERS), (JOBS, "jobs"))


class Judge(Struct, frozen=True):
    """Says why a unit of the package is off.

    Attributes:
        memory: What the lock remembers.
        by_author: Units that their author ships switched off.
        here: Units that are in the home already.
        named: Units that the user named, to be switched on whoever switched them off.
    """

    memory: Memory = Memory()
    by_author: frozenset[Unit] = frozenset()
    here: frozenset[Unit] = frozenset()
    named: frozenset[Unit] = frozenset()

    def why_off(self, unit: Unit, jobs: Mapping[str, Job]) -> WhyOff:
        """Return why a unit is off, given the home's jobs by id."""
        path, (_, step) = unit
        if path == JOBS and isinstance(step, Item):
            return self.job(step.value, jobs[step.value])
        return self.server(step)

    def guards(self, unit: Unit, jobs: Mapping[str, Job], *, shipped: bool) -> bool:
        """Whether a unit that is off is guarded like a running one, because switching it on asks nothing.

        Args:
            unit: A server or a job that is switched off.
            jobs: The jobs of the home by id.
            shipped: The unit is the package's; otherwise it is the user's own.
        """
        if unit not in self.here or not shipped:
            return unit in self.here
        why = self.why_off(unit, jobs)
        if why is WhyOff.USER:
            return True
        # Some part was approved, and nothing of it waits: the agent's own commands may start it at any time.
        return unit in self.memory.granted and why is not WhyOff.WAITS

    def server(self, name: object) -> WhyOff:
        """Return why a server is off."""
        unit = server_unit(name)
        if unit in self.here and self._was_on(unit):
            return WhyOff.USER
        return self._unused(unit)

    def job(self, ident: str, job: Job) -> WhyOff:
        """Return why a job is off."""
        unit = job_unit(ident)
        if not can_start(job.get("schedule")) or job.get("state") == "completed":
            return WhyOff.DONE
        waits = waits_for_approval(job.get(REASON))
        switched_off = self.memory.off.get(unit) is OffCause.USER and unit not in self.memory.waited
        if unit in self.here and (not waits or switched_off):
            return WhyOff.USER
        return self._unused(unit)

    def _was_on(self, unit: Unit) -> bool:
        memory = self.memory
        if unit in memory.waited or memory.off.get(unit) is OffCause.AUTHOR:
            return False
        return memory.off.get(unit) is OffCause.USER or unit in memory.granted or memory.older

    def _unused(self, unit: Unit) -> WhyOff:
        if unit in self.by_author and unit not in self.named:
            return WhyOff.AUTHOR
        return WhyOff.WAITS


NO_MEMORY = Judge()
"""The judge to use without a lock."""


def units_in(tree: Tree, read: Read) -> Iterator[tuple[Unit, bool]]:
    """Yield the servers and jobs of a home or a package in the home's spelling, and whether each is on."""
    yield from units_of(data_in(CONFIG, tree, read), jobs_by_id(data_in(JOBS, tree, read)))


def units_of(config: object, jobs: Mapping[str, Job]) -> Iterator[tuple[Unit, bool]]:
    """Yield the servers and jobs in the data of a ``config.yaml`` and among jobs, and whether each is on."""
    for name, server in servers_in(config).items():
        yield server_unit(name), not is_off(server)
    for ident, job in jobs.items():
        yield job_unit(ident), bool(job.get("enabled", True))


def servers_in(config: object) -> Mapping[object, object]:
    """Return the servers in the data of a ``config.yaml``, by name; empty if it has no map of them."""
    servers = config.get(SERVERS) if isinstance(config, Mapping) else None
    return servers if isinstance(servers, Mapping) else {}


def shipped_off(placed: Tree, shipped: Tree, read: Read) -> frozenset[Unit]:
    """Return the units that the author of a package ships switched off.

    Args:
        placed: The package as a home spells it, with all units off.
        shipped: The package's own entries that a home spells otherwise.
        read: Gives contents by digest.
    """
    servers = {server_unit(name) for name in _servers_off(placed, shipped, read)}
    jobs = {job_unit(ident) for ident in _jobs_off(placed, shipped, read)}
    return frozenset(servers | jobs)


def _servers_off(placed: Tree, shipped: Tree, read: Read) -> Iterator[object]:
    # Placing switches every server off, so a placed config does not show what its author wrote. It is read only if
    # placing changed nothing: then there is no other copy of it in ``shipped``.
    authors = shipped if CONFIG in shipped or MCP in shipped else placed
    config = servers_in(data_in(CONFIG, authors, read))
    written: dict[object, object] = {}
    if MCP in shipped:
        found, _ = read_servers(read(shipped[MCP].digest))
        written = {server.name: server.written for server in found}
    # A server in both files is what config.yaml says, as it is when it is placed.
    for name, server in {**written, **config}.items():
        if _says_off(server):
            yield name


def _jobs_off(placed: Tree, shipped: Tree, read: Read) -> Iterator[str]:
    known = jobs_by_id(data_in(JOBS, placed, read))
    if not known:
        return
    for job in read_jobs(shipped, read, name="", base_jobs=known).jobs:
        if _says_off(job.written):
            yield job.id


def _says_off(written: object) -> bool:
    if not isinstance(written, Mapping):
        return False
    return is_off(written) or written.get("disabled") is True or written.get("state") == "paused"


def ready_and_waiting(
    effects: Iterable[Effect], granted: Callable[[Effect], bool], judge: Judge
) -> tuple[frozenset[Unit], frozenset[Unit]]:
    """Split the units that have effects and are off into those to switch on and those that wait.

    A unit is switched on when all of its effects are approved, unless the user switched it off before it went away.

    Args:
        effects: What the plan makes possible.
        granted: Tells whether an effect is approved.
        judge: Knows what the lock remembers.

    Returns:
        The units to switch on, and those that wait.
    """
    parts: dict[Unit, list[Effect]] = {}
    for effect in effects:
        if effect.off:
            parts.setdefault(unit_of(effect.path, effect.key), []).append(effect)
    # One unit can have several effects, for example its command and its schedule: all of them need approval.
    ready = {unit for unit, each in parts.items() if all(map(granted, each))}
    stays = {unit for unit in ready - judge.named if judge.memory.off.get(unit) is OffCause.USER}
    return frozenset(ready - stays), frozenset(parts.keys() - ready)


def wanted_back(merged: Tree, judge: Judge, read: Read) -> frozenset[Unit]:
    """Return units that the user had switched off and now named: their effects are approved, or parked."""
    if not judge.named:
        return frozenset()
    jobs = jobs_by_id(data_in(JOBS, merged, read))
    off = {unit for unit, on in units_in(merged, read) if not on} & judge.named
    return frozenset(unit for unit in off if judge.why_off(unit, jobs) is WhyOff.USER)


def off_causes(
    live: Tree, ours: Tree, theirs: Tree, waiting: Collection[Unit], judge: Judge, read: Read
) -> tuple[Off, ...]:
    """Return the units that the next lock remembers as off, with the cause.

    Args:
        live: The home as it will be.
        ours: The home as it is.
        theirs: What upstream ships, in the home's spelling.
        waiting: The units that wait for approval.
        judge: Knows what the lock remembers.
        read: Gives contents by digest.
    """
    offered = {unit for unit, _ in units_in(theirs, read)}
    state = dict(units_in(live, read))
    jobs = jobs_by_id(data_in(JOBS, live, read))
    off = {
        unit: _cause(judge.why_off(unit, jobs), judge.memory.off.get(unit))
        for unit, on in state.items()
        if not on and unit not in waiting and unit in offered
    }
    # A unit that leaves the home is remembered, too: when it comes back, it stays off as the user left it, also
    # if what comes back waits for approval first.
    left_off = {unit for unit, cause in judge.memory.off.items() if cause is OffCause.USER}
    left_off |= _off_by_the_user(ours, judge, read)
    off |= dict.fromkeys(left_off - state.keys() | left_off & set(waiting), OffCause.USER)
    return tuple(
        sorted(Off(path, format_key(key), cause) for (path, key), cause in off.items() if cause)
    )


def _off_by_the_user(ours: Tree, judge: Judge, read: Read) -> set[Unit]:
    """Return the units that the user switched off in the home as it is, whether the lock knows it already or not."""
    jobs = jobs_by_id(data_in(JOBS, ours, read))
    off = {unit for unit, on in units_in(ours, read) if not on}
    return {unit for unit in off if judge.why_off(unit, jobs) is WhyOff.USER}


def _cause(why: WhyOff, remembered: OffCause | None) -> OffCause | None:
    """Return the cause to remember; the user's choice to switch a unit off is kept when the unit comes back."""
    if why is WhyOff.WAITS:
        return remembered if remembered is OffCause.USER else None
    return _CAUSES.get(why)


_CAUSES = {WhyOff.USER: OffCause.USER, WhyOff.AUTHOR: OffCause.AUTHOR}
