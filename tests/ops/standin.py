"""Stand-ins: a gateway that behaves as the agent's does, a service manager that writes down what it is asked."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GATEWAY = """
import json, os, signal, sys, time
from pathlib import Path
home, stubborn = Path(sys.argv[2]), sys.argv[3] == "stubborn"
if stubborn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
start = int(Path("/proc/self/stat").read_text().split()[21])
record = {"pid": os.getpid(), "start_time": start, "kind": "hermes-gateway", "argv": sys.argv}
(home / "gateway.pid").write_text(json.dumps(record))
(home / "gateway_state.json").write_text(json.dumps({**record, "gateway_state": "running"}))
print("ready", flush=True)
number = 0
while True:
    number += 1
    (home / "logs").mkdir(parents=True, exist_ok=True)
    (home / "logs" / "gateway.log").open("a").write(f"{number}\\n")
    time.sleep(0.002)
"""
SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$HOME/systemctl.log"
wants="$HOME/.config/systemd/user/default.target.wants"
case "$2" in
  enable) [ -d "$wants" ] || mkdir -p "$wants"; ln -sf "../$3" "$wants/$3" ;;
  disable) [ ! -h "$wants/$3" ] || rm -f "$wants/$3" ;;
esac
"""


@contextmanager
def gateway(home: Path, *, stubborn: bool = False) -> Iterator[subprocess.Popen[str]]:
    """A gateway of a home: it has its pid file, and writes into the home by its path all the time."""
    words = [
        sys.executable,
        "-c",
        GATEWAY,
        "gateway",
        str(home),
        "stubborn" if stubborn else "kind",
    ]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def systemctl(folder: Path) -> Path:
    """Make a service manager."""
    program = folder / "systemctl"
    folder.mkdir(parents=True, exist_ok=True)
    program.write_text(SYSTEMCTL)
    program.chmod(0o755)
    return program


def settle() -> None:
    """Give a process that should be gone the time to show that it is not."""
    time.sleep(0.1)
