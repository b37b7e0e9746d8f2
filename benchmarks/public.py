"""Public repositories: install each package, step through its versions with edits, adopt the agent's own installs.

``python benchmarks/public.py FOLDER… [--agent ENV…]`` takes folders of clones or bare mirrors; nothing is fetched and
nothing of them is kept. Every figure that names a loss has to be 0.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hermes_dist.api import Choices, Machine, Request, Side
from hermes_dist.brand import MANIFEST
from hermes_dist.decide.trust import Accept
from hermes_dist.errors import DistError
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Tree
from hermes_dist.ops.change.fetch import fetch, placed_for
from hermes_dist.ops.change.look_up import look_up
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.adopt import Adopting, adopt
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.resolve import resolve
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.uninstall import uninstall
from hermes_dist.ops.package.update import update
from hermes_dist.ops.package.upkeep import verify

BOT = ProfileName("bot")
LOSSES = (
    "edits lost",
    "own files lost",
    "deleted files came back",
    "removals missing",
    "changes missing",
    "second updates not quiet",
    "adopts wrong",
    "crashes",
)
COUNTS = ("versions", "edits", "conflicts settled", "refused")
ADOPTS = ("adopts right", "adopts asked", "adopts refused")
_MARK = "a note of mine"
_SCALAR = re.compile(rb"^( *[A-Za-z_][\w-]*: )([A-Za-z][\w./-]*)$", re.MULTILINE)
_OWN = (
    "skills/my-own/SKILL.md",
    "plugins/my-own/plugin.yaml",
    "scripts/my-own.sh",
    "memories/MEMORY.md",
    "workspace/draft.txt",
    "notes-of-mine.md",
)


@dataclass
class Package:
    """One package of a repository.

    Attributes:
        repository: Its git directory.
        folder: The folder of the package; empty for the root.
        versions: The commits that changed it, oldest first.
    """

    repository: Path
    folder: str
    versions: list[str]

    @property
    def name(self) -> str:
        path = self.repository
        known = path.parent.name if path.name in {"repo", ".git"} else path.name
        return f"{known}//{self.folder}" if self.folder else known


@dataclass
class Tally:
    """What happened to one package, counted; ``faults`` tells each loss in a line."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def fault(self, kind: str, what: str) -> None:
        self.counts[kind] += 1
        self.faults.append(f"{kind}: {what}")

    def refused(self, error: DistError) -> None:
        self.counts["refused"] += 1
        self.refusals.append(str(error))


def git(repository: Path, *words: str) -> str:
    """Read from a repository; its settings and hooks play no part in what is asked here."""
    done = subprocess.run(
        ["git", f"--git-dir={repository}", "-c", "core.hooksPath=/dev/null", *words],
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"},
    )
    return done.stdout.decode("utf-8", "surrogateescape")


def repositories(folders: Sequence[Path]) -> Iterator[Path]:
    """The git directories in some folders: of bare repositories, clones, and mirrors with a folder of their own."""
    for folder in folders:
        for one in sorted(folder.iterdir()):
            for path in (one, one / ".git", one / "repo", one / "repo" / ".git"):
                if (path / "HEAD").is_file() and (path / "objects").is_dir():
                    yield path
                    break


def packages(repository: Path, most: int) -> Iterator[Package]:
    """The packages of a repository's newest commit, with their versions."""
    names = git(repository, "ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")
    for name in names:
        if name == MANIFEST or name.endswith(f"/{MANIFEST}"):
            folder = name.removesuffix(MANIFEST).rstrip("/")
            yield Package(repository, folder, _versions(repository, folder, most))


def _versions(repository: Path, folder: str, most: int) -> list[str]:
    """The commits that changed a package and hold its manifest, oldest first; evenly chosen if there are too many."""
    words = ("rev-list", "--reverse", "--first-parent", "HEAD", "--", folder or ".")
    manifest = f"{folder}/{MANIFEST}" if folder else MANIFEST
    held = [
        commit
        for commit in git(repository, *words).split()
        if git(repository, "ls-tree", commit, "--", manifest)
    ]
    if len(held) <= most:
        return held
    return [held[round(n * (len(held) - 1) / (most - 1))] for n in range(most)]


class Source:
    """A repository whose branch is moved from version to version; it borrows the objects of another."""

    def __init__(self, at: Path, package: Package) -> None:
        self._package = package
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(at)], check=True)
        alternates = at / "objects" / "info" / "alternates"
        alternates.write_text(f"{(package.repository / 'objects').absolute()}\n")
        self._at = at
        self.text = f"file://{at}" + (f"//{package.folder}" if package.folder else "")

    def ship(self, commit: str) -> None:
        """Move the branch to a version."""
        (self._at / "refs" / "heads" / "main").write_text(f"{commit}\n")

    def files(self, commit: str) -> frozenset[str]:
        """The paths of the package at a version."""
        return frozenset(self.blobs(commit))

    def blobs(self, commit: str) -> dict[str, str]:
        """The files of the package at a version: the mode, kind and id that git has for each."""
        what = f"{commit}:{self._package.folder}"
        rows = git(self._package.repository, "ls-tree", "-r", "-z", what).split("\0")
        return {path: said for said, _, path in (row.partition("\t") for row in rows if row)}


def _yes(_: Proposal) -> bool:
    return True


def contents(home: Path) -> dict[str, bytes]:
    """Every file of a home but the lockfile and what is private."""
    found = {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    return {
        path: data
        for path, data in found.items()
        if not path.startswith(".dist/") and path != "distribution.lock"
    }


class User:
    """Somebody who edits, adds and deletes files of a home, and knows what has to be there afterwards.

    Args:
        home: The home.
        seed: The same seed makes the same edits.
    """

    def __init__(self, home: Path, seed: str) -> None:
        self._home = home
        self._rng = random.Random(seed)
        self._count = 0
        self.marks: dict[str, str] = {}
        self.own: dict[str, bytes] = {}
        self.deleted: set[str] = set()

    def settle_in(self, base: Tree) -> None:
        """Put own files into the home, beside those of the package too."""
        beside = [path for path in base if path.top == "skills" and path.parent]
        names = [*_OWN, *(f"{path.parent}/my-own-notes.md" for path in self._some(beside, 2))]
        for name in names:
            path = self._home / name
            if not path.exists():
                data = f"Mine: {name}\n".encode()
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                self.own[name] = data

    def edit(self, base: Tree, edits: int) -> None:
        """Edit some files that the package brought; now and then delete one."""
        here = contents(self._home)
        texts = [
            p for p in base if p in here and p.suffix in {".md", ".yaml", ".yml", ".py", ".sh"}
        ]
        for path in self._some(texts, edits):
            if path != MANIFEST:
                self._mark(path, here[path])
        if self._rng.random() < 0.2:
            here = contents(self._home)
            clean = [p for p in base if p.top == "skills" and _is_clean(here.get(p))]
            for path in self._some(clean, 1):
                (self._home / path).unlink()
                self.deleted.add(str(path))

    def _some(self, paths: Sequence[RelPath], most: int) -> list[RelPath]:
        return self._rng.sample(sorted(paths), min(most, len(paths)))

    def _mark(self, path: RelPath, data: bytes) -> None:
        self._count += 1
        mark = f"{_MARK} {self._count:03}"
        if path.suffix in {".yaml", ".yml"}:
            # A value that is a note already would be lost by this user's own hand.
            found = [one for one in _SCALAR.finditer(data) if not one[2].startswith(b"a-note")]
            if not found:
                return
            one = self._rng.choice(found)
            mark = mark.replace(" ", "-")
            new = data[: one.start(2)] + mark.encode() + data[one.end(2) :]
        else:
            lines = data.splitlines(keepends=True)
            at = self._rng.randint(self._body(lines), len(lines))
            end = b"\r\n" if data.endswith(b"\r\n") else b"\n"
            before = b"".join(lines[:at])
            between = end if before and not before.endswith(b"\n") else b""
            new = before + between + b"# " + mark.encode() + end + b"".join(lines[at:])
        (self._home / path).write_bytes(new)
        self.marks[mark] = str(path)

    @staticmethod
    def _body(lines: list[bytes]) -> int:
        """Where the text begins after its front matter."""
        if not lines or lines[0].rstrip() != b"---":
            return 0
        ends = (n for n, line in enumerate(lines[1:], 1) if line.rstrip() == b"---")
        return next(ends, len(lines) - 1) + 1

    def look(self, tally: Tally, when: str, upstream: frozenset[str]) -> None:
        """Count what is missing of the user's work."""
        here = contents(self._home)
        everything = b"\0".join(here.values())
        for mark, path in list(self.marks.items()):
            if mark.encode() not in everything:
                tally.fault("edits lost", f"{path}: {mark} {when}")
                del self.marks[mark]
        held = set(here.values())
        for name, data in list(self.own.items()):
            if data not in held:
                tally.fault("own files lost", f"{name} {when}")
                del self.own[name]
        for name in list(self.deleted):
            if name in here:
                tally.fault("deleted files came back", f"{name} {when}")
            if name in here or name not in upstream:
                self.deleted.discard(name)


def _is_clean(data: bytes | None) -> bool:
    """Whether a file is there and holds no note of the user."""
    return data is not None and not re.search(rb"a.note.of.mine", data)


def _entry(home: Path, path: RelPath) -> str:
    try:
        return hashlib.sha256((home / path).read_bytes()).hexdigest()
    except OSError:
        return ""


def _unedited(home: Path, lock: Lock) -> frozenset[RelPath]:
    return frozenset(
        path for path, entry in lock.base.items() if _entry(home, path) == entry.digest
    )


@dataclass
class Before:
    """A home before an update, and what the new version holds.

    Attributes:
        unedited: The files that are as the package brought them.
        upstream: The paths of the new version; a file that is among them, but is not installed any more, is the user's.
    """

    lock: Lock
    unedited: frozenset[RelPath]
    upstream: frozenset[str]


def arrived(tally: Tally, home: Path, before: Before, after: Lock, when: str) -> None:
    """Count what upstream changed or removed in files that nobody edited, and that is not in the home now."""
    waits = {effect.path for effect in after.parked} | {c.path for c in after.conflicts}
    theirs = after.theirs()
    for path in before.unedited - waits:
        wanted, old = theirs.get(path), before.lock.base[path]
        here = _entry(home, path)
        if wanted is None and here == old.digest and path not in before.upstream:
            tally.fault("removals missing", f"{path} {when}")
        if wanted is not None and wanted != old and here != wanted.digest:
            tally.fault("changes missing", f"{path} {when}")


@dataclass
class Walk:
    """One package on its way through its versions."""

    ctx: Context
    source: Source
    package: Package
    tally: Tally
    request: Request

    def go(self) -> None:
        """Install the first version that can be, then update to every later one, with edits between."""
        versions = list(self.package.versions)
        while versions and not self._installed(versions[0]):
            versions.pop(0)
        if not versions:
            return
        home = open_home(self.ctx, BOT)
        user = User(home.path, self.package.name)
        user.settle_in(home.base)
        for number, commit in enumerate(versions):
            self._step(user, number, commit)
        self._end(user)

    def _installed(self, commit: str) -> bool:
        self.source.ship(commit)
        return self._try(
            lambda: install(self.ctx, self.source.text, self.request, _yes, name="bot")
        )

    def _step(self, user: User, number: int, commit: str) -> None:
        self.tally.counts["versions"] += 1
        when = f"at {commit[:9]}"
        home = open_home(self.ctx, BOT)
        assert home.lock is not None
        marks = len(user.marks)
        user.edit(home.base, 2)
        self.tally.counts["edits"] += len(user.marks) - marks
        upstream = self.source.files(commit)
        before = Before(home.lock, _unedited(home.path, home.lock), upstream)
        self.source.ship(commit)
        if number and self._try(lambda: update(self.ctx, BOT, self.request, _yes)):
            after = open_home(self.ctx, BOT).lock
            assert after is not None
            arrived(self.tally, home.path, before, after, when)
            self._again(home.path, when)
            if after.conflicts and number % 3 == 0:
                self._settle(len(after.conflicts))
        user.look(self.tally, when, upstream)

    def _again(self, home: Path, when: str) -> None:
        before = contents(home)
        self._try(lambda: update(self.ctx, BOT, self.request, _yes))
        if contents(home) != before:
            self.tally.fault("second updates not quiet", when)

    def _settle(self, count: int) -> None:
        if self._try(lambda: resolve(self.ctx, BOT, Side.OURS, Request(), _yes)):
            self.tally.counts["conflicts settled"] += count

    def _end(self, user: User) -> None:
        """Look at the home once more; then remove the package, which has to leave all that is the user's."""
        status(self.ctx, BOT)
        verify(self.ctx, BOT)
        self._try(lambda: uninstall(self.ctx, BOT, Request(), _yes))
        user.deleted.clear()
        user.look(self.tally, "after uninstall", frozenset())

    def _try(self, do: Callable[[], Outcome]) -> bool:
        try:
            do()
        except DistError as error:
            self.tally.refused(error)
            return False
        return True


def adopts(tally: Tally, package: Package, work: Path, agents: Sequence[Path], most: int) -> None:
    """Let the real agent install old versions, edit them, and adopt them."""
    count = min(most, len(package.versions))
    chosen = [package.versions[n * len(package.versions) // count] for n in range(count)]
    for number, commit in enumerate(chosen):
        at = work / f"adopt{number}"
        at.mkdir()
        agent = agents[number % len(agents)]
        if said := _agent_refuses(package, commit, at, agent):
            tally.counts["refused by the agent"] += 1
            tally.refusals.append(f"the agent: {said}")
            continue
        source = Source(at / "source.git", package)
        source.ship(package.versions[-1])
        ctx = Machine(root=at / ".hermes", env=_env(at)).context()
        user = User(ctx.layout.home(BOT), f"{package.name} {commit}")
        installed = _placed(ctx, source, commit)
        user.settle_in(installed)
        user.edit(installed, 1)
        _adopt(tally, ctx, source, installed, commit)
        user.look(tally, f"after adopt at {commit[:9]}", source.files(commit))
        shutil.rmtree(at)


def _adopt(tally: Tally, ctx: Context, source: Source, installed: Tree, commit: str) -> None:
    guesses: list[Adopting] = []

    def see(proposal: Proposal) -> bool:
        assert isinstance(proposal, Adopting)
        guesses.append(proposal)
        return True

    try:
        adopt(ctx, BOT, Request(), see, source=source.text)
    except DistError as error:
        tally.counts["adopts refused"] += 1
        tally.refusals.append(str(error))
        return
    guess = guesses[0].guess
    if _is_right(ctx, source, installed, commit, guess.incoming.pin.commit):
        tally.counts["adopts right" if guess.sure else "adopts asked"] += 1
    elif guess.sure:
        found = guess.incoming.pin.short
        tally.fault("adopts wrong", f"{commit[:9]} taken for {found}: {guess.match}")
    else:
        tally.counts["adopts asked"] += 1
    try:
        update(ctx, BOT, Request(), _yes)
    except DistError as error:
        tally.refused(error)


def _is_right(ctx: Context, source: Source, installed: Tree, commit: str, found: str) -> bool:
    """Whether a version that was found is the one that was installed, or put the same files into the home."""
    if found == commit:
        return True
    home = contents(ctx.layout.home(BOT))
    one, other = (
        {path: oid for path, oid in source.blobs(each).items() if path in home}
        for each in (commit, found)
    )
    return one == other and _placed(ctx, source, found) == installed


def _placed(ctx: Context, source: Source, commit: str) -> Tree:
    spec = parse_source(f"{source.text}#{commit}")
    return placed_for(ctx, fetch(ctx, look_up(ctx, spec))).placed


def _agent_refuses(package: Package, commit: str, at: Path, agent: Path) -> str:
    """Let the agent install a version; returns what it says if it does not."""
    tree = at / "checkout"
    tree.mkdir()
    what = f"{commit}:{package.folder}" if package.folder else commit
    packed = subprocess.run(
        ["git", f"--git-dir={package.repository}", "archive", "--format=tar", what],
        check=True,
        capture_output=True,
    )
    subprocess.run(["tar", "-x", "-C", str(tree)], input=packed.stdout, check=True)
    (at / ".hermes").mkdir()
    done = subprocess.run(
        [str(agent / "bin" / "hermes"), "profile", "install", str(tree), "--name", "bot", "-y"],
        env=_env(at),
        cwd=at,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=120,
    )
    if done.returncode == 0 and (at / ".hermes/profiles/bot" / MANIFEST).is_file():
        return ""
    said = (done.stdout + done.stderr).decode("utf-8", "replace").split()
    return " ".join(said)[-200:] or f"exit code {done.returncode}"


def _env(at: Path) -> dict[str, str]:
    return {
        "HOME": str(at),
        "HERMES_HOME": str(at / ".hermes"),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
    }


def measure(package: Package, agents: Sequence[Path], adopted: int) -> Tally:
    """Everything about one package, in a temporary folder."""
    tally = Tally()
    bold = Choices(allow_effects=len(package.name) % 2 == 0)
    request = Request(choices=bold, ignore_requires=True, accept=Accept(unsigned=True))
    with tempfile.TemporaryDirectory(prefix="hermes-dist-public-") as folder:
        work = Path(folder)
        (work / ".hermes").mkdir()
        ctx = Machine(root=work / ".hermes", env=_env(work)).context()
        try:
            Walk(ctx, Source(work / "source.git", package), package, tally, request).go()
            if agents and adopted:
                adopts(tally, package, work, agents, adopted)
        except Exception:  # noqa: BLE001 - a crash is a figure here
            tally.fault("crashes", traceback.format_exc())
    return tally


def rows(total: Counter[str]) -> Iterator[str]:
    """The table of all figures, in Markdown."""
    yield "| | |"
    yield "| --- | --- |"
    for name in ("repositories", "packages", "never installed", *COUNTS, *LOSSES, *ADOPTS):
        yield f"| {name} | {total[name]:,} |"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure all packages; returns 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--agent", action="append", default=[], type=Path, metavar="ENV")
    parser.add_argument("--versions", type=int, default=40, help="most versions of one package")
    parser.add_argument("--adopts", type=int, default=3, help="installs of the agent to adopt")
    parser.add_argument("--only", default="", help="packages whose name holds this text")
    asked = parser.parse_args(argv)
    total: Counter[str] = Counter()
    for repository in repositories(asked.folders):
        found = [p for p in packages(repository, asked.versions) if asked.only in p.name]
        installed = [_report(package, asked.agent, asked.adopts, total) for package in found]
        total["repositories"] += any(installed)
    print("\n".join(rows(total)))
    return int(any(total[name] for name in LOSSES))


def is_whole(package: Package) -> bool:
    """Whether a repository holds every file of the package's versions; snapshots may lack large ones."""
    words = ("rev-list", "--objects", "--missing=print", "--no-walk", *package.versions)
    return not any(line.startswith("?") for line in git(package.repository, *words).splitlines())


def _report(package: Package, agents: Sequence[Path], adopted: int, total: Counter[str]) -> bool:
    """Measure a package and say what happened; returns whether a version of it could be installed at all."""
    if not package.versions or not is_whole(package):
        print(f"{package.name}: skipped, because its repository is not whole", flush=True)
        return False
    start = time.monotonic()
    tally = measure(package, agents, adopted)
    installed = tally.counts["versions"] > 0
    if installed or tally.faults:
        tally.counts["packages"] += 1
        total.update(tally.counts)
    else:
        total["never installed"] += 1
    said = ", ".join(f"{count} {name}" for name, count in sorted(tally.counts.items()))
    print(f"{package.name}: {said} ({time.monotonic() - start:.0f} s)", flush=True)
    for line in [*tally.faults, *dict.fromkeys(tally.refusals)]:
        print(f"    {line}", flush=True)
    return installed


if __name__ == "__main__":
    sys.exit(main())
