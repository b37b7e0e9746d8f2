"""How many planted keys the finder of secrets misses, and in how many files of a folder it is wrong to see one.

`python benchmarks/leaks.py [FOLDER] [--rounds N] [--show]`: FOLDER holds texts that are known to be harmless, such as
skills and configs of published packages. It ends with 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from hermes_dist.decide.secrets.scan import Leak, scan
from hermes_dist.model.paths import RelPath
from tests.planted import planted

TEXTS = {
    ".md",
    ".yaml",
    ".yml",
    ".json",
    ".toml",
    ".ini",
    ".cfg",
    ".conf",
    ".py",
    ".sh",
    ".js",
    ".ts",
    ".txt",
    ".env",
    ".example",
    ".xml",
    ".html",
    ".csv",
    ".ipynb",
}
LARGEST = 1 << 20
MISSED_ANYWHERE, MISSED_NAMED, FALSE_ALARMS = 0.01, 0.03, 0.01


def matrix(rounds: int, *, show: bool) -> bool:
    """Print how many planted keys were missed; whether the goals were met."""
    every, missed, kinds = Counter[bool](), Counter[bool](), Counter[str]()
    for plant in planted(1, rounds):
        every[plant.named] += 1
        if not scan(RelPath(plant.path), plant.data):
            missed[plant.named] += 1
            kinds[f"{plant.kind} ({plant.place})"] += 1
    goals = (
        (False, "kinds with a prefix, anywhere", MISSED_ANYWHERE),
        (True, "behind key-like names", MISSED_NAMED),
    )
    for named, what, goal in goals:
        share = missed[named] / every[named]
        print(f"{what}: {missed[named]} of {every[named]} missed, {share:.2%} (goal {goal:.0%})")
    for kind, count in kinds.most_common(20) if show else ():
        print(f"  {count} × {kind}")
    return (
        missed[False] <= every[False] * MISSED_ANYWHERE
        and missed[True] <= every[True] * MISSED_NAMED
    )


def texts(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """The files of a folder that are texts, each content once."""
    seen: set[bytes] = set()
    for path in sorted(folder.rglob("*")):
        if path.suffix not in TEXTS or path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        digest = hashlib.sha256(data).digest()
        if len(data) <= LARGEST and digest not in seen:
            seen.add(digest)
            yield path, data


def alarms(folder: Path, *, show: bool) -> bool:
    """Print in how many files something was seen; whether the goal was met."""
    found: list[tuple[Path, list[Leak]]] = []
    count = size = 0
    spent = 0.0
    for path, data in texts(folder):
        begin = time.process_time()
        leaks = scan(RelPath("notes.md"), data)
        spent += time.process_time() - begin
        count, size = count + 1, size + len(data)
        if leaks:
            found.append((path, leaks))
    print(
        f"false alarms: {len(found)} of {count} files, {len(found) / max(1, count):.2%} (goal {FALSE_ALARMS:.0%})"
    )
    print(f"{size / 1e6:.0f} MB in {spent:.1f} s")
    for path, leaks in found if show else ():
        print(f"  {path.relative_to(folder)}:{leaks[0].line}: {leaks[0].kind}")
    return len(found) <= count * FALSE_ALARMS


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--show", action="store_true", help="name what was missed and where an alarm was false"
    )
    args = parser.parse_args()
    met = matrix(args.rounds, show=args.show)
    if args.folder:
        met = alarms(args.folder, show=args.show) and met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
