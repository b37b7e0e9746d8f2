"""The list of layers under a user's own profile: it follows the profile, comes back when lost, and is never half there."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from gitrepo import Repo
from killing import killed
from story import BOT, GO, Story, contents, yes

from hermes_dist.errors import DistError
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.layers import own
from hermes_dist.ops.layers.whose import packages_of
from hermes_dist.ops.package.history import hold
from hermes_dist.ops.package.outdated import outdated
from hermes_dist.ops.package.undo import undo
from hermes_dist.ops.package.uninstall import uninstall
from hermes_dist.ops.package.update import update
from hermes_dist.ops.package.upkeep import verify
from hermes_dist.ops.profiles import clone as cloning
from hermes_dist.ops.profiles import lifecycle, trash_and_archive
from hermes_dist.ops.profiles.profile_moves import all_homes_locked
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.ops.transfer.import_archive import import_

LAB = ProfileName("lab")


class Own(Story):
    """A plain profile, and packages that can lie under it."""

    def __init__(self, tmp: Path) -> None:
        super().__init__(tmp, {})
        self.packs = {}
        for name in ("one", "two"):
            self.packs[name] = Repo(tmp / name, bare=True)
            self.packs[name].commit(
                {
                    "distribution.yaml": f"name: {name}\nversion: 1.0.0\n",
                    f"skills/{name}/SKILL.md": f"---\nname: {name}\n---\nFirst.\n",
                }
            )
        self.write("SOUL.md", "# Mine\n")
        self.write("config.yaml", "model: {default: mine}\n")

    def source(self, name: str) -> str:
        return f"file://{self.packs[name].path}"

    def add(self, name: str, profile: ProfileName = BOT) -> None:
        own.add(self.ctx, profile, self.source(name), GO, yes)

    def moves(self, name: str, text: str = "Second.\n") -> None:
        self.packs[name].commit({f"skills/{name}/SKILL.md": f"---\nname: {name}\n---\n{text}"})

    def listed(self, profile: ProfileName = BOT) -> list[str]:
        return [str(one) for one in own.listed(self.ctx, profile).packs]

    def in_folder(self, profile: ProfileName = BOT) -> list[str]:
        text = (self.ctx.layout.own_layers(profile) / "distribution.yaml").read_text()
        return yaml.safe_load(text).get("dependencies") or []

    def is_fine(self, profile: ProfileName, *names: str) -> None:
        """The profile stands on these layers, in all places alike, and receives what is new of them."""
        assert self.listed(profile) == [self.source(name) for name in names]
        assert self.in_folder(profile) == self.listed(profile)
        assert [one.name for one in packages_of(self.ctx, profile).layers] == list(names)
        assert packages_of(self.ctx, profile).source == str(self.ctx.layout.own_layers(profile))
        self.moves(names[0], f"For {profile}.\n")
        assert outdated(self.ctx, profile).state == "behind"
        assert update(self.ctx, profile, GO, yes).done
        home = self.ctx.layout.home(profile)
        assert f"For {profile}." in (home / f"skills/{names[0]}/SKILL.md").read_text()
        assert verify(self.ctx, profile).sound


@pytest.fixture
def story(tmp_path: Path, home: Path) -> Own:
    return Own(tmp_path)


def test_a_renamed_profile_keeps_its_layers(story: Own) -> None:
    story.add("one")
    lifecycle.rename(story.ctx, "bot", "lab")
    story.is_fine(LAB, "one")
    assert not story.ctx.layout.own_layers(BOT).exists()


def test_what_was_written_by_hand_goes_along_with_a_rename(story: Own) -> None:
    story.add("one")
    file = story.ctx.layout.own_layers(BOT) / "distribution.yaml"
    file.write_text(file.read_text() + "without: [skills/one]\n")
    lifecycle.rename(story.ctx, "bot", "lab")
    assert update(story.ctx, LAB, GO, yes).done
    assert not (story.ctx.layout.home(LAB) / "skills/one").exists()
    story.add("two", LAB)
    assert not (story.ctx.layout.home(LAB) / "skills/one").exists()
    assert (story.ctx.layout.home(LAB) / "skills/two").exists()


def test_a_clone_has_a_list_of_its_own(story: Own) -> None:
    story.add("one")
    cloning.clone(story.ctx, "lab", BOT)
    story.add("two", LAB)
    story.is_fine(LAB, "one", "two")
    story.is_fine(BOT, "one")


def test_a_deleted_profile_comes_back_with_its_layers_also_under_another_name(story: Own) -> None:
    story.add("one")
    trash_and_archive.put_away(story.ctx, BOT, "trash")
    lifecycle.create(story.ctx, "bot")
    story.add("two")
    trash_and_archive.restore(story.ctx, "bot", to="lab")
    story.is_fine(LAB, "one")
    story.is_fine(BOT, "two")


def test_a_profile_gets_a_name_whose_list_is_another_ones_in_the_trash(story: Own) -> None:
    """Both keep what they had, also what was written by hand."""
    lab = story.ctx.layout.home(LAB)
    lab.mkdir()
    (lab / "SOUL.md").write_text("Lab.\n")
    for profile, name in ((BOT, "one"), (LAB, "two")):
        story.add(name, profile)
        file = story.ctx.layout.own_layers(profile) / "distribution.yaml"
        file.write_text(file.read_text() + f"without: [skills/{name}]\n")
    trash_and_archive.put_away(story.ctx, LAB, "trash")
    lifecycle.rename(story.ctx, "bot", "lab")
    text = (story.ctx.layout.own_layers(LAB) / "distribution.yaml").read_text()
    assert story.listed(LAB) == [story.source("one")], text
    assert "without: [skills/one]" in text
    trash_and_archive.restore(story.ctx, "lab", to="two")
    text = (story.ctx.layout.own_layers(ProfileName("two")) / "distribution.yaml").read_text()
    assert "without: [skills/two]" in text


def test_a_layer_that_is_a_renamed_profile_is_told_with_its_new_place(story: Own) -> None:
    """Also to a profile that was in the trash when that was renamed."""
    base = story.ctx.layout.home(LAB)
    base.mkdir()
    (base / "distribution.yaml").write_text("name: base\nversion: 1.0.0\n")
    own.add(story.ctx, BOT, str(base), GO, yes)
    trash_and_archive.put_away(story.ctx, BOT, "trash")
    [stored] = trash_and_archive.stored_profiles(story.ctx)
    [told] = lifecycle.rename(story.ctx, "lab", "team").notes
    assert told == Note.of(NoteKind.STILL_LEAD_TO, names=(stored.path.name,))
    trash_and_archive.restore(story.ctx, "bot")
    assert outdated(story.ctx, BOT).next == "update bot -n"
    now = story.ctx.layout.home(ProfileName("team"))
    with pytest.raises(DistError, match="no such folder") as caught:
        story.update()
    assert f"layer remove bot base; then: hermes-dist layer add bot {now}" in caught.value.hint
    own.remove(story.ctx, BOT, "base", GO, yes)
    own.add(story.ctx, BOT, str(now), GO, yes)
    assert packages_of(story.ctx, BOT).layers[0].source == str(now)


def test_erasing_a_profile_leaves_the_list_of_one_of_its_name_in_the_trash(story: Own) -> None:
    story.add("one")
    file = story.ctx.layout.own_layers(BOT) / "distribution.yaml"
    file.write_text(file.read_text() + "without: [skills/one]\n")
    trash_and_archive.put_away(story.ctx, BOT, "trash")
    lifecycle.create(story.ctx, "bot")
    trash_and_archive.put_away(story.ctx, BOT, "trash", purge=True)
    trash_and_archive.restore(story.ctx, "bot")
    assert "without: [skills/one]" in file.read_text()


def test_a_list_that_was_cut_off_on_its_way_arrives_with_its_profile(story: Own) -> None:
    story.add("one")
    file = story.ctx.layout.own_layers(BOT) / "distribution.yaml"
    file.write_text(file.read_text() + "without: [skills/one]\n")
    text = file.read_text()

    def away() -> None:
        trash_and_archive.put_away(story.ctx, BOT, "trash")

    def back() -> None:
        trash_and_archive.restore(story.ctx, "bot")

    for at in range(1, 200):
        died = killed(away, at)
        if story.ctx.layout.home(BOT).exists():
            away()
        returned = not killed(back, at)
        if not story.ctx.layout.home(BOT).exists():
            back()
        with all_homes_locked(story.ctx):
            assert file.read_text() == text, at
        assert len(folders(story)) == 2, at
        if returned and not died:
            return
    raise AssertionError("it never ended by itself")


def folders(story: Own) -> list[str]:
    return sorted(path.name for path in story.ctx.layout.own_layers(BOT).parent.iterdir())


def test_nothing_of_a_list_is_left_once_its_profile_is_erased(
    story: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = story.ctx.layout.home(LAB)
    lab.mkdir()
    (lab / "SOUL.md").write_text("Lab.\n")
    story.add("one")
    story.add("one", LAB)
    file = story.ctx.layout.own_layers(LAB) / "distribution.yaml"
    file.write_text(file.read_text() + "without: [skills/one]\n")
    trash_and_archive.put_away(story.ctx, BOT, "trash")
    [bot] = (each.path.name for each in trash_and_archive.stored_profiles(story.ctx))
    assert folders(story) == [bot, f"{bot}.written", "lab", "lab.written"]
    trash_and_archive.put_away(story.ctx, LAB, "trash", purge=True)
    assert folders(story) == [bot, f"{bot}.written"]
    with all_homes_locked(story.ctx) as fs:
        for days in (31, 62):
            at = datetime.now(UTC) + timedelta(days=days)
            monkeypatch.setattr(Context, "now", lambda _, at=at: at)
            trash_and_archive.empty_trash(story.ctx, fs)
    assert folders(story) == []


def test_an_uninstall_takes_the_list_along_unless_it_was_written_by_hand(story: Own) -> None:
    story.add("one")
    file = story.ctx.layout.own_layers(BOT) / "distribution.yaml"
    uninstall(story.ctx, BOT, GO, yes)
    assert folders(story) == []
    story.rollback()
    story.is_fine(BOT, "one")
    file.write_text(file.read_text() + "without: [skills/one]\n")
    uninstall(story.ctx, BOT, GO, yes)
    assert "without" in file.read_text()


def test_a_list_that_is_lost_is_made_again_also_without_the_store(story: Own) -> None:
    story.add("one")
    place = story.ctx.layout.own_layers(BOT)
    shutil.rmtree(place.parent)
    story.is_fine(BOT, "one")
    shutil.rmtree(place.parent)
    shutil.rmtree(story.ctx.layout.store)
    assert own.listed(story.ctx, BOT).packages[0].name == "one"
    assert update(story.ctx, BOT, GO, yes)
    assert story.in_folder() == [story.source("one")]


def test_an_archive_brings_the_layers_to_another_machine(story: Own, tmp_path: Path) -> None:
    story.add("one")
    file = tmp_path / "bot.tar.gz"
    export(story.ctx, BOT, Packing(), file)
    import_(story.ctx, file, Request(), yes, name=LAB, passphrase=lambda: "")
    shutil.rmtree(story.ctx.layout.shared / "layers")
    story.is_fine(LAB, "one")


def test_undo_takes_a_layer_out_for_good(story: Own) -> None:
    story.add("one")
    story.add("two")
    undo(story.ctx, BOT, GO, yes, lambda _: None)
    assert story.listed() == story.in_folder() == [story.source("one")]
    hold(story.ctx, BOT, on=False)
    update(story.ctx, BOT, GO, yes)
    assert story.listed() == [story.source("one")]
    assert not (story.home / "skills/two").exists()


@pytest.mark.parametrize("at", range(3, 60, 8))
def test_a_killed_layer_add_leaves_all_or_nothing(story: Own, at: int) -> None:
    story.add("one")
    before = contents(story.home)
    killed(lambda: story.add("two"), at)
    now = story.listed()
    assert story.in_folder() == now
    assert (story.home / "skills/two/SKILL.md").exists() == (len(now) == 2)
    if len(now) == 1:
        assert contents(story.home) == before
        story.add("two")
    story.is_fine(BOT, "one", "two")


def test_a_layer_of_a_held_profile_waits(story: Own) -> None:
    story.add("one")
    hold(story.ctx, BOT, on=True)
    story.moves("one")
    assert not story.update().done
    assert outdated(story.ctx, BOT).state == "held"
    assert "First." in story.read("skills/one/SKILL.md")


def test_offline_it_stays_as_it_is_and_a_new_layer_says_why_not(story: Own) -> None:
    story.add("one")
    ctx = story.ctx
    offline = Context(ctx.brand, ctx.layout, ctx.env, offline=True)
    with pytest.raises(DistError, match="offline"):
        own.add(offline, BOT, "github.com/you/pack", GO, yes)
    assert story.listed() == [story.source("one")]


def test_policies_are_about_the_layers_and_not_about_the_list(story: Own) -> None:
    file = story.ctx.layout.shared / "policy.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'sources = ["{story.source("one")}"]\n')
    story.add("one")
    story.moves("one")
    assert story.update().done
    with pytest.raises(DistError, match="policy"):
        story.add("two")
    assert story.listed() == story.in_folder() == [story.source("one")]
