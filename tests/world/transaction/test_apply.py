"""Applying plans to homes on the real disk: what is written, kept, refused and remembered."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from crashes import HOME, MACHINE, UPDATE
from realhome import Hooked, build, entry, everything, make, nothing, read, seen, steps, update

from hermes_dist.errors import Busy, DistError, Invalid, Refused, StoppedAfter
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.ports import Odd
from hermes_dist.world.transaction.apply import (
    Applied,
    Changed,
    Recovered,
    TakenBack,
    Unfinished,
    apply,
    before_image,
    generations,
    lock_image,
    next_number,
    prune,
    recover,
)
from hermes_dist.world.transaction.journal import Journal
from hermes_dist.world.transaction.modes import mode_of_new
from hermes_dist.world.transaction.new_home import build_new, sweep


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "home")


@pytest.fixture
def fs(root: Path) -> RealFs:
    return RealFs(root)


def contents(root: Path) -> dict[str, bytes]:
    return {path: data for path, (data, _) in seen(root).items()}


@pytest.mark.parametrize("count", [0, 1, 1203])
def test_a_journal_is_read_as_it_was_written_however_long_it_is(count: int) -> None:
    old, new = (Entry(Digest.of(data)) for data in (b"old", b"new"))
    steps = (Step(RelPath(f"ä/{n}"), None if n % 2 else old, new) for n in range(count))
    journal = Journal(number=3, steps=tuple(steps), made=("x",), label={"verb": "update"})
    text = journal.encode()
    assert Journal.decode(text) == journal
    assert text.isascii()
    assert text.count(b"\n") == 2


def test_an_update_changes_what_it_says_and_nothing_else(fs: RealFs, root: Path) -> None:
    before = everything(root)
    assert update(fs, root) == Applied((), 1)
    expected = {p: d for p, d in {**HOME, **MACHINE, **UPDATE}.items() if d is not None}
    assert contents(root) == {**expected, "distribution.lock": b"lock 2\n"}
    after = everything(root)
    for path in (*MACHINE, "cron/jobs.json", "docs/deep/er/note.md"):
        assert after[path] == before[path], path
    assert not (root / "skills/b").exists(), "an emptied folder stayed"
    assert (root / ".dist").stat().st_mode & 0o777 == 0o700
    assert sorted(os.listdir(root / ".dist")) == ["generations"]
    assert (root / ".dist/generations").stat().st_mode & 0o777 == 0o700


def test_nothing_to_do_writes_nothing_at_all(fs: RealFs, root: Path) -> None:
    same = [Step(RelPath("SOUL.md"), fs.entry("SOUL.md"), fs.entry("SOUL.md"))]
    before = everything(root)
    assert apply(fs, same, read, b"lock 1\n", {}) == Applied((), None)
    assert everything(root) == before


def test_modes_are_kept_but_for_the_executable_bits(fs: RealFs, root: Path) -> None:
    (root / "SOUL.md").chmod(0o640)
    (root / "skills/a/SKILL.md").chmod(0o750)
    plan = [
        *steps(root, {"config.yaml": b"model: z\n", "SOUL.md": b"z"}),
        Step(RelPath("skills/a/SKILL.md"), fs.entry("skills/a/SKILL.md"), entry(b"a2")),
        Step(RelPath("mcp.json"), fs.entry("mcp.json"), entry(HOME["mcp.json"], executable=True)),
        Step(RelPath("bin/new"), None, entry(b"new", executable=True)),
    ]
    apply(fs, plan, read, b"lock 1\n", {})
    modes = {p: mode for p, (_, mode) in seen(root).items()}
    assert (modes["config.yaml"], modes["SOUL.md"], modes["skills/a/SKILL.md"]) == (
        0o600,
        0o640,
        0o640,
    )
    assert (modes["mcp.json"], modes["bin/new"]) == (0o755, 0o755)
    assert fs.entry("mcp.json") == entry(HOME["mcp.json"], executable=True)


@pytest.mark.parametrize(
    ("found", "becomes"),
    [(0o600, 0o700), (0o640, 0o750), (0o604, 0o705), (0o200, 0o200), (0o000, 0o000)],
)
def test_who_may_read_a_file_may_run_it_and_nobody_else(
    fs: RealFs, root: Path, found: int, becomes: int
) -> None:
    (root / "SOUL.md").chmod(found)
    step = Step(RelPath("SOUL.md"), entry(HOME["SOUL.md"]), entry(b"z", executable=True))
    assert mode_of_new(fs, step) == (becomes, True)


def test_the_lockfile_is_removed_when_there_is_none_afterwards(fs: RealFs, root: Path) -> None:
    apply(fs, [], read, None, {"verb": "uninstall"})
    assert not (root / "distribution.lock").exists()
    assert lock_image(fs, generations(fs)[0]) == b"lock 1\n"
    assert apply(fs, [], read, None, {}) == Applied((), None)


def test_the_agents_own_folders_stay_when_they_become_empty(fs: RealFs, root: Path) -> None:
    (root / "memories/MEMORY.md").unlink()
    update(fs, root, {"cron/jobs.json": None, "docs/deep/er/note.md": None})
    assert (root / "cron").is_dir()
    assert not (root / "docs").exists()


def test_a_file_becomes_a_folder_and_a_folder_a_file(fs: RealFs, root: Path) -> None:
    update(fs, root, {"tool": b"t", "kit/a": b"a", "kit/sub/b": b"b"})
    applied = update(
        fs,
        root,
        {"tool": None, "tool/main": b"m", "kit/a": None, "kit/sub/b": None, "kit": b"k"},
        b"3",
    )
    assert applied.skipped == ()
    assert (fs.read("tool/main"), fs.read("kit")) == (b"m", b"k")


@pytest.mark.parametrize("count", [49, 60])
def test_many_files_come_and_go_as_one(count: int, fs: RealFs, root: Path) -> None:
    files = {f"skills/s{n}/SKILL.md": b"%d" % n for n in range(count)}
    update(fs, root, files)
    assert contents(root) == {**HOME, **MACHINE, **files, "distribution.lock": b"lock 2\n"}
    update(fs, root, dict.fromkeys(files), b"lock 1\n")
    assert contents(root) == {**HOME, **MACHINE}


# --- refused, with nothing written


def refused(fs: RealFs, plan: list[Step], kind: type[DistError]) -> DistError:
    before = everything(fs.root)
    with pytest.raises(kind) as told:
        apply(fs, plan, read, b"lock 2\n", {})
    assert everything(fs.root) == before
    return told.value


def test_a_file_that_changed_since_the_plan_was_made_is_refused(fs: RealFs, root: Path) -> None:
    plan = steps(root, UPDATE)
    (root / "SOUL.md").write_bytes(b"mine")
    error = refused(fs, plan, Changed)
    assert str(error) == "SOUL.md: it changed in the meantime"
    assert error.hint == "nothing was written; run it again"


@pytest.mark.parametrize("path", ["skills/c/SKILL.md", "mcp.json", "skills/b/x.py"])
def test_one_that_appeared_went_or_got_another_mode_is_refused(
    path: str, fs: RealFs, root: Path
) -> None:
    plan = steps(root, UPDATE)
    if path == "mcp.json":
        (root / path).chmod(0o755)
        fs.kept(path)  # tried once: without nameless files, it shows in the folder
    elif path == "skills/b/x.py":
        (root / path).unlink()
    else:
        (root / path).parent.mkdir()
        (root / path).write_bytes(b"mine")
    assert refused(fs, plan, Changed).where == path


def test_symlinks_and_other_things_on_the_way_are_the_users(
    fs: RealFs, root: Path, tmp_path: Path
) -> None:
    plan = steps(root, UPDATE)
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "skills").rename(root / "mine")
    (root / "skills").symlink_to(outside)
    error = refused(fs, plan, Odd)
    assert isinstance(error, Refused)
    assert error.where == "skills"
    assert os.listdir(outside) == []
    (root / "skills").unlink()
    (root / "skills").write_bytes(b"a file where a folder comes")
    assert refused(fs, plan, Odd).where == "skills"
    (root / "skills").unlink()
    (root / "mine").rename(root / "skills")
    (root / "SOUL.md").unlink()
    (root / "SOUL.md").symlink_to("config.yaml")
    assert refused(fs, plan, Odd).where == "SOUL.md"


def test_a_folder_of_the_user_is_not_replaced_by_a_file(fs: RealFs, root: Path) -> None:
    update(fs, root, {"kit/a": b"a"})
    (root / "kit/mine").write_bytes(b"mine")
    plan = [*steps(root, {"kit/a": None}), Step(RelPath("kit"), None, entry(b"k"))]
    assert refused(fs, plan, Odd).where == "kit"


def test_private_state_behind_a_symlink_is_refused(fs: RealFs, root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (root / ".dist").symlink_to(tmp_path / "outside")
    with pytest.raises(Odd):
        update(fs, root)
    assert contents(root) == {**HOME, **MACHINE}
    assert os.listdir(tmp_path / "outside") == []


def test_content_that_is_not_what_its_digest_says_is_refused(fs: RealFs, root: Path) -> None:
    plan = steps(root, UPDATE)
    with pytest.raises(Invalid, match="the stored content is damaged"):
        apply(fs, plan, lambda _: b"something else", b"lock 2\n", {})
    assert contents(root) == {**HOME, **MACHINE}
    assert not (root / ".dist/txn").exists()


def test_a_change_while_staging_is_refused_and_cleared_away(root: Path) -> None:
    plan = steps(root, UPDATE)

    def hook(_call: int, verb: str, *paths: object) -> None:
        if verb == "write_new" and paths[0] == ".dist/txn/lock":
            (root / "SOUL.md").write_bytes(b"mine")

    with pytest.raises(Changed):
        apply(Hooked(root, hook), plan, read, b"lock 2\n", {})
    assert contents(root) == {**HOME, **MACHINE, "SOUL.md": b"mine"}
    assert not (root / ".dist/txn").exists()


# --- interrupted


def test_ctrl_c_before_the_journal_clears_away_and_after_it_waits(root: Path) -> None:
    at: list[str] = []

    def hook(_call: int, verb: str, *paths: object) -> None:
        if [verb, *map(str, paths)][: len(at)] == at:
            os.kill(os.getpid(), signal.SIGINT)

    at[:] = ["write_new", ".dist/txn/1"]
    with pytest.raises(KeyboardInterrupt):
        update(Hooked(root, hook), root)
    assert contents(root) == {**HOME, **MACHINE}
    assert not (root / ".dist/txn").exists()
    at[:] = ["exchange", ".dist/txn/0"]
    with pytest.raises(StoppedAfter):
        update(Hooked(root, hook), root)
    assert contents(root)["SOUL.md"] == UPDATE["SOUL.md"]
    assert contents(root)["distribution.lock"] == b"lock 2\n"
    assert recover(RealFs(root)) is None
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class Killed(BaseException):
    """The process ends here, as far as the transaction can tell."""


def cut_short(root: Path) -> None:
    """An update that is killed at the first exchange, after the journal."""

    def hook(_call: int, called: str, *_: object) -> None:
        if called == "exchange":
            raise Killed

    with pytest.raises(Killed):
        update(Hooked(root, hook), root)


def test_a_file_that_can_not_be_exchanged_takes_the_change_back_and_is_named(root: Path) -> None:
    def lasting() -> dict[str, tuple[int, ...]]:
        found = everything(root).items()
        return {p: s[:2] for p, s in found if not p.startswith(".dist")}

    before = lasting()

    def hook(_call: int, called: str, *paths: object) -> None:
        if called == "exchange" and "skills/a/SKILL.md" in paths:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), "3", None, "SKILL.md")

    with pytest.raises(TakenBack) as told:
        update(Hooked(root, hook), root)
    assert str(told.value) == (
        "skills/a/SKILL.md: it failed: Operation not permitted; everything is as before"
    )
    assert told.value.hint
    assert recover(RealFs(root)) is None
    assert lasting() == before, "the same files, with the same permissions"
    assert generations(RealFs(root)) == []


def test_folders_come_back_with_their_permissions(root: Path) -> None:
    (root / "docs/deep").chmod(0o711)

    def hook(_call: int, called: str, *paths: object) -> None:
        if called == "exchange" and "distribution.lock" in paths:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    changes = {"docs/deep/er/note.md": None, "docs": b"a file", "skills/b/x.py": None}
    with pytest.raises(TakenBack):
        update(Hooked(root, hook), root, {**changes, "skills/b/SKILL.md": None})
    assert contents(root) == {**HOME, **MACHINE}
    assert (root / "docs/deep").stat().st_mode & 0o777 == 0o711


def test_what_another_program_wrote_meanwhile_stays_when_the_change_is_taken_back(
    root: Path,
) -> None:
    def hook(_call: int, called: str, *paths: object) -> None:
        if called == "exchange" and "distribution.lock" in paths:
            (root / ".new").write_bytes(b"the agent's")
            (root / ".new").replace(root / "SOUL.md")
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(TakenBack) as told:
        update(Hooked(root, hook), root, {"SOUL.md": b"new", "mcp.json": b"[]"})
    assert contents(root) == {**HOME, **MACHINE, "SOUL.md": b"the agent's"}
    assert "SOUL.md" in str(told.value)
    assert (root / ".dist/displaced-1/0").read_bytes() == HOME["SOUL.md"]
    assert recover(RealFs(root)) is None


def test_an_agent_that_holds_its_file_too_long_takes_the_change_back(root: Path) -> None:
    @contextmanager
    def guard() -> Iterator[None]:
        turns.append(1)
        if len(turns) == 1:
            raise Busy("the agent is writing its cron jobs")
        yield

    turns: list[int] = []
    changes = {"SOUL.md": b"2", "cron/jobs.json": b"[]"}
    with pytest.raises(TakenBack, match="the agent is writing its cron jobs"):
        update(RealFs(root), root, changes, guards={RelPath("cron/jobs.json"): guard})
    assert contents(root) == {**HOME, **MACHINE}
    assert recover(RealFs(root)) is None


def test_where_the_way_back_fails_too_it_says_so_and_the_next_start_takes_it_back(
    root: Path,
) -> None:
    def hook(_call: int, called: str, *paths: object) -> None:
        if called == "exchange" and ("mcp.json" in paths or broken):
            broken.append(1)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    broken: list[int] = []
    with pytest.raises(Unfinished) as told:
        update(Hooked(root, hook), root)
    assert told.value.where == "mcp.json"
    assert "nor could it be taken back; the next command tries again" in told.value.what
    assert contents(root)["SOUL.md"] == UPDATE["SOUL.md"]
    with pytest.raises(Unfinished):
        recover(Hooked(root, hook))
    assert recover(RealFs(root)) == Recovered("taken back")
    assert contents(root) == {**HOME, **MACHINE}
    assert recover(RealFs(root)) is None


def test_a_move_by_links_that_got_both_names_is_taken_back(root: Path) -> None:
    class Linking(Hooked):
        def noreplace(self, source: str, target: str) -> None:
            if target != "skills/c/SKILL.md":
                return super().noreplace(source, target)
            os.link(self.root / source, self.root / target)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(TakenBack):
        update(Linking(root, nothing), root)
    assert contents(root) == {**HOME, **MACHINE}
    assert recover(RealFs(root)) is None


def test_a_killed_change_that_can_not_be_finished_is_taken_back(root: Path) -> None:
    cut_short(root)

    def hook(_call: int, called: str, *paths: object) -> None:
        if called == "exchange" and "mcp.json" in paths:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    assert recover(Hooked(root, hook)) == Recovered("taken back")
    assert contents(root) == {**HOME, **MACHINE}


def test_a_journal_that_can_be_neither_confirmed_nor_removed_is_told_truthfully(
    root: Path,
) -> None:
    def hook(_call: int, called: str, *paths: object) -> None:
        if broken or (called == "sync_folder" and (root / ".dist/txn/journal").exists()):
            broken.append(1)
            if called in {"sync_folder", "rename"}:
                raise OSError(errno.EIO, os.strerror(errno.EIO))

    broken: list[int] = []
    with pytest.raises(Unfinished) as told:
        update(Hooked(root, hook), root)
    assert "the next command" in told.value.what
    done = recover(RealFs(root))
    assert done is not None
    cleared = "clears away" in told.value.what
    assert (done.what, contents(root) == {**HOME, **MACHINE}) == (
        "taken back" if cleared else "finished",
        cleared,
    )


def test_a_killed_update_is_gone_on_with_at_the_next_start(fs: RealFs, root: Path) -> None:
    cut_short(root)
    assert recover(fs) == Recovered("finished", (), 1)
    assert contents(root)["SOUL.md"] == UPDATE["SOUL.md"]
    assert recover(fs) is None


def test_a_link_that_the_user_put_in_the_way_after_the_crash_stays_and_is_told(
    fs: RealFs, root: Path
) -> None:
    cut_short(root)
    (root / "SOUL.md").unlink()
    (root / "SOUL.md").symlink_to("elsewhere")
    done = recover(fs)
    assert done is not None
    assert "SOUL.md" in done.skipped
    assert os.readlink(root / "SOUL.md") == "elsewhere"


def test_a_new_file_that_someone_else_wrote_just_so_is_none_of_theirs(
    fs: RealFs, root: Path
) -> None:
    cut_short(root)
    (root / "skills/c").mkdir(exist_ok=True)
    new = UPDATE["skills/c/SKILL.md"]
    assert new is not None
    (root / "skills/c/SKILL.md").write_bytes(new)
    assert recover(fs) == Recovered("finished", (), 1)


def test_a_folder_that_can_not_be_removed_leaves_the_update_to_be_finished(
    fs: RealFs, root: Path
) -> None:
    def hook(_call: int, called: str, *_: object) -> None:
        if called == "rmdir":
            raise OSError(errno.EIO, os.strerror(errno.EIO), "skills/b")

    with pytest.raises(Unfinished):
        update(Hooked(root, hook), root)
    assert recover(fs) is not None
    update(fs, root, lock=b"lock 3\n")
    assert not (root / "skills/b").exists()


def test_the_history_that_is_made_again_is_private(fs: RealFs, root: Path) -> None:
    cut_short(root)
    (root / ".dist/generations").rmdir()
    assert recover(fs) == Recovered("finished", (), 1)
    assert (root / ".dist/generations").stat().st_mode & 0o777 == 0o700


def test_what_was_staged_without_a_journal_is_discarded_and_that_is_said(
    fs: RealFs, root: Path
) -> None:
    (root / ".dist/txn").mkdir(parents=True)
    (root / ".dist/txn/0").write_bytes(b"half")
    assert recover(fs) == Recovered("discarded")
    assert not (root / ".dist/txn").exists()


def test_room_for_new_names_is_reserved_until_the_journal_is_written_and_no_longer(
    root: Path,
) -> None:
    reserved: list[int] = []

    def hook(_call: int, called: str, *paths: Any) -> None:
        if called == "write_new" and str(paths[0]).endswith("/ballast"):
            reserved.append(len(paths[1]))

    update(Hooked(root, hook), root, {"SOUL.md": b"2"}, b"lock 2")
    assert reserved == []
    update(Hooked(root, hook), root, {"a/b/new": b"n", "a/b/more": b"m"}, b"lock 2")
    assert len(reserved) == 1
    assert reserved[0] >= 3 * 4096  # a block for the names, and one for each folder
    held = os.listdir(root / ".dist/generations/2")
    assert "ballast" not in held
    assert "lock" not in held, "the lockfile did not change"


def test_the_next_update_recovers_by_itself_first(fs: RealFs, root: Path) -> None:
    cut_short(root)
    (root / "new").write_bytes(b"")
    assert apply(
        fs, [Step(RelPath("new"), entry(b""), entry(b"n"))], read, b"lock 3\n", {}
    ) == Applied((), 2)
    assert contents(root)["distribution.lock"] == b"lock 3\n"
    assert [g.number for g in generations(fs)] == [1, 2]


def test_what_the_user_wrote_after_the_crash_stays_and_is_told(fs: RealFs, root: Path) -> None:
    cut_short(root)
    (root / "SOUL.md").write_bytes(b"mine")
    (root / "skills/b/x.py").unlink()
    (root / "skills/b/SKILL.md").write_bytes(b"mine too")
    (root / "skills/c").mkdir(exist_ok=True)
    (root / "skills/c/SKILL.md").write_bytes(b"edited after it had come")
    done = recover(fs)
    assert done == Recovered("finished", ("SOUL.md", "skills/b/SKILL.md"), 1)
    assert contents(root)["SOUL.md"] == b"mine"
    assert contents(root)["skills/b/SKILL.md"] == b"mine too"
    assert contents(root)["skills/c/SKILL.md"] == b"edited after it had come"
    assert generations(fs)[0].skipped == ("SOUL.md", "skills/b/SKILL.md")


def test_folders_turned_to_symlinks_after_the_crash_are_not_followed(
    fs: RealFs, root: Path, tmp_path: Path
) -> None:
    cut_short(root)
    outside = tmp_path / "outside"
    (root / "skills").rename(outside)
    (root / "skills").symlink_to(outside)
    before = everything(outside)
    done = recover(fs)
    assert done is not None
    assert set(done.skipped) >= {"skills/a/SKILL.md", "skills/b/SKILL.md", "skills/b/x.py"}
    assert everything(outside) == before
    assert contents(root)["SOUL.md"] == UPDATE["SOUL.md"]


def test_a_damaged_journal_is_set_aside_with_all_it_holds(fs: RealFs, root: Path) -> None:
    cut_short(root)
    journal = root / ".dist/txn/journal"
    journal.write_bytes(journal.read_bytes().replace(b"SOUL", b"SOUP"))
    held = set(os.listdir(root / ".dist/txn"))
    assert recover(fs) == Recovered("set aside")
    assert set(os.listdir(root / ".dist/damaged-1")) == held
    assert recover(fs) is None


def test_a_journal_of_a_newer_format_is_left_alone(fs: RealFs, root: Path) -> None:
    cut_short(root)
    body = b'{"format":9}'
    (root / ".dist/txn/journal").write_bytes(body + b"\n" + Digest.of(body).encode() + b"\n")
    with pytest.raises(Invalid, match="newer hermes-dist"):
        recover(fs)
    assert (root / ".dist/txn/journal").exists()


def test_a_journal_without_a_lockfile_reads_back_as_written() -> None:
    journal = Journal(number=1, steps=(), lock_before=Digest.of(b"l"), lock_after=None, label={})
    assert Journal.decode(journal.encode()) == journal


def test_a_journal_reads_back_as_written() -> None:
    journal = Journal(
        number=7,
        steps=(
            Step(RelPath("a"), None, Entry(Digest.of(b"1"), executable=True)),
            Step(RelPath("ä"), entry(b"2"), None),
        ),
        lock_before=None,
        lock_after=Digest.of(b"l"),
        label={"verb": "update", "version": "1.2"},
    )
    assert Journal.decode(journal.encode()) == journal
    assert Journal.decode(journal.encode()[:-9]) is None
    assert Journal.decode(b"") is None


def test_the_agents_lock_is_held_just_while_its_file_is_exchanged(root: Path) -> None:
    log: list[str] = []

    @contextmanager
    def guard() -> Iterator[None]:
        log.append("taken")
        yield
        log.append("let go")

    def hook(_call: int, verb: str, *paths: Any) -> None:
        if verb == "exchange":
            log.append(paths[1])

    changes = {"SOUL.md": b"2", "cron/jobs.json": b"[]", "config.yaml": b"c"}
    update(Hooked(root, hook), root, changes, guards={RelPath("cron/jobs.json"): guard})
    assert log == [
        "SOUL.md",
        "taken",
        "cron/jobs.json",
        "let go",
        "config.yaml",
        "distribution.lock",
    ]


# --- generations


def test_generations_hold_what_was_displaced(fs: RealFs, root: Path) -> None:
    update(fs, root)
    update(fs, root, {"SOUL.md": b"third"}, b"lock 3\n")
    first, second = generations(fs)
    assert (first.number, second.number, next_number(fs)) == (1, 2, 3)
    assert first.label == {"verb": "update"}
    images = {step.path: before_image(fs, first, step) for step in first.steps}
    assert images == {path: HOME.get(path) for path in UPDATE}
    assert (lock_image(fs, first), lock_image(fs, second)) == (b"lock 1\n", b"lock 2\n")
    assert before_image(fs, second, second.steps[0]) == UPDATE["SOUL.md"]


def test_the_number_of_a_generation_may_be_given(fs: RealFs, root: Path) -> None:
    assert update(fs, root, number=41).generation == 41
    assert update(fs, root, {"SOUL.md": b"x"}, b"l").generation == 42


def test_only_the_newest_generations_are_kept(fs: RealFs, root: Path) -> None:
    for n in range(5):
        update(fs, root, {"SOUL.md": b"%d" % n}, b"lock %d" % n)
    assert prune(fs, 2) == 3
    assert [g.number for g in generations(fs)] == [4, 5]
    assert prune(fs, 2) == 0


# --- new homes


def test_a_new_home_is_private_whole_and_has_its_first_generation(tmp_path: Path) -> None:
    root = make(tmp_path / "root", {"active_profile": b"x"})
    assert build(RealFs(root)) == Applied((), 1)
    home = root / "profiles/new"
    assert contents(home) == {**HOME, ".env": b"K=1\n"}
    assert home.stat().st_mode & 0o777 == 0o700
    for private in (".dist", ".dist/generations", ".dist/generations/1"):
        assert (home / private).stat().st_mode & 0o777 == 0o700
    assert (home / "memories").stat().st_mode & 0o777 == 0o755
    assert (home / ".env").stat().st_mode & 0o777 == 0o600
    assert (home / "memories").is_dir()
    assert os.listdir(root / "distributions/staging") == []
    (generation,) = generations(RealFs(home))
    assert generation.label == {"verb": "install"}
    assert update(RealFs(home), home).generation == 2


def test_a_place_that_is_taken_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    root = make(tmp_path / "root", {"profiles/new/SOUL.md": b"mine"})
    before = everything(root)
    with pytest.raises(Changed, match="something is there already"):
        build(RealFs(root))
    assert everything(root) == before

    root = make(tmp_path / "root", {"active_profile": b"x"})

    def hook(_call: int, verb: str, *_: object) -> None:
        if verb == "noreplace":
            (root / "profiles/new").mkdir()

    with pytest.raises(Changed):
        build(Hooked(root, hook))
    assert os.listdir(root / "profiles/new") == []
    assert os.listdir(root / "distributions/staging") == []


def test_what_a_killed_build_left_is_swept_and_does_not_stand_in_the_way(tmp_path: Path) -> None:
    left = {"distributions/staging/new/skills/x": b"x", "distributions/staging/other/y": b"y"}
    root = make(tmp_path / "root", left)
    build(RealFs(root))
    assert contents(root / "profiles/new") == {**HOME, ".env": b"K=1\n"}
    assert sweep(RealFs(root)) == 1
    assert os.listdir(root / "distributions/staging") == []
    assert sweep(RealFs(tmp_path)) == 0


def test_a_missing_blob_leaves_no_new_home(tmp_path: Path) -> None:
    root = make(tmp_path / "root", {"active_profile": b"x"})

    def missing(_: Digest) -> bytes:
        raise Invalid("the blob is missing")

    with pytest.raises(Invalid):
        build_new(
            Hooked(root, nothing),
            "profiles/new",
            [Step(RelPath("a"), None, entry(b"a"))],
            missing,
            None,
            label={},
        )
    assert contents(root) == {"active_profile": b"x"}
    assert os.listdir(root / "distributions/staging") == []


def test_a_file_in_the_staging_folder_is_swept_as_well(tmp_path: Path) -> None:
    root = make(tmp_path / "root", {})
    staging = root / "distributions/staging"
    (staging / "half/deep").mkdir(parents=True)
    (staging / "half/deep/x").write_bytes(b"x")
    (staging / "file").write_bytes(b"x")
    assert sweep(RealFs(root)) == 2
    assert os.listdir(staging) == []


def test_a_disk_that_is_full_before_anything_is_changed_is_told_with_the_home(root: Path) -> None:
    def hook(_call: int, called: str, *_paths: object) -> None:
        if called == "write_new":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "0")

    with pytest.raises(DistError) as told:
        update(Hooked(root, hook), root)
    assert str(told.value) == f"{root}: nothing was changed: {os.strerror(errno.ENOSPC)}"
    assert told.value.hint
    assert contents(root) == {**HOME, **MACHINE}
