"""What a profile received is read again with few programs, however many layers it stands on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from gitrepo import Repo
from msgspec.structs import replace
from programs import note_starts
from stacked import Stack, manifest, packs
from story import BOT, GO, yes

from hermes_dist.decide.included import Including
from hermes_dist.errors import DistError, Unreachable
from hermes_dist.model.paths import RelPath
from hermes_dist.ops.authoring.contribute import Gift, contribute
from hermes_dist.ops.context import Context
from hermes_dist.ops.layers import own
from hermes_dist.ops.layers.whose import owns, why
from hermes_dist.ops.package.update import update
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.world.git.cache import known_tree


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All programs that are started."""
    return note_starts(monkeypatch, " ".join)


def installed(place: Path, count: int) -> Stack:
    """A profile on layers that lie beside its package."""
    story = Stack(place)
    names = [f"pack-{n}" for n in range(count)]
    below = packs(names, lambda name: {"config.yaml": f"agent: {{{name}: 1}}\n"})
    top = manifest("bot", dependencies=[f"//{name}" for name in names])
    story.ship({**below, "bot/distribution.yaml": top, "bot/SOUL.md": "I am.\n"})
    story.url += "//bot"
    story.install()
    return story


def _why(ctx: Context, _story: Stack) -> object:
    found = why(ctx, BOT, "agent.pack-1")
    assert [one.package.name for one in found.says if one.counts] == ["pack-1"]
    return found


def _owns(ctx: Context, _story: Stack) -> object:
    found = owns(ctx, BOT, "pack-1")
    assert found == ("config.yaml: agent.pack-1", "skills/pack-1/SKILL.md")
    return found


def _contribute(ctx: Context, story: Stack) -> object:
    story.write("skills/pack-1/SKILL.md", "---\nname: pack-1\n---\nDo it twice.\n")
    gift = Gift(layer="pack-1")
    made = contribute(ctx, BOT, gift, lambda _made: True, dry_run=True).contribution
    assert list(made.changes) == ["skills/pack-1/SKILL.md"]
    return made.changes


@pytest.mark.parametrize("job", [_why, _owns])
def test_what_an_install_remembers_needs_no_program(
    tmp_path: Path, started: list[str], job: Callable[[Context, Stack], object]
) -> None:
    story = installed(tmp_path, 5)
    started.clear()
    assert job(story.ctx, story)
    assert started == []


@pytest.mark.parametrize("job", [_why, _owns, _contribute])
def test_many_layers_take_as_many_programs_as_two(
    tmp_path: Path, started: list[str], job: Callable[[Context, Stack], object]
) -> None:
    needed = {}
    for count in (2, 12):
        story = installed(tmp_path / str(count), count)
        record = known_tree(story.ctx.layout.git_cache, story.repo.path.as_uri(), None)
        record.with_name("known-trees").unlink()
        started.clear()
        assert job(story.ctx, story)
        needed[count] = len(started)
    assert 0 < needed[12] == needed[2]


def test_it_is_remembered_for_the_next_command(tmp_path: Path, started: list[str]) -> None:
    story = installed(tmp_path, 3)
    record = known_tree(story.ctx.layout.git_cache, story.repo.path.as_uri(), None)
    record.with_name("known-trees").unlink()
    assert _why(story.ctx, story) == _why(story.ctx, story)
    started.clear()
    assert _owns(story.ctx, story)
    assert started == []


def test_layers_that_leave_are_read_together(tmp_path: Path, started: list[str]) -> None:
    needed = {}
    for count in (2, 12):
        story = installed(tmp_path / str(count), count)
        record = known_tree(story.ctx.layout.git_cache, story.repo.path.as_uri(), None)
        record.with_name("known-trees").unlink()
        story.ship({"bot/distribution.yaml": manifest("bot")})
        started.clear()
        assert update(story.ctx, BOT, GO, yes).done
        assert not (story.home / "skills/pack-1").exists()
        needed[count] = len(started)
    assert needed[12] == needed[2]


def test_what_the_user_took_along_is_the_packages(tmp_path: Path) -> None:
    own = {"SOUL.md": "I am.\n", "docs/more.md": "More.\n"}
    story = Stack(tmp_path, own, distribution_owned=["SOUL.md"])
    story.install()
    more = Including(more=(RelPath("docs"),))
    update(story.ctx, BOT, replace(GO, choices=replace(GO.choices, including=more)), yes)
    found = why(story.ctx, BOT, "docs/more.md")
    assert not found.own
    assert [one.package.name for one in found.says if one.counts] == ["bot"]
    assert "docs/more.md" in owns(story.ctx, BOT, "bot")


def test_a_layer_whose_commit_is_gone_is_named_with_the_next_command(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.install()
    shutil.rmtree(story.tools.path)
    shutil.rmtree(story.ctx.layout.git_cache)
    with pytest.raises(Unreachable) as away:
        why(story.ctx, BOT, "SOUL.md")
    assert away.value.is_within("tools")
    again = Repo(tmp_path / "tools", bare=True)
    story.release(again, "1.0.0", {"distribution.yaml": manifest("tools")})
    with pytest.raises(DistError, match="tools is not as it was received") as caught:
        why(story.ctx, BOT, "SOUL.md")
    assert caught.value.command == f"update {BOT}"


def test_an_export_names_the_profile_whose_layer_is_another_by_now(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    folder.mkdir()
    asks = "inputs: {turns: {type: integer, default: 3}}\n"
    (folder / "distribution.yaml").write_text(f"name: pack\n{asks}")
    (folder / "config.yaml").write_text('agent: {max_turns: "${input:turns}"}\n')
    story = Stack(tmp_path)
    story.install()
    own.add(story.ctx, BOT, str(folder), GO, yes)
    assert story.config["agent"] == {"max_turns": 3}
    (folder / "SOUL.md").write_text("Other.\n")
    with pytest.raises(DistError, match="pack is not as it was received") as caught:
        export(story.ctx, BOT, Packing(), tmp_path / "bot.tgz")
    assert caught.value.command == f"update {BOT}"
