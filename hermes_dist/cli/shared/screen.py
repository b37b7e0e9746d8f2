"""The screen: results to stdout; progress, warnings, prompts and errors to stderr; colour on terminals only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from hermes_dist.cli.shared.output import write, write_beside
from hermes_dist.cli.shared.terminal import RESET, columns_of, is_plain, shown_by, shows_colour
from hermes_dist.errors import Cancelled, DistError, InputNeeded
from hermes_dist.lazily import contextlib, later
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.voice.clean import VALUE, WHOLE, clean, clean_line, error_data
from hermes_dist.voice.lines import Style

with later():  # what goes into a pipe is not laid out
    from hermes_dist.cli.shared.layout import Column, Table, fields, wrap, wrap_changed

if TYPE_CHECKING:
    from typing import Any, TextIO

    from rich.status import Status


CODES: Mapping[Style, str] = {
    "accent": "35",
    "good": "32",
    "warning": "1;35",
    "error": "31",
}
"""How each style is painted. Of the terminal's own colours, only these three can be read on light and on dark ones."""


_LONGEST = 10_000
"""No cell of a table is longer on a terminal: nobody can read it, and it may come from outside."""

_WIDEST = 120
"""Sentences are not laid out wider than this, however wide the terminal: longer lines are hard to read."""


def shows_progress() -> bool:
    """Whether stderr is a terminal on which a line can be replaced."""
    return sys.stderr.isatty() and not is_plain()


def _column(given: str | Column, stream: TextIO) -> Column:
    column = Column(given) if isinstance(given, str) else given
    return column._replace(title=shown_by(stream, column.title))


def _cell(text: str, stream: TextIO) -> str:
    most = WHOLE if len(text) > _LONGEST and columns_of(stream) is None else _LONGEST
    return shown_by(stream, clean(text, most))


class _Cells(dict[str, str]):
    """The cells of a table by what they say; what many rows say is made fit once."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def __missing__(self, text: str) -> str:
        made = self[text] = _cell(text, self._stream)
        return made


def _cells(rows: Iterable[Sequence[str]], stream: TextIO) -> tuple[tuple[str, ...], ...]:
    made = _Cells(stream).__getitem__
    return tuple(tuple(map(made, row)) for row in rows)


def _laid_out(text: str, stream: TextIO, width: int | None, label: int = 0) -> str:
    """Fit lines to an output: to what it can show, and to its width; None for lines that stay whole."""
    shown = shown_by(stream, text)
    if width is None:
        return shown
    lines = shown.split("\n")
    return "\n".join(part for line in lines for part in wrap(line, min(width, _WIDEST), label))


class Spinner:
    """Progress on a terminal: a line with a turning mark while something is fetched or written."""

    def __init__(self) -> None:
        self._status: Status | None = None
        self._stream: TextIO = sys.stderr

    def show(self, line: str) -> None:
        """Start the line, or continue with another text."""
        if self._status is None:
            from rich.console import Console  # noqa: PLC0415 - only needed on terminals

            self._stream = sys.stderr  # rich stands in for it while the mark turns
            turning = "dots" if shown_by(self._stream, "⠋") == "⠋" else "line"
            self._status = Console(stderr=True).status("", spinner=turning)
            self._status.start()
        self._status.update(shown_by(self._stream, clean(line, 100)))

    def stop(self) -> None:
        """Clear the line; every other output does this first."""
        if self._status is not None:
            self._status.stop()
            self._status = None


_DIFF_STYLES: Mapping[str, Style] = {"+": "good", "-": "error", "@": "accent"}


class Screen:
    """The output and input of a command.

    Args:
        colour: Whether to colour the output; None to colour on terminals only.
        quiet: Write only results and errors.
        verbose: Write more details.
        as_json: Write the result as one JSON object.
        show_progress: Whether to show progress on a terminal.
        ask: Whether questions are allowed.
        pager: Whether a long result may be shown in the user's pager.
        spelled: Spells a command of ours as the user may type it, for the hints of errors.
    """

    def __init__(
        self,
        *,
        colour: bool | None = None,
        quiet: bool = False,
        verbose: bool = False,
        as_json: bool = False,
        show_progress: bool = True,
        ask: bool = True,
        pager: bool = True,
        spelled: Callable[[str], str] = str,
    ) -> None:
        self.colour = colour
        self.quiet = quiet
        self.verbose = verbose
        self.as_json = as_json
        self.show_progress = show_progress
        self.ask = ask
        self.pager = pager
        self.spelled = spelled
        self.kept: list[str] | None = None
        """Keeps the result and its notes, to show them later in a pager."""
        self.is_result = False
        """Whether messages are the result itself, as the preview of a dry run is."""
        self.gathered: list[dict[str, Any]] | None = None
        """Collects the JSON objects of a command that runs on many profiles, to write them as one."""
        self.spinner = Spinner()

    def progress(self, line: str) -> None:
        """Show what is being done, if progress is visible."""
        if self.show_progress and not self.quiet and not self.as_json and shows_progress():
            self.spinner.show(line)

    def _twin(self) -> Screen:
        # By hand: the library's `copy` loads two more modules into every command.
        twin = Screen.__new__(Screen)
        vars(twin).update(vars(self))
        return twin

    def results(self) -> Screen:
        """The same screen with messages on stdout: the preview is the result of a dry run."""
        twin = self._twin()
        # With --json the object alone is the result, so the preview stays on stderr.
        twin.is_result = not self.as_json
        return twin

    def say(self, line: str = "", *, label: int = 0, whole: bool = False) -> None:
        """Write a line of the result, wrapped to the terminal.

        Args:
            line: The line.
            label: How many characters its label has; 0 to find out.
            whole: Leave it to the terminal, as a line that is not ours: of a log, of a diff.
        """
        if not self.as_json:
            self._write([(line, label)], whole=whole)

    def say_all(self, lines: Iterable[tuple[str, int]]) -> None:
        """Write several lines of the result at once, each with the length of its label."""
        if not self.as_json:
            self._write(lines)

    def tell(self, line: str, *, label: int = 0, whole: bool = False) -> None:
        """Write a line that is not part of the result: a note, a warning, the next command."""
        if self.is_result or (self.kept is not None and not self.quiet):
            self.say(line, label=label, whole=whole)
        elif not self.quiet:
            self._write([(line, label)], err=True, whole=whole)

    def tell_all(self, lines: Iterable[tuple[str, int]]) -> None:
        """Write several lines that are not part of the result at once, each with the length of its label."""
        if self.is_result or (self.kept is not None and not self.quiet):
            self.say_all(lines)
        elif not self.quiet:
            self._write(lines, err=True)

    def prompt(self, line: str, *, whole: bool = False) -> None:
        """Write a line that belongs to a question, even if the screen is quiet."""
        self._write([(line, 0)], err=True, whole=whole)

    def warn(self, line: str) -> None:
        """Write a warning."""
        self._write([(f"{self._painted('warning:', 'warning', sys.stderr)} {line}", 0)], err=True)

    def emit(self, schema: str, data: dict[str, Any]) -> None:
        """Write the JSON object of a command, if JSON was asked for."""
        if not self.as_json:
            return
        whole = {"schema": f"hermes-dist/{schema}/1", **data}
        if self.gathered is not None:
            self.gathered.append(whole)
        else:
            import json  # noqa: PLC0415 - only needed with --json

            # In ASCII, no value from outside can steer the terminal that shows the object.
            self._write([(json.dumps(whole, indent=2, ensure_ascii=True), 0)], whole=True)

    def gather(self) -> Screen:
        """The same screen, but JSON objects are collected in :attr:`gathered`."""
        twin = self._twin()
        twin.gathered = []
        return twin

    def keeping(self, kept: list[str]) -> Screen:
        """The same screen, but the result is kept in a list, as it would be written."""
        twin = self._twin()
        twin.kept = kept
        return twin

    def aloud(self) -> Screen:
        """The same screen, not quiet: a question needs its context."""
        twin = self._twin()
        twin.quiet = False
        return twin

    def _write(
        self, lines: Iterable[tuple[str, int]], *, err: bool = False, whole: bool = False
    ) -> None:
        # While it turns, rich stands in for both outputs: a result would go to the terminal even
        # where stdout is a file.
        self.spinner.stop()  # it shares the terminal with both outputs
        stream = sys.stderr if err else sys.stdout
        width = None if whole else columns_of(stream)
        text = "".join(f"{_laid_out(line, stream, width, label)}\n" for line, label in lines)
        if not text:
            return
        if err:
            write_beside(text)
        elif self.kept is not None:
            self.kept.append(text)
        else:
            write(sys.stdout, text)

    def coloured(self, stream: TextIO | None = None) -> bool:
        """Whether to colour a stream."""
        return shows_colour(stream or sys.stdout) if self.colour is None else self.colour

    def paint(self, text: str, style: Style, *, bold: bool = False, err: bool = False) -> str:
        """Paint a text of ours by what it means; ``err`` if it goes to stderr."""
        return self._painted(
            text, style, sys.stderr if err and not self.is_result else sys.stdout, bold=bold
        )

    def _painted(self, text: str, style: Style, stream: TextIO, *, bold: bool = False) -> str:
        if not self.coloured(stream):
            return text
        codes = []
        if bold:
            codes.append("1")
        if style:
            codes.append(CODES[style])
        if not codes:
            return text
        return f"\033[{';'.join(codes)}m{text}{RESET}"

    def longest_value(self, *, err: bool = False) -> int:
        """How much of a value is shown beside others, on stdout or with ``err`` on stderr.

        All of it with ``-v``, and in a pipe; else a part.
        """
        stream = sys.stderr if err and not self.is_result else sys.stdout
        if self.verbose or columns_of(stream) is None:
            return WHOLE
        return VALUE

    def diff(self, lines: Iterable[str], *, beside: bool = False) -> None:
        """Write a unified diff, coloured on a terminal; tabs become spaces, as control characters are cleaned.

        A line is exactly what stands in a file, so the terminal breaks it where it must. Long texts in JSON have no
        line breaks of their own, so there they are wrapped like other values.

        Args:
            lines: The lines of the diff.
            beside: It belongs to a question, so it is not part of the result.
        """
        show = self.prompt if beside else self.say
        width, in_json = columns_of(sys.stderr if beside else sys.stdout), False
        for line in lines:
            text = clean_line(line.rstrip("\n").expandtabs())
            is_head = line.startswith(("+++ ", "--- "))
            if is_head:
                # A new or a deleted document has its name in one of the two lines.
                in_json = text.endswith(".json") or (in_json and text.startswith("+++ "))
            wraps = in_json and not is_head
            for part in wrap_changed(text, width if wraps else None):
                show(self._changed(part, line[:1], is_head=is_head, err=beside), whole=True)

    def _changed(self, text: str, sign: str, *, is_head: bool, err: bool) -> str:
        """Paint a line of a diff."""
        style: Style = "" if is_head else _DIFF_STYLES.get(sign, "")
        return self.paint(text, style, bold=is_head, err=err) if text else text

    def table(
        self,
        head: Sequence[str | Column],
        rows: Iterable[Sequence[str]],
        *,
        below: Iterable[Sequence[str]] = (),
        beside: bool = False,
    ) -> None:
        """Write rows in columns, cleaned and laid out to the terminal.

        Args:
            head: The titles, in sentence case; a :class:`Column` says more of how one is laid out.
            rows: The cells; none is shortened.
            below: The lines below each row; none for nothing below any.
            beside: It belongs to a question, so it is not part of the result.
        """
        stream = sys.stderr if beside else sys.stdout
        columns = tuple(_column(each, stream) for each in head)
        show = self.prompt if beside else self.say
        table = Table(columns, _cells(rows, stream), _cells(below, stream))
        lines = table.lines(columns_of(stream), lambda title: self._title(title, stream))
        if lines:  # at once: a system call for each takes longer than to lay it out
            show("\n".join(lines), whole=True)

    def fields(
        self, pairs: Iterable[tuple[str, str]], *, indent: int = 0, beside: bool = False
    ) -> None:
        """Write names with their values, cleaned and laid out to the terminal.

        Args:
            pairs: The names, in sentence case, and their values; an empty value is left out.
            indent: How far all of it is indented.
            beside: It is not part of the result.
        """
        stream = sys.stderr if beside and not self.is_result else sys.stdout
        cleaned = [(shown_by(stream, name), _cell(value, stream)) for name, value in pairs]
        write = self.tell if beside else self.say
        lines = fields(
            cleaned, columns_of(stream), lambda title: self._title(title, stream), indent
        )
        for line in lines:
            write(line, whole=True)

    def _title(self, text: str, stream: TextIO) -> str:
        return self._painted(text, "", stream, bold=True)

    @property
    def somebody(self) -> bool:
        """Whether questions can be asked: there is a terminal, and ``--no-input`` was not given."""
        # Not stdout: questions go to stderr, so they can be asked while the result goes to a file.
        return self.ask and sys.stdin.isatty() and sys.stderr.isatty()

    def needs(self, flag: str) -> None:
        """Make sure that somebody is there to answer.

        Raises:
            InputNeeded: Nobody is there; the error names the flag that answers instead.
        """
        if not self.somebody:
            raise InputNeeded(f"an answer is needed, and {self.silence}", hint=f"pass {flag}")

    @property
    def silence(self) -> str:
        """Why nothing can be asked, after "and"."""
        if sys.stdin.isatty() and sys.stderr.isatty():
            return "--no-input forbids to ask"
        return "there is no terminal to ask on"

    def confirm(self, question: str, flag: str = "--yes") -> bool:
        """Ask yes or no; Enter is no, and any other word is asked about again.

        Raises:
            InputNeeded: Nobody is there to answer.
        """
        self.needs(flag)
        while True:
            answer = self.read(f"{question} [y/N] ").strip().lower()
            if answer in {"y", "yes"}:
                return True
            if answer in {"", "n", "no"}:
                return False
            self.prompt(f"  {clean(answer, 40)!r} is neither yes nor no; Enter means no")

    def read(self, prompt: str, *, hidden: bool = False) -> str:
        """Read a line from the terminal.

        Raises:
            Cancelled: The input ended.
        """
        self.spinner.stop()
        try:
            shown = _laid_out(prompt.rstrip(" "), sys.stderr, columns_of(sys.stderr))
            prompt = shown + prompt[len(prompt.rstrip(" ")) :]
            if hidden:
                import getpass  # noqa: PLC0415 - only needed to read secrets

                return getpass.getpass(prompt, stream=sys.stderr)
            # Not input(): where stdout is a file, that writes the prompt into it.
            sys.stderr.write(prompt)
            sys.stderr.flush()
            line = sys.stdin.readline()
        except EOFError:
            line = ""
        if not line:
            raise Cancelled("cancelled, nothing changed")
        return line.rstrip("\n")

    def error(self, error: DistError, *, beside: bool = False, profile: str = "") -> None:
        """Write an error: what, where, what to do next. It never fails, so that the error's own code counts.

        Args:
            error: The error.
            beside: It is not a JSON object of its own.
            profile: The profile, if a command on many profiles failed on this one.
        """
        if self.as_json and not beside:
            whole: dict[str, Any] = {"profile": profile} if profile else {}
            with contextlib.suppress(DistError):
                self.emit("error", {**whole, "error": error_data(error, self.spelled)})
        place = ""
        if error.where:
            place = f"{clean(error.where)}: "
        mark = self.paint("error:", "error", bold=True, err=True)
        self._write([(f"{mark} {place}{clean(error.what)}", 0)], err=True)
        if hint := error.advice(self.spelled):
            self._write([(f"  {clean(hint)}", 0)], err=True)
