"""Three machines that edit one agent at random, sync in any order, and are killed in between: the world of a story."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from again import again
from gitrepo import GIT, Repo
from killing import killed

from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.sync.shared import shared_form
from hermes_dist.errors import Busy, DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Tree
from hermes_dist.ops.change.observe import observe
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package.resolve import approve, resolve
from hermes_dist.ops.package.undo import undo
from hermes_dist.ops.sync import send
from hermes_dist.ops.sync.begin import Options, init, join
from hermes_dist.ops.sync.counted import Unsigned
from hermes_dist.ops.sync.incoming import synced_home
from hermes_dist.ops.sync.machines import accept
from hermes_dist.ops.sync.now import Synced, sync_now
from hermes_dist.ops.sync.settle import seen_by_others
from hermes_dist.ops.sync.state import need_record

BOT = ProfileName("bot")
NAMES = ("a", "b", "c")
WORDS = ("answer", "brief", "check", "draft", "fact", "goal", "idea", "learn", "note", "plan")
FILES = ("SOUL.md", "skills/x/SKILL.md", "skills/x/more.md", "skills/y/SKILL.md")


def yes(*_: object) -> bool:
    return True


class Machine:
    """A machine: its context, its home, and a secret of its own."""

    def __init__(self, place: Path, name: str) -> None:
        self.name = name
        self.user = place / name
        self.user.mkdir(exist_ok=True)
        root = self.user / ".hermes"
        env = {**os.environ, "HOME": str(self.user)}
        self.ctx = Context(HERMES, Layout(HERMES, root, self.user), env)
        self.home = root / "profiles" / "bot"
        self.secret = f"Qz7xW9kV3mB5nR8tY2p{name.upper()}x41"

    def write(self, path: str, data: str) -> None:
        target = self.home / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(data)

    def read(self, path: str) -> str:
        try:
            return (self.home / path).read_text()
        except FileNotFoundError:
            return ""

    def keep_secrets(self) -> None:
        self.write(".env", f"BOT_TOKEN={self.secret}\n")
        self.write("auth.json", json.dumps({"token": self.secret}))

    def shared(self) -> dict[str, bytes]:
        """What of the home travels."""
        home = synced_home(self.ctx, BOT, need_record(self.ctx, BOT))
        seen = observe(self.ctx, home.itself, Tree(home.base))
        form = shared_form(send._facts(home, seen, home.base))
        return {
            path: form.blobs.get(entry.digest) or seen.read(entry.digest)
            for path, entry in form.tree.items()
        }

    def sync(self, unsigned: Unsigned = Unsigned.WAIT) -> Synced | None:
        with contextlib.suppress(Busy):
            return sync_now(self.ctx, BOT, Request(), yes, unsigned=unsigned)
        return None

    def text(self) -> str:
        """All shared files as one text, to look for words."""
        return "\n".join(
            path.read_text("utf-8", "replace")
            for path in sorted(self.home.rglob("*"))
            if path.is_file()
            and ".dist" not in path.parts
            and path.name not in (".env", "auth.json")
        )


class Story:
    """One story.

    Args:
        place: An empty folder.
        seed: What to do by chance.
        attacked: Whether somebody else pushes, too, who is none of the machines.
    """

    def __init__(self, place: Path, seed: int, *, attacked: bool = False) -> None:
        self.rng = random.Random(seed)
        self.attacked = attacked
        self.repo = Repo(place / "meeting", bare=True)
        self.url = self.repo.path.as_uri()
        self.machines = [Machine(place, name) for name in NAMES]
        self.written: set[str] = set()
        self.gone: set[str] = set()
        self.joined: list[Machine] = []
        self.number = 0

    def push_by_hand(self, files: Mapping[str, str | bytes | None]) -> None:
        """Push a commit that no program of ours made, as anybody can who may write there; None deletes a file."""
        work = self.repo.path.parent / "work"
        if not work.exists():
            self.repo.git("worktree", "add", "-q", "--detach", str(work), "main")
        self.repo.git("-C", str(work), "checkout", "-q", "--detach", "main")
        for path, content in files.items():
            target = work / path
            if content is None:
                target.unlink()
                continue
            if target.is_dir():
                shutil.rmtree(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        self.repo.git("-C", str(work), "add", ".")
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        self.repo.git("-C", str(work), *identity, "commit", "-q", "--allow-empty", "-m", "by hand")
        self.repo.git(
            "update-ref",
            "refs/heads/main",
            self.repo.git("-C", str(work), "rev-parse", "HEAD").strip(),
        )

    def at(self, path: str, commit: str = "main") -> bytes:
        """What a file of the repository holds, byte by byte."""
        words = [GIT, "-C", str(self.repo.path), "cat-file", "blob", f"{commit}:{path}"]
        return subprocess.run(words, check=True, capture_output=True).stdout

    def mark(self) -> str:
        self.number += 1
        word = f"m{self.number}{self.rng.choice(WORDS)}"
        self.written.add(word)
        return word

    def begin(self) -> None:
        first = self.machines[0]
        first.home.mkdir(parents=True)
        for path in FILES:
            head = f"---\nname: {path.split('/')[1]}\n---\n" if path.endswith("SKILL.md") else ""
            first.write(path, head + "".join(f"{self.mark()} line\n\n" for _ in range(6)))
        first.write("config.yaml", yaml.safe_dump({"model": {"default": self.mark()}}))
        first.keep_secrets()
        init(first.ctx, BOT, self.url, Options(machine="a"), yes, dry_run=False)
        self.joined.append(first)

    def join(self, machine: Machine) -> None:
        join(machine.ctx, BOT, self.url, Options(machine=machine.name), Request(), yes)
        for other in self.joined:
            accept(other.ctx, BOT, machine.name)
        machine.keep_secrets()
        self.joined.append(machine)

    def edit(self, machine: Machine) -> None:
        choices = (
            self._line,
            self._line,
            self._line,
            self._drop_line,
            self._key,
            self._file,
            self._secret,
            self._job,
        )
        self.rng.choice(choices)(machine)

    def _texts(self, machine: Machine) -> list[str]:
        home = machine.home
        return sorted(
            str(p.relative_to(home))
            for p in [home / "SOUL.md", *home.glob("skills/*/*.md")]
            if p.is_file()
        )

    def _line(self, machine: Machine) -> None:
        path = self.rng.choice(self._texts(machine) or ["SOUL.md"])
        lines = machine.read(path).splitlines()
        at = self.rng.randrange(min(4, len(lines)), len(lines) + 1)
        lines.insert(at, f"{self.mark()} new")
        machine.write(path, "\n".join(lines) + "\n")

    def _drop_line(self, machine: Machine) -> None:
        path = self.rng.choice(self._texts(machine) or ["SOUL.md"])
        lines = machine.read(path).splitlines()
        if len(lines) > 6:
            self._removed(lines.pop(self.rng.randrange(4, len(lines))))
            machine.write(path, "\n".join(lines) + "\n")

    def _removed(self, text: str) -> None:
        self.gone |= {word for word in self.written if word in text}

    def _key(self, machine: Machine) -> None:
        try:
            data: dict[str, Any] = yaml.safe_load(machine.read("config.yaml")) or {}
        except yaml.YAMLError:
            return
        section = self.rng.choice(["model", "agent", "display"])
        key = self.rng.choice(["default", "tone", "style"])
        had = data.setdefault(section, {}).get(key)
        self._removed(str(had))
        data[section][key] = self.mark()
        data.setdefault("telegram", {})["home_channel"] = f"chat-{machine.name}"
        machine.write("config.yaml", yaml.safe_dump(data, sort_keys=False))

    def _file(self, machine: Machine) -> None:
        name = f"skills/n{self.rng.randrange(4)}/SKILL.md"
        if (machine.home / name).exists():
            self._removed(machine.read(name))
            (machine.home / name).unlink()
        else:
            machine.write(name, f"---\nname: n\n---\n{self.mark()} made\n")

    def _secret(self, machine: Machine) -> None:
        data = yaml.safe_load(machine.read("config.yaml")) or {}
        data.setdefault("provider", {})["api_key"] = machine.secret
        machine.write("config.yaml", yaml.safe_dump(data, sort_keys=False))

    def _job(self, machine: Machine) -> None:
        text = machine.read("cron/jobs.json")
        jobs = json.loads(text)["jobs"] if text else []
        ident = f"{self.rng.randrange(3)}" * 12
        kept = [job for job in jobs if job.get("id") != ident]
        if len(kept) == len(jobs):
            schedule = {"kind": "interval", "minutes": 30, "display": "every 30m"}
            kept.append(
                {
                    "id": ident,
                    "name": "j",
                    "prompt": self.mark(),
                    "schedule": schedule,
                    "enabled": True,
                }
            )
        else:
            self._removed(json.dumps(jobs))
        machine.write("cron/jobs.json", json.dumps({"jobs": kept}))

    def step(self) -> None:
        machine = self.rng.choice(self.joined)
        waiting = [one for one in self.machines if one not in self.joined]
        roll = self.rng.random()
        if waiting and roll < 0.15:
            self.join(waiting[0])
        elif roll < 0.6:
            self.edit(machine)
        elif roll < 0.7:
            killed(machine.sync, self.rng.randrange(1, 120))
        elif roll < 0.78:
            self.settle(machine)
        elif roll < 0.82:
            self.undo(machine)
        elif roll < 0.88 and self.attacked:
            self.attack()
        elif machine is not self.joined[-1] or self.rng.random() < 0.3:
            machine.sync()  # the last one is mostly offline

    def undo(self, machine: Machine) -> None:
        """Take back the last change that came in, if there is one."""
        before = machine.text()
        with contextlib.suppress(DistError):
            undo(machine.ctx, BOT, Request(), yes, lambda _: None)
        self._removed("\n".join(set(before.splitlines()) - set(machine.text().splitlines())))

    def attack(self) -> None:
        """Push what no machine signed: an edit, a deletion, another name, an older state, or junk."""
        here = self.repo.git("ls-tree", "-r", "--name-only", "main").splitlines()
        shared = [path for path in here if path.startswith("profile/")]
        others = [path for path in here if path not in shared and path != "meeting.json"]
        if not shared:
            return
        path = self.rng.choice(shared)
        self.rng.choice(
            (
                lambda: self.push_by_hand({path: self.at(path) + b"evil line\n"}),
                lambda: self.push_by_hand({path: None}),
                lambda: self.push_by_hand({path: None, f"{path}.evil": self.at(path)}),
                lambda: self.push_by_hand({"profile/skills/evil/SKILL.md": "evil\n"}),
                lambda: self.push_by_hand({self.rng.choice(others): "evil junk"}),
                lambda: self.push_by_hand({self.rng.choice(others): None}),
                self._bring_back,
            )
        )()

    def _bring_back(self) -> None:
        """Push some files as they were, with what machines said of them then."""
        old = self.rng.choice(self.repo.git("rev-list", "main").splitlines()[:8])
        here = self.repo.git("ls-tree", "-r", "--name-only", "main").splitlines()
        then = self.repo.git("ls-tree", "-r", "--name-only", old).splitlines()
        some = [path for path in {*here, *then} if path != "meeting.json"]
        whole = self.rng.random() < 0.5
        chosen = [path for path in sorted(some) if whole or self.rng.random() < 0.3]
        files: dict[str, str | bytes | None] = {
            path: self.at(path, old) if path in then else None for path in chosen
        }
        self.push_by_hand(files)

    def settle(self, machine: Machine) -> None:
        """Settle what is in conflict, by taking a side."""
        home = seen_by_others(machine.ctx, BOT)
        if home is None or home.lock is None:
            return
        before = machine.text() + "".join(
            machine.ctx.store.read(entry.digest).decode()
            for entry in home.lock.upstream.values()
            if entry
        )
        if home.lock.parked:
            approve(machine.ctx, BOT, Request(), yes)
        if home.lock.conflicts:
            side = self.rng.choice([Side.OURS, Side.THEIRS])
            resolve(machine.ctx, BOT, side, Request(), yes)
        # A side that was taken counts as soon as what it brings is approved.
        if home.lock.conflicts or home.lock.answers:
            after = machine.text()
            self.gone |= {word for word in self.written if word in before and word not in after}

    def end(self) -> None:
        """Sync until nothing changes any more."""
        for machine in self.machines:
            if machine not in self.joined:
                self.join(machine)
        for _ in range(8):
            for machine in self.machines:
                done = machine.sync(Unsigned.OURS if self.attacked else Unsigned.WAIT)
                # Whose file was damaged when this machine joined was not known to anybody then.
                for name in {*NAMES} & {*(done.unknown if done else ())}:
                    accept(machine.ctx, BOT, name)
                self.settle(machine)
            forms = [machine.shared() for machine in self.machines]
            if forms[0] == forms[1] == forms[2] and not self.open():
                heads = self.repo.git("rev-parse", "main")
                for machine in self.machines:
                    machine.sync()
                assert self.repo.git("rev-parse", "main") == heads, "syncing goes on for ever"
                return
        raise AssertionError("the machines do not become the same")

    def open(self) -> bool:
        homes = [seen_by_others(machine.ctx, BOT) for machine in self.machines]
        return any(home and home.lock and home.lock.conflicts for home in homes)

    def check(self) -> None:
        """Nothing is lost, and no secret is in any object."""
        for machine in self.machines:
            text = machine.text()
            assert "evil" not in text, machine.name
            lost = {word for word in self.written - self.gone if word not in text}
            assert not lost, (machine.name, lost)
        for data in objects_of(self.repo):
            for machine in self.machines:
                assert machine.secret.encode() not in data
                assert f"chat-{machine.name}".encode() not in data


def objects_of(repo: Repo) -> list[bytes]:
    """Every object of a repository."""
    data = repo.git("cat-file", "--batch-all-objects", "--batch").encode("utf-8", "surrogateescape")
    found, at = [], 0
    while at < len(data):
        end = data.index(b"\n", at)
        size = int(data[at:end].split()[2])
        found.append(data[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return found


NOTE = "memories/MEMORY.md"
TALK = "sessions/s1.jsonl"


def private_story(place: Path) -> Story:
    """Two machines, of which the first has a memory and a session, and sent them encrypted."""
    story = Story(place, 1)
    first, second, _ = story.machines
    first.home.mkdir(parents=True)
    first.write("SOUL.md", "You are a bot.\n")
    first.write(NOTE, "The cat is called Miranda.\n\nShe sleeps all day.\n")
    first.write(TALK, '{"say": "hello"}\n')
    options = Options(machine="a", carried=("memories", "sessions"))
    init(first.ctx, BOT, story.url, options, yes, dry_run=False)
    join(second.ctx, BOT, story.url, Options(machine="b"), Request(), yes)
    return story


def two_of_them(place: Path) -> Story:
    """Two machines, of which the first accepted the second."""
    story = Story(place, 1)
    story.begin()
    story.join(story.machines[1])
    return story


def two_alike(place: Path) -> Story:
    """Two machines that accepted each other, and hold the same."""
    story = two_of_them(place)
    story.machines[0].sync()
    return story


def again_as(make: Callable[[Path], Story], factory: pytest.TempPathFactory) -> Story:
    """The story that ``make`` makes, made once for all tests; what it does by chance later is not what it would have done."""

    def filled(place: Path) -> tuple[str, ...]:
        return tuple(machine.name for machine in make(place).joined)

    place, joined = again(factory, make.__name__, filled)
    story = Story(place, 1)
    story.joined += [machine for machine in story.machines if machine.name in joined]
    return story


def play(place: Path, seed: int, steps: int, *, attacked: bool = False) -> Story:
    """Play one story to its end."""
    story = Story(place, seed, attacked=attacked)
    story.begin()
    for _ in range(steps):
        with contextlib.suppress(Busy):
            story.step()
    story.end()
    story.check()
    return story


__all__ = ["DistError", "Story", "play"]
