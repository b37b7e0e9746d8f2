"""The embedded git client as a tool: what to run if the git program is missing.

It serves public hosts, ssh where there is an ssh program, and local repositories.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from hermes_dist.light import TYPE_CHECKING
from hermes_dist.model.paths import RelPath
from hermes_dist.world.child import Command
from hermes_dist.world.ports import RefUpdate
from hermes_dist.world.trace import note

if TYPE_CHECKING:
    from hermes_dist.world.git.reach import Reach

_PROGRAM = "hermes_dist.world.git.dulwich_program"


class DulwichTool:
    """Commands of the embedded client; the same outputs as :class:`hermes_dist.world.git.cli.CliTool`.

    Args:
        env: The user's environment.
    """

    name = "dulwich"

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = {k: v for k, v in env.items() if not k.startswith("GIT_")} | {
            "SSH_ASKPASS_REQUIRE": "never"
        }
        self._who = {
            k: v for k, v in env.items() if k.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_"))
        }
        self._ssh = env.get("GIT_SSH_COMMAND") or "ssh -o BatchMode=yes"

    def _command(self, verb: str, **request: object) -> Command:
        note("git", verb, request.get("url", ""))  # its command line names no verb
        argv = (sys.executable, "-P", "-W", "ignore", "-m", _PROGRAM)
        return Command(argv, self._env, json.dumps({"verb": verb, **request}).encode() + b"\n")

    def refs(self, url: str) -> Command:
        return self._command("refs", url=url, ssh=self._ssh)

    def fetch(
        self, cache: Path, url: str, source: str, target: str, reach: Reach, *, talk: bool
    ) -> Command:
        command = self._command(
            "fetch",
            cache=str(cache),
            url=url,
            ssh=self._ssh,
            source=source,
            target=target,
            depth=reach.depth,
            since=reach.since,
            talk=talk,
        )
        return command._replace(private=True)

    def settings(self, names: str) -> None:
        """Its settings can't be asked for."""

    def traced(self, command: Command) -> None:
        """There is nothing more to hear: its errors name the address."""

    def tree(self, cache: Path, commit: str, subfolder: RelPath | None) -> Command:
        return self._command("tree", cache=str(cache), commit=commit, subfolder=subfolder or "")

    def trees(self, cache: Path, commit: str, folders: Sequence[RelPath]) -> Command:
        return self._command("trees", cache=str(cache), commit=commit, folders=folders)

    def changes(self, cache: Path, old: str, new: str, subfolder: RelPath | None) -> None:
        """It compares no trees; whoever asks reads the whole commit."""

    def blobs(self, cache: Path) -> Command:
        return self._command("blobs", cache=str(cache))

    def walk(self, cache: Path, commit: str, limit: int) -> Command:
        return self._command("walk", cache=str(cache), commit=commit, limit=limit)

    def known(self, cache: Path, tips: Sequence[str], ends: Path) -> Command:
        return self._command("known", cache=str(cache), tips=[*tips], ends=str(ends))

    def line(self, cache: Path, commit: str, count: int) -> None:
        """Whoever asks walks the history."""

    def join(self, cache: Path) -> None:
        """It joins no packs: a git that comes later does."""

    def forget(self, cache: Path, refs: Sequence[str]) -> None:
        """It forgets nothing."""

    def identity(self, who: str) -> Command:
        name, mail = (self._who.get(f"GIT_{who}_{what}", "") for what in ("NAME", "EMAIL"))
        return self._command("identity", name=name, mail=mail)

    def push(self, cache: Path, url: str, updates: Sequence[RefUpdate], *, talk: bool) -> Command:
        rows = [[one.name, one.old, one.new] for one in updates]
        return self._command(
            "push", cache=str(cache), url=url, ssh=self._ssh, updates=rows, talk=talk
        )

    def patch(self, cache: Path, commit: str) -> Command:
        return self._command("patch", cache=str(cache), commit=commit)
