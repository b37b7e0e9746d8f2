"""``--json`` in every state of a profile: one object each, as its schema says."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import forked
import pytest
from budget import examples
from gitrepo import Repo
from json_schemas import checked

from hermes_dist.cli.package.recap import State as Became
from hermes_dist.decide.authoring.learned import Sign, Who
from hermes_dist.decide.changes import How
from hermes_dist.decide.neighbours.kinds import Neighbour
from hermes_dist.decide.plugins.marker import Whose
from hermes_dist.decide.plugins.troubles import Trouble
from hermes_dist.decide.profiles.findings import State as Checked
from hermes_dist.decide.team.plan import ActionKind
from hermes_dist.decide.watch.timers import TimerKind
from hermes_dist.model.lock_head import Demand
from hermes_dist.model.lock_package import OffCause
from hermes_dist.model.plan import ConflictKind, EffectKind
from hermes_dist.model.registry import RegistryKind
from hermes_dist.model.source import PinKind
from hermes_dist.ops.team.apply import State as TeamState
from hermes_dist.ops.transfer.machine_settings import StaysAs
from hermes_dist.world.agent.find import GatewayState
from hermes_dist.world.load import data_folder

FIRST: Mapping[str, str | bytes | None] = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\nenv_requires: [{name: KEY, description: A key}]\n",
    "SOUL.md": "# Bot\nBe kind.\n",
    "config.yaml": "model:\n  default: small\napprovals:\n  mode: manual\n",
    "skills/a/SKILL.md": "---\nname: a\n---\nBody.\n",
    "skills/a/ref.md": "A reference.\n",
    "skills/a/logo.png": b"\x89PNG\x00\xff",
    "hooks/h/HOOK.yaml": "name: h\nevents: [x]\n",
    "hooks/h/handler.py": "WAIT = 5\n",
    "mcp.json": json.dumps({"mcpServers": {"web": {"command": "npx", "args": ["a"]}}}),
    "cron/jobs.json": json.dumps(
        {"jobs": [{"id": "aaaaaaaaaaaa", "name": "j", "prompt": "p", "schedule": "every 2h"}]}
    ),
}
SECOND: Mapping[str, str | bytes | None] = {
    "SOUL.md": "# Bot\nBe brief.\n",
    "config.yaml": "model:\n  default: large\napprovals:\n  mode: smart\n",
    "skills/a/ref.md": None,
    "hooks/h/handler.py": "WAIT = 6\n",
}
READS: tuple[tuple[str, ...], ...] = (
    ("status", "bot"),
    ("diff", "bot"),
    ("approve", "bot", "--list"),
    ("diff", "bot", "--upstream"),
    ("resolve", "bot", "--list"),
    ("update", "bot", "-n"),
    ("update", "bot", "-y"),
    ("rollback", "bot", "-n"),
    ("uninstall", "bot", "-n"),
    ("import", "{archive}", "--name", "bot", "-n"),
    ("status", "--all"),
    ("outdated",),
    ("info", "bot"),
    ("verify", "bot"),
    ("history", "bot"),
    ("show", "bot"),
    ("list",),
    ("doctor",),
    ("validate", "bot"),
    ("pack", "bot", "--list"),
    ("contribute", "bot", "-n"),
    ("adopt", "bot", "-y"),
    ("export", "bot", "-o", "{out}"),
    ("gateways", "list"),
    ("trust", "list"),
    ("trust", "require", "bot"),
    ("gc",),
    ("hold", "bot"),
    ("resolve", "bot", "--theirs"),
    ("approve", "bot", "-y"),
)
"""Commands from those that show most of a state to those that show least; each ends within a copy of the home."""


class World:
    """A machine with a package installed in the profile ``bot``, everything approved."""

    def __init__(self, tmp: Path) -> None:
        self.repo = Repo(tmp / "source", bare=True)
        self.repo.commit(FIRST)
        self.root = tmp / "home"
        self.root.mkdir()
        self.bot = self.root / ".hermes" / "profiles" / "bot"
        self.run("install", f"file://{self.repo.path}", "-y", "--name", "bot", "--allow-effects")
        assert self.bot.is_dir()
        self.archive = tmp / "bot.tar.gz"
        self.run("export", "bot", "-o", str(self.archive))

    def run(self, *words: str) -> Any:
        env = {**os.environ, "HOME": str(self.root), "PATH": "/usr/bin:/bin"}
        return forked.run(["hermes-dist", *words], env, self.root)

    def write(self, path: str, text: str) -> None:
        file = self.bot / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def jobs(self, change: Callable[[list[dict[str, Any]]], None]) -> None:
        file = self.bot / "cron" / "jobs.json"
        data = json.loads(file.read_text())
        change(data["jobs"])
        file.write_text(json.dumps(data))


def _renamed(world: World) -> None:
    shutil.move(world.bot / "skills/a/ref.md", world.bot / "skills/a/reference.md")
    shutil.move(world.bot / "skills/a/logo.png", world.bot / "skills/a/icon.png")


def _edited(world: World) -> None:
    world.write("SOUL.md", "# Bot\nBe mine.\n")
    world.write("config.yaml", "model:\n  default: mine\n# a comment\n")
    world.write("skills/mine/SKILL.md", "---\nname: mine\n---\nMine.\n")
    (world.bot / "skills/a/ref.md").unlink()
    (world.bot / "skills/a/logo.png").write_bytes(b"\x00\xfe\xff")
    (world.bot / "hooks/h/handler.py").chmod(0o755)


def _in_conflict(world: World) -> None:
    _edited(world)
    world.write("skills/a/ref.md", "My reference.\n")
    world.repo.commit(SECOND)
    world.run("update", "bot", "-y")


def _waiting(world: World) -> None:
    world.repo.commit(SECOND)
    world.run("update", "bot", "-y")


def _behind(world: World) -> None:
    world.repo.commit(SECOND)


def _paused(world: World) -> None:
    world.jobs(lambda jobs: jobs[0].update(enabled=False, state="paused", paused_reason="user"))
    world.write("config.yaml", (world.bot / "config.yaml").read_text().replace("true", "false"))


def _own_jobs(world: World) -> None:
    world.jobs(lambda jobs: jobs.append({**jobs[0], "id": "b" * 12, "name": "mine"}))


def _held(world: World) -> None:
    _behind(world)
    world.run("update", "bot", "-y")
    world.run("rollback", "bot", "-y")


def _in_part(world: World) -> None:
    _behind(world)
    world.run("update", "bot", "-y", "--only", "soul")


def _without_lock(world: World) -> None:
    (world.bot / "distribution.lock").unlink()


def _revoked(world: World) -> None:
    world.run("approve", "bot", "--revoke", "j", "-y")


def _unreadable(world: World) -> None:
    world.write("config.yaml", "a: [\n")
    world.write("cron/jobs.json", "{")
    world.write("distribution.yaml", "- no\n")


def _gone(world: World) -> None:
    shutil.rmtree(world.repo.path)


def _uninstalled(world: World) -> None:
    world.run("uninstall", "bot", "-y")


def _linked(world: World) -> None:
    (world.bot / "SOUL.md").unlink()
    (world.bot / "SOUL.md").symlink_to(world.bot / "config.yaml")


STATES: Mapping[str, Callable[[World], None]] = {
    "as shipped": lambda _world: None,
    "files renamed": _renamed,
    "files edited": _edited,
    "in conflict": _in_conflict,
    "waiting": _waiting,
    "behind": _behind,
    "paused": _paused,
    "jobs of one's own": _own_jobs,
    "held": _held,
    "in part": _in_part,
    "without a lockfile": _without_lock,
    "revoked": _revoked,
    "unreadable": _unreadable,
    "source gone": _gone,
    "uninstalled": _uninstalled,
    "a link": _linked,
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    with pytest.MonkeyPatch.context() as patch:
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "Ada Author")
            patch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
        return World(tmp_path_factory.mktemp("states"))


@pytest.mark.parametrize("state", STATES)
def test_every_command_tells_every_state_as_its_schema_says(
    state: str, template: World, tmp_path: Path
) -> None:
    world = template
    shutil.copytree(template.repo.path, kept := tmp_path / "source", symlinks=True)
    shutil.copytree(template.root, before := tmp_path / "before", symlinks=True)
    try:
        STATES[state](world)
        shutil.copytree(world.root, made := tmp_path / "made", symlinks=True)
        for words in READS[: examples(len(READS), least=3)]:
            _put_back(made, world.root)
            told = [w.format(archive=world.archive, out=tmp_path / "out.tar.gz") for w in words]
            done = world.run(*told, "--json")
            found = checked(done)
            assert found["schema"] != "hermes-dist/error/1" or done.returncode, (words, found)
    finally:
        _put_back(before, world.root)
        _put_back(kept, world.repo.path)


def _put_back(kept: Path, to: Path) -> None:
    if to.exists():
        shutil.rmtree(to)
    shutil.copytree(kept, to, symlinks=True)


ENUMS: tuple[type[StrEnum], ...] = (
    How,
    Demand,
    OffCause,
    EffectKind,
    RegistryKind,
    PinKind,
    GatewayState,
    ConflictKind,
    Who,
    Sign,
    Became,
    Checked,
    TimerKind,
    Whose,
    Trouble,
    StaysAs,
    ActionKind,
    TeamState,
    Neighbour,
)
OURS_ALONE = (
    {"added", "changed", "deleted"},  # what a step does to a path: it has no moves
    {"current", "behind", "held", "none", "error"},
    {"same", "differs", "unreachable", "untold"},
    {"problem", *map(str, Checked)},  # what a check found, and the states of what it did not
    {"update", "approve", "resolve"},  # what is asked for in a chat
    {"base", "pack"},  # the ranks of layers, without that of the package itself
)


def _enums(node: Any) -> Iterator[set[str]]:
    if isinstance(node, dict):
        if "enum" in node:
            yield set(node["enum"]) - {"", None}  # no choice, or nothing to choose for
        for part in node.values():
            yield from _enums(part)
    elif isinstance(node, list):
        for part in node:
            yield from _enums(part)


def test_every_word_that_an_output_may_hold_is_in_its_schema() -> None:
    said = [{str(one) for one in each} for each in ENUMS]
    shared = data_folder("schema") / "common.schema.json"
    for path in (shared, *shared.parent.glob("output-*.schema.json")):
        for words in _enums(json.loads(path.read_text("utf-8"))):
            assert words in said or words in OURS_ALONE, (path.name, words)
