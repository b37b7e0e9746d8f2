"""The commands of a profile's life as a user meets them: typed names, exit codes, JSON."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import forked
import pytest

from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.profiles.lifecycle import Move, kept_id
from hermes_dist.errors import ExitCode
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.over_age import NOTES
from hermes_dist.ops.profiles.profile_moves import asked_for
from hermes_dist.world.transaction.move_home import inode


@pytest.fixture
def layout(home: Path) -> Layout:
    return Layout(HERMES, home / ".hermes", home)


def environ(layout: Layout) -> dict[str, str]:
    path = os.pathsep.join([str(layout.commands), "/usr/bin", "/bin"])
    return {"HOME": str(layout.user_home), "PATH": path, "LANG": "C.UTF-8", "NO_COLOR": "1"}


def run(layout: Layout, *words: str, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    done = forked.said(["hermes-dist", *words], {**environ(layout), **env}, layout.user_home)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done


def typed(
    layout: Layout, answer: str, *words: str, meanwhile: Callable[[], object] = bool
) -> tuple[int, str]:
    """Run on a terminal of its own, and type an answer to what it asks, when something else was done."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "hermes_dist", *words],
        env=environ(layout),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    shown = b""
    while b": " not in shown.rpartition(b"\n")[2]:
        shown += os.read(master, 4096)
    meanwhile()
    os.write(master, answer.encode())
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(master)
    return process.wait(60), shown.decode()


def test_delete_wants_the_name_typed(layout: Layout) -> None:
    run(layout, "create", "coder")
    for answer in ("\n", "y\n", "yes\n", "writer\n"):
        code, shown = typed(layout, answer, "delete", "coder")
        assert (code, "cancelled, nothing changed" in shown) == (1, True), shown
    assert (
        "error: the name 'coder' has to be typed" in run(layout, "delete", "coder", code=6).stderr
    )
    run(layout, "delete", "coder", "--no-input", code=6)
    code, shown = typed(layout, "coder\n", "delete", "coder")
    assert (code, "is in the trash for 30 days" in shown) == (0, True), shown
    run(layout, "delete", "coder", "-y", code=1)


def test_a_delete_that_was_cut_short_is_completed_by_the_same_words_without_a_question(
    layout: Layout,
) -> None:
    run(layout, "create", "coder")
    ident = kept_id(ProfileName("coder"), datetime.now(UTC))
    move = Move(
        verb="delete",
        name="coder",
        to="",
        source="profiles/coder",
        target=f"distributions/trash/{ident}",
        inode=inode(layout.profiles / "coder"),
        drop=("coder",),
        record=f"distributions/trash/{ident}.json",
        asked=asked_for("deleted", "coder", False),
    )
    layout.trash.mkdir(mode=0o700)
    (layout.profiles / "coder").rename(layout.trash / ident)
    layout.moving.write_bytes(move.encode())
    shown = run(layout, "delete", "coder", "-n", code=1).stderr
    assert "repeat that command, which completes it" in shown
    done = run(layout, "delete", "Coder")
    assert "Profile coder is in the trash for 30 days" in done.stdout
    assert "this was cut short before, and is complete now" in done.stderr
    assert not layout.moving.exists()
    assert not layout.alias("coder").exists()
    run(layout, "restore", "coder")


def test_another_profile_that_got_the_name_while_delete_asked_stays(layout: Layout) -> None:
    run(layout, "create", "coder")

    def replaced() -> None:
        run(layout, "delete", "coder", "-y")
        run(layout, "create", "coder", "--description", "Another one.")

    code, shown = typed(layout, "coder\n", "delete", "coder", "--purge", meanwhile=replaced)
    assert (code, "is not what was shown any more" in shown) == (ExitCode.BUSY, True), shown
    assert "Another one." in (layout.profiles / "coder/profile.yaml").read_text()
    code, shown = typed(layout, "coder\n", "delete", "coder", "--purge")
    assert (code, "removed for good" in shown) == (0, True), shown


def test_delete_says_first_who_leaves_the_trash_and_archive_erases_nobody(layout: Layout) -> None:
    ids = [kept_id(ProfileName("old"), datetime(1980, 1, day, tzinfo=UTC)) for day in (2, 3)]
    for ident in ids:
        (layout.trash / ident).mkdir(parents=True)
        os.utime(layout.trash / ident, (0, 0))
    seen = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    (layout.trash / NOTES).write_text(json.dumps(dict.fromkeys(ids, seen)))
    run(layout, "create", "coder")
    run(layout, "create", "writer")
    run(layout, "archive", "coder")
    assert "2 older profiles will leave it for good" in run(layout, "delete", "writer", "-n").stdout
    assert all((layout.trash / ident).exists() for ident in ids)
    run(layout, "delete", "writer", "--yes")
    assert not any((layout.trash / ident).exists() for ident in ids)


def test_the_trash_is_listed_in_the_time_of_this_machine(layout: Layout) -> None:
    days = (datetime(2026, 1, 2, 20, 30, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
    for when in days:
        (layout.trash / kept_id(ProfileName("old"), when)).mkdir(parents=True)
    shown = run(layout, "restore", TZ="Asia/Tokyo").stdout
    assert "2026-01-03 05:30  " in shown
    assert "—  " in shown
    assert "2026-01-02 20:30  " in run(layout, "restore", TZ="UTC").stdout


def test_the_commands_speak_json(layout: Layout) -> None:
    made = json.loads(run(layout, "create", "coder", "--json").stdout)
    assert (made["schema"], made["profile"], made["alias"]) == (
        "hermes-dist/create/1",
        "coder",
        "coder",
    )
    done = json.loads(run(layout, "rename", "coder", "dev-bot", "--json").stdout)
    assert (done["old"], done["profile"], done["aliases"]) == ("coder", "dev-bot", ["dev-bot"])
    gone = json.loads(run(layout, "delete", "dev-bot", "--yes", "--json").stdout)
    assert (gone["profile"], gone["purged"]) == ("dev-bot", False)
    (away,) = json.loads(run(layout, "restore", "--json").stdout)["profiles"]
    assert (away["profile"], away["from"], away["path"]) == ("dev-bot", "trash", gone["path"])
    back = json.loads(run(layout, "restore", "dev-bot", "--json").stdout)
    assert (back["profile"], back["from"]) == ("dev-bot", "trash")
    about = json.loads(run(layout, "describe", "dev-bot", "--text", "Codes.", "--json").stdout)
    assert about["description"] == "Codes."


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("create", 2),
        ("create x --no-skills --clone", 2),
        ("create x --with-channel-tokens", 2),
        ("create x --clone-from nobody", 1),
        ("create default", 1),
        ("create coder", 1),
        ("rename coder", 2),
        ("rename nobody x", 1),
        ("rename default x", 1),
        ("delete nobody --yes", 1),
        ("delete default --yes", 1),
        ("archive default", 1),
        ("restore nobody", 1),
        ("describe coder --auto --text x", 2),
        ("describe --all", 2),
        ("describe coder --overwrite", 2),
        ("describe coder --auto", 127),
        ("completion", 2),
        ("completion csh", 2),
    ],
)
def test_what_can_not_be_done_is_refused_with_its_code(
    layout: Layout, words: str, code: int
) -> None:
    run(layout, "create", "coder")
    before = sorted(layout.profiles.iterdir())
    assert "error:" in run(layout, *words.split(), code=code).stderr
    assert sorted(layout.profiles.iterdir()) == before


def test_without_a_source_the_active_profile_is_cloned_whoever_names_it(layout: Layout) -> None:
    for name in ("coder", "writer"):
        run(layout, "create", name)
        (layout.profiles / name / "SOUL.md").write_text(f"I am {name}.")
    layout.sticky.write_text("coder\n")
    home = {"HERMES_HOME": str(layout.profiles / "writer")}
    for name, words, env in (("a1", (), {}), ("a2", ("-p", "writer"), {}), ("a3", (), home)):
        run(layout, "create", name, "--clone", *words, **env)
    souls = [(layout.profiles / name / "SOUL.md").read_text() for name in ("a1", "a2", "a3")]
    assert souls == ["I am coder.", "I am writer.", "I am writer."]


def test_archive_takes_a_yes_as_delete_does_and_an_empty_log_is_told(layout: Layout) -> None:
    run(layout, "create", "coder", "--no-alias")
    done = run(layout, "gateways", "logs", "coder")
    assert done.stderr == "There are no logs of coder: a gateway writes them once it runs.\n"
    assert "is archived" in run(layout, "archive", "coder", "-y").stdout


def test_a_list_without_profiles_says_where_it_looked(layout: Layout) -> None:
    place = f"{layout.user_home}/mistyped"
    done = run(layout, "list", HERMES_HOME=place)
    assert f"There is no profile yet in {place}; install an agent with:" in done.stdout
