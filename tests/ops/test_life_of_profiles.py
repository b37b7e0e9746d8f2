"""Profiles made, cloned, renamed, put away and brought back, on disk."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standin import gateway, settle, systemctl

from hermes_dist.brand import BRANDS, HERMES, Brand, Layout
from hermes_dist.decide.profiles.lifecycle import kept_id
from hermes_dist.errors import Busy, DistError, Invalid, UsageError
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.over_age import NOTES
from hermes_dist.ops.profiles import aliases, lifecycle, profile_moves, trash_and_archive
from hermes_dist.ops.profiles import clone as cloning
from hermes_dist.ops.profiles.doctor import doctor
from hermes_dist.voice.notes import sentences
from hermes_dist.world.agent.find import Agent, NoAgent
from hermes_dist.world.disk.fs import RealFs

CODER = ProfileName("coder")
UNIT = '[Service]\nExecStart=/v/python -m hermes_cli.main --profile {0} gateway run\nEnvironment="HERMES_HOME={1}"\n'


def context(home: Path, brand: Brand = HERMES, *folders: Path) -> Context:
    layout = Layout(brand, home / brand.root_name, home)
    path = os.pathsep.join([*map(str, folders), str(layout.commands), "/usr/bin", "/bin"])
    return Context(brand, layout, {"HOME": str(home), "PATH": path})


@pytest.fixture
def ctx(home: Path, tmp_path: Path) -> Context:
    systemctl(tmp_path / "bin")
    return context(home, HERMES, tmp_path / "bin")


def fill(home: Path) -> None:
    for path, text in {
        "config.yaml": "model: x  # mine\nplatforms:\n  telegram:\n    enabled: true\n    token: '77:secret'\n",
        ".env": "OPENAI_API_KEY=sk-1\nTELEGRAM_BOT_TOKEN=77:secret\n",
        "SOUL.md": "I am.\n",
        "skills/mine/SKILL.md": "---\nname: mine\n---\n",
        "memories/MEMORY.md": "remember\n",
        "sessions/one.json": "{}",
        "cron/jobs.json": '{"jobs": []}',
        "auth.json": "{}",
        "backups/b.zip": "zip",
        "platforms/whatsapp/session/creds.json": "{}",
        "logs/gateway.log": "log",
        "gateway.pid": '{"pid": 1}',
        "plugins/p/plugin.yaml": "name: p\n",
        "honcho.json": '{"hosts": {"hermes_coder": {}}}',
    }.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    (home / "link").symlink_to("SOUL.md")
    (home / ".env").chmod(0o644)


def unit(ctx: Context, name: str, *, enabled: bool = True) -> Path:
    path = ctx.layout.service_files(ProfileName(name))[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(UNIT.format(name, ctx.layout.home(ProfileName(name))))
    if enabled:
        (path.parent / "default.target.wants").mkdir(exist_ok=True)
        (path.parent / "default.target.wants" / path.name).symlink_to(path)
    return path


def tree(home: Path) -> dict[str, str]:
    found = {}
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        if not name.startswith(".dist") and path.is_file() and not path.is_symlink():
            found[name] = path.read_bytes().decode("latin-1")
    return found


@pytest.mark.parametrize("brand", BRANDS, ids=lambda brand: brand.name)
def test_a_blank_profile_is_a_home_with_its_folders_its_own_keys_and_its_command(
    home: Path, brand: Brand
) -> None:
    ctx = context(home, brand)
    made = lifecycle.create(ctx, "Coder", description="Writes code.")
    assert (made.name, made.alias, made.on_path) == ("coder", "coder", True)
    assert {p.name for p in made.path.iterdir()} == {
        ".env",
        "profile.yaml",
        "memories",
        "sessions",
        "skills",
        "skins",
        "logs",
        "plans",
        "workspace",
        "cron",
        "home",
    }
    assert stat.S_IMODE((made.path / ".env").stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o700
    assert "description: Writes code." in (made.path / "profile.yaml").read_text()
    assert any("is not installed" in note for note in sentences(made.notes))
    assert ctx.names() == [DEFAULT_PROFILE, CODER]


def test_a_name_that_is_taken_reserved_or_wrong_is_refused_and_nothing_is_made(
    ctx: Context,
) -> None:
    lifecycle.create(ctx, "coder")
    for name in ("coder", "CODER", "default", "hermes", "../x", "a b", ""):
        with pytest.raises(DistError):
            lifecycle.create(ctx, name)
    assert ctx.names() == [DEFAULT_PROFILE, CODER]


def test_without_alias_or_with_a_taken_one_the_profile_is_made_and_the_way_told(
    ctx: Context,
) -> None:
    assert lifecycle.create(ctx, "one", alias=False).alias == ""
    made = lifecycle.create(ctx, "git", skills=False)
    assert made.alias == ""
    assert any("alias git --name" in note for note in sentences(made.notes))
    assert (made.path / ".no-bundled-skills").exists()
    assert aliases.listed(ctx.layout) == ()


def test_a_dry_run_changes_nothing(ctx: Context) -> None:
    lifecycle.create(ctx, "coder")
    before = tree(ctx.layout.user_home)
    assert lifecycle.create(ctx, "writer", dry_run=True).name == "writer"
    assert cloning.clone(ctx, "writer", CODER, dry_run=True).name == "writer"
    assert lifecycle.rename(ctx, "coder", "writer", dry_run=True).commands == ("writer",)
    assert tree(ctx.layout.user_home) == before


def test_a_clone_has_settings_keys_personality_and_skills_but_no_bot_and_no_past(
    ctx: Context,
) -> None:
    source = lifecycle.create(ctx, "coder").path
    fill(source)
    made = cloning.clone(ctx, "work", CODER)
    assert made.left_out == (
        "TELEGRAM_BOT_TOKEN",
        "config.yaml: platforms.telegram.token",
    )
    assert (made.path / ".env").read_text() == "OPENAI_API_KEY=sk-1\n# TELEGRAM_BOT_TOKEN=\n"
    assert stat.S_IMODE((made.path / ".env").stat().st_mode) == 0o600
    assert (made.path / "config.yaml").read_text().startswith("model: x  # mine\n")
    assert set(tree(made.path)) == {"config.yaml", ".env", "SOUL.md", "skills/mine/SKILL.md"}
    assert not any("77:secret" in text for text in tree(made.path).values())
    assert (source / ".env").read_text() == "OPENAI_API_KEY=sk-1\nTELEGRAM_BOT_TOKEN=77:secret\n"


def test_a_clone_of_everything_has_the_past_too_but_no_bot_no_login_and_nothing_that_runs(
    ctx: Context,
) -> None:
    source = lifecycle.create(ctx, "coder").path
    fill(source)
    made = cloning.clone(ctx, "snapshot", CODER, every=True)
    found = tree(made.path)
    assert set(tree(source)) - set(found) == {
        "gateway.pid",
        "backups/b.zip",
        "honcho.json",
        "platforms/whatsapp/session/creds.json",
    }
    assert not any("77:secret" in text for text in found.values())
    assert made.left_out == (
        "TELEGRAM_BOT_TOKEN",
        "config.yaml: platforms.telegram.token",
        "platforms/",
    )
    assert made.credentials == ("honcho.json",)
    assert os.readlink(made.path / "link") == "SOUL.md"


def test_tokens_are_copied_when_asked_for(ctx: Context) -> None:
    fill(lifecycle.create(ctx, "coder").path)
    made = cloning.clone(ctx, "twin", CODER, every=True, tokens=True)
    assert made.left_out == ()
    assert "TELEGRAM_BOT_TOKEN=77:secret" in (made.path / ".env").read_text()
    assert (made.path / "platforms/whatsapp/session/creds.json").exists()


def test_the_default_profile_is_cloned_without_what_is_no_home(ctx: Context) -> None:
    lifecycle.create(ctx, "coder")
    fill(ctx.layout.root)
    (ctx.layout.root / "active_profile").write_text("coder\n")
    (ctx.layout.root / "hermes-agent").mkdir()
    made = cloning.clone(ctx, "work", DEFAULT_PROFILE, every=True)
    assert not {"profiles", "distributions", "hermes-agent", "active_profile"} & {
        p.name for p in made.path.iterdir()
    }
    assert (made.path / "memories/MEMORY.md").read_text() == "remember\n"


def test_a_database_in_use_is_copied_as_a_snapshot_with_what_is_not_yet_written_back(
    ctx: Context,
) -> None:
    source = lifecycle.create(ctx, "coder").path
    writer = sqlite3.connect(source / "state.db")
    try:
        writer.execute("pragma journal_mode=wal")
        writer.execute("create table t (x)")
        writer.execute("insert into t values (42)")
        writer.commit()
        assert (source / "state.db-wal").stat().st_size
        made = cloning.clone(ctx, "snapshot", CODER, every=True)
    finally:
        writer.close()
    copy = sqlite3.connect(made.path / "state.db")
    assert copy.execute("select x from t").fetchall() == [(42,)]
    copy.close()


def test_a_profile_is_no_clone_of_itself_and_an_unsafe_environment_stops_it(ctx: Context) -> None:
    source = lifecycle.create(ctx, "coder").path
    with pytest.raises(UsageError):
        cloning.clone(ctx, "coder", CODER)
    (source / ".env").write_text("TELEGRAM_BOT_TOKEN='1\nA=2' b\n")
    with pytest.raises(DistError):
        cloning.clone(ctx, "work", CODER)
    assert ctx.names() == [DEFAULT_PROFILE, CODER]
    assert list(ctx.layout.staging.iterdir()) == []


def test_a_rename_takes_along_all_that_knows_the_profile_by_name(ctx: Context) -> None:
    old = lifecycle.create(ctx, "coder").path
    fill(old)
    other = lifecycle.create(ctx, "writer").path
    aliases.write(ctx.layout, aliases.plan(ctx.layout, CODER, "my-bot", env=ctx.env))
    (ctx.layout.root / "active_profile").write_text("coder\n")
    config = "# mine\ngateway:\n  profile_routes:\n    - {name: a, platform: discord, profile: coder}  # x\n"
    (ctx.layout.root / "config.yaml").write_text(config)
    service = unit(ctx, "coder")
    before, inode = tree(old), old.stat().st_ino
    done = lifecycle.rename(ctx, "coder", "dev-bot")
    assert done.notes == ()
    assert (done.sticky, set(done.commands)) == (True, {"dev-bot", "my-bot"})
    assert done.path.stat().st_ino == inode
    assert {k: v for k, v in tree(done.path).items() if k != "honcho.json"} == {
        k: v for k, v in before.items() if k != "honcho.json"
    }
    assert '"hermes_dev-bot"' in (done.path / "honcho.json").read_text()
    assert {(a.name, a.profile) for a in aliases.listed(ctx.layout)} == {
        ("dev-bot", "dev-bot"),
        ("my-bot", "dev-bot"),
        ("writer", "writer"),
    }
    assert ctx.layout.sticky.read_text() == "dev-bot\n"
    assert (ctx.layout.root / "config.yaml").read_text() == config.replace(
        "profile: coder", "profile: dev-bot"
    )
    new = ctx.layout.service_files(ProfileName("dev-bot"))[0]
    assert new.read_text() == UNIT.format("dev-bot", done.path)
    assert not service.exists()
    wants = service.parent / "default.target.wants"
    assert [path.name for path in wants.iterdir()] == [new.name]
    assert "--user daemon-reload" in (ctx.layout.user_home / "systemctl.log").read_text()
    assert not old.exists()
    assert other.is_dir()


def test_a_rename_to_a_name_that_is_taken_or_of_the_default_profile_is_refused(
    ctx: Context,
) -> None:
    lifecycle.create(ctx, "coder")
    lifecycle.create(ctx, "writer")
    for old, new in (
        ("coder", "writer"),
        ("coder", "coder"),
        ("default", "x1"),
        ("coder", "default"),
        ("no", "x1"),
    ):
        with pytest.raises(DistError):
            lifecycle.rename(ctx, old, new)
    assert ctx.names() == [DEFAULT_PROFILE, "coder", "writer"]


def test_a_deleted_profile_comes_back_whole(ctx: Context) -> None:
    home = lifecycle.create(ctx, "coder").path
    fill(home)
    aliases.write(ctx.layout, aliases.plan(ctx.layout, CODER, "my-bot", env=ctx.env))
    ctx.layout.sticky.write_text("coder\n")
    service = unit(ctx, "coder")
    before, text = tree(home), service.read_text()
    gone = trash_and_archive.put_away(ctx, CODER, "trash")
    assert gone.notes == ()
    assert not home.exists()
    assert not service.exists()
    assert not (service.parent / "default.target.wants" / service.name).is_symlink()
    assert aliases.listed(ctx.layout) == ()
    assert not ctx.layout.sticky.exists()
    assert stat.S_IMODE(ctx.layout.trash.stat().st_mode) == 0o700
    assert tree(gone.path) == before
    back = trash_and_archive.restore(ctx, "coder")
    assert (back.place, set(back.commands), back.was_sticky) == ("trash", {"coder", "my-bot"}, True)
    assert tree(home) == before
    assert service.read_text() == text
    assert {a.name for a in aliases.of_profile(ctx.layout, CODER)} == {"coder", "my-bot"}
    assert list(ctx.layout.trash.iterdir()) == []


def before_the_lock(monkeypatch: pytest.MonkeyPatch, step: Callable[[], object]) -> None:
    """Let another command be faster by a moment: it ends when the next one has looked, and waits for its lock."""
    locked = profile_moves.all_homes_locked

    @contextmanager
    def late(ctx: Context) -> Iterator[RealFs]:
        monkeypatch.setattr(profile_moves, "all_homes_locked", locked)
        step()
        with locked(ctx) as fs:
            yield fs

    monkeypatch.setattr(profile_moves, "all_homes_locked", late)


def test_a_command_that_it_was_given_a_moment_before_goes_with_a_profile(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifecycle.create(ctx, "coder")

    def alias() -> None:
        aliases.write(ctx.layout, aliases.plan(ctx.layout, CODER, "kay", env=ctx.env))

    before_the_lock(monkeypatch, alias)
    gone = trash_and_archive.put_away(ctx, CODER, "trash")
    assert sorted(gone.leaving.commands) == ["coder", "kay"]
    assert not aliases.listed(ctx.layout)
    assert set(trash_and_archive.restore(ctx, "coder").commands) == {"coder", "kay"}


def test_who_was_renamed_or_deleted_a_moment_before_is_told_so(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifecycle.create(ctx, "coder")
    before_the_lock(monkeypatch, lambda: lifecycle.rename(ctx, "coder", "writer"))
    with pytest.raises(DistError, match="'coder' is called 'writer' now"):
        trash_and_archive.put_away(ctx, CODER, "trash")
    writer = ProfileName("writer")
    before_the_lock(monkeypatch, lambda: lifecycle.rename(ctx, "writer", "coder"))
    with pytest.raises(DistError, match="'writer' is called 'coder' now"):
        lifecycle.rename(ctx, "writer", "author")
    lifecycle.rename(ctx, "coder", "writer")
    before_the_lock(monkeypatch, lambda: trash_and_archive.put_away(ctx, writer, "archive"))
    with pytest.raises(DistError, match="'writer' was archived"):
        trash_and_archive.put_away(ctx, writer, "trash")
    assert [one.place for one in trash_and_archive.stored_profiles(ctx)] == ["archive"]


def test_a_name_that_was_taken_a_moment_before_is_told_and_nothing_is_copied(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifecycle.create(ctx, "coder")
    writer = ProfileName("writer")
    before_the_lock(monkeypatch, lambda: lifecycle.create(ctx, "writer", description="First."))
    with pytest.raises(DistError, match="a profile 'writer' exists already"):
        cloning.clone(ctx, "writer", CODER)
    assert "First." in (ctx.layout.home(writer) / "profile.yaml").read_text()


def test_purging_removes_at_once_read_only_parts_too(ctx: Context) -> None:
    home = lifecycle.create(ctx, "coder").path
    fill(home)
    (home / "skills/mine/SKILL.md").chmod(0o444)
    (home / "skills/mine").chmod(0o555)
    trash_and_archive.put_away(ctx, CODER, "trash", purge=True)
    assert not home.exists()
    assert list(ctx.layout.trash.iterdir()) == []


def test_the_newest_of_a_name_comes_back_also_under_another_name(ctx: Context) -> None:
    for text in ("first", "second"):
        (lifecycle.create(ctx, "coder").path / "SOUL.md").write_text(text)
        trash_and_archive.put_away(ctx, CODER, "archive" if text == "first" else "trash")
    unnamed = lifecycle.create(ctx, "coder").path
    with pytest.raises(DistError, match="exists already"):
        trash_and_archive.restore(ctx, "coder")
    back = trash_and_archive.restore(ctx, "coder", to="older")
    assert {(back.path / "SOUL.md").read_text()} <= {"first", "second"}
    assert [a.name for a in aliases.of_profile(ctx.layout, ProfileName("older"))] == ["older"]
    assert {each.place for each in trash_and_archive.stored_profiles(ctx)} <= {"archive", "trash"}
    assert len(trash_and_archive.stored_profiles(ctx)) == 1
    assert unnamed.is_dir()
    with pytest.raises(DistError, match="there is no"):
        trash_and_archive.restore(ctx, "nobody")


def test_an_older_one_of_a_name_comes_back_by_the_name_of_its_folder(ctx: Context) -> None:
    now = datetime.now(UTC)
    older, newer = (stored(ctx.layout.trash, now - timedelta(days=d), now) for d in (3, 2))
    with pytest.raises(DistError, match=r"there is no 'coder@19700101T000000Z'"):
        trash_and_archive.restore(ctx, "coder@19700101T000000Z")
    back = trash_and_archive.restore(ctx, older.name, to="older")
    assert (back.was, back.path.name) == (CODER, "older")
    assert not older.exists()
    assert newer.exists()
    lifecycle.create(ctx, "coder")
    with pytest.raises(DistError) as caught:
        trash_and_archive.restore(ctx, newer.name)
    assert f"restore {newer.name} --as NAME" in caught.value.hint


def test_a_command_that_was_taken_meanwhile_is_not_taken_back(ctx: Context) -> None:
    lifecycle.create(ctx, "coder")
    lifecycle.create(ctx, "writer")
    trash_and_archive.put_away(ctx, CODER, "archive")
    aliases.write(ctx.layout, aliases.plan(ctx.layout, ProfileName("writer"), "coder", env=ctx.env))
    back = trash_and_archive.restore(ctx, "coder")
    assert back.commands == ()
    assert any("no command coder" in note for note in sentences(back.notes))
    assert aliases.of_profile(ctx.layout, CODER) == ()


def test_the_default_profile_is_neither_deleted_nor_archived(ctx: Context) -> None:
    ctx.layout.root.mkdir()
    for place in ("trash", "archive"):
        with pytest.raises(Invalid):
            trash_and_archive.put_away(ctx, DEFAULT_PROFILE, place)  # type: ignore[arg-type]  # both are places


def test_the_trash_is_emptied_thirty_days_after_a_look_found_it_old_and_the_archive_never(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    for place in (ctx.layout.trash, ctx.layout.archived):
        for days in (29, 31):
            stored(place, now - timedelta(days=days), now - timedelta(days=days))
    for days, expired in ((0, 0), (29, 0), (31, 1)):
        monkeypatch.setattr(Context, "now", lambda _, later=days: now + timedelta(days=later))
        lifecycle.create(ctx, "writer")
        gone = trash_and_archive.put_away(ctx, ProfileName("writer"), "trash")
        assert gone.expired == expired
    assert len(trash_and_archive.stored_profiles(ctx)) == 6


def stored(place: Path, when: datetime, written: datetime) -> Path:
    """A home that was put away and last written at some time."""
    home = place / kept_id(CODER, when)
    (home / "memories").mkdir(parents=True)
    for path in (home / "memories", home):
        os.utime(path, (written.timestamp(), written.timestamp()))
    return home


def test_a_home_that_was_deleted_while_the_clock_was_wrong_stays_for_thirty_days(
    ctx: Context,
) -> None:
    now = datetime.now(UTC)
    home = stored(ctx.layout.trash, datetime(1980, 1, 2, tzinfo=UTC), now - timedelta(days=2))
    lifecycle.create(ctx, "writer")
    assert trash_and_archive.put_away(ctx, ProfileName("writer"), "trash").expired == 0
    assert doctor(ctx, fix=True).failed == {}
    assert home.exists()
    trash = {ctx.layout.trash: [home.name]}
    for path in (home / "memories", home):
        os.utime(path, (0, 0))
    assert trash_and_archive.over_age(ctx) == trash
    # What was written in the future tells nothing.
    os.utime(home, (now.timestamp() + 9e8, now.timestamp() + 9e8))
    assert trash_and_archive.over_age(ctx) == trash


def test_a_clock_that_jumps_ahead_erases_nothing(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def delete(name: str, days: int) -> int:
        at = datetime.now(UTC) + timedelta(days=days)
        monkeypatch.setattr(Context, "now", lambda _: at)
        lifecycle.create(ctx, name)
        return trash_and_archive.put_away(ctx, ProfileName(name), "trash").expired

    def left() -> list[str]:
        return sorted(stored.name for stored in trash_and_archive.stored_profiles(ctx))

    assert delete("one", 0) == 0
    # Wrong for a month, and then put right.
    assert delete("two", 2000) == 0
    assert doctor(ctx, fix=True).failed == {}
    assert delete("three", 2029) == 0
    assert delete("four", 1) == 0
    assert left() == ["four", "one", "three", "two"]
    # What was noted while it was wrong does not count after that.
    assert delete("five", 40) == 0
    assert delete("six", 69) == 0
    assert delete("seven", 71) == 2
    assert left() == ["five", "seven", "six", "three", "two"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"x": 1}', '{"x": "2026-01-01T00:00:00"}'])
def test_notes_that_cannot_be_read_count_as_none(ctx: Context, damage: str) -> None:
    home = stored(
        ctx.layout.trash, datetime(1980, 1, 2, tzinfo=UTC), datetime(1980, 1, 2, tzinfo=UTC)
    )
    (ctx.layout.trash / NOTES).write_text(damage.replace("x", home.name))
    lifecycle.create(ctx, "writer")
    assert trash_and_archive.put_away(ctx, ProfileName("writer"), "trash").expired == 0
    assert list(json.loads((ctx.layout.trash / NOTES).read_text())) == [home.name]


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_running_gateway_is_stopped_before_its_home_moves_and_no_ghost_comes_back(
    ctx: Context, stubborn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hermes_dist.world.agent.processes._PATIENCE", 0.3)
    home = lifecycle.create(ctx, "coder").path
    with gateway(home, stubborn=stubborn) as process:
        done = lifecycle.rename(ctx, "coder", "dev-bot")
        assert done.stopped == (f"gateway stopped (process {process.pid})",)
        settle()
        assert process.poll() is not None
        assert not home.exists()
    with gateway(done.path) as process:
        trash_and_archive.put_away(ctx, ProfileName("dev-bot"), "trash")
        settle()
        assert process.poll() is not None
        assert ctx.names() == [DEFAULT_PROFILE]


def test_a_gateway_that_cannot_be_stopped_stops_the_command(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = lifecycle.create(ctx, "coder").path

    def refuse(_pid: int, number: int) -> None:
        if number:
            raise PermissionError

    with gateway(home):
        monkeypatch.setattr(os, "kill", refuse)
        with pytest.raises(Busy, match="can't be stopped"):
            lifecycle.rename(ctx, "coder", "dev-bot")
        with pytest.raises(Busy):
            trash_and_archive.put_away(ctx, CODER, "trash")
        monkeypatch.undo()
    assert ctx.names() == [DEFAULT_PROFILE, CODER]


@contextmanager
def running(program: Path, *words: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """A process that looks like the agent's: a launcher of its name, run by an interpreter."""
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    process = subprocess.Popen(
        [sys.executable, str(program), *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("words", ["-p coder chat -q gateway", "--profile=coder", "chat"])
def test_somebody_talking_to_the_agent_in_the_profile_stops_the_command(
    ctx: Context, tmp_path: Path, words: str
) -> None:
    home = lifecycle.create(ctx, "coder").path
    named = {} if "coder" in words else {"HERMES_HOME": str(home)}
    with running(tmp_path / "x" / "hermes", *words.split(), **named) as process:
        with pytest.raises(Busy, match="is open in this profile"):
            lifecycle.rename(ctx, "coder", "dev-bot")
        assert process.poll() is None
    lifecycle.rename(ctx, "coder", "dev-bot")


def test_what_serves_a_profile_in_the_background_is_stopped_and_others_are_left_alone(
    ctx: Context, tmp_path: Path
) -> None:
    lifecycle.create(ctx, "coder")
    with (
        running(tmp_path / "x" / "hermes", "-p", "coder", "serve") as serving,
        running(tmp_path / "x" / "hermes", "-p", "writer", "serve") as other,
        running(tmp_path / "x" / "editor", "hermes", "-p", "coder") as editor,
    ):
        assert lifecycle.rename(ctx, "coder", "dev-bot").stopped == (
            f"process {serving.pid} stopped",
        )
        assert serving.wait(10) != 0
        assert other.poll() is None
        assert editor.poll() is None


def asked_inside(ctx: Context, program: Path, words: str, ours: str, **env: str) -> str:
    """What a command of ours says that something like the agent starts."""
    program.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "hermes_dist", *ours.split()]
    program.write_text(
        f"import subprocess\nsubprocess.run({command!r}, stdin=subprocess.DEVNULL)\n"
    )
    done = subprocess.run(
        [sys.executable, str(program), *words.split()],
        env={"PATH": os.defpath, "HOME": str(ctx.layout.user_home), **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("-p coder dashboard --isolated", "dashboard"),
        ("--profile=coder serve", "server"),
        ("-p coder chat", "agent"),
        ("gateway run", "gateway"),
    ],
)
@pytest.mark.parametrize(
    "ours", ["rename coder dev-bot", "delete coder --dry-run", "delete coder -y", "archive coder"]
)
def test_what_works_in_a_profile_cannot_have_it_taken_away(
    ctx: Context, tmp_path: Path, words: str, what: str, ours: str
) -> None:
    """It would go on in a home that is gone, and make it anew as the ghost of a profile."""
    home = lifecycle.create(ctx, "coder").path
    named = {} if "coder" in words else {"HERMES_HOME": str(home)}
    said = asked_inside(ctx, tmp_path / "x" / "hermes", words, ours, **named)
    assert f"started by the {what} of this profile itself" in said
    assert ctx.names() == [DEFAULT_PROFILE, CODER]


@pytest.mark.parametrize("words", ["-p writer dashboard", "dashboard", "-p coder dist"])
def test_what_works_elsewhere_or_only_starts_us_can_take_a_profile_away(
    ctx: Context, tmp_path: Path, words: str
) -> None:
    lifecycle.create(ctx, "coder")
    said = asked_inside(ctx, tmp_path / "x" / "hermes", words, "delete coder -y")
    assert "is in the trash" in said
    assert ctx.names() == [DEFAULT_PROFILE]


def test_a_command_of_ours_that_holds_the_home_makes_the_move_wait_its_turn(ctx: Context) -> None:
    from hermes_dist.world.disk.locks import home_lock

    home = lifecycle.create(ctx, "coder").path
    with home_lock(home):
        for move in (
            lambda: lifecycle.rename(ctx, "coder", "x1"),
            lambda: trash_and_archive.put_away(ctx, CODER, "trash"),
        ):
            with pytest.raises(Busy):
                move()
    assert ctx.names() == [DEFAULT_PROFILE, CODER]


def test_a_description_is_told_and_set(ctx: Context) -> None:
    home = lifecycle.create(ctx, "coder").path
    lifecycle.describe(ctx, CODER, "Writes code.")
    assert "Writes code." in (home / "profile.yaml").read_text()
    with pytest.raises(NoAgent, match="not installed") as caught:
        lifecycle.auto_describe(ctx, ["coder", "--auto"])
    assert "pip install hermes-agent" in caught.value.hint
    assert "describe coder --text TEXT" in caught.value.hint
    ctx.agent = Agent(("/bin/false",), "PATH")
    with pytest.raises(DistError, match="could not write a description: exit code 1") as caught:
        lifecycle.auto_describe(ctx, ["--all", "--auto"])
    assert "describe PROFILE --text TEXT" in caught.value.hint
