"""Turn a profile into a package: what may leave its home, what stays, and what must not be in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.agents.places import MEMORIES, SHARED_FOLDERS, SOUL, STANDARD_FOLDERS
from hermes_dist.brand import LOCKFILE, MANIFEST, PRIVATE
from hermes_dist.decide.authoring.chosen import choose
from hermes_dist.decide.consent.parking import put_back
from hermes_dist.decide.environment.example import as_listed
from hermes_dist.decide.inputs.declared import declared_by
from hermes_dist.decide.inputs.fill import fill
from hermes_dist.decide.inputs.unfill import told, unfill
from hermes_dist.decide.layers.compose import compose
from hermes_dist.decide.layers.own_part import not_there, own_part
from hermes_dist.decide.layers.stack import Layer, Rank
from hermes_dist.decide.layers.wanted import NOTHING, wanted_by
from hermes_dist.decide.leaving.comments import comments_along
from hermes_dist.decide.leaving.deliveries import without_chats
from hermes_dist.decide.leaving.leaks import Private, memory_lines
from hermes_dist.decide.leaving.publish import looked_for, permitted, without_personal
from hermes_dist.decide.ownership import (
    ENV_EXAMPLES,
    SHARED_FILES,
    is_machine,
)
from hermes_dist.decide.parts import part_at
from hermes_dist.decide.placement.capture import capture
from hermes_dist.decide.placement.place import package_of, place
from hermes_dist.errors import ConflictsOpen, DistError, Invalid, counted
from hermes_dist.light import NamedTuple
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import EnvVar, Manifest
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.tree import EMPTY, Read, Tree, together
from hermes_dist.ops.authoring.of_layer import Part, of_layer, without_layers
from hermes_dist.ops.change.legible import refuse_unread
from hermes_dist.ops.change.machine_secrets import secrets_of, unclear_of
from hermes_dist.ops.change.observe import Observed, first_of, observe
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_home
from hermes_dist.ops.layers.again import Below, below
from hermes_dist.world.files import read_file, start_of
from hermes_dist.world.load import load_manifest

_MOST = 1 << 20


class Leaving(Struct, frozen=True, kw_only=True):
    """A profile as a package.

    Attributes:
        tree: The package as it would ship.
        received: The package as the profile received it; empty for a profile that never had one.
        manifest: The manifest in the home; None if it is missing or can't be read.
        stays: What is left out, and why.
        variables: Names of the variables that replace values that look like secrets.
        below: The layers that the package stands on, which are not in ``tree``; None if there are none.
        lost: What of the home could not be read as a part of the package, such as links and unsafe names.
        broken: Documents of the home that are not valid, so that what they hold does not ship.
        lacks: What they bring and the home received, but does not have by now.
        unread: What can't be read and belongs to the package, so that ``tree`` is without it.
    """

    home: Home
    observed: Observed
    tree: Tree
    received: Tree = EMPTY
    read: Read
    manifest: Manifest | None = None
    stays: tuple[LeftOut, ...] = ()
    variables: tuple[str, ...] = ()
    lost: tuple[LeftOut, ...] = ()
    broken: tuple[Note, ...] = ()
    below: Below | None = None
    lacks: tuple[str, ...] = ()
    unread: tuple[LeftOut, ...] = ()
    notes: tuple[Note, ...] = ()

    def need_manifest(self, ctx: Context) -> Manifest:
        """Return the manifest.

        Raises:
            DistError: The manifest is missing or can't be read.
        """
        if self.manifest is not None:
            return self.manifest
        path = self.home.path / MANIFEST
        if path.is_file():
            return load_manifest(read_file(path), f"mend that line in {path}")
        raise DistError(
            f"the profile {str(self.home.name)!r} has no {MANIFEST}",
            where=str(path),
            hint=f"begin one with: {ctx.command(f'init {self.home.name}')}",
        )

    def need_whole(self, goes: Callable[[str], bool] = lambda _part: True) -> None:
        """Make sure that everything could be read.

        Args:
            goes: Whether a part of the package is wanted; by default all.

        Raises:
            DistError: Something can't be read, and would look as if it had been deleted.
        """
        refuse_unread(self.home.path, [one for one in self.unread if goes(part_at(one.path))])

    def need_settled(self, ctx: Context) -> None:
        """Make sure that no conflict is open.

        Raises:
            ConflictsOpen: Conflicts are open in the profile.
        """
        lock, name = self.home.lock, self.home.name
        if lock is not None and lock.conflicts:
            raise ConflictsOpen(
                f"still open: {counted(len(lock.conflicts), 'conflict')}",
                where=str(name),
                hint=f"settle them first: {ctx.command(f'resolve {name} --list')}",
            )


def leaving(
    ctx: Context,
    name: ProfileName,
    *,
    own: bool,
    places: Sequence[str] = (),
    layer: str = "",
    apart: bool = False,
) -> Leaving:
    """Turn a profile into a package; nothing is written, and machine files are not opened.

    Args:
        ctx: The context.
        name: The profile.
        own: Whether to include the user's own files, jobs and servers.
        places: Only these changes, as :func:`hermes_dist.decide.authoring.chosen.choose` takes them; empty for all.
        layer: The name of a layer, to have it with the changes made here instead of the package; empty for none.
        apart: Whether changes of what layers bring stay out of the package: they are for the authors of those.

    Raises:
        Invalid: A place names nothing that was changed.
        UsageError: The profile stands on no such layer, or a place is not of it.
        DistError: The home can't be read.
    """
    home = open_home(ctx, name)
    lock = home.lock
    manifest = _manifest(home)
    seen, bundled = _looked_at(ctx, home, manifest, places)
    whole, stays, unread, notes = _packaged(lock, manifest, seen, own=own, all_=not places)
    lower = _below(ctx, home, lock)
    if layer:
        part = of_layer(ctx, home, layer, whole, lower, named=bool(places))
    else:
        if apart:
            whole = without_layers(ctx, home, whole, lower, named=bool(places))
        part = _unanswered(lock, _own(whole, lower))
    tree, received, read = part.tree, part.received, part.read
    left_out = (*stays, *bundled, *seen.odd, *_elsewhere(home, seen.found))
    return Leaving(
        home=home,
        observed=seen,
        tree=tree,
        received=received,
        read=read,
        manifest=manifest,
        below=lower,
        lacks=_lacks(whole, lower),
        unread=unread,
        # What is kept here is in the tree as its author has it.
        lost=_lost(seen, tree, unread),
        broken=tuple(note for note in notes if note.kind is NoteKind.HOME_JOBS_UNREADABLE),
        stays=tuple(one for one in left_out if one.path not in tree or one.why is Why.KEPT_HERE),
        variables=part.variables,
        notes=(*notes, *comments_along(tree, received, read), *part.notes),
    )


def _looked_at(
    ctx: Context, home: Home, manifest: Manifest | None, places: Sequence[str]
) -> tuple[Observed, list[LeftOut]]:
    """The home, with only the changes at some places, empty for all, and what of it the agent put there."""
    base, theirs, _ = _trees(home.lock)
    seen = observe(ctx, home, looked_for(manifest).with_entries({**base, **theirs}))
    # Before some changes are chosen: the user's own files that were not are none of the agent's.
    own = sorted(_units(seen.found) - _units(seen.ours))
    if places:
        chosen = choose(seen.ours, base, places, seen.read)
        seen = replace(seen, ours=chosen.tree, read=together(chosen.blobs, seen.read))
    return seen, [LeftOut(path, Why.AGENTS_OWN) for path in own]


class _Packaged(NamedTuple):
    """What of a home may leave as a package with its layers, what stays in it or can't be read, and what to say."""

    whole: Part
    stays: tuple[LeftOut, ...]
    unread: tuple[LeftOut, ...]
    notes: tuple[Note, ...]


def _packaged(
    lock: Lock | None, manifest: Manifest | None, seen: Observed, *, own: bool, all_: bool
) -> _Packaged:
    base, theirs, shipped = _trees(lock)
    files, stays = permitted(seen.ours, base, manifest, own=own)
    grafted, personal = without_personal(files, theirs, lock.kept if lock else (), seen.read)
    read = together(grafted.blobs, seen.read)
    bare, chats = without_chats(grafted.tree, theirs, read)
    read = together(bare.blobs, read)
    name = lock.name if lock else ""
    package = capture(bare.tree, base, shipped, read, theirs=theirs, name=name, own=own)
    read = together(package.blobs, read)
    wanted = _variables_in(theirs, read)
    received, old = as_listed(package_of(theirs, shipped, read), read, manifest, wanted)
    tree, new = as_listed(package.tree, read, manifest, wanted)
    read = together({**old, **new}, read)
    whole = Part(received=received, tree=tree, read=read, variables=package.variables)
    unread = _unread(seen, grafted.tree, base.with_entries(theirs), own=own and all_)
    return _Packaged(whole, (*stays, *personal, *chats), unread, package.notes)


def _unread(seen: Observed, leaves: Tree, received: Tree, *, own: bool) -> tuple[LeftOut, ...]:
    """What could not be read: of the package, and of the user's own if that is wanted, too."""
    lost = seen.unread(received.where(lambda path: path not in leaves)) if seen.odd else ()
    if not own:
        return lost
    more = (odd for odd in seen.odd if odd.why is Why.UNREADABLE and odd.path not in leaves)
    return tuple(dict.fromkeys((*lost, *more)))


def _lost(seen: Observed, tree: Tree, unread: Sequence[LeftOut]) -> tuple[LeftOut, ...]:
    """What an author may take for a part of the package, and is none: it is not told elsewhere."""
    return tuple(one for one in seen.odd if one.path not in tree and one not in unread)


def _trees(lock: Lock | None) -> tuple[Tree, Tree, Tree]:
    """What the home received, what its package is now, and what of it is placed in another form."""
    if lock is None:
        return EMPTY, EMPTY, EMPTY
    return lock.base, lock.theirs(), lock.shipped


def _below(ctx: Context, home: Home, lock: Lock | None) -> Below | None:
    """The layers that the package stands on; None if there are none."""
    return below(ctx, home.name, lock) if lock and lock.layers else None


def _lacks(whole: Part, lower: Below | None) -> tuple[str, ...]:
    """What the layers bring that was received, and is not there by now."""
    if lower is None:
        return ()
    read = first_of(whole.read, lower.read)
    never = set(not_there(whole.received, lower.tree, read))
    return tuple(one for one in not_there(whole.tree, lower.tree, read) if one not in never)


def _own(whole: Part, lower: Below | None) -> Part:
    """What the package itself adds to its layers: now, and as it was received."""
    if lower is None:
        return whole
    read = first_of(whole.read, lower.read)
    now = own_part(whole.tree, lower.tree, lower.top, read)
    then = own_part(whole.received, lower.tree, lower.top, read)
    read = together({**now.blobs, **then.blobs}, read)
    return replace(whole, tree=now.tree, received=then.tree, read=read)


def _unanswered(lock: Lock | None, part: Part) -> Part:
    """Put the placeholders back: an answer is the user's, and never leaves with the package."""
    if lock is None or not lock.input_values:
        return part
    values = lock.input_values
    now = unfill(part.tree, lock.unfilled, values, part.read)
    then = unfill(part.received, lock.unfilled, values, part.read)
    read = together({**now.blobs, **then.blobs}, part.read)
    notes = (*part.notes, *told(now.tree, then.tree, values, read))
    return replace(part, tree=now.tree, received=then.tree, read=read, notes=notes)


def _manifest(home: Home) -> Manifest | None:
    try:
        return load_manifest(read_file(home.path / MANIFEST))
    except (OSError, Invalid):
        return None


def _variables_in(tree: Tree, read: Read) -> tuple[EnvVar, ...]:
    """The variables of a package's manifest; none if it can't be read."""
    entry = tree.get(RelPath(MANIFEST))
    if entry is None:
        return ()
    try:
        return load_manifest(read(entry.digest)).env
    except Invalid:
        return ()


def _units(tree: Tree) -> set[str]:
    """The units that the agent itself puts into a home: skills by folder, and SOUL.md."""
    return {str(path.parent or path) for path in tree if path.name in ("SKILL.md", SOUL)}


def _elsewhere(home: Home, looked_at: Tree) -> Iterator[LeftOut]:
    """The rest of a home, by name only; the files are not opened."""
    seen = {path.top for path in looked_at} | {*SHARED_FOLDERS, *SHARED_FILES, LOCKFILE, PRIVATE}
    with os.scandir(home.path) as entries:
        rest = sorted(
            (e.name, e.is_dir(follow_symlinks=False)) for e in entries if e.name not in seen
        )
    for name, is_folder in rest:
        shown = f"{name}/" if is_folder else name
        yield LeftOut(shown, _why_elsewhere(name))


def _why_elsewhere(name: str) -> Why:
    try:
        is_known = name in STANDARD_FOLDERS or is_machine(RelPath(name))
    except Invalid:
        is_known = True  # no package could bring such a name
    return Why.THIS_MACHINE if is_known else Why.NO_SHARED_NAME


def _asked_by(leaving: Leaving) -> frozenset[str]:
    """The inputs that the package itself has, apart from secrets."""
    try:
        items = declared_by(leaving.manifest) if leaving.manifest else ()
    except Invalid:
        items = ()
    return frozenset(item.name for item in items if not item.secret)


def private_of(ctx: Context, home: Home) -> Private:
    """Collect the secrets of this machine, to search for them in what would ship; they are never kept or shown."""
    values = frozenset(secrets_of(ctx, home.path, home.lock, leaving=True).values())
    notes = sorted(home.path.glob(f"{MEMORIES}/**/*.md"))
    memories = [_data(path).decode("utf-8", "replace") for path in notes]
    return Private(
        secrets=values,
        memories=memory_lines(memories),
        home=str(ctx.layout.user_home),
        unclear=unclear_of(ctx, home.path, values),
    )


def _data(path: Path) -> bytes:
    """The start of a file; empty if it can't be read."""
    try:
        return start_of(path, _MOST)
    except OSError:
        return b""


def base_of(leaving: Leaving, name: str) -> tuple[Tree, Read]:
    """The base of a home after a publication: what was published, as placed, without parts that need approval here.

    So merging what was published over this base brings in other people's changes and nothing else.
    """
    lock = leaving.home.lock
    containers = lock.base if lock else EMPTY
    # The example is in no base: a home has it beside the files that merge.
    package = leaving.tree.where(lambda path: path not in ENV_EXAMPLES)
    read = leaving.read
    if lock is not None:
        own = {
            name: lock.input_values[name] for name in _asked_by(leaving) & lock.input_values.keys()
        }
        answered = fill(package, own, read)
        package, read = answered.tree, together(answered.blobs, read)
    if leaving.below is not None:
        asked = wanted_by(leaving.manifest, local=True) if leaving.manifest else NOTHING
        top = Layer(
            name=name,
            rank=Rank.OWN,
            tree=package,
            overrides=asked.overrides,
            without=asked.without,
        )
        made = compose((*leaving.below.layers, top), read)
        package, read = made.tree, together(made.blobs, read)
    placed = place(package, read, name=name, keep_containers=containers)
    read = together(placed.blobs, read)
    if lock is None:
        return placed.tree, read
    # What waits for approval is published, too, but not live here: as base, it would look deleted by the user.
    waiting = [(effect.path, effect.key) for effect in lock.parked if not effect.off]
    back = put_back(placed.tree, lock.base, waiting, read)
    return back.tree, together(back.blobs, read)
