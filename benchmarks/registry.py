"""A registry of many packages: the first sync, the next one, and searches in process."""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))
from hermes_dist.brand import HERMES, Layout
from hermes_dist.model.registry import entry_path
from hermes_dist.world.disk.store import Store
from hermes_dist.world.registry.api import Registries
from hermes_dist.world.registry.files import registry_of

GOAL = 0.030
ROUNDS = 15


def make(root: Path, count: int) -> list[str]:
    """Write a registry, and return the words it is made of."""
    rng = random.Random(1)
    words = [
        "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(4, 9))) for _ in range(3000)
    ]
    (root / "packages").mkdir(parents=True)
    (root / "registry.json").write_text('{"format": 1}')
    for number in range(count):
        name = f"{rng.choice(words)}-{rng.choice(words)}-{number}"
        data = {
            "name": name,
            "title": name,
            "source": f"github.com/{rng.choice(words)}/{name}",
            "description": f"An agent for {' '.join(rng.choices(words, k=12))}.",
            "category": rng.choice(["coding", "research"]),
            "keywords": rng.choices(words, k=4),
            "env": ["OPENROUTER_API_KEY"],
            "runs": {"cron": number % 3},
            "versions": [{"version": "1.0.0", "commit": f"{number:040x}"}],
        }
        file = root / entry_path(name)
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(data))
    return words


class Search(NamedTuple):
    """One search.

    Attributes:
        asked: The words.
        seconds: The median of some rounds.
        found: How many packages were found.
    """

    asked: tuple[str, ...]
    seconds: float
    found: int


def searches(root: Path, count: int, rounds: int) -> Iterator[Search]:
    """Make a registry of many packages, sync it, sync it again, and search in it.

    Args:
        root: A folder of its own.
        count: How many packages.
        rounds: How often each search is measured.
    """
    home, shelf = root / ".hermes", root / "shelf"
    home.mkdir(parents=True)
    words = make(shelf, count)
    layout = Layout(HERMES, home, root)
    registries = Registries(layout, Store(layout.store), dict(os.environ))
    registries.remove("default")
    registry = registry_of(str(shelf), "large")
    _timed(f"first sync of {count:,}", lambda: registries.add(registry))
    _timed("next sync, nothing new", lambda: registries.sync(registry))
    for file in sorted(shelf.glob("packages/*/*.json"))[:10]:
        file.write_text(file.read_text().replace("An agent", "The agent"))
    _timed("next sync, ten changed", lambda: registries.sync(registry))
    one, two = words[0], words[1]
    common = (("agent",), ("coding",), ("openrouter_api_key",), ("agent", "coding"))
    for asked in (*common, (one,), (one, two), ("agent", one), ("ab",), ("nothere",)):
        spent, found = [], 0
        for _ in range(rounds):
            start = time.perf_counter()
            found = len(registries.search(list(asked), 20))
            spent.append(time.perf_counter() - start)
        yield Search(asked, statistics.median(spent), found)


def _timed(label: str, work: Callable[[], object]) -> None:
    start = time.perf_counter()
    found = work()
    print(f"{label:<40} {time.perf_counter() - start:8.2f} s  {found}", file=sys.stderr)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--packages", type=int, default=100_000)
    count = options.parse_args().packages
    over = 0
    with tempfile.TemporaryDirectory() as folder:
        for asked, seconds, found in searches(Path(folder), count, ROUNDS):
            over += seconds > GOAL
            verdict = "ok" if seconds <= GOAL else "OVER"
            words = " ".join(asked)
            print(f"search {words:<33} {seconds * 1000:8.1f} ms {found:3} found  {verdict}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
