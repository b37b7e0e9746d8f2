"""Three machines write memories and sessions at random, are killed, and somebody else pushes: nothing is lost."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
from budget import sessions
from killing import killed
from meeting_of_three import BOT, Machine, Story, private_story, yes

from hermes_dist.errors import Busy
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.sync.begin import Options, join
from hermes_dist.ops.sync.machines import accept
from hermes_dist.ops.sync.now import sync_now

FILES = ("memories/MEMORY.md", "memories/USER.md", "sessions/s1.jsonl", "sessions/s2.jsonl")


class PrivateStory:
    """One story.

    Args:
        place: An empty folder.
        seed: What to do by chance.
    """

    def __init__(self, place: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.story: Story = private_story(place)
        self.machines = self.story.machines
        self.written: set[str] = set()
        self.gone: set[str] = set()
        third = self.machines[2]
        join(third.ctx, BOT, self.story.url, Options(machine="c"), Request(), yes)
        for machine in self.machines:
            for other in {"a", "b", "c"} - {machine.name}:
                accept(machine.ctx, BOT, other)
        for machine in self.machines:
            self.sync(machine)

    def sync(self, machine: Machine) -> bool:
        with contextlib.suppress(Busy):
            return sync_now(machine.ctx, BOT, Request(), yes, losing=yes).pushed
        return True

    def step(self) -> None:
        machine = self.rng.choice(self.machines)
        roll = self.rng.random()
        if roll < 0.45:
            self.write(machine)
        elif roll < 0.55:
            self.delete(machine)
        elif roll < 0.65:
            self.attack()
        elif roll < 0.75:
            killed(lambda: self.sync(machine), self.rng.randrange(1, 90))
        else:
            self.sync(machine)

    def write(self, machine: Machine) -> None:
        mark = f"m{len(self.written)}x"
        self.written.add(mark)
        path = self.rng.choice(FILES)
        text = machine.read(path)
        if path.startswith("sessions"):
            machine.write(path, f'{text}{{"say": "{mark}"}}\n')
            return
        lines = text.splitlines()
        lines.insert(self.rng.randrange(len(lines) + 1), f"{mark} line\n")
        machine.write(path, "\n".join(lines) + "\n")

    def delete(self, machine: Machine) -> None:
        path = self.rng.choice(FILES)
        text = machine.read(path)
        self.gone |= {mark for mark in self.written if mark in text}
        (machine.home / path).unlink(missing_ok=True)

    def attack(self) -> None:
        """Delete what is there, bring back what was there once, or write over it."""
        git = self.story.repo.git
        here = git("ls-tree", "-r", "--name-only", "main").splitlines()
        sealed = [path for path in here if path.startswith("private/")]
        if not sealed:
            return
        path, kind = self.rng.choice([*sealed, "private.json"]), self.rng.randrange(3)
        if kind == 0:
            self.story.push_by_hand({path: None} if path in here else {})
        elif kind == 1:
            self.story.push_by_hand({path: b"junk" if path != "private.json" else b"{}"})
        else:
            old = self.rng.choice(git("rev-list", "main").splitlines()[:6])
            names = git("ls-tree", "-r", "--name-only", old).splitlines()
            then = [each for each in names if each.startswith("private")]
            raw = {each: self.story.at(each, old) for each in then}
            self.story.push_by_hand({**dict.fromkeys({*sealed} - {*then}), **raw})

    def end(self) -> None:
        for _ in range(6):
            pushed = [self.sync(machine) for machine in self.machines]
            if not any(pushed):
                break
        else:
            raise AssertionError("syncing goes on for ever")
        texts = [self.all_of(machine) for machine in self.machines]
        assert texts[0] == texts[1] == texts[2]
        whole = "".join(texts[0].values())
        assert {mark for mark in self.written - self.gone if mark not in whole} == set()
        assert "junk" not in whole

    def all_of(self, machine: Machine) -> dict[str, str]:
        return {
            str(path.relative_to(machine.home)): path.read_text()
            for part in ("memories", "sessions")
            for path in sorted((machine.home / part).rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }


@pytest.mark.parametrize("seed", range(sessions(200)))
def test_memories_of_three_machines_become_the_same(tmp_path: Path, seed: int) -> None:
    story = PrivateStory(tmp_path, seed)
    for _ in range(16):
        story.step()
    story.end()
