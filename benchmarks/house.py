"""Figures of the code as a house: how large its rooms are, how dense its lines, and how far a command walks.

``python benchmarks/house.py`` prints one table; run it on two checkouts to compare them. A trace runs the command in
this process and counts the calls between functions of the package, so it does not depend on the machine's speed.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import sys
import tempfile
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "hermes_dist"
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]


class Walk(NamedTuple):
    """What one command walked through.

    Attributes:
        files: Files of the package that were entered.
        calls: Calls from one file into another.
        hops: Frames of different functions between the command line and ``reconcile``; 0 when it is not reached.
    """

    files: int
    calls: int
    hops: int


def python_files() -> list[Path]:
    """The files of the package."""
    return [path for path in sorted(PACKAGE.rglob("*.py")) if "_data" not in path.parts]


def largest_folder(files: list[Path]) -> tuple[str, int]:
    """The folder of code with the most files."""
    counts = Counter(path.parent for path in files if path.name != "__init__.py")
    folder, count = counts.most_common(1)[0]
    return str(folder.relative_to(ROOT)), count


def with_one_importer(files: list[Path]) -> int:
    """How many modules are imported by one other module alone."""
    importers: dict[str, set[str]] = {}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hermes_dist"):
                for name in (
                    node.module or "",
                    *(f"{node.module}.{alias.name}" for alias in node.names),
                ):
                    importers.setdefault(name, set()).add(str(path))
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): str(path) for path in files}
    return sum(len(importers.get(name, set()) - {path}) == 1 for name, path in names.items())


def ternaries(files: list[Path]) -> float:
    """Conditional expressions for each 1,000 lines."""
    trees = [ast.parse(path.read_text("utf-8")) for path in files]
    found = sum(isinstance(node, ast.IfExp) for tree in trees for node in ast.walk(tree))
    return 1000 * found / sum(len(path.read_text("utf-8").splitlines()) for path in files)


def comment_lines(files: list[Path]) -> int:
    """Lines that hold nothing but a comment which is no instruction to a tool."""
    return sum(1 for path in files for _ in _comments(path))


def _comments(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            alone = token.line.strip().startswith("#")
            if (
                token.type == tokenize.COMMENT
                and alone
                and not token.string.startswith(("# fmt", "# type", "# noqa", "#!"))
            ):
                yield token.string


def complex_functions() -> int | None:
    """Functions of a complexity over 10, as radon counts; None where it is not installed."""
    try:
        from radon.complexity import cc_visit  # noqa: PLC0415 - only here
    except ImportError:
        return None
    return sum(
        block.complexity > 10
        for path in python_files()
        for block in cc_visit(path.read_text("utf-8"))
        if type(block).__name__ == "Function"
    )


def walk(*words: str) -> Walk:
    """Run a command in this process and follow it."""
    import tomllib  # noqa: PLC0415 - only here
    from importlib import import_module  # noqa: PLC0415 - the entry moved once

    entry = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"][
        "hermes-dist"
    ]
    module, _, function = entry.partition(":")
    # What is installed ends the process with the command; what it starts can be called again.
    start = getattr(import_module(module.replace(".process", ".start")), function)
    seen: set[str] = set()
    calls = 0
    hops = 0

    def follow(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls, hops
        here = frame.f_code.co_filename
        if (
            event != "call"
            or not here.startswith(str(PACKAGE))
            or frame.f_code.co_name.startswith("<")
        ):
            return
        seen.add(here)
        caller = _caller(frame)
        if caller and caller != here:
            calls += 1
        if not hops and frame.f_code.co_name == "reconcile":
            hops = _depth(frame)

    sys.argv = ["hermes-dist", *words]
    sys.setprofile(follow)
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()) as said,
        ):
            try:
                code = start()
            except SystemExit as end:
                code = end.code
    finally:
        sys.setprofile(None)
    if code:
        raise RuntimeError(f"{' '.join(words)} ended with {code}: {said.getvalue()}")
    return Walk(len(seen), calls, hops)


def _caller(frame: FrameType) -> str:
    """The file of the package that called a frame, with nothing of others' between; empty for none."""
    back = frame.f_back
    while (
        back is not None
        and back.f_code.co_name.startswith("<")
        and back.f_code.co_filename.startswith(str(PACKAGE))
    ):
        back = back.f_back
    return (
        back.f_code.co_filename
        if back is not None and back.f_code.co_filename.startswith(str(PACKAGE))
        else ""
    )


def _depth(frame: FrameType) -> int:
    """How many changes of file lie between the entry and a frame."""
    files: list[str] = []
    back: FrameType | None = frame
    while back is not None:
        name = back.f_code.co_filename
        if name.startswith(str(PACKAGE)) and (not files or files[-1] != name):
            files.append(name)
        back = back.f_back
    return len(files) - 1


def traces() -> Iterator[tuple[str, Walk]]:
    """Install, update and publish one small package in a throw-away home."""
    from gitrepo import Repo  # noqa: PLC0415 - a helper of the tests

    kept = dict(os.environ)
    with tempfile.TemporaryDirectory() as name:
        tmp = Path(name)
        os.environ.update(HOME=name, HERMES_HOME=str(tmp / ".hermes"), GIT_CONFIG_GLOBAL=os.devnull)
        for who in ("AUTHOR", "COMMITTER"):
            os.environ.update({f"GIT_{who}_NAME": "Ada", f"GIT_{who}_EMAIL": "ada@example.org"})
        repo = Repo(tmp / "source", bare=True)
        files = {
            "distribution.yaml": "name: bot\nversion: 1.0.0\n",
            "SOUL.md": "# Bot\n",
            "config.yaml": "agent:\n  max_turns: 60\n",
        }
        repo.commit(files)
        yield "install", walk("install", f"file://{repo.path}", "--name", "bot", "-y", "--no-input")
        home = tmp / ".hermes" / "profiles" / "bot"
        (home / "SOUL.md").write_text("# Bot\nMine.\n")
        repo.commit({**files, "config.yaml": "agent:\n  max_turns: 80\n"})
        yield "update", walk("update", "bot", "-y", "--no-input")
        yield "publish", walk("publish", "bot", "-y", "--no-input")
    os.environ.clear()
    os.environ.update(kept)


def main() -> None:
    """Print all figures."""
    files = python_files()
    folder, count = largest_folder(files)
    complexity = complex_functions()
    print(f"files                          {len(files)}")
    print(f"largest folder of code         {count} ({folder})")
    print(f"modules with one importer      {with_one_importer(files)}")
    print(
        f"functions of complexity > 10   {'radon is not installed' if complexity is None else complexity}"
    )
    print(f"ternaries per 1,000 lines      {ternaries(files):.1f}")
    print(f"comment lines                  {comment_lines(files)}")
    for name, found in traces():
        print(
            f"{name:<10} {found.files} files, {found.calls} calls between files, {found.hops} hops to reconcile"
        )


if __name__ == "__main__":
    main()
