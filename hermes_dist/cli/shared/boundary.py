"""The one error boundary: every error in a command ends as a sentence and an exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

from hermes_dist import __version__
from hermes_dist.cli.shared.session import Invocation, early_screen
from hermes_dist.errors import DistError, ExitCode, NameWithVersion, Renamed, StoppedAfter
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.ops.context import has_written

if TYPE_CHECKING:
    from hermes_dist.cli.shared.screen import Screen
    from hermes_dist.ops.crash import Crash


_VERBOSE = ("-v", "--verbose")


class Guard:
    """Guards a command line's work, as a context manager; the work leaves its exit code in ``code``.

    An error is shown, and ``code`` becomes that of docs/exit-codes.md. A fault of this program leaves a log; with
    ``-v`` its traceback is shown, and with ``-vv`` every step while it is done.

    Args:
        argv: The words after the program's name; they decide how errors are shown.
        called: How the program was called.
    """

    def __init__(self, argv: Sequence[str], called: Invocation) -> None:
        self.argv = argv
        self.called = called
        self.code: int | None = None
        self._stop_listening: Callable[[], None] | None = None

    def __enter__(self) -> Guard:
        if self._shows_steps:
            from hermes_dist.ops.crash import listen, stop_listening  # noqa: PLC0415 - only who asks for steps pays for it

            listen(self.called.brand, self._screen.prompt)
            self._stop_listening = stop_listening
        return self

    @property
    def _screen(self) -> Screen:
        return early_screen(self.argv, self.called)

    @property
    def _shows_steps(self) -> bool:
        return _verbosity(self.argv) > 1

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> bool:
        if self._stop_listening is not None:
            self._stop_listening()
        if error is None:
            return False
        code = self._shown(error)
        self.code = code
        return code is not None

    def _shown(self, error: BaseException) -> int | None:
        """Show an error; returns its exit code, or None to let it through."""
        if isinstance(error, DistError):
            if isinstance(error, Renamed):
                error.command = _with_its_name(self.argv, error, error.old, error.now)
            elif isinstance(error, NameWithVersion):
                _without_version(self.argv, error)
            self._screen.error(error)
            return error.code
        if isinstance(error, KeyboardInterrupt):
            self._screen.prompt(f"\ninterrupted; {_what_is_left(self.argv, error)}")
            return ExitCode.INTERRUPTED
        if not isinstance(error, Exception):
            return None
        return self._fault(error)

    def _fault(self, error: Exception) -> int | None:
        """Show a fault of this program, and leave a log of it."""
        from hermes_dist.ops.crash import refused_by_system, report  # noqa: PLC0415 - only a fault pays for it

        if isinstance(error, OSError) and (told := refused_by_system(error)):
            self._screen.error(told)
            return told.code
        try:
            crash = report(self.called.brand, self.argv, error)
        except Exception:  # noqa: BLE001 - a fault in telling of a fault must not hide the first one
            return None
        screen = self._screen
        if _verbosity(self.argv):
            screen.prompt(crash.trace.rstrip(), whole=True)
        screen.error(_internal(crash, self.called.prog))
        return 1


def _with_its_name(
    argv: Sequence[str], error: Renamed | NameWithVersion, old: str, now: str
) -> str:
    """The command that was typed, with the name that its profile has; empty if that is not certain."""
    from hermes_dist.cli.shared.retyped import with_name  # noqa: PLC0415 - only needed for this error

    return with_name(argv, old, str(now), error.valued)


def _without_version(argv: Sequence[str], error: NameWithVersion) -> None:
    """Name the command that was typed without the version, unless it is the one that takes a version."""
    command = _with_its_name(argv, error, error.word, error.name)
    if command and not (error.version and "update" in argv):
        error.hint, error.command = "leave the version out", command


_CHANGES_ONLY_HOMES = frozenset(
    ("install", "update", "resolve", "approve", "rollback", "undo", "diff", "status", "outdated")
)
"""Verbs that change nothing but a home, and that in one step."""


def _what_is_left(argv: Sequence[str], error: KeyboardInterrupt) -> str:
    """Say what Ctrl-C left behind, as far as it is known."""
    if isinstance(error, StoppedAfter):
        return "the change had begun, so it was finished first"
    verb = next((word for word in argv if not word.startswith("-")), "")
    if verb in _CHANGES_ONLY_HOMES and not has_written():
        return "nothing was changed"
    return "the home is as before, or finished by the next command"


def _verbosity(argv: Sequence[str]) -> int:
    """Count how often a command line asks for more detail."""
    ours = list(argv)
    if "--" in ours:
        ours = ours[: ours.index("--")]
    return sum(2 if word == "-vv" else word in _VERBOSE for word in ours)


def _internal(crash: Crash, prog: str) -> DistError:
    version = f"{prog} {__version__}"
    hint = f"please report it with the output of the same command and -v ({version})"
    if crash.log is not None:
        hint = f"please report it with {crash.log}, after checking what it contains ({version})"
    return DistError(f"a bug in this program: {crash.what}", hint=hint)
