"""Which exit codes a command line may end with: every command that tests run is held to the table."""

from __future__ import annotations

from collections.abc import Sequence

from hermes_dist.cli.entry.exit_codes import EVERYWHERE, EXIT_CODES
from hermes_dist.cli.entry.verbs import NESTED

_WITH_A_VALUE = frozenset(["-p", "--profile", "--color"])


def verb_of(words: Sequence[str]) -> str:
    """The command that some words call, as the table names it; empty for none, such as ``--version``."""
    rest = list(words)
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in _WITH_A_VALUE else rest[1:]
    rest = rest[1:] if rest[:1] == ["profile"] else rest
    named = (" ".join(rest[:count]) for count in (3, 2, 1))
    found = next((name for name in named if name in EXIT_CODES), "")
    if not found and rest and rest[0] in NESTED and NESTED[rest[0]].default:
        return f"{rest[0]} {NESTED[rest[0]].default}"
    return found


def check(words: Sequence[str], code: int) -> None:
    """Make sure that a command may end with this code; a signal is no code."""
    verb = verb_of(words)
    if verb and code >= 0:
        assert code in {*EVERYWHERE, *EXIT_CODES[verb]}, (
            f"{' '.join(words)} ended with {code}; hermes_dist/cli/entry/exit_codes.py does not know that"
        )
