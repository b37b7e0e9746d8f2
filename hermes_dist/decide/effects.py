"""Effects: what a plan newly runs, schedules, wants, loosens or hides.

They are read off the difference between the home as found and the home as merged, so it does not matter by
which way something dangerous would arrive. What is placed switched off (paused jobs, disabled servers) is
an effect, too: it waits to be approved, but needs no parking.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.floor import Rule, leaves, loosens, row_for
from hermes_dist.decide.hidden import HIDDEN_IN, hidden_characters
from hermes_dist.decide.placement import CONFIG
from hermes_dist.decide.placing_cron import JOBS, PAUSED_BY, Job, jobs_by_id, meaning
from hermes_dist.decide.placing_mcp import SERVERS, is_off
from hermes_dist.decide.reach import reached, script_paths
from hermes_dist.decide.schedules import can_start
from hermes_dist.errors import Invalid, counted
from hermes_dist.model.documents import ABSENT, Kind, get, kind_of, load_data
from hermes_dist.model.keypath import Item, KeyPath, format_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Digest, Read, Tree

UNITS = ("hooks", "plugins")
"""Folders whose sub-folders are run by the agent; each sub-folder is one effect."""
JOB_FIELDS: tuple[KeyPath, ...] = (
    ("prompt",), ("script",), ("schedule",), ("skills",), ("no_agent",), ("context_from",), ("enabled_toolsets",),
    ("workdir",), ("deliver",), ("base_url",), ("attach_to_session",), ("model",), ("provider",), ("repeat", "times"),
)  # fmt: skip
"""What of a cron job says what it does; a changed one of a running job needs a yes."""


def find_effects(ours: Tree, merged: Tree, shipped: Tree, read: Read) -> tuple[Effect, ...]:
    """List everything that ``merged`` makes possible and ``ours`` does not.

    Args:
        ours: The home as found.
        merged: The home as it would be with every consent given.
        shipped: What upstream ships, placed; only its jobs and servers wait for approval.
        read: Gives contents by digest.
    """
    changed = [path for path in merged if merged[path] != ours.get(path)]
    before, after, theirs = (jobs_by_id(_data(JOBS, tree, read)) for tree in (ours, merged, shipped))
    found = [
        *_units(ours, merged, changed),
        *_hidden(ours, changed, merged, read),
        *_unreadable(changed, merged, read),
        *_config(_data(CONFIG, ours, read), _data(CONFIG, merged, read), _data(CONFIG, shipped, read)),
        *_jobs(before, after, theirs, merged),
        *_reached(after, changed, merged, read),
    ]
    return tuple(sorted(set(found)))


def _digest(value: object) -> Digest:
    return Digest.of(repr(_canonical(value)).encode())


def _canonical(value: object) -> object:
    """A value whose ``repr`` does not go by the order of keys."""
    if isinstance(value, Mapping):
        return ("map", sorted((repr(key), _canonical(part)) for key, part in value.items()))
    return [_canonical(part) for part in value] if isinstance(value, list) else value


def _data(path: RelPath, tree: Tree, read: Read) -> object:
    """The data of a document, None where there is none or it can't be read."""
    try:
        return load_data(read(tree[path].digest), kind_of(path) or Kind.YAML) if path in tree else None
    except Invalid:
        return None


def _unreadable(changed: Iterable[RelPath], merged: Tree, read: Read) -> Iterator[Effect]:
    """A changed document that can't be read here, but perhaps by the agent: nobody can say what it does."""
    for path, kind in ((CONFIG, EffectKind.LOOSENS), (JOBS, EffectKind.SCHEDULES)):
        if path in changed:
            try:
                load_data(read(merged[path].digest), kind_of(path) or Kind.YAML)
            except Invalid as err:
                yield Effect(kind, path, "", f"can't be checked: {err}", merged[path].digest)


def _units(ours: Tree, merged: Tree, changed: Iterable[RelPath]) -> Iterator[Effect]:
    units = {RelPath("/".join(path.parts[:2])) for path in changed if path.top in UNITS}
    for unit in sorted(units):
        files = merged.where(lambda path, unit=unit: path.under(unit))  # type: ignore[misc]  # bound per turn
        verb = "changed" if any(path.under(unit) for path in ours) else "new"
        what = f"{verb} {unit.top.removesuffix('s')} {unit.name} ({counted(len(files), 'file')})"
        yield Effect(EffectKind.RUNS, unit, "", what, files.digest)


def _hidden(ours: Tree, changed: Iterable[RelPath], merged: Tree, read: Read) -> Iterator[Effect]:
    for path in changed:
        places = hidden_characters(path, read(merged[path].digest))
        if places and not (path in ours and hidden_characters(path, read(ours[path].digest)) == places):
            yield Effect(EffectKind.HIDES, path, "", HIDDEN_IN + "; ".join(places), merged[path].digest)


def _config(ours: object, merged: object, shipped: object) -> Iterator[Effect]:
    """Settings that loosen something, and the servers of the package that stand switched off."""
    before, after = dict(leaves(ours or {})), dict(leaves(merged or {}))
    theirs = get(shipped, (SERVERS,))
    for key in before.keys() | after.keys():
        row = row_for(key, after.get(key, ABSENT))
        idle = key[0:1] == (SERVERS,) and len(key) > 1 and is_off(get(merged, key[:2]))
        if row is None or (idle and not (isinstance(theirs, Mapping) and key[1] in theirs)):
            continue
        old, new = ABSENT if idle else before.get(key, ABSENT), after.get(key, ABSENT)
        says_nothing = row.default is ABSENT and old is ABSENT and new in (ABSENT, None, "", [], {})
        if not says_nothing and loosens(row, old, new):
            place = format_key(key)
            content = _digest([place, None if new is ABSENT else new])
            yield Effect(row.kind, CONFIG, place, _shown(new), content, off=idle)


def _jobs(
    before: Mapping[str, Job], after: Mapping[str, Job], theirs: Mapping[str, Job], merged: Tree
) -> Iterator[Effect]:
    for ident, job in after.items():
        key: KeyPath = ("jobs", Item("id", ident))
        changed = _changed_fields(before.get(ident), job)
        runs = bool(job.get("enabled", True))
        if (runs and ident not in before) or (not runs and ident in theirs and _waits(job, bool(changed))):
            scripts: list[object] = [merged[p].digest for p in script_paths(job.get("script")) if p in merged]
            content = _digest([ident, *(_plain(get(job, field)) for field in JOB_FIELDS), *(scripts or [None])])
            yield Effect(EffectKind.SCHEDULES, JOBS, format_key(key), _job_line(job), content, off=not runs)
        elif runs:
            for field in changed:
                place = format_key((*key, *field))
                new = get(job, field)
                what = f"{_label(job)}: {format_key(field)}: {_shown(_when(job) if field == ('schedule',) else new)}"
                yield Effect(EffectKind.SCHEDULES, JOBS, place, what, _digest([place, _plain(new)]))


def _changed_fields(before: Job | None, job: Job) -> list[KeyPath]:
    """The fields that make a job do something else; those that only say what went without saying do not."""
    changed = [field for field in JOB_FIELDS if get(job, field) != get(before, field)]
    if before is None or not changed:
        return changed
    old, new = meaning(before), meaning(job)
    return [field for field in changed if get(old, field[:1]) != get(new, field[:1])]


def _waits(job: Job, changed: bool) -> bool:
    """Whether a paused job waits for a yes: not when it can't start, is done, or the user paused it."""
    if not can_start(job.get("schedule")) or job.get("state") == "completed":
        return False
    return changed or str(job.get("paused_reason") or "").startswith(PAUSED_BY)


def _reached(
    jobs: Mapping[str, Job], changed: Iterable[RelPath], merged: Tree, read: Read
) -> Iterator[Effect]:
    """Changed files that would run at once: running jobs and live commands name them, or what those name."""
    files = [path for path in changed if path.top not in (*UNITS, CONFIG, JOBS.top, MANIFEST)]
    running = [job for job in jobs.values() if job.get("enabled", True)] if files else []
    scripts = {path: f"the running job {_label(job)}" for job in running for path in script_paths(job.get("script"))}
    starts = _live_commands(_data(CONFIG, merged, read)) if files else {}
    live = reached(starts, scripts, merged, read) if starts or scripts else {}
    for path in files:
        if path in live:
            yield Effect(EffectKind.RUNS, path, "", f"script of {live[path]}", merged[path].digest)


def _live_commands(config: object) -> dict[str, str]:
    """What the settings run: the text of each guarded command that is not off, by its key."""
    found: dict[str, str] = {}
    for key, value in leaves(config or {}):
        row = row_for(key, value)
        off = key[0:1] == (SERVERS,) and is_off(get(config, key[:2]))
        if row is not None and row.kind is EffectKind.RUNS and row.rule is Rule.ASK and not off:
            found[format_key(key)] = _shown(value)
    return found


def job_ids(jobs: object) -> frozenset[str]:
    """The ids in the data of a ``cron/jobs.json``."""
    return frozenset(jobs_by_id(jobs))


def _label(job: Job) -> object:
    return job.get("name") or job.get("id")


def _job_line(job: Job) -> str:
    doing = f"script {job['script']}" if job.get("script") else _shown(job.get("prompt", ""))
    return f"{_label(job)}: {_shown(_when(job))}: {doing}"


def _when(job: Job) -> object:
    schedule = job.get("schedule", ABSENT)
    display = schedule.get("display") if isinstance(schedule, Mapping) else ""
    return job.get("schedule_display") or display or schedule


def _plain(value: object) -> object:
    return None if value is ABSENT else value


def _shown(value: object) -> str:
    if value is ABSENT:
        return "(removed)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(text.split())


class Granted(Struct, frozen=True):
    """Which effects have their yes; called with one, it answers.

    Attributes:
        now: Digests that get their yes with this operation.
        before: Digests that got it earlier: what is off nevertheless, the user switched off.
        everything: All get it with this operation.
    """

    now: frozenset[Digest] = frozenset()
    before: frozenset[Digest] = frozenset()
    everything: bool = False

    def __call__(self, effect: Effect) -> bool:
        return self.everything or effect.digest in self.now or effect.digest in self.before

    def is_new(self, effect: Effect) -> bool:
        """Whether it gets its yes with this operation."""
        return effect.digest in self.now or (self.everything and effect.digest not in self.before)


def grant(
    digests: frozenset[Digest], *, everything: bool = False, before: frozenset[Digest] = frozenset()
) -> Granted:
    """Say yes to effects by content: those whose digest is among ``digests`` or was ``before``, or all."""
    return Granted(digests, before, everything)
