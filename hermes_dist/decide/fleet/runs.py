"""Many gateways at once: which, in what order, by which way, and what became of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from heapq import merge

from msgspec import Struct

from hermes_dist.decide.fleet.exclusive import Clash
from hermes_dist.errors import UsageError
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName

READY = frozenset({"running", "degraded"})
"""The agent's words for a gateway that serves."""
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?")
_LEVEL = re.compile(r"\s*(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\s+")
_LOOP = 3


class Manager(StrEnum):
    """What keeps services running on this machine."""

    SYSTEMD = "systemd"
    LAUNCHD = "launchd"
    S6 = "s6"
    NONE = "none"


class Way(StrEnum):
    """How a gateway is started."""

    SERVICE = "service"
    DETACHED = "detached"
    MISSING = "no service"


class Outcome(StrEnum):
    """What became of a gateway."""

    STARTED = "started"
    RUNNING = "running already"
    SERVED = "served by default"
    STOPPED = "stopped"
    RESTING = "not running"
    RESTARTED = "restarted"
    ENABLED = "enabled"
    DISABLED = "disabled"
    FAILED = "failed"
    HANGING = "hanging"
    CRASHING = "crashing"
    REFUSED = "refused"


_BAD = frozenset({Outcome.FAILED, Outcome.HANGING, Outcome.CRASHING, Outcome.REFUSED})


class Verdict(Struct, frozen=True, kw_only=True):
    """What became of one gateway.

    Attributes:
        profile: Whose.
        outcome: What became of it.
        pid: Its process, where one runs.
        note: Why, or what to know; holds foreign text.
    """

    profile: ProfileName
    outcome: Outcome
    pid: int | None = None
    note: str = ""

    @property
    def ok(self) -> bool:
        return self.outcome not in _BAD


class Seen(Struct, frozen=True, kw_only=True):
    """What is seen of a gateway at one time.

    Attributes:
        pid: The process that its files name, if it lives.
        phase: The agent's word for what that process does; empty when its state file tells of another one.
        reason: Why the agent says that it ended.
        grown: Its log has grown since the start.
        left: Its files name a process that is gone.
        troubles: What the agent says of channels that do not work.
    """

    pid: int | None = None
    phase: str = ""
    reason: str = ""
    grown: bool = False
    left: bool = False
    troubles: tuple[str, ...] = ()


class Course(Struct, frozen=True, kw_only=True):
    """A start as it went until now.

    Attributes:
        pids: The processes seen so far, each once, in order.
        exited: How the process that we started ended; None while it runs, or where another one started it.
        waited: It has taken as long as it may.
        quiet: It has been ready for a while, and its log has not grown.
    """

    pids: tuple[int, ...] = ()
    exited: int | None = None
    waited: bool = False
    quiet: bool = False


def choose(
    every: Iterable[ProfileName], asked: Sequence[ProfileName], *, all_: bool
) -> list[ProfileName]:
    """Choose profiles and put them in order.

    Args:
        every: All there are.
        asked: Those that were named, in any order, perhaps twice.
        all_: All were asked for.

    Returns:
        The chosen ones, the default profile first, then by name.

    Raises:
        UsageError: None was named, or some were besides all.
    """
    if all_ and asked:
        raise UsageError("names and --all contradict each other", hint="give one of them")
    if not all_ and not asked:
        raise UsageError("no profile is named", hint="name some, or pass --all")
    return in_order(every if all_ else asked)


def in_order(names: Iterable[ProfileName]) -> list[ProfileName]:
    """Put profiles in the order in which they are acted on: the default one first, then by name."""
    return sorted(set(names), key=lambda name: (name != DEFAULT_PROFILE, name))


def way(manager: Manager, *, installed: bool, detached: bool) -> Way:
    """Decide how a gateway is started.

    Args:
        manager: What keeps services here.
        installed: The profile has a service.
        detached: It shall run without one, whatever there is.
    """
    if detached or manager is Manager.NONE:
        return Way.DETACHED
    return Way.SERVICE if installed else Way.MISSING


def judge(seen: Seen, course: Course) -> tuple[Outcome, str] | None:
    """Judge a start by what is seen now and how it went.

    Returns:
        What became of it and why, or None while that is open.
    """
    if len(course.pids) >= _LOOP:
        return Outcome.CRASHING, f"it ended {len(course.pids) - 1} times and was started again"
    if course.exited is not None and seen.pid is None:
        return Outcome.FAILED, seen.reason or _ended(course.exited)
    if seen.pid is not None and seen.phase in READY and (seen.grown or course.quiet):
        notes = [*seen.troubles, *([] if seen.grown else ["its log does not grow"])]
        return Outcome.STARTED, "; ".join(notes)
    if not course.waited:
        return None
    if seen.pid is not None:
        return Outcome.HANGING, f"it lives, and says {seen.phase or 'nothing'!r}"
    return Outcome.FAILED, seen.reason or (
        "its process ended" if course.pids else "no process came up"
    )


def after_all(verdict: Verdict, seen: Seen) -> Verdict:
    """Judge a started gateway again, a moment later: it may have ended, or been started anew."""
    if verdict.outcome not in {Outcome.STARTED, Outcome.RESTARTED} or seen.pid == verdict.pid:
        return verdict
    note = seen.reason or "its process ended right after the start"
    if seen.pid is None:
        return Verdict(profile=verdict.profile, outcome=Outcome.FAILED, note=note)
    return Verdict(
        profile=verdict.profile,
        outcome=Outcome.CRASHING,
        pid=seen.pid,
        note="it ended and was started again",
    )


def _ended(code: int) -> str:
    return f"it was ended by signal {-code}" if code < 0 else f"it ended with exit code {code}"


def said(line: str) -> str:
    """What a line of a log says, without its time and level."""
    return _LEVEL.sub("", _STAMP.sub("", line, count=1), count=1).strip()


def refusals(
    chosen: Iterable[ProfileName], found: Iterable[Clash], running: frozenset[ProfileName]
) -> dict[ProfileName, str]:
    """Tell which of the chosen gateways must not be started, and why.

    Args:
        chosen: The profiles to start.
        found: The clashes over all homes.
        running: Those whose gateway runs already: starting them changes nothing.

    Returns:
        A sentence by profile; it names the other profiles and the channels, never a secret.
    """
    out: dict[ProfileName, list[str]] = {}
    wanted = [name for name in chosen if name not in running]
    for clash in found:
        for name in wanted:
            if name in clash.profiles:
                out.setdefault(name, []).append(clash.sentence)
    return {name: "; ".join(sentences) for name, sentences in out.items()}


def served(
    chosen: Iterable[ProfileName], *, multiplexed: bool, running: frozenset[ProfileName]
) -> frozenset[ProfileName]:
    """Tell which profiles the default one's gateway serves by itself, so that none of their own may start."""
    names = list(chosen)
    if not multiplexed or not (DEFAULT_PROFILE in names or DEFAULT_PROFILE in running):
        return frozenset()
    return frozenset(name for name in names if name != DEFAULT_PROFILE and name not in running)


class Line(Struct, frozen=True):
    """A line of a log, and whose: the profile and the file's name."""

    profile: ProfileName
    file: str
    text: str


def by_time(logs: Mapping[tuple[ProfileName, str], Sequence[str]]) -> list[Line]:
    """Weave logs into one by the times that their lines begin with.

    A line without a time, such as one of a traceback, stays behind the one before it.
    """
    return [
        line
        for _, _, _, line in merge(
            *(_stamped(number, who, logs[who]) for number, who in enumerate(logs))
        )
    ]


def _stamped(
    number: int, who: tuple[ProfileName, str], lines: Sequence[str]
) -> list[tuple[str, int, int, Line]]:
    out, stamp = [], ""
    for at, text in enumerate(lines):
        if found := _STAMP.match(text):
            stamp = max(stamp, found[0].replace("T", " "))
        out.append((stamp, number, at, Line(*who, text)))
    return out
