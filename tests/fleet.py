"""A fleet of stand-in gateways below a fresh home, and the processes they leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import forked

STANDIN = Path(__file__).parent / "standin" / "hermes.py"
PROGRAM = Path(sys.executable).parent / "hermes-dist"


class Fleet:
    """Profiles below HOME, and an installed agent that is the stand-in."""

    def __init__(self, home: Path, agent_folder: str = ".local/bin") -> None:
        self.home = home
        self.root = home / ".hermes"
        self.bin = home / agent_folder
        self.bin.mkdir(parents=True)
        agent = self.bin / "hermes"
        agent.write_text(f"#!{sys.executable} -IS\n{STANDIN.read_text('utf-8')}", "utf-8")
        agent.chmod(0o755)
        self.root.mkdir()
        self.env = {
            "HOME": str(home),
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "HERMES_AGENT_BIN": str(agent),
            "HERMES_DIST_SERVICES": "none",
        }

    def profile(self, name: str, mode: str = "", **variables: str) -> Path:
        home = self.root if name == "default" else self.root / "profiles" / name
        home.mkdir(parents=True, exist_ok=True)
        (home / "config.yaml").touch()
        if mode:
            (home / "standin").write_text(mode)
        if variables:
            (home / ".env").write_text(
                "".join(f"{key}={value}\n" for key, value in variables.items())
            )
        return home

    def run(
        self, *words: str, code: int | None = 0, **env: str
    ) -> subprocess.CompletedProcess[str]:
        done = forked.said([str(PROGRAM), "gateways", *words], {**self.env, **env}, self.home)
        assert code is None or done.returncode == code, (
            words,
            done.returncode,
            done.stdout,
            done.stderr,
        )
        assert "bug in this program" not in done.stderr, done.stderr
        return done

    def json(self, *words: str, code: int | None = 0, **env: str) -> Any:
        return json.loads(self.run(*words, "--json", code=code, **env).stdout)

    def outcomes(self, *words: str, code: int | None = 0, **env: str) -> dict[str, str]:
        return {
            row["profile"]: row["outcome"]
            for row in self.json(*words, code=code, **env)["gateways"]
        }

    def processes(self) -> list[int]:
        """The stand-ins of this fleet that live."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                alive = (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
                words = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if alive and os.fsencode(str(self.bin / "hermes")) in words:
                found.append(int(folder.name))
        return found

    def end(self) -> None:
        for _ in range(50):
            left = self.processes()
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            if not left:
                return
        raise AssertionError("a stand-in can't be ended")


def fleet_of(home: Path) -> Iterator[Fleet]:
    """A fleet that leaves no process behind, whatever happens."""
    fleet = Fleet(home)
    try:
        yield fleet
    finally:
        fleet.end()
