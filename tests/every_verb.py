"""Every command of ours as click knows it, loaded once a process: to load them all takes half a second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import click

from hermes_dist.cli.entry.main import command_named
from hermes_dist.cli.entry.verbs import NESTED, VERBS

loaded = cache(command_named)
"""A command of the table by its name."""


@cache
def every_verb() -> Mapping[str, click.Command]:
    """All commands that do something, by their words."""
    return dict(each for name in (*VERBS, *NESTED) for each in below(name, loaded(name)))


def below(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """The commands below one, or itself where there are none.

    Args:
        words: What calls it.
        command: The command.
    """
    if isinstance(command, click.Group):
        for word, sub in command.commands.items():
            yield from below(f"{words} {word}", sub)
    else:
        yield words, command
