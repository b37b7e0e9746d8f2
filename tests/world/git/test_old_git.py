"""The oldest git that is served: a real one that does not know what git learned after version 2.18."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from gitrepo import GIT, PACKAGE, Repo
from servers import LOGIN, GitHttp

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import DistError, NoRepository, Unreachable
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.world.child import Finished
from hermes_dist.world.git.errors import explain
from hermes_dist.world.git.push import NewCommit, Publisher, open_publisher
from hermes_dist.world.git.settings import fault
from hermes_dist.world.git.sign import AuthorRepo
from hermes_dist.world.ports import RefUpdate

NEWER = (
    "--type=",  # 2.18, but `config --path` is as good, and older
    "--end-of-options",  # 2.24, and for rev-parse 2.30
    "--write-fetch-head",
    "--no-write-fetch-head",  # 2.29
    "--force-if-includes",  # 2.30
    "--path-format",  # 2.31
    "--geometric",  # 2.32
    "--refetch",
    "--object-only",
    "--batch-command",
    "--format=%(object",  # 2.36
)
"""Options that git learned later."""
VARIABLES = "GIT_CONFIG_COUNT GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM"
"""Variables that git does not read before 2.31 and 2.32."""


@pytest.fixture
def env(tmp_path: Path) -> Mapping[str, str]:
    tools = tmp_path / "tools"
    tools.mkdir()
    program = tools / "git"
    refused = "|".join(f"'{option}'*" for option in NEWER)
    program.write_text(
        f"#!/bin/sh\nunset {VARIABLES}\n"
        f'for word; do case "$word" in {refused}) echo "error: unknown option $word" >&2; exit 129;; esac; done\n'
        f'exec {GIT} "$@"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def git(env: Mapping[str, str], tmp_path: Path) -> Publisher:
    return open_publisher(Layout(HERMES, tmp_path / ".hermes", tmp_path), env)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "srv" / "bot.git", bare=True)
    repo.git("config", "http.receivepack", "true")
    repo.commit({**PACKAGE, "--name": "a file whose name looks like an option\n"})
    return repo


def _published(git: Publisher, url: str, old: str) -> str:
    data = b"You are kind.\n"
    changes = {RelPath("SOUL.md"): Entry(Digest.of(data), False)}
    new = NewCommit(parent=old, changes=changes, message="bot 1.1.0")
    commit = git.commit(url, new, lambda _: data)
    git.push(url, [RefUpdate("refs/heads/main", old, commit)])
    return commit


def test_it_fetches_reads_compares_and_publishes(git: Publisher, repo: Repo) -> None:
    url = f"file://{repo.path}"
    old = git.refs(url).heads["main"]
    assert git.fetch(url, old) == old
    listing = git.listing(url, old, None)
    assert {"SOUL.md", "--name"} <= {one.path for one in listing.files}
    skills = [RelPath("skills/hello"), RelPath("skills")]
    assert [set(found) for found in git.listings(url, old, skills)] == [set(skills)]
    commit = _published(git, url, old)
    assert repo.git("rev-parse", "main") == commit
    assert [one.path for one in git.changes(url, old, commit, None) or ()] == [b"SOUL.md"]
    assert git.relation(url, old, commit) == "forward"
    assert git.history(url, "refs/heads/main", 10) == [commit, old]


def test_a_login_in_the_address_arrives_whatever_signs_are_in_it(
    git: Publisher, repo: Repo
) -> None:
    with GitHttp(repo.path.parent) as server:
        server.login = True
        bare = f"{server.url}/bot.git"
        with pytest.raises(NoRepository):
            git.refs(bare)
        url = bare.replace("://", "://" + ":".join(LOGIN) + "@")
        old = git.refs(url).heads["main"]
        git.fetch(url, old)
        commit = _published(git, url, old)
        assert repo.git("rev-parse", "main") == commit
        with pytest.raises(Unreachable):
            git.refs(bare.replace("://", "://a=b:it's%20=!@"))
        assert base64.b64decode(server.logins[-1].partition(" ")[2]) == b"a=b:it's =!"


def test_a_patch_is_the_same_whatever_the_settings_are(
    git: Publisher, repo: Repo, home: Path
) -> None:
    url = f"file://{repo.path}"
    old = git.refs(url).heads["main"]
    git.fetch(url, old)
    commit = _published(git, url, old)
    plain = git.patch(url, commit)
    (home / ".gitconfig").write_text("[format]\n\tsubjectPrefix = ODD\n[diff]\n\tnoprefix = true\n")
    assert git.patch(url, commit) == plain
    assert b"\n--- a/SOUL.md\n" in plain


def test_tags_are_read(env: Mapping[str, str], repo: Repo) -> None:
    repo.git("tag", "v1", "main")
    author = AuthorRepo(repo.path, env)
    assert author.tag("v1").commit == repo.git("rev-parse", "main")
    assert author.setting("gpg.ssh.allowedSignersFile") == ""
    repo.git("config", "gpg.ssh.allowedSignersFile", "~/signers")
    assert author.setting("gpg.ssh.allowedSignersFile").endswith("/signers")
    with pytest.raises(DistError, match="git says"):
        author.tag("--all")


def test_one_that_is_older_still_is_told(env: Mapping[str, str], tmp_path: Path) -> None:
    said = "fatal: unknown value for config 'protocol.version': 2\n"
    error = explain(Finished(128, b"", said), "https://example.org/you/bot", 30)
    assert error.what == "your git is too old"
    assert "2.18" in error.hint
    assert fault(env) is None
    (tmp_path / "tools" / "git").write_text("#!/bin/sh\necho git version 2.17.1\n")
    assert (found := fault(env)) is not None
    assert found.what == error.what


@pytest.mark.parametrize("plural", ["", "s"])
def test_what_a_repository_needs_a_newer_one_for_is_named(plural: str) -> None:
    said = f"fatal: unknown repository extension{plural} found:\n\tobjectformat\n"
    error = explain(Finished(128, b"", said), "https://example.org/you/bot", 30)
    assert error.what == "your git is too old for this repository, which uses objectformat"
