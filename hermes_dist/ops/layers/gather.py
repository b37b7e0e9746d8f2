"""Gather layers: choose a version of each package that another one stands on, fetch it, and judge it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.inputs.declared import Input, declared_by
from hermes_dist.decide.layers.origins import Brought
from hermes_dist.decide.layers.received import NEVER
from hermes_dist.decide.layers.resolve import Picked, resolve
from hermes_dist.decide.layers.stack import Layer, Rank
from hermes_dist.decide.layers.wanted import Wanted
from hermes_dist.decide.ownership import payload_of
from hermes_dist.decide.parts import part_of
from hermes_dist.decide.trust import Verdict
from hermes_dist.errors import DistError, NoFolder, NoRepository
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_head import Demand
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.manifest import EnvVar
from hermes_dist.model.notes import Note
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Tree
from hermes_dist.ops.change.fetch import Fetched, Stack, about_requires, placed_for
from hermes_dist.ops.change.look_up import sources_of_layers, to_ask
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home
from hermes_dist.ops.layers.asked import asked_for
from hermes_dist.ops.layers.market import LiveMarket
from hermes_dist.ops.layers.named import named
from hermes_dist.ops.layers.news import about_kept_back
from hermes_dist.ops.own_home import refuse_own_home
from hermes_dist.ops.own_source import is_own
from hermes_dist.ops.renames import home_now
from hermes_dist.ops.trust.judge_release import Judged, judge_history, judge_release


def gathered(ctx: Context, fetched: Fetched, home: Home, request: Request) -> Fetched:
    """Add the layers that a package stands on, each judged as the package itself is.

    Args:
        ctx: The context.
        fetched: The package.
        home: The home it goes to.
        request: The options of the command.

    Raises:
        Refused: A rule or a policy does not allow a layer.
        Invalid: A manifest says something about layers that can't be read, layers ask for each other in a circle, or
            one is the home itself.
        DistError: No choice of versions fits, or something can't be reached.
    """
    wanted = asked_for(fetched)
    if not wanted.all:
        return fetched
    ctx.progress("looking for layers")
    _ask_ahead(ctx, wanted, home.lock)
    market = LiveMarket(ctx, fetched, home.lock)
    try:
        picked = _picked(fetched, wanted, market, home)
    except (NoFolder, NoRepository) as gone:
        raise _with_way_out(ctx, gone, fetched, home) from None
    names = _names(
        fetched.manifest.name, [(one.choice.key, market.fetched(one.choice)) for one in picked]
    )
    gathering = _Gathering(
        ctx=ctx,
        home=home,
        request=request,
        market=market,
        names=names,
        demands=_demanded(fetched, home.lock),
    )
    kept_back = tuple(about_kept_back(home.lock, market, picked, names))
    found = [gathering.layer(one) for one in picked]
    ctx.sources.keep_trees()
    top = Layer(
        name=fetched.manifest.name,
        rank=Rank.OWN,
        tree=Tree(),
        over=frozenset(each.layer.name for each in found),
        overrides=wanted.overrides,
        without=wanted.without,
    )
    stack = _stack(top, found)
    direct = dict.fromkeys(names[market.key(one, "")] for one in wanted.all)
    written = {
        names[one.choice.key]: each.dependency.written
        for one in picked
        for each in one.asked
        if each.dependency.written
    }
    notes = (*kept_back, *stack.notes)
    stack = replace(stack, direct=tuple(direct), written=written, notes=notes)
    return replace(fetched, stack=stack)


def _picked(fetched: Fetched, wanted: Wanted, market: LiveMarket, home: Home) -> tuple[Picked, ...]:
    """Choose the layers; the home itself is none, and is told before the circle that it makes.

    Raises:
        Invalid: One is the home itself, or layers ask for each other in a circle.
        DistError: No choice of versions fits, or something can't be reached.
    """
    refuse_own_home(home, (one.source for one in wanted.all if one.source))
    picked = resolve(fetched.manifest.name, wanted, market)
    refuse_own_home(home, (market.fetched(one.choice).target.source for one in picked))
    return picked


def _with_way_out(
    ctx: Context, gone: NoFolder | NoRepository, fetched: Fetched, home: Home
) -> DistError:
    """Name the command that takes a layer out whose source is gone, if the user put it there."""
    lock = home.lock
    if lock is None or not is_own(str(fetched.target.source)):
        return gone
    for one in lock.layers:
        source = parse_source(one.source, allow_insecure=True)
        if one.name in lock.top.over and gone.where in (source.location, source.fetch_url):
            out = ctx.command(f"layer remove {home.name} {shlex.quote(one.name)}")
            if now := home_now(ctx.layout, gone.where):
                again = ctx.command(f"layer add {home.name} {shlex.quote(now)}")
                gone.hint = (
                    f"its profile was renamed; take the layer from there: {out}; then: {again}"
                )
            else:
                gone.hint = f"{gone.hint}; or take the layer {one.name} out: {out}"
    return gone


class _Gathered(Struct, frozen=True, kw_only=True):
    """One layer, fetched and judged; the same as a :class:`Stack` holds of all of them."""

    layer: Layer
    brought: Brought
    locked: LockedPackage
    env: tuple[EnvVar, ...]
    inputs: tuple[Input, ...]
    left_out: Sequence[LeftOut]
    notes: Sequence[Note]

    @property
    def named_notes(self) -> Iterator[tuple[str, Note]]:
        """The notes, each with the name of the layer."""
        return ((self.layer.name, note) for note in self.notes)


def _stack(top: Layer, found: Sequence[_Gathered]) -> Stack:
    """Put gathered layers under a package."""
    return Stack(
        layers=tuple(each.layer for each in found),
        brought=tuple(each.brought for each in found),
        top=top,
        locked=tuple(each.locked for each in found),
        env=tuple(chain.from_iterable(each.env for each in found)),
        inputs={each.layer.name: each.inputs for each in found},
        left_out=tuple(chain.from_iterable(each.left_out for each in found)),
        notes=named(chain.from_iterable(each.named_notes for each in found)),
    )


class _Gathering(Struct, frozen=True, kw_only=True):
    """Fetches and judges the layers of one package.

    Attributes:
        ctx: The context.
        home: The home that they go to.
        request: The options of the command.
        market: The versions that were found.
        names: The name of each layer, by its key.
        demands: What has to be signed; None for what each layer demands itself.
    """

    ctx: Context
    home: Home
    request: Request
    market: LiveMarket
    names: Mapping[str, str]
    demands: Demand | None

    def layer(self, one: Picked) -> _Gathered:
        """Make a layer of a version that was picked.

        Raises:
            Refused: A rule or a policy does not allow it.
            Invalid: A file of it can't be read.
        """
        name = self.names[one.choice.key]
        try:
            return self._layer(one, name)
        except DistError as err:
            raise err.within(name) from None

    def _layer(self, one: Picked, name: str) -> _Gathered:
        ctx, part = self.ctx, self.market.fetched(one.choice)
        package = _received(self.home.lock, self.market, one)
        judged = _judged(ctx, part, self.home, package, self.request, self.demands)
        over = tuple(sorted(self.names[key] for key in one.over))
        layer = _layer(part, name, one, over)
        only = replace(part, offer=part.offer._replace(tree=layer.tree))
        locked = _locked(part, judged.verdict, name, one, over)
        if package:
            locked = replace(locked, demands=package.demands)
        requires = about_requires(ctx, part.manifest, self.request)
        notes = (*_odd(part, package), requires, *judged.notes)
        return _Gathered(
            layer=layer,
            brought=Brought(layer, placed_for(ctx, only).placed),
            locked=locked,
            env=part.manifest.env,
            inputs=declared_by(part.manifest),
            left_out=_left_out(name, part),
            notes=[note for note in notes if note],
        )


def _odd(part: Fetched, received: LockedPackage | None) -> tuple[Note, ...]:
    """What is odd in the manifest of a layer; it was said already if the layer is as it was received."""
    if received and received.pin.tree == part.pin.tree:
        return ()
    return tuple(odd.note for odd in part.manifest.warnings)


def _ask_ahead(ctx: Context, wanted: Wanted, lock: Lock | None) -> None:
    """Ask the sources of all layers at once, and none twice in a run; a held profile asks nobody."""
    if lock is not None and lock.held:
        return
    asked = [str(one.source) for one in wanted.all if one.source]
    held = sources_of_layers(lock) if lock else ()
    ctx.sources.ask_ahead(to_ask(ctx, *asked, *held), again=False)


def _left_out(name: str, part: Fetched) -> list[LeftOut]:
    """What can't come of a layer that is no package: its user has never seen it in this form."""
    if not part.taken:
        return []
    return [left._replace(path=f"{name}: {left.path}") for left in part.offer.left_out]


def _demanded(fetched: Fetched, lock: Lock | None) -> Demand | None:
    """What is demanded of a profile is demanded of all of it.

    Of layers that a user puts under a profile only less: their list is a folder here, which nobody signs.
    """
    demands = lock.demands if lock else None
    return demands if fetched.target.commit or demands is Demand.NONE else None


def _names(top: str, found: Iterable[tuple[str, Fetched]]) -> dict[str, str]:
    """Give each layer a name of its own: that of its manifest, with a number where another has it already."""
    names: dict[str, str] = {}
    taken = {top}
    for key, part in found:
        name, number = part.manifest.name, 2
        while name in taken:
            name = f"{part.manifest.name}-{number}"
            number += 1
        taken.add(name)
        names[key] = name
    return names


def _received(lock: Lock | None, market: LiveMarket, picked: Picked) -> LockedPackage | None:
    return market.received(picked.choice.key) if lock else None


def _judged(
    ctx: Context,
    part: Fetched,
    home: Home,
    received: LockedPackage | None,
    request: Request,
    demands: Demand | None,
) -> Judged:
    """Judge a layer as if it were the package of the home: its history, its signature, the policies.

    What is odd about the files that it brings is said of the composition: others may lie over them.

    Raises:
        Refused: A rule or a policy does not allow it.
    """
    lock = Lock(packages=(received,)) if received else None
    view = replace(home, lock=lock)
    # Another version may be chosen because somebody else asks for it: that is no downgrade to refuse.
    move_notes: tuple[Note, ...] = ()
    if lock is not None:
        move = judge_history(ctx, part.target, lock, request.accept, downgrade=True, asked=False)
        move_notes = move.notes
    judged = judge_release(ctx, part, view, request.accept, downgrade=True, demands=demands)
    files = payload_of(part.offer.tree, part.manifest).notes
    notes = (*part.target.notes, *move_notes, *files, *part.offer.notes, *judged.notes)
    return judged._replace(notes=notes)


def _layer(part: Fetched, name: str, picked: Picked, over: tuple[str, ...]) -> Layer:
    payload = payload_of(part.offer.tree, part.manifest)
    tree = payload.tree.where(
        lambda path: path not in NEVER and (not picked.only or part_of(path) in picked.only)
    )
    asked: Wanted = asked_for(part)
    return Layer(
        name=name,
        rank=picked.rank,
        tree=tree,
        over=frozenset(over),
        overrides=asked.overrides,
        without=asked.without,
    )


def _locked(
    part: Fetched, verdict: Verdict, name: str, picked: Picked, over: tuple[str, ...]
) -> LockedPackage:
    return LockedPackage(
        name=name,
        source=str(part.target.source),
        registry=part.target.registry,
        pin=part.pin,
        signer=verdict.signer,
        layer=picked.rank.name.lower(),
        over=over,
        only=tuple(sorted(picked.only)),
        taken=part.taken,
    )
