"""What the daily check says: a source with its ref, and one warning for what happened twice for one reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from gitrepo import Repo

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start
from hermes_dist.decide.watch.owners import Owner, Owners
from hermes_dist.ops.watch import run as watch

Capture = pytest.CaptureFixture[str]


def line(*words: str) -> int:
    return start(HERMES, list(words), prog="hermes-dist", profile=None)


def test_pins_are_named_whole_and_an_owner_is_missed_once(
    tmp_path: Path, home: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    repo = Repo(tmp_path / "bot", bare=True)
    repo.commit({"distribution.yaml": "name: bot\nversion: 1.0.0\n"})
    repo.tag("v1.0.0")
    url = f"file://{repo.path}"
    for name, ref in (("pinned", "#v1.0.0"), ("newest", "@latest")):
        assert line("install", f"{url}{ref}", "--name", name, "-y") == 0
    repo.commit({"distribution.yaml": "name: bot\nversion: 1.1.0\n"})
    repo.tag("v1.1.0")
    owner = Owner(platform="telegram", id="5", chat="5")
    monkeypatch.setattr(watch, "owners_of", lambda _: Owners(owners=(owner,)))
    capsys.readouterr()
    assert line("watch", "run") == 0
    said = capsys.readouterr()
    assert f"from {url}#v1.0.0\n" in said.out
    assert f"from {url}@latest\n" in said.out
    assert said.err.count("was not told") == 1
    assert "was not told of 2 releases: Hermes Agent is not installed" in said.err
    assert line("info", "newest") == 0
    assert f"{url}@latest" in capsys.readouterr().out
