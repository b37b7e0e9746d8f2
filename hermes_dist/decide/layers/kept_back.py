"""Which layers stay below the newest version that one of their users would take, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from hermes_dist.decide.layers.market import Asked, Choice, Market, asker_of
from hermes_dist.decide.layers.resolve import Picked
from hermes_dist.decide.layers.wanted import Dependency


class Keeper(Struct, frozen=True, kw_only=True):
    """A line of a manifest that keeps a layer back.

    Attributes:
        by: How messages name the package whose manifest it is.
        field: The field of the manifest.
        asks: The source in it, as its author wrote it.
        range: What it allows: the range or ref; the whole source if it is about another layer.
    """

    by: str
    field: str
    asks: str
    range: str


class KeptBack(Struct, frozen=True, kw_only=True):
    """A layer that stays below what somebody would take.

    Attributes:
        key: The key of the layer.
        newest: The version that it stays below.
        keepers: What keeps it back; empty if only a longer way through other layers does.
    """

    key: str
    newest: Choice
    keepers: tuple[Keeper, ...]


def kept_back(picked: Iterable[Picked], market: Market) -> tuple[KeptBack, ...]:
    """Tell which of the layers that were picked stay below a version that one of those who ask for them would take.

    Args:
        picked: The layers, as :func:`hermes_dist.decide.layers.resolve.resolve` picked them.
        market: What there was to choose from.

    Raises:
        DistError: A package can't be reached.
    """
    layers = tuple(picked)
    found = []
    for one in layers:
        newest = _newest(one, market)
        if newest is not None:
            keepers = tuple(_direct(one, newest, market)) or tuple(
                _by_itself(newest, layers, market)
            )
            found.append(KeptBack(key=one.choice.key, newest=newest, keepers=keepers))
    return tuple(found)


def _newest(one: Picked, market: Market) -> Choice | None:
    """The best version for somebody who asks for a layer, where that is another than the one that was picked."""
    for each in one.asked:
        best = next(iter(market.choices(each.dependency, each.asker)), None)
        if best is not None and best.commit != one.choice.commit:
            return best
    return None


def _direct(one: Picked, newest: Choice, market: Market) -> Iterator[Keeper]:
    """Those who ask for the layer, and not for its newest version."""
    for each in one.asked:
        if not _allows(each, newest, market):
            yield _keeper(each, _range(each.dependency))


def _by_itself(newest: Choice, layers: tuple[Picked, ...], market: Market) -> Iterator[Keeper]:
    """What the newest version asks for, and can't have beside the others."""
    here = {one.choice.key: one.choice for one in layers}
    wanted = market.wanted(newest)
    for dependency in wanted.all:
        key = market.key(dependency, asker_of(newest))
        asked = Asked(
            by=newest.label,
            asker=asker_of(newest),
            dependency=dependency,
            key=key,
            field="extends" if dependency is wanted.base else "dependencies",
        )
        if key in here and not _allows(asked, here[key], market):
            yield _keeper(asked, str(dependency))


def _allows(asked: Asked, choice: Choice, market: Market) -> bool:
    offered = market.choices(asked.dependency, asked.asker)
    return any(each.commit == choice.commit for each in offered)


def _keeper(asked: Asked, allowed: str) -> Keeper:
    return Keeper(by=asked.by, field=asked.field, asks=str(asked.dependency), range=allowed)


def _range(dependency: Dependency) -> str:
    ref = dependency.source.ref if dependency.source else ""
    return ref or str(dependency)
