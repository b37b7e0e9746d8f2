"""The installed agent: where it is, its version, its gateways, and handing over to it.

Every ``hermes …`` command passes through here when the front door is installed, so importing it is cheap.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hermes_dist import lazily
from hermes_dist.agents.places import GATEWAY_PID, GATEWAY_STATE
from hermes_dist.brand import Brand, Layout
from hermes_dist.errors import DistError, ExitCode
from hermes_dist.lazily import contextlib, later, shlex
from hermes_dist.light import TYPE_CHECKING, NamedTuple, StrEnum, read_json
from hermes_dist.world.agent.programs import find_command, is_program, search_path
from hermes_dist.world.files import read_file, start_of

with later():
    from hermes_dist.installer import installs
    from hermes_dist.world.agent.front_door import former_launcher

if TYPE_CHECKING:
    from subprocess import CompletedProcess
    from typing import NoReturn

_HEAD = 8192
_BIN = lazily.pattern(r"\S*/bin/")
_OURS = lazily.pattern(r"(?<![\w.-])hermes_dist\b")
_VERSION = lazily.pattern(r"\bv?(\d+(?:\.\d+)+[\w.+!-]*)")


class NoAgent(DistError):
    """No agent was found to hand over to, or handing over would start us again."""

    code = ExitCode.NO_AGENT

    @classmethod
    def of(cls, brand: Brand, *, instead: str = "") -> NoAgent:
        """Make the error for a machine without the agent: how to get it, and what to do ``instead``, if anything."""
        get = f"install it with `{installs(brand.agent_package)}`, or name its launcher in {brand.bin_variable}"
        return cls(f"{brand.title} is not installed", hint="; ".join(filter(None, [get, instead])))


class Agent(NamedTuple):
    """An installed agent.

    Attributes:
        argv: The command that starts it; the user's arguments are added.
        origin: How it was found: ``HERMES_AGENT_BIN``, ``same environment``, ``installation``,
            ``behind the front door`` or ``PATH``.
    """

    argv: tuple[str, ...]
    origin: str

    @property
    def launcher(self) -> Path:
        """Return the program that is started."""
        return Path(self.argv[0])

    def typed(self, brand: Brand, env: Mapping[str, str]) -> str:
        """What a user types to start it: the brand's own command, or the launcher where no ``PATH`` leads to one."""
        if find_command(brand.name, env):
            return brand.name
        return shlex.join(self.argv)


def find_agent(layout: Layout, env: Mapping[str, str]) -> Agent | None:
    """Find the installed agent; one of our own launchers never counts.

    Args:
        layout: The places of the brand.
        env: The environment: the variable that names a launcher, and ``PATH``.

    Returns:
        The first that is there: the named launcher, the brand's module in this environment, the agent's own
        installation, what the front door replaced, another command on ``PATH``; None when there is none.
    """
    brand = layout.brand
    if (named := _named(env.get(brand.bin_variable, ""), env)) and _is_agent(named):
        return Agent((str(named),), brand.bin_variable)
    if _module(brand) is not None:
        # Without -P, -m would import the agent from the user's current folder.
        return Agent((sys.executable, "-P", "-m", f"{brand.agent_module}.main"), "same environment")
    for origin, launcher in _launchers(layout, env):
        if _is_agent(launcher):
            return Agent((str(launcher),), origin)
    return None


def _launchers(layout: Layout, env: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    for launcher in layout.agent_venvs():
        yield "installation", launcher
    for folder in search_path(env):
        candidate = folder / layout.brand.name
        if former := former_launcher(layout, candidate):
            yield "behind the front door", former
        yield "PATH", candidate
    if former := former_launcher(layout, layout.launcher):
        yield "behind the front door", former


def _named(value: str, env: Mapping[str, str]) -> Path | None:
    if not value:
        return None
    return Path(os.path.expanduser(value)) if os.sep in value else find_command(value, env)


def _is_agent(launcher: Path) -> bool:
    return is_program(launcher) and not names_us(head_of(launcher))


def _module(brand: Brand) -> Path | None:
    """Return the file of the agent's module in this environment; None if it has none."""
    from importlib.util import find_spec  # noqa: PLC0415 - start-up: whoever lists profiles looks for no agent

    spec = find_spec(brand.agent_module)
    return Path(spec.origin) if spec is not None and spec.origin is not None else None


def head_of(path: Path) -> str:
    """Return the beginning of a file as text; empty if it can't be read."""
    try:
        return start_of(path, _HEAD).decode("utf-8", "replace")
    except OSError:
        return ""


def names_us(text: str) -> bool:
    """Return whether a launcher's text names ``hermes_dist``; paths into a ``bin`` folder do not count."""
    return _OURS.search(_BIN.sub("", text)) is not None


def comes_back(brand: Brand, env: Mapping[str, str]) -> bool:
    """Return whether our own hand-over started us: ``execve`` keeps the process id."""
    return env.get(brand.exec_variable, "") == str(os.getpid())


def hand_over(agent: Agent, args: Sequence[str], env: Mapping[str, str], brand: Brand) -> NoReturn:
    """Become the agent: the same process, arguments and environment.

    Args:
        agent: The agent.
        args: The user's arguments, after the command's name.
        env: The environment; only the variable that shows a loop is added.
        brand: Whose variable that is.

    Raises:
        NoAgent: The launcher can't be started.
    """
    handed = {**env, brand.exec_variable: str(os.getpid())}
    argv = [*agent.argv, *args]
    try:
        try:
            os.execve(argv[0], argv, handed)  # noqa: S606 - no shell on purpose
        except OSError as error:
            if not _lacks_interpreter(agent.launcher, error):
                raise
            os.execve("/bin/sh", ["/bin/sh", *argv], handed)  # noqa: S606 - as a shell does without `#!`
    except OSError as error:
        raise NoAgent(
            f"{brand.title} can't be started: {error.strerror}",
            where=argv[0],
            hint=f"reinstall it, or name its launcher in {brand.bin_variable}",
        ) from error


def _lacks_interpreter(launcher: Path, error: OSError) -> bool:
    import errno  # noqa: PLC0415 - start-up

    return error.errno == errno.ENOEXEC and "\0" not in head_of(launcher)


def run(
    agent: Agent, args: Sequence[str], *, env: Mapping[str, str], timeout: float
) -> CompletedProcess[str]:
    """Run the agent and wait for it, without a terminal to ask on.

    Args:
        agent: The agent.
        args: Its arguments.
        env: Its whole environment.
        timeout: Seconds after which it is killed.

    Returns:
        The finished process with its output as text.

    Raises:
        DistError: The agent can't be started or takes too long.
    """
    import subprocess  # noqa: PLC0415 - start-up

    try:
        return subprocess.run(
            [*agent.argv, *args],
            env=dict(env),
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DistError(
            f"the agent did not answer within {timeout:g} s", where=agent.argv[0]
        ) from error
    except OSError as error:
        raise DistError(
            f"the agent can't be started: {error.strerror}", where=agent.argv[0]
        ) from error


def version(agent: Agent, brand: Brand, env: Mapping[str, str]) -> str | None:
    """Return the agent's version.

    Args:
        agent: The agent.
        brand: The brand, for the name of its package.
        env: The environment to run it in, if there is no package metadata beside it.

    Returns:
        The version from the metadata beside the launcher or its interpreter, else from ``--version``; None if neither
        has it.
    """
    for folder in _site_packages(agent, brand):
        name = brand.agent_package.replace("-", "_")
        beside = [
            *sorted(folder.glob(f"{name}-*.dist-info")),
            *sorted(folder.glob(f"{name}_*.dist-info")),
        ]
        for info in beside:
            if info.name.startswith(f"{name}-") or _holds(info, brand):
                return info.name.removesuffix(".dist-info").partition("-")[2]
    try:
        answer = run(
            agent, ["--version"], env={**env, brand.exec_variable: str(os.getpid())}, timeout=20
        )
    except DistError:
        return None
    found = _VERSION.search(answer.stdout.partition("\n")[0])
    return found.group(1) if found and answer.returncode == 0 else None


def _holds(info: Path, brand: Brand) -> bool:
    """Return whether a package with a similar name is a fork of the agent, and not an add-on."""
    with (
        contextlib.suppress(OSError),
        (info / "RECORD").open(encoding="utf-8", errors="replace") as record,
    ):
        return any(line.startswith(f"{brand.agent_module}/main.py,") for line in record)
    return False


def _site_packages(agent: Agent, brand: Brand) -> Iterator[Path]:
    if "-m" in agent.argv:
        if (module := _module(brand)) is not None:
            yield module.parent.parent
        return
    programs = [agent.launcher.resolve()]
    line = head_of(programs[0]).partition("\n")[0]
    if line.startswith("#!") and "python" in line:
        programs.append(Path(line.removeprefix("#!").split(" ")[0]))
    for program in programs:
        yield from sorted((program.parent.parent / "lib").glob("python*/site-packages"))


class GatewayState(StrEnum):
    """What the files of a home say about its gateway, checked against the process table."""

    RUNNING = "running"
    STOPPED = "stopped"
    STALE = "stale"
    SERVED = "served"
    """By the gateway of the default profile."""


class Gateway(NamedTuple):
    """The gateway of one home.

    Attributes:
        state: Running, stopped, or stale: the files claim a process that is gone.
        pid: Its process, when it runs.
        phase: The agent's own term, such as ``starting``, ``running`` or ``draining``; empty when unknown.
        updated_at: When the agent last wrote its state; empty when unknown.
    """

    state: GatewayState
    pid: int | None = None
    phase: str = ""
    updated_at: str = ""


# The phases in which the agent itself does not take its state file for a running gateway's.
_AT_REST = frozenset(["", "stopped", "startup_failed"])


def gateway(home: Path) -> Gateway:
    """Read the state of a home's gateway from ``gateway.pid`` and ``gateway_state.json``.

    A recorded process counts if it is alive, is not a zombie, and began when the record says, because its number may
    have been reused. One that belongs to somebody else, and that we may not look at, counts as running.
    """
    claimed = _record(home / GATEWAY_PID)
    status = _record(home / GATEWAY_STATE)
    phase = str(status.get("gateway_state") or "")
    updated = str(status.get("updated_at") or "")
    busy = phase not in _AT_REST
    for record in (claimed, status) if busy else (claimed,):
        if (pid := _live_pid(record)) is not None:
            return Gateway(GatewayState.RUNNING, pid, phase, updated)
    if claimed or busy:
        return Gateway(GatewayState.STALE, None, phase, updated)
    return Gateway(GatewayState.STOPPED, None, phase, updated)


def gateway_state(home: Path) -> GatewayState:
    """Return whether the gateway of ``home`` is running, stopped, or only left its files behind."""
    return gateway(home).state


def _record(path: Path) -> dict[str, object]:
    """Read a record of the agent: JSON, or in old homes the bare process id; {} if there is none."""
    try:
        data = read_file(path)
    except OSError:
        return {}
    try:
        value = read_json(data)
    except ValueError:
        return {}
    if isinstance(value, int) and not isinstance(value, bool):
        return {"pid": value}
    return value if isinstance(value, dict) else {}


def _live_pid(record: Mapping[str, object]) -> int | None:
    """Return the process of a record if it is still the one that was recorded."""
    pid, began = _number(record.get("pid")), record.get("start_time")
    if not pid:
        return None
    from hermes_dist.world.agent.table import look, same_start  # noqa: PLC0415 - the front door does without

    seen = look(pid)
    if seen is None:
        return None
    # The agent takes a wrong field for the start where the name of the program holds a space.
    if began is None or " " in seen.name:
        hidden = seen.words is None
        same = hidden or any("gateway" in word for word in seen.words or ())
    else:
        same = _number(began) is not None and same_start(seen.began, _number(began))
    return pid if same else None


def _number(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None
