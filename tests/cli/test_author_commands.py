"""The authors' commands as they are typed: exit codes, JSON, and what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gitrepo import Repo

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture
def root(home: Path) -> Path:
    profile = home / ".hermes" / "profiles" / "bot"
    (profile / "skills" / "hello").mkdir(parents=True)
    (profile / "SOUL.md").write_text("You are a bot.\n")
    (profile / "skills" / "hello" / "SKILL.md").write_text(
        "---\nname: hello\ndescription: Hi.\n---\nHi.\n"
    )
    return home


def run(*words: str) -> int:
    return start(HERMES, words, prog="hermes-dist", profile=None)


def test_validate_speaks_to_people_and_to_programs(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("validate", str(EXAMPLES / "coder"), "--strict") == 0
    assert "is valid" in capsys.readouterr().out
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "distribution.yaml").write_text(
        "name: x\nversion: 1.0.0\ndescription: x\nlicense: MIT\nmood: good\n"
    )
    (folder / "SOUL.md").write_text("x\n")
    assert run("validate", f"{folder}/") == 0
    assert "distribution.yaml:5: warning: the field 'mood'" in capsys.readouterr().out
    assert run("validate", f"{folder}/", "--strict") == 1
    capsys.readouterr()
    (folder / "distribution.yaml").write_text("name: X Y\nversion: 1.0\n")
    assert run("validate", f"{folder}/", "--json") == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["schema"], data["valid"]) == ("hermes-dist/validation/1", False)
    assert {(p["path"], p["line"], p["level"]) for p in data["problems"]} >= {
        ("distribution.yaml", 1, "error"),
        ("distribution.yaml", 2, "error"),
    }


def test_a_folder_that_is_hardly_a_package_fills_one_page(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(60):
        (tmp_path / f"link{number:02}").symlink_to("/nowhere")
    assert run("validate", str(tmp_path)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "error:" in lines[0]
    assert lines[-2].startswith("… and ")
    assert lines[-2].endswith("[left-out]; -v lists them")
    assert len(lines) == 42
    assert run("validate", str(tmp_path), "-v") == 1
    assert len(capsys.readouterr().out.splitlines()) > 60


def test_the_way_of_an_author_at_the_command_line(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = Repo(tmp_path / "bot.git", bare=True)
    assert run("init", "bot", "--description", "A bot.", "--license", "MIT") == 0
    assert run("init", "bot") == 1
    assert run("validate", "bot") == 0
    assert run("pack", "bot") == 2
    assert run("pack", "bot", "--list") == 0
    assert run("pack", "bot", "-o", str(tmp_path / "bot.tar.gz")) == 0
    capsys.readouterr()
    assert run("publish", "bot") == 1
    assert "--to" in capsys.readouterr().err
    assert run("publish", "bot", "--to", f"file://{repo.path}") == 6  # nobody is there to say yes
    assert "--yes" in capsys.readouterr().err
    assert run("publish", "bot", "--to", f"file://{repo.path}", "-n") == 0
    assert repo.git("for-each-ref") == ""
    capsys.readouterr()
    assert run("publish", "bot", "--to", f"file://{repo.path}", "-y") == 0
    out = capsys.readouterr().out
    assert "Published bot 0.1.0" in out
    assert f"hermes-dist install file://{repo.path}" in out
    assert run("publish", "bot", "-y", "--json") == 0
    assert json.loads(capsys.readouterr().out)["changes"] == []
    soul = root / ".hermes/profiles/bot/SOUL.md"
    soul.write_text("You are a bot.\nSee /home/lovelace/x.\n")
    assert run("publish", "bot", "--bump", "minor", "-y") == 4
    assert "SOUL.md:2: a path on a machine" in capsys.readouterr().err
    assert run("publish", "bot", "--bump", "minor", "-y", "--allow-finding", "SOUL.md:2") == 0
    (root / ".hermes/profiles/bot/.env").write_text("WIFI_CODE=sunny-day-99\nCITY=Lisbon\n")
    soul.write_text("You are a bot in Lisbon.\nsunny-day-99\n")
    capsys.readouterr()
    assert run("publish", "bot", "--bump", "minor", "-y") == 4
    err = capsys.readouterr().err
    assert "SOUL.md:2: the value of WIFI_CODE in .env, which may be a secret" in err
    assert "--allow-finding WIFI_CODE" in err
    assert run("pack", "bot", "-o", str(tmp_path / "two.tar.gz")) == 4
    assert run("validate", "bot") == 0
    assert "SOUL.md:2: warning: this may have to stay on the machine" in capsys.readouterr().out
    assert run("export", "bot", "-o", str(tmp_path / "bot-home.tar.gz")) == 0
    assert "WIFI_CODE in .env is in the archive as it is (SOUL.md)" in capsys.readouterr().err
    allowed = ("--allow-finding", "WIFI_CODE")
    assert run("pack", "bot", "-o", str(tmp_path / "two.tar.gz"), *allowed) == 0
    assert run("publish", "bot", "--bump", "minor", "-y", *allowed) == 0
    assert (
        run("publish", "bot", "--bump", "minor", "--offline", "-y") == 0
    )  # a repository on this machine is no server


def test_contributing_at_the_command_line(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = Repo(tmp_path / "bot.git", bare=True)
    repo.commit({"distribution.yaml": "name: their\nversion: 1.0.0\n", "SOUL.md": "a\nb\nc\n"})
    assert run("install", f"file://{repo.path}", "-y") == 0
    assert run("contribute", "their", "-o", str(tmp_path / "none.patch"), "-y") == 0
    assert "nothing to send" in capsys.readouterr().out
    (root / ".hermes/profiles/their/SOUL.md").write_text("a\nB\nc\n")
    assert run("contribute", "their") == 2
    assert run("contribute", "their", "--only", "souls", "-o", "x") == 2
    capsys.readouterr()
    assert run("contribute", "their", "-n", "--json") == 0
    assert json.loads(capsys.readouterr().out)["changes"] == [{"path": "SOUL.md", "gone": False}]
    assert run("contribute", "their", "-o", str(tmp_path / "x.patch"), "-y") == 0
    assert "git am x.patch" in capsys.readouterr().err
    assert "-b\n+B\n" in (tmp_path / "x.patch").read_text()


def test_a_dot_is_the_folder_for_who_begins_there(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    (folder / "bot2").mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert run("init", ".") == 0
    assert (folder / "distribution.yaml").is_file()
    assert not (root / ".hermes" / "distribution.yaml").exists()
    capsys.readouterr()
    assert run("init", "bot2") == 1
    assert "for the folder here, write ./bot2" in capsys.readouterr().err


def test_a_preview_names_no_line_where_there_is_none(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = Repo(tmp_path / "bot.git", bare=True)
    assert run("init", "bot", "--description", "A bot.") == 0
    capsys.readouterr()
    assert run("publish", "bot", "--to", str(repo.path), "-n") == 0
    shown = "".join(capsys.readouterr())
    assert "distribution.yaml: license is missing" in shown
    assert ":0:" not in shown
