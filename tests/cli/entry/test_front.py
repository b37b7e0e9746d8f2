"""The front door's routing, as a table; and what it loads on the way to the agent."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hermes_dist.cli.entry.front import ForAgent, Ours, route


def ours(words: str, profile: str | None = None, prog: str = "") -> Ours:
    return Ours(tuple(words.split()), profile, prog)


PROFILE = " profile"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("profile", ours("", None, PROFILE)),
        ("profile --help", ours("--help", None, PROFILE)),
        ("profile list", ours("list", None, PROFILE)),
        ("profile update -p coder", ours("update", "coder", PROFILE)),
        ("profile -p coder update --all", ours("update --all", "coder", PROFILE)),
        ("-p coder profile update", ours("update", "coder", PROFILE)),
        ("--profile coder profile update", ours("update", "coder", PROFILE)),
        ("--profile=coder profile update", ours("update", "coder", PROFILE)),
        ("profile update --profile=coder", ours("update", "coder", PROFILE)),
        (
            "profile install you/bot --profile coder -n",
            ours("install you/bot -n", "coder", PROFILE),
        ),
        ("profile update --profile=", ours("update", "", PROFILE)),
        ("profile update -- -p coder", ours("update -- -p coder", None, PROFILE)),
        ("profile update -p coder -- --profile=x", ours("update -- --profile=x", "coder", PROFILE)),
        ("profile update -p", ours("update -p", None, PROFILE)),
        ("profile update -p --json", ours("update -p --json", None, PROFILE)),
        ("profile update -p one -p two", ours("update -p two", "one", PROFILE)),
        ("-p one profile update -p two", ours("update -p two", "one", PROFILE)),
        ("gateways", ours("gateways")),
        ("gateways status --json", ours("gateways status --json")),
        ("gateways -p coder status", ours("gateways status", "coder")),
        ("gateway route add x --profile coder", ours("gateway route add x --profile coder")),
        ("gateway route add x --profile=coder", ours("gateway route add x --profile=coder")),
        (
            "-p work gateway route add x --profile coder",
            ours("gateway route add x --profile coder", "work"),
        ),
        ("gateway --profile work route list", ours("gateway route list", "work")),
        ("gateway route list -p work", ours("gateway route list", "work")),
        ("completion zsh", ours("completion zsh")),
        ("-p coder completion fish", ours("completion fish", "coder")),
    ],
)
def test_these_commands_are_ours(typed: str, expected: Ours) -> None:
    assert route(typed.split()) == expected


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "chat",
        "-p coder",
        "-p coder chat",
        "--profile=coder chat -q hello",
        "gateway",
        "gateway run",
        "gateway status -p coder",
        "gateway -p route",
        "completion",
        "completion --help",
        "config path",
        "--version",
        "-z profile list",
        "-m model profile list",
        "--yolo profile list",
        "-- profile list",
        "profiles",
        "dist list",
        "-p profile",
        "mcp add x --args docker --profile y",
    ],
)
def test_everything_else_goes_to_the_agent_as_it_was_typed(typed: str) -> None:
    assert route(typed.split()) == ForAgent(tuple(typed.split()))


def test_words_with_spaces_and_odd_bytes_pass_untouched() -> None:
    words = ("chat", "-q", "two words", "", "\udcff", "--", "-p", "x")
    assert route(words) == ForAgent(words)
    assert route(("profile", "describe", "x", "--description", "-p is a flag")) == Ours(
        ("describe", "x", "--description", "-p is a flag"), None, PROFILE
    )


def test_the_way_to_the_agent_loads_no_library() -> None:
    script = (
        "import sys; before = set(sys.modules)\n"
        "import hermes_dist.cli.entry.front, hermes_dist.ops.front_door.run_agent\n"
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "hermes_dist" in loaded
    assert not loaded & {
        "typer",
        "click",
        "rich",
        "yaml",
        "jsonschema",
        "dulwich",
        "cryptography",
        "subprocess",
        "argparse",
        "packaging",
        "pathspec",
        "tomllib",
        "tomli",
        "asyncio",
        "logging",
        "email",
        "hashlib",
        "json",
    }
