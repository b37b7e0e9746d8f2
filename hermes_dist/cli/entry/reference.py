"""Generate the reference of all commands as Markdown from the commands themselves: ``docs/commands.md``.

Run ``make docs`` after a change; a test compares the result.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.main import command_named
from hermes_dist.cli.entry.verbs import GROUPS, NESTED, VERBS
from hermes_dist.cli.shared.command import COMMON
from hermes_dist.cli.shared.output import write
from hermes_dist.cli.shared.session import Invocation

ROOMS = ("model", "merge", "decide", "world", "ops", "cli")
_HEAD = """# Commands

Made from the commands themselves by `make docs`. Write `hermes-dist VERB …`, or, with the front door in place,
`hermes profile VERB …` (fleet and completion: `hermes gateways …`, `hermes gateway route …`, `hermes completion …`).
The first positional is the profile; left out, or `.`, it is the active one. Exit codes: [exit-codes.md](exit-codes.md).
"""


def reference() -> str:
    """Return the page of all commands."""
    lines = [_HEAD, "## Options of every command", "", *_options(_common()), ""]
    for group in GROUPS:
        lines += [f"## {group}", ""]
        for name, verb in VERBS.items():
            if verb.group == group:
                lines += _entry(name, command_named(name))
        for name, nested in NESTED.items():
            if nested.group == group:
                lines += [f"### {name}", "", nested.help, "", *_inner(name, command_named(name))]
    return "\n".join(lines).rstrip() + "\n"


def _inner(name: str, group: click.Command) -> Iterator[str]:
    for word, sub in group.commands.items() if isinstance(group, click.Group) else ():
        if isinstance(sub, click.Group):
            yield from _inner(f"{name} {word}", sub)
        else:
            yield from _entry(f"{name} {word}", sub)


def _common() -> list[click.Parameter]:
    return [p for p in command_named("list").params if p.name in COMMON]


def _entry(name: str, command: click.Command) -> list[str]:
    ctx = click.Context(command, info_name=name, obj=Invocation(HERMES, HERMES.dist_command))
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    own = [p for p in command.params if p.name not in COMMON and not isinstance(p, click.Argument)]
    words = " ".join([name, *(p.make_metavar(ctx) for p in arguments)])
    return [f"### {name}", "", f"`{words}`", "", command.help or "", "", *_options(own), ""]


def _options(params: list[Any]) -> Iterator[str]:
    if not params:
        return
    yield "| option | |"
    yield "| --- | --- |"
    for param in params:
        value = "" if param.is_flag else f" {param.metavar or 'TEXT'}"
        spelled = ", ".join(f"`{opt}{value}`" for opt in param.opts)
        yield f"| {_cell(spelled)} | {_cell(param.help or '')} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def modules() -> str:
    """Return the page of all modules by room, one line each: ``docs/modules.md``."""
    package = Path(__file__).parents[2]
    lines = [
        "# Modules",
        "",
        "Made from the first lines of the modules themselves by `make docs`.",
        "",
    ]
    for room in ROOMS:
        lines += [
            f"## {room}",
            "",
            _first_line(package / room / "__init__.py"),
            "",
            "| module | |",
            "| --- | --- |",
        ]
        for file in sorted((package / room).rglob("*.py")):
            if file != package / room / "__init__.py":
                lines.append(
                    f"| `{_dotted(file.relative_to(package / room))}` | {_cell(_first_line(file))} |"
                )
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _dotted(file: Path) -> str:
    """A module's name below its room; an inner room is named by its folder."""
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def _first_line(file: Path) -> str:
    return (ast.get_docstring(ast.parse(file.read_bytes())) or "").partition("\n")[0]


if __name__ == "__main__":
    write(sys.stdout, modules() if sys.argv[1:] == ["modules"] else reference())
