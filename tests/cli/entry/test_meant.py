"""What is written instead of an option: true of every command."""

from __future__ import annotations

import ast
import inspect
import re
import sys

import click
import pytest
from every_verb import every_verb

from hermes_dist.agents.names import COMMANDS
from hermes_dist.cli.entry.meant import AGENTS_MEANT, VERBS_MEANT, yes_meant
from hermes_dist.cli.entry.verbs import NESTED, VERBS

_ASKS = re.compile(r"\.confirm\(|screen\.read\(|\basker\(|_passphrase\(")
_ASKS_NOTHING = yes_meant("hermes-dist tree", "-y")


_ALL = every_verb()
_WITHOUT_YES = sorted(
    name for name, one in _ALL.items() if not any("--yes" in param.opts for param in one.params)
)


def _asks(one: click.Command) -> bool:
    """Whether a command asks something: it, or what it calls in its own module."""
    assert one.callback is not None
    made = inspect.unwrap(one.callback)
    parts = {
        part.name: part
        for part in ast.parse(inspect.getsource(sys.modules[made.__module__])).body
        if isinstance(part, ast.FunctionDef | ast.ClassDef)
    }
    todo, seen = [made.__name__], set[str]()
    while todo:
        name = todo.pop()
        if name in seen or name not in parts:
            continue
        seen.add(name)
        if _ASKS.search(ast.unparse(parts[name])):
            return True
        todo += [node.id for node in ast.walk(parts[name]) if isinstance(node, ast.Name)]
    return False


@pytest.mark.parametrize("name", _WITHOUT_YES)
def test_who_writes_yes_where_nothing_takes_it_is_told_what_answers(name: str) -> None:
    meant = yes_meant(f"hermes-dist {name}", "--yes")
    assert meant is not None
    assert (meant == _ASKS_NOTHING) != _asks(_ALL[name])
    options = {option for param in _ALL[name].params for option in param.opts}
    assert options.issuperset(re.findall(r"--[\w-]+", str(meant)))


def test_what_is_meant_by_a_word_is_a_command_and_the_word_is_none() -> None:
    for word, meant in VERBS_MEANT.items():
        assert word not in {*VERBS, *NESTED}
        for line in meant:
            verb, *rest = line.split()
            assert verb == "--version" or verb in {*VERBS, *NESTED}, line
            if verb in NESTED and rest:
                assert rest[0] in NESTED[verb].verbs, line
            options = (
                {option for param in _ALL[verb].params for option in param.opts}
                if verb in _ALL
                else set()
            )
            assert {each for each in rest if each.startswith("--")} <= options, line
    assert set(AGENTS_MEANT.values()) <= COMMANDS
    assert not set(AGENTS_MEANT) & COMMANDS
