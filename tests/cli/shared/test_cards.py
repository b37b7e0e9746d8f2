"""The cards: on install the whole, on update what changed, and nothing twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gitrepo import Repo

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start

MCP = '{"mcpServers": {"web": {"command": "npx", "args": ["web-server"], "env": {"TOKEN": "${TOKEN}"}}}}'
FIRST = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\ndescription: A bot.\nodd: 1\nenv_requires:\n  - name: KEY\n    description: What for\n",
    "SOUL.md": "Soul.\n",
    "config.yaml": "model:\n  default: a\n  max_tokens: 1\napprovals:\n  mode: smart\n",
    "mcp.json": MCP,
    "README.md": "Read me.\n",
    "cron/daily.yaml": f"name: daily\nschedule: 0 9 * * *\nprompt: Look {'around ' * 60}\n",
    "hooks/greet/HOOK.yaml": "name: greet\nevents: [session:start]\n",
    "hooks/greet/handler.py": "def handle(*a): pass\n",
}


class Talk:
    """Runs commands, and gives what they said beside their results."""

    def __init__(self, tmp: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.repo = Repo(tmp / "source", bare=True)
        self.repo.commit(FIRST)
        self.capsys = capsys
        self.out = self.err = ""
        self.code = 0

    def __call__(self, *words: str) -> list[str]:
        self.code = start(HERMES, list(words), prog="hermes-dist", profile=None)
        self.out, self.err = self.capsys.readouterr()
        return self.err.splitlines()

    @property
    def source(self) -> str:
        return f"file://{self.repo.path}"


@pytest.fixture
def talk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Talk:
    return Talk(tmp_path, capsys)


def test_an_install_shows_the_whole_with_exact_commands(talk: Talk) -> None:
    lines = talk("install", talk.source, "-y")
    assert talk.code == 0, talk.err
    assert "  A bot." in lines
    assert "  env    KEY  missing  What for" in lines
    assert "  runs      mcp_servers.web: npx web-server, env TOKEN" in lines
    assert "  runs      hooks/greet: new hook greet (2 files)" in lines
    begin = "  schedules daily: schedule: at 09:00 every day (0 9 * * *); prompt: Look"
    (job,) = [line for line in lines if line.startswith(begin)]
    assert job.partition("; deliver: local")[0].count("around") == 60
    assert "  left out  README.md: housekeeping of the repository" in lines
    assert sum("unknown fields" in line for line in lines) == 1
    assert "3 items need approval: hermes-dist approve bot" in talk.out


def test_a_command_is_never_cut_however_long(talk: Talk) -> None:
    words = [f"--option-{n}=value" for n in range(200)]
    talk.repo.commit(
        {"mcp.json": MCP.replace('"web-server"', ", ".join(f'"{word}"' for word in words))}
    )
    talk("install", talk.source, "-y")
    (shown,) = [line for line in talk.err.splitlines() if "npx" in line]
    assert all(word in shown for word in words)


def test_an_update_shows_what_changed_and_not_what_was_shown_before(talk: Talk, home: Path) -> None:
    talk("install", talk.source, "-y")
    bot = home / ".hermes" / "profiles" / "bot"
    (bot / "config.yaml").write_text(
        (bot / "config.yaml").read_text().replace("default: a", "default: mine")
    )
    talk.repo.commit(
        {
            "distribution.yaml": FIRST["distribution.yaml"].replace("1.0.0", "1.1.0")
            + "  - name: FRESH\n",
            "config.yaml": "model:\n  default: b\n  max_tokens: 2\napprovals:\n  mode: 'off'\n",
            **{f"skills/s{n:02}/SKILL.md": "---\nname: s\n---\nS.\n" for n in range(20)},
        }
    )
    lines = talk("update", "bot", "-y")
    assert talk.code == 3, talk.err
    assert lines[0] == "Update bot@1.1.0 in bot"
    assert "    config.yaml: model.max_tokens  1 → 2" in lines
    assert (
        "  conflict  config.yaml: model.default  was a · yours mine · theirs b; yours stays"
        in lines
    )
    assert "  env    new: FRESH  missing" in lines
    assert "  loosens   approvals.mode: off" in lines
    assert "  pending   3 items from before: hermes-dist approve bot" in lines
    assert not [
        line
        for line in lines
        if re.search(r"KEY  missing|mcp_servers|greet|left out|A bot\.|unknown fields", line)
    ]
    assert sum(line.startswith("  + skills/") for line in lines) + 2 == 12
    assert "  … and 10 more files (skills 10); -v lists them" in lines
    assert re.search(r"missing in .*\.env: FRESH\n", talk.out)
    assert "4 items need approval" in talk.out


def test_a_thing_of_which_only_a_part_is_new_is_counted_once(talk: Talk) -> None:
    talk("install", talk.source, "-y")
    assert "3 items need approval" in talk.out
    talk.repo.commit({"mcp.json": MCP.replace('"web-server"', '"web-server", "--more"')})
    lines = talk("update", "bot", "-y")
    assert sum("mcp_servers.web" in line for line in lines) == 1
    assert "  pending   2 items from before: hermes-dist approve bot" in lines
    assert "3 items need approval" in talk.out


def test_verbose_shows_the_whole_on_update_too(talk: Talk) -> None:
    talk("install", talk.source, "-y")
    talk.repo.commit({f"skills/s{n:02}/SKILL.md": "---\nname: s\n---\nS.\n" for n in range(20)})
    lines = talk("update", "bot", "-y", "-v")
    assert sum(line.startswith("  + skills/") for line in lines) == 20
    assert "  runs      mcp_servers.web: npx web-server, env TOKEN" in lines
    assert "  left out  README.md: housekeeping of the repository" in lines
    assert "  env    KEY  missing  What for" in lines
    assert any(line.startswith("  schedules jobs[id=") for line in lines)


def test_hidden_characters_are_named_with_file_and_line(talk: Talk) -> None:
    talk.repo.commit({"SOUL.md": "One.\nTwo \u202e.\nThree \u2066.\n"})
    lines = talk("install", talk.source, "-y")
    assert "  hides     SOUL.md line 2: U+202E" in lines
    assert "  hides     SOUL.md line 3: U+2066" in lines


def test_other_invisible_characters_are_warned_about_when_they_come(talk: Talk) -> None:
    talk.repo.commit({"SOUL.md": "One.\nTw\u200bo.\n"})
    lines = talk("install", talk.source, "-y")
    note = r"  note   SOUL.md line 2: U+200B: an invisible character"
    assert note in lines
    talk.repo.commit({"skills/a/SKILL.md": "A\n"})
    assert note not in talk("update", "bot", "-y")


def test_what_is_allowed_says_so(talk: Talk) -> None:
    lines = talk("install", talk.source, "-y", "--allow-effects")
    assert "  runs      mcp_servers.web: npx web-server, env TOKEN  [allowed]" in lines
    assert "need approval" not in talk.out


def test_one_server_is_approved_by_its_name_and_keeps_the_rest_waiting(
    talk: Talk, home: Path
) -> None:
    talk("install", talk.source, "-y")
    lines = talk("approve", "bot", "web", "-y")
    assert "  runs      mcp_servers.web: npx web-server, env TOKEN" in lines
    assert "2 items need approval" in talk.out
    assert "enabled: true" in (home / ".hermes" / "profiles" / "bot" / "config.yaml").read_text()
    assert talk("approve", "bot", "we", "-y") != []
    assert talk.code == 1
    assert "pending: " in talk.err
    assert "what is approved: hermes-dist approve bot --list" in talk.err


def test_quiet_says_results_and_nothing_else(talk: Talk) -> None:
    assert talk("install", talk.source, "-y", "-q") == []
    assert talk.out.startswith("✓ Installed bot@1.0.0")
