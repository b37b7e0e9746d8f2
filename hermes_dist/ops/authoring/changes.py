"""List what was learned in a profile: each change to its package, whose it is, and how to send it to the author."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from hermes_dist.agents.places import MEMORIES
from hermes_dist.decide.authoring.hunks import Hunk, hunks_between, is_text
from hermes_dist.decide.authoring.learned import (
    NOBODY,
    Traces,
    Verdict,
    Who,
    judge_job,
    judge_lines,
    judge_new,
    read_traces,
)
from hermes_dist.decide.changes import Change, How, KeyChange
from hermes_dist.decide.own import OwnUnit
from hermes_dist.decide.placement.jobs import JOBS, jobs_by_id
from hermes_dist.errors import Invalid, Lost
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.keypath import Item, join_place, parse_key
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.tree import Entry, Read, Tree
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.observe import as_received, observe
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import look_into
from hermes_dist.ops.package.differences import Differences, differences
from hermes_dist.world.agent.traces import noted_in
from hermes_dist.world.files import read_file


class Learned(Struct, frozen=True, kw_only=True):
    """One change in a profile.

    Attributes:
        place: What ``contribute`` takes for it: a file or folder, a key behind its file, or a hunk as ``FILE:2``.
        path: The file.
        how: How it differs.
        label: What tells people what it is: a line of a hunk, the name of a job or server; empty for none.
        value: The value before and after, for a setting.
        own: It is no change of the package, but beside it.
        verdict: Whose it is, and what tells so.
    """

    place: str
    path: RelPath
    how: How
    label: str = ""
    value: KeyChange | None = None
    own: bool = False
    verdict: Verdict


class Changes(Struct, frozen=True, kw_only=True):
    """What was learned in a profile.

    Attributes:
        rows: The changes, in the order of their files.
        memories: The agent's memories, which never leave a home.
        unread: What can't be read in the place of package files, so that nobody knows what is learned there.
        whole: The agent's history could be read to its end.
    """

    profile: ProfileName
    lock: Lock
    rows: tuple[Learned, ...]
    memories: tuple[str, ...] = ()
    unread: tuple[LeftOut, ...] = ()
    whole: bool = True


class _Facts(Discreet, frozen=True, kw_only=True):
    """What the rows are made from."""

    received: Tree
    ours: Tree
    read: Read
    mask: Mask
    traces: Traces
    jobs: Mapping[str, Mapping[str, object]]


def changes(ctx: Context, name: ProfileName) -> Changes:
    """List what was learned in a profile; no server is contacted.

    Raises:
        DistError: The home or its lock can't be read, or there is no lock.
    """
    home = look_into(ctx, name)
    lock = home.need_lock(ctx)
    seen = observe(ctx, home, lock.theirs())
    received, read = as_received(lock.base, seen)
    noted = noted_in(home.path, ctx.layout.shared)
    facts = _Facts(
        received=received,
        ours=seen.ours,
        read=read,
        mask=Mask.of(ctx, home.path),
        traces=read_traces(
            noted.calls,
            noted.usage,
            ran=noted.ran,
            home=str(home.path),
            user_home=str(ctx.layout.user_home),
        ),
        jobs=jobs_by_id(_data(home.path / JOBS)),
    )
    found = differences(ctx, home, lock, seen)
    shown = [change for change in found.edited if not seen.hides(change.path)]
    rows = [row for change in shown for row in _edited(facts, change, found)]
    rows += _own(facts, found.own)
    rows += [_unit(facts, unit) for unit in found.units]
    memories = sorted(path.name for path in home.path.glob(f"{MEMORIES}/*.md"))
    return Changes(
        profile=name,
        lock=lock,
        rows=tuple(rows),
        memories=tuple(memories),
        unread=seen.unread(lock.base),
        whole=noted.whole,
    )


def _data(path: Path) -> object:
    """The jobs with their run state, which merging leaves out: it says where a job was made."""
    try:
        return load_data(read_file(path), Kind.JSON)
    except (OSError, Invalid):
        return None


def _edited(facts: _Facts, change: Change, found: Differences) -> Iterator[Learned]:
    """The rows of a file of the package: one for each key or hunk, or one for all of it."""
    keys = dict(found.keys).get(change.path, ())
    # A file that moved is proposed as a whole.
    if not change.was and any(key.key for key in keys):
        for key in keys:
            yield _key(facts, change, key)
        return
    hunks = _hunks(facts, change)
    if len(hunks) > 1 and change.how is How.CHANGED:
        yield from (_hunk(facts, change, hunk) for hunk in hunks)
        return
    yield Learned(
        place=change.path,
        path=change.path,
        how=change.how,
        label=change.was or "",
        verdict=_of_hunks(facts, change, hunks),
    )


def _of_hunks(facts: _Facts, change: Change, hunks: Sequence[Hunk]) -> Verdict:
    new = [line for hunk in hunks for line in hunk.new]
    gone = [line for hunk in hunks for line in hunk.gone]
    return judge_lines(facts.traces, change.path, new, gone)


def _hunk(facts: _Facts, change: Change, hunk: Hunk) -> Learned:
    """The row of one of several differences in a text."""
    return Learned(
        place=f"{change.path}:{hunk.number}",
        path=change.path,
        how=change.how,
        label=facts.mask.lines([hunk.telling])[0],
        verdict=judge_lines(facts.traces, change.path, hunk.new, hunk.gone),
    )


def _hunks(facts: _Facts, change: Change) -> list[Hunk]:
    """The differences in a text; none in what is not one, or if a content is lost."""
    try:
        before = _content(facts, facts.received.get(change.was or change.path))
        after = _content(facts, facts.ours.get(change.path))
    except Lost:
        return []
    return hunks_between(before, after) if is_text(before) and is_text(after) else []


def _content(facts: _Facts, entry: Entry | None) -> bytes:
    return facts.read(entry.digest) if entry else b""


def _key(facts: _Facts, change: Change, key: KeyChange) -> Learned:
    """The row of a setting, or of a part of a job."""
    label, verdict = "", _of_document(facts, change)
    if job := _job(facts, change.path, key.key):
        label, verdict = str(job.get("name") or ""), judge_job(facts.traces, job)
    return Learned(
        place=join_place(change.path, key.key),
        path=change.path,
        how=change.how,
        label=label,
        value=key,
        verdict=verdict,
    )


def _of_document(facts: _Facts, change: Change) -> Verdict:
    """Whose the edits of a document are; lines don't tell which key they set, so only all of them count."""
    verdict = _of_hunks(facts, change, _hunks(facts, change))
    return NOBODY if verdict.who is Who.BOTH else verdict


def _job(facts: _Facts, path: RelPath, key: str) -> Mapping[str, object] | None:
    """The job that a key of the jobs' file is about."""
    if path != JOBS:
        return None
    ids = (step.value for step in parse_key(key) if isinstance(step, Item) and step.field == "id")
    return facts.jobs.get(next(ids, ""))


def _own(facts: _Facts, paths: tuple[RelPath, ...]) -> Iterator[Learned]:
    """The rows of files beside the package; a skill is one."""
    skills = {path.parent for path in paths if path.name == "SKILL.md" and path.parent}
    told: set[RelPath] = set()
    for path in paths:
        place = next((folder for folder in path.parents if folder in skills), path)
        if place in told:
            continue
        told.add(place)
        main = RelPath(f"{place}/SKILL.md") if place in skills else path
        yield Learned(
            place=place, path=place, how=How.ADDED, own=True, verdict=_of_new(facts, main)
        )


def _of_new(facts: _Facts, path: RelPath) -> Verdict:
    try:
        text = _content(facts, facts.ours.get(path)).decode("utf-8", "replace")
    except Lost:
        text = ""
    return judge_new(facts.traces, path, text)


def _unit(facts: _Facts, unit: OwnUnit) -> Learned:
    """The row of a job or server beside the package's."""
    verdict = NOBODY
    if job := _job(facts, unit.path, unit.key):
        verdict = judge_job(facts.traces, job)
    elif not facts.traces.ran:
        verdict = judge_new(facts.traces, unit.path, "")
    return Learned(
        place=join_place(unit.path, unit.key),
        path=unit.path,
        how=How.ADDED,
        label=unit.name,
        own=True,
        verdict=verdict,
    )
