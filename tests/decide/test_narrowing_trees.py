"""Whole lives of packages whose lists narrow and widen, in memory: nothing of the user's is lost.

Each life is a few versions with files and folders that come, go, change, and get other names or cases, with jobs, servers
and settings, and with lists and inclusions that change; between them the user edits, adds and removes.
"""

from __future__ import annotations

import json
import random

from budget import examples
from shelf import Shelf

from hermes_dist.decide.consent.granted import grant
from hermes_dist.decide.consent.parking import put_back
from hermes_dist.decide.handover import Place, Sides, hand_over, parts_of, unlisted_parts
from hermes_dist.decide.ownership import Payload, payload_of
from hermes_dist.decide.parts import PARTS, excluded_places
from hermes_dist.decide.placement.place import Placed, jobs_in
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Plan
from hermes_dist.model.tree import EMPTY, Tree, together

_FOLDERS = (
    "skills/a",
    "skills/b",
    "skills/dev/c",
    "docs",
    "scripts",
    "skills/docs",
    "skills/x/tests",
    "extra/templates",
)
_ROOT = ("SOUL.md", "README.md", "run.sh", "notes.md")
_VERSIONS = 3
_TREES = 50_000 if examples(50_000) == 50_000 else examples(900)


class Author:
    """A package that changes at random, with every text in it said once."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.said = 0
        self.files: dict[str, str] = {}
        self.jobs: dict[str, str] = {}
        self.servers: dict[str, str] = {}
        self.settings: dict[str, str] = {}
        for _ in range(rng.randint(2, 6)):
            self.change()

    def word(self, who: str = "theirs") -> str:
        self.said += 1
        return f"{who}-{self.said}"

    def text(self) -> str:
        return "".join(f"{self.word()}\n\n" for _ in range(4))

    def change(self) -> None:
        """Change one thing."""
        self.rng.choice(
            [
                self._add,
                self._add,
                self._edit,
                self._drop,
                self._move,
                self._case,
                self._part,
                self._part,
            ]
        )()

    def _add(self) -> None:
        place = self.rng.choice(
            [*_ROOT, *(f"{f}/{n}" for f in _FOLDERS for n in ("SKILL.md", "x.md"))]
        )
        if not _clashes(place, self.files):
            self.files[place] = self.text()

    def _edit(self) -> None:
        if self.files:
            path = self.rng.choice(sorted(self.files))
            lines = self.files[path].split("\n\n")
            lines[self.rng.randrange(len(lines) - 1)] = self.word()
            self.files[path] = "\n\n".join(lines)

    def _drop(self) -> None:
        if self.files:
            del self.files[self.rng.choice(sorted(self.files))]

    def _move(self) -> None:
        """Give a whole folder another name."""
        old, new = self.rng.choice(_FOLDERS), self.rng.choice([*_FOLDERS, "skills/new"])
        moved = {p: p.replace(old, new, 1) for p in self.files if p.startswith(f"{old}/")}
        if not any(path in self.files for path in moved.values()):
            self.files = {moved.get(path, path): text for path, text in self.files.items()}

    def _case(self) -> None:
        """Give a file a name that differs only by case."""
        inside = [path for path in self.files if "/" in path]
        if inside:
            path = self.rng.choice(inside)
            folder, _, name = path.rpartition("/")
            other = f"{folder}/{name.swapcase()}"
            self.files[other] = self.files.pop(path)

    def _part(self) -> None:
        parts = self.rng.choice([self.jobs, self.servers, self.settings])
        if parts and self.rng.random() < 0.3:
            del parts[self.rng.choice(sorted(parts))]
        else:
            parts[self.rng.choice("pqr")] = self.word()

    def package(self) -> dict[str, object]:
        files: dict[str, object] = {"distribution.yaml": "name: bot\n", **self.files}
        for name, said in self.jobs.items():
            files[f"cron/{name}.yaml"] = f"name: {name}\nprompt: {said}\nschedule: every 2h\n"
        if self.servers:
            rows = {name: {"command": said} for name, said in self.servers.items()}
            files["mcp.json"] = {"mcpServers": rows}
        if self.settings:
            files["config.yaml"] = "".join(
                f"{key}: {said}\n" for key, said in self.settings.items()
            )
        return files

    def named(self) -> tuple[str, ...] | None:
        """A list; None for none."""
        if self.rng.random() < 0.2:
            return None
        names = {
            path if self.rng.random() < 0.5 else "/".join(path.split("/")[:2])
            for path in self.package()
        }
        return tuple(name for name in sorted(names) if self.rng.random() < 0.6)


def _clashes(path: str, files: dict[str, str]) -> bool:
    return any(path.lower() == other.lower() for other in files)


class Life:
    """A home that follows a package."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.author = Author(self.rng)
        self.shelf = Shelf()
        self.base, self.home, self.released = EMPTY, EMPTY, EMPTY
        self.mine: set[str] = set()
        """What the user wrote, word by word."""
        self.theirs: set[Place] = set()

    def offer(self) -> tuple[Payload, Placed, frozenset[Place]]:
        package = self.shelf.tree(self.author.package())
        named = self.author.named()
        owned = None if named is None else tuple(map(RelPath, named))
        tops = sorted({path for path in package if self.rng.random() < 0.1})
        payload = payload_of(package, Manifest(name="bot", owned=owned), tops)
        known = jobs_in(self.released, self.shelf.read)

        def placing(tree: Tree) -> Placed:
            return self.shelf.place(tree, keep_containers=self.base, known_jobs=known)

        placed = placing(payload.tree)
        return payload, placed, unlisted_parts(payload, placed, placing, self.shelf.read)

    def update(
        self, offered: tuple[Payload, Placed, frozenset[Place]], without: frozenset[str]
    ) -> Plan:
        """What one update does; the home is not changed."""
        _, placed, unlisted = offered
        places = excluded_places(placed.tree, self.base, frozenset(), without) if without else []

        def stays(path: RelPath, key: str) -> bool:
            return (path, "") in places or (path, key.split(".", maxsplit=1)[0]) in places

        read = self.shelf.read
        handed = hand_over(
            Sides(self.base, self.home, placed.tree), unlisted, self.released, read, stays
        )
        self.shelf.update(handed.blobs)
        theirs = put_back(handed.placed, handed.base, places, read)
        self.shelf.update(theirs.blobs)
        situation = Situation(
            base=handed.base, found=self.home, theirs=theirs.tree, read=together(theirs.blobs, read)
        )
        plan = reconcile(situation, Decisions(granted=grant(frozenset(), everything=True)))
        self.shelf.update(plan.blobs)
        self.handed = handed
        return plan

    def take(self, plan: Plan) -> None:
        self.home, self.base, self.released = plan.after(self.home), plan.base, self.handed.released

    def live(self) -> None:
        """What the user does between two updates."""
        for _ in range(self.rng.randint(0, 3)):
            self.rng.choice([self._edit, self._add, self._remove, self._own_part])()

    def _write(self, path: str, text: str) -> None:
        self.home = self.home.with_entries(self.shelf.tree({path: text}))

    def _word(self) -> str:
        word = self.author.word("mine")
        self.mine.add(word)
        return word

    def _texts(self) -> list[RelPath]:
        made = ("cron/jobs.json", "config.yaml", "distribution.yaml")
        return [path for path in self.home if path not in made]

    def _edit(self) -> None:
        if paths := self._texts():
            path = self.rng.choice(paths)
            self._write(path, f"{self.shelf.text(self.home, path)}\n{self._word()}\n")

    def _add(self) -> None:
        path = f"{self.rng.choice(_FOLDERS)}/{self.rng.choice(['mine.md', 'SKILL.md', 'x.md'])}"
        if not _clashes(path, dict.fromkeys(self.home, "")):
            self._write(path, f"{self._word()}\n")

    def _remove(self) -> None:
        if paths := self._texts():
            path = self.rng.choice(paths)
            self.mine -= set(self.shelf.text(self.home, path).split())
            self.home = self.home.with_entries({path: None})

    def _own_part(self) -> None:
        word = self._word()
        if self.rng.random() < 0.5:
            jobs = self.shelf.jobs(self.home) if "cron/jobs.json" in self.home else []
            ident = f"{self.rng.getrandbits(48):012x}"
            self._write(
                "cron/jobs.json",
                json.dumps({"jobs": [*jobs, {"id": ident, "name": word, "prompt": word}]}),
            )
        else:
            old = self.shelf.text(self.home, "config.yaml") if "config.yaml" in self.home else ""
            old = "" if old.endswith("{}\n") else old
            self._write("config.yaml", f"{old}{word}: 1\n")

    def texts(self) -> str:
        return "\n".join(self.shelf.files(self.home).values())


def _check(life: Life) -> None:
    """One update: nothing of the user's is lost, what both have stays, and a second one is quiet."""
    offered = life.offer()
    without = frozenset(life.rng.sample(PARTS, 1)) if life.rng.random() < 0.1 else frozenset[str]()
    had = parts_of(life.home, life.shelf.read)
    base = parts_of(life.base, life.shelf.read)
    plan = life.update(offered, without)
    life.take(plan)
    texts = life.texts()
    assert {word for word in life.mine if word not in texts} == set()
    now = parts_of(life.home, life.shelf.read)
    # What the package still has, named or not, is there if the home had it.
    whole = offered[2] | parts_of(offered[1].tree, life.shelf.read).keys()
    assert {
        place for place in whole if place in had and place in base and place not in now
    } == set()
    assert not any(path.endswith(".dist-conflict") for path in life.home)
    again = life.update(life_again(life, offered), without)
    assert again.steps == ()
    assert life.handed.released == life.released


def life_again(
    life: Life, offered: tuple[Payload, Placed, frozenset[Place]]
) -> tuple[Payload, Placed, frozenset[Place]]:
    """The same version, placed for the home as it is now."""
    payload = offered[0]
    known = jobs_in(life.released, life.shelf.read)

    def placing(tree: Tree) -> Placed:
        return life.shelf.place(tree, keep_containers=life.base, known_jobs=known)

    placed = placing(payload.tree)
    return payload, placed, unlisted_parts(payload, placed, placing, life.shelf.read)


def play(seed: int) -> int:
    """Play one life; gives the number of trees that were merged."""
    life = Life(seed)
    for count in range(_VERSIONS):
        try:
            _check(life)
        except AssertionError as error:
            raise AssertionError(f"life {seed}, version {count}: {error}") from error
        life.live()
        for _ in range(life.rng.randint(0, 3)):
            life.author.change()
    return _VERSIONS


def test_lists_narrow_and_widen_and_nothing_of_the_users_is_lost() -> None:
    trees, seed = 0, 0
    # An example is a whole life, so the usual runs try few.
    while trees < _TREES:
        trees += play(seed)
        seed += 1
