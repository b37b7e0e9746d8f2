"""Whatever stands in the place of a file of ours or the agent's: a command ends soon, says what is there, and loses nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import forked
import pytest
from budget import IS_QUICK
from gitrepo import Repo

from hermes_dist.world.files import LIMIT

PACKAGE = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\nenv_requires:\n- name: SOME_TOKEN\n",
    "SOUL.md": "# Bot\n",
    "config.yaml": "model:\n  default: small\n",
    "mcp.json": '{"mcpServers": {}}\n',
    "cron/jobs.json": '{"jobs": []}\n',
    "skills/find/SKILL.md": "---\nname: find\n---\nFind.\n",
}


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


KINDS: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "folder": lambda path: path.mkdir(),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "terabyte": _sparse,
    "deep JSON": lambda path: path.write_text("[" * 100_000),
}
FILES = (
    "profiles/bot/SOUL.md",
    "profiles/bot/config.yaml",
    "profiles/bot/.env",
    "profiles/bot/mcp.json",
    "profiles/bot/cron/jobs.json",
    "profiles/bot/distribution.yaml",
    "profiles/bot/distribution.lock",
    "profiles/bot/profile.yaml",
    "profiles/bot/gateway_state.json",
    "profiles/bot/.dist/seen",
    "profiles/bot/.dist/last-look",
    "config.yaml",
    ".env",
    "active_profile",
    "distributions/index.json",
    "distributions/registries.toml",
    "distributions/trust.toml",
)
"""Files of a machine, below the home of the agent."""
VERBS = (
    ("list",),
    ("status", "bot"),
    ("update", "bot", "-n"),
    ("update", "bot", "-y", "--no-input"),
    ("doctor",),
    ("history", "bot"),
    ("show", "bot"),
    ("diff", "bot"),
    ("export", "bot", "-o", "out.tar.gz"),
    ("clone", "bot", "second", "-y", "--no-input"),
    ("rename", "bot", "other", "-n"),
    ("delete", "bot", "-n"),
)


@pytest.fixture(scope="module")
def made() -> list[Path]:
    return []


@pytest.fixture
def machine(made: list[Path], tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Path:
    """A machine with one profile and an update for it."""
    if not made:
        root = tmp_path_factory.mktemp("odd")
        (root / "home").mkdir()
        repo = Repo(root / "bot.git", bare=True)
        repo.commit(PACKAGE)
        assert _run(root, "install", f"file://{repo.path}", "-y")[0] == 0
        _run(root, "status", "bot")
        repo.commit({"SOUL.md": "# Better\n", "distribution.yaml": PACKAGE["distribution.yaml"]})
        made.append(root)
    copy = tmp_path / "machine"
    shutil.copytree(made[0] / "home", copy / "home", symlinks=True)
    return copy


def _run(root: Path, *words: str) -> tuple[int, str]:
    env = {**os.environ, "HOME": str(root / "home")}
    done = forked.said(["hermes-dist", *words], env, root)
    return done.returncode, done.stdout + done.stderr


CASES = [(file, kind) for file in FILES for kind in KINDS]
EACH = 3 if IS_QUICK else 1
"""Of how many verbs one is tried in each case; the next case begins with the next one."""


@pytest.mark.parametrize(("number", "file", "kind"), [(n, *case) for n, case in enumerate(CASES)])
def test_every_command_ends_and_says_what_is_there(
    machine: Path, number: int, file: str, kind: str
) -> None:
    place = machine / "home" / ".hermes" / file
    mine = machine / "home" / ".hermes" / "profiles" / "bot" / "skills" / "mine.md"
    mine.write_text("Mine.\n")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    KINDS[kind](place)
    for words in VERBS[number % EACH :: EACH]:
        code, said = _run(machine, *words)
        told = f"{' '.join(words)}, {kind} for {file}: {code}\n{said}"
        assert "a bug in this program" not in said, told
        assert "Traceback" not in said, told
        found = code == 1 and words == ("doctor",) and Path(file).name in said
        assert found or "error:" in said or code in {0, 3, 4, 6, 10}, told
    assert os.path.lexists(place)
    assert mine.read_text() == "Mine.\n"


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("pipe", "a named pipe"),
        ("device", "a device"),
        ("folder", "Is a directory"),
        ("terabyte", "larger than 256 MiB"),
    ],
)
def test_variables_that_can_not_be_read_are_told_and_not_taken_for_none(
    machine: Path, kind: str, why: str
) -> None:
    place = machine / "home" / ".hermes" / "profiles" / "bot" / ".env"
    place.unlink(missing_ok=True)
    KINDS[kind](place)
    for words in (("status", "bot"), ("status", "bot"), ("doctor",)):
        _, said = _run(machine, *words)
        assert f"can't be read: {why}" in said.replace("it is ", ""), said


def test_a_large_file_of_the_user_stops_no_command(machine: Path) -> None:
    """Models and recordings are larger than any file of ours; they are no package's, or edits like others."""
    home = machine / "home" / ".hermes" / "profiles" / "bot"
    (home / "skills/find/voice.bin").touch()
    for file in ("skills/find/voice.bin", "skills/find/SKILL.md"):
        os.truncate(home / file, LIMIT + (1 << 20))
    code, said = _run(machine, "diff", "bot")
    assert code == 0, said
    code, said = _run(machine, "update", "bot", "-y", "--no-input")
    assert code == 0, said
    assert (home / "SOUL.md").read_text() == "# Better\n"
    assert (home / "skills/find/SKILL.md").stat().st_size == LIMIT + (1 << 20)
