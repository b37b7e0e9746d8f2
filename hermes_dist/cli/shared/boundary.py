"""The one error boundary: every error in a command ends as a sentence and an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from hermes_dist import __version__
from hermes_dist.cli.shared.session import early_screen
from hermes_dist.errors import DistError, ExitCode


class Guard:
    """Guards a command line's work, as a context manager; the work leaves its exit code in ``code``.

    An error is shown, and ``code`` becomes that of docs/exit-codes.md. Only a fault of this program gets through,
    and only with ``-v``, which asks for its traceback.

    Args:
        argv: The words after the program's name; they decide how errors are shown.
        prog: How the program was called.
    """

    def __init__(self, argv: Sequence[str], prog: str) -> None:
        self.argv = argv
        self.prog = prog
        self.code: int | None = None

    def __enter__(self) -> Guard:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> bool:
        if error is None:
            return False
        code = self._shown(error)
        self.code = code
        return code is not None

    def _shown(self, error: BaseException) -> int | None:
        """Show an error; returns its exit code, or None to let it through."""
        if isinstance(error, DistError):
            early_screen(self.argv).error(error)
            return error.code
        if isinstance(error, KeyboardInterrupt):
            early_screen(self.argv).prompt(
                "\ninterrupted; the home is as before, or finished by the next command"
            )
            return ExitCode.INTERRUPTED
        if not isinstance(error, Exception) or {"-v", "--verbose"} & set(self.argv):
            return None
        early_screen(self.argv).error(_internal(error, self.prog))
        return 1


def _internal(err: Exception, prog: str) -> DistError:
    return DistError(
        f"a fault of this program: {type(err).__name__}: {err}",
        hint=f"please report it with the output of the same command and -v ({prog} {__version__})",
    )
