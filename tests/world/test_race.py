"""Others write while a home is updated: an agent, somebody who moves folders, a second updater."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from crashes import HOME, MACHINE
from msgspec.structs import replace
from mutants import mutant
from realhome import Hooked, entry, in_child, make, read, steps

from hermes_dist.errors import Busy, DistError
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Entry
from hermes_dist.world.disk.envfile import edit_private
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.locks import home_lock
from hermes_dist.world.ports import Unsupported
from hermes_dist.world.transaction import apply as transaction
from hermes_dist.world.transaction.apply import (
    Changed,
    TakenBack,
    apply,
    before_image,
    generations,
    prune,
    recover,
)


@pytest.fixture
def root(quick_path: Path) -> Path:
    return make(quick_path / "home")


def replaced(root: Path, path: str, data: bytes) -> None:
    """Replace a file as an agent does: another file, renamed over it."""
    (root / ".written").write_bytes(data)
    (root / ".written").replace(root / path)


def contents(root: Path) -> bytes:
    return b"\n".join(p.read_bytes() for p in root.rglob("*") if p.is_file() and not p.is_symlink())


class Overtaken(Hooked):
    """A writer replaces SOUL.md after the check and before the exchange, ``times`` times in a row."""

    def __init__(
        self, root: Path, data: bytes, times: int = 1, *, can_exchange: bool = True
    ) -> None:
        super().__init__(root, self._write)
        self.data, self.times, self.can_exchange = data, times, can_exchange

    def _write(self, _call: int, verb: str, *paths: object) -> None:
        moved = (
            verb == "exchange"
            if self.can_exchange
            else (verb == "rename" and paths[0] == "SOUL.md")
        )
        if moved and "SOUL.md" in paths and self.times:
            self.times -= 1
            replaced(self.root, "SOUL.md", self.data + b" %d" % self.times)

    def exchange(self, one: str, other: str) -> None:
        if not self.can_exchange:
            raise Unsupported
        super().exchange(one, other)


def overtaken(
    root: Path,
    rounds: int,
    code: object = transaction,
    *,
    times: int = 1,
    can_exchange: bool = True,
) -> int:
    """Update SOUL.md ``rounds`` times while it is replaced; the number of replacements that were lost."""
    lost = 0
    for n in range(rounds):
        mine = b"the agent's %d" % n
        fs = Overtaken(root, mine, times, can_exchange=can_exchange)
        plan = steps(root, {"SOUL.md": b"from upstream %d" % n})
        applied = code.apply(fs, plan, read, b"lock %d" % n, {})  # type: ignore[attr-defined]
        lost += (root / "SOUL.md").read_bytes() != mine + b" 0" or applied.skipped != ("SOUL.md",)
        prune(RealFs(root), 1)
    return lost


def test_a_file_replaced_inside_the_window_a_hundred_times_is_never_lost(root: Path) -> None:
    assert overtaken(root, 100) == 0


def test_nor_where_exchange_is_missing(root: Path) -> None:
    assert overtaken(root, 30, can_exchange=False) == 0


def test_nor_when_the_writer_overtakes_the_way_back_as_well(root: Path) -> None:
    assert overtaken(root, 30, times=2) == 0
    assert b"the agent's 29 1" in contents(root), (
        "what the agent replaced itself is in the generation"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "    if _same(_look(fs, slot), before, after):\n        return True\n    if",
            "    return True\n    if",
        ),
        (
            "    if _same(_look(fs, step.path), after, before):\n        _swap",
            "    if False:\n        _swap",
        ),
    ],
    ids=["not looking at what came out", "not putting it back"],
)
def test_without_looking_and_putting_back_it_would_be_lost(old: str, new: str, root: Path) -> None:
    assert overtaken(root, 3, mutant("realize", old, new).apply) == 3


def test_a_file_replaced_while_it_is_deleted_comes_back(root: Path) -> None:
    def hook(_call: int, verb: str, *paths: object) -> None:
        if verb == "rename" and paths[0] == "skills/b/x.py":
            replaced(root, "skills/b/x.py", b"mine")

    applied = apply(Hooked(root, hook), steps(root, {"skills/b/x.py": None}), read, b"l", {})
    assert applied.skipped == ("skills/b/x.py",)
    assert (root / "skills/b/x.py").read_bytes() == b"mine"
    (generation,) = generations(RealFs(root))
    assert generation.skipped == ("skills/b/x.py",)
    assert before_image(RealFs(root), generation, generation.steps[0]) is None


def test_a_file_that_appears_where_a_new_one_comes_stays(root: Path) -> None:
    def hook(_call: int, verb: str, *paths: object) -> None:
        if verb == "noreplace":
            (root / "new.md").write_bytes(b"mine")

    applied = apply(
        Hooked(root, hook), [Step(RelPath("new.md"), None, entry(b"theirs"))], read, b"l", {}
    )
    assert applied.skipped == ("new.md",)
    assert (root / "new.md").read_bytes() == b"mine"


@pytest.mark.parametrize("what", ["a symlink", "a folder", "nothing"])
def test_a_file_that_turns_into_something_else_inside_the_window_is_left_alone(
    what: str, root: Path
) -> None:
    def hook(_call: int, verb: str, *paths: object) -> None:
        if verb == "exchange" and paths[1] == "SOUL.md" and not done:
            done.append(what)
            (root / "SOUL.md").rename(root / "kept")
            if what == "a symlink":
                (root / "SOUL.md").symlink_to("kept")
            elif what == "a folder":
                (root / "SOUL.md").mkdir()

    done: list[str] = []
    applied = apply(
        Hooked(root, hook), steps(root, {"SOUL.md": b"2", "mcp.json": b"[]"}), read, b"l", {}
    )
    assert applied.skipped == ("SOUL.md",)
    found = root / "SOUL.md"
    kinds = {
        "a symlink": found.is_symlink(),
        "a folder": found.is_dir(),
        "nothing": not found.exists(),
    }
    assert kinds[what]
    assert (root / "kept").read_bytes() == HOME["SOUL.md"]
    assert (root / "mcp.json").read_bytes() == b"[]"


class Swapped(Hooked):
    """Somebody swaps ``skills`` for a link that leads outside, before the change ``at``, and back before ``until``."""

    def __init__(self, root: Path, outside: Path, at: int, until: int) -> None:
        super().__init__(root, self._swap)
        self.outside, self.at, self.until = outside, at, until

    def _swap(self, call: int, _verb: str, *_paths: object) -> None:
        skills, spare = self.root / "skills", self.root.parent / "spare"
        if call == self.at and not skills.is_symlink():
            skills.rename(spare)
            skills.symlink_to(self.outside)
        elif call == self.until and skills.is_symlink():
            skills.unlink()
            spare.rename(skills)


def swapped(place: Path, at: int, until: int) -> tuple[int, bool]:
    """Update a home whose folder is swapped meanwhile; the number of changes made, and whether it came through."""
    shutil.rmtree(place, ignore_errors=True)
    root, outside = make(place / "home", {"skills/a": b"0"}), place / "outside"
    outside.mkdir()
    (outside / "a").write_bytes(b"theirs")
    fs = Swapped(root, outside, at, until)
    plan = [
        Step(RelPath("skills/a"), fs.entry("skills/a"), entry(b"1")),
        Step(RelPath("skills/new"), None, entry(b"new")),
    ]
    through = True
    try:
        apply(fs, plan, read, b"lock", {})
    except DistError:
        through = False
    assert os.listdir(outside) == ["a"], (at, until)
    assert (outside / "a").read_bytes() == b"theirs", (at, until)
    return fs.calls, through


def test_a_parent_swapped_for_a_symlink_never_leads_outside(quick_path: Path) -> None:
    """At every change the update makes, and for every length of time: no luck is needed, and no load prevents it."""
    calls, through = swapped(quick_path / "race", 0, 0)
    assert through, "left alone, the update comes through"
    moments = [(at, until) for at in range(1, calls + 1) for until in (at + 1, at + 2, at + 5, 0)]
    outcomes = {moment: swapped(quick_path / "race", *moment)[1] for moment in moments}
    assert len(outcomes) > 40
    assert not all(outcomes.values()), "it is noticed"


UPDATER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from realhome import read, steps
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.locks import home_lock
from hermes_dist.world.transaction.apply import apply, prune
root, who = Path(sys.argv[2]), sys.argv[3]
names = [f"f{k}" for k in range(4)]
for n in range(int(sys.argv[4])):
    with home_lock(root, timeout=30):
        said = f"{who}-{n}".encode()
        applied = apply(RealFs(root), steps(root, dict.fromkeys(names, said)), read, said, {})
        assert applied.skipped == ()
        prune(RealFs(root), 2)
        found = {(root / name).read_bytes() for name in (*names, "distribution.lock")}
        assert found == {said}, found
"""


def test_two_updaters_take_turns_and_nothing_is_mixed(quick_path: Path) -> None:
    root = make(quick_path / "home", MACHINE)
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", UPDATER, here, str(root)]
    both = [subprocess.Popen([*command, who, "50"], stderr=subprocess.PIPE) for who in ("A", "B")]
    assert [worker.communicate()[1] for worker in both] == [b"", b""]
    assert [worker.returncode for worker in both] == [0, 0]
    assert len({(root / f"f{k}").read_bytes() for k in range(4)}) == 1
    assert generations(RealFs(root))[-1].number == 100


def test_a_second_updater_that_does_not_wait_is_told_so(root: Path) -> None:
    def second() -> None:
        with suppress(Busy), home_lock(root):
            os._exit(1)

    with home_lock(root):
        assert in_child(second) == 0


AGENT = """
import os, sys, time
path, lines = sys.argv[1], int(sys.argv[2])
for n in range(lines):
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.write(fd, b"agent-%d\\n" % n)
    os.close(fd)
    for _ in range(100):
        text = open(path, "rb").read()
        assert text.startswith((b"from upstream", b"soul v1")), text[:40]
        time.sleep(0.0002)
"""


def test_an_agent_that_reads_and_appends_meanwhile_loses_no_line_and_never_misses_the_file(
    root: Path,
) -> None:
    lines = 60
    agent = subprocess.Popen(
        [sys.executable, "-c", AGENT, str(root / "SOUL.md"), str(lines)], stderr=subprocess.PIPE
    )
    updates = 0
    while (
        agent.poll() is None or len(generations(RealFs(root))) <= 5
    ):  # however slow this process is
        with suppress(Changed):
            apply(
                RealFs(root),
                steps(root, {"SOUL.md": b"from upstream %d\n" % updates}),
                read,
                b"%d" % updates,
                {},
            )
        updates += 1
    assert agent.communicate()[1] == b""
    found = contents(root)
    assert [n for n in range(lines) if b"agent-%d\n" % n not in found] == []
    assert len(generations(RealFs(root))) > 5
    assert recover(RealFs(root)) is None


@pytest.mark.parametrize("moment", ["sync_folder", "rename", "exchange"])
@pytest.mark.parametrize("executable", [False, True])
@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_file_made_private_meanwhile_stays_private(
    root: Path, moment: str, executable: bool, can_exchange: bool
) -> None:
    (root / "SOUL.md").chmod(0o644)

    class Hurried(Hooked):
        def exchange(self, one: str, other: str) -> None:
            if not can_exchange:
                raise Unsupported
            super().exchange(one, other)

    def hide(_call: int, verb: str, *paths: object) -> None:
        soul = root / "SOUL.md"
        if verb == moment and soul.exists() and soul.read_bytes() != b"from upstream":
            soul.chmod(0o600)

    [step] = steps(root, {"SOUL.md": b"from upstream"})
    assert step.after
    if executable:
        step = replace(step, after=Entry(step.after.digest, True))
    apply(Hurried(root, hide), [step], read, b"lock 1", {})
    assert (root / "SOUL.md").read_bytes() == b"from upstream"
    assert (root / "SOUL.md").stat().st_mode & 0o066 == 0


def test_going_back_gives_the_very_bits_that_were_there(root: Path) -> None:
    (root / "SOUL.md").chmod(0o711)
    entry = RealFs(root).entry("SOUL.md")
    [step] = steps(root, {"SOUL.md": b"from upstream"})
    assert step.after
    plain = replace(step, before=entry, after=Entry(step.after.digest, False))

    def fail(_call: int, verb: str, *paths: object) -> None:
        if verb == "exchange" and "distribution.lock" in paths:
            raise OSError(errno.EIO, "broken")

    with pytest.raises(TakenBack):
        apply(Hooked(root, fail), [plain], read, b"lock 2", {})
    assert (root / "SOUL.md").stat().st_mode & 0o777 == 0o711


def test_settings_made_private_at_the_exchange_stay_private(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = root / "config.yaml"
    path.write_bytes(b"a: 1\n")
    path.chmod(0o644)
    exchange = RealFs.exchange

    def hurried(fs: RealFs, one: str, other: str) -> None:
        path.chmod(0o600)
        exchange(fs, one, other)

    monkeypatch.setattr(RealFs, "exchange", hurried)
    assert edit_private(path, lambda data: data + b"b: 2\n")
    assert path.read_bytes() == b"a: 1\nb: 2\n"
    assert path.stat().st_mode & 0o777 == 0o600
