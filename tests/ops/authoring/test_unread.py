"""What can't be read in a home: it never leaves as a deletion, and nobody says that it is as it was received."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from gitrepo import Repo
from machines import BOT, SOUL, Machine
from unreadable import refused

from hermes_dist.errors import DistError
from hermes_dist.ops.authoring.author import pack, package_at, problems_of, shipping
from hermes_dist.ops.authoring.changes import changes
from hermes_dist.ops.neighbours.export_plugin import export_plugin
from hermes_dist.ops.package.diff import diff
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.upkeep import verify
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.voice.problems import problem_words
from hermes_dist.voice.profile_json import exported_data
from hermes_dist.world.disk import scan

PACKAGE = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\ndescription: A bot.\nlicense: MIT\n",
    "SOUL.md": SOUL,
    "config.yaml": "model:\n  default: small\n",
    "skills/hello/SKILL.md": "---\nname: hello\ndescription: Hi.\n---\nSay hello.\n",
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "bot.git", bare=True)
    repo.commit(PACKAGE)
    return repo


@pytest.fixture
def bo(tmp_path: Path, repo: Repo) -> Machine:
    machine = Machine(tmp_path / "bo")
    machine.install(f"file://{repo.path}")
    machine.edit("config.yaml", "small", "large")
    return machine


def piped(path: Path, _: pytest.MonkeyPatch) -> None:
    path.unlink()
    os.mkfifo(path)


def plugged(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.unlink()
    monkeypatch.chdir(path.parent)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def linked(path: Path, _: pytest.MonkeyPatch) -> None:
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def huge(_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "LARGEST", 300)


WAYS: dict[str, tuple[str, Callable[[Path, pytest.MonkeyPatch], None]]] = {
    "refused": ("SOUL.md", refused),
    "a folder that is refused": ("skills/hello", refused),
    "a pipe": ("SOUL.md", piped),
    "a socket": ("SOUL.md", plugged),
    "a link": ("SOUL.md", linked),
    "a link to a folder": ("skills/hello", linked),
    "too large": ("SOUL.md", huge),
}


@pytest.fixture(params=WAYS)
def unread(request: pytest.FixtureRequest, bo: Machine, monkeypatch: pytest.MonkeyPatch) -> str:
    path, way = WAYS[request.param]
    way(bo.home / path, monkeypatch)
    return path


def test_it_does_not_leave_as_a_deletion(
    tmp_path: Path, repo: Repo, bo: Machine, unread: str
) -> None:
    leaving: list[Callable[[], object]] = [
        lambda: bo.contribute(out=tmp_path / "x.patch"),
        lambda: bo.contribute(out=tmp_path / "x.patch", places=(unread,)),
        lambda: bo.publish(version="2.0.0"),
        lambda: pack(bo.ctx, BOT, tmp_path / "x.tar.gz"),
        lambda: shipping(bo.ctx, BOT),
        lambda: export_plugin(bo.ctx, BOT, tmp_path / "plugin"),
    ]
    before = repo.git("rev-parse", "HEAD")
    for leave in leaving:
        with pytest.raises(DistError, match=r"not be whole$") as caught:
            leave()
        assert caught.value.where == unread
        assert caught.value.hint
    assert repo.git("rev-parse", "HEAD") == before
    assert not {"x.patch", "x.tar.gz", "plugin"} & {path.name for path in tmp_path.iterdir()}


def test_what_is_elsewhere_can_still_be_contributed(
    tmp_path: Path, bo: Machine, unread: str
) -> None:
    done = bo.contribute(out=tmp_path / "x.patch", places=("config.yaml",))
    assert set(done.contribution.changes) == {"config.yaml"}
    done = bo.contribute(out=tmp_path / "y.patch", only=frozenset(["config"]))
    assert set(done.contribution.changes) == {"config.yaml"}


def test_nobody_says_that_it_is_as_received_or_deleted(bo: Machine, unread: str) -> None:
    bo.edit("config.yaml", "large", "small")
    found = status(bo.ctx, BOT)
    assert not found.clean
    assert [odd.path for odd in found.unread] == [unread]
    assert not found.edited
    assert [odd.path for odd in diff(bo.ctx, BOT).unread] == [unread]
    assert [odd.path for odd in diff(bo.ctx, BOT, place=unread).unread] == [unread]
    assert diff(bo.ctx, BOT, place="config.yaml").same
    assert [odd.path for odd in changes(bo.ctx, BOT).unread] == [unread]
    checked = verify(bo.ctx, BOT)
    assert not checked.sound
    assert not checked.missing
    assert any(
        problem.path == unread and problem.level == "error"
        for problem in problems_of(bo.ctx, package_at(bo.ctx, BOT))
    )


@pytest.mark.parametrize("path", ["SOUL.md", "distribution.yaml", "skills/hello"])
def test_what_is_there_and_cannot_be_read_is_not_called_missing_too(
    bo: Machine, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    bo.edit("distribution.yaml", "license:", "distribution_owned: [skills/hello]\nlicense:")
    refused(bo.home / path, monkeypatch)
    told = problems_of(bo.ctx, package_at(bo.ctx, BOT))
    assert [one.level for one in told if one.path == path] == ["error"]
    assert not any("does not exist" in problem_words(one) for one in told)


def test_a_file_of_ones_own_that_is_refused_is_not_left_out_of_a_package(
    tmp_path: Path, bo: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo.write("skills/mine/SKILL.md", "---\nname: mine\ndescription: Mine.\n---\nMine.\n")
    refused(bo.home / "skills/mine", monkeypatch)
    with pytest.raises(DistError, match="can't be read: Permission denied"):
        bo.publish(version="2.0.0")
    # What is no change of the package's files is not contributed anyway.
    done = bo.contribute(out=tmp_path / "x.patch")
    assert set(done.contribution.changes) == {"config.yaml"}


def test_an_export_is_whole_or_there_is_none(
    tmp_path: Path, bo: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(bo.home / "SOUL.md", monkeypatch)
    with pytest.raises(DistError, match="can't be read") as caught:
        export(bo.ctx, BOT, Packing(), tmp_path / "x.tar.gz")
    assert str(bo.home / "SOUL.md") in caught.value.hint
    assert not (tmp_path / "x.tar.gz").exists()


def test_a_backup_says_what_it_is_without(
    tmp_path: Path, bo: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    packing = Packing(full=True, passphrase="correct horse")
    whole = export(bo.ctx, BOT, packing, tmp_path / "whole.tar.gz.age")
    refused(bo.home / "SOUL.md", monkeypatch)
    done = export(bo.ctx, BOT, packing, tmp_path / "x.tar.gz.age")
    assert done.missed == ("SOUL.md",)
    assert done.files == whole.files - 1
    assert "SOUL.md" in done.left_out
    assert exported_data(done)["unread"] == ["SOUL.md"]


def test_how_to_read_it_depends_on_whose_it_is(
    bo: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refused(bo.home / "SOUL.md", monkeypatch)
    hints = []
    for uid in (os.geteuid(), os.geteuid() + 1):
        monkeypatch.setattr(os, "geteuid", lambda uid=uid: uid)
        with pytest.raises(DistError) as caught:
            shipping(bo.ctx, BOT)
        hints.append(caught.value.hint)
    assert "chmod -R u+rX" in hints[0]
    assert f"sudo chown -R {uid} " in hints[1]
