"""Every variable that the installed agent reads has its class: a release that reads a new one is met by a red test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from hermes_dist.decide.environment.names import EnvClass, class_of

NAME = re.compile(r"[A-Z][A-Z0-9_]{2,}")
QUOTED, ASKS = re.compile(rb"[\"'][A-Z][A-Z0-9_]{2,}[\"']"), re.compile(rb"(?i)env|secret")
"""What a file that reads variables holds for sure; others need not be parsed."""
READS = re.compile(r"(?i)(?!secrets\.).*(?:getenv|environ|env_|_env|secret).*")
"""Functions that are handed a variable's name: the standard ones, and the agent's own around them."""


def test_every_variable_that_the_agent_reads_has_its_class(agent_venv: Path) -> None:
    names = set(_names(next(agent_venv.glob("lib/python3*/site-packages"))))
    assert len(names) > 600
    assert sorted(name for name in names if class_of(name) is EnvClass.UNKNOWN) == []


def _names(site: Path) -> Iterator[str]:
    record = next(site.glob("hermes_agent*.dist-info/RECORD")).read_text("utf-8")
    for line in record.splitlines():
        path = site / line.split(",")[0]
        if path.suffix == ".py" and ".." not in path.parts and path.is_file():
            source = path.read_bytes()
            if QUOTED.search(source) and ASKS.search(source):
                yield from _read_in(ast.parse(source))


def _read_in(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        # Few places hold such a name; to spell out what is called at all others takes a minute.
        if isinstance(node, ast.Call) and node.args and (named := [*_name(node.args[0])]):
            yield from named if READS.fullmatch(ast.unparse(node.func)) else ()
        elif isinstance(node, ast.Subscript) and (named := [*_name(node.slice)]):
            yield from named if "env" in ast.unparse(node.value).lower() else ()


def _name(node: ast.expr) -> Iterator[str]:
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and NAME.fullmatch(node.value)
    ):
        yield node.value
