"""Install: turn a package into a profile."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.included import included_after
from hermes_dist.decide.profiles.lifecycle import new_name
from hermes_dist.errors import DistError, Invalid
from hermes_dist.lazily import later
from hermes_dist.light import NamedTuple
from hermes_dist.model.documents.api import Kind, line_of
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName, RelPath
from hermes_dist.model.source import AsGit, SourceSpec, parse_source, without_credentials
from hermes_dist.model.tree import Tree
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.fetch import Fetched, about_requires, fetch, placed_in
from hermes_dist.ops.change.look_up import about_redirect, absolute, followed_before, look_up
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.propose import propose_incoming
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_home
from hermes_dist.ops.inputs.ask import with_inputs
from hermes_dist.ops.layers.ask import with_layers
from hermes_dist.ops.trust.judge_release import HistoryVerdict, Judged, judge_history, judge_release

with later():
    from hermes_dist.ops.change.moved_source import same_package
    from hermes_dist.ops.package.infer import infer
    from hermes_dist.ops.profiles import aliases


class _Arrival(NamedTuple):
    """A package and the home that it goes to.

    Attributes:
        home: The home; its folder need not exist.
        fetched: The package.
        followed: The home followed this same source and ref before.
    """

    home: Home
    fetched: Fetched
    followed: bool


def install(
    ctx: Context,
    source: str,
    request: Request,
    confirm: Confirm,
    *,
    name: str = "",
    alias: str | None = None,
    force: bool = False,
) -> Outcome:
    """Install a package as a profile.

    Args:
        ctx: The context.
        source: The source as typed.
        request: The options.
        confirm: Shows the proposal and asks for confirmation.
        name: The profile's name; by default derived from the package's.
        alias: The command to make for it; empty for the profile's name, None for no command.
        force: Allow merging into a profile that exists.

    Raises:
        DistError: The package can't be installed; nothing changed.
    """
    spec = absolute(parse_source(source, allow_insecure=ctx.allow_insecure))
    if name:
        arrival = _fetched_for(ctx, spec, request, _new_name(name), force=force)
    else:
        arrival = _fetched_by_its_name(ctx, spec, request, force=force)
    home = arrival.home
    _check_apart(ctx, spec, home.name)
    # A name that is taken ends it before anybody is asked. The command itself is written last:
    # after a refusal it would start nothing.
    command = None
    if alias is not None:
        command = aliases.plan(ctx.layout, home.name, alias or home.name, env=ctx.env)
    moved = _moved_note(ctx, arrival)
    # Whoever is asked something about a package would take it for one that may come in.
    judged, judged_notes = _judged(ctx, arrival, request)
    requires = about_requires(ctx, arrival.fetched.manifest, request)
    fetched = with_layers(ctx, arrival.fetched, home, request)
    fetched, request = with_inputs(ctx, fetched, home, request)
    base, guess = _inferred(ctx, home, fetched.target.spec)
    incoming = judged.on(placed_in(ctx, fetched, home, base, _included(home, fetched, request)))
    elsewhere = about_redirect(ctx, fetched.target, home.name)
    notes = (moved, _login_note(spec), *elsewhere, *judged_notes, guess, requires)
    make = partial(propose_incoming, ctx, home, incoming, verb="install", notes=notes, base=base)
    outcome = confirm_and_carry_out(ctx, make, request, confirm, request.questions.conflicts)
    return _with_command(ctx, outcome, command) if outcome.done and command else outcome


def _with_command(ctx: Context, outcome: Outcome, command: aliases.AliasPlan) -> Outcome:
    """Write the command that starts the profile.

    A failure becomes a note of the outcome and not an error, because everything else is done.
    """
    try:
        name = aliases.write(ctx.layout, command).name
        off = () if command.on_path else (aliases.off_path(ctx.layout, ctx.env, name),)
        return replace(outcome, alias=name, notes=(*outcome.notes, *off))
    except DistError as error:
        note = Note.of(NoteKind.COMMAND_NOT_WRITTEN, name=outcome.profile, why=str(error))
        return replace(outcome, notes=(*outcome.notes, note))


def _fetched_for(
    ctx: Context, spec: SourceSpec, request: Request, name: ProfileName, *, force: bool
) -> _Arrival:
    """Fetch the package for a profile of a given name.

    Raises:
        DistError: The profile exists, and merging into it is not allowed.
    """
    if not force:
        _check_free(ctx, name)
    home = open_home(ctx, name)
    before = followed_before(home.lock, spec)
    return _Arrival(home, fetch(ctx, _look_up(ctx, spec, request, home)), before is not None)


def _fetched_by_its_name(
    ctx: Context, spec: SourceSpec, request: Request, *, force: bool
) -> _Arrival:
    """Fetch the package for the profile that has its name, which only the package tells.

    Raises:
        DistError: The profile exists, and merging into it is not allowed.
    """
    fetched = fetch(ctx, look_up(ctx, spec, request.naming))
    name = _name_of(ctx, fetched)
    if not force:
        _check_free(ctx, name)
    home = open_home(ctx, name)
    if followed_before(home.lock, spec) is None:
        return _Arrival(home, fetched, followed=False)
    # The profile has followed this source for a while: what it may follow now is a narrower question,
    # whose answer is mostly the same.
    target = _look_up(ctx, spec, request, home)
    if _is_same(target, fetched.target):
        return _Arrival(home, replace(fetched, target=target), followed=True)
    return _Arrival(home, fetch(ctx, target), followed=True)


def _look_up(ctx: Context, spec: SourceSpec, request: Request, home: Home) -> Target:
    """Ask the source, as an update would if the home followed it before."""
    before = followed_before(home.lock, spec)
    lock = home.lock if before else None
    return look_up(ctx, spec, request.naming, lock=lock, before=before)


def _is_same(one: Target, other: Target) -> bool:
    return (one.spec, one.ref, one.commit, one.tree) == (
        other.spec,
        other.ref,
        other.commit,
        other.tree,
    )


def _moved_note(ctx: Context, arrival: _Arrival) -> Note | None:
    """A note if the package comes from another place than the one in the home; None if it does not.

    Raises:
        DistError: The home holds another package.
    """
    home, fetched = arrival.home, arrival.fetched
    if home.lock is None:
        return None
    return same_package(ctx, home.name, home.lock, fetched.target, fetched.manifest.name)


def _login_note(spec: SourceSpec) -> Note | None:
    """A note if a login was typed into the address: it is used once and not stored, so no update has it."""
    return Note.of(NoteKind.LOGIN_NOT_KEPT) if spec.credentials else None


def _judged(ctx: Context, arrival: _Arrival, request: Request) -> tuple[Judged, tuple[Note, ...]]:
    """Judge a package by the rules of trust; returns also what to say about its source and history.

    Raises:
        Refused: A rule or a policy does not allow it.
    """
    move = _move(ctx, arrival, request)
    judged = judge_release(
        ctx,
        arrival.fetched,
        arrival.home,
        request.accept,
        downgrade=request.allow_downgrade or not arrival.followed,
        forward=move.forward,
    )
    return judged, (*arrival.fetched.target.notes, *move.notes)


def _included(home: Home, fetched: Fetched, request: Request) -> tuple[RelPath, ...]:
    """What the user takes along without the author's list."""
    before = home.lock.top.included if home.lock else ()
    return included_after(before, request.choices.including, fetched.offer.tree)


def _move(ctx: Context, arrival: _Arrival, request: Request) -> HistoryVerdict:
    """Judge how the commit follows the one that the profile holds."""
    target, lock = arrival.fetched.target, arrival.home.lock
    if lock is None or without_credentials(lock.pin.url) != _address(ctx, target):
        return HistoryVerdict()
    return judge_history(
        ctx,
        target,
        lock,
        request.accept,
        downgrade=request.allow_downgrade,
        asked=not arrival.followed,
    )


def _address(ctx: Context, target: Target) -> str:
    return without_credentials(ctx.sources.url(target.spec)) if target.commit else ""


def _inferred(ctx: Context, home: Home, spec: SourceSpec) -> tuple[Tree | None, Note | None]:
    """The inferred base of a profile without a lock, and a note about it; None if no version explains it."""
    if home.lock is not None or not home.path.is_dir():
        return None, None
    # The home may come from any version, not only from the one that is asked for now.
    guess = infer(ctx, home, spec._replace(ref="", is_range=False))
    # With a wrong base, files of the user's own could count as deleted upstream. Without a base,
    # both sides count as added, and nothing is lost.
    if guess is None or not guess.match.is_likely:
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


def _name_of(ctx: Context, fetched: Fetched) -> ProfileName:
    """The profile's name for a package.

    Raises:
        Invalid: The package's name can't be a profile's.
    """
    try:
        return _new_name(ProfileName.slug(fetched.manifest.name))
    except Invalid as err:
        err.hint = "choose one with --name"
        data = ctx.store.read(fetched.offer.tree[RelPath(MANIFEST)].digest)
        line = line_of(data, Kind.YAML, ("name",)) or 1
        raise err.within(f"{MANIFEST}:{line}: name") from None


def _check_free(ctx: Context, name: ProfileName) -> None:
    new_name(name, ctx.generation)
    ways = "choose another name with --name; or merge into it with --force"
    ctx.free_home(name, f"{_update_it(ctx, name)}{ways}")


def _update_it(ctx: Context, name: ProfileName) -> str:
    """Lead to an update, if the profile of this name holds a package."""
    if not ctx.layout.lockfile(name).exists():
        return ""
    return f"update it with: {ctx.command(f'update {name}')}; or "


def _check_apart(ctx: Context, spec: SourceSpec, name: ProfileName) -> None:
    """Make sure that the source folder and the home do not contain each other."""
    if spec.kind.traits.as_git is not AsGit.MAYBE:
        return
    source, target = Path(spec.location), ctx.layout.home(name).resolve()
    if source == target or source in target.parents or target in source.parents:
        raise Invalid(
            "one of the source and the profile's home is inside the other",
            where=f"{source} and {target}",
            hint="copy the package to a folder of its own first",
        )
