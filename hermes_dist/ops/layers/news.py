"""News of layers: which of those that a profile stands on have something newer, and what keeps one of them back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.layers.kept_back import Keeper, KeptBack, kept_back
from hermes_dist.decide.layers.resolve import Picked, resolve
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.source import PinKind, parse_source
from hermes_dist.ops.change.fetch import fetch
from hermes_dist.ops.change.look_up import absolute, look_up
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.ops.layers.asked import asked_for
from hermes_dist.ops.layers.market import LiveMarket, key_of


class LayerNews(Struct, frozen=True, kw_only=True):
    """A layer that has something newer.

    Attributes:
        name: The name of its package.
        here: What was received, shortened.
        there: What its source has now, shortened.
        kept_back: An update would not take it, because of the other layers.
        keepers: What keeps it back; empty if only a longer way through other layers does.
    """

    name: str
    here: str
    there: str
    kept_back: bool = False
    keepers: tuple[Keeper, ...] = ()

    @property
    def notes(self) -> tuple[Note, ...]:
        """The same as notes; none for a layer that an update takes."""
        return tuple(_notes(self.name, self.there, self.keepers)) if self.kept_back else ()


def newer_layers(ctx: Context, lock: Lock, target: Target) -> tuple[LayerNews, ...]:
    """Ask the sources of a profile's layers whether they have something newer, and whether an update would take it.

    Args:
        ctx: The context.
        lock: The lock of the profile.
        target: What the profile's own source offers now.

    Raises:
        DistError: A source can't be reached, or no choice of versions fits.
    """
    found = [(one, _there(ctx, one)) for one in lock.layers]
    newer = [(one, there) for one, there in found if there not in (one.pin.commit, one.pin.tree)]
    stay = _staying(ctx, lock, target) if newer and not lock.held else {}
    return tuple(
        _told(
            LayerNews(name=one.name, here=one.pin.short, there=there[:7]),
            stay.get(key_of(one)),
        )
        for one, there in newer
    )


def _told(news: LayerNews, kept: KeptBack | None) -> LayerNews:
    if kept is None:
        return news
    return replace(news, there=kept.newest.version, kept_back=True, keepers=kept.keepers)


def _staying(ctx: Context, lock: Lock, target: Target) -> Mapping[str, KeptBack]:
    """The layers that an update would leave as they are although there is something newer, by their keys."""
    top = fetch(ctx, target)
    market = LiveMarket(ctx, top, lock)
    picked = resolve(top.manifest.name, asked_for(top), market)
    return {kept.key: kept for kept in _kept(market, picked)}


def about_kept_back(
    lock: Lock | None, market: LiveMarket, picked: Sequence[Picked], names: Mapping[str, str]
) -> Iterator[Note]:
    """Say which layers of a profile stay as they are although there is something newer, and what keeps each back.

    Args:
        lock: The lock of the profile; None for a new one. If it is held, the hold keeps them back and nothing is said.
        market: What there was to choose from.
        picked: The layers as they were chosen.
        names: The name of each by its key.
    """
    if lock is None or lock.held:
        return
    for kept in _kept(market, picked):
        yield from _notes(names[kept.key], kept.newest.version, kept.keepers)


def _kept(market: LiveMarket, picked: Sequence[Picked]) -> Iterator[KeptBack]:
    same = [one for one in picked if _is_as_received(market, one)]
    return (kept for kept in kept_back(picked, market) if kept.key in {o.choice.key for o in same})


def _is_as_received(market: LiveMarket, one: Picked) -> bool:
    received = market.received(one.choice.key)
    return received is not None and one.choice.commit in (received.pin.commit, received.pin.tree)


def _notes(name: str, newest: str, keepers: Iterable[Keeper]) -> Iterator[Note]:
    told = False
    for keeper in keepers:
        told = True
        yield Note.of(
            NoteKind.LAYER_KEPT_BACK,
            layer=name,
            newest=newest,
            by=keeper.by,
            range=keeper.range,
            field=keeper.field,
            asks=keeper.asks,
        )
    if not told:
        yield Note.of(NoteKind.LAYER_DOES_NOT_FIT, layer=name, newest=newest)


def _there(ctx: Context, layer: LockedPackage) -> str:
    """The commit that a layer's source has now, or the tree of a folder."""
    if layer.pin.kind is PinKind.COMMIT:
        return layer.pin.commit  # it moves with the package that names it
    spec = absolute(parse_source(layer.source, allow_insecure=True))
    view = Lock(packages=(layer,))
    target = look_up(ctx, spec, lock=view if spec.kind.traits.is_name else None, before=layer.pin)
    return target.commit or str(fetch(ctx, target).offer.tree.digest)
