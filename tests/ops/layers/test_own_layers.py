"""A user's own profile over a shared base: layers are put under it and taken out, and nothing is published."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from gitrepo import Repo
from stacked import Stack
from story import BOT, GO, Story, yes

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import Cancelled, DistError, Invalid, Refused, UsageError
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.ops.authoring.author import package_at, problems_of
from hermes_dist.ops.authoring.capture import base_of, leaving
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.layers import own
from hermes_dist.ops.layers.whose import owns, why
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.ops.transfer.import_archive import import_
from hermes_dist.voice.problems import hint_words, problem_words

BASE = {
    "distribution.yaml": "name: base\nversion: 1.0.0\n",
    "SOUL.md": "# Team\nBe kind.\n",
    "config.yaml": "model: {default: small}\nagent: {max_turns: 10}\n",
}
TOOLS = {
    "distribution.yaml": "name: tools\nversion: 1.0.0\n",
    "skills/find/SKILL.md": "---\nname: find\n---\nFind it.\n",
    "config.yaml": "agent: {max_turns: 20}\n",
}


class Plain(Story):
    """A profile of the user's own, and two packages that can lie under it."""

    def __init__(self, tmp: Path) -> None:
        super().__init__(tmp, {})
        self.base, self.tools = Repo(tmp / "base", bare=True), Repo(tmp / "tools", bare=True)
        self.base.commit(BASE)
        self.tools.commit(TOOLS)
        self.write("SOUL.md", "# Mine\n")
        self.write("config.yaml", "# my own\nmodel: {default: mine}\n")

    def add(self, repo: Repo, **more: object) -> object:
        return own.add(self.ctx, BOT, f"file://{repo.path}", GO, yes, **more)  # type: ignore[arg-type]

    def names(self) -> list[str]:
        return [one.name for one in self.lock.packages]


def test_layers_come_under_what_the_user_has_and_are_updated(tmp_path: Path) -> None:
    story = Plain(tmp_path)
    story.add(story.base, base=True)
    story.add(story.tools)
    config = yaml.safe_load(story.read("config.yaml"))
    assert config["agent"] == {"max_turns": 20}
    assert (story.home / "skills/find/SKILL.md").exists()
    assert story.names() == ["base", "tools", "bot"]
    assert {c.place for c in story.lock.conflicts} == {"SOUL.md", "config.yaml: model.default"}
    assert story.read("SOUL.md") == "# Mine\n"
    story.tools.commit({"skills/find/SKILL.md": "---\nname: find\n---\nFind it fast.\n"})
    story.update()
    assert "fast" in story.read("skills/find/SKILL.md")
    assert [str(one.source) for one in own.listed(story.ctx, BOT).packs] == [
        f"file://{story.tools.path}"
    ]


def test_a_layer_is_taken_out_by_its_name_and_leaves_what_was_edited(tmp_path: Path) -> None:
    story = Plain(tmp_path)
    before = story.files()
    story.add(story.tools)
    story.write("skills/find/notes.md", "mine")
    own.remove(story.ctx, BOT, "tools", GO, yes)
    after = story.files()
    assert after.pop("skills/find/notes.md") == b"mine"
    after.pop("distribution.yaml")
    assert {k: v for k, v in after.items() if k in before} == before
    assert story.names() == ["bot"]


def test_a_home_is_no_layer_of_itself(tmp_path: Path) -> None:
    # What the user has there would count as the layer's, and go with it.
    story = Plain(tmp_path)
    story.write("distribution.yaml", "name: mine\nversion: 1.0.0\n")
    story.write("skills/own/SKILL.md", "Mine.\n")
    link = tmp_path / "link"
    link.symlink_to(story.home)
    before = story.files()
    for place in (story.home, link, f"{story.home.parent}//{story.home.name}"):
        with pytest.raises(Invalid, match="the home of bot itself") as caught:
            own.add(story.ctx, BOT, str(place), GO, yes)
        assert "a folder of its own" in caught.value.hint
    (nested := tmp_path / "nested").mkdir()
    (nested / "distribution.yaml").write_text(f"name: nested\nextends: {story.home}\n")
    with pytest.raises(Invalid, match="the home of bot itself"):
        own.add(story.ctx, BOT, str(nested), GO, yes)
    assert story.files() == before


def test_a_published_package_becomes_the_base_and_its_updates_go_on(tmp_path: Path) -> None:
    story = Plain(tmp_path)
    story.home.joinpath("SOUL.md").unlink()
    story.home.joinpath("config.yaml").unlink()
    story.home.rmdir()
    story.url = f"file://{story.base.path}"
    story.install()
    story.edit("SOUL.md", "kind", "kind and brief")
    story.add(story.tools)
    assert story.names() == ["base", "tools", "bot"]
    assert "brief" in story.read("SOUL.md")
    assert story.lock.conflicts == ()
    story.base.commit({"config.yaml": "model: {default: large}\nagent: {max_turns: 10}\n"})
    story.update()
    assert yaml.safe_load(story.read("config.yaml")) == {
        "model": {"default": "large"},
        "agent": {"max_turns": 20},
    }


def test_the_package_alone_is_back_when_the_last_layer_over_it_is_taken_out(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    story.install()
    tools = Repo(tmp_path / "tools", bare=True)
    tools.commit(TOOLS)
    story.edit("skills/hello/SKILL.md", "Be kind.", "Be very kind.")
    before, files = story.lock, story.files()
    own.add(story.ctx, BOT, f"file://{tools.path}", GO, yes)
    assert story.files() != files
    own.remove(story.ctx, BOT, "tools", GO, yes)
    assert story.files() == files
    assert story.lock.packages == before.packages
    assert story.lock.base == before.base
    assert own.listed(story.ctx, BOT).packs == ()
    story.ship({"SOUL.md": "# Bot\nNew.\n"})
    story.update()
    assert story.read("SOUL.md") == "# Bot\nNew.\n"
    # It is a change like any other: one can go back to before it.
    story.rollback(to=2)
    assert story.lock.layers


def test_a_base_that_the_user_put_there_stays_a_layer(tmp_path: Path) -> None:
    story = Plain(tmp_path)
    story.add(story.base, base=True)
    story.add(story.tools)
    own.remove(story.ctx, BOT, "tools", GO, yes)
    assert story.names() == ["base", "bot"]


def test_no_layer_lies_below_a_package_and_every_hint_can_be_followed(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.install()
    tools = Repo(tmp_path / "tools", bare=True)
    tools.commit(TOOLS)
    with pytest.raises(UsageError, match="which is its base: no layer can lie below it") as caught:
        own.add(story.ctx, BOT, f"file://{tools.path}", GO, yes, base=True)
    assert "layer remove" not in caught.value.hint
    with pytest.raises(UsageError, match="holds that package itself") as caught:
        own.add(story.ctx, BOT, story.url, GO, yes)
    assert "layer remove" not in caught.value.hint
    own.add(story.ctx, BOT, f"file://{tools.path}", GO, yes)
    with pytest.raises(UsageError, match="extends") as caught:
        own.add(story.ctx, BOT, str(tmp_path), GO, yes, base=True)
    word = caught.value.hint.rpartition(f"layer remove {BOT} ")[2]
    own.remove(story.ctx, BOT, word, GO, yes)


def test_a_no_leaves_everything_as_it_was(tmp_path: Path) -> None:
    story = Plain(tmp_path)
    before = story.files()

    def no(_: Proposal) -> bool:
        return False

    with pytest.raises(Cancelled):
        own.add(story.ctx, BOT, f"file://{story.tools.path}", GO, no)
    assert story.files() == before
    assert own.listed(story.ctx, BOT).packs == ()


def test_wrong_words_say_what_there_is(tmp_path: Path) -> None:
    story = Plain(tmp_path)
    with pytest.raises(DistError, match="you put no layer 'tools' under bot"):
        own.remove(story.ctx, BOT, "tools", GO, yes)
    story.add(story.tools)
    with pytest.raises(UsageError, match=r"has the layer .* already"):
        story.add(story.tools)
    with pytest.raises(DistError, match="can't be a layer"):
        own.add(story.ctx, BOT, str(tmp_path / "x.tar.gz"), GO, yes)
    with pytest.raises(DistError) as caught:
        own.remove(story.ctx, BOT, "tool", GO, yes)
    assert "did you mean tools?" in (caught.value.hint or "")
    story.base.commit({"config.yaml": "agent: {max_turns: 10}\n"})
    with pytest.raises(Refused, match="base and tools both set") as caught:
        story.add(story.base)
    assert "--only" in (caught.value.hint or "")


def test_what_a_package_brings_itself_is_not_the_users_to_take_out(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.install()
    for word, way in (("tools", "it comes with bot"), (story.url, "layer add bot SOURCE")):
        with pytest.raises(DistError, match="you put no layer") as caught:
            own.remove(story.ctx, BOT, word, GO, yes)
        assert way in (caught.value.hint or "")


def test_why_names_each_package_that_says_something_and_whose_value_counts(tmp_path: Path) -> None:
    story = Plain(tmp_path)
    story.add(story.base, base=True)
    story.add(story.tools)
    found = why(story.ctx, BOT, "agent.max_turns")
    assert [(one.package.name, one.value, one.counts) for one in found.says] == [
        ("tools", 20, True),
        ("base", 10, False),
    ]
    assert not found.own
    mine = why(story.ctx, BOT, "config.yaml: model.default")
    assert (mine.own, mine.value, [one.value for one in mine.says]) == (True, "mine", ["small"])
    assert why(story.ctx, BOT, "SOUL.md").own
    with pytest.raises(DistError, match="is not a place in bot"):
        why(story.ctx, BOT, "nowhere.at.all")


def test_owns_lists_what_counts_of_one_package(tmp_path: Path) -> None:
    story = Plain(tmp_path)
    story.add(story.base, base=True)
    story.add(story.tools)
    assert owns(story.ctx, BOT, "tools") == ("config.yaml: agent.max_turns", "skills/find/SKILL.md")
    assert "config.yaml: agent.max_turns" not in owns(story.ctx, BOT, "base")
    with pytest.raises(DistError, match="no package of bot is called 'other'"):
        owns(story.ctx, BOT, "other")


def test_publishing_ships_the_own_part_alone(tmp_path: Path) -> None:
    story = Plain(tmp_path)
    story.add(story.base, base=True)
    story.add(story.tools)
    story.resolve(Side.OURS)
    story.write("skills/mine/SKILL.md", "---\nname: mine\ndescription: m\n---\nMine.\n")
    found = leaving(story.ctx, BOT, own=True)
    texts = {str(path): found.read(entry.digest).decode() for path, entry in found.tree.items()}
    assert sorted(texts) == ["SOUL.md", "config.yaml", "distribution.yaml", "skills/mine/SKILL.md"]
    assert texts["config.yaml"] == "# my own\nmodel: {default: mine}\n"
    assert "extends:" in texts["distribution.yaml"]
    placed, read = base_of(found, "bot")
    settings = yaml.safe_load(read(placed[RelPath("config.yaml")].digest))
    assert settings == {"model": {"default": "mine"}, "agent": {"max_turns": 20}}


def test_a_folder_that_changed_since_is_not_taken_for_what_was_received(tmp_path: Path) -> None:
    story = Plain(tmp_path)
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "distribution.yaml").write_text("name: pack\n")
    (folder / "config.yaml").write_text("agent: {max_turns: 20}\n")
    own.add(story.ctx, BOT, str(folder), GO, yes)
    (folder / "config.yaml").write_text("agent: {max_turns: 30}\n")
    with pytest.raises(DistError, match="pack is not as it was received") as caught:
        leaving(story.ctx, BOT, own=True)
    assert caught.value.command == f"update {BOT}"
    story.update()
    found = leaving(story.ctx, BOT, own=True)
    assert "max_turns" not in found.read(found.tree[RelPath("config.yaml")].digest).decode()


def test_a_layer_whose_source_is_gone_is_told_with_the_command_that_takes_it_out(
    tmp_path: Path,
) -> None:
    story = Plain(tmp_path)
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "distribution.yaml").write_text("name: pack\n")
    own.add(story.ctx, BOT, str(folder), GO, yes)
    story.add(story.tools)
    for gone, name in ((folder, "pack"), (story.tools.path, "tools")):
        gone.rename(tmp_path / "away")
        with pytest.raises(DistError) as caught:
            story.update()
        assert caught.value.hint.endswith(f"out: hermes-dist layer remove bot {name}")
        own.remove(story.ctx, BOT, name, GO, yes)
        (tmp_path / "away").rename(tmp_path / f"{name}.away")
    assert story.names() == [BOT]


def test_what_is_not_there_of_a_layer_is_told_with_the_line_that_takes_it_out(
    tmp_path: Path,
) -> None:
    story = Plain(tmp_path)
    story.add(story.base, base=True)
    story.add(story.tools)

    def told() -> list[str]:
        problems = problems_of(story.ctx, package_at(story.ctx, BOT))
        return [problem_words(one) + hint_words(one) for one in problems if one.rule == "layers"]

    assert told() == []
    story.edit("config.yaml", "max_turns", "other_turns")
    (story.home / "skills/find/SKILL.md").unlink()
    lacks = ("config.yaml: agent.max_turns", "skills/find/SKILL.md")
    words = told()
    assert len(words) == len(lacks)
    for place, said in zip(lacks, words, strict=True):
        assert f"{place} is not there in this profile" in said
        assert f'without: ["{place}"]' in said
    story.write(
        "distribution.yaml",
        story.read("distribution.yaml") + "without: [skills/find, config.yaml]\n",
    )
    assert told() == []


def test_an_export_comes_back_with_what_another_machine_made_of_it(tmp_path: Path) -> None:
    here, stranger = Plain(tmp_path / "here"), Plain(tmp_path / "stranger")
    here.add(here.base, base=True)
    here.add(here.tools)
    stranger.add(stranger.base, base=True)

    def sent(ctx: Context, file: str) -> Path:
        return export(ctx, BOT, Packing(), tmp_path / file).path

    def never() -> str:
        raise AssertionError("nothing is encrypted")

    user = tmp_path / "there"
    there = Context(HERMES, Layout(HERMES, user / ".hermes", user), here.ctx.env)
    import_(there, sent(here.ctx, "out.tgz"), Request(), yes, passphrase=never, name="bot")
    skill = there.layout.home(BOT) / "skills/find/SKILL.md"
    skill.write_text(skill.read_text() + "Learned there.\n")
    here.write("skills/mine/SKILL.md", "---\nname: mine\n---\nLearned here.\n")
    source = here.lock.source
    import_(here.ctx, sent(there, "back.tgz"), Request(), yes, passphrase=never, name="bot")
    assert "Learned there." in here.read("skills/find/SKILL.md")
    assert "Learned here." in here.read("skills/mine/SKILL.md")
    assert here.lock.source == source
    with pytest.raises(DistError, match="another package"):
        import_(there, sent(stranger.ctx, "x.tgz"), Request(), yes, passphrase=never, name="bot")
