"""A gateway hook that writes to the file named by CANARY, when loaded and when called."""

from __future__ import annotations

import os
from pathlib import Path


def _touch(what: str) -> None:
    canary = os.environ.get("CANARY")
    if canary:
        with Path(canary).open("a", encoding="utf-8") as file:
            file.write(f"{what}\n")


_touch("hook_loaded")


def handle(event_type: str, context: dict[str, object]) -> None:
    """Leave a line in the canary."""
    _touch("hook_called")
