"""The commands about registries, with their exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from shelf_of import Shelf, entry
from story import Story
from tufrepo import Serving, TufRepo

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start as run
from hermes_dist.model.registry import entry_path
from hermes_dist.world.registry.tuf import root_digest


class Cli:
    """The command line in this process, with a registry ``shelf`` that has ``my-bot``."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.story = Story(home)
        self.shelf = Shelf(home / "shelf")
        self.shelf.put(
            "my-bot",
            self.story.url,
            {"version": "1.0.0", "commit": self.story.commits[0]},
            description="A tidy bot.",
        )
        self.capture = capture
        assert self("registry", "add", str(self.shelf.path))[0] == 0

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = run(HERMES, list(words), prog="hermes-dist", profile=None)
        out, err = self.capture.readouterr()
        return code, out, err

    def json(self, *words: str) -> dict[str, Any]:
        data = json.loads(self(*words, "--json")[1])
        assert isinstance(data, dict)
        return data


@pytest.fixture
def cli(home: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(home, capsys)


def test_a_name_longer_than_any_file_name_is_no_package(cli: Cli) -> None:
    code, _, err = cli("install", "a" * 300, "-y")
    assert code == 1
    assert "no package is called" in err
    assert "a bug in this program" not in err


def test_registries_are_listed_with_what_they_have(cli: Cli) -> None:
    code, out, _ = cli("registry", "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["Name", "default", "shelf"]
    rows = cli.json("registry", "list")["registries"]
    assert rows[1] == {
        "name": "shelf",
        "kind": "folder",
        "location": str(cli.shelf.path),
        "packages": 1,
        "revision": "",
    }
    assert cli("registry", "remove", "shelf")[0] == 0
    assert cli("registry", "remove", "shelf")[0] == 2


def test_a_package_is_found_shown_installed_and_listed_as_current(cli: Cli) -> None:
    code, out, _ = cli("search", "tidy")
    assert code == 0
    assert "my-bot" in out
    assert cli.json("search", "tidy")["packages"][0]["version"] == "1.0.0"
    assert "No package" in cli("search", "nothing-at-all-like-it")[1]
    assert cli("search", "tidy", "--limit", "0")[0] == 2
    assert "A tidy bot." in cli("info", "my-bot")[1]
    assert cli.json("info", "--package", "my-bot@^1")["install"] == "1.0.0"
    assert cli("install", "my-bot@^1", "-y")[0] == 0
    assert cli("outdated")[0] == 0
    assert "Source" in cli("info", "bot")[1]
    assert cli("info", "nobody-is-called-so")[0] == 1


def test_a_version_that_there_is_not_is_met_with_those_of_the_registry(cli: Cli) -> None:
    assert cli("install", "my-bot@9.0.0", "-n")[2] == (
        "error: my-bot: there is no version '9.0.0' in the registry shelf, and no such tag in its repository\n"
        "  the registry has 1.0.0\n"
    )
    assert cli("install", "my-bot@^9", "-n")[2] == (
        "error: my-bot: no version tag is in the range '^9': the only one is 1.0.0\n"
        "  to take the newest, write my-bot@1.0.0\n"
    )


def test_a_twin_needs_an_answer_and_a_lie_is_refused(cli: Cli) -> None:
    cli.shelf.put("my-b0t", "github.com/mallory/bot")
    assert cli("registry", "sync", "shelf")[0] == 0
    code, _, err = cli("install", "my-bot", "-y")
    assert code == 6
    assert "--accept-name" in err
    cli.shelf.put(
        "my-bot",
        cli.story.url,
        {"version": "1.0.0", "commit": cli.story.commits[0], "tree": "0" * 64},
    )
    assert cli("install", "my-bot", "-y", "--accept-name")[0] == 4
    cli.shelf.put("my-bot", cli.story.url, {"version": "1.0.0", "commit": cli.story.commits[0]})
    again = ("install", "my-bot", "-y", "--accept-name", "--registry", "shelf")
    assert cli(*again)[0] == 4, (
        "a digest that was seen once counts, also where the entry leaves it out later"
    )
    (cli.story.root / "distributions" / "seen" / "shelf" / "my-bot").unlink()
    assert cli(*again)[0] == 0


def test_sync_tells_of_each_registry_and_goes_on_after_a_failure(cli: Cli) -> None:
    (cli.shelf.path / "registry.json").unlink()
    code, out, err = cli("registry", "sync")
    assert code == 1
    assert "default: " in out
    assert "it is not a registry" in err


def test_check_is_1_where_an_entry_is_wrong(cli: Cli) -> None:
    assert cli("registry", "check", "shelf")[0] == 0
    assert cli("registry", "check", "--offline")[0] == 0
    cli.shelf.put("bad", "./here")
    code, out, _ = cli("registry", "check", str(cli.shelf.path), "--offline")
    assert code == 1
    assert "packages/ba/bad.json: source" in out


def test_a_release_is_yanked_and_counts_again(cli: Cli) -> None:
    assert cli.json("yank", "my-bot", "1.0.0", "--reason", "it loops")["yanked"] == "it loops"
    code, _, err = cli("install", "my-bot", "-y")
    assert code == 1
    assert "all its versions are yanked" in err
    assert "install my-bot@1.0.0" in cli("info", "--package", "my-bot")[2]
    assert "was yanked already" in cli("yank", "my-bot", "1.0.0", "--reason", "it loops")[1]
    code, out, _ = cli("yank", "my-bot", "1.0.0", "--undo")
    assert code == 0
    assert "counts again" in out
    assert cli("install", "my-bot", "-y")[0] == 0
    assert cli("yank", "my-bot", "1.0.0", "--undo", "--reason", "x")[0] == 2


def test_to_undo_a_yank_of_what_was_not_yanked_changes_nothing_and_says_so(cli: Cli) -> None:
    file = cli.shelf.path / entry_path("my-bot")
    before = file.stat().st_mtime_ns, file.read_bytes()
    code, out, err = cli("yank", "my-bot", "1.0.0", "--undo")
    assert (code, file.stat().st_mtime_ns, file.read_bytes()) == (0, *before)
    assert "my-bot 1.0.0 was not yanked" in out
    assert "commit that file" not in err


def test_static_files_are_added_by_a_fingerprint_or_a_root(cli: Cli, home: Path) -> None:
    repo = TufRepo({entry_path("web-bot"): entry("web-bot", "github.com/you/bot")})
    with Serving(repo) as server:
        assert (
            cli("registry", "add", server.url, "--name", "web", "--fingerprint", "0" * 64)[0] == 4
        )
        assert (
            cli(
                "registry",
                "add",
                server.url,
                "--name",
                "web",
                "--fingerprint",
                root_digest(repo.root_bytes),
            )[0]
            == 0
        )
        assert cli("info", "web-bot")[0] == 0
        (home / "root.json").write_bytes(repo.root_bytes)
        assert (
            cli(
                "registry", "add", server.url, "--name", "again", "--root", str(home / "root.json")
            )[0]
            == 0
        )
    assert cli("registry", "sync", "web")[0] == 7
    assert (
        cli(
            "registry", "add", str(cli.shelf.path), "--name", "x", "--root", str(home / "root.json")
        )[0]
        == 2
    )
    assert (
        cli("registry", "add", "https://example.org/index", "--root", str(home / "none.json"))[0]
        == 1
    )


def test_without_the_extra_it_says_what_to_install(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tuf.ngclient", None)
    code, _, err = cli("registry", "add", "http://127.0.0.1:9/index", "--fingerprint", "0" * 64)
    assert code == 1
    assert "pip install 'hermes-dist[registry]'" in err


def test_a_folder_that_does_not_exist_is_told_as_that(cli: Cli, home: Path) -> None:
    code, _, err = cli("registry", "add", str(home / "shelff"))
    assert code == 1
    assert "there is no such folder" in err
    assert f"did you mean {home / 'shelf'}?" in err
    (home / "plain").mkdir()
    assert 'registry.json: {"format": 1}' in cli("registry", "add", str(home / "plain"))[2]
