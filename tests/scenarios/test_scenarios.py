"""Each text file of this folder is played; a few through the installed command, started anew each time."""

from __future__ import annotations

from pathlib import Path

import pytest
from budget import IS_QUICK
from runner import Failure, World, matches, parse
from servers import GitHttp, git_daemon

SCENARIOS = sorted(Path(__file__).parent.glob("*.txt"))
INSTALLED = [
    path
    for path in SCENARIOS
    if path.stem in {"01-first-session", "09-json", "18-escape-codes", "19-front-door"}
]
SERVED = [
    path for path in SCENARIOS if path.read_text("utf-8").partition("\n")[0].endswith("(served)")
]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_user_lives_through(path: Path, tmp_path: Path) -> None:
    World(tmp_path).run(path.read_text("utf-8"))


@pytest.mark.parametrize("path", INSTALLED, ids=lambda path: path.stem)
def test_a_user_lives_through_it_with_the_installed_command(path: Path, tmp_path: Path) -> None:
    World(tmp_path, installed=True).run(path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("path", "server", "git"),
    [
        pytest.param(path, server, git, id=f"{path.stem}-{server}-{'git' if git else 'embedded'}")
        for number, path in enumerate(SERVED)
        for turn, (server, git) in enumerate([("http", True), ("daemon", False)])
        if not IS_QUICK or turn == number % 2
    ],
)
def test_a_user_lives_through_it_with_any_server_and_client(
    path: Path, server: str, git: bool, tmp_path: Path
) -> None:
    repos = tmp_path / "repos"
    repos.mkdir()
    if server == "daemon":
        with git_daemon(repos) as url:
            World(tmp_path, url, git=git).run(path.read_text("utf-8"))
    else:
        with GitHttp(repos) as http:
            World(tmp_path, http.url, git=git).run(path.read_text("utf-8"))


def test_there_are_scenarios_for_the_whole_contract() -> None:
    assert len(SCENARIOS) >= 15


def test_an_ellipsis_stands_for_anything_and_alone_for_any_lines() -> None:
    assert matches(["a … c"], ["a b c"])
    assert matches(["…", "b"], ["x", "y", "b"])
    assert not matches(["a"], ["a", "b"])
    assert not matches(["a.c"], ["abc"])


def test_a_wrong_expectation_fails(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="exit code 0, not 3"):
        World(tmp_path).run("$ hermes-dist --version\nexit 3\n")
    with pytest.raises(Failure, match="stdout is not as written"):
        World(tmp_path / "2").run("$ hermes-dist --version\n    something else\n")


def test_blocks_keep_empty_lines_between_but_not_behind() -> None:
    steps = parse("write x\n    a\n\n    b\n\n$ true\nexit 2\n")
    assert [(s.word, s.rest, s.block, s.code) for s in steps] == [
        ("write", "x", ["a", "", "b"], 0),
        ("$", "true", None, 2),
    ]
