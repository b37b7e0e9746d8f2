"""A program on a terminal of its own, to talk with it as a person does."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import termios
import time
from collections.abc import Mapping
from pathlib import Path

import forked

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07)")


class Terminal:
    """Run a command on a pseudo-terminal.

    Args:
        words: The command's words, behind the program's name.
        env: More environment.
        cwd: Where it runs.
        stdout: A file for its standard output; None for the terminal.
    """

    def __init__(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdout: Path | None = None,
    ) -> None:
        environ = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40", **(env or {})}
        self.raw = b""
        self.read_to = 0
        self.master, slave = pty.openpty()
        out = os.open(stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) if stdout else slave
        self._run = forked.Forked(
            ["hermes-dist", *words],
            environ,
            cwd or Path.cwd(),
            (slave, out, slave),
            session=True,
            controls=True,
        )
        self.pid = self._run.pid
        for fd in {slave, out}:
            os.close(fd)

    @property
    def text(self) -> str:
        """All it wrote, without escape codes."""
        return _ESCAPES.sub("", self.raw.decode("utf-8", "replace")).replace("\r\n", "\n")

    def expect(self, wanted: str, *, within: float = 30) -> None:
        """Wait until it has written a text since the last one, and waits."""
        end = time.monotonic() + within
        while not self.text[self.read_to :].endswith(wanted):
            if not self._read(end - time.monotonic()):
                raise AssertionError(f"it never wrote {wanted!r}:\n{self.text}")
        self.read_to = len(self.text)

    def send(self, text: str) -> None:
        """Type."""
        if text == "\x03":
            self._settle()
        os.write(self.master, text.encode())

    def answer(self, question: str, text: str) -> None:
        """Wait for a question, and type an answer with Enter."""
        self.expect(question)
        self.send(f"{text}\n")

    def echoes(self) -> bool:
        """Whether what is typed shows on the terminal."""
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def end(self, *, within: float = 30) -> int:
        """Wait for its end; return the exit code, negative for a signal."""
        end = time.monotonic() + within
        while self._read(end - time.monotonic()):
            pass
        if time.monotonic() >= end:
            os.kill(self.pid, signal.SIGKILL)
        code = self._run.wait()
        os.close(self.master)
        return code

    def _settle(self) -> None:
        """Wait until it waits itself: what Python is told just before it reads, it hears with the next key alone."""
        stat, calm = Path(f"/proc/{self.pid}/stat"), 0
        end = time.monotonic() + 5
        while stat.exists() and calm < 3 and time.monotonic() < end:
            sleeps = stat.read_text().rpartition(") ")[2].startswith("S")
            calm = calm + 1 if sleeps else 0
            time.sleep(0.02)

    def hang_up(self) -> int:
        """Close the terminal under it."""
        os.close(self.master)
        return self._run.wait()

    def _read(self, timeout: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(timeout, 0))
        try:
            piece = os.read(self.master, 65536) if ready else b""
        except OSError:  # the other side is closed
            piece = b""
        self.raw += piece
        return bool(piece)


def rendered(raw: bytes) -> list[str]:
    """What stands on the screen in the end: carriage returns, erasures and the cursor going up are followed."""
    lines, row, column = [""], 0, 0
    for part in re.findall(
        r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07]*\x07|\r|\n|[^\x1b\r\n]+",
        raw.decode("utf-8", "replace"),
    ):
        if part == "\r":
            column = 0
        elif part == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif part.startswith("\x1b"):
            if part[-1] == "A":
                row -= int(part[2:-1] or 1)
            elif part.endswith("2K"):
                lines[row] = ""
        else:
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
            column += len(part)
    return lines
