"""Wrong values for every argument and option of the newer commands, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click
from every_verb import below, loaded

from hermes_dist.cli.entry.verbs import NESTED, VERBS
from hermes_dist.cli.shared.command import COMMON

NEWER = (
    "apply",
    "backup",
    "changes",
    "contribute",
    "dashboard",
    "export",
    "install",
    "keep",
    "layer",
    "outdated",
    "owns",
    "snapshot",
    "tree",
    "ui",
    "undo",
    "unkeep",
    "update",
    "watch",
    "why",
)
WORDS = ("nobody", "''", "../x", "'a\tb'", "Ä" * 300, "~/empty", "~/plain.txt", "~/nowhere/x")
VALUES = ("''", "nonsense", "-1", "'\x1b[31m'", "~/nowhere/x", "9" * 400)
_SERVES = "ui"
"""It would serve a page until somebody ends it, if one of the values happened to be valid."""


def lines() -> Iterator[str]:
    """Yield the command lines, with ``~`` for the home; some values may happen to be valid."""
    for verb in NEWER:
        if verb not in VERBS and verb not in NESTED:
            raise AssertionError(f"there is no command {verb}")
        for name, command in below(verb, loaded(verb)):
            yield from _lines_of(name, command)


def _lines_of(name: str, command: click.Command) -> Iterator[str]:
    yield f"{name} --nonesuch"
    yield f"{name} {' '.join('abcdefgh')}"
    if any(isinstance(param, click.Argument) for param in command.params):
        for word in WORDS:
            yield f"{name} {word}"
            yield f"{name} bot {word}"
    for param in command.params:
        if (
            isinstance(param, click.Argument)
            or param.name in COMMON
            or getattr(param, "is_flag", False)
        ):
            continue
        yield f"{name} {param.opts[0]}"
        for value in VALUES if name != _SERVES else ():
            yield f"{name} bot {param.opts[0]} {value}"


LINES = tuple(dict.fromkeys(lines()))
