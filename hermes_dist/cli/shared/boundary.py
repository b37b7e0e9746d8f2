"""The one error boundary: every error in a command ends as a sentence and an exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hermes_dist import __version__
from hermes_dist.cli.shared.session import early_screen
from hermes_dist.errors import DistError

_Code = TypeVar("_Code", bound=int | None)


def guarded(work: Callable[[], _Code], argv: Sequence[str], prog: str) -> _Code | int:
    """Run a command line's work.

    Args:
        work: Does the work; returns the exit code.
        argv: The words after the program's name; they decide how errors are shown.
        prog: How the program was called.

    Returns:
        The exit code of docs/exit-codes.md.
    """
    try:
        return work()
    except DistError as err:
        early_screen(argv).error(err)
        return err.code
    except KeyboardInterrupt:
        early_screen(argv).prompt(
            "\ninterrupted; the home is as before, or finished by the next command"
        )
        return 130
    except Exception as err:  # the one boundary: a traceback is shown only with -v
        if "-v" in argv or "--verbose" in argv:
            raise
        early_screen(argv).error(_internal(err, prog))
        return 1


def _internal(err: Exception, prog: str) -> DistError:
    return DistError(
        f"a fault of this program: {type(err).__name__}: {err}",
        hint=f"please report it with the output of the same command and -v ({prog} {__version__})",
    )
