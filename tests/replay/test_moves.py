"""Histories whose package moves with every version, replayed: they end as if it had never moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from histories import HISTORIES, Version
from test_replay import ALL, Home, Played, make_it_ones_own

from hermes_dist.errors import DistError
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import install as ops

FOLDERS = ("", "agents/bot", "bots", "agents/bot", "bots")
MOVED = [
    "renamed folders",
    "name and version change",
    "mcp and cron change shape",
    "modes change",
    "crlf",
]


def moving(versions: list[Version]) -> list[Version]:
    """The same history, each version in another folder of the repository, beside a package that stays."""
    beside = {
        "agents/other/distribution.yaml": b"name: other\n",
        "agents/other/SOUL.md": b"Other.\n",
    }
    return [
        Version(
            {
                **{f"{folder}/{path}".lstrip("/"): data for path, data in version.files.items()},
                **beside,
            },
            frozenset(f"{folder}/{path}".lstrip("/") for path in version.executable),
        )
        for folder, version in zip(FOLDERS, versions, strict=False)
    ]


@pytest.mark.parametrize("history", MOVED)
def test_a_package_that_moves_with_every_version_ends_as_if_it_had_stayed(
    history: str, tmp_path: Path
) -> None:
    versions = HISTORIES[history]()
    (tmp_path / "stays").mkdir()
    (tmp_path / "moves").mkdir()
    stays, moves = (
        Played.of(versions, tmp_path / "stays"),
        Played.of(moving(versions), tmp_path / "moves"),
    )
    one, other = stays.install(1, "one"), moves.install(1, "other")
    for home in (one, other):
        make_it_ones_own(home)
    for number in range(2, len(versions) + 1):
        one.update(number)
        before = other.picture()
        with pytest.raises(DistError, match="any more") as told:
            other.update(number)
        assert other.picture() == before
        source = f"file://{moves.repo.path}//{FOLDERS[number - 1]}".rstrip("/") + f"#v{number}"
        assert told.value.command == f"install '{source}' --name other --force"
        assert "install " not in told.value.hint
        ops.install(
            moves.ctx, source, Request(choices=ALL), lambda _: True, name="other", force=True
        )
        assert other.lock.source == source
        assert here(other) == here(one)
        assert [c.place for c in other.lock.conflicts] == [c.place for c in one.lock.conflicts]
        assert other.lock.base == one.lock.base


def here(home: Home) -> dict[str, bytes]:
    """A home's files, with the name of its profile out of the way."""
    return {path: data.replace(b"other", b"one") for path, data in home.files().items()}
