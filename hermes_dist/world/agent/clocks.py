"""What starts the daily check on this machine: systemd's user timers, launchd, the user's crontab."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hermes_dist.errors import DistError
from hermes_dist.world.agent.programs import find_command
from hermes_dist.world.child import Bounds, Command, Finished, run
from hermes_dist.world.files import read_file

_BOUNDS = Bounds(seconds=60, output=4 << 20)


def has(program: str, env: Mapping[str, str]) -> bool:
    """Whether a program is on the path."""
    return find_command(program, env) is not None


def systemctl(env: Mapping[str, str], *words: str) -> None:
    """Ask systemd's user manager for something.

    Raises:
        DistError: It refuses, or there is none.
    """
    _asked(env, "systemctl", "--user", *words)


def launchctl(env: Mapping[str, str], *words: str) -> None:
    """Ask launchd for something.

    Raises:
        DistError: It refuses, or there is none.
    """
    _asked(env, "launchctl", *words)


def read_crontab(env: Mapping[str, str]) -> str:
    """Read the user's crontab; empty if there is none.

    Raises:
        DistError: It can't be read, so it must not be replaced.
    """
    done = _run(env, "crontab", "-l")
    if done.ok:
        return done.out.decode("utf-8", "surrogateescape")
    # Every cron says that in English, whatever the language, and no other error has these words.
    if not done.out and "no crontab" in done.err.lower():
        return ""
    raise DistError(
        f"the crontab can't be read: {done.err.strip() or done.code}", hint="nothing was changed"
    )


def write_crontab(text: str, env: Mapping[str, str]) -> None:
    """Replace the user's crontab; an empty one is removed.

    Raises:
        DistError: It can't be written; the old one stays.
    """
    if not text:
        _asked(env, "crontab", "-r")
        return
    done = _run(env, "crontab", "-", request=text.encode("utf-8", "surrogateescape"))
    if not done.ok:
        raise DistError(f"the crontab can't be written: {done.err.strip() or done.code}")


def _asked(env: Mapping[str, str], *words: str) -> None:
    done = _run(env, *words)
    if not done.ok:
        why = done.err.strip().splitlines()
        raise DistError(f"{' '.join(words)} failed: {why[-1] if why else done.code}")


def _run(env: Mapping[str, str], name: str, *words: str, request: bytes = b"") -> Finished:
    program = find_command(name, env)
    if program is None:
        raise DistError(f"{name} is not on PATH", hint="choose another way to start the check")
    return run(Command((str(program), *words), env, request), _BOUNDS)


def read_text(path: Path) -> str:
    """Read a file; empty if it is not there or can't be read."""
    try:
        return read_file(path).decode("utf-8", "surrogateescape")
    except OSError:
        return ""
