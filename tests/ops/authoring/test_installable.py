"""What nobody could install does not leave: every way out judges a package as whoever installs it would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gitrepo import Repo
from machines import BOT, Machine, agreed

from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.left_out import Why
from hermes_dist.ops.authoring import author, capture
from hermes_dist.ops.authoring import publish as publishing
from hermes_dist.ops.authoring.author import InvalidPackage
from hermes_dist.ops.authoring.publication import PublishOptions
from hermes_dist.ops.authoring.pushes import read_pushes
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.status import status
from hermes_dist.voice.problems import invalid_words, problem_words

SKILL = "---\nname: hello\ndescription: Says hello.\n---\nSay hello.\n"
TWINS = {
    "files": ("skills/hello/Notes.md", "skills/hello/notes.md"),
    "folders": ("skills/B/SKILL.md", "skills/b/SKILL.md"),
    "two encodings": ("skills/hello/cafe\u0301.md", "skills/hello/caf\u00e9.md"),
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "srv" / "bot.git", bare=True)


@pytest.fixture
def ada(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "ada")
    machine.fill()
    machine.init()
    return machine


def url(repo: Repo) -> str:
    return f"file://{repo.path}"


def errors_of(machine: Machine) -> list[str]:
    problems = author.problems_of(machine.ctx, author.package_at(machine.ctx, BOT))
    return [f"{one.path}: {problem_words(one)}" for one in problems if one.level == "error"]


def publish_unjudged(machine: Machine, to: str, patch: pytest.MonkeyPatch) -> None:
    """Publish what nobody can install, as earlier versions did."""
    with patch.context() as earlier:
        earlier.setattr(author, "why_not_installable", lambda *_: None)
        with pytest.raises(Invalid, match="can't hold both"):
            machine.publish(to)
    assert read_pushes(machine.home)


@pytest.mark.parametrize("pair", TWINS.values(), ids=TWINS)
def test_names_that_some_disks_take_for_one_are_found_before_anything_is_sent(
    tmp_path: Path, repo: Repo, ada: Machine, pair: tuple[str, str]
) -> None:
    for number, path in enumerate(pair):
        ada.write(path, SKILL.replace("hello", f"hello-{number}"))
    assert any("can't hold both" in said for said in errors_of(ada))
    with pytest.raises(InvalidPackage) as told:
        ada.publish(url(repo))
    assert "can't hold both" in invalid_words(told.value.problems)
    with pytest.raises(InvalidPackage):
        author.pack(ada.ctx, BOT, tmp_path / "bot.tar.gz")
    assert repo.git("for-each-ref") == ""
    assert not read_pushes(ada.home)
    assert not (tmp_path / "bot.tar.gz").exists()


def test_a_folder_with_such_names_says_what_to_do(ada: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "bot"
    folder.mkdir()
    for name in ("distribution.yaml", "SOUL.md", "Soul.md"):
        (folder / name).write_text("name: bot\n")
    (problem,) = author.problems_of(ada.ctx, author.package_at(ada.ctx, folder))
    assert "rename one of them" in str(problem.what.datum("hint"))


def test_a_contribution_with_such_names_is_not_sent(tmp_path: Path, repo: Repo) -> None:
    repo.commit(
        {"distribution.yaml": "name: bot\nversion: 1.0.0\n", "skills/hello/SKILL.md": SKILL}
    )
    bo = Machine(tmp_path / "bo")
    bo.install(url(repo))
    bo.write("skills/Hello/more.md", "More.\n")
    with pytest.raises(Invalid, match="can't hold both"):
        bo.contribute(out=tmp_path / "bot.patch", own=True)
    assert not (tmp_path / "bot.patch").exists()


def test_the_longest_and_deepest_paths_that_leave_can_be_installed(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    deep = "skills/hello/" + "/".join("d" * 13) + "/end.md"
    long = f"skills/hello/{'a' * 180}/{'b' * 199}.md"
    ada.write(deep, "x")
    ada.write(long[:396] + ".md", "x")
    out = tmp_path / "bot.tar.gz"
    author.pack(ada.ctx, BOT, out)
    to = f"{url(repo)}//bots/" + "deep/" * 10 + "bot"
    ada.publish(to)
    for number, source in enumerate((str(out), to)):
        bo = Machine(tmp_path / str(number))
        bo.install(source)
        assert bo.read(deep) == "x"


def test_a_publication_that_nobody_can_install_is_put_right_by_the_next_one(
    repo: Repo, ada: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = TWINS["files"]
    ada.write(one, "1")
    ada.write(other, "2")
    publish_unjudged(ada, url(repo), monkeypatch)
    with pytest.raises(InvalidPackage):
        ada.publish()
    (ada.home / other).unlink()
    with pytest.raises(DistError, match="already published with other contents"):
        ada.publish()
    done = ada.publish(bump="patch").publication
    assert (done.tag, [*done.changes]) == ("v0.1.1", ["distribution.yaml", other])
    assert not read_pushes(ada.home)
    assert status(ada.ctx, BOT).clean


def test_a_note_of_an_earlier_version_serves_as_well(
    repo: Repo, ada: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = TWINS["files"]
    ada.write(one, "1")
    ada.write(other, "2")
    publish_unjudged(ada, url(repo), monkeypatch)
    place = ada.home / ".dist/pushes.json"
    data = json.loads(place.read_text())
    del data["pushes"][0]["sent"]
    place.write_text(json.dumps(data))
    (ada.home / one).unlink()
    assert ada.publish(bump="minor").publication.tag == "v0.2.0"
    assert one not in repo.git("ls-tree", "-r", "--name-only", "main").split()


def test_what_others_pushed_and_nobody_can_install_is_to_be_put_right_there(
    repo: Repo, ada: Machine
) -> None:
    ada.publish(url(repo))
    repo.commit({"a.txt": "1", "A.txt": "2"})
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    with pytest.raises(Invalid, match="can't hold both") as told:
        ada.publish(bump="patch")
    assert "put it right in a clone" in told.value.hint


def test_layers_that_nobody_can_have_are_found_before_anything_is_sent(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    ada.write(
        "distribution.yaml", f"name: bot\nversion: 0.1.0\nextends: file://{tmp_path}/none.git\n"
    )
    with pytest.raises(DistError, match="no such repository"):
        ada.publish(url(repo))
    assert repo.git("for-each-ref") == ""


def test_a_repository_that_is_not_recorded_yet_is_remembered(
    repo: Repo, ada: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "carry_out", _fails)
        with pytest.raises(DistError) as told:
            ada.publish(url(repo), branch="dev")
    assert told.value.hint.endswith(
        f"hermes-dist publish bot --to {url(repo)} --branch dev records it"
    )
    assert ada.publish(branch="dev").publication.branch == "dev"
    assert ada.lock.source == url(repo)


def _fails(*_: object, **__: object) -> None:
    raise DistError("the disk is full")


BROKEN = '{"jobs": [\n  {"id": "a", "name": "daily",}\n]}\n'


def test_jobs_that_cannot_be_read_stop_everything_that_leaves(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    ada.write("cron/jobs.json", BROKEN)
    (said,) = errors_of(ada)
    assert said.startswith("cron/jobs.json: it can't be read, so nothing that was changed in it")
    assert "line 2, column " in said
    with pytest.raises(InvalidPackage) as told:
        ada.publish(url(repo))
    assert "cron/jobs.json:2" in invalid_words(told.value.problems)
    with pytest.raises(InvalidPackage):
        author.pack(ada.ctx, BOT, tmp_path / "bot.tar.gz")
    assert repo.git("for-each-ref") == ""


@pytest.mark.parametrize(
    "odd",
    [
        BROKEN,
        '{"jobs": [{"name": "daily", "prompt": "Look.", "schedule": "every 2h"}]}',
        '{"jobs": {"0123456789ab": {"name": "daily", "prompt": "Look.", "schedule": "every 2h"}}}',
        '{"jobs": [{"id": "a", "name": "one"}, {"id": "a", "name": "two"}]}',
    ],
)
def test_jobs_that_cannot_be_read_any_more_stop_it_too(repo: Repo, ada: Machine, odd: str) -> None:
    job = {"id": "0123456789ab", "name": "daily", "prompt": "Look.", "schedule": "every 2h"}
    ada.write("cron/jobs.json", json.dumps({"jobs": [job]}))
    ada.publish(url(repo))
    ada.write("cron/jobs.json", odd)
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    with pytest.raises(InvalidPackage):
        ada.publish(bump="patch")
    assert "daily" in repo.git("show", "main:cron/jobs.json")


@pytest.mark.parametrize("config", ["a: [1\n", "- a\n", "just text\n"])
def test_settings_that_cannot_be_read_are_not_packed(
    tmp_path: Path, ada: Machine, config: str
) -> None:
    ada.write("config.yaml", config)
    with pytest.raises(InvalidPackage, match="not valid"):
        author.pack(ada.ctx, BOT, tmp_path / "bot.tar.gz")


@pytest.mark.parametrize("config", ["- a\n", "just text\n"])
def test_what_is_no_map_of_settings_is_not_published_as_none(
    repo: Repo, ada: Machine, config: str
) -> None:
    ada.write("config.yaml", "model:\n  default: m\n")
    ada.publish(url(repo))
    ada.write("config.yaml", config)
    with pytest.raises(InvalidPackage) as told:
        ada.publish(bump="patch")
    assert "it is not a map of settings" in invalid_words(told.value.problems)


def test_files_that_stay_home_against_expectation_are_told(ada: Machine) -> None:
    ada.write("skills/hello/what?.md", "x")
    (ada.home / "skills/hello/link.md").symlink_to("/etc/hostname")
    ada.write(
        "skills/hello/photo.png",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n",
    )
    problems = author.problems_of(ada.ctx, author.package_at(ada.ctx, BOT))
    said = {one.path: problem_words(one) for one in problems if one.rule == "left-out"}
    assert said.keys() == {f"skills/hello/{n}" for n in ("what?.md", "link.md", "photo.png")}
    assert "character '?'" in said["skills/hello/what?.md"]
    assert all(one.level == "warning" for one in problems)
    lost = capture.leaving(ada.ctx, BOT, own=True).lost
    assert {one.why for one in lost} == {Why.UNSAFE_NAME, Why.LINK_UNSAID}


def test_the_preview_judges_too(repo: Repo, ada: Machine) -> None:
    for path in TWINS["files"]:
        ada.write(path, path)
    with pytest.raises(InvalidPackage):
        publishing.publish(ada.ctx, BOT, PublishOptions(to=url(repo)), agreed, dry_run=True)
    assert open_home(ada.ctx, BOT).lock is None
