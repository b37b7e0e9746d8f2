"""Differences line by line: the home against what it received, against upstream, or between two generations."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.changes import Change, KeyChange, changes_between, key_changes, text_diff
from hermes_dist.errors import DistError, Invalid, UsageError, quoted
from hermes_dist.light import NamedTuple
from hermes_dist.model.documents.api import ABSENT, get, kind_of, load_data
from hermes_dist.model.keypath import names_key, parse_key
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import EMPTY, Read, Tree
from hermes_dist.ops.change.fetch import fetch, placed_in
from hermes_dist.ops.change.look_up import absolute, followed_before, following, look_up
from hermes_dist.ops.change.lost_contents import mending
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.moved_source import way_on
from hermes_dist.ops.change.observe import as_received, first_of, observe
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, look_into
from hermes_dist.ops.layers.ask import with_layers
from hermes_dist.ops.package.history import Past, check_number, images_of, past_of


class FileDiff(Struct, frozen=True):
    """The difference in one file, by key for a document and as a unified diff; secrets are masked in both."""

    change: Change
    keys: tuple[KeyChange, ...]
    lines: tuple[str, ...]

    @property
    def added(self) -> int:
        """How many lines are new."""
        return sum(line.startswith("+") and not line.startswith("+++ ") for line in self.lines)

    @property
    def removed(self) -> int:
        """How many lines are gone."""
        return sum(line.startswith("-") and not line.startswith("--- ") for line in self.lines)


class Diff(Struct, frozen=True):
    """What differs.

    Attributes:
        files: The files that differ.
        unread: What can't be read in the place of files: they may be the same, or not.
    """

    files: tuple[FileDiff, ...]
    unread: tuple[LeftOut, ...] = ()

    @property
    def same(self) -> bool:
        return not (self.files or self.unread)


class _Sides(NamedTuple):
    """What is compared."""

    before: Tree
    after: Tree
    read: Read
    labels: tuple[str, str]
    changes: list[Change]
    unread: tuple[LeftOut, ...] = ()


def diff(
    ctx: Context,
    name: ProfileName,
    *,
    upstream: bool = False,
    to: str = "",
    generations: str = "",
    place: str = "",
) -> Diff:
    """Show the differences: the home against what it received, or what upstream would bring.

    Args:
        ctx: The context.
        name: The profile.
        upstream: Compare what was received with what the source offers now.
        to: Another ref to compare with; implies ``upstream``.
        generations: Two generations to compare, as ``2..5``; without the second one, up to now.
        place: Only this file, folder or key.

    Raises:
        UsageError: The generations are not two numbers, or asked for beside upstream.
        DistError: The home can't be read, the source can't be reached, or there is nothing of that name.
    """
    home = look_into(ctx, name)
    sides = _sides(ctx, home, upstream=upstream, to=to, generations=generations)
    mask = Mask.of(ctx, home.path)
    found = [
        FileDiff(
            c,
            tuple(map(mask.key, key_changes(c, sides.read))),
            tuple(mask.lines(text_diff(c, sides.read, *sides.labels))),
        )
        for c in sides.changes
    ]
    if place:
        return _only(ctx, home, found, sides, place)
    return Diff(tuple(found), sides.unread)


def _sides(ctx: Context, home: Home, *, upstream: bool, to: str, generations: str) -> _Sides:
    if generations:
        if upstream or to:
            raise UsageError(
                "--generations compares what is recorded: leave out --upstream and --to"
            )
        return _between(ctx, home, generations)
    if upstream or to:
        return _against_upstream(ctx, home, to)
    return _against_received(ctx, home)


def _against_received(ctx: Context, home: Home) -> _Sides:
    lock = home.need_lock(ctx)
    seen = observe(ctx, home, lock.theirs())
    received, read = as_received(lock.base, seen)
    changes = [
        change
        for change in changes_between(received, seen.ours, read)
        if not seen.hides(change.path)
    ]
    return _Sides(received, seen.ours, read, ("received", "yours"), changes, seen.unread(received))


def _against_upstream(ctx: Context, home: Home, to: str) -> _Sides:
    lock = home.need_lock(ctx)
    spec = absolute(parse_source(lock.source, allow_insecure=True))
    if to:
        spec = spec.at(to)
    with following(ctx, home.name):
        target = look_up(ctx, spec, lock=lock, before=followed_before(lock, spec))
    with way_on(ctx, home.name, lock):
        fetched = with_layers(ctx, fetch(ctx, target), home, Request())
        incoming = placed_in(ctx, fetched, home)
    read = first_of(incoming.read, mending(ctx, lock))
    return _compared(lock.theirs(), incoming.placed, read, ("received", "upstream"))


def _compared(before: Tree, after: Tree, read: Read, labels: tuple[str, str]) -> _Sides:
    return _Sides(before, after, read, labels, changes_between(before, after, read))


def _between(ctx: Context, home: Home, text: str) -> _Sides:
    rows = past_of(home)
    found = re.fullmatch(r"([0-9]{1,9})\.\.([0-9]{1,9})?", text)
    if found is None:
        raise UsageError(
            f"--generations takes two numbers such as 2..5, not {quoted(text, 40)}",
            hint=f"see them with: {ctx.command(f'history {home.name}')}",
        )
    first = check_number(ctx, home.name, rows, int(found[1]))
    last = check_number(ctx, home.name, rows, int(found[2])) if found[2] else rows[-1]
    read = first_of(ctx.store.read, images_of(home, rows))
    labels = (f"generation {first.number}", f"generation {last.number}")
    return _compared(_package(first), _package(last), read, labels)


def _package(row: Past) -> Tree:
    """The package of a generation; the state before it came counts as empty.

    Raises:
        DistError: What it received is not known any more.
    """
    if row.lock is None and row.generation and row.generation.lock_after:
        raise DistError(f"the lockfile of generation {row.number} is lost")
    return row.lock.base if row.lock else EMPTY


def _only(ctx: Context, home: Home, found: list[FileDiff], sides: _Sides, place: str) -> Diff:
    """Keep what a path, a folder or a key names.

    Raises:
        DistError: There is nothing of that name on either side.
    """
    kept = tuple(each for one in found if (each := _cut(one, place)) is not None)
    unread = tuple(odd for odd in sides.unread if _meets(odd, place))
    if kept or unread or _exists(sides, place):
        return Diff(kept, unread)
    raise DistError(
        f"there is no file, folder or key {quoted(place, 200)} to compare",
        where=str(home.name),
        hint=_near(ctx, home, found, sides, place),
    )


def _meets(odd: LeftOut, place: str) -> bool:
    """Whether what can't be read hides what a word names, or is a part of it."""
    at, odd_at = f"{place.partition(': ')[0].rstrip('/')}/", f"{odd.path}/"
    return at.startswith(odd_at) or odd_at.startswith(at)


def _cut(one: FileDiff, place: str) -> FileDiff | None:
    """The part of a difference that a word names; None if it names nothing of it."""
    folder = f"{place.rstrip('/')}/"
    for path in filter(None, (one.change.path, one.change.was)):
        if place == path or path.startswith(folder):
            return one
    keys = tuple(key for key in one.keys if names_key(place, one.change.path, key.key))
    # The lines of the other keys stand in between, so a key is shown by its values alone.
    return replace(one, keys=keys, lines=()) if keys else None


def _exists(sides: _Sides, place: str) -> bool:
    """Whether a file, folder or key is on one of the sides, though nothing of it differs."""
    folder = f"{place.rstrip('/')}/"
    if any(place == path or path.startswith(folder) for path in {*sides.before, *sides.after}):
        return True
    path, _, key = place.rpartition(": ")
    return any(_holds(sides, each, key) for each in _documents(sides) if path in ("", each))


def _documents(sides: _Sides) -> Iterator[RelPath]:
    yield from (path for path in {*sides.before, *sides.after} if kind_of(path) is not None)


def _holds(sides: _Sides, path: RelPath, key: str) -> bool:
    """Whether a document has a key on one of the sides."""
    for tree in (sides.before, sides.after):
        entry, kind = tree.get(path), kind_of(path)
        if entry is None or kind is None:
            continue
        try:
            if get(load_data(sides.read(entry.digest), kind), parse_key(key)) is not ABSENT:
                return True
        except Invalid:
            continue
    return False


def _near(ctx: Context, home: Home, found: list[FileDiff], sides: _Sides, place: str) -> str:
    known = {*sides.before, *sides.after, *(key.key for one in found for key in one.keys)}
    close = difflib.get_close_matches(place, sorted(map(str, known)), n=3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"see all that differs with: {ctx.command(f'diff {home.name} --stat')}"
