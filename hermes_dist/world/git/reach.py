"""How far back a fetch goes, and where the histories of a cache end.

A fetch that names a depth or a date tells the server where each history in its answer ends, and git then takes these
commits for the first ones, even where more of a history was there before. What was there is put back here.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from hermes_dist.light import TYPE_CHECKING, NamedTuple
from hermes_dist.world.disk.fs import sync_fd
from hermes_dist.world.disk.private import FILE, give_mode
from hermes_dist.world.git.cache import ENDS, is_commit
from hermes_dist.world.records import bytes_at

if TYPE_CHECKING:
    from hermes_dist.world.ports import Relation

_DATES = "dates"
_KEPT = 500
"""So many dates are kept of each cache."""
_DIGITS = 19
"""No date has more of them."""
_FIRST = 1_112_911_993
"""The date of the first commit that git made; what is older says nothing about when it was made."""


class Reach(NamedTuple):
    """How far back a fetch goes; without both, to what the cache has already.

    Attributes:
        depth: To so many commits one behind the other, of which the first has all its files; None for no limit.
        since: To this date, in seconds since the epoch; 0 for no limit.
    """

    depth: int | None = None
    since: int = 0


def back_to(date: int) -> Reach:
    """Return how far a fetch goes that is to meet a commit of this date; the newest alone if the date says nothing."""
    return Reach(since=date) if date >= _FIRST else Reach(depth=1)


def ends_in(cache: Path) -> frozenset[str]:
    """The commits of a cache whose parents were not fetched."""
    text = (bytes_at(cache / ENDS) or b"").decode("ascii", "replace")
    return frozenset(filter(is_commit, text.split()))


def continue_behind(cache: Path, known: AbstractSet[str]) -> None:
    """Note that the parents of some commits are there; the caller holds the cache's lock.

    Raises:
        OSError: The disk is full or fails.
    """
    # A name that ends in .lock is cleaned away if this is killed.
    new = write_ends(cache / f"{ENDS}.lock", ends_in(cache) - known)
    with new.open("rb") as file:
        sync_fd(file.fileno())  # of an empty file, git would take each history for whole
    new.replace(cache / ENDS)


def write_ends(place: Path, ends: Iterable[str]) -> Path:
    """Write a file that says which commits are taken for the first ones; returns its place.

    Raises:
        OSError: The disk is full or fails.
    """
    place.write_text("".join(f"{end}\n" for end in sorted(ends)))
    give_mode(place, FILE)
    return place


def is_cut(history: Mapping[str, Sequence[str]]) -> bool:
    """Whether a history is not all there.

    Args:
        history: Its commits, each with the parents that its text names.
    """
    return any(parent not in history for parents in history.values() for parent in parents)


def related(
    old: str,
    older: Mapping[str, Sequence[str]],
    new: str,
    newer: Mapping[str, Sequence[str]],
) -> Relation:
    """Tell how two commits are related by what is known of their histories, which may be cut.

    Args:
        old: One of them.
        older: The commits of its history, each with the parents that its text names.
        new: The other one.
        newer: The same of its history.
    """
    before_old, before_new = (
        frozenset(parent for parents in history.values() for parent in parents)
        for history in (older, newer)
    )
    if old in before_new:
        return "forward"
    if new in before_old:
        return "backward"
    # No commit comes before itself: what comes before the old one does not lead to it, known or not.
    apart = _never_leads(new, newer, before_old) and _never_leads(old, older, before_new)
    return "unrelated" if apart else "unknown"


def _never_leads(
    start: str, history: Mapping[str, Sequence[str]], harmless: AbstractSet[str]
) -> bool:
    """Whether all ways back from a commit end, or come to one that can't lead to the commit that is asked for."""
    seen, waiting = {start}, [start]
    while waiting:
        commit = waiting.pop()
        if commit in harmless:
            continue
        if commit not in history:
            return False
        waiting += (parent for parent in history[commit] if parent not in seen)
        seen.update(history[commit])
    return True


def date_in(commit: bytes) -> int:
    """Return the date of a commit by its text, in seconds since the epoch; 0 if it has none that can be read."""
    head = commit.partition(b"\n\n")[0]
    for line in head.splitlines():
        if line.startswith(b"committer "):
            words = line.split()
            return _date(words[-2]) if len(words) > 2 else 0
    return 0


def _date(text: bytes) -> int:
    """Read a date; 0 for what is none: git reads none of so many digits, and Python no number of thousands of them."""
    return int(text) if len(text) <= _DIGITS and text.isdigit() else 0


def date_of(cache: Path, commit: str) -> int:
    """Return the date that was noted of a commit; 0 for none."""
    return _dates(cache).get(commit, 0)


def note_date(cache: Path, commit: str, date: int) -> None:
    """Note the date of a commit, so that git need not be asked for it; where it can't be, git is."""
    dates = _dates(cache)
    if commit in dates:
        return
    kept = {**dict(list(dates.items())[-_KEPT:]), commit: date}
    temp = cache / f".{_DATES}.{os.urandom(4).hex()}.lock"
    with contextlib.suppress(OSError):
        temp.write_text("".join(f"{one} {when}\n" for one, when in kept.items()))
        give_mode(temp, FILE)
        temp.replace(cache / _DATES)


def _dates(cache: Path) -> dict[str, int]:
    found = {}
    for line in (bytes_at(cache / _DATES) or b"").splitlines():
        commit, _, date = line.partition(b" ")
        if is_commit(name := commit.decode("ascii", "replace")) and date.isdigit():
            found[name] = _date(date)
    return found
