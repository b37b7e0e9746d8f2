"""Cloning a profile, without the keys of channels that can serve one gateway only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from hermes_dist.agents.places import ABOUT, JOBS, STANDARD_FOLDERS
from hermes_dist.brand import LOCKFILE
from hermes_dist.decide.channels import is_login, without_tokens
from hermes_dist.decide.lifecycle import NEW_ENV, described, left_out, new_name, of_a_clone, paused_jobs
from hermes_dist.errors import Busy, DistError, UsageError
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.lifecycle import Made, check_free, raise_profile
from hermes_dist.world.copying import copy_home
from hermes_dist.world.fs import atomic_write
from hermes_dist.world.locks import home_lock
from hermes_dist.world.seeding import has_peers, make_peer

Keep = Callable[[str], bool]
Edit = Callable[[str, bytes], bytes]


def clone(
    ctx: Context,
    name: str,
    source: ProfileName,
    *,
    every: bool = False,
    tokens: bool = False,
    alias: bool = True,
    description: str = "",
    dry_run: bool = False,
) -> Made:
    """Make a profile out of another one.

    Args:
        ctx: The context.
        name: The new profile's name.
        source: The profile to copy.
        every: Copy memories, sessions, jobs and all the rest, too; else settings, keys, personality, skills and
            what its package brought.
        tokens: Copy the keys of exclusive channels as well.
        alias: Make a command of the new name.
        description: What the clone is good at.
        dry_run: Change nothing.

    Returns:
        The profile, with the keys that stayed behind.

    Raises:
        UsageError: It would be a clone of itself.
        DistError: It can't be made; nothing was changed.
    """
    profile = new_name(name, ctx.generation)
    if profile == source:
        raise UsageError("a profile can't be a clone of itself", hint="choose another name")
    made = Made(name=profile, path=check_free(ctx, profile), source=source)
    home = open_home(ctx, source)
    package = frozenset(map(str, home.lock.base)) if home.lock else frozenset[str]()
    gone: set[str] = set()
    paused: list[int] = []

    def keep(path: str) -> bool:
        if not tokens and is_login(path):
            gone.add(f"{path}/" if (home.path / path).is_dir() else path)
            return False
        return not left_out(
            path, every=every, default=source == DEFAULT_PROFILE, package=package, lockfile=LOCKFILE
        )  # fmt: skip

    def edit(path: str, data: bytes) -> bytes:
        data = _as_copy(path, data, source, paused)
        if tokens:
            return data
        edited, names = without_tokens(path, data)
        gone.update(names)
        return edited

    if dry_run:
        return made

    def fill(target: Path) -> None:
        _fill(home.path, target, keep=keep, edit=edit, description=description)

    ctx.progress(f"copying {source}")
    try:
        with home_lock(home.path):
            made = raise_profile(ctx, made, fill, alias=alias)
    except Busy as err:
        raise err.within(str(source)) from None
    notes = (*made.notes, *_paused(ctx, profile, sum(paused)), *_peer(ctx, profile))
    return replace(made, left_out=tuple(sorted(gone)), notes=notes)


def _fill(source: Path, target: Path, *, keep: Keep, edit: Edit, description: str) -> None:
    copy_home(source, target, keep=keep, edit=edit)
    for folder in STANDARD_FOLDERS:
        (target / folder).mkdir(mode=0o700, exist_ok=True)
    if not (target / ".env").exists():
        atomic_write(target / ".env", NEW_ENV.encode(), 0o600)
    if description.strip():
        about = target / ABOUT
        atomic_write(about, described(about.read_bytes() if about.exists() else None, description), 0o644)


def _as_copy(path: str, data: bytes, source: ProfileName, paused: list[int]) -> bytes:
    """A file of a home as a copy of it has it: no job runs twice, and no name is shown twice."""
    if path == ABOUT:
        return of_a_clone(data)
    if path != JOBS:
        return data
    try:
        data, running = paused_jobs(data, source)
    except DistError as err:
        raise err.within(path) from None
    paused.append(running)
    return data


def _paused(ctx: Context, name: ProfileName, count: int) -> tuple[str, ...]:
    if not count:
        return ()
    jobs = "1 job was" if count == 1 else f"{count} jobs were"
    how = f"{ctx.brand.name} -p {name} cron resume ID"
    return (f"{jobs} paused, as the original runs them; to run one here as well: {how}",)


def _peer(ctx: Context, name: ProfileName) -> tuple[str, ...]:
    """The agent's memory service knows each profile as a peer of its own."""
    if ctx.agent is None or not has_peers(ctx.layout.root, ctx.layout.user_home):
        return ()
    made = make_peer(ctx.agent, ctx.brand, name, ctx.env)
    return (f"a peer of its own was made in Honcho: {name}",) if made else ()
