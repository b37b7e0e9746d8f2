"""``python -m hermes_dist``: the front door's program, and a way to run every verb."""

from __future__ import annotations

from hermes_dist.cli.entry.process import live  # isort: skip - first: how Ctrl-C is taken while the rest is loaded

import sys

from hermes_dist.lazily import module_of


def _main() -> None:
    """The front door, loaded once libraries load less."""
    sys.exit(module_of("hermes_dist.cli.entry.front").main(sys.argv[1:]))


if __name__ == "__main__":
    live(_main)
