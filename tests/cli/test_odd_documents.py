"""Documents that YAML and JSON allow and hardly anybody writes: no command takes them for a bug of its own."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from pathlib import Path

import forked
import pytest
from budget import examples
from gitrepo import Repo

KEYS = ["1", "true", "null", "2026-01-01", "2026-01-01 10:00:00Z", "1.5", "''", "' '", "a b"]
KEYS += ['"a.b"', '"[x]"', "é", "name", "id", "command", "enabled", "~", "no", ".inf"]
VALUES = ["1", "-1", "1.5", "1e3", ".inf", ".nan", "true", "no", "y", "null", "2026-01-01", "''"]
VALUES += ["2026-01-01T10:00:00+02:00", "x", "010", "1_000", "12:30", '"\\0"', '"\\e[1m"', "'${X}'"]
VALUES += ["[{id: a}, {id: a}]", "{1: 2, true: 3, 2026-01-01: 5}", "[1, [2, [3]]]", "!!str 5", "*a"]
PLACES = ["model", "agent.max_turns", "display.skin", "terminal", "hooks.pre_tool_call", "plugins"]
PLACES += ["mcp_servers", "mcp_servers.a", "mcp_servers.a.env", "mcp_servers.a.args", "approvals"]
PLACES += ["quick_commands", "quick_commands.q", "custom_providers", "providers.p", "skills", "x"]
IDS = ["a", "a", "b", None, "", 1, [], {}, True]
COMMANDS = """\
validate {repo}
status bot
status bot --json
diff bot
list --json
info bot
why bot config.yaml
update bot -n
update bot -y
status bot
resolve bot --list --json
resolve bot --theirs --allow-effects
changes bot --json
keep bot config.yaml
pack bot --list
publish bot -n
export bot -o {away}/x.tar.gz
import {away}/x.tar.gz --name again -y
export bot --as plugin -o {away}/plugin
create copy --clone-from bot --clone
rollback bot -y
undo bot -y
snapshot
doctor
uninstall bot -y
"""


class Writer:
    """Writes packages of such documents.

    Args:
        number: Which ones; the same number gives the same ones.
    """

    def __init__(self, number: int) -> None:
        self.rng = random.Random(number)

    def value(self, depth: int = 2) -> str:
        kind = self.rng.random() if depth else 1
        parts = range(self.rng.randint(0, 3))
        if kind < 0.25:
            rows = (f"{self.rng.choice(KEYS)}: {self.value(depth - 1)}" for _ in parts)
            return f"{{{', '.join(rows)}}}"
        if kind < 0.4:
            return f"[{', '.join(self.value(depth - 1) for _ in parts)}]"
        return self.rng.choice(VALUES)

    def settings(self) -> str:
        """Some settings, each section as a map in one line."""
        lines = [f"{self.rng.choice(KEYS)}: {self.value()}"]
        for place in self.rng.sample(PLACES, 4):
            first, *rest = place.split(".")
            for key in rest:
                first += f": {{{key}"
            lines.append(f"{first}: {self.value()}{'}' * len(rest)}")
        seen: dict[str, str] = {line.partition(":")[0]: line for line in lines}
        return "".join(f"{line}\n" for line in seen.values())

    def jobs(self) -> str:
        rows = [{"id": self.rng.choice(IDS), "prompt": "p", "at": None} for _ in range(2)]
        return json.dumps({"jobs": self.rng.choice([rows, {"a": rows[0]}, [rows[0], 3], None])})

    def files(self, version: str) -> Mapping[str, str]:
        front = f"name: x\ndescription: {self.value()}\nmetadata: {self.value()}\n"
        return {
            "distribution.yaml": f"name: bot\nversion: {version}\n{self.rng.choice(KEYS)}: {self.value()}\n",
            "SOUL.md": f"You are {version}.\n",
            "config.yaml": self.settings(),
            "skills/x/SKILL.md": f"---\n{front}---\nDo it.\n",
            "cron/jobs.json": self.jobs(),
        }


@pytest.mark.parametrize("number", range(examples(60, least=3)))
def test_no_command_ends_as_a_bug(tmp_path: Path, number: int) -> None:
    writer, repo = Writer(number), Repo(tmp_path / "bot")
    away = tmp_path / "away"
    away.mkdir()
    env = {**os.environ, "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}

    def run(line: str) -> int:
        words = [word.format(repo=repo.path, away=away) for word in line.split()]
        done = forked.said(["hermes-dist", *words], env, tmp_path)
        assert "a bug in this program" not in done.stderr + done.stdout, (line, done.stderr)
        assert "Traceback" not in done.stderr, (line, done.stderr)
        return done.returncode

    repo.commit(writer.files("1.0.0"))
    if run(f"install {repo.path.as_uri()} -y --allow-effects"):
        repo.commit({"distribution.yaml": "name: bot\nversion: 1.0.0\n"})
        run(f"install {repo.path.as_uri()} -y --allow-effects")
    home = tmp_path / ".hermes/profiles/bot"
    (home / "config.yaml").write_text(writer.settings())
    (home / "cron/jobs.json").write_text(writer.jobs())
    repo.commit({**writer.files("1.1.0"), "distribution.yaml": "name: bot\nversion: 1.1.0\n"})
    for line in COMMANDS.splitlines():
        run(line)
