"""What a word of a command line can be, as far as this machine knows without asking a server, for shell completion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from hermes_dist.brand import LOCKFILE
from hermes_dist.decide.consent.review import Group, grouped, unit_of
from hermes_dist.decide.included import includable
from hermes_dist.decide.profiles.completion import Kind, Word
from hermes_dist.lazily import later
from hermes_dist.model.keypath import place_words, split_place
from hermes_dist.model.lock import Lock, load_lock
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.source import parse_source
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.context import Context
from hermes_dist.ops.fleet.routes import list_routes
from hermes_dist.ops.homes import agreed_links, look_into
from hermes_dist.ops.package.history import past_of
from hermes_dist.ops.profiles import trash_and_archive
from hermes_dist.ops.trust.trusted_keys import trusted
from hermes_dist.world.files import read_file

with later():
    from hermes_dist.ops.package.discard import own_edits

_MOST = 500
"""More candidates than these nobody reads."""


def is_of_profile(kind: Kind) -> bool:
    """Whether what a word can be depends on a profile."""
    return kind in _OF_PROFILE


def of_profile(ctx: Context, kind: Kind, name: ProfileName) -> Iterable[Word]:
    """List what a word can be that depends on a profile.

    Raises:
        OSError: The profile has no lockfile.
        DistError: The lockfile, the home or the cached source can't be read.
    """
    return _OF_PROFILE[kind](ctx, name)


def of_machine(ctx: Context, kind: Kind) -> Iterable[Word]:
    """List what a word can be wherever it stands.

    Raises:
        DistError: What is known can't be read.
    """
    return _OF_MACHINE[kind](ctx)


def _lock(ctx: Context, name: ProfileName) -> Lock:
    return load_lock(read_file(ctx.layout.home(name) / LOCKFILE))


def _paths(ctx: Context, name: ProfileName) -> Iterator[Word]:
    return (Word(str(path)) for path in list(_lock(ctx, name).base)[:_MOST])


def _conflicts(ctx: Context, name: ProfileName) -> Iterator[Word]:
    for conflict in _lock(ctx, name).conflicts:
        place = conflict.words
        path, key = split_place(place)
        yield Word(key or path, f"conflict in {path}" if key else "conflict")


def _kept(ctx: Context, name: ProfileName) -> Iterator[Word]:
    for place in sorted(_lock(ctx, name).kept):
        path, key = split_place(place)
        yield Word(key or path, f"kept, in {path}" if key else "kept")


def _edits(ctx: Context, name: ProfileName) -> Iterator[Word]:
    for edit in list(own_edits(ctx, name))[:_MOST]:
        path, key = split_place(place_words(edit.place))
        yield Word(key or path, f"edited, in {path}" if key else "edited")


def _layers(ctx: Context, name: ProfileName) -> Iterator[Word]:
    for one in _lock(ctx, name).packages:
        yield Word(one.name, one.source)


def _things(ctx: Context, name: ProfileName) -> Iterator[Word]:
    """What waits, then what is approved, which can be shown and revoked."""
    lock = _lock(ctx, name)
    hidden = Mask.of(ctx, ctx.layout.home(name)).effects(lock.parked)
    waiting = {group.name: group for group in grouped(hidden)}
    yield from _waiting(waiting.values())
    units = dict.fromkeys(unit_of(approval.path, approval.key) for approval in lock.approved)
    for path, key in units:
        if (key or path) not in waiting:
            yield Word(key or path, "approved")


def _waiting(groups: Collection[Group]) -> Iterator[Word]:
    """Each thing by its key; a job also by its name, as its key is an id with an =, where bash breaks words."""
    titles = Counter(group.label for group in groups)
    for group in groups:
        if titles[group.label] == 1 and group.label:
            yield Word(group.label, f"{group.kind}, waits")
        yield Word(group.name, " ".join(filter(None, (f"{group.kind}, waits", group.label))))


def _generations(ctx: Context, name: ProfileName) -> Iterator[Word]:
    for row in reversed(past_of(look_into(ctx, name))):
        package = ""
        if row.brief:
            package = row.brief.pin.label
        yield Word(str(row.number), f"{row.verb or 'before the first change'} {package}".strip())


def _generation_pairs(ctx: Context, name: ProfileName) -> Iterator[Word]:
    for word, about in _generations(ctx, name):
        yield Word(f"{word}..", f"from {about} up to now")


def _refs(ctx: Context, name: ProfileName) -> Iterator[Word]:
    spec = parse_source(_lock(ctx, name).source, allow_insecure=True)
    return (Word(ref) for ref in list(ctx.sources.known_refs(spec))[:_MOST])


def _included(ctx: Context, name: ProfileName) -> Iterator[Word]:
    return (Word(path) for path in _lock(ctx, name).top.included)


def _unnamed(ctx: Context, name: ProfileName) -> Iterator[Word]:
    lock = _lock(ctx, name)
    pin = lock.pin
    if pin.commit and not lock.top.taken:
        files = ctx.sources.git.listing(pin.url, pin.commit, pin.subfolder).files
        found = includable((file.path for file in files), {*lock.base, *lock.shipped})
        yield from map(Word, found)


def _links(ctx: Context, name: ProfileName) -> Iterator[Word]:
    return (Word(path, f"to {to}") for path, to in agreed_links(ctx.layout.home(name)))


_OF_PROFILE: Mapping[Kind, Callable[[Context, ProfileName], Iterable[Word]]] = {
    Kind.PATH: _paths,
    Kind.CONFLICT: _conflicts,
    Kind.KEPT: _kept,
    Kind.EDIT: _edits,
    Kind.LAYER: _layers,
    Kind.THING: _things,
    Kind.GENERATION: _generations,
    Kind.GENERATIONS: _generation_pairs,
    Kind.REF: _refs,
    Kind.INCLUDED: _included,
    Kind.UNNAMED: _unnamed,
    Kind.LINK: _links,
}


def _away(ctx: Context) -> Iterator[Word]:
    for each in trash_and_archive.stored_profiles(ctx):
        yield Word(str(each.name), f"in the {each.place}")


def _registries(ctx: Context) -> Iterator[Word]:
    return (Word(each.name, each.location) for each in ctx.registries.all())


def _packages(ctx: Context) -> Iterator[Word]:
    return (Word(hit.name, hit.description) for hit in ctx.registries.known()[:_MOST])


def _categories(ctx: Context) -> Iterator[Word]:
    return map(Word, ctx.registries.categories())


def _keys(ctx: Context) -> Iterator[Word]:
    return (Word(key.name, key.fingerprint) for key in trusted(ctx).keyring.trusted)


def _routes(ctx: Context) -> Iterator[Word]:
    found, _ = list_routes(ctx)
    for number, route in enumerate(found, 1):
        yield Word(str(number), f"{route.name} {route.profile}".strip())


_OF_MACHINE: Mapping[Kind, Callable[[Context], Iterable[Word]]] = {
    Kind.AWAY: _away,
    Kind.REGISTRY: _registries,
    Kind.PACKAGE: _packages,
    Kind.CATEGORY: _categories,
    Kind.KEY: _keys,
    Kind.ROUTE: _routes,
}
