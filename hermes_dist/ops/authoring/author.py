"""What an author does locally with a package: start a manifest, validate, list what would ship, pack."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.agents.names import RESERVED
from hermes_dist.brand import MANIFEST
from hermes_dist.decide.leaving.draft import (
    Draft,
    brought_by,
    manifest_text,
    variables_of,
    workflow_text,
)
from hermes_dist.decide.leaving.leaks import find_leaks, refuse_leaks
from hermes_dist.decide.leaving.publish import with_fields
from hermes_dist.decide.ownership import ENV_EXAMPLES, payload_of
from hermes_dist.decide.parts import PARTS, part_of
from hermes_dist.decide.secrets.scan import Leak
from hermes_dist.decide.validate.kinds import UNREADABLE, ProblemKind
from hermes_dist.decide.validate.problems import Level, Problem, Subject, error, fault, warning
from hermes_dist.decide.validate.rules import validate
from hermes_dist.decide.versions import specifiers, version_of
from hermes_dist.errors import DistError, Invalid, UsageError, quoted
from hermes_dist.light import NamedTuple
from hermes_dist.model.documents.api import load_manifest_data
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.manifest import Breach, Manifest
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree, together
from hermes_dist.ops.authoring.capture import leaving, private_of
from hermes_dist.ops.authoring.installable import pointers_in, why_not_installable
from hermes_dist.ops.authoring.real_lines import Replaced, line_at_home, replaced_in
from hermes_dist.ops.change.legible import refuse_unread
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.world.archive.write import (
    GzipWriter,
    Sink,
    TarWriter,
    check_new_file,
    in_order,
    refuse_other_kind,
    write_private,
)
from hermes_dist.world.disk.fs import RealFs, trouble
from hermes_dist.world.disk.owners import make_folders
from hermes_dist.world.git.push import open_publisher
from hermes_dist.world.load import breaches, load_manifest
from hermes_dist.world.sources.api import ignore_rules
from hermes_dist.world.sources.folder import look_into
from hermes_dist.world.sources.nearby import no_folder

__all__ = [
    "Draft",
    "InvalidPackage",
    "LocalPackage",
    "Packed",
    "Problem",
    "Shipping",
    "checked",
    "completed",
    "draft",
    "new_folder",
    "pack",
    "package_at",
    "place_of",
    "problems_of",
    "refuse_errors",
    "secrets_at",
    "shipping",
    "subject_of",
    "write_manifest",
    "write_workflow",
]
TREE = "tree"
"""The rule for what makes a whole package one that nobody can install."""
WORKFLOW = ".github/workflows/validate.yml"
Place = ProfileName | Path
"""A profile, or a folder that holds a package."""


class LocalPackage(Struct, frozen=True, kw_only=True):
    """The package of a profile or a folder, as it would ship.

    Attributes:
        stays: Parts of the profile or folder that do not ship, each with the reason.
        variables: Names of the variables that replace values that look like secrets.
        lacks: What layers bring and the profile does not have.
        unread: What can't be read and belongs to it.
        home: For a profile, its files as they stand there; empty for a folder, which ships as it is.
        received: The package as the profile received it; empty for a folder, and a profile without one.
        lost: What an author may take for a part of the package although it does not ship: links, unsafe names.
        broken: Documents of the profile that are not valid, so that what they hold would not ship.
        unsafe: Why the folder can't be a package at all; None if it can.
    """

    place: Place
    tree: Tree
    read: Read
    stays: tuple[LeftOut, ...] = ()
    variables: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    unread: tuple[LeftOut, ...] = ()
    home: Tree = EMPTY
    received: Tree = EMPTY
    notes: tuple[Note, ...] = ()
    lost: tuple[LeftOut, ...] = ()
    broken: tuple[Note, ...] = ()
    unsafe: Invalid | None = None


class InvalidPackage(DistError):
    """The package has errors, which ``validate`` tells, too.

    Args:
        problems: The errors.
        hint: How to see all of them.
    """

    def __init__(self, problems: Sequence[Problem], *, hint: str) -> None:
        super().__init__("the package is not valid", hint=hint)
        self.problems = problems


def place_of(ctx: Context, text: str | None, *, here: bool = True) -> Place:
    """Tell a profile from a folder: text with a ``/``, or starting with ``~``, is a folder.

    Args:
        ctx: The context.
        text: As typed. ``.`` is the current folder if it holds a manifest; otherwise ``.``, like an empty
            text, is the active profile.
        here: Whether ``.`` may mean the current folder.

    Raises:
        DistError: The folder or profile does not exist.
    """
    if text in (None, "."):
        if here and text == "." and (Path.cwd() / MANIFEST).is_file():
            return _folder(ctx, Path.cwd())
        return ctx.active()
    if "/" in str(text) or str(text).startswith("~"):
        return _folder(ctx, Path(str(text)).expanduser())
    try:
        return ctx.profile(text)
    except DistError as err:
        if not Path(str(text)).is_dir():
            raise
        raise DistError(
            err.what, where=err.where, hint=f"for the folder here, write ./{text}"
        ) from None


@contextmanager
def new_folder(text: str | None) -> Iterator[None]:
    """Make a folder for a package that begins in it, unless it exists; it is gone again if that fails.

    Args:
        text: As typed. A folder is made for text with a ``/``, in a folder that exists.

    Raises:
        DistError: The folder can't be made.
    """
    path = Path(text or ".").expanduser()
    if "/" not in (text or "") or os.path.lexists(path) or not path.absolute().parent.is_dir():
        yield
        return
    try:
        make_folders(path)
    except OSError as error:
        raise trouble(error, "can't make the folder", where=str(path)) from error
    try:
        yield
    except BaseException:
        with suppress(OSError):
            path.rmdir()
        raise


def _folder(ctx: Context, path: Path) -> Place:
    if not path.is_dir():
        raise no_folder(path)
    real = path.resolve()
    return next((name for name in ctx.names() if ctx.layout.home(name).resolve() == real), real)


def package_at(ctx: Context, place: Place) -> LocalPackage:
    """Read a package as it would ship: a profile by its allowlist, a folder as git sees it.

    Raises:
        DistError: The package can't be read.
    """
    if isinstance(place, ProfileName):
        found = leaving(ctx, place, own=True)
        return LocalPackage(
            place=place,
            tree=found.tree,
            read=found.read,
            stays=found.stays,
            variables=found.variables,
            lacks=found.lacks,
            unread=found.unread,
            home=found.observed.ours,
            received=found.received,
            notes=found.notes,
            lost=found.lost,
            broken=found.broken,
        )
    try:
        tree, contents, left_out = look_into(place, ignore_rules)
    except Invalid as err:
        return LocalPackage(place=place, tree=EMPTY, read=ctx.store.read, unsafe=err)
    return LocalPackage(
        place=place,
        tree=tree,
        read=contents.__getitem__,
        stays=tuple(left_out),
        lost=tuple(one for one in left_out if one.why is not Why.IGNORED),
    )


def subject_of(ctx: Context, package: LocalPackage) -> Subject:
    """Collect what the validation rules need to know about a package."""
    subject = Subject(
        tree=package.tree,
        read=package.read,
        own=str(ctx.layout.user_home),
        left_out=(*package.lost, *pointers_in(package.tree, package.read)),
        unread=package.unread,
        broken=package.broken,
        replaced=frozenset(package.variables),
        lacks=package.lacks,
    )
    entry = package.tree.get(RelPath(MANIFEST))
    if entry is None:
        return subject
    data = package.read(entry.digest)
    manifest, unreadable = None, None
    try:
        manifest = load_manifest(data, f"mend that line in {_manifest_of(ctx, package)}")
    except Invalid as err:
        unreadable = err
    found: list[Breach] = []
    with suppress(Invalid):
        found = breaches(load_manifest_data(data), "distribution")
    return replace(subject, manifest=manifest, unreadable=unreadable, violations=found)


def _manifest_of(ctx: Context, package: LocalPackage) -> Path:
    """The manifest of a profile or a folder, where a user finds it."""
    place = package.place
    return (place if isinstance(place, Path) else ctx.layout.home(place)) / MANIFEST


def problems_of(ctx: Context, package: LocalPackage) -> tuple[Problem, ...]:
    """Check a package against every rule of ``validate``."""
    if package.unsafe is not None:
        err = package.unsafe
        return (fault(TREE, err.where.strip("'"), 0, err),)
    home, tree, read = package.home, package.tree, package.read
    found = [
        replace(one, line=line_at_home(home, tree, read, one.path, one.line))
        for one in validate(subject_of(ctx, package))
    ]
    refusal = why_not_installable(tree, read)
    if refusal is not None:
        found.append(fault(TREE, refusal.where.strip("'"), 0, refusal))
    return tuple(sorted(found))


def refuse_errors(ctx: Context, package: LocalPackage, problems: Sequence[Problem]) -> None:
    """Stop if there are errors among the problems of a package.

    Raises:
        InvalidPackage: There are.
    """
    errors = [one for one in problems if one.level is Level.ERROR]
    if errors:
        see = ctx.command(f"validate {_word(package.place)}")
        raise InvalidPackage(errors, hint=f"see all: {see}")


def checked(ctx: Context, package: LocalPackage) -> tuple[Problem, ...]:
    """Check a package as :func:`problems_of` does; of a profile, also for what must not leave this machine.

    A publication looks for that by itself, as it knows what everybody can read already.
    """
    found = problems_of(ctx, package)
    if not isinstance(package.place, ProfileName) or package.unsafe is not None:
        return found
    leaks = [_problem(package, leak) for leak in _leaks(ctx, package)]
    told = {(one.path, one.line) for one in found}
    return tuple(sorted((*found, *(one for one in leaks if (one.path, one.line) not in told))))


def _problem(package: LocalPackage, leak: Leak) -> Problem:
    line = line_at_home(package.home, package.tree, package.read, leak.path, leak.line)
    if leak.variable:
        what = Note.of(ProblemKind.MAYBE_PRIVATE, what=leak.kind, name=leak.variable)
        return warning("secret", leak.path, line, what)
    return error("secret", leak.path, line, Note.of(ProblemKind.MUST_NOT_LEAVE, what=leak.kind))


def secrets_at(package: LocalPackage) -> tuple[Replaced, ...]:
    """List the secrets of a profile that a variable takes the place of, each at the line where it stands."""
    return replaced_in(package.home, package.tree, package.read, package.variables)


def draft(ctx: Context, place: Place, given: Draft) -> Draft:
    """Draft a manifest, filling in what the files show: variables used, the agent's version, the author.

    Args:
        ctx: The context.
        place: The profile or folder.
        given: What the user gave; empty fields are filled in.

    Raises:
        DistError: A manifest exists already, which is never overwritten; or a version in it would not be valid.
    """
    folder = _root(ctx, place)
    if (folder / MANIFEST).exists():
        raise DistError(
            "there is a manifest already; it is never overwritten",
            where=str(folder / MANIFEST),
            hint=f"edit it; then check it with: {ctx.command(f'validate {_word(place)}')}",
        )
    _check_versions(given)
    package = package_at(ctx, place)
    if package.unsafe is not None:
        raise package.unsafe
    label = _label(place)
    author = given.author
    if not author:
        with suppress(DistError):
            author = open_publisher(ctx.layout, ctx.env).identity().partition(" <")[0]
    requires = given.requires
    if not requires and ctx.agent_version:
        requires = f">={ctx.agent_version}"
    return replace(
        given,
        name=given.name or ProfileName.slug(label),
        author=author,
        requires=requires,
        env=variables_of(package.tree, package.read, package.variables),
        brings=brought_by(package.tree),
    )


def _check_versions(given: Draft) -> None:
    """Make sure that what `validate` would refuse is not written.

    Raises:
        UsageError: The version is none.
        Invalid: The required versions of the agent are no range.
    """
    if given.version and version_of(given.version) is None:
        raise UsageError(
            f"--version takes a version such as 0.1.0, not {quoted(given.version, 60)}"
        )
    if given.requires:
        specifiers(given.requires)


def _label(place: Place) -> str:
    """Return what to derive a package's name from; a profile such as ``default`` gives none that may be used."""
    label = str(place) if isinstance(place, ProfileName) else place.name
    return "my-agent" if label in RESERVED else label


def _root(ctx: Context, place: Place) -> Path:
    return ctx.layout.home(place) if isinstance(place, ProfileName) else place


def _word(place: Place) -> str:
    return str(place) if isinstance(place, ProfileName) else shlex.quote(f"{place}/")


def write_manifest(ctx: Context, place: Place, made: Draft) -> Path:
    """Write a manifest if there is none yet.

    Raises:
        Invalid: The name is not a valid package name.
        DistError: The file exists already, or it can't be written.
    """
    ProfileName(made.name)
    text = manifest_text(made)
    load_manifest(text)
    return _write_new(_root(ctx, place), MANIFEST, text)


def write_workflow(ctx: Context, place: Place) -> Path:
    """Write the CI workflow that validates a package on every push.

    Raises:
        UsageError: The place is a profile; a workflow belongs in a repository.
        DistError: The file exists already, or it can't be written.
    """
    if isinstance(place, ProfileName):
        raise UsageError(
            "--workflow writes into a clone of the repository",
            hint="name the clone, such as ./my-agent",
        )
    return _write_new(place, WORKFLOW, workflow_text(ctx.brand.dist_command))


def _write_new(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    try:
        with RealFs(folder) as fs:
            for above in RelPath(name).parents:
                if fs.kind(above) == "absent":
                    fs.mkdir(above, 0o755)
            fs.write_new(name, data, 0o644)
    except FileExistsError:
        raise DistError(
            "the file exists already, and is not overwritten", where=str(path)
        ) from None
    except OSError as err:
        raise trouble(err, "can't write it", where=str(path)) from err
    return path


class Shipping(Struct, frozen=True):
    """What would ship, as files by part with their sizes, and what does not.

    Attributes:
        refused: The lines of a profile that must not leave the machine: ``pack`` stops at
            them, and ``publish`` at those that are not published already.
    """

    manifest: Manifest | None
    files: tuple[tuple[str, RelPath, int], ...]
    stays: tuple[LeftOut, ...]
    variables: tuple[str, ...]
    notes: tuple[Note, ...]
    refused: tuple[str, ...] = ()

    @property
    def parts(self) -> dict[str, int]:
        """The number of bytes in each part."""
        total: Counter[str] = Counter()
        for part, _, size in self.files:
            total[part] += size
        return dict(total)


def shipping(ctx: Context, place: Place) -> Shipping:
    """List exactly what would ship.

    Raises:
        DistError: The package can't be read.
    """
    package = package_at(ctx, place)
    if package.unsafe is not None:
        raise package.unsafe
    refuse_unread(_root(ctx, place), package.unread)
    subject = subject_of(ctx, package)
    manifest = subject.manifest
    odd: list[Note] = []
    inside: tuple[LeftOut, ...] = ()
    if manifest:
        odd = [odd.note for odd in manifest.warnings]
        # An example of the environment ships, and every home gets it as its own.
        left_out = payload_of(package.tree, manifest).left_out
        inside = tuple(one for one in left_out if one.path not in ENV_EXAMPLES)
    if subject.unreadable:
        odd = [Note.of_error(subject.unreadable)]
    refusal = why_not_installable(package.tree, package.read)
    if refusal is not None:
        odd.append(Note.of_error(refusal))
    order = {part: n for n, part in enumerate((*PARTS, "files"))}
    rows = [
        (part_of(path), path, len(package.read(entry.digest)))
        for path, entry in package.tree.items()
    ]
    return Shipping(
        manifest,
        tuple(sorted(rows, key=lambda row: (order[row[0]], row[1]))),
        (*package.stays, *inside),
        package.variables,
        (*odd, *package.notes),
        tuple(map(str, _leaks(ctx, package))),
    )


def _leaks(ctx: Context, package: LocalPackage) -> list[Leak]:
    """What must not leave this machine; a folder is not looked at, as it is no profile's home."""
    if not isinstance(package.place, ProfileName):
        return []
    private = private_of(ctx, open_home(ctx, package.place))
    # An archive has no history to compare with, so everything in it is looked at.
    return find_leaks(package.tree, EMPTY, package.read, private, package.received)


class Packed(NamedTuple):
    """A package in an archive: its files, the bytes of the archive, and what there is to say about it."""

    files: int
    size: int
    notes: tuple[Note, ...] = ()


def pack(ctx: Context, place: Place, out: Path, allowed: Collection[str] = ()) -> Packed:
    """Write a package as an archive; the same package always gives the same bytes.

    Args:
        ctx: The context.
        place: The profile, or the folder of a package.
        out: The archive, a new file.
        allowed: Findings that the user allows: ``FILE:LINE``, or a variable whose value may stand anywhere.

    Raises:
        UsageError: An allowed finding is none.
        Refused: The package contains something that must not leave this machine; the error names the places.
        InvalidPackage: Something in it can't be read, or nobody could install it.
        DistError: The package can't be read or written, has no manifest, or the file is called like another kind.
    """
    refuse_other_kind(out, "package.tar.gz")
    check_new_file(out)
    package = package_at(ctx, place)
    refuse_unread(_root(ctx, place), package.unread)
    subject = subject_of(ctx, package)
    if subject.manifest is None:
        raise (
            subject.unreadable
            or package.unsafe
            or DistError(f"there is no {MANIFEST}", where=str(place))
        )
    refuse_leaks(_leaks(ctx, package), allowed)
    tree, read = completed(package.tree, package.read, "", package.variables)
    found = problems_of(ctx, package)
    refuse_errors(ctx, package, [one for one in found if one.what.kind in UNREADABLE])
    name = f"{ProfileName.slug(subject.manifest.name)}-{subject.manifest.version or '0'}"

    def fill(sink: Sink) -> None:
        tar = TarWriter(GzipWriter(sink), name)
        for path in in_order(tree):
            entry = tree[RelPath(path)]
            data = read(entry.digest)
            tar.add(path, [data], len(data), executable=entry.executable)
        tar.close()

    return Packed(len(tree), write_private(out.absolute(), fill), package.notes)


def completed(tree: Tree, read: Read, version: str, variables: Sequence[str]) -> tuple[Tree, Read]:
    """Write a version, and the variables that replace secrets, into a package's manifest.

    Raises:
        Invalid: The manifest can't be read.
    """
    path = RelPath(MANIFEST)
    data = with_fields(read(tree[path].digest), version, variables)
    entry = Entry(Digest.of(data), tree[path].executable)
    return tree.with_entries({path: entry}), together({entry.digest: data}, read)
