"""The plain forms of update, list, status and install say what the usual way says, in every state of a profile."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from story import FIRST, Story

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry import main, plain
from hermes_dist.cli.shared.session import Invocation

CALLED = Invocation(HERMES, "hermes-dist")
Said = tuple[int | None, str, str]


@pytest.fixture
def story(home: Path) -> Story:
    story = Story(home)
    story.install()
    return story


def _both(capture: pytest.CaptureFixture[str], *words: str) -> tuple[Said, Said]:
    answers: list[Said] = []
    for way in (plain.attempt, main.run):
        code = way(CALLED, words)
        out, err = capture.readouterr()
        answers.append((code, out, err))
    return answers[0], answers[1]


def _as_it_is(_story: Story) -> None:
    """Nothing happens."""


def _no_lock(story: Story) -> None:
    (story.home / "distribution.lock").unlink()


def _damaged_lock(story: Story) -> None:
    (story.home / "distribution.lock").write_text("format = [")


def _newer_lock(story: Story) -> None:
    lock = story.home / "distribution.lock"
    lock.write_text(lock.read_text().replace("format = 2", "format = 9"))


def _source_gone(story: Story) -> None:
    lock = story.home / "distribution.lock"
    lock.write_text(lock.read_text().replace("source = ", 'source = "/nowhere/at/all" # '))


def _edited(story: Story) -> None:
    (story.home / "SOUL.md").write_text("mine\n")


STATES: list[Callable[[Story], None]] = [
    _as_it_is,
    _no_lock,
    _damaged_lock,
    _newer_lock,
    _source_gone,
    _edited,
]
LINES = [
    (),
    ("overview", "--json"),
    ("list",),
    ("list", "--json"),
    ("list", "-q"),
    ("update", "bot"),
    ("update", "bot", "-y"),
    ("update", "bot", "--quiet"),
    ("update", "bot", "--no-input"),
    ("update", "bot", "--offline"),
    ("update", "Bot"),
    ("update", "../bot"),
    ("update",),
    ("update", "nobody"),
    ("update", "."),
    ("update", "--all"),
    ("update", "--all", "-y"),
    ("update", "--all", "--json"),
    ("status",),
    ("status", "bot"),
    ("status", "bot", "--json"),
    ("status", "nobody"),
    ("install", "./nowhere"),
    ("install", "https://", "-y"),
    ("install", "./nowhere", "--json", "--yes"),
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__.strip("_"))
@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_a_plain_line_says_what_the_usual_way_says(
    story: Story,
    capsys: pytest.CaptureFixture[str],
    state: Callable[[Story], None],
    words: tuple[str, ...],
) -> None:
    state(story)
    mine, usual = _both(capsys, *words)
    assert mine == usual
    assert mine[0] is not None


@pytest.mark.parametrize(
    "words",
    [
        ("overview", "extra"),
        ("list", "extra"),
        ("update", "bot", "--all"),
        ("update", "bot", "-n"),
        ("update", "bot", "more"),
        ("update", "--to", "v1"),
        ("show",),
        ("update", "bot", "--help"),
        ("list", "--colour"),
        ("update", "--", "bot"),
        ("status", "--all"),
        ("status", "a", "b"),
        ("install",),
        ("install", "a", "--name", "b"),
        ("install", "a", "b"),
        ("install", "a", "--dry-run"),
    ],
)
def test_what_is_not_so_plain_is_left_to_the_usual_way_and_nothing_is_said(
    story: Story, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert plain.attempt(CALLED, words) is None
    assert capsys.readouterr() == ("", "")


def test_something_new_is_brought_by_a_plain_line(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    story.ship(
        {
            "distribution.yaml": "name: bot\nversion: 2.0.0\n",
            "SOUL.md": FIRST["SOUL.md"] + "\nMore.\n",
        }
    )
    assert plain.attempt(CALLED, ("update", "bot", "-y")) == 0
    assert "Updated bot@2.0.0" in capsys.readouterr().out
    assert (story.home / "SOUL.md").read_text().endswith("More.\n")


def test_a_package_is_installed_by_a_plain_line(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story(home)
    assert plain.attempt(CALLED, ("install", story.url, "-y")) == 0
    assert "Installed bot" in capsys.readouterr().out
    assert (story.home / "SOUL.md").is_file()


_LOADED = """
import atexit, sys
from hermes_dist.cli.entry.process import hermes

def loaded():
    print(*(name for name in sys.modules if name in {unwanted!r} or name.startswith("hermes_dist.merge")), file=sys.stderr)
    print("own", *(name for name in sys.modules if name.startswith("hermes_dist")), file=sys.stderr)

atexit.register(loaded)
sys.argv = ["hermes-dist", *sys.argv[1:]]
hermes()
"""
_HEAVY = {
    "typer",
    "click",
    "rich",
    "yaml",
    "dataclasses",
    "msgspec",
    "inspect",
    "hashlib",
    "logging",
    "shutil",
    "packaging",
    "concurrent",
    "typing",
}
_NOT_SO_LIGHT = {"re", "json", "contextlib", "shlex", "warnings", "urllib.parse"}
"""What a list and a repeated status do without."""


# How many modules of ours each may load: start-up grows with every one.
_MOST_FOR_STATUS = 135
_MOST = {("update", "bot"): 68, ("list",): 50, (): 60, ("status", "bot"): 42}


@pytest.mark.parametrize("words", _MOST, ids=" ".join)
def test_the_plain_forms_load_nothing_heavy(story: Story, words: tuple[str, ...]) -> None:
    lightest = words in {("list",), ("status", "bot")}
    unwanted = _HEAVY | _NOT_SO_LIGHT if lightest else _HEAVY
    program = _LOADED.replace("{unwanted!r}", repr(unwanted))
    time.sleep(
        2.1
    )  # neither a list nor a status believes the times of what was changed a moment ago
    for _ in range(2):  # the first one keeps what the second one finds
        done = subprocess.run(
            [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    heavy, own = done.stderr.splitlines()
    assert heavy.split() == []
    assert len(own.split()) - 1 <= _MOST[words], own


def test_a_status_loads_no_code_that_changes_a_home(story: Story) -> None:
    program = _LOADED.replace("{unwanted!r}", repr(_HEAVY))
    done = subprocess.run(
        [sys.executable, "-c", program, "status", "bot"],
        capture_output=True,
        text=True,
        check=False,
    )
    own = done.stderr.splitlines()[-1].split()[1:]
    assert len(own) <= _MOST_FOR_STATUS, own
    writers = ("hermes_dist.world.transaction", "hermes_dist.ops.change.proposal")
    assert [name for name in own if name.startswith(writers)] == []


def test_msgspec_is_loaded_without_what_it_only_takes_where_it_is(story: Story) -> None:
    program = (
        "import atexit, sys\n"
        "from hermes_dist.cli.entry.process import hermes\n"
        "def told():\n"
        "    print('msgspec' in sys.modules, *{'typing_extensions', 'inspect'} & set(sys.modules))\n"
        "    import typing_extensions\n"
        "    print(typing_extensions.TypedDict.__name__)\n"
        "atexit.register(told)\n"
        "sys.argv = ['hermes-dist', 'status', 'bot', '-q']\n"
        "hermes()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-2:] == ["True", "TypedDict"], done.stderr
