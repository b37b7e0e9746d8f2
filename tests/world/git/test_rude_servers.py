"""What a user reads when a server answers, but not with a repository: with git, and with the embedded client."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from gitrepo import PACKAGE, Repo
from rude import PAGE, Answer, cut, cut_in_the_middle, here, reset, serving, status
from servers import GitHttp, certificate, free_port

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import DistError, Invalid, Unreachable
from hermes_dist.world.child import Finished
from hermes_dist.world.git.cli import CliTool
from hermes_dist.world.git.embedded import DulwichTool
from hermes_dist.world.git.errors import explain
from hermes_dist.world.git.push import open_publisher
from hermes_dist.world.git.repositories import BareGit, Patience
from hermes_dist.world.ports import RefUpdate

PATIENCE = Patience(refs=15, fetch=15, local=15)


@pytest.fixture(params=["git", "embedded"])
def git(request: pytest.FixtureRequest, tmp_path: Path) -> BareGit:
    env = {**os.environ, "HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull}
    tool = CliTool("git", env) if request.param == "git" else DulwichTool(env)
    return BareGit(tmp_path / "caches", tool, patience=PATIENCE)


def told(git: BareGit, url: str) -> DistError:
    with pytest.raises(DistError) as caught:
        git.refs(url)
    assert caught.value.where == url
    return caught.value


ANSWERS: Sequence[tuple[str, Answer, str, str]] = [
    ("401", status(401), "it does not exist, or you may not read it", "log in with"),
    ("403", status(403), "the host refuses access (403)", "ask the owner"),
    ("404", status(404), "there is no such repository", "check how it is spelled"),
    ("410", status(410), "there is no such repository", "check how it is spelled"),
    ("418", status(418), "the host does not accept the request (418)", "check the address"),
    ("407", status(407), "the proxy asks for a login (407)", "address of the proxy"),
    (
        "429",
        status(429, b"", ("Retry-After", "3600")),
        "the host got too many requests (429)",
        "in some minutes",
    ),
    ("500", status(500), "the host failed (500)", "try again later"),
    ("503", status(503), "the host failed (503)", "try again later"),
    ("circle", lambda asked: here(asked, asked.path), "it redirects in a circle", "in a browser"),
    ("cut", cut, "the connection was cut before everything had arrived", "try again"),
    ("reset", reset, "the connection was cut before everything had arrived", "try again"),
    ("middle", cut_in_the_middle, "the connection was cut", "try again"),
]


@pytest.mark.parametrize(
    ("answer", "what", "hint"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_an_answer_that_is_no_repository(
    git: BareGit, answer: Answer, what: str, hint: str
) -> None:
    before = time.monotonic()
    with serving(answer) as url:
        error = told(git, url)
    assert error.what.startswith(what)
    assert hint in error.hint
    assert isinstance(error, Unreachable)
    # Nothing of the words of a program: they name the address twice, and a library.
    assert not any(word in str(error) for word in ("unable to access", "urllib3", "Pool", "curl"))
    assert time.monotonic() - before < PATIENCE.refs


def test_a_page_is_told_from_a_repository(git: BareGit) -> None:
    with serving(status(200, PAGE, ("Content-Type", "text/html"))) as url:
        error = told(git, url)
    assert error.what.startswith(
        ("a web page answers there, not a git repository", "it sent something that is not a git")
    )


def test_a_redirect_to_a_login_is_not_offered_as_the_new_address(tmp_path: Path) -> None:
    def answer(asked: BaseHTTPRequestHandler) -> None:
        here(asked, "/sign_in?back=1")

    git = BareGit(tmp_path / "caches", CliTool("git", os.environ), patience=PATIENCE)
    with serving(answer) as url:
        error = told(git, url)
    page = url.replace("/you/bot", "/sign_in")
    assert error.what == f"it redirects to {page}, which is not a repository"
    assert "browser" in error.hint


def test_nothing_answers(git: BareGit) -> None:
    error = told(git, f"http://127.0.0.1:{free_port()}/you/bot")
    assert error.what == "nothing answers at this address"
    assert "port" in error.hint


def test_a_setting_that_leads_elsewhere_is_told_from_a_redirect(tmp_path: Path) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text(f'[url "file://{tmp_path}/"]\n insteadOf = https://example.org/\n')
    env = {**os.environ, "GIT_CONFIG_GLOBAL": str(settings)}
    error = told(
        BareGit(tmp_path / "caches", CliTool("git", env), patience=PATIENCE),
        "https://example.org/you/bot",
    )
    assert error.what.startswith("your git settings send it to an address of another kind (file)")
    assert "insteadOf" in error.hint


def test_a_download_is_told_from_a_repository(git: BareGit) -> None:
    with serving(status(404)) as url:
        error = told(git, f"{url}.tar.gz")
    assert (
        error.hint == "an archive is installed from a file: download it, then install ./bot.tar.gz"
    )


def test_a_certificate_that_this_machine_does_not_know(git: BareGit, tmp_path: Path) -> None:
    with GitHttp(tmp_path, certificate(tmp_path)) as server:
        error = told(git, f"{server.url}/bot")
    assert error.what == "this machine does not trust the certificate of the host"


def test_plain_http_asked_over_https(git: BareGit, tmp_path: Path) -> None:
    with GitHttp(tmp_path) as server:
        error = told(git, server.url.replace("http:", "https:") + "/bot")
    assert error.what == "it does not answer over https"


@pytest.mark.parametrize(
    "line",
    [
        "error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502",
        "error: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly: CANCEL (err 8)",
        "fetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF",
        "error: RPC failed; curl 18 transfer closed with outstanding read data remaining",
        "fatal: unable to access 'https://h/x/': Connection timed out after 300001 milliseconds",
        "ssh: connect to host h port 22: No route to host",
        "kex_exchange_identification: read: Connection reset by peer",
        "fatal: unable to access 'https://h/x/': CONNECT tunnel failed, response 407",
    ],
)
def test_lines_of_git_that_were_seen_are_known(line: str) -> None:
    error = explain(Finished(128, b"", line), "https://h/x", 30)
    assert isinstance(error, Unreachable)
    assert "it can't be reached" not in error.what


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect", "proxy 127.0.0.1:9"),
        ("Failed to connect to h port 443 via squid port 3128 after 0 ms", "proxy squid:3128"),
        ("Could not resolve proxy: squid", "the proxy was not found"),
    ],
)
def test_a_proxy_that_does_not_answer_is_told_from_the_host(said: str, what: str) -> None:
    line = f"fatal: unable to access 'https://me:secret@h/x/': {said}"
    error = explain(Finished(128, b"", line), "https://me:secret@h/x", 30)
    assert isinstance(error, Unreachable)
    assert what in error.what
    assert "https_proxy" in error.hint


@pytest.mark.parametrize(
    "said", ["Failed to connect to h port 443 after 0 ms", "Failed to connect"]
)
def test_a_host_that_does_not_answer_is_no_proxy(said: str) -> None:
    line = f"fatal: unable to access 'https://h/x/': {said}"
    assert explain(Finished(128, b"", line), "https://h/x", 30).what == (
        "nothing answers at this address"
    )


def test_what_the_repository_itself_does_wrong_is_no_matter_of_the_network() -> None:
    error = explain(
        Finished(128, b"", "fatal: bad object 1234\nfatal: index-pack failed"), "https://h/x", 30
    )
    assert isinstance(error, Invalid)


def test_a_push_whose_answer_is_lost_may_have_arrived(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "srv" / "bot.git", bare=True)
    repo.git("config", "http.receivepack", "true")
    first = repo.commit(PACKAGE)
    publisher = open_publisher(
        Layout(HERMES, tmp_path / ".hermes", tmp_path), os.environ, patience=PATIENCE
    )
    with GitHttp(repo.path.parent) as server:
        url = f"{server.url}/bot.git"
        publisher.fetch(url, first)
        server.lost = True
        with pytest.raises(Unreachable, match="connection was cut") as caught:
            publisher.push(url, [RefUpdate("refs/tags/v1", "", first)])
    assert "may have taken it" in caught.value.hint
    assert repo.git("rev-parse", "v1") == first
