"""Commands of ours, each in a process of its own that does not have to load the package first.

A new process for each of thousands of commands spends most of its time on imports. Here one process a session imports
everything and forks for each command (:mod:`forkserver`): environment, folder, streams, exit code and caches are those of
a new process. What a start loads, and how, is not tested this way; for that, some tests run the installed command.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import exits
import forkserver

HERMES_DIST = "hermes_dist.cli.entry.start:hermes"
MODULE = "__main__:module"
"""``python -m hermes_dist``: also what a front door starts."""
CLIENT = Path(__file__).with_name("forkclient.py")
_STANDS_IN = """\
#!/bin/sh
{when}exec {python} -I -S {client} {door} {entry} "$0" "$@"
"""
_AS_MODULE = """\
[ "$1 $2 $3" = "-P -m hermes_dist" ] || exec {python} "$@"
shift 3
"""
_lock = threading.Lock()


class _Server(NamedTuple):
    ask: socket.socket
    door: str


@cache
def _server() -> _Server:
    """The server of this process; it ends with it, as nobody asks any more."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    place = tempfile.mkdtemp(prefix="hermes-dist-fork-", dir="/tmp")  # a socket has a short name
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door.bind(f"{place}/door")
    door.listen(64)
    server = subprocess.Popen(
        [sys.executable, forkserver.__file__, str(theirs.fileno()), str(door.fileno())],
        pass_fds=[theirs.fileno(), door.fileno()],
        env={**os.environ, "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
    )
    theirs.close()
    door.close()

    def end() -> None:
        ours.close()
        server.wait()
        shutil.rmtree(place, ignore_errors=True)

    atexit.register(end)
    return _Server(ours, f"{place}/door")


def door() -> str:
    """Where a program knocks that :mod:`forkclient` stands in for."""
    return _server().door


def programs(folder: Path) -> Path:
    """Put programs into a folder that are ours for shells and scripts, without their start: each is a fork.

    They begin a session of their own, so no Ctrl-C of a terminal reaches them; what a start loads is not tested either.

    Args:
        folder: It is made if it is missing.

    Returns:
        A ``python`` in it that runs our module this way, and everything else as Python does. ``hermes-dist`` is beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    python = shlex.quote(sys.executable)
    words = {"python": python, "client": shlex.quote(str(CLIENT)), "door": shlex.quote(door())}
    when = _AS_MODULE.format(python=python)
    for name, entry, first in (("hermes-dist", HERMES_DIST, ""), ("python", MODULE, when)):
        program = folder / name
        program.write_text(_STANDS_IN.format(**words, entry=entry, when=first))
        program.chmod(0o755)
    return folder / "python"


class Forked:
    """A command that runs.

    Args:
        argv: The program's name and its words.
        env: Its environment.
        cwd: Its folder.
        streams: Its standard input, output and error.
        entry: The function that it is.
        session: Whether it begins a session, as a program on a terminal of its own.
        controls: Whether that terminal controls it: Ctrl-C and hanging up reach it.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        streams: Sequence[int],
        *,
        entry: str = HERMES_DIST,
        session: bool = False,
        controls: bool = False,
    ) -> None:
        end, told = os.pipe()
        self._words = argv[1:]
        request: dict[str, Any] = {
            "argv": list(argv),
            "env": dict(env),
            "cwd": str(cwd),
            "entry": entry,
            "session": session,
            "controls": controls,
        }
        with _lock:
            socket.send_fds(_server().ask, [json.dumps(request).encode()], [*streams, told])
        os.close(told)
        self._end = end
        self.pid = self._number()

    def wait(self, timeout: float = 60) -> int:
        """Its exit code; negative for a signal.

        Raises:
            TimeoutError: It did not end in time, and was killed.
            AssertionError: The table of exit codes does not know this one for the command.
        """
        try:
            if not select.select([self._end], [], [], timeout)[0]:
                with suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
                raise TimeoutError(f"it did not end within {timeout} seconds")
            code = self._number()
        finally:
            os.close(self._end)
        exits.check(self._words, code)
        return code

    def _number(self) -> int:
        text = b""
        while not text.endswith(b"\n"):
            piece = os.read(self._end, 1)
            assert piece, "the process that forks has ended"
            text += piece
        return int(text)


def run(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path, *, entry: str = HERMES_DIST
) -> subprocess.CompletedProcess[bytes]:
    """Run a command without input, to its end."""
    with (
        open(os.devnull, "rb") as nothing,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        streams = [nothing.fileno(), out.fileno(), err.fileno()]
        code = Forked(argv, env, cwd, streams, entry=entry).wait()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(argv), code, out.read(), err.read())


def said(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run a command of ours without input, to its end; what it said as text."""
    done = run(argv, env, cwd)
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )
