"""What building a new home and exchanging files in an existing one have in common."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

from msgspec import Struct

from hermes_dist.errors import DistError, Invalid, StoppedAfter
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Read
from hermes_dist.world.ports import Fs
from hermes_dist.world.trace import note_writing

SYNC_EACH = 16
"""Up to this many files or folders are synced one by one; more by one call for all, which is faster from a dozen on."""


class Changed(DistError):
    """A file is not what the plan saw; nothing was written."""


class Applied(Struct, frozen=True):
    """The outcome of a plan.

    Attributes:
        skipped: Paths left alone because another program wrote them at the same moment.
        generation: The generation's number, used to roll back; None if there was nothing to do.
    """

    skipped: tuple[RelPath, ...] = ()
    generation: int | None = None


def content(read: Read, digest: Digest, path: str) -> bytes:
    """Read content and check its digest.

    Raises:
        Invalid: The content does not match its digest.
    """
    data = read(digest)
    if Digest.of(data) != digest:
        raise Invalid(
            "the stored content is damaged",
            where=path,
            hint="run `verify`, which fetches damaged contents again",
        )
    return data


@contextlib.contextmanager
def uninterrupted(*, finishes: bool = False) -> Iterator[None]:
    """Delay Ctrl-C until the end of the block.

    Args:
        finishes: The block is a whole change, so that Ctrl-C after it can say so.

    Raises:
        StoppedAfter: Ctrl-C came, and the change is done.
    """
    if finishes:
        note_writing()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    handler: Callable[[int, object], None] = lambda number, _frame: caught.append(number)  # noqa: E731 - a def would say no more
    before = signal.signal(signal.SIGINT, handler)
    done = False
    try:
        yield
        done = finishes and before is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
        if caught and done:
            raise StoppedAfter
        if caught:
            signal.raise_signal(signal.SIGINT)


def remove_tree(fs: Fs, folder: str) -> None:
    """Remove one of our own folders with everything in it.

    Raises:
        OSError: As the system says.
    """
    for name in fs.listdir(folder):
        path = f"{folder}/{name}"
        if fs.kind(path) == "folder":
            remove_tree(fs, path)
        else:
            fs.unlink(path)
    fs.rmdir(folder)
