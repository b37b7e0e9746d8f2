"""The program behind :mod:`forked`: it loads the whole package once, and forks for each command it is asked to run.

It has one thread, so a fork of it is as good as a new process; it runs nothing itself, so no cache is warm.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from typing import Any

import hermes_dist
from hermes_dist.brand import HERMES

_PROGRAMS = ("__main__", "dulwich_program", "foreign")
"""Modules that are programs: to import them is to run them."""


def load() -> None:
    """Import every module of the package, and what it needs."""
    for module in pkgutil.walk_packages(hermes_dist.__path__, "hermes_dist."):
        if not module.name.endswith(_PROGRAMS):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def serve(ask: socket.socket) -> None:
    """Answer until the other side is gone. With each request come the standard streams and a pipe for the end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        data, fds, _, _ = socket.recv_fds(ask, 1 << 20, 4)
        if not data:
            return
        if not os.fork():
            ask.close()
            _watch(json.loads(data), fds)
        for fd in fds:
            os.close(fd)


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
    load()
    serve(socket.socket(fileno=int(sys.argv[1])))
