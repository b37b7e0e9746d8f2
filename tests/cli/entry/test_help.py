"""Help: every verb has examples that parse, arguments with descriptions, and a page that fits the terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest
from every_verb import loaded

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry import help_rows
from hermes_dist.cli.entry.examples import EXAMPLES
from hermes_dist.cli.entry.start import start
from hermes_dist.cli.entry.verbs import NESTED, VERBS, Nested, Verb
from hermes_dist.cli.shared.layout import cells

Capture = pytest.CaptureFixture[str]


def _verbs(table: dict[str, Verb] | dict[str, Verb | Nested], above: str = "") -> Iterator[str]:
    for name, found in table.items():
        if isinstance(found, Nested):
            yield from _verbs(found.verbs, f"{above}{name} ")
        else:
            yield above + name


ALL = [*_verbs(VERBS), *_verbs({**NESTED})]


def command(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that some words call, and its arguments."""
    found = loaded(words[0])
    rest = words[1:]
    while isinstance(found, click.Group):
        found, rest = found.commands[rest[0]], rest[1:]
    return found, rest


def line(*words: str) -> int:
    return start(HERMES, list(words), prog="hermes-dist", profile=None)


def test_each_verb_has_two_or_three_examples_and_no_other_has_any() -> None:
    assert set(EXAMPLES) == set(ALL)
    for name, shown in EXAMPLES.items():
        assert len(shown) in {2, 3}, name


@pytest.mark.parametrize("name", ALL)
def test_each_example_is_a_line_of_its_verb(name: str) -> None:
    for each in EXAMPLES[name]:
        words = shlex.split(each.words)
        group, _, verb = name.partition(" ")
        shown = name
        if verb and NESTED[group].default == verb:
            shown = group  # the verb that is meant if none is named
        assert each.words.startswith(shown) or not words, each
        if words:
            if shown != name:
                words.insert(1, verb)
            found, rest = command(words)
            found.make_context(words[0], rest)
        assert each.says.endswith("."), each


@pytest.mark.parametrize("name", ALL)
def test_each_argument_and_option_is_described(name: str) -> None:
    found, _ = command(name.split())
    for param in found.params:
        assert getattr(param, "help", ""), f"{name}: {param.name}"


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("words", [["update"], ["gateway", "route"], ["trust", "add"], []])
def test_a_page_fits_its_terminal(
    words: list[str], columns: int, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert line(*words, "--help") == 0
    shown = capsys.readouterr().out.splitlines()
    examples = shown.index("Examples:") if "Examples:" in shown else len(shown)
    assert max(map(len, shown[:examples])) <= min(columns, help_rows.WIDEST)


def test_wide_characters_count_two_in_help_too() -> None:
    for columns in (40, 60):
        for shown in help_rows.laid_out([("--to REF", "版本" * 30)], columns):
            assert cells(shown) <= columns


def test_options_stand_in_groups_and_the_shared_ones_last(capsys: Capture) -> None:
    assert line("update", "-h") == 0
    shown = capsys.readouterr().out
    titles = [each.rstrip(":") for each in shown.splitlines() if each.endswith(":")]
    assert titles == [
        "Arguments",
        "Options",
        "Taking a version",
        "Answers",
        "Output",
        "Every command",
        "Exit codes, besides 0, 1, 2 and 130",
        "Examples",
    ]
    assert shown.index("--all ") < shown.index("--locked") < shown.index("--yes")
    for verb in ("publish", "contribute", "export"):
        assert line(verb, "-h") == 0
        shown = capsys.readouterr().out
        assert "Taking a version" not in shown, "--to is where it sends to, --only what it sends"


@pytest.mark.parametrize(
    "words",
    [
        ["help", "diff"],
        ["diff", "-h"],
        ["diff", "--help"],
        ["-q", "diff", "-h"],
        ["--help", "diff"],
        ["-h", "-q", "diff"],
        ["-p", "bot", "--help", "diff", "-h"],
    ],
    ids=" ".join,
)
def test_the_help_of_a_verb_is_there_by_every_name(words: list[str], capsys: Capture) -> None:
    assert line(*words) == 0
    assert capsys.readouterr().out.startswith("Usage: hermes-dist diff ")


@pytest.mark.parametrize(
    "words",
    [
        ["help"],
        ["-h"],
        ["--help"],
        ["-q", "--help"],
        ["--help", "-q", "-h"],
        ["-h", "-p", "bot"],
        ["help", "help"],
        ["--help", "help"],
    ],
    ids=" ".join,
)
def test_help_alone_lists_the_verbs(words: list[str], capsys: Capture) -> None:
    assert line(*words) == 0
    assert capsys.readouterr().out.startswith("Usage: hermes-dist VERB ")


def test_help_of_no_verb_is_an_error_that_names_what_is_near(capsys: Capture) -> None:
    for way in ("help", "--help"):
        assert line(way, "upate") == 2
        assert "did you mean update" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["--version"], ["list", "--version"], ["gateway", "route", "--version"], ["-q", "--version"]],
)
def test_every_command_says_the_version(words: list[str], capsys: Capture) -> None:
    assert line(*words) == 0
    assert capsys.readouterr().out.startswith("hermes-dist ")


def test_a_verb_with_a_version_of_its_own_keeps_it() -> None:
    assert [p.name for p in command(["publish"])[0].params if "--version" in p.opts] == ["version"]
