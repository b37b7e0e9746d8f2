"""Put profiles away and bring them back: into the trash, for 30 days, or into the archive."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from hermes_dist.agents.places import CONFIG, GATEWAY_PARKED
from hermes_dist.brand import LOCKFILE, MANIFEST
from hermes_dist.decide.near import offered
from hermes_dist.decide.profiles.lifecycle import (
    Kept,
    Move,
    kept_id,
    new_name,
    read_id,
    refuse_default,
    routes,
    service_renamed,
)
from hermes_dist.decide.trash import TRASH_DAYS, is_expired
from hermes_dist.errors import DistError
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.layers.gone import drop
from hermes_dist.ops.over_age import erase_due, look_into
from hermes_dist.ops.own_layers import follow
from hermes_dist.ops.profile_changes import Back, Belongings, Gone, Planned
from hermes_dist.ops.profiles import aliases, profile_moves
from hermes_dist.ops.profiles.boards import open_tasks, settings_naming, still_assigned
from hermes_dist.ops.profiles.lifecycle import is_sticky, read_text, stop
from hermes_dist.ops.profiles.other_roots import stay_with_others
from hermes_dist.ops.renames import called_now
from hermes_dist.ops.stored import Place, StoredProfile, stored_in
from hermes_dist.world.agent.find import GatewayState, gateway
from hermes_dist.world.agent.processes import refuse_from_inside
from hermes_dist.world.agent.services import own_services
from hermes_dist.world.disk.fs import RealFs, atomic_write
from hermes_dist.world.files import read_file
from hermes_dist.world.transaction.aside import below_root, everywhere, placed
from hermes_dist.world.transaction.move_home import bring_over, erase, make_folder

_DONE = {"trash": "deleted", "archive": "archived"}
DAYS = TRASH_DAYS
"""How long a profile can be restored from the trash."""


def leaving(ctx: Context, name: ProfileName, verb: str) -> Belongings:
    """Find what would go together with a profile.

    Raises:
        Invalid: It is the default profile.
        Busy: Its own gateway, dashboard or chat started us.
    """
    refuse_default(name, verb, str(ctx.layout.root))
    refuse_from_inside(ctx.layout, name)
    return _belongings(ctx, name)


def _belongings(ctx: Context, name: ProfileName) -> Belongings:
    home = ctx.layout.home(name)
    return Belongings(
        name=name,
        path=home,
        gateway=gateway(home).state is GatewayState.RUNNING,
        commands=tuple(alias.name for alias in aliases.of_profile(ctx.layout, name)),
        services=tuple(map(str, own_services(ctx.layout, name))),
        sticky=is_sticky(ctx, name),
        routes=sum(route.get("profile") == name for route in found_routes(ctx)),
        package=(home / LOCKFILE).exists() or (home / MANIFEST).exists(),
        tasks=sum(map(len, open_tasks(ctx, name).values())),
        settings=settings_naming(ctx, name),
    )


def found_routes(ctx: Context) -> list[dict[object, object]]:
    """The gateway routes of the default profile; empty if its settings can't be read."""
    try:
        config = load_data(read_file(ctx.layout.root / CONFIG), Kind.YAML)
        return [dict(route) for route in routes(config)]
    except (OSError, DistError):
        return []


def plan_leaving(ctx: Context, name: ProfileName, place: Place) -> Planned:
    """Show what would go together with a profile, with the digest that a yes to it refers to.

    Raises:
        Invalid: It is the default profile.
        DistError: There is no such profile.
    """
    return bound(leaving(ctx, ctx.profile(name), _DONE[place]), place)


def bound(shown: Belongings, place: Place) -> Planned:
    """Bind what was found of a profile that leaves to its home as it is now."""
    return profile_moves.planned(shown.name, shown, shown.path, place)


def put_away(
    ctx: Context, name: ProfileName, place: Place, *, purge: bool = False, shown: str = ""
) -> Gone:
    """Stop a profile's gateway and move its whole home away.

    Args:
        ctx: The context.
        name: The profile.
        place: The trash or the archive.
        purge: Erase it for good.
        shown: The digest of what the user saw and confirmed, by :func:`plan_leaving`; any other raises. Empty for none.

    Raises:
        OtherPlan: It is not what was shown; nothing was changed.
        DistError: The home can't be moved; nothing was changed, except that its gateway may be stopped.
    """
    if before := put_away_before(ctx, name, place, purge=purge):
        return before
    deleting = place == "trash"
    with profile_moves.all_homes_locked(ctx) as fs:
        # Under the lock: before, another command may have renamed or deleted it, or given it a command.
        facts = leaving(ctx, ctx.profile(name), _DONE[place])
        if shown:
            profile_moves.refuse_other_plan(bound(facts, place), shown)
        # Under the lock over all homes: another command could be restoring one of them.
        expired = empty_trash(ctx, fs) if deleting else 0
        # Before the stop, which sets the same mark: only one that was there outlives the move.
        parked = (facts.path / GATEWAY_PARKED).exists()
        stopped = stop(ctx, name)
        folder = _folder(ctx, place)
        ident = _free_id(ctx, fs, folder, name)
        texts = {path: read_text(Path(path)) for path in facts.services}
        kept = Kept(
            profile=name,
            commands=facts.commands,
            sticky=facts.sticky,
            services={path: text for path, text in texts.items() if text is not None},
        )
        # Purging is a move first, too: erasing gigabytes takes a while, and if it is interrupted,
        # half a profile must not be left under the name.
        move = Move(
            verb="delete" if deleting else "archive",
            name=name,
            to="",
            source=f"profiles/{name}",
            target=f"{folder}/{ident}",
            drop=facts.commands,
            sticky="" if facts.sticky else None,
            services=dict.fromkeys(facts.services),
            record=f"{folder}/{ident}.json",
            erase=purge,
            unpark=not parked,
            asked=profile_moves.asked_for(*_asked(name, place, purge=purge)),
        )
        elsewhere = _elsewhere(facts.path)
        notes = (*elsewhere, *profile_moves.carry_out_move(ctx, fs, move, kept))
    return replace(_as_gone(ctx, facts, move, notes), stopped=stopped, expired=expired)


def put_away_before(ctx: Context, name: str, place: Place, *, purge: bool = False) -> Gone | None:
    """Complete what was cut short, if it is this: nothing is asked, as the answer was given then.

    Args:
        ctx: The context.
        name: The profile, as it was typed.
        place: The trash or the archive.
        purge: Erase it for good.

    Returns:
        What was done; None if nothing was cut short, or it was something else.
    """
    done = profile_moves.completed(ctx, *_asked(name.strip().lower(), place, purge=purge))
    if done is None:
        return None
    move = done.move
    facts = replace(
        _belongings(ctx, ProfileName(move.name)),
        commands=move.drop,
        services=tuple(move.services),
        sticky=move.sticky is not None,
    )
    return _as_gone(ctx, facts, move, done.notes)


def _asked(name: str, place: Place, *, purge: bool) -> tuple[object, ...]:
    return _DONE[place], name, purge


def _as_gone(ctx: Context, facts: Belongings, move: Move, notes: Iterable[Note]) -> Gone:
    notes = (
        *notes,
        *facts.settings,
        *stay_with_others(ctx, facts.name),
        *still_assigned(ctx, facts.name, None),
    )
    path = facts.path if move.erase else ctx.layout.root / move.target
    return Gone(leaving=facts, path=path, purged=move.erase, notes=notes)


def _elsewhere(home: Path) -> tuple[Note, ...]:
    """Note that only a link is put away, if a home is one."""
    if not home.is_symlink():
        return ()
    return (Note.of(NoteKind.STAYS_ELSEWHERE, target=str(home.resolve())),)


def _folder(ctx: Context, place: Place) -> str:
    layout = placed(ctx.layout)
    return below_root(layout, layout.trash if place == "trash" else layout.archived)


def _free_id(ctx: Context, fs: RealFs, folder: str, name: ProfileName) -> str:
    # Two profiles of one name can be put away within the same second.
    return _free_id_like(fs, folder, kept_id(name, ctx.now()))


def _free_id_like(fs: RealFs, folder: str, ident: str) -> str:
    numbered = (f"{ident}-{number}" for number in itertools.count(2))
    names = itertools.chain([ident], numbered)
    return next(each for each in names if fs.kind(f"{folder}/{each}") == "absent")


def stored_profiles(ctx: Context) -> list[StoredProfile]:
    """List the homes that were put away, newest first."""
    return stored_in(ctx.layout)


def plan_restore(ctx: Context, name: str, *, to: str = "") -> Planned:
    """Show what a restore would bring back, with the digest that a yes to it refers to.

    Raises:
        DistError: There is no such profile, or its name is taken.
    """
    back = restore(ctx, name, to=to, dry_run=True)
    return profile_moves.planned(back.name, back, back.stored)


def restore(
    ctx: Context, name: str, *, to: str = "", dry_run: bool = False, shown: str = ""
) -> Back:
    """Restore a profile from the archive or the trash: the newest of that name, or the one that is named with its time.

    Args:
        ctx: The context.
        name: The name it had, or that of its folder, ``NAME@TIME``.
        to: A new name for it; empty to keep the old one.
        dry_run: Change nothing.
        shown: The digest of what the user saw and confirmed, by :func:`plan_restore`; any other raises. Empty for none.

    Raises:
        OtherPlan: It is not what was shown; nothing was changed.
        DistError: There is no such profile, or its name is taken; nothing was changed.
    """
    known = read_id(name)
    was, folder = (known[0], name) if known else _typed(name)
    refuse_default(was, "restored", str(ctx.layout.root))
    wanted = new_name(to, ctx.generation) if to else was
    if dry_run:
        found, move, kept = _plan_return(ctx, was, wanted, folder)
        return _as_back(ctx, found, move, kept, tuple(move.commands))
    asked = ("restored", folder or was, wanted)
    if done := profile_moves.completed(ctx, *asked):
        return _back_before(ctx, was, done)
    with profile_moves.all_homes_locked(ctx) as fs:
        if shown:
            profile_moves.refuse_other_plan(plan_restore(ctx, name, to=to), shown)
        # Chosen under the lock: before, another command may still be emptying the trash.
        found, move, kept = _plan_return(ctx, was, wanted, folder)
        if brought := _bring_over(ctx, fs, found):
            found, move, kept = _plan_return(ctx, was, wanted, brought)
        move = replace(move, asked=profile_moves.asked_for(*asked))
        notes = profile_moves.carry_out_move(ctx, fs, move)
    back = _as_back(ctx, found, move, kept, _started(ctx, move))
    return replace(back, notes=notes)


def _typed(name: str) -> tuple[ProfileName, str]:
    """The name of a profile, and all that was typed if a time is behind it at which nothing was put away."""
    bare, at, _ = name.partition("@")
    return ProfileName.typed(bare), name if at else ""


def _started(ctx: Context, move: Move) -> tuple[str, ...]:
    """The commands that start a restored profile again."""
    started = {alias.name for alias in aliases.of_profile(ctx.layout, ProfileName(move.to))}
    return tuple(command for command in move.commands if command in started)


def _back_before(ctx: Context, was: ProfileName, done: profile_moves.Completed) -> Back:
    """What was restored by a command that was cut short, and is complete now."""
    move = done.move
    stored = ctx.layout.root / move.source
    known = read_id(stored.name)
    assert known is not None  # noqa: S101 - it was chosen among homes with such names
    trash = {layout.trash for layout in everywhere(ctx.layout)}
    place: Place = "trash" if stored.parent in trash else "archive"
    found = StoredProfile(name=was, place=place, when=known[1], path=stored)
    back = _as_back(ctx, found, move, Kept(profile=was), _started(ctx, move))
    return replace(back, notes=done.notes)


def _bring_over(ctx: Context, fs: RealFs, found: StoredProfile) -> str:
    """Bring a stored home to the file system of the profiles, if those have moved since it was put away.

    Returns:
        The name of its folder there; empty if it stayed where it was.
    """
    folder, old = _folder(ctx, found.place), below_root(ctx.layout, found.path)
    if old.rpartition("/")[0] == folder:
        return ""
    ctx.progress(f"copying {found.name} to the file system of the profiles")
    record = found.path.with_name(f"{found.path.name}.json")
    target = f"{folder}/{_free_id_like(fs, folder, found.path.name)}"
    if (text := read_text(record)) is not None:
        make_folder(fs, folder, 0o700)
        data = text.encode("utf-8", "surrogateescape")
        atomic_write(ctx.layout.root / f"{target}.json", data, 0o600)
    stages = (found.path.parent.with_name("staging"), placed(ctx.layout).staging)
    before, after = (below_root(ctx.layout, stage) for stage in stages)
    bring_over(fs, old, target, stages=(before, after), env=ctx.env)
    record.unlink(missing_ok=True)
    ident = target.rpartition("/")[2]
    follow(ctx, found.path.name, ident)
    return ident


def _plan_return(
    ctx: Context, was: ProfileName, wanted: ProfileName, folder: str
) -> tuple[StoredProfile, Move, Kept]:
    """Choose the stored home, and plan its way back.

    Args:
        ctx: The context.
        was: The name it had.
        wanted: The name it gets.
        folder: The name of its folder; empty for the newest of that name.

    Raises:
        DistError: There is no such home, or the wanted name is taken.
    """
    stored = stored_profiles(ctx)
    named = (each for each in stored if each.name == was and folder in ("", each.path.name))
    found = next(named, None)
    if found is None:
        raise _nothing_stored(ctx, was, folder, stored)
    try:
        ctx.free_home(wanted)
    except DistError as err:
        command = ctx.command(f"restore {folder or was} --as NAME")
        err.hint = f"bring it back under another name: {command}"
        raise
    return found, *_return(ctx, found, wanted)


def _nothing_stored(
    ctx: Context, was: ProfileName, folder: str, stored: Sequence[StoredProfile]
) -> DistError:
    now = called_now(ctx.layout, was)
    if now is not None and ctx.layout.home(now).is_dir():
        return DistError(
            f"{str(was)!r} was not put away: it is called {str(now)!r} now",
            where=str(was),
            hint="to have the old name again",
            command=f"rename {now} {was}",
        )
    if not folder and ctx.layout.home(was).is_dir():
        return DistError(
            f"{str(was)!r} was not put away: the profile is there",
            where=str(ctx.layout.home(was)),
            hint="see it with",
            command=f"show {was}",
        )
    return _not_among(ctx, folder or str(was), stored)


def _not_among(ctx: Context, typed: str, stored: Sequence[StoredProfile]) -> DistError:
    """The error for a name, or a name with a time, that nothing was put away under."""
    name, at, _ = typed.partition("@")
    known = sorted({str(each.name) for each in stored})
    if at and name in known:
        known = [each.path.name for each in stored if each.name == name]
    return DistError(
        f"there is no {typed!r} in the archive or the trash",
        where=str(ctx.layout.shared),
        hint=offered(typed, known, "they contain") if known else "both are empty",
    )


def _as_back(
    ctx: Context, found: StoredProfile, move: Move, kept: Kept, commands: tuple[str, ...]
) -> Back:
    wanted = ProfileName(move.to)
    return Back(
        name=wanted,
        was=found.name,
        path=ctx.layout.home(wanted),
        place=found.place,
        stored=found.path,
        was_sticky=kept.sticky,
        commands=commands,
        services=tuple(str(path) for path in move.services),
    )


def _return(ctx: Context, found: StoredProfile, wanted: ProfileName) -> tuple[Move, Kept]:
    """The move back, and what was remembered when the home was put away."""
    layout = ctx.layout
    source = str(found.path.relative_to(layout.root))
    record = read_text(found.path.with_name(f"{found.path.name}.json")) or ""
    kept = Kept.decode(record.encode(), found.name)
    homes = (str(layout.home(found.name)), str(layout.home(wanted)))
    before, after = layout.service_files(found.name), layout.service_files(wanted)
    services: dict[str, str | None] = {}
    for old, new in zip(before, after, strict=True):
        text = kept.services.get(str(old))
        if text is not None:
            services[str(new)] = service_renamed(text, found.name, wanted, homes)
    commands = {}
    for name in kept.commands:
        # The command of the profile's own name follows the new name; others keep theirs.
        command = wanted if name == found.name else name
        commands[str(command)] = str(wanted)
    move = Move(
        verb="restore",
        name=wanted,
        to=wanted,
        source=source,
        target=f"profiles/{wanted}",
        services=services,
        commands=commands,
        record=f"{source}.json",
    )
    return move, kept


def over_age(ctx: Context) -> dict[Path, list[str]]:
    """The homes that are over age by the clock: the names of their folders, for each trash folder that exists."""
    folders = (layout.trash for layout in everywhere(ctx.layout))
    found: dict[Path, list[str]] = {folder: [] for folder in folders if folder.is_dir()}
    at = ctx.now()
    for each in stored_profiles(ctx):
        # Most are found by the name alone, without a look into the folder.
        is_old = each.place == "trash" and is_expired(each.when, at)
        if is_old and is_expired(each.since(at), at):
            found[each.path.parent].append(each.path.name)
    return found


def due(ctx: Context) -> int:
    """How many homes the next command that empties the trash would erase."""
    return sum(
        len(look_into(folder, names, ctx.now()).due) for folder, names in over_age(ctx).items()
    )


def empty_trash(ctx: Context, fs: RealFs) -> int:
    """Erase the homes whose time in the trash is over; the caller holds the lock over all homes.

    Args:
        ctx: The context.
        fs: The brand's root folder.

    Returns:
        The number of homes erased.

    Raises:
        DistError: The disk fails.
    """
    gone = 0

    def erase_home(path: Path) -> None:
        nonlocal gone
        erase(path)
        path.with_name(f"{path.name}.json").unlink(missing_ok=True)
        drop(ctx, path.name)
        gone += 1

    for folder, names in over_age(ctx).items():
        if erase_due(folder, names, ctx.now(), erase_home):
            fs.sync_folder(below_root(ctx.layout, folder))
    return gone
