"""Profiles that the real agent made, handled by us, and ours, handled by the real agent."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from partners import Generation

from hermes_dist.agents.generation import generation_of
from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.fleet.channels import CHANNELS
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import aliases, lifecycle, trash_and_archive
from hermes_dist.ops.profiles import clone as cloning
from hermes_dist.world.agent.find import GatewayState, gateway

Runs = Callable[..., subprocess.CompletedProcess[str]]
CODER = ProfileName("coder")
SKILL = "---\nname: haiku\ndescription: Three lines.\n---\nWrite one.\n"


@pytest.fixture
def ctx(home: Path, agent: Path, tmp_path: Path) -> Context:
    bundled = tmp_path / "bundled" / "writing" / "haiku"
    bundled.mkdir(parents=True)
    (bundled / "SKILL.md").write_text(SKILL)
    layout = Layout(HERMES, home / ".hermes", home)
    path = os.pathsep.join([str(layout.commands), str(agent.parent), "/usr/bin", "/bin"])
    env = {
        "HOME": str(home),
        "PATH": path,
        "LANG": "C.UTF-8",
        "HERMES_BUNDLED_SKILLS": str(tmp_path / "bundled"),
    }
    layout.root.mkdir()
    return Context(HERMES, layout, env)


def theirs(ctx: Context, agent: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [str(agent), *words],
        env=dict(ctx.env),
        cwd=ctx.layout.user_home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, (words, done.stdout, done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


def names(home: Path) -> set[str]:
    return {path.name for path in home.iterdir()} - {".dist"}


def test_our_blank_profile_is_the_agents_and_runs(ctx: Context, agent: Path) -> None:
    made = lifecycle.create(ctx, "coder", description="Writes code.")
    theirs(ctx, agent, "profile", "create", "theirs", "--description", "Writes code.")
    other = ctx.layout.home(ProfileName("theirs"))
    assert names(made.path) == names(other)
    assert made.skills == 1
    for path in ("SOUL.md", "skills/writing/haiku/SKILL.md", "skills/.bundled_manifest"):
        assert (made.path / path).read_bytes() == (other / path).read_bytes()
    shown = theirs(ctx, agent, "profile", "show", "coder")
    assert "Skills:  1" in shown
    assert "Alias:   coder" in shown
    assert "Writes code." in theirs(ctx, agent, "profile", "describe", "coder")
    config = theirs(ctx, agent, "-p", "coder", "config", "path").strip()
    assert config == str(made.path / "config.yaml")
    theirs(ctx, agent, "-p", "coder", "config", "set", "model.default", "anthropic/claude-sonnet-4")
    assert "haiku" in theirs(ctx, agent, "-p", "coder", "skills", "list")


def test_a_profile_without_skills_stays_without(ctx: Context, agent: Path) -> None:
    made = lifecycle.create(ctx, "coder", skills=False)
    assert made.skills == 0
    assert list((made.path / "skills").rglob("SKILL.md")) == []


def test_a_profile_of_the_agents_is_cloned_renamed_put_away_and_brought_back(
    ctx: Context, agent: Path
) -> None:
    theirs(ctx, agent, "profile", "create", "coder")
    home = ctx.layout.home(CODER)
    theirs(ctx, agent, "profile", "use", "coder")
    theirs(ctx, agent, "-p", "coder", "config", "set", "model.default", "x/y")
    (home / ".env").write_text("TELEGRAM_BOT_TOKEN=12:ab\nOPENROUTER_API_KEY=k\n")
    clone = cloning.clone(ctx, "work", CODER)
    assert clone.left_out == ("TELEGRAM_BOT_TOKEN",)
    assert theirs(ctx, agent, "-p", "work", "config", "path").strip() == str(
        clone.path / "config.yaml"
    )
    done = lifecycle.rename(ctx, "coder", "dev-bot")
    assert (done.sticky, done.commands) == (True, ("dev-bot",))
    assert theirs(ctx, agent, "config", "path").strip() == str(done.path / "config.yaml")
    assert "dev-bot" in theirs(ctx, agent, "profile", "list")
    trash_and_archive.put_away(ctx, ProfileName("dev-bot"), "trash")
    assert "dev-bot" not in theirs(ctx, agent, "profile", "list")
    theirs(ctx, agent, "profile", "show", "dev-bot", code=1)
    trash_and_archive.restore(ctx, "dev-bot")
    shown = theirs(ctx, agent, "profile", "show", "dev-bot")
    assert "Alias:   dev-bot" in shown
    assert "x/y" in shown


def test_our_profiles_are_renamed_and_deleted_by_the_agent(ctx: Context, agent: Path) -> None:
    lifecycle.create(ctx, "coder")
    lifecycle.create(ctx, "writer")
    theirs(ctx, agent, "profile", "rename", "coder", "dev-bot")
    assert [alias.name for alias in aliases.of_profile(ctx.layout, ProfileName("dev-bot"))] == [
        "dev-bot"
    ]
    done = lifecycle.rename(ctx, "dev-bot", "coder")
    assert done.commands == ("coder",)
    theirs(ctx, agent, "profile", "delete", "writer", "--yes")
    assert ctx.names() == ["default", "coder"]
    assert not ctx.layout.alias("writer").exists()


def test_a_clone_of_everything_runs_and_knows_the_past(ctx: Context, agent: Path) -> None:
    theirs(ctx, agent, "profile", "create", "coder")
    home = ctx.layout.home(CODER)
    theirs(ctx, agent, "-p", "coder", "cron", "create", "every 2h", "Look.", "--name", "look")
    (home / "memories" / "MEMORY.md").write_text("remember\n")
    clone = cloning.clone(ctx, "snapshot", CODER, every=True)
    assert "look" in theirs(ctx, agent, "-p", "snapshot", "cron", "list", "--all")
    assert (clone.path / "memories" / "MEMORY.md").read_text() == "remember\n"
    theirs(ctx, agent, "-p", "snapshot", "sessions", "list")


RUN = """
import os, sys, time
from gateway import status
assert status.acquire_gateway_runtime_lock()
status.write_pid_file()
status.write_runtime_status(gateway_state="running")
print("ready", flush=True)
while True:
    time.sleep(0.01)
    status.write_runtime_status(gateway_state="running")
"""


@pytest.mark.parametrize("verb", ["rename", "delete"])
def test_a_gateway_that_writes_as_the_agent_does_is_stopped_and_no_ghost_comes_back(
    ctx: Context, agent_venv: Path, verb: str
) -> None:
    home = lifecycle.create(ctx, "coder").path
    process = subprocess.Popen(
        [str(agent_venv / "bin" / "python"), "-c", RUN, "hermes_cli.main", "gateway", "run"],
        env={**ctx.env, "HERMES_HOME": str(home)},
        cwd=ctx.layout.user_home,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert gateway(home).state is GatewayState.RUNNING
        if verb == "rename":
            lifecycle.rename(ctx, "coder", "dev-bot")
        else:
            trash_and_archive.put_away(ctx, CODER, "trash")
        assert process.wait(10) != 0
        assert not home.exists()
    finally:
        process.kill()
        process.communicate()


def test_the_table_of_channels_names_variables_that_the_agent_reads(
    agent_venv: Path, generation: Generation
) -> None:
    package = next((agent_venv / "lib").glob("python*/site-packages"))
    text = "".join(
        path.read_text("utf-8", "replace")
        for folder in ("gateway", "plugins/platforms", "hermes_cli")
        for path in (package / folder).rglob("*.py")
    )
    platforms = {path.name for path in (package / "plugins/platforms").iterdir()} | {
        path.stem for path in (package / "gateway/platforms").iterdir()
    }
    locked = {
        path.parent.name if path.name == "adapter.py" else path.stem
        for folder in ("gateway/platforms", "plugins/platforms")
        for path in (package / folder).rglob("*.py")
        if "_acquire_platform_lock(" in path.read_text()
        or "acquire_scoped_lock(" in path.read_text()
    } - {"base"}
    channels = [
        channel for channel in CHANNELS if channel.since <= generation_of(generation.version).since
    ]
    for channel in channels:
        assert channel.platform in platforms, channel
        for name in channel.variables:
            assert name in text, name
    assert {channel.platform for channel in channels if channel.locked} == locked
