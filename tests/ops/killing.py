"""Killing a command before each change it makes to the disk."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from hermes_dist.world.disk import rename as _rename

_CHANGES = frozenset(
    [
        "os.mkdir",
        "os.rename",
        "os.remove",
        "os.rmdir",
        "os.link",
        "os.symlink",
        "os.chmod",
        "os.utime",
        "os.truncate",
    ]
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
KILLED = 137


def killed(run: Callable[[], object], at: int) -> bool:
    """Run in a child that dies before its change number ``at``; whether it died.

    Raises:
        AssertionError: It failed by itself.
    """
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _arm(at)
            run()
            code = 0
        except BaseException:  # noqa: BLE001 - a child tells all and ends
            traceback.print_exc()
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, KILLED), code
    return code == KILLED


def changes_of(run: Callable[[], object]) -> int:
    """How many changes to the disk something makes, by running it in a child.

    Raises:
        AssertionError: It failed by itself.
    """
    source, target = os.pipe()
    pid = os.fork()
    if pid == 0:
        code, count = 1, 0

        def change() -> None:
            nonlocal count
            count += 1

        try:
            _listen(change)
            run()
            os.write(target, str(count).encode())
            code = 0
        except BaseException:  # noqa: BLE001 - a child tells all and ends
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(target)
    with os.fdopen(source) as told:
        found = told.read()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return int(found)


def _arm(at: int) -> None:
    left = at

    def change() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os._exit(KILLED)

    _listen(change)


def _listen(change: Callable[[], None]) -> None:
    """Call something before each change that this process makes from now on."""

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event in _CHANGES or (event == "open" and _writes(given)):
            change()

    call = _rename._call

    def counted(source: Any, target: Any, *, swap: bool) -> None:
        change()
        call(source, target, swap=swap)

    _rename._call = counted
    sys.addaudithook(hook)


def _writes(given: tuple[Any, ...]) -> bool:
    path, mode, flags = given
    if path == os.devnull:
        return False
    return bool(isinstance(flags, int) and flags & _WRITING) or bool(
        mode and set(str(mode)) & set("wax+")
    )
