"""Shell completion: the candidates on this machine, and the script for a shell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from hermes_dist.agents.names import COMMANDS
from hermes_dist.brand import LOCKFILE
from hermes_dist.decide.near import offered
from hermes_dist.decide.profiles.completion import (
    FILES,
    Facts,
    Kind,
    Option,
    Word,
    agent_commands,
    complete,
)
from hermes_dist.decide.profiles.completion_scripts import ABOUT, SHELLS, VARIABLE, script
from hermes_dist.errors import DistError, UsageError, quoted
from hermes_dist.model.lock_head import LockHead, load_head
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import aliases
from hermes_dist.world.agent.find import run
from hermes_dist.world.files import read_file

__all__ = ["FILES", "Option", "Word", "candidates", "completion", "wants_about"]

WORDS = "words"
"""The hidden command that the scripts call; see :func:`candidates`."""
_PATIENCE = 5.0
_FEW = 50
"""Of more profiles than these, the packages are not read."""


def completion(ctx: Context, shell: str) -> str:
    """Return the script that completes our commands, the agent's and the profiles' own.

    Raises:
        UsageError: This shell is not supported.
    """
    name = shell.lower()
    name = "powershell" if name in {"pwsh", "powershell"} else name
    if name not in SHELLS:
        raise UsageError(
            f"there is no completion for {quoted(shell, 40)}",
            hint=offered(shell, SHELLS, "choose one of"),
        )
    brand = ctx.brand
    own = [alias.name for alias in aliases.listed(ctx.layout)]
    words = [
        sys.executable,
        "-P",
        "-m",
        "hermes_dist",
        f"--front-door={brand.name}",
        "completion",
        WORDS,
    ]
    return script(
        name,
        words,
        [brand.name, brand.dist_command, *own],
        [brand.name, *own],
        " ".join(_agent_commands(ctx)),
    )


def _agent_commands(ctx: Context) -> list[str]:
    if ctx.agent is not None:
        try:
            found = agent_commands(run(ctx.agent, ["--help"], env=ctx.env, timeout=20).stdout)
        except DistError:
            found = []
        if found:
            return found
    return sorted(COMMANDS)


def candidates(
    ctx: Context,
    words: Sequence[str],
    verbs: Mapping[str, str],
    options: Callable[[str], Mapping[str, Option]],
    *,
    ours: bool,
) -> list[Word]:
    """List the candidates for the last word; see :mod:`hermes_dist.decide.profiles.completion`.

    Args:
        ctx: The context.
        words: The words after the command, the unfinished one last.
        verbs: Our verbs, each with its help; those below another by all their words.
        options: Returns the options of a verb.
        ours: The command is the one that knows only our verbs.
    """
    names = [DEFAULT_PROFILE, *(name for name in ctx.names() if name != DEFAULT_PROFILE)]
    facts = Facts(
        verbs=verbs,
        profiles=[Word(str(name), _package(ctx, name, len(names))) for name in names],
        options=options,
        values=lambda kind, name: _values(ctx, kind, name),
        agent=ctx.env.get(VARIABLE, "").split() or sorted(COMMANDS),
        below=lambda command: _below(ctx, command),
    )
    return complete(words, facts, ours=ours)


def wants_about(ctx: Context) -> bool:
    """Whether the shell shows descriptions; its script says so."""
    return bool(ctx.env.get(ABOUT))


def _package(ctx: Context, name: ProfileName, among: int) -> str:
    """The package of a profile, for shells that show it; nothing if there are so many that a user would wait."""
    if not wants_about(ctx) or among > _FEW:
        return ""
    head = _head(ctx, name)
    return f"{head.name} {head.pin.version}".strip() if head else ""


def _head(ctx: Context, name: ProfileName) -> LockHead | None:
    try:
        return load_head(read_file(ctx.layout.home(name) / LOCKFILE))
    except (OSError, DistError):
        return None


def _values(ctx: Context, kind: Kind, name: str) -> Iterable[Word]:
    """What a word can be, as far as no server has to be asked; nothing if that can't be read."""
    # Most completions are of verbs and profiles, and a user is waiting.
    from hermes_dist.ops.profiles import local_values  # noqa: PLC0415 - as said above

    try:
        if kind is Kind.SOURCE:
            packages = local_values.of_machine(ctx, Kind.PACKAGE)
            return [*_sources(ctx), *packages]
        if local_values.is_of_profile(kind):
            return list(local_values.of_profile(ctx, kind, ctx.profile(name or None)))
        return list(local_values.of_machine(ctx, kind))
    except (DistError, OSError):
        return []


def _sources(ctx: Context) -> list[Word]:
    """The sources of the profiles on this machine."""
    heads = [_head(ctx, each) for each in ctx.names()]
    found = {head.source: f"source of {head.name}" for head in heads if head}
    return [Word(source, about) for source, about in sorted(found.items())]


def _below(ctx: Context, command: str) -> list[str]:
    """The subcommands of one of the agent's commands, from its help."""
    if ctx.agent is None or not command.replace("-", "").isalnum():
        return []
    try:
        return agent_commands(
            run(ctx.agent, [command, "--help"], env=ctx.env, timeout=_PATIENCE).stdout
        )
    except DistError:
        return []
