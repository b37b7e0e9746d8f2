"""Many repositories are asked without git where that makes no difference, and by git wherever it could."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from gitrepo import PACKAGE, Repo
from rude import PAGE, Answer, cut, cut_in_the_middle, here, reset, serving, status
from servers import LOGIN, GitHttp, certificate

from hermes_dist.errors import DistError, Unreachable
from hermes_dist.world.git import direct
from hermes_dist.world.git.cli import CliTool
from hermes_dist.world.git.embedded import DulwichTool
from hermes_dist.world.git.repositories import BareGit, Patience
from hermes_dist.world.ports import Refs

NAMES = ("a", "b", "c", "d", "e")
Make = Callable[..., BareGit]


@pytest.fixture
def env(home: Path) -> Mapping[str, str]:
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
    }


@pytest.fixture
def make(env: Mapping[str, str], tmp_path: Path) -> Make:
    def make(*, offline: bool = False, **more: str) -> BareGit:
        tool = CliTool("git", {**env, **more})
        patience = Patience(refs=15, fetch=15, local=15)
        return BareGit(tmp_path / "caches", tool, offline=offline, patience=patience)

    return make


@pytest.fixture
def served(home: Path, tmp_path: Path) -> Iterator[GitHttp]:
    for name in NAMES:
        repo = Repo(tmp_path / f"{name}.git", bare=True)
        repo.commit(PACKAGE)
        repo.tag(f"{name}1", annotated=True)
        repo.commit({"SOUL.md": "Be kind.\n"}, branch=f"of-{name}")
    with GitHttp(tmp_path) as server:
        yield server


def urls(server: GitHttp) -> list[str]:
    return [f"{server.url}/{name}.git" for name in NAMES]


def ask(git: BareGit, addresses: list[str]) -> list[Refs]:
    with git.asking(addresses):
        return [git.refs(url) for url in addresses]


def by_git(server: GitHttp) -> bool:
    """Whether git was among those who asked."""
    return any(not agent.startswith("git/hermes-dist-") for agent in server.agents)


def test_what_is_said_is_what_git_says_and_asked_once(make: Make, served: GitHttp) -> None:
    git = make()
    found = ask(git, urls(served))
    assert [refs.annotated.keys() for refs in found] == [{f"{name}1"} for name in NAMES]
    assert sorted(served.asked) == [
        f"/{name}.git/info/refs?service=git-upload-pack" for name in NAMES
    ]
    assert found == [git.refs(url) for url in urls(served)]
    assert by_git(served)


def test_few_are_asked_by_git(make: Make, served: GitHttp) -> None:
    ask(make(), urls(served)[:3])
    assert by_git(served)


def test_git_asks_a_server_once(make: Make, served: GitHttp) -> None:
    refs = make().refs(urls(served)[0])
    assert (refs.head, list(refs.heads)) == ("refs/heads/main", ["main", "of-a"])
    assert served.asked == ["/a.git/info/refs?service=git-upload-pack"]


def test_after_the_block_git_asks_again(make: Make, served: GitHttp) -> None:
    git = make()
    with git.asking(urls(served)):
        pass
    git.refs(urls(served)[0])
    assert by_git(served)


@pytest.mark.parametrize(
    "settings",
    [
        "[http]\n extraHeader = Authorization: x\n",
        "[HTTP]\n Proxy =\n",
        '[http "https://example.org/"]\n sslVerify = false\n',
        '[url "https://example.org/"]\n insteadOf = gh:\n',
        "[protocol]\n allow = always\n",
        '[remote "origin"]\n proxy =\n',
        "[include]\n path = more\n",
        "[http\n",
    ],
)
def test_a_setting_that_says_how_a_server_is_asked_leads_to_git(
    make: Make, home: Path, served: GitHttp, settings: str
) -> None:
    (home / ".gitconfig").write_text(settings)
    (home / "more").write_text("[http]\n postBuffer = 1000000\n")
    if settings == "[http\n":
        with pytest.raises(DistError):
            ask(make(), urls(served))
        assert served.asked == []
    else:
        ask(make(), urls(served))
        assert by_git(served)


def test_a_setting_about_something_else_does_not(make: Make, home: Path, served: GitHttp) -> None:
    (home / ".gitconfig").write_text(
        '[user]\n name = http.proxy\n[url "ssh://git@x/"]\n pushInsteadOf = http://127.0.0.1\n'
        "[credential]\n helper = store\n[core]\n pager = less\n"
    )
    ask(make(), urls(served))
    assert not by_git(served)


@pytest.mark.parametrize("name", ["https_proxy", "GIT_HTTP_USER_AGENT"])
def test_a_variable_that_says_how_leads_to_git(make: Make, served: GitHttp, name: str) -> None:
    ask(make(**{name: "x"}), urls(served))
    assert by_git(served)


def test_a_login_that_git_gets_from_a_helper_is_used(
    make: Make, home: Path, served: GitHttp
) -> None:
    served.login = True
    user, password = LOGIN
    (home / ".gitconfig").write_text(
        f'[credential]\n helper = "!f() {{ echo username={user}; echo password={password}; }}; f"\n'
    )
    assert all(refs.heads for refs in ask(make(), urls(served)))
    # The first answer says that this server wants a login; only git gets to see it.
    assert len([path for path in served.asked if "info/refs" in path]) == 1 + 2 * len(NAMES)


def test_a_login_in_the_address_is_for_git_alone(make: Make, served: GitHttp) -> None:
    served.login = True
    addresses = [url.replace("://", "://{}:{}@".format(*LOGIN)) for url in urls(served)]
    assert all(refs.heads for refs in ask(make(), addresses))
    assert by_git(served)


def test_where_a_repository_moved_is_found_out_by_git(
    make: Make, served: GitHttp, tmp_path: Path
) -> None:
    served.redirect = f"{served.url}/elsewhere"
    with pytest.raises(Unreachable) as caught:
        ask(make(), urls(served))
    assert "redirects" in caught.value.what


def test_without_git_nobody_knows_the_settings(
    env: Mapping[str, str], served: GitHttp, tmp_path: Path
) -> None:
    git = BareGit(tmp_path / "caches", DulwichTool(env), patience=Patience())
    with git.asking(urls(served)):
        assert git._direct is None


def test_offline_no_server_is_asked(make: Make, served: GitHttp) -> None:
    with pytest.raises(Unreachable):
        ask(make(offline=True), urls(served))
    assert served.asked == []


def test_a_certificate_is_checked(
    make: Make, served: GitHttp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with GitHttp(tmp_path, certificate(tmp_path)) as server:
        for path in urls(server):
            with direct.Direct(bool) as asking:
                assert asking.refs(path) is None
        assert server.asked == []
        trusting = partial(ssl.create_default_context, cafile=str(tmp_path / "cert.pem"))
        monkeypatch.setattr(direct.ssl, "create_default_context", trusting)
        ask(make(), urls(server))
        assert len(server.asked) == len(NAMES)
        assert not by_git(server)


def drip(asked: BaseHTTPRequestHandler) -> None:
    """Send a header without end, a byte at a time."""
    asked.send_response(200)
    asked.flush_headers()
    while True:
        asked.wfile.write(b"x")
        time.sleep(0.01)


def endless(asked: BaseHTTPRequestHandler) -> None:
    """Send a body without end."""
    status(200, b"", ("Content-Type", direct.TYPE))
    asked.send_response(200)
    asked.send_header("Content-Type", direct.TYPE)
    asked.end_headers()
    while True:
        asked.wfile.write(b"0004" * 10_000)


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        *((status(code), False) for code in (404, 410)),
        *((status(code), True) for code in (401, 403, 429, 500, 503)),
        (lambda asked: here(asked, "/elsewhere"), False),
        (status(200, PAGE, ("Content-Type", "text/html")), True),
        (status(200, b"", ("Content-Type", direct.TYPE)), False),
        (status(200, b"", ("Content-Type", direct.TYPE), ("Content-Encoding", "gzip")), True),
        *((answer, True) for answer in (cut, reset, drip)),
        *((answer, False) for answer in (cut_in_the_middle, endless)),
    ],
)
def test_any_other_answer_leads_to_git(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, left: bool
) -> None:
    monkeypatch.setattr(direct, "_SECONDS", 0.3)
    asked = []

    def noted(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        answer(request)

    with serving(noted) as url, direct.Direct(bool) as asking:
        assert asking.refs(url) is None
        assert asking.refs(f"{url}2") is None
        # What a server says about all of its repositories, or a failure, is not waited for again.
        assert len(asked) == 2 - left


def test_a_connection_that_the_server_closed_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    line = f"{'a' * 40} HEAD\0agent=x\n"
    body = f"001e# service=git-upload-pack\n0000{len(line) + 4:04x}{line}0000".encode()
    good = status(200, body, ("Content-Type", direct.TYPE))
    with serving(good) as url, direct.Direct(bool) as asking:
        for _ in range(3):  # this server closes without a word
            found = asking.refs(url)
            assert found is not None
            assert found.head_commit == "a" * 40


def test_where_connecting_is_slow_git_asks_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    line = f"{'a' * 40} HEAD\0agent=x\n"
    body = f"001e# service=git-upload-pack\n0000{len(line) + 4:04x}{line}0000".encode()
    good = status(200, body, ("Content-Type", direct.TYPE))
    with serving(good) as url, serving(good) as other, direct.Direct(bool) as asking:
        assert asking.refs(url) is not None
        monkeypatch.setattr(direct, "_SLOW", -1.0)
        assert asking.refs(url) is not None
        assert asking.refs(url) is None
        assert asking.refs(other) is None
