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
from collections.abc import Callable
from pathlib import Path

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


def timed(label: str, work: Callable[[], object]) -> None:
    start = time.perf_counter()
    found = work()
    print(f"{label:<40} {time.perf_counter() - start:8.2f} s  {found}")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--packages", type=int, default=100_000)
    count = options.parse_args().packages
    with tempfile.TemporaryDirectory() as folder:
        root, shelf = Path(folder) / ".hermes", Path(folder) / "shelf"
        root.mkdir()
        words = make(shelf, count)
        layout = Layout(HERMES, root, Path(folder))
        registries = Registries(layout, Store(layout.store), dict(os.environ))
        registries.remove("default")
        registry = registry_of(str(shelf), "large")
        timed(f"first sync of {count:,}", lambda: registries.add(registry))
        timed("next sync, nothing new", lambda: registries.sync(registry))
        some = sorted(shelf.glob("packages/*/*.json"))[:10]
        for file in some:
            file.write_text(file.read_text().replace("An agent", "The agent"))
        timed("next sync, ten changed", lambda: registries.sync(registry))
        over = 0
        one, two = words[0], words[1]
        common = (["agent"], ["coding"], ["openrouter_api_key"], ["agent", "coding"])
        for asked in (*common, [one], [one, two], ["agent", one], ["ab"], ["nothere"]):
            spent = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                found = registries.search(asked, 20)
                spent.append(time.perf_counter() - start)
            middle = statistics.median(spent)
            over += middle > GOAL
            verdict = "ok" if middle <= GOAL else "OVER"
            print(
                f"search {' '.join(asked):<33} {middle * 1000:8.1f} ms {len(found):3} found  {verdict}"
            )
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
