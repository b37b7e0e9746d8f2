"""Whole histories replayed: install a version, make it one's own, update; nothing of either side is lost."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from gitrepo import Repo
from histories import HISTORIES, Author, Version, manifest, ordinary

from hermes_dist.brand import HERMES
from hermes_dist.decide.ownership import is_machine
from hermes_dist.decide.placement.place import NO_CONFIG
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.lock import Lock, load_lock
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.side import Side
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package import install as ops
from hermes_dist.ops.package import resolve as settle
from hermes_dist.ops.package.update import update

ALL = Choices(allow_effects=True)
MARK = "of my own"
OWN_JOB = {
    "id": "aaaaaaaaaaaa",
    "name": "mine",
    "prompt": MARK,
    "enabled": True,
    "state": "scheduled",
    "schedule": {"kind": "interval", "minutes": 5, "display": "every 5m"},
    "next_run_at": "2026-01-01T00:00:00",
}
PLACED_OTHERWISE = ("config.yaml", "mcp.json", "cron/jobs.json")


@dataclass
class Played:
    """A history in a real repository, and profiles that hold versions of it."""

    versions: list[Version]
    repo: Repo
    ctx: Context

    @classmethod
    def of(cls, versions: list[Version], place: Path) -> Played:
        repo = Repo(place / "repo")
        before: dict[str, bytes] = {}
        for number, version in enumerate(versions, 1):
            gone = {} if version.orphan else dict.fromkeys(before.keys() - version.files.keys())
            repo.commit(
                {**version.files, **gone},
                executable=tuple(version.executable),
                orphan=version.orphan,
            )
            repo.tag(f"v{number}")
            before = version.files
        return cls(versions, repo, Context.from_environment(HERMES))

    def install(self, number: int, name: str) -> Home:
        source = f"file://{self.repo.path}#v{number}"
        done = ops.install(self.ctx, source, Request(choices=ALL), lambda _: True, name=name)
        assert done.done
        return Home(self.ctx, ProfileName(name))


@dataclass
class Home:
    """A profile, looked at from outside."""

    ctx: Context
    name: ProfileName

    @property
    def path(self) -> Path:
        return self.ctx.layout.home(self.name)

    @property
    def lock(self) -> Lock:
        return load_lock((self.path / "distribution.lock").read_bytes())

    def files(self) -> dict[str, bytes]:
        """Every file but our own bookkeeping."""
        found = {}
        for folder, names, files in os.walk(self.path):
            names[:] = [name for name in names if name != ".dist"]
            for name in files:
                path = Path(folder, name)
                found[str(path.relative_to(self.path))] = path.read_bytes()
        found.pop("distribution.lock")
        return found

    def picture(self) -> dict[str, tuple[int, int, bytes]]:
        """Bytes, inode and time of every file; what a look notes for the next one is left out."""
        found = {}
        for folder, _, files in os.walk(self.path):
            for path in (Path(folder, name) for name in files if not name.startswith("seen")):
                stat = path.stat()
                found[str(path)] = (stat.st_ino, stat.st_mtime_ns, path.read_bytes())
        return found

    def update(self, to: int) -> Outcome:
        return update(self.ctx, self.name, Request(choices=ALL, to=f"v{to}"), lambda _: True)

    def base(self, lock: Lock) -> dict[str, bytes]:
        return {str(p): self.ctx.store.read(e.digest) for p, e in lock.base.items()}


def make_it_ones_own(home: Home) -> dict[str, bytes]:
    """The seven edits. Returns the files that are the user's alone."""
    path = home.path
    shipped = sorted(
        p for p in home.lock.base if p.name == "SKILL.md" and p.parts[1].startswith("skill-")
    )
    soul = path / "SOUL.md"
    if soul.exists():
        soul.write_bytes(soul.read_bytes() + f"\nSoul {MARK}.\n".encode())
    config = path / "config.yaml"
    text = config.read_bytes().decode() if config.exists() else "model:\n  default: x\n"
    eol = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(eol)
    at = next(n for n, line in enumerate(lines) if line.startswith("  default: "))
    lines[at] = "  default: mine/model"
    lines.insert(0, f"# Remark {MARK}.")
    config.write_bytes(eol.join(lines).encode())
    own = {"skills/my-own/SKILL.md": f"---\nname: my-own\n---\nA skill {MARK}.\n".encode()}
    if shipped:
        skill = path / shipped[0]
        skill.write_bytes(skill.read_bytes() + f"\nSkill {MARK}.\n".encode())
        own[f"{shipped[0].parent}/mine.md"] = f"A file {MARK}.\n".encode()
    for name, data in own.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    jobs = path / "cron" / "jobs.json"
    store = json.loads(jobs.read_bytes()) if jobs.exists() else {"jobs": []}
    store["jobs"].append(OWN_JOB)
    jobs.write_text(json.dumps(store, indent=2))
    return own


def nothing_of_the_users_is_lost(
    before: dict[str, bytes], after: dict[str, bytes], own: dict[str, bytes]
) -> None:
    for name, data in own.items():
        assert after.get(name) == data or data in after.values(), f"{name} is lost"
    assert f"# Remark {MARK}.".encode() in after["config.yaml"]
    assert b"default: mine/model" in after["config.yaml"]
    for words in (f"Soul {MARK}.", f"Skill {MARK}."):
        if any(words.encode() in data for data in before.values()):
            assert any(words.encode() in data for data in after.values()), words
    assert OWN_JOB in json.loads(after["cron/jobs.json"])["jobs"]


def payload(version: Version) -> dict[str, bytes]:
    """What a version ships for a home, byte for byte; written apart from the program's own table."""
    owned = yaml.safe_load(version.files["distribution.yaml"]).get("distribution_owned")

    def comes(path: str) -> bool:
        if path in PLACED_OTHERWISE or path.startswith("cron/") or is_machine(RelPath(path)):
            return False
        if path == "distribution.yaml":
            return True
        if owned is not None:
            return any(
                path == name.rstrip("/") or path.startswith(f"{name.rstrip('/')}/")
                for name in owned
            )
        return path not in ("README.md", "LICENSE", "notes.bin")

    return {path: data for path, data in version.files.items() if comes(path)}


def all_that_upstream_did_arrived(
    version: Version,
    base: dict[str, bytes],
    before: dict[str, bytes],
    home: Home,
    open_at: set[str],
) -> None:
    after = home.files()
    shipped = payload(version)
    for path, data in shipped.items():
        if before.get(path) == base.get(path) and path not in open_at:
            assert after.get(path) == data or _followed(path, data, after), f"{path} did not arrive"
            assert bool((home.path / path).stat().st_mode & 0o100) == (
                path in version.executable
            ), path
    for path in base.keys() - shipped.keys():
        if path not in PLACED_OTHERWISE and before.get(path) == base[path]:
            stays = path in became_the_users(base.keys(), version)
            assert (path in after) is stays, f"{path} should be {'there' if stays else 'gone'}"


def became_the_users(base: Iterable[str], version: Version) -> set[str]:
    """The files that a list of owned paths no longer names, although the package still has them."""
    listed = yaml.safe_load(version.files["distribution.yaml"]).get("distribution_owned")
    shipped = payload(version)
    return {p for p in base if listed is not None and p in version.files and p not in shipped}


def settings_became_the_users(base: Mapping[str, bytes], version: Version) -> bool:
    """Whether the list no longer names the settings, although the package still has them."""
    listed = yaml.safe_load(version.files["distribution.yaml"]).get("distribution_owned")
    named = listed is None or "config.yaml" in listed
    return "config.yaml" in base and "config.yaml" in version.files and not named


def _followed(path: str, data: bytes, after: dict[str, bytes]) -> bool:
    """Whether the user's edit came along into a file that upstream moved here: it holds all of upstream's lines."""
    return (
        path in after
        and MARK.encode() in after[path]
        and set(data.splitlines()) <= set(after[path].splitlines())
    )


def merge_file(base: bytes, ours: bytes, theirs: bytes, place: Path) -> tuple[bool, bytes]:
    """What git's own line merge says: whether it is clean, and the bytes."""
    names = [place / name for name in ("ours", "base", "theirs")]
    for name, data in zip(names, (ours, base, theirs), strict=True):
        name.write_bytes(data)
    done = subprocess.run(
        ["git", "merge-file", "-p", *map(str, names)], capture_output=True, check=False
    )
    return done.returncode == 0, done.stdout


def conflicts_are_those_of_git_or_fewer(
    theirs: dict[str, bytes],
    base: dict[str, bytes],
    before: dict[str, bytes],
    home: Home,
    place: Path,
) -> None:
    open_at = {str(c.path) for c in home.lock.conflicts}
    after = home.files()
    for path in base.keys() & before.keys() & theirs.keys():
        sides = base[path], before[path], theirs[path]
        if len(set(sides)) < 3:
            assert path not in open_at, f"{path} is a conflict without a reason"
        elif b"\0" not in b"".join(sides) and not any(b"\r\n" in side for side in sides):
            clean, data = merge_file(*sides, place)
            if clean:
                assert path not in open_at, f"{path} is a conflict, but not for git"
                if not path.endswith((".yaml", ".json", "SKILL.md")):
                    assert after[path] == data, path
            elif not path.endswith((".yaml", ".json", "SKILL.md")):
                assert path in open_at, f"{path} is no conflict, but one for git"
    for path in open_at - (base.keys() & before.keys() & theirs.keys()):
        moved = path in home.lock.theirs() and path not in before
        assert moved or path not in theirs or path not in base, f"{path}: {home.lock.conflicts}"


def keys_went_by_the_one_rule(
    base: bytes, ours: bytes, theirs: bytes, merged: bytes, conflicts: list[str]
) -> None:
    """Each value of config.yaml: the user's where they changed it or a conflict is open, else upstream's."""
    try:
        sides = [dict(leaves(yaml.safe_load(side) or {})) for side in (base, ours, theirs, merged)]
    except (yaml.YAMLError, AttributeError):
        return
    for key in {*sides[0], *sides[1], *sides[2], *sides[3]}:
        old, own, new, now = (side.get(key) for side in sides)
        is_open = any(".".join(key[:n]) in conflicts for n in range(len(key) + 1))
        if key[-1:] != ("enabled",):
            assert now == (new if own == old and not is_open else own), key


def leaves(data: object, at: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], object]]:
    if not isinstance(data, dict):
        return [(at, data)]
    return [leaf for key, value in data.items() for leaf in leaves(value, (*at, str(key)))]


def one_step(played: Played, start: int, end: int, place: Path) -> None:
    """Install one version, make it one's own, update to another, and look at everything."""
    home = played.install(start, f"from-{start}-to-{end}")
    own = make_it_ones_own(home)
    before, lock = home.files(), home.lock
    base = home.base(lock)
    outcome = home.update(end)
    after = home.files()
    assert outcome.open_conflicts == len(home.lock.conflicts)
    nothing_of_the_users_is_lost(before, after, own)
    all_that_upstream_did_arrived(
        played.versions[end - 1], base, before, home, {str(c.path) for c in home.lock.conflicts}
    )
    theirs = home.lock.theirs()
    placed = {str(p): played.ctx.store.read(e.digest) for p, e in theirs.items()}
    conflicts_are_those_of_git_or_fewer(placed, base, before, home, place)
    if settings_became_the_users(base, played.versions[end - 1]):
        assert after["config.yaml"] == before["config.yaml"]
    else:
        empty = b"{}\n"
        keys_went_by_the_one_rule(
            base.get("config.yaml", empty),
            before["config.yaml"],
            placed.get("config.yaml", empty),
            after["config.yaml"],
            [c.key for c in home.lock.conflicts if c.path == "config.yaml"],
        )
    picture = home.picture()
    again = home.update(end)
    assert home.picture() == picture, "the second update changed something"
    assert again.open_conflicts == outcome.open_conflicts
    if outcome.open_conflicts:
        settle.resolve(played.ctx, home.name, Side.THEIRS, Request(), lambda _: True)
        if home.lock.parked:  # a config.yaml that nobody can read waits for a yes of its own
            settle.approve(played.ctx, home.name, Request(), lambda _: True)
            settle.resolve(played.ctx, home.name, Side.THEIRS, Request(), lambda _: True)
        nothing_of_the_users_is_lost_but_what_was_settled(home.files(), own)
    assert not home.lock.conflicts
    assert home.lock.base.differing(theirs) == []


def nothing_of_the_users_is_lost_but_what_was_settled(
    after: dict[str, bytes], own: dict[str, bytes]
) -> None:
    for name, data in own.items():
        assert data in after.values(), f"{name} is lost"
    assert OWN_JOB in json.loads(after["cron/jobs.json"])["jobs"]


@pytest.mark.slow
@pytest.mark.parametrize("name", HISTORIES)
def test_every_step_of_a_history_keeps_what_is_the_users_and_brings_what_is_upstreams(
    name: str, tmp_path: Path
) -> None:
    played = Played.of(HISTORIES[name](), tmp_path)
    last = len(played.versions)
    for start in range(1, last):
        one_step(played, start, start + 1, tmp_path)
    one_step(played, 1, last, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", HISTORIES)
def test_an_untouched_home_is_in_the_end_what_a_new_one_is(name: str, tmp_path: Path) -> None:
    played = Played.of(HISTORIES[name](), tmp_path)
    last = len(played.versions)
    home, fresh = played.install(1, "walked"), played.install(last, "fresh")
    for number in range(2, last + 1):
        home.update(number)
        assert not home.lock.conflicts
    here, there = home.files(), fresh.files()
    for before, after in pairwise(played.versions):
        for path in became_the_users(payload(before), after) - payload(played.versions[-1]).keys():
            assert here.pop(path, None) is not None
    assert without_leftovers(here) == without_leftovers(there)
    assert home.lock.pin == fresh.lock.pin


def without_leftovers(files: dict[str, bytes]) -> dict[str, object]:
    """A config.yaml or jobs.json that only stands because the home may hold more; jobs without what the machine keeps."""
    found: dict[str, object] = {
        p: data for p, data in files.items() if p != "config.yaml" or data != NO_CONFIG
    }
    found.pop("cron/.jobs.lock", None)
    jobs = json.loads(files.get("cron/jobs.json", b'{"jobs": []}'))["jobs"]
    found["cron/jobs.json"] = sorted(
        (job["name"], job["prompt"], json.dumps(job["schedule"], sort_keys=True)) for job in jobs
    )
    return found


def test_a_manifest_that_moves_into_a_subfolder_is_named_and_changes_nothing(
    tmp_path: Path,
) -> None:
    author = Author("subfolder")
    root = ordinary(author)
    below = {f"agent/{path}": data for path, data in root.items()} | {"README.md": b"Moved.\n"}
    back = {**root, "SOUL.md": author.change(root["SOUL.md"])}
    played = Played.of([Version(root), Version(below), Version(back)], tmp_path)
    home = played.install(1, "bot")
    own = make_it_ones_own(home)
    before, picture = home.files(), home.picture()
    with pytest.raises(DistError, match=r"bot is not in its root any more") as caught:
        home.update(2)
    assert "//agent" in caught.value.advice(str)
    assert home.picture() == picture
    home.update(3)
    nothing_of_the_users_is_lost(before, home.files(), own)
    source = f"file://{played.repo.path}//agent#v2"
    assert ops.install(played.ctx, source, Request(choices=ALL), lambda _: True, name="below").done
    assert Home(played.ctx, ProfileName("below")).files()["SOUL.md"] == root["SOUL.md"]


def test_a_package_without_soul_config_and_skills_comes_and_goes(tmp_path: Path) -> None:
    author = Author("bare")
    bare = {"distribution.yaml": manifest("bot", "1")}
    played = Played.of([Version(bare), Version(ordinary(author)), Version(bare)], tmp_path)
    for start, end in ((1, 2), (2, 3), (1, 3)):
        home = played.install(start, f"bare-{start}-{end}")
        own = make_it_ones_own(home)
        before = home.files()
        home.update(end)
        nothing_of_the_users_is_lost(before, home.files(), own)


def test_there_are_histories_enough() -> None:
    assert len(HISTORIES) >= 12
    assert all(len(made()) >= 3 for made in HISTORIES.values())


def test_a_damaged_lock_is_met_with_a_sentence(tmp_path: Path) -> None:
    played = Played.of(HISTORIES["modes change"](), tmp_path)
    home = played.install(1, "bot")
    (home.path / "distribution.lock").write_text("format = 2\n")
    with pytest.raises(Invalid, match="damaged"):
        home.update(2)
