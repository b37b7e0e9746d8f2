"""Effects: what a plan newly runs, schedules, wants, loosens or hides.

They are read off the difference between the home as found and the home as merged, so it does not matter by
which way something dangerous would arrive. What is placed switched off (paused jobs, disabled servers) is
an effect, too: it waits to be approved, but needs no parking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from hermes_dist.decide.floor import leaves, loosens, row_for
from hermes_dist.decide.hidden import hidden_characters
from hermes_dist.errors import Invalid
from hermes_dist.model.documents import ABSENT, Kind, dump, get, load_data
from hermes_dist.model.keypath import Item, KeyPath, format_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Digest, Entry, Read, Tree

CONFIG = RelPath("config.yaml")
JOBS = RelPath("cron/jobs.json")
UNITS = ("hooks", "plugins")
"""Folders whose sub-folders are run by the agent; each sub-folder is one effect."""
JOB_FIELDS = (
    "prompt", "script", "schedule", "skills", "skill", "no_agent", "context_from", "enabled_toolsets", "workdir",
    "deliver", "base_url", "attach_to_session", "model", "provider",
)  # fmt: skip
"""What of a cron job says what it does; a changed one of a running job needs a yes."""


def find_effects(ours: Tree, merged: Tree, shipped: Tree, read: Read) -> tuple[Effect, ...]:
    """List everything that ``merged`` makes possible and ``ours`` does not.

    Args:
        ours: The home as found.
        merged: The home as it would be with every consent given.
        shipped: What upstream ships; only its jobs and servers wait for approval.
        read: Gives contents by digest.
    """
    changed = [path for path in merged if merged[path] != ours.get(path)]
    found = [
        *_units(ours, merged, changed),
        *_hidden(ours, changed, merged, read),
        *_config(ours.get(CONFIG), merged.get(CONFIG), read),
        *_jobs(_data(ours.get(JOBS), read), _data(merged.get(JOBS), read), _data(shipped.get(JOBS), read)),
        *_idle_servers(_data(merged.get(CONFIG), read), _data(shipped.get(CONFIG), read)),
    ]
    return tuple(sorted(set(found)))


def _digest(value: object) -> Digest:
    return Digest.of(dump(value, Kind.JSON))


def _data(entry: Entry | None, read: Read) -> object:
    """The data of a document, None where there is none or the agent could not load it either."""
    if entry is None:
        return None
    data = read(entry.digest)
    try:
        return load_data(data, Kind.JSON if data.lstrip()[:1] in (b"{", b"[") else Kind.YAML)
    except Invalid:
        return None


def _units(ours: Tree, merged: Tree, changed: Iterable[RelPath]) -> Iterator[Effect]:
    units = {RelPath("/".join(path.parts[:2])) for path in changed if path.top in UNITS}
    for unit in sorted(units):
        files = merged.where(lambda path, unit=unit: path.under(unit))  # type: ignore[misc]  # bound per turn
        verb = "changed" if any(path.under(unit) for path in ours) else "new"
        what = f"{verb} {unit.top.removesuffix('s')} {unit.name} ({len(files)} files)"
        yield Effect(EffectKind.RUNS, unit, "", what, files.digest)


def _hidden(ours: Tree, changed: Iterable[RelPath], merged: Tree, read: Read) -> Iterator[Effect]:
    for path in changed:
        places = hidden_characters(path, read(merged[path].digest))
        if places and not (path in ours and hidden_characters(path, read(ours[path].digest)) == places):
            yield Effect(EffectKind.HIDES, path, "", f"hidden characters in {'; '.join(places)}", merged[path].digest)


def _config(ours: Entry | None, merged: Entry | None, read: Read) -> Iterator[Effect]:
    if merged is None or merged == ours:
        return
    before, after = dict(leaves(_data(ours, read) or {})), dict(leaves(_data(merged, read) or {}))
    for key in before.keys() | after.keys():
        row = row_for(key)
        old, new = before.get(key, ABSENT), after.get(key, ABSENT)
        if row is not None and loosens(row, old, new):
            off = key[:1] == ("mcp_servers",) and _is_off(_data(merged, read), key[:2])
            if not off:
                yield Effect(row.kind, CONFIG, format_key(key), _shown(new), _digest([format_key(key), _plain(new)]))


def _is_off(config: object, server: KeyPath) -> bool:
    return get(config, (*server, "enabled")) is False


def _idle_servers(merged: object, shipped: object) -> Iterator[Effect]:
    """Servers that the package ships and that stand in the home switched off."""
    theirs = get(shipped, ("mcp_servers",)) if isinstance(shipped, dict) else None
    for name in theirs if isinstance(theirs, Mapping) else ():
        server = get(merged, ("mcp_servers", name))
        if isinstance(server, Mapping) and server.get("enabled") is False:
            for key, value in leaves({k: v for k, v in server.items() if k != "enabled"}):
                row = row_for(("mcp_servers", name, *key))
                if row is not None and loosens(row, ABSENT, value):
                    place = format_key(("mcp_servers", name, *key))
                    yield Effect(row.kind, CONFIG, place, _shown(value), _digest([place, value]), off=True)


def _jobs(ours: object, merged: object, shipped: object) -> Iterator[Effect]:
    before, theirs = _by_id(ours), _by_id(shipped)
    for ident, job in _by_id(merged).items():
        key: KeyPath = ("jobs", Item("id", ident))
        if ident in theirs and job.get("enabled") is not True:
            content = _digest([ident, *(_plain(job.get(f)) for f in JOB_FIELDS)])
            yield Effect(EffectKind.SCHEDULES, JOBS, format_key(key), _job_line(job), content, off=True)
        elif ident in before:
            for field in JOB_FIELDS:
                new = job.get(field)
                if new != before[ident].get(field):
                    place = format_key((*key, field))
                    yield Effect(EffectKind.SCHEDULES, JOBS, place, _shown(new), _digest([place, _plain(new)]))


def _by_id(jobs: object) -> dict[str, Mapping[str, object]]:
    items = get(jobs, ("jobs",)) if isinstance(jobs, dict) else jobs
    rows = items if isinstance(items, list) else []
    return {row["id"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)}


def job_ids(jobs: object) -> frozenset[str]:
    """The ids in the data of a ``cron/jobs.json``."""
    return frozenset(_by_id(jobs))


def _job_line(job: Mapping[str, object]) -> str:
    schedule = job.get("schedule_display") or job.get("schedule")
    doing = f"script {job['script']}" if job.get("script") else _shown(job.get("prompt", ""))
    return f"{job.get('name') or job.get('id')}: {_shown(schedule)}: {doing}"


def _plain(value: object) -> object:
    return None if value is ABSENT else value


def _shown(value: object) -> str:
    if value is ABSENT:
        return "(removed)"
    text = value if isinstance(value, str) else dump(value, Kind.JSON).decode().strip()
    return " ".join(text.split())


Granted = Callable[[Effect], bool]


def grant(digests: frozenset[Digest], *, everything: bool = False) -> Granted:
    """Say yes to effects by content: those whose digest is among ``digests``, or all."""
    return lambda effect: everything or effect.digest in digests
