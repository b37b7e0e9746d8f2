"""Resolve layers: which version of each package fits everything that asks for it.

The world is known only through :class:`Market`. Most graphs of layers need no search; for the others there is
:mod:`hermes_dist.decide.layers.search`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from msgspec import Struct

from hermes_dist.decide.layers.market import Asked, Choice, Market, asker_of
from hermes_dist.decide.layers.search import NoneFits, TooMany, search
from hermes_dist.decide.layers.stack import Rank
from hermes_dist.decide.layers.wanted import Dependency, Wanted
from hermes_dist.errors import DistError, Invalid

_MANY = 10_000
"""More packages than a graph of layers has."""
_Edges = Mapping[str, tuple[Asked, ...]]
"""What each package asks for, by its key."""


class Picked(Struct, frozen=True, kw_only=True):
    """A layer as it was resolved.

    Attributes:
        choice: The version.
        rank: Whether it belongs to the base or is a pack.
        over: The keys of the layers that it asks for itself.
        only: The parts that somebody asks for; empty for all.
        asked: All that ask for it, the top first if it does.
    """

    choice: Choice
    rank: Rank
    over: frozenset[str]
    only: frozenset[str]
    asked: tuple[Asked, ...]

    @property
    def by(self) -> tuple[str, ...]:
        """The names of those that ask for it."""
        return tuple(sorted({each.by for each in self.asked}))


def resolve(name: str, wanted: Wanted, market: Market) -> tuple[Picked, ...]:
    """Choose a version of every layer of a package: no layer could be newer unless another one were older.

    Args:
        name: The package's name, for messages.
        wanted: What it asks for.
        market: What there is to choose from.

    Returns:
        The layers, those that others stand on first.

    Raises:
        DistError: No choice of versions fits everything, or something can't be reached.
    """
    if not wanted.all:
        return ()
    offers = _Offers(market)
    top = offers.all_asked(name, "", wanted)
    found = _at_once(offers, top) or _searched(name, offers, top)
    edges = _edges(offers, found)
    of_base = _reachable(edges, [each.key for each in top if each.dependency is wanted.base])
    asked = [*top, *(each for needs in edges.values() for each in needs)]
    picked = {key: _picked(found[key], needs, asked, of_base) for key, needs in edges.items()}
    return tuple(picked[key] for key in _lowest_first(picked))


def _at_once(offers: _Offers, top: list[Asked]) -> Mapping[str, Choice] | None:
    """The same as :func:`_agreed`; None, too, if something on the way can't be read or reached."""
    # That may be a version that a search would never look at, since somebody else asks for an older one.
    with suppress(DistError):
        return _agreed(offers, top)
    return None


def _agreed(offers: _Offers, top: list[Asked]) -> Mapping[str, Choice] | None:
    """The best version of every package, if all that ask for it have the same one first; else None.

    None, too, if these ask for each other in a circle. A search finds the same, but looks at each package again for
    each that it has chosen.
    """
    found: dict[str, Choice] = {}
    asking = top
    while asking:
        new: list[Choice] = []
        for each in asking:
            best = offers.best(each)
            if best is None:
                return None
            if each.key not in found:
                found[each.key] = best
                new.append(best)
            if found[each.key].commit != best.commit:
                return None
        if len(found) > _MANY:
            return None
        offers.expect(new)
        asking = [each for choice in new for each in offers.needs(choice)]
    return None if _circle(_edges(offers, found)) else found


def _searched(name: str, offers: _Offers, top: list[Asked]) -> Mapping[str, Choice]:
    """Search a version for every package that is asked for.

    Raises:
        DistError: There is no choice of versions that fits everything.
    """
    try:
        return search(top, offers)
    except NoneFits as err:
        _refuse_circle(offers, top)
        raise _impossible(err.asked) from None
    except TooMany:
        raise _gave_up(name) from None


def _refuse_circle(offers: _Offers, top: list[Asked]) -> None:
    """Refuse packages that ask for each other, if everything would fit but for that.

    Raises:
        Invalid: It would; the error names the way around.
    """
    with suppress(NoneFits, TooMany):
        found = search(top, offers, circles=True)
        _refuse(_circle(_edges(offers, found)), found)


def _edges(offers: _Offers, found: Mapping[str, Choice]) -> _Edges:
    return {key: offers.needs(choice) for key, choice in found.items()}


def _picked(
    choice: Choice, needs: tuple[Asked, ...], asked: list[Asked], of_base: set[str]
) -> Picked:
    asking = [each for each in asked if each.key == choice.key]
    return Picked(
        choice=choice,
        rank=Rank.BASE if choice.key in of_base else Rank.PACK,
        over=frozenset(each.key for each in needs),
        only=_only(each.dependency for each in asking),
        asked=tuple(asking),
    )


class _Offers:
    """What a market offers; nothing is asked of it twice."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._needs: dict[Choice, tuple[Asked, ...]] = {}
        self._choices: dict[tuple[str, str], tuple[Choice, ...]] = {}

    def all_asked(self, by: str, asker: str, wanted: Wanted) -> list[Asked]:
        return [
            Asked(
                by=by,
                asker=asker,
                dependency=each,
                key=self._market.key(each, asker),
                field="extends" if each is wanted.base else "dependencies",
            )
            for each in wanted.all
        ]

    def expect(self, choices: Sequence[Choice]) -> None:
        self._market.expect(choices)

    def needs(self, choice: Choice) -> tuple[Asked, ...]:
        if choice not in self._needs:
            wanted = self._market.wanted(choice)
            self._needs[choice] = tuple(self.all_asked(choice.label, asker_of(choice), wanted))
        return self._needs[choice]

    def offered(self, asked: Asked) -> tuple[Choice, ...]:
        dependency, asker = asked.dependency, asked.asker
        known = dependency.meaning(asker)
        if known not in self._choices:
            self._choices[known] = tuple(self._market.choices(dependency, asker))
        return self._choices[known]

    def best(self, asked: Asked) -> Choice | None:
        """The version that one would choose who asks alone; None if there is none."""
        return next(iter(self.offered(asked)), None)


def _only(dependencies: Iterator[Dependency]) -> frozenset[str]:
    """The parts that are asked for together; whoever asks for all gets all."""
    parts = [dependency.only for dependency in dependencies]
    return frozenset().union(*parts) if all(parts) else frozenset()


def _reachable(edges: _Edges, start: list[str]) -> set[str]:
    seen: set[str] = set()
    todo = list(start)
    while todo:
        key = todo.pop()
        if key not in seen:
            seen.add(key)
            todo += [each.key for each in edges[key]]
    return seen


def _circle(edges: _Edges) -> tuple[str, ...]:
    """Packages that ask for each other, the first one again at the end; empty if there are none."""
    for key in sorted(edges):
        way = _way(edges, key, key)
        if way:
            return (key, *way)
    return ()


def _refuse(circle: tuple[str, ...], found: Mapping[str, Choice]) -> None:
    """Refuse packages that ask for each other: none of them could lie below the other.

    Raises:
        Invalid: There are such packages; the error names the way around.
    """
    names = [found[key].label for key in circle]
    if len(names) == 2:
        raise Invalid(
            f"{names[0]} asks for itself as a layer",
            hint="its author has to take it out of `dependencies` or `extends`",
        )
    if names:
        raise Invalid(
            f"layers ask for each other in a circle: {' → '.join(names)}",
            hint="one of their authors has to take the other out of `dependencies` or `extends`",
        )


def _way(edges: _Edges, start: str, end: str) -> tuple[str, ...]:
    """A way along the edges; empty if there is none."""
    ways: list[tuple[str, ...]] = [(each.key,) for each in edges[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        if way[-1] == end:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [(*way, each.key) for each in edges[way[-1]]]
    return ()


def _lowest_first(picked: Mapping[str, Picked]) -> list[str]:
    """The keys in an order in which each comes after all that it stands on."""
    out: list[str] = []

    def visit(key: str) -> None:
        if key in out:
            return
        for below in sorted(picked[key].over):
            visit(below)
        out.append(key)

    for key in sorted(picked, key=lambda key: (picked[key].rank, key)):
        visit(key)
    return out


def _impossible(clash: Sequence[Asked]) -> DistError:
    """Explain a conflict: who asks for which versions of the same package."""
    asked = sorted({(each.by, str(each.dependency)) for each in clash})
    lines = "; ".join(f"{by} asks for {what}" for by, what in asked)
    if len(asked) == 1:
        return DistError(
            f"there is no such version: {lines}",
            hint="ask its author to name a range that has one, or install an older version with #REF",
        )
    return DistError(
        f"no version fits all of these: {lines}",
        hint="ask the author whose range is the older one to widen it, or install an older version with #REF",
    )


def _gave_up(name: str) -> DistError:
    return DistError(
        "its layers have too many versions to try them all, and those that were tried don't fit together",
        where=name,
        hint="ask its author for narrower ranges in `extends` and `dependencies`",
    )
