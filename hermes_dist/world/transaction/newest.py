"""Exchange a file that a running agent keeps writing: the planned edit is made in its newest bytes.

The bytes are read, the edit is carried over to them, and the result is staged beside the other slots. Just before the
exchange the file is compared once more, and what comes out tells afterwards whether it was still the same; if not, it
goes back at once, and all of it is tried again with what is there now.

The name of the staged file holds both digests. So whatever moment a crash comes at, its content tells which side of the
exchange it is on, and :func:`settle` brings it to the form that the rest of the transaction knows: the displaced file
in the slot of its step, and both digests in the journal.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import nullcontext

from msgspec.structs import replace

from hermes_dist import lazily
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Digest
from hermes_dist.world.ports import Fs, Unsupported
from hermes_dist.world.trace import note
from hermes_dist.world.transaction.checks import Carry, changed
from hermes_dist.world.transaction.journal import TXN, Journal, rewrite, slot_of
from hermes_dist.world.transaction.modes import fit_mode, mode_of_new
from hermes_dist.world.transaction.realize import Guards

TRIES = 100
"""How often one file is tried. Each try takes a few milliseconds, most of them until the disk has the new file."""

WATCHED = 0.1
"""Seconds for which the file is watched afterwards, if the agent does not write it again before."""

_STAGED = lazily.pattern(r"(\d+)~([0-9a-f]{64})~([0-9a-f]{64})")


def put_on_newest(
    fs: Fs, journal: Journal, guards: Guards, carries: Mapping[RelPath, Carry], index: int
) -> bool:
    """Carry out one step on top of what another program wrote since the plan was made.

    Args:
        fs: The home.
        journal: The transaction, whose journal is durable.
        guards: The agent's locks.
        carries: By path, what carries the planned edit over to newer bytes.
        index: The step.

    Returns:
        Whether it is done; False if the file is left alone, because no edit can be carried over.

    Raises:
        Changed: The other program changed the same thing, or writes too often.
        OSError: The disk fails.
    """
    path = journal.steps[index].path
    carry = carries.get(path)
    # Behind a link the staged file would have to be beside what the link leads to.
    if carry is None or any(place.path == path for place in journal.places):
        return False
    for tries in range(1, TRIES + 1):
        with guards.get(path, nullcontext)():
            before = journal
            journal = _try(fs, journal, index, carry)
        if journal is not before and _stays(fs, path, carry):
            note("disk", "put on the newest", path, f"{tries} tries")
            return True
    raise changed(path)


def _stays(fs: Fs, path: RelPath, carry: Carry) -> bool:
    """Watch for a write that the agent had begun before the exchange: it would put the old values back.

    Returns:
        Whether the edit is still there after the agent's next write, or none came.
    """
    exchanged, end = fs.read(path), time.monotonic() + WATCHED
    while time.monotonic() < end:
        now = fs.read(path)
        if now != exchanged:
            # Where the edit is in it already, it can't be carried over to it.
            return now is None or carry(now) is None
        time.sleep(0.001)
    return True


def _try(fs: Fs, journal: Journal, index: int, carry: Carry) -> Journal:
    """Try once; return the journal with what was exchanged, or the same journal if it came to nothing."""
    step = journal.steps[index]
    now = _bytes_of(fs, step.path)
    content = carry(now)
    if content is None or content == now:
        raise changed(step.path)
    staged = f"{slot_of(index)}~{Digest.of(now)}~{Digest.of(content)}"
    if fs.kind(staged) != "absent":
        fs.unlink(staged)
    mode, exact = mode_of_new(fs, step)
    fs.write_new(staged, content, mode, exact=exact, like=step.path)
    # A file that is already another one must not be replaced even for a moment: the agent could read ours just then,
    # and write it back without what it had written before.
    if fs.read(step.path) == now:
        try:
            fs.exchange(staged, step.path)
            if fs.kind(staged) == "file":
                fit_mode(fs, step.path, step, fs.mode(staged))
        except Unsupported:
            raise changed(step.path) from None
        except FileNotFoundError:
            pass  # the agent removed it at this moment
    return settle(fs, journal)


def _bytes_of(fs: Fs, path: RelPath) -> bytes:
    if fs.kind(path) != "file" or (data := fs.read(path)) is None:
        raise changed(path)
    return data


def settle(fs: Fs, journal: Journal) -> Journal:
    """Settle every file that was staged for an exchange with the newest bytes.

    Where the exchange took place, the journal tells its digests and the slot holds the displaced file. Where it did
    not, the staged file goes. Where it displaced other bytes than those it was made from, they go back first.

    Returns:
        The journal as it is on the disk now.

    Raises:
        OSError: The disk fails; calling it again continues.
    """
    for name in fs.listdir(TXN):
        if found := _STAGED.fullmatch(name):
            journal = _settled(fs, journal, int(found[1]), name, Digest(found[2]), Digest(found[3]))
    return journal


def _settled(
    fs: Fs, journal: Journal, index: int, name: str, before: Digest, after: Digest
) -> Journal:
    staged, step = f"{TXN}/{name}", journal.steps[index]
    if _stays_out(fs, staged, step.path, before, after):
        return journal
    if _digest(fs, staged) == after:
        fs.unlink(staged)
        return journal
    journal = _amended(fs, journal, index, before, after)
    fs.rename(staged, slot_of(index))
    fs.sync_folder(TXN)
    return journal


def _stays_out(fs: Fs, staged: str, path: RelPath, before: Digest, after: Digest) -> bool:
    """Put what another program had in the file's place just at the exchange back: other bytes, a link, a folder.

    Returns:
        Whether something else than either side of the exchange stays where ours was staged: it was written half
        before a crash, or overwritten since, and the newest is live.
    """
    if _digest(fs, staged) in (before, after):
        return False
    if _digest(fs, path) != after:
        return True
    fs.exchange(staged, path)
    if _digest(fs, staged) == after:
        return False
    fs.exchange(staged, path)  # overwritten once more: the newest stays live
    return True


def _digest(fs: Fs, path: str) -> Digest | None:
    """The digest of a file; None for anything else."""
    if fs.kind(path) != "file" or (data := fs.read(path)) is None:
        return None
    return Digest.of(data)


def _amended(fs: Fs, journal: Journal, index: int, before: Digest, after: Digest) -> Journal:
    """Write into the journal what a step really exchanged."""
    steps = list(journal.steps)
    step = steps[index]
    if step.before is None or step.after is None:
        return journal
    steps[index] = Step(
        step.path, step.before._replace(digest=before), step.after._replace(digest=after)
    )
    told, journal = journal, replace(journal, steps=tuple(steps))
    if journal != told:
        rewrite(fs, journal)
    return journal
