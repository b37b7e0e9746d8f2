"""The checks of the doctor on what waits in profiles, and on what would go wrong later."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from hermes_dist.agents.places import ENV, JOBS
from hermes_dist.decide.placement.jobs import jobs_by_id, meaning
from hermes_dist.decide.profiles.findings import FactKind, FindingKind, State, Topic
from hermes_dist.errors import DistError
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.documents.json_text import json_text
from hermes_dist.model.notes import Note
from hermes_dist.ops.context import Context
from hermes_dist.ops.package.inspect import info
from hermes_dist.ops.profiles.checks import Fact, Finding, Listed, check
from hermes_dist.ops.profiles.list import list_profiles
from hermes_dist.world.files import read_file

_LEAST_FREE = 1 << 20
"""With less than this, in bytes, a disk counts as full: no change of a home fits."""
STANDING: list[Listed] = []
"""The checks of this module."""
_LOOKED_INTO = (".", ".dist", "cron", "skills")
"""The folders of a home whose files the agent or this program writes."""


@check(Topic.APPROVALS, STANDING)
def approvals(ctx: Context) -> Iterator[Finding | Fact]:
    """Find what waits for approval."""
    for row in list_profiles(ctx):
        if row.parked:
            command = ctx.command(f"approve {row.name}")
            what = Note.of(FactKind.ITEMS_WAIT, profile=row.name, count=row.parked, command=command)
            yield Fact(State.WAITS, what)


@check(Topic.KEYS, STANDING)
def missing_keys(ctx: Context) -> Iterator[Finding | Fact]:
    """Find variables that a package needs and nobody has set."""
    for name in ctx.names():
        if not ctx.layout.lockfile(name).is_file():
            continue
        missing: list[str] = []
        with suppress(DistError, OSError):
            missing = [each.var.name for each in info(ctx, name).wanted if each.missing]
        if missing:
            file = str(ctx.layout.home(name) / ENV)
            what = Note.of(FactKind.KEYS_MISSING, profile=name, names=tuple(missing), file=file)
            yield Fact(State.WAITS, what)


@check(Topic.OWNERS, STANDING)
def owners(ctx: Context) -> Iterator[Finding | Fact]:
    """Find files of other users in a home: the agent can't write them."""
    for name in ctx.names():
        home = ctx.layout.home(name)
        with suppress(OSError):
            owner = home.stat().st_uid
            foreign = [each for each in _entries(home) if each.lstat().st_uid != owner]
            if foreign:
                what = Note.of(
                    FindingKind.OTHER_OWNER, count=len(foreign), owner=owner, home=str(home)
                )
                yield Finding(kind="other-owner", what=what, where=str(foreign[0]))


def _entries(home: Path) -> Iterator[Path]:
    for folder in _LOOKED_INTO:
        with suppress(OSError):
            yield from sorted((home / folder).iterdir())


@check(Topic.FILE_SYSTEM, STANDING)
def file_system(ctx: Context) -> Iterator[Finding | Fact]:
    """Find disks that nothing can be written to, and homes that are links or file systems of their own."""
    yield from _closed_disks(ctx)
    for name in ctx.names():
        home = ctx.layout.home(name)
        if home.is_symlink():
            to = os.path.realpath(home)
            yield Fact(State.GOOD, Note.of(FactKind.IS_LINK, profile=name, to=to))
        elif home != ctx.layout.root and os.path.ismount(home):
            yield Fact(State.WAITS, Note.of(FactKind.IS_MOUNTED, profile=name))


def _closed_disks(ctx: Context) -> Iterator[Finding]:
    """Find the disks of the root and the homes that are read-only or full, each once."""
    seen: set[int] = set()
    for folder in (ctx.layout.root, *map(ctx.layout.home, ctx.names())):
        with suppress(OSError):
            disk, device = os.statvfs(folder), folder.stat().st_dev
            found = _closed(disk, str(folder))
            if found is not None and device not in seen:
                seen.add(device)
                yield found


def _closed(disk: os.statvfs_result, where: str) -> Finding | None:
    if disk.f_flag & os.ST_RDONLY:
        what = Note.of(FindingKind.DISK_READ_ONLY)
        return Finding(kind="disk-read-only", what=what, where=where)
    if disk.f_blocks and disk.f_bavail * disk.f_frsize < _LEAST_FREE:
        return Finding(kind="disk-full", what=Note.of(FindingKind.DISK_FULL), where=where)
    return None


@check(Topic.JOBS, STANDING)
def jobs(ctx: Context) -> Iterator[Finding | Fact]:
    """Find jobs that run in several profiles at the same times with the same prompt."""
    running: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in ctx.names():
        with suppress(OSError, DistError):
            data = load_data(read_file(ctx.layout.home(name) / JOBS), Kind.JSON)
            for id_, job in jobs_by_id(data).items():
                if job.get("enabled", True) and job.get("state") != "paused":
                    running[_task(job)].append((str(name), str(job.get("name") or id_)))
    for rows in running.values():
        profiles = sorted({profile for profile, _ in rows})
        if len(profiles) > 1:
            what = Note.of(
                FindingKind.JOB_RUNS_TWICE,
                job=rows[0][1],
                profiles=tuple(profiles),
                program=ctx.brand.name,
                last=profiles[-1],
            )
            where = str(ctx.layout.root / "profiles")
            yield Finding(kind="job-twice", what=what, where=where)


def _task(job: Mapping[str, object]) -> str:
    """What a job does and when, without what it is called."""
    task = {key: value for key, value in meaning(job).items() if key not in {"id", "name"}}
    return json_text(task, sort_keys=True)
