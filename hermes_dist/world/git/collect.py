"""Remove bare caches that no profile needs."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Set as AbstractSet
from pathlib import Path

from hermes_dist.errors import Busy
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.locks import flock


def collect(root: Path, keep: AbstractSet[str], *, older_than: float, dry_run: bool = False) -> int:
    """Remove the caches that nobody needs; what is in them can be fetched again.

    Args:
        root: The folder of caches.
        keep: Names of caches that stay.
        older_than: Only those last fetched into before this time, in seconds since the epoch.
        dry_run: Only count them.

    Returns:
        How many. A cache that is in use is skipped.

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
    places = (
        cache,
        cache / "refs/dist",
        cache / "objects",
        cache / "objects/pack",
        cache / "shallow",
    )
    return max((place.stat().st_mtime for place in places if place.exists()), default=0)
