"""Export: write a profile to one file, for another machine or as a backup."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from hermes_dist.brand import LOCKFILE, PRIVATE
from hermes_dist.decide.environment.example import ENV_EXAMPLE
from hermes_dist.decide.leaving.about_you import about_you
from hermes_dist.decide.leaving.card import Card
from hermes_dist.decide.leaving.examples import Examples, examples_of
from hermes_dist.decide.leaving.export import (
    CARRIED_PARTS,
    Portable,
    goes_with,
    lock_to_go,
    only_lock,
    parts_of,
    portable,
    wanted_blobs,
)
from hermes_dist.decide.ownership import is_machine, is_rebuilt
from hermes_dist.decide.parts import part_at
from hermes_dist.decide.secrets.redact import redact
from hermes_dist.decide.secrets.scan import scan
from hermes_dist.errors import DistError, UsageError
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.left_out import UNREAD, LeftOut
from hermes_dist.model.lock import Lock, dump_lock, without_digests
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree, names_alike, together
from hermes_dist.ops.change.legible import refuse_unread
from hermes_dist.ops.change.machine_secrets import secrets_of, unclear_of
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.observe import Observed, first_of, observe
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_to_read, open_to_save
from hermes_dist.ops.transfer.answers import Unanswered, unanswered
from hermes_dist.ops.transfer.archive_members import Parcel
from hermes_dist.world.archive.backup import is_beside, look_around
from hermes_dist.world.archive.behind import behind
from hermes_dist.world.archive.write import (
    GzipWriter,
    Sink,
    TarWriter,
    check_new_file,
    refuse_other_kind,
    write_private,
)
from hermes_dist.world.disk.modes import kept_at
from hermes_dist.world.disk.owners import make_folders
from hermes_dist.world.files import read_file, start_of
from hermes_dist.world.load import load_manifest

_ANY = Entry(Digest.of(b""))
_MOST_KNOWN = 1 << 20


class Packing(Discreet, frozen=True, kw_only=True):
    """The options of an export.

    Attributes:
        only: Parts to take; empty for all.
        without: Parts to leave out.
        carried: Machine data to add: ``memories``, ``sessions``.
        full: Take everything, including keys.
        passphrase: The passphrase to encrypt with; empty for none.
        redact: Replace secrets in texts by ``${NAME}``.
    """

    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    carried: frozenset[str] = frozenset()
    full: bool = False
    passphrase: str = ""
    redact: bool = False


class Exported(Struct, frozen=True, kw_only=True):
    """The result of an export.

    Attributes:
        path: The file.
        size: Its size in bytes.
        files: How many files of the home are in it.
        variables: Names of the variables that replace secrets.
        about_you: Places in it that say something about the user or this machine.
        left_out: Names at the root of the home that were left out.
        notes: What else to say.
    """

    profile: ProfileName
    path: Path
    size: int
    files: int
    variables: tuple[str, ...] = ()
    about_you: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def missed(self) -> tuple[str, ...]:
        """The files and folders that are not in it because they can't be read."""
        left = [note for note in self.notes if note.kind is NoteKind.LEFT_OUT]
        return tuple(note.where for note in left if note.datum("why") in UNREAD)


def parse_carried(text: str) -> frozenset[str]:
    """Parse ``memories,sessions`` as typed after ``--with``.

    Raises:
        UsageError: A name is not one of the two.
    """
    parts = frozenset(part.strip() for part in text.split(",") if part.strip())
    if unknown := parts - CARRIED_PARTS.keys():
        raise UsageError(
            f"--with does not know {', '.join(sorted(unknown))}",
            hint="--with takes memories, sessions, or both with a comma",
        )
    return parts


def target_of(name: ProfileName, out: str, *, encrypted: bool) -> Path:
    """The file to write: the one that was named, or one with the profile's name, here or in the named folder.

    Raises:
        DistError: The file exists already, is called like another kind of archive, or its folder is missing.
        UsageError: It is ``-``, which elsewhere means a pipe.
    """
    if out == "-":
        raise UsageError(
            "an archive is written to a file only, with its own permissions",
            hint="name a file with -o",
        )
    usual = f"{name}.tar.gz"
    if encrypted:
        usual += ".age"
    path = Path(out or usual).expanduser()
    if path.is_dir():
        path = path / usual
    refuse_other_kind(path, usual)
    check_new_file(path)
    return path.absolute()


def export(ctx: Context, name: ProfileName, packing: Packing, path: Path) -> Exported:
    """Write a profile to one new file that only its owner may read, as :func:`export_sealed` does."""

    def seal(out: Sink) -> Sink:
        if not packing.passphrase:
            return out
        from hermes_dist.world.keys.age import AgeWriter  # noqa: PLC0415 - only encrypted backups should pay for it

        return AgeWriter(out, packing.passphrase)

    return export_sealed(ctx, name, packing, path, seal)


def export_sealed(
    ctx: Context, name: ProfileName, packing: Packing, path: Path, seal: Callable[[Sink], Sink]
) -> Exported:
    """Write a profile to one new file that only its owner may read.

    Args:
        ctx: The context.
        name: The profile.
        packing: The options.
        path: The file, as :func:`target_of` gives it.
        seal: Encrypts what is written, or leaves it as it is.

    Raises:
        Refused: There are secrets in what would be written; the error names their places.
        DistError: The profile can't be read or the file can't be written; no file is left behind.
    """
    opened = open_to_save if packing.full else open_to_read
    home, found = opened(ctx, name)
    if not home.path.is_dir():
        raise DistError("there is no such home", where=str(home.path))
    make_folders(ctx.layout.staging, 0o700)
    # A full backup holds every secret on purpose, so nothing is searched for; it is encrypted instead.
    known = None if packing.full else secrets_of(ctx, home.path, home.lock, leaving=True)
    parcel = Parcel(str(name), known, packing.redact, ctx.layout.staging)
    if packing.full:
        card = _whole(ctx, home, parcel)
    else:
        card = _shared(ctx, home, packing, parcel)
    parcel.notes += _names_alike(parcel)
    if known is not None:
        parcel.unclear = unclear_of(ctx, home.path, known.values())
    ctx.progress("packing")

    def fill(out: Sink) -> None:
        with behind(GzipWriter(seal(out))) as packed:
            parcel.pack(TarWriter(packed, parcel.root), card)

    size = write_private(path, fill)
    return Exported(
        profile=name,
        path=path,
        size=size,
        files=parcel.files,
        variables=card.variables,
        about_you=parcel.about_you,
        left_out=parcel.left_out(home.path),
        notes=(*found, *parcel.notes, *_maybe_secret(parcel)),
    )


def _maybe_secret(parcel: Parcel) -> Iterator[Note]:
    """Say which files contain a value of ``.env`` that may be a secret: an archive is handed on."""
    places = {(leak.variable, leak.path) for leak in parcel.maybe}
    for variable in sorted({variable for variable, _ in places}):
        paths = tuple(sorted(path for name, path in places if name == variable))
        yield Note.of(NoteKind.UNCLEAR_VALUE_INSIDE, variable=variable, paths=paths)


def _names_alike(parcel: Parcel) -> Iterator[Note]:
    """Say that this archive is for some disks only."""
    if pairs := tuple(f"{one} and {other}" for one, other in names_alike(parcel.paths)):
        yield Note.of(NoteKind.NAMES_ALIKE, names=pairs)


def _bytes(path: Path) -> bytes:
    try:
        return start_of(path, _MOST_KNOWN)
    except OSError:
        return b""


def _shared(ctx: Context, home: Home, packing: Packing, parcel: Parcel) -> Card:
    """Add the shared files, what merging needs later, and the machine data that was asked for."""
    observed = observe(ctx, home, _named(home))
    closed = [one for one in observed.odd if one.why in UNREAD]
    refuse_unread(home.path, [one for one in closed if _goes(one, packing)])
    read = first_of(observed.read, ctx.store.read)
    bare = unanswered(ctx, home, _ours(observed), read)
    lock = bare.lock
    base = parcel.received = lock.base if lock else EMPTY
    parts = parts_of(bare.tree, read, packing.only, packing.without)
    read = together(parts.blobs, read)
    made = portable(parts.tree, base, read)
    read = together(made.blobs, read)
    examples = examples_of(lock, read)
    if packing.redact:
        _redact(made, examples, read, parcel.known or {})
        read = together(made.blobs, read)
    parcel.notes += [*made.notes, *bare.notes, *_asked_again(bare), *_left_out(observed.odd)]
    parcel.about_you = about_you(made.tree, base, read)
    for path, entry in made.tree.items():
        parcel.entry(path, entry, read, examples)
    _add_lock(lock, made.tree, read, parcel, Mask.of(ctx, home.path))
    if packing.carried:
        _add_carried(home, packing.carried, parcel)
    variables = tuple(sorted(set(made.variables)))
    return Card(
        variables=variables,
        only=packing.only,
        without=packing.without,
        carried=packing.carried,
        inputs=bare.inputs,
    )


def _goes(left: LeftOut, packing: Packing) -> bool:
    """Whether something is in a part that is exported, as far as its name tells."""
    part = part_at(left.path)
    return (not packing.only or part in packing.only) and part not in packing.without


def _asked_again(bare: Unanswered) -> Iterator[Note]:
    """Name the answers that stay here: an archive may go to somebody else."""
    if bare.inputs:
        yield Note.of(NoteKind.ANSWERS_STAY, names=tuple(sorted(bare.inputs)))


def _named(home: Home) -> Tree:
    """The files to read besides the well-known names: those that the lock and the manifest name."""
    tree = only_lock(home.lock).with_entries({ENV_EXAMPLE: _ANY})
    try:
        owned = load_manifest(read_file(home.path / "distribution.yaml")).owned or ()
    except (OSError, DistError):
        owned = ()
    more = {}
    for path in owned:
        if not is_machine(path):
            # A folder is named by a file in it: a tree has no folders of its own.
            inside = (home.path / path).is_dir()
            more[path / "_" if inside else path] = _ANY
    return tree.with_entries(more)


def _ours(observed: Observed) -> Tree:
    return observed.ours.where(lambda path: not is_machine(path))


def _redact(made: Portable, examples: Examples, read: Read, known: Mapping[str, str]) -> None:
    for path, entry in made.tree.items():
        data, values = read(entry.digest), examples.at(path)
        if scan(path, data, known.values(), shipped=examples.has(entry), examples=values):
            edited, names = redact(data, known, path)
            made.put(path, edited)
            made.variables += names


def _add_lock(lock: Lock | None, tree: Tree, read: Read, parcel: Parcel, mask: Mask) -> None:
    if lock is None:
        return
    text = dump_lock(mask.lock(lock_to_go(lock)))
    parcel.content(LOCKFILE, lambda: text, worth=without_digests)
    for digest in wanted_blobs(lock, tree):
        try:
            data = read(digest)
        except DistError:
            parcel.notes.append(Note.of(NoteKind.BASE_LOST, digest=digest[:12]))
            continue
        known = (parcel.known or {}).values()
        # Redacted, it would no longer match its digest, so it is left out instead.
        if parcel.hide and scan(RelPath(LOCKFILE), data, known, shipped=True):
            parcel.notes.append(Note.of(NoteKind.BASE_UNSAFE, digest=digest[:12]))
            continue
        parcel.base(digest, read)


def _add_carried(home: Home, carried: frozenset[str], parcel: Parcel) -> None:
    tops = {folder for part in carried for folder in CARRIED_PARTS[part]}
    seen = look_around(home.path, lambda path: path.top in tops or goes_with(path, carried))
    _add_files(home, seen.files, seen.odd, parcel)


def _whole(ctx: Context, home: Home, parcel: Parcel) -> Card:
    seen = look_around(home.path, lambda path: not is_rebuilt(path))
    _add_files(home, seen.files, seen.odd, parcel)
    if home.lock is not None:
        for digest in wanted_blobs(home.lock, observe(ctx, home, only_lock(home.lock)).found):
            if ctx.store.has(digest):
                parcel.base(digest, ctx.store.read)
    return Card(full=True, carried=frozenset(CARRIED_PARTS))


def _add_files(
    home: Home, files: tuple[RelPath, ...], odd: tuple[LeftOut, ...], parcel: Parcel
) -> None:
    known = frozenset(files)
    if not kept_at(home.path).executable:
        parcel.recorded = home.base
    for path in files:
        # A database is packed as a copy that includes its log; the log itself is of another moment.
        if not is_beside(path, known) and not path.under(PRIVATE):
            parcel.file(home.path, path)
    parcel.notes += _left_out(odd)


def _left_out(odd: tuple[LeftOut, ...]) -> Iterator[Note]:
    kind = NoteKind.LEFT_OUT
    return (Note.of(kind, left.path, why=left.why, detail=left.detail) for left in odd)
