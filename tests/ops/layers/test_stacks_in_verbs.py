"""Every verb works on the whole stack: adopt, diff, publish, parts, registries, circles, yanks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from gitrepo import Repo
from msgspec.structs import replace
from shelf_of import Shelf
from stacked import Stack, manifest
from story import BOT, GO, yes

from hermes_dist.decide.included import Including
from hermes_dist.errors import Cancelled, DistError, InputNeeded, Invalid, Refused
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.change.target import Naming
from hermes_dist.ops.layers import own
from hermes_dist.ops.layers.whose import why
from hermes_dist.ops.package.adopt import adopt
from hermes_dist.ops.package.diff import diff
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.outdated import outdated
from hermes_dist.ops.package.update import update
from hermes_dist.ops.package.upkeep import verify
from hermes_dist.ops.registry import registries


def test_a_profile_that_is_adopted_gets_its_layers_with_the_next_update(tmp_path: Path) -> None:
    story = Stack(tmp_path, {"SOUL.md": "# Bot\n"})
    story.install()
    story.edit("SOUL.md", "# Bot", "# My bot")
    story.write("skills/mine/SKILL.md", "---\nname: mine\n---\nMine.\n")
    before = story.files()
    (story.home / "distribution.lock").unlink()
    shutil.rmtree(story.home / ".dist")
    adopt(story.ctx, BOT, Request(), yes, source=story.url)
    assert story.files() == before
    story.update()
    assert [one.name for one in story.lock.packages] == ["base", "tools", "bot"]
    assert story.lock.conflicts == ()
    assert story.files() == before
    story.release(story.base, "1.1.0", {"skills/hello/SKILL.md": "---\nname: hello\n---\nHey.\n"})
    story.update()
    assert "Hey." in story.read("skills/hello/SKILL.md")


def test_diff_upstream_shows_what_layers_bring_and_not_that_they_leave(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.install()
    assert diff(story.ctx, BOT, upstream=True).same
    story.release(story.base, "1.1.0", {"skills/hello/SKILL.md": "---\nname: hello\n---\nHey.\n"})
    assert [one.change.path for one in diff(story.ctx, BOT, upstream=True).files] == [
        "skills/hello/SKILL.md"
    ]
    assert verify(story.ctx, BOT).sound


def test_lost_contents_of_a_stack_are_made_again(tmp_path: Path) -> None:
    story = Stack(tmp_path, {"config.yaml": "agent: {name: me}\n"})
    story.install()
    shutil.rmtree(story.ctx.layout.store)
    checked = verify(story.ctx, BOT)
    assert checked.lost == ()
    assert checked.mended


def test_only_some_parts_of_a_stack_are_updated_and_the_rest_comes_later(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.install()
    story.release(
        story.base,
        "1.1.0",
        {
            "skills/hello/SKILL.md": "---\nname: hello\n---\nHey.\n",
            "SOUL.md": "# Team\nBe brief.\n",
        },
    )
    only = replace(GO, choices=replace(GO.choices, only=frozenset({"skills"})))
    update(story.ctx, BOT, only, yes)
    assert "Hey." in story.read("skills/hello/SKILL.md")
    assert "Be kind." in story.read("SOUL.md")
    story.update()
    assert "Be brief." in story.read("SOUL.md")


@pytest.mark.parametrize("first", [["skills"], ["mcp"], ["soul", "skills"]])
def test_what_a_removed_pack_brought_leaves_in_parts_as_it_does_at_once(
    tmp_path: Path, first: list[str]
) -> None:
    story = Stack(tmp_path)
    story.install()
    story.edit("config.yaml", "npx", "mine")
    story.edit("skills/find/SKILL.md", "Find it.", "Find mine.")
    story.ship(
        {
            "distribution.yaml": manifest("bot", extends=f"{story.url_of(story.base)}#^1"),
            "SOUL.md": "# Bot\n",
        }
    )
    rests = {"mcp": "skills/find/SKILL.md", "skills": "config.yaml: mcp_servers"}
    told: list[Note] = []
    for part in (*first, ""):
        choices = replace(GO.choices, only=frozenset([part] if part else []))
        done = story.update(replace(GO, choices=choices))
        assert done.proposal is not None
        assert done.proposal.plan.conflicts == ()
        told += [one for one in done.proposal.plan.notes if one.kind is NoteKind.LEFT_BY_LAYER]
    assert story.config["mcp_servers"]["web"]["command"] == "mine"
    assert story.config["agent"] == {"max_turns": 10}
    assert "Find mine." in story.read("skills/find/SKILL.md")
    assert story.read("SOUL.md") == "# Bot\n"
    assert rests[first[-1]] in str(told[-1].data)
    assert not story.update().done


def test_a_path_that_is_included_besides_is_of_the_package_itself(tmp_path: Path) -> None:
    story = Stack(
        tmp_path,
        {"SOUL.md": "# Bot\n", "docs/more.md": "More.\n"},
        distribution_owned=["SOUL.md"],
    )
    story.install()
    assert not (story.home / "docs").exists()
    more = Including(more=(RelPath("docs"),))
    update(story.ctx, BOT, replace(GO, choices=replace(GO.choices, including=more)), yes)
    assert story.read("docs/more.md") == "More.\n"
    assert (story.home / "skills/hello/SKILL.md").exists()


def test_layers_that_ask_for_each_other_are_refused_with_the_way_around(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.ship(
        {
            "bot/distribution.yaml": manifest("bot", extends="//a"),
            "a/distribution.yaml": manifest("a", extends="//b"),
            "b/distribution.yaml": manifest("b", extends="//a"),
        }
    )
    story.url += "//bot"
    with pytest.raises(Invalid, match=r"in a circle: a \w+ → b \w+ → a"):
        story.install()
    story.ship({"b/distribution.yaml": manifest("b", extends="//bot")})
    with pytest.raises(Invalid, match="in a circle"):
        story.install()
    story.ship({"bot/distribution.yaml": manifest("bot", extends="//bot")})
    with pytest.raises(Invalid, match=r"bot \w+ asks for itself as a layer"):
        story.install()
    assert not story.home.exists()


class Shop(Stack):
    """A stack whose base is a name in a registry."""

    def __init__(self, tmp: Path) -> None:
        super().__init__(tmp)
        self.shelf = Shelf(tmp / "shelf")
        self.put()
        registries.remove(self.ctx, "default")
        registries.add(self.ctx, str(self.shelf.path), "ours")
        self.ship({"distribution.yaml": manifest("bot", extends="team-base@^1")})

    def put(self, **yanked: str) -> None:
        rows = [
            {"version": tag.removeprefix("v"), "commit": self.base.git("rev-parse", f"{tag}^0")}
            for tag in self.base.git("tag").split()
        ]
        for row in rows:
            if why := yanked.get("v" + row["version"].replace(".", "_")):
                row["yanked"] = why
        self.shelf.put("team-base", self.url_of(self.base), *rows)


def test_a_yanked_version_of_a_layer_is_not_taken_and_one_that_is_here_is_told(
    tmp_path: Path, home: Path
) -> None:
    story = Shop(tmp_path)
    story.release(story.base, "1.1.0", {"SOUL.md": "Bad.\n"})
    story.put(v1_1_0="broken")
    story.install()
    assert story.lock.layers[0].pin.ref == "refs/tags/v1.0.0"
    story.put()
    story.update()
    assert story.read("SOUL.md") == "Bad.\n"
    story.put(v1_1_0="broken")
    told = story.update()
    assert "yank" in repr(told).lower() or story.lock.layers[0].pin.ref == "refs/tags/v1.0.0"


def test_a_name_that_is_easily_mistaken_asks_before_it_becomes_a_layer(
    tmp_path: Path, home: Path
) -> None:
    story = Shop(tmp_path)
    story.install()
    story.shelf.put("web-tools", "https://github.com/you/web-tools")
    story.shelf.put("web-t00ls", story.url_of(story.tools))
    with pytest.raises(InputNeeded, match=r"web-t00ls from .* is easily mistaken for web-tools"):
        own.add(story.ctx, BOT, "web-t00ls", GO, yes)
    no = replace(GO, naming=Naming(ask=lambda _meant, _others: False))
    with pytest.raises(Cancelled):
        own.add(story.ctx, BOT, "web-t00ls", no, yes)
    assert [one.name for one in story.lock.packages] == ["base", "bot"]
    assert not (story.ctx.layout.own_layers(BOT) / "distribution.yaml").exists()
    meant = replace(GO, naming=Naming(accept=True))
    assert own.add(story.ctx, BOT, "web-t00ls", meant, yes).done


def test_a_name_of_a_layer_that_stands_for_another_repository_is_refused(
    tmp_path: Path, home: Path
) -> None:
    story = Shop(tmp_path)
    story.install()
    other = Repo(tmp_path / "evil", bare=True)
    other.commit({"distribution.yaml": manifest("base"), "SOUL.md": "Evil.\n"})
    other.tag("v1.5.0", other.git("rev-parse", "main"))
    story.shelf.put(
        "team-base",
        story.url_of(other),
        {"version": "1.5.0", "commit": other.git("rev-parse", "main")},
    )
    with pytest.raises(Refused, match="stands for"):
        story.update()
    assert "Be kind." in story.read("SOUL.md")


def test_a_circle_through_a_name_in_a_registry_is_seen(tmp_path: Path, home: Path) -> None:
    story = Shop(tmp_path)
    story.release(
        story.base,
        "1.1.0",
        {"distribution.yaml": manifest("base", dependencies=[story.url_of(story.tools)])},
    )
    story.release(
        story.tools,
        "1.1.0",
        {"distribution.yaml": manifest("tools", dependencies=["team-base@>=1.1"])},
    )
    story.put()
    story.install()  # an older version is in no circle
    assert [one.pin.ref for one in story.lock.layers] == ["refs/tags/v1.0.0"]
    story.ship({"distribution.yaml": manifest("bot", extends="team-base@>=1.1")})
    with pytest.raises(Invalid, match="in a circle"):
        story.update()


def test_two_registries_with_the_same_name_ask_which(tmp_path: Path, home: Path) -> None:
    story = Shop(tmp_path)
    other = Shelf(tmp_path / "other-shelf")
    other.put(
        "team-base",
        story.url_of(story.tools),
        {"version": "1.0.0", "commit": story.tools.git("rev-parse", "main")},
    )
    story.install()
    registries.add(story.ctx, str(other.path), "others")
    assert not story.update().done  # it came from `ours`, and that is remembered
    assert outdated(story.ctx, BOT).state == "current"
    with pytest.raises(DistError, match="several registries have 'team-base'"):
        install(story.ctx, story.url, GO, yes, name="two")


def test_a_base_that_is_replaced_takes_its_own_along_and_leaves_edits(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.install()
    story.edit("SOUL.md", "Be kind.", "Be kind, always.")
    story.write("skills/hello/notes.md", "mine")
    other = Repo(tmp_path / "other", bare=True)
    story.release(
        other,
        "1.0.0",
        {
            "distribution.yaml": manifest("other"),
            "config.yaml": "model: {default: other}\nagent: {max_turns: 10}\n",
            "skills/bye/SKILL.md": "---\nname: bye\n---\nBye.\n",
        },
    )
    story.ship({"distribution.yaml": manifest("bot", extends=story.url_of(other))})
    story.update()
    assert story.config["model"] == {"default": "other"}
    assert not (story.home / "skills/hello/SKILL.md").exists()
    assert story.read("skills/hello/notes.md") == "mine"
    assert "always" in story.read("SOUL.md")
    story.resolve(Side.OURS)
    assert "always" in story.read("SOUL.md")
    assert why(story.ctx, BOT, "SOUL.md").own


def test_a_layer_called_like_the_package_has_a_name_of_its_own(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.release(story.base, "1.0.1", {"distribution.yaml": manifest("bot")})
    story.release(story.tools, "1.0.1", {"distribution.yaml": manifest("bot")})
    story.install()
    assert [one.name for one in story.lock.packages] == ["bot-2", "bot-3", "bot"]
    before = story.files()
    assert not story.update().done
    assert story.files() == before


def test_two_profiles_over_one_base_have_their_own(tmp_path: Path, home: Path) -> None:
    story = Stack(tmp_path)
    for name in ("one", "two"):
        install(story.ctx, story.url, GO, yes, name=name)
    profiles = [story.ctx.layout.home(name) for name in story.ctx.names() if name != "default"]
    assert len(profiles) == 2
    own_soul = profiles[0] / "SOUL.md"
    own_soul.write_text("# Only mine\n")
    story.release(story.base, "1.1.0", {"config.yaml": "model: {default: large}\n"})
    for place in profiles:
        update(story.ctx, type(BOT)(place.name), GO, yes)
        assert "large" in (place / "config.yaml").read_text()
    assert own_soul.read_text() == "# Only mine\n"
    assert "kind" in (profiles[1] / "SOUL.md").read_text()


def test_an_own_layer_of_one_profile_says_nothing_about_another(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    for name in ("one", "two"):
        (story.root / "profiles" / name).mkdir(parents=True)
        own.add(story.ctx, type(BOT)(name), story.url_of(story.base), GO, yes, base=True)
    own.remove(story.ctx, type(BOT)("one"), "base", GO, yes)
    assert own.listed(story.ctx, type(BOT)("two")).base is not None
    assert not update(story.ctx, type(BOT)("two"), GO, yes).done
