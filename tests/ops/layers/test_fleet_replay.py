"""A fleet on one base: many profiles, many versions, edits everywhere, conflicts left open, packs and bases that change.

What is compared: a profile that took every version, and its twin that took the last alone, end the same; nothing that a
user wrote is lost on the way; and what nobody edited is what the composition of the layers says.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from budget import IS_LONG
from story import GO, Story, yes

from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.update import update

PACKS = tuple(f"pack{n}" for n in range(5))
PROFILES, VERSIONS = (50, 30) if IS_LONG else (2, 4)


class Fleet(Story):
    """One repository with two bases, five packs, and the package over them, in random versions."""

    def __init__(self, tmp: Path, seed: int) -> None:
        super().__init__(tmp, {})
        self.dice = random.Random(seed)
        self.url += "//bot"
        self.now: dict[str, str] = {}

    def version(self, packs: tuple[str, ...] = PACKS, base: str = "base") -> None:
        wanted = {"extends": f"//{base}", "dependencies": [f"//{pack}" for pack in packs]}
        top = {"name": "bot", "version": "1.0.0", **wanted}
        self.now = {
            "bot/distribution.yaml": yaml.safe_dump(top),
            "bot/config.yaml": yaml.safe_dump({"own": {"a": self.dice.randrange(3), "b": 1}}),
        }
        for name in ("base", "other", *PACKS):
            self.now |= self._layer(name)
        self.repo.commit(self.now)

    def _layer(self, name: str) -> dict[str, str]:
        rules = "".join(f"Rule {n} is {self.dice.randrange(3)}.\n\n" for n in range(4))
        data = {name: {key: self.dice.randrange(3) for key in "abc"}}
        if name in ("base", "other"):
            data["shared"] = {"a": self.dice.randrange(3), "b": 1}
        return {
            f"{name}/distribution.yaml": f"name: {name}\nversion: 1.0.0\n",
            f"{name}/config.yaml": yaml.safe_dump(data),
            f"{name}/skills/{name}/SKILL.md": f"---\nname: {name}\n---\n{rules}",
        }

    def shipped(self, packs: tuple[str, ...], base: str) -> dict[str, object]:
        """The settings of the newest version, put together by hand."""
        data: dict[str, object] = {}
        for name in ("bot", base, *packs):
            data |= yaml.safe_load(self.now[f"{name}/config.yaml"])
        return data


def edit(story: Story, names: list[ProfileName], number: int) -> Mapping[str, str]:
    """The same edits in each of some homes: of lines that upstream changes, too, and of some that it never touches."""
    mine = f"Mine of {number}."
    packs = [pack for n, pack in enumerate(PACKS) if (number >> n) & 1]
    written: dict[str, str] = {"skills/mine/SKILL.md": mine}
    for name in names:
        home = story.ctx.layout.home(name)
        config = yaml.safe_load((home / "config.yaml").read_text())
        for pack in packs:
            skill = home / f"skills/{pack}/SKILL.md"
            text = skill.read_text()
            first = text.index("Rule 0")
            skill.write_text(f"{text[:first]}{mine}{text[text.index(chr(10), first) :]}{mine}\n")
            config[pack]["a"] = written[f"{pack}.a"] = mine
            config[pack]["new"] = written[f"{pack}.new"] = mine
            written[f"skills/{pack}/SKILL.md"] = mine
        config["shared"]["mine"] = written["shared.mine"] = mine
        (home / "config.yaml").write_text(yaml.safe_dump(config))
        (home / "skills/mine").mkdir()
        (home / "skills/mine/SKILL.md").write_text(mine)
    return written


def check_kept(home: Path, written: Mapping[str, str]) -> None:
    config = yaml.safe_load((home / "config.yaml").read_text())
    for place, mine in written.items():
        if place.endswith(".md"):
            assert mine in (home / place).read_text(), place
        else:
            section, _, key = place.partition(".")
            assert config[section][key] == mine, place


@pytest.mark.parametrize("seed", range(1))
def test_a_fleet_lives_through_many_versions(tmp_path: Path, seed: int) -> None:
    fleet = Fleet(tmp_path, seed)
    fleet.version()
    each = [ProfileName(f"each{n}") for n in range(PROFILES)]
    last = [ProfileName(f"last{n}") for n in range(PROFILES)]
    for name in (*each, *last):
        install(fleet.ctx, fleet.url, GO, yes, name=name)
    numbers = [fleet.dice.randrange(32) for _ in each]
    written = [
        edit(fleet, [one, other], number)
        for one, other, number in zip(each, last, numbers, strict=True)
    ]
    packs, base, seen = PACKS, "base", 0
    for version in range(VERSIONS):
        if version == VERSIONS // 2:
            packs = PACKS[1:]
        if version == VERSIONS - 2:
            base = "other"
        fleet.version(packs, base)
        for name, mine in zip(each, written, strict=True):
            update(fleet.ctx, name, GO, yes)
            check_kept(fleet.ctx.layout.home(name), mine)
    shipped = fleet.shipped(packs, base)
    for one, other, mine, number in zip(each, last, written, numbers, strict=True):
        update(fleet.ctx, other, GO, yes)
        check_kept(fleet.ctx.layout.home(other), mine)
        ends = [_end(fleet, name, mine) for name in (one, other)]
        assert ends[0] == ends[1], number
        seen += len(ends[0][1])
        for section in ("own", *packs):
            if f"{section}.a" not in mine:
                assert ends[0][0][section] == shipped[section], section
    assert seen >= PROFILES  # conflicts stay open everywhere


def _end(
    fleet: Fleet, name: ProfileName, mine: Mapping[str, str]
) -> tuple[dict[str, object], list[str], dict[str, bytes]]:
    """The settings, the open conflicts and the skills of a home."""
    home = open_home(fleet.ctx, name)
    assert home.lock is not None
    config = yaml.safe_load((home.path / "config.yaml").read_text())
    # Of a pack that is gone stays what was edited, and nothing else.
    edited = {key: mine[f"pack0.{key}"] for key in ("a", "new") if f"pack0.{key}" in mine}
    assert config.get("pack0", {}) == edited
    assert "base" not in config
    files = {
        path.relative_to(home.path).as_posix(): path.read_bytes()
        for path in home.path.glob("skills/*/SKILL.md")
    }
    # A text is one thing: edited, it is the user's as it was when its pack left.
    if files.pop("skills/pack0/SKILL.md", None) is not None:
        assert "skills/pack0/SKILL.md" in mine
    return config, sorted(one.place for one in home.lock.conflicts), files
