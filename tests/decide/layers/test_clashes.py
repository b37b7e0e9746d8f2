"""Clashes between layers are found for all layers at once, as if each pair of them were compared."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.decide.layers.clashes import Clash, Said, clashes_in
from hermes_dist.decide.layers.stack import Layer, Order, Rank
from hermes_dist.merge.data import merge_values
from hermes_dist.merge.values import Merge
from hermes_dist.model.documents.api import ABSENT, get
from hermes_dist.model.keypath import format_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY

CONFIG, MCP = RelPath("config.yaml"), RelPath("mcp.json")
KEYS = ("a", "toolsets", "mcp_servers", "enabled")
PLACES = ("", "a", "a.a", "a[name=x].v", "a.toolsets", "mcp_servers.a", "mcp_servers.a.enabled")


def by_pairs(path: RelPath, order: Order, data: Said) -> Iterator[Clash]:
    """The clashes by their definition, in work that grows with the square of the number of layers."""
    for (one, mine), (other, yours) in combinations(data, 2):
        for key in merge_values(path, ABSENT, mine, yours)[1]:
            saying = [layer for layer, value in data if get(value, key) is not ABSENT]
            alive = [
                low.name
                for low in saying
                if not any(order.is_above(high, low, path, key) for high in saying)
            ]
            if one.name in alive and other.name in alive:
                yield Clash(path, format_key(key), tuple(sorted((one.name, other.name))))


def value(rng: random.Random, depth: int = 3) -> object:
    kind = rng.randrange(7 if depth else 3)
    if kind < 3:
        return rng.choice([1, 2, 1.0, None, "x", {}, [], ["x"], ["y", "x"]])
    if kind == 3:
        return [
            {"name": name, "v": value(rng, depth - 1)}
            for name in rng.sample("xyz", rng.randrange(1, 3))
        ]
    return {key: value(rng, depth - 1) for key in rng.sample(KEYS, rng.randrange(1, 4))}


def stack(rng: random.Random, path: RelPath) -> list[Layer]:
    places = [f"{path}: {place}" if place else str(path) for place in PLACES]
    names = [f"l{n}" for n in range(rng.randrange(2, 7))]
    return [
        Layer(
            name=name,
            rank=rng.choice([Rank.BASE, *[Rank.PACK] * 8, Rank.OWN]),
            tree=EMPTY,
            over=frozenset(rng.sample(names[:n], rng.choice([0, 0, min(n, 1)]))),
            overrides=frozenset(rng.sample(places, rng.choice([0, 0, 0, 1, 2]))),
        )
        for n, name in enumerate(names)
    ]


@settings(max_examples=examples(1000, least=200))
@given(st.integers(0, 1 << 40))
def test_clashes_are_those_of_all_pairs(seed: int) -> None:
    rng = random.Random(seed)
    path = rng.choice([CONFIG, MCP])
    order = Order(stack(rng, path))
    data = [(layer, value(rng, rng.choice([3, 3, 3, 0]))) for layer in order.downwards]
    assert sorted(clashes_in(path, order, data)) == sorted(by_pairs(path, order, data))


def test_only_what_several_layers_say_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    merged = Merge.value

    def counted(self: Merge, *values: object) -> object:
        compared.append(values)
        return merged(self, *values)  # type: ignore[arg-type]

    monkeypatch.setattr(Merge, "value", counted)
    layers = [Layer(name=f"l{n}", rank=Rank.PACK, tree=EMPTY) for n in range(50)]
    data = [
        (each, {"same": 1, each.name: {"a": 1}, "pair": n // 49}) for n, each in enumerate(layers)
    ]
    clashes = clashes_in(CONFIG, Order(layers), data)
    assert {clash.key for clash in clashes} == {"pair"}
    assert len(clashes) == 49
    assert len(compared) == 1
