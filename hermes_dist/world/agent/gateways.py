"""Gateways on this machine: their files, processes and services, starting and ending them."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist import lazily
from hermes_dist.agents.places import (
    GATEWAY_LOGS,
    GATEWAY_PID,
    GATEWAY_STATE,
    LOG_FOLDER,
    WHATSAPP_LOGINS,
)
from hermes_dist.agents.routes import bare_id
from hermes_dist.brand import Layout
from hermes_dist.errors import Busy, DistError
from hermes_dist.lazily import later
from hermes_dist.light import read_json
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.world.agent import find as agents
from hermes_dist.world.agent.find import Agent, GatewayState
from hermes_dist.world.agent.programs import find_command
from hermes_dist.world.agent.services import is_own, own_services
from hermes_dist.world.child import Command, Detached, start_detached
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.files import open_file, read_file, start_of

with later():
    from hermes_dist.world.agent import table
    from hermes_dist.world.agent.processes import Process, agents_own, command_in, profile_of

_S6 = Path("/run/s6/basedir")
_S6_SLOTS = Path("/run/service")
_SYSTEMD = Path("/run/systemd/system")
_SYSTEM_UNITS = Path("/etc/systemd/system")
_AFTER_KILL = 3.0
_TAIL = 8192
_STATE_BYTES = 1 << 20
_FLAGS = frozenset({"-p", "--profile"})
_BOX = lazily.pattern("[\\s\u2500-\u257f]*")


class GatewayFacts(Struct, frozen=True, kw_only=True):
    """The state of a gateway, by its files and the process table.

    Attributes:
        state: Running, stopped, or stale: the files claim a process that is gone.
        pid: Its process, when it runs.
        phase: The agent's word for what that process does; empty if the state file is about another process.
        reason: The agent's reason why it ended.
        updated_at: When the agent last wrote its state.
        platforms: The agent's word for each channel.
        troubles: Channels that do not work, with the agent's reason.
        teller: The process that wrote the state file last.
        served: The profiles that it serves, if it serves several; None if the state file does not say.
        apart: Why it serves no other profile, although it could.
    """

    state: GatewayState
    pid: int | None = None
    phase: str = ""
    reason: str = ""
    updated_at: str = ""
    platforms: Mapping[str, str]
    troubles: tuple[str, ...] = ()
    teller: int | None = None
    served: tuple[str, ...] | None = None
    apart: str = ""


def find(home: Path) -> GatewayFacts:
    """Return the state of a home's gateway; unreadable files are ignored."""
    seen = agents.gateway(home)
    record = _state(home)
    told = record.get("pid")
    found = GatewayFacts(
        state=seen.state,
        pid=seen.pid,
        updated_at=seen.updated_at,
        platforms={},
        teller=told if isinstance(told, int) else None,
    )
    # The state file may tell of another process than the one that runs; what it says is then out of date.
    if seen.pid is not None and told != seen.pid:
        return found
    platforms, troubles = _channels(record.get("platforms"))
    served = record.get("served_profiles")
    return replace(
        found,
        phase=_text(record, "gateway_state"),
        reason=_text(record, "exit_reason"),
        platforms=platforms,
        troubles=troubles,
        served=tuple(map(str, served)) if isinstance(served, list) else None,
        apart=_text(record, "multiplex_standalone_reason") if seen.pid else "",
    )


def _text(record: Mapping[str, object], key: str) -> str:
    return str(record.get(key) or "")


def _channels(listed: object) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the state of each channel, and what is wrong with some."""
    platforms: dict[str, str] = {}
    troubles = []
    for name, part in listed.items() if isinstance(listed, dict) else ():
        if isinstance(part, dict):
            platforms[str(name)] = _text(part, "state")
            if part.get("error_message"):
                troubles.append(f"{name}: {part['error_message']}")
    return platforms, tuple(troubles)


def _state(home: Path) -> dict[str, object]:
    try:
        value = read_json(start_of(home / GATEWAY_STATE, _STATE_BYTES))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def same_people(home: Path) -> Mapping[str, frozenset[str]]:
    """Return the other ids of each person on WhatsApp, as its login has learned them, by every known id."""
    pairs: dict[str, set[str]] = {}
    folder = next(
        (home / each for each in WHATSAPP_LOGINS if (home / each).is_dir()),
        home / WHATSAPP_LOGINS[0],
    )
    for path in folder.glob("lid-mapping-*.json"):
        with contextlib.suppress(OSError, ValueError):
            # Files that the bridge wrote on Windows begin with a byte order mark, which 0.22 skips.
            told = read_json(read_file(path).decode("utf-8-sig"))
            one = path.stem.removeprefix("lid-mapping-").removesuffix("_reverse")
            pairs.setdefault(one, set()).add(bare_id(str(told)))
    return {one: _reached(one, pairs) for one in pairs}


def _reached(start: str, pairs: Mapping[str, set[str]]) -> frozenset[str]:
    seen: set[str] = set()
    queue = [start]
    while queue:
        one = queue.pop()
        if one and one not in seen:
            seen.add(one)
            queue += pairs.get(one, ())
    return frozenset(seen)


def clean(home: Path, *, at_rest: bool) -> bool:
    """Remove the leftovers of a dead gateway: its pid file and, if it stays stopped, the claim of its state file.

    Args:
        home: The home.
        at_rest: Whether it stays stopped, and is not about to be started again.

    Returns:
        Whether something was removed. The files of a running gateway stay.
    """
    if agents.gateway(home).state is not GatewayState.STALE:
        return False
    (home / GATEWAY_PID).unlink(missing_ok=True)
    record = _state(home)
    if at_rest and record.get("gateway_state"):
        atomic_write(
            home / GATEWAY_STATE, json.dumps({**record, "gateway_state": "stopped"}).encode(), 0o600
        )
    return True


def manager(env: Mapping[str, str]) -> str:
    """Return this machine's service manager: ``s6``, ``launchd``, ``systemd``, or ``none`` as in most containers."""
    # Both, as the agent asks: an image may have s6 installed and start something else.
    if _S6.exists() and (first := table.look(1)) and first.name == "s6-svscan":
        return "s6"
    if sys.platform == "darwin" and find_command("launchctl", env):
        return "launchd"
    if _SYSTEMD.is_dir() and find_command("systemctl", env):
        return "systemd"
    return "none"


def services(layout: Layout, name: ProfileName) -> list[Path]:
    """Return the existing service files of a profile: user and system unit, launchd plist, s6 slot."""
    unit = layout.service_files(name)[0]
    others = (_SYSTEM_UNITS / unit.name, s6_slot(layout, name))
    return [*own_services(layout, name), *(path for path in others if path.exists())]


def s6_slot(layout: Layout, name: ProfileName) -> Path:
    """Return the folder in which s6 supervises a profile's gateway in the agent's container image."""
    del layout  # the agent's image serves one brand
    return _S6_SLOTS / f"gateway-{name}"


def at_login(layout: Layout, name: ProfileName) -> bool:
    """Return whether the gateway is started at login or boot."""
    unit, plist = layout.service_files(name)
    wanted = Path("default.target.wants") / unit.name
    system = _SYSTEM_UNITS / "multi-user.target.wants" / unit.name
    return (
        is_own(layout, name, plist)
        or ((unit.parent / wanted).is_symlink() and is_own(layout, name, unit))
        or system.is_symlink()
        or (s6_slot(layout, name).is_dir() and not (s6_slot(layout, name) / "down").exists())
    )


def processes(layout: Layout, known: Mapping[int, ProfileName]) -> dict[ProfileName, list[Process]]:
    """Find the processes that run gateways, by profile, in one look at the process table.

    Args:
        layout: The places of the brand.
        known: The profiles of processes, as the files of the homes say; for all other processes, the command line and
            environment decide.
    """
    found: dict[ProfileName, list[Process]] = {}
    for seen, words in agents_own(layout):
        if not _runs_gateway(layout, words):
            continue
        with contextlib.suppress(DistError):  # it names a profile that can't exist
            told = profile_of(layout, seen.pid, words)
            if told is not None:
                name = known.get(seen.pid) or ProfileName(told or DEFAULT_PROFILE)
                found.setdefault(name, []).append(Process(seen.pid, seen.began, backend=True))
    return found


def _runs_gateway(layout: Layout, argv: list[str]) -> bool:
    """Whether a command line runs a gateway, or restarts one in its own process, as the agent does without services."""
    if command_in(layout, argv) != "gateway":
        return False
    words = [
        word
        for before, word in pairwise(["", *argv])
        if word not in _FLAGS and before not in _FLAGS
    ]
    after = words[words.index("gateway") + 1 :]
    return next((word for word in after if not word.startswith("-")), "run") in {"run", "restart"}


def is_inside(pid: int) -> bool:
    """Return whether this process started us."""
    return pid in set(table.ancestors(os.getpid()))


def aimed(
    layout: Layout, name: ProfileName, env: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """The arguments and environment that make the agent use a profile, whatever is set in the shell.

    For the default profile there are no arguments, as in the agent's own services, unless another one is sticky.
    """
    variable = layout.brand.home_variable
    handed = {**env, variable: str(layout.root), layout.brand.exec_variable: str(os.getpid())}
    if name != DEFAULT_PROFILE or layout.sticky.exists():
        return ["-p", name], handed
    return [], handed


class Answer(Struct, frozen=True):
    """The agent's answer to a command: its exit code and the last informative line."""

    code: int
    line: str


def ask(
    agent: Agent,
    layout: Layout,
    name: ProfileName,
    words: Sequence[str],
    *,
    env: Mapping[str, str],
    timeout: float,
) -> Answer:
    """Run a ``gateway`` command of the agent for a profile.

    Raises:
        DistError: The agent can't be started or takes too long.
    """
    ahead, handed = aimed(layout, name, env)
    done = agents.run(agent, [*ahead, "gateway", *words], env=handed, timeout=timeout)
    return Answer(done.returncode, telling(done.stdout, done.stderr))


def telling(out: str, err: str) -> str:
    """Return the line of an output that says what is wrong: the first one marked as an error, else the last."""
    lines = [line.strip() for line in [*err.splitlines(), *out.splitlines()] if _BOX.sub("", line)]
    marked = [
        line for line in lines if line.startswith(("✗", "❌", "error", "Error", "ERROR", "⚠"))
    ]
    return (marked or lines[-1:] or [""])[0].lstrip("✗❌⚠ ")


def start(agent: Agent, layout: Layout, name: ProfileName, env: Mapping[str, str]) -> Detached:
    """Start the agent's own ``gateway run`` in its own session, with its output in the home's logs.

    Raises:
        DistError: The gateway can't be started, or the logs can't be written.
    """
    home = layout.home(name)
    try:
        (home / LOG_FOLDER).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise DistError(
            f"can't make the folder: {error.strerror}", where=str(home / LOG_FOLDER)
        ) from error
    ahead, handed = aimed(layout, name, env)
    out, err = (home / LOG_FOLDER / file for file in GATEWAY_LOGS)
    return start_detached(Command((*agent.argv, *ahead, "gateway", "run"), handed), home, out, err)


def log_marks(home: Path) -> tuple[tuple[int, int], ...]:
    """Return where the logs of a home end now: inode and size of each; for :func:`grown` and :func:`last_words`."""
    return tuple(_mark(home / LOG_FOLDER / file) for file in GATEWAY_LOGS)


def _mark(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_size


def grown(home: Path, marks: Sequence[tuple[int, int]]) -> bool:
    """Return whether one of the logs has grown or was replaced."""
    return any(
        size and now != then
        for now, then in zip(log_marks(home), marks, strict=True)
        for size in now[1:]
    )


def last_words(home: Path, marks: Sequence[tuple[int, int]]) -> str:
    """The last line that was written to the error log, else to the log, since the marks."""
    for file, (inode, size) in reversed(list(zip(GATEWAY_LOGS, marks, strict=True))):
        path = home / LOG_FOLDER / file
        now = _mark(path)
        since = size if now[0] == inode and now[1] >= size else 0
        try:
            with open_file(path) as log:
                log.seek(max(since, now[1] - _TAIL))
                lines = log.read(_TAIL).decode("utf-8", "replace").splitlines()
        except OSError:
            continue
        if said := [line.strip() for line in lines if _BOX.sub("", line)]:
            return said[-1]
    return ""


def end(pid: int, began: int | None, grace: float) -> bool:
    """End a process: SIGTERM first, then SIGKILL.

    Args:
        pid: Its number.
        began: When it began; another process with the same number is left alone.
        grace: Seconds to wait for it to end by itself.

    Returns:
        Whether it had to be killed.

    Raises:
        Busy: It belongs to another user, or does not end at all.
    """
    outcome = table.end(pid, began, grace=grace, after_kill=_AFTER_KILL)
    if outcome is table.Ending.REFUSED:
        raise Busy(f"process {pid} can't be stopped", hint="stop it yourself, then run this again")
    return outcome is table.Ending.KILLED
