"""Build a new home from the steps of a plan in the staging folder, and rename it into place as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from hermes_dist.errors import Unfinished
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Read
from hermes_dist.world.disk.errors import HINTS, trouble
from hermes_dist.world.ports import Fs, New
from hermes_dist.world.transaction.common import (
    SYNC_EACH,
    Applied,
    Changed,
    content,
    remove_tree,
    uninterrupted,
)
from hermes_dist.world.transaction.journal import (
    GENERATIONS,
    LOCKFILE,
    PRIVATE,
    Journal,
    digest_of,
)

STAGING = "distributions/staging"

Last = Callable[[Path, Iterable[str], Iterable[str]], None]
"""Called with a home that is built but not yet in its place, all files in it, and all folders; it raises nothing."""


def build_new(
    fs: Fs,
    target: str,
    steps: Iterable[Step],
    read: Read,
    lock_after: bytes | None,
    *,
    label: Mapping[str, str],
    folders: Iterable[str] = (),
    extra: Mapping[str, tuple[bytes, int]] | None = None,
    moved: Mapping[str, str] | None = None,
    staging: str = STAGING,
    last: Last | None = None,
) -> Applied:
    """Build a home that does not exist yet.

    Args:
        fs: The brand's root folder; the caller holds the lock over new homes.
        target: The place of the home, such as ``profiles/ada``.
        steps: Its files: every ``before`` is None.
        read: Returns the content of each ``after``.
        lock_after: Its lockfile; None if it has none.
        label: Labels shown when its first generation is listed.
        folders: Empty folders to make as well, parents first.
        extra: Files outside the plan with their permission bits, such as ``.env``.
        moved: Files below ``fs`` that become part of the home, by their current path.
        staging: The folder to build in, on the same disk.
        last: What is done at last before the home gets its place; what it writes need not survive a power cut.

    Returns:
        Generation 1.

    Raises:
        Changed: Something is at the target; nothing was written.
        Unfinished: The home is there, but the disk failed to confirm it.
        DistError: The disk is full or failing; nothing is left behind.
    """
    journal = Journal(
        number=1,
        steps=tuple(sorted((s for s in steps if s.after is not None), key=lambda step: step.path)),
        lock_after=digest_of(lock_after),
        label=label,
    )
    home = f"{staging}/{target.rpartition('/')[2]}"
    try:
        with ExitStack() as abort:
            _absent(fs, target)
            made = [*_make(fs, staging), *_make(fs, target.rpartition("/")[0])]
            if fs.kind(home) != "absent":
                remove_tree(fs, home)
            abort.callback(_clear, fs, home)
            own = {**(extra or {}), **_own(journal, lock_after)}
            built = _build(fs, home, journal, read, own=own, folders=folders, moved=moved or {})
            if last is not None:
                last(fs.root / home, *built)
            with uninterrupted(finishes=True):
                fs.noreplace(home, target)
                abort.pop_all()
                _confirm(fs, {staging, target.rpartition("/")[0], *made}, target)
    except FileExistsError as error:
        _absent(fs, target)
        raise trouble(error, "can't build the home") from error
    except OSError as error:
        raise trouble(error, "can't build the home", where=target) from error
    return Applied((), journal.number)


def sweep(fs: Fs, staging: str = STAGING) -> int:
    """Remove what a killed build left behind; the caller holds the lock over new homes.

    Returns:
        The number of folders removed.

    Raises:
        DistError: The disk fails.
    """
    if fs.kind(staging) != "folder":
        return 0
    try:
        names = fs.listdir(staging)
        for name in names:
            _clear(fs, f"{staging}/{name}")
    except OSError as error:
        raise trouble(error, "can't clear the staging folder") from error
    return len(names)


def _confirm(fs: Fs, folders: set[str], target: str) -> None:
    try:
        for folder in sorted(folders):
            fs.sync_folder(folder)
    except OSError as error:
        raise Unfinished(
            f"it was built, but the disk did not confirm it: {error.strerror or error}",
            where=target,
            hint=HINTS.get(error.errno or 0, ""),
        ) from error


def _absent(fs: Fs, target: str) -> None:
    if fs.kind(target) != "absent":
        raise Changed(
            "something is there already", where=target, hint="choose another name with --name"
        )


def _clear(fs: Fs, path: str) -> None:
    if fs.kind(path) == "folder":
        remove_tree(fs, path)
    elif fs.kind(path) != "absent":
        fs.unlink(path)


def _own(journal: Journal, lock_after: bytes | None) -> dict[str, tuple[bytes, int]]:
    """Write the lockfile and the record of the first generation."""
    own = {f"{GENERATIONS}/{journal.number}/journal": (journal.encode(), 0o600)}
    if lock_after is not None:
        own[LOCKFILE] = (lock_after, 0o644)
    return own


def _make(fs: Fs, folder: str, mode: int = 0o755) -> list[str]:
    """Make a folder with its parents; return the folders that got a new entry."""
    touched = []
    parts = folder.split("/") if folder else []
    for depth in range(1, len(parts) + 1):
        if fs.kind("/".join(parts[:depth])) == "absent":
            fs.mkdir("/".join(parts[:depth]), mode)
            touched.append("/".join(parts[: depth - 1]))
    return touched


def _build(
    fs: Fs,
    home: str,
    journal: Journal,
    read: Read,
    *,
    own: Mapping[str, tuple[bytes, int]],
    folders: Iterable[str],
    moved: Mapping[str, str],
) -> tuple[list[str], list[str]]:
    """Write everything below the staging folder and fsync it; return its files and its folders."""
    paths = [*(str(step.path) for step in journal.steps), *own, *moved.values()]
    inner = _inner_folders(paths, folders)
    fs.mkdir(home, 0o700)
    # Files that are moved in came from an archive, which wrote them without a sync.
    each = not moved and len(paths) + len(inner) < SYNC_EACH
    news = _news(home, inner, journal, read, own)
    if each:
        _make_each(fs, news)
    else:
        fs.fill(news)
    for source, path in moved.items():
        fs.rename(source, f"{home}/{path}")
    if not each:
        fs.sync_all(home)
        return paths, inner
    for folder in inner:
        fs.sync_folder(f"{home}/{folder}")
    fs.sync_folder(home)
    return paths, inner


def _make_each(fs: Fs, news: Iterable[New]) -> None:
    """Make files and folders, and sync each file."""
    for new in news:
        if new.data is None:
            fs.mkdir(new.path, new.mode)
        else:
            fs.write_new(new.path, new.data, new.mode, exact=new.exact)


def _news(
    home: str,
    inner: Iterable[str],
    journal: Journal,
    read: Read,
    own: Mapping[str, tuple[bytes, int]],
) -> Iterator[New]:
    """Everything that a home is made of, each folder right before what is in it."""
    files = {str(step.path): step.after for step in journal.steps}
    for path in sorted({*inner, *files, *own}):
        if path in own:
            data, mode = own[path]
            yield New(f"{home}/{path}", mode, data, exact=mode == 0o600)
        elif (entry := files.get(path)) is not None:
            data = content(read, entry.digest, path)
            yield New(f"{home}/{path}", 0o755 if entry.executable else 0o644, data)
        else:
            yield New(f"{home}/{path}", _folder_mode(path))


def _inner_folders(paths: Iterable[str], folders: Iterable[str]) -> list[str]:
    """Return every folder that a home needs, parents first."""
    needed = {parent for folder in folders for parent in (*RelPath(folder).parents, folder)}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in needed:
            needed.add(folder)
            folder = folder.rpartition("/")[0]
    return sorted(needed)


def _folder_mode(folder: str) -> int:
    private = folder == PRIVATE or folder.startswith(f"{PRIVATE}/")
    return 0o700 if private else 0o755
