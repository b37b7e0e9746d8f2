"""Run a command in this process and count what it does: nothing here depends on how fast the machine is.

``python benchmarks/counting.py OUT WORD…`` runs ``hermes-dist WORD…`` and writes its counts to OUT as JSON:

- ``modules`` and ``own_modules``: what it imported, and how much of that is ours.
- ``own_calls``: calls of functions of ours; those of comprehensions are left out, which newer Pythons count otherwise.
- ``system_calls``: calls into the module ``posix``, without what imports need. Most are a system call each.
- ``git`` and ``programs``: what it started.
- ``bytes``: what it and its children wrote, pipes and standard output included; 0 where the system does not tell.

Waiting for a child is not counted: how often that looks again is a matter of time.
"""

from __future__ import annotations

import os
import sys
from _lsprof import Profiler  # cProfile would import modules that the command may need, too

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_OURS = os.path.join(_ROOT, "hermes_dist", "")
_WAITING = os.path.join(_OURS, "world", "child.py")
_POSIX = "<built-in method posix."
_PURE = frozenset(
    f"{_POSIX}{name}>" for name in ("fspath", "_path_normpath", "getpid", "WIFSTOPPED")
)
"""What is in ``posix`` and asks the system for nothing."""


class Programs:
    """How many programs were started, and how many of them are git."""

    def __init__(self) -> None:
        self.all = self.git = 0
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "subprocess.Popen":
            self.all += 1
            self.git += any(os.path.basename(os.fsdecode(word)) == "git" for word in arguments[1])


def _own_calls(profile: Profiler) -> int:
    count = 0
    for entry in profile.getstats():
        code = entry.code
        if not isinstance(code, str) and not code.co_name.startswith("<"):
            file = code.co_filename
            count += entry.callcount if file.startswith(_OURS) and file != _WAITING else 0
    return count


def _system_calls(profile: Profiler) -> int:
    count = 0
    for entry in profile.getstats():
        code = entry.code
        if isinstance(code, str) or _is_apart(code.co_filename):
            continue
        for sub in entry.calls or ():
            name = sub.code if isinstance(sub.code, str) else ""
            count += sub.callcount if name.startswith(_POSIX) and name not in _PURE else 0
    return count


def _is_apart(file: str) -> bool:
    """Whether calls from a file are part of an import, or of waiting for a child."""
    return (
        file.startswith("<frozen importlib") or file == _WAITING or file.endswith("subprocess.py")
    )


def _written() -> int:
    """How many bytes this process and its children that have ended wrote."""
    try:
        with open("/proc/self/io", encoding="ascii") as file:
            return int(file.read().partition("wchar: ")[2].partition("\n")[0])
    except OSError:
        return 0


def main(out: str, words: list[str]) -> int:
    """Run the command; returns its exit code."""
    before = set(sys.modules)
    sys.path[0] = _ROOT
    sys.argv = ["hermes-dist", *words]
    written = _written()
    programs, profile = Programs(), Profiler(subcalls=True, builtins=True)
    code: object = 0
    profile.enable()
    try:
        from hermes_dist.cli.entry.start import hermes  # noqa: PLC0415 - counted, too

        hermes()
    except SystemExit as end:
        code = end.code
    profile.disable()
    loaded = set(sys.modules) - before
    sys.stdout.flush()
    found = {
        "modules": len(loaded),
        "own_modules": sum(name.partition(".")[0] == "hermes_dist" for name in loaded),
        "own_calls": _own_calls(profile),
        "system_calls": _system_calls(profile),
        "git": programs.git,
        "programs": programs.all,
        "bytes": _written() - written,
    }
    import json  # noqa: PLC0415 - not counted

    with open(out, "w", encoding="utf-8") as file:
        json.dump(found, file)
    return code if isinstance(code, int) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
