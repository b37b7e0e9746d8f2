"""Machines of authors and users for tests: each with its own root, the same repositories."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from story import GO, yes

from hermes_dist.brand import HERMES, Layout
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.authoring import contribute as giving
from hermes_dist.ops.authoring import publish as publishing
from hermes_dist.ops.authoring.author import Draft, draft, place_of, write_manifest
from hermes_dist.ops.authoring.publication import PublishOptions
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package import update as updating

BOT = ProfileName("bot")
SOUL = "# Bot\n" + "".join(f"Rule {n} stands.\n" for n in range(1, 31))
LIVE: Mapping[str, str] = {
    "SOUL.md": SOUL,
    "config.yaml": "# mine\nmodel:\n  default: small\n  max_tokens: 1\ntoolsets: [web]\n",
    "skills/hello/SKILL.md": "---\nname: hello\ndescription: Says hello.\n---\nSay hello.\nBe kind.\n",
}


def agreed(_made: object) -> bool:
    return True


class Machine:
    """One person's machine.

    Args:
        folder: Where its root lies.
        env: More of the environment.
    """

    def __init__(self, folder: Path, **env: str) -> None:
        self.root = folder / ".hermes"
        self.root.mkdir(parents=True)
        self.home = self.root / "profiles" / "bot"
        self.env = {**os.environ, "HOME": str(folder), **env}

    @property
    def ctx(self) -> Context:
        return Context(HERMES, Layout(HERMES, self.root, self.root.parent), self.env)

    @property
    def lock(self) -> Lock:
        lock = open_home(self.ctx, BOT).lock
        assert lock is not None
        return lock

    def fill(self, files: Mapping[str, str | bytes] = LIVE) -> None:
        for path, text in files.items():
            self.write(path, text)

    def init(self, **given: Any) -> None:
        ctx = self.ctx
        made = draft(
            ctx,
            place_of(ctx, "bot"),
            Draft(**{"name": "", "description": "A bot.", "license": "MIT", **given}),
        )
        write_manifest(ctx, BOT, made)

    def publish(self, to: str = "", **release: Any) -> publishing.Published:
        return publishing.publish(self.ctx, BOT, PublishOptions(to=to, **release), agreed)

    def install(self, source: str, **more: Any) -> Outcome:
        return installing.install(self.ctx, source, GO, yes, name="bot", **more)

    def update(self) -> Outcome:
        return updating.update(self.ctx, BOT, GO, yes)

    def contribute(self, **gift: Any) -> giving.Contributed:
        return giving.contribute(self.ctx, BOT, giving.Gift(**gift), agreed)

    def read(self, path: str) -> str:
        return (self.home / path).read_text()

    def yaml(self, path: str) -> Any:
        return yaml.safe_load(self.read(path))

    def write(self, path: str, text: str | bytes) -> None:
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)

    def edit(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert old in text, (path, old, text)
        self.write(path, text.replace(old, new))
