"""Answer the completion scripts; this loads as little as it can, because a user is waiting after TAB."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from hermes_dist.brand import Brand
from hermes_dist.cli.entry.verbs import NESTED, VERBS
from hermes_dist.cli.shared.output import write
from hermes_dist.errors import DistError
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import completion as ops
from hermes_dist.voice.clean import clean


def words(brand: Brand, argv: Sequence[str]) -> int:
    """Answer a completion script with the candidates, one per line; every error is silent.

    Args:
        brand: The brand of the command.
        argv: ``door`` or ``ours``, ``--``, and the words after the command, the unfinished one last.
    """
    ours, given = list(argv[:1]) == ["ours"], list(argv[2:])
    verbs = {
        **dict.fromkeys(VERBS, ()),
        **{name: tuple(nested.verbs) for name, nested in NESTED.items()},
    }
    try:
        ctx = Context.from_environment(brand)
        found = ops.candidates(ctx, given or [""], verbs, _options, ours=ours)
        # The shell puts a candidate into the user's line as it is: a name is offered raw or not at all.
        write(sys.stdout, "".join(f"{word}\n" for word in found if word == clean(word)))
    except DistError:
        return 1
    return 0


def _options(verb: Sequence[str]) -> list[str]:
    """The options of a verb of ours, from the command itself."""
    if verb[0] not in VERBS and verb[0] not in NESTED:
        return []
    from hermes_dist.cli.entry.main import options_of  # noqa: PLC0415 - loads the verb's module

    return list(options_of(verb))
