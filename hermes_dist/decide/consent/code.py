"""Effects of files that run: hooks and plugins, and what live commands and running jobs reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.consent.contents import data_in
from hermes_dist.decide.consent.jobs import label_of
from hermes_dist.decide.consent.reach import reached, script_paths
from hermes_dist.decide.consent.settings import live_commands
from hermes_dist.decide.placement import CONFIG
from hermes_dist.decide.placing_cron import JOBS, Job
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Read, Tree

UNITS = ("hooks", "plugins")
"""Folders whose sub-folders are run by the agent; each sub-folder is one effect."""


def unit_effects(ours: Tree, merged: Tree, changed: Iterable[RelPath]) -> Iterator[Effect]:
    """Yield one effect for each hook or plugin that is new or changed."""
    units = {RelPath("/".join(path.parts[:2])) for path in changed if path.top in UNITS}
    for unit in sorted(units):
        files = merged.where(lambda path, unit=unit: path.under(unit))  # type: ignore[misc]  # bound per turn
        change = "changed" if any(path.under(unit) for path in ours) else "new"
        facts = (("change", change), ("kind", unit.top.removesuffix("s")), ("files", str(len(files))))
        yield Effect(EffectKind.RUNS, unit, "", facts, files.digest)


def reach_effects(
    jobs: Mapping[str, Job], changed: Iterable[RelPath], merged: Tree, read: Read
) -> Iterator[Effect]:
    """Changed files that would run at once: running jobs and live commands name them, or what those name."""
    files = [path for path in changed if path.top not in (*UNITS, CONFIG, JOBS.top, MANIFEST)]
    running = [job for job in jobs.values() if job.get("enabled", True)] if files else []
    scripts = {path: f"the running job {label_of(job)}" for job in running for path in script_paths(job.get("script"))}
    starts = live_commands(data_in(CONFIG, merged, read)) if files else {}
    live = reached(starts, scripts, merged, read) if starts or scripts else {}
    for path in files:
        if path in live:
            yield Effect(EffectKind.RUNS, path, "", (("script of", live[path]),), merged[path].digest)
