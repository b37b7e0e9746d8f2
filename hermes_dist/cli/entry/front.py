"""The front door: decide which ``hermes …`` command is ours and which is the agent's.

Every ``hermes`` command comes through here, so this module imports almost nothing; :func:`route`, which
decides, is pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from hermes_dist.brand import BRANDS, HERMES, Brand
from hermes_dist.cli.shared.output import write_beside
from hermes_dist.errors import DistError
from hermes_dist.light import NamedTuple

FLAG = "--front-door"


class Ours(NamedTuple):
    """A command for us.

    Attributes:
        args: The verb and what follows, without the profile flag.
        profile: The value of ``-p`` or ``--profile``; None if it was not given.
        prog: The words that the user typed before ``args``, for usage lines; the brand's name comes first.
    """

    args: tuple[str, ...]
    profile: str | None
    prog: str


class ForAgent(NamedTuple):
    """A command for the agent, exactly as typed."""

    args: tuple[str, ...]


def route(argv: Sequence[str]) -> Ours | ForAgent:
    """Decide who a command belongs to.

    Args:
        argv: The arguments after the command's own name.

    Returns:
        Ours for ``profile VERB``, ``gateways …``, ``gateway route …`` and ``completion SHELL``, with or
        without a profile flag between the words; otherwise ForAgent with the arguments untouched.
    """
    start, ahead = _skip_flags(argv, 0)
    head = _word_at(argv, start)
    rest = start + 1
    if head == "profile":
        return _ours(argv[rest:], (), ahead, " profile")
    if head == "gateways":
        return _ours(argv[rest:], ("gateways",), ahead, "")
    found = None
    if head in {"gateway", "completion"}:
        second, between = _skip_flags(argv, rest)
        if ahead is None:
            ahead = between
        found = _second_word(argv, head, second, ahead)
    return found or ForAgent(tuple(argv))


def _second_word(argv: Sequence[str], head: str, second: int, profile: str | None) -> Ours | None:
    """Ours if the second word makes it so: the agent has commands of these names, too; None otherwise."""
    word = _word_at(argv, second)
    if head == "gateway" and word == "route":
        # Here --profile names the profile that answers; only -p chooses the one to work on.
        return _ours(argv[second + 1 :], ("gateway", "route"), profile, "", long_flag=False)
    if head == "completion" and word and not word.startswith("-"):
        return _ours(argv[second:], ("completion",), profile, "")
    return None


def _skip_flags(argv: Sequence[str], start: int) -> tuple[int, str | None]:
    """Skip profile flags; return the index of the next other word, and the first profile named."""
    profile: str | None = None
    at = start
    # Any other flag ends this: only the agent knows whether the word after its own flag is a value.
    while flag := _flag(argv, at):
        if profile is None:
            profile = flag[0]
        at += flag[1]
    return at, profile


def _flag(argv: Sequence[str], at: int, *, long_flag: bool = True) -> tuple[str, int] | None:
    """Read the profile flag at an index: its value and the number of words; None if there is none."""
    word = _word_at(argv, at)
    if long_flag and word.startswith("--profile="):
        return word.partition("=")[2], 1
    if word != "-p" and not (long_flag and word == "--profile"):
        return None
    # A flag without a value is left for the parser to reject; an empty value is one.
    if at + 1 < len(argv) and not argv[at + 1].startswith("-"):
        return argv[at + 1], 2
    return None


def _word_at(argv: Sequence[str], at: int) -> str:
    """The word at an index; empty behind the last one."""
    return argv[at] if at < len(argv) else ""


def _ours(
    rest: Sequence[str],
    verb: tuple[str, ...],
    profile: str | None,
    prog: str,
    *,
    long_flag: bool = True,
) -> Ours:
    """Take the profile flag out of ``rest``: the first one before ``--``.

    A second flag, or one without a value, is left for the parser to reject.
    """
    kept: list[str] = []
    at = 0
    while at < len(rest):
        if rest[at] == "--":
            break
        flag = _flag(rest, at, long_flag=long_flag) if profile is None else None
        if flag is None:
            kept.append(rest[at])
            at += 1
        else:
            profile, width = flag
            at += width
    return Ours((*verb, *kept, *rest[at:]), profile, prog)


def main(argv: Sequence[str]) -> int:
    """Serve a front door, or ``python -m hermes_dist VERB``.

    Args:
        argv: The arguments: ``--front-door`` or ``--front-door=BRAND`` and the user's words, or a verb.

    Returns:
        The exit code. A command of the agent does not return, unless the agent can't be started.
    """
    flag, _, asked = argv[0].partition("=") if argv else ("", "", "")
    brand = next((brand for brand in BRANDS if brand.name == asked), HERMES)
    if flag != FLAG:
        return _run(brand, Ours(tuple(argv), None, brand.dist_command))
    where = route(argv[1:])
    if isinstance(where, Ours):
        return _run(brand, where._replace(prog=f"{brand.name}{where.prog}"))
    return _agent(brand, where.args)


def _run(brand: Brand, command: Ours) -> int:
    # Late: a command of the agent must not pay for the modules of ours.
    from hermes_dist.cli.entry.start import start  # noqa: PLC0415 - see above

    return start(brand, command.args, prog=command.prog, profile=command.profile)


def _agent(brand: Brand, args: tuple[str, ...]) -> int:
    """Replace this process by the agent; if that fails, say why in one sentence."""
    # Late: a command of ours needs no hand-over.
    from hermes_dist.ops.front_door.run_agent import run_agent  # noqa: PLC0415 - see above

    try:
        run_agent(brand, args)
    except DistError as error:
        write_beside(f"{brand.name}: {error}; {error.hint}\n")
        return error.code
