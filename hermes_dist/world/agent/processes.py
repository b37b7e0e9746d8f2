"""What runs in a home: its gateway, its service, other processes of the agent; and stopping them."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from hermes_dist.brand import Layout
from hermes_dist.errors import Busy, DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.world.agent.find import GatewayState, gateway
from hermes_dist.world.agent.programs import find_command
from hermes_dist.world.child import Bounds, Command, run

_BACKENDS = frozenset({"serve", "dashboard", "gateway"})
_PATIENCE = 10.0
_AFTER_KILL = 3.0


class Process(Struct, frozen=True):
    """A process of the agent that works in a home.

    Attributes:
        pid: Its number.
        began: When it began, in the system's ticks: the number may be given to another one later.
        backend: Whether it serves in the background; otherwise a person is using it.
    """

    pid: int
    began: str
    backend: bool


def processes(layout: Layout, name: ProfileName) -> list[Process]:
    """List the agent's processes that are bound to a profile, except our own and our ancestors.

    Without ``/proc`` none is found; the gateway is then known only by its own file.
    """
    mine = set(ancestors(os.getpid()))
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        if pid not in mine and (process := _bound(layout, name, folder, pid)):
            found.append(process)
    return found


def _bound(layout: Layout, name: ProfileName, folder: Path, pid: int) -> Process | None:
    try:
        if folder.stat().st_uid != os.getuid():
            return None
        argv = (folder / "cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
        stat = stat_of(pid)
        if not is_agents(layout, argv) or not stat or stat[0] == "Z":
            return None
        where, named = aimed_at(layout, folder)
    except OSError:
        return None
    if where != layout.root or (chosen_in(argv) or named) != name:
        return None
    return Process(pid, stat[1], backend=command_in(layout, argv) in _BACKENDS)


def aimed_at(layout: Layout, folder: Path) -> tuple[Path | None, str | None]:
    """Return the root that a process uses by its environment, and the profile that its home variable names.

    The same profile's name below another root is another profile.

    Args:
        layout: The places of the brand.
        folder: The process's folder in ``/proc``.

    Returns:
        Both are None if the environment is not usable.

    Raises:
        OSError: The environment can't be read, or the process is gone.
    """
    words = (folder / "environ").read_bytes().split(b"\0")
    env = dict(word.decode("utf-8", "surrogateescape").partition("=")[::2] for word in words)
    try:
        usual = Path(env.get("HOME") or "/")
        where, name = Layout.locate(layout.brand, usual, env.get(layout.brand.home_variable, ""))
    except DistError:
        return None, None
    same = os.path.realpath(where.root) == os.path.realpath(layout.root)
    return layout.root if same else where.root, name


def is_agents(layout: Layout, argv: list[str]) -> bool:
    """Return whether a command line starts the agent: its launcher, or an interpreter with the launcher or module."""
    brand = layout.brand
    words = [os.path.basename(word) for word in argv]
    if f"{brand.agent_module}.main" in argv:
        return True
    script = next((word for word in words[1:] if not word.startswith("-")), "")
    return words[:1] == [brand.name] or (
        words[0].startswith(("python", "sh", "bash")) and script == brand.name
    )


def command_in(layout: Layout, argv: list[str]) -> str:
    """The agent's command: the first word behind its launcher or module that is neither a flag nor a profile."""
    names = {layout.brand.name, f"{layout.brand.agent_module}.main"}
    at = next((n for n, word in enumerate(argv) if os.path.basename(word) in names), 0) + 1
    while at < len(argv):
        if argv[at] in {"-p", "--profile"}:
            at += 2
        elif argv[at].startswith("-"):
            at += 1
        else:
            return argv[at]
    return ""


def chosen_in(argv: list[str]) -> str | None:
    """Return the profile that a command line names; None if it names none."""
    for at, word in enumerate(argv):
        if word in {"-p", "--profile"} and at + 1 < len(argv):
            return argv[at + 1].lower()
        if word.startswith("--profile="):
            return word.partition("=")[2].lower()
    return None


def stat_of(pid: int) -> tuple[str, str, int] | None:
    """Return the state, start and parent of a process; None if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return fields[0], fields[19], int(fields[1])
    except (OSError, IndexError, ValueError):
        return None


def ancestors(pid: int) -> Iterator[int]:
    """Return a process and its ancestors."""
    while pid > 0:
        yield pid
        found = stat_of(pid)
        pid = found[2] if found else 0


def stop_all(layout: Layout, name: ProfileName, env: Mapping[str, str]) -> tuple[str, ...]:
    """Stop the gateway of a profile, its service, and what else serves in the background.

    Args:
        layout: The places of the brand.
        name: The profile.
        env: The environment, to find the service manager.

    Returns:
        What was stopped, in words.

    Raises:
        Busy: A person is talking to the agent in this profile, or a process does not end.
    """
    home = layout.home(name)
    running = processes(layout, name)
    talking = [process.pid for process in running if not process.backend]
    if talking:
        raise Busy(
            f"{layout.brand.title} is open in this profile (process {talking[0]})",
            where=str(home),
            hint="leave it, then run this again",
        )
    found = gateway(home)
    if found.pid in set(ancestors(os.getpid())):
        raise Busy(
            "this command was started by the gateway of this profile itself",
            where=str(home),
            hint="run it from a terminal of your own",
        )
    told = []
    if manage(layout, name, "stop", env):
        told.append("service stopped")
    found = gateway(home)
    if found.state is GatewayState.RUNNING and found.pid is not None:
        _end(found.pid, (stat_of(found.pid) or ("", "", 0))[1], home)
        told.append(f"gateway stopped (process {found.pid})")
    for process in running:
        stat = stat_of(process.pid)
        if stat and stat[0] != "Z" and stat[1] == process.began:
            _end(process.pid, process.began, home)
            told.append(f"process {process.pid} stopped")
    return tuple(told)


def _end(pid: int, began: str, home: Path) -> None:
    """End a process: SIGTERM first, then SIGKILL.

    Raises:
        Busy: It belongs to another user, or does not end.
    """
    for number, patience in ((signal.SIGTERM, _PATIENCE), (signal.SIGKILL, _AFTER_KILL)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        except PermissionError:
            break
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if not lives(pid, began):
                return
            time.sleep(0.05)
    raise Busy(
        f"process {pid} works in this profile and can't be stopped",
        where=str(home),
        hint="stop it first",
    )


def lives(pid: int, began: str) -> bool:
    """Return whether the same process is still alive; if its start is unknown, only its number counts."""
    stat = stat_of(pid)
    if stat is not None:
        return stat[0] not in {"Z", "X"} and (not began or stat[1] == began)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not Path("/proc/self").exists()


def service_name(layout: Layout, name: ProfileName) -> str:
    """The name of a profile's service, as systemd knows it."""
    return layout.service_files(name)[0].name


def manage(layout: Layout, name: ProfileName, verb: str, env: Mapping[str, str]) -> bool:
    """Ask the service manager about a profile's service, where there is a service file and a manager.

    Args:
        layout: The places of the brand.
        name: The profile.
        verb: ``stop``, ``disable``, ``enable`` or ``daemon-reload``.
        env: The environment.

    Returns:
        Whether it was asked and succeeded.
    """
    unit, plist = layout.service_files(name)
    commands: list[list[str]] = []
    reload = verb == "daemon-reload"
    if unit.exists() or reload:
        commands.append(
            ["systemctl", "--user", verb, *([] if reload else [service_name(layout, name)])]
        )
    if plist.exists() and verb in {"stop", "disable"}:
        commands.append(["launchctl", "unload", str(plist)])
    done = False
    for words in commands:
        program = find_command(words[0], env)
        if program is not None:
            done = run(Command((str(program), *words[1:]), env), Bounds(seconds=90)).ok or done
    return done


def is_enabled(layout: Layout, name: ProfileName) -> bool:
    """Whether systemd starts a profile's service at login."""
    return _wanted(layout, name).is_symlink()


def forget_link(layout: Layout, name: ProfileName) -> None:
    """Remove the link by which systemd would start a deleted service."""
    with contextlib.suppress(FileNotFoundError):
        _wanted(layout, name).unlink()


def _wanted(layout: Layout, name: ProfileName) -> Path:
    unit = layout.service_files(name)[0]
    return unit.parent / "default.target.wants" / unit.name
