"""Versions of layers are resolved as a search through all combinations would, and a failure says who asks for what."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import product

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from hermes_dist.decide.layers import resolve as resolving
from hermes_dist.decide.layers import search as searching
from hermes_dist.decide.layers.kept_back import Keeper, kept_back
from hermes_dist.decide.layers.market import Choice
from hermes_dist.decide.layers.resolve import Picked, resolve
from hermes_dist.decide.layers.stack import Rank
from hermes_dist.decide.layers.wanted import Dependency, Wanted
from hermes_dist.decide.versions import specifiers
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.source import parse_source

Asks = Mapping[str, str]
"""What a version asks for: names of packages with a range."""


def dependency(name: str, versions: str, *only: str) -> Dependency:
    return Dependency(source=parse_source(f"{name}@{versions}"), only=frozenset(only))


class Shelf(Struct, frozen=True):
    """A market in memory: what each version of each package asks for."""

    packages: Mapping[str, Mapping[int, Asks]]

    def key(self, dependency: Dependency, _asker: str) -> str:
        assert dependency.source
        return dependency.source.location

    def choices(self, dependency: Dependency, _asker: str) -> Sequence[Choice]:
        assert dependency.source
        name, spec = dependency.source.location, specifiers(dependency.source.ref)
        fitting = [n for n in sorted(self.packages[name], reverse=True) if str(n) in spec]
        return [Choice(key=name, commit=f"{name}{n}", name=name, version=str(n)) for n in fitting]

    def expect(self, choices: Sequence[Choice]) -> None:
        """There is nothing to read."""

    def wanted(self, choice: Choice) -> Wanted:
        asks = self.packages[choice.key][int(choice.commit.removeprefix(choice.key))]
        return Wanted(packs=packages(asks))


def packages(asks: Asks) -> tuple[Dependency, ...]:
    return tuple(dependency(name, versions) for name, versions in asks.items())


def labels(found: Sequence[Picked]) -> list[str]:
    return [each.choice.label for each in found]


def test_the_newest_that_fits_everybody_is_taken() -> None:
    shelf = Shelf(
        {
            "a": {1: {"c": "<=2"}, 2: {"c": "<=2"}},
            "b": {1: {"c": ">=1"}},
            "c": {1: {}, 2: {}, 3: {}},
        }
    )
    found = resolve("bot", Wanted(packs=packages({"a": "*", "b": "*"})), shelf)
    assert labels(found) == ["c 2", "a 2", "b 1"]
    assert found[0].by == ("a 2", "b 1")


def test_a_package_gets_its_newest_version_rather_than_a_layer_below_it() -> None:
    shelf = Shelf(
        {
            "base": {1: {}, 2: {}},
            "tools": {1: {}, 2: {"middle": "*"}},
            "middle": {1: {"base": "==1"}, 2: {"base": "==1"}},
        }
    )
    found = resolve("bot", Wanted(packs=packages({"base": "*", "tools": "*"})), shelf)
    assert labels(found) == ["base 1", "middle 2", "tools 2"]


def test_what_the_base_stands_on_belongs_to_the_base() -> None:
    shelf = Shelf({"base": {1: {"tools": "*"}}, "tools": {1: {}}, "pack": {1: {"tools": "*"}}})
    wanted = Wanted(base=dependency("base", "*"), packs=packages({"pack": "*"}))
    found = {each.choice.key: each.rank for each in resolve("bot", wanted, shelf)}
    assert found == {"tools": Rank.BASE, "base": Rank.BASE, "pack": Rank.PACK}


def test_whoever_asks_for_all_parts_gets_all_and_others_get_theirs_together() -> None:
    shelf = Shelf({"a": {1: {}}, "b": {1: {"a": "*"}}})
    some = Wanted(packs=(dependency("a", "*", "skills"), dependency("a", ">=1", "mcp")))
    assert resolve("bot", some, shelf)[0].only == {"skills", "mcp"}
    every = Wanted(packs=(dependency("a", "*", "skills"), dependency("b", "*")))
    assert resolve("bot", every, shelf)[0].only == frozenset()


def test_a_conflict_names_both_who_ask_and_what_they_ask_for() -> None:
    shelf = Shelf({"a": {1: {"c": "==1"}}, "b": {1: {"c": "==2"}}, "c": {1: {}, 2: {}}})
    with pytest.raises(DistError) as caught:
        resolve("bot", Wanted(packs=packages({"a": "*", "b": "*"})), shelf)
    assert (
        str(caught.value) == "no version fits all of these: a 1 asks for c@==1; b 1 asks for c@==2"
    )


class Faulty(Shelf, frozen=True):
    """A market where some versions can't be read."""

    faulty: frozenset[str] = frozenset()

    def wanted(self, choice: Choice) -> Wanted:
        if choice.commit in self.faulty:
            raise DistError(f"{choice.label} can't be read")
        return super().wanted(choice)


def test_a_version_that_cannot_be_read_and_that_nobody_would_get_is_no_obstacle() -> None:
    shelf = Faulty({"a": {1: {"b": "<2"}}, "b": {1: {}, 2: {}}}, faulty=frozenset({"b2"}))
    assert labels(resolve("bot", Wanted(packs=packages({"a": "*", "b": "*"})), shelf)) == [
        "b 1",
        "a 1",
    ]


def test_a_version_that_cannot_be_read_and_that_everybody_would_get_is_told() -> None:
    shelf = Faulty({"a": {1: {"b": "*"}}, "b": {1: {}, 2: {}}}, faulty=frozenset({"b2"}))
    with pytest.raises(DistError, match="b 2 can't be read"):
        resolve("bot", Wanted(packs=packages({"a": "*", "b": "*"})), shelf)


def test_a_circle_is_refused_with_the_way_around() -> None:
    shelf = Shelf({"a": {1: {"b": "*"}}, "b": {1: {"a": "*"}}})
    with pytest.raises(Invalid, match="in a circle: a 1 → b 1 → a 1"):
        resolve("bot", Wanted(packs=packages({"a": "*"})), shelf)


def test_a_package_that_asks_for_itself_is_refused() -> None:
    shelf = Shelf({"a": {1: {"a": "*"}}})
    with pytest.raises(Invalid, match="a 1 asks for itself as a layer"):
        resolve("bot", Wanted(packs=packages({"a": "*"})), shelf)


@pytest.mark.parametrize(
    ("shelf", "asks", "expected"),
    [
        ({"a": {1: {}, 2: {"b": "*"}}, "b": {1: {"a": "*"}}}, {"a": "*"}, ["a 1"]),
        ({"a": {1: {"b": "*"}}, "b": {1: {}, 2: {"a": "*"}}}, {"a": "*"}, ["b 1", "a 1"]),
        ({"a": {1: {}, 2: {"a": "*"}}}, {"a": "*"}, ["a 1"]),
        (
            {
                "a": {1: {"c": "*"}},
                "b": {1: {}, 2: {"a": "==1"}, 3: {"c": "==1"}},
                "c": {1: {"a": "==1", "b": "==2"}, 2: {}},
            },
            {"b": "*"},
            ["c 2", "a 1", "b 2"],
        ),
        (
            {
                "a": {1: {"c": "==1"}, 2: {}},
                "b": {1: {"a": "==2", "c": "*"}, 2: {"c": "==2"}},
                "c": {1: {}, 2: {"a": "==1", "b": "==1"}},
            },
            {"a": "*", "c": "*"},
            ["a 2", "c 1"],
        ),
    ],
)
def test_where_the_newest_ask_for_each_other_older_ones_that_do_not_are_taken(
    shelf: dict[str, dict[int, Asks]], asks: Asks, expected: list[str]
) -> None:
    assert labels(resolve("bot", Wanted(packs=packages(asks)), Shelf(shelf))) == expected


def test_a_circle_that_no_choice_of_versions_would_have_is_not_what_is_told() -> None:
    shelf = Shelf({"a": {1: {"b": "*", "c": "==1"}}, "b": {1: {"a": "*"}}, "c": {1: {}, 2: {}}})
    with pytest.raises(DistError, match="no version fits all of these: a 1 asks for c@==1; bot"):
        resolve("bot", Wanted(packs=packages({"a": "*", "c": "==2"})), shelf)


def test_a_range_without_a_version_is_told_alone() -> None:
    shelf = Shelf({"a": {1: {"b": "==3"}}, "b": {1: {}}})
    with pytest.raises(DistError) as caught:
        resolve("bot", Wanted(packs=packages({"a": "*"})), shelf)
    assert str(caught.value) == "there is no such version: a 1 asks for b@==3"


def test_a_clash_is_not_met_again_for_each_version_of_what_has_no_part_in_it() -> None:
    versions = {number: {} for number in range(1, 11)}
    free = {f"f{number}": versions for number in range(8)}  # 10 ** 8 combinations of these
    shelf = Shelf(
        {**free, "x": {n: {"z": f"=={n}"} for n in range(1, 12)}, "y": {1: {"z": "==99"}},
         "z": {n: {} for n in range(1, 100)}}
    )  # fmt: skip
    asks = {**dict.fromkeys(free, "*"), "x": "*", "y": "*"}
    with pytest.raises(DistError, match="no version fits all of these"):
        resolve("bot", Wanted(packs=packages(asks)), shelf)


def test_a_search_without_an_end_is_given_up_in_words() -> None:
    class Endless(Shelf, frozen=True):
        def choices(self, dependency: Dependency, _asker: str) -> Sequence[Choice]:
            assert dependency.source
            name = dependency.source.location
            return [
                Choice(key=name, commit=f"{name}{n}", name=name, version=str(n)) for n in (1, 2)
            ]

        def wanted(self, choice: Choice) -> Wanted:
            number = int(choice.key.removeprefix("p"))
            return Wanted(packs=packages({f"p{number + 1}": "*"}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "_TRIES", 50)
        patch.setattr(resolving, "_MANY", 50)
        with pytest.raises(DistError, match="too many versions to try them all"):
            resolve("bot", Wanted(packs=packages({"p0": "*"})), Endless({}))


def test_a_layer_that_somebody_keeps_below_what_another_would_take_is_told_with_the_line() -> None:
    shelf = Shelf({"a": {1: {"c": "==1"}}, "c": {1: {}, 2: {}}})
    wanted = Wanted(base=dependency("c", "*"), packs=packages({"a": "*"}))
    found = kept_back(resolve("bot", wanted, shelf), shelf)
    assert [(one.key, one.newest.label) for one in found] == [("c", "c 2")]
    assert found[0].keepers == (Keeper(by="a 1", field="dependencies", asks="c@==1", range="==1"),)


def test_a_layer_whose_newest_version_does_not_fit_is_kept_back_by_what_that_asks_for() -> None:
    shelf = Shelf({"a": {1: {}, 2: {"c": "==1"}}, "c": {1: {}, 2: {}}})
    picked = resolve("bot", Wanted(packs=packages({"a": "*", "c": ">=2"})), shelf)
    assert labels(picked) == ["a 1", "c 2"]
    (found,) = kept_back(picked, shelf)
    assert found.newest.label == "a 2"
    assert [(one.by, one.range) for one in found.keepers] == [("a 2", "c@==1")]


def test_nothing_is_kept_back_where_everybody_has_the_newest_of_their_range() -> None:
    shelf = Shelf({"a": {1: {"c": "<=2"}}, "c": {1: {}, 2: {}, 3: {}}})
    assert kept_back(resolve("bot", Wanted(packs=packages({"a": "*"})), shelf), shelf) == ()


def random_shelf(rng: random.Random, *, circles: bool = False) -> Shelf:
    """Up to five packages of up to three versions; each asks for a few of the later ones, or of all with circles."""
    names = "abcde"[: rng.randrange(2, 6)]
    shelf = {}
    for number, name in enumerate(names):
        later = names if circles else names[number + 1 :]
        shelf[name] = {
            version: {
                other: rng.choice(["*", "<=1", ">=2", "==2", "!=2", "==3"])
                for other in rng.sample(later, min(len(later), rng.randrange(3)))
            }
            for version in range(1, rng.randrange(2, 5))
        }
    return Shelf(shelf)


def solutions(shelf: Shelf, asks: Asks) -> list[dict[str, int]]:
    """Every consistent choice of versions, by trying all combinations."""
    found = []
    names = sorted(shelf.packages)
    for versions in product(*([None, *shelf.packages[name]] for name in names)):
        chosen = {name: v for name, v in zip(names, versions, strict=True) if v is not None}
        needed = dict.fromkeys(asks)
        fits = all(n in chosen and str(chosen[n]) in specifiers(r) for n, r in asks.items())
        for name, version in chosen.items():
            for other, wanted in shelf.packages[name][version].items():
                fits = fits and other in chosen and str(chosen[other]) in specifiers(wanted)
                needed[other] = None
        if fits and set(needed) == set(chosen) and _reached(shelf, asks, chosen) == set(chosen):
            found.append(chosen)
    return found


def _reached(shelf: Shelf, asks: Asks, chosen: Mapping[str, int]) -> set[str]:
    seen: set[str] = set()
    todo = list(asks)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += shelf.packages[name][chosen[name]]
    return seen


def _goes_around(shelf: Shelf, chosen: Mapping[str, int]) -> bool:
    return any(
        name in _reached(shelf, shelf.packages[name][chosen[name]], chosen) for name in chosen
    )


def _is_newer(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    """Whether no package that both have is older, and one is newer."""
    both = one.keys() & other.keys()
    return all(one[n] >= other[n] for n in both) and any(one[n] > other[n] for n in both)


@pytest.mark.parametrize("circles", [False, True])
@settings(max_examples=examples(2_000), deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_law_what_fits_and_is_newest_is_found_where_trying_everything_finds_it(
    seed: int, circles: bool
) -> None:
    rng = random.Random(seed)
    shelf = random_shelf(rng, circles=circles)
    names = sorted(shelf.packages)
    asks = {n: rng.choice(["*", ">=2", "<=2"]) for n in rng.sample(names, rng.randrange(1, 3))}
    fitting = solutions(shelf, asks) if all(_offered(shelf, asks)) else []
    possible = [chosen for chosen in fitting if not _goes_around(shelf, chosen)]
    if not possible:
        with pytest.raises(DistError) as caught:
            resolve("bot", Wanted(packs=packages(asks)), shelf)
        told = "in a circle" in str(caught.value) or "asks for itself" in str(caught.value)
        assert told == bool(fitting)
        return
    found = resolve("bot", Wanted(packs=packages(asks)), shelf)
    chosen = {
        each.choice.key: int(each.choice.commit.removeprefix(each.choice.key)) for each in found
    }
    assert chosen in possible
    assert not any(_is_newer(other, chosen) for other in possible)
    order = labels(found)
    for each in found:
        for below in each.over:
            label = next(one.choice.label for one in found if one.choice.key == below)
            assert order.index(label) < order.index(each.choice.label)


@settings(max_examples=examples(2000))
@given(st.integers(0, 1 << 40))
def test_law_what_all_agree_on_is_what_a_search_finds(seed: int) -> None:
    rng = random.Random(seed)
    shelf = random_shelf(rng, circles=True)
    names = sorted(shelf.packages)
    asks = {n: rng.choice(["*", ">=2", "<=2"]) for n in rng.sample(names, rng.randrange(1, 3))}
    offers = resolving._Offers(shelf)
    top = offers.all_asked("bot", "", Wanted(packs=packages(asks)))
    agreed = resolving._agreed(offers, top)
    if agreed is not None:
        assert dict(resolving._searched("bot", resolving._Offers(shelf), top)) == agreed


def test_packages_that_nobody_disagrees_about_are_looked_at_once_each() -> None:
    looked: list[str] = []

    class Counting(Shelf, frozen=True):
        def choices(self, dependency: Dependency, asker: str) -> Sequence[Choice]:
            assert dependency.source
            looked.append(dependency.source.location)
            return super().choices(dependency, asker)

    names = [f"p{number}" for number in range(200)]
    shelf = Counting({name: {1: {}} for name in names})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolving, "_searched", None)
        found = resolve("bot", Wanted(packs=packages(dict.fromkeys(names, "*"))), shelf)
    assert len(found) == len(looked) == 200


def _offered(shelf: Shelf, asks: Asks) -> list[bool]:
    return [any(str(n) in specifiers(r) for n in shelf.packages[name]) for name, r in asks.items()]
