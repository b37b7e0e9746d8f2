"""Install and update: the sentence of docs/ARCHITECTURE.md, top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from hermes_dist.decide.environment import Given, unasked, with_values
from hermes_dist.decide.history import ANY, holds
from hermes_dist.decide.infer import SURE
from hermes_dist.decide.trust import Accept
from hermes_dist.decide.versions import check_requires, newer_tags
from hermes_dist.errors import Cancelled, DistError, Invalid, LockStale
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName, RelPath
from hermes_dist.model.plan import Conflict
from hermes_dist.model.side import Side
from hermes_dist.model.source import SourceKind, SourceSpec, parse_source
from hermes_dist.model.tree import Tree
from hermes_dist.ops import aliases
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_home, user_job_ids
from hermes_dist.ops.incoming import Incoming, Target, fetch, look_up
from hermes_dist.ops.infer import infer
from hermes_dist.ops.proposal import Confirm, Outcome, Proposal, carry_out, with_variables
from hermes_dist.ops.propose import Choices, propose
from hermes_dist.ops.trust import judged, judged_move
from hermes_dist.ops.variables import refuse_elsewhere

Settle = Callable[[Proposal, Conflict], Side | bytes | None]
"""Asks how to settle one conflict: by a side, or with the whole file as edited; None leaves it open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """What is asked on a terminal after the yes to the content.

    Attributes:
        effects: Whether what newly waits may run now.
        variables: Values for missing variables, by name.
    """

    effects: Callable[[Proposal], bool]
    variables: Callable[[Proposal], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a command that changes a home was asked for.

    Attributes:
        env: Variables for the home's ``.env``.
        questions: Who to ask beyond the yes to the content; None for nobody.
        to: Another ref to follow from now on; empty to stay.
        abort_on_conflict: Change nothing if a conflict would stay open.
        locked: The resolved commit has to be the lock's.
    """

    choices: Choices = field(default_factory=Choices)
    env: Given = field(default_factory=Given)
    questions: Questions | None = None
    to: str = ""
    dry_run: bool = False
    abort_on_conflict: bool = False
    locked: bool = False
    allow_downgrade: bool = False
    accept: Accept = field(default_factory=Accept)
    ignore_requires: bool = False


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
) -> Outcome:
    """Install an agent as a profile.

    Args:
        ctx: The context.
        source: The source as typed.
        wish: What was asked for.
        confirm: Shows the proposal and asks.
        name: The profile's name; by default made of the package's.
        alias: A command to make for it; empty for the profile's name, None for none.
        force: Merge into a profile that exists.
        settle: Asks about conflicts one by one.

    Raises:
        DistError: It can't be installed; nothing changed.
    """
    spec = absolute(parse_source(source, allow_insecure=ctx.allow_insecure))
    wanted = _new_name(name) if name else None
    if wanted and not force:
        _check_free(ctx, wanted)
    target = look_up(ctx, spec)
    incoming = fetch(ctx, target)
    profile = wanted or _name_of(incoming)
    if not force:
        _check_free(ctx, profile)
    _check_apart(ctx, spec, profile)
    planned = None if alias is None else aliases.plan(ctx.layout, profile, alias or profile, env=ctx.env)
    home = open_home(ctx, profile)
    if home.lock is not None:
        _check_same_package(ctx, home.lock, spec)
    base, note = _inferred(ctx, home, spec)
    if home.path.is_dir():
        incoming = fetch(ctx, target, home.lock, user_job_ids(home, ctx.store.read, base))
    incoming = judged(ctx, target, incoming, home.lock, wish.accept)
    notes = (note, _check_requires(ctx, incoming, wish))
    make = partial(_make, ctx, home, incoming, "install", notes, base=base)
    outcome = conclude(ctx, make, wish, confirm, settle)
    if outcome.done and planned:
        return replace(outcome, alias=aliases.write(ctx.layout, planned).name)
    return outcome


def _inferred(ctx: Context, home: Home, spec: SourceSpec) -> tuple[Tree | None, str]:
    """The base of a profile without a lock, where a version of the source explains it, and what to say about it."""
    if home.lock is not None or not home.path.is_dir():
        return None, ""
    guess = infer(ctx, home, replace(spec, ref="", is_range=False))
    if guess is None or guess.match.score < SURE:
        return None, ""
    ctx.store.put_many(guess.base.blobs.values())
    match, pin = guess.match, guess.incoming.pin
    return guess.base.tree, f"what is here is taken for {pin.short}: {match.same} of {match.total} files are the same"


def update(ctx: Context, name: ProfileName, wish: Wish, confirm: Confirm, settle: Settle | None = None) -> Outcome:
    """Bring a profile to what its source ships now.

    Raises:
        DistError: It can't be updated; nothing changed.
    """
    outcome = _update(ctx, name, wish, confirm, settle)
    if outcome.proposal is not None or wish.dry_run:
        return outcome
    return with_variables(outcome, ctx.layout.home(name), wish.env.values)


def _update(ctx: Context, name: ProfileName, wish: Wish, confirm: Confirm, settle: Settle | None) -> Outcome:
    home = open_home(ctx, name)
    lock = home.need_lock(ctx)
    spec = absolute(parse_source(lock.source, allow_insecure=True))
    if wish.to:
        spec = spec.at(wish.to)
    target = look_up(ctx, spec)
    notes = _about_versions(lock, target)
    if wish.locked and target.commit != lock.pin.commit:
        raise LockStale(
            f"{spec} is at {target.commit[:7]}, the lock at {lock.pin.short}", where=str(ctx.layout.lockfile(name)),
            hint="update without --locked to move on",
        )
    if target.commit and not wish.to and not target.is_pin(lock.pin) and _is_held(ctx, lock, target, target.commit):
        return Outcome(verb="update", profile=name, lock=lock, notes=(*notes, _held_note(ctx, name, lock, target.commit)))
    as_before = wish.choices == Choices() and not wish.accept.signature and str(spec) == lock.source
    if target.is_pin(lock.pin) and as_before and lock.whole:
        return Outcome(verb="update", profile=name, lock=lock, notes=notes)
    downgrade, asked = wish.allow_downgrade, bool(wish.to)
    notes += judged_move(ctx, target, lock, wish.accept, downgrade=downgrade, asked=asked)
    incoming = fetch(ctx, target, lock, user_job_ids(home, ctx.store.read))
    tree = incoming.pin.tree
    if not target.commit and tree != lock.pin.tree and _is_held(ctx, lock, target, tree):
        return Outcome(verb="update", profile=name, lock=lock, notes=(*notes, _held_note(ctx, name, lock, tree)))
    incoming = judged(ctx, target, incoming, lock, wish.accept, downgrade=downgrade or asked)
    notes += (_check_requires(ctx, incoming, wish),)
    return conclude(ctx, partial(_make, ctx, home, incoming, "update", notes), wish, confirm, settle)


def _is_held(ctx: Context, lock: Lock, target: Target, offered: str) -> bool:
    """Whether a hold keeps an offered commit, or the tree of a folder, out."""
    relation = ""
    if target.commit and lock.held not in ("", ANY, offered):
        relation = ctx.sources.relation(target.spec, lock.held, offered)
    return holds(lock.held, offered, relation)


def _held_note(ctx: Context, name: ProfileName, lock: Lock, offered: str) -> str:
    back = "" if lock.held == ANY else ", rolled back from there"
    return f"held at {lock.pin.short}{back}; to take {offered[:7]}: {ctx.command(f'unhold {name}')}"


def _check_requires(ctx: Context, incoming: Incoming, wish: Wish) -> str:
    if wish.ignore_requires or not incoming.manifest.hermes_requires:
        return ""
    return check_requires(incoming.manifest.hermes_requires, ctx.agent_version, title=ctx.brand.title)


def _make(
    ctx: Context, home: Home, incoming: Incoming, verb: str, notes: tuple[str, ...], choices: Choices,
    *, base: Tree | None = None,
) -> Proposal:  # fmt: skip
    proposal = propose(ctx, home, incoming, choices, verb=verb, base=base)
    lock = proposal.lock
    if lock and home.lock and lock.held not in ("", ANY) and lock.pin != home.lock.pin:
        lock = replace(lock, held="")
    return replace(proposal, lock=lock, notes=(*(note for note in notes if note), *proposal.notes))


Make = Callable[[Choices], Proposal]
"""Makes the proposal for what the user chose; asked again once conflicts were settled."""


def conclude(ctx: Context, make: Make, wish: Wish, confirm: Confirm, settle: Settle | None) -> Outcome:
    """Make a proposal, ask about conflicts and for consent, and carry it out.

    Args:
        ctx: The context.
        make: Makes the proposal.
        wish: What was asked for.
        confirm: Shows the proposal and asks.
        settle: Asks about each conflict; None leaves them open.

    Raises:
        DistError: Conflicts would stay open under ``--conflict abort``; nothing changed.
        Cancelled: The answer was no.
    """
    make = partial(_with_env, make, wish.env.values)
    proposal = make(wish.choices)
    name = proposal.home.name
    if wish.abort_on_conflict and proposal.plan.conflicts:
        places = ", ".join(c.place for c in proposal.plan.conflicts[:5])
        raise DistError(
            f"{len(proposal.plan.conflicts)} conflicts would stay open: {places}", where=str(name),
            hint="nothing was changed; leave out --conflict abort to merge the rest",
        )
    if wish.dry_run:
        return Outcome(verb=proposal.verb, profile=name, proposal=proposal, dry_run=True)
    if wish.env.values:
        refuse_elsewhere(proposal.home.path)
    choices = wish.choices
    if settle is not None and proposal.plan.conflicts:
        choices = _settled(choices, proposal, settle)
        proposal = make(choices) if choices != wish.choices else proposal
    if not proposal.changes_nothing and not confirm(proposal):
        raise Cancelled("cancelled, nothing changed")
    values = dict(wish.env.values)
    if wish.questions is not None and not proposal.changes_nothing:
        if proposal.asked and wish.questions.effects(proposal):
            proposal = make(replace(choices, grants=choices.grants | {e.digest for e in proposal.asked}))
        values |= wish.questions.variables(proposal)
    return carry_out(ctx, replace(proposal, wanted=with_values(proposal.wanted, values)), values)


def _with_env(make: Make, given: Mapping[str, str], choices: Choices) -> Proposal:
    """Make a proposal that counts what the command line gives."""
    proposal = make(choices)
    extra = unasked(given, proposal.manifest) if proposal.manifest else ()
    notes = (f"{name} is written into .env, though the package does not ask for it" for name in extra)
    return replace(proposal, wanted=with_values(proposal.wanted, given), notes=(*proposal.notes, *notes))


def _settled(choices: Choices, proposal: Proposal, settle: Settle) -> Choices:
    """Ask about each conflict."""
    sides: dict[str, Side] = {}
    edits: dict[RelPath, bytes] = {}
    for conflict in proposal.plan.conflicts:
        answer = None if conflict.path in edits else settle(proposal, conflict)
        if isinstance(answer, bytes):
            edits[conflict.path] = answer
        elif answer is not None:
            sides[conflict.place] = answer
    return replace(choices, sides={**choices.sides, **sides}, edits={**choices.edits, **edits})


def absolute(spec: SourceSpec) -> SourceSpec:
    """Write a folder or archive with its full path, so that it means the same from everywhere."""
    if spec.kind in (SourceKind.FOLDER, SourceKind.ARCHIVE):
        return replace(spec, location=str(Path(spec.location).expanduser().resolve()))
    return spec


def _new_name(name: str) -> ProfileName:
    profile = ProfileName(name)
    if profile == DEFAULT_PROFILE:
        raise Invalid("a package can't be installed as the default profile", hint="choose a name with --name")
    return profile


def _name_of(incoming: Incoming) -> ProfileName:
    try:
        return _new_name(ProfileName.slug(incoming.manifest.name))
    except Invalid as err:
        err.hint = "choose one with --name"
        raise err.within("distribution.yaml: name") from None


def _check_free(ctx: Context, name: ProfileName) -> None:
    home = ctx.layout.home(name)
    if home.exists() or home.is_symlink():
        raise DistError(
            f"a profile {str(name)!r} exists already", where=str(home),
            hint=f"update it with: {ctx.command(f'update {name}')}; or choose another name with --name; "
            "or merge into it with --force",
        )


def _check_apart(ctx: Context, spec: SourceSpec, name: ProfileName) -> None:
    """A folder can't be installed into itself."""
    if spec.kind is not SourceKind.FOLDER:
        return
    source, target = Path(spec.location), ctx.layout.home(name).resolve()
    if source == target or source in target.parents or target in source.parents:
        raise Invalid(
            "the source and the profile's home lie one in the other", where=f"{source} and {target}",
            hint="copy the package to a folder of its own first",
        )


def _check_same_package(ctx: Context, lock: Lock, spec: SourceSpec) -> None:
    have = absolute(parse_source(lock.source, allow_insecure=True))
    if (have.location, have.subfolder) != (spec.location, spec.subfolder):
        raise DistError(
            f"this profile holds another package, {lock.name} from {lock.source}", where=str(spec),
            hint=f"uninstall that first with: {ctx.command('uninstall NAME')}; or choose another --name",
        )


def _about_versions(lock: Lock, target: Target) -> tuple[str, ...]:
    if target.refs is None or not target.ref.startswith("refs/tags/") or target.spec.is_range:
        return ()
    newer = newer_tags(target.ref.removeprefix("refs/tags/"), target.refs.tags)
    return (f"pinned at {lock.pin.ref.rpartition('/')[2]}; newer: {', '.join(newer[-3:])}",) if newer else ()
