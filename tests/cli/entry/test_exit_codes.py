"""The table of exit codes names every command, and agrees with the options and with the page."""

from __future__ import annotations

import re
from pathlib import Path

import exits
import pytest
from every_verb import every_verb

from hermes_dist.cli.entry.exit_codes import EVERYWHERE, EXIT_CODES, SAYS, rows_of
from hermes_dist.errors import ExitCode

PAGE = (Path(__file__).parents[3] / "docs" / "exit-codes.md").read_text("utf-8")


ALL = {
    name: {option for param in found.params for option in param.opts}
    for name, found in every_verb().items()
}
"""The options of each command."""


def test_every_code_has_words_and_the_page_explains_it() -> None:
    assert {*SAYS, *EVERYWHERE} == set(ExitCode)
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == set(ExitCode)


@pytest.mark.parametrize("name", EXIT_CODES)
def test_codes_follow_from_the_options(name: str) -> None:
    codes, options = EXIT_CODES[name], ALL[name]
    assert list(codes) == sorted(set(codes))
    assert not set(codes) & set(EVERYWHERE)
    assert (ExitCode.CHANGES in codes) == ("--exit-code" in options or name == "outdated")
    assert (ExitCode.LOCK_STALE in codes) == ("--locked" in options)
    if "--restart" in options:
        assert ExitCode.NO_AGENT in codes
    if "--yes" in options and name != "archive":  # which takes it, but never asks
        assert ExitCode.INPUT_NEEDED in codes


def test_only_outdated_speaks_of_changes_without_an_option() -> None:
    assert dict(rows_of("outdated"))["10"] == "there is something new"
    assert "--exit-code" in dict(rows_of("status"))["10"]
    assert rows_of("gateways") == []


@pytest.mark.parametrize(
    ("line", "verb"),
    [
        ("update bot -y", "update"),
        ("-p bot status", "status"),
        ("--color never profile list", "list"),
        ("gateway route add bot", "gateway route add"),
        ("backup restore x", "backup restore"),
        ("backup bot", "backup make"),
        ("--version", ""),
        ("nosuch", ""),
    ],
)
def test_a_command_line_is_known_by_its_verb(line: str, verb: str) -> None:
    assert exits.verb_of(line.split()) == verb


def test_a_code_that_the_table_lacks_is_seen() -> None:
    exits.check(["update", "bot"], ExitCode.CONFLICTS)
    exits.check(["list"], -9)
    with pytest.raises(AssertionError, match="does not know that"):
        exits.check(["list"], ExitCode.CONFLICTS)
