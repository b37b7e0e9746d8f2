"""Layers are composed key by key and file by file, in an order that their sequence has no say in."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_dist.decide.layers.clashes import Clash
from hermes_dist.decide.layers.compose import Composed, compose
from hermes_dist.decide.layers.stack import Layer, Order, Rank
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import ABSENT, Kind, dump, get, load_data
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Read, Tree

CONFIG, SOUL = RelPath("config.yaml"), RelPath("SOUL.md")
BLOBS: dict[Digest, bytes] = {}


def tree(files: Mapping[str, str]) -> Tree:
    entries = {}
    for path, text in files.items():
        BLOBS[Digest.of(text.encode())] = text.encode()
        entries[RelPath(path)] = Entry(Digest.of(text.encode()))
    return Tree(entries)


def layer(
    name: str,
    files: Mapping[str, str],
    rank: Rank = Rank.PACK,
    *,
    over: Iterable[str] = (),
    overrides: Iterable[str] = (),
    without: Iterable[str] = (),
) -> Layer:
    return Layer(
        name=name,
        rank=rank,
        tree=tree(files),
        over=frozenset(over),
        overrides=frozenset(overrides),
        without=frozenset(without),
    )


def reading(made: Composed) -> Read:
    return {**BLOBS, **made.blobs}.__getitem__


def texts(*layers: Layer) -> dict[str, str]:
    made = compose(layers, BLOBS.__getitem__)
    assert made.clashes == ()
    read = reading(made)
    return {str(path): read(entry.digest).decode() for path, entry in made.tree.items()}


def test_the_package_wins_over_a_pack_and_a_pack_over_the_base_key_by_key() -> None:
    base = layer(
        "base", {"config.yaml": "# team\na: 1\nb: 1  # why\nc: 1\n", "SOUL.md": "calm"}, Rank.BASE
    )
    pack = layer("pack", {"config.yaml": "b: 2\n", "skills/x/SKILL.md": "x"})
    own = layer("own", {"config.yaml": "# mine\nc: 3\n", "SOUL.md": "lively"}, Rank.OWN)
    made = texts(pack, own, base)
    assert load_data(made["config.yaml"].encode(), Kind.YAML) == {"a": 1, "b": 2, "c": 3}
    assert "# mine" in made["config.yaml"]
    assert made["SOUL.md"] == "lively"
    assert made["skills/x/SKILL.md"] == "x"


def test_two_packs_may_say_the_same_and_clash_where_they_do_not() -> None:
    one = layer("one", {"config.yaml": "a: 1\nb: 1\n", "SOUL.md": "s"})
    two = layer("two", {"config.yaml": "a: 1\nb: 2\n", "SOUL.md": "s"})
    clashes = compose((two, one), BLOBS.__getitem__).clashes
    assert clashes == (Clash(CONFIG, "b", ("one", "two")),)
    assert clashes[0].place == "config.yaml: b"
    own = layer("own", {"config.yaml": "b: 3\n"}, Rank.OWN)
    assert load_data(texts(one, two, own)["config.yaml"].encode(), Kind.YAML) == {"a": 1, "b": 3}


def test_a_pack_settles_a_clash_by_depending_on_the_other_or_by_saying_that_it_overrides() -> None:
    one = layer("one", {"config.yaml": "b: 1\n", "skills/x/SKILL.md": "1"})
    below = layer("two", {"config.yaml": "b: 2\n", "skills/x/SKILL.md": "2"}, over=["one"])
    assert texts(one, below) == {"config.yaml": "b: 2\n", "skills/x/SKILL.md": "2"}
    said = layer(
        "zwei",
        {"config.yaml": "b: 2\n", "skills/x/SKILL.md": "2"},
        overrides=["config.yaml: b", "skills/x"],
    )
    assert texts(one, said) == {"config.yaml": "b: 2\n", "skills/x/SKILL.md": "2"}


def test_a_layer_takes_files_and_keys_out_of_the_layers_below_it() -> None:
    base = layer(
        "base",
        {"config.yaml": "a: 1\nb: {c: 1, d: 2}\n", "skills/x/SKILL.md": "x", "cron/j.json": "{}"},
        Rank.BASE,
    )
    own = layer("own", {"SOUL.md": "s"}, Rank.OWN, without=["skills/x", "config.yaml: b.c"])
    made = texts(base, own)
    assert load_data(made["config.yaml"].encode(), Kind.YAML) == {"a": 1, "b": {"d": 2}}
    assert sorted(made) == ["SOUL.md", "config.yaml", "cron/j.json"]


def test_a_pack_can_not_take_anything_out_of_another_that_it_does_not_stand_on() -> None:
    one = layer("one", {"skills/x/SKILL.md": "x"})
    two = layer("two", {"SOUL.md": "s"}, without=["skills/x"])
    assert "skills/x/SKILL.md" in texts(one, two)


def test_a_file_of_one_layer_and_a_folder_of_another_clash() -> None:
    one, two = layer("one", {"hooks/x": "file"}), layer("two", {"hooks/x/run.sh": "script"})
    assert compose((one, two), BLOBS.__getitem__).clashes == (
        Clash(RelPath("hooks/x"), "", ("one", "two")),
    )


def test_layers_in_a_circle_and_two_of_one_name_are_refused() -> None:
    with pytest.raises(Invalid, match="depend on each other in a circle: a and b"):
        compose((layer("a", {}, over=["b"]), layer("b", {}, over=["a"])), BLOBS.__getitem__)
    with pytest.raises(Invalid, match="two layers are called 'a'"):
        compose((layer("a", {}), layer("a", {})), BLOBS.__getitem__)


KEYS = ("a", "b", "m.x", "m.y")


def random_stack(seed: int) -> list[Layer]:
    """A base, a few packs of which some depend on earlier ones, and a package, all with settings and skills."""
    rng = random.Random(seed)
    stack: list[Layer] = []
    names = ["base", *(f"p{n}" for n in range(rng.randrange(4))), "own"]
    for name in names:
        rank = {"base": Rank.BASE, "own": Rank.OWN}.get(name, Rank.PACK)
        data: dict[str, object] = {}
        for key in KEYS:
            if rng.random() < 0.5:
                outer, _, inner = key.partition(".")
                place = data.setdefault(outer, {}) if inner else data
                assert isinstance(place, dict)
                place[inner or outer] = rng.randrange(3)
        files = {f"skills/{n}/SKILL.md": str(rng.randrange(2)) for n in "st" if rng.random() < 0.4}
        if data:
            files["config.yaml"] = dump(data, Kind.YAML).decode()
        packs = [x.name for x in stack if x.rank is Rank.PACK]
        over = rng.sample(packs, min(len(packs), rng.randrange(2))) if rank is Rank.PACK else []
        overrides = (
            [f"config.yaml: {k}" for k in KEYS if rng.random() < 0.15] if rank is Rank.PACK else []
        )
        stack.append(layer(name, files, rank, over=over, overrides=overrides))
    return stack


def expected(stack: list[Layer]) -> tuple[dict[str, object], set[str]]:
    """What each key should be, worked out key by key from the rule alone; and the keys that clash."""
    data = {
        x.name: load_data(BLOBS[x.tree[CONFIG].digest], Kind.YAML)
        for x in stack
        if CONFIG in x.tree
    }
    reach = {x.name: set(x.over) for x in stack}
    for _ in stack:
        for below in reach.values():
            below |= {name for one in tuple(below) for name in reach[one]}

    def beats(high: Layer, low: Layer, key: str) -> bool:
        one, other = ((x.rank, f"config.yaml: {key}" in x.overrides) for x in (high, low))
        return one > other or (one == other and low.name in reach[high.name])

    values: dict[str, object] = {}
    clashes = set()
    for key in KEYS:
        steps = tuple(key.split("."))
        saying = [x for x in stack if x.name in data and get(data[x.name], steps) is not ABSENT]
        alive = [x for x in saying if not any(beats(y, x, key) for y in saying)]
        found = {str(get(data[x.name], steps)) for x in alive}
        if len(found) > 1:
            clashes.add(key)
        elif found:
            values[key] = int(found.pop())
    return values, clashes


@given(st.integers(0, 1 << 40))
def test_law_each_key_is_that_of_the_layer_above_all_others_that_have_it(seed: int) -> None:
    stack = random_stack(seed)
    made = compose(stack, BLOBS.__getitem__)
    values, clashes = expected(stack)
    assert {c.key for c in made.clashes if c.path == CONFIG} == clashes
    if CONFIG in made.tree:
        data = load_data(reading(made)(made.tree[CONFIG].digest), Kind.YAML)
        for key in set(KEYS) - clashes:
            got = get(data, tuple(key.split(".")))
            assert got == values.get(key, ABSENT), key


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 40))
def test_law_the_sequence_of_the_layers_has_no_say(seed: int, order: int) -> None:
    stack = random_stack(seed)
    mixed = list(stack)
    random.Random(order).shuffle(mixed)
    one, other = compose(stack, BLOBS.__getitem__), compose(mixed, BLOBS.__getitem__)
    assert (one.tree, one.clashes) == (other.tree, other.clashes)


@given(st.integers(0, 1 << 40))
def test_what_nobody_is_above_is_found_as_if_each_were_compared_with_each(seed: int) -> None:
    rng = random.Random(seed)
    places = ["config.yaml", "config.yaml: a", "config.yaml: a.b", "SOUL.md"]
    names = [f"l{n}" for n in range(rng.randrange(1, 9))]
    stack = [
        layer(
            name,
            {},
            rng.choice([Rank.BASE, Rank.PACK, Rank.PACK, Rank.PACK, Rank.OWN]),
            over=rng.sample(names[:n], rng.randrange(min(n, 2) + 1)),
            overrides=rng.sample(places, rng.choice([0, 0, 1, 2])),
        )
        for n, name in enumerate(names)
    ]
    order, some = Order(stack), rng.sample(stack, rng.randrange(len(stack) + 1))
    for path, key in ((CONFIG, ()), (CONFIG, ("a", "b")), (CONFIG, ("c",)), (SOUL, ())):
        assert order.unbeaten(some, path, key) == [
            low for low in some if not any(order.is_above(high, low, path, key) for high in some)
        ]
