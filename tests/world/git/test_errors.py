"""What git says, read without git."""

from __future__ import annotations

import pytest

from hermes_dist.errors import DistError, ExitCode, Invalid
from hermes_dist.world.child import Finished
from hermes_dist.world.git.errors import explain, followed_to

ASKED = "https://ada:s3cret@host.example/bot.git"


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ("", ""),
        ("warning: redirecting elsewhere", ""),
        ("warning: redirecting to https://new.example/bot/", "https://new.example/bot"),
        ("x\nwarning: redirecting to https://b.example/c\ny", "https://b.example/c"),
        ("x warning: redirecting to https://b.example/c", ""),
        ("warning: redirecting to https://host.example/bot.git/", ""),
        ("warning: redirecting to https://host.example/bot/", ""),
        (
            "warning: redirecting to https://host.example/bot.github",
            "https://host.example/bot.github",
        ),
        (
            "warning: redirecting to https://one.example/bot\nwarning: redirecting to https://me:x@two.example/bot",
            "https://two.example/bot",
        ),
    ],
)
def test_a_redirect_that_git_followed_is_told_if_it_leads_elsewhere(said: str, there: str) -> None:
    assert followed_to(Finished(0, b"", said), ASKED) == there


def _explained(said: str, url: str = ASKED) -> DistError:
    return explain(Finished(128, b"", said), url, 10)


@pytest.mark.parametrize(
    ("said", "what", "hint"),
    [
        (
            "fatal: bad config line 6 in file /home/ada/.gitconfig",
            "line 6 of /home/ada/.gitconfig",
            "that line",
        ),
        (
            "fatal: exceeded maximum include depth (10) while including\n\t/a\nfrom\n\t/a",
            "includes itself",
            "[include]",
        ),
        (
            "fatal: bad numeric config value 'banana' for 'core.compression' in file /x: invalid unit",
            "core.compression: 'banana'",
            "--edit",
        ),
        (
            "fatal: bad boolean config value 'perhaps' for 'http.sslverify'",
            "http.sslverify: 'perhaps'",
            "--edit",
        ),
        (
            "fatal: bad config variable 'core.editor' in file '/a/b' at line 3",
            "core.editor, at line 3 of /a/b",
            "--edit",
        ),
        (
            (
                "warning: unable to access '/home/ada/.gitconfig': Permission denied\n"
                "fatal: unknown error occurred while reading the configuration files"
            ),
            "can't read your settings",
            "you may read it",
        ),
    ],
)
def test_settings_that_git_can_not_read_are_the_fault_of_no_address(
    said: str, what: str, hint: str
) -> None:
    error = _explained(said)
    assert what in error.what
    assert hint in error.hint
    assert (error.where, error.code) == ("", ExitCode.ERROR)


def test_a_server_that_complains_of_its_settings_is_at_fault_itself() -> None:
    error = _explained("remote: fatal: bad config line 6 in file /srv/gitconfig\nfatal: hung up")
    assert "your settings" not in error.what
    assert error.code is ExitCode.UNREACHABLE


@pytest.mark.parametrize(
    ("said", "url", "host"),
    [
        (
            "fatal: unable to access 'https://away.example/bot.git/': Could not resolve host: away.example",
            ASKED,
            "your git settings send it to away.example",
        ),
        (
            "ssh: Could not resolve hostname inner.example: Name or service not known",
            "git@work:you/bot",
            "your ssh or git settings send it to inner.example",
        ),
        (
            "fatal: unable to access 'https://[::1]:8443/bot.git/': Could not resolve host: ::1",
            ASKED,
            "your git settings send it to ::1",
        ),
        (
            "ssh: Could not resolve hostname ada:se/cr:et@inner.example: Name or service not known",
            "git@work:you/bot",
            "your ssh or git settings send it to inner.example",
        ),
        ("ssh: Could not resolve hostname work: Name or service not known", "git@work:you/bot", ""),
        ("ssh: connect to host ::1 port 2: Connection refused", "ssh://git@[::1]:2/a/b", ""),
        (
            "fatal: unable to access 'https://host.example/bot.git/': Could not resolve host: x",
            ASKED,
            "",
        ),
    ],
)
def test_a_host_that_settings_lead_to_is_named(said: str, url: str, host: str) -> None:
    error = _explained(said, url)
    assert ("settings send it to" in error.what) == bool(host)
    assert host in error.what
    assert ("insteadOf" in error.hint) == bool(host)


@pytest.mark.parametrize(
    ("said", "helper"),
    [
        ("git: 'credential-keyring' is not a git command. See 'git --help'.", "keyring"),
        ("/nope/helper get: 1: /nope/helper: not found", "/nope/helper"),
        ("/nope/helper get: line 1: /nope/helper: No such file or directory", "/nope/helper"),
    ],
)
def test_a_credential_helper_that_is_not_there_is_named(said: str, helper: str) -> None:
    refused = "fatal: could not read Username for 'https://host.example': terminal prompts disabled"
    assert f"credential helper {helper} was not found" in _explained(f"{said}\n{refused}").hint
    assert "was not found" not in _explained(refused).hint


def test_a_repository_of_another_user_is_trusted_by_the_path_that_git_names() -> None:
    said = (
        "fatal: detected dubious ownership in repository at '/srv/a bot/.git'\nTo add an exception"
    )
    assert _explained(said).hint.endswith("--add safe.directory '/srv/a bot/.git'")


@pytest.mark.parametrize(
    "said",
    [
        "remote: fatal: unable to read {oid}",
        "remote: fatal: bad tree object {oid}",
        "remote: error: unable to unpack {oid} header",
        "remote: fatal: loose object {oid} (stored in ./objects/73/85) is corrupt",
        "remote: error: Could not read {oid}",
    ],
)
def test_a_repository_that_lacks_an_object_is_damaged_at_its_host(said: str) -> None:
    oid = "7385f367c6c8e5fcd0f3de25df35570d4097420b"
    rest = "\nremote: aborting due to possible repository corruption on the remote side.\nfatal: bad pack header"
    error = explain(Finished(128, b"", said.format(oid=oid) + rest), "https://x.org/a.git", 1.0)
    assert isinstance(error, Invalid)
    assert f"damaged at its host: the object {oid}" in error.what
