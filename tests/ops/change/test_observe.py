"""What is kept in memory while a home is looked at."""

from __future__ import annotations

import random
import time
import tracemalloc
from pathlib import Path

import pytest
from story import BOT, FIRST, Story

from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest
from hermes_dist.ops.change import observe as observing
from hermes_dist.ops.change.observe import Recent, observe
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.status import status
from hermes_dist.world.disk import seen_files
from hermes_dist.world.disk.scan import scan
from hermes_dist.world.disk.seen_files import remember, seen_before


def test_the_contents_read_last_are_kept_and_never_more_than_the_bound() -> None:
    recent, rng = Recent(1000), random.Random(7)
    data = [b"%03d" % n + b"." * rng.randrange(200) for n in range(300)]
    for n, content in enumerate(data):
        recent.keep(Digest.of(content), content)
        assert recent.get(Digest.of(data[0])) == (data[0] if n < 300 else None)
        assert sum(len(kept) for one in data if (kept := recent.get(Digest.of(one)))) <= 1000
        recent.get(Digest.of(data[0]))
    assert recent.get(Digest.of(data[-1])) == data[-1]
    assert recent.get(Digest.of(data[100])) is None


def test_a_content_larger_than_the_bound_is_not_kept() -> None:
    recent = Recent(10)
    recent.keep(Digest.of(b"x" * 11), b"x" * 11)
    assert recent.get(Digest.of(b"x" * 11)) is None
    recent.keep(Digest.of(b"y" * 10), b"y" * 10)
    assert recent.get(Digest.of(b"y" * 10)) == b"y" * 10


def test_reading_a_home_of_many_small_files_takes_bounded_memory(tmp_path: Path) -> None:
    story = Story(tmp_path, FIRST)
    story.install()
    folder = story.home / "skills/many"
    folder.mkdir()
    for n in range(600):
        (folder / f"{n}.md").write_bytes(b"%06d" % n * 10_000)
    home = open_home(story.ctx, BOT)
    seen = observe(story.ctx, home, home.base)
    tracemalloc.start()
    for entry in seen.found.values():
        assert seen.read(entry.digest)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(seen.found) >= 600
    assert kept < 20 << 20


def test_status_believes_the_record_of_a_large_home_and_what_is_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(tmp_path, {**FIRST, "SOUL.md": "# Bot\nOne.\nTwo.\nThree.\n"})
    story.install()
    record = story.home / ".dist/seen"
    status(story.ctx, BOT)
    assert not record.exists(), "few files are read as fast"
    monkeypatch.setattr(observing, "MANY", 2)
    monkeypatch.setattr(seen_files, "MANY", 1)
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 10_000_000_000)
    status(story.ctx, BOT)
    assert record.exists()
    story.edit("SOUL.md", "Three.", "Mine.")
    assert [str(change.path) for change in status(story.ctx, BOT).edited] == ["SOUL.md"]
    # A record that says what was received of a file that is another by now.
    seen = scan(story.home, lambda path: path == "SOUL.md", lambda _: False, {})
    base = story.lock.base[RelPath("SOUL.md")].digest
    wrong = {path: (was, base) for path, (was, _) in seen.known.items()}
    remember(story.home, seen._replace(known=wrong, news=len(wrong)))
    assert [str(path) for path in seen_before(story.home)] == ["SOUL.md"]
    assert status(story.ctx, BOT).edited == ()
    story.ship({"SOUL.md": "# Bot\nFirst.\nTwo.\nThree.\n"})
    story.update()
    assert story.read("SOUL.md") == "# Bot\nFirst.\nTwo.\nMine.\n"
