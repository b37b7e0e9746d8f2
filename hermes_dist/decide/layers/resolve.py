"""Resolve layers: which version of each package fits everything that asks for it.

The search is that of ``resolvelib``, which pip uses too. It knows the world only through :class:`Market`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from msgspec import Struct
from resolvelib import AbstractProvider, BaseReporter, Resolver
from resolvelib.resolvers import RequirementInformation, ResolutionImpossible, ResolutionTooDeep

from hermes_dist.decide.layers.stack import Rank
from hermes_dist.decide.layers.wanted import Dependency, Wanted
from hermes_dist.errors import DistError, Invalid

_ROUNDS = 10_000
"""Beyond so many steps nobody would wait; a graph of layers has a few dozen."""


class Choice(Struct, frozen=True, kw_only=True):
    """One version of a package that could be a layer.

    Attributes:
        key: Which package it is, however it was named: the same repository and folder have the same key.
        commit: The commit, which tells versions of one package apart; of a folder the digest of its tree.
        name: How messages name the package.
        version: How messages name the version: its tag, the start of its commit, or empty for a folder.
    """

    key: str
    commit: str
    name: str
    version: str

    @property
    def label(self) -> str:
        """How messages name it, such as ``base 1.2.0``."""
        return f"{self.name} {self.version}".strip()


class Asked(Struct, frozen=True, kw_only=True):
    """A package that another one asks for.

    Attributes:
        by: How messages name the one that asks.
        asker: The key of the one that asks; empty for the package at the top.
        dependency: What it asks for.
        key: The key of what it asks for.
        field: The field of its manifest that says so.
    """

    by: str
    asker: str
    dependency: Dependency
    key: str
    field: str = "dependencies"


class Market(Protocol):
    """What there is to choose from."""

    def key(self, dependency: Dependency, asker: str) -> str:
        """Tell which package a dependency names.

        Args:
            dependency: The dependency.
            asker: Who names it, as key and commit; empty for the package at the top.

        Raises:
            DistError: There is no such package, or it can't be reached.
        """

    def choices(self, dependency: Dependency, asker: str) -> Sequence[Choice]:
        """List the versions that a dependency allows, the best first; the arguments are those of :meth:`key`.

        Raises:
            DistError: The package can't be reached.
        """

    def expect(self, choices: Sequence[Choice]) -> None:
        """Be told which versions are asked for next, so that they can be read together; nothing fails here."""

    def wanted(self, choice: Choice) -> Wanted:
        """Tell what a version of a package asks for itself.

        Raises:
            DistError: Its manifest can't be read.
        """


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
    """Choose a version of every layer of a package.

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
    provider = _Provider(market)
    top = provider.all_asked(name, "", wanted)
    found = _at_once(provider, top) or _searched(name, provider, top)
    edges = {key: provider.needs(choice) for key, choice in found.items()}
    _check_circles(edges, _labels(found))
    of_base = _reachable(edges, [each.key for each in top if each.dependency is wanted.base])
    asked = [*top, *(each for needs in edges.values() for each in needs)]
    picked = {key: _picked(found[key], needs, asked, of_base) for key, needs in edges.items()}
    return tuple(picked[key] for key in _lowest_first(picked))


def _at_once(provider: _Provider, top: list[Asked]) -> Mapping[str, Choice] | None:
    """The same as :func:`_agreed`; None, too, if something on the way can't be read or reached."""
    # That may be a version that a search would never look at, since somebody else asks for an older one.
    with suppress(DistError):
        return _agreed(provider, top)
    return None


def _agreed(provider: _Provider, top: list[Asked]) -> Mapping[str, Choice] | None:
    """The best version of every package, if all that ask for it have the same one first; None if they do not.

    A search finds the same then, but looks at each package again for each that it has chosen.
    """
    found: dict[str, Choice] = {}
    asking = top
    while asking:
        new: list[Choice] = []
        for each in asking:
            best = provider.best(each)
            if best is None:
                return None
            if each.key not in found:
                found[each.key] = best
                new.append(best)
            if found[each.key].commit != best.commit:
                return None
        if len(found) > _ROUNDS:
            return None
        provider.expect(new)
        asking = [each for choice in new for each in provider.needs(choice)]
    return found


def _searched(name: str, provider: _Provider, top: list[Asked]) -> Mapping[str, Choice]:
    """Search a version for every package that is asked for.

    Raises:
        DistError: There is no choice of versions that fits everything.
    """
    resolver: Resolver[Asked, Choice, str] = Resolver(provider, BaseReporter())
    found: Mapping[str, Choice] = {}
    try:
        found = resolver.resolve(top, max_rounds=_ROUNDS).mapping
    except ResolutionImpossible as err:
        raise _impossible(err.causes) from None
    except (ResolutionTooDeep, RecursionError):
        pass  # the library follows versions that ask for each other without an end
    if not _is_whole(provider, top, found):
        provider.refuse_circles()
        raise DistError("its layers ask for too many packages", where=name, hint="tell its author")
    return found


def _is_whole(provider: _Provider, top: list[Asked], found: Mapping[str, Choice]) -> bool:
    """Whether all that is asked for was found: the library may lose what is only asked for in a circle."""
    asked = [*top, *(each for choice in found.values() for each in provider.needs(choice))]
    return all(each.key in found for each in asked)


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


class _Provider(AbstractProvider[Asked, Choice, str]):
    """Answers the questions of resolvelib."""

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

    def _offered(self, dependency: Dependency, asker: str) -> tuple[Choice, ...]:
        known = (str(dependency), asker if dependency.sibling is not None else "")
        if known not in self._choices:
            self._choices[known] = tuple(self._market.choices(dependency, asker))
        return self._choices[known]

    def best(self, asked: Asked) -> Choice | None:
        """The version that one would choose who asks alone; None if there is none."""
        return next(iter(self._offered(asked.dependency, asked.asker)), None)

    def identify(self, requirement_or_candidate: Asked | Choice) -> str:
        return requirement_or_candidate.key

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Choice],  # noqa: ARG002 - the library's signature
        candidates: Mapping[str, Iterator[Choice]],
        information: Mapping[  # noqa: ARG002 - the library's signature
            str, Iterator[RequirementInformation[Asked, Choice]]
        ],
        backtrack_causes: Sequence[RequirementInformation[Asked, Choice]],
    ) -> tuple[bool, int, str]:
        causes = {each.requirement.key for each in backtrack_causes}
        return identifier not in causes, sum(1 for _ in candidates[identifier]), identifier

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Asked]],
        incompatibilities: Mapping[str, Iterator[Choice]],
    ) -> list[Choice]:
        asking = list(requirements[identifier])
        if not asking:
            return []  # of those who asked for it in a circle, none is chosen any more
        bad = {choice.commit for choice in incompatibilities[identifier]}
        first = self._offered(asking[0].dependency, asking[0].asker)
        return [
            choice
            for choice in first
            if choice.commit not in bad and all(self.is_satisfied_by(one, choice) for one in asking)
        ]

    def is_satisfied_by(self, requirement: Asked, candidate: Choice) -> bool:
        offered = self._offered(requirement.dependency, requirement.asker)
        return any(each.commit == candidate.commit for each in offered)

    def refuse_circles(self) -> None:
        """Refuse packages that ask for each other in any of the versions that were looked at.

        Raises:
            Invalid: There are such packages.
        """
        edges: dict[str, tuple[Asked, ...]] = {}
        for choice, needs in self._needs.items():
            edges[choice.key] = (*edges.get(choice.key, ()), *needs)
        names = {choice.key: choice.name for choice in self._needs}
        _check_circles({**dict.fromkeys(_keys_in(edges), ()), **edges}, names)

    def get_dependencies(self, candidate: Choice) -> tuple[Asked, ...]:
        return self.needs(candidate)


def asker_of(choice: Choice) -> str:
    """Name a version as one that asks for layers, as the methods of :class:`Market` take it."""
    return f"{choice.key}#{choice.commit}"


def _only(dependencies: Iterator[Dependency]) -> frozenset[str]:
    """The parts that are asked for together; whoever asks for all gets all."""
    parts = [dependency.only for dependency in dependencies]
    return frozenset().union(*parts) if all(parts) else frozenset()


def _reachable(edges: Mapping[str, tuple[Asked, ...]], start: list[str]) -> set[str]:
    seen: set[str] = set()
    todo = list(start)
    while todo:
        key = todo.pop()
        if key not in seen:
            seen.add(key)
            todo += [each.key for each in edges[key]]
    return seen


def _labels(found: Mapping[str, Choice]) -> dict[str, str]:
    return {key: choice.label for key, choice in found.items()}


def _keys_in(edges: Mapping[str, tuple[Asked, ...]]) -> set[str]:
    return {each.key for needs in edges.values() for each in needs}


def _check_circles(edges: Mapping[str, tuple[Asked, ...]], names: Mapping[str, str]) -> None:
    """Refuse packages that ask for each other: none of them could lie below the other.

    Args:
        edges: What each package asks for.
        names: What messages call each package that asks for something.

    Raises:
        Invalid: There are such packages; the error names the way around.
    """
    for key in sorted(edges):
        way = _way(edges, key, key)
        if way == (key,):
            raise Invalid(
                f"{names[key]} asks for itself as a layer",
                hint="its author has to take it out of `dependencies` or `extends`",
            )
        if way:
            around = " → ".join(names[each] for each in (key, *way))
            raise Invalid(
                f"layers ask for each other in a circle: {around}",
                hint="one of their authors has to take the other out of `dependencies` or `extends`",
            )


def _way(edges: Mapping[str, tuple[Asked, ...]], start: str, end: str) -> tuple[str, ...]:
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


def _impossible(causes: Iterable[RequirementInformation[Asked, Choice]]) -> DistError:
    """Explain a conflict: who asks for which versions of the same package."""
    asked = sorted({(each.requirement.by, str(each.requirement.dependency)) for each in causes})
    lines = "; ".join(f"{by} asks for {what}" for by, what in asked)
    return DistError(
        f"no version fits all of these: {lines}",
        hint="ask the author whose range is the older one to widen it, or install an older version with #REF",
    )
