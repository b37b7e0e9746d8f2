"""A machine with one packaged profile, an owner, and an agent that writes down what it is asked to send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from gitrepo import Repo

from hermes_dist.brand import HERMES, Layout
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package.install import install

BOT = ProfileName("bot")
AGENT = """#!/bin/sh
# {sends}/N holds what the Nth call was asked to send
case " $* " in *" send "*) ;; *) echo "Hermes Agent v0.19.0"; exit 0 ;; esac
n=$(ls "$HOME/sends" | wc -l)
mkdir -p "$HOME/sends/$n"
printf '%s\\n' "$@" > "$HOME/sends/$n/words"
for word in "$@"; do case "$word" in --file=*) cat "${{word#--file=}}" > "$HOME/sends/$n/text" ;; esac; done
[ -e "$HOME/dies" ] && kill -9 $PPID
[ -e "$HOME/fails" ] && {{ echo "hermes send: no such chat" >&2; exit 1; }}
exit 0
"""


class Chatting:
    """One machine.

    Args:
        home: The user's home.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        agent = home / "agent" / "hermes"
        agent.parent.mkdir()
        (home / "sends").mkdir()
        agent.write_text(AGENT.format(sends="$HOME/sends"))
        agent.chmod(0o755)
        self.env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "HERMES_AGENT_BIN": str(agent)}
        self.repo = Repo(home / "repo")
        self.number = 0
        self.release()
        source = f"file://{self.repo.path}"
        install(self.ctx, source, Request(), lambda _: True, name="bot")

    @property
    def ctx(self) -> Context:
        return Context(HERMES, Layout(HERMES, self.home / ".hermes", self.home), self.env)

    def release(self, files: Mapping[str, str | None] | None = None) -> None:
        """Publish a version with these files besides its manifest."""
        self.number += 1
        soul = "You are a bot.\n\nBe kind.\n\nBe brief.\n"
        manifest = f"name: bot\nversion: 1.{self.number}.0\n"
        given = {"SOUL.md": soul, **(files or {})}
        self.repo.commit({"distribution.yaml": manifest, **given})
        self.repo.tag(f"v1.{self.number}.0")

    def sent(self) -> list[tuple[list[str], str]]:
        """The words and the text of each message."""
        found = sorted((self.home / "sends").iterdir(), key=lambda path: int(path.name))
        return [
            ((each / "words").read_text().splitlines(), (each / "text").read_text())
            for each in found
        ]

    def state(self, name: str) -> dict[str, object]:
        """A file of the watch."""
        loaded: dict[str, object] = json.loads((self.ctx.layout.watch / name).read_text())
        return loaded
