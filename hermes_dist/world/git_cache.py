"""A bare cache on disk, and what git prints about a repository."""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import shutil
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import IO

from hermes_dist.errors import Busy, Invalid
from hermes_dist.world.fs import flock, trouble
from hermes_dist.world.ports import Refs

_LARGEST = 1 << 20
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_CONFIG = "[core]\n\trepositoryFormatVersion = {}\n\tbare = true\n\tlogAllRefUpdates = false\n"


def cache_name(url: str) -> str:
    """The name of a repository's cache, from its address without a login."""
    slug = re.sub(r"[^a-z0-9]+", "-", url.lower().removesuffix(".git")).strip("-")[-40:].strip("-")
    return f"{hashlib.sha256(url.encode()).hexdigest()[:16]}-{slug}.git"


def collect(root: Path, keep: AbstractSet[str], *, older_than: float, dry_run: bool = False) -> int:
    """Remove the caches that nobody needs; what is in them can be fetched again.

    Args:
        root: The folder of caches.
        keep: Names of caches that stay.
        older_than: Only those last fetched into before this time, in seconds since the epoch.
        dry_run: Only count them.

    Returns:
        How many; one that is in use right now is passed over.

    Raises:
        DistError: The disk fails.
    """
    count = 0
    try:
        for cache in sorted(root.glob("*.git")):
            if cache.name in keep or not cache.is_dir() or _last_used(cache) >= older_than:
                continue
            if dry_run:
                count += 1
                continue
            with contextlib.suppress(Busy), flock(cache.with_suffix(".lock")):
                aside = root / f".{cache.name}.{secrets.token_hex(4)}.old"
                cache.rename(aside)
                shutil.rmtree(aside)
                cache.with_suffix(".lock").unlink(missing_ok=True)
                count += 1
        for left in root.glob(".*.old"):
            shutil.rmtree(left, ignore_errors=True)
    except OSError as error:
        raise trouble(error, "can't clean the caches of repositories", where=str(root)) from error
    return count


def _last_used(cache: Path) -> float:
    places = (cache, cache / "refs/dist", cache / "objects", cache / "objects/pack", cache / "shallow")
    return max((place.stat().st_mtime for place in places if place.exists()), default=0)


def prepare(cache: Path, *, sha256: bool) -> None:
    """Make an empty bare repository, whole or not at all; one that is there stays as it is.

    Args:
        cache: Its folder.
        sha256: Whether its objects are named by SHA-256 rather than SHA-1.

    Raises:
        DistError: The disk is full or fails.
    """
    if cache.is_dir():
        return
    temp = cache.parent / f".{cache.name}.{secrets.token_hex(4)}"
    try:
        cache.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in ("objects/info", "objects/pack", "refs/dist"):
            (temp / folder).mkdir(mode=0o700, parents=True)
        temp.chmod(0o700)
        (temp / "HEAD").write_text("ref: refs/heads/none\n")
        (temp / "config").write_text(_CONFIG.format(int(sha256)) + ("[extensions]\n\tobjectFormat = sha256\n" * sha256))
        with contextlib.suppress(FileExistsError):
            _rename_new(temp, cache)
    except OSError as error:
        raise trouble(error, "can't make a cache for a repository", where=str(cache)) from error
    finally:
        shutil.rmtree(temp, ignore_errors=True)


def _rename_new(temp: Path, cache: Path) -> None:
    try:
        temp.rename(cache)
    except OSError:
        if not cache.is_dir():
            raise
        raise FileExistsError(cache) from None


def is_pinned(cache: Path, commit: str) -> bool:
    """Whether a commit has been fetched whole; git writes the ref only then."""
    return (cache / "refs/dist" / commit).is_file()


def is_cut(cache: Path, lines: list[list[str]]) -> bool:
    """Whether a walk ended at a commit whose parents were not fetched."""
    shallow: set[str] = set()
    with contextlib.suppress(FileNotFoundError):
        shallow = set((cache / "shallow").read_text().split())
    walked = {line[0] for line in lines}
    return bool(shallow & walked) or any(parent not in walked for line in lines for parent in line[1:])


def parse_refs(out: bytes) -> Refs:
    """Read the lines of ``git ls-remote --symref``."""
    head, head_commit = "", ""
    heads: dict[str, str] = {}
    tags: dict[str, str] = {}
    annotated: dict[str, str] = {}
    for line in out.decode("utf-8", "replace").splitlines():
        value, _, name = line.partition("\t")
        if name == "HEAD":
            head, head_commit = (value[5:], head_commit) if value.startswith("ref: ") else (head, value)
        elif not COMMIT.fullmatch(value):
            continue
        elif name.startswith("refs/heads/"):
            heads[name[11:]] = value
        elif name.endswith("^{}"):
            annotated[name[10:-3]] = tags.get(name[10:-3], "")
            tags[name[10:-3]] = value
        elif name.startswith("refs/tags/"):
            tags[name[10:]] = value
    if not COMMIT.fullmatch(head_commit):
        head_commit = ""
    return Refs(head=head if head_commit else "", head_commit=head_commit, heads=heads, tags=tags, annotated=annotated)


def read_original(out: IO[bytes], oid: str, kind: str) -> bytes:
    """Read one commit or tag from what ``git cat-file --batch`` writes, and hold it against its id.

    Raises:
        Invalid: It is not there, is very large, or is not what its id says.
    """
    words = out.readline(200).split()
    if len(words) != 3 or words[:2] != [oid.encode(), kind.encode()] or int(words[2]) > _LARGEST:
        raise Invalid(f"the repository has no {kind} {oid[:12]}, or a very large one")
    data = out.read(int(words[2]) + 1)[:-1]
    whole = b"%s %d\0%s" % (kind.encode(), len(data), data)
    digest = hashlib.sha256(whole) if len(oid) == 64 else hashlib.sha1(whole, usedforsecurity=False)
    if digest.hexdigest() != oid:
        raise Invalid(f"the {kind} {oid[:12]} is not what its id says")
    return data
