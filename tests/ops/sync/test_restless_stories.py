"""Machines that leave and come back, lose their keys, and meet at a place that goes back: nothing is lost."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from budget import sessions
from killing import killed
from meeting_of_three import BOT, Machine, Story, yes

from hermes_dist.errors import Busy, Refused, UsageError
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.sync.begin import Options, join
from hermes_dist.ops.sync.counted import Unsigned
from hermes_dist.ops.sync.machines import accept, leave
from hermes_dist.ops.sync.now import Synced, sync_now
from hermes_dist.ops.sync.state import is_synced, need_record, signer_path


class Restless(Story):
    """A story in which machines leave, join again and lose keys, and the place goes back or is rewritten."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder, seed)
        self.left: set[str] = set()

    def step(self) -> None:
        machine = self.rng.choice(self.joined)
        roll = self.rng.random()
        if len(self.joined) < len(self.machines) and roll < 0.15:
            self.join(self.machines[len(self.joined)])
        elif roll < 0.5:
            self.edit(machine)
        elif roll < 0.58:
            killed(lambda: self.now(machine), self.rng.randrange(1, 120))
        elif roll < 0.66:
            self.settle(machine)
        elif roll < 0.72:
            self.come_back(machine)
        elif roll < 0.77:
            signer_path(machine.home).unlink(missing_ok=True)
        elif roll < 0.83:
            self.go_back()
        else:
            self.now(machine)

    def now(self, machine: Machine) -> Synced | None:
        """Sync, and put back whatever the place lacks; every machine that asks for it is one of ours."""
        done = None
        for unsigned in (Unsigned.WAIT, Unsigned.OURS):
            with contextlib.suppress(Busy, Refused):
                done = sync_now(machine.ctx, BOT, Request(), yes, unsigned=unsigned)
                break
        for name in (*done.unknown, *done.changed) if done else ():
            self.accept(machine, name)
        return done

    def accept(self, machine: Machine, name: str) -> None:
        # One that left just now, or of which a place that went back knows nothing yet.
        with contextlib.suppress(UsageError, Busy):
            accept(machine.ctx, BOT, name)

    def join(self, machine: Machine) -> None:
        self.number += 1
        name = f"{machine.name}{self.number}"
        join(machine.ctx, BOT, self.url, Options(machine=name), Request(), yes)
        machine.keep_secrets()
        if machine not in self.joined:
            self.joined.append(machine)
        for other in self.joined:
            if other is not machine:
                self.accept(other, name)

    def come_back(self, machine: Machine) -> None:
        """Leave with everything sent, and join again under another name."""
        if len(self.joined) < len(self.machines):
            return
        done = self.now(machine)
        if done is None or done.conflicts or done.unvouched or done.strange:
            return
        self.left.add(need_record(machine.ctx, BOT).machine)
        leave(machine.ctx, BOT, yes)
        assert not is_synced(machine.home)
        self.join(machine)

    def go_back(self) -> None:
        """The place shows an earlier state, or all of it as one commit."""
        commits = self.repo.git("rev-list", "-n", "5", "main").split()
        tree = self.repo.git("rev-parse", "main^{tree}").strip()
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        if self.rng.random() < 0.5:
            to = self.repo.git(*identity, "commit-tree", "-m", "all", tree).strip()
        else:
            to = self.rng.choice(commits)
        self.repo.git("update-ref", "refs/heads/main", to)

    def end(self) -> None:
        while len(self.joined) < len(self.machines):
            self.join(self.machines[len(self.joined)])
        for _ in range(10):
            for machine in self.machines:
                self.now(machine)
                self.settle(machine)
            forms = [machine.shared() for machine in self.machines]
            if forms[0] == forms[1] == forms[2] and not self.open():
                heads = self.repo.git("rev-parse", "main")
                for machine in self.machines:
                    done = self.now(machine)
                    assert done is not None
                    # Where the place goes back past a departure, the machine counts again until it is taken off.
                    assert done.withheld.keys() <= self.left, (machine.name, done.withheld)
                assert self.repo.git("rev-parse", "main") == heads, "syncing goes on for ever"
                return
        raise AssertionError("the machines do not become the same")


@pytest.mark.parametrize("seed", range(sessions(300)))
def test_restless_machines_become_the_same(tmp_path: Path, seed: int) -> None:
    story = Restless(tmp_path, seed)
    story.begin()
    for _ in range(24):
        with contextlib.suppress(Busy):
            story.step()
    story.end()
    story.check()
    records = [need_record(machine.ctx, BOT) for machine in story.machines]
    assert len({record.seen.commit for record in records}) == 1
