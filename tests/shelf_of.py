"""A registry to write into, as a folder or as a git repository, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gitrepo import Repo

from hermes_dist.model.registry import FOLDER, entry_path


def entry(name: str, source: str, *versions: dict[str, Any], **more: Any) -> bytes:
    data = {"name": name, "title": name, "source": source, "versions": list(versions), **more}
    return json.dumps(data).encode()


class Shelf:
    """A registry in a folder.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / FOLDER).mkdir(parents=True)
        (path / "registry.json").write_text('{"format": 1}')

    def put(self, name: str, source: str, *versions: dict[str, Any], **more: Any) -> Path:
        file = self.path / entry_path(name)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(entry(name, source, *versions, **more))
        return file


class GitShelf:
    """A registry in a bare git repository."""

    def __init__(self, path: Path) -> None:
        self.repo = Repo(path, bare=True)
        self.url = f"file://{path}"
        self.repo.commit({"registry.json": '{"format": 1}'})

    def put(self, name: str, source: str, *versions: dict[str, Any], **more: Any) -> str:
        return self.repo.commit({entry_path(name): entry(name, source, *versions, **more)})
