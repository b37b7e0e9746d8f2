"""No string of a package, a home or a server reaches the terminal raw, whatever the command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from every_command import COMMANDS, ONE_OBJECT, Evil, assert_nothing_raw

from hermes_dist.cli.entry.verbs import NESTED, VERBS, Nested


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Evil:
    with pytest.MonkeyPatch.context() as patch:
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "Mallory")
            patch.setenv(f"GIT_{who}_EMAIL", "mallory@example.org")
        return Evil(tmp_path_factory.mktemp("evil"))


def _words(name: str, group: Nested) -> Iterator[str]:
    for word, verb in group.verbs.items():
        yield from (
            _words(f"{name} {word}", verb) if isinstance(verb, Nested) else [f"{name} {word}"]
        )


def test_every_command_is_tried() -> None:
    tried = {name.partition(" (")[0] for name in COMMANDS}
    nested = {word for name, group in NESTED.items() for word in _words(name, group)}
    assert (set(VERBS) | nested) - tried == set(), "tests/every_command.py lacks a line for them"


# What the others say with --json, `test_json.py` looks at.
@pytest.mark.parametrize(
    ("name", "form"),
    [
        *((name, "text") for name in COMMANDS),
        *((n, "json") for n in COMMANDS if n not in ONE_OBJECT),
    ],
)
def test_nothing_raw_comes_out(evil: Evil, name: str, form: str, tmp_path: Path) -> None:
    home = evil.fresh(tmp_path / "home")
    done = evil.run(home, *evil.words(name, home), *(["--json"] if form == "json" else []))
    assert_nothing_raw(name, done)


def test_the_strings_are_shown_all_the_same(evil: Evil, tmp_path: Path) -> None:
    home = evil.fresh(tmp_path / "home")
    for words in (("info", "evil"), ("diff", "evil"), ("list",)):
        assert r"\u{1b}[31mred" in evil.run(home, *words).stdout.decode(), words
