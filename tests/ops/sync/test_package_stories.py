"""Two machines that sync a profile with a package on layers, and update, pin, hold, keep, undo and approve on their own.

Nothing that a user wrote is lost, nothing goes live because the other machine approved it, and syncing comes to an end.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml
from budget import sessions
from killing import killed
from meeting_of_three import BOT, Machine, Story, yes
from stacked import Stack, manifest

from hermes_dist.errors import Busy, DistError
from hermes_dist.model.side import Side
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.approvals import consents, revoke
from hermes_dist.ops.package.discard import discard
from hermes_dist.ops.package.history import hold
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.keep import keep, unkeep
from hermes_dist.ops.package.resolve import approve, resolve
from hermes_dist.ops.package.undo import undo
from hermes_dist.ops.package.update import update
from hermes_dist.ops.sync.begin import Options, init, join
from hermes_dist.ops.sync.machines import accept
from hermes_dist.ops.sync.now import sync_now
from hermes_dist.ops.sync.settle import seen_by_others

DAYS = 86_400
TEXTS = ("SOUL.md", "skills/hello/SKILL.md", "skills/find/SKILL.md", "skills/own/SKILL.md")
ROW = {"id": "abcdef012345", "name": "daily", "schedule": {"kind": "interval", "minutes": 60}}


def lines_of(*words: str) -> str:
    return "\n\n".join(words) + "\n"


class Packaged(Story):
    """Two machines with the same package, whose clocks are days apart."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder, seed)
        self.machines = self.machines[:2]
        self.skew = {"a": -3 * DAYS, "b": 5 * DAYS}
        for machine in self.machines:
            when = f"{int(time.time()) + self.skew[machine.name]} +0000"
            dated = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
            machine.ctx.env = {**machine.ctx.env, **dated}
        self.source = Stack(folder / "author", self._shipped(1))
        self.version = 1
        self.log: list[str] = []
        self.granted: dict[str, set[str]] = {"a": set(), "b": set()}
        """What the user of each machine approved there."""

    def _shipped(self, version: int) -> dict[str, str]:
        job = {**ROW, "prompt": f"Report {version}.", "enabled": True}
        return {
            "SOUL.md": lines_of("# Bot", "One.", f"Author {version}.", "Two.", "Three."),
            "config.yaml": yaml.safe_dump({"model": {"default": f"model-{version}"}}),
            "skills/own/SKILL.md": f"---\nname: own\n---\n{lines_of('A.', f'Own {version}.', 'C.')}",
            "cron/jobs.json": json.dumps({"jobs": [job]}),
            f"skills/v{version}/SKILL.md": f"---\nname: v{version}\n---\nDo {version}.\n",
            "hooks/log/HOOK.yaml": "name: log\nevents: [agent:start]\n",
            "hooks/log/handler.py": f"print({version})\n",
        }

    def release(self) -> None:
        self.version += 1
        if self.rng.random() < 0.4:
            server = {"web": {"command": "npx", "args": ["web", str(self.version)]}}
            self.source.release(
                self.source.tools,
                f"1.{self.version}.0",
                {
                    "distribution.yaml": manifest("tools", version=f"1.{self.version}.0"),
                    "skills/find/SKILL.md": f"---\nname: find\n---\nFind it {self.version}.\n",
                    "mcp.json": json.dumps({"mcpServers": server}),
                },
            )
        else:
            wanted = {
                "extends": f"{self.source.url_of(self.source.base)}#^1",
                "dependencies": [f"{self.source.url_of(self.source.tools)}#^1"],
            }
            head = manifest("bot", **{**wanted, "version": f"{self.version}.0.0"})
            self.source.ship({"distribution.yaml": head, **self._shipped(self.version)})

    def begin(self) -> None:
        first, second = self.machines
        install(first.ctx, self.source.url, Request(), yes, name="bot")
        init(first.ctx, BOT, self.url, Options(machine="a"), yes, dry_run=False)
        join(second.ctx, BOT, self.url, Options(machine="b"), Request(), yes)
        accept(first.ctx, BOT, "b")
        for machine in self.machines:
            machine.keep_secrets()
        self.joined = list(self.machines)

    def words(self, machine: Machine) -> set[str]:
        text = machine.text()
        return {word for word in self.written if word in text}

    def live(self, machine: Machine) -> set[str]:
        """What runs on a machine, whole."""
        config = yaml.safe_load(machine.read("config.yaml") or "{}") or {}
        servers = config.get("mcp_servers") or {}
        found = {
            f"server {name} {sorted(rest.items())}"
            for name, rest in ((n, dict(s)) for n, s in servers.items())
            if rest.pop("enabled", True)
        }
        jobs = json.loads(machine.read("cron/jobs.json") or '{"jobs": []}')["jobs"]
        found |= {f"job {job['id']} {job['prompt']}" for job in jobs if job.get("enabled", True)}
        hooks = (machine.home / "hooks").rglob("*.py")
        return found | {f"hook {path.name} {path.read_text()}" for path in hooks}

    def sync(self, machine: Machine) -> None:
        before = self.live(machine)
        with contextlib.suppress(Busy):
            sync_now(machine.ctx, BOT, Request(), yes)
        new = self.live(machine) - before - self.granted[machine.name]
        assert not new, (machine.name, "went live by a sync", new, self.log)

    def edit(self, machine: Machine) -> None:
        if self.rng.random() < 0.2:
            config = yaml.safe_load(machine.read("config.yaml")) or {}
            section = config.setdefault("display", {})
            self._removed(str(section.get("skin")))
            section["skin"] = self.mark()
            self.put(machine, "config.yaml", yaml.safe_dump(config, sort_keys=False))
            return
        path = self.rng.choice([each for each in TEXTS if machine.read(each)] or ["SOUL.md"])
        lines = machine.read(path).splitlines()
        at = self.rng.randrange(min(4, len(lines)), len(lines) + 1)
        lines.insert(at, f"{self.mark()} new\n")
        self.put(machine, path, "\n".join(lines) + "\n")

    def put(self, machine: Machine, path: str, text: str) -> None:
        machine.write(path, text)
        stat = (machine.home / path).stat()
        when = stat.st_mtime + self.skew[machine.name]
        os.utime(machine.home / path, (when, when))

    def step(self) -> None:
        machine = self.rng.choice(self.machines)
        moves = [move for move, weight in self.moves.items() for _ in range(weight)]
        move = self.rng.choice(moves)
        self.log.append(f"{machine.name} {move.__name__}")
        try:
            move(machine)
        except DistError as error:
            self.log[-1] += f" ({error})"

    @property
    def moves(self) -> Mapping[Callable[[Machine], object], int]:
        """What a user does, and how often."""
        return {
            self.edit: 6,
            self.sync: 7,
            self.author: 2,
            self.update: 4,
            self.pin: 1,
            self.hold: 1,
            self.keep: 1,
            self.unkeep: 1,
            self.discard: 1,
            self.undo: 2,
            self.approve: 2,
            self.revoke: 1,
            self.settle: 2,
            self.kill: 1,
        }

    def author(self, _machine: Machine) -> None:
        self.release()

    def update(self, machine: Machine) -> None:
        update(machine.ctx, BOT, Request(), yes)

    def pin(self, machine: Machine) -> None:
        to = self.rng.choice([*self.source.commits, "main"])
        update(machine.ctx, BOT, Request(to=to), yes)

    def hold(self, machine: Machine) -> None:
        hold(machine.ctx, BOT, on=self.rng.random() < 0.4)

    def keep(self, machine: Machine) -> None:
        place = self.rng.choice(["SOUL.md", "skills/own", "model.default"])
        keep(machine.ctx, BOT, [place], Request())

    def unkeep(self, machine: Machine) -> None:
        unkeep(machine.ctx, BOT, [], Request(), all_=True)

    def discard(self, machine: Machine) -> None:
        before = self.words(machine)
        discard(machine.ctx, BOT, [], Request(), yes, lambda _: None, all_=True)
        self.gone |= before - self.words(machine)

    def undo(self, machine: Machine) -> None:
        before = self.words(machine)
        undo(machine.ctx, BOT, Request(), yes, lambda last: self.log.append(f"  of {last.verb}"))
        self.gone |= before - self.words(machine)

    def approve(self, machine: Machine) -> None:
        approve(machine.ctx, BOT, Request(), yes)
        self.granted[machine.name] |= self.live(machine)

    def revoke(self, machine: Machine) -> None:
        for group in consents(machine.ctx, BOT).approved[:1]:
            word = group.group.effects[0].key or "log"
            revoke(machine.ctx, BOT, (word,), Request(), yes)
            self.granted[machine.name] &= self.live(machine)

    def kill(self, machine: Machine) -> None:
        killed(lambda: sync_now(machine.ctx, BOT, Request(), yes), self.rng.randrange(1, 120))

    def settle(self, machine: Machine) -> None:
        known = self.words(machine) | {
            word for other in self.machines for word in self.words(other)
        }
        for _ in range(4):
            home = open_home(machine.ctx, BOT)
            others = seen_by_others(machine.ctx, BOT)
            open_ = [each for each in (home, others) if each and each.lock and each.lock.conflicts]
            if not open_:
                break
            side = self.rng.choice([Side.OURS, Side.THEIRS])
            resolve(machine.ctx, BOT, side, Request(), yes)
        else:
            raise AssertionError("a conflict can't be settled")
        self.gone |= known - self.words(machine)

    def open(self) -> bool:
        for machine in self.machines:
            others = seen_by_others(machine.ctx, BOT)
            homes = (open_home(machine.ctx, BOT), others)
            if any(home and home.lock and home.lock.conflicts for home in homes):
                return True
        return False

    def end(self) -> None:
        for machine in self.machines:
            with contextlib.suppress(DistError):
                unkeep(machine.ctx, BOT, [], Request(), all_=True)
            with contextlib.suppress(DistError):
                hold(machine.ctx, BOT, on=False)
        for _ in range(8):
            before = self.repo.git("rev-parse", "main")
            for machine in self.machines:
                self.sync(machine)
                self.approve(machine)
                self.settle(machine)
            one, other = (machine.shared() for machine in self.machines)
            at_rest = before == self.repo.git("rev-parse", "main")
            if at_rest and one == other and not self.open():
                return
        raise AssertionError(
            ("the machines do not come to rest", at_rest, self.open(), self.differ(), self.log)
        )

    def differ(self) -> dict[str, tuple[bytes | None, bytes | None]]:
        one, other = (machine.shared() for machine in self.machines)
        return {
            path: (one.get(path), other.get(path))
            for path in sorted({*one, *other})
            if one.get(path) != other.get(path)
        }


@pytest.mark.parametrize("seed", range(sessions(300)))
def test_machines_with_a_package_become_the_same(tmp_path: Path, seed: int) -> None:
    story = Packaged(tmp_path, seed)
    story.begin()
    for _ in range(24):
        story.step()
    story.end()
    for machine in story.machines:
        lost = (story.written - story.gone) - story.words(machine)
        assert not lost, (machine.name, lost, story.log)
    dates = story.repo.git("log", "--format=%ct", "main").split()
    assert max(map(int, dates)) - min(map(int, dates)) > 7 * DAYS
    locks = [open_home(machine.ctx, BOT).lock for machine in story.machines]
    assert len({(lock.source, lock.pin) for lock in locks if lock}) == 1, story.log
