"""A path in a manifest begins at that manifest: from whichever folder a command is run, a package has the same layers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import pytest
from gitrepo import Repo
from msgspec.structs import replace
from shelf_of import Shelf
from stacked import manifest
from story import BOT, GO, Story, yes

from hermes_dist.errors import Invalid, Refused
from hermes_dist.model.lock import dump_lock
from hermes_dist.model.manifest import parse_manifest
from hermes_dist.model.source import PinKind, parse_source
from hermes_dist.ops.change.fetch import Fetched
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.layers import own
from hermes_dist.ops.layers.asked import asked_for
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.update import update
from hermes_dist.ops.registry import registries


class Place(Story):
    """A work tree and a bare repository with a package at the root and one in a folder, and decoys at other places."""

    def __init__(self, tmp: Path, layer: str) -> None:
        super().__init__(tmp, {})
        self.tmp = tmp
        self.here, self.elsewhere = tmp / "p/x", tmp / "other/x/y"
        for folder in ("", "p", "p/bot", "p/bot.git", "p/bot/agents", "p/bot.git/agents"):
            for end in ("base", "one/base"):
                self.soul(folder, end)
        for decoy in (self.here, self.elsewhere, *self.elsewhere.parents[:2]):
            decoy.mkdir(parents=True, exist_ok=True)
            self.soul(str(decoy.relative_to(tmp)), "base")
        files = {
            "distribution.yaml": manifest("lbot", extends=layer),
            "agents/one/distribution.yaml": manifest("lbot", extends=layer),
            "base/distribution.yaml": manifest("base"),
            "base/SOUL.md": "soul of repository\n",
            "agents/base/distribution.yaml": manifest("base"),
            "agents/base/SOUL.md": "soul of beside\n",
        }
        for name, bare in (("p/bot", False), ("p/bot.git", True)):
            repo = Repo(tmp / name, bare=bare)
            self.commit = repo.commit(files)
            repo.tag("v1.0.0", self.commit)
        for path, text in files.items():
            if path.endswith("distribution.yaml") and "base" not in path:
                file = tmp / "p/bot" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)

    def soul(self, folder: str, name: str) -> None:
        place = self.tmp / folder / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "distribution.yaml").write_text(manifest("base"))
        (place / "SOUL.md").write_text(f"soul of {folder}/{name}\n")

    def registry(self) -> None:
        shelf = Shelf(self.tmp / "index")
        row = {"version": "1.0.0", "commit": self.commit}
        shelf.put("lbot", f"file://{self.tmp}/p/bot", row)
        registries.remove(self.ctx, "default")
        registries.add(self.ctx, str(shelf.path), "here")

    def soul_from(self, source: str, first: Path, then: Path) -> tuple[str, str]:
        """The soul of a profile that is installed in one folder and updated in another one, and where its layer is."""
        os.chdir(first)
        installing.install(self.ctx, source, GO, yes, name="bot")
        before = self.read("SOUL.md"), self.lock.layers[0].source
        os.chdir(then)
        update(self.ctx, BOT, GO, yes)
        assert (self.read("SOUL.md"), self.lock.layers[0].source) == before
        return before


SOURCES: dict[str, tuple[str, str, str]] = {
    "folder": ("{p}/bot", "p/bot", "p"),
    "folder-of-it": ("{p}/bot/agents/one", "p/bot/agents/one", "p/bot/agents"),
    "typed-relative": ("../bot", "p/bot", "p"),
    "folder-tag": ("{p}/bot#v1.0.0", "p/bot", "p"),
    "typed-relative-tag": ("./../bot#v1.0.0", "p/bot", "p"),
    "sub": ("{p}/bot//agents/one", "p/bot/agents/one", "p/bot/agents"),
    "sub-tag": ("{p}/bot//agents/one#v1.0.0", "p/bot/agents/one", "p/bot/agents"),
    "file": ("file://{p}/bot", "p/bot", "p"),
    "file-tag": ("file://{p}/bot#v1.0.0", "p/bot", "p"),
    "file-range": ("file://{p}/bot#^1", "p/bot", "p"),
    "file-localhost": ("file://localhost{p}/bot", "p/bot", "p"),
    "file-sub": ("file://{p}/bot//agents/one", "p/bot/agents/one", "p/bot/agents"),
    "bare": ("{p}/bot.git", "p/bot.git", "p"),
    "file-bare": ("file://{p}/bot.git", "p/bot.git", "p"),
    "file-bare-sub": (
        "file://{p}/bot.git//agents/one#main",
        "p/bot.git/agents/one",
        "p/bot.git/agents",
    ),
    "registry": ("lbot", "p/bot", "p"),
}
"""Spellings of a source: how it is typed, the folder of the package, and the folder above it."""


@pytest.mark.parametrize("spelling", SOURCES)
@pytest.mark.parametrize("layer", ["../base", "./base", "../../base", "../x/../base"])
def test_a_path_leads_to_the_same_folder_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str, layer: str
) -> None:
    monkeypatch.chdir(tmp_path)
    typed, own_folder, above = SOURCES[spelling]
    story = Place(tmp_path, layer)
    if spelling == "registry":
        story.registry()
    there = {"./base": own_folder, "../../base": str(Path(above).parent)}.get(layer, above)
    folder = "" if there == "." else there
    soul, source = story.soul_from(typed.format(p=tmp_path / "p"), story.here, story.elsewhere)
    assert soul == f"soul of {folder}/base\n"
    assert source == str(tmp_path / folder / "base")


@pytest.mark.parametrize("spelling", [one for one in SOURCES if one != "folder-of-it"])
@pytest.mark.parametrize(("layer", "soul"), [("//base", "repository"), ("//agents/base", "beside")])
def test_a_folder_of_the_repository_is_the_same_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str, layer: str, soul: str
) -> None:
    monkeypatch.chdir(tmp_path)
    typed, _, _ = SOURCES[spelling]
    story = Place(tmp_path, layer)
    if spelling == "registry":
        story.registry()
    text = typed.format(p=tmp_path / "p")
    spec = parse_source(text)
    as_it_is = spec.kind.traits.is_path and not spec.ref and not text.endswith(".git")
    found, _ = story.soul_from(text, story.here, story.elsewhere)
    expected = {"//base": "p/bot/base", "//agents/base": "p/bot/agents/base"}[layer]
    assert found == f"soul of {expected if as_it_is else soul}\n"


def fetched(source: str, layer: str) -> Fetched:
    target = Target(parse_source(source), None, "", "", PinKind.BRANCH)
    named = parse_manifest({"name": "bot", "version": "1.0.0", "extends": layer})
    return Fetched(target=target, offer=cast(Any, None), manifest=named)


SERVERS = ["http://localhost:8000/bot.git", "ssh://git@localhost/srv/bot", "git@localhost:srv/bot"]
REMOTE = [
    "https://github.com/you/bot",
    "git@github.com:you/bot",
    "github.com/you/bot//agents/one#^1",
]
RELATIVE = ["../base", "./base", ".", "..", "../../base#^1", "./x//sub"]


@pytest.mark.parametrize("layer", RELATIVE)
@pytest.mark.parametrize("source", [*SERVERS, *REMOTE])
def test_a_path_in_a_package_from_a_server_leads_nowhere(source: str, layer: str) -> None:
    with pytest.raises(Invalid, match="can't be a layer") as caught:
        asked_for(fetched(source, layer))
    assert "//base" in caught.value.hint
    assert "extends" in str(caught.value)


@pytest.mark.parametrize(
    "layer", ["x/y", "x/y#^1", "github.com/x/y", "base@^1", "https://example.org/y"]
)
@pytest.mark.parametrize(
    "source", [*SERVERS, *REMOTE, "/srv/bot", "file:///srv/bot", "/srv/bot#v1"]
)
def test_what_is_no_path_means_the_same_in_every_package(source: str, layer: str) -> None:
    (dependency,) = asked_for(fetched(source, layer)).all
    assert dependency.source == parse_source(layer)


@pytest.mark.parametrize("layer", ["/srv/base", "~/base", "file:///srv/base"])
@pytest.mark.parametrize("source", [*SERVERS, "/srv/bot", "file:///srv/bot//sub"])
def test_a_full_path_is_the_same_in_every_package_of_this_machine(
    source: str, layer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (dependency,) = asked_for(fetched(source, layer)).all
    assert dependency.source
    assert dependency.source.location in {
        "/srv/base",
        "file:///srv/base",
        str(Path.home() / "base"),
    }


def test_an_address_with_escapes_is_the_folder_that_git_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my bots/base").mkdir(parents=True)
    (dependency,) = asked_for(fetched(f"file://{tmp_path}/my%20bots/bot", "../base")).all
    assert dependency.source
    assert dependency.source.location == str(tmp_path / "my bots/base")
    assert str(dependency) == "../base"


def test_the_same_path_in_two_manifests_is_two_layers(tmp_path: Path) -> None:
    def package(place: str, soul: str = "", **more: object) -> None:
        folder = tmp_path / place
        folder.mkdir(parents=True)
        (folder / "distribution.yaml").write_text(manifest(folder.name, **more))
        if soul:
            (folder / f"skills/{soul}").mkdir(parents=True)
            (folder / f"skills/{soul}/SKILL.md").write_text(f"---\nname: {soul}\n---\nDo.\n")

    package("p/tools", "ours")
    package("q/tools", "theirs")
    package("p/lbot", dependencies=["../tools", "../../q/pack"])
    package("q/pack", dependencies=["../tools"])
    story = Story(tmp_path, {})
    installing.install(story.ctx, str(tmp_path / "p/lbot"), GO, yes, name="bot")
    assert {path.name for path in (story.home / "skills").iterdir()} == {"ours", "theirs"}


def wronged(story: Place) -> None:
    """Let a lock name the layer that an earlier version took from the folder where it was run."""
    lock = story.lock
    other = story.tmp / "other/x/base"
    (other / "SOUL.md").write_text("soul of p/base\n")
    wrong = replace(
        lock.layers[0],
        source=str(other),
        pin=story.ctx.sources.fetch(parse_source(str(other))).pin,
    )
    lock = replace(lock, packages=(wrong, *lock.packages[1:]))
    (story.home / "distribution.lock").write_bytes(dump_lock(lock))


@pytest.fixture
def misled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    story = Place(tmp_path, "../base")
    installing.install(story.ctx, f"file://{tmp_path}/p/bot", GO, yes, name="bot")
    wronged(story)
    (story.tmp / "p/base/SOUL.md").write_text("soul of p/base, newer\n")
    return story


def test_a_lock_with_another_folder_never_changes_to_the_right_one_by_itself(misled: Place) -> None:
    before = misled.files()
    with pytest.raises(Refused, match="begins at the manifest") as caught:
        misled.update()
    assert str(misled.tmp / "other/x/base") in str(caught.value)
    assert str(misled.tmp / "p/base") in str(caught.value)
    assert f"install file://{misled.tmp}/p/bot --name bot --force" in caught.value.hint
    assert misled.files() == before
    with pytest.raises(Refused, match="begins at the manifest"):
        own.add(misled.ctx, BOT, str(misled.tmp / "p/bot/agents/base"), GO, yes)
    assert misled.files() == before


def test_the_command_that_the_refusal_names_brings_the_right_files(misled: Place) -> None:
    misled.write("skills/mine/SKILL.md", "---\nname: mine\n---\nMine.\n")
    installing.install(misled.ctx, f"file://{misled.tmp}/p/bot", GO, yes, name="bot", force=True)
    assert misled.read("SOUL.md") == "soul of p/base, newer\n"
    assert misled.lock.layers[0].source == str(misled.tmp / "p/base")
    assert (misled.home / "skills/mine/SKILL.md").exists()
    assert not misled.update().done


def test_of_layers_of_ones_own_the_refusal_names_the_one_to_take_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    story = Place(tmp_path, "../base")
    (story.home / "memories").mkdir(parents=True)
    own.add(story.ctx, BOT, f"file://{tmp_path}/p/bot", GO, yes)
    wronged(story)
    with pytest.raises(Refused, match="begins at the manifest") as caught:
        story.update()
    assert "layer remove bot lbot" in caught.value.hint
    own.remove(story.ctx, BOT, "lbot", GO, yes)
    own.add(story.ctx, BOT, f"file://{tmp_path}/p/bot", GO, yes)
    assert "p/base" in story.lock.layers[0].source


def test_an_author_may_name_another_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    story = Place(tmp_path, "../base")
    installing.install(story.ctx, f"file://{tmp_path}/p/bot", GO, yes, name="bot")
    Repo(tmp_path / "p/bot").commit({"distribution.yaml": manifest("lbot", extends="../../base")})
    assert story.update().done
    assert story.read("SOUL.md") == "soul of /base\n"
