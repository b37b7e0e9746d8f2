"""The part of a profile that belongs to one of its layers: what `contribute --layer` sends to that layer's author."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.consent.parking import put_back
from hermes_dist.decide.inputs.fill import fill
from hermes_dist.decide.inputs.unfill import told, unfill
from hermes_dist.decide.layers.compose import BY_KEY
from hermes_dist.decide.layers.edits import Edit, edits, with_edits
from hermes_dist.errors import UsageError, quoted
from hermes_dist.model.keypath import format_key
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.tree import Read, Tree, together
from hermes_dist.ops.change.observe import first_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home
from hermes_dist.ops.layers.again import Below
from hermes_dist.ops.layers.received import answers_in, layer_in, received


class Part(Struct, frozen=True, kw_only=True):
    """A package, or a part of one, as it was received and as a home has it by now.

    Attributes:
        received: What was received.
        tree: What the home has.
        read: Reads both.
        variables: The variables that replace secrets in what the home has.
        notes: What to say about answers in it.
    """

    received: Tree
    tree: Tree
    read: Read
    variables: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def find_layer(ctx: Context, name: ProfileName, lock: Lock, layer: str) -> LockedPackage:
    """Find a layer of a profile by its name.

    Raises:
        UsageError: The profile stands on no such layer.
    """
    for one in lock.layers:
        if one.name == layer:
            return one
    if not lock.layers:
        raise UsageError(f"{name} stands on no layers", hint="leave --layer out")
    if layer == lock.name:
        raise UsageError(f"{layer} is the package itself and no layer", hint="leave --layer out")
    names = ", ".join(one.name for one in lock.layers)
    raise UsageError(
        f"no layer of {name} is called {quoted(layer, 100)}",
        hint=f"its layers are {names}; see: {ctx.command(f'tree {name}')}",
    )


def of_layer(
    ctx: Context, home: Home, layer: str, whole: Part, lower: Below | None, *, named: bool
) -> Part:
    """Cut the edits of one layer out of a profile.

    Args:
        ctx: The context.
        home: The profile.
        layer: The name of the layer.
        whole: The package with its layers.
        lower: The layers; None if there are none.
        named: The user named what is to be sent; so what no layer has goes along.

    Returns:
        The layer as its author wrote it, and the same with the edits.

    Raises:
        UsageError: The profile stands on no such layer, or a place that the user named belongs to another one.
        DistError: The layer is not here any more and can't be fetched.
    """
    lock = home.need_lock(ctx)
    package = find_layer(ctx, home.name, lock, layer)
    if lower is None:  # a profile that stands on a layer has some below it
        raise AssertionError(layer)
    read = first_of(whole.read, lower.read)
    found = edits((*lower.layers, lower.own), whole.received, whole.tree, read)
    if named:
        _check_owner(ctx, home.name, lock, layer, found)
    chosen = [one for one in found if named or one.near == layer]
    had = next(one.tree for one in lower.layers if one.name == layer)
    made = with_edits(had, whole.tree, chosen, read)
    read = together(made.blobs, read)
    edited = Part(received=had, tree=made.tree, read=read, variables=whole.variables)
    return _unanswered(ctx, home.name, lock, package, edited)


def without_layers(
    ctx: Context, home: Home, whole: Part, lower: Below | None, *, named: bool
) -> Part:
    """Leave out of a profile what was changed of its layers, which the author of the package itself does not ship.

    Args:
        ctx: The context.
        home: The profile.
        whole: The package with its layers.
        lower: The layers; None if there are none.
        named: The user named what is to be sent.

    Returns:
        The same, with the layers as they were received, and notes with the commands that send the changes.

    Raises:
        UsageError: A place that the user named belongs to a layer.
    """
    if lower is None:
        return whole
    lock = home.need_lock(ctx)
    read = first_of(whole.read, lower.read)
    found = edits((*lower.layers, lower.own), whole.received, whole.tree, read)
    if named:
        _check_owner(ctx, home.name, lock, lock.name, found)
    theirs = _of_layers(found, {one.name for one in lock.layers})
    at = [(edit.path, format_key(edit.key) if edit.key else "") for edit, _ in theirs]
    back = put_back(whole.tree, whole.received, at, read)
    counts = Counter(layer for _, layer in theirs)
    return replace(
        whole,
        tree=back.tree,
        read=together(back.blobs, read),
        notes=(*whole.notes, *(_of_layer(ctx, home.name, *row) for row in counts.items())),
    )


def _of_layers(found: Sequence[Edit], layers: Collection[str]) -> list[tuple[Edit, str]]:
    """The edits that belong to layers, each with its layer.

    A new file beside those of a layer is the user's own; a new key has no other place than the layer's section.
    """
    whose = [(edit, edit.near if edit.key else edit.owner) for edit in found]
    return [(edit, layer) for edit, layer in whose if layer in layers]


def _of_layer(ctx: Context, name: ProfileName, layer: str, count: int) -> Note:
    words = f"contribute {name} --layer {shlex.quote(layer)}"
    return Note.of(NoteKind.EDITS_OF_LAYER, count=count, layer=layer, command=ctx.command(words))


def _unanswered(
    ctx: Context, name: ProfileName, lock: Lock, package: LockedPackage, edited: Part
) -> Part:
    """The layer with placeholders where the profile has answers: an answer never leaves with it."""
    found = received(ctx, name, package)
    ships, values = layer_in(package, found).tree, answers_in(found.manifest, lock)
    filled = fill(ships, values, edited.read)
    read = together(filled.blobs, edited.read)
    back = unfill(edited.tree, filled.unfilled, values, read)
    read = together(back.blobs, read)
    return Part(
        received=ships,
        tree=back.tree,
        read=read,
        variables=tuple(one for one in edited.variables if _brings(back.tree, ships, one, read)),
        notes=told(back.tree, ships, values, read) if values else (),
    )


def _brings(tree: Tree, before: Tree, variable: str, read: Read) -> bool:
    changed = [path for path in BY_KEY if path in tree and tree[path] != before.get(path)]
    return any(f"${{{variable}}}".encode() in read(tree[path].digest) for path in changed)


def _check_owner(
    ctx: Context, name: ProfileName, lock: Lock, layer: str, found: Sequence[Edit]
) -> None:
    """Make sure that no place belongs to another layer or to the package.

    Raises:
        UsageError: One does; the hint is the command that sends it to its author.
    """
    for one in found:
        if one.owner in ("", layer):
            continue
        words = f"contribute {name} {shlex.quote(one.place)}"
        whose = f"of {one.owner}"
        if one.owner == lock.name:
            whose = f"of {one.owner} itself"
        else:
            words += f" --layer {shlex.quote(one.owner)}"
        raise UsageError(
            f"{one.place} is {whose}, and not of {layer}",
            where=str(name),
            hint=f"send it there: {ctx.command(words)}",
        )
