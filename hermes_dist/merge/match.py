"""Match the lines of two texts: which lines both have, and what differs between them.

The shortest edit script (Myers' linear-space search) is used while it is cheap, so that merges equal git's; where it
would be expensive, lines that are unique on both sides cut the text into pieces (patience), and a piece that has none
and is still expensive counts as replaced whole. A coarser match can only turn a clean merge into a conflict, never
into different clean bytes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from hermes_dist.light import NamedTuple

_BUDGET = 2_000_000  # search steps per comparison: about a second
_DEPTH = 400  # how far one search goes from each end before it gives up
_SHALLOW = 24  # the same once the budget is spent
_WINDOW = 100  # how far around a frequent line to look for lines that the other text lacks
_OFTEN_AT_MOST = 1024
_FAR = 1 << 60

_ABSENT, _USUAL, _FREQUENT = 0, 1, 2


class Change(NamedTuple):
    """Lines `a_lo..a_hi` of the first text became `b_lo..b_hi` of the second (half open; one may be empty)."""

    a_lo: int
    a_hi: int
    b_lo: int
    b_hi: int


def changes(a: Sequence[int], b: Sequence[int]) -> list[Change]:
    """Compare two texts given as numbers, one for each line (equal lines, equal numbers).

    Args:
        a: The first text.
        b: The second text.

    Returns:
        What differs, in order. Two changes never touch: a common line lies between them.
    """
    in_a, in_b = bytearray(b"\x01") * len(a), bytearray(b"\x01") * len(b)
    lo, a_hi, _, b_hi = _trim(a, b, _Box(0, len(a), 0, len(b)))
    in_a[:lo] = in_b[:lo] = bytes(lo)
    in_a[a_hi:] = in_b[b_hi:] = bytes(len(a) - a_hi)
    if lo < a_hi and lo < b_hi:
        kept_a, kept_b = _telling(a, lo, a_hi, Counter(b)), _telling(b, lo, b_hi, Counter(a))
        search = _Search([a[i] for i in kept_a], [b[j] for j in kept_b])
        for i, j in search.pairs():
            in_a[kept_a[i]] = in_b[kept_b[j]] = 0
    _slide_down(a, in_a, _gaps(in_b))
    _slide_down(b, in_b, _gaps(in_a))
    return _collect(in_a, in_b)


class _Box(NamedTuple):
    """A range of each text, to be matched with each other."""

    a_lo: int
    a_hi: int
    b_lo: int
    b_hi: int


def _trim(a: Sequence[int], b: Sequence[int], box: _Box) -> _Box:
    """Return the box without its common head and tail."""
    a_lo, a_hi, b_lo, b_hi = box
    while a_lo < a_hi and b_lo < b_hi and a[a_lo] == b[b_lo]:
        a_lo += 1
        b_lo += 1
    while a_lo < a_hi and b_lo < b_hi and a[a_hi - 1] == b[b_hi - 1]:
        a_hi -= 1
        b_hi -= 1
    return _Box(a_lo, a_hi, b_lo, b_hi)


# ---------------------------------------------------------------------------------- lines that tell something


def _telling(lines: Sequence[int], lo: int, hi: int, other: Counter[int]) -> list[int]:
    """Return the positions between `lo` and `hi` worth matching: no lines that the other text lacks, and no noise."""
    often = min(1 << ((len(lines).bit_length() + 1) // 2), _OFTEN_AT_MOST)
    kinds = bytearray(_kind(other[line], often) for line in lines[lo:hi])
    return [lo + k for k, kind in enumerate(kinds) if _tells(kind, kinds, k)]


def _kind(count: int, often: int) -> int:
    if not count:
        return _ABSENT
    return _FREQUENT if count >= often else _USUAL


def _tells(kind: int, kinds: bytearray, at: int) -> bool:
    return kind == _USUAL or (kind == _FREQUENT and not _is_noise(kinds, at))


def _is_noise(kinds: bytearray, at: int) -> bool:
    """Return whether a line is noise: frequent (blank, a brace) and inside a new stretch, it matches only by chance."""
    frequent, absent = 2, 0
    for stretch in (
        range(at - 1, max(at - 1 - _WINDOW, -1), -1),
        range(at + 1, min(at + 1 + _WINDOW, len(kinds))),
    ):
        before = absent
        for k in stretch:
            if kinds[k] == _USUAL:
                break
            if kinds[k] == _ABSENT:
                absent += 1
            else:
                frequent += 1
        if absent == before:
            return False
    return 3 * frequent < absent


# --------------------------------------------------------------------------------------------- the search


class _Search:
    """Pairs of equal lines in rising order, found box by box."""

    def __init__(self, a: list[int], b: list[int]) -> None:
        self.a, self.b = a, b
        self.budget = _BUDGET

    def pairs(self) -> list[tuple[int, int]]:
        """Return all pairs (position in `a`, position in `b`), in no particular order."""
        a, b = self.a, self.b
        found: list[tuple[int, int]] = []
        boxes = [_Box(0, len(a), 0, len(b))]
        while boxes:
            box = boxes.pop()
            core = _trim(a, b, box)
            found.extend((box.a_lo + k, box.b_lo + k) for k in range(core.a_lo - box.a_lo))
            found.extend((core.a_hi + k, core.b_hi + k) for k in range(box.a_hi - core.a_hi))
            if core.a_lo < core.a_hi and core.b_lo < core.b_hi:
                boxes.extend(self._parts(core, found))
        return found

    def _parts(self, box: _Box, found: list[tuple[int, int]]) -> list[_Box]:
        """Return the smaller boxes that a box splits into; none if it counts as replaced whole."""
        a_lo, a_hi, b_lo, b_hi = box
        middle = self._middle(box)
        if middle is not None:
            i, j = middle
            return [_Box(a_lo, i, b_lo, j), _Box(i, a_hi, j, b_hi)]
        # Two budgets are the end: then even looking for anchors in every box would take too long.
        if self.budget <= -_BUDGET:
            return []
        anchors = self._anchors(box)
        if not anchors:
            return []
        found.extend(anchors)
        starts = [(a_lo, b_lo), *((i + 1, j + 1) for i, j in anchors)]
        ends = [*anchors, (a_hi, b_hi)]
        return [_Box(i, m, j, n) for (i, j), (m, n) in zip(starts, ends, strict=True)]

    def _anchors(self, box: _Box) -> list[tuple[int, int]]:
        """Return the longest increasing run of lines that are unique on both sides of the box."""
        self.budget -= (box.a_hi - box.a_lo + box.b_hi - box.b_lo) // 4
        once_a, once_b = _unique(self.a, box.a_lo, box.a_hi), _unique(self.b, box.b_lo, box.b_hi)
        shared = [(i, once_b[line]) for line, i in once_a.items() if line in once_b]
        return _longest_rising(shared)

    def _middle(self, box: _Box) -> tuple[int, int] | None:
        """Return a point on a shortest path through the box, searched from both corners; None if it is too far.

        Diagonal `d` holds the points with `i - j = d`. `ahead[d]` and `back[d]` are the furthest `i` that so
        many edits reach from the first and from the last corner; where the two meet is the middle.
        """
        a_lo, a_hi, b_lo, b_hi = box
        ends = a_lo - b_hi, a_hi - b_lo
        ahead, back = _Front(a_lo - b_lo, a_lo, -1), _Front(a_hi - b_hi, a_hi, _FAR)
        # The corners lie on diagonals of the same or of different parity. Only in one of the two half rounds can the
        # fronts be on the same diagonal, so only there is it worth asking whether they meet.
        odd = bool((ahead.lo - back.lo) & 1)
        for _ in range(_DEPTH if self.budget > 0 else _SHALLOW):
            ahead.widen(ends)
            met = self._advance(box, ahead, back if odd else None)
            if met is None:
                back.widen(ends)
                met = self._retreat(box, back, None if odd else ahead)
            if met is not None:
                return met
            self.budget -= (ahead.hi - ahead.lo + back.hi - back.lo) // 2 + 2
        return None

    def _advance(self, box: _Box, ahead: _Front, back: _Front | None) -> tuple[int, int] | None:
        """Go one edit further from the first corner; return where this front passes the other one, if it does."""
        a, b, reach = self.a, self.b, ahead.reach
        a_hi, b_hi = box.a_hi, box.b_hi
        for d in range(ahead.hi, ahead.lo - 1, -2):
            left, i = reach[d - 1], reach[d + 1]
            if left >= i:
                i = left + 1
            j = i - d
            while i < a_hi and j < b_hi and a[i] == b[j]:
                i += 1
                j += 1
            reach[d] = i
            if back and back.lo <= d <= back.hi and back.reach[d] <= i:
                return i, j
        return None

    def _retreat(self, box: _Box, back: _Front, ahead: _Front | None) -> tuple[int, int] | None:
        """Go one edit further from the last corner; return where this front passes the other one, if it does."""
        a, b, reach = self.a, self.b, back.reach
        a_lo, b_lo = box.a_lo, box.b_lo
        for d in range(back.hi, back.lo - 1, -2):
            i, right = reach[d - 1], reach[d + 1]
            if i >= right:
                i = right - 1
            j = i - d
            while i > a_lo and j > b_lo and a[i - 1] == b[j - 1]:
                i -= 1
                j -= 1
            reach[d] = i
            if ahead and ahead.lo <= d <= ahead.hi and i <= ahead.reach[d]:
                return i, j
        return None


class _Front:
    """How far the search from one corner has come: the furthest `i` on each of the diagonals `lo`..`hi`."""

    __slots__ = ("hi", "lo", "never", "reach")

    def __init__(self, diagonal: int, i: int, never: int) -> None:
        self.reach = {diagonal: i}
        self.lo = self.hi = diagonal
        self.never = (
            never  # stands for a diagonal that is not reached yet, and loses every comparison
        )

    def widen(self, ends: tuple[int, int]) -> None:
        """Take the diagonals of the next round: one more on each side, or one less where the box ends."""
        if self.lo > ends[0]:
            self.lo -= 1
            self.reach[self.lo - 1] = self.never
        else:
            self.lo += 1
        if self.hi < ends[1]:
            self.hi += 1
            self.reach[self.hi + 1] = self.never
        else:
            self.hi -= 1


def _longest_rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest run of pairs whose second numbers rise, too; the first ones rise already."""
    ends: list[int] = []  # the smallest end of a run of each length, and which pair that is
    last: list[int] = []
    before: list[int] = []
    for k, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [j]
        last[length : length + 1] = [k]
    run: list[tuple[int, int]] = []
    k = last[-1] if last else -1
    while k >= 0:
        run.append(pairs[k])
        k = before[k]
    return run[::-1]


def _unique(lines: Sequence[int], lo: int, hi: int) -> dict[int, int]:
    """Return the lines that occur once between `lo` and `hi`, with their positions, in order."""
    counts = Counter(lines[lo:hi])
    return {line: k for k in range(lo, hi) if counts[line := lines[k]] == 1}


# ---------------------------------------------------------------------------------- where a change comes to lie


def _gaps(changed: bytearray) -> list[int]:
    """Count the changed lines before each unchanged one, and after the last."""
    return [len(run) for run in bytes(changed).split(b"\x00")]


def _slide_down(lines: Sequence[int], changed: bytearray, other: list[int]) -> None:
    """Slide every group of changed lines as far down as equal lines let it, or to a change of the other text.

    `a [b a] b` and `a b [a b]` say the same; one of them must be chosen, always the same one.
    Groups that meet on the way become one. `other` holds the gaps of the other text.
    """
    at = gap = 0
    while (start := changed.find(1, at)) >= 0:
        gap += start - at
        end = _run_end(changed, start)
        size = 0
        while size != end - start:
            size = end - start
            start, end, gap = _slide_up(lines, changed, start, end, gap)
            highest, lined_up = end, end if other[gap] else -1
            while end < len(lines) and lines[start] == lines[end]:
                changed[start], changed[end] = 0, 1
                start, end, gap = start + 1, _run_end(changed, end), gap + 1
                if other[gap]:
                    lined_up = end
        if lined_up >= 0 and end != highest:
            while not other[gap]:
                start, end, gap = start - 1, end - 1, gap - 1
                changed[start], changed[end] = 1, 0
        at = end


def _slide_up(
    lines: Sequence[int], changed: bytearray, start: int, end: int, gap: int
) -> tuple[int, int, int]:
    while start > 0 and lines[start - 1] == lines[end - 1]:
        start, end, gap = start - 1, end - 1, gap - 1
        changed[start], changed[end] = 1, 0
        while start > 0 and changed[start - 1]:
            start -= 1
    return start, end, gap


def _run_end(changed: bytearray, at: int) -> int:
    end = changed.find(0, at)
    return end if end >= 0 else len(changed)


def _collect(in_a: bytearray, in_b: bytearray) -> list[Change]:
    """Return the marked lines of both texts as changes; the unmarked ones pair up in order."""
    found: list[Change] = []
    i = j = 0
    for gap_a, gap_b in zip(_gaps(in_a), _gaps(in_b), strict=True):
        if gap_a or gap_b:
            found.append(Change(i, i + gap_a, j, j + gap_b))
        i += gap_a + 1
        j += gap_b + 1
    return found
