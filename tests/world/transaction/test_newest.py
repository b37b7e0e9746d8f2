"""A file that an agent writes all the time is exchanged on top of its newest bytes, whatever moment anything comes at."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from crashes import HOME, MACHINE
from realhome import Hooked, entry, in_child, make, nothing, read, seen, steps

from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.ports import Unsupported
from hermes_dist.world.transaction.apply import (
    Applied,
    Changed,
    apply,
    before_image,
    generations,
    recover,
)

CONFIG = RelPath("config.yaml")
OLD, NEW = b"model: a\n", b"model: b\n"
PLAN = {"config.yaml": NEW, "SOUL.md": b"soul v2\n", "skills/c/SKILL.md": b"c1\n"}


def carry(now: bytes) -> bytes | None:
    """The edit of the plan, on whatever else the agent writes below it."""
    return now.replace(OLD, NEW) if now.startswith(OLD) else None


def agent_writes(root: Path, data: bytes) -> None:
    (root / ".written").write_bytes(data)
    (root / ".written").chmod(0o600)
    (root / ".written").replace(root / "config.yaml")


@pytest.fixture
def root(quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("hermes_dist.world.transaction.newest.WATCHED", 0)
    return make(quick_path / "home")


def planned(root: Path) -> list[Step]:
    """A plan, after which the agent wrote."""
    plan = steps(root, PLAN)
    agent_writes(root, OLD + b"tick: 1\n")
    return plan


def carried_out(fs: RealFs, plan: list[Step]) -> Applied:
    return apply(fs, plan, read, b"lock 2\n", {"verb": "update"}, carries={CONFIG: carry})


AFTER = {**HOME, **MACHINE, **PLAN, "distribution.lock": b"lock 2\n"}


def test_what_the_agent_wrote_since_the_plan_stays_and_the_edit_arrives(root: Path) -> None:
    with RealFs(root) as fs:
        assert carried_out(fs, planned(root)) == Applied((), 1)
        (generation,) = generations(fs)
        step = next(step for step in generation.steps if step.path == CONFIG)
        assert before_image(fs, generation, step) == OLD + b"tick: 1\n"
        assert step == Step(CONFIG, entry(OLD + b"tick: 1\n"), entry(NEW + b"tick: 1\n"))
    found = seen(root)
    assert found["config.yaml"] == (NEW + b"tick: 1\n", 0o600)
    assert {p: d for p, (d, _) in found.items() if p != "config.yaml"} == {
        p: d for p, d in AFTER.items() if p != "config.yaml"
    }


def test_without_anything_to_carry_the_edit_over_the_change_is_refused(root: Path) -> None:
    with RealFs(root) as fs, pytest.raises(Changed):
        apply(fs, planned(root), read, b"lock 2\n", {})


def overtaken(root: Path, *writes: bytes, verb: str = "exchange") -> Hooked:
    """A home in which the agent writes at the last moment before the exchange, once for each of ``writes``."""
    left = list(writes)

    def hook(_call: int, called: str, *paths: object) -> None:
        if called == verb and left and "~" in str(paths[0]):
            agent_writes(root, left.pop(0))

    return Hooked(root, hook)


@pytest.mark.parametrize("verb", ["exchange", "write_new"])
def test_what_it_writes_at_the_moment_of_the_exchange_is_put_back_and_taken_up(
    verb: str, root: Path
) -> None:
    ticks = [OLD + b"tick: %d\n" % n for n in range(2, 6)]
    assert carried_out(overtaken(root, *ticks, verb=verb), planned(root)) == Applied((), 1)
    assert (root / "config.yaml").read_bytes() == NEW + b"tick: 5\n"


def test_a_write_that_was_begun_before_the_exchange_does_not_undo_the_edit(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hermes_dist.world.transaction.newest.WATCHED", 60)
    writes = iter([OLD + b"tick: 2\n", NEW + b"tick: 3\n"])
    monkeypatch.setattr(
        "hermes_dist.world.transaction.newest.time.sleep",
        lambda _: agent_writes(root, next(writes)),
    )
    with RealFs(root) as fs:
        assert carried_out(fs, planned(root)) == Applied((), 1)
        (generation,) = generations(fs)
        step = next(step for step in generation.steps if step.path == CONFIG)
        assert before_image(fs, generation, step) == OLD + b"tick: 2\n"
    assert (root / "config.yaml").read_bytes() == NEW + b"tick: 3\n"


@pytest.mark.parametrize("tries", [1, 200])
def test_a_clash_or_a_file_that_never_rests_takes_all_of_it_back(tries: int, root: Path) -> None:
    ticks = [b"model: mine\n"] if tries == 1 else [OLD + b"tick: %d\n" % n for n in range(tries)]
    with pytest.raises(Changed) as told:
        carried_out(overtaken(root, *ticks, verb="write_new"), planned(root))
    assert told.value.where == "config.yaml"
    last = ticks[min(len(ticks), 100) - 1]
    assert {p: d for p, (d, _) in seen(root).items()} == {
        **HOME,
        **MACHINE,
        "config.yaml": last,
    }
    with RealFs(root) as fs:
        assert recover(fs) is None
        assert generations(fs) == []


class NoExchange(Hooked):
    def exchange(self, one: str, other: str) -> None:
        raise Unsupported


def test_where_the_file_system_can_not_exchange_it_is_planned_again(root: Path) -> None:
    plan = planned(root)
    before = seen(root)
    with pytest.raises(Changed):
        carried_out(NoExchange(root, nothing), plan)
    assert seen(root) == before


def _dying(number: int) -> Callable[..., None]:
    def hook(call: int, *_: object) -> None:
        if call == number:
            os._exit(1)

    return hook


@pytest.mark.parametrize("late", [b"", b"tick: 9\n"])
@pytest.mark.parametrize("fails", [False, True])
def test_killed_at_any_moment_it_is_whole_and_no_write_is_lost(
    fails: bool, late: bytes, root: Path
) -> None:
    """After the crash the agent may write on, and the disk may let nothing but the way back succeed."""
    number = 0
    while True:
        number += 1
        make(root)
        plan = planned(root)
        tick = b"tick: 1\n"
        if in_child(partial(carried_out, Hooked(root, _dying(number)), plan)) == 0:
            break
        live = (root / "config.yaml").read_bytes()
        if late:
            tick = late
            agent_writes(root, live.splitlines(keepends=True)[0] + late)
        with RealFs(root) as fs:
            outcome = recover(_Refusing(root) if fails else fs)
            found = {p: d for p, (d, _) in seen(root).items()}
            config = found.pop("config.yaml")
            assert config in (OLD + tick, NEW + tick), number
            new = found["distribution.lock"] == b"lock 2\n"
            others = {**HOME, **MACHINE, **(PLAN if new else {})}
            others |= {"distribution.lock": found["distribution.lock"]}
            assert found == {p: d for p, d in others.items() if p != "config.yaml"}, number
            # A file that was left to the agent is told, so that the lock does not speak of it.
            told = outcome is not None and CONFIG in outcome.skipped
            if new:
                assert told or config == NEW + tick, number
            elif not late:
                assert config == OLD + tick, number
            assert recover(fs) is None
    assert number > 20


class _Refusing(Hooked):
    """A disk on which no way forward succeeds: the new lockfile can't be put into place."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, self._refuse)

    def _refuse(self, _call: int, called: str, *paths: object) -> None:
        if called == "exchange" and "distribution.lock" in paths:
            lock = (self.root / "distribution.lock").read_bytes()
            if lock == b"lock 1\n":
                raise OSError(errno.EIO, os.strerror(errno.EIO))


def _link(root: Path) -> None:
    (root / "config.yaml").unlink()
    (root / "config.yaml").symlink_to("SOUL.md")


def _folder(root: Path) -> None:
    (root / "config.yaml").unlink()
    (root / "config.yaml").mkdir()
    (root / "config.yaml" / "mine").write_bytes(b"mine\n")


@pytest.mark.parametrize("replaced", [_link, _folder])
def test_a_link_or_folder_in_its_place_at_the_exchange_goes_back_and_holds_nothing_up(
    replaced: Callable[[Path], None], root: Path
) -> None:
    """Killed at any moment afterwards, too: what another program put there is there, and the home can be used."""
    number = 0
    code = 1
    while code:
        number += 1
        make(root)
        plan = planned(root)
        code = in_child(partial(_carried_out_while, root, plan, replaced, number))
        with RealFs(root) as fs:
            recover(fs)
            assert recover(fs) is None
        there = root / "config.yaml"
        assert there.is_symlink() or (there / "mine").read_bytes() == b"mine\n"
        assert (root / "SOUL.md").read_bytes() in (HOME["SOUL.md"], PLAN["SOUL.md"])
    assert number > 5


def _carried_out_while(
    root: Path, plan: list[Step], replaced: Callable[[Path], None], dies: int
) -> None:
    since: list[str] = []

    def hook(_call: int, called: str, *paths: object) -> None:
        if since:
            since.append(called)
        elif called == "exchange" and "~" in str(paths[0]):
            replaced(root)
            since.append(called)
        if len(since) > dies:
            os._exit(1)

    with pytest.raises(Changed):
        carried_out(Hooked(root, hook), plan)
