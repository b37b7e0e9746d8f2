"""Publishing: what authors do with one machine or several, against real repositories."""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gitrepo import GIT, Repo
from killing import changes_of, killed
from machines import BOT, LIVE, SOUL, Machine, agreed
from servers import LOGIN, GitHttp, sshd
from sshkeys import make
from story import GO, yes
from unreadable import refused

from hermes_dist.errors import (
    Busy,
    Cancelled,
    ConflictsOpen,
    DistError,
    Invalid,
    Refused,
    Unreachable,
    UsageError,
)
from hermes_dist.ops.authoring import publish as publishing
from hermes_dist.ops.authoring.publication import Publication, PublishOptions
from hermes_dist.ops.authoring.sign import rotate
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.outdated import outdated
from hermes_dist.ops.package.status import status
from hermes_dist.voice.left_out import WORDS
from hermes_dist.voice.notes import sentences


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


def shown(repo: Repo, path: str, at: str = "main") -> str:
    return repo.git("cat-file", "blob", f"{at}:{path}") + "\n"


def names(repo: Repo, at: str = "main") -> list[str]:
    return repo.git("ls-tree", "-r", "--name-only", at).split()


def clean(machine: Machine) -> bool:
    return status(machine.ctx, BOT).clean


def test_a_first_publication_fills_an_empty_repository_and_becomes_the_base(
    repo: Repo, ada: Machine
) -> None:
    done = ada.publish(url(repo))
    assert names(repo) == ["SOUL.md", "config.yaml", "distribution.yaml", "skills/hello/SKILL.md"]
    assert shown(repo, "SOUL.md") == SOUL
    assert repo.git("tag") == "v0.1.0"
    assert repo.git("rev-parse", "v0.1.0^{}", "main").split() == [done.commit, done.commit]
    assert ada.lock.pin.commit == done.commit
    assert ada.lock.source == url(repo)
    assert clean(ada)
    assert not list(ada.root.rglob(".git"))
    assert done.publication.install_source == url(repo)
    again = ada.publish()
    assert not again.publication.is_new
    assert repo.git("rev-list", "--count", "main") == "1"


def test_a_changelog_beside_the_manifest_becomes_the_text_of_the_tag(
    repo: Repo, ada: Machine
) -> None:
    ada.write("CHANGELOG.md", "# Changes\n\n## 0.2.0\n\n- Sings.\n\n## 0.1.0\n\n- Says hello.\n")
    ada.write("con", "No name for a file of a package.\n")
    ada.publish(url(repo))
    assert repo.git("tag", "-l", "--format=%(contents)", "v0.1.0") == "bot 0.1.0\n\n- Says hello."
    ada.edit("SOUL.md", SOUL, "You sing.\n")
    ada.publish(version="0.2.0")
    assert repo.git("tag", "-l", "--format=%(contents)", "v0.2.0") == "bot 0.2.0\n\n- Sings."
    assert "CHANGELOG.md" not in names(repo)


def test_a_link_to_a_changelog_is_none(tmp_path: Path, repo: Repo, ada: Machine) -> None:
    elsewhere = tmp_path / "private.md"
    elsewhere.write_text("## 0.1.0\n\n- Not for others.\n")
    (ada.home / "CHANGELOG.md").symlink_to(elsewhere)
    ada.publish(url(repo))
    assert repo.git("tag", "-l", "--format=%(contents)", "v0.1.0") == "bot 0.1.0"


def test_a_changelog_that_can_not_be_read_is_told(
    repo: Repo, ada: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada.write("CHANGELOG.md", "## 0.1.0\n\n- Says hello.\n")
    refused(ada.home / "CHANGELOG.md", monkeypatch)
    told = [note.where for note in ada.publish(url(repo)).publication.notes]
    assert told.count("CHANGELOG.md") == 1
    assert repo.git("tag", "-l", "--format=%(contents)", "v0.1.0") == "bot 0.1.0"


def test_what_it_says_is_looked_through_as_the_files_are(repo: Repo, ada: Machine) -> None:
    key = "sk-or-v1-0f3b8a6c2d1e4f5a9b8c7d6e5f4a3b2c1d0e"
    ada.write("CHANGELOG.md", f"## 0.1.0\n\n- Says hello.\n- The key is {key}.\n")
    with pytest.raises(
        Refused, match=r"line 2 of the version's section in CHANGELOG\.md"
    ) as caught:
        ada.publish(url(repo))
    assert key not in str(caught.value)
    assert not repo.git("for-each-ref")


def test_an_author_who_names_the_repository_of_another_package_is_told_to_take_one_of_its_own(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    other = Repo(tmp_path / "srv" / "other.git", bare=True)
    other.commit({"distribution.yaml": "name: other\nversion: 1.0.0\n", "SOUL.md": "Other.\n"})
    ada.publish(url(repo))
    with pytest.raises(Refused, match="others have also changed") as caught:
        ada.publish(url(other), version="0.2.0")
    assert caught.value.hint.startswith("publish to an empty repository with --to")


def test_a_live_home_keeps_what_is_its_own(repo: Repo, ada: Machine) -> None:
    ada.write(
        "config.yaml",
        "_config_version: 33\nmodel: {default: small, api_key: sk-or-v1-0f3b8a6c2d1e4f5a9b8c7d6e5f4a3b2c1d0e}\n"
        "telegram: {allowed_users: ['4711'], home_channel: '99'}\nmcp_servers: {web: {command: npx, enabled: true}}\n",
    )
    job = {
        "id": "0123456789ab",
        "name": "watch",
        "prompt": "look",
        "schedule": {"kind": "interval", "minutes": 60, "display": "every 60m"},
        "enabled": True,
        "state": "scheduled",
        "next_run_at": "2027-01-01T00:00:00",
        "last_run_at": "2026-12-31T00:00:00",
    }
    ada.write("cron/jobs.json", json.dumps({"jobs": [job], "updated_at": "now"}))
    before = {path: ada.read(path) for path in ("config.yaml", "cron/jobs.json")}
    done = ada.publish(url(repo))
    config = shown(repo, "config.yaml")
    assert "sk-or" not in config
    assert "${MODEL_API_KEY}" in config
    for word in ("4711", "99", "_config_version", "enabled"):
        assert word not in config
    assert "MODEL_API_KEY" in shown(repo, "distribution.yaml")
    shipped = json.loads(shown(repo, "cron/jobs.json"))["jobs"][0]
    assert (shipped["prompt"], "next_run_at" in shipped, "enabled" in shipped) == (
        "look",
        False,
        False,
    )
    assert {path: ada.read(path) for path in before} == before  # still running, still filled in
    assert {
        WORDS[left.why] for left in done.publication.stays if left.path.startswith("config.yaml")
    } == {"about this machine or its user"}
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    second = ada.publish(bump="patch")
    assert set(second.publication.changes) == {"SOUL.md", "distribution.yaml"}
    assert {path: ada.read(path) for path in before} == before


def test_the_whole_story_over_http_with_a_login(tmp_path: Path, repo: Repo) -> None:
    config = tmp_path / "gitconfig"
    helper = f"!f() {{ echo username={LOGIN[0]}; echo password={LOGIN[1]}; }}; f"
    subprocess.run([GIT, "config", "--file", str(config), "credential.helper", helper], check=True)
    repo.git("config", "http.receivepack", "true")
    fork = Repo(tmp_path / "srv" / "fork.git", bare=True)
    fork.git("config", "http.receivepack", "true")
    env = {"GIT_CONFIG_GLOBAL": str(config)}
    with GitHttp(tmp_path / "srv") as server:
        server.login = True
        source = f"{server.url}/bot.git"
        ada, bo = Machine(tmp_path / "ada", **env), Machine(tmp_path / "bo", **env)
        ada.fill()
        ada.init()
        ada.publish(source)
        assert bo.install(source).done
        ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
        ada.publish(bump="minor")
        bo.edit("SOUL.md", "Rule 30 stands.", "Rule 30 stands firm.")
        bo.update()
        assert "Rule 1 is first" in bo.read("SOUL.md")
        assert "Rule 30 stands firm" in bo.read("SOUL.md")
        assert bo.yaml("distribution.yaml")["version"] == "0.2.0"
        fork.git("fetch", "-q", str(repo.path), "+refs/*:refs/*")
        sent = bo.contribute(to=f"{server.url}/fork.git", message="Rule 30 is firm")
        branch = sent.pushed.partition("#")[2]
        assert fork.git("diff", "--name-only", "main", branch) == "SOUL.md"
        work = tmp_path / "work"  # the author merges with git, as anywhere
        for words in (
            ["clone", "-q", str(repo.path), str(work)],
            ["-C", str(work), "pull", "-q", "--no-rebase", str(fork.path), branch],
            ["-C", str(work), "push", "-q", "origin", "HEAD:main"],
        ):
            subprocess.run([GIT, *words], check=True, capture_output=True)
        ada.update()
        assert "Rule 30 stands firm" in ada.read("SOUL.md")
        ada.edit("SOUL.md", "Rule 2 stands", "Rule 2 is second")
        assert ada.publish(bump="patch").publication.tag == "v0.2.1"
        with pytest.raises(Unreachable, match="you may not read it"):
            Machine(tmp_path / "eve").install(source)
    assert repo.git("tag").split() == ["v0.1.0", "v0.2.0", "v0.2.1"]
    assert LOGIN[1] not in "".join(
        p.read_text(errors="replace") for p in tmp_path.rglob("distribution.lock")
    )
    repo.git("fsck", "--strict", "--full")


def test_a_login_in_the_url_is_used_once_and_kept_nowhere(tmp_path: Path, repo: Repo) -> None:
    repo.git("config", "http.receivepack", "true")
    with GitHttp(tmp_path / "srv") as server:
        server.login = True
        ada = Machine(tmp_path / "ada")
        ada.fill()
        ada.init()
        done = ada.publish(server.url.replace("://", f"://{LOGIN[0]}:{LOGIN[1]}@") + "/bot.git")
        assert done.publication.install_source == f"{server.url}/bot.git"
        ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
        with pytest.raises(Unreachable):  # nothing remembers it
            ada.publish(bump="minor")
    assert LOGIN[1] not in repr(done.publication)
    kept = [
        path
        for path in (tmp_path / "ada").rglob("*")
        if path.is_file() and LOGIN[1].encode() in path.read_bytes()
    ]
    assert kept == []


def test_publishing_over_ssh(tmp_path: Path, repo: Repo) -> None:
    with sshd(tmp_path / "keys") as (server, command):
        ada = Machine(tmp_path / "ada", GIT_SSH_COMMAND=command)
        ada.fill()
        ada.init()
        ada.publish(f"{server}{repo.path}")
        ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
        ada.publish(bump="minor")
    assert repo.git("tag").split() == ["v0.1.0", "v0.2.0"]


def test_what_the_profile_does_not_hold_stays_in_the_repository(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    first = repo.commit(
        {
            "README.md": "Read me.\n",
            "LICENSE": "MIT\n",
            ".github/workflows/ci.yml": "on: push\n",
            "run.sh": "x\n",
        },
        executable=("run.sh",),
    )
    ada.publish(url(repo))
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    repo.commit({"README.md": "Read me first.\n", "tests/test_x.py": "x = 1\n"})
    done = ada.publish(bump="minor")
    assert {"README.md", "LICENSE", ".github/workflows/ci.yml", "tests/test_x.py", "run.sh"} <= set(
        names(repo)
    )
    assert shown(repo, "README.md") == "Read me first.\n"
    assert repo.git("ls-tree", "main", "run.sh").startswith("100755")
    assert repo.git("rev-list", "main").split()[-1] == first
    assert set(done.publication.taken_in) == {"README.md", "tests/test_x.py"}
    assert not (ada.home / "README.md").exists()


def test_two_authors_publish_and_no_ones_work_is_lost(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    ada.publish(url(repo))
    bo = Machine(tmp_path / "bo")
    bo.install(url(repo))
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    bo.edit("SOUL.md", "Rule 30 stands", "Rule 30 is last")
    bo.write("skills/new/SKILL.md", "---\nname: new\ndescription: New.\n---\nNew.\n")
    bo.edit("config.yaml", "max_tokens: 1", "max_tokens: 2")
    ada.publish(bump="minor")
    done = bo.publish(bump="minor")
    assert done.publication.tag == "v0.3.0"
    soul = shown(repo, "SOUL.md")
    assert "Rule 1 is first" in soul
    assert "Rule 30 is last" in soul
    assert bo.read("SOUL.md") == soul  # what she did has come in here
    assert clean(bo)
    ada.edit("SOUL.md", "Rule 15 stands", "Rule 15 is half way")
    ada.publish(bump="patch")
    soul = shown(repo, "SOUL.md")
    for words in ("Rule 1 is first", "Rule 30 is last", "Rule 15 is half way"):
        assert words in soul
    assert "skills/new/SKILL.md" in names(repo)
    assert ada.yaml("config.yaml")["model"]["max_tokens"] == 2
    assert repo.git("rev-list", "--count", "main") == "4"


def test_what_both_authors_changed_is_refused_until_one_has_merged(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    ada.publish(url(repo))
    bo = Machine(tmp_path / "bo")
    bo.install(url(repo))
    ada.edit("SOUL.md", "Rule 7 stands.", "Rule 7 is ada's.")
    bo.edit("SOUL.md", "Rule 7 stands.", "Rule 7 is bo's.")
    ada.publish(bump="minor")
    head, home = repo.git("rev-parse", "main"), bo.read("SOUL.md")
    with pytest.raises(
        Refused, match=r"others have also changed what you changed: SOUL\.md"
    ) as told:
        bo.publish(bump="minor")
    assert "update bot" in told.value.hint
    assert (repo.git("rev-parse", "main"), bo.read("SOUL.md")) == (head, home)
    bo.update()
    with pytest.raises(ConflictsOpen):
        bo.publish(bump="minor")


def test_two_authors_at_the_same_moment_and_one_is_told(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    ada.publish(url(repo))
    bo = Machine(tmp_path / "bo")
    bo.install(url(repo))
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    bo.edit("SOUL.md", "Rule 30 stands", "Rule 30 is last")

    def meanwhile(_made: Publication) -> bool:
        ada.publish(bump="minor")
        return True

    with pytest.raises(DistError, match="someone else published there") as told:
        publishing.publish(bo.ctx, BOT, PublishOptions(bump="minor"), meanwhile)
    assert told.value.code == 8
    assert "Rule 1 is first" in shown(repo, "SOUL.md")
    assert bo.publish(bump="minor").publication.tag == "v0.3.0"
    assert "Rule 1 is first" in shown(repo, "SOUL.md")
    assert "Rule 30 is last" in shown(repo, "SOUL.md")


def test_many_authors_at_once_lose_nothing(tmp_path: Path, repo: Repo, ada: Machine) -> None:
    ada.publish(url(repo))
    machines = [Machine(tmp_path / f"m{n}") for n in range(4)]
    for n, machine in enumerate(machines):
        machine.install(url(repo))
        machine.edit("SOUL.md", f"Rule {n * 7 + 1} stands", f"Rule {n * 7 + 1} is {n}'s")

    def until_it_lands(machine: Machine) -> None:
        for _ in range(12):
            try:
                machine.publish(bump="patch")
            except Busy:
                continue
            return
        raise AssertionError("it never landed")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(until_it_lands, machines))
    assert repo.git("rev-list", "--count", "main") == "5"
    assert len(repo.git("tag").split()) == 5
    for n in range(4):
        assert f"Rule {n * 7 + 1} is {n}'s" in shown(repo, "SOUL.md")


def test_deletions_and_moves_travel(repo: Repo, ada: Machine) -> None:
    ada.publish(url(repo))
    (ada.home / "skills/hello/SKILL.md").unlink()
    ada.write("skills/greet/SKILL.md", LIVE["skills/hello/SKILL.md"].replace("hello", "greet"))
    ada.publish(bump="minor")
    assert names(repo) == ["SOUL.md", "config.yaml", "distribution.yaml", "skills/greet/SKILL.md"]


def test_a_version_that_is_published_already_needs_another(repo: Repo, ada: Machine) -> None:
    ada.publish(url(repo))
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    with pytest.raises(DistError, match=r"0\.1\.0 is already published") as told:
        ada.publish()
    assert "--bump" in told.value.hint
    with pytest.raises(UsageError, match="not a valid version"):
        ada.publish(version="new")
    assert ada.publish(version="v1.10").publication.tag == "v1.10"
    assert ada.yaml("distribution.yaml")["version"] == "1.10"
    ada.edit("SOUL.md", "Rule 2 stands", "Rule 2 is second")
    assert any(
        "older than v1.10" in note
        for note in sentences(ada.publish(version="1.9").publication.notes)
    )


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("detached", "no default branch"),
        ("no source", "not known yet"),
        ("no manifest", "has no distribution.yaml"),
        ("gone", "no such repository"),
        ("archive", "takes a git repository"),
        ("went back", "went back to an older commit"),
        ("was restarted", "was restarted"),
        ("not ours", "others have also changed"),
        ("work tree", "checked out there"),
        ("bad manifest", "not valid"),
    ],
)
def test_each_trouble_has_its_sentence(
    tmp_path: Path, repo: Repo, ada: Machine, case: str, sentence: str
) -> None:
    to = url(repo)
    if case == "detached":
        ada.publish(to)
        repo.git("branch", "next")
        repo.git("branch", "-m", "main", "other")
        repo.git("update-ref", "--no-deref", "HEAD", repo.git("rev-parse", "other"))
        (repo.path / "HEAD").write_text(repo.git("rev-parse", "other") + "\n")
    elif case == "no source":
        to = ""
    elif case == "no manifest":
        (ada.home / "distribution.yaml").unlink()
    elif case == "gone":
        to = f"file://{tmp_path}/nothing.git"
    elif case == "archive":
        to = "./x.tar.gz"
    elif case in ("went back", "was restarted"):
        ada.publish(to)
        first = ada.lock.pin.commit
        ada.edit("SOUL.md", "Rule 3 stands", "Rule 3 is third")
        ada.publish(bump="minor")
        if case == "went back":
            repo.git("update-ref", "refs/heads/main", first)
        else:
            repo.commit({"distribution.yaml": "name: bot\nversion: 9.0.0\n"}, orphan=True)
        to = ""
    elif case == "not ours":
        repo.commit(
            {"SOUL.md": "Another bot.\n", "distribution.yaml": "name: other\nversion: 1.0.0\n"}
        )
    elif case == "work tree":
        work = Repo(tmp_path / "tree")
        work.commit({"README.md": "x\n"})
        to = url(work)
    else:
        ada.edit("distribution.yaml", "name: bot", "name: Bot With Spaces")
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    before = repo.git("for-each-ref")
    with pytest.raises(DistError, match=sentence):
        ada.publish(to)
    assert repo.git("for-each-ref") == before


@pytest.mark.parametrize(("file", "place"), [("", "my bots"), ("notes.txt", "my bots.git")])
def test_a_folder_that_is_no_repository_is_told_with_how_to_make_one(
    tmp_path: Path, ada: Machine, file: str, place: str
) -> None:
    folder = tmp_path / "my bots"
    folder.mkdir()
    if file:
        (folder / file).write_text("mine\n")
    with pytest.raises(DistError, match="no such repository") as caught:
        ada.publish(str(folder))
    command = f"git init --bare '{tmp_path / place}'"
    assert caught.value.hint == f"make one, and publish to it: {command}"
    subprocess.run(command, shell=True, check=True, capture_output=True)  # as the user would
    ada.publish(str(tmp_path / place))


def test_no_is_no_and_a_dry_run_sends_nothing(repo: Repo, ada: Machine) -> None:
    with pytest.raises(Cancelled):
        publishing.publish(ada.ctx, BOT, PublishOptions(to=url(repo)), lambda _made: False)
    done = publishing.publish(ada.ctx, BOT, PublishOptions(to=url(repo)), agreed, dry_run=True)
    assert done.publication.is_new
    assert repo.git("for-each-ref") == ""
    assert not (ada.home / "distribution.lock").exists()


KEY = "sk-or-v1-0f3b8a6c2d1e4f5a9b8c7d6e5f4a3b2c1d0e"


def cut_off(ada: Machine, monkeypatch: pytest.MonkeyPatch, to: str, bump: str) -> None:
    """Publish, and die when the push is through and nothing is recorded yet."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "_remember", die)
        with pytest.raises(KeyboardInterrupt):
            ada.publish(to, bump=bump)


@pytest.mark.parametrize("is_first", [True, False])
def test_the_same_command_after_one_that_was_cut_off_publishes_nothing_twice(
    repo: Repo, ada: Machine, monkeypatch: pytest.MonkeyPatch, *, is_first: bool
) -> None:
    ada.write("config.yaml", f"model: {{default: small, api_key: {KEY}}}\n")
    if not is_first:
        ada.publish(url(repo))
        ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    to = url(repo) if is_first else ""
    cut_off(ada, monkeypatch, to, "minor")
    before = repo.git("for-each-ref")
    done = ada.publish(to, bump="minor")
    assert not done.publication.is_new
    assert done.publication.label == "bot 0.2.0"
    assert repo.git("for-each-ref") == before
    assert ada.lock.pin.commit == repo.git("rev-parse", "main")
    assert ada.yaml("distribution.yaml")["version"] == "0.2.0"
    assert KEY in ada.read("config.yaml")
    # And again, now that it is recorded.
    assert not ada.publish(bump="minor").publication.is_new
    assert repo.git("for-each-ref") == before


def test_what_was_edited_after_one_that_was_cut_off_is_the_next_version(
    repo: Repo, ada: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada.publish(url(repo))
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    cut_off(ada, monkeypatch, "", "minor")
    ada.edit("SOUL.md", "Rule 20 stands", "Rule 20 is late")
    assert ada.publish(bump="minor").publication.tag == "v0.3.0"
    assert "Rule 20 is late" in shown(repo, "SOUL.md")


def test_a_version_that_somebody_else_made_does_not_stand_for_another(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    ada.publish(url(repo))
    bo = Machine(tmp_path / "bo")
    bo.install(url(repo))
    bo.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    bo.publish(bump="patch")
    assert ada.publish(bump="major").publication.label == "bot 0.1.1"
    assert "Rule 1 is first" in ada.read("SOUL.md")
    assert ada.publish(version="1.0.0").publication.tag == "v1.0.0"


def test_files_that_no_version_has_yet_get_the_next_one(repo: Repo, ada: Machine) -> None:
    ada.publish(url(repo))
    repo.commit({"SOUL.md": SOUL + "By git.\n"})
    ada.update()
    assert ada.publish(bump="minor").publication.tag == "v0.2.0"


def test_near_the_same_line_after_one_that_was_cut_off_is_no_conflict(
    repo: Repo, ada: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada.publish(url(repo))
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    cut_off(ada, monkeypatch, "", "minor")
    repo.commit({"README.md": "By others.\n"})
    ada.edit("SOUL.md", "Rule 1 is first", "Rule 1 is the very first")
    ada.write("skills/late/SKILL.md", "---\nname: late\ndescription: Late.\n---\nLate.\n")
    done = ada.publish(bump="minor")
    assert done.publication.tag == "v0.3.0"
    assert set(done.publication.changes) == {
        "SOUL.md",
        "distribution.yaml",
        "skills/late/SKILL.md",
    }
    assert "Rule 1 is the very first" in shown(repo, "SOUL.md")
    assert shown(repo, "README.md") == "By others.\n"
    assert clean(ada)
    assert not (ada.home / ".dist/pushes.json").exists()


def test_a_connection_that_is_lost_after_the_push_is_like_a_cut(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    repo.git("config", "http.receivepack", "true")
    with GitHttp(tmp_path / "srv") as server:
        ada.publish(f"{server.url}/bot.git")
        ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
        server.lost = True
        with pytest.raises(Unreachable):
            ada.publish(bump="minor")
        server.lost = False
        assert repo.git("tag").split() == ["v0.1.0", "v0.2.0"]
        ada.edit("SOUL.md", "Rule 1 is first", "Rule 1 is the very first")
        assert ada.publish(bump="minor").publication.tag == "v0.3.0"
    assert clean(ada)


@pytest.mark.parametrize("first", [True, False])
def test_a_signed_one_that_was_cut_off_is_recorded_as_signed(
    repo: Repo, ada: Machine, monkeypatch: pytest.MonkeyPatch, *, first: bool
) -> None:
    key = make(ada.root, "key")
    if not first:
        ada.publish(url(repo))
        ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "_remember", die)
        with pytest.raises(KeyboardInterrupt):
            ada.publish(url(repo), key=str(key.path), bump="minor")
    assert not ada.publish(url(repo), bump="minor").publication.is_new
    assert ada.lock.signer
    ada.edit("SOUL.md", "Rule 20 stands", "Rule 20 is late")
    with pytest.raises(Refused, match="previous release was signed"):
        ada.publish(bump="minor")


def test_killed_anywhere_and_edited_since_the_next_one_publishes_it_all_once(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    ada.publish(url(repo))
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    start = tmp_path / "start"
    shutil.copytree(tmp_path, start, symlinks=True, ignore=lambda *_: ["start"])

    def publish() -> None:
        ada.publish(bump="minor")

    tags = set()
    every = changes_of(publish)
    for at in range(1, every + 1, 3):
        for place in ("srv", "ada"):
            shutil.rmtree(tmp_path / place)
            shutil.copytree(start / place, tmp_path / place, symlinks=True)
        assert killed(publish, at), at
        arrived = repo.git("tag").split() != ["v0.1.0"]
        ada.edit("SOUL.md", "Rule 1 is first", "Rule 1 is the very first")
        done = ada.publish(bump="minor")
        assert done.publication.tag == ("v0.3.0" if arrived else "v0.2.0"), at
        assert "Rule 1 is the very first" in shown(repo, "SOUL.md")
        assert clean(ada), at
        tags.add(done.publication.tag)
    assert tags == {"v0.2.0", "v0.3.0"}


def test_a_key_that_signs_nothing_is_not_expected_later(repo: Repo, ada: Machine) -> None:
    ada.publish(url(repo))
    key = make(ada.root, "key")
    assert not ada.publish(key=str(key.path)).publication.is_new
    assert ada.lock.signer == ""


def test_a_push_that_was_refused_leaves_no_note(repo: Repo, ada: Machine) -> None:
    ada.publish(url(repo))
    hook = repo.path / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho no such luck\nexit 1\n")
    hook.chmod(0o755)
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    with pytest.raises(Refused, match="no such luck"):
        ada.publish(bump="minor")
    assert not (ada.home / ".dist/pushes.json").exists()
    hook.unlink()
    assert ada.publish(bump="minor").publication.tag == "v0.2.0"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"message": f"Faster\n\nnow with {KEY}"}, "line 3 of --message: OpenRouter key"),
        ({"message": "open with Qz7xW9kV3mB5nR8tY2pL"}, "line 1 of --message: a secret of this"),
        ({"branch": f"with-{KEY}"}, "line 1 of --branch: OpenRouter key"),
    ],
)
def test_no_secret_leaves_in_the_words_of_a_publication(
    repo: Repo, ada: Machine, given: dict[str, str], told: str
) -> None:
    ada.write(".env", "BOT_TOKEN=Qz7xW9kV3mB5nR8tY2pL\n")
    release = PublishOptions(to=url(repo), **given)
    for dry_run in (True, False):
        with pytest.raises(Refused, match=told) as caught:
            publishing.publish(ada.ctx, BOT, release, agreed, dry_run=dry_run)
        assert KEY not in str(caught.value)
    assert repo.git("for-each-ref") == ""


def test_no_secret_leaves_in_the_name_of_the_author(tmp_path: Path, repo: Repo) -> None:
    ada = Machine(tmp_path / "ada")
    ada.fill()
    ada.init()
    ada.env["GIT_AUTHOR_NAME"] = "Qz7xW9kV3mB5nR8tY2pL"
    ada.write(".env", "BOT_TOKEN=Qz7xW9kV3mB5nR8tY2pL\n")
    with pytest.raises(
        Refused, match=r"user\.name and user\.email of git: a secret of this"
    ) as told:
        ada.publish(url(repo))
    assert "GIT_AUTHOR_EMAIL" in told.value.hint
    assert repo.git("for-each-ref") == ""


def test_a_branch_of_its_own_is_followed_from_then_on(repo: Repo, ada: Machine) -> None:
    ada.publish(url(repo))
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    ada.publish(branch="next", bump="minor")
    assert ada.lock.source == f"{url(repo)}#next"
    assert "Rule 1 is first" in shown(repo, "SOUL.md", "next")
    assert "Rule 1 is first" not in shown(repo, "SOUL.md")
    ada.edit("SOUL.md", "Rule 2 stands", "Rule 2 is second")
    ada.publish(bump="minor")
    assert "Rule 2 is second" in shown(repo, "SOUL.md", "next")


@pytest.mark.parametrize(("bump", "tag"), [("", ""), ("minor", "v0.2.0")])
def test_a_new_branch_with_nothing_else_new_is_made_and_followed(
    repo: Repo, ada: Machine, bump: str, tag: str
) -> None:
    ada.publish(url(repo))
    done = ada.publish(branch="next", bump=bump)
    assert done.publication.is_new
    assert done.publication.tag == tag
    assert repo.git("rev-parse", "next") == done.commit == ada.lock.pin.commit
    assert ada.lock.pin.ref == "refs/heads/next"
    assert clean(ada)
    assert not ada.publish(branch="next", bump="minor").publication.is_new


def test_a_new_branch_begins_where_the_default_one_is(repo: Repo, ada: Machine) -> None:
    first = repo.commit({"README.md": "Read me.\n"})
    ada.publish(url(repo), branch="agent")
    assert repo.git("rev-list", "agent").split()[1:] == [first]
    assert "README.md" in names(repo, "agent")
    assert ada.lock.source == f"{url(repo)}#agent"


def test_a_package_in_a_subfolder_leaves_the_rest_alone(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    repo.commit({"README.md": "All agents.\n", "agents/other/SOUL.md": "Other.\n"})
    ada.publish(f"{url(repo)}//agents/bot")
    assert set(names(repo)) == {
        "README.md",
        "agents/other/SOUL.md",
        *(f"agents/bot/{p}" for p in (*LIVE, "distribution.yaml")),
    }
    bo = Machine(tmp_path / "bo")
    bo.install(f"{url(repo)}//agents/bot")
    assert bo.read("SOUL.md") == SOUL


def test_packages_of_one_repository_have_versions_of_their_own(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    repo.commit({"README.md": "All agents.\n"})
    repo.tag("v9.9")
    bo, cy = (Machine(tmp_path / name) for name in ("bo", "cy"))
    bo.fill()
    bo.init()
    one, other = (f"{url(repo)}//agents/{name}" for name in ("one", "other"))
    assert ada.publish(one).publication.tag == "agents/one/v0.1.0"
    assert bo.publish(other).publication.tag == "agents/other/v0.1.0"
    cy.install(f"{one}@^0.1")
    assert cy.lock.pin.ref == "refs/tags/agents/one/v0.1.0"
    for machine, text in ((ada, "first"), (bo, "other")):
        machine.edit("SOUL.md", "Rule 1 stands", f"Rule 1 is {text}")
    bo.publish(version="0.1.7")
    assert not cy.update().done
    assert ada.publish(bump="patch").publication.tag == "agents/one/v0.1.1"
    assert not ada.publish(bump="patch").publication.is_new  # though main is not at its tag
    assert cy.update().done
    assert "Rule 1 is first" in cy.read("SOUL.md")
    found = outdated(cy.ctx, BOT)
    assert (found.in_range, found.latest) == ("agents/one/v0.1.1", "agents/one/v0.1.1")
    with pytest.raises(Invalid) as told:
        installing.install(cy.ctx, f"{one}#v0.1.0", GO, yes, name="pinned")
    assert told.value.hint.startswith("it has agents/one/v0.1.0,")


def test_a_folder_whose_versions_were_tagged_without_it_goes_on_so(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    ada.publish(url(repo))
    moved = {f"agents/bot/{path}": repo.git("show", f"main:{path}") + "\n" for path in names(repo)}
    repo.commit({**moved, **dict.fromkeys(names(repo))})
    repo.git("tag", "-f", "v0.1.0", "main")
    bo, cy = (Machine(tmp_path / name) for name in ("bo", "cy"))
    bo.install(f"{url(repo)}//agents/bot@^0.1")
    bo.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    assert bo.publish(bump="patch").publication.tag == "v0.1.1"
    cy.fill()
    cy.init()
    assert cy.publish(f"{url(repo)}//agents/new").publication.tag == "agents/new/v0.1.0"


@pytest.mark.parametrize("folder", ["agents/a b", "agents/x..y", "agents/x.lock", "in the way/x"])
def test_a_folder_that_no_tag_can_be_named_after_has_plain_tags(
    repo: Repo, ada: Machine, folder: str
) -> None:
    repo.commit({"README.md": "All agents.\n"})
    assert ada.publish(f"{url(repo)}//{folder}").publication.tag == "v0.1.0"


def test_a_tag_with_the_name_of_the_folder_is_not_in_the_way(repo: Repo, ada: Machine) -> None:
    repo.commit({"README.md": "All agents.\n"})
    repo.tag("agents")
    assert ada.publish(f"{url(repo)}//agents/bot").publication.tag == "v0.1.0"


ATTRIBUTES = """\
* text=auto
*.bin filter=lfs diff=lfs merge=lfs -text
*.txt eol=crlf
ident.txt ident export-subst
wide.txt working-tree-encoding=UTF-16LE
SOUL.md export-ignore
"""
SETTINGS = """\
[core]
	autocrlf = true
	safecrlf = true
	hooksPath = {folder}/hooks
[filter "lfs"]
	clean = touch {folder}/ran; cat
	smudge = touch {folder}/ran; cat
	required = true
[commit]
	gpgSign = true
[user]
	signingKey = DEADBEEF
[push]
	default = nothing
	followTags = true
[protocol "file"]
	allow = never
[init]
	defaultBranch = trunk
"""
BYTES: dict[str, bytes] = {
    "ident.txt": b"$Id$ $Format:%H$\n",
    "wide.txt": "wide\r\n".encode("utf-16"),
    "mixed.txt": b"\xef\xbb\xbfone\r\ntwo\nend",
    "crlf.md": b"one\r\ntwo\r\n",
    "data.bin": bytes(range(256)) * 4,
    "empty.txt": b"",
}


@pytest.mark.parametrize("author", ["git", "embedded"])
def test_every_byte_arrives_whatever_attributes_and_settings_say(
    tmp_path: Path, repo: Repo, author: str
) -> None:
    repo.commit({".gitattributes": ATTRIBUTES, "README.md": "Old.\n"})
    tools, hooks = tmp_path / "tools", tmp_path / "hooks"
    tools.mkdir()
    hooks.mkdir()
    for hook in ("pre-push", "pre-commit", "commit-msg", "post-commit"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        (hooks / hook).chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(SETTINGS.format(folder=tmp_path))
    ways = {"git": {"GIT_CONFIG_GLOBAL": str(config)}, "embedded": {"PATH": str(tools)}}
    ada = Machine(tmp_path / "ada", **ways[author])
    ada.fill()
    ada.init()
    ada.publish(url(repo))
    users = {way: Machine(tmp_path / f"user-{way}", **env) for way, env in ways.items()}
    for user in users.values():
        user.install(f"{url(repo)}")
    for name, data in BYTES.items():
        ada.write(f"skills/hello/{name}", data)
    ada.publish(bump="minor")
    for user in users.values():
        user.update()
        found = {name: (user.home / "skills/hello" / name).read_bytes() for name in BYTES}
        assert found == BYTES
        assert user.read("SOUL.md") == SOUL
    assert not (tmp_path / "ran").exists()


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d' * 32}\nsize 12345\n"


@pytest.mark.parametrize(
    "mine",
    [
        "skills/hello/big.bin",
        "skills/part/SKILL.md",
        "skills/hello/link",
        "templates/deep",
        "skins/x.md",
    ],
)
def test_what_no_package_brings_is_not_replaced_by_a_file_of_the_profile(
    repo: Repo, ada: Machine, mine: str
) -> None:
    ada.publish(url(repo))
    repo.git("read-tree", "main")
    for path, text in {"skills/hello/big.bin": POINTER, "templates/deep/big.bin": POINTER}.items():
        repo.git("update-index", "--add", "--cacheinfo", f"100644,{repo.blob(text)},{path}")
    link = repo.blob("../../../outside")
    for path in ("skills/hello/link", "skins"):
        repo.git("update-index", "--add", "--cacheinfo", f"120000,{link},{path}")
    other = repo.git("rev-parse", "main")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{other},skills/part")
    repo.commit_tree(repo.git("write-tree"), "main")
    ada.update()
    before = repo.git("ls-tree", "-r", "main")
    ada.write(mine, "---\nname: part\ndescription: Mine.\n---\nMine.\n")
    there = {"templates/deep": "templates/deep/big.bin", "skins/x.md": "skins"}.get(mine, mine)
    where = there.removesuffix("/SKILL.md")
    with pytest.raises(Refused, match=f"something else there.*: {where} "):
        ada.publish(bump="minor")
    with pytest.raises(Refused, match=f"something else there.*: {where} "):
        ada.contribute(out=ada.root / "x.patch", own=True)
    (ada.home / mine).unlink()
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    ada.publish(bump="minor")
    after = {*repo.git("ls-tree", "-r", "main").splitlines()}
    assert {*before.splitlines()} - after == {
        line for line in before.splitlines() if line.endswith(("SOUL.md", "distribution.yaml"))
    }


def test_a_conflict_names_the_command_that_brings_the_other_side(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    ada.publish(url(repo))
    fork = Repo(tmp_path / "srv" / "fork.git", bare=True)
    repo.git("push", "-q", str(fork.path), "main")
    repo.git("branch", "next", "main")
    for place, branch in ((fork, "main"), (repo, "next"), (repo, "main")):
        place.commit({"SOUL.md": SOUL.replace("Rule 1 stands", "Rule 1 falls")}, branch=branch)
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    for given, hint in (
        ({"to": url(fork)}, f"install {url(fork)} --name bot --force"),
        ({"branch": "next"}, "update bot --to next"),
        ({}, "update bot"),
    ):
        with pytest.raises(Refused, match="others have also changed") as told:
            publishing.publish(ada.ctx, BOT, PublishOptions(bump="minor", **given), agreed)
        assert told.value.hint.endswith(f"hermes-dist {hint}")


def test_somebody_elses_agent_published_to_a_fork_is_followed_there(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    ada.publish(url(repo))
    fork = Repo(tmp_path / "fork.git", bare=True)
    fork.git("fetch", "-q", str(repo.path), "+refs/*:refs/*")
    repo.commit({"SOUL.md": SOUL + "More.\n"})
    bo = Machine(tmp_path / "bo")
    bo.install(f"{url(repo)}#v0.1.0")
    bo.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    bo.publish(url(fork), bump="minor")
    assert fork.git("rev-list", "--count", "main") == "2"
    assert bo.lock.source == url(fork)


def test_with_distribution_owned_exactly_what_it_names_goes(repo: Repo, ada: Machine) -> None:
    manifest = ada.read("distribution.yaml").split("# distribution_owned")[0]
    ada.write("distribution.yaml", manifest + "distribution_owned: [SOUL.md, docs/, extra.txt]\n")
    ada.fill({"docs/a.md": "A.\n", "extra.txt": "x\n", "other.txt": "y\n", "private/b.md": "B.\n"})
    done = ada.publish(url(repo))
    assert names(repo) == ["SOUL.md", "distribution.yaml", "docs/a.md", "extra.txt"]
    assert {"other.txt", "private/"} <= {left.path for left in done.publication.stays}


@pytest.mark.needs("ssh-keygen")  # by which git verifies signatures
def test_a_signed_publication_is_verified_by_whoever_follows(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    ada.publish(url(repo), key=str(key))
    assert ada.lock.signer.startswith("SHA256:")
    bo = Machine(tmp_path / "bo")
    bo.install(url(repo))
    assert bo.lock.signer == ada.lock.signer
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    with pytest.raises(Refused, match="was signed by"):
        ada.publish(bump="minor")
    ada.publish(bump="minor", key=str(key))
    assert bo.update().done
    signers = tmp_path / "signers"
    signers.write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}")
    for what in (["verify-commit", "main"], ["verify-tag", "v0.2.0"]):
        repo.git("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={signers}", *what)


def test_open_conflicts_are_settled_before(repo: Repo, ada: Machine) -> None:
    ada.publish(url(repo))
    repo.commit({"SOUL.md": SOUL.replace("Rule 7 stands.", "Rule 7 is theirs.")})
    ada.edit("SOUL.md", "Rule 7 stands.", "Rule 7 is mine.")
    ada.update()
    with pytest.raises(ConflictsOpen, match=r"still open: \d conflict"):
        ada.publish(bump="minor")


def test_another_key_signs_only_if_the_earlier_one_names_it_or_the_author_insists(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    keys = [make(tmp_path, name).path for name in ("old", "new", "third")]
    ada.publish(url(repo), key=str(keys[0]))
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    with pytest.raises(Refused, match=r"was signed by .*, not by") as refused:
        ada.publish(bump="minor", key=str(keys[1]))
    assert "sign ./CLONE --rotate" in refused.value.hint
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / "distribution.yaml").write_text(ada.read("distribution.yaml"))
    rotate(ada.ctx, clone, keys[1].with_suffix(".pub"), key=str(keys[0]))
    repo.commit({"distribution.keys": (clone / "distribution.keys").read_bytes()})
    ada.publish(bump="minor", key=str(keys[1]))
    ada.edit("SOUL.md", "Rule 1 is first", "Rule 1 is last")
    with pytest.raises(Refused, match="was signed by"):
        ada.publish(bump="minor", key=str(keys[2]))
    ada.publish(bump="minor", key=str(keys[2]), new_key=True)
