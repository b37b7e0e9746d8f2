"""Laws of a profile that stands on layers, with the merge of every update: whatever moves, and whatever the user edits."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence

from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.layers.compose import compose
from hermes_dist.decide.layers.leaving import Leaving
from hermes_dist.decide.layers.stack import Layer, Rank
from hermes_dist.merge.trees import merge_trees
from hermes_dist.model.documents.api import Kind, dump, kind_of, load_data
from hermes_dist.model.keypath import format_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree
from hermes_dist.model.values import leaves

PACKS = ("p", "q", "r")
BLOBS: dict[Digest, bytes] = {}
SEEDS = st.integers(0, 1 << 40)
State = Mapping[str, object]
"""What is at each place of a home: a file's text, or the value of a key."""


def put(text: bytes) -> Entry:
    digest = Digest.of(text)
    BLOBS[digest] = text
    return Entry(digest)


def tree(places: State) -> Tree:
    """A tree with these files and keys."""
    data: dict[RelPath, dict[object, object]] = {}
    entries = {}
    for place, value in sorted(places.items()):
        path, _, key = place.partition(": ")
        if not key:
            entries[RelPath(path)] = put(str(value).encode())
            continue
        outer, _, inner = key.partition(".")
        part = data.setdefault(RelPath(path), {}).setdefault(outer, {})
        assert isinstance(part, dict)
        part[inner] = value
    for file, content in data.items():
        entries[file] = put(dump(content, kind_of(file) or Kind.YAML))
    return Tree(entries)


def state(tree: Tree) -> State:
    found: dict[str, object] = {}
    for path, entry in tree.items():
        text = BLOBS[entry.digest]
        kind = kind_of(path)
        if kind is None:
            found[str(path)] = text.decode()
            continue
        places = leaves(load_data(text, kind))
        found |= {f"{path}: {format_key(key)}": v for key, v in places if key and v != {}}
    return found


class Profile(Struct, frozen=True):
    """A home, and what its lock holds of the layers."""

    home: Tree = EMPTY
    base: Tree = EMPTY
    conflicts: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = ()

    def update(self, stack: Iterable[Layer]) -> Profile:
        """One step to a stack, as each verb makes it."""
        layers = tuple(stack)
        made = compose(layers, BLOBS.__getitem__)
        assert made.clashes == ()
        BLOBS.update(made.blobs)
        names = {layer.name for layer in layers}
        gone = [layer.tree for layer in self.layers if layer.name not in names]
        leaves = Leaving(gone, made.tree, (), BLOBS.__getitem__)
        merged = merge_trees(self.base, self.home, made.tree, BLOBS.__getitem__, leaves=leaves)
        BLOBS.update(merged.blobs)
        open_ = tuple(f"{c.path}: {c.key}" for c in merged.conflicts)
        return Profile(merged.tree, merged.base, open_, layers)

    def edit(self, edits: Mapping[str, object | None]) -> Profile:
        """Change, add and take out places; None takes one out."""
        now = {**state(self.home), **edits}
        return replace(self, home=tree({p: v for p, v in now.items() if v is not None}))

    @property
    def all(self) -> tuple[State, State, tuple[str, ...]]:
        return state(self.home), state(self.base), self.conflicts


def pack(rng: random.Random, name: str, rank: Rank = Rank.PACK) -> Layer:
    """A version of a layer: settings and skills of its own, and some of the team's where it stands above the others."""
    places: dict[str, object] = {
        # A section is there in each version: one that leaves as a whole is one conflict, at its last version.
        f"config.yaml: {name}.{key}": rng.randrange(3)
        for key in "abc"
        if key == "c" or rng.random() < 0.8
    }
    places |= {
        f"skills/{name}{n}/SKILL.md": f"Version {rng.randrange(3)} of {name}{n}.\n"
        for n in range(2)
        if rng.random() < 0.8
    }
    places[f"config.yaml: packs.{name}"] = rng.randrange(3)
    places |= {f"skills/{name}0/data.json: {name}.{name}-{key}": rng.randrange(3) for key in "ab"}
    if rank is not Rank.PACK:
        places |= {f"config.yaml: team.{k}": rng.randrange(3) for k in "xy" if rng.random() < 0.8}
    if name == "p":  # one pack alone says something about the team's settings: no clash
        places["config.yaml: team.x"] = rng.randrange(3)
    return Layer(name=name, rank=rank, tree=tree(places))


def stack(rng: random.Random, packs: Sequence[str] = PACKS, base: str = "base") -> list[Layer]:
    return [
        pack(rng, base, Rank.BASE),
        *(pack(rng, name) for name in packs),
        pack(rng, "own", Rank.OWN),
    ]


def edits_of(rng: random.Random, home: Tree) -> dict[str, object | None]:
    """Edits of a home: places changed, taken out, and new ones; the values are the user's alone."""
    found: dict[str, object | None] = {}
    for number, place in enumerate(sorted(state(home))):
        if rng.random() < 0.3:
            mine = f"mine {number}" if ": " in place else f"Mine {number}.\n"
            found[place] = rng.choice([mine, mine, None])
    found["config.yaml: mine.a"] = "mine"
    found["skills/p0/notes.md"] = "Mine of p.\n"
    return found


def is_kept(profile: Profile, edits: Mapping[str, object | None]) -> bool:
    now = state(profile.home)
    return all(now.get(place) == value for place, value in edits.items())


def open_places(profile: Profile) -> list[str]:
    return [place.removesuffix(": ") for place in profile.conflicts]


def law(test: Callable[[int], None]) -> Callable[[], None]:
    return settings(max_examples=examples(200, least=20))(given(SEEDS)(test))


def ships(layers: Iterable[Layer]) -> State:
    return state(Profile().update(layers).home)


@law
def test_law_all_versions_one_by_one_and_the_last_alone_end_the_same(seed: int) -> None:
    rng = random.Random(seed)
    first = Profile().update(stack(rng))
    two, three = stack(rng), stack(rng)
    between = ships(two)
    # What the user and a version between both took out is agreed; a later one brings it anew.
    edits = {p: v for p, v in edits_of(rng, first.home).items() if v is not None or p in between}
    first = first.edit(edits)
    assert first.update(two).update(three).all == first.update(three).all


@law
def test_law_nothing_of_the_users_is_lost_whatever_moves_comes_and_goes(seed: int) -> None:
    rng = random.Random(seed)
    profile = Profile().update(stack(rng))
    edits = edits_of(rng, profile.home)
    profile = profile.edit(edits)
    for _ in range(5):
        packs = rng.sample(PACKS, rng.randrange(4))
        now = stack(rng, packs, rng.choice(["base", "other"]))
        profile, shipped = profile.update(now), ships(now)
        # Both took it out: that is agreed, and what comes later is new.
        edits = {p: v for p, v in edits.items() if v is not None or p in shipped}
        assert is_kept(profile, edits)


@law
def test_law_layers_that_have_nothing_to_do_with_each_other_may_move_in_any_order(
    seed: int,
) -> None:
    rng = random.Random(seed)
    old, new = stack(rng), stack(rng)
    first = Profile().update(old)
    # A key of the team's may be nobody's on the way from one layer to another: what the user took out is agreed then.
    team, edits = "config.yaml: team.", edits_of(rng, first.home)
    first = first.edit({p: v for p, v in edits.items() if v is not None or not p.startswith(team)})
    ends = []
    for _ in range(2):
        now, order = list(old), rng.sample(range(len(old)), len(old))
        profile = first
        for at in order:  # one layer after the other moves, in any order, and listed in any
            now[at] = new[at]
            profile = profile.update(rng.sample(now, len(now)))
        ends.append(profile.all)
    assert ends[0] == ends[1] == first.update(new).all


@law
def test_law_a_pack_that_is_taken_out_leaves_nothing_but_what_was_edited(seed: int) -> None:
    rng = random.Random(seed)
    with_it = stack(rng)
    without = [layer for layer in with_it if layer.name != "p"]
    first = Profile().update(with_it)
    edits = edits_of(rng, first.home)
    profile = first.edit(edits).update(without)
    never = Profile().update(without)
    mine = {place: value for place, value in edits.items() if value is not None}
    for place, value in state(profile.home).items():
        assert value == mine.get(place, state(never.home).get(place)), place
    # There is nothing to ask about what only that pack brought: what stays of it is the user's.
    assert all(place in state(never.home) for place in open_places(profile))
    assert state(profile.base) == state(never.base) | {
        place: state(first.base)[place] for place in open_places(profile)
    }
    assert is_kept(profile, edits)
    for place, value in state(never.home).items():
        assert edits.get(place, value) == state(profile.home).get(place), place


@law
def test_law_a_pack_that_leaves_in_between_or_at_last_ends_the_same(seed: int) -> None:
    rng = random.Random(seed)
    one = stack(rng)
    first = Profile().update(one)
    two = stack(rng, rng.choice([PACKS, PACKS[1:]]), rng.choice(["base", "other"]))
    three = stack(rng, PACKS[1:], "other")
    between, last = ships(two), ships(three)
    # Whoever leaves may have dropped a part before: that is a question of then, and stays one; so does what another
    # layer took over and dropped. And what was nobody's in between is new when it comes back.
    stays = {layer.name for layer in two}
    dropped = {p for layer in one for p in state(layer.tree) if layer.name in stays} - set(between)
    gone = {p for layer in one for p in state(layer.tree) if layer.name not in stays}
    dropped |= (gone & set(between)) - set(last)
    edits = {
        place: value
        for place, value in edits_of(rng, first.home).items()
        if place not in dropped and (place in between or place not in last)
    }
    first = first.edit(edits)
    assert first.update(two).update(three).all == first.update(three).all


@law
def test_law_a_pack_that_was_never_edited_comes_and_goes_without_a_trace(seed: int) -> None:
    rng = random.Random(seed)
    with_it = stack(rng)
    without = [layer for layer in with_it if layer.name != "q"]
    first = Profile().update(without)
    first = first.edit(edits_of(rng, first.home))
    assert first.update(with_it).update(without).all == first.update(without).all


@law
def test_law_an_override_reaches_the_home_below_the_package_and_the_user(seed: int) -> None:
    rng = random.Random(seed)
    place, skill = "config.yaml: shared.a", "skills/shared/SKILL.md"
    overrides = frozenset({place, "skills/shared"})

    def both() -> tuple[list[Layer], str]:
        values = {name: f"of {name} {rng.randrange(3)}" for name in "pq"}
        layers = [
            replace(layer, tree=with_places(layer.tree, values[layer.name]))
            if layer.name in values
            else layer
            for layer in stack(rng)
        ]
        return [
            replace(layer, overrides=overrides) if layer.name == "p" else layer for layer in layers
        ], values["p"]

    def with_places(old: Tree, value: str) -> Tree:
        return tree({**state(old), place: value, skill: f"{value}\n"})

    (old, _), (new, wins) = both(), both()
    first = Profile().update(old)
    moved = first.update(rng.sample(new, len(new)))
    assert (state(moved.home)[place], state(moved.home)[skill]) == (wins, f"{wins}\n")
    edits: dict[str, object | None] = {place: "mine"}
    assert is_kept(first.edit(edits).update(new), edits)
    own = [
        replace(layer, tree=with_places(layer.tree, "own")) if layer.rank is Rank.OWN else layer
        for layer in new
    ]
    assert state(moved.update(own).home)[place] == "own"
