"""Every command of the docs is run, one story a page, and says what is written; :mod:`transcript` tells how."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from transcript import DOCS, TOP, Page, Player, Said, matches

from hermes_dist.brand import MANIFEST

PLAYED_ELSEWHERE = {"fleets.md", "profiles.md"}
"""Pages with a test and a machine of their own."""
PAGES = [
    path
    for path in sorted(DOCS.rglob("*.md"))
    if path.name not in PLAYED_ELSEWHERE and "```console\n" in path.read_text("utf-8")
]


BEGINNING = (
    "$TOOLS/author new research-bot",
    "hermes-dist install github.com/you/research-bot -y",
)
"""How many pages begin: done once, and copied."""


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stage")


def _begin(stage: Path, page: Page) -> tuple[Player, list[Said]]:
    """A fresh home, and the commands that are left to play."""
    home, done = stage / "ada", stage / "begun"
    shutil.rmtree(home, ignore_errors=True)
    player = Player(stage)
    if tuple(said.command for said in page.said[:2]) != BEGINNING:
        return player, page.said
    if done.exists():
        shutil.rmtree(home)
        shutil.copytree(done, home, symlinks=True)
    else:
        assert [player.play(said)[0] for said in page.said[:2]] == [0, 0]
        shutil.copytree(home, done, symlinks=True)
    return player, page.said[2:]


def _row(path: Path) -> object:
    """A page as a parameter; one that makes or checks keys needs the program that does."""
    marks = [pytest.mark.needs("ssh-keygen")] if "ssh-keygen" in path.read_text("utf-8") else []
    return pytest.param(path, marks=marks, id=str(path.relative_to(TOP)))


@pytest.mark.parametrize("path", [_row(page) for page in PAGES])
def test_every_command_of_the_page_says_what_is_written(path: Path, stage: Path) -> None:
    player, left = _begin(stage, Page(path))
    for said in left:
        code, found = player.play(said)
        told = f"{path.name}:{said.line}: {said.command}\nexit {code}\n" + "\n".join(found)
        if code not in said.codes or (said.output and not matches(said.output, found)):
            again = f"PYTHONPATH=tests python tests/transcript.py {path.relative_to(TOP)}"
            pytest.fail(f"{told}\nif that is right, write it into the page with: {again}")
        assert "Traceback" not in told


def test_a_page_is_read_as_it_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- $ mkdir x -->\n<!-- ends with 3 -->\n```console\n$ (exit 3)\n$ ls\nx\n```\n"
        "<!--\n$ true\n$ false\n-->\n<!-- types y n -->\n```console\n$ a \\\n  b\n```\n```console\n$ c\n```\n"
    )
    said = Page(page).said
    assert [s.command for s in said] == [
        "mkdir x",
        "(exit 3)",
        "ls",
        "true",
        "false",
        "a \\\n  b",
        "c",
    ]
    assert [s.shown for s in said] == [False, True, True, False, False, True, True]
    assert [sorted(s.codes) for s in said] == [[0], [0, 3], [0, 3], [0], [0], [0], [0]]
    assert said[5].typed == ["y", "n"]
    assert said[6].typed == []


def test_output_that_differs_is_seen() -> None:
    assert matches(["a … c @ 1234567"], ["a   b c @ abcdef0"])
    assert matches(["…", "b"], ["x", "y", "b"])
    assert matches(["a", "…"], ["a"])
    assert not matches(["a"], ["a", "b"])
    assert not matches(["1 file"], ["2 files"])


def test_no_page_shows_a_command_that_is_not_run() -> None:
    """A line that begins with a prompt stands in a block that is played."""
    for path in [TOP / "README.md", *sorted(DOCS.rglob("*.md"))]:
        text = re.sub(r"```console.*?```|<!--.*?-->", "", path.read_text("utf-8"), flags=re.DOTALL)
        assert not re.search(r"^\s*\$ ", text, re.MULTILINE), path.name


def _said() -> str:
    """The code, with each text of several lines on one."""
    files = sorted((TOP / "hermes_dist").rglob("*.py"))
    code = "\n".join(path.read_text("utf-8") for path in files)
    return re.sub(r'"\s+f?"', "", code).replace("{MANIFEST}", MANIFEST)


def test_the_messages_that_are_explained_are_still_said() -> None:
    page = (DOCS / "troubleshooting.md").read_text("utf-8")
    messages = [m for m in re.findall(r"^### (.+?) \{#", page, re.MULTILINE) if "`" not in m]
    said = _said()
    assert len(messages) >= 40
    patterns = [re.split(" ?… ?", message) for message in messages]
    wrong = [p for p in patterns if not re.search("[^\n]*".join(map(re.escape, p)), said)]
    assert not wrong


def test_the_links_of_the_readme_are_whole_and_lead_to_files_of_the_project() -> None:
    """It is shown where relative links lead nowhere, too, such as on PyPI."""
    text = (TOP / "README.md").read_text("utf-8")
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert all(target.startswith("https://") for target in targets)
    ours = [m[1] for t in targets if (m := re.search(r"/hermes-dist/(?:blob/)?main/(.+)", t))]
    assert len(ours) >= 8
    assert all((TOP / path).is_file() for path in ours)


def test_the_pictures_are_small_and_load_nothing() -> None:
    for picture in (DOCS / "pictures").glob("*.svg"):
        text = picture.read_text("utf-8")
        assert len(text) <= 150_000, picture.name
        assert not re.search(r"(?:href|src)=.https?:|@import|url\(http", text), picture.name
