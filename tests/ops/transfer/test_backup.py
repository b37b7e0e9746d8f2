"""Backups of one profile and of all, and what restoring them does and never does."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from caseless import Caseless
from story import BOT, GO, Story, yes

from hermes_dist.errors import Cancelled, DistError, Invalid, UsageError
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.transfer.backup import (
    Listed,
    Restored,
    Talk,
    back_up,
    back_up_all,
    free_name,
    restore,
)
from hermes_dist.ops.transfer.export import Exported, Packing, export, export_sealed, target_of
from hermes_dist.voice.notes import sentence
from hermes_dist.world.archive.many import write_many
from hermes_dist.world.archive.write import write_private
from hermes_dist.world.keys import age

SECRET = "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"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deriving a key takes a second on purpose; here the smallest work does."""
    made = age._wrapping
    monkeypatch.setattr(age, "_wrapping", lambda word, salt, _work: made(word, salt, 1))


@pytest.fixture
def story(home: Path) -> Story:
    found = Story(home)
    installing.install(found.ctx, found.url, GO, yes, name="bot")
    found.write(".env", f"KEY={SECRET}\n")
    found.write("memories/MEMORY.md", "I learned this.\n")
    installing.install(found.ctx, found.url, GO, yes, name="other")
    return found


class Told:
    """Answers what a restore asks, and remembers what it was told."""

    def __init__(self, story: Story, word: str = "word") -> None:
        self.story = story
        self.word = word
        self.listed: list[Listed] = []
        self.done: list[Restored] = []

    def talk(self) -> Talk:
        return Talk(
            passphrase=lambda: self.word,
            choose=self._choose,
            confirm=yes,
            told=self.done.append,
        )

    def _choose(self, listed: Sequence[Listed]) -> Mapping[str, ProfileName]:
        self.listed = list(listed)
        return {each.name: free_name(self.story.ctx, each.name) for each in listed}


def files(home: Path) -> dict[str, bytes]:
    """What a profile consists of, without its history and logs."""
    found = {str(p.relative_to(home)): p for p in home.rglob("*") if p.is_file()}
    return {n: p.read_bytes() for n, p in found.items() if not n.startswith((".dist/", "logs/"))}


def test_a_profile_comes_back_with_its_keys_beside_the_one_that_is_there(
    story: Story, home: Path
) -> None:
    done = back_up(story.ctx, BOT, "word", home / "bot.age")
    assert SECRET.encode() not in done.path.read_bytes()
    before = files(story.home)
    told = Told(story)
    restore(story.ctx, done.path, Request(), told.talk())
    assert [(each.name, each.profile) for each in told.done] == [("bot", "bot-restored")]
    back = story.home.with_name("bot-restored")
    assert files(story.home) == before
    assert files(back) == before
    assert stat.S_IMODE((back / ".env").stat().st_mode) == 0o600


@pytest.mark.needs("linux")
def test_names_that_differ_only_in_case_or_accents_come_back_where_the_disk_tells_them_apart(
    story: Story, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("memories/Ada.md", "memories/ada.md", "skills/x/é.md", "skills/x/e\u0301.md"):
        story.write(path, f"{path}\n")
    done = back_up(story.ctx, BOT, "word", home / "bot.age")
    [alike] = [note for note in done.profiles[0].notes if note.kind is NoteKind.NAMES_ALIKE]
    assert "memories/Ada.md and memories/ada.md" in sentence(alike)
    told = Told(story)
    restore(story.ctx, done.path, Request(), told.talk())
    assert files(story.home.with_name("bot-restored")) == files(story.home)
    Caseless(monkeypatch, story.root)
    with pytest.raises(Invalid, match="this disk can't hold both") as caught:
        restore(story.ctx, done.path, Request(), told.talk())
    assert "make it again" in caught.value.hint
    assert not story.home.with_name("bot-restored-2").exists()


def test_all_profiles_are_in_one_file_and_come_back_one_by_one(story: Story, home: Path) -> None:
    done = back_up_all(story.ctx, "word", home / "all.age")
    names = [str(each.profile) for each in done.profiles]
    assert {"bot", "other"} <= set(names)
    assert b"other" not in done.path.read_bytes()
    assert not list(story.ctx.layout.staging.iterdir())
    told = Told(story)
    restore(story.ctx, done.path, Request(), told.talk())
    assert sorted(each.name for each in told.listed) == sorted(names)
    [bot] = [each for each in told.listed if each.name == "bot"]
    assert bot.package == "bot 1.0.0"
    assert bot.files > 0
    assert all(each.error is None for each in told.done), told.done
    for name in ("bot", "other"):
        home_now = story.root / "profiles" / name
        assert files(home_now.with_name(f"{name}-restored")) == files(home_now)


@pytest.mark.parametrize("text", [b"broken [", b"", b"\xff\xfe\x00", b"format = 9999\n"])
def test_a_profile_whose_lockfile_can_not_be_read_is_saved_with_it_and_says_so(
    story: Story, home: Path, text: bytes
) -> None:
    there = story.root / "profiles" / "other"
    (there / "distribution.lock").write_bytes(text)
    (there / ".env").write_text("KEY=mine\n")
    alone = back_up(story.ctx, ProfileName("other"), "word", home / "one.age")
    done = back_up_all(story.ctx, "word", home / "all.age")
    assert done.missed == ()
    [other] = [each for each in done.profiles if each.profile == "other"]
    for each in (other, *alone.profiles):
        assert each.files == len(files(there))
        assert NoteKind.LOCK_SAVED_UNREAD in [note.kind for note in each.notes]
    told = Told(story)
    restore(story.ctx, done.path, Request(), told.talk())
    [back] = [each for each in told.done if each.name == "other"]
    if text.startswith(b"format"):
        assert "newer" in str(back.error)  # a newer program restores it
        return
    assert back.error is None
    assert back.outcome
    assert back.outcome.proposal
    kinds = [note.kind for note in back.outcome.proposal.notes]
    assert NoteKind.LOCK_DAMAGED_IN_ARCHIVE in kinds
    assert files(there.with_name("other-restored")) == files(there)


def test_a_damaged_lockfile_is_refused_in_what_is_no_full_backup(story: Story, home: Path) -> None:
    (story.root / "profiles" / "other" / "distribution.lock").write_text("broken [")
    with pytest.raises(DistError, match="lockfile is damaged"):
        export(story.ctx, ProfileName("other"), Packing(), home / "one.tar.gz")
    assert not (home / "one.tar.gz").exists()


def test_a_profile_that_can_not_be_read_is_named_and_the_others_are_saved(
    story: Story, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def most(ctx: Context, name: ProfileName, *rest: Any) -> Exported:
        if name == "other":
            raise DistError("can't read the folder")
        return export_sealed(ctx, name, *rest)

    monkeypatch.setattr("hermes_dist.ops.transfer.backup.export_sealed", most)
    done = back_up_all(story.ctx, "word", home / "all.age")
    assert [str(each.profile) for each in done.missed] == ["other"]
    assert "can't read the folder" in str(done.missed[0].error)
    assert not list(story.ctx.layout.staging.iterdir())
    told = Told(story)
    restore(story.ctx, done.path, Request(), told.talk())
    assert "bot" in [each.name for each in told.done if each.error is None]
    assert "other" not in [each.name for each in told.listed]


def test_if_none_can_be_read_there_is_no_backup(
    story: Story, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DistError("can't write the archive: the disk is full")

    monkeypatch.setattr("hermes_dist.ops.transfer.backup.export_sealed", full)
    with pytest.raises(DistError, match="disk is full"):
        back_up_all(story.ctx, "word", home / "all.age")
    assert not (home / "all.age").exists()


def test_a_pipe_is_no_file() -> None:
    with pytest.raises(UsageError, match="to a file only"):
        target_of(BOT, "-", encrypted=True)


def test_one_that_fails_does_not_stop_the_others(story: Story, home: Path) -> None:
    done = back_up_all(story.ctx, "word", home / "all.age")
    told = Told(story)
    talk = told.talk()

    def choose(listed: Sequence[Listed]) -> Mapping[str, ProfileName]:
        return {**{each.name: BOT for each in listed}, "other": ProfileName("new")}

    before = files(story.home)
    chosen = Talk(passphrase=talk.passphrase, choose=choose, confirm=yes, told=talk.told)
    restore(story.ctx, done.path, Request(), chosen)
    errors = {each.name: each.error for each in told.done}
    assert errors.pop("other") is None
    assert all("is not overwritten" in str(error) for error in errors.values())
    assert files(story.home) == before
    assert (story.root / "profiles" / "new" / "SOUL.md").exists()


@pytest.mark.parametrize("many", [False, True])
def test_a_wrong_passphrase_changes_nothing_and_is_an_error(
    story: Story, home: Path, many: bool
) -> None:
    path = home / "x.age"
    done = back_up_all(story.ctx, "word", path) if many else back_up(story.ctx, BOT, "word", path)
    before = sorted(os.listdir(story.root / "profiles"))
    with pytest.raises(Invalid, match="passphrase is wrong") as caught:
        restore(story.ctx, done.path, Request(), Told(story, "other").talk())
    assert (caught.value.code, caught.value.where) == (1, "x.age")
    assert sorted(os.listdir(story.root / "profiles")) == before


def test_no_restores_nothing_and_a_cut_backup_no_half_profile(story: Story, home: Path) -> None:
    done = back_up_all(story.ctx, "word", home / "all.age")
    before = sorted(os.listdir(story.root / "profiles"))

    def no(_listed: Sequence[Listed]) -> Mapping[str, ProfileName]:
        raise Cancelled("cancelled, nothing changed")

    talk = Told(story).talk()
    with pytest.raises(Cancelled):
        restore(
            story.ctx,
            done.path,
            Request(),
            Talk(passphrase=talk.passphrase, choose=no, confirm=yes, told=talk.told),
        )
    cut = home / "cut.age"
    cut.write_bytes(done.path.read_bytes()[:-1000])
    told = Told(story)
    with contextlib.suppress(DistError):
        restore(story.ctx, cut, Request(), told.talk())
    assert len([each for each in told.done if each.error is None]) < len(done.profiles)
    new = set(os.listdir(story.root / "profiles")) - set(before)
    assert new == {str(each.profile) for each in told.done if each.error is None}


def _file_of(path: Path, names: Sequence[str]) -> Path:
    """A backup that names these profiles and holds none."""
    rows = [{"name": name, "files": 1, "size": -1} for name in names]
    index = json.dumps({"format": 1, "profiles": rows}).encode()
    write_private(path, lambda out: write_many(age.AgeWriter(out, "word"), index, {}))
    return path


def test_a_profile_that_a_backup_only_names_is_an_error(story: Story, home: Path) -> None:
    told = Told(story)
    restore(story.ctx, _file_of(home / "x.age", ["ghost", "bot"]), Request(), told.talk())
    assert [(each.name, each.outcome) for each in told.done] == [("ghost", None), ("bot", None)]
    assert all("does not hold this profile" in str(each.error) for each in told.done)
    assert [each.size for each in told.listed] == [0, 0]


@pytest.mark.parametrize(("names", "rule"), [([], "is empty"), (["bot", "bot"], "is damaged")])
def test_a_backup_that_names_nothing_or_one_twice_is_refused(
    story: Story, home: Path, names: list[str], rule: str
) -> None:
    told = Told(story)
    with pytest.raises(Invalid, match=rule):
        restore(story.ctx, _file_of(home / "x.age", names), Request(), told.talk())
    assert told.done == []


def test_an_archive_that_is_not_encrypted_is_sent_to_import(story: Story, home: Path) -> None:
    plain = home / "plain.tar.gz"
    plain.write_bytes(b"\x1f\x8b" + bytes(50))
    with pytest.raises(Invalid, match="is not encrypted"):
        restore(story.ctx, plain, Request(), Told(story).talk())


def test_a_free_name_tells_that_it_was_restored(story: Story) -> None:
    assert free_name(story.ctx, "new") == "new"
    assert free_name(story.ctx, "bot") == "bot-restored"
    assert free_name(story.ctx, "default") == "default-restored"
    assert free_name(story.ctx, "bot", ["bot-restored"]) == "bot-restored-2"
    assert len(free_name(story.ctx, "x" * 64, ["x" * 64])) == 64
