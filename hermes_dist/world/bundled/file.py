"""Bundles as files: an archive of an index and of contents under their digests, checked before anything is used."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from hermes_dist import lazily
from hermes_dist.errors import DistError, Invalid, quoted
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest
from hermes_dist.world.archive.read import is_ours, members, opened
from hermes_dist.world.archive.write import GzipWriter, Sink, TarWriter, write_private
from hermes_dist.world.bundled.contents import FORMAT, Bundle, Index, Repository
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.private import give_mode
from hermes_dist.world.files import open_file
from hermes_dist.world.git.cache import prepare

_ROOT = "team.bundle"
_INDEX = b"index.json"
_CONTENTS = b"objects/"
_CHUNK = 1 << 20
_MOST = 64 << 20
_OBJECTS = lazily.pattern(
    r"objects/(?:pack/pack-[0-9a-f]{40,64}\.(?:pack|idx|rev)|[0-9a-f]{2}/[0-9a-f]{38,62})"
)
_ID = lazily.pattern(r"(?:tagged/)?[0-9a-f]{40}(?:[0-9a-f]{24})?")

Source = Callable[[], Iterable[bytes]]


def is_object(path: str) -> bool:
    """Whether a file of a repository holds objects: nothing else of it goes into a bundle or out of one."""
    return _OBJECTS.fullmatch(path) is not None


def write_bundle(path: Path, index: Index, contents: Mapping[Digest, tuple[int, Source]]) -> int:
    """Write a bundle, atomically and never over an existing file.

    Args:
        path: The file.
        index: What is in it.
        contents: The size of each content, and how to read it.

    Returns:
        Its size.

    Raises:
        DistError: There is such a file already, or it can't be written.
    """
    data = msgspec.json.encode(index, enc_hook=_plain, order="deterministic")

    def fill(sink: Sink) -> None:
        tar = TarWriter(GzipWriter(sink), _ROOT)
        tar.add("index.json", [data], len(data))
        for digest in sorted(contents):
            size, read = contents[digest]
            tar.add(f"objects/{digest}", read(), size)
        tar.close()

    return write_private(path, fill)


@contextmanager
def opened_bundle(path: Path, beside: str, remake: str) -> Iterator[Bundle]:
    """Unpack a bundle for as long as it is used.

    Args:
        path: The file.
        beside: The folder of the team's file.
        remake: The command that makes a bundle, for hints.

    Raises:
        Invalid: It is no bundle, of another format, or damaged; the error says where.
        DistError: It can't be read or unpacked.
    """
    with TemporaryDirectory(prefix="hermes-dist-bundle-") as folder:
        place = Path(folder)
        try:
            index = _unpack(path, place / "contents", remake)
            _set_up(index, place)
        except Invalid as error:
            raise error.within(path.name) from None
        except OSError as error:
            raise trouble(error, "can't unpack the bundle", where=str(path)) from error
        yield Bundle(index=index, place=place, beside=beside, remake=remake)


def _unpack(path: Path, place: Path, remake: str) -> Index:
    """Write out the contents, each checked by its digest, and return the index."""
    place.mkdir()
    with opened(path) as file:
        if not is_ours(file.read(16)):
            raise _no_bundle(remake)
        file.seek(0)
        raws = members(iter(lambda: file.read(_CHUNK), b""))
        files = (raw for raw in raws if not raw.name.endswith(b"/"))
        first = next(files, None)
        if first is None or _below(first.name) != _INDEX or first.size > _MOST:
            raise _no_bundle(remake)
        index = _index(b"".join(first.pieces()))
        left = set(index.digests)
        for raw in files:
            name = _below(raw.name).removeprefix(_CONTENTS).decode("ascii", "replace")
            if name not in left:
                raise Invalid("the bundle is damaged: it holds something that it does not list")
            left.discard(Digest(name))
            _write(place / name, raw.pieces())
    if left:
        raise Invalid("the bundle is damaged: not all that it lists is there")
    return index


def _no_bundle(remake: str) -> Invalid:
    return Invalid("it is not a bundle", hint=f"make one with: {remake}")


def _below(name: bytes) -> bytes:
    root, _, rest = name.partition(b"/")
    return rest if root == _ROOT.encode() else b""


def _index(data: bytes) -> Index:
    try:
        number = msgspec.json.decode(data, type=dict[str, object]).get("format")
        if number != FORMAT:
            raise Invalid(
                f"its format {quoted(number, 20)} is not known", hint="update hermes-dist"
            )
        return msgspec.json.decode(data, type=Index, dec_hook=lambda kind, value: kind(value))
    except (msgspec.DecodeError, ValueError) as error:
        raise Invalid(f"the bundle is damaged: {error}") from None


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    found = hashlib.sha256()
    with path.open("wb") as out:
        for piece in pieces:
            found.update(piece)
            out.write(piece)
    if found.hexdigest() != path.name:
        raise Invalid("the bundle is damaged: a content does not match its digest")


def _set_up(index: Index, place: Path) -> None:
    """Make the repositories and folders of their contents; nothing that a program obeys is taken from the bundle."""
    for number, url in enumerate(sorted(index.repositories)):
        _repository(index.repositories[url], place / "git" / str(number), place / "contents")
    for number, path in enumerate(sorted(index.folders)):
        there = place / "folders" / str(number)
        there.mkdir(parents=True)
        for name, file in index.folders[path].items():
            target = there / RelPath(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place / "contents" / file.digest, target)
            if file.executable:
                give_mode(target, 0o755)


def _repository(one: Repository, place: Path, contents: Path) -> None:
    refs = one.refs
    named = (*refs.heads.values(), *refs.tags.values(), *refs.annotated.values())
    ids = (*one.pins, *one.shallow, *named, *filter(None, [refs.head_commit]))
    if not all(map(_ID.fullmatch, ids)) or not all(map(is_object, one.files)):
        raise Invalid("the bundle is damaged: a repository in it breaks a rule")
    place.parent.mkdir(exist_ok=True)
    prepare(place, sha256=any(len(each.rpartition("/")[2]) == 64 for each in ids))
    for name, digest in one.files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(contents / digest, target)
    for pin in one.pins:
        ref = place / "refs" / (pin if "/" in pin else f"dist/{pin}")
        ref.parent.mkdir(exist_ok=True)
        ref.write_text(f"{pin.rpartition('/')[2]}\n")
    if one.shallow:
        (place / "shallow").write_text("".join(f"{each}\n" for each in one.shallow))


def digest_of(path: Path) -> Digest:
    """The digest of a file.

    Raises:
        DistError: It can't be read.
    """
    try:
        with open_file(path) as file:
            return Digest(hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise DistError(f"can't read the file: {error.strerror}", where=str(path)) from error
