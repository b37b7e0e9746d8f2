"""What changes hands when the list of a package changes."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.handover import (
    Handover,
    Sides,
    count_missed,
    hand_over,
    parts_of,
    unlisted_parts,
)
from hermes_dist.decide.ownership import payload_of
from hermes_dist.decide.placement.place import Placed
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Tree

FILES = {
    "distribution.yaml": "name: bot\n",
    "SOUL.md": "Be kind.\n",
    "README.md": "Read me.\n",
    "skills/a/SKILL.md": "A.\n",
    "skills/b/SKILL.md": "B.\n",
    "hooks/h/HOOK.yaml": "on: start\n",
    "config.yaml": "model: small\nmcp_servers:\n  own:\n    command: own\n",
    "mcp.json": {"mcpServers": {"web": {"command": "web"}}},
    "cron/a.yaml": "name: digest\nprompt: Digest.\nschedule: every 2h\n",
    "cron/b.yaml": "name: report\nprompt: Report.\nschedule: every 3h\n",
}
EVERYTHING = (*(path for path in FILES if path != "README.md"), "README.md")


class House:
    """A package, and a home that received it."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.base: Tree = EMPTY
        self.ours: Tree = EMPTY
        self.released: Tree = EMPTY

    def receive(
        self, *named: str, files: dict[str, object] | None = None, included: tuple[str, ...] = ()
    ) -> Handover:
        """One more version; without merging, what the home has is what it had and what is new."""
        package = self.shelf.tree(FILES if files is None else files)
        owned = tuple(map(RelPath, named)) if named else None
        payload = payload_of(
            package, Manifest(name="bot", owned=owned), tuple(map(RelPath, included))
        )

        def placing(tree: Tree) -> Placed:
            return self.shelf.place(tree, keep_containers=self.base)

        placed = placing(payload.tree)
        self.unlisted = unlisted_parts(payload, placed, placing, self.shelf.read)
        self.missed = count_missed(payload.unlisted, self.unlisted)
        sides = Sides(self.base, self.ours, placed.tree)
        handed = hand_over(sides, self.unlisted, self.released, self.shelf.read)
        self.shelf.update(handed.blobs)
        self.base, self.released = handed.placed, handed.released
        self.ours = self.ours.with_entries(
            {p: e for p, e in handed.placed.items() if p not in self.ours}
        )
        return handed

    def parts(self, tree: Tree) -> set[str]:
        return {
            f"{path}: {key}" if key else str(path) for path, key in parts_of(tree, self.shelf.read)
        }


def test_each_part_that_leaves_the_list_is_released_and_what_leaves_the_package_is_not() -> None:
    house = House()
    assert not house.receive(*EVERYTHING).freed
    before = house.parts(house.base)
    gone = {path: data for path, data in FILES.items() if path != "skills/b/SKILL.md"}
    handed = house.receive("SOUL.md", "cron/a.yaml", files=gone)
    freed = before - house.parts(handed.base)
    jobs = {part for part in before if part.startswith("cron")}
    assert len(jobs) == 2
    assert freed - jobs == {
        "README.md",
        "skills/a/SKILL.md",
        "hooks/h/HOOK.yaml",
        "config.yaml: model",
        "config.yaml: mcp_servers.own",
        "config.yaml: mcp_servers.web",
    }
    assert len(freed & jobs) == 1
    # The author deleted it: it is still in base, so that the merge sees the deletion.
    assert "skills/b/SKILL.md" in house.parts(handed.base)
    assert house.parts(handed.released) == freed
    assert "config.yaml" not in handed.placed


def test_parts_that_are_named_again_have_their_base_back_if_the_home_still_has_them() -> None:
    house = House()
    house.receive(*EVERYTHING)
    before = house.base
    house.receive("SOUL.md")
    house.ours = house.ours.where(lambda path: path != "skills/b/SKILL.md")
    again = house.receive(*EVERYTHING)
    assert house.parts(again.base) == house.parts(before) - {"skills/b/SKILL.md"}
    assert again.base["skills/a/SKILL.md"] == before["skills/a/SKILL.md"]
    assert not again.released


def test_without_a_list_what_it_named_and_the_table_leaves_out_is_released() -> None:
    house = House()
    house.receive(*EVERYTHING)
    assert set(house.receive().freed) == {("README.md", "")}


def test_what_the_user_no_longer_includes_is_released() -> None:
    house = House()
    house.receive("SOUL.md", included=("cron/a.yaml", "skills/b"))
    freed = house.receive("SOUL.md").freed
    assert {path for path, _ in freed} == {"cron/jobs.json", "skills/b/SKILL.md"}


def test_a_part_that_is_left_as_it_is_for_now_is_not_released() -> None:
    house = House()
    house.receive(*EVERYTHING)
    base, shelf = house.base, house.shelf
    sides = Sides(base, base, base.where(lambda path: path == "SOUL.md"))
    unlisted = frozenset(parts_of(base, shelf.read)) - {(RelPath("SOUL.md"), "")}
    handed = hand_over(sides, unlisted, EMPTY, shelf.read, lambda path, _: path.top == "cron")
    assert "cron/jobs.json" in handed.base
    assert "config.yaml" not in handed.base


@pytest.mark.parametrize("text", ["- a list\n", "model: [unclosed\n", "1: number\n", "# only\n"])
def test_settings_that_have_no_parts_change_hands_whole(text: str) -> None:
    house = House()
    house.receive("SOUL.md", "config.yaml", files={**FILES, "config.yaml": text})
    handed = house.receive("SOUL.md")
    assert ("config.yaml", "") in handed.freed
    assert "config.yaml" not in handed.base
    assert "config.yaml" not in handed.placed
    house = House()
    house.receive("SOUL.md", "config.yaml")
    handed = house.receive("SOUL.md", files={**FILES, "config.yaml": text})
    kept = {"config.yaml: model", "config.yaml: mcp_servers.own"}
    # Without any setting in the file, its author deleted them all.
    assert house.parts(handed.released) == (set() if text == "# only\n" else kept)


def test_what_is_left_out_is_counted_as_people_count_it() -> None:
    house = House()
    house.receive("SOUL.md")
    assert house.missed == {"skill": 2, "job": 2, "server": 2, "hook": 1, "file": 2}
    house.receive(*EVERYTHING)
    assert house.missed == {}
