"""Starting many gateways: which ones, in what order, how, and with what result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from heapq import merge

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.decide.fleet.exclusive import Clash
from hermes_dist.decide.fleet.kinds import GatewayKind
from hermes_dist.errors import UsageError
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName

READY = frozenset({"running", "degraded"})
"""The agent's names for the phases of a gateway that serves."""
_STAMP = lazily.pattern(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?")
_LEVEL = lazily.pattern(r"\s*(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\s+")
_LOOP = 3


class Manager(StrEnum):
    """The service manager of this machine."""

    SYSTEMD = "systemd"
    LAUNCHD = "launchd"
    S6 = "s6"
    NONE = "none"


class Way(StrEnum):
    """How a gateway is started."""

    SERVICE = "service"
    DETACHED = "detached"
    MISSING = "no service"


class GatewayOutcome(StrEnum):
    """The result of starting or stopping a gateway."""

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


_BAD = frozenset(
    {GatewayOutcome.FAILED, GatewayOutcome.HANGING, GatewayOutcome.CRASHING, GatewayOutcome.REFUSED}
)


class GatewayResult(Struct, frozen=True, kw_only=True):
    """The result for one gateway.

    Attributes:
        profile: The profile of the gateway.
        outcome: The result.
        pid: Its process, if one runs.
        notes: The reasons, or remarks; they may contain text from the agent.
        last_words: What its log says last, if the gateway does not serve.
        server: The result for the gateway that serves the profile, if that one failed.
    """

    profile: ProfileName
    outcome: GatewayOutcome
    pid: int | None = None
    notes: tuple[Note, ...] = ()
    last_words: str = ""
    server: GatewayResult | None = None

    @property
    def ok(self) -> bool:
        return self.outcome not in _BAD


Judged = tuple[GatewayOutcome, tuple[Note, ...]]


class Seen(Struct, frozen=True, kw_only=True):
    """The observed state of a gateway at one time.

    Attributes:
        pid: The process named in its files, if it is alive.
        phase: The agent's name for what that process does; empty if its state file is about another process.
        reason: The agent's reason why it ended.
        grown: Its log has grown since the start.
        left: Its files name a process that is gone.
        troubles: The agent's reports on channels that do not work.
    """

    pid: int | None = None
    phase: str = ""
    reason: str = ""
    grown: bool = False
    left: bool = False
    troubles: tuple[str, ...] = ()


class Course(Struct, frozen=True, kw_only=True):
    """The course of a start so far.

    Attributes:
        pids: The processes seen so far, each once, in order.
        exited: The exit code of the process that we started; None if it runs, or if another program started it.
        waited: The time limit is over.
        quiet: It has been ready for a while without any new line in its log.
    """

    pids: tuple[int, ...] = ()
    exited: int | None = None
    waited: bool = False
    quiet: bool = False


def choose(
    every: Iterable[ProfileName], asked: Sequence[ProfileName], *, all_: bool
) -> list[ProfileName]:
    """Choose profiles, and sort them.

    Args:
        every: All profiles.
        asked: The profiles that the user named, in any order, possibly twice.
        all_: The user asked for all.

    Returns:
        The chosen profiles: the default profile first, then by name.

    Raises:
        UsageError: The user named no profile, or named some together with all.
    """
    if all_ and asked:
        raise UsageError("--all can't be combined with profile names", hint="leave one of them out")
    if not all_ and not asked:
        raise UsageError("no profile is named", hint="name some, or pass --all")
    return in_order(every if all_ else asked)


def in_order(names: Iterable[ProfileName]) -> list[ProfileName]:
    """Sort profiles for processing: the default profile first, then by name."""
    return sorted(set(names), key=lambda name: (name != DEFAULT_PROFILE, name))


def way(manager: Manager, *, installed: bool, detached: bool) -> Way:
    """Decide how a gateway is started.

    Args:
        manager: The service manager of this machine.
        installed: The profile has a service.
        detached: Start it without a service in any case.
    """
    if detached or manager is Manager.NONE:
        return Way.DETACHED
    return Way.SERVICE if installed else Way.MISSING


def judge(seen: Seen, course: Course) -> Judged | None:
    """Judge a start by the present state and its course so far.

    Returns:
        The result and the reasons; None while it is undecided.
    """
    # This comes first: between two crashes, a gateway may look alive and ready.
    if len(course.pids) >= _LOOP:
        again = Note.of(GatewayKind.STARTED_AGAIN_AND_AGAIN, times=len(course.pids) - 1)
        return GatewayOutcome.CRASHING, (again,)
    if seen.pid is None:
        return _without_process(seen, course)
    # A gateway says that it is ready before its channels are: only a growing log shows that it does something. One
    # with nothing to say counts after a while, with a remark.
    if seen.phase in READY and (seen.grown or course.quiet):
        notes = agent_says(*seen.troubles)
        if not seen.grown:
            notes = (*notes, Note.of(GatewayKind.SILENT_LOG))
        return GatewayOutcome.STARTED, notes
    if course.waited:
        return GatewayOutcome.HANGING, (Note.of(GatewayKind.ALIVE, phase=seen.phase),)
    return None


def agent_says(*texts: str) -> tuple[Note, ...]:
    """Notes of what the agent says in its own words; none of an empty text."""
    return tuple(Note.of(GatewayKind.AGENT_SAYS, text=text) for text in texts if text)


def _without_process(seen: Seen, course: Course) -> Judged | None:
    """Judge a start while no process is there: it may not have come up yet, or a service restarts it."""
    if course.exited is not None:
        return GatewayOutcome.FAILED, agent_says(seen.reason) or (_ended(course.exited),)
    if not course.waited:
        return None
    why = Note.of(GatewayKind.NO_PROCESS)
    if course.pids:
        why = Note.of(GatewayKind.PROCESS_ENDED)
    return GatewayOutcome.FAILED, agent_says(seen.reason) or (why,)


def after_all(verdict: GatewayResult, seen: Seen) -> GatewayResult:
    """Judge a started gateway again a moment later: it may have ended, or have been restarted."""
    if (
        verdict.outcome not in {GatewayOutcome.STARTED, GatewayOutcome.RESTARTED}
        or seen.pid == verdict.pid
    ):
        return verdict
    if seen.pid is None:
        notes = agent_says(seen.reason) or (Note.of(GatewayKind.ENDED_AFTER_START),)
        return GatewayResult(profile=verdict.profile, outcome=GatewayOutcome.FAILED, notes=notes)
    return GatewayResult(
        profile=verdict.profile,
        outcome=GatewayOutcome.CRASHING,
        pid=seen.pid,
        notes=(Note.of(GatewayKind.STARTED_AGAIN),),
    )


def _ended(code: int) -> Note:
    if code < 0:
        return Note.of(GatewayKind.ENDED_BY_SIGNAL, number=-code)
    return Note.of(GatewayKind.ENDED_WITH_CODE, code=code)


def said(line: str) -> str:
    """Return the message of a log line, without its time and level."""
    return _LEVEL.sub("", _STAMP.sub("", line, count=1), count=1).strip()


def refusals(
    chosen: Iterable[ProfileName], found: Iterable[Clash], running: frozenset[ProfileName]
) -> dict[ProfileName, tuple[Note, ...]]:
    """Return the chosen gateways that must not be started, with the reasons.

    Args:
        chosen: The profiles to start.
        found: The clashes between all homes.
        running: Profiles whose gateway already runs; starting them changes nothing.

    Returns:
        Notes for each profile; they name the other profiles and the channels, never a secret.
    """
    out: dict[ProfileName, tuple[Note, ...]] = {}
    wanted = [name for name in chosen if name not in running]
    for clash in found:
        for name in wanted:
            if name in clash.profiles:
                out[name] = (*out.get(name, ()), clash.note)
    return out


def served(
    chosen: Iterable[ProfileName],
    *,
    multiplexed: bool,
    running: frozenset[ProfileName],
    only: frozenset[str] | None = None,
) -> frozenset[ProfileName]:
    """Return the profiles that the default profile's gateway serves, so that their own gateways must not start.

    Args:
        chosen: The profiles that are to start.
        multiplexed: Whether that gateway serves several profiles.
        running: The profiles with a gateway of their own.
        only: The profiles to which it is restricted; None for no restriction.
    """
    names = list(chosen)
    if not multiplexed or not (DEFAULT_PROFILE in names or DEFAULT_PROFILE in running):
        return frozenset()
    left = running | {DEFAULT_PROFILE}
    return frozenset(name for name in names if name not in left and (only is None or name in only))


class Line(Struct, frozen=True):
    """A line of a log, with its profile and the file's name."""

    profile: ProfileName
    file: str
    text: str


def by_time(logs: Mapping[tuple[ProfileName, str], Sequence[str]]) -> list[Line]:
    """Merge logs into one list by the times at the beginning of their lines.

    A line without a time, such as one of a traceback, stays after the line before it.
    """
    stamped = (_stamped(number, who, logs[who]) for number, who in enumerate(logs))
    return [line for _, _, _, line in merge(*stamped)]


def _stamped(
    number: int, who: tuple[ProfileName, str], lines: Sequence[str]
) -> list[tuple[str, int, int, Line]]:
    out, stamp = [], ""
    for at, text in enumerate(lines):
        if found := _STAMP.match(text):
            # Lines are written in order, even if the clock was set back meanwhile.
            stamp = max(stamp, found[0].replace("T", " "))
        out.append((stamp, number, at, Line(*who, text)))
    return out
