"""The registries, keys and policies of a machine: in a backup of all, and merged with what is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shelf_of import Shelf
from story import GO, Story, yes

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.registry import Registry, RegistryKind
from hermes_dist.model.trust import Keyring, KnownKey
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.registry import registries
from hermes_dist.ops.transfer.backup import Restored, Talk, back_up_all, restore
from hermes_dist.ops.transfer.machine_settings import (
    Brought,
    Kept,
    Settings,
    StaysAs,
    bring,
    dump_settings,
    load_settings,
    merged,
    settings_of,
)
from hermes_dist.ops.trust import trusted_keys
from hermes_dist.voice.transfer.machine import brought_lines, held_words
from hermes_dist.world.keys import age
from hermes_dist.world.registry.tuf import root_digest

ANN, BOB, EVE = (KnownKey(name, "SHA256:" + name[0] * 43) for name in ("ann", "bob", "eve"))
POLICY = b'format = 1\nrequire = ["pinned"]\n'


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    made = age._wrapping
    monkeypatch.setattr(age, "_wrapping", lambda word, salt, _work: made(word, salt, 1))


def empty(tmp_path: Path) -> Context:
    """Another machine."""
    root = tmp_path / "elsewhere" / ".hermes"
    root.mkdir(parents=True)
    return Context(HERMES, Layout(HERMES, root, root.parent), {})


@pytest.fixture
def story(home: Path, tmp_path: Path) -> Story:
    found = Story(home)
    installing.install(found.ctx, found.url, GO, yes, name="bot")
    shelf = Shelf(tmp_path / "shelf")
    registries.add(found.ctx, str(shelf.path), "mine")
    trusted_keys.add(found.ctx, "ann", ANN.fingerprint)
    trusted_keys.add(found.ctx, "bob", BOB.fingerprint)
    trusted_keys.remove(found.ctx, "bob", revoke=True, reason="lost")
    shared = found.ctx.layout.shared
    (shared / "policies").mkdir()
    (shared / "policies" / "team.toml").write_bytes(b"format = 1\n")
    return found


class Told:
    """Takes everything, and remembers it."""

    def __init__(self, *, take: bool = True) -> None:
        self.take = take
        self.shown: list[Brought] = []
        self.brought: list[tuple[Brought, DistError | None]] = []
        self.done: list[Restored] = []

    def talk(self) -> Talk:
        return Talk(
            passphrase=lambda: "word",
            choose=lambda listed: {each.name: ProfileName(each.name) for each in listed},
            confirm=yes,
            told=self.done.append,
            settings=self._show,
            brought=lambda found, error: self.brought.append((found, error)),
        )

    def _show(self, found: Brought) -> bool:
        self.shown.append(found)
        return self.take


def test_they_are_in_the_backup_unread_by_others_and_come_back(
    story: Story, home: Path, tmp_path: Path
) -> None:
    done = back_up_all(story.ctx, "word", home / "all.age")
    assert held_words(done.settings) == "1 registry, 2 keys and 1 policy"
    assert b"shelf" not in done.path.read_bytes()
    there = empty(tmp_path)
    dry = Told()
    restore(there, done.path, Request(dry_run=True), dry.talk())
    assert settings_of(there) == Settings()
    assert [error for _, error in dry.brought] == [None]
    told = Told()
    restore(there, done.path, Request(), told.talk())
    assert told.done[0].error is None
    assert settings_of(there) == settings_of(story.ctx)
    [shown] = told.shown
    assert any(line.startswith("registry mine at ") for line in brought_lines(shown))
    assert f"revokes the key {BOB.fingerprint}" in list(brought_lines(shown))
    # A second time there is nothing to bring.
    again = Told()
    restored = restore(there, done.path, Request(), again.talk())
    assert again.shown == [Brought()]
    assert not again.brought
    assert restored[0].error is not None  # the name is taken


def test_who_leaves_them_out_gets_the_profiles_alone(
    story: Story, home: Path, tmp_path: Path
) -> None:
    done = back_up_all(story.ctx, "word", home / "all.age")
    there, told = empty(tmp_path), Told(take=False)
    restore(there, done.path, Request(), told.talk())
    assert told.done[0].error is None
    assert settings_of(there) == Settings()


def test_what_is_here_stays_and_is_named() -> None:
    def registry(place: str) -> Registry:
        return Registry(name="mine", kind=RegistryKind.FOLDER, location=place)

    here = Settings(
        registries=(registry("/a"),),
        keyring=Keyring(trusted=(ANN,), revoked=(EVE,)),
        policies={"policy.toml": b"format = 1\n"},
    )
    there = Settings(
        registries=(registry("/b"),),
        keyring=Keyring(trusted=(BOB, EVE), revoked=(ANN,)),
        policies={"policy.toml": POLICY, "policies/team.toml": POLICY},
    )
    found = merged(here, there)
    assert found.settings == Settings(
        keyring=Keyring(trusted=(BOB,), revoked=(ANN,)), policies={"policies/team.toml": POLICY}
    )
    assert found.kept == (
        Kept(StaysAs.REGISTRY, "mine"),
        Kept(StaysAs.REVOKED_KEY, "eve"),
        Kept(StaysAs.POLICY, "policy.toml"),
    )
    assert merged(there, there) == Brought()
    assert merged(Settings(), there) == Brought(settings=there)


def test_bringing_never_overwrites_what_came_meanwhile(story: Story, tmp_path: Path) -> None:
    there = empty(tmp_path)
    settings = settings_of(story.ctx)
    trusted_keys.add(there, "bob", BOB.fingerprint)
    place = there.layout.shared / "policies" / "team.toml"
    place.parent.mkdir(parents=True)
    place.write_bytes(POLICY)
    bring(there, settings)
    assert place.read_bytes() == POLICY
    # Revoked on one machine is revoked on both.
    assert settings_of(there).keyring == settings.keyring


def test_a_registry_of_static_files_comes_with_the_root_that_it_was_added_with(
    tmp_path: Path,
) -> None:
    root = b'{"signed": {}}'
    one = Registry(
        name="web", kind=RegistryKind.TUF, location="https://x.test/r", root=root_digest(root)
    )
    there = empty(tmp_path)
    there.layout.shared.mkdir()
    bring(there, Settings(registries=(one,), roots={"web": root}))
    assert settings_of(there).roots == {"web": root}
    other = empty(tmp_path / "other")
    other.layout.shared.mkdir()
    for wrong in ({}, {"web": b"{}"}):
        with pytest.raises(Invalid, match="its root is missing"):
            bring(other, Settings(registries=(one,), roots=wrong))
    assert settings_of(other) == Settings()


def test_settings_that_can_not_be_read_do_not_stop_a_backup(story: Story, home: Path) -> None:
    story.ctx.layout.trust_file.write_text("broken [")
    done = back_up_all(story.ctx, "word", home / "all.age")
    assert done.settings == Settings()
    assert done.unread is not None
    assert done.unread.where == str(story.ctx.layout.trust_file)
    assert [str(each.profile) for each in done.profiles] == ["bot"]


def test_the_spelling_of_settings_is_read_again_and_a_damaged_one_is_refused(story: Story) -> None:
    settings = settings_of(story.ctx)
    spelled = json.loads(json.dumps(dump_settings(settings)))
    assert load_settings(spelled) == settings
    assert load_settings(None) == Settings()
    for name, value in {
        "registries": "[[registry]]\nname = '../x'",
        "keys": "trusted = 1",
        "policies": {"../policy.toml": "format = 1"},
        "roots": {"web": 1},
    }.items():
        with pytest.raises(Invalid):
            load_settings({**spelled, name: value})
    with pytest.raises(Invalid):
        load_settings({**spelled, "policies": {"policy.toml": "allow = 1"}})
