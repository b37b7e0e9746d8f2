"""A line that was typed with a name that no profile has any more: the new name is in it, and nothing else changes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

import click
import pytest
from every_verb import every_verb

from hermes_dist.cli.entry.main import valued_options
from hermes_dist.cli.shared.retyped import spelled, with_name

_PROFILES = ("--profile", "-p", "--clone-from")
_SECRETS = ("--set", "--env")


def retyped(*words: str) -> str:
    verbs = every_verb()
    line = " ".join(word for word in words if word != "--json")
    [command] = [verb for name, verb in verbs.items() if f"{line} ".startswith(f"{name} ")]
    valued = valued_options(command)
    return with_name(words, "bot", "bot2", valued)


def _options() -> Iterator[tuple[str, str, bool]]:
    for verb, command in every_verb().items():
        for param in command.params:
            if isinstance(param, click.Option):
                yield from ((verb, name, not (param.is_flag or param.count)) for name in param.opts)


def _line(words: Sequence[str]) -> str:
    shown = [*words]
    for at, word in enumerate(words[:-1]):
        if word in _SECRETS:
            shown[at + 1] = "…"
    return " ".join(word if word == "…" else shlex.quote(word) for word in shown)


@pytest.mark.parametrize("behind", [True, False])
@pytest.mark.parametrize("value", ["a value", "bot"])
def test_every_option_of_every_command_stays(value: str, *, behind: bool) -> None:
    seen = set()
    for verb, option, valued in _options():
        typed = [option, value] if valued else [option]
        if option in _PROFILES and value == "bot":
            assert retyped(*verb.split(), *typed) == _line([*verb.split(), option, "bot2"])
            continue
        words = [*typed, "bot"] if behind else ["bot", *typed]
        named = [*typed, "bot2"] if behind else ["bot2", *typed]
        assert retyped(*verb.split(), *words) == _line([*verb.split(), *named]), (verb, option)
        seen.add(option)
    assert {"--abort", "--revoke", "--keep-files", "-n", "--theirs", "--remove", "--to"} <= seen


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("update bot --abort", "update bot2 --abort"),
        ("update -yn bot", "update -yn bot2"),
        ("--json status bot", "--json status bot2"),
        ("gateways stop bot", "gateways stop bot2"),
        ("create n --clone-from bot", "create n --clone-from bot2"),
        ("contribute bot --branch bot -o x", "contribute bot2 --branch bot -o x"),
        ("rename bot bot2", ""),
        ("approve bot bot --revoke", ""),
        ("update --profile=bot", ""),
        ("apply team.toml", ""),
        ("update bot --set=TOKEN=s3cret -y", "update bot2 --set=… -y"),
        ("update bot --env TOKEN=s3cret -y", "update bot2 --env … -y"),
        ("publish bot --to https://u:pw@host/x.git", ""),
        ("keep bot 'a b'", "keep bot2 'a b'"),
        ("keep bot '\x1b[2J'", ""),
        (f"keep bot {'a' * 300}", ""),
    ],
)
def test_a_line_is_the_same_with_the_new_name_or_not_given_back(typed: str, line: str) -> None:
    assert retyped(*shlex.split(typed)) == line


def test_no_secret_is_spelled() -> None:
    assert spelled(["x", "--set", "KEY=s3cret", "--env=B=s3cret"]) == "x --set … --env=…"
