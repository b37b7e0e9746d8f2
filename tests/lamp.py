"""Shows how much of each room the tests reached: a lamp to see by, no threshold.

``python tests/lamp.py [FILE]`` reads what ``pytest --cov=hermes_dist`` wrote.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import coverage


def rooms(data_file: str) -> dict[str, tuple[int, int]]:
    """The statements of each room, and how many of them ran; rooms of which nothing ran are left out."""
    cov = coverage.Coverage(data_file=data_file)
    cov.load()
    with tempfile.NamedTemporaryFile() as file:
        cov.json_report(outfile=file.name)
        report = json.loads(Path(file.name).read_text("utf-8"))
    statements: Counter[str] = Counter()
    ran: Counter[str] = Counter()
    for name, found in report["files"].items():
        room = name.partition("hermes_dist/")[2].partition("/")[0].removesuffix(".py")
        statements[room] += found["summary"]["num_statements"]
        ran[room] += found["summary"]["covered_lines"]
    return {room: (statements[room], ran[room]) for room in sorted(ran) if ran[room]}


def main() -> None:
    """Print a line for each room."""
    for room, (all_, ran) in rooms(sys.argv[1] if sys.argv[1:] else ".coverage").items():
        print(f"{room:12} {100 * ran / max(all_, 1):5.1f} % of {all_} statements")  # noqa: T201


if __name__ == "__main__":
    main()
