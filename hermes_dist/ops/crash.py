"""The log of a crash: what the program did last, and where it failed, without the secrets of this machine."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from hermes_dist import __version__
from hermes_dist.brand import Brand
from hermes_dist.decide.secrets.held import known_secrets
from hermes_dist.decide.secrets.redact import redact
from hermes_dist.errors import DistError
from hermes_dist.ops.change.machine_secrets import secrets_of, variables_of
from hermes_dist.ops.context import Context
from hermes_dist.world import trace
from hermes_dist.world.disk.errors import HINTS, trouble
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.disk.private import make_private
from hermes_dist.world.files import OddFile

_KEPT = 10
"""So many logs are kept; an older one goes when a new one is written."""
_SHORTEST = 8
"""Shorter values of variables whose names do not say that they are secrets stay in a log."""


class Crash(Struct, frozen=True):
    """What the user is told about a crash.

    Attributes:
        what: The error in one line.
        trace: The error with its traceback, without secrets.
        log: The log; None if it can't be written.
    """

    what: str
    trace: str
    log: Path | None


def listen(brand: Brand, say: Callable[[str], None]) -> None:
    """From now on, pass each step of the program to ``say`` as a line without secrets."""
    hide = _hider(_context(brand))
    trace.listen(lambda line: say(hide(line)))


def stop_listening() -> None:
    """Stop what :func:`listen` began."""
    trace.listen(None)


def refused_by_system(error: OSError) -> DistError | None:
    """Return the sentence for an error that the user's machine causes, such as a folder that may not be read.

    None for every other error of the system: that is a fault of this program.
    """
    if error.errno == errno.ENOENT and _has_no_folder():
        return DistError("the folder that you are in is gone", hint="go to another one with cd")
    if error.filename is None or error.errno not in HINTS:
        return None
    doing = "it can't be read" if isinstance(error, OddFile) else "the system refuses that"
    return trouble(error, doing)


def _has_no_folder() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def report(brand: Brand, argv: Sequence[str], error: Exception) -> Crash:
    """Write the log of a crash into the folder that all profiles share, for its owner alone.

    Args:
        brand: The brand of the command.
        argv: The words of the command line.
        error: What went wrong.
    """
    ctx = _context(brand)
    hide = _hider(ctx)
    way = hide("".join(traceback.format_exception(error)))
    text = "\n".join(
        [
            f"{brand.dist_command} {__version__}, Python {sys.version.split()[0]}, {sys.platform}",
            f"command: {hide(' '.join(argv))}",
            "",
            way,
            "what was done last, in seconds since the start:",
            *map(hide, trace.lines()),
            "",
        ]
    )
    what = hide(f"{type(error).__name__}: {error}")
    return Crash(what, way, None if ctx is None else _written(ctx, text))


def _context(brand: Brand) -> Context | None:
    try:
        return Context.from_environment(brand)
    except DistError:
        return None


def _written(ctx: Context, text: str) -> Path | None:
    folder = ctx.layout.shared / "crashes"
    path = folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.log"
    try:
        make_private(folder)
        for old in sorted(folder.glob("*.log"))[: 1 - _KEPT]:
            old.unlink(missing_ok=True)
        atomic_write(path, text.encode("utf-8", "backslashreplace"), 0o600)
    except (OSError, DistError):
        return None
    return path


def _hider(ctx: Context | None) -> Callable[[str], str]:
    """Return a function that hides secrets in a text: those of this machine, and what looks like one."""
    known = {} if ctx is None else _known(ctx)

    def hide(text: str) -> str:
        data = trace.public(text).encode("utf-8", "backslashreplace")
        return redact(data, known)[0].decode("utf-8", "backslashreplace")

    return hide


def _known(ctx: Context) -> Mapping[str, str]:
    """Collect what this machine keeps secret, and every other value of a variable that is not a path.

    A log goes to strangers, so a value is hidden here even if nothing about it looks secret.
    """
    try:
        homes = [ctx.layout.home(name) for name in ctx.names()]
    except (OSError, DistError):
        homes = [ctx.layout.root]
    found = known_secrets(ctx.env, ()) | _hidden_values(ctx.env)
    for home in homes:
        found |= {**secrets_of(ctx, home), **_hidden_values(variables_of(home))}
    return found


def _hidden_values(variables: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in variables.items()
        if len(value) >= _SHORTEST and not value.startswith("/")
    }
