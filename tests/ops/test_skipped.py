"""Somebody writes a file at the very moment of an update: it stays, and the next update merges it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_dist.brand import HERMES
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package import install as ops
from hermes_dist.ops.package.update import update
from hermes_dist.world.ports import Fs
from hermes_dist.world.transaction import realize
from tests.gitrepo import Repo


def test_a_file_written_inside_the_window_stays_and_is_merged_by_the_next_update(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo(tmp_path / "bot")
    repo.commit(
        {"distribution.yaml": "name: bot\n", "SOUL.md": "one\n\ntwo\n\nthree\n", "a.md": "a\n"}
    )
    ctx = Context.from_environment(HERMES)
    ops.install(ctx, f"file://{repo.path}", Request(), lambda _: True)
    repo.commit(
        {"distribution.yaml": "name: bot\n", "SOUL.md": "one\n\ntwo\n\nTHREE\n", "a.md": "b\n"}
    )
    soul = home / ".hermes/profiles/bot/SOUL.md"
    real, done = realize._swap, []

    def swap(fs: Fs, slot: str, path: str) -> None:
        if path == "SOUL.md" and not done:
            done.append(path)
            soul.with_suffix(".new").write_text("ONE\n\ntwo\n\nthree\n")
            soul.with_suffix(".new").replace(soul)
        real(fs, slot, path)

    monkeypatch.setattr(realize, "_swap", swap)
    outcome = update(ctx, ProfileName("bot"), Request(), lambda _: True)
    assert [str(path) for path in outcome.skipped] == ["SOUL.md"]
    assert soul.read_text() == "ONE\n\ntwo\n\nthree\n"
    assert (soul.parent / "a.md").read_text() == "b\n"
    again = update(ctx, ProfileName("bot"), Request(), lambda _: True)
    assert not again.skipped
    assert soul.read_text() == "ONE\n\ntwo\n\nTHREE\n"
    assert not update(ctx, ProfileName("bot"), Request(), lambda _: True).done
