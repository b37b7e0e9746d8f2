"""The agent's plugin, on the parser that the agent builds for it."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence

import pytest

from hermes_dist import plugin
from hermes_dist.brand import HERMES, Brand
from hermes_dist.cli.entry import start


class Agent:
    """What the agent does with a plugin's command: a subparser, and a handler whose result is dropped."""

    def __init__(self) -> None:
        self.parser = argparse.ArgumentParser("hermes")
        self.parser.add_argument("-m", "--model")
        self.commands = self.parser.add_subparsers(dest="command")

    def register_cli_command(
        self,
        name: str,
        help: str,  # noqa: A002 - the agent's own word
        setup_fn: Callable[[argparse.ArgumentParser], None],
        handler_fn: Callable[[argparse.Namespace], None] | None = None,
        description: str = "",
    ) -> None:
        parser = self.commands.add_parser(name, help=help, description=description)
        setup_fn(parser)
        parser.set_defaults(func=handler_fn)

    def main(self, *words: str) -> None:
        args = self.parser.parse_args(words)
        args.func(args)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    calls: list[tuple[str, ...]] = []

    def run(brand: Brand, argv: Sequence[str], *, prog: str, profile: str | None) -> int:
        assert (brand, prog, profile) == (HERMES, "hermes dist", None)
        calls.append(tuple(argv))
        return 3

    monkeypatch.setattr(start, "start", run)
    return calls


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("list",),
        ("--help",),
        ("-h",),
        ("--version",),
        ("update", "--all", "-n"),
        ("update", "-m", "x"),
        ("diff", "--", "-x"),
        ("-q", "list", "--json"),
        ("resolve", ".", "SOUL.md", "--ours"),
        ("show", "two words"),
    ],
)
def test_the_whole_rest_of_the_line_is_ours_and_the_exit_code_counts(
    ran: list[tuple[str, ...]], words: tuple[str, ...]
) -> None:
    agent = Agent()
    plugin.register(agent)
    with pytest.raises(SystemExit) as ended:
        agent.main("dist", *words)
    assert ran == [words]
    assert ended.value.code == 3


def test_a_routes_own_profile_is_taken_from_the_line_as_it_was_typed(
    ran: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ("gateway", "route", "add", "x", "--profile", "coder", "--platform", "discord")
    monkeypatch.setattr(sys, "orig_argv", ["python", "/bin/hermes", "-m", "dist", "dist", *typed])
    agent = Agent()
    plugin.register(agent)
    with pytest.raises(SystemExit):
        agent.main("dist", "gateway", "route", "add", "x", "--platform", "discord")
    assert ran == [typed]


def test_the_entry_point_names_it_and_importing_it_loads_nothing_of_ours() -> None:
    script = (
        "import importlib.metadata as m, sys\n"
        "(point,) = m.entry_points(group='hermes_agent.plugins', name='dist')\n"
        "assert callable(point.load().register)\n"
        "print(*sorted(n for n in sys.modules if n.startswith('hermes_dist')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["hermes_dist", "hermes_dist.plugin"]
