"""What runs in a home: its gateway, its service, other processes of the agent; and stopping them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from hermes_dist.brand import Layout
from hermes_dist.errors import Busy, DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.world.agent.find import GatewayState, gateway
from hermes_dist.world.agent.programs import find_command
from hermes_dist.world.agent.services import is_own
from hermes_dist.world.agent.table import (
    Ending,
    Seen,
    ancestors,
    began,
    end,
    environment,
    lives,
    look,
    others_of_this_user,
)
from hermes_dist.world.child import Bounds, Command, run

_BACKENDS = frozenset({"serve", "dashboard", "gateway"})
_HANDS_OVER = frozenset({"dist", "profile"})
"""Commands of the agent that do no more than start us."""
_PATIENCE = 10.0
_AFTER_KILL = 3.0


class Process(Struct, frozen=True):
    """A process of the agent that works in a home.

    Attributes:
        pid: Its number.
        began: When it began; None if unknown. Its number may be given to another one later.
        backend: Whether it serves in the background; otherwise a person is using it.
    """

    pid: int
    began: int | None
    backend: bool


def processes(layout: Layout, name: ProfileName) -> list[Process]:
    """List the agent's processes that are bound to a profile, except our own and our ancestors."""
    return [
        Process(seen.pid, seen.began, backend=command_in(layout, words) in _BACKENDS)
        for seen, words in agents_own(layout)
        if profile_of(layout, seen.pid, words) == name
    ]


def agents_own(layout: Layout) -> Iterator[tuple[Seen, list[str]]]:
    """Return this user's processes of the agent with their command lines, except our own and our ancestors."""
    for seen in others_of_this_user():
        words = list(seen.words or ())
        if is_agents(layout, words):
            yield seen, words


def profile_of(layout: Layout, pid: int, words: list[str]) -> str | None:
    """Return the profile that a process of the agent works in, by its command line and its environment.

    The same profile's name below another root is another profile.

    Returns:
        Empty if it names no profile; None if it uses another root, or its environment can't be read or used.
    """
    env = environment(pid)
    if env is None:
        return None
    try:
        usual = Path(env.get("HOME") or "/")
        where, named = Layout.locate(layout.brand, usual, env.get(layout.brand.home_variable, ""))
    except DistError:
        return None
    if os.path.realpath(where.root) != os.path.realpath(layout.root):
        return None
    return chosen_in(words) or named or ""


def is_agents(layout: Layout, argv: list[str]) -> bool:
    """Return whether a command line starts the agent: its launcher, or an interpreter with the launcher or module."""
    brand = layout.brand
    if not argv:
        return False
    words = [os.path.basename(word) for word in argv]
    if f"{brand.agent_module}.main" in argv:
        return True
    script = next((word for word in words[1:] if not word.startswith("-")), "")
    return words[:1] == [brand.name] or (
        words[0].startswith(("python", "sh", "bash")) and script == brand.name
    )


def is_inside_agent(layout: Layout, env: Mapping[str, str]) -> bool:
    """Return whether the agent started this process, itself or through others, as far as that can be seen."""
    brand = layout.brand.name.upper()
    if any(name.startswith((f"{brand}_SESSION_", f"_{brand}_GATEWAY")) for name in env):
        return True
    above = (look(pid) for pid in list(ancestors(os.getpid()))[1:])
    return any(seen is not None and is_agents(layout, list(seen.words or ())) for seen in above)


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
            # The agent takes -p in any case and stores profiles in small letters.
            return argv[at + 1].lower()
        if word.startswith("--profile="):
            return word.partition("=")[2].lower()
    return None


def stop_all(layout: Layout, name: ProfileName, env: Mapping[str, str]) -> tuple[str, ...]:
    """Stop the gateway of a profile, its service, and what else serves in the background.

    Args:
        layout: The places of the brand.
        name: The profile.
        env: The environment, to find the service manager.

    Returns:
        What was stopped, in words.

    Raises:
        Busy: A person is talking to the agent in this profile, it started us, or a process does not end.
    """
    refuse_from_inside(layout, name)
    home = layout.home(name)
    running = processes(layout, name)
    _refuse_if_in_use(layout, home, running)
    told = []
    # The service first: otherwise it starts the gateway again as soon as that has ended.
    if manage(layout, name, "stop", env):
        told.append("service stopped")
    found = gateway(home)
    if found.state is GatewayState.RUNNING and found.pid is not None:
        _end(found.pid, began(found.pid), home)
        told.append(f"gateway stopped (process {found.pid})")
    for process in running:
        if lives(process.pid, process.began):
            _end(process.pid, process.began, home)
            told.append(f"process {process.pid} stopped")
    return tuple(told)


def refuse_from_inside(layout: Layout, name: ProfileName) -> None:
    """Make sure that no gateway, dashboard or chat of this profile started us: it would go on in a home that is gone.

    Raises:
        Busy: One did.
    """
    home = layout.home(name)
    runs = gateway(home).pid
    for pid in list(ancestors(os.getpid()))[1:]:
        what = "gateway" if pid == runs else _works_in(layout, name, pid)
        if what:
            raise Busy(
                f"this command was started by the {what} of this profile itself (process {pid})",
                where=str(home),
                hint="run it from a terminal of your own",
            )


def _works_in(layout: Layout, name: ProfileName, pid: int) -> str:
    """What a process of the agent does in a profile, in a word; empty if it is another one."""
    seen = look(pid)
    words = list(seen.words or ()) if seen else []
    if not is_agents(layout, words) or profile_of(layout, pid, words) != name:
        return ""
    command = command_in(layout, words)
    if command in _HANDS_OVER:
        return ""
    return {"serve": "server"}.get(command, command if command in _BACKENDS else "agent")


def _refuse_if_in_use(layout: Layout, home: Path, running: list[Process]) -> None:
    """Refuse to stop a process that a person uses.

    Raises:
        Busy: It is one.
    """
    talking = [process.pid for process in running if not process.backend]
    if talking:
        raise Busy(
            f"{layout.brand.title} is open in this profile (process {talking[0]})",
            where=str(home),
            hint="close it, then run this again",
        )


def _end(pid: int, began: int | None, home: Path) -> None:
    """End a process that works in a home.

    Raises:
        Busy: It belongs to another user, or does not end.
    """
    if end(pid, began, grace=_PATIENCE, after_kill=_AFTER_KILL) is Ending.REFUSED:
        raise Busy(
            f"process {pid} works in this profile and can't be stopped",
            where=str(home),
            hint="stop it first",
        )


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
    if reload or is_own(layout, name, unit):
        commands.append(
            ["systemctl", "--user", verb, *([] if reload else [service_name(layout, name)])]
        )
    if verb in {"stop", "disable"} and is_own(layout, name, plist):
        # `launchctl stop` does not last: by KeepAlive in the agent's plist, it is started again.
        commands.append(["launchctl", "unload", str(plist)])
    done = False
    for words in commands:
        program = find_command(words[0], env)
        if program is not None:
            done = run(Command((str(program), *words[1:]), env), Bounds(seconds=90)).ok or done
    return done


def is_enabled(layout: Layout, name: ProfileName) -> bool:
    """Whether systemd starts a profile's service at login."""
    return _wanted(layout, name).is_symlink() and is_own(
        layout, name, layout.service_files(name)[0]
    )


def forget_link(layout: Layout, name: ProfileName) -> None:
    """Remove the link by which systemd would start a deleted service."""
    with contextlib.suppress(FileNotFoundError):
        _wanted(layout, name).unlink()


def _wanted(layout: Layout, name: ProfileName) -> Path:
    unit = layout.service_files(name)[0]
    return unit.parent / "default.target.wants" / unit.name
