"""Install: turn a package into a profile."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.infer import SURE
from hermes_dist.decide.profiles.lifecycle import new_name
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.documents.api import Kind, line_of
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName, RelPath
from hermes_dist.model.source import SourceKind, SourceSpec, parse_source, without_credentials
from hermes_dist.model.tree import Tree
from hermes_dist.ops.change.confirm import Settle, Wish, about_requires, conclude, make_proposal
from hermes_dist.ops.change.fetch import Incoming, fetch
from hermes_dist.ops.change.look_up import Naming, Target, absolute, followed_before, look_up
from hermes_dist.ops.change.lost_contents import mending
from hermes_dist.ops.change.moved_source import same_package
from hermes_dist.ops.change.observe import user_job_ids
from hermes_dist.ops.change.proposal import Confirm, Outcome
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_home
from hermes_dist.ops.package.infer import infer
from hermes_dist.ops.profiles import aliases
from hermes_dist.ops.trust.trusted_keys import Move, judged, judged_move


def install(
    ctx: Context,
    source: str,
    wish: Wish,
    confirm: Confirm,
    *,
    name: str = "",
    alias: str | None = None,
    force: bool = False,
    settle: Settle | None = None,
    naming: Naming | None = None,
) -> Outcome:
    """Install a package as a profile.

    Args:
        ctx: The context.
        source: The source as typed.
        wish: The options.
        confirm: Shows the proposal and asks for confirmation.
        name: The profile's name; by default derived from the package's.
        alias: The command to make for it; empty for the profile's name, None for no command.
        force: Allow merging into a profile that exists.
        settle: Asks about conflicts one by one; None leaves them open.
        naming: How to resolve a name in a registry.

    Raises:
        DistError: The package can't be installed; nothing changed.
    """
    spec = absolute(parse_source(source, allow_insecure=ctx.allow_insecure))
    wanted = _new_name(name) if name else None
    if wanted and not force:
        _check_free(ctx, wanted)
    held = open_home(ctx, wanted).lock if wanted and force else None
    before = followed_before(held, spec)
    target = look_up(ctx, spec, naming, lock=held if before else None, before=before)
    incoming = fetch(ctx, target)
    profile = wanted or _name_of(incoming)
    if not force:
        _check_free(ctx, profile)
    _check_apart(ctx, spec, profile)
    planned = (
        None if alias is None else aliases.plan(ctx.layout, profile, alias or profile, env=ctx.env)
    )
    home = open_home(ctx, profile)
    if home.lock and held is None and (before := followed_before(home.lock, spec)):
        target = look_up(ctx, spec, naming, lock=home.lock, before=before)
    moved = None
    if home.lock:
        moved = same_package(ctx, profile, home.lock, target, incoming.manifest.name)
    base, note = _inferred(ctx, home, target.spec)
    move = _move(ctx, home, target, wish, asked=before is None)
    if home.path.is_dir():
        incoming = fetch(ctx, target, home.lock, user_job_ids(home, mending(ctx, home.lock), base))
    downgrade = before is None or wish.allow_downgrade
    incoming = judged(
        ctx, target, incoming, home.lock, wish.accept, downgrade=downgrade, forward=move.forward
    )
    notes = (moved, *target.notes, *move.notes, note, about_requires(ctx, incoming, wish))
    make = partial(make_proposal, ctx, home, incoming, "install", notes, base=base)
    outcome = conclude(ctx, make, wish, confirm, settle)
    if outcome.done and planned:
        return replace(outcome, alias=aliases.write(ctx.layout, planned).name)
    return outcome


def _move(ctx: Context, home: Home, target: Target, wish: Wish, *, asked: bool) -> Move:
    """Judge how the commit follows the one that the profile holds; ``asked`` if the source or ref is a new one."""
    if home.lock is None or without_credentials(home.lock.pin.url) != _address(ctx, target):
        return Move()
    return judged_move(
        ctx, target, home.lock, wish.accept, downgrade=wish.allow_downgrade, asked=asked
    )


def _address(ctx: Context, target: Target) -> str:
    return without_credentials(ctx.sources.url(target.spec)) if target.commit else ""


def _inferred(ctx: Context, home: Home, spec: SourceSpec) -> tuple[Tree | None, Note | None]:
    """The inferred base of a profile without a lock, and a note about it; None if no version explains it."""
    if home.lock is not None or not home.path.is_dir():
        return None, None
    guess = infer(ctx, home, spec._replace(ref="", is_range=False))
    if guess is None or guess.match.score < SURE:
        return None, None
    ctx.store.put_many(guess.base.blobs.values())
    match, pin = guess.match, guess.incoming.pin
    kind = NoteKind.TAKEN_FOR
    note = Note.of(kind, version=pin.short, same=match.same, total=match.total)
    return guess.base.tree, note


def _new_name(name: str) -> ProfileName:
    profile = ProfileName.typed(name)
    if profile == DEFAULT_PROFILE:
        raise Invalid(
            "a package can't be installed as the default profile", hint="choose a name with --name"
        )
    return profile


def _name_of(incoming: Incoming) -> ProfileName:
    try:
        return _new_name(ProfileName.slug(incoming.manifest.name))
    except Invalid as err:
        err.hint = "choose one with --name"
        data = incoming.read(incoming.package[RelPath(MANIFEST)].digest)
        line = line_of(data, Kind.YAML, ("name",)) or 1
        raise err.within(f"{MANIFEST}:{line}: name") from None


def _check_free(ctx: Context, name: ProfileName) -> None:
    new_name(name, ctx.generation)
    home = ctx.layout.home(name)
    if home.exists() or home.is_symlink():
        raise DistError(
            f"a profile {str(name)!r} exists already",
            where=str(home),
            hint=f"update it with: {ctx.command(f'update {name}')}; or choose another name with --name; "
            "or merge into it with --force",
        )


def _check_apart(ctx: Context, spec: SourceSpec, name: ProfileName) -> None:
    """Make sure that the source folder and the home do not contain each other."""
    if spec.kind is not SourceKind.FOLDER:
        return
    source, target = Path(spec.location), ctx.layout.home(name).resolve()
    if source == target or source in target.parents or target in source.parents:
        raise Invalid(
            "the source and the profile's home lie one in the other",
            where=f"{source} and {target}",
            hint="copy the package to a folder of its own first",
        )
