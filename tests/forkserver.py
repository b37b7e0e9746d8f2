"""The program behind :mod:`forked`: it loads the whole package once, and forks for each command it is asked to run.

It has one thread, so a fork of it is as good as a new process; it runs nothing itself, so no cache is warm. The embedded git
client, which commands start as a program, is forked from it, too (:mod:`forkclient` stands in its place).
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import importlib
import json
import marshal
import os
import pkgutil
import resource
import select
import signal
import socket
import sys
import tempfile
import termios
import threading
import time
import traceback
from contextlib import suppress
from typing import Any

import embeddedgit

import hermes_dist
from hermes_dist.brand import HERMES
from hermes_dist.world.keys.age import AgeWriter

CHEAP = 8
"""The work factor of passphrases here: a thousandth of what it is for users, which tests/world/keys measures."""
_PROGRAMS = ("__main__", "foreign")
"""Modules that are programs: to import them is to run them."""
_MASK = os.umask(0)
os.umask(_MASK)


def load() -> None:
    """Import every module of the package, and what it needs; a passphrase costs next to nothing."""
    for module in pkgutil.walk_packages(hermes_dist.__path__, "hermes_dist."):
        if not module.name.endswith(_PROGRAMS):
            importlib.import_module(module.name)
    AgeWriter.__init__.__defaults__ = (CHEAP,)
    gc.collect()
    gc.freeze()


def serve(ask: socket.socket, door: socket.socket) -> None:
    """Answer until the other side is gone.

    Args:
        ask: The other side. With each request come the standard streams and a pipe for the end.
        door: Where programs knock that a command has started; see :func:`_watch_program`.
    """
    signal.signal(signal.SIGCHLD, _reap)
    while True:
        ready, _, _ = select.select([ask, door], [], [])
        if door in ready:
            _let_in(ask, door)
        if ask in ready:
            data, fds, _, _ = socket.recv_fds(ask, 1 << 20, 4)
            if not data:
                return
            if not os.fork():
                ask.close()
                door.close()
                _watch(json.loads(data), fds)
            for fd in fds:
                os.close(fd)


def _reap(*_: object) -> None:
    """Wait for what has ended, so that its time is counted as ours and `time make test` tells it."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _let_in(ask: socket.socket, door: socket.socket) -> None:
    guest, _ = door.accept()
    with guest:
        if not os.fork():
            ask.close()
            door.close()
            _watch_program(guest)


def _watch_program(guest: socket.socket) -> None:
    """Run a program for one that stands in for it, say how it ended, and end it where that is killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    data, streams, _, _ = socket.recv_fds(guest, 1 << 20, 3)
    child = os.fork() if data else os._exit(0)
    if not child:
        guest.close()
        _become(marshal.loads(data), streams)
    for fd in streams:
        os.close(fd)
    ended = os.pidfd_open(child)
    if ended not in select.select([ended, guest], [], [])[0]:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with suppress(OSError):
        guest.send(b"%d" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _watch(request: dict[str, Any], fds: list[int]) -> None:
    """Run a command in a child, and write its pid and then how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, told = fds
    child = os.fork()
    if not child:
        os.close(told)
        _become(request, streams)
    os.write(told, f"{child}\n".encode())
    for fd in streams:
        os.close(fd)
    _, status = os.waitpid(child, 0)
    os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Be the command: streams, environment and folder as a new process would find them."""
    code = 1
    try:
        if request["session"]:
            os.setsid()
        for number, fd in enumerate(streams):
            os.dup2(fd, number)
            os.close(fd)
        if request.get("controls"):
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        # The server has loaded what a new process would first load itself; see `hermes_dist.cli.entry.process`.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.umask(request.get("mask", _MASK))
        for which, soft, hard in request.get("limits", ()):
            resource.setrlimit(which, (soft, hard))
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        time.tzset()
        tempfile.tempdir = None
        sys.argv = request["argv"]
        _open_streams()
        code = _run(request["entry"])
    except BaseException:  # noqa: BLE001 - as the interpreter itself does
        traceback.print_exc()
    finally:
        os._exit(code)


def _open_streams() -> None:
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stdout = open(  # noqa: SIM115
        1, "w", encoding="utf-8", errors="surrogateescape", closefd=False
    )
    sys.stderr = open(  # noqa: SIM115
        2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )


def _run(entry: str) -> int:
    module, _, name = entry.partition(":")
    try:
        code = getattr(sys.modules[module], name)()
    except SystemExit as end:
        code = end.code
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    threading._shutdown()  # type: ignore[attr-defined]  # what the interpreter does at its end
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


def front_door() -> int:
    """An entry: the launcher named ``hermes``, without the shell script that starts it."""
    from hermes_dist.cli.entry.front import main

    return main([f"--front-door={HERMES.name}", *sys.argv[1:]])


if __name__ == "__main__":
    asks, knocks = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    load()
    embeddedgit.stand_in(knocks.getsockname())
    serve(asks, knocks)
