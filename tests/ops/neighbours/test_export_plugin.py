"""A profile as a plugin: what is in it, what is named as left out, and who loads it."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from machines import BOT, Machine
from story import FIRST, Story

from hermes_dist.errors import DistError, Refused, UsageError
from hermes_dist.ops.neighbours.export_plugin import export_plugin, plugin_target
from hermes_dist.ops.transfer.export import Exported

SKILL = "---\nname: {0}\ndescription: {0}s things.\n---\nDo {0}.\n"
CONFIG = """\
model: {default: small}
mcp_servers:
  notes:
    command: node
    args: ['${HERMES_HOME}/scripts/notes.js']
    env: {KEY: '${NOTES_KEY}', SINCE: 2026-01-02}
    timeout: 30
    enabled: true
  far:
    url: https://mcp.example/x
    headers: {Authorization: 'Bearer ${FAR_TOKEN}'}
  home:
    command: cat
    args: ['${HERMES_HOME}/SOUL.md']
"""
HOME = {
    "distribution.yaml": "name: My Bot\nversion: 1.2.0\nauthor: Ada\nlicense: MIT\n",
    "SOUL.md": "# Soul\n",
    "config.yaml": CONFIG,
    "scripts/notes.js": "1\n",
    "skills/find/SKILL.md": SKILL.format("find"),
    "skills/write/brief/SKILL.md": SKILL.format("brief"),
    "skills/write/brief/more.md": "More.\n",
    "skills/other/brief/SKILL.md": SKILL.format("brief"),
    "memories/MEMORY.md": "Secret memory of the user, kept.\n",
}


@pytest.fixture
def ada(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "ada")
    machine.fill(HOME)
    return machine


def exported(machine: Machine, out: Path) -> Exported:
    return export_plugin(machine.ctx, BOT, plugin_target(BOT, str(out)))


def test_skills_and_servers_go_and_the_rest_is_named(ada: Machine, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = exported(ada, out)
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert files == {
        "plugin.json",
        ".claude-plugin/plugin.json",
        ".mcp.json",
        "mcp.json",
        "scripts/notes.js",
        "skills/find/SKILL.md",
        "skills/brief/SKILL.md",
    }
    assert {"SOUL.md", "config.yaml"} <= set(done.left_out)
    told = {note.where for note in done.notes}
    assert {"notes: timeout", "server home", "skills/write/brief/"} & told == {
        "server home",
        "skills/write/brief/",
    }
    assert "notes: timeout" in done.left_out
    servers = json.loads((out / ".mcp.json").read_text())["mcpServers"]
    assert servers == {
        "far": {
            "url": "https://mcp.example/x",
            "headers": {"Authorization": "Bearer ${FAR_TOKEN}"},
        },
        "notes": {
            "command": "node",
            "args": ["${CLAUDE_PLUGIN_ROOT}/scripts/notes.js"],
            "env": {"KEY": "${NOTES_KEY}", "SINCE": "2026-01-02"},
        },
    }
    about = json.loads((out / ".claude-plugin/plugin.json").read_text())
    assert about == {
        "name": "my-bot",
        "version": "1.2.0",
        "license": "MIT",
        "author": {"name": "Ada"},
    }


def test_no_secret_goes_along(ada: Machine, tmp_path: Path) -> None:
    key = "sk-ant-api03-" + "aB3dE5gH7jK9" * 6
    ada.write(".env", f"NOTES_KEY={key}\n")
    ada.write("config.yaml", CONFIG.replace("'${NOTES_KEY}'", f"'{key}'"))
    out = tmp_path / "out"
    exported(ada, out)
    assert not any(key in path.read_text() for path in out.rglob("*") if path.is_file())
    assert "${" in json.loads((out / ".mcp.json").read_text())["mcpServers"]["notes"]["env"]["KEY"]
    ada.write("skills/find/SKILL.md", SKILL.format("find") + key)
    with pytest.raises(Refused):
        exported(ada, tmp_path / "other")
    assert not (tmp_path / "other").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_no_secret_goes_along_in_a_name(tmp_path: Path) -> None:
    key = "ghp_" + "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5"
    story = Story(tmp_path, {**FIRST, "skills/hello/more.md": "More.\n"})
    story.install()
    export_plugin(story.ctx, BOT, tmp_path / "one")
    # Its content is the package's, its name is not.
    (story.home / "skills/hello/more.md").rename(story.home / f"skills/hello/{key}.md")
    with pytest.raises(Refused, match=f"skills/hello/{key}.md:0: GitHub token, in its name"):
        export_plugin(story.ctx, BOT, tmp_path / "two")


def test_a_zip_is_the_same_each_time(ada: Machine, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        exported(ada, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert "skills/find/SKILL.md" in zipfile.ZipFile(tmp_path / "a.zip").namelist()
    assert (tmp_path / "a.zip").stat().st_mode & 0o077 == 0


def test_nothing_is_overwritten_and_nothing_empty_is_written(ada: Machine, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(DistError, match="exists"):
        plugin_target(BOT, str(tmp_path / "there"))
    with pytest.raises(UsageError):
        plugin_target(BOT, "-")
    with pytest.raises(DistError, match="no such folder"):
        plugin_target(BOT, str(tmp_path / "no" / "x"))
    bare = Machine(tmp_path / "bare")
    bare.fill({"SOUL.md": "# Soul\n"})
    with pytest.raises(DistError, match="nothing in it that a plugin can have"):
        exported(bare, tmp_path / "out")


def test_what_was_written_is_a_source_again(ada: Machine, tmp_path: Path) -> None:
    out = tmp_path / "out"
    exported(ada, out)
    bob = Machine(tmp_path / "bob")
    bob.install(str(out))
    assert bob.lock.top.taken == "plugin/1"
    assert bob.read("skills/find/SKILL.md") == SKILL.format("find")
    assert "${HERMES_HOME}/scripts/my-bot/scripts/notes.js" in bob.read("config.yaml")


@pytest.mark.agent22
def test_the_agents_own_loader_takes_it(ada: Machine, tmp_path: Path) -> None:
    odd = "---\nname: Über x\nmetadata:\n  hermes: {tags: [a]}\nallowed-tools: [Read]\n---\nDo.\n"
    ada.write("skills/odd/SKILL.md", odd)
    ada.write("skills/bare/SKILL.md", "Do.\n")
    ada.write("skills/two_words/SKILL.md", "---\ndescription: Two.\n---\nDo.\n")
    out = tmp_path / "out"
    exported(ada, out)
    code = (
        "import sys; from pathlib import Path; from hermes_cli.agent_plugins import load_agent_plugin as load;"
        "p = load(Path(sys.argv[1]), Path(sys.argv[2]));"
        "print(p.name, sorted(s.name for s in p.skills), sorted(p.mcp_servers), [d.message for d in p.diagnostics])"
    )
    run = [
        os.environ["HERMES_TEST_AGENT22"] + "/bin/python",
        "-c",
        code,
        str(out),
        str(tmp_path / "data"),
    ]
    env = {**os.environ, "HERMES_HOME": str(tmp_path / "hermes")}
    said = subprocess.run(run, capture_output=True, text=True, env=env, check=False)
    assert said.stdout.strip() == (
        "my-bot ['bare', 'brief', 'find', 'two-words', 'uber-x'] ['far', 'notes'] []"
    ), said.stderr
