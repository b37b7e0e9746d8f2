"""Clone a profile, without the keys of channels that only one gateway can use."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.agents.places import ABOUT, AUTH, ENV, JOBS, STANDARD_FOLDERS
from hermes_dist.brand import LOCKFILE
from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.fleet.channels import holds_tokens, is_login, without_tokens
from hermes_dist.decide.ownership import is_credential, is_of_a_channel
from hermes_dist.decide.profiles.lifecycle import (
    NEW_ENV,
    described,
    left_out,
    new_name,
    of_a_clone,
    paused_jobs,
)
from hermes_dist.decide.profiles.logins import without_grants
from hermes_dist.errors import Busy, DistError, UsageError
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home, read_as_one
from hermes_dist.ops.profile_changes import Made, Planned
from hermes_dist.ops.profiles import profile_moves
from hermes_dist.ops.profiles.lifecycle import as_made, create, raise_profile, with_command
from hermes_dist.world.agent.seed import has_peers, make_peer
from hermes_dist.world.disk.copy import Copied, Edit, copy_home, look_at_home
from hermes_dist.world.disk.fs import atomic_write, trouble
from hermes_dist.world.files import read_file


class NewProfile(Struct, frozen=True, kw_only=True):
    """What a new profile is to be.

    Attributes:
        name: Its name.
        copying: It is a clone; otherwise it is blank.
        source: The profile to clone; empty for the active one.
        every: Clone everything of it.
        tokens: Also clone the keys of exclusive channels.
        alias: Make a command with its name.
        skills: Whether a blank profile gets bundled skills, now and later.
        description: What it is good at.
    """

    name: str
    copying: bool = False
    source: str = ""
    every: bool = False
    tokens: bool = False
    alias: bool = True
    skills: bool = True
    description: str = ""


def make(ctx: Context, new: NewProfile, *, dry_run: bool = False, shown: str = "") -> Made:
    """Make a profile: a blank one, or a clone of another.

    Args:
        ctx: The context.
        new: What it is to be.
        dry_run: Change nothing.
        shown: The digest of what the user saw and confirmed, by :func:`plan_new`; any other raises. Empty for none.

    Raises:
        UsageError: Two wishes exclude each other.
        OtherPlan: It is not what was shown; nothing was changed.
        DistError: The profile can't be made; nothing was changed.
    """
    if new.copying and not new.skills:
        raise UsageError(
            "--no-skills can't be combined with cloning: a clone has the skills of its source"
        )
    if new.tokens and not new.copying:
        raise UsageError(
            "--with-channel-tokens works only with --clone, --clone-all or --clone-from"
        )

    def agreed() -> None:
        if shown:
            profile_moves.refuse_other_plan(plan_new(ctx, new), shown)

    if not new.copying:
        return create(
            ctx,
            new.name,
            alias=new.alias,
            skills=new.skills,
            description=new.description,
            dry_run=dry_run,
            agreed=agreed,
        )
    return clone(
        ctx,
        new.name,
        ctx.profile(new.source.strip() or None),
        every=new.every,
        tokens=new.tokens,
        alias=new.alias,
        description=new.description,
        dry_run=dry_run,
        agreed=agreed,
    )


def plan_new(ctx: Context, new: NewProfile) -> Planned:
    """Show what making a profile would do, with the digest that a yes to it refers to.

    Raises:
        DistError: The profile can't be made.
    """
    made = make(ctx, new, dry_run=True)
    origin = ctx.layout.home(ProfileName(made.source)) if made.source else None
    return profile_moves.planned(made.name, made, origin, new)


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
    agreed: Callable[[], None] = lambda: None,
) -> Made:
    """Make a copy of a profile.

    Args:
        ctx: The context.
        name: The new profile's name.
        source: The profile to copy.
        every: Also copy memories, sessions, jobs and everything else; otherwise only settings, keys,
            personality, skills and the package's files.
        tokens: Also copy the keys of exclusive channels.
        alias: Make a command with the new name.
        description: What the clone is good at.
        dry_run: Change nothing.
        agreed: Raises if it is not what the user agreed to; called when nobody else can change the original.

    Returns:
        The profile, and the keys and logins that were not copied.

    Raises:
        UsageError: The profile would be a clone of itself.
        DistError: The profile can't be made; nothing was changed.
    """
    profile = new_name(name, ctx.generation)
    if profile == source:
        raise UsageError("a profile can't be a clone of itself", hint="choose another name")
    asked = ("clone", profile, source, every, tokens, alias, description)
    done = None if dry_run else profile_moves.completed(ctx, *asked)
    if done is None:
        ctx.free_home(profile)
    made = Made(name=profile, path=ctx.layout.home(profile), source=source)
    home = open_home(ctx, source)
    package = frozenset(map(str, home.lock.base if home.lock else ()))
    copy = _Copy(home=home.path, source=source, package=package, every=every, tokens=tokens)
    if dry_run or done is not None:
        _record(copy, look_at_home(copy.home, keep=copy.keep, edit=copy.edit))
    if dry_run:
        return _with_copied(ctx, with_command(ctx, made, alias=alias)[0], copy)
    if done is not None:
        return _whole(ctx, as_made(ctx, made, done), copy)

    def fill(target: Path) -> None:
        # The copy is of one version, and of the one that was agreed to.
        with ExitStack() as stack:
            try:
                stack.enter_context(read_as_one(home))
            except Busy as err:
                raise err.within(str(source)) from None
            agreed()
            _fill(copy, target, description=description)

    ctx.progress(f"copying {source}")
    return _whole(ctx, raise_profile(ctx, made, fill, alias=alias, asked=asked), copy)


def _whole(ctx: Context, made: Made, copy: _Copy) -> Made:
    """The clone with all that is told of it, and a peer of its own."""
    made = _with_copied(ctx, made, copy)
    return replace(made, notes=(*made.notes, *_peer(ctx, made.name)))


def _with_copied(ctx: Context, made: Made, copy: _Copy) -> Made:
    """The clone with what it has of the original, and what it has not."""
    return replace(
        made,
        variables=tuple(sorted(copy.variables)),
        left_out=tuple(sorted(copy.gone)),
        credentials=tuple(sorted(copy.stores)),
        notes=(*made.notes, *_about_links(copy), *_paused(ctx, made.name, sum(copy.paused))),
    )


class _Copy(Struct, frozen=True, kw_only=True):
    """Decides what of a home is copied, and records what is not.

    Attributes:
        home: The home to copy.
        source: The profile it belongs to.
        package: The paths of its package.
        every: Copy everything.
        tokens: Copy keys that only one gateway can use.
        variables: The names of the variables of ``.env`` that were copied.
        gone: Keys and logins of channels that were not copied.
        stores: Other stores of keys and logins that were not copied.
        paused: How many running jobs were paused, for each file.
        links: Links that the copy has real files and folders for.
        behind: What was left behind: links that lead nowhere, sockets and the like.
    """

    home: Path
    source: ProfileName
    package: frozenset[str]
    every: bool
    tokens: bool
    variables: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    paused: list[int] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)

    def keep(self, path: str) -> bool:
        """Whether a path is copied."""
        default = self.source == DEFAULT_PROFILE
        if left_out(
            path, every=self.every, default=default, package=self.package, lockfile=LOCKFILE
        ):
            return False
        told = self._told_of(path)
        if told is None:
            return True
        place = self.home / path
        if not _is_empty(place):
            told.add(f"{path}/" if place.is_dir() else path)
        return False

    def _told_of(self, path: str) -> set[str] | None:
        """The set that records a path as not copied, for channels or for stores; None if the path is copied.

        ``.env`` and ``auth.json`` are copied in edited form, because the clone could not run without keys.
        """
        if is_login(path) or is_of_a_channel(path):
            # Two gateways with one bot would answer every message twice, or throw each other out.
            return None if self.tokens else self.gone
        if path not in (ENV, AUTH) and is_credential(path):
            return self.stores
        return None

    def edit(self, path: str) -> Edit | None:
        """The edit that a file gets on its way into the clone; None to copy it unchanged."""
        if path == AUTH:
            return self._without_grants
        if path in (ABOUT, JOBS):
            return lambda data: _as_copy(path, data, self.source, self.paused)
        if path == ENV:
            return self._env
        if holds_tokens(path) and not self.tokens:
            return lambda data: self._without_tokens(path, data)
        return None

    def _without_grants(self, data: bytes) -> bytes:
        edited, grants = without_grants(data)
        self.stores.update(grants)
        return edited

    def _env(self, data: bytes) -> bytes:
        edited = data if self.tokens else self._without_tokens(ENV, data)
        self.variables.update(dotenv.names_to_show(edited))
        return edited

    def _without_tokens(self, path: str, data: bytes) -> bytes:
        edited, names = without_tokens(path, data)
        self.gone.update(names)
        return edited


def _is_empty(path: Path) -> bool:
    """Whether it is an empty folder."""
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())


def _fill(copy: _Copy, target: Path, *, description: str) -> None:
    try:
        done = copy_home(copy.home, target, keep=copy.keep, edit=copy.edit)
    except PermissionError as error:
        # What is refused is mostly a file of the original; the place of the clone would be the wrong one to look at.
        if error.filename and Path(os.fsdecode(error.filename)).is_relative_to(copy.home):
            raise trouble(error, "it can't be copied") from error
        raise
    _record(copy, done)
    for folder in STANDARD_FOLDERS:
        (target / folder).mkdir(mode=0o700, exist_ok=True)
    if not (target / ".env").exists():
        atomic_write(target / ".env", NEW_ENV.encode(), 0o600)
    if description.strip():
        about = target / ABOUT
        found = read_file(about) if about.exists() else None
        atomic_write(about, described(found, description), 0o644)


def _record(copy: _Copy, done: Copied) -> None:
    copy.links.extend(done.links)
    copy.behind.extend(done.odd)


def _as_copy(path: str, data: bytes, source: ProfileName, paused: list[int]) -> bytes:
    """Change jobs and the shown name for the copy: no job runs twice, and no two profiles show one name."""
    if path == ABOUT:
        return of_a_clone(data)
    try:
        data, running = paused_jobs(data, source)
    except DistError as err:
        raise err.within(path) from None
    paused.append(running)
    return data


def _about_links(copy: _Copy) -> tuple[Note, ...]:
    """Note what the clone has copies of, where its original has links, and what can't be copied."""
    notes = []
    if copy.links:
        notes.append(Note.of(NoteKind.COPIED_BEHIND_LINKS, paths=tuple(sorted(copy.links))))
    if copy.behind:
        notes.append(Note.of(NoteKind.NOT_COPIED, paths=tuple(sorted(copy.behind))))
    return tuple(notes)


def _paused(ctx: Context, name: ProfileName, count: int) -> tuple[Note, ...]:
    if not count:
        return ()
    command = f"{ctx.brand.name} -p {name} cron resume ID"
    return (Note.of(NoteKind.JOBS_PAUSED, count=count, command=command),)


def _peer(ctx: Context, name: ProfileName) -> tuple[Note, ...]:
    """Give the clone a peer of its own in the agent's memory service."""
    if ctx.agent is None or not has_peers(ctx.layout.root, ctx.layout.user_home):
        return ()
    if not make_peer(ctx.agent, ctx.brand, name, ctx.env):
        return ()
    return (Note.of(NoteKind.PEER_MADE, name=name),)
