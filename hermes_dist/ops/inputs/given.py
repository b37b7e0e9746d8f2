"""The answers to inputs that are given with a command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from hermes_dist.errors import DistError, UsageError, quoted


def given_answers(assignments: Iterable[str], files: Iterable[str]) -> Mapping[str, str]:
    """Read ``--set NAME=VALUE`` and ``--set-file NAME=FILE``; a line break at the end of a file does not count.

    Raises:
        UsageError: There is no name, or one has two answers; no message shows a value.
        DistError: A file can't be read.
    """
    found: dict[str, str] = {}
    pairs = [(*_pair(text, "--set"), False) for text in assignments]
    pairs += [(*_pair(text, "--set-file"), True) for text in files]
    for name, value, is_file in pairs:
        if name in found:
            raise UsageError(f"the input {quoted(name, 80)} has two answers", hint="give it one")
        found[name] = _content(value) if is_file else value
    return found


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{option} takes NAME=VALUE", hint=f"such as {option} team=search")
    return name.strip(), value


def _content(text: str) -> str:
    path = Path(text).expanduser()
    try:
        with path.open("rb") as file:
            data = file.read(1 << 16)
    except OSError as error:
        raise DistError(
            f"can't read the file: {error.strerror}", where=str(path), hint="see --set-file"
        ) from error
    return data.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
