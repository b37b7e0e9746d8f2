"""A scheduled script that writes to the file named by CANARY."""

from __future__ import annotations

import os
from pathlib import Path


def _touch(what: str) -> None:
    canary = os.environ.get("CANARY")
    if canary:
        with Path(canary).open("a", encoding="utf-8") as file:
            file.write(f"{what}\n")


if __name__ == "__main__":
    _touch("cron_script")
