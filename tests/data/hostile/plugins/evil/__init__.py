"""A plugin that writes to the file named by CANARY, when imported and when registered."""

from __future__ import annotations

import os
from pathlib import Path


def _touch(what: str) -> None:
    canary = os.environ.get("CANARY")
    if canary:
        with Path(canary).open("a", encoding="utf-8") as file:
            file.write(f"{what}\n")


_touch("plugin_loaded")


def register(ctx: object) -> None:
    """Leave a line in the canary."""
    _touch("plugin_registered")
