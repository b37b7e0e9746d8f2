"""verify and gc: what is checked, what goes, and what must never go."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from story import BOT, FIRST, GO, Story, contents, yes

from hermes_dist.errors import DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.upkeep import gc, verify
from hermes_dist.voice.notes import sentences
from hermes_dist.world.disk.locks import home_lock
from hermes_dist.world.git.cache import names_in


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story(tmp_path)
    story.install()
    return story


def _age(folder: Path, days: float) -> None:
    then = time.time() - days * 86_400
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (then, then), follow_symlinks=False)


def _store(story: Story) -> Path:
    return story.root / "distributions" / "store"


def test_an_untouched_profile_is_sound(story: Story) -> None:
    found = verify(story.ctx, BOT)
    assert (found.sound, found.same, found.edited, found.missing) == (True, len(FIRST), (), ())
    assert (found.source, found.lost, found.mended, found.damaged) == ("same", (), 0, ())


def test_edits_and_deletions_are_told_and_no_fault(story: Story) -> None:
    story.write("SOUL.md", "mine\n")
    (story.home / "skills/bye/SKILL.md").unlink()
    found = verify(story.ctx, BOT)
    assert (found.sound, found.edited, found.missing) == (
        True,
        ("SOUL.md",),
        ("skills/bye/SKILL.md",),
    )


def test_lost_and_damaged_contents_are_fetched_again(story: Story) -> None:
    blobs = sorted(p for p in _store(story).rglob("*") if p.is_file())
    blobs[0].unlink()
    blobs[1].chmod(0o600)
    blobs[1].write_bytes(b"x" * blobs[1].stat().st_size)
    found = verify(story.ctx, BOT)
    assert (found.sound, found.mended, found.lost) == (True, 2, ())
    assert verify(story.ctx, BOT).mended == 0


def test_what_can_not_be_fetched_again_is_named(story: Story) -> None:
    shutil.rmtree(story.root / "distributions")
    shutil.rmtree(story.repo.path)
    found = verify(story.ctx, BOT)
    assert not found.sound
    assert set(found.lost) == set(FIRST)
    assert found.source in ("unreachable", "differs")


def test_a_lock_that_speaks_of_another_tree_is_found_out(story: Story) -> None:
    lock = story.home / "distribution.lock"
    tree = story.lock.pin.tree
    lock.write_text(lock.read_text().replace(tree, "0" * 64))
    found = verify(story.ctx, BOT)
    assert (found.sound, found.source) == (False, "differs")
    assert tree[:12] in found.about_source


def test_a_damaged_image_of_the_past_is_named(story: Story) -> None:
    story.ship({"SOUL.md": "second\n"})
    story.update()
    assert verify(story.ctx, BOT).damaged == ()
    slot = next(p for p in (story.home / ".dist/generations/2").iterdir() if p.name.isdigit())
    slot.write_bytes(b"rotten")
    assert verify(story.ctx, BOT).damaged == ("generation 2: SOUL.md",)


def test_verify_changes_nothing_in_the_home(story: Story) -> None:
    before = {p: p.stat().st_mtime_ns for p in story.home.rglob("*") if p.is_file()}
    verify(story.ctx, BOT)
    assert {p: p.stat().st_mtime_ns for p in story.home.rglob("*") if p.is_file()} == before


def test_gc_takes_what_nobody_needs_and_keeps_what_any_lock_speaks_of(story: Story) -> None:
    for n in range(3):
        story.ship({"SOUL.md": f"version {n}\n"})
        story.update()
    other = ProfileName("other")
    installing.install(story.ctx, f"{story.url}#{story.commits[1]}", GO, yes, name="other")
    junk = story.ctx.store.put(b"nobody's")
    young = story.ctx.store.put(b"young")
    _age(story.root / "distributions", 40)
    os.utime(story.ctx.store.path(young))
    would = gc(story.ctx, dry_run=True)
    assert story.ctx.store.has(junk)
    done = gc(story.ctx)
    assert (done.blobs, done.size) == (would.blobs, would.size) == (1, 8)
    assert not story.ctx.store.has(junk)
    assert story.ctx.store.has(young)
    assert (verify(story.ctx, BOT).mended, verify(story.ctx, other).mended) == (0, 0)
    story.rollback(1)
    assert story.read("SOUL.md") == FIRST["SOUL.md"]


def test_gc_prunes_generations_and_then_their_contents(story: Story) -> None:
    for n in range(5):
        story.ship({"SOUL.md": f"version {n}\n", "skills/bye/SKILL.md": f"bye {n}\n"})
        story.update()
    _age(story.root / "distributions", 40)
    done = gc(story.ctx, keep=2)
    assert done.generations == 4
    assert done.blobs >= 4
    assert gc(story.ctx, keep=2).blobs == 0
    story.rollback(4)  # the state that what is left of the history begins with
    assert story.read("SOUL.md") == "version 2\n"


def test_gc_spares_homes_that_were_put_away(story: Story) -> None:
    away = story.root / "distributions" / "archived" / "bot-1"
    away.parent.mkdir()
    shutil.move(story.home, away)
    _age(story.root / "distributions", 40)
    assert gc(story.ctx).blobs == 0
    shutil.move(away, story.home)
    assert verify(story.ctx, BOT).mended == 0


def test_a_lock_that_can_not_be_read_ends_gc_before_anything_goes(story: Story) -> None:
    (story.home / "distribution.lock").write_text("format = 999\n")
    junk = story.ctx.store.put(b"nobody's")
    _age(story.root / "distributions", 40)
    with pytest.raises(DistError):
        gc(story.ctx)
    assert story.ctx.store.has(junk)


def test_gc_removes_repositories_that_no_profile_comes_from(story: Story, tmp_path: Path) -> None:
    from gitrepo import Repo

    other = Repo(tmp_path / "other", bare=True)
    other.commit(FIRST)
    installing.install(story.ctx, f"file://{other.path}", GO, yes, name="other")
    caches = story.root / "distributions" / "git"
    assert len(list(caches.glob("*.git"))) == 2
    shutil.rmtree(story.root / "profiles" / "other")
    assert gc(story.ctx).caches == 0, "a young one stays"
    _age(story.root / "distributions", 40)
    assert gc(story.ctx, dry_run=True).caches == 1
    assert gc(story.ctx).caches == 1
    assert len(list(caches.glob("*.git"))) == 1
    story.ship({"SOUL.md": "second\n"})
    assert story.update().done


def test_gc_removes_the_copies_of_sources_only_if_that_is_asked_for(story: Story) -> None:
    caches = story.root / "distributions" / "git"
    before = contents(story.home)
    assert gc(story.ctx).caches == 0
    assert gc(story.ctx, sources=True, dry_run=True).caches == 1
    assert len(list(caches.glob("*.git"))) == 1
    assert gc(story.ctx, sources=True).caches == 1
    assert not list(caches.iterdir())
    assert contents(story.home) == before
    story.ship({"SOUL.md": "second\n"})
    assert story.update().done


def test_gc_lets_go_of_old_commits_that_no_lock_names(story: Story) -> None:
    for version in range(3):
        story.ship({"SOUL.md": f"version {version}\n"})
        story.update()
    (cache,) = (story.root / "distributions" / "git").glob("*.git")
    assert len(names_in(cache, "refs/dist")) == 4
    gc(story.ctx, keep=1)
    assert len(names_in(cache, "refs/dist")) == 4, "young ones stay"
    _age(cache, 40)
    gc(story.ctx, keep=1, dry_run=True)
    assert len(names_in(cache, "refs/dist")) == 4
    gc(story.ctx, keep=1)
    assert len(names_in(cache, "refs/dist")) == 2, "of the lock, and of the one to go back to"
    assert verify(story.ctx, BOT).mended == 0
    story.ship({"SOUL.md": "next\n"})
    assert story.update().done


def test_a_home_in_use_keeps_its_generations_and_is_named(story: Story) -> None:
    story.ship({"SOUL.md": "second\n"})
    story.update()
    before = contents(story.home)
    with home_lock(story.home):
        done = gc(story.ctx, keep=1)
    assert done.generations == 0
    assert sentences(done.notes) == ("bot is in use, so its generations stay",)
    assert contents(story.home) == before


def _large(tmp_path: Path) -> Story:
    """A profile of which many contents are in one file of the store."""
    story = Story(tmp_path, {**FIRST, **{f"notes/{n}.md": f"note {n}\n" * 50 for n in range(80)}})
    story.install()
    return story


def _cut(story: Story) -> None:
    """Damage the end of that file, so that its last contents are lost."""
    [box] = (_store(story) / "packs").iterdir()
    box.write_bytes(box.read_bytes()[: box.stat().st_size // 2])


def test_gc_says_what_a_damaged_store_lost_and_where_it_comes_from(tmp_path: Path) -> None:
    story = _large(tmp_path)
    lock = story.lock
    _cut(story)
    would = gc(story.ctx, dry_run=True)
    done = gc(story.ctx)
    assert done == would
    assert done.damaged == 1
    assert done.rescued > 30
    assert done.lost == len(lock.contents()) - done.rescued > 10
    [said] = sentences(done.notes)
    assert said.startswith(f"bot: {done.lost} contents are missing from the store; ")
    assert f"verify bot` fetches what is missing again from {story.url}" in said
    assert verify(story.ctx, BOT).mended == done.lost
    again = gc(story.ctx)
    assert (again.damaged, again.lost, again.notes) == (0, 0, ())


def test_what_only_an_earlier_generation_lost_is_told_without_a_command(tmp_path: Path) -> None:
    story = _large(tmp_path)
    story.ship({f"notes/{n}.md": None for n in range(80)})
    story.update()
    _cut(story)
    verify(story.ctx, BOT)
    done = gc(story.ctx)
    assert done.lost > 10
    [said] = sentences(done.notes)
    assert said.startswith(f"{done.lost} contents of earlier generations")
    story.rollback()
    assert story.read("notes/79.md") == "note 79\n" * 50


def test_gc_joins_what_each_update_left(tmp_path: Path) -> None:
    story = _large(tmp_path)
    for version in range(3):
        story.ship({f"notes/{n}.md": f"note {n} of {version}\n" * 50 for n in range(80)})
        story.update()
    boxes = _store(story) / "packs"
    assert len(list(boxes.iterdir())) == 4
    would = gc(story.ctx, dry_run=True)
    assert gc(story.ctx) == would
    assert (would.joined, would.into, would.blobs) == (4, 1, 0)
    assert len(list(boxes.iterdir())) == 1
    assert verify(story.ctx, BOT).mended == 0
    story.rollback(1)
    assert story.read("notes/7.md") == "note 7\n" * 50
