"""The agent's own migrations of a home: they are not edits, and an author's older file does not undo them.

Before base, ours and theirs are merged, base and theirs are migrated as the agent has migrated the home:
only at the keys, and only to the values, that the agent is known to write (``agents.migrations``), and only if
the home shows it. So the user's other changes stay edits, and new changes by the author arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from hermes_dist.agents.dialects import BARE
from hermes_dist.agents.places import CONFIG as CONFIG_NAME
from hermes_dist.agents.places import MIGRATED_TO
from hermes_dist.agents.places import SOUL as SOUL_NAME
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later, re
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import ABSENT, Kind, Unmergeable, get, load_data, put
from hermes_dist.model.keypath import KeyPath
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree

with later():  # few homes were migrated since they received a package
    from hermes_dist.agents import migrations
    from hermes_dist.agents.migrations import Key, Listed, Rewrite

CONFIG = RelPath(CONFIG_NAME)
SOUL = RelPath(SOUL_NAME)
_BARE = dict(BARE)


class Followed(Contents, frozen=True):
    """Trees that follow the agent's migration of a home.

    Attributes:
        base: What the home last received, with the agent's migration applied.
        theirs: What upstream ships, with the agent's migration applied.
        blobs: New contents by digest.
        shipped: What upstream ships, unchanged.
        keys: The migrated keys of upstream's config.
    """

    base: Tree
    theirs: Tree
    blobs: Mapping[Digest, bytes] = {}
    shipped: Tree = EMPTY
    keys: tuple[KeyPath, ...] = ()


def follow_agent(base: Tree, theirs: Tree, ours: Tree, read: Read) -> Followed:
    """Apply the agent's migration of the home to base and theirs.

    Args:
        base: What the home last received.
        theirs: What upstream ships, in the home's spelling.
        ours: The home.
        read: Gives contents by digest.
    """
    home = _map(ours, read)
    version = _version(home)
    if version == 0:
        return Followed(base, theirs, shipped=theirs)
    blobs: dict[Digest, bytes] = {}
    before = _loaded(base, read)
    # Base is compared with itself, so only the home decides there; theirs follows only where upstream still says what
    # base said, because a newer value of the author has to arrive.
    new_base, _ = _follow(
        base, ours, read, blobs, lambda config: dict(_edits(config, home, config, version))
    )
    new_theirs, keys = _follow(
        theirs, ours, read, blobs, lambda config: dict(_edits(config, home, before, version))
    )
    return Followed(new_base, new_theirs, blobs, theirs, keys)


def as_shipped(tree: Tree, follow: Followed, read: Read, blobs: dict[Digest, bytes]) -> Tree:
    """Restore upstream's own values where the next base holds migrated ones.

    So a base equals what the source holds, and a later change by the author is recognised as one.

    Args:
        tree: The next base, as merged.
        follow: The result of :func:`follow_agent`.
        read: Gives contents by digest.
        blobs: Receives new contents by digest.
    """
    changes: dict[RelPath, Entry | None] = {}
    for path in (CONFIG, SOUL):
        entry, shipped = tree.get(path), follow.shipped.get(path)
        if entry is None or shipped is None or follow.theirs.get(path) == shipped:
            continue
        if entry.digest == follow.theirs[path].digest:
            changes[path] = Entry(shipped.digest, entry.executable)
        elif path == CONFIG:
            data = _words_back(
                read(entry.digest),
                read(follow.theirs[path].digest),
                read(shipped.digest),
                follow.keys,
            )
            digest = Digest.of(data)
            blobs[digest] = data
            changes[path] = Entry(digest, entry.executable)
    return _changed(tree, changes)


def _changed(tree: Tree, changes: Mapping[RelPath, Entry | None]) -> Tree:
    """Return a tree with changes; the very same one without any, so that nobody takes it for another."""
    if not changes:
        return tree
    return tree.with_entries(changes)


def _words_back(data: bytes, made: bytes, shipped: bytes, keys: tuple[KeyPath, ...]) -> bytes:
    try:
        here, mine, own = (load_data(each, Kind.YAML) for each in (data, made, shipped))
        edits = {key: get(own, key) for key in keys if get(here, key) == get(mine, key)}
        return put(data, Kind.YAML, edits, donor=shipped, package=True)
    except (Invalid, Unmergeable):
        return data


Edits = dict[KeyPath, object]


def _follow(
    tree: Tree,
    ours: Tree,
    read: Read,
    blobs: dict[Digest, bytes],
    edits_of: Callable[[Mapping[object, object]], Edits],
) -> tuple[Tree, tuple[KeyPath, ...]]:
    """Migrate the config and SOUL.md of a tree, and return it with the migrated keys of the config."""
    changes: dict[RelPath, Entry | None] = {}
    keys: tuple[KeyPath, ...] = ()
    for path in (CONFIG, SOUL):
        entry, own = tree.get(path), ours.get(path)
        if entry is None or own is None or entry.digest == own.digest:
            continue
        data = read(entry.digest)
        if path == CONFIG:
            edits = edits_of(_mapping(data))
            edited, keys = _with(data, edits), tuple(edits)
        else:
            edited = _soul(data, read(own.digest))
        if edited != data:
            digest = Digest.of(edited)
            blobs[digest] = edited
            changes[path] = Entry(digest, entry.executable)
    return _changed(tree, changes), keys


def _with(data: bytes, edits: Edits) -> bytes:
    if not edits:
        return data
    try:
        return put(data, Kind.YAML, edits, package=True)
    except (Invalid, Unmergeable):
        return data


def _loaded(tree: Tree, read: Read) -> Mapping[object, object] | None:
    """Return the config of a tree; None if it has none."""
    entry = tree.get(CONFIG)
    if entry is None:
        return None
    return _mapping(read(entry.digest))


def _mapping(data: bytes) -> Mapping[object, object]:
    try:
        loaded = load_data(data, Kind.YAML)
    except Invalid:
        return {}
    return loaded if isinstance(loaded, Mapping) else {}


def _map(tree: Tree, read: Read) -> Mapping[object, object]:
    """Return the home's config if the agent has put its version into it; empty otherwise."""
    entry = tree.get(CONFIG)
    if entry is None:
        return {}
    data = read(entry.digest)
    # Most homes were never migrated, so the config is not parsed without need: each verb would pay for it.
    if MIGRATED_TO.encode() not in data:
        return {}
    return _mapping(data)


def _version(config: Mapping[object, object]) -> int:
    value = config.get(MIGRATED_TO)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _edits(
    config: Mapping[object, object],
    home: object,
    before: Mapping[object, object] | None,
    version: int,
) -> Iterator[tuple[KeyPath, object]]:
    """Yield the migration's edits to a config, if the home shows them and upstream has not changed the value since.

    Args:
        config: The config to migrate.
        home: The home's config.
        before: The config that the home received; None if unknown.
        version: The version of the home's config.
    """
    written = _version(config)
    told: list[tuple[KeyPath, object]] = []
    for row in migrations.REWRITES:
        if written < row.since <= version:
            told += _rewritten(config, home, row)
    lists = [row for row in migrations.LISTS if written < row.since <= version]
    if written < migrations.BARE_SINCE <= version:
        told += _bare(config, home, ())
    for key, new in told:
        if before is None or get(before, key) == get(config, key):
            yield key, new
    yield from _lists(config, home, lists)


def _rewritten(config: object, home: object, rewrite: Rewrite) -> Iterator[tuple[KeyPath, object]]:
    new = ABSENT if rewrite.new is migrations.MISSING else rewrite.new
    for key in _places(config, rewrite.key):
        value = get(config, key)
        is_old = value != new and _is_among(value, rewrite.old)
        if is_old and _same(get(home, key), new) and _same_parent(config, home, key):
            yield key, new


def _same_parent(config: object, home: object, key: KeyPath) -> bool:
    """Whether the home still has the map that holds a key; if not, more was removed than the agent removes.

    The agent also drops a map that the removal leaves empty.
    """
    if len(key) == 1 or isinstance(get(home, key[:-1]), Mapping):
        return True
    held = get(config, key[:-1])
    return isinstance(held, Mapping) and set(held) == {key[-1]}


def _is_among(value: object, old: tuple[object, ...]) -> bool:
    if not old:
        return value is not ABSENT
    return any(value is ABSENT if one is migrations.MISSING else _same(value, one) for one in old)


def _same(one: object, two: object) -> bool:
    if isinstance(one, str) and isinstance(two, str):
        return one.strip().lower() == two.strip().lower()
    return type(one) is type(two) and one == two


def _lists(config: object, home: object, rows: list[Listed]) -> Iterator[tuple[KeyPath, object]]:
    """Yield lists from which the agent removed items or to which it added one; several rows may affect one list."""
    wanted: dict[KeyPath, list[object]] = {}
    for row in rows:
        for key in _places(config, row.key):
            value, mine = wanted.get(key, get(config, key)), get(home, key)
            if isinstance(value, list) and isinstance(mine, list):
                wanted[key] = _after(value, mine, row)
    yield from ((key, value) for key, value in wanted.items() if value != get(config, key))


def _after(value: list[object], mine: list[object], row: Listed) -> list[object]:
    left = [item for item in value if item not in row.gone or item in mine]
    if row.added and row.added in mine and row.added not in left:
        return sorted([*left, row.added], key=str)
    return left


def _bare(config: object, home: object, at: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    """Yield bare words that the agent has read as booleans and written as such."""
    if not isinstance(config, Mapping) or not isinstance(home, Mapping):
        return
    for name, value in config.items():
        mine = home.get(name)
        if isinstance(value, str) and isinstance(mine, bool) and _BARE.get(value) is mine:
            yield (*at, name), mine
        else:
            yield from _bare(value, mine, (*at, name))


def _places(config: object, key: Key) -> list[KeyPath]:
    """Return the keys that a pattern names; a key without a star is returned whether or not the config has it."""
    found: list[KeyPath] = [()]
    for part in key:
        if part == "*":
            found = [(*at, name) for at in found for name in _names(get(config, at))]
        else:
            found = [(*at, part) for at in found]
    return found


def _names(value: object) -> list[str]:
    if not isinstance(value, Mapping):
        return []
    return [name for name in value if isinstance(name, str)]


def _soul(data: bytes, home: bytes) -> bytes:
    """Remove the section that the agent removes from a SOUL.md, if the home no longer has it."""
    heading = migrations.SOUL_HEADING.encode()
    if heading not in data or heading in home:
        return data
    section = rb"(?s)\n*" + re.escape(heading) + rb"[ \t]*\n.*?(?=\n## |\Z)"
    return re.sub(section, b"\n", data).strip() + b"\n"
