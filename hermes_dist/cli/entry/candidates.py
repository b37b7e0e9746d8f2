"""Answer the completion scripts; this loads as little as it can, because a user is waiting after TAB."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

from hermes_dist.brand import Brand
from hermes_dist.cli.entry.verbs import NESTED, VERBS, Nested, Verb
from hermes_dist.cli.shared.output import write
from hermes_dist.errors import DistError
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import completion as ops
from hermes_dist.ops.profiles.completion import FILES, Option, Word
from hermes_dist.voice.clean import clean, clean_line


def words(brand: Brand, argv: Sequence[str]) -> int:
    """Answer a completion script with the candidates, one per line; every error is silent.

    Args:
        brand: The brand of the command.
        argv: ``door`` or ``ours``, ``--``, and the words after the command, the unfinished one last. A last line of a
            tab and ``files`` says that it may be a file, too, which the shell completes.
    """
    ours, given = list(argv[:1]) == ["ours"], list(argv[2:])
    try:
        ctx = Context.from_environment(brand)
        found = ops.candidates(ctx, given or [""], dict(_verbs()), _options, ours=ours)
        shows = ops.wants_about(ctx)
        lines = [
            _line(each, shows=shows) for each in found if each.word and _is_harmless(each.word)
        ]
        lines += ["\tfiles"] if FILES in found else []
        write(sys.stdout, "".join(f"{line}\n" for line in lines))
    except DistError:
        return 1
    return 0


_ACTIVE = frozenset("$`;&|<>()\\!\n")
"""What a shell acts on. A package chooses the names of its files: ``$(…)`` in one would run when Enter is pressed."""


def _is_harmless(word: str) -> bool:
    """Whether a shell may put a candidate into the user's line: bash does so as it is, without quoting."""
    return word == clean(word) and _ACTIVE.isdisjoint(word)


def _line(each: Word, *, shows: bool) -> str:
    about = clean_line(each.about)[:_LONGEST].strip() if shows else ""
    return f"{each.word}\t{about}" if about else each.word


_LONGEST = 100
"""A description behind a candidate is one line."""


def _verbs() -> Iterator[tuple[str, str]]:
    """Every verb with its help, those below others by all their words."""
    yield from ((name, verb.help) for name, verb in VERBS.items())
    yield from _nested(NESTED, "")
    yield "help", "Show what a verb takes, with examples."


def _nested(table: Mapping[str, Verb | Nested], above: str) -> Iterator[tuple[str, str]]:
    for name, verb in table.items():
        yield f"{above}{name}", verb.help
        if isinstance(verb, Nested):
            yield from _nested(verb.verbs, f"{above}{name} ")


def _options(verb: str) -> Mapping[str, Option]:
    """The options of a verb of ours, from the command itself."""
    words = verb.split()
    if not words or (words[0] not in VERBS and words[0] not in NESTED):
        return {}
    from hermes_dist.cli.entry.main import options_of  # noqa: PLC0415 - loads the verb's module

    return options_of(words)
