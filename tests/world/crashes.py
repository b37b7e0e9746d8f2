"""Operations on simulated homes, and what must hold after a power cut at any moment of them."""

from __future__ import annotations

import contextlib
import errno
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from simfs import Disk, Op, SimFs, after, cut, digest_of

from hermes_dist.errors import DistError
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Entry
from hermes_dist.world.transaction import apply, generations, new_home, realize

CODE = SimpleNamespace(apply=apply, realize=realize, generations=generations, new_home=new_home)
"""The modules under test; mutants are modules of the same names."""

Files = Mapping[str, bytes | None]

HOME: dict[str, bytes] = {
    "SOUL.md": b"soul v1\n" * 50,
    "config.yaml": b"model: a\n",
    "mcp.json": b"{}",
    "skills/a/SKILL.md": b"a1\n",
    "skills/b/SKILL.md": b"b1\n",
    "skills/b/x.py": b"x1\n",
    "docs/deep/er/note.md": b"note\n",
    "cron/jobs.json": b'{"jobs": []}',
    "distribution.lock": b"lock 1\n",
}
MACHINE: dict[str, bytes] = {
    "skills/mine/SKILL.md": b"MINE\n",
    ".env": b"K=secret\n",
    "memories/MEMORY.md": b"years\n" * 100,
    "state.db": b"\0\1\2" * 500,
}
UPDATE: Files = {
    "SOUL.md": b"soul v2\n" * 60,
    "config.yaml": b"model: b\n",
    "mcp.json": b'{"a": 1}',
    "skills/a/SKILL.md": b"a2\n",
    "skills/b/SKILL.md": None,
    "skills/b/x.py": None,
    "skills/c/SKILL.md": b"c1\n",
    "skills/c/deep/d/y.py": b"y\n",
}

RESPELLED: Files = {
    "SOUL.md": b"soul v2\n" * 60,
    "skills/a/SKILL.md": None,
    "skills/a/Skill.md": HOME["skills/a/SKILL.md"],
    "skills/b/SKILL.md": None,
    "skills/b/x.py": None,
    "skills/B/SKILL.md": b"b2\n",
    "skills/B/new/y.py": b"y\n",
    "docs/deep/er/note.md": None,
    "docs/Deep/Er/Note.md": b"note 2\n",
}


def disk_of(*files: Mapping[str, bytes], caseless: str = "") -> Disk:
    disk = Disk(caseless=caseless)
    for part in files:
        for path, data in part.items():
            disk.put(path, data, 0o600 if path in {"config.yaml", ".env"} else 0o644)
    return disk


def plan(
    disk: Disk, changes: Files, executable: frozenset[str] = frozenset()
) -> tuple[list[Step], Any]:
    """Steps from a state to the changed one, and where their contents are read."""
    fs = SimFs(disk)
    steps, store = [], {}
    for path, data in changes.items():
        new = None
        if data is not None:
            new = Entry(digest_of(data), path in executable)
            store[new.digest] = data
        before = fs.entry(path) if path in disk.files else None
        steps.append(Step(RelPath(path), before, new))
    return steps, store.__getitem__


@dataclass
class Operation:
    """One operation: a state before, what is done, how it is recovered, and the only two good ends."""

    name: str
    start: Disk
    run: Callable[[SimFs, Any], object]
    recover: Callable[[SimFs, Any], object]
    old: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    new: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    exchange: bool = True
    links: bool = False
    modes: bool = True
    each: int = 50
    editable: str = ""
    leaves: tuple[str, ...] = (".dist/txn",)
    either: bool = False  # the run fails, and either end is good
    share: float = 1  # of the power cuts that others get
    also: tuple[dict[str, tuple[bytes, int]], ...] = ()  # more good ends

    def fs(self, disk: Disk) -> SimFs:
        return SimFs(disk, exchange=self.exchange, links=self.links, modes=self.modes)


def _recover(fs: SimFs, code: Any) -> None:
    code.apply.recover(fs)


def applying(
    name: str,
    start: Disk,
    changes: Files,
    lock: bytes | None,
    *,
    executable: frozenset[str] = frozenset(),
    editable: str = "SOUL.md",
    **more: Any,
) -> Operation:
    steps, read = plan(start, changes, executable)

    def run(fs: SimFs, code: Any) -> object:
        return code.apply.apply(fs, steps, read, lock, {"verb": name})

    return Operation(name, start, run, _recover, editable=editable, **more)


def interrupted(start: Disk, changes: Files, lock: bytes, part: float) -> Disk:
    """A state in which an update was killed part of the way."""
    steps, read = plan(start, changes)
    fs = SimFs(start.copy())
    apply.apply(fs, steps, read, lock, {})
    return after(start, fs.log[: int(len(fs.log) * part)])


def operations() -> list[Operation]:
    home = disk_of(HOME, MACHINE)
    updated = home.copy()
    steps, read = plan(home, UPDATE)
    apply.apply(SimFs(updated), steps, read, b"lock 2\n", {})
    pruned = updated.copy()
    for n in range(3, 5):
        steps, read = plan(pruned, {"SOUL.md": b"soul %d" % n})
        apply.apply(SimFs(pruned), steps, read, b"lock %d" % n, {})
    shapes = disk_of(HOME, MACHINE, {"tool": b"a file\n", "kit/one": b"1\n", "kit/sub/two": b"2\n"})
    shaped: Files = {
        "tool": None,
        "tool/main": b"m\n",
        "kit/one": None,
        "kit/sub/two": None,
        "kit": b"k\n",
    }
    bare = disk_of(MACHINE)
    cleared = {path: None for path in HOME if path != "distribution.lock"}
    back: Files = {path: HOME.get(path) for path in UPDATE}
    ran = frozenset(["skills/b/x.py", "mcp.json"])
    modes = {path: HOME[path] for path in ran}
    half = interrupted(home, UPDATE, b"lock 2\n", 0.7)
    fresh = interrupted(home, {"SOUL.md": b"never\n"}, b"lock n\n", 0.3)
    found = [
        applying("update", home, UPDATE, b"lock 2\n"),
        applying(
            "first install",
            bare,
            {p: d for p, d in HOME.items() if p != "distribution.lock"},
            b"lock 1\n",
        ),
        applying("uninstall", home, cleared, None),
        applying("modes only", home, modes, b"lock 1\n", executable=ran, editable=""),
        applying(
            "update where no modes are kept", home, UPDATE, b"lock 2\n", modes=False, share=0.3
        ),
        applying(
            "modes and more where none are kept",
            home,
            {**modes, "SOUL.md": b"soul\n"},
            b"lock 2\n",
            executable=ran,
            modes=False,
            exchange=False,
            share=0.3,
        ),
        applying("file and folder change places", shapes, shaped, b"lock 2\n", editable=""),
        applying("lock only", home, {}, b"lock 2\n", editable=""),
        applying("rollback", updated, back, b"lock 1\n"),
        applying("update without exchange", home, UPDATE, b"lock 2\n", exchange=False),
        applying("update by links", home, UPDATE, b"lock 2\n", exchange=False, links=True),
        applying("update of many files", home, UPDATE, b"lock 2\n", each=2),
        applying(
            "first install of many files",
            bare,
            {p: d for p, d in HOME.items() if "lock" not in p},
            b"l",
            each=2,
        ),
        _leaving_alone(home),
        _leaving_alone(home, exchange=False),
        _leaving_alone(home, exchange=False, links=True),
        applying("update after one that was not begun", fresh, UPDATE, b"lock 2\n"),
        _failing(home),
        taken_back("update taken back", home, UPDATE, b"lock 2\n"),
        taken_back(
            "update by links taken back", home, UPDATE, b"lock 2\n", exchange=False, links=True
        ),
        taken_back(
            "first install taken back",
            bare,
            {p: d for p, d in HOME.items() if "lock" not in p},
            b"l",
        ),
        taken_back("uninstall taken back", home, cleared, None),
        taken_back("places changed back", shapes, shaped, b"lock 2\n"),
        applying(
            "a new file and the config",
            home,
            {"new.md": b"n\n", "config.yaml": b"model: c\n"},
            b"lock 2\n",
        ),
        _pruning(pruned),
        _building(),
        _building(each=2),
        _recovering(half, updated),
    ]
    found += _respelling("renames") + _respelling("same")
    for operation in found:
        _learn(operation)
    return found


def _respelling(kind: str) -> list[Operation]:
    """Changes of names' cases on a disk that takes both for one."""
    home = disk_of(HOME, MACHINE, {"skills/b/mine.md": b"mine\n"}, caseless=kind)
    more: dict[str, Any] = {"editable": "SOUL.md", "exchange": kind == "renames"}
    if kind == "same":
        more["share"] = 0.3
    name = f"case of names, {kind}"
    return [
        applying(name, home, RESPELLED, b"lock 2\n", **more),
        applying(
            f"{name}, by links",
            home,
            RESPELLED,
            b"lock 2\n",
            **{**more, "exchange": False, "links": True},
        ),
        taken_back(f"{name}, taken back", home, RESPELLED, b"lock 2\n", exchange=more["exchange"]),
    ]


def taken_back(
    name: str, start: Disk, changes: Files, lock: bytes | None, **more: Any
) -> Operation:
    """A change whose last step, the retiring of its folder, fails, so that all of it is taken back."""
    steps, read = plan(start, changes)

    def run(fs: SimFs, code: Any) -> object:
        def refuse(verb: str, one: str, _other: str) -> None:
            if verb == "rename" and one == ".dist/txn":
                raise OSError(errno.EPERM, os.strerror(errno.EPERM), one)

        fs.before = refuse
        with contextlib.suppress(code.apply.TakenBack):
            code.apply.apply(fs, steps, read, lock, {})
        assert fs.disk.visible() == start.visible()
        assert fs.kind(".dist/txn") == "absent"
        return None

    operation = Operation(
        name,
        start,
        run,
        _recover,
        editable="SOUL.md" if "SOUL.md" in start.files else "",
        either=True,
        share=0.1,
        **more,
    )
    operation.old = start.visible()
    end = operation.fs(start.copy())
    apply.apply(end, steps, read, lock, {})
    operation.new = end.disk.visible()
    return operation


def _failing(start: Disk) -> Operation:
    """An update in which the sync of the journal's name fails, so that it is taken back."""
    steps, read = plan(start, UPDATE)

    def run(fs: SimFs, code: Any) -> object:
        sync = fs.sync_folder

        def failing(path: str) -> None:
            if fs.kind(".dist/txn/journal") == "file":
                fs.sync_folder = sync  # type: ignore[method-assign] # only once
                raise OSError(errno.EIO, os.strerror(errno.EIO), path)
            sync(path)

        fs.sync_folder = failing  # type: ignore[method-assign] # a disk that fails
        try:
            return code.apply.apply(fs, steps, read, b"lock 2\n", {})
        except DistError as error:
            return error

    operation = Operation(
        "journal not confirmed", start, run, _recover, editable="SOUL.md", either=True
    )
    operation.old = start.visible()
    end = SimFs(start.copy())
    apply.apply(end, steps, read, b"lock 2\n", {})
    operation.new = end.disk.visible()
    return operation


def _leaving_alone(start: Disk, **more: Any) -> Operation:
    """An update of a file that another program writes at that moment: the lockfile says so whenever the file stays."""
    start = start.copy()
    start.put("copy", HOME["mcp.json"])  # what the other program overwrites is its own affair
    steps, read = plan(start, UPDATE)

    def without(text: bytes, before: bytes | None, skipped: Sequence[RelPath]) -> bytes:
        assert before == HOME["distribution.lock"]
        told = b"without " + ",".join(skipped).encode() + b"\n"
        return text if text.endswith(told) else text + told

    def run(fs: SimFs, code: Any) -> object:
        def overtake(verb: str, one: str, other: str) -> None:
            if (verb, other) == ("exchange", "mcp.json") or (verb, one) == ("rename", "mcp.json"):
                fs.before = None
                fs.write_by_another("mcp.json", b'{"mine": 1}')

        fs.before = overtake
        return code.apply.apply(fs, steps, read, b"lock 2\n", {}, lock_without=without)

    def recover(fs: SimFs, code: Any) -> object:
        return code.apply.recover(fs, None, without)

    name = "update that leaves a file alone" + "".join(f", {key} {more[key]}" for key in more)
    operation = Operation(name, start, run, recover, **more)
    end = SimFs(start.copy())
    apply.apply(end, steps, read, b"lock 2\n", {})
    operation.also = (end.disk.visible(),)  # killed before the other program came
    return operation


def _pruning(start: Disk) -> Operation:
    def run(fs: SimFs, code: Any) -> object:
        return code.generations.prune(fs, 1)

    def recover(fs: SimFs, code: Any) -> object:
        assert [g.number for g in generations.generations(fs)][-1:] == [3], (
            "the newest generation is gone"
        )
        assert not _damage(fs)
        return code.generations.prune(fs, 1)

    return Operation("prune", start, run, recover)


def _building(each: int = 50) -> Operation:
    start = disk_of(
        {
            "active_profile": b"x\n",
            "profiles/other/SOUL.md": b"o\n",
            "distributions/store/ab": b"blob",
        }
    )
    files = {path: data for path, data in HOME.items() if path != "distribution.lock"}
    steps, read = plan(Disk(), files, frozenset(["skills/b/x.py"]))

    def run(fs: SimFs, code: Any) -> object:
        extra = {".env": (b"K=1\n", 0o600)}
        return code.new_home.build_new(
            fs,
            "profiles/new",
            steps,
            read,
            b"lock 1\n",
            label={"verb": "install"},
            folders=["memories"],
            extra=extra,
        )

    def recover(fs: SimFs, code: Any) -> object:
        return code.new_home.sweep(fs)

    name = "a new home" if each == 50 else "a new home of many files"
    return Operation(name, start, run, recover, each=each, leaves=("distributions/staging/new",))


def _recovering(start: Disk, end: Disk) -> Operation:
    """The recovery of a killed update, itself cut short."""
    operation = Operation("recovery", start, _recover, _recover, editable="SOUL.md")
    operation.old = operation.new = end.visible()
    return operation


def _learn(operation: Operation) -> None:
    if not operation.new:
        operation.old = operation.start.visible()
        fs = operation.fs(operation.start.copy())
        operation.run(fs, CODE)
        operation.new = fs.disk.visible()


@dataclass
class Report:
    """What came of one operation."""

    states: int = 0
    distinct: int = 0
    mixed: int = 0
    bad: list[tuple[object, ...]] = field(default_factory=list)


USER = b"written by the user after the crash\n"


class Harness:
    """Power cuts at every change of one operation, and in its recovery."""

    def __init__(self, operation: Operation, code: Any = CODE, seed: int = 1) -> None:
        self.op, self.code, self.seed = operation, code, seed
        self.report = Report()
        self.good: set[object] = set()

    def run(self, rounds: int, nested: int = 0, *, stop: bool = False) -> Report:
        """Cut the power ``rounds`` times after every change, and ``nested`` times in each such recovery.

        Args:
            rounds: Cuts after each change.
            nested: Cuts in the recovery from each of those, and ten times as many where it was only killed.
            stop: End at the first bad one.
        """
        each, self.code.realize.SYNC_EACH = self.code.realize.SYNC_EACH, self.op.each
        self.code.apply.SYNC_EACH = self.code.new_home.SYNC_EACH = self.op.each
        try:
            fs = self.op.fs(self.op.start.copy())
            try:
                self.op.run(fs, self.code)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
                self.report.bad.append(("run", repr(error)))
                return self.report
            # Each moment once, then each once more: a fault that shows at one of them shows soon.
            for r in range(rounds):
                for k in range(len(fs.log) + 1):
                    self._one(fs.log, k, r, nested)
                    if stop and self.report.bad:
                        return self.report
        finally:
            self.code.realize.SYNC_EACH = self.code.apply.SYNC_EACH = (
                self.code.new_home.SYNC_EACH
            ) = each
        return self.report

    def _one(self, log: list[Op], k: int, r: int, nested: int) -> None:
        rng = random.Random(f"{self.seed}-{k}-{r}")
        done = k == len(log)
        disk = (
            cut(self.op.start, log[:k], rng, weak=r % 3 > 0) if r else after(self.op.start, log[:k])
        )
        self.report.mixed += disk.visible() not in (self.op.old, self.op.new)
        edited = self.op.editable if r % 5 == 4 and self.op.editable in disk.files else ""
        if edited:
            disk.put(edited, USER)
        if not self._recovered(disk, ("cut", k, r), edited, done=done) or not nested:
            return
        fs = self.op.fs(disk.copy())
        self.op.recover(fs, self.code)
        recovery = fs.log
        for n in range((nested if r else 10 * nested) if recovery else 0):
            m = rng.randint(0, len(recovery))
            if r == 0:  # killed, started again, and only then the power goes
                again = cut(self.op.start, [*log[:k], *recovery[:m]], rng, weak=n % 3 > 0)
            else:
                again = cut(disk, recovery[:m], rng, weak=n % 3 > 0)
            self._recovered(
                again, ("cut", k, r, "recovery cut", m, n), edited, done=done and r == 0
            )

    def _recovered(self, disk: Disk, tag: tuple[object, ...], edited: str, *, done: bool) -> bool:
        self.report.states += 1
        key = (disk.key(), edited, done)
        if key in self.good:
            return True
        self.report.distinct += 1
        found = {digest_of(data) for data in (disk.data[n] for n in disk.files.values())}
        fs = self.op.fs(disk.copy())
        try:
            self.op.recover(fs, self.code)
            wrong = self._judge(fs, edited, found, done=done)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            wrong = repr(error)
        if wrong:
            self.report.bad.append((self.op.name, tag, wrong))
        else:
            self.good.add(key)
        return not wrong

    def _judge(self, fs: SimFs, edited: str, found: set[str], *, done: bool) -> str:
        seen, old, new = fs.disk.visible(), self.op.old, self.op.new
        held = {digest_of(fs.disk.data[n]) for n in fs.disk.files.values()}
        if edited:
            if fs.read(edited) != USER:
                return "the user's edit is gone"
            seen = {p: v for p, v in seen.items() if p != edited}
            old = {p: v for p, v in old.items() if p != edited}
            new = {p: v for p, v in new.items() if p != edited}
        if seen not in (old, new, *self.op.also):
            return f"mixed: {sorted(p for p in {*seen, *new} if seen.get(p) != new.get(p))}"
        if done and seen != new and not self.op.either:
            return "it came back as old after it had ended"
        mine = {p: digest_of(data) for p, (data, _) in self.op.start.visible().items()}
        if lost := [
            p
            for p, digest in mine.items()
            if digest not in held and (p != edited or digest in found)
        ]:
            return f"lost: {lost}"
        if left := [path for path in self.op.leaves if fs.kind(path) != "absent"]:
            return f"left behind: {left}"
        return _damage(fs) or self._again(fs.disk)

    def _again(self, disk: Disk) -> str:
        fs = self.op.fs(disk)
        self.op.recover(fs, self.code)
        return "a second recovery changed something" if fs.log else ""


def _damage(fs: SimFs) -> str:
    """What is wrong with the generations: each must hold what it displaced, and nothing else."""
    if any(path.endswith("/ballast") for path in fs.disk.files):
        return "ballast kept"
    for generation in generations.generations(fs):
        for step in generation.steps:
            image = generations.before_image(fs, generation, step)
            if step.path in generation.skipped:
                continue
            if step.before and (image is None or digest_of(image) != step.before.digest):
                return f"generation {generation.number} has lost {step.path}"
    return ""
