"""Answers to inputs and archives: an export puts the placeholders back, and an import asks again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.inputs.declared import Input, declared_by, declared_in, fields_of
from hermes_dist.decide.inputs.fill import Values, fill
from hermes_dist.decide.inputs.refill import refill
from hermes_dist.decide.inputs.timed import timed_in
from hermes_dist.decide.inputs.unfill import taken_out, told
from hermes_dist.decide.leaving.card import CARD
from hermes_dist.decide.placement.place import Placed, jobs_in, package_of, place
from hermes_dist.decide.placement.same_jobs import with_ids_of
from hermes_dist.errors import Invalid, UsageError, quoted
from hermes_dist.light import NamedTuple
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.tree import Entry, Read, Tree
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home
from hermes_dist.ops.inputs.ask import answers_to
from hermes_dist.ops.layers.lost import received_again
from hermes_dist.ops.layers.received import received_together
from hermes_dist.ops.transfer.read_archive import Archive
from hermes_dist.world.load import load_manifest


class Unanswered(Struct, frozen=True, kw_only=True):
    """A profile without the answers to its inputs.

    Attributes:
        tree: Its files.
        lock: Its lock; None if it has none.
        inputs: What is asked again elsewhere, as the fields of a manifest.
        notes: Lines that hold an answer although no placeholder of the author's stood there.
    """

    tree: Tree
    lock: Lock | None
    inputs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


class _Authors(NamedTuple):
    """A package with placeholders and with answers, as its author spells it and as a home does."""

    wrote: Tree
    had: Tree
    placed: Tree
    received: Tree


def unanswered(ctx: Context, home: Home, tree: Tree, read: Read) -> Unanswered:
    """Put the placeholders back into a profile; new contents go into the store.

    Args:
        ctx: The context.
        home: The home.
        tree: Its files, as they would leave it.
        read: Gives contents by digest.

    Raises:
        DistError: A layer is not here any more and can't be fetched.
    """
    lock = home.lock
    if lock is None or not lock.input_values:
        return Unanswered(tree=tree, lock=lock)
    values = lock.input_values
    authors = _authors(ctx, home.name, lock, read)

    def out(part: Tree) -> Tree:
        return _out(ctx, part, authors.placed, authors.received, values, read)

    now = out(tree)
    then = out(lock.theirs())
    bare = replace(
        lock,
        base=out(lock.base),
        shipped=_out(ctx, lock.shipped, authors.wrote, authors.had, values, read),
        released=out(lock.released),
        upstream=_each(lock.upstream, out),
        authored=_each(lock.authored, out),
        # They quote what is in the home, and an import finds them again.
        parked=(),
        conflicts=(),
        inputs=(),
    )
    return Unanswered(
        tree=now,
        lock=bare,
        inputs={item.name: fields_of(item) for item in _asked(ctx, home.name, lock, read)},
        notes=told(now, then, values, read),
    )


def _out(
    ctx: Context, tree: Tree, authors: Tree, received: Tree, values: Values, read: Read
) -> Tree:
    made = taken_out(tree, authors, received, values, read)
    ctx.store.put_many(made.blobs.values())
    return made.tree


def _authors(ctx: Context, name: ProfileName, lock: Lock, read: Read) -> _Authors:
    """What was received, with placeholders and with answers."""
    if lock.layers:
        found = received_together(ctx, name, lock.packages)
        wrote = received_again(ctx, replace(lock, inputs=()), found)
        had = received_again(ctx, lock, found)
    else:
        had = package_of(lock.theirs(), lock.shipped, read)
        wrote = had.with_entries(
            {path: lock.unfilled[path] for path in lock.unfilled if path in had}
        )

    def placing(package: Tree, *, unanswered: bool) -> Placed:
        placed = place(
            package,
            read,
            name=lock.name,
            known_jobs=jobs_in(lock.released, read),
            keep_containers=lock.base,
            unanswered=unanswered,
        )
        ctx.store.put_many(placed.blobs.values())
        return placed

    received = placing(had, unanswered=False)
    authors = with_ids_of(placing(wrote, unanswered=True), received)
    ctx.store.put_many(authors.blobs.values())
    return _Authors(wrote, had, authors.tree, received.tree)


def _asked(ctx: Context, name: ProfileName, lock: Lock, read: Read) -> list[Input]:
    """The inputs of a profile that were answered, without secrets: those of the package and of its layers."""
    manifests = []
    entry = lock.theirs().get(RelPath(MANIFEST))
    if entry is not None:
        manifests.append(load_manifest(read(entry.digest)))
    if lock.layers:
        manifests += [one.manifest for one in received_together(ctx, name, lock.layers)]
    found: dict[str, Input] = {}
    for manifest in manifests:
        for item in declared_by(manifest):
            if not item.secret and item.name in lock.input_values:
                found.setdefault(item.name, item)
    return list(found.values())


class Answered(NamedTuple):
    """An archive with answers in it, and the request with the variables that answers go to."""

    archive: Archive
    request: Request


def answered(ctx: Context, archive: Archive, home: Home, request: Request) -> Answered:
    """Put answers into an archive: given with the command, those of the home, asked for, or the author's defaults.

    Args:
        ctx: The context.
        archive: The archive.
        home: The home it goes to.
        request: The options of the command.

    Raises:
        UsageError: An answer is given to an input that the archive does not have.
        AnswerNeeded: An input has neither answer nor default, and nobody can be asked.
        Invalid: An answer does not fit, or the archive is damaged.
    """
    items = _inputs_of(archive)
    for name in request.choices.inputs:
        if name not in items:
            known = f"its inputs are {', '.join(items)}" if items else "it has no inputs"
            raise UsageError(f"the archive has no input {quoted(name, 80)}", hint=known)
    if not items:
        return Answered(archive, request)
    read = ctx.store.read
    timed = tuple(timed_in(archive.files, items, read))
    found = answers_to({name: [item] for name, item in items.items()}, home, request, timed)
    values = {one.name: one.value for one in found.answers if one.value is not None}

    def filled(tree: Tree) -> Tree:
        made = refill(tree, values, read)
        ctx.store.put_many(made.blobs.values())
        return made.tree

    lock = archive.lock
    if lock is not None:
        shipped = fill(lock.shipped, values, read)
        ctx.store.put_many(shipped.blobs.values())
        lock = replace(
            lock,
            base=filled(lock.base),
            shipped=shipped.tree,
            released=filled(lock.released),
            upstream=_each(lock.upstream, filled),
            authored=_each(lock.authored, filled),
            inputs=found.answers,
        )
    return Answered(replace(archive, files=filled(archive.files), lock=lock), found.request)


def _each(
    entries: Mapping[RelPath, Entry | None], change: Callable[[Tree], Tree]
) -> dict[RelPath, Entry | None]:
    made = change(Tree({path: entry for path, entry in entries.items() if entry}))
    return {path: made.get(path) for path in entries}


def _inputs_of(archive: Archive) -> dict[str, Input]:
    """The inputs that an archive has placeholders for.

    Raises:
        Invalid: Its card says something about them that can't be read.
    """
    try:
        return {item.name: item for item in declared_in(archive.card.inputs or None)}
    except Invalid as error:
        raise Invalid(
            f"the archive is damaged: its card says of inputs what can't be read: {error.what}",
            where=CARD,
        ) from None
