"""The commands export and import: what they say, ask and return."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from story import Story
from terminal import Terminal

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start as run
from hermes_dist.errors import DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.transfer import backup
from hermes_dist.ops.transfer.export import Exported, export_sealed

pytestmark = pytest.mark.usefixtures("cheap_passphrases")


class Cli:
    """The command line in this process, in a folder of its own, on a story's home."""

    def __init__(self, story: Story, capture: pytest.CaptureFixture[str]) -> None:
        self.story = story
        self.capture = capture

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = run(HERMES, list(words), prog="hermes-dist", profile=None)
        out, err = self.capture.readouterr()
        return code, out, err


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(home: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    story = Story(home)
    story.install()
    return Cli(story, capsys)


def test_export_writes_a_file_of_the_profiles_name_and_says_what_stays(
    cli: Cli, here: Path
) -> None:
    cli.story.write("memories/m.md", "Mine.")
    code, out, err = cli("export", "bot")
    assert code == 0
    assert f"Exported bot to {here}/bot.tar.gz" in out
    assert "import bot.tar.gz" in out
    assert "memories/" in err
    assert cli("export", "bot")[0] == 1


def test_export_into_a_folder_and_as_json(cli: Cli, here: Path) -> None:
    (here / "out").mkdir()
    code, out, _ = cli("export", "bot", "-o", "out", "--json")
    data = json.loads(out)
    assert code == 0
    assert data["schema"] == "hermes-dist/export/1" or data["schema"].startswith("hermes-dist")
    assert data["path"] == f"{here}/out/bot.tar.gz"
    assert data["files"] == 6


def test_secrets_refuse_with_code_4_and_their_places(cli: Cli, here: Path) -> None:
    cli.story.write(
        "skills/a/SKILL.md",
        "---\nname: a\n---\nUse sk-ant-api03-" + "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC" + ".\n",
    )
    code, _, err = cli("export", "bot")
    assert code == 4
    assert "skills/a/SKILL.md:4: Anthropic key" in err
    assert "aB3dE6" not in err
    assert cli("export", "bot", "--redact")[0] == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--full"], 2, "--encrypt"),
        (["--full", "--encrypt", "--only", "soul"], 2, "--full takes everything"),
        (["--with", "logs"], 2, "--with does not know logs"),
        (["--only", "soles"], 2, "--only does not know soles"),
        (["--encrypt"], 6, "--passphrase-file"),
        (["-o", "nowhere/x.tar.gz"], 1, "no such folder"),
        (["--encrypt", "--passphrase-file", "nowhere"], 1, "can't be read"),
        (["--encrypt", "--passphrase-file", "empty"], 1, "is empty"),
    ],
)
def test_what_can_not_be_exported_is_told(
    words: list[str], code: int, said: str, cli: Cli, here: Path
) -> None:
    (here / "empty").touch()
    got, _, err = cli("export", "bot", *words)
    assert got == code
    assert said in err
    assert not list(here.glob("*.tar.gz*"))


def test_import_into_a_new_profile_never_asks(cli: Cli) -> None:
    cli("export", "bot")
    code, out, err = cli("import", "bot.tar.gz", "--name", "twin")
    assert code == 0
    assert "Imported bot@1.0.0" in out
    assert "as twin" in err
    assert not (cli.story.root.parent / ".local" / "bin" / "twin").exists()
    assert cli("import", "bot.tar.gz", "--name", "third", "--alias")[0] == 0
    assert (cli.story.root.parent / ".local" / "bin" / "third").exists()


def test_import_into_a_profile_that_exists_asks(cli: Cli) -> None:
    cli("export", "bot")
    cli.story.write("skills/own/SKILL.md", "---\nname: own\n---\nMine.\n")
    cli("export", "bot", "-o", "later.tar.gz")
    assert cli("import", "bot.tar.gz", "--name", "twin")[0] == 0
    assert cli("import", "later.tar.gz", "--name", "twin")[0] == 6
    assert cli("import", "later.tar.gz", "--name", "twin", "--dry-run")[0] == 0
    assert not (cli.story.home.parent / "twin" / "skills" / "own").exists()
    assert cli("import", "later.tar.gz", "--name", "twin", "-y")[0] == 0
    assert (cli.story.home.parent / "twin" / "skills" / "own").exists()


def test_an_import_that_leaves_yours_says_so_and_leaves_nothing_open(cli: Cli) -> None:
    cli("export", "bot")
    cli("import", "bot.tar.gz", "--name", "twin")
    cli.story.edit("config.yaml", "default: small", "default: large")
    cli("export", "bot", "-o", "later.tar.gz")
    config = cli.story.home.parent / "twin" / "config.yaml"
    config.write_text(config.read_text().replace("default: small", "default: tiny"))
    code, _, err = cli("import", "later.tar.gz", "--name", "twin", "-y")
    assert code == 0
    assert "--conflict theirs" in err
    assert "default: tiny" in config.read_text()
    assert cli("resolve", "twin", "--list")[0] == 0
    assert cli("import", "later.tar.gz", "--name", "twin", "-y", "--conflict", "theirs")[0] == 0
    assert "default: large" in config.read_text()


def test_a_backup_with_its_passphrase_from_a_file(cli: Cli, here: Path) -> None:
    cli.story.write(".env", "KEY=1\n")
    (here / "secret").write_text("open sesame\nmore\n")
    code, out, _ = cli("export", "bot", "--full", "--passphrase-file", "secret")
    assert code == 0
    assert "bot.tar.gz.age" in out
    assert cli("import", "bot.tar.gz.age", "--name", "twin")[0] == 6
    assert cli("import", "bot.tar.gz.age", "--name", "twin", "--passphrase-file", "secret")[0] == 0
    assert (cli.story.home.parent / "twin" / ".env").read_text() == "KEY=1\n"
    (here / "secret").write_text("open barley\n")
    code, _, err = cli("import", "bot.tar.gz.age", "--name", "third", "--passphrase-file", "secret")
    assert code == 1
    assert "the passphrase is wrong" in err


def test_a_passphrase_that_others_can_read_is_told(cli: Cli, here: Path) -> None:
    word = here / "secret"
    word.write_text("open sesame\n")
    word.chmod(0o640)
    told = "warning: secret: others can read this passphrase; next: chmod 600 secret\n"
    code, _, err = cli("backup", "bot", "--passphrase-file", "secret", "-q")
    assert (code, err) == (0, told)
    _, _, err = cli("backup", "restore", "bot.tar.gz.age", "-n", "--passphrase-file", "secret")
    assert told in err
    word.chmod(0o600)
    _, _, err = cli("backup", "bot", "-o", "two.age", "--passphrase-file", "secret")
    assert "others" not in err
    pipe, end = os.pipe()
    os.write(end, b"open sesame\n")
    os.close(end)
    _, _, err = cli("backup", "bot", "-o", "three.age", "--passphrase-file", f"/dev/fd/{pipe}")
    os.close(pipe)
    assert "others" not in err
    assert (here / "three.age").exists()


def test_backup_and_restore_say_what_they_do_and_overwrite_nothing(cli: Cli, here: Path) -> None:
    (here / "secret").write_text("open sesame\n")
    word = ("--passphrase-file", "secret")
    code, out, err = cli("backup", "bot", *word)
    assert code == 0, err
    assert "Backed up bot (7 files)" in out
    assert "backup restore bot.tar.gz.age" in out
    assert cli("backup", "bot", *word)[0] == 1  # the file is there
    assert cli("backup", "bot", "--all", *word)[0] == 2
    assert cli("backup", "--all", "-o", "all.age")[0] == 6
    assert cli("backup", "restore", "bot.tar.gz.age", *word)[0] == 6
    before = cli.story.files()
    code, out, err = cli("backup", "restore", "bot.tar.gz.age", *word, "-y")
    assert code == 0, err
    assert "bot exists already, so it is restored as bot-restored" in err
    assert cli.story.files() == before
    code, _, err = cli("backup", "restore", "bot.tar.gz.age", *word, "-y", "--name", "bot")
    assert (code, "is not overwritten" in err) == (1, True)


def test_a_backup_says_what_it_lacks(cli: Cli, here: Path) -> None:
    (here / "secret").write_text("a long word\n")
    word = ("--passphrase-file", "secret")
    for number in range(14):
        cli.story.write(f"memories/at 10:{number + 10}.md", "mine\n")
    os.mkfifo(cli.story.home / "pipe")
    code, _, err = cli("backup", "bot", *word)
    assert code == 0
    assert "memories/at 10:10.md: unsafe path: the character ':' is not allowed" in err
    assert "10:22" not in err
    assert "pipe" not in err
    assert "bot: 2 more; -v lists them" in err
    _, _, err = cli("backup", "bot", "-v", "-o", "two.age", *word)
    assert "10:23" in err
    assert "pipe" in err
    assert cli("create", "second")[0] == 0
    _, _, err = cli("backup", "--all", "-o", "all.age", *word)
    assert "bot/memories/at 10:10.md: " in err


def test_an_import_that_leaves_yours_in_each_conflict_does_not_say_that_nothing_differs(
    cli: Cli,
) -> None:
    cli.story.write("skills/mine/SKILL.md", "one\n")
    assert cli("export", "bot")[0] == 0
    cli.story.write("skills/mine/SKILL.md", "two\n")
    code, out, _ = cli("import", "bot.tar.gz", "-y")
    assert code == 0
    assert "bot was not changed: yours stays in each conflict" in out
    assert cli.story.read("skills/mine/SKILL.md") == "two\n"


def test_one_profile_of_a_backup_of_all_is_restored_under_a_new_name(cli: Cli, here: Path) -> None:
    (here / "secret").write_text("open sesame\n")
    word = ("--passphrase-file", "secret")
    assert cli("backup", "--all", "-o", "all.age", *word)[0] == 0
    code, _, err = cli("backup", "restore", "all.age", "none", *word, "-y")
    assert (code, "holds no none" in err) == (1, True)
    code, _, err = cli("import", "all.age", "--name", "x", *word)
    assert (code, "backup of many" in err) == (1, True)
    code, out, err = cli("backup", "restore", "all.age", "bot", "--name", "lab", *word, "-n")
    assert (code, "Dry run" in out) == (0, True)
    assert "  bot, bot 1.0.0: 7 files" in err
    code, out, _ = cli(
        "backup", "restore", "all.age", "bot", "--name", "lab", *word, "-y", "--json"
    )
    data = json.loads(out)
    assert data["schema"] == "hermes-dist/backup-restore/1"
    assert data["profiles"] == [{"name": "bot", "profile": "lab", "done": True, "error": ""}]
    assert (cli.story.home.with_name("lab") / "SOUL.md").exists()


def test_a_passphrase_is_asked_for_twice_and_not_shown(cli: Cli, here: Path) -> None:
    export = Terminal("export", "bot", "--encrypt", cwd=here)
    export.answer("Passphrase for the backup: ", "one")
    export.answer("Once more: ", "two")
    export.answer("Passphrase for the backup: ", "three")
    export.answer("Once more: ", "three")
    assert export.end() == 0
    assert "the two differ" in export.text
    assert "three" not in export.text
    back = Terminal("import", "bot.tar.gz.age", "--name", "twin", cwd=here)
    back.answer("Passphrase of the backup: ", "three")
    assert back.end() == 0
    assert (cli.story.home.parent / "twin" / "SOUL.md").exists()


def test_an_archive_is_a_source(cli: Cli) -> None:
    cli("export", "bot")
    code, out, _ = cli("install", "./bot.tar.gz", "--name", "twin", "-y", "--no-input")
    assert code == 0, out
    assert "up to date" in cli("update", "twin", "-y")[1]
    cli.story.edit("SOUL.md", "Rule 3 stands.", "Rule 3 is new.")
    Path("bot.tar.gz").unlink()
    cli("export", "bot")
    assert cli("update", "twin", "-y")[0] == 0
    assert "Rule 3 is new." in (cli.story.home.parent / "twin" / "SOUL.md").read_text()


def test_export_without_a_name_is_about_the_active_profile(cli: Cli, here: Path) -> None:
    assert cli("use", "bot")[0] == 0
    code, out, _ = cli("export")
    assert code == 0
    assert f"Exported bot to {here}/bot.tar.gz" in out


def test_an_address_is_no_archive_and_its_password_is_not_shown(cli: Cli) -> None:
    code, out, err = cli("import", "https://me:hunter2@example.org/bot.tar.gz")
    assert code == 2
    assert "not an address" in err
    assert "hunter2" not in out + err


def test_a_backup_of_all_names_a_lockfile_that_can_not_be_read(cli: Cli, here: Path) -> None:
    (here / "word").write_text("word\n")
    broken = cli.story.root / "profiles" / "broken"
    broken.mkdir()
    (broken / "distribution.lock").write_text("broken [")
    code, out, err = cli("backup", "--all", "-o", "all.age", "--passphrase-file", "word")
    assert (code, "broken (1 file)" in out) == (0, True)
    assert "broken: it is saved with its lockfile as it stands: the lockfile is damaged" in err


def test_a_backup_of_all_without_one_profile_says_so_and_fails(
    cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "word").write_text("word\n")
    (cli.story.root / "profiles" / "broken").mkdir()

    def most(ctx: Context, name: ProfileName, *rest: Any) -> Exported:
        if name == "broken":
            raise DistError("can't read the folder")
        return export_sealed(ctx, name, *rest)

    monkeypatch.setattr(backup, "export_sealed", most)
    code, out, err = cli("backup", "--all", "-o", "all.age", "--passphrase-file", "word")
    assert (code, "Backed up bot" in out) == (1, True)
    assert "error: broken: " in err
    assert "not in the backup: broken" in err
    assert (here / "all.age").exists()
