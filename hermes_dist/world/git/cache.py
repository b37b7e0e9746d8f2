"""A bare cache of a repository on disk, and the parsers of git's output."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from hermes_dist.errors import Invalid
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.model.source import without_credentials
from hermes_dist.world.disk.private import FILE, give_mode, make_private
from hermes_dist.world.ports import Refs
from hermes_dist.world.records import bytes_at

if TYPE_CHECKING:
    from typing import IO

_LARGEST = 1 << 20
_FOLDERS = ("objects", "refs")
_FILES = ("HEAD", "config")
ENDS = "shallow"
"""The file of git that says where histories end."""
_HEX = "0123456789abcdef"
_CONFIG = "[core]\n\trepositoryFormatVersion = {}\n\tbare = true\n\tlogAllRefUpdates = false\n"


def is_commit(text: str) -> bool:
    """Whether a text is a full commit id, as git writes it."""
    return len(text) in (40, 64) and not text.strip(_HEX)


def cache_name(url: str) -> str:
    """Return the name of a repository's cache, derived from its URL without a login."""
    import hashlib  # noqa: PLC0415 - start-up

    slug = re.sub(r"[^a-z0-9]+", "-", url.lower().removesuffix(".git")).strip("-")[-40:].strip("-")
    return f"{hashlib.sha256(url.encode()).hexdigest()[:16]}-{slug}.git"


def known_tree(root: Path, url: str, subfolder: str | None) -> Path:
    """Return the place of the record about a folder of a repository; see :mod:`hermes_dist.world.sources.commit_trees`.

    Args:
        root: The folder of caches.
        url: The repository.
        subfolder: The folder; None for its root.
    """
    folder = root / cache_name(without_credentials(url))
    name = f"-{cache_name(subfolder).removesuffix('.git')}" if subfolder else ""
    return folder / f"known-tree{name}"


def prepare(cache: Path, *, sha256: bool) -> None:
    """Make an empty bare repository, whole or not at all; an existing one is left alone.

    Args:
        cache: Its folder.
        sha256: Whether its objects are named by SHA-256 rather than SHA-1.

    Raises:
        DistError: The disk is full or fails.
    """
    from hermes_dist.world.disk.errors import trouble  # noqa: PLC0415 - start-up

    if cache.is_dir():
        return
    temp = cache.parent / f".{cache.name}.{os.urandom(4).hex()}"
    try:
        # Not by `git init`: it copies the user's template with its hooks, and git may be missing.
        for folder in ("objects/info", "objects/pack", "refs/dist"):
            make_private(temp / folder)
        _write(temp / "HEAD", "ref: refs/heads/none\n")
        _write(
            temp / "config",
            _CONFIG.format(int(sha256)) + ("[extensions]\n\tobjectFormat = sha256\n" * sha256),
        )
        with contextlib.suppress(FileExistsError):
            _rename_new(temp, cache)
    except OSError as error:
        raise trouble(error, "can't make a cache for a repository", where=str(cache)) from error
    finally:
        if temp.exists():
            _remove(temp)


def _remove(folder: Path) -> None:
    import shutil  # noqa: PLC0415 - start-up

    shutil.rmtree(folder, ignore_errors=True)


def heal(cache: Path) -> bool:
    """Remove what a killed git left behind; the caller holds the cache's lock.

    No other process works in a locked cache, so every ``*.lock`` in it is stale, and git would stop at it.

    Returns:
        Whether the repository is usable. If a part that git needs is missing, the repository is moved aside.

    Raises:
        DistError: The disk fails.
    """
    from hermes_dist.world.disk.errors import trouble  # noqa: PLC0415 - start-up

    try:
        if not _is_whole(cache):
            put_away(cache)
            return False
        for folder, _, names in os.walk(cache):
            for name in names:
                # `repack` begins the names of its packs with .tmp, and a pack that a fetch keeps is never joined.
                if name.endswith((".lock", ".keep")) or name.startswith(("tmp_", ".tmp-")):
                    Path(folder, name).unlink(missing_ok=True)
    except OSError as error:
        raise trouble(error, "can't clean the cache of a repository", where=str(cache)) from error
    return True


def _is_whole(cache: Path) -> bool:
    """Return whether every part is there that git needs to recognize a repository.

    A power cut can leave a small file empty or full of zeros.
    """
    return (
        all((cache / part).is_dir() for part in _FOLDERS)
        and all((bytes_at(cache / part) or b"").strip(b"\0 \n") for part in _FILES)
        and _are_names(cache / ENDS)
    )


def _are_names(place: Path) -> bool:
    """Return whether a file names commits, a line each: a power cut can leave it full of zeros. None is as good."""
    text = bytes_at(place)
    if text is None:
        return not os.path.lexists(place)
    return all(is_commit(line) for line in text.decode("ascii", "replace").splitlines())


def put_away(cache: Path) -> None:
    """Move a damaged cache aside; its contents can be fetched again.

    Raises:
        OSError: The disk fails.
    """
    aside = cache.parent / f".{cache.name}.{os.urandom(4).hex()}.old"
    with contextlib.suppress(FileNotFoundError):
        cache.rename(aside)
        _remove(aside)


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    give_mode(path, FILE)


def _rename_new(temp: Path, cache: Path) -> None:
    try:
        temp.rename(cache)
    except OSError:
        if not cache.is_dir():
            raise
        raise FileExistsError(cache) from None


def is_pinned(cache: Path, commit: str) -> bool:
    """Return whether a commit was fetched completely; git writes the ref only then."""
    return has_ref(cache, f"refs/dist/{commit}") and _is_whole(cache)


def pin_by_hand(cache: Path, commit: str) -> None:
    """Note that a commit is there completely, where no git has written the ref.

    Raises:
        OSError: The disk is full or fails.
    """
    pin = cache / "refs/dist" / commit
    pin.parent.mkdir(exist_ok=True)  # git removes a folder without refs
    pin.write_text(f"{commit}\n")


def has_ref(cache: Path, name: str) -> bool:
    """Return whether a cache has a ref, in a file of its own or in that of many."""
    return (cache / name).is_file() or name in _packed_refs(cache)


def names_in(cache: Path, folder: str) -> list[str]:
    """List the names of the refs in a folder of refs, in order."""
    begin = f"{folder}/"
    packed = (name[len(begin) :] for name in _packed_refs(cache) if name.startswith(begin))
    return sorted({*packed, *(one.name for one in (cache / folder).glob("*"))})


def refs_before(cache: Path, folder: str, when: float) -> list[str]:
    """List the refs in a folder of refs that were written before some time, in seconds since the epoch."""
    found = []
    for name in names_in(cache, folder):
        with contextlib.suppress(FileNotFoundError):
            one = cache / folder / name
            if (one if one.exists() else cache / "packed-refs").stat().st_mtime < when:
                found.append(name)
    return found


def _packed_refs(cache: Path) -> set[str]:
    """The refs that share a file."""
    lines = (bytes_at(cache / "packed-refs") or b"").decode("utf-8", "replace").splitlines()
    # The first line is a comment, and one that begins with ^ tells what the tag before it is of.
    return {line.partition(" ")[2] for line in lines if line[:1] not in ("#", "^")}


def is_partial(repository: Path) -> bool:
    """Return whether a local repository was cloned without some of its files, which git fetches when it needs them."""
    # It is the user's own: some tools make the file a link.
    for config in (repository / "config", repository / ".git" / "config"):
        if re.search(
            rb"(?im)^\s*(promisor|partialclone)\s*=", bytes_at(os.path.realpath(config)) or b""
        ):
            return True
    return False


def parse_refs(out: bytes) -> Refs:
    """Read the lines of ``git ls-remote --symref``."""
    head, head_commit = "", ""
    heads: dict[str, str] = {}
    tags: dict[str, str] = {}
    annotated: dict[str, str] = {}
    for line in out.decode("utf-8", "replace").splitlines():
        value, _, name = line.partition("\t")
        if name == "HEAD":
            head, head_commit = (
                (value[5:], head_commit) if value.startswith("ref: ") else (head, value)
            )
        elif not is_commit(value):
            continue
        elif name.startswith("refs/heads/"):
            heads[name[11:]] = value
        elif name.endswith("^{}"):
            annotated[name[10:-3]] = tags.get(name[10:-3], "")
            tags[name[10:-3]] = value
        elif name.startswith("refs/tags/"):
            tags[name[10:]] = value
    if not is_commit(head_commit):
        head = head_commit = ""
    return Refs(
        head=head,
        head_commit=head_commit,
        heads=heads,
        tags=tags,
        annotated=annotated,
    )


def read_original(out: IO[bytes], oid: str, kind: str) -> bytes:
    """Read one commit or tag from the output of ``git cat-file --batch``, and check it against its id.

    Raises:
        Invalid: The object is missing, too large, or does not match its id.
    """
    from hermes_dist.model.git_object import name_of  # noqa: PLC0415 - start-up

    words = out.readline(200).split()
    if len(words) != 3 or words[:2] != [oid.encode(), kind.encode()] or int(words[2]) > _LARGEST:
        raise Invalid(f"the repository has no {kind} {oid[:12]}, or a very large one")
    data = out.read(int(words[2]) + 1)[:-1]
    if name_of(kind, data, sha256=len(oid) == 64) != oid:
        raise Invalid(f"the {kind} {oid[:12]} does not match its id")
    return data


def parents_in(commit: bytes) -> list[str]:
    """Return the parents that the text of a commit names."""
    head = commit.partition(b"\n\n")[0]
    return [line[7:].decode("ascii") for line in head.splitlines() if line.startswith(b"parent ")]
