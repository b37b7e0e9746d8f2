"""Move homes: one at a time, with a journal, so that a crashed move is completed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.agents.generation import NEWEST
from hermes_dist.agents.places import ABOUT, CONFIG, GATEWAY_PARKED, HONCHO, HONCHO_OF_USER
from hermes_dist.brand import LOCKFILE
from hermes_dist.decide.profiles.lifecycle import (
    Kept,
    Move,
    hosts_renamed,
    named_before,
    routes_renamed,
)
from hermes_dist.errors import DistError, Invalid
from hermes_dist.lazily import later
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.tree import Digest
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import clear_tombstone
from hermes_dist.ops.layers.gone import drop
from hermes_dist.ops.own_layers import follow
from hermes_dist.ops.profile_changes import Planned, Shown
from hermes_dist.ops.profiles import aliases
from hermes_dist.ops.profiles.boards import rename_in_settings
from hermes_dist.ops.profiles.edit_file import edit_file
from hermes_dist.ops.profiles.other_roots import lives_elsewhere
from hermes_dist.ops.renames import remember
from hermes_dist.world.agent import processes as running
from hermes_dist.world.agent.find import run
from hermes_dist.world.agent.services import is_own
from hermes_dist.world.disk.fs import RealFs, atomic_write
from hermes_dist.world.disk.locks import flock, home_lock
from hermes_dist.world.files import read_file
from hermes_dist.world.ports import Odd
from hermes_dist.world.transaction.aside import below_root, placed, tidy
from hermes_dist.world.transaction.common import uninterrupted
from hermes_dist.world.transaction.move_home import (
    Fixed,
    copy_home,
    erase,
    inode,
    make_absolute,
    make_folder,
    move_home,
)

with later():
    from hermes_dist.ops.change.proposal import OtherPlan

_IDENTITY_PATIENCE = 120.0


def planned(name: ProfileName, what: Shown, origin: Path | None, *asked: object) -> Planned:
    """Bind what is shown of a change to the folder that it begins with, by its number and its lockfile.

    Args:
        name: The profile.
        what: What would be done.
        origin: The home that moves or is copied; None for a blank profile.
        asked: What else the user asked for, and the digest covers.
    """
    begins = "" if origin is None else f"{inode(origin)} {_lock_digest(origin)}"
    text = f"{what!r} {asked!r} {begins}"
    return Planned(name, what, Digest.of(text.encode("utf-8", "surrogatepass")))


def _lock_digest(home: Path) -> str:
    try:
        return Digest.of(read_file(home / LOCKFILE))
    except OSError:
        return ""


def refuse_other_plan(now: Planned, shown: str) -> None:
    """Make sure that what would be done is what the user was shown.

    Args:
        now: What would be done now.
        shown: The digest of what was shown.

    Raises:
        OtherPlan: It is something else; nothing was changed.
    """
    if now.plan != shown:
        raise OtherPlan(now.name, now)


def journal(ctx: Context) -> Path:
    """The path of the journal of a move."""
    return ctx.layout.moving


class Completed(Struct, frozen=True):
    """A move that was cut short, and is complete now.

    Attributes:
        move: The move.
        notes: That it was cut short, and related things that could not be done.
    """

    move: Move
    notes: tuple[Note, ...]


def asked_for(*words: object) -> str:
    """The digest of what a user asks for, so that the journal tells whether they ask for the same again.

    Args:
        words: The verb, the names as they are meant, and the options.
    """
    return Digest.of(repr(tuple(map(str, words))).encode("utf-8", "surrogatepass"))


def completed(ctx: Context, *words: object) -> Completed | None:
    """Complete a move that was cut short, and say whether it is what is asked for again.

    Args:
        ctx: The context.
        words: What is asked for, as in :func:`asked_for`.

    Returns:
        The move; None if it was another one, if it had moved nothing, or if nothing was cut short.

    Raises:
        Busy: Another command is making or moving profiles.
        Invalid: The journal is damaged.
    """
    if not journal(ctx).exists():
        return None
    with _moves_locked(ctx), RealFs(ctx.layout.root, home=True) as fs:
        done = finish_move(ctx, fs)
        if done is None or done.move.asked != asked_for(*words):
            return None
        # By now, somebody may have made another profile of that name: then it is the one that is meant.
        taken = fs.kind(done.move.source) != "absent"
    return None if taken else done


def _moves_locked(ctx: Context) -> AbstractContextManager[object]:
    lock = ctx.layout.shared / "new-homes.lock"
    return flock(lock, timeout=10, held="another command is creating or moving profiles")


@contextmanager
def all_homes_locked(ctx: Context) -> Iterator[RealFs]:
    """Hold the lock over the places of all homes, after completing an interrupted move.

    Yields:
        The brand's root folder.

    Raises:
        Busy: Another command is making or moving profiles.
        Invalid: The journal of an interrupted move is damaged.
    """
    with _moves_locked(ctx), RealFs(ctx.layout.root, home=True) as fs:
        finish_move(ctx, fs)
        try:
            yield fs
        finally:
            tidy(ctx.layout)


def carry_out_move(
    ctx: Context, fs: RealFs, move: Move, kept: Kept | None = None
) -> tuple[Note, ...]:
    """Move a home and update what refers to it; the caller holds the lock of :func:`all_homes_locked`.

    Args:
        ctx: The context.
        fs: The brand's root folder.
        move: The move.
        kept: What to remember about a home that is put away.

    Returns:
        Related things that could not be done.

    Raises:
        DistError: The home can't be moved; nothing was changed. Or it has moved, and that could not be made safe
            against a power cut: then the next command completes the move.
    """
    home = ctx.layout.root / move.source
    make_absolute(home)
    move = replace(move, inode=inode(home))
    make_folder(fs, move.target.rpartition("/")[0], 0o700 if move.record else 0o755)
    # The order of locks is always the same, the one over all homes before that of one home, or two
    # commands could wait for each other.
    # A home that is being created is in staging, where the lock over all homes suffices. Ctrl-C has
    # to wait: it would leave a home in its new place and commands that lead to the old one.
    with nullcontext() if move.verb == "create" else home_lock(home), uninterrupted(finishes=True):
        # The journal comes first: after a crash, the inode in it tells whether the home has moved.
        atomic_write(journal(ctx), move.encode(), 0o600)
        try:
            # Before the home moves: without its record, a home in the trash would come back without
            # its commands and services.
            if kept is not None:
                atomic_write(ctx.layout.root / move.record, kept.encode(), 0o600)
            move = _moved(ctx, fs, move)
        except DistError:
            # The rename may have worked and its sync failed. Then the journal stays, and the next
            # command updates what refers to the home.
            if not _has_arrived(ctx, Move.decode(read_file(journal(ctx)))):
                _forget(ctx, move)
            raise
        notes = _update_references(ctx, move)
        _close(ctx, move)
    return notes


def _moved(ctx: Context, fs: RealFs, move: Move) -> Move:
    """Move the home, or a copy of it where the system does not rename it; return what the journal says then."""
    try:
        move_home(fs, move.source, move.target)
    except Fixed:
        if move.verb == "create":  # it was made a moment ago, in the folder that copies are made in
            raise
        return _moved_as_copy(ctx, fs, move)
    return move


def _moved_as_copy(ctx: Context, fs: RealFs, move: Move) -> Move:
    copied = move

    def put(built: str) -> None:
        # The copy is whole. Whoever goes on after a crash knows by the journal which of the two homes is which.
        nonlocal copied
        copied = replace(move, inode=inode(ctx.layout.root / built), original=move.inode)
        atomic_write(journal(ctx), copied.encode(), 0o600)
        move_home(fs, built, move.target)

    ctx.progress(f"copying {move.name}, because the system can't move its folder")
    staging = below_root(ctx.layout, placed(ctx.layout).staging)
    copy_home(fs, move.source, move.target, put, staging, env=ctx.env)
    return copied


def finish_move(ctx: Context, fs: RealFs) -> Completed | None:
    """Complete an interrupted move, or discard one that had not begun.

    Args:
        ctx: The context.
        fs: The brand's root folder, with the lock of :func:`all_homes_locked`.

    Returns:
        The move, if its home has moved; else None.

    Raises:
        Invalid: The journal is damaged.
        Odd: It names a place behind a link that is not followed.
    """
    try:
        move = Move.decode(read_file(journal(ctx)))
    except FileNotFoundError:
        return None
    except Invalid as err:
        raise err.within(str(journal(ctx))) from None
    for path in filter(None, (move.source, move.target, move.record)):
        fs.mode(path)  # refuses one that leads through a link that is not followed
    if _has_arrived(ctx, move):
        # The killed command may not have got to its own sync. A power cut could then undo the
        # rename after everything else names the new place.
        fs.sync_folder(move.target.rpartition("/")[0])
        notes = _update_references(ctx, move)
        _close(ctx, move)
    elif inode(ctx.layout.root / move.source) == (move.original or move.inode):
        _forget(ctx, move)
        return None
    elif move.erase and fs.kind(move.target) == "absent":
        # Erased, and all that is left of it is its record.
        notes = ()
        _close(ctx, move)
    else:
        # The home is in neither place: someone else has moved it. Whatever is there now is not ours to erase.
        _close(ctx, replace(move, erase=False))
        return None
    return Completed(move, (Note.of(NoteKind.WAS_CUT_SHORT), *notes))


def _has_arrived(ctx: Context, move: Move) -> bool:
    """Whether the home is in its new place; 0 is the inode of a home that was not there at the start."""
    return bool(move.inode) and inode(ctx.layout.root / move.target) == move.inode


def _forget(ctx: Context, move: Move) -> None:
    """Discard a move that moved nothing: remove its journal and its record."""
    # A restore that did not happen leaves the home where it is, and there it needs its record.
    if move.record and move.verb != "restore":
        (ctx.layout.root / move.record).unlink(missing_ok=True)
    journal(ctx).unlink(missing_ok=True)


def _close(ctx: Context, move: Move) -> None:
    """Finish a move: erase the home if that was asked for, and remove the journal last."""
    # The journal outlives the erasing: if that is interrupted, the next command goes on with it.
    source = ctx.layout.root / move.source
    if move.original and inode(source) == move.original:
        erase(source)
    if move.erase:
        erase(ctx.layout.root / move.target)
    if move.record and (move.erase or move.verb == "restore"):
        (ctx.layout.root / move.record).unlink(missing_ok=True)
    journal(ctx).unlink(missing_ok=True)


def _update_references(ctx: Context, move: Move) -> tuple[Note, ...]:
    """Update what refers to a moved home.

    Each part may have run already before a crash, and a failing part does not undo the move.
    """
    notes: list[Note] = []
    for part in (
        _boards,
        _tombstone,
        _unpark,
        _sticky,
        _commands,
        _services,
        _routes,
        _peers,
        _identity,
        _own_layers,
        _names,
    ):
        try:
            notes += part(ctx, move) or ()
        except DistError as err:
            notes.append(Note.of_error(err, ctx.command))
        except OSError as err:
            notes.append(Note.of(NoteKind.DISK_ERROR, str(err.filename), why=str(err.strerror)))
    return tuple(notes)


def _tombstone(ctx: Context, move: Move) -> None:
    """Tell the agent that a profile is back, or that one was deleted."""
    folder = ctx.layout.profiles / NEWEST.tombstones
    if move.to:
        clear_tombstone(ctx.layout, ProfileName(move.to))
    if move.verb == "delete" and ctx.generation.tombstones:
        folder.mkdir(mode=0o755, exist_ok=True)
        (folder / move.name).touch()  # an empty mark can't be half written


def _unpark(ctx: Context, move: Move) -> None:
    """Let the gateway for all profiles serve a home again that it left out during the move."""
    if move.unpark:
        (ctx.layout.root / move.target / GATEWAY_PARKED).unlink(missing_ok=True)


def _identity(ctx: Context, move: Move) -> None:
    """Let the agent carry sessions and routing along, which newer agents store by the profile's name."""
    verbs = {
        "rename": ["migrate-identity", move.name, move.to],
        "delete": ["purge-identity", move.name],
    }
    words = verbs.get(move.verb)
    if words is None or ctx.agent is None or not ctx.generation.identity:
        return
    if move.verb == "rename":
        about = ctx.layout.home(ProfileName(move.to)) / ABOUT
        found = read_file(about) if about.exists() else None
        atomic_write(about, named_before(found, move.name), 0o644, home=True)
    # The agent must work on the root, not on the profile that this shell may have selected.
    env = {key: value for key, value in ctx.env.items() if key != ctx.brand.home_variable}
    if ctx.layout.root != ctx.layout.user_home / ctx.brand.root_name:
        env[ctx.brand.home_variable] = str(ctx.layout.root)
    done = run(ctx.agent, ["profile", *words], env=env, timeout=_IDENTITY_PATIENCE)
    if done.returncode:
        again = " ".join([ctx.brand.name, "profile", *words])
        raise DistError(f"the agent could not move its sessions and routing; run: {again}")


def _names(ctx: Context, move: Move) -> tuple[Note, ...]:
    """Let the old name lead to the new one."""
    return remember(ctx.layout, move.verb, move.name, move.to)


def _own_layers(ctx: Context, move: Move) -> None:
    """Let the list of layers that the user put under a profile follow it, with what was written into it by hand.

    Elsewhere it is made again of the lockfile; see :mod:`hermes_dist.ops.own_layers`.
    """
    # It is called like the folder of the home: a profile that gets the name later has a list of its own.
    old, new = (place.rpartition("/")[2] for place in (move.source, move.target))
    if move.erase:
        drop(ctx, old)
    elif move.verb != "create":
        follow(ctx, old, new)


def _sticky(ctx: Context, move: Move) -> None:
    """Let the sticky choice follow the profile, or drop it."""
    if move.sticky is None:
        return
    try:
        found = read_file(ctx.layout.sticky).decode("utf-8").strip()
    except OSError:
        return
    if found != move.name:
        return  # the user has since chosen another one
    if move.sticky:
        atomic_write(ctx.layout.sticky, f"{move.sticky}\n".encode(), 0o644)
    else:
        ctx.layout.sticky.unlink(missing_ok=True)


def _commands(ctx: Context, move: Move) -> None:
    """Remove the commands of the old name, and write those of the new one."""
    # Read now and not taken from the plan: after a crash, others may have taken these names.
    old = {alias.name for alias in aliases.of_profile(ctx.layout, ProfileName(move.name))}
    for name in move.drop:
        if name in old:
            aliases.remove(ctx.layout, name)
    refused = []
    for name, profile in move.commands.items():
        try:
            _write_command(ctx, move, name, ProfileName(profile))
        except DistError as err:
            refused.append(f"no command {name}: {err}")
    if refused:
        raise DistError("; ".join(refused))


def _write_command(ctx: Context, move: Move, name: str, profile: ProfileName) -> None:
    found = next((alias for alias in aliases.listed(ctx.layout) if alias.name == name), None)
    # Only a command of this very profile is replaced, under its old name or, after a crash, its new one.
    ours = found is not None and found.profile in (move.name, profile)
    planned = aliases.plan(ctx.layout, profile, name, env=ctx.env, replace=ours)
    aliases.write(ctx.layout, planned)


def _services(ctx: Context, move: Move) -> None:
    """Replace the service files of the old name by those of the new one."""
    services = _services_in(ctx, move)
    if not services:
        return
    old = ProfileName(move.name)
    gone = [path for path, text in services.items() if text is None]
    # The service manager disables a service by its file, so the file goes after that.
    for path in gone:
        if path.exists():
            running.manage(ctx.layout, old, "disable", ctx.env)
    taken = _write_services(services)
    _remove_services(ctx, old, gone)
    running.manage(ctx.layout, old, "daemon-reload", ctx.env)
    if move.enabled and move.to:
        running.manage(ctx.layout, ProfileName(move.to), "enable", ctx.env)
    if taken:
        raise DistError(
            "another file has the name that its service would have, so it has none now",
            where=str(taken[0]),
            hint="choose another name for the profile, or move that file away and make the service again",
        )


def _remove_services(ctx: Context, old: ProfileName, gone: list[Path]) -> None:
    for path in gone:
        if is_own(ctx.layout, old, path):
            path.unlink()
    # Without systemctl nothing has disabled it, and systemd would look for it at the next login.
    if gone:
        running.forget_link(ctx.layout, old)


def _services_in(ctx: Context, move: Move) -> Mapping[Path, str | None]:
    """The service files of a move; whoever planted its journal may have named other files."""
    names = {ProfileName(move.name), ProfileName(move.to or move.name)}
    ours = {path for name in names for path in ctx.layout.service_files(name)}
    return {Path(path): text for path, text in move.services.items() if Path(path) in ours}


def _write_services(services: Mapping[Path, str | None]) -> list[Path]:
    """Write service files; return those whose name somebody else's file has."""
    taken = []
    for path, text in services.items():
        if text is None:
            continue
        data = text.encode("utf-8", "surrogateescape")
        # One that is there was written before a crash, or it is somebody else's by now.
        if not path.exists():
            atomic_write(path, data, 0o644)
        elif read_file(path) != data:
            taken.append(path)
    return taken


def _routes(ctx: Context, move: Move) -> None:
    """Let the gateway routes lead to the new name."""
    if not move.to or move.to == move.name:
        return
    root = ctx.layout.root
    edit_file(root / CONFIG, partial(routes_renamed, old=move.name, new=move.to), home=root)


def _boards(ctx: Context, move: Move) -> tuple[Note, ...]:
    """Let the settings of the agent's boards name a renamed profile by its new name."""
    if move.verb != "rename":
        return ()
    return rename_in_settings(ctx, ProfileName(move.name), ProfileName(move.to))


def _peers(ctx: Context, move: Move) -> None:
    """Keep the peers of a renamed profile in the agent's memory service, which knows profiles by name."""
    if not move.to or move.to == move.name:
        return
    layout = ctx.layout

    def follow(data: bytes, *, shared: bool = False) -> bytes:
        return hosts_renamed(data, layout.brand.name, move.name, move.to, shared=shared)

    # The user's own file is of all roots, and another one may have a profile of that name.
    shared = partial(follow, shared=lives_elsewhere(ctx, ProfileName(move.name)))
    for path, edit, home in (
        (layout.home(ProfileName(move.to)) / HONCHO, follow, None),  # its lock is held
        (layout.root / HONCHO, follow, layout.root),
        (layout.user_home / HONCHO_OF_USER, shared, None),
    ):
        with suppress(Odd):
            edit_file(path, edit, home=home)
