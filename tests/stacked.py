"""A profile whose package stands on a base and on a pack, each from a repository of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from gitrepo import Repo
from story import Story


def manifest(name: str, **more: object) -> str:
    return yaml.safe_dump({"name": name, "version": "1.0.0", **more}, sort_keys=False)


def packs(
    names: Iterable[str], more: Callable[[str], Mapping[str, str]] = lambda _: {}
) -> dict[str, str]:
    """The files of packs that lie beside a package, each with a skill.

    Args:
        names: The packs.
        more: What else is in one, by its name.
    """
    return {
        f"{name}/{path}": text
        for name in names
        for path, text in {
            "distribution.yaml": manifest(name),
            f"skills/{name}/SKILL.md": f"---\nname: {name}\n---\nDo.\n",
            **more(name),
        }.items()
    }


class Stack(Story):
    """A profile whose package extends ``base`` and depends on the pack ``tools``."""

    def __init__(self, tmp: Path, own: Mapping[str, str] | None = None, **more: object) -> None:
        self.base, self.tools = Repo(tmp / "base", bare=True), Repo(tmp / "tools", bare=True)
        self.release(
            self.base,
            "1.0.0",
            {
                "distribution.yaml": manifest("base"),
                "SOUL.md": "# Team\nBe kind.\n",
                "config.yaml": "# team\nmodel: {default: small}\nagent: {max_turns: 10}\n",
                "skills/hello/SKILL.md": "---\nname: hello\n---\nSay hello.\n",
            },
        )
        self.release(
            self.tools,
            "1.0.0",
            {
                "distribution.yaml": manifest("tools"),
                "config.yaml": "agent: {max_turns: 20}\n",
                "skills/find/SKILL.md": "---\nname: find\n---\nFind it.\n",
                "mcp.json": '{"mcpServers": {"web": {"command": "npx", "args": ["web"]}}}\n',
            },
        )
        wanted = {
            "extends": f"{self.url_of(self.base)}#^1",
            "dependencies": [f"{self.url_of(self.tools)}#^1"],
        }
        files = {"distribution.yaml": manifest("bot", **{**wanted, **more}), **(own or {})}
        super().__init__(tmp, files)

    @staticmethod
    def url_of(repo: Repo) -> str:
        return f"file://{repo.path}"

    @staticmethod
    def release(repo: Repo, version: str, files: Mapping[str, str | None]) -> None:
        repo.tag(f"v{version}", repo.commit(files))

    @property
    def config(self) -> dict[str, Any]:
        data = yaml.safe_load(self.read("config.yaml"))
        assert isinstance(data, dict)
        return data
