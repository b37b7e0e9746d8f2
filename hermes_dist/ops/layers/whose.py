"""Whose a place is: which layer of a profile's package ships it, and whose value counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.agents.places import CONFIG
from hermes_dist.decide.consent.review import Group
from hermes_dist.decide.layers.counting import counting, names_place
from hermes_dist.decide.layers.documents import Documents
from hermes_dist.decide.layers.origins import BY_KEY, Brought, Origin, Origins
from hermes_dist.decide.layers.places import is_as_received, is_joined, meets, part_of
from hermes_dist.decide.layers.stack import Layer, Order, Rank
from hermes_dist.decide.near import near, offered
from hermes_dist.errors import DistError, Invalid, quoted
from hermes_dist.model.documents.api import ABSENT, get, kind_of
from hermes_dist.model.keypath import (
    KeyPath,
    as_typed,
    format_key,
    join_place,
    named_places,
    names_key,
    parse_key,
    split_place,
)
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.tree import Tree
from hermes_dist.model.values import leaves
from hermes_dist.ops.change.fetch import Holding, placed_for
from hermes_dist.ops.change.lost_contents import mending
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, look_into
from hermes_dist.ops.layers.again import fetched_of
from hermes_dist.ops.layers.received import layer_in, received_together
from hermes_dist.ops.neighbours.package import Packaged
from hermes_dist.ops.package.resolve import near_places
from hermes_dist.world.files import LARGEST, read_file


class Shipped(Struct, frozen=True, kw_only=True):
    """One package of a profile, with what it brings in the spelling of a home.

    Attributes:
        package: The package as the lock records it.
        tree: Its files, as a home stores them.
        documents: Reads the data of those that are documents.
        layer: How it stands to the others, with its files as its author wrote them.
    """

    package: LockedPackage
    tree: Tree
    documents: Documents
    layer: Layer


class Says(Struct, frozen=True, kw_only=True):
    """What one package says about a place.

    Attributes:
        package: The package.
        value: Its value, as data; of a file the digest of its content.
        counts: Whether it is the one whose value counts.
        on_purpose: Whether the package names the place in ``overrides``, or takes it out with ``without``.
    """

    package: LockedPackage
    value: object
    counts: bool
    on_purpose: bool = False


class Why(Struct, frozen=True, kw_only=True):
    """Why a place of a profile is as it is.

    Attributes:
        profile: The profile.
        path: The file.
        key: The key in it; empty for the whole file.
        value: What is there now; ABSENT for nothing, of a file the digest of its content.
        own: Whether it is the user's: no package ships it so.
        waits: Whether something of what they ship there waits for approval.
        joined: Whether it is a file or map that several packages fill, each with keys of its own.
        says: What each package says, from the top down; only those that say something.
    """

    profile: ProfileName
    path: RelPath
    key: str
    value: object
    own: bool
    waits: bool
    joined: bool
    says: tuple[Says, ...]

    @property
    def place(self) -> str:
        """``path`` or ``path: key``."""
        return join_place(self.path, self.key)


def packages_of(ctx: Context, name: ProfileName) -> Lock:
    """Return the lock of a profile, whose packages ``tree`` shows.

    Raises:
        DistError: The profile has no package, or its lock can't be read.
    """
    return look_into(ctx, name).need_lock(ctx)


def why(ctx: Context, name: ProfileName, place: str) -> Why:
    """Tell why a place of a profile is as it is.

    Args:
        ctx: The context.
        name: The profile.
        place: A path, a key, or ``path: key``, as :func:`named_places` reads it.

    Raises:
        DistError: There is no such place, or a package is not here any more and can't be fetched.
    """
    home = look_into(ctx, name)
    lock = home.need_lock(ctx)
    stack = _stack(ctx, home.name, lock)
    path, key = _place(ctx, home, stack, place)
    here, received = _file(home, path), _received(ctx, lock, path)
    mask, own = Mask.of(ctx, home.path), not is_as_received(path, key, here, received)
    value, said = part_of(here, path, key), _said(stack, path, key)
    counts = counting(
        _order(stack), [one.package.name for one in said], path, key, Documents(ctx.store.read)
    )
    says = tuple(
        Says(
            package=one.package,
            value=mask.value(format_key(key), _value(one, path, key)),
            counts=one.package.name == counts and not own,
            on_purpose=names_place(one.layer, path, key),
        )
        for one in said
    )
    return Why(
        profile=name,
        path=path,
        key=format_key(key),
        value=value if value is ABSENT else mask.value(format_key(key), value),
        own=own,
        waits=any(meets(effect, path, key) for effect in lock.parked),
        joined=is_joined(path, key, [_value(one, path, key) for one in said]),
        says=says,
    )


def _said(stack: tuple[Shipped, ...], path: RelPath, key: KeyPath) -> list[Shipped]:
    """The packages that say something at a place, from the top down."""
    return [one for one in reversed(stack) if _value(one, path, key) is not ABSENT]


def _received(ctx: Context, lock: Lock, path: RelPath) -> bytes | None:
    """A file as the home received it from all packages together; None if they ship none."""
    entry = lock.base.get(path)
    return None if entry is None else mending(ctx, lock)(entry.digest)


def _file(home: Home, path: RelPath) -> bytes | None:
    """A file as it is in the home."""
    file = home.path / path
    return read_file(file, limit=LARGEST) if file.is_file() else None


def _order(stack: tuple[Shipped, ...]) -> Order:
    return Order(each.layer for each in stack)


def owns(ctx: Context, name: ProfileName, package: str) -> tuple[str, ...]:
    """List the places of a profile whose value comes from one package.

    Args:
        ctx: The context.
        name: The profile.
        package: The name of a package of the profile.

    Returns:
        ``path``, or ``path: key`` in a file that several packages write into.

    Raises:
        DistError: The profile has no such package, or one is not here any more and can't be fetched.
    """
    home = look_into(ctx, name)
    lock = home.need_lock(ctx)
    names = [one.name for one in lock.packages]
    if package not in names:
        raise DistError(
            f"no package of {name} is called {quoted(package, 100)}",
            where=str(home.path),
            hint=f"{offered(package, names, 'its packages')}; see: {ctx.command(f'tree {name}')}",
        )
    stack = _stack(ctx, home.name, lock)
    order, mine, found = _order(stack), stack[names.index(package)], []
    documents = Documents(ctx.store.read)
    for path, key in _places_in(mine):
        saying = [one.package.name for one in stack if _value(one, path, key) is not ABSENT]
        if counting(order, saying, path, key, documents) == package:
            found.append(join_place(path, format_key(key)))
    return tuple(found)


def origins(ctx: Context, home: Home) -> Callable[[Group], Origin]:
    """Make a function that tells which layers are behind what waits or runs; nothing if that can't be read."""
    lock = home.lock
    stack: tuple[Shipped, ...] = ()
    if lock is not None and lock.layers:
        with suppress(DistError):
            stack = _stack(ctx, home.name, lock)
    brought = [Brought(one.layer, one.tree) for one in stack]
    return Origins(brought, ctx.store.read).of


def _stack(ctx: Context, name: ProfileName, lock: Lock) -> tuple[Shipped, ...]:
    """Read all packages of a lock again, the lowest first.

    Raises:
        DistError: One is not here any more and can't be fetched.
    """
    found = received_together(ctx, name, lock.packages)
    return tuple(map(partial(_shipped, ctx, lock), lock.packages, found))


def _shipped(ctx: Context, lock: Lock, package: LockedPackage, found: Packaged) -> Shipped:
    layer, fetched = layer_in(package, found), fetched_of(package, found)
    if layer.rank is not Rank.OWN:
        fetched = replace(fetched, offer=fetched.offer._replace(tree=layer.tree))
    held = Holding(included=package.included, inputs=lock.inputs)
    placed = placed_for(ctx, fetched, held)
    return Shipped(
        package=package, tree=placed.placed, documents=Documents(placed.read), layer=layer
    )


def _value(shipped: Shipped, path: RelPath, key: KeyPath) -> object:
    entry = shipped.tree.get(path)
    if entry is None:
        return ABSENT
    if not key:
        return str(entry.digest)
    kind = kind_of(path)
    return ABSENT if kind is None else get(shipped.documents.data(entry, kind), key)


def _places_in(shipped: Shipped) -> Iterator[tuple[RelPath, KeyPath]]:
    for path, entry in shipped.tree.items():
        kind = kind_of(path) if path in BY_KEY else None
        if kind is None:
            yield path, ()
        else:
            for key, _ in leaves(shipped.documents.data(entry, kind)):
                yield path, key


def _place(
    ctx: Context, home: Home, stack: tuple[Shipped, ...], word: str
) -> tuple[RelPath, KeyPath]:
    """Find the place that a typed word means: what a package ships, or else a file or key of the home.

    Raises:
        DistError: There is no such place, or it is not clear which.
    """
    named, word = named_places(word, _known(stack)), as_typed(word)
    if len(named.places) == 1:
        return _split(named.places[0])
    # The file itself, though packages write several keys into it.
    if word in named.places:
        return _split(word)
    around = _around(word, named.places)
    several = named.places or named.candidates
    # A file and a key in it is clear, also if the key is one around several others.
    at = _in_home(home, stack, around or word) if around or ": " in word or not several else None
    if at is None:
        raise _no_place(ctx, home, word, several, _known(stack))
    return at


def _around(word: str, places: tuple[str, ...]) -> str:
    """The place of a key around several others, all in one file; empty if the word is something else."""
    files = {split_place(place)[0] for place in places}
    is_key = len(files) == 1 and all(
        names_key(word, *split_place(place)) and split_place(place)[1] for place in places
    )
    return join_place(files.pop(), word) if is_key and ": " not in word else ""


def _known(stack: tuple[Shipped, ...]) -> set[str]:
    """All files that packages ship, and all keys of those that several write into."""
    places = {place for each in stack for place in _places_in(each)}
    keys = {join_place(path, format_key(key)) for path, key in places if key}
    return keys | {str(path) for each in stack for path in each.tree}


def _in_home(home: Home, stack: tuple[Shipped, ...], word: str) -> tuple[RelPath, KeyPath] | None:
    """A file or key that only the user has, or a key around several that packages ship."""
    path, key = split_place(word)
    # From / on, it would be read as a place of the machine.
    if not path.startswith("/") and (home.path / path).is_file():
        return _split(word)
    config = RelPath(CONFIG)
    if key and path != config:
        return None
    try:
        steps = parse_key(key or path)
    except Invalid:
        return None
    return (config, steps) if _anywhere(home, stack, config, steps) else None


def _no_place(
    ctx: Context, home: Home, word: str, several: tuple[str, ...], known: set[str]
) -> DistError:
    if several:
        some = " or ".join(sorted(several)[:3])
        return DistError(
            f"{quoted(word, 200)} is not clear", where=str(home.path), hint=f"did you mean {some}?"
        )
    listed = ctx.command(f"owns {home.name} PACKAGE")
    close = near_places(word, known)[:3] or near(word, sorted(known))
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    return DistError(
        f"{quoted(word, 200)} is not a place in {home.name}",
        where=str(home.path),
        hint=f"{meant}name a file or a key, such as SOUL.md or 'config.yaml: model.default'; list them with: {listed}",
    )


def _anywhere(home: Home, stack: tuple[Shipped, ...], path: RelPath, key: KeyPath) -> bool:
    return part_of(_file(home, path), path, key) is not ABSENT or any(
        _value(each, path, key) is not ABSENT for each in stack
    )


def _split(place: str) -> tuple[RelPath, KeyPath]:
    path, key = split_place(place)
    return RelPath(path), parse_key(key) if key else ()
