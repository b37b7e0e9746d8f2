"""Which repositories only git can ask: whatever the user's settings, environment and files say about it counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_dist.world.git.only_git import is_plain, plain_schemes

BOTH = ("http", "https")


def test_nothing_said(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "PATH": "/bin", "https_proxy": "", "no_proxy": "*", "LANG": "C"}
    assert plain_schemes(env) == BOTH


@pytest.mark.parametrize(
    "name",
    [
        *("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"),
        *("NETRC", "GIT_HTTP_USER_AGENT", "GIT_PROXY_SSL_CERT"),
    ],
)
def test_a_variable_that_says_how_servers_are_asked(tmp_path: Path, name: str) -> None:
    assert plain_schemes({"HOME": str(tmp_path), name: "x"}) == ()


@pytest.mark.parametrize(
    "name", ["GIT_SSL_NO_VERIFY", "GIT_SSL_CAINFO", "GIT_SSL_CERT", "SSL_CERT_FILE", "SSL_CERT_DIR"]
)
def test_a_variable_about_certificates_counts_where_there_are_some(
    tmp_path: Path, name: str
) -> None:
    assert plain_schemes({"HOME": str(tmp_path), name: "x"}) == ("http",)


@pytest.mark.parametrize("name", [".netrc", "_netrc"])
def test_a_file_of_logins_and_a_link_to_one_that_is_gone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("gone")
    assert plain_schemes({"HOME": str(tmp_path)}) == ()


def test_without_a_home_nobody_knows_its_files() -> None:
    assert plain_schemes({"PATH": "/bin"}) == ()


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://github.com/you/bot", True),
        ("https://github.com/you/bot.git/", True),
        ("http://127.0.0.1:8080/a%20b.git", True),
        ("https://token@github.com/you/bot", False),
        ("https://user:token@github.com/you/bot", False),
        ("https://github.com/you/bot?a=b", False),
        ("https://github.com/you/../bot", False),
        ("https://github.com/./bot", False),
        ("https://github.com", False),
        ("https://exämple.org/bot", False),
        ("https://example.org/ä", False),
        ("https://[::1]/bot", False),
        ("ssh://git@github.com/you/bot", False),
        ("git@github.com:you/bot", False),
        ("git://example.org/bot", False),
        ("file:///srv/bot.git", False),
    ],
)
def test_an_address(url: str, plain: bool) -> None:
    assert is_plain(url, BOTH) is plain


def test_an_address_of_a_kind_that_git_has_to_ask() -> None:
    assert not is_plain("https://github.com/you/bot", ("http",))
    assert is_plain("http://127.0.0.1/bot", ("http",))
