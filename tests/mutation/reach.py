"""Which tests can see a mutant: those that reach its line, or what was made with it when its module was loaded."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from itertools import accumulate
from pathlib import Path

from coverage import CoverageData
from operators import Mutant

ROOT = Path(__file__).parent.parent.parent
PACKAGE = "hermes_dist"

_DEFINED = (ast.FunctionDef, ast.ClassDef)
Name = tuple[str, str]
"""A name of a module: its file, and the name."""


class Reach:
    """The tests that reach a line: those that mirror its module, those of its folder, the others; each quickest first.

    Args:
        data: What coverage measured, with contexts.
        times: How long each test takes.
        enough: No more tests for one mutant than those that take as many seconds.
    """

    def __init__(self, data: Path, times: Path, enough: float) -> None:
        self.times: Mapping[str, float] = json.loads(times.read_text())
        self._enough = enough
        self._data = CoverageData(str(data))
        self._data.read()
        self._lines: dict[str, dict[int, list[str]]] = {}

    def tests(self, mutant: Mutant) -> list[str]:
        """The tests that reach a mutant, in the order in which to run them."""
        file = Path(mutant.file.replace(PACKAGE, "tests", 1))
        nearest = (f"{file.parent}/test_{file.stem}", f"{file.parent}/test_")
        found = {
            context.partition("|")[0] for at in self._reached(mutant) for context in self._at(*at)
        }
        ordered = sorted(
            found & set(self.times),
            key=lambda name: (*(not name.startswith(near) for near in nearest), self.times[name]),
        )
        spent = accumulate(self.times[name] for name in ordered)
        return [name for name, sofar in zip(ordered, spent, strict=True) if sofar < self._enough]

    def made(self, mutant: Mutant) -> list[Name]:
        """The constants that were made with a mutant, each after those that it is made of."""
        order = {
            (file, name): (number, line)
            for number, file in enumerate(_order())
            for line, (name, _) in enumerate(_assigned(file))
        }
        return sorted(self._tainted(mutant) & set(order), key=lambda name: order[name])

    def _tainted(self, mutant: Mutant) -> set[Name]:
        """The names, in every module, of what was made with a mutant while the modules were loaded."""
        if not is_constant(mutant) and "" not in self._at(mutant.file, mutant.line):
            return set()
        found: set[Name] = set()
        todo = [(mutant.file, mutant.scope.partition(".")[0])]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += self._made_with(name)
        return found

    def _made_with(self, name: Name) -> Iterator[Name]:
        """What is made directly with a name: constants, functions that ran while modules were loaded, imported names."""
        file, own = name
        yield from _importers(name)
        for bound, value in _assigned(file):
            if bound != own and any(_names(value, own)):
                yield file, bound
        for node in _parsed(file).body:
            if isinstance(node, ast.FunctionDef) and any(
                "" in self._at(file, line) for line in _names(node, own)
            ):
                yield file, node.name

    def _reached(self, mutant: Mutant) -> Iterator[Name | tuple[str, int]]:
        if not is_constant(mutant):
            yield mutant.file, mutant.line
        for file, name in self._tainted(mutant):
            nodes = [node for node in _parsed(file).body if isinstance(node, _DEFINED)]
            if all(node.name != name for node in nodes):
                yield from ((file, line) for node in nodes for line in _names(node, name))

    def _at(self, file: str, line: int) -> Iterable[str]:
        """The contexts of a line; those of its statement, where a line has no code of its own."""
        if file not in self._lines:
            self._lines[file] = self._data.contexts_by_lineno(str(ROOT / file))
        known = self._lines[file]
        return known.get(line) or [
            context for other in _statement(file, line) for context in known.get(other, ())
        ]


def is_constant(mutant: Mutant) -> bool:
    """Whether a mutant is in a constant of its module."""
    return any(name == mutant.scope for name, _ in _assigned(mutant.file))


@cache
def _parsed(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text("utf-8"))


def assigned(tree: ast.Module) -> list[tuple[str, ast.expr]]:
    """The constants of a module and their expressions, in the order of their lines."""
    found: list[tuple[str, ast.expr]] = []
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.append((name, value))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found.append((name, value))
    return found


@cache
def _assigned(file: str) -> list[tuple[str, ast.expr]]:
    return assigned(_parsed(file))


def value_of(name: Name) -> ast.expr:
    """The expression that makes a constant."""
    return next(value for bound, value in _assigned(name[0]) if bound == name[1])


def _names(node: ast.AST, name: str) -> Iterator[int]:
    """The lines of a node that name something of the module."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id == name:
            yield inner.lineno


def _statement(file: str, line: int) -> range:
    """The lines of the innermost statement around a line; of its head, if it has a body."""
    found = range(line, line + 1)
    for node in ast.walk(_parsed(file)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or line):
            body = getattr(node, "body", None)
            found = range(node.lineno, body[0].lineno if body else (node.end_lineno or line) + 1)
    return found


@cache
def _order() -> tuple[str, ...]:
    """The files of the package, each after those that it imports."""
    every = [str(path.relative_to(ROOT)) for path in sorted((ROOT / PACKAGE).rglob("*.py"))]
    graph = {file: {module for module, _, _ in _imports(file)} & set(every) for file in every}
    return tuple(TopologicalSorter(graph).static_order())


@cache
def _importers(name: Name) -> list[Name]:
    """The same name where other modules import it."""
    return [
        (other, here)
        for other in _order()
        for module, there, here in _imports(other)
        if (module, there) == name
    ]


@cache
def _imports(file: str) -> list[tuple[str, str, str]]:
    """What a module imports from others of the package: the file, its name there, and here."""
    return [
        (f"{node.module.replace('.', '/')}.py", alias.name, alias.asname or alias.name)
        for node in _parsed(file).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE)
        if node.module
        for alias in node.names
    ]
