"""The program behind :mod:`forked`: it loads the whole package once, and forks for each command it is asked to run.

It has one thread, so a fork of it is as good as a new process; it runs nothing itself, so no cache is warm. The embedded git
client, which commands start as a program, is forked from it, too (:mod:`forkclient` stands in its place), and so are the
commands that a shell starts where a test asks for it (:func:`forked.programs`).
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
    ended, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    own = (ask.fileno(), door.fileno(), ended, wakes)
    waited: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([ask, door, ended], [], [])
        if ended in ready:
            os.read(ended, 1 << 16)
            _reap(waited)
        if door in ready:
            _let_in(door, [*own, *waited.values()])
        if ask in ready:
            data, fds, _, _ = socket.recv_fds(ask, 1 << 20, 4)
            if not data:
                return
            _begin(json.loads(data), fds, waited, [*own, *waited.values()])


def _reap(waited: dict[int, int]) -> None:
    """Say how commands ended, each in the pipe of its own; the time of what has ended is counted as ours."""
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            told = waited.pop(found[0], None)
            if told is not None:
                with suppress(BrokenPipeError):
                    os.write(told, f"{os.waitstatus_to_exitcode(found[1])}\n".encode())
                os.close(told)


def _let_in(door: socket.socket, own: list[int]) -> None:
    guest, _ = door.accept()
    with guest:
        if not os.fork():
            _leave(own)
            _watch_program(guest)


def _watch_program(guest: socket.socket) -> None:
    """Run a program for one that stands in for it, say how it ended, and end it where that is killed."""
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


def _begin(request: dict[str, Any], fds: list[int], waited: dict[int, int], own: list[int]) -> None:
    """Run a command in a child, and write its pid; how it ended is written when it has."""
    *streams, told = fds
    child = os.fork()
    if not child:
        _leave([told, *own])
        _become(request, streams)
    with suppress(BrokenPipeError):
        os.write(told, f"{child}\n".encode())
    for fd in streams:
        os.close(fd)
    waited[child] = told


def _leave(own: list[int]) -> None:
    """Let go of what is the server's, in a process that is another one from now on."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for fd in own:
        os.close(fd)


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


def module() -> int:
    """An entry: ``python -m hermes_dist``."""
    from hermes_dist.cli.entry.front import main

    return main(sys.argv[1:])


if __name__ == "__main__":
    asks, knocks = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    load()
    embeddedgit.stand_in(knocks.getsockname())
    serve(asks, knocks)
