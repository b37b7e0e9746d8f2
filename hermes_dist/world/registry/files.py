"""A registry as files in a folder: where it is, which entries it has, and which of them changed."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from hermes_dist import __version__
from hermes_dist.errors import Invalid, quoted
from hermes_dist.lazily import later
from hermes_dist.light import read_json
from hermes_dist.model.registry import FOLDER, FORMAT, INDEX, MAX_ENTRY, Registry, RegistryKind
from hermes_dist.model.source import AsGit, SourceKind, SourceSpec, parse_source
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.files import start_of
from hermes_dist.world.sources.nearby import no_folder

with later():
    from hermes_dist.installer import upgrades

_CANT_WRITE = "can't write the entry of the package"


def registry_of(text: str, name: str, *, allow_insecure: bool = False) -> Registry:
    """Make a registry of what the user typed: a folder or a git repository.

    Raises:
        Invalid: The text is neither a folder that exists nor a git repository.
    """
    spec = parse_source(text, allow_insecure=allow_insecure)
    if spec.kind is SourceKind.FOLDER and not spec.ref and not spec.subfolder:
        folder = Path(spec.location).expanduser().resolve()
        if not folder.is_dir():
            raise no_folder(folder, Invalid)
        place = str(folder)
        return Registry(name=name, kind=RegistryKind.FOLDER, location=place)
    if spec.kind.traits.as_git is AsGit.MAYBE:
        spec = _as_git(spec)
    if spec.kind.traits.as_git is not AsGit.ALWAYS:
        raise Invalid(
            f"{quoted(text, 200)} is not a valid place for a registry",
            hint="write ./folder, or a git repository such as github.com/you/index",
        )
    return Registry(name=name, kind=RegistryKind.GIT, location=str(spec))


def _as_git(spec: SourceSpec) -> SourceSpec:
    return spec._replace(
        kind=SourceKind.GIT, location=Path(spec.location).expanduser().resolve().as_uri()
    )


def checkout_at(folder: str) -> Path:
    """Return the path of a registry's folder that the user typed.

    Raises:
        Invalid: There is no such folder, or it is not a registry whose format is known.
    """
    root = Path(folder).expanduser().resolve()
    if not root.is_dir():
        raise no_folder(root, Invalid)
    check_index(read_entry(root, INDEX), str(root))
    return root


def check_place(root: Path, path: str) -> None:
    """Make sure that an entry can be written at a path of a registry's folder.

    Raises:
        DistError: Something is in the way, or the folder can't be written.
    """
    file = root / path
    folder = file.parent
    while not os.path.lexists(folder):
        folder = folder.parent
    number = 0
    if file.is_dir():
        number = errno.EISDIR
    elif not folder.is_dir():
        number, file = errno.ENOTDIR, folder
    elif not os.access(folder, os.W_OK | os.X_OK):
        number, file = errno.EACCES, folder
    if number:
        raise trouble(OSError(number, ""), _CANT_WRITE, where=str(file))


def write_entry(root: Path, path: str, data: bytes) -> None:
    """Write an entry into a registry's folder.

    Raises:
        DistError: It can't be written.
    """
    file = root / path
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(file, data, 0o644)
    except OSError as error:
        raise trouble(error, _CANT_WRITE, where=str(file)) from error


def check_index(data: bytes | None, place: str) -> None:
    """Make sure that a place is a registry whose format is known.

    Raises:
        Invalid: The place is not a registry, or has a newer format.
    """
    try:
        found = read_json(data) if data is not None and len(data) <= MAX_ENTRY else None
    except ValueError:
        found = None
    number = found.get("format") if isinstance(found, dict) else None
    if type(number) is not int:
        raise Invalid(
            f"it is not a registry: there is no {INDEX} that names its format",
            where=place,
            hint=f'a registry of your own begins with the file {INDEX}: {{"format": {FORMAT}}}',
        )
    if number != FORMAT:
        raise Invalid(
            f"it has format {number}, which this program ({__version__}) does not know",
            where=place,
            hint=f"upgrade with: {upgrades()}",
        )


def stamps(root: Path) -> Iterator[tuple[str, str]]:
    """The stamp of each entry of a folder; writing the file again changes its stamp."""
    for shard in _scan(root / FOLDER):
        if shard.is_dir(follow_symlinks=False):
            for file in _scan(Path(shard.path)):
                if file.name.endswith(".json") and file.is_file(follow_symlinks=False):
                    seen = file.stat(follow_symlinks=False)
                    stamp = f"{seen.st_mtime_ns} {seen.st_ctime_ns} {seen.st_size} {seen.st_ino}"
                    yield f"{FOLDER}/{shard.name}/{file.name}", stamp


def fingerprint(root: Path) -> str:
    """One digest of the stamps of all that lies where entries are; quicker and smaller than to compare each."""
    digest = blake2b(digest_size=32)
    for shard in sorted(_scan(root / FOLDER), key=lambda found: found.name):
        lines = [shard.name, str(shard.is_dir(follow_symlinks=False))]
        for file in _scan(Path(shard.path)) if shard.is_dir(follow_symlinks=False) else ():
            seen = file.stat(follow_symlinks=False)
            lines.append(
                f"{file.name}\0{seen.st_mtime_ns} {seen.st_ctime_ns} {seen.st_size} {seen.st_ino} {seen.st_mode}"
            )
        digest.update("\0\n".join(sorted(lines)).encode(errors="surrogateescape") + b"\0\0\n")
    return digest.hexdigest()


def entries_of(root: Path) -> Iterator[tuple[str, bytes]]:
    """Return every file where an entry can be, in order, with its content."""
    return contents(root, sorted(path for path, _ in stamps(root)))


def _scan(folder: Path) -> Iterable[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as found:
        return list(found)
    return []


def contents(root: Path, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Read files; missing ones are left out."""
    for path in paths:
        data = read_entry(root, path)
        if data is not None:
            yield path, data


def read_entry(root: Path, path: str) -> bytes | None:
    """Read a file, up to a little more than the largest size of an entry; None if it is missing."""
    try:
        return start_of(root / path, MAX_ENTRY + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise trouble(error, "the file can't be read", where=str(root / path)) from error
