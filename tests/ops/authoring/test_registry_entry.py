"""The entry of a published package: what can't be in a registry is found before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gitrepo import Repo
from machines import BOT, Machine, agreed

from hermes_dist.errors import DistError, Invalid, Refused, UsageError
from hermes_dist.ops.authoring import publish as publishing
from hermes_dist.ops.authoring import registry_entry
from hermes_dist.ops.authoring.publication import PublishOptions, publication_digest

ENTRY = "packages/bo/bot.json"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "srv" / "bot.git", bare=True)


@pytest.fixture
def ada(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "ada")
    machine.fill()
    machine.init()
    return machine


@pytest.fixture
def reg(tmp_path: Path) -> Path:
    folder = tmp_path / "reg"
    (folder / "packages").mkdir(parents=True)
    (folder / "registry.json").write_text('{"format": 1}\n')
    return folder


def url(repo: Repo) -> str:
    return f"file://{repo.path}"


def entered(reg: Path, **fields: object) -> bytes:
    """An entry that is there already."""
    release = {"version": "1.0.0", "commit": "b" * 40}
    data = {"name": "bot", "title": "Bot", "description": "Bob's.", "versions": [release], **fields}
    file = reg / ENTRY
    file.parent.mkdir()
    file.write_text(json.dumps(data))
    return file.read_bytes()


def nothing_happened(repo: Repo, ada: Machine) -> bool:
    return repo.git("for-each-ref") == "" and not (ada.home / "distribution.lock").exists()


def test_the_entry_of_somebody_else_is_not_taken_over(repo: Repo, ada: Machine, reg: Path) -> None:
    before = entered(reg, source="https://github.com/bob/tool")
    for dry_run in (True, False):
        with pytest.raises(Refused, match=r"from https://github\.com/bob/tool") as told:
            publishing.publish(
                ada.ctx,
                BOT,
                PublishOptions(to=url(repo), registry=str(reg)),
                agreed,
                dry_run=dry_run,
            )
    assert "another name" in told.value.hint
    assert ENTRY in told.value.where
    assert nothing_happened(repo, ada)
    assert (reg / ENTRY).read_bytes() == before


def test_one_of_the_same_repository_keeps_its_spelling(repo: Repo, ada: Machine, reg: Path) -> None:
    entered(reg, source=url(repo).removesuffix(".git"))
    assert ada.publish(url(repo), registry=str(reg)).entry == reg / ENTRY
    entry = json.loads((reg / ENTRY).read_text())
    assert entry["source"] == url(repo).removesuffix(".git")
    assert [row["version"] for row in entry["versions"]] == ["1.0.0", "0.1.0"]


def test_a_branch_is_found_before_anything_is_sent(repo: Repo, ada: Machine, reg: Path) -> None:
    ada.publish(url(repo))
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    before = repo.git("for-each-ref")
    with pytest.raises(UsageError, match="can't be in a registry") as told:
        ada.publish(branch="dev", bump="patch", registry=str(reg))
    assert "default branch" in told.value.hint
    assert repo.git("for-each-ref") == before


@pytest.mark.parametrize("data", ["no JSON", "[]", '{"name": "other", "source": "github.com/a/b"}'])
def test_an_entry_that_can_not_be_read(repo: Repo, ada: Machine, reg: Path, data: str) -> None:
    (reg / ENTRY).parent.mkdir()
    (reg / ENTRY).write_text(data)
    with pytest.raises(Invalid) as told:
        ada.publish(url(repo), registry=str(reg))
    assert ENTRY in told.value.where
    assert "mend the entry" in told.value.hint
    assert nothing_happened(repo, ada)


def test_a_version_that_is_pinned_at_another_commit(repo: Repo, ada: Machine, reg: Path) -> None:
    release = {"version": "0.1.0", "commit": "b" * 40}
    entered(reg, source=url(repo), versions=[release])
    with pytest.raises(Invalid, match=r"0\.1\.0 is already pinned at bbbbbbb"):
        ada.publish(url(repo), registry=str(reg))
    assert nothing_happened(repo, ada)


def test_something_in_the_way_of_an_entry(repo: Repo, ada: Machine, reg: Path) -> None:
    (reg / "packages/bo").write_text("a file\n")
    with pytest.raises(DistError, match="can't write the entry"):
        ada.publish(url(repo), registry=str(reg))
    (reg / "packages/bo").unlink()
    (reg / ENTRY).mkdir(parents=True)
    with pytest.raises(DistError, match="can't write the entry"):
        ada.publish(url(repo), registry=str(reg))
    assert nothing_happened(repo, ada)


def test_a_registry_that_can_not_be_written(
    repo: Repo, ada: Machine, reg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, *_, **__: "reg" not in str(path))
    with pytest.raises(DistError, match="can't write the entry"):
        ada.publish(url(repo), registry=str(reg))
    assert nothing_happened(repo, ada)


def test_what_fails_on_the_disk_is_completed_by_the_same_command(
    repo: Repo, ada: Machine, reg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(registry_entry, "write_entry", _full)
        with pytest.raises(DistError, match="full") as told:
            ada.publish(url(repo), registry=str(reg))
    assert told.value.hint.endswith(f"publish bot --registry {reg} writes that")
    done = ada.publish(registry=str(reg))
    assert not done.publication.is_new
    (release,) = json.loads((reg / ENTRY).read_text())["versions"]
    assert release["commit"] == repo.git("rev-parse", "main")


def _full(*_: object, **__: object) -> None:
    raise DistError("the disk is full")


def test_the_preview_says_what_would_be_written(repo: Repo, ada: Machine, reg: Path) -> None:
    options = PublishOptions(to=url(repo), registry=str(reg))
    made = publishing.publish(ada.ctx, BOT, options, agreed, dry_run=True).publication
    assert made.entry is not None
    assert (made.entry.file, made.entry.before, made.entry.adds) == (reg / ENTRY, None, True)
    assert not (reg / ENTRY).exists()
    without = PublishOptions(to=url(repo))
    other = publishing.publish(ada.ctx, BOT, without, agreed, dry_run=True).publication
    assert publication_digest(made) != publication_digest(other)
    ada.publish(url(repo), registry=str(reg))
    again = publishing.publish(ada.ctx, BOT, options, agreed, dry_run=True).publication
    assert again.entry is not None
    assert (again.entry.before, again.entry.adds) == (("0.1.0",), False)
