"""Every verb with ``--dry-run`` ends with the same line there, and changes nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from every_verb import every_verb
from gitrepo import Repo
from story import BOT, FIRST, Story, yes

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start
from hermes_dist.cli.entry.verbs import NESTED, VERBS, Nested, Verb
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package.update import update

LINES: dict[str, tuple[str, ...]] = {
    "install": ("install", "{source}", "--name", "other"),
    "update": ("update", "bot"),
    "resolve": ("resolve", "bot", "--theirs"),
    "keep": ("keep", "bot", "SOUL.md"),
    "unkeep": ("unkeep", "bot", "skills/bye/SKILL.md"),
    "discard": ("discard", "edited", "SOUL.md"),
    "approve": ("approve", "bot"),
    "rollback": ("rollback", "bot"),
    "undo": ("undo", "bot"),
    "uninstall": ("uninstall", "bot"),
    "adopt": ("adopt", "agents", "{source}"),
    "gc": ("gc", "--keep", "1"),
    "layer add": ("layer", "add", "own", "{source}"),
    "layer remove": ("layer", "remove", "lab", "bot"),
    "create": ("create", "new"),
    "rename": ("rename", "bot", "new"),
    "delete": ("delete", "bot"),
    "archive": ("archive", "bot"),
    "restore": ("restore", "gone"),
    "import": ("import", "{archive}", "--name", "new"),
    "backup restore": ("backup", "restore", "{backup}", "--passphrase-file", "{secret}"),
    "publish": ("publish", "agents", "--to", "{empty}"),
    "contribute": ("contribute", "edited", "SOUL.md"),
    "apply": ("apply", "{team}"),
    "sync init": ("sync", "init", "agents", "{empty}"),
    "sync join": ("sync", "join", "joined", "{meeting}", "--machine", "desktop"),
    "sync now": ("sync", "now", "own"),
    "front-door install": ("front-door", "install"),
    "dashboard install": ("dashboard", "install"),
    "watch install": ("watch", "install", "--cron"),
    "watch chat install": ("watch", "chat", "install", "bot"),
}
"""A line for each verb that would change something."""


def _verbs(table: dict[str, Verb] | dict[str, Verb | Nested], above: str = "") -> Iterator[str]:
    for name, found in table.items():
        if isinstance(found, Nested):
            yield from _verbs(found.verbs, f"{above}{name} ")
        else:
            yield above + name


def _takes_a_dry_run(name: str) -> bool:
    return any("--dry-run" in option.opts for option in every_verb()[name].params)


def _run(*words: str) -> int:
    return start(HERMES, list(words), prog="hermes-dist", profile=None)


@pytest.fixture
def places(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """A home in which each line would change something."""
    story = Story(home)
    story.install()
    source, secret = story.url, home / "secret"
    secret.write_text("a long enough passphrase\n")
    secret.chmod(0o600)
    crontab = home / "tools" / "crontab"
    crontab.parent.mkdir()
    crontab.write_text("#!/bin/sh\necho no crontab for me >&2\nexit 1\n")
    crontab.chmod(0o755)
    monkeypatch.setenv("PATH", f"{crontab.parent}:{os.environ['PATH']}")
    Repo(home / "empty", bare=True)
    Repo(home / "meeting", bare=True)
    meeting = f"file://{home / 'meeting'}"
    for words in (
        ("keep", "bot", "skills/bye/SKILL.md"),
        ("install", source, "--name", "edited", "-y"),
        ("create", "own"),
        ("create", "gone"),
        ("create", "lab"),
        ("sync", "init", "own", meeting, "-y"),
        ("layer", "add", "lab", source, "-y"),
        ("delete", "gone", "-y"),
        ("export", "bot", "-o", str(home / "a.tar.gz")),
        ("backup", "bot", "-o", str(home / "b.age"), "--passphrase-file", str(secret)),
    ):
        assert _run(*words) == 0, capsys.readouterr()
    for name in ("edited", "own"):
        (story.home.with_name(name) / "SOUL.md").write_text("Mine.\n")
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    mcp = '{"mcpServers": {"web": {"command": "npx"}}}'
    story.ship(
        {"SOUL.md": FIRST["SOUL.md"].replace("Rule 3 stands", "Rule 3 is new"), "mcp.json": mcp}
    )
    update(story.ctx, BOT, Request(), yes)
    story.ship({"skills/new/SKILL.md": "---\nname: new\n---\nNew.\n"})
    agents = story.root / "profiles" / "agents"
    agents.mkdir()
    for path in ("distribution.yaml", "SOUL.md"):
        (agents / path).write_text(FIRST[path])
    team = home / "team.toml"
    team.write_text(f'format = 1\n[[profiles]]\nname = "third"\nsource = "{source}"\n')
    return {
        "{source}": source,
        "{secret}": str(secret),
        "{archive}": str(home / "a.tar.gz"),
        "{backup}": str(home / "b.age"),
        "{team}": str(team),
        "{meeting}": meeting,
        "{empty}": f"file://{home / 'empty'}",
    }


def _files(home: Path) -> dict[str, bytes]:
    """Every file of the profiles, and the names of all others but caches."""
    root = home / ".hermes" / "profiles"
    return {str(p): p.read_bytes() for p in root.rglob("*") if p.is_file() and p.suffix != ".lock"}


def test_every_dry_run_ends_with_the_same_line_and_changes_nothing(
    places: dict[str, str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [*_verbs(VERBS), *_verbs({**NESTED})]
    assert set(LINES) == {name for name in names if _takes_a_dry_run(name)}
    before = _files(home)
    capsys.readouterr()
    wrong = {}
    for name, words in LINES.items():
        filled = [places.get(word, word) for word in words]
        code = _run(*filled, "-n")
        out, err = capsys.readouterr()
        last = out.splitlines()[-1:] or [""]
        if code or not re.fullmatch(
            r"Dry run: nothing was (changed|sent|published|changed and nothing was sent)\.", last[0]
        ):
            wrong[name] = (code, out[-300:], err[-300:])
    assert not wrong, "\n".join(map(str, wrong.items()))
    assert _files(home) == before
