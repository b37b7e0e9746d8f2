"""Record in the lockfile, from the moment it is in place, that a transaction left files alone.

Otherwise, whatever upstream changed in such a file would count as received: the next update would take what is there
for the user's edit, and never offer the change again. The new text is kept under a name of its own until the journal
names its digest and the slot of the lockfile holds it, so that this can be interrupted anywhere and repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from hermes_dist.model.paths import RelPath
from hermes_dist.world.ports import Fs
from hermes_dist.world.transaction.journal import (
    LOCK_SLOT,
    LOCKFILE,
    TXN,
    Journal,
    digest_of,
    rewrite,
    slot_of,
)

LockWithout = Callable[[bytes, bytes | None, Sequence[RelPath]], bytes]
"""Returns the text of a lockfile for a home where some files were left alone, from the text that counts them as
received and the one that is in place; None for none."""

_STAGED = f"{TXN}/{LOCK_SLOT}~"


def slot_of_lock(folder: str = TXN) -> str:
    """Return the path of the lockfile's slot."""
    return slot_of(LOCK_SLOT, folder)


def tell_lock(
    fs: Fs, journal: Journal, skipped: Sequence[RelPath], without: LockWithout
) -> Journal:
    """Let the lockfile that is about to be put into place say which files were left alone.

    Args:
        fs: The home.
        journal: The transaction, all of whose steps are carried out.
        skipped: The files that were left alone.
        without: What makes the text.

    Returns:
        The journal as it is on the disk now.

    Raises:
        OSError: The disk fails or is full; calling it again continues.
    """
    whole = fs.read(slot_of_lock())
    if whole is None or digest_of(whole) != journal.lock_after:
        return journal  # the new lockfile is in place already, or there is none
    told = without(whole, fs.read(LOCKFILE), skipped)
    if told == whole:
        return journal
    fs.write_new(_STAGED, told, 0o600)
    fs.sync_folder(TXN)
    journal = replace(journal, lock_after=digest_of(told))
    rewrite(fs, journal)
    settle_lock(fs, journal)
    return journal


def settle_lock(fs: Fs, journal: Journal) -> None:
    """Bring the text into the slot if the journal names it; remove what was written before the journal did.

    Raises:
        OSError: The disk fails or is full; calling it again continues.
    """
    text, slot = fs.read(_STAGED), slot_of_lock()
    if text is None:
        return
    if digest_of(text) == journal.lock_after:
        # Not renamed: if the lockfile is behind a link, its slot may be on another disk.
        if fs.kind(slot) != "absent":
            fs.unlink(slot)
        fs.write_new(slot, text, 0o644, like=LOCKFILE)
        fs.sync_folder(TXN)
    fs.unlink(_STAGED)
    fs.sync_folder(TXN)
