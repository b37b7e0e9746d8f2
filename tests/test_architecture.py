"""The architecture as tests: who may import whom, what lives in one room alone, and how large things are.

``docs/ARCHITECTURE.md`` gives the reasons. Each test names the offender.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from radon.complexity import cc_visit

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "hermes_dist"

ROOMS = {
    "__init__": "api",  # only to name what it loads when it is asked for
    "errors": "",
    "lazily": "",  # patterns for every room
    "light": "",  # and named tuples
    "installer": "",  # words for every room that says how to install something
    "agents": "errors",
    "brand": "errors agents model",  # Layout speaks of ProfileName
    "model": "errors agents",
    "merge": "errors agents model",
    "decide": "errors agents brand model merge",
    "world": "errors agents brand model",
    "ops": "errors agents brand model decide world",
    "voice": "errors agents brand model decide ops",  # speaks of the values of all of them
    "cli": "errors agents brand model ops voice page",  # page: only the verbs that show it
    "page": "errors brand model ops voice",
    "api": "errors brand model ops voice",
    "plugin": "cli chat_plugin",  # the agent's way in
    "chat_plugin": "",  # it also stands alone, as a plugin folder in the agent
    "__main__": "cli",  # the front door's way in
}
"""A room may import itself and the rooms named after it."""

ONLY_IN = {
    "yaml": ("model.documents",),
    "tomli": ("model.lock", "model.trust", "model.registry", "decide.team.file"),
    "tomli_w": ("model.lock", "model.trust", "model.registry", "decide.team.file"),
    "sqlite3": ("world.registry", "world.archive.backup", "world.databases", "world.disk.copy"),
    "jsonschema": ("world.load", "world.schemas"),
    "referencing": ("world.schemas",),
    "dulwich": ("world.git",),
    "cryptography": ("world.keys",),
    "pyrage": ("world.keys.machine",),
    "packaging": ("decide.versions",),
    "cronsim": ("decide.placement.timing",),
    "pathspec": ("world.sources",),
    "psutil": ("world.agent.table",),
    "fcntl": ("world.disk", "world.child"),
    "tarfile": ("world.archive",),
    "tuf": ("world.registry.tuf", "world.registry.tuf_library"),
    "zlib": ("world.archive", "world.disk.store", "world.git", "decide.secrets.members"),
    "gzip": ("world.archive",),
    "subprocess": ("world.agent", "world.git", "world.child"),
    "socket": ("page.server", "world.peers", "world.git.direct"),
    "ssl": ("world.git.direct",),
    "http.client": ("world.git.direct",),
    "urllib.request": (),
    "typer": ("cli.",),
    "click": ("cli.",),
    "rich": ("cli.",),
    "logging": (),
    "random": (),
    "pickle": (),
    "asyncio": ("page.server", "chat_plugin"),
    "starlette": ("page.server",),
    "uvicorn": ("page.server",),
}
"""One room for each dependency: modules whose dotted name begins so may import it."""

PURE = ("agents", "model", "merge", "decide", "voice")
IMPURE = {
    "os",
    "time",
    "random",
    "logging",
    "subprocess",
    "pathlib",
    "shutil",
    "tempfile",
    "socket",
    "datetime",
    "glob",
    "io",
    "sys",
    "secrets",
    "uuid",
    "getpass",
    "platform",
    "threading",
}
"""What no pure room imports: disk, clock, chance, processes."""

ENVIRONMENT = {
    "cli.shared.pager": "$LESS says how the user wants the pager",
    "ops.context": "the context of a verb",
    "ops.front_door.environment": "the thin way to the agent, which must not load a context",
    "chat_plugin": "it stands alone in the agent's process, and passes a few variables on",
    "cli.shared.terminal": "NO_COLOR, TERM and COLUMNS are matters of the screen alone",
}
"""Who reads ``os.environ``, and why."""

PIPES = {
    "world.git.dulwich_program": "a program of its own: its standard input and output are the pipes to its parent",
    "world.archive.foreign": "a program of its own, likewise: it reads archives that nobody trusts",
}

AGENTS = "agents"
COMMON_WORDS = {"updated_at", "whatsapp_cloud", ".env", ".config", ".netrc"}
"""Words of the agent that mean other things, too: a time in our own data, a channel, names of every program."""

BRAND_WORDS = (".hermes", "HERMES_HOME", "aigenlabs")
BRAND = "brand"

HELP_ELSEWHERE = ("command",)
"""Decorators of the cli's verbs, whose help stands in one table."""

HEAVY = (
    "yaml",
    "jsonschema",
    "dulwich",
    "cryptography",
    "packaging",
    "rich",
    "git",
    "pathspec",
    "psutil",
    "tomli_w",
    "asyncio",
    "starlette",
    "uvicorn",
    "hermes_dist.page",
    "importlib.metadata",
    "hermes_dist.voice.notes",
)


RUNS_A_PROGRAM = re.compile(r"^(?:import|from) (?:subprocess|gitrepo|forked|story)\b", re.MULTILINE)
"""An import of a test that starts git or our own command, and so is too slow for `make check`."""


@dataclass(frozen=True)
class Module:
    """One file of the package."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Whatever is in the tree; to walk through it takes longer than any of the tests."""
        return [*ast.walk(self.tree)]

    @property
    def room(self) -> str:
        return self.name.split(".")[0]

    @cached_property
    def docstrings(self) -> set[int]:
        """Which constants are docstrings, or other texts that do nothing, by their ids."""
        return {id(node) for node in _docstrings(self.nodes)}

    def imports(self) -> Iterator[tuple[str, int]]:
        """Dotted names imported anywhere: also in functions, and for types alone."""
        for node in self.nodes:
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)


def _modules() -> list[Module]:
    files = [path for path in sorted(PACKAGE.rglob("*.py")) if "_data" not in path.parts]
    return [
        Module(".".join(path.relative_to(PACKAGE).with_suffix("").parts), path) for path in files
    ]


MODULES = _modules()
NAMES = {module.name for module in MODULES}

Check = Callable[[Module], None]


def each_of(modules: Iterable[Module]) -> Callable[[Check], Callable[[], None]]:
    """One test that looks at each of these modules, and names all that fail; a test for each would be thousands."""

    def decorate(check: Check) -> Callable[[], None]:
        def test() -> None:
            wrong = {}
            for module in modules:
                try:
                    check(module)
                except AssertionError as error:
                    wrong[module.name] = str(error).partition("\n")[0]
            assert wrong == {}

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return decorate


each_module = each_of(MODULES)


def _target(dotted: str) -> str | None:
    """The module of ours that an import names; None for others'."""
    parts = dotted.split(".")
    if parts[0] != "hermes_dist":
        return None
    inside = parts[1:]
    while inside:
        for name in (".".join(inside), ".".join([*inside, "__init__"])):
            if name in NAMES:
                return name
        inside = inside[:-1]
    return "__init__"


def _begins(name: str, starts: tuple[str, ...]) -> bool:
    return any(name == start.rstrip(".") or name.startswith(start) for start in starts)


def _offenders(module: Module, bad: Callable[[ast.AST], bool]) -> list[str]:
    return [
        f"{module.path.name}:{getattr(node, 'lineno', 0)}" for node in module.nodes if bad(node)
    ]


def test_there_are_modules_in_every_room() -> None:
    assert {module.room for module in MODULES} == set(ROOMS)


@each_module
def test_rooms_import_only_the_rooms_below_them(module: Module) -> None:
    allowed = {module.room, "installer", "lazily", "light", *ROOMS[module.room].split()}
    wrong = [
        f"line {line}: {dotted}"
        for dotted, line in module.imports()
        if (target := _target(dotted)) is not None
        and target.split(".")[0] not in allowed
        and dotted != "hermes_dist.__version__"
    ]
    assert wrong == [], f"{module.name} may import {sorted(allowed)} alone"


@each_module
def test_every_dependency_lives_in_one_room(module: Module) -> None:
    wrong = [
        f"line {line}: {dotted}"
        for dotted, line in module.imports()
        for dependency, rooms in ONLY_IN.items()
        if (dotted == dependency or dotted.startswith(f"{dependency}."))
        and not _begins(module.name, rooms)
    ]
    assert wrong == []


@each_of([m for m in MODULES if m.room in PURE])
def test_pure_rooms_know_no_disk_clock_chance_or_process(module: Module) -> None:
    wrong = [
        f"line {line}: {dotted}"
        for dotted, line in module.imports()
        if dotted.split(".")[0] in IMPURE
    ]
    # dates are values in YAML; only the clock is forbidden
    assert [
        w
        for w in wrong
        if not (w.split(": ")[1].startswith("datetime") and not _asks_the_clock(module))
    ] == []


def _asks_the_clock(module: Module) -> bool:
    return bool(
        _offenders(
            module, lambda n: isinstance(n, ast.Attribute) and n.attr in {"now", "today", "utcnow"}
        )
    )


def test_the_tests_of_pure_rooms_run_no_program_but_where_git_is_the_oracle() -> None:
    rooms = [Path(__file__).parent / room for room in ("model", "merge", "decide", "voice")]
    files = [file for room in rooms for file in room.rglob("test_*.py")]
    assert files
    running = [
        file.name
        for file in files
        if not file.stem.endswith("_oracle") and RUNS_A_PROGRAM.search(file.read_text("utf-8"))
    ]
    assert running == []


@each_module
def test_the_environment_is_read_in_one_place(module: Module) -> None:
    def reads(node: ast.AST) -> bool:
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "os"
        ):
            return node.attr in {"environ", "environb", "getenv", "putenv", "getenvb"}
        return (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and any("env" in alias.name for alias in node.names)
        )

    if module.name not in ENVIRONMENT:
        assert _offenders(module, reads) == []


READERS = {
    "page.server.files": "the page, which comes with the package",
    "ops.plugins.chat": "a plugin, which comes with the package",
    "ops.plugins.dashboard": "a plugin, which comes with the package",
    "chat_plugin": "runs alone in the agent, beside its own file",
    "cli.entry.reference": "our own modules",
    "world.load": "schemas, which come with the package",
    "world.peers": "the system's own tables",
    "world.disk.locks": "the system's own tables",
    "ops.front_door.environment": "the system's own tables",
    "ops.team.apply": "a file that the user names, which may be a pipe",
    "ops.team.values": "a file that the user names, which may be a pipe",
    "ops.inputs.given": "a file that the user names, which may be a pipe",
    "ops.trust.trusted_keys": "a file that the user names, which may be a pipe",
    "ops.change.variables": "a file that the user names, which may be a pipe",
    "cli.transfer": "a file that the user names, which may be a pipe",
    "cli.package.edit_conflict": "a copy that was made a moment ago",
    "world.archive.backup": "a copy that was made a moment ago",
    "world.git.reach": "a file that was made a moment ago",
    "world.git.dulwich_program": "a file that was made a moment ago",
    "ops.transfer.import_notes": "a part of an archive, which was unpacked",
    "ops.transfer.read_archive": "a part of an archive, which was unpacked",
    "ops.transfer.machine_files": "a part of an archive, which was unpacked",
}
"""What else opens a file to read it, and what file that is."""


@each_of([m for m in MODULES if m.name not in READERS])
def test_files_are_read_in_one_way_which_refuses_what_has_no_end(module: Module) -> None:
    """``world.files`` never waits for a pipe, and reads no device and no terabyte."""

    def reads(node: ast.AST) -> bool:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            return False
        if node.func.attr == "open":
            return any(isinstance(a, ast.Constant) and a.value == "rb" for a in node.args)
        # read_text of world.agent.clocks has an owner that is a module
        return node.func.attr in {"read_bytes", "read_text"} and not (
            isinstance(node.func.value, ast.Name) and node.func.value.id == "clocks"
        )

    assert _offenders(module, reads) == []


@each_of([m for m in MODULES if m.room != "cli"])
def test_only_the_voice_speaks_asks_and_exits(module: Module) -> None:
    def speaks(node: ast.AST) -> bool:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            forbidden = {"print", "input", "exit", "quit", "breakpoint", "exec", "eval", "compile"}
            return node.func.id in (forbidden if module.room == "world" else {*forbidden, "open"})
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "sys"
        ):
            if module.name in PIPES:
                return False
            return node.attr in {"stdout", "stderr", "stdin"} or (
                node.attr == "exit" and module.name != "__main__"
            )
        return False

    assert _offenders(module, speaks) == []


@each_of([m for m in MODULES if m.name != BRAND])
def test_names_of_brands_stand_in_the_brand_alone(module: Module) -> None:
    wrong = [
        f"{module.path.name}:{node.lineno}: {node.value!r:.60}"
        for node in module.nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in module.docstrings
        and any(word in node.value for word in BRAND_WORDS)
    ]
    assert wrong == []


def _agents_words() -> frozenset[str]:
    """Names of the agent's files, folders, keys and fields that can't be mistaken for plain words."""
    from hermes_dist.agents import generation, jobs, places, routes, stores

    one_place = {
        value for name, value in vars(places).items() if name.isupper() and isinstance(value, str)
    }
    listed = [
        *places.GATEWAY_LOGS,
        *places.STANDARD_FOLDERS,
        *places.WHATSAPP_LOGINS,
        *stores.CREDENTIALS,
        *stores.RUNNING,
    ]
    fields = [*generation.RUN_STATE, *jobs.NEVER_RAN, *jobs.PAUSED, *jobs.SNAPSHOTS]
    keys = [routes.ROUTES, routes.MULTIPLEX, routes.MULTIPLEX_VARIABLE]
    found = {
        *one_place,
        *listed,
        *fields,
        *keys,
        *(name for each in generation.GENERATIONS for name in each.souls),
    }
    telling = {word for word in found if "*" not in word and "[" not in word and not word.isalpha()}
    return frozenset((telling | {"memories", "sessions", "plans", "workspace"}) - COMMON_WORDS)


AGENTS_WORDS = _agents_words()


@each_of([m for m in MODULES if m.room != AGENTS])
def test_names_of_the_agents_own_things_stand_in_one_place(module: Module) -> None:

    def named(text: str) -> bool:
        return text in AGENTS_WORDS or (
            " " not in text and any(part in AGENTS_WORDS for part in text.split("/"))
        )

    wrong = [
        f"{module.path.name}:{node.lineno}: {node.value!r:.60}"
        for node in module.nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in module.docstrings
        and named(node.value)
    ]
    assert wrong == [], "name it in hermes_dist/agents and import it"


def _docstrings(nodes: Iterable[ast.AST]) -> Iterator[ast.Constant]:
    for node in nodes:
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                yield statement.value


def test_no_module_imports_itself_by_a_detour() -> None:
    """Late imports and those for types count: a circle is one however it is hidden."""
    graph = {
        module.name: {
            _target(dotted)
            for dotted, _ in module.imports()
            if dotted != "hermes_dist.__version__"  # a constant beside the names of the API
        }
        - {None, module.name}
        for module in MODULES
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join([*path, name])
        if name not in done:
            for target in sorted(graph.get(name, set()), key=str):
                visit(str(target), (*path, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


MOST_LATE_IMPORTS = 173


def test_late_imports_do_not_grow_in_number() -> None:
    """They stay for start-up and for what is rarely needed; lower the number when one goes."""
    late = Counter({module.name: module.text.count("PLC0415") for module in MODULES})
    assert late.total() <= MOST_LATE_IMPORTS, late.most_common(10)


@each_module
def test_what_is_loaded_later_is_not_needed_at_once(module: Module) -> None:
    """Each use of a name from a block of ``later`` has to be one that such a name is for."""
    late = _late_names(module.tree)
    wrong = _needed(module.tree, late) if late else []
    assert wrong == [], "import it as ever, outside the block"


def _late_names(tree: ast.Module) -> set[str]:
    blocks = [
        block
        for block in tree.body
        if isinstance(block, ast.With) and ast.unparse(block.items[0].context_expr) == "later()"
    ]
    lines = [line for block in blocks for line in block.body]
    assert all(isinstance(line, ast.ImportFrom) for line in lines), "only `from … import …`"
    names = {a.asname or a.name for i in lines if isinstance(i, ast.ImportFrom) for a in i.names}
    assert not any(name.isupper() for name in names), "a constant is none before it is loaded"
    return names


def _needed(tree: ast.Module, late: set[str]) -> list[str]:
    """Where a class is used in another way than to be called, asked or annotated with; or anything while the module loads."""
    fine = {id(name) for part in _stands_in(tree) for name in ast.walk(part)}
    at_once = {id(name) for part in _run_by_loading(tree) for name in ast.walk(part)}
    return [
        f"line {name.lineno}: {name.id}"
        for name in ast.walk(tree)
        if isinstance(name, ast.Name) and name.id in late
        if id(name) in at_once or (name.id[0].isupper() and id(name) not in fine)
    ]


def _stands_in(tree: ast.Module) -> Iterator[ast.AST]:
    """Where the stand-in of a class is as good as the class."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name() as name) | ast.Attribute(value=ast.Name() as name):
                yield name
            case ast.arg(annotation=ast.expr() as kind) | ast.AnnAssign(annotation=kind):
                yield kind
            case ast.FunctionDef(returns=ast.expr() as kind):
                yield kind
            case _:
                pass


def _run_by_loading(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions that run while a module loads; annotations do not."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from (*inner.decorator_list, *inner.args.defaults)
            yield from filter(None, inner.args.kw_defaults)
        elif isinstance(inner, ast.AnnAssign):
            yield from filter(None, [inner.value])
        elif isinstance(inner, ast.expr):
            yield inner
        else:
            yield from _run_by_loading(inner)


MOST_COMPLEX = 10


def test_functions_are_simple() -> None:
    found = [
        f"{module.name}.{block.name}: {block.complexity}"
        for module in MODULES
        for block in _blocks(cc_visit(module.text))
        if block.complexity > MOST_COMPLEX
    ]
    assert not found


def _blocks(found: Iterable[Any]) -> Iterator[Any]:
    """Functions and methods, and the functions inside them."""
    for block in found:
        if hasattr(block, "methods"):
            yield from _blocks(block.methods)
        else:
            yield block
            yield from _blocks(block.closures)


BOUNDARIES = {"cli.shared.boundary", "page.answer", "world.child", "world.archive.behind"}
"""Where every error ends: as a sentence and an exit code, as a reply, or with a thread, whose work is done again or
whose error is raised by the one who waits for it."""

SHOW_THE_PAGE = ("cli.ui", "cli.dashboard.")


@each_of([m for m in MODULES if m.room == "cli" and not _begins(m.name, SHOW_THE_PAGE)])
def test_only_the_verbs_that_show_the_page_load_it(module: Module) -> None:
    wrong = [d for d, _ in module.imports() if d.startswith("hermes_dist.page")]
    assert wrong == []


@each_module
def test_errors_are_caught_by_name_but_at_the_boundary(module: Module) -> None:
    def broad(node: ast.AST) -> bool:
        if not isinstance(node, ast.ExceptHandler):
            return False
        caught = [node.type] if not isinstance(node.type, ast.Tuple) else node.type.elts
        names = {one.id if isinstance(one, ast.Name) else "" for one in caught if one is not None}
        return node.type is None or bool(names & {"Exception", "BaseException"})

    def passes_on(node: ast.AST) -> bool:
        return (
            isinstance(node, ast.ExceptHandler)
            and isinstance(node.body[-1], ast.Raise)
            and node.body[-1].exc is None
        )

    if module.name not in BOUNDARIES:
        assert _offenders(module, lambda node: broad(node) and not passes_on(node)) == []


SENTENCES = {"what", "hint", "note", "message", "words"}
"""Attributes that hold sentences, and names of variables for one."""

LOOKS_INTO = {"startswith", "endswith", "partition", "rpartition", "split", "find", "index"}

OWN_WORDS = {
    "model.manifest": "an oddity equals another by its words: there is nothing else to it",
    "world.git.dulwich_program": "the message of a commit has a subject line",
}
"""Who may compare sentences, and why."""


@each_module
def test_no_code_looks_into_a_sentence(module: Module) -> None:
    def is_sentence(node: ast.AST) -> bool:
        if isinstance(node, ast.Attribute):
            return node.attr in SENTENCES
        if isinstance(node, ast.Name):
            return node.id in {"note", "sentence"}
        return ast.unparse(node) in {"str(err)", "str(error)"}

    def looks(node: ast.AST) -> bool:
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            told = any(
                isinstance(side, ast.Constant) and side.value in ("", None) for side in sides
            )
            return not told and any(map(is_sentence, sides))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return node.func.attr in LOOKS_INTO and is_sentence(node.func.value)
        return False

    if module.name not in OWN_WORDS:
        assert _offenders(module, looks) == [], "decide by a kind, an enum or the class of an error"


SAID_BY_THE_VOICE = {
    "Note.of",
    "EntryProblem",
    "Finding",
    "GatewayResult",
    "Oddity",
    "Problem",
    "Verdict",
}
"""What the rooms below the voice have to say: kinds with data, and never a sentence of ours among the data."""

OTHER_FINDINGS = {"decide.secrets.finder": "its Finding is another one: it names kinds of secrets"}
"""Modules with a class of the same name, and what it is."""


def _is_prose(node: ast.AST) -> bool:
    """Whether a literal text has two words or more, apart from what is filled in."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)]
    return sum(word.isalpha() for word in " ".join(texts).split()) > 1


@each_of([m for m in MODULES if m.room in ("model", "merge", "decide", "world", "ops")])
def test_only_the_voice_makes_sentences_of_what_was_found(module: Module) -> None:
    def speaks(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call) or ast.unparse(node.func) not in SAID_BY_THE_VOICE:
            return False
        return any(map(_is_prose, [*node.args, *(word.value for word in node.keywords)]))

    if module.name not in OTHER_FINDINGS:
        assert _offenders(module, speaks) == [], "make it a kind, and its sentence in voice/"


@each_module
def test_what_is_public_has_a_docstring(module: Module) -> None:
    assert ast.get_docstring(module.tree), f"{module.name} says not what it is for"

    def silent(node: ast.AST) -> bool:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            return False
        told_elsewhere = any(
            ast.unparse(mark).startswith(HELP_ELSEWHERE) for mark in node.decorator_list
        )
        return not ast.get_docstring(node) and not told_elsewhere

    top = [node for node in module.tree.body if silent(node)]
    assert [f"{module.path.name}:{node.lineno}" for node in top] == []


@each_module
def test_a_quote_that_is_cut_is_closed(module: Module) -> None:
    """``!r:.80`` leaves a long text without its end, as if it were whole; ``quoted`` of ``errors`` does not."""
    assert re.findall(r"!r:\.\d+", module.text) == []


@each_module
def test_nothing_is_left_to_be_done(module: Module) -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "XXX:", "NotImplemented" + "Error")
    assert [mark for mark in marks if mark in module.text] == []


@each_module
def test_a_check_is_switched_off_only_with_a_reason(module: Module) -> None:
    lines = [
        f"{module.path.name}:{number}"
        for number, line in enumerate(module.text.splitlines(), 1)
        if "# noqa" in line or "type: ignore" in line
        if not any(
            sep in line.split("# noqa")[-1].split("type: ignore")[-1] for sep in (" - ", "# ")
        )
    ]
    assert lines == []


def test_rooms_say_their_rule_and_nothing_else() -> None:
    for room in ("agents", "model", "merge", "decide", "world", "ops", "voice", "page", "cli"):
        body = ast.parse((PACKAGE / room / "__init__.py").read_text()).body
        assert len(body) == 1, f"{room}/__init__.py holds one docstring"
        assert isinstance(body[0], ast.Expr)


def _loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=ROOT,
    )
    return {
        line.rsplit("|", 1)[-1].strip()
        for line in done.stderr.splitlines()
        if line.startswith("import time:")
    }


ENTRY = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["hermes-dist"]


def _command(*words: str) -> str:
    module, function = ENTRY.split(":")
    return (
        f"import sys; sys.argv = {['hermes-dist', *words]!r}\nfrom {module} import {function} as entry\n"
        "try:\n    code = entry()\nexcept SystemExit as end:\n    code = end.code\nassert not code, code"
    )


STARTS = {
    "--version": _command("--version"),
    "--help": _command("--help"),
    "list": _command("list"),
    "the import of the command line": "import hermes_dist.cli.entry.main",
    "the front door's routing": "import hermes_dist.cli.entry.front",
    "the agent's plugin": "import hermes_dist.plugin",
}


@pytest.mark.parametrize("start", STARTS)
def test_starting_loads_nothing_heavy(start: str) -> None:
    loaded = _loaded(STARTS[start])
    assert "hermes_dist" in loaded, "the probe measured nothing"
    heavy = sorted(
        name for name in loaded if any(name == h or name.startswith(f"{h}.") for h in HEAVY)
    )
    assert heavy == [], f"{start} loads {heavy[:5]}"


def test_the_plugin_loads_nothing_of_ours_when_the_agent_starts() -> None:
    ours = sorted(
        name for name in _loaded(STARTS["the agent's plugin"]) if name.startswith("hermes_dist")
    )
    assert ours == ["hermes_dist", "hermes_dist.plugin"]


LARGEST_FOLDER = 20


def test_no_folder_of_code_is_crowded() -> None:
    sizes = Counter(module.path.parent for module in MODULES if module.path.name != "__init__.py")
    crowded = {
        str(folder.relative_to(ROOT)): n for folder, n in sizes.items() if n > LARGEST_FOLDER
    }
    assert crowded == {}, f"a folder holds at most {LARGEST_FOLDER} modules: make inner rooms"


def test_the_page_of_the_house_names_files_that_exist() -> None:
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    table = page[page.index("## Where to change what") :]
    named = re.findall(r"`([a-z_]+(?:/[a-z_.]+)*(?:\.py|\.json|/))`", table)
    assert len(named) > 40, "the table names its files in code marks"
    lost = [name for name in named if not ((PACKAGE / name).exists() or (ROOT / name).exists())]
    assert lost == []


def test_the_example_of_an_update_names_functions_that_exist() -> None:
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    flow = page.split("## How an update flows")[1].split("\n## ")[0]
    named = re.findall(r"`(\w+)`\s+in\s+`([\w/]+\.py)`", flow)
    assert len(named) >= 10
    lost = [
        f"{function} in {file}"
        for function, file in named
        if f"def {function}(" not in (PACKAGE / file).read_text("utf-8")
    ]
    assert lost == []


@each_of([m for m in MODULES if m.room in ("model", "merge", "decide", "ops")])
def test_values_with_contents_of_files_do_not_show_them(module: Module) -> None:
    """A program that prints a value of the API must not print what a file holds."""

    def shows(node: ast.AST) -> bool:
        if not isinstance(node, ast.ClassDef) or "Struct" not in map(ast.unparse, node.bases):
            return False
        frozen = "frozen=True" in map(ast.unparse, node.keywords)
        kinds = [ast.unparse(n.annotation) for n in node.body if isinstance(n, ast.AnnAssign)]
        return frozen and any("bytes" in kind and "Callable" not in kind for kind in kinds)

    assert _offenders(module, shows) == [], "derive it from model.discreet.Contents"


PATTERNS_AT_ONCE = {
    "lazily",
    "chat_plugin",  # it stands alone
    "world.archive.foreign",  # a program of its own
    "world.git.dulwich_program",  # likewise
}


@each_of([m for m in MODULES if m.name not in {"light", "chat_plugin"}])
def test_named_tuples_are_those_that_are_made_fast(module: Module) -> None:
    slow = [
        f"line {line.lineno}"
        for line in module.nodes
        if isinstance(line, ast.ImportFrom)
        and line.module == "typing"
        and any(alias.name == "NamedTuple" for alias in line.names)
    ]
    assert slow == [], f"{module.name}: light.NamedTuple takes a tenth of the time"


@each_of([m for m in MODULES if m.name not in PATTERNS_AT_ONCE and m.room != "page"])
def test_no_pattern_is_compiled_while_a_module_loads(module: Module) -> None:
    at_once = [
        f"line {line.lineno}"
        for line in module.tree.body
        if isinstance(line, (ast.Assign, ast.AnnAssign))
        and isinstance(line.value, ast.Call)
        and ast.unparse(line.value.func) == "re.compile"
    ]
    assert at_once == [], f"{module.name}: lazily.pattern compiles it when it is used"
