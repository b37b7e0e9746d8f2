"""docs/profiles.md is a transcript: every command in it is run, through the front door, and says what is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import forked
import pytest
from gitrepo import Repo
from partners import Generation, parameters

from hermes_dist.brand import HERMES, Layout
from hermes_dist.ops.front_door import launcher as front_door

PAGE = Path(__file__).parent.parent / "docs" / "profiles.md"
HOME = "/home/ada"
PROGRAMS = "programs"
NO_NETWORK = "http://127.0.0.1:9"  # nobody listens there, so the agent's own doctor need not wait for an answer
NO_AGENT = "hermes: Hermes Agent is not installed; install it with `pip install hermes-agent`, or name its launcher in HERMES_AGENT_BIN"
# What would talk to a model, wait for a person or start a service is only handed over, not run; nor is the doctor a second
# time. What the agent says of its version, it says once: behind a script we ask it again with each command.
SHIM = """\
#!/bin/sh
[ "$*" = --version ] && exec cat "{version}"
echo "$*" >> "$HOME/handed-over"
case " $* " in
  *" --profile=coder doctor "*|*" chat "*|*" setup "*|*" gateway "*|*" update "*|*" tools "*) exit 0 ;;
esac
exec {agent} "$@"
"""


@dataclass
class Said:
    """A command of the page, and what it says."""

    line: int
    command: str
    output: list[str] = field(default_factory=list)
    agents: bool = False


def transcript() -> Iterator[Said]:
    """The commands of the page; in blocks marked ``agent`` they are the agent's."""
    inside, said = "", None
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        if line.startswith("```"):
            inside = "" if inside else line.removeprefix("```").strip()
            if said:
                yield said
            said = None
        elif inside.startswith("console"):
            if line.startswith("$ "):
                if said:
                    yield said
                said = Said(number, line[2:], agents="agent" in inside)
            elif said:
                said.output.append(line)


def matches(wanted: list[str], found: list[str]) -> bool:
    pattern = "\n".join(
        ".*?" if line == "…" else re.escape(line).replace("…", ".*?") for line in wanted
    )
    return re.fullmatch(pattern, "\n".join(found), re.DOTALL) is not None


@pytest.fixture
def machine(home: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    layout = Layout(HERMES, home / ".hermes", home)
    layout.root.mkdir()
    (layout.root / "config.yaml").write_text("model: anthropic/claude-sonnet-4\n")
    (layout.root / "SOUL.md").write_text("You are helpful.\n")
    (layout.root / ".env").write_text("OPENROUTER_API_KEY=sk-or-1\nTELEGRAM_BOT_TOKEN=12:ab\n")
    (layout.root / ".env").chmod(0o600)
    repo = Repo(home / "served" / "research-bot")
    repo.commit(
        {"distribution.yaml": "name: research-bot\nversion: 1.0.0\n", "SOUL.md": "I research.\n"}
    )
    python = forked.programs(home / PROGRAMS)
    monkeypatch.setattr(sys, "executable", str(python))  # what the front door starts
    front_door.install(layout)
    return layout


def served(layout: Layout, command: str) -> str:
    """A command with the repository of the page as it is served here."""
    return command.replace("github.com/you/", f"file://{layout.user_home}/served/")


def run(layout: Layout, command: str, **more: str) -> tuple[int, list[str]]:
    folders = [str(layout.commands), str(layout.user_home / PROGRAMS), "/usr/bin", "/bin"]
    env = {
        "HOME": str(layout.user_home),
        "PATH": os.pathsep.join(folders),
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        **more,
    }
    done = subprocess.run(
        ["bash", "-c", f"{{ {served(layout, command)}\n}} 2>&1"],
        env=env,
        cwd=layout.user_home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout.replace(str(layout.user_home), HOME).splitlines()


def test_every_command_of_the_page_says_what_is_written_on_a_machine_without_the_agent(
    machine: Layout,
) -> None:
    for said in transcript():
        code, found = run(machine, said.command)
        if said.agents:
            assert (code, found) == (127, [NO_AGENT]) or "> ~/" in said.command, (said, found)
        else:
            assert matches(said.output, found), (said.line, said.command, found)
            assert code in (0, 6), (said.line, said.command, code)


@pytest.mark.parametrize(
    "generation",
    parameters("test_every_command_of_the_page_works_with_the_real_agent_behind_the_door"),
)
def test_every_command_of_the_page_works_with_the_real_agent_behind_the_door(
    machine: Layout, tmp_path: Path, generation: Generation
) -> None:
    agent = generation.venv / "bin" / "hermes"
    skills = tmp_path / "bundled" / "writing" / "haiku"
    skills.mkdir(parents=True)
    (skills / "SKILL.md").write_text(
        "---\nname: haiku\ndescription: Three lines.\n---\nWrite one.\n"
    )
    shim = tmp_path / "hermes"
    version = tmp_path / "version"
    version.write_bytes(
        subprocess.run([agent, "--version"], check=True, capture_output=True).stdout
    )
    shim.write_text(SHIM.format(agent=agent, version=version))
    shim.chmod(0o755)
    for said in transcript():
        code, found = run(
            machine,
            said.command,
            HERMES_AGENT_BIN=str(shim),
            HERMES_BUNDLED_SKILLS=str(tmp_path / "bundled"),
            HTTPS_PROXY=NO_NETWORK,
            HTTP_PROXY=NO_NETWORK,
        )
        text = "\n".join(found)
        assert "Traceback" not in text, (said.command, text)
        # The agent's own doctor ends with 1 where it would mend something, such as a launcher of its own.
        fine = (0, 1, 6) if said.command.endswith("doctor") else (0, 6)
        assert code in fine, (said.line, said.command, code, text)
        if "profile create mybot" in said.command:
            assert "1 bundled skills added." in found
            assert (
                machine.profiles / "mybot" / "skills" / "writing" / "haiku" / "SKILL.md"
            ).is_file()
    handed = (machine.user_home / "handed-over").read_text().splitlines()
    assert "-p coder chat" in handed
    assert "chat -p coder -q hello" in handed
    assert "--profile=coder doctor" in handed
    # A newer agent keeps its own records of names: it is asked to carry them along.
    own = ("profile migrate-identity", "profile purge-identity")
    assert not any(line.startswith("profile ") and not line.startswith(own) for line in handed)


def test_the_page_has_every_command_of_ours_that_the_agents_guide_names() -> None:
    told = " ; ".join(said.command for said in transcript())
    for words in (
        "profile create coder",
        "profile create mybot",
        "profile create researcher --description",
        "--clone",
        "profile create backup --clone-all",
        "--clone --clone-from coder",
        "profile use coder",
        "profile use default",
        "hermes profile ;",
        "profile list",
        "profile show coder",
        "profile rename coder dev-bot",
        "profile delete",
        "--yes",
        "completion bash",
        "completion zsh",
        "profile install github.com/you/research-bot",
        "profile update research-bot",
        "profile export coder",
        "profile import coder.tar.gz",
        "hermes -p coder chat",
        "hermes --profile=coder doctor",
        "hermes chat -p coder -q",
        "coder config set",
        "coder skills list",
        "coder gateway start",
        "coder gateway install",
        "hermes update",
    ):
        assert words in told, words
