"""Commits made without a work tree, and pushes that never go over anybody's work: with git, and with the embedded client."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from gitrepo import GIT, PACKAGE, Repo
from servers import LOGIN, GitHttp, git_daemon, sshd

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import Busy, DistError, Refused, Unreachable
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.world.child import Bounds, Command, run
from hermes_dist.world.git import push
from hermes_dist.world.git.push import NewCommit, Publisher, open_publisher
from hermes_dist.world.git.repositories import Patience
from hermes_dist.world.ports import RefUpdate

PATIENCE = Patience(refs=15, fetch=30, local=15)
BLOBS: dict[Digest, bytes] = {}
Open = Callable[..., Publisher]


def entry(text: str | bytes, *, executable: bool = False) -> Entry:
    data = text.encode() if isinstance(text, str) else text
    BLOBS[Digest.of(data)] = data
    return Entry(Digest.of(data), executable)


def changes(files: dict[str, str | bytes | None]) -> dict[RelPath, Entry | None]:
    return {RelPath(path): None if text is None else entry(text) for path, text in files.items()}


@pytest.fixture(params=["git", "dulwich"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    def open_(**env: str) -> Publisher:
        path = os.environ["PATH"]
        if request.param == "dulwich":
            tools = tmp_path / "tools"
            if not tools.is_dir():
                tools.mkdir()
                (tools / "ssh").symlink_to("/usr/bin/ssh")
            path = str(tools)
        found = open_publisher(
            Layout(HERMES, tmp_path / ".hermes", tmp_path),
            {**os.environ, "PATH": path, **env},
            patience=PATIENCE,
        )
        assert found.tool.name == request.param
        return found

    return open_


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "srv" / "bot.git", bare=True)
    repo.git("config", "http.receivepack", "true")
    repo.commit(
        {**PACKAGE, "README.md": "hi\n", "tools/run.sh": "#!/bin/sh\n", "link-target": "x"},
        executable=("tools/run.sh",),
    )
    return repo


def publish(
    git: Publisher,
    url: str,
    files: dict[str, str | bytes | None],
    tag: str = "v1",
    subfolder: str = "",
) -> str:
    old = git.refs(url).heads.get("main", "")
    if old:
        git.fetch(url, old)
    where = RelPath(subfolder) if subfolder else None
    new = NewCommit(
        parent=old, subfolder=where, changes=changes(files), message="bot 1.1.0\n\nsoul"
    )
    commit = git.commit(url, new, BLOBS.__getitem__)
    oid = git.make_tag_object(url, commit, tag, f"bot {tag}")
    git.push(
        url, [RefUpdate("refs/heads/main", old, commit), RefUpdate(f"refs/tags/{tag}", "", oid)]
    )
    return commit


def test_a_commit_changes_what_it_names_and_keeps_every_other_object(
    opened: Open, repo: Repo
) -> None:
    before = repo.git("ls-tree", "-r", "main").splitlines()
    commit = publish(
        opened(),
        f"file://{repo.path}",
        {"SOUL.md": "Better.\n", "skills/hello/SKILL.md": None, "hooks/a/b": "x"},
    )
    assert repo.git("rev-parse", "main") == commit
    after = repo.git("ls-tree", "-r", "main").splitlines()
    assert {line.split("\t")[1] for line in set(before) ^ set(after)} == {
        "SOUL.md",
        "skills/hello/SKILL.md",
        "hooks/a/b",
    }
    assert "100755 blob" in next(line for line in after if line.endswith("tools/run.sh"))
    assert repo.git("cat-file", "blob", "main:SOUL.md") == "Better."
    assert (
        repo.git("log", "-1", "--format=%an %ae|%cn|%s|%b", "main")
        == "Ada Author ada@example.org|Ada Author|bot 1.1.0|soul"
    )
    assert repo.git("cat-file", "-t", "v1") == "tag"
    assert repo.git("rev-parse", "v1^{}") == commit
    repo.git("fsck", "--strict", "--full")


def test_symlinks_and_submodules_beside_a_package_stay_as_they_are(
    opened: Open, repo: Repo
) -> None:
    oid = repo.blob("tools")
    inner = repo.git("rev-parse", "main:tools")
    tree = repo.raw_tree(
        ("120000", b"link", oid), ("40000", b"pkg", inner), ("160000", b"sub", "1" * 40)
    )
    repo.commit_tree(tree, repo.git("rev-parse", "main"))
    publish(opened(), f"file://{repo.path}", {"run.sh": None, "SOUL.md": "hi\n"}, subfolder="pkg")
    listing = repo.git("ls-tree", "-r", "main").splitlines()
    assert [line.split()[0] + " " + line.split("\t")[1] for line in listing] == [
        "120000 link",
        "100644 pkg/SOUL.md",
        "160000 sub",
    ]


def test_a_file_takes_the_place_of_a_folder_and_the_reverse(opened: Open, repo: Repo) -> None:
    publish(
        opened(),
        f"file://{repo.path}",
        {"tools/run.sh": None, "tools": "a file", "link-target": None, "link-target/deep/x": "y"},
    )
    assert repo.git("ls-tree", "-r", "--name-only", "main").splitlines() == [
        "README.md",
        "SOUL.md",
        "distribution.yaml",
        "link-target/deep/x",
        "skills/hello/SKILL.md",
        "tools",
    ]
    repo.git("fsck", "--strict", "--full")


def test_the_first_commit_of_an_empty_repository(opened: Open, tmp_path: Path) -> None:
    empty = Repo(tmp_path / "empty.git", bare=True)
    commit = publish(opened(), f"file://{empty.path}", dict(PACKAGE))
    assert empty.git("rev-list", "main") == commit
    assert empty.git("ls-tree", "-r", "--name-only", "main").split() == sorted(PACKAGE)


@pytest.mark.parametrize("transport", ["http", "ssh", "git"])
def test_pushing_over_each_transport(
    opened: Open, repo: Repo, tmp_path: Path, transport: str
) -> None:
    if transport == "http":
        with GitHttp(repo.path.parent) as server:
            commit = publish(opened(), f"{server.url}/bot.git", {"SOUL.md": "Better.\n"})
    elif transport == "ssh":
        with sshd(tmp_path / "keys") as (url, command):
            commit = publish(
                opened(GIT_SSH_COMMAND=command), f"{url}{repo.path}", {"SOUL.md": "Better.\n"}
            )
    else:
        repo.git("config", "daemon.receivepack", "true")
        with git_daemon(repo.path.parent) as url:
            commit = publish(opened(), f"{url}/bot.git", {"SOUL.md": "Better.\n"})
    assert repo.git("rev-parse", "main") == commit


def test_a_repository_that_moved_on_is_never_pushed_over(opened: Open, repo: Repo) -> None:
    git, url = opened(), f"file://{repo.path}"
    old = repo.git("rev-parse", "main")
    git.fetch(url, old)
    mine = git.commit(
        url,
        NewCommit(parent=old, changes=changes({"SOUL.md": "mine"}), message="mine"),
        BLOBS.__getitem__,
    )
    theirs = repo.commit({"SOUL.md": "theirs"})
    with pytest.raises(Busy, match="someone else published"):
        git.push(
            url, [RefUpdate("refs/heads/main", old, mine), RefUpdate("refs/tags/v9", "", mine)]
        )
    assert repo.git("rev-parse", "main") == theirs
    assert repo.git("tag") == ""


def test_a_tag_that_exists_stops_the_branch_too(opened: Open, repo: Repo) -> None:
    git, url = opened(), f"file://{repo.path}"
    old = repo.git("rev-parse", "main")
    repo.tag("v1", old)
    git.fetch(url, old)
    mine = git.commit(
        url,
        NewCommit(parent=old, changes=changes({"SOUL.md": "mine"}), message="mine"),
        BLOBS.__getitem__,
    )
    with pytest.raises(Busy, match="nothing was pushed"):
        git.push(
            url, [RefUpdate("refs/heads/main", old, mine), RefUpdate("refs/tags/v1", "", mine)]
        )
    assert repo.git("rev-parse", "main", "v1").split() == [old, old]


def test_a_server_that_says_no_is_quoted_and_nothing_moves(opened: Open, repo: Repo) -> None:
    hook = repo.path / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no\nexit 1\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    with GitHttp(repo.path.parent) as server:
        before = repo.git("rev-parse", "main")
        with pytest.raises(Refused, match="the server rejected it"):
            publish(opened(), f"{server.url}/bot.git", {"SOUL.md": "x"})
        assert repo.git("rev-parse", "main") == before


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_what_a_hook_says_is_told_with_the_refusal(opened: Open, repo: Repo, hook: str) -> None:
    script = repo.path / "hooks" / hook
    script.parent.mkdir(exist_ok=True)
    only_tags = "" if hook == "pre-receive" else "case $1 in refs/heads/*) exit 0;; esac\n"
    script.write_text(f"#!/bin/sh\n{only_tags}printf 'none \\033[31mon Fridays\\n' >&2\nexit 1\n")
    script.chmod(0o755)
    git = opened()
    with GitHttp(repo.path.parent) as server, pytest.raises(Refused) as caught:
        publish(git, f"{server.url}/bot.git", {"SOUL.md": "x"})
    assert "hook declined" in caught.value.what
    assert "\x1b" not in caught.value.what
    if (
        git.tool.name == "git"
    ):  # the embedded client keeps to itself what a server says beside its answer
        assert "atomic" not in caught.value.what
        assert caught.value.what.count("on Fridays") == 1
    assert repo.git("tag") == ""


def test_a_server_whose_disk_is_full_is_told_from_a_full_disk_here(
    opened: Open, repo: Repo
) -> None:
    hook = repo.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'fatal: write error: No space left on device' >&2\nexit 1\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    with GitHttp(repo.path.parent) as server:
        url = f"{server.url}/bot.git"
        with pytest.raises(Refused) as told:
            publish(opened(), url, {"SOUL.md": "x"})
    assert told.value.where == url
    assert "the disk is full" not in str(told.value)


def test_a_full_disk_of_a_server_is_told_behind_a_line_of_progress_too(tmp_path: Path) -> None:
    # Of many objects, git redraws its progress in one line, and what the server says follows it there.
    said = "Writing: 1%\\rWriting: 2%\\rremote: fatal: unable to write loose object file: No space left on device"
    done = run(
        Command(
            ("/bin/sh", "-c", f"printf '%b\\n' '{said}' >&2; exit 1"), {"PATH": os.environ["PATH"]}
        ),
        Bounds(seconds=10),
    )
    error = push._refusal(done, "https://x.example/bot", 10, tmp_path)
    assert "its server has no space left" in str(error)


def test_a_hook_of_transactions_that_refuses_is_no_lost_connection(
    repo: Repo, tmp_path: Path
) -> None:
    hook = repo.path / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    git = open_publisher(
        Layout(HERMES, tmp_path / ".hermes", tmp_path), os.environ, patience=PATIENCE
    )
    before = repo.git("for-each-ref")
    with pytest.raises(Refused, match="a hook there"):
        publish(git, f"file://{repo.path}", {"SOUL.md": "x"})
    assert repo.git("for-each-ref") == before


def test_a_branch_that_is_checked_out_there_is_refused(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "work")
    repo.commit(PACKAGE)
    git = open_publisher(
        Layout(HERMES, tmp_path / ".hermes", tmp_path), os.environ, patience=PATIENCE
    )
    with pytest.raises(Refused, match="checked out"):
        publish(git, f"file://{repo.path}", {"SOUL.md": "x"})


def test_a_login_comes_from_a_credential_helper_and_without_one_it_is_a_sentence(
    repo: Repo, tmp_path: Path
) -> None:
    layout = Layout(HERMES, tmp_path / ".hermes", tmp_path)
    helper = f"!f() {{ echo username={LOGIN[0]}; echo password={LOGIN[1]}; }}; f"
    config = tmp_path / "gitconfig"
    config.write_text("")
    subprocess.run([GIT, "config", "--file", str(config), "credential.helper", helper], check=True)
    with GitHttp(repo.path.parent) as server:
        server.login = True
        url = f"{server.url}/bot.git"
        with pytest.raises(Unreachable, match="you may not read it"):
            publish(open_publisher(layout, os.environ, patience=PATIENCE), url, {"SOUL.md": "x"})
        env = {**os.environ, "GIT_CONFIG_GLOBAL": str(config)}
        commit = publish(open_publisher(layout, env, patience=PATIENCE), url, {"SOUL.md": "x"})
    assert repo.git("rev-parse", "main") == commit


def test_the_users_hooks_and_odd_settings_do_not_run(repo: Repo, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-push").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (hooks / "pre-push").chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(
        f"[core]\n\thooksPath = {hooks}\n[push]\n\tgpgSign = true\n\tfollowTags = true\n[commit]\n\tgpgSign = true\n[diff]\n\tnoprefix = true\n"
    )
    env = {**os.environ, "GIT_CONFIG_GLOBAL": str(config)}
    git = open_publisher(Layout(HERMES, tmp_path / ".hermes", tmp_path), env, patience=PATIENCE)
    url = f"file://{repo.path}"
    commit = publish(git, url, {"SOUL.md": "x\n"})
    assert not (tmp_path / "ran").exists()
    assert b"\n--- a/SOUL.md\n" in git.patch(url, commit)


def test_nobody_is_guessed_to_be_the_author(
    opened: Open, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{who}_NAME")
        monkeypatch.delenv(f"GIT_{who}_EMAIL")
    with pytest.raises(DistError, match="git does not know who you are"):
        opened().identity()
    (Path(os.environ["HOME"]) / ".gitconfig").write_text(
        "[user]\n\tname = Bo\n\temail = bo@example.org\n"
    )
    assert opened().identity().startswith("Bo <bo@example.org> 1")


def test_a_patch_applies_with_git(opened: Open, repo: Repo, tmp_path: Path) -> None:
    git, url = opened(), f"file://{repo.path}"
    old = git.fetch(url, "refs/heads/main")
    new = {
        "SOUL.md": "You are a bot.\nAnd ü.",
        "hooks/x/handler.py": "print(1)\n",
        "README.md": None,
    }
    commit = git.commit(
        url,
        NewCommit(
            parent=old, changes=changes(dict(new)), message="Improve the soul\n\nTwo lines.\n"
        ),
        BLOBS.__getitem__,
    )
    patch = tmp_path / "x.patch"
    patch.write_bytes(git.patch(url, commit))
    work = tmp_path / "work"
    subprocess.run([GIT, "clone", "-q", str(repo.path), str(work)], check=True)
    subprocess.run([GIT, "-C", str(work), "apply", "--check", str(patch)], check=True)
    subprocess.run([GIT, "-C", str(work), "am", "-q", str(patch)], check=True)
    assert (work / "SOUL.md").read_text() == "You are a bot.\nAnd ü."
    assert not (work / "README.md").exists()
    said = subprocess.run(
        [GIT, "-C", str(work), "log", "-1", "--format=%an|%s|%b"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert said.strip() == "Ada Author|Improve the soul|Two lines."
