"""An update may take files for what they were at the last look: whatever the record says, it does the same."""

from __future__ import annotations

import copy
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from story import BOT, FIRST, GO, LINES, Story, contents

from hermes_dist.brand import PRIVATE
from hermes_dist.model.tree import EMPTY, Digest
from hermes_dist.ops.change import observe as observing
from hermes_dist.ops.change import proposal as proposing
from hermes_dist.ops.change import propose as proposing_change
from hermes_dist.ops.change.observe import doubt
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.update import update
from hermes_dist.world.disk import seen_files
from hermes_dist.world.disk.scan import Scan, scan
from hermes_dist.world.disk.seen_files import remember, seen_before

SKILLS = [f"skills/s{n}/SKILL.md" for n in range(5)]
FILES = {**FIRST, **{path: f"# {path}\n{LINES}" for path in SKILLS}}
PATHS = st.sampled_from([*SKILLS, "SOUL.md", "skills/hello/SKILL.md", "skills/new/SKILL.md"])
EDIT = st.sampled_from(["first", "last", "gone", "other", "moved"])
EDITS = st.dictionaries(PATHS, EDIT, max_size=4)


@contextmanager
def large_homes() -> Iterator[None]:
    """Let a few files count as many, and as changed long ago."""
    real = time.time_ns
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observing, "MANY", 1)
        patch.setattr(seen_files, "MANY", 1)
        patch.setattr(proposing, "MANY", 1)
        patch.setattr(time, "time_ns", lambda: real() + 10_000_000_000)
        yield


def edited(files: Mapping[str, str], edits: Mapping[str, str]) -> dict[str, str | None]:
    """The files that somebody edits, moves or deletes."""
    new: dict[str, str | None] = {}
    for path, edit in edits.items():
        text = files.get(path, f"# {path}\n{LINES}")
        new[path] = {
            "first": text.replace("Rule 1 ", f"Rule 1 of {edit} "),
            "last": text.replace("Rule 30 ", f"Rule 30 of {edit} "),
            "other": "Something else.\n",
        }.get(edit)
        if edit == "moved":
            new[f"{path.rpartition('/')[0]}x/SKILL.md".lstrip("/")] = text
    return new


def write(home: Path, files: Mapping[str, str | None]) -> None:
    for path, text in files.items():
        file = home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(text)


def lie(story: Story, word: str) -> None:
    """Keep a record that says of every file that it is as received; of one that was not, that it is another."""
    seen = scan(story.home, lambda _: True, lambda path: path != PRIVATE, {})
    base = story.lock.base
    rows = {
        path: (was, base[path].digest if path in base else Digest.of(word.encode()))
        for path, (was, _) in seen.known.items()
        if not path.endswith("/")
    }
    remember(story.home, Scan(seen.tree, known=rows, news=len(rows)))
    assert seen_before(story.home).keys() == rows.keys()


def twin(story: Story, root: Path) -> Story:
    """A copy of a home, which follows the same source."""
    other = copy.copy(story)
    shutil.copytree(story.root, root, symlinks=True)
    other.root, other.home = root, root / "profiles" / "bot"
    return other


@settings(max_examples=examples(25, least=8), deadline=None)
@given(mine=EDITS, theirs=EDITS, word=st.sampled_from(["", LINES, "lost"]))
def test_whatever_a_record_says_an_update_does_the_same(
    mine: dict[str, str], theirs: dict[str, str], word: str
) -> None:
    with tempfile.TemporaryDirectory() as folder, large_homes():
        honest = Story(Path(folder), FILES)
        honest.install()
        write(honest.home, edited(FILES, mine))
        # Something changes in any case.
        honest.ship({"distribution.yaml": "name: bot\nversion: 1.1.0\n", **edited(FILES, theirs)})
        fooled = twin(honest, Path(folder) / "other")
        doubt(open_home(honest.ctx, BOT))
        lie(fooled, word)
        honest.update()
        fooled.update()
        assert contents(fooled.home) == contents(honest.home)
        assert (fooled.home / "distribution.lock").read_bytes() == (
            honest.home / "distribution.lock"
        ).read_bytes()
        for story in (honest, fooled):
            doubt(open_home(story.ctx, BOT))
        assert status(fooled.ctx, BOT).edited == status(honest.ctx, BOT).edited


def opened(story: Story, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The files whose bytes an update looks at."""
    found: set[str] = set()
    real = observing.scan

    def watched(*words: object, **more: object) -> object:
        from hermes_dist.world.disk import scan as scanning

        digest = scanning.digest_of
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                scanning, "digest_of", lambda fd, size: (found.add(_name(fd)), digest(fd, size))[1]
            )
            return real(*words, **more)  # type: ignore[arg-type]

    def _name(fd: int) -> str:
        return str(Path(f"/proc/self/fd/{fd}").readlink().relative_to(story.home.resolve()))

    monkeypatch.setattr(observing, "scan", watched)
    update(story.ctx, BOT, GO, lambda _: True)
    return found


@pytest.mark.needs("linux")  # a file descriptor tells its path
def test_an_update_reads_what_upstream_changed_and_what_looks_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with large_homes():
        story = Story(tmp_path, FILES)
        story.install()
        status(story.ctx, BOT)
        story.write(SKILLS[0], "Mine.\n")
        changed = {SKILLS[1]: "Theirs.\n", SKILLS[2]: None}
        story.ship(changed)
        assert opened(story, monkeypatch) == {SKILLS[0], *changed}


@pytest.mark.needs("linux")  # a file descriptor tells its path
def test_the_first_update_reads_no_more_than_a_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with large_homes():
        story = Story(tmp_path, FILES)
        story.install()
        story.write(SKILLS[0], "Mine.\n")
        changed = {SKILLS[1]: "Theirs.\n", SKILLS[2]: None}
        story.ship(changed)
        assert opened(story, monkeypatch) == {SKILLS[0], *changed}


def test_an_edit_right_after_an_install_is_seen_though_size_and_time_stay(tmp_path: Path) -> None:
    with large_homes():
        story = Story(tmp_path, FILES)
        story.install()
        file = story.home / SKILLS[0]
        was = file.stat()
        file.write_text(file.read_text().replace("Rule 1 ", "Role 1 "))
        os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))
        assert [str(one.path) for one in status(story.ctx, BOT).edited] == [SKILLS[0]]


def test_if_the_plan_does_not_hold_nothing_is_believed_any_more(tmp_path: Path) -> None:
    with large_homes():
        story = Story(tmp_path, FILES)
        story.install()
        story.write(SKILLS[0], "Mine.\n")
        lie(story, "")
        story.ship({"SOUL.md": FILES["SOUL.md"].replace("Rule 1 ", "Rule 1 of theirs ")})
        assert status(story.ctx, BOT).edited == ()

        def meanwhile(_proposal: Proposal) -> bool:
            story.edit("SOUL.md", "Rule 30 ", "Rule 30 of mine ")
            return True

        update(story.ctx, BOT, GO, meanwhile)
        assert "Rule 1 of theirs" in story.read("SOUL.md")
        assert "Rule 30 of mine" in story.read("SOUL.md")
        assert [str(one.path) for one in status(story.ctx, BOT).edited] == ["SOUL.md", SKILLS[0]]


def test_a_file_that_the_record_of_its_folder_leaves_out_is_not_lost(tmp_path: Path) -> None:
    with large_homes():
        story = Story(tmp_path, FILES)
        story.install()
        new = "skills/s0/notes.md"
        before = scan(story.home, lambda _: True, lambda path: path != PRIVATE, {}).known
        story.write(new, "Mine.\n")
        now = scan(story.home, lambda _: True, lambda path: path != PRIVATE, {}).known
        # As if neither size, times nor number of the folder had changed.
        names = {path: before.get(path, row)[1] for path, row in now.items() if path != new}
        rows = {path: (now[path][0], text) for path, text in names.items()}
        remember(story.home, Scan(EMPTY, known=rows, news=len(rows)))
        story.ship({new: "Theirs.\n"})
        fooled = scan(
            story.home, lambda _: True, lambda path: path != PRIVATE, seen_before(story.home)
        )
        assert new not in fooled.tree
        update(story.ctx, BOT, GO, lambda _: True)
        assert story.read(new) == "Mine.\n"
        assert [str(one.path) for one in story.lock.conflicts] == [new]


def test_an_update_that_knows_the_names_of_skills_asks_for_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "---\nname: inner-{}\n---\nRun scripts/{}.py.\n"
    skills = {f"skills/s{n}/SKILL.md": text.format(n, n) for n in range(60)}
    jobs = [
        {"name": f"job {n}", "prompt": "go", "schedule": "0 9 * * *", "skills": [f"inner-{n}"]}
        for n in range(3)
    ]
    scripts = {f"scripts/{n}.py": f"print({n})\n" for n in range(61)}
    shipped = {"cron/jobs.json": json.dumps({"jobs": jobs})}
    with large_homes():
        monkeypatch.setattr(proposing_change, "MANY", 1)
        known = Story(tmp_path / "one", {**FIRST, **skills, **scripts, **shipped})
        known.install()
        # The second update finds the names of the first; one skill takes over the name of another.
        known.ship({"SOUL.md": "# Bot\n"})
        known.update()
        assert (known.home / PRIVATE / "seen-skills").exists()
        unknown = twin(known, tmp_path / "two")
        doubt(open_home(unknown.ctx, BOT))
        jobs[0]["prompt"] = "go on"
        known.ship(
            {
                "cron/jobs.json": json.dumps({"jobs": jobs}),
                "skills/s0/SKILL.md": text.format(60, 0),
                "skills/s9/SKILL.md": text.format(0, 60),
            }
        )
        asked = [one.update(Request()).waiting for one in (known, unknown)]
    assert asked[0] == asked[1] != ()
    assert known.lock.parked == unknown.lock.parked
