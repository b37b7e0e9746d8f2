"""``python -m hermes_dist``: the front door's program, and a way to run every verb."""

from __future__ import annotations

import sys

from hermes_dist.cli.entry.front import main
from hermes_dist.cli.entry.process import live

if __name__ == "__main__":
    live(lambda: sys.exit(main(sys.argv[1:])))
