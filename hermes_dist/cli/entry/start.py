"""The start of every command; what needs no command-line library is answered here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from hermes_dist import __version__
from hermes_dist.brand import AIGENLABS, HERMES, Brand
from hermes_dist.cli.shared.output import write, write_beside
from hermes_dist.errors import DistError, ExitCode
from hermes_dist.lazily import module_of

_HELP = frozenset(["--help", "-h", "help"])
_HIDDEN: Mapping[tuple[str, ...], tuple[str, str]] = {
    ("completion", "words"): ("hermes_dist.cli.entry.candidates", "words"),
    ("dashboard", "answer"): ("hermes_dist.cli.dashboard.answer", "answer"),
}
"""What scripts and plugins of ours call, and no user types: the module of each, and its function there."""


def open_closed_streams() -> None:
    """Open ``/dev/null`` in place of closed standard streams, so that no file that we open gets their number."""
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        # Python closes what it opens in children, but git and the agent need these three, too.
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the whole run
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for the whole run
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for the whole run


def _say(text: str) -> int:
    try:
        write(sys.stdout, text)
    except DistError as error:
        write_beside(f"error: {error}\n  {error.hint}\n")
        return error.code
    return 0


def start(brand: Brand, argv: Sequence[str], *, prog: str, profile: str | None) -> int:
    """Run a command line; see :func:`hermes_dist.cli.entry.main.run`."""
    open_closed_streams()
    # Whatever the umask: nothing that we or our children make may be changed by everybody.
    os.umask(os.umask(0o022) | 0o002)
    try:
        return _begun(brand, argv, prog, profile)
    except KeyboardInterrupt:  # modules were still loading; a running command reports it itself
        write_beside("\ninterrupted; nothing had begun\n")
        return ExitCode.INTERRUPTED


def _begun(brand: Brand, argv: Sequence[str], prog: str, profile: str | None) -> int:
    if list(argv) == ["--version"]:
        return _say(f"hermes-dist {__version__}\n")
    if argv and _HELP.issuperset(argv):
        from hermes_dist.cli.entry.help_rows import help_text  # noqa: PLC0415 - start-up: each answer loads only what it needs

        return _say(help_text(brand, prog))
    if (hidden := _HIDDEN.get(tuple(argv[:2]))) is not None:
        answer: Callable[[Brand, Sequence[str]], int] = getattr(module_of(hidden[0]), hidden[1])
        return answer(brand, argv[2:])
    from hermes_dist.cli.entry.plain import Invocation, attempt  # noqa: PLC0415 - start-up: each answer loads only what it needs

    called = Invocation(brand, prog, profile)
    if list(argv[:1]) == ["help"]:
        argv = [*argv[1:], "--help"]
    if (code := attempt(called, argv)) is not None:
        return code
    from hermes_dist.cli.entry.main import run  # noqa: PLC0415 - start-up: each answer loads only what it needs

    return run(called, argv)


def in_agent(argv: Sequence[str], word: str) -> int:
    """Run a command line that stands behind a word of the agent's own, such as ``hermes dist``."""
    return start(HERMES, argv, prog=f"{HERMES.name} {word}", profile=None)


def _alone(brand: Brand) -> int:
    """Run the command line of a process that is ours alone."""
    return start(brand, sys.argv[1:], prog=brand.dist_command, profile=None)


def hermes() -> None:
    """Entry point ``hermes-dist``."""
    sys.exit(_alone(HERMES))


def aigenlabs() -> None:
    """Entry point ``aigenlabs-dist``."""
    sys.exit(_alone(AIGENLABS))
