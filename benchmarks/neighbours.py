"""Install, edit and update plugins, collections of skills and plain profiles, and count what can't come.

    python benchmarks/neighbours.py FOLDER…

FOLDER is a clone or bare mirror of a public repository; it is only read. The figures are in
docs/public-repositories.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.moved_source import NoPackage
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.uninstall import uninstall
from hermes_dist.ops.package.update import update

BOT = ProfileName("bot")
MINE = "\n\nA line of mine.\n"
STEPS = 12


def yes(_: object) -> bool:
    return True


class Trial:
    """One repository, on a machine of its own; the counts are added to what all share."""

    def __init__(self, folder: Path, counts: Counter[str], why: dict[str, Counter[str]]) -> None:
        self.folder, self.counts, self.why = folder, counts, why
        self.url = f"file://{folder.resolve()}"

    def run(self) -> str:
        """Try it; returns a line about it."""
        self.counts["repositories"] += 1
        done = self._step("")
        if not done.startswith("choose "):
            return done
        places = done.removeprefix("choose ").split(",")
        self.counts["several things"] += 1
        return (
            f"{len(places)} things: {'; '.join(self._step(f'//{place}') for place in places[:3])}"
        )

    def _step(self, sub: str) -> str:
        with tempfile.TemporaryDirectory() as place:
            root = Path(place) / ".hermes"
            root.mkdir()
            ctx = Context(HERMES, Layout(HERMES, root, Path(place)), {**os.environ, "HOME": place})
            try:
                return self._all(ctx, root / "profiles" / "bot", sub)
            except DistError as error:
                self.counts["refused"] += 1
                return f"refused: {error.what[:100]}"
            except Exception as error:  # noqa: BLE001 - a crash is a result, too
                self.counts["crashes"] += 1
                return f"CRASH {error!r}"

    def _all(self, ctx: Context, home: Path, sub: str) -> str:
        newest = self._try(ctx, f"{self.url}{sub}")
        if isinstance(newest, str):
            return newest
        first = self._oldest(ctx, sub)
        outcome = self._installed(ctx, f"{self.url}{sub}#{first}")
        kind = outcome.proposal.lock.top.taken or "package"
        self.counts[kind] += 1
        edited = self._edit(home)
        for left in newest.proposal.left_out:
            self.why.setdefault(str(left.why), Counter())["files"] += left.files
        for reason in {str(left.why) for left in newest.proposal.left_out}:
            self.why[reason]["sources"] += 1
        self.counts["parked"] += len(newest.proposal.plan.parked)
        moved = update(ctx, BOT, Request(to=self._tip()), yes)
        again = update(ctx, BOT, Request(), yes)
        self.counts["updates"] += bool(moved.done)
        self.counts["second updates that changed something"] += bool(again.done)
        self.counts["conflicts"] += len(moved.lock.conflicts if moved.lock else ())
        lost = [
            path for path in edited if not path.exists() or MINE.strip() not in path.read_text()
        ]
        moves = sum(1 for path in lost if self._elsewhere(home))
        self.counts["edits"] += len(edited)
        self.counts["edits that moved along"] += moves
        self.counts["edits lost"] += len(lost) - moves
        uninstall(ctx, BOT, Request(), yes)
        return f"{kind}{sub}, {len(edited)} edits, left out: {_left_out(newest) or 'nothing'}"

    def _elsewhere(self, home: Path) -> bool:
        return any(MINE.strip() in path.read_text() for path in home.rglob("*.md"))

    def _try(self, ctx: Context, url: str) -> Outcome | str:
        try:
            return install(ctx, url, Request(dry_run=True), yes, name="bot")
        except DistError as error:
            if isinstance(error, NoPackage):
                if error.choices:
                    return "choose " + ",".join(map(str, error.choices))
                self.counts["nothing that is known"] += 1
            return f"not taken: {error.what[:60]}"

    def _installed(self, ctx: Context, url: str) -> Outcome:
        return install(ctx, url, Request(), yes, name="bot")

    def _oldest(self, ctx: Context, sub: str) -> str:
        """The oldest of some commits at which it can be installed."""
        log = self._git("rev-list", "--first-parent", "--reverse", self._tip()).split()
        for commit in log[:: max(1, len(log) // STEPS)]:
            try:
                place = f"{self.url}{sub}#{commit}"
                install(ctx, place, Request(dry_run=True), yes, name="bot")
            except DistError:
                continue
            return commit
        return log[-1]

    def _edit(self, home: Path) -> list[Path]:
        files = sorted(path for path in home.rglob("*.md") if path.name in {"SKILL.md", "SOUL.md"})
        chosen = [files[0], files[-1]] if len(files) > 1 else files
        for path in chosen:
            path.write_text(path.read_text("utf-8") + MINE, "utf-8")
        return chosen

    def _tip(self) -> str:
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *words: str) -> str:
        run = ["git", "-C", str(self.folder), *words]
        return subprocess.run(run, check=True, capture_output=True, text=True).stdout


def _left_out(outcome: Outcome) -> str:
    """What can't come, as the number of files for each reason."""
    found: Counter[str] = Counter()
    for left in outcome.proposal.left_out:
        found[str(left.why)] += left.files
    return ", ".join(f"{count} {why}" for why, count in found.most_common())


def main(folders: list[str]) -> None:
    counts: Counter[str] = Counter()
    why: dict[str, Counter[str]] = {}
    for name in folders:
        print(f"{name}: {Trial(Path(name), counts, why).run()}", flush=True)
    for name, count in sorted(counts.items()):
        print(f"{name:40} {count}")
    for reason, found in sorted(why.items(), key=lambda row: -row[1]["sources"]):
        print(f"{reason:40} {found['sources']:4} sources {found['files']:6} files")


if __name__ == "__main__":
    main(sys.argv[1:])
