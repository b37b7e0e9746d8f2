"""Replay: a base, five packs, several profiles and versions with edits everywhere; a pack removed, a base replaced."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from story import GO, Story, contents, yes

from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.update import update

PACKS = tuple(f"pack{n}" for n in range(5))
EACH, LAST = ProfileName("each"), ProfileName("last")


class World(Story):
    """One repository with a base, packs, and the package over them, in random versions."""

    def __init__(self, tmp: Path, seed: int) -> None:
        super().__init__(tmp, {})
        self.dice = random.Random(seed)
        self.url += "//bot"
        self.version(PACKS, "base")

    def version(self, packs: tuple[str, ...], base: str) -> None:
        files = {
            "bot/distribution.yaml": yaml.safe_dump(
                {"name": "bot", "version": "1.0.0", "extends": f"//{base}"}
                | {"dependencies": [f"//{pack}" for pack in packs]}
            ),
            "bot/config.yaml": yaml.safe_dump({"own": {"a": self.dice.randrange(3)}}),
        }
        for name in ("base", "other", *PACKS):
            soul = "".join(f"Rule {n} is {self.dice.randrange(2)}.\n\n" for n in range(6))
            files |= {
                f"{name}/distribution.yaml": f"name: {name}\nversion: 1.0.0\n",
                f"{name}/config.yaml": yaml.safe_dump(
                    {name: {key: self.dice.randrange(3) for key in "abc"}}
                    | ({"shared": self.dice.randrange(3)} if name in ("base", "other") else {})
                ),
                f"{name}/skills/{name}/SKILL.md": f"---\nname: {name}\n---\n{soul}",
            }
        self.repo.commit(files)

    def edit(self, mine: str) -> None:
        """The same edits in both homes."""
        for name in (EACH, LAST):
            home = self.ctx.layout.home(name)
            for pack in PACKS[:3]:
                skill = home / f"skills/{pack}/SKILL.md"
                skill.write_text(f"{skill.read_text()}\n{mine} of {pack}\n")
            (home / "skills/pack0/notes.md").write_text(mine)
            config = yaml.safe_load((home / "config.yaml").read_text())
            config["pack0"]["a"] = mine
            config["pack0"]["new"] = mine
            config["pack1"]["a"] = mine
            config["pack4"]["b"] = mine
            config["mine"] = mine
            (home / "config.yaml").write_text(yaml.safe_dump(config))

    def state(self, name: ProfileName) -> tuple[object, ...]:
        home = open_home(self.ctx, name)
        assert home.lock is not None
        files = contents(home.path)
        files["config.yaml"] = yaml.safe_load(files["config.yaml"])
        return files, [one.place for one in home.lock.conflicts], home.lock.layers


@pytest.mark.parametrize("seed", range(4))
def test_all_versions_one_by_one_and_the_last_alone_end_the_same(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)
    for name in (EACH, LAST):
        install(world.ctx, world.url, GO, yes, name=name)
    world.edit("Mine.")
    edited = (world.ctx.layout.home(LAST) / "skills/pack0/SKILL.md").read_bytes()
    steps = [(PACKS, "base"), (PACKS, "base"), (PACKS[1:], "base"), (PACKS[1:], "other")]
    for packs, base in steps:
        world.version(packs, base)
        if packs == PACKS[1:] and base == "base":
            before = (world.ctx.layout.home(EACH) / "skills/pack0/SKILL.md").read_bytes()
        update(world.ctx, EACH, GO, yes)
    update(world.ctx, LAST, GO, yes)
    one, other = world.state(EACH), world.state(LAST)
    gone = "skills/pack0/SKILL.md"
    for files, was in ((one[0], before), (other[0], edited)):
        # Edited here, and its layer is gone: it is the user's, as it was at the last version that came before.
        assert isinstance(files, dict)
        assert files.pop(gone) == was
        assert b"Mine. of pack0" in was
    assert one == other
    files, places, layers = one
    assert isinstance(places, list)
    assert not any("pack0" in place for place in places)
    assert isinstance(layers, tuple)
    assert isinstance(files, dict)
    assert [layer.name for layer in layers] == ["other", *PACKS[1:]]
    assert files["skills/pack0/notes.md"] == b"Mine."
    assert files["config.yaml"]["mine"] == "Mine."
    assert files["config.yaml"]["pack4"]["b"] == "Mine."
    assert files["config.yaml"]["pack0"] == {"a": "Mine.", "new": "Mine."}
    assert "base" not in files["config.yaml"]
    assert "skills/base/SKILL.md" not in files
    for pack in PACKS[1:3]:
        assert f"Mine. of {pack}" in files[f"skills/{pack}/SKILL.md"].decode()
