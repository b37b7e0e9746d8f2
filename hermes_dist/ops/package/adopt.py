"""Adopt: give a lock to a profile that we did not install; none of its other files change."""

from __future__ import annotations

from itertools import chain, count
from os.path import lexists

from msgspec import Struct
from msgspec.structs import asdict, replace

from hermes_dist.brand import LOCKFILE
from hermes_dist.decide.infer import active_effects
from hermes_dist.errors import DistError
from hermes_dist.model.lock_head import Damaged, sources_named
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.plan import Effect, Plan, Step
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Digest, Entry, together
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.look_up import absolute
from hermes_dist.ops.change.observe import first_of
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.propose import propose
from hermes_dist.ops.change.request import Choices, Confirm, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_home
from hermes_dist.ops.package.infer import Guess, infer, noted_source
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.files import read_file


class Adopting(Proposal, frozen=True, kw_only=True):
    """The proposal of an adoption.

    Attributes:
        guess: The version that it is based on.
        active: Parts of the package that run already, though nobody approved them.
        set_aside: What is said of the damaged lockfile that it replaces; None if there is none.
    """

    guess: Guess
    active: tuple[Effect, ...] = ()
    set_aside: Note | None = None

    @property
    def is_certain(self) -> bool:
        """Whether it is done without a question: nothing else could be meant, and nothing that was known is lost."""
        return self.guess.sure and self.set_aside is None


class _Found(Struct, frozen=True, kw_only=True):
    """A profile to adopt.

    Attributes:
        home: The home, without a lock.
        damage: The error of its lockfile; None if there is no lockfile.
    """

    home: Home
    damage: Damaged | None = None


def adopt(
    ctx: Context, name: ProfileName, request: Request, confirm: Confirm, *, source: str = ""
) -> Outcome:
    """Give a profile a lock, as if we had installed the version that explains it best.

    Args:
        ctx: The context.
        name: The profile.
        request: The options; only the dry run matters.
        confirm: Shows an :class:`Adopting`, and asks if the guess is not certain.
        source: The package's source; by default the one that a damaged lockfile names, or that the agent's installer
            noted in the manifest.

    Raises:
        DistError: The profile has a lock already, or no version explains it; nothing changed.
    """
    found = _opened(ctx, name)
    home = found.home
    if home.lock is not None:
        raise DistError(
            f"the profile {str(name)!r} has a lockfile already, for {home.lock.source}",
            where=str(home.path),
            hint=f"see: {ctx.command(f'status {name}')}",
        )
    spec = absolute(parse_source(source or _noted(ctx, found), allow_insecure=ctx.allow_insecure))
    guess = infer(ctx, home, spec)
    if guess is None:
        raise DistError(
            f"no version of {spec} has a file in common with this profile",
            where=str(home.path),
            hint=f"name {'another' if source else 'its'} source: {ctx.command(f'adopt {name} SOURCE')}",
        )
    return confirm_and_carry_out(
        ctx, lambda _: _adopting(ctx, found, guess), request, confirm, None
    )


def adoptable(ctx: Context, name: ProfileName) -> bool:
    """Whether a profile holds a package of a known source but has no lock."""
    home = open_home(ctx, name)
    try:
        return home.lock is None and bool(noted_source(ctx, home))
    except DistError:
        return False


def _opened(ctx: Context, name: ProfileName) -> _Found:
    """Open a home; a lockfile that is damaged counts as none, but not one of a newer program.

    Raises:
        DistError: The home or the lockfile can't be read.
    """
    try:
        return _Found(home=open_home(ctx, name))
    except Damaged as err:
        path = ctx.layout.lockfile(name)
        try:
            data = read_file(path)
        except OSError as why:
            raise trouble(why, "the lockfile can't be read", where=str(path)) from why
        return _Found(home=Home(name, ctx.layout.home(name), None, data), damage=err)


def _noted(ctx: Context, found: _Found) -> str:
    """The source that a home names.

    Raises:
        DistError: It names none, or a damaged lockfile names several.
    """
    if found.damage is None:
        return noted_source(ctx, found.home)
    named = sources_named(found.home.lock_bytes or b"")
    if len(named) == 1:
        return named[0]
    if not named:
        return noted_source(ctx, found.home)
    # Of layers, each has its own, and the one of the package itself may be cut off.
    raise DistError(
        f"the damaged lockfile names more than one source: {', '.join(named)}",
        where=str(ctx.layout.lockfile(found.home.name)),
        hint="name the one of the package itself",
        command=f"adopt {found.home.name} SOURCE",
    )


def _aside(home: Home, data: bytes) -> Step:
    """The step that keeps a damaged lockfile beside the new one."""
    names = (f"{LOCKFILE}.damaged{more}" for more in chain([""], map("-{}".format, count(2))))
    free = next(name for name in names if not lexists(home.path / name))
    return Step(RelPath(free), None, Entry(Digest.of(data)))


def _adopting(ctx: Context, found: _Found, guess: Guess) -> Adopting:
    """The proposal with the lock that an install of this version would have left; no file of the package has a step."""
    incoming, home = guess.incoming, found.home
    merged = propose(ctx, home, incoming, Choices(), verb="adopt", base=guess.base.tree)
    lock = merged.lock and replace(
        merged.lock,
        base=guess.base.tree,
        conflicts=(),
        upstream={
            path: incoming.placed.get(path) for path in guess.base.tree.differing(incoming.placed)
        },
    )
    if lock and (incoming.manifest.extends is not None or incoming.manifest.dependencies):
        # Nobody knows which versions of its layers were here: the next update looks for them, over a base without them.
        lock = lock.with_top(partial=True)
    blobs = {**merged.plan.blobs, **guess.base.blobs}
    plan = Plan(
        base=guess.base.tree, parked=merged.plan.parked, effects=merged.plan.parked, blobs=blobs
    )
    damaged = home.lock_bytes or b""
    read = together({**guess.base.blobs, Digest.of(damaged): damaged}, merged.read)
    active = active_effects(incoming.placed, merged.ours, first_of(read, incoming.read))
    made = {**asdict(merged), "plan": plan, "extra": (), "lock": lock, "read": read}
    if found.damage is None:
        return Adopting(**made, guess=guess, active=active)
    aside = _aside(home, damaged)
    told = Note.of(NoteKind.LOCK_SET_ASIDE, LOCKFILE, why=found.damage.why, kept=str(aside.path))
    made |= {"extra": (aside,), "notes": (told, *merged.notes)}
    return Adopting(**made, guess=guess, active=active, set_aside=told)
