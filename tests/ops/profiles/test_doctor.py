"""The doctor: each trouble is found, told without secrets, and mended where nobody has to decide."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import forked
import pytest
from flatdisk import flatten
from gitrepo import Repo
from test_life_of_profiles import CODER, context, unit

from hermes_dist.agents.places import JOBS
from hermes_dist.decide.profiles.findings import GROUPS, FindingKind, State, Topic
from hermes_dist.decide.profiles.lifecycle import Move, kept_id
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package.install import install
from hermes_dist.ops.plugins import dashboard
from hermes_dist.ops.profiles import aliases, lifecycle, profile_moves, trash_and_archive
from hermes_dist.ops.profiles.doctor import Checked, Finding, doctor
from hermes_dist.ops.profiles.list import list_profiles
from hermes_dist.voice.findings import (
    SOUND,
    TITLES,
    fact_hint,
    fact_words,
    finding_hint,
    finding_words,
    group_of,
)
from hermes_dist.world.disk.modes import mount_of

SECRET = "778899:very-secret"


@pytest.fixture
def ctx(home: Path) -> Context:
    ctx = context(home)
    lifecycle.create(ctx, "coder")
    lifecycle.create(ctx, "writer")
    return ctx


def one(ctx: Context, kind: str) -> Finding:
    findings = doctor(ctx).findings
    assert [finding.kind for finding in findings] == [kind], findings
    assert SECRET not in repr(findings)
    assert finding_hint(findings[0])
    return findings[0]


def mended(ctx: Context) -> None:
    report = doctor(ctx, fix=True)
    assert report.open == ()
    assert doctor(ctx).findings == ()


def left(ctx: Context, kind: str) -> None:
    assert [finding.kind for finding in doctor(ctx, fix=True).open] == [kind]


def test_a_sound_machine_and_one_without_anything_are_well(ctx: Context, tmp_path: Path) -> None:
    assert doctor(ctx).findings == ()
    assert doctor(context(tmp_path)).findings == ()
    assert not (tmp_path / ".hermes").exists()


def test_two_profiles_with_one_bot_are_told_by_name(ctx: Context) -> None:
    for name in ("coder", "writer"):
        (ctx.layout.home(ProfileName(name)) / ".env").write_text(f"TELEGRAM_BOT_TOKEN={SECRET}\n")
    found = one(ctx, "shared-token")
    assert (
        "coder and writer use the same Telegram bot: only the first gateway will start"
        in finding_words(found)
    )
    assert found.where == ", ".join(
        f"{ctx.layout.home(ProfileName(name))}/.env: TELEGRAM_BOT_TOKEN"
        for name in ("coder", "writer")
    )
    left(ctx, "shared-token")


def test_one_bot_is_found_wherever_its_token_stands(ctx: Context) -> None:
    home, other = (ctx.layout.home(ProfileName(name)) for name in ("coder", "writer"))
    (home / ".env").write_text(f"DISCORD_BOT_TOKEN={SECRET}\n")
    (other / ".env").write_text(f"MINE={SECRET}\n")
    (other / "config.yaml").write_text(
        "platforms:\n  discord:\n    enabled: true\n    token: ${MINE}\n"
    )
    found = one(ctx, "shared-token")
    assert "coder and writer use the same Discord bot" in finding_words(found)
    assert f"{other}/config.yaml: platforms.discord.token" in found.where
    (other / "config.yaml").write_text(
        "platforms:\n  discord:\n    enabled: false\n    token: ${MINE}\n"
    )
    assert doctor(ctx).findings == ()


def test_two_gateways_on_one_port_are_told(ctx: Context) -> None:
    for name in ("coder", "writer"):
        (ctx.layout.home(ProfileName(name)) / ".env").write_text(
            "WEBHOOK_ENABLED=true\nWEBHOOK_PORT=9000\n"
        )
    assert "coder and writer would listen on the same port 9000" in finding_words(
        one(ctx, "shared-port")
    )


@pytest.mark.parametrize("path", [".env", ".env.bak", "auth.json", "mcp-tokens/x.json", "pairing"])
def test_secrets_that_others_may_read_are_tightened(ctx: Context, path: str) -> None:
    place = ctx.layout.home(CODER) / path
    place.parent.mkdir(mode=0o700, exist_ok=True)
    if path == "pairing":
        place.mkdir()
    else:
        place.write_text("X=1\n")
        place.chmod(0o644)
    assert one(ctx, "loose-permissions").where == str(place)
    mended(ctx)
    assert place.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("refuses", [False, True])
def test_a_disk_where_nothing_can_be_private_is_told_once_and_with_what_helps(
    refuses: bool, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ctx.layout.home(CODER)
    for name in (".env", "auth.json"):
        (home / name).write_text("X=1\n")
    flatten(monkeypatch, refuses=refuses)
    found = one(ctx, "open-disk")
    assert found.fix is None, "no chmod would do anything"
    assert found.where == str(mount_of(home))
    assert finding_words(found) == (
        "this disk keeps no permissions, so others on this machine may read what is secret on it, "
        f"such as {home}/.env"
    )
    assert f"move {ctx.layout.root} to a disk of your own system" in finding_hint(found)


def test_examples_of_the_environment_and_links_are_left_alone(ctx: Context) -> None:
    home = ctx.layout.home(CODER)
    (home / ".env.EXAMPLE").write_text("X=\n")
    (home / ".env.mine").symlink_to("/etc/passwd")
    assert doctor(ctx).findings == ()


def test_keys_of_the_default_profile_in_a_packaged_one_are_told_unless_asked_for(
    ctx: Context,
) -> None:
    keys = f"OPENAI_API_KEY={SECRET}\nASKED_KEY={SECRET}x\nEDITOR=vi\n"
    for home in (ctx.layout.root, ctx.layout.home(CODER), ctx.layout.home(ProfileName("writer"))):
        (home / ".env").write_text(keys)
        (home / ".env").chmod(0o600)
    manifest = "name: coder\nversion: 1.0.0\nenv_requires:\n  - name: ASKED_KEY\n"
    (ctx.layout.home(CODER) / "distribution.yaml").write_text(manifest)
    found = one(ctx, "copied-keys")
    assert finding_words(found).endswith("does not ask for: OPENAI_API_KEY")
    left(ctx, "copied-keys")


def test_commands_of_profiles_that_are_gone_are_removed_and_foreign_ones_stay(ctx: Context) -> None:
    mine = ctx.layout.alias("mine")
    mine.write_text("#!/bin/sh\necho mine\n")
    ctx.layout.alias("lost").write_text('#!/bin/sh\nexec hermes -p nobody "$@"\n')
    assert one(ctx, "dangling-alias").where.endswith("/lost")
    mended(ctx)
    assert mine.exists()
    assert len(aliases.listed(ctx.layout)) == 2


def test_an_active_profile_that_is_gone_gives_way_to_the_default(ctx: Context) -> None:
    ctx.layout.sticky.write_text("nobody\n")
    one(ctx, "missing-active")
    mended(ctx)
    assert ctx.active() == "default"


def test_a_service_of_a_profile_that_is_gone_is_removed(ctx: Context) -> None:
    here, lost = unit(ctx, "coder"), unit(ctx, "nobody")
    assert one(ctx, "dangling-service").where == str(lost)
    mended(ctx)
    assert here.exists()
    assert not lost.exists()


def test_routes_to_profiles_that_are_gone_are_switched_off(ctx: Context) -> None:
    config = ctx.layout.root / "config.yaml"
    config.write_text("# mine\nprofile_routes:\n  - {name: a, platform: x, profile: nobody}\n")
    assert "'nobody'" in finding_words(one(ctx, "lost-route"))
    mended(ctx)
    assert config.read_text().startswith("# mine\n")
    assert "enabled: false" in config.read_text()


def test_an_mcp_json_with_servers_is_told(ctx: Context) -> None:
    path = ctx.layout.home(CODER) / "mcp.json"
    path.write_text("{}")
    assert doctor(ctx).findings == ()
    path.write_text('{"mcpServers": {"a": {"command": "x"}}}')
    assert "mcp_servers in config.yaml" in finding_hint(one(ctx, "unread-servers"))
    left(ctx, "unread-servers")
    ctx.layout.lockfile(CODER).write_text("broken")
    found = [finding for finding in doctor(ctx).findings if finding.kind == "unread-servers"]
    assert ["update coder" in finding_hint(finding) for finding in found] == [True]


def test_a_lock_that_cannot_be_read_is_told(ctx: Context) -> None:
    ctx.layout.lockfile(CODER).write_text("format = [")
    one(ctx, "bad-lock")
    left(ctx, "bad-lock")


def test_a_lock_that_may_not_be_read_is_told_and_no_profile_without_a_package(ctx: Context) -> None:
    lock = ctx.layout.lockfile(CODER)
    lock.unlink(missing_ok=True)
    lock.mkdir()
    assert "can't be read" in finding_words(one(ctx, "bad-lock"))
    assert [row.managed for row in list_profiles(ctx) if row.name == CODER] == [True]
    lock.rmdir()
    assert [row.managed for row in list_profiles(ctx) if row.name == CODER] == [False]


def test_leftovers_of_interrupted_commands_are_cleared_away(ctx: Context) -> None:
    (ctx.layout.staging / "half").mkdir(parents=True)
    one(ctx, "unfinished-home")
    mended(ctx)
    move = Move(
        verb="rename", name="coder", to="x1", source="profiles/coder", target="profiles/x1", inode=1
    )
    profile_moves.journal(ctx).write_bytes(move.encode())
    one(ctx, "interrupted-move")
    mended(ctx)
    (ctx.layout.home(CODER) / ".dist" / "txn").mkdir(parents=True, mode=0o700)
    one(ctx, "unfinished-change")
    mended(ctx)


def test_a_damaged_journal_is_told_and_kept(ctx: Context) -> None:
    profile_moves.journal(ctx).write_text("{")
    report = doctor(ctx, fix=True)
    assert [finding.kind for finding in report.open] == ["interrupted-move"]
    assert "damaged" in "".join(report.failed.values())
    assert profile_moves.journal(ctx).exists()


def test_old_trash_and_notes_without_a_home_are_cleared_away(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    trash_and_archive.put_away(ctx, CODER, "trash")
    assert doctor(ctx).findings == ()
    old = ctx.layout.trash / kept_id(CODER, datetime.now(UTC) - timedelta(days=31))
    old.mkdir()
    os.utime(old, (0, 0))
    assert "if the date is right" in finding_words(one(ctx, "old-trash"))
    mended(ctx)
    assert old.exists()
    assert doctor(ctx).findings == ()
    with monkeypatch.context() as patched:
        patched.setattr(Context, "now", lambda _: datetime.now(UTC) + timedelta(days=31))
        # The home that was deleted today is over age then, too: it is noted, while the old one goes.
        os.utime(ctx.layout.trash, (0, 0))
        assert [finding.kind for finding in doctor(ctx).findings] == ["old-trash", "old-trash"]
        mended(ctx)
    assert not old.exists()
    (old.parent / f"{old.name}.json").write_text("{}")
    one(ctx, "leftover")
    mended(ctx)
    assert len(trash_and_archive.stored_profiles(ctx)) == 1


def test_contents_that_nobody_needs_are_collected(ctx: Context) -> None:
    digest = ctx.store.put(b"old")
    os.utime(ctx.store.path(digest), (0, 0))
    one(ctx, "garbage")
    mended(ctx)
    assert not ctx.store.has(digest)


def test_a_damaged_file_of_the_store_is_written_anew(ctx: Context) -> None:
    ctx.store.put_many(b"content %d" % n for n in range(60))
    [box] = (ctx.layout.store / "packs").iterdir()
    box.write_bytes(box.read_bytes()[:-1])
    found = finding_words(one(ctx, "damaged-store"))
    assert found == (
        "1 damaged file in the store; 60 contents can still be read there, and 0 that profiles need can't"
    )
    mended(ctx)
    assert len([*ctx.store.digests()]) == 60


def test_the_command_says_what_where_and_what_to_do_and_its_code_tells_whether_something_is_left(
    ctx: Context,
) -> None:
    env = {**ctx.env, "NO_COLOR": "1"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return forked.said(["hermes-dist", "doctor", *words], env, ctx.layout.user_home)

    done = run()
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "No problems found.")
    assert "  ✓ Permissions: only you can read what is secret" in done.stdout.splitlines()
    (ctx.layout.home(CODER) / ".env").chmod(0o644)
    done = run("-q")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "Profiles",
        "  ✗ Permissions",
        "    found: others on this machine may read it",
        f"      {ctx.layout.home(CODER)}/.env",
        "      doctor --fix, or chmod 600",
        "1 problem found.",
    ]
    told = json.loads(run("--json").stdout)
    assert told["open"] == 1
    assert told["findings"][0]["kind"] == "loose-permissions"
    done = run("--fix")
    assert (done.returncode, "    mended: others" in done.stdout) == (0, True)
    assert done.stdout.splitlines()[-1] == "No problems are left."


def checked(ctx: Context, topic: Topic, *, sources: bool = False) -> Checked:
    """What the doctor said of one topic."""
    report = doctor(ctx, sources=sources)
    [found] = [each for each in report.checks if each.topic is topic]
    return found


def said(ctx: Context, topic: Topic) -> tuple[str, list[str]]:
    found = checked(ctx, topic)
    return found.state, [f"{fact_words(fact)}; {fact_hint(fact)}" for fact in found.facts]


def with_env(ctx: Context, **env: str) -> Context:
    return Context(ctx.brand, ctx.layout, {**ctx.env, **env})


def test_every_check_has_a_line_a_group_and_a_word_for_being_in_order(ctx: Context) -> None:
    report = doctor(ctx)
    assert [each.topic for each in report.checks] == list(Topic)
    assert {group_of(topic) for topic in Topic} == {name for name, _ in GROUPS}
    for each in report.checks:
        assert TITLES[each.topic]
        assert each.facts or each.topic in SOUND


def test_the_machine_is_looked_at_also_where_there_is_no_profile(tmp_path: Path) -> None:
    report = doctor(context(tmp_path))
    assert {each.topic for each in report.checks} >= {Topic.AGENT, Topic.GIT, Topic.POLICY}
    assert not (tmp_path / ".hermes").exists()


def test_programs_that_are_missing_are_told_as_far_as_they_are_needed(
    ctx: Context, tmp_path: Path
) -> None:
    bare = with_env(ctx, PATH=str(tmp_path))
    assert said(bare, Topic.GIT)[0] == "waits"
    assert said(bare, Topic.SSH) == ("none", ["not installed, and no source needs it; "])
    assert doctor(bare).findings == ()


def test_a_policy_or_list_of_keys_that_can_not_be_read_is_found(ctx: Context) -> None:
    assert said(ctx, Topic.POLICY)[0] == "none"
    for file in (ctx.layout.policies[1], ctx.layout.trust_file):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("sources = [")
        found = one(ctx, "unreadable-file")
        assert found.where == str(file)
        file.unlink()


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("/bin/zsh", """echo 'export PATH="$HOME/.local/bin:$PATH"' >> ~/.zshrc"""),
        ("/bin/bash", """echo 'export PATH="$HOME/.local/bin:$PATH"' >> ~/.bashrc"""),
        ("/usr/bin/fish", "fish_add_path $HOME/.local/bin"),
        ("", """echo 'export PATH="$HOME/.local/bin:$PATH"' >> ~/.profile"""),
    ],
)
def test_a_folder_of_commands_that_is_not_on_path_is_told_with_the_line_that_adds_it(
    ctx: Context, shell: str, line: str
) -> None:
    there = with_env(ctx, PATH=f"/usr/bin:{ctx.layout.commands}", SHELL=shell)
    assert said(there, Topic.PATH)[0] == "good"
    away = with_env(ctx, PATH="/usr/bin", SHELL=shell)
    state, [words] = said(away, Topic.PATH)
    assert state == "waits"
    assert words.endswith(line)


def test_a_job_that_runs_in_two_profiles_is_found_until_it_is_paused_in_one(ctx: Context) -> None:
    job = {"id": "a" * 12, "name": "news", "prompt": "Read the news.", "schedule": {"kind": "cron"}}
    files = [ctx.layout.home(ProfileName(name)) / JOBS for name in ("coder", "writer")]
    for number, file in enumerate(files):
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"jobs": [{**job, "id": str(number) * 12}]}))
    found = one(ctx, "job-twice")
    assert "coder, writer" in finding_words(found)
    files[1].write_text(json.dumps({"jobs": [{**job, "enabled": False}]}))
    assert doctor(ctx).findings == ()


@pytest.mark.needs("root")
def test_files_of_another_user_in_a_home_are_found(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ctx.layout.home(CODER) / "config.yaml"
    file.write_text("model: {}\n")
    os.chown(file, 4711, 4711)
    found = one(ctx, "other-owner")
    assert found.where == str(file)
    assert f"chown -R 0 {ctx.layout.home(CODER)}" in finding_hint(found)


def test_a_home_that_is_a_link_is_said(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (ctx.layout.profiles / "linked").symlink_to(tmp_path / "elsewhere")
    assert f"a link to {tmp_path}/elsewhere" in said(ctx, Topic.FILE_SYSTEM)[1][0]


def test_sources_are_tried_when_asked_and_never_offline(ctx: Context, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "bot")
    repo.commit({"distribution.yaml": "name: bot\n", "SOUL.md": "S.\n"})
    spec, agreed = f"file://{repo.path}", lambda _: True
    assert install(ctx, spec, Request(), agreed, name="bot", alias=None).done
    assert said(ctx, Topic.SOURCES)[0] == "none"
    assert checked(ctx, Topic.SOURCES, sources=True).state == "good"
    repo.path.rename(repo.path.with_name("moved"))
    [found] = checked(ctx, Topic.SOURCES, sources=True).findings
    assert finding_words(found).startswith("bot: there is no such repository")
    assert finding_hint(found)
    away = ctx.with_options(offline=True)
    assert checked(away, Topic.SOURCES, sources=True).state == "none"
    assert doctor(ctx).findings == ()


def _tab(ctx: Context) -> Checked:
    return next(one for one in doctor(ctx).checks if one.topic is Topic.TAB)


def test_a_tab_of_another_version_or_without_its_program_is_found_and_written_again(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _tab(ctx).state == State.NONE
    for what, value, kind in (
        ("hermes_dist.ops.plugins.folder.__version__", "0.0.1", FindingKind.TAB_BEHIND),
        ("sys.executable", "/nowhere/python", FindingKind.TAB_PROGRAM_GONE),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(what, value)
            dashboard.install(ctx.layout, dashboard.plan(ctx.layout), enable=False, replace=False)
        [found] = _tab(ctx).findings
        assert found.what.kind is kind
        assert found.what in [each.what for each in doctor(ctx, fix=True).fixed]
        assert _tab(ctx).state == State.WAITS  # nobody said yes to enabling it
    dashboard.install(ctx.layout, dashboard.plan(ctx.layout), enable=True, replace=False)
    assert _tab(ctx).state == State.GOOD


def test_a_tab_that_was_changed_is_not_written_over(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("sys.executable", "/nowhere/python")
        dashboard.install(ctx.layout, dashboard.plan(ctx.layout), enable=True, replace=False)
    page = ctx.layout.root / "plugins" / dashboard.NAME / "dashboard" / "plugin_api.py"
    page.write_text("mine\n")
    [found] = [each for each in doctor(ctx, fix=True).open if each.kind == "tab-behind"]
    assert found.fix is None
    assert page.read_text() == "mine\n"


@pytest.mark.parametrize(
    ("flag", "free", "kind"), [(os.ST_RDONLY, 1 << 20, "disk-read-only"), (0, 10, "disk-full")]
)
def test_a_disk_that_nothing_can_be_written_to_is_found_once(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, flag: int, free: int, kind: str
) -> None:
    real = os.statvfs(ctx.layout.root)
    fields = [*real]
    fields[1], fields[2], fields[4], fields[8] = 4096, 1 << 30, free, flag
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(fields))
    assert one(ctx, kind).where == str(ctx.layout.root)


def test_settings_that_git_can_not_read_are_found(
    ctx: Context, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home / "broken.gitconfig"
    settings.write_text("[user\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setitem(ctx.env, "GIT_CONFIG_GLOBAL", str(settings))  # type: ignore[arg-type]
    assert f"line 1 of {settings}" in finding_words(one(ctx, "git-settings"))
