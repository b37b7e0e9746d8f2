"""A home and its source for tests of whole verbs, in process, with real git."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from gitrepo import Repo

from hermes_dist.brand import HERMES, Layout
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.side import Side
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package import resolve as settling
from hermes_dist.ops.package import rollback as going_back
from hermes_dist.ops.package.update import update

BOT = ProfileName("bot")
GO = Request(choices=Choices(allow_effects=True))
LINES = "".join(f"Rule {n} stands.\n" for n in range(1, 31))
FIRST: Mapping[str, str] = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\n",
    "SOUL.md": "# Bot\n" + LINES,
    "config.yaml": "# ours\nmodel:\n  default: small\n  max_tokens: 1\ntoolsets: [web]\n",
    "skills/hello/SKILL.md": "---\nname: hello\n---\nSay hello.\nBe kind.\n",
    "skills/bye/SKILL.md": "---\nname: bye\n---\nSay bye.\n",
}


def yes(_proposal: Proposal) -> bool:
    return True


class Story:
    """A source, and the profile ``bot`` that follows it.

    Args:
        tmp: Where everything lies.
        files: The first version; empty for none.
    """

    def __init__(self, tmp: Path, files: Mapping[str, str | bytes] = FIRST) -> None:
        self.repo = Repo(tmp / "source", bare=True)
        self.root = tmp / ".hermes"
        self.root.mkdir(exist_ok=True)
        self.home = self.root / "profiles" / "bot"
        self.url = f"file://{self.repo.path}"
        self.commits = [self.repo.commit(files)] if files else []

    @property
    def ctx(self) -> Context:
        return Context(HERMES, Layout(HERMES, self.root, self.root.parent), dict(os.environ))

    @property
    def lock(self) -> Lock:
        lock = open_home(self.ctx, BOT).lock
        assert lock is not None
        return lock

    def ship(self, files: Mapping[str, str | bytes | None]) -> str:
        """A new version upstream."""
        self.commits.append(self.repo.commit(files))
        return self.commits[-1]

    def install(self, **more: Any) -> Outcome:
        return installing.install(self.ctx, self.url, GO, yes, name="bot", **more)

    def update(self, request: Request = GO) -> Outcome:
        return update(self.ctx, BOT, request, yes)

    def rollback(self, to: int | None = None, *, exact: bool = False) -> Outcome:
        return going_back.rollback(self.ctx, BOT, GO, yes, to=to, exact=exact)

    def abort(self) -> Outcome:
        return going_back.abort(self.ctx, BOT, GO, yes)

    def resolve(self, side: Side, place: str = "", *, always: bool = False) -> Outcome:
        return settling.resolve(self.ctx, BOT, side, Request(), yes, place=place, always=always)

    def read(self, path: str) -> str:
        return (self.home / path).read_text()

    def write(self, path: str, text: str) -> None:
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def edit(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert old in text, (path, old, text)
        self.write(path, text.replace(old, new))

    def files(self) -> dict[str, bytes]:
        """Every file of the home but the lockfile and what is private."""
        return contents(self.home)


def contents(home: Path) -> dict[str, bytes]:
    found = {p.relative_to(home).as_posix(): p.read_bytes() for p in home.rglob("*") if p.is_file()}
    beside = {"distribution.lock", "cron/.jobs.lock"}
    return {p: data for p, data in found.items() if not p.startswith(".dist/") and p not in beside}


def agent_installs(story: Story, files: Mapping[str, str | bytes], *, noted: str = "") -> None:
    """Lay files out as the agent's own installer does: as shipped, the manifest dumped again."""
    for path, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (story.home / path).parent.mkdir(parents=True, exist_ok=True)
        (story.home / path).write_bytes(data)
    known = (
        "name",
        "version",
        "description",
        "hermes_requires",
        "author",
        "license",
        "env_requires",
        "distribution_owned",
    )
    manifest = {k: v for k, v in yaml.safe_load(files["distribution.yaml"]).items() if k in known}
    manifest |= {
        "name": "bot",
        "source": noted or story.url,
        "installed_at": "2026-01-01T00:00:00+00:00",
    }
    story.write("distribution.yaml", yaml.safe_dump(manifest, sort_keys=False))
    for folder in ("memories", "sessions"):
        (story.home / folder).mkdir(exist_ok=True)
