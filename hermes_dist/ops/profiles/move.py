"""Homes that change their place: one at a time, journalled, and completed after a crash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from msgspec.structs import replace

from hermes_dist.agents.generation import NEWEST
from hermes_dist.agents.places import ABOUT, CONFIG, GATEWAY_PARKED, HONCHO, HONCHO_OF_USER
from hermes_dist.brand import Layout
from hermes_dist.decide.profiles.lifecycle import (
    Kept,
    Move,
    hosts_renamed,
    named_before,
    routes_renamed,
)
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import aliases
from hermes_dist.world.agent import processes as running
from hermes_dist.world.agent.find import run
from hermes_dist.world.disk.fs import RealFs, atomic_write
from hermes_dist.world.disk.locks import flock, home_lock
from hermes_dist.world.ports import Odd
from hermes_dist.world.transaction.apply import uninterrupted
from hermes_dist.world.transaction.move_home import erase, inode, make_folder, move_home

_IDENTITY_PATIENCE = 120.0


def journal(ctx: Context) -> Path:
    """Where the journal of a move lies."""
    return ctx.layout.shared / "move.json"


@contextmanager
def held(ctx: Context) -> Iterator[RealFs]:
    """Hold the lock over the places of homes, after completing a move that was cut short.

    Yields:
        The brand's root folder.

    Raises:
        Busy: Another command makes or moves profiles.
        Invalid: The journal of an interrupted move is damaged.
    """
    lock = ctx.layout.shared / "new-homes.lock"
    with (
        flock(lock, timeout=10, held="another command makes or moves profiles"),
        RealFs(ctx.layout.root) as fs,
    ):
        finish(ctx, fs)
        yield fs


def carry_out(ctx: Context, fs: RealFs, move: Move, kept: Kept | None = None) -> tuple[str, ...]:
    """Move a home and do what follows; the caller holds the lock of :func:`held`.

    Args:
        ctx: The context.
        fs: The brand's root folder.
        move: The move.
        kept: What to remember of a home that is put away.

    Returns:
        What could not be done beside it, in words.

    Raises:
        DistError: It can't be moved; nothing was changed.
    """
    home = ctx.layout.root / move.source
    move = replace(move, inode=inode(home))
    make_folder(fs, move.target.rpartition("/")[0], 0o700 if move.record else 0o755)
    with nullcontext() if move.verb == "create" else home_lock(home), uninterrupted():
        atomic_write(journal(ctx), move.encode(), 0o600)
        try:
            if kept is not None:
                atomic_write(ctx.layout.root / move.record, kept.encode(), 0o600)
            move_home(fs, move.source, move.target)
        except DistError:
            _forget(ctx, move)
            raise
        notes = _follow(ctx, move)
        _settle(ctx, move)
    return notes


def finish(ctx: Context, fs: RealFs) -> Move | None:
    """Complete a move that was cut short, or clear away one that had not begun.

    Args:
        ctx: The context.
        fs: The brand's root folder, with the lock of :func:`held`.

    Returns:
        The move; None when there was none.

    Raises:
        Invalid: Its journal is damaged.
    """
    try:
        move = Move.decode(journal(ctx).read_bytes())
    except FileNotFoundError:
        return None
    except Invalid as err:
        raise err.within(str(journal(ctx))) from None
    arrived = ctx.layout.root / move.target
    if move.inode and inode(arrived) == move.inode:
        fs.sync_folder(move.target.rpartition("/")[0])
        _follow(ctx, move)
        _settle(ctx, move)
    elif inode(ctx.layout.root / move.source) == move.inode:
        _forget(ctx, move)
    else:
        _settle(ctx, replace(move, erase=False))
    return move


def _forget(ctx: Context, move: Move) -> None:
    """Nothing was moved: take back the journal and what would have been remembered."""
    if move.record and move.verb != "restore":
        (ctx.layout.root / move.record).unlink(missing_ok=True)
    journal(ctx).unlink(missing_ok=True)


def _settle(ctx: Context, move: Move) -> None:
    """All is done: remove for good what shall be, and the journal last."""
    if move.erase:
        erase(ctx.layout.root / move.target)
    if move.record and (move.erase or move.verb == "restore"):
        (ctx.layout.root / move.record).unlink(missing_ok=True)
    journal(ctx).unlink(missing_ok=True)


def _follow(ctx: Context, move: Move) -> tuple[str, ...]:
    """Do what follows a move; each part may have been done already, and none undoes the move."""
    notes = []
    for part in (_tombstone, _unpark, _sticky, _commands, _services, _routes, _peers, _identity):
        try:
            part(ctx, move)
        except DistError as err:
            notes.append(str(err))
        except OSError as err:
            notes.append(f"{err.filename}: {err.strerror}")
    return tuple(notes)


def _tombstone(ctx: Context, move: Move) -> None:
    """Let the agent see a profile that is there again, and no ghost of one that was deleted."""
    folder = ctx.layout.profiles / NEWEST.tombstones
    if move.to:
        clear_tombstone(ctx.layout, ProfileName(move.to))
    if move.verb == "delete" and ctx.generation.tombstones:
        folder.mkdir(mode=0o755, exist_ok=True)
        (
            folder / move.name
        ).touch()  # that it is there says it; a killed write would leave a half one


def _unpark(ctx: Context, move: Move) -> None:
    """Let the gateway of all serve a home again that it left out while it moved."""
    if move.unpark:
        (ctx.layout.root / move.target / GATEWAY_PARKED).unlink(missing_ok=True)


def clear_tombstone(layout: Layout, name: ProfileName) -> None:
    """Take away what hides a deleted profile's name from newer agents; whichever is installed, one may come."""
    (layout.profiles / NEWEST.tombstones / name).unlink(missing_ok=True)


def _identity(ctx: Context, move: Move) -> None:
    """Sessions and routing of newer agents know a profile by its name; the agent itself carries it along."""
    verbs = {
        "rename": ["migrate-identity", move.name, move.to],
        "delete": ["purge-identity", move.name],
    }
    words = verbs.get(move.verb)
    if words is None or ctx.agent is None or not ctx.generation.identity:
        return
    if move.verb == "rename":
        about = ctx.layout.home(ProfileName(move.to)) / ABOUT
        found = about.read_bytes() if about.exists() else None
        atomic_write(about, named_before(found, move.name), 0o644)
    env = {key: value for key, value in ctx.env.items() if key != ctx.brand.home_variable}
    if ctx.layout.root != ctx.layout.user_home / ctx.brand.root_name:
        env[ctx.brand.home_variable] = str(ctx.layout.root)
    done = run(ctx.agent, ["profile", *words], env=env, timeout=_IDENTITY_PATIENCE)
    if done.returncode:
        again = " ".join([ctx.brand.name, "profile", *words])
        raise DistError(f"the agent could not carry its sessions and routing along; run: {again}")


def _sticky(ctx: Context, move: Move) -> None:
    if move.sticky is None:
        return
    try:
        found = ctx.layout.sticky.read_text("utf-8").strip()
    except OSError:
        return
    if found != move.name:
        return  # somebody has chosen another one since
    if move.sticky:
        atomic_write(ctx.layout.sticky, f"{move.sticky}\n".encode(), 0o644)
    else:
        ctx.layout.sticky.unlink(missing_ok=True)


def _commands(ctx: Context, move: Move) -> None:
    for name in move.drop:
        alias = next(
            (a for a in aliases.of_profile(ctx.layout, ProfileName(move.name)) if a.name == name),
            None,
        )
        if alias is not None:
            aliases.remove(ctx.layout, name)
    refused = []
    for name, profile in move.commands.items():
        standing = next((a for a in aliases.listed(ctx.layout) if a.name == name), None)
        ours = standing is not None and standing.profile in (move.name, profile)
        try:
            planned = aliases.plan(
                ctx.layout, ProfileName(profile), name, env=ctx.env, replace=ours
            )
            aliases.write(ctx.layout, planned)
        except DistError as err:
            refused.append(f"no command {name}: {err}")
    if refused:
        raise DistError("; ".join(refused))


def _services(ctx: Context, move: Move) -> None:
    if not move.services:
        return
    old = ProfileName(move.name)
    gone = [Path(path) for path, text in move.services.items() if text is None]
    for path in gone:
        if path.exists():
            running.manage(ctx.layout, old, "disable", ctx.env)
    for name, text in move.services.items():
        if text is not None and not Path(name).exists():
            atomic_write(Path(name), text.encode("utf-8", "surrogateescape"), 0o644)
    for path in gone:
        path.unlink(missing_ok=True)
    if gone:
        running.forget_link(ctx.layout, old)
    running.manage(ctx.layout, old, "daemon-reload", ctx.env)
    if move.enabled and move.to:
        running.manage(ctx.layout, ProfileName(move.to), "enable", ctx.env)


def _routes(ctx: Context, move: Move) -> None:
    if not move.to or move.to == move.name:
        return
    config = ctx.layout.root / CONFIG
    try:
        found = config.read_bytes()
    except FileNotFoundError:
        return
    edited = routes_renamed(found, move.name, move.to)
    if edited != found:
        atomic_write(config, edited, 0o600)


def _peers(ctx: Context, move: Move) -> None:
    """The agent's memory service knows profiles by name; their peers keep theirs."""
    if not move.to or move.to == move.name:
        return
    layout = ctx.layout
    for path in (
        layout.home(ProfileName(move.to)) / HONCHO,
        layout.root / HONCHO,
        layout.user_home / HONCHO_OF_USER,
    ):
        try:
            found = path.read_bytes()
            edited = hosts_renamed(found, layout.brand.name, move.name, move.to)
            if edited != found:
                atomic_write(path, edited, 0o600)
        except (FileNotFoundError, Odd):
            continue
