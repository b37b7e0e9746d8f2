"""What waits for approval in a profile: what its package brings, and what another machine of its user sent."""

from __future__ import annotations

from pathlib import Path

from hermes_dist.model.lock import Lock
from hermes_dist.model.plan import Effect
from hermes_dist.model.sync.record import load_record
from hermes_dist.ops.sync.state import is_synced, lock_of, read_record, record_path
from hermes_dist.world.files import read_file


def waiting_in(home: Path, lock: Lock | None) -> tuple[Effect, ...]:
    """List everything that waits for approval in a home, each once.

    Args:
        home: The home.
        lock: The lock of its package; None for none.

    Raises:
        DistError: What sync remembers can't be read.
    """
    record = read_record(home) if is_synced(home) else None
    return together_with(lock, lock_of(record) if record else None)


def seen(home: Path, lock: Lock | None) -> tuple[Lock | None, tuple[Effect, ...]]:
    """What was received from the other machines, and what waits, for a list: no operation is finished for it.

    Args:
        home: A home that is synced.
        lock: The lock of its package; None for none.

    Raises:
        DistError: What sync remembers can't be read.
        OSError: The same.
    """
    others = lock_of(load_record(read_file(record_path(home))))
    return others, together_with(lock, others)


def together_with(lock: Lock | None, others: Lock | None) -> tuple[Effect, ...]:
    """Join what waits in the lock of a package and in that of the other machines.

    Args:
        lock: The lock of the package; None for none.
        others: What was received from the other machines; None for nothing.
    """
    own = lock.parked if lock else ()
    if others is None:
        return own
    told = {(effect.place, effect.digest) for effect in own}
    sent = not_granted(lock, others)
    return (*own, *(effect for effect in sent if (effect.place, effect.digest) not in told))


def not_granted(lock: Lock | None, others: Lock) -> tuple[Effect, ...]:
    """List what another machine sent and nobody approved since; the record learns of an approval with the next sync.

    Args:
        lock: The lock of the package, which holds the approvals; None for none.
        others: What was received from the other machines.
    """
    granted = {one.digest for each in (lock, others) if each for one in each.approved}
    return tuple(effect for effect in others.parked if effect.digest not in granted)
