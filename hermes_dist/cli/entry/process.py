"""The start and end of our process: what the installed commands call first, and how they end."""

from __future__ import annotations

from hermes_dist.cli.entry.interrupts import tell_of_interrupts  # isort: skip - first: it acts when it is imported

import atexit
import gc
import os
import sys
from collections.abc import Callable
from types import ModuleType

from hermes_dist.cli.entry.lean import load_less
from hermes_dist.lazily import module_of

_INTERRUPTED = 130
_YOUNG = 200_000
"""Containers made before Python looks for cycles among them: more than all modules and a common package bring."""


def hermes() -> None:
    """Entry point ``hermes-dist``."""
    live(lambda: _start().hermes())


def aigenlabs() -> None:
    """Entry point ``aigenlabs-dist``."""
    live(lambda: _start().aigenlabs())


def _start() -> ModuleType:
    """The start of every command, loaded once libraries load less."""
    return module_of("hermes_dist.cli.entry.start")


def live(command: Callable[[], None]) -> None:
    """Run what ends in ``sys.exit``, as fast as a process can that does nothing else, and end the process with it."""
    search_late()
    load_less()
    try:
        tell_of_interrupts()
        command()
    except SystemExit as end:
        _leave(end.code)
        raise
    except KeyboardInterrupt:  # just before the command took it up, or after it had ended
        _leave(_INTERRUPTED)
        raise SystemExit(_INTERRUPTED) from None


def search_late() -> None:
    """Let Python search for cycles less often.

    To load the modules makes hundreds of thousands of objects and hardly any garbage, and Python searches them again
    for every 700 more. The limit is higher, not gone: a page that is served for days must not grow.
    """
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])


def _leave(code: object) -> None:
    """End at once with an exit code, before Python takes apart every module; return where that would cut work short."""
    threading = sys.modules.get("threading")
    if not isinstance(code, int) or (threading is not None and threading.active_count() > 1):
        return
    atexit._run_exitfuncs()  # noqa: SLF001 - what others asked to be done at the end; multiprocessing calls it, too
    # Python has none for a stream that was closed when the program began.
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            return  # Python says what became of it
    os._exit(code)
