"""Code behind a yes, by the verbs: installed, approved, changed by an update, and approved again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from reach_ways import WAYS, Way
from story import BOT, Story, yes

from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.consent.review import grouped
from hermes_dist.decide.ownership import is_machine
from hermes_dist.errors import Busy
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.resolve import approve, to_approve
from hermes_dist.ops.package.update import update
from hermes_dist.ops.profiles.list import list_profiles

QUIET = Request()
"""What ``-y`` says: yes to the content, and to nothing that needs one of its own."""


class Ship:
    """A folder that an author ships, and the profile that follows it.

    Args:
        tmp: Where both lie.
        way: What is shipped first, and how it changes.
    """

    def __init__(self, tmp: Path, way: Way) -> None:
        self.folder, root = tmp / "source", tmp / ".hermes"
        root.mkdir()
        self.ctx = Context(HERMES, Layout(HERMES, root, tmp), {})
        self.home = self.ctx.layout.home(BOT)
        files = {spelled(path): content for path, content in {**way.files, **way.change}.items()}
        owned = sorted({"SOUL.md", *(path.partition("/")[0] for path in files)})
        self.put(
            {
                "SOUL.md": "Bot.\n",
                "distribution.yaml": f"name: bot\nversion: 1.0.0\ndistribution_owned: {owned}\n",
            }
        )
        self.put(way.files)

    @property
    def lock(self) -> Lock:
        lock = open_home(self.ctx, BOT).lock
        assert lock is not None
        return lock

    def put(self, files: Mapping[str, object]) -> None:
        for path, content in files.items():
            file = self.folder / spelled(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                file.unlink()
            else:
                file.write_text(
                    spelled(content if isinstance(content, str) else json.dumps(content))
                )

    def change(self, way: Way) -> None:
        self.put(way.change)
        for path in way.executable:
            (self.folder / spelled(path)).chmod(0o755)

    def install(self) -> None:
        install(self.ctx, str(self.folder), QUIET, yes, name="bot")

    def update(self) -> None:
        update(self.ctx, BOT, QUIET, yes)


def spelled(text: str) -> str:
    """The same with a folder of the package's own: at the root of a home, ``tools`` is the agent's."""
    return text.replace("tools", "kit")


def below(folder: Path, places: set[RelPath]) -> dict[str, tuple[str, bool]]:
    """The files of a folder at some places, and whether they may be run."""
    files = (file for file in folder.rglob("*") if file.is_file())
    found = {
        RelPath(file.relative_to(folder).as_posix()): file
        for file in files
        if ".dist" not in file.parts
    }
    return {
        str(path): (file.read_text(), bool(file.stat().st_mode & 0o100))
        for path, file in found.items()
        if any(path.under(place) for place in places)
    }


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_changed_code_arrives_with_a_yes_of_its_own_and_not_before(
    tmp_path: Path, way: Way
) -> None:
    ship = Ship(tmp_path, way)
    ship.install()
    approve(ship.ctx, BOT, QUIET, yes)
    assert ship.lock.parked == ()
    places = {path for path in map(RelPath, map(spelled, way.asked)) if not is_machine(path)}
    before = below(ship.home, places)
    ship.change(way)
    ship.update()
    assert below(ship.home, places) == before
    assert {effect.path for effect in ship.lock.parked} == places
    # `list`, which reads only the head of the lock, counts as `approve` does.
    (row,) = [row for row in list_profiles(ship.ctx) if row.name == BOT]
    assert row.parked == len(grouped(ship.lock.parked))
    approve(ship.ctx, BOT, QUIET, yes)
    assert below(ship.home, places) == below(ship.folder, places)
    assert ship.lock.parked == ()
    assert not [
        path for path in way.asked if is_machine(RelPath(path)) and (ship.home / path).exists()
    ]


def test_an_update_between_the_card_and_the_yes_brings_nothing_that_was_not_shown(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, {"distribution.yaml": "name: bot\n", "mcp.json": server("good")})
    install(story.ctx, story.url, QUIET, yes, name="bot")
    shown = to_approve(story.ctx, BOT)
    assert [effect.what for effect in shown.effects if effect.key.endswith("command")] == ["good"]
    story.ship(
        {
            "mcp.json": server("evil"),
            "hooks/h/HOOK.yaml": "name: h\n",
            "hooks/h/handler.py": "evil\n",
        }
    )
    story.update(QUIET)
    approve(story.ctx, BOT, QUIET, yes, chosen=shown)
    assert "enabled: true" not in story.read("config.yaml")
    assert not (story.home / "hooks").exists()
    assert {effect.path.top for effect in story.lock.parked} == {"config.yaml", "hooks"}


def test_an_update_to_the_code_between_the_card_and_the_yes_is_asked_about_again(
    tmp_path: Path,
) -> None:
    command = {"mcpServers": {"s": {"command": "python", "args": ["scripts/a.py"]}}}
    story = Story(
        tmp_path,
        {
            "distribution.yaml": "name: bot\n",
            "mcp.json": json.dumps(command),
            "scripts/a.py": "good\n",
        },
    )
    install(story.ctx, story.url, QUIET, yes, name="bot")
    shown = to_approve(story.ctx, BOT)
    story.ship({"scripts/a.py": "evil\n"})
    story.update(QUIET)
    approve(story.ctx, BOT, QUIET, yes, chosen=shown)
    assert "enabled: true" not in story.read("config.yaml")
    assert story.lock.parked != ()


def test_a_proposal_that_somebody_else_outran_is_not_carried_out(tmp_path: Path) -> None:
    story = Story(tmp_path, {"distribution.yaml": "name: bot\n", "mcp.json": server("good")})
    install(story.ctx, story.url, QUIET, yes, name="bot")
    shown = to_approve(story.ctx, BOT)

    def outrun(_proposal: object) -> bool:
        story.ship({"mcp.json": server("evil")})
        story.update(QUIET)
        return True

    with pytest.raises(Busy):
        approve(story.ctx, BOT, QUIET, outrun, chosen=shown)
    assert "enabled: true" not in story.read("config.yaml")


def server(command: str) -> str:
    return json.dumps({"mcpServers": {"s": {"command": command}}})
