"""One base for many profiles: packages that stand on others are installed, updated and merged as one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from gitrepo import Repo
from programs import note_starts
from sshkeys import Key, make
from stacked import Stack, manifest, packs
from story import BOT, GO, yes

from hermes_dist.decide.layers.wanted import source_of_layer
from hermes_dist.errors import DistError, Invalid, Refused
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Digest
from hermes_dist.ops.change.look_up import ask_ahead
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.change.variables import received_manifest
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.history import hold
from hermes_dist.ops.package.outdated import outdated
from hermes_dist.ops.package.update import update
from hermes_dist.voice.layers.news import kept_back_words
from hermes_dist.voice.notes import sentences
from hermes_dist.world.disk.store import Store
from hermes_dist.world.git.ask import Asking
from hermes_dist.world.git.repositories import BareGit
from hermes_dist.world.keys import ssh
from hermes_dist.world.ports import Listing


def test_a_package_comes_with_what_it_stands_on(tmp_path: Path) -> None:
    story = Stack(tmp_path, {"SOUL.md": "# Bot\n"})
    story.install()
    assert story.read("SOUL.md") == "# Bot\n"
    assert story.config["model"] == {"default": "small"}
    assert story.config["agent"] == {"max_turns": 20}
    assert (story.home / "skills/hello/SKILL.md").exists()
    assert (story.home / "skills/find/SKILL.md").exists()
    assert [(one.name, one.layer) for one in story.lock.packages] == [
        ("base", "base"),
        ("tools", "pack"),
        ("bot", ""),
    ]
    assert story.read("distribution.yaml").startswith("name: bot\n")


def test_a_key_that_the_base_changes_arrives_and_the_users_own_stays(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.install()
    story.edit("SOUL.md", "Be kind.", "Be kind and brief.")
    story.write("skills/mine/SKILL.md", "---\nname: mine\n---\nMine.\n")
    story.release(
        story.base,
        "1.1.0",
        {"config.yaml": "# team\nmodel: {default: large}\nagent: {max_turns: 10}\n"},
    )
    outcome = story.update()
    assert outcome.done
    assert story.config["model"] == {"default": "large"}
    assert "brief" in story.read("SOUL.md")
    assert (story.home / "skills/mine/SKILL.md").exists()
    assert story.lock.layers[0].pin.version == "1.0.0"
    assert story.lock.layers[0].pin.ref == "refs/tags/v1.1.0"
    assert not story.update().done


def test_nothing_new_changes_nothing_and_a_range_keeps_a_layer_below_it(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.install()
    before = story.files()
    story.release(story.base, "2.0.0", {"SOUL.md": "Be rude.\n"})
    assert not story.update().done
    assert story.files() == before


def test_an_update_lists_each_layer_once_and_knows_its_variables_without_its_contents_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Stack(tmp_path)
    asking = "env_requires:\n  - name: TEAM_KEY\n"
    story.release(story.tools, "1.0.1", {"distribution.yaml": manifest("tools") + asking})
    story.install()
    listed, listing = list[tuple[str, ...]](), BareGit.listing

    def counted(self: BareGit, url: str, commit: str, subfolder: RelPath | None) -> Listing:
        listed.append((url, commit, str(subfolder)))
        return listing(self, url, commit, subfolder)

    monkeypatch.setattr(BareGit, "listing", counted)
    assert not story.update().done
    assert len(listed) == len(set(listed)) == 3
    ctx = story.ctx
    (pin,) = [one.pin for one in story.lock.layers if one.name == "tools"]
    ctx.sources.again(pin)
    digest = ctx.sources.manifest(pin)
    assert digest
    monkeypatch.setattr(Store, "read", _lost(digest, Store.read))
    received = received_manifest(ctx, story.lock)
    assert received is not None
    assert "TEAM_KEY" in [var.name for var in received.env]


def test_the_variables_of_layers_in_one_commit_are_read_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"pack-{n}" for n in range(5)]
    asks = "env_requires:\n  - name: KEY_{}\n"
    packs = {
        f"{name}/distribution.yaml": manifest(name) + asks.format(n) * (n != 3)
        for n, name in enumerate(names)
    }
    top = {"bot/distribution.yaml": manifest("bot", dependencies=[f"//{name}" for name in names])}
    story = Stack(tmp_path)
    story.ship({**packs, **top, "pack-3/SOUL.md": "No variables.\n"})
    story.url += "//bot"
    story.install()
    asked, entries = list[object](), BareGit._entries

    def counted(self: BareGit, *words: object) -> object:
        asked.append(words)
        return entries(self, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(BareGit, "_entries", counted)
    received = received_manifest(story.ctx, story.lock)
    assert received is not None
    assert {var.name for var in received.env} == {"KEY_0", "KEY_1", "KEY_2", "KEY_4"}
    assert len(asked) == 1
    monkeypatch.setattr(BareGit, "folders_with", _unreadable)
    received = received_manifest(story.ctx, story.lock)
    assert received is not None
    assert received.env == ()
    assert len(asked) == 1


@pytest.mark.parametrize("signed", [False, True])
def test_many_layers_of_one_commit_take_as_many_programs_as_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signed: bool
) -> None:
    key = make(tmp_path, "key")
    started = note_starts(monkeypatch)
    checked, check = list[bytes](), ssh.verify

    def checking(message: bytes, *more: object) -> object:
        checked.append(message)
        return check(message, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(ssh, "verify", checking)
    needed = {}
    for count in (2, 12):
        story = Stack(tmp_path / str(count))
        names = [f"pack-{n}" for n in range(count)]
        below = packs(names)
        top = manifest("bot", dependencies=[f"//{name}" for name in names])
        story.url += "//bot"
        steps = []
        for edition in (1, 2):
            story.ship({**below, "bot/distribution.yaml": top, "bot/SOUL.md": f"{edition}\n"})
            below = {path: f"{text}\n" for path, text in below.items()}
            if signed:
                _sign(story, key)
            started.clear()
            checked.clear()
            if edition == 1:
                story.install()
            else:
                assert story.update().done
            steps.append([*started])
            assert len(checked) == signed
        assert len(story.lock.layers) == count
        needed[count] = steps
    assert needed[12] == needed[2]
    assert needed[2][0].count("ls-tree") == 2  # the package, and its layers


def _sign(story: Stack, key: Key) -> None:
    """Put a commit in place of the last one that differs by its signature."""
    tree, *parents = story.repo.git("log", "-1", "--format=%T %P", "main").split()
    behind = (word for parent in parents for word in ("-p", parent))
    words = ("commit-tree", "-S", "-m", "signed", *behind, tree)
    signed = story.repo.git(*key.for_git, *words)
    story.repo.git("update-ref", "refs/heads/main", signed)


def test_what_is_wrong_in_a_layer_names_the_layer(tmp_path: Path) -> None:
    names = ["one", "two", "three"]
    files = {f"{name}/distribution.yaml": manifest(name) for name in names}
    story = Stack(tmp_path)
    story.url += "//bot"
    top = {"bot/distribution.yaml": manifest("bot", dependencies=[f"//{name}" for name in names])}
    story.ship({**files, **top, "two/skills/A.md": "x", "two/skills/a.md": "y"})
    with pytest.raises(Invalid, match="file systems can't hold both it and") as caught:
        story.install()
    assert caught.value.where == f"{story.url.removesuffix('//bot')}//two: 'skills/a.md'"
    story.ship({"two/skills/a.md": None, "two/distribution.yaml": "name: [\n"})
    with pytest.raises(Invalid, match="not valid YAML") as caught:
        story.install()
    assert caught.value.where.startswith(f"{story.url.removesuffix('//bot')}//two: distribution")


def _unreadable(*_: object) -> object:
    raise DistError("the commit is gone")


def _lost(gone: Digest, read: Callable[[Store, Digest], bytes]) -> Callable[[Store, Digest], bytes]:
    """A store that has lost one content."""

    def reading(self: Store, digest: Digest) -> bytes:
        if digest == gone:
            raise DistError("the content is lost")
        return read(self, digest)

    return reading


def test_a_layer_that_another_keeps_back_is_not_behind_and_its_keeper_is_named(
    tmp_path: Path,
) -> None:
    story = Stack(tmp_path)
    asks = f"{story.url_of(story.base)}@>=1,<1.1"
    story.release(
        story.tools, "1.0.1", {"distribution.yaml": manifest("tools", dependencies=[asks])}
    )
    story.install()
    story.release(story.base, "1.2.0", {"SOUL.md": "# Team\nBe brief.\n"})
    row = outdated(story.ctx, BOT)
    (news,) = row.layers
    assert (row.state, news.kept_back, news.there) == ("current", True, "v1.2.0")
    outcome = story.update()
    assert not outcome.done
    said = (
        f"base is kept back by tools v1.0.1 (>=1,<1.1): there is v1.2.0; "
        f"the line to change: `dependencies: {asks}` in the distribution.yaml of tools v1.0.1"
    )
    assert outcome.proposal is not None
    assert said in sentences(outcome.proposal.notes)
    assert sentences(news.notes) == (said,)
    assert kept_back_words(news) == "base is kept back by tools v1.0.1 (>=1,<1.1)"
    story.release(story.tools, "1.0.2", {"distribution.yaml": manifest("tools")})
    row = outdated(story.ctx, BOT)
    assert row.state == "behind"
    assert not any(one.kept_back for one in row.layers)
    outcome = story.update()
    assert outcome.done
    assert outcome.proposal is not None
    assert not any(note.kind is NoteKind.LAYER_KEPT_BACK for note in outcome.proposal.notes)
    assert outdated(story.ctx, BOT).state == "current"


def test_what_both_changed_is_a_conflict_and_settled_as_any(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.install()
    story.edit("config.yaml", "max_turns: 20", "max_turns: 99")
    story.release(story.tools, "1.0.1", {"config.yaml": "agent: {max_turns: 30}\n"})
    story.update()
    assert [c.key for c in story.lock.conflicts] == ["agent.max_turns"]
    story.resolve(Side.THEIRS)
    assert story.config["agent"] == {"max_turns": 30}
    assert [one.name for one in story.lock.packages] == ["base", "tools", "bot"]


def test_a_pack_taken_out_leaves_nothing_but_what_was_edited(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    search = {"engine": "fast", "results": 10, "limits": {"day": 5, "hour": 1}}
    settings = yaml.safe_dump({"agent": {"max_turns": 20}, "search": search})
    story.release(
        story.tools, "1.0.1", {"config.yaml": settings, "skills/find/data.json": '{"a": 1}'}
    )
    story.install()
    story.write("skills/find/notes.md", "mine")
    story.edit("config.yaml", "hour: 1", "hour: 2")
    story.edit("skills/find/data.json", "}", ', "b": 2}')
    story.ship({"distribution.yaml": manifest("bot", extends=f"{story.url_of(story.base)}#^1")})
    seen: list[Proposal] = []
    update(story.ctx, BOT, GO, lambda proposal: seen.append(proposal) is None)
    assert not (story.home / "skills/find/SKILL.md").exists()
    assert story.read("skills/find/notes.md") == "mine"
    assert story.read("skills/find/data.json") == '{"b": 2}'
    assert story.config["agent"] == {"max_turns": 10}
    assert story.config["search"] == {"limits": {"hour": 2}}
    assert story.lock.conflicts == ()
    assert [
        note.datum("places") for note in seen[0].notes if note.kind is NoteKind.LEFT_BY_LAYER
    ] == [("config.yaml: search.limits.hour",)]
    update(story.ctx, BOT, GO, yes)
    assert story.config["search"] == {"limits": {"hour": 2}}
    assert "mcp_servers" not in story.config
    assert [one.name for one in story.lock.packages] == ["base", "bot"]


def test_a_server_of_a_pack_waits_for_approval_like_any(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    installing.install(story.ctx, story.url, Request(), yes, name="bot")
    assert "mcp_servers.web.command" in [effect.key for effect in story.lock.parked]
    assert story.config["mcp_servers"]["web"]["enabled"] is False


def test_a_clash_of_two_packs_is_refused_with_both_names_and_the_line_that_settles_it(
    tmp_path: Path,
) -> None:
    other = Repo(tmp_path / "other", bare=True)
    Stack.release(
        other,
        "1.0.0",
        {"distribution.yaml": manifest("other"), "config.yaml": "agent: {max_turns: 5}\n"},
    )
    story = Stack(tmp_path)
    packs = [f"{story.url_of(story.tools)}#^1", f"{story.url_of(other)}#^1"]
    story.ship({"distribution.yaml": manifest("bot", dependencies=packs)})
    with pytest.raises(
        Refused, match=r"layers other and tools both set config\.yaml: agent\.max_turns"
    ) as caught:
        story.install()
    assert "overrides" in (caught.value.hint or "")
    assert not story.home.exists()
    story.ship(
        {
            "distribution.yaml": manifest("bot", dependencies=packs),
            "config.yaml": "agent: {max_turns: 7}\n",
        }
    )
    story.install()
    assert story.config["agent"] == {"max_turns": 7}


def test_a_package_from_elsewhere_may_not_name_a_local_layer() -> None:
    with pytest.raises(DistError, match="can't be a layer"):
        source_of_layer("file:///srv/base", local=False)
    with pytest.raises(DistError, match="can't be a layer"):
        source_of_layer("/srv/base", local=False)
    with pytest.raises(DistError):
        source_of_layer("http://example.org/base.git", local=False)
    assert (
        str(source_of_layer("github.com/you/base#^1", local=False))
        == "https://github.com/you/base#^1"
    )


def test_rollback_brings_the_layers_back_and_they_stay_until_the_next_update(
    tmp_path: Path,
) -> None:
    story = Stack(tmp_path)
    story.install()
    before = story.files()
    story.release(story.base, "1.1.0", {"SOUL.md": "# Team\nBe loud.\n"})
    story.update()
    assert story.lock.layers[0].pin.ref == "refs/tags/v1.1.0"
    story.rollback()
    assert story.files() == before
    assert story.lock.layers[0].pin.ref == "refs/tags/v1.0.0"
    assert not story.update().done  # as with any package, going back holds


def test_a_held_profile_holds_its_layers(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.install()
    hold(story.ctx, BOT, on=True)
    story.release(story.base, "1.1.0", {"SOUL.md": "# Team\nBe loud.\n"})
    assert not story.update().done
    hold(story.ctx, BOT, on=False)
    assert story.update().done


def test_what_two_layers_stand_on_comes_once(tmp_path: Path) -> None:
    deep = Repo(tmp_path / "deep", bare=True)
    Stack.release(
        deep, "1.0.0", {"distribution.yaml": manifest("deep"), "config.yaml": "a: 1\nb: 1\n"}
    )
    Stack.release(deep, "1.1.0", {"config.yaml": "a: 2\nb: 1\n"})
    story = Stack(tmp_path)
    named = f"{story.url_of(deep)}#"
    story.release(
        story.base, "1.0.1", {"distribution.yaml": manifest("base", dependencies=[f"{named}<=1.0"])}
    )
    story.release(
        story.tools,
        "1.0.1",
        {
            "distribution.yaml": manifest("tools", dependencies=[f"{named}^1"]),
            "config.yaml": "b: 2\n",
        },
    )
    story.install()
    assert (story.config["a"], story.config["b"]) == (1, 2)
    assert [one.name for one in story.lock.packages] == ["deep", "base", "tools", "bot"]
    assert story.lock.packages[2].over == ("deep",)


def test_a_folder_beside_the_package_is_a_layer_at_the_same_commit(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.ship(
        {
            "agents/one/distribution.yaml": manifest("bot", extends="//base"),
            "base/distribution.yaml": manifest("base"),
            "base/SOUL.md": "Shared.\n",
        }
    )
    story.url += "//agents/one"
    story.install()
    assert story.read("SOUL.md") == "Shared.\n"
    story.ship({"base/SOUL.md": "Shared, and better.\n"})
    story.update()
    assert story.read("SOUL.md") == "Shared, and better.\n"


def test_a_layer_whose_tag_moved_is_refused_as_the_package_itself_would_be(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.ship({"distribution.yaml": manifest("bot", extends=f"{story.url_of(story.base)}#v1.0.0")})
    story.install()
    story.release(story.base, "1.0.0", {"SOUL.md": "Replaced.\n"})
    with pytest.raises(Refused, match=r"tag v1\.0\.0 was moved"):
        story.update()
    assert "Be kind" in story.read("SOUL.md")


def test_each_source_is_asked_once_in_a_run_whatever_stands_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Stack(tmp_path)
    asks = f"{story.url_of(story.base)}@>=1,<1.1"
    story.release(
        story.tools, "1.0.1", {"distribution.yaml": manifest("tools", dependencies=[asks])}
    )
    story.install()
    installing.install(story.ctx, story.url, GO, yes, name="twin")
    story.release(story.base, "1.2.0", {"SOUL.md": "# Team\nBe brief.\n"})
    asked: list[str] = []
    ask = Asking._ask

    def counting(self: Asking, url: str) -> object:
        asked.append(url)
        return ask(self, url)

    monkeypatch.setattr(Asking, "_ask", counting)
    ctx, names = story.ctx, [BOT, ProfileName("twin")]
    ask_ahead(ctx, names)
    assert [outdated(ctx, name).state for name in names] == ["current", "current"]
    for name in names:
        update(ctx, name, GO, yes)
    every = sorted([story.url, story.url_of(story.base), story.url_of(story.tools)])
    assert sorted(asked) == every
