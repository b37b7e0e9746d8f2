"""The mutants of a file: each is one small change of its syntax tree, at one place."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

_OTHER_COMPARISON: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OTHER_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """One change.

    Attributes:
        file: The file, relative to the repository.
        scope: The function or method, or the name of a module's constant.
        line: Where it is.
        was: The code before.
        now: The code after.
        operator: What kind of change it is.
        number: Which change of the file it is.
        twin: Which of those that read the same in their scope it is, from 1.
    """

    file: str
    scope: str
    line: int
    was: str
    now: str
    operator: str
    number: int
    twin: int

    @property
    def key(self) -> str:
        """What it is known by in results; it survives changes elsewhere in the file."""
        twin = f" ({self.twin})" if self.twin > 1 else ""
        return f"{self.file}:{self.scope}: {self.operator}: {self.was} → {self.now}{twin}"


def mutants_of(root: Path, file: str) -> Iterator[Mutant]:
    """Every mutant of a file, in the order of its lines."""
    twins: Counter[tuple[str, str, str, str]] = Counter()
    for number, (scope, place, operator, change) in enumerate(_all(_parsed(root, file))):
        was = _short(ast.unparse(place))
        now = _short(ast.unparse(ast.fix_missing_locations(change(copy.deepcopy(place)))))
        same = scope, operator, was, now
        twins[same] += 1
        line = getattr(place, "lineno", 0)
        yield Mutant(file, scope, line, was, now, operator, number, twins[same])


def source_of(root: Path, mutant: Mutant) -> ast.Module:
    """The mutated file, with the lines of the file as it is."""
    tree = _parsed(root, mutant.file)
    _, place, _, change = next(islice(_all(tree), mutant.number, None))

    class Apply(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if node is not place:
                return self.generic_visit(node)
            return ast.copy_location(change(node), node)

    mutated: ast.Module = Apply().visit(tree)
    return ast.fix_missing_locations(mutated)


def _parsed(root: Path, file: str) -> ast.Module:
    return ast.parse((root / file).read_text("utf-8"))


def _all(tree: ast.Module) -> Iterator[tuple[str, ast.AST, str, Change]]:
    for scope, node in _scopes(tree):
        for place in _mutable(node):
            for operator, change in _changes(place):
                yield scope, place, operator, change


def _scopes(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Functions, methods, and constants of the module, each with its name."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    yield f"{node.name}.{inner.name}", inner
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            # What a module exports is said to linters alone.
            if isinstance(target, ast.Name) and target.id != "__all__":
                yield target.id, node


def _mutable(scope: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a scope that may change; not its signature, its decorators and what stands for types."""
    if isinstance(scope, ast.FunctionDef):
        for statement in scope.body:
            yield from _below(statement)
    elif isinstance(scope, ast.Assign | ast.AnnAssign) and scope.value is not None:
        yield from _below(scope.value)


def _below(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list"} or isinstance(node, ast.JoinedStr):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _below(child)


Change = Callable[[ast.AST], ast.AST]


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _OTHER_COMPARISON:
            yield "comparison", lambda n: _with(n, ops=[_OTHER_COMPARISON[type(op)]()])
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield "and/or", lambda n: _with(n, op=other)
            for index in range(len(node.values)):
                yield "condition left out", lambda n, index=index: _without(n, index)  # type: ignore[misc]
        case ast.UnaryOp(op=ast.Not()):
            yield "not left out", lambda n: n.operand  # type: ignore[attr-defined]
        case ast.If() | ast.While() | ast.IfExp():
            yield "condition negated", lambda n: _with(n, test=ast.UnaryOp(ast.Not(), n.test))  # type: ignore[attr-defined]
        case ast.BinOp() if type(node.op) in _OTHER_ARITHMETIC:
            yield "arithmetic", lambda n: _with(n, op=_OTHER_ARITHMETIC[type(n.op)]())  # type: ignore[attr-defined]
        case ast.Constant(value=bool()):
            yield "boolean", lambda n: _with(n, value=not n.value)  # type: ignore[attr-defined]
        case ast.Constant(value=int()):
            yield "number", lambda n: _with(n, value=n.value + 1)  # type: ignore[attr-defined]
        case ast.Constant(value=str() | bytes()) if node.value and not _is_sentence(node.value):
            yield "text", lambda n: _with(n, value=type(n.value)())  # type: ignore[attr-defined]
        case ast.Return(value=ast.expr()) if not _is_none(node.value):
            yield "return nothing", lambda n: _with(n, value=ast.Constant(None))
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise() | ast.Delete():
            yield "statement left out", lambda _: ast.Pass()
        case ast.Expr(value=ast.Yield() | ast.YieldFrom()):
            yield "yield left out", lambda n: ast.If(ast.Constant(False), [n], [])  # type: ignore[list-item]
        case ast.Continue():
            yield "break for continue", lambda _: ast.Break()
        case ast.Break():
            yield "continue for break", lambda _: ast.Continue()


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_sentence(value: object) -> bool:
    return (" " if isinstance(value, str) else b" ") in value  # type: ignore[operator]


def _with(node: ast.AST, **fields: object) -> ast.AST:
    for name, value in fields.items():
        setattr(node, name, value)
    return node


def _without(node: ast.AST, index: int) -> ast.AST:
    assert isinstance(node, ast.BoolOp)
    left = node.values[:index] + node.values[index + 1 :]
    return left[0] if len(left) == 1 else _with(node, values=left)


def _short(code: str) -> str:
    head, _, rest = code.partition("\n")
    return f"{head} …" if rest else head
