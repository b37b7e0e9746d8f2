"""Shell completion: the candidates on this machine, and the script for a shell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from hermes_dist.brand import LOCKFILE
from hermes_dist.decide.profiles.aliases import AGENT_VERBS
from hermes_dist.decide.profiles.completion import (
    SHELLS,
    VARIABLE,
    Facts,
    agent_commands,
    complete,
    script,
)
from hermes_dist.errors import DistError, UsageError
from hermes_dist.model.lock_head import load_head
from hermes_dist.model.paths import DEFAULT_PROFILE
from hermes_dist.model.source import parse_source
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import aliases, trash_and_archive
from hermes_dist.world.agent.find import run

WORDS = "words"
"""The hidden command that the scripts call; see :func:`candidates`."""
_PATIENCE = 5.0


def completion(ctx: Context, shell: str) -> str:
    """Return the script that completes our commands, the agent's and the profiles' own.

    Raises:
        UsageError: This shell is not supported.
    """
    name = shell.lower()
    name = "powershell" if name in {"pwsh", "powershell"} else name
    if name not in SHELLS:
        raise UsageError(
            f"there is no completion for {shell!r:.40}", hint=f"choose one of: {', '.join(SHELLS)}"
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
    return sorted(AGENT_VERBS)


def candidates(
    ctx: Context,
    words: Sequence[str],
    verbs: Mapping[str, Sequence[str]],
    options: Callable[[Sequence[str]], Sequence[str]],
    *,
    ours: bool,
) -> list[str]:
    """List the candidates for the last word; see ``decide.completion``.

    Args:
        ctx: The context.
        words: The words after the command, the unfinished one last.
        verbs: Our verbs, each with its subcommands.
        options: Returns the options of a verb.
        ours: The command is the one that knows only our verbs.
    """
    names = [DEFAULT_PROFILE, *(name for name in ctx.names() if name != DEFAULT_PROFILE)]
    stored: set[str] = set()
    if "restore" in words:
        stored = {str(each.name) for each in trash_and_archive.stored_profiles(ctx)}
    facts = Facts(
        verbs=verbs,
        profiles=[str(name) for name in names],
        options=options,
        refs=lambda name: _refs(ctx, name),
        included=lambda name: _to_include(ctx, name, here=True),
        unnamed=lambda name: _to_include(ctx, name, here=False),
        agent=ctx.env.get(VARIABLE, "").split() or sorted(AGENT_VERBS),
        below=lambda command: _below(ctx, command),
        away=sorted(stored),
        packages=_packages(ctx) if "install" in words else (),
    )
    return complete(words, facts, ours=ours)


def _packages(ctx: Context) -> list[str]:
    """The sources of the profiles on this machine."""
    found = []
    for name in ctx.names():
        try:
            head = load_head((ctx.layout.home(name) / LOCKFILE).read_bytes())
        except OSError:
            continue
        if head is not None:
            found.append(head.source)
    return sorted(set(found))


def _refs(ctx: Context, name: str) -> list[str]:
    """The tags and branches of a profile's package that are known without contacting a server."""
    try:
        profile = ctx.profile(name or None)
        head = load_head((ctx.layout.home(profile) / LOCKFILE).read_bytes())
        if head is None:
            return []
        return list(ctx.sources.known_refs(parse_source(head.source, allow_insecure=True)))
    except (DistError, OSError):
        return []


def _to_include(ctx: Context, name: str, *, here: bool) -> Sequence[str]:
    """What a profile includes of its package, or what it could include, as far as no server has to be asked."""
    # Most completions need no whole lock, and a user is waiting.
    from hermes_dist.ops.profiles import includable  # noqa: PLC0415 - as said above

    try:
        return includable.paths(ctx, ctx.profile(name or None), here=here)
    except (DistError, OSError):
        return []


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
