"""Many profiles are brought up to date at once: whom that asks, and how often."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gitrepo import Repo
from servers import GitHttp

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry import main
from hermes_dist.cli.shared.session import Invocation
from hermes_dist.errors import ExitCode, Unreachable
from hermes_dist.world.git.repositories import BareGit

CALLED = Invocation(HERMES, "hermes-dist")


def _run(*words: str) -> int:
    return main.run(CALLED, words)


def _asked(server: GitHttp) -> list[str]:
    asked = sorted(path.split("/")[1] for path in server.asked if "/info/refs" in path)
    server.asked.clear()
    return asked


def _repo(root: Path, name: str) -> Repo:
    repo = Repo(root / f"{name}.git", bare=True)
    repo.commit({"distribution.yaml": f"name: {name}\n", "SOUL.md": "One.\n"})
    return repo


@pytest.fixture
def server(tmp_path: Path, home: Path) -> GitHttp:
    assert home.is_dir()
    (tmp_path / "repos").mkdir()
    return GitHttp(tmp_path / "repos")


def test_each_repository_is_asked_once_however_many_profiles_have_it(
    server: GitHttp, home: Path
) -> None:
    a = _repo(server.root, "a")
    _repo(server.root, "b")
    with server:
        for name, repo in (("one", "a"), ("two", "a"), ("three", "a"), ("four", "b")):
            assert _run("install", f"{server.url}/{repo}.git", "--name", name, "-y") == 0
        server.asked.clear()
        assert _run("update", "--all") == 0
        assert _asked(server) == ["a.git", "b.git"]
        assert _run("outdated") == 0
        assert _asked(server) == ["a.git", "b.git"]
        a.commit({"SOUL.md": "Two.\n"})
        assert _run("outdated") == 10
        assert _asked(server) == ["a.git", "b.git"]
        assert _run("update", "--all", "-y") == 0
        assert (
            _asked(server).count("a.git") == 2
        )  # once to know, and once to fetch it for all three
    assert [
        (home / f".hermes/profiles/{name}/SOUL.md").read_text() for name in ("one", "two", "three")
    ] == ["Two.\n"] * 3


def test_a_single_repository_is_asked_once_and_fetched_once_for_all_its_profiles(
    server: GitHttp, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = _repo(server.root, "a")
    with server:
        for name in ("one", "two", "three"):
            assert _run("install", f"{server.url}/a.git", "-y", "--name", name) == 0
        repo.commit({"SOUL.md": "Two.\n"})
        server.asked.clear()
        fetches = _fetches(monkeypatch)
        assert _run("update", "--all", "-y") == 0
        assert len(fetches) == 1
        assert _asked(server) == ["a.git", "a.git"], "once for its refs, once for its commit"
    for name in ("one", "two", "three"):
        assert (home / f".hermes/profiles/{name}/SOUL.md").read_text() == "Two.\n"


def test_a_repository_that_is_gone_is_told_for_each_of_its_profiles_and_asked_once(
    server: GitHttp, capsys: pytest.CaptureFixture[str]
) -> None:
    _repo(server.root, "a")
    _repo(server.root, "b")
    with server:
        for name, repo in (("one", "a"), ("two", "a"), ("three", "b")):
            assert _run("install", f"{server.url}/{repo}.git", "--name", name, "-y") == 0
        shutil.rmtree(server.root / "a.git")
        server.asked.clear()
        capsys.readouterr()
        assert _run("update", "--all") == 7
        assert _asked(server) == ["a.git", "b.git"]
    out, err = capsys.readouterr()
    assert "three is up to date" in out
    assert [line for line in err.splitlines() if line.startswith("error")] == [
        f"error: {name}: {server.url}/a.git: there is no such repository" for name in ("one", "two")
    ]


def _fetches(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Each fetch by git, and whether the code that merges was loaded before it."""
    found: list[bool] = []
    real = BareGit._fetch_into

    def watched(self: BareGit, *words: object) -> None:
        found.append("hermes_dist.ops.package.update" in sys.modules)
        real(self, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(BareGit, "_fetch_into", watched)
    return found


def test_what_is_new_is_fetched_while_the_code_that_merges_is_loaded_and_only_once(
    server: GitHttp, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = _repo(server.root, "a")
    with server:
        server.asked.clear()
        fetches = _fetches(monkeypatch)
        assert _run("install", f"{server.url}/a.git", "-y") == 0
        assert len(fetches) == 1
        repo.commit({"SOUL.md": "Two.\n"})
        monkeypatch.delitem(sys.modules, "hermes_dist.ops.package.update", raising=False)
        assert _run("update", "a", "-y") == 0
        assert fetches[1:] == [False]
    assert (home / ".hermes/profiles/a/SOUL.md").read_text() == "Two.\n"


def test_nothing_is_fetched_for_a_profile_that_is_held_or_locked(
    server: GitHttp, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = _repo(server.root, "a")
    with server:
        assert _run("install", f"{server.url}/a.git", "-y") == 0
        repo.commit({"SOUL.md": "Two.\n"})
        fetches = _fetches(monkeypatch)
        assert _run("update", "a", "--locked") != 0
        assert _run("hold", "a") == 0
        assert _run("update", "a", "-y") == 0
    assert fetches == []
    assert (home / ".hermes/profiles/a/SOUL.md").read_text() == "One.\n"


def test_an_early_fetch_that_fails_is_told_once_by_the_step_that_needs_it(
    server: GitHttp,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tried: list[str] = []

    def failing(_git: BareGit, _cache: Path, url: str, *_: object) -> None:
        tried.append(url)
        raise Unreachable("it went away in between", where=url)

    _repo(server.root, "a")
    with server:
        monkeypatch.setattr(BareGit, "_fetch_into", failing)
        url = f"{server.url}/a.git"
        assert _run("install", url, "-y") == ExitCode.UNREACHABLE
        assert tried == [url]
        assert capsys.readouterr().err.count("it went away in between") == 1
        assert not (home / ".hermes/profiles/a").exists()


def test_whom_a_policy_keeps_out_is_not_asked(
    server: GitHttp, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _repo(server.root, "a")
    _repo(server.root, "b")
    with server:
        for repo in ("a", "b"):
            assert _run("install", f"{server.url}/{repo}.git", "-y") == 0
        policy = home / ".hermes/distributions/policy.toml"
        policy.write_text(f'sources = ["{server.url}/a.git"]\n')
        server.asked.clear()
        capsys.readouterr()
        assert _run("update", "--all") == 4
        assert _asked(server) == ["a.git"]
    assert "error: b: " in capsys.readouterr().err


def test_ctrl_c_ends_the_wait_for_silent_servers_and_everybody_who_waits(
    home: Path, tmp_path: Path
) -> None:
    _fleet(home, tmp_path, ("one", "two", "three"))
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for name in ("one", "two", "three"):
            lock = home / f".hermes/profiles/{name}/distribution.lock"
            lock.write_text(
                re.sub(r"(?m)^source = .*$", f'source = "{address}/{name}.git"', lock.read_text())
            )
        program = (sys.executable, "-m", "hermes_dist", "update", "--all")
        with subprocess.Popen(
            program, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            visitors = [silent.accept()[0] for _ in range(3)]
            start = time.monotonic()
            os.kill(process.pid, signal.SIGINT)
            assert process.wait(timeout=20) == 130
            assert process.stderr is not None
            said = process.stderr.read().decode()
            assert "not begun       one, three, two" in said
            assert "interrupted; nothing was changed" in said
            assert time.monotonic() - start < 15, (
                "it waited for an answer, which may take half a minute"
            )
            for visitor in visitors:
                visitor.settimeout(10)
                while visitor.recv(1 << 16):  # ends when git has gone
                    pass
                visitor.close()


def _fleet(home: Path, tmp_path: Path, names: tuple[str, ...]) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "distribution.yaml").write_text("name: bot\n")
    (source / "SOUL.md").write_text("One.\n")
    assert home.is_dir()
    for name in names:
        assert _run("install", str(source), "--name", name, "-y") == 0
