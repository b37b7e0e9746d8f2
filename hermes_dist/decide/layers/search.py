"""Search a version for every layer that is asked for: the newest first, and an older one where the newest don't fit.

Where nothing fits any more, the last choice that has a part in it is changed, and all later ones are taken back
(backjumping): so a clash is not met again for each version of a package that has nothing to do with it. What is chosen
next depends only on what is chosen so far; so no layer that is found could be newer unless another one were older.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from msgspec import Struct

from hermes_dist.decide.layers.market import Asked, Choice, asker_of
from hermes_dist.errors import DistError

_TRIES = 10_000
"""Beyond so many choices nobody would wait; a graph of layers needs a few dozen."""


class Offers(Protocol):
    """What there is to choose from."""

    def offered(self, asked: Asked) -> Sequence[Choice]:
        """List the versions that somebody who asks allows, the best first."""

    def needs(self, choice: Choice) -> Sequence[Asked]:
        """List what a version asks for itself."""


class NoneFits(Exception):
    """No choice of versions fits everything.

    Attributes:
        asked: Those who ask for versions of one package that it does not have together.
    """

    def __init__(self, asked: tuple[Asked, ...]) -> None:
        super().__init__()
        self.asked = asked


class TooMany(Exception):
    """The search was given up."""


def search(top: Iterable[Asked], offers: Offers, *, circles: bool = False) -> Mapping[str, Choice]:
    """Choose a version of every package that is asked for.

    Args:
        top: What is asked for.
        offers: What there is to choose from.
        circles: Whether versions may ask for each other in a circle.

    Raises:
        NoneFits: There is no such choice.
        TooMany: It would take too long to find out.
    """
    begun = _State(offers=offers, circles=circles).asking_for(top, by="")
    if isinstance(begun, _Clash):
        raise NoneFits(begun.asked)
    found, steps = begun, list[_Step]()
    for _ in range(_TRIES):
        if not found.open:
            return found.chosen
        steps.append(_Step(found))
        found = _next(steps)
    raise TooMany


def _next(steps: list[_Step]) -> _State:
    """Choose one more version; where none is left, go back to the last choice that has a part in that."""
    while True:
        found = steps[-1].next()
        if found is not None:
            return found
        clash = steps.pop().clash
        while steps and steps[-1].choice not in clash.choices:
            steps.pop()
        if not steps:
            raise NoneFits(clash.asked)
        steps[-1].blame(clash)


class _Clash(Struct, frozen=True):
    """Why versions don't go together.

    Attributes:
        choices: The versions that have a part in it, as :func:`asker_of` names them.
        asked: Those who ask for versions that the package does not have together.
    """

    choices: frozenset[str]
    asked: tuple[Asked, ...]


class _State(Struct, frozen=True, kw_only=True):
    """What is chosen so far.

    Attributes:
        offers: What there is to choose from.
        circles: Whether versions may ask for each other in a circle.
        chosen: The version of each package that has one.
        asking: All who ask for each package.
        open: The packages without a version, and the versions that all who ask for one allow, the best first.
    """

    offers: Offers
    circles: bool
    chosen: Mapping[str, Choice] = {}
    asking: Mapping[str, tuple[Asked, ...]] = {}
    open: Mapping[str, Sequence[Choice]] = {}

    @property
    def next_key(self) -> str:
        """The package to choose a version of: one with a single version left, or else one that no other asks for.

        So a package gets its newest version rather than a layer below it.
        """
        forced = [key for key, left in self.open.items() if len(left) == 1]
        if forced or len(self.open) == 1:
            return min(forced or self.open)
        below = self._below()
        among = [key for key in self.open if key not in below] or self.open
        return min(among, key=lambda key: (len(self.open[key]), key))

    def _below(self) -> set[str]:
        """All that the best versions of the open packages ask for, and the best versions of these."""
        below: set[str] = set()
        todo = [left[0] for left in self.open.values()]
        while todo:
            for each in self._needs_if_known(todo.pop()):
                if each.key not in below:
                    below.add(each.key)
                    todo += self._best(each)
        return below

    def _needs_if_known(self, choice: Choice) -> Sequence[Asked]:
        """What a version asks for; nothing if it can't be read, for it may never be chosen."""
        with suppress(DistError):
            return self.offers.needs(choice)
        return ()

    def _best(self, asked: Asked) -> Sequence[Choice]:
        """The best version of a package that nobody has asked for yet."""
        if asked.key in self.open or asked.key in self.chosen:
            return ()
        with suppress(DistError):
            return self.offers.offered(asked)[:1]
        return ()

    def with_choice(self, choice: Choice) -> _State | _Clash:
        """Choose a version; or tell why it does not fit."""
        needs = self.offers.needs(choice)
        around = () if self.circles else self._around(choice, needs)
        if around:
            return _Clash(frozenset(around), ())
        state = _State(
            offers=self.offers,
            circles=self.circles,
            chosen={**self.chosen, choice.key: choice},
            asking=self.asking,
            open={key: left for key, left in self.open.items() if key != choice.key},
        )
        return state.asking_for(needs, by=asker_of(choice))

    def asking_for(self, needs: Iterable[Asked], *, by: str) -> _State | _Clash:
        """Ask for packages; or tell why no version of one is left.

        Args:
            needs: What is asked for.
            by: Who asks, as :func:`asker_of` names it; empty for the package at the top.
        """
        asking, left = dict(self.asking), dict(self.open)
        for each in needs:
            key = each.key
            asking[key] = (*asking.get(key, ()), each)
            here = self.chosen.get(key)
            allowed = self._allowed(each, left.get(key) if here is None else (here,))
            if not allowed:
                part = {asker_of(here)} if here else {one.asker for one in asking[key]}
                return _Clash(frozenset({by, *part}), asking[key])
            if here is None:
                left[key] = allowed
        return _State(
            offers=self.offers, circles=self.circles, chosen=self.chosen, asking=asking, open=left
        )

    def _allowed(self, asked: Asked, among: Sequence[Choice] | None) -> Sequence[Choice]:
        offered = self.offers.offered(asked)
        if among is None:
            return offered
        commits = {choice.commit for choice in offered}
        return [choice for choice in among if choice.commit in commits]

    def _around(self, choice: Choice, needs: Sequence[Asked]) -> tuple[str, ...]:
        """The versions on a way from what a version asks for back to it; empty if there is none."""
        seen: set[str] = set()
        ways: list[tuple[str, tuple[str, ...]]]
        ways = [(each.key, (asker_of(choice),)) for each in needs]
        while ways:
            key, way = ways.pop()
            if key == choice.key:
                return way
            here = self.chosen.get(key)
            if here is not None and key not in seen:
                seen.add(key)
                ways += [(each.key, (*way, asker_of(here))) for each in self.offers.needs(here)]
        return ()


class _Step:
    """The choice of a version of one package."""

    def __init__(self, before: _State) -> None:
        key = before.next_key
        self.choice = ""
        self._before = before
        self._left: Iterator[Choice] = iter(before.open[key])
        self._to_blame = {each.asker for each in before.asking[key]}
        self._told: tuple[Asked, ...] = ()

    def next(self) -> _State | None:
        """Choose the next version that fits what is chosen before; None if there is none."""
        for choice in self._left:
            self.choice = asker_of(choice)
            found = self._before.with_choice(choice)
            if isinstance(found, _State):
                return found
            self.blame(found)
        return None

    def blame(self, clash: _Clash) -> None:
        """Note why the version that was chosen here does not fit."""
        self._to_blame |= clash.choices - {self.choice}
        self._told = self._told or clash.asked

    @property
    def clash(self) -> _Clash:
        """Why no version fits. It tells what is against the newest one: that is the one that its users want."""
        return _Clash(frozenset(self._to_blame), self._told)
