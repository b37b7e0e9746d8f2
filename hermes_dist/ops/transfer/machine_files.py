"""Restore machine files from an archive into a home: all of them, or only those that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import field

from hermes_dist.agents.places import MEMORIES, SESSIONS
from hermes_dist.decide.environment.example import ENV_EXAMPLE
from hermes_dist.model.discreet import Contents
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Plan, Step
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home
from hermes_dist.ops.transfer.read_archive import Sorted
from hermes_dist.world.archive.read import Carried
from hermes_dist.world.disk.limits import LIMITS
from hermes_dist.world.files import read_file


class MachineFiles(Contents, frozen=True):
    """How the machine's files get into the home.

    Attributes:
        beside: For a new home: contents and modes to write, by path.
        moved: For a new home: files that are moved in, by where they are now.
        steps: For an existing home: steps beside those of the plan.
        blobs: The contents of these steps.
        notes: What is not brought in.
    """

    beside: Mapping[str, tuple[bytes, int]] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    blobs: Mapping[Digest, bytes] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def machine_files(ctx: Context, home: Home, parts: Sorted, plan: Plan) -> MachineFiles:
    """Plan where the machine's files go: all of them into a new home, missing ones into an existing one.

    Args:
        ctx: The context.
        home: The home.
        parts: The archive's files, sorted.
        plan: The plan for everything else; a path that it changes is left to it.
    """
    if home.path.is_dir():
        return _into_existing(home, parts, plan)
    return _into_new(ctx, parts)


def _into_new(ctx: Context, parts: Sorted) -> MachineFiles:
    beside = {}
    for path, entry in parts.beside.items():
        mode = 0o700 if entry.executable else 0o600
        beside[str(path)] = (ctx.store.read(entry.digest), mode)
    moved = {}
    for path, file in parts.carried.items():
        moved[str(file.file.relative_to(ctx.layout.root))] = str(path)
    learned = sum(map(_is_learned, parts.carried))
    notes = (Note.of(NoteKind.BRINGS_LEARNED, count=learned),) if learned else ()
    return MachineFiles(beside=beside, moved=moved, notes=notes)


def _into_existing(home: Home, parts: Sorted, plan: Plan) -> MachineFiles:
    steps: list[Step] = []
    blobs: dict[Digest, bytes] = {}
    left: list[str] = []
    for path, file in parts.carried.items():
        target = home.path / path
        if not _is_learned(path):
            left.append(str(path))
        elif _is_there(target):
            if not _is_same(target, file):
                left.append(str(path))
        elif file.size <= LIMITS.blob:
            data = file.file.read_bytes()
            digest = Digest.of(data)
            blobs[digest] = data
            steps.append(Step(path, None, Entry(digest, file.executable)))
    left += [str(path) for path in parts.beside if path != ENV_EXAMPLE]
    notes: tuple[Note, ...] = ()
    if left:
        notes = (Note.of(NoteKind.NOT_MERGED, paths=tuple(left)),)
    return MachineFiles(steps=_beside(plan, steps), blobs=blobs, notes=notes)


def _is_learned(path: RelPath) -> bool:
    """Whether it is a memory or a session; nothing else of another machine is added to a home in use."""
    return path.under(MEMORIES) or path.under(SESSIONS)


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _beside(plan: Plan, steps: list[Step]) -> tuple[Step, ...]:
    """The steps whose paths the plan itself does not change."""
    taken = {step.path for step in plan.steps}
    return tuple(step for step in steps if step.path not in taken)


def _is_same(path: Path, file: Carried) -> bool:
    try:
        if path.stat().st_size != file.size:
            return False
        return read_file(path, limit=file.size) == file.file.read_bytes()
    except OSError:
        return False
