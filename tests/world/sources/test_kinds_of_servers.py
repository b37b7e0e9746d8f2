"""Servers and repositories as people have them: plain files over HTTP, aliases of ssh, logins, repositories that are cut."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from gitrepo import GIT, PACKAGE, Repo
from servers import LOGIN, GitHttp, certificate, sshd

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import DistError, Invalid, Unreachable
from hermes_dist.model.source import parse_source
from hermes_dist.world.disk.store import Store
from hermes_dist.world.git.cli import CliTool
from hermes_dist.world.sources.api import Offer, Sources, open_sources


def sources_of(tmp_path: Path, tool: str = "git", **env: str) -> Sources:
    layout = Layout(HERMES, tmp_path / "root", tmp_path)
    path = {} if tool == "git" else {"PATH": "/nonexistent"}
    return open_sources(layout, lambda: Store(layout.store), {**os.environ, **path, **env})


def offered(sources: Sources, text: str) -> Offer:
    spec = parse_source(text)
    return sources.fetch(spec, *sources.resolve_ref(spec, sources.refs(spec)))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def plain_files(folder: Path) -> Iterator[str]:
    """A server that knows nothing of git."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "served" / "bot.git", bare=True)
    made.commit(PACKAGE)
    made.commit({"SOUL.md": "Second.\n"})
    made.commit({"SOUL.md": "Third.\n"})
    return made


def test_a_repository_of_plain_files_over_http(repo: Repo, tmp_path: Path) -> None:
    repo.git("update-server-info")
    commits = repo.git("rev-list", "main").split()
    sources = sources_of(tmp_path)
    with plain_files(tmp_path / "served") as url:
        offer = offered(sources, f"{url}/bot.git")
        assert offer.pin.commit == commits[0]
        assert sorted(offer.tree) == sorted(PACKAGE)
        spec = parse_source(f"{url}/bot.git")
        assert sources.history(spec, "refs/heads/main", 10) == commits
        old = offered(sources, f"{url}/bot.git#{commits[2]}")
        assert old.tree["SOUL.md"] != offer.tree["SOUL.md"]
        repo.commit({"SOUL.md": "Fourth.\n"})
        repo.git("update-server-info")
        again = sources_of(tmp_path)
        assert offered(again, f"{url}/bot.git").pin.commit == repo.git("rev-parse", "main")
        assert again.relation(spec, commits[0], repo.git("rev-parse", "main")) == "forward"


def test_a_repository_of_plain_files_without_git_is_told(repo: Repo, tmp_path: Path) -> None:
    repo.git("update-server-info")
    with plain_files(tmp_path / "served") as url:
        try:
            assert sorted(offered(sources_of(tmp_path, "none"), f"{url}/bot.git").tree)
        except Unreachable as error:
            assert "install git" in error.hint  # noqa: PT017 - both ends are right


@pytest.mark.needs("ssh-keygen")  # it comes with the client
def test_an_alias_of_ssh_with_a_path(repo: Repo, tmp_path: Path) -> None:
    with sshd(tmp_path / "ssh") as (url, asked):
        user, _, port = url.removeprefix("ssh://").partition("@127.0.0.1:")
        config = tmp_path / "ssh" / "ssh_config"
        config.write_text(
            f"Host Work\n HostName 127.0.0.1\n Port {port}\n User {user}\n\n{config.read_text()}"
        )
        sources = sources_of(tmp_path, GIT_SSH_COMMAND=asked)
        for text in (f"Work:{repo.path}", f"ssh://Work{repo.path}"):
            assert sorted(offered(sources, text).tree) == sorted(PACKAGE)
        with pytest.raises(Unreachable):
            sources.refs(parse_source(f"work:{repo.path}"))


def test_the_users_own_askpass_is_asked_for_a_login(repo: Repo, tmp_path: Path) -> None:
    program = tmp_path / "askpass"
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"print({LOGIN[0]!r} if sys.argv[1].startswith('Username') else {LOGIN[1]!r})\n"
    )
    program.chmod(0o755)
    with GitHttp(repo.path.parent) as server:
        server.login = True
        with pytest.raises(Unreachable, match="may not read it"):
            sources_of(tmp_path).refs(parse_source(f"{server.url}/bot.git"))
        sources = sources_of(tmp_path, GIT_ASKPASS=str(program))
        assert sorted(offered(sources, f"{server.url}/bot.git").tree) == sorted(PACKAGE)


def clone(repo: Repo, at: Path, *words: str) -> Path:
    subprocess.run(
        [GIT, "clone", "-q", *words, f"file://{repo.path}", str(at)],
        check=True,
        capture_output=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
    )
    return at


@pytest.mark.parametrize(
    ("tool", "form"), [("git", "{}#main"), ("git", "file://{}"), ("none", "file://{}")]
)
def test_a_shallow_repository_as_the_source(
    repo: Repo, tmp_path: Path, tool: str, form: str
) -> None:
    shallow = clone(repo, tmp_path / "shallow", "--depth=1")
    sources = sources_of(tmp_path, tool)
    text = form.format(shallow)
    offer = offered(sources, text)
    assert offer.pin.commit == repo.git("rev-parse", "main")
    assert sources.history(parse_source(text), "refs/heads/main", 10) == [offer.pin.commit]
    if tool == "git":
        first = repo.git("rev-list", "main").split()[-1]
        with pytest.raises(DistError, match="no such tag, branch or commit"):
            offered(sources, form.format(shallow).partition("#")[0] + f"#{first}")


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("tool", ["git", "none"])
def test_a_partial_clone_as_the_source_is_read_as_far_as_it_goes(
    repo: Repo, tmp_path: Path, tool: str, *, linked: bool
) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    empty = clone(repo, tmp_path / "without-files", "--filter=blob:none", "--no-checkout")
    if linked:  # as tools for many repositories make it
        config = empty / ".git/config"
        config.symlink_to(config.rename(tmp_path / "config"))
    with pytest.raises(Invalid, match="it is a partial clone") as caught:
        offered(sources_of(tmp_path, tool), f"{empty}#main")
    if tool == "git":
        told = shlex.split(caught.value.hint.partition("with: ")[2])
        subprocess.run([GIT, *told[1:]], check=True, capture_output=True)
        assert sorted(offered(sources_of(tmp_path), f"{empty}#main").tree) == sorted(PACKAGE)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_repository_that_moved_is_followed_over_https_without_its_login_and_told(
    repo: Repo, tmp_path: Path, status: int
) -> None:
    tls = certificate(tmp_path)
    with GitHttp(repo.path.parent, tls) as new, GitHttp(repo.path.parent, tls) as old:
        old.redirect, old.redirects_by = new.url.replace("127.0.0.1", "localhost"), status
        spec = parse_source(old.url.replace("://", f"://{':'.join(LOGIN)}@") + "/bot.git")
        sources = sources_of(tmp_path, GIT_SSL_CAINFO=str(tls[0]))
        refs = sources.refs(spec)
        assert refs is not None
        assert refs.moved_to == f"{old.redirect}/bot.git"
        offer = sources.fetch(spec, *sources.resolve_ref(spec, refs))
        assert sorted(offer.tree) == sorted(PACKAGE)
        assert new.asked
        assert new.logins == []
        old.redirect = f"{old.url}/elsewhere"
        again = sources_of(tmp_path, GIT_SSL_CAINFO=str(tls[0])).refs
        with pytest.raises(Unreachable):
            again(parse_source(f"{old.url}/gone.git"))


@pytest.mark.parametrize("tool", ["git", "none"])
def test_a_redirect_that_is_not_followed_says_where_it_leads(
    repo: Repo, tmp_path: Path, tool: str
) -> None:
    with GitHttp(repo.path.parent) as new, GitHttp(repo.path.parent) as old:
        old.redirect, old.redirects_by = new.url, 301
        url = old.url.replace("://", f"://{':'.join(LOGIN)}@") + "/bot.git"
        with pytest.raises(Unreachable, match="redirects to another address") as caught:
            sources_of(tmp_path, tool).refs(parse_source(url))
        assert (
            caught.value.hint
            == f"it is at {new.url}/bot.git now; if you trust that, use that address"
        )
        assert new.asked == []
        assert new.logins == []


@pytest.mark.parametrize(("env", "silent"), [({}, True), ({"GIT_ASKPASS": "/bin/ask"}, False)])
def test_newer_git_may_ask_the_program_of_the_user(env: dict[str, str], silent: bool) -> None:
    words = CliTool("git", env).refs("https://example.com/a.git").argv
    assert ("credential.interactive=false" in words) is silent
