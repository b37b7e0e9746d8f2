"""A session: an author releases, a user edits and commands, at random; after every step the promises are checked."""

from __future__ import annotations

import hashlib
import random
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gitrepo import Repo
from hands import Hands
from world_of_two import Author, User, active, jobs_of, promised, running_jobs

from hermes_dist.model.side import Side

DOCUMENTS = ("config.yaml", "mcp.json", "distribution.yaml", "cron/")
"""What a home holds in another form than the package, so that bytes say nothing."""
MACHINE = ("memories/MEMORY.md", "sessions/one.json", "auth.json", "state.db")


class Session:
    """One session.

    Args:
        seed: Chooses everything that happens.
        place: A folder for it alone.
        root: The folder of all profiles.
        hands: How the user works.
    """

    def __init__(self, seed: int, place: Path, root: Path, hands: Hands) -> None:
        self.rng = random.Random(seed)
        self.root, self.hands, self.place = root, hands, place
        self.author = Author(random.Random(f"author {seed}"))
        self.repo = Repo(place / "source", bare=True)
        self.source = f"file://{self.repo.path}"
        self.tracked: set[str] = set()
        self.name = "bot"
        self.allowed: set[str] = set()
        self.yielded: set[str] = set()
        self.told: list[str] = []
        self.number = 0
        self._release(self.author.begin())

    @property
    def home(self) -> Path:
        return self.root / "profiles" / self.name

    def _release(self, files: dict[str, bytes]) -> None:
        self.repo.commit({**dict.fromkeys(self.tracked - files.keys()), **files})
        self.tracked = set(files)

    def begin(self) -> None:
        """Install the package, and give the home what belongs to this machine alone."""
        assert self.hands.install(self.source, self.name) == 0
        self.user = User(random.Random(self.rng.random()), self.home)
        for path in MACHINE:
            (self.home / path).parent.mkdir(parents=True, exist_ok=True)
            (self.home / path).write_text(f"of this machine: {path}")
        self._own(self.home)
        self.check("install")

    def _own(self, home: Path) -> None:
        """What the user does by hand needs no approval."""
        self.allowed |= {each for each in active(home) if "mark" in each}

    def play(self, steps: int) -> None:
        """Take steps; the promises are checked after each. A failure tells what happened until then."""
        try:
            self.begin()
            for _ in range(steps):
                self.step()
        except BaseException as error:
            error.add_note("\n".join(self.told))
            raise

    def step(self) -> None:
        kinds: tuple[tuple[int, Callable[[], str]], ...] = (
            (10, self.edit),
            (8, self.release),
            (10, self.update),
            (5, self.resolve),
            (3, self.approve),
            (1, self.revoke),
            (3, self.rollback),
            (1, self.abort),
            (1, self.hold),
            (1, self.rename),
            (1, self.clone),
            (1, self.carry),
            (1, self.uninstall),
            (1, self.look),
            (1, self.forget),
        )
        chosen = self.rng.choices([kind for _, kind in kinds], [weight for weight, _ in kinds])[0]
        self.number += 1
        self.told.append(f"{self.number} {chosen.__name__}")
        words = chosen()
        self.told[-1] += f": {words}"
        self.check(words)

    # The steps. Each returns what it did, in words.

    def edit(self) -> str:
        before = active(self.home)
        words = self.user.edit()
        self.allowed |= active(self.home) - before
        return words

    def release(self) -> str:
        self._release(self.author.go_on())
        return f"1.{self.author.release}.0"

    def update(self) -> str:
        side = self.rng.choice([None, None, Side.OURS, Side.THEIRS])
        effects = self.rng.random() < 0.3
        before = self._where()
        without = self.rng.choice(["", "", "", "", "skills", "config", "cron", "mcp"])
        code = self.hands.update(self.name, side=side, effects=effects, without=without)
        self._counts(code)
        if side is Side.THEIRS:
            self._gave_way(before)
        if effects:
            self._approved()
        if code in (0, 3):
            seen = picture(self.home)
            assert self.hands.update(self.name, without=without) == code
            assert picture(self.home) == seen, "a second update changed something"
        return f"{side} {'with a yes ' * effects}{without and f'without {without} '}-> {code}"

    def resolve(self) -> str:
        conflicts = self.hands.status(self.name)["conflicts"]
        if not conflicts:
            return "nothing open"
        side = self.rng.choice(list(Side))
        one = self.rng.choice(conflicts)
        place = self.rng.choice(["", one["path"]])
        before, was = self._where(), picture(self.home)
        always = side is Side.OURS and self.rng.random() < 0.3
        code = self.hands.resolve(self.name, side, place, always=always)
        if side is Side.OURS:
            changed = {path for path, what in picture(self.home).items() if was.get(path) != what}
            told = {"distribution.lock", "distribution.yaml"}
            assert {path for path in changed if not path.startswith(".dist/")} <= told, changed
        else:
            self._gave_way(before)
        self._counts(code)
        return f"{side} {place} -> {code}"

    def forget(self) -> str:
        seen = picture(self.home)
        code = self.hands.forget(self.name)
        changed = {path for path, data in picture(self.home).items() if seen.get(path) != data}
        assert changed <= {"distribution.lock"}, changed
        return f"-> {code}"

    def approve(self) -> str:
        waits = self.hands.status(self.name)["parked"]
        code = self.hands.approve(self.name)
        if code in (0, 3):
            self.allowed |= promised(self.home, waits)
        self._approved()
        self.user.paused -= running_jobs(self.home)
        return f"-> {code}"

    def revoke(self) -> str:
        was = active(self.home)
        thing = self.rng.choice(["web", "db", "daily", "p"])
        code = self.hands.revoke(self.name, thing)
        gone = was - active(self.home)
        self.allowed -= gone
        return f"{thing} -> {code}, {len(gone)} off"

    def rollback(self) -> str:
        exact = self.rng.random() < 0.2
        to = self.rng.choice([None, None, 1, 2, 3, 5])
        before = self._where()
        code = self.hands.rollback(self.name, to, exact=exact)
        if exact:
            self._gave_way(before, everything=True)
            self.user.paused.clear()
        self._counts(code)
        return f"{to} {'exact ' * exact}-> {code}"

    def abort(self) -> str:
        code = self.hands.abort(self.name)
        self._counts(code)
        return f"-> {code}"

    def hold(self) -> str:
        on = self.rng.random() < 0.5
        return f"{on} -> {self.hands.hold(self.name, on=on)}"

    def rename(self) -> str:
        new = "bot" if self.name != "bot" else "tob"
        assert self.hands.rename(self.name, new) == 0
        self.name = new
        self.user.home = self.home
        return new

    def clone(self) -> str:
        seen = picture(self.home)
        assert self.hands.clone(self.name, "copy") == 0
        assert picture(self.home) == seen, "cloning changed the original"
        copy = self.root / "profiles" / "copy"
        cloned = texts(copy)
        for mark, kind in self.user.marks.items():
            assert kind == "job" or mark.encode() in cloned, f"{mark} ({kind}) is not in the clone"
        assert not any(mark in each for each in active(copy) for mark in self._jobs_of_mine())
        assert self.hands.delete("copy") == 0
        return "and deleted"

    def _jobs_of_mine(self) -> list[str]:
        return [mark for mark, kind in self.user.marks.items() if kind == "job"]

    def carry(self) -> str:
        """Export, and import as a new profile."""
        archive = self.place / f"carried-{self.number}.tar.gz"
        assert self.hands.export(self.name, archive) == 0
        code = self.hands.import_(archive, "carried")
        assert code in (0, 3), code
        carried = self.root / "profiles" / "carried"
        for path in MACHINE:
            assert not (carried / path).exists(), f"{path} travelled"
        strange = {each for each in active(carried) if "mark" not in each} - self.allowed
        assert not strange, f"on without a yes after an import: {strange}"
        assert self.hands.delete("carried") == 0
        return f"-> {code}"

    def uninstall(self) -> str:
        """Uninstall, and install again: what is the user's stays in between."""
        assert self.hands.uninstall(self.name) == 0
        self.user.paused &= jobs_of(self.home)  # a job that left took its pause with it
        self._marks_are_here("after uninstall")
        code = self.hands.install(self.source, self.name, again=True)
        assert code in (0, 3)
        self._counts(code)
        return f"and again -> {code}"

    def look(self) -> str:
        seen = picture(self.home)
        self.hands.look(self.name)
        assert picture(self.home) == seen, "looking changed something"
        return "all around"

    # What must hold.

    def check(self, words: str) -> None:
        """All promises."""
        self._marks_are_here(words)
        for path in MACHINE:
            assert (self.home / path).read_text() == f"of this machine: {path}", path
        strange = active(self.home) - self.allowed
        assert not strange, f"on without a yes: {strange}"
        woken = self.user.paused & running_jobs(self.home)
        assert not woken, f"paused by the user, and running: {woken}"
        state = self.hands.status(self.name)
        self._status_is_true(state)
        assert state == self.hands.status(self.name), "status says another thing the second time"
        assert self.hands.verify(self.name), "verify finds something"

    def _marks_are_here(self, words: str) -> None:
        here = texts(self.home)
        for mark, kind in self.user.marks.items():
            assert mark.encode() in here, f"{mark} ({kind}) is lost after {words}"

    def _where(self) -> dict[str, str]:
        return dict(self.user.marks)

    def _approved(self) -> None:
        """All that acts now was shown and approved; what theirs was chosen for may have waited for that."""
        self.allowed |= active(self.home)
        here = texts(self.home)
        self.user.marks = {
            m: k for m, k in self.user.marks.items() if m not in self.yielded or m.encode() in here
        }

    def _gave_way(self, before: dict[str, str], *, everything: bool = False) -> None:
        """The user chose the other side: lines and values may go. Files, jobs and servers of their own may not."""
        here = texts(self.home)
        for mark, kind in before.items():
            if everything or kind in ("line", "value", "remark"):
                self.yielded.add(mark)
                if mark.encode() not in here:
                    self.user.marks.pop(mark, None)

    def _counts(self, code: int) -> None:
        """The exit code says whether conflicts are open."""
        open_now = bool(self._lock().get("conflicts"))
        if code in (0, 3):
            assert (code == 3) is open_now, f"exit code {code}, and open conflicts: {open_now}"

    def _lock(self) -> dict[str, Any]:
        path = self.home / "distribution.lock"
        found: dict[str, Any] = tomllib.loads(path.read_text()) if path.exists() else {}
        return found

    def _status_is_true(self, state: dict[str, Any]) -> None:
        """What ``status`` calls edited is what differs from what was received, by bytes."""
        open_at = {conflict["path"] for conflict in state["conflicts"]}
        named = {each[key] for each in state["edited"] for key in ("path", "was")} - open_at
        own = set(state["own"])
        base = _base_of(self._lock())
        here = {
            path.relative_to(self.home).as_posix()
            for path in self.home.rglob("*")
            if path.is_file()
        }
        for path, digest in base.items():
            if path.startswith(DOCUMENTS) or path in open_at:
                continue
            differs = path not in here or _digest(self.home / path) != digest
            assert differs == (path in named), f"status is wrong about {path}: differs={differs}"
        for path in here:
            mine = path.startswith("skills/") and path not in base and path not in open_at
            if mine and path not in named and "mark" in path:
                assert any(path == one or path.startswith(one.rstrip("/") + "/") for one in own), (
                    path
                )


def _base_of(lock: dict[str, Any]) -> dict[str, str]:
    return {path: entry.split()[1] for path, entry in lock["base"].items()}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def texts(home: Path) -> bytes:
    """All contents of a home but those of the lockfile, to look for marks in."""
    return b"\0".join(data for path, data in picture(home).items() if path != "distribution.lock")


def picture(home: Path) -> dict[str, bytes]:
    """All files of a home."""
    return {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and ".dist" not in path.parts
    }
