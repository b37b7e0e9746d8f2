"""Make, rename and describe profiles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from hermes_dist.agents.places import ABOUT, GATEWAY_PARKED, NO_SKILLS, SOUL, STANDARD_FOLDERS
from hermes_dist.decide.profiles.lifecycle import (
    NEW_ENV,
    NO_SKILLS_TEXT,
    Move,
    described,
    new_name,
    refuse_default,
    service_renamed,
)
from hermes_dist.errors import Busy, DistError
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.fleet.gateways import served_now
from hermes_dist.ops.layers.standing_on import still_lead_to
from hermes_dist.ops.profile_changes import Made, Planned, Renamed
from hermes_dist.ops.profiles import aliases, profile_moves
from hermes_dist.ops.profiles.boards import settings_naming, still_assigned
from hermes_dist.ops.profiles.other_roots import stay_with_others
from hermes_dist.world.agent import processes as running
from hermes_dist.world.agent.find import GatewayState, NoAgent, gateway, run
from hermes_dist.world.agent.gateways import ask
from hermes_dist.world.agent.seed import seed
from hermes_dist.world.agent.services import is_own
from hermes_dist.world.disk.fs import RealFs, atomic_write, trouble
from hermes_dist.world.disk.locks import home_lock
from hermes_dist.world.files import read_file
from hermes_dist.world.transaction.aside import below_root, placed
from hermes_dist.world.transaction.move_home import raise_home

_LETS_GO = 120.0


def create(
    ctx: Context,
    name: str,
    *,
    alias: bool = True,
    skills: bool = True,
    description: str = "",
    dry_run: bool = False,
    agreed: Callable[[], None] = lambda: None,
) -> Made:
    """Make a blank profile; an installed agent adds its bundled skills.

    Args:
        ctx: The context.
        name: Its name.
        alias: Make a command with that name.
        skills: Whether it gets bundled skills, now and later.
        description: What the profile is good at.
        dry_run: Change nothing.
        agreed: Raises if it is not what the user agreed to; called when nobody else can make or move a profile.

    Raises:
        DistError: The profile exists, or can't be made; nothing was changed.
    """
    profile = new_name(name, ctx.generation)
    asked = ("create", profile, alias, skills, description)
    made = Made(name=profile, path=ctx.layout.home(profile))
    if not dry_run and (done := profile_moves.completed(ctx, *asked)):
        return as_made(ctx, made, done)
    ctx.free_home(profile)
    if dry_run:
        return with_command(ctx, made, alias=alias)[0]
    notes: list[Note] = []
    counted = 0

    def fill(home: Path) -> None:
        nonlocal counted
        agreed()
        for folder in STANDARD_FOLDERS:
            (home / folder).mkdir(mode=0o700)
        # In a home without a .env, the agent uses the keys of the default profile.
        atomic_write(home / ".env", NEW_ENV.encode(), 0o600)
        if description.strip():
            atomic_write(home / ABOUT, described(None, description), 0o644)
        if not skills:
            atomic_write(home / NO_SKILLS, NO_SKILLS_TEXT.encode(), 0o644)
        counted = _seed(ctx, profile, home, notes)

    try:
        ctx.layout.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        root = str(ctx.layout.root)
        raise trouble(error, "can't make the folder of all profiles", where=root) from error
    made = raise_profile(ctx, made, fill, alias=alias, asked=asked)
    return replace(made, skills=counted, notes=(*notes, *made.notes))


def as_made(ctx: Context, made: Made, done: profile_moves.Completed) -> Made:
    """What was made by a command that was cut short, and is complete now.

    Args:
        ctx: The context.
        made: The profile, as far as it is known without looking.
        done: The move that put it in place.
    """
    commands = {alias.name for alias in aliases.of_profile(ctx.layout, made.name)}
    mine = [name for name in done.move.commands if name in commands]
    on_path = not mine or aliases.is_on_path(ctx.layout, ctx.env)
    return replace(made, alias="".join(mine), on_path=on_path, notes=(*made.notes, *done.notes))


def raise_profile(
    ctx: Context,
    made: Made,
    fill: Callable[[Path], None],
    *,
    alias: bool,
    asked: tuple[object, ...],
) -> Made:
    """Build a home, then put it and its command in place.

    Args:
        ctx: The context.
        made: The profile to make.
        fill: Writes the home into the given folder.
        alias: Make a command with its name; if that is taken, a note says how to choose another.
        asked: What the user asked for, as in :func:`profile_moves.asked_for`.

    Raises:
        DistError: The profile can't be made; nothing was changed.
    """
    made, planned = with_command(ctx, made, alias=alias)
    notes = list(made.notes)
    commands = {planned.alias.name: str(made.name)} if planned else {}

    def put(building: str) -> None:
        move = Move(
            verb="create",
            name=made.name,
            to=made.name,
            source=building,
            target=f"profiles/{made.name}",
            commands=commands,
            asked=profile_moves.asked_for(*asked),
        )
        notes.extend(profile_moves.carry_out_move(ctx, fs, move))

    with profile_moves.all_homes_locked(ctx) as fs:
        # Again, now that nobody else can take the name, and before a home is copied in vain.
        ctx.free_home(made.name)
        staging = below_root(ctx.layout, placed(ctx.layout).staging)
        raise_home(fs, f"profiles/{made.name}", fill, put, staging=staging)
    done = planned is not None and planned.alias.path.exists()
    return replace(made, notes=tuple(notes), alias=made.alias if done else "")


def with_command(ctx: Context, made: Made, *, alias: bool) -> tuple[Made, aliases.AliasPlan | None]:
    """Add the command that a new profile gets; if its name is taken, a note says how to choose another.

    Args:
        ctx: The context.
        made: The profile.
        alias: Make a command with its name.

    Returns:
        The profile as it would be, and the plan of its command.
    """
    if not alias:
        return made, None
    try:
        planned = aliases.plan(ctx.layout, made.name, env=ctx.env)
    except DistError as err:
        choose = ctx.command(f"alias {made.name} --name NAME")
        note = Note.of(NoteKind.NO_COMMAND, why=str(err), command=choose)
        return replace(made, notes=(*made.notes, note)), None
    return replace(made, alias=planned.alias.name, on_path=planned.on_path), planned


def _seed(ctx: Context, name: ProfileName, home: Path, notes: list[Note]) -> int:
    if ctx.agent is None:
        notes.append(Note.of(NoteKind.AGENT_ADDS_SKILLS, title=ctx.brand.title))
        return 0
    ctx.progress("asking the agent for its skills")
    try:
        seeded = seed(ctx.agent, ctx.brand, home, ctx.env)
    except DistError as err:
        command = f"{ctx.brand.name} -p {name} update"
        notes.append(Note.of(NoteKind.SKILLS_NOT_ADDED, why=str(err), command=command))
        return 0
    if not (home / SOUL).exists():
        atomic_write(home / SOUL, seeded.soul.encode(), 0o644)
    return seeded.skills


def rename(ctx: Context, old: str, new: str, *, dry_run: bool = False, shown: str = "") -> Renamed:
    """Rename a profile and everything that refers to it by name.

    Its gateway is stopped first. Its home moves by one rename. Commands, the sticky choice, service files, gateway
    routes and the memory service's peers follow; after a crash the next command completes them.

    Args:
        ctx: The context.
        old: The profile.
        new: Its new name.
        dry_run: Change nothing.
        shown: The digest of what the user saw and confirmed, by :func:`plan_rename`; any other raises. Empty for none.

    Raises:
        OtherPlan: It is not what was shown; nothing was changed.
        DistError: The profile can't be renamed; nothing was changed.
    """
    asked = ("rename", old.strip().lower(), new.strip().lower())
    if not dry_run and (done := profile_moves.completed(ctx, *asked)):
        return replace(_as_renamed(ctx, done.move), notes=(*done.notes, *_told(ctx, done.move)))
    name, wanted = _names(ctx, old, new)
    if dry_run:
        return _preview(ctx, name, wanted)
    with profile_moves.all_homes_locked(ctx) as fs:
        # Again, now that nobody else can take a name, and before a gateway is stopped in vain.
        name, wanted = _names(ctx, old, new)
        if shown:
            profile_moves.refuse_other_plan(plan_rename(ctx, old, new), shown)
        parked = (ctx.layout.home(name) / GATEWAY_PARKED).exists()
        stopped = stop(ctx, name)
        digest = profile_moves.asked_for(*asked)
        move = replace(_move(ctx, name, wanted), unpark=not parked, asked=digest)
        notes = profile_moves.carry_out_move(ctx, fs, move)
    return replace(_as_renamed(ctx, move), stopped=stopped, notes=(*notes, *_told(ctx, move)))


def _told(ctx: Context, move: Move) -> tuple[Note, ...]:
    """What keeps the old name after a rename."""
    name, wanted = ProfileName(move.name), ProfileName(move.to)
    return (
        *stay_with_others(ctx, name),
        *still_assigned(ctx, name, wanted),
        *still_lead_to(ctx, name),
    )


def plan_rename(ctx: Context, old: str, new: str) -> Planned:
    """Show what a rename would do, with the digest that a yes to it refers to.

    Raises:
        DistError: The profile can't be renamed.
    """
    name, wanted = _names(ctx, old, new)
    return profile_moves.planned(name, _preview(ctx, name, wanted), ctx.layout.home(name))


def _names(ctx: Context, old: str, new: str) -> tuple[ProfileName, ProfileName]:
    """The names before and after a rename.

    Raises:
        DistError: There is no such profile, it can't be renamed, or the new name can't be had.
        Busy: The profile's own gateway, dashboard or chat started us.
    """
    name, wanted = ctx.profile(old.strip()), new_name(new, ctx.generation)
    refuse_default(name, "renamed", str(ctx.layout.root))
    if name == wanted:
        raise DistError(
            "that is its name already", where=str(ctx.layout.home(name)), hint="choose another name"
        )
    ctx.free_home(wanted)
    running.refuse_from_inside(ctx.layout, name)
    return name, wanted


def _preview(ctx: Context, name: ProfileName, wanted: ProfileName) -> Renamed:
    notes = (*stay_with_others(ctx, name), *settings_naming(ctx, name))
    notes = (*notes, *still_assigned(ctx, name, wanted), *still_lead_to(ctx, name))
    runs = gateway(ctx.layout.home(name)).state is GatewayState.RUNNING
    return replace(_as_renamed(ctx, _move(ctx, name, wanted)), gateway=runs, notes=notes)


def _as_renamed(ctx: Context, move: Move) -> Renamed:
    new = ProfileName(move.to)
    return Renamed(
        old=ProfileName(move.name),
        new=new,
        path=ctx.layout.home(new),
        sticky=move.sticky is not None,
        commands=tuple(move.commands),
        services=tuple(path for path, text in move.services.items() if text),
    )


def stop(ctx: Context, name: ProfileName) -> tuple[str, ...]:
    """Stop everything that runs in a profile, and make the gateway for all profiles leave it out.

    Raises:
        Busy: Something can't be stopped, or somebody is talking to the agent there.
    """
    stopped = running.stop_all(ctx.layout, name, ctx.env)
    # Whatever supervises it may have started it again. It must not write while its home moves: the
    # old folder would come back as the ghost of a profile.
    if gateway(ctx.layout.home(name)).state is GatewayState.RUNNING:
        raise DistError(
            "its gateway was started again meanwhile", where=str(name), hint="stop it first"
        )
    return (*stopped, *_left_out(ctx, name))


def _left_out(ctx: Context, name: ProfileName) -> tuple[str, ...]:
    """Make the gateway for all profiles leave one out, because its home is about to move.

    Raises:
        Busy: The gateway still serves it.
    """
    if name not in served_now(ctx) or ctx.agent is None:
        return ()
    answer = ask(ctx.agent, ctx.layout, name, ["stop"], env=ctx.env, timeout=_LETS_GO)
    if answer.code and name in served_now(ctx):
        raise Busy(
            f"the gateway of {DEFAULT_PROFILE} still serves this profile: {answer.line}",
            where=str(name),
            hint=f"stop that one first: {ctx.command('gateways stop default')}",
        )
    return (f"the gateway of {DEFAULT_PROFILE} no longer serves it",)


def _move(ctx: Context, old: ProfileName, new: ProfileName) -> Move:
    layout = ctx.layout
    names = [alias.name for alias in aliases.of_profile(layout, old)]
    homes = (str(layout.home(old)), str(layout.home(new)))
    services: dict[str, str | None] = {}
    for path, target in zip(layout.service_files(old), layout.service_files(new), strict=True):
        text = read_text(path)
        if text is not None and is_own(layout, old, path):
            services |= {str(target): service_renamed(text, old, new, homes), str(path): None}
    return Move(
        verb="rename",
        name=old,
        to=new,
        source=f"profiles/{old}",
        target=f"profiles/{new}",
        commands={str(new if name == old else name): str(new) for name in names},
        drop=tuple(name for name in names if name == old),
        sticky=str(new) if is_sticky(ctx, old) else None,
        services=services,
        enabled=running.is_enabled(layout, old),
    )


def is_sticky(ctx: Context, name: ProfileName) -> bool:
    """Whether a profile is the one that commands without ``-p`` use."""
    return (read_text(ctx.layout.sticky) or "").strip() == name


def read_text(path: Path) -> str | None:
    """Read a small file; None if there is none."""
    try:
        return read_file(path).decode("utf-8", "surrogateescape")
    except OSError:
        return None


def describe(ctx: Context, name: ProfileName, text: str) -> None:
    """Set the description of a profile.

    Raises:
        DistError: The file can't be written.
    """
    home = ctx.layout.home(name)
    with home_lock(home), RealFs(home, home=True) as fs:
        found = fs.read(ABOUT)
        atomic_write(home / ABOUT, described(found, text), 0o644, home=True)


def auto_describe(ctx: Context, words: list[str]) -> str:
    """Let the installed agent write descriptions with its auxiliary model.

    Returns:
        The agent's output.

    Raises:
        NoAgent: No agent is installed.
        DistError: It fails.
    """
    whose = next((word for word in words if not word.startswith("-")), "PROFILE")
    instead = f"write one yourself with: {ctx.command(f'describe {whose} --text TEXT')}"
    if ctx.agent is None:
        raise NoAgent.of(ctx.brand, instead=f"or {instead}")
    done = run(ctx.agent, ["profile", "describe", *words], env=ctx.env, timeout=600)
    if done.returncode:
        said = (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
        raise DistError(
            f"the agent could not write a description: {said}",
            where=ctx.agent.argv[0],
            hint=f"check its model and keys with: {ctx.agent_command} doctor; or {instead}",
        )
    return done.stdout.strip()
