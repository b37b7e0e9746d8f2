"""Run a command in this process and look at its stack every few milliseconds of processor time.

``python benchmarks/sampler.py OUT WORD…`` runs ``hermes-dist WORD…`` and writes its samples to OUT as JSON: stacks,
each with the seconds of processor time that were spent there. A child's time counts at the place that waits for it.
Nothing that the program does not need itself is imported, so that imports keep their price.
"""

from __future__ import annotations

import _signal
import os
import sys
import time
from types import FrameType
from typing import Any

EVERY = 0.001
"""Seconds of processor time between samples; a kernel may look only every 4 ms, so each sample is weighed."""
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Samples:
    """Stacks and the seconds spent in each."""

    def __init__(self) -> None:
        self.stacks: dict[tuple[str, ...], float] = {}
        self._last = 0.0

    def start(self) -> None:
        """Begin to look."""
        self._last = time.process_time()
        _signal.signal(_signal.SIGPROF, self._look)
        _signal.setitimer(_signal.ITIMER_PROF, EVERY, EVERY)
        os.waitpid = self._wait  # type: ignore[assignment]  # subprocess reaps with it

    def stop(self) -> None:
        """Look once more, and no longer."""
        _signal.setitimer(_signal.ITIMER_PROF, 0)
        self._add((), self._spent())

    def _spent(self) -> float:
        now = time.process_time()
        spent, self._last = now - self._last, now
        return spent

    def _look(self, _number: int, frame: FrameType | None) -> None:
        self._add(_names(frame), self._spent())

    def _add(self, stack: tuple[str, ...], seconds: float) -> None:
        self.stacks[stack] = self.stacks.get(stack, 0.0) + seconds

    def _wait(self, pid: int, options: int) -> tuple[int, int]:
        found, status, usage = os.wait4(pid, options)
        if found:
            here = sys._getframe(1)  # noqa: SLF001 - as inspect does, without its import
            argv = getattr(here.f_locals.get("self"), "args", ())
            stack = (*_names(here), f"child:{_child(argv)}")
            self._add(stack, usage.ru_utime + usage.ru_stime)
        return found, status


def _child(argv: Any) -> str:
    """What a child does: ``git fetch``."""
    words = list(argv)
    for at, word in enumerate(words):
        if os.path.basename(word) == "git":
            verbs = [w for w in words[at + 1 :] if w.isascii() and w.replace("-", "").isalpha()]
            return "git " + next((w for w in verbs if not w.startswith("-")), "")
    return os.path.basename(words[0]) if words else "?"


def _names(frame: FrameType | None) -> tuple[str, ...]:
    """A stack from its root: ``file:function``, files of ours from the package on, others by their name."""
    found: list[str] = []
    while frame is not None:
        code = frame.f_code
        name = code.co_filename
        if name.startswith(_ROOT):
            name = name[len(_ROOT) + 1 :]
        elif not name.startswith("<"):
            name = "/".join(name.split("/")[-2:])
        found.append(f"{name}:{code.co_qualname}")
        frame = frame.f_back
    return tuple(reversed(found))


def main(out: str, words: list[str]) -> int:
    """Run the command; returns its exit code."""
    samples = Samples()
    sys.path[0] = _ROOT
    sys.argv = ["hermes-dist", *words]
    code: Any = 0
    samples.start()
    try:
        from hermes_dist.cli.entry.process import search_late  # noqa: PLC0415 - sampled, too
        from hermes_dist.cli.entry.start import hermes  # noqa: PLC0415 - sampled, too

        search_late()
        hermes()
    except SystemExit as end:
        code = end.code
    samples.stop()
    import json  # noqa: PLC0415 - not sampled
    import resource  # noqa: PLC0415 - not sampled

    mine = resource.getrusage(resource.RUSAGE_SELF)
    with open(out, "w", encoding="utf-8") as file:
        stacks = [[list(stack), seconds] for stack, seconds in samples.stacks.items() if stack]
        json.dump({"stacks": stacks, "total": mine.ru_utime + mine.ru_stime}, file)
    return int(code or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
