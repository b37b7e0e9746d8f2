"""Merging text line by line, and showing it: hunks, unified diffs, similarity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from hermes_dist.light import NamedTuple
from hermes_dist.merge.match import Change, changes
from hermes_dist.model.discreet import Contents
from hermes_dist.model.side import Side

MAX_BYTES = 2 * 1024 * 1024
MAX_LINES = 50_000


class Hunk(Struct, frozen=True, kw_only=True):
    """Lines that both sides changed differently; numbers count from 1, lines are without their ends."""

    base_line: int
    base: tuple[str, ...]
    ours_line: int
    ours: tuple[str, ...]
    theirs_line: int
    theirs: tuple[str, ...]


class TextMerge(Contents, frozen=True):
    """The result of merging three texts.

    Attributes:
        content: The live result: everything that merges; a conflicting hunk stays as in ours, or becomes what
            ``favour`` says.
        base: The base of the next merge: theirs, with each open hunk put back to base's lines.
        conflicts: The number of open hunks; 0 if the merge is clean or ``favour`` settled it.
        hunks: The conflicting hunks, including those that ``favour`` settled.
    """

    content: bytes
    base: bytes
    conflicts: int
    hunks: tuple[Hunk, ...] = ()


def mergeable(data: bytes) -> bool:
    """Return whether the bytes are text that can be merged by lines: UTF-8 without NUL, and not too large."""
    if len(data) > MAX_BYTES or b"\0" in data or _line_count(data) > MAX_LINES:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def merge_text(base: bytes, ours: bytes, theirs: bytes, favour: Side | None = None) -> TextMerge:
    """Merge three texts by lines, as git would.

    Lines are compared without their ends; the result uses the line ends of ours, the next base those of theirs. The
    final line end is as in ours, unless only theirs changed it. Changes that touch each other conflict unless they say
    the same.

    Args:
        base: The text both sides started from; empty if there was none.
        ours: The local text.
        theirs: The upstream text.
        favour: How to settle every conflicting hunk; None leaves them open.

    Returns:
        The result, the next base and the conflicts.

    Raises:
        ValueError: One of the texts is not `mergeable`.
    """
    if not (mergeable(base) and mergeable(ours) and mergeable(theirs)):
        raise ValueError("not a text that can be merged by lines")
    if theirs in (base, ours):
        return TextMerge(ours, theirs, 0)
    if ours == base:
        return TextMerge(theirs, theirs, 0)
    return _merged(base, ours, theirs).result(favour)


@lru_cache(maxsize=1)
def _merged(base: bytes, ours: bytes, theirs: bytes) -> _Merge:
    """Match three texts; the last ones are kept, as a conflict is merged again to write it out or to take a side."""
    return _Merge(base, ours, theirs)


def with_markers(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Write out every conflict of three texts between markers, as git does; all else is as in ours.

    Ours is a merged text already. What only theirs changes must not come in here: it may wait for approval.

    Returns:
        The text; None if there is no conflict to write out, or one of the texts is not `mergeable`.
    """
    if not (mergeable(base) and mergeable(ours) and mergeable(theirs)):
        return None
    merged = _merged(base, ours, theirs)
    return merged.marked([region for region in merged.regions if merged.conflicts(region)])


def with_differences(
    base: bytes, ours: bytes, theirs: bytes, blocks: Iterable[tuple[int, int]] = ()
) -> bytes | None:
    """Write out between markers wherever ours and theirs differ, as three texts that differ nowhere but in conflicts.

    Args:
        base: Ours, with what was received at the conflicts.
        ours: The merged text.
        theirs: Ours, with what upstream has at the conflicts.
        blocks: Lines of ours, counted from 0 and half open, that come between one pair of markers each.

    Returns:
        The text; None if there is no difference to write out, or one of the texts is not `mergeable`.
    """
    if not (mergeable(base) and mergeable(ours) and mergeable(theirs)):
        return None
    merged = _merged(base, ours, theirs)
    return merged.marked(_widened(filter(merged.differs, merged.regions), blocks))


def marker_left(text: bytes, *sources: bytes) -> int:
    """Return the number of the first line that is still a marker; 0 if none is.

    Args:
        text: A text that :func:`with_markers` made, after somebody edited it.
        sources: The texts it was made from. A line of them is no marker: ``=======`` also underlines headings.
    """
    own = Counter(_body(line) for source in sources for line in set(_split(source)))
    middle = _MIDDLE in own
    for number, line in enumerate(map(_body, _split(text)), 1):
        is_marker = line in {_OURS, _BASE, _THEIRS} or (line == _MIDDLE and not middle)
        if is_marker and line not in own:
            return number
    return 0


_OURS, _BASE, _MIDDLE, _THEIRS = b"<<<<<<< yours", b"||||||| was", b"=======", b">>>>>>> theirs"


def unified(a: bytes, b: bytes, a_label: str, b_label: str, context: int = 3) -> list[str]:
    """Return the difference of two texts as lines of a unified diff, without line ends.

    Args:
        a: The text before.
        b: The text after.
        a_label: The text of the first header line.
        b_label: The text of the second header line.
        context: How many common lines to show around a change.

    Returns:
        The lines: none if the texts are equal, and a single line that says so if one is not `mergeable`.
    """
    if a == b:
        return []
    if not (mergeable(a) and mergeable(b)):
        return [f"Binary files {a_label} and {b_label} differ"]
    numbers: dict[bytes, int] = {}
    before, after = _split(a), _split(b)
    found = changes(_numbered(before, numbers), _numbered(after, numbers))
    lines = [f"--- {a_label}", f"+++ {b_label}"]
    for group in _neighbours(found, 2 * context):
        lines.extend(_unified_hunk(before, after, group, context))
    return lines


def similarity(a: bytes, b: bytes) -> float:
    """Return the share of lines that two texts have in common, in any position: 0.0 to 1.0."""
    in_a, in_b = Counter(_split(a)), Counter(_split(b))
    total = in_a.total() + in_b.total()
    if not total:
        return 1.0
    return 2 * (in_a & in_b).total() / total


# ------------------------------------------------------------------------------------------------ the lines


class _Text:
    """One side as lines: raw, as compared, and with its line ends."""

    def __init__(self, data: bytes, numbers: dict[bytes, int]) -> None:
        self.raw = _split(data)
        self.lines = [_body(line) for line in self.raw]
        self.keys = _numbered(self.lines, numbers)
        self.end = _usual_end(data)
        self.terminated = data.endswith(b"\n") if data else None

    def written(self, lo: int, hi: int, other: _Text) -> list[bytes]:
        """Return the lines `lo..hi` with the line ends of the other text."""
        if other is self:
            return self.raw[lo:hi]
        return [line + other.end for line in self.lines[lo:hi]]


def _usual_end(data: bytes) -> bytes:
    """Return the line end that most lines have; empty if there is none."""
    if 2 * data.count(b"\r\n") > data.count(b"\n"):
        return b"\r\n"
    return b"\n" if b"\n" in data else b""


def _split(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    last = lines.pop()
    whole = [line + b"\n" for line in lines]
    if last:
        whole.append(last)
    return whole


def _body(raw: bytes) -> bytes:
    if raw.endswith(b"\r\n"):
        return raw[:-2]
    return raw.removesuffix(b"\n")


def _line_count(data: bytes) -> int:
    return data.count(b"\n") + (not data.endswith(b"\n") and bool(data))


def _numbered(lines: Sequence[bytes], numbers: dict[bytes, int]) -> list[int]:
    return [numbers.setdefault(line, len(numbers)) for line in lines]


def _joined(pieces: list[bytes], end: bytes, terminated: bool | None) -> bytes:
    """Join lines to one text; only the last may lack its end, and only if the text is to end without one."""
    if not pieces:
        return b""
    whole = [piece if piece.endswith(b"\n") else piece + end for piece in pieces]
    last = _body(whole[-1])
    # An empty last line can't lose its end: the text would then end one line earlier.
    if terminated is False and last:
        whole[-1] = last
    return b"".join(whole)


# ------------------------------------------------------------------------------------------------ the merge


class _Region(NamedTuple):
    """A range of base that a side changed, with the matching range on each side (half open)."""

    base: tuple[int, int]
    ours: tuple[int, int]
    theirs: tuple[int, int]
    by_ours: bool
    by_theirs: bool


class _Merge:
    """The three texts of one merge, and their regions."""

    def __init__(self, base: bytes, ours: bytes, theirs: bytes) -> None:
        numbers: dict[bytes, int] = {}
        self.base, self.ours, self.theirs = (_Text(data, numbers) for data in (base, ours, theirs))
        # A text without any line end has no style of its own, so it takes that of the other sides.
        own = self.ours.end, self.theirs.end, self.base.end, b"\n"
        self.ours.end = own[0] or own[1] or own[2] or own[3]
        self.theirs.end = own[1] or own[2] or own[0] or own[3]
        self.regions = list(
            _regions(
                changes(self.base.keys, self.ours.keys), changes(self.base.keys, self.theirs.keys)
            )
        )

    def result(self, favour: Side | None) -> TextMerge:
        """Write the result and the next base, region by region."""
        content: list[bytes] = []
        base: list[bytes] = []
        hunks: list[Hunk] = []
        in_ours = in_theirs = 0
        for region in self.regions:
            content += self.ours.raw[in_ours : region.ours[0]]
            base += self.theirs.raw[in_theirs : region.theirs[0]]
            in_ours, in_theirs = region.ours[1], region.theirs[1]
            conflict = self.conflicts(region)
            if conflict:
                hunks.append(self._hunk(region))
                content += self._settled(region, favour)
            else:
                content += self._merged(region)
            # While a hunk is open, base keeps its old lines there: otherwise the next update would take ours for the
            # only change, and the conflict would vanish unanswered.
            if conflict and favour is None:
                base += self.base.written(*region.base, self.theirs)
            else:
                base += self.theirs.raw[slice(*region.theirs)]
        content += self.ours.raw[in_ours:]
        base += self.theirs.raw[in_theirs:]
        still_open = 0 if favour else len(hunks)
        return TextMerge(
            content=_joined(content, self.ours.end, self._terminated()),
            base=_joined(base, self.theirs.end, self.theirs.terminated),
            conflicts=still_open,
            hunks=tuple(hunks),
        )

    def marked(self, regions: Sequence[_Region]) -> bytes | None:
        """Write ours with some regions between markers; None without any."""
        content: list[bytes] = []
        in_ours = 0
        end = self.ours.end
        for region in regions:
            content += self.ours.raw[in_ours : region.ours[0]]
            in_ours = region.ours[1]
            base = self.base.written(*region.base, self.ours)
            theirs = self.theirs.written(*region.theirs, self.ours)
            content += [_OURS + end, *self.ours.raw[slice(*region.ours)], _BASE + end, *base]
            content += [_MIDDLE + end, *theirs, _THEIRS + end]
        content += self.ours.raw[in_ours:]
        return _joined(content, end, self._terminated()) if regions else None

    def conflicts(self, region: _Region) -> bool:
        """Whether both sides changed a region, and not to the same."""
        return region.by_ours and region.by_theirs and self.differs(region)

    def differs(self, region: _Region) -> bool:
        """Whether the sides differ in a region."""
        return self.ours.keys[slice(*region.ours)] != self.theirs.keys[slice(*region.theirs)]

    def _merged(self, region: _Region) -> list[bytes]:
        if region.by_ours:
            return self.ours.raw[slice(*region.ours)]
        return self.theirs.written(*region.theirs, self.ours)

    def _settled(self, region: _Region, favour: Side | None) -> list[bytes]:
        if favour is Side.THEIRS:
            return self.theirs.written(*region.theirs, self.ours)
        if favour is Side.BOTH:
            return self._both(region)
        return self.ours.raw[slice(*region.ours)]

    def _both(self, region: _Region) -> list[bytes]:
        """Return our lines, then theirs; lines that both have in common appear once."""
        (o_lo, o_hi), (t_lo, t_hi) = region.ours, region.theirs
        lines: list[bytes] = []
        at = o_lo
        for change in changes(self.ours.keys[o_lo:o_hi], self.theirs.keys[t_lo:t_hi]):
            lines += self.ours.raw[at : o_lo + change.a_hi]
            lines += self.theirs.written(t_lo + change.b_lo, t_lo + change.b_hi, self.ours)
            at = o_lo + change.a_hi
        return lines + self.ours.raw[at:o_hi]

    def _terminated(self) -> bool | None:
        """Return whether the result ends with a line end: as ours does, unless only theirs changed that.

        The end of the last line is merged apart from its words. Otherwise an editor that adds a newline would make a
        conflict of the whole last line.
        """
        base, ours, theirs = self.base.terminated, self.ours.terminated, self.theirs.terminated
        if ours is None or (ours == base and theirs is not None):
            return theirs
        return ours

    def _hunk(self, region: _Region) -> Hunk:
        return Hunk(
            base_line=region.base[0] + 1,
            base=_shown(self.base, region.base),
            ours_line=region.ours[0] + 1,
            ours=_shown(self.ours, region.ours),
            theirs_line=region.theirs[0] + 1,
            theirs=_shown(self.theirs, region.theirs),
        )


def _shown(text: _Text, lines: tuple[int, int]) -> tuple[str, ...]:
    return tuple(line.decode("utf-8") for line in text.lines[slice(*lines)])


def _regions(ours: list[Change], theirs: list[Change]) -> Iterator[_Region]:
    """Group the changes of both sides: changes that overlap or touch in base form one region.

    Touching is enough, as in git: two sides that insert at one line say nothing about whose lines come first.
    """
    queue = sorted([(change, 0) for change in ours] + [(change, 1) for change in theirs])
    shift = [0, 0]  # the current offset of each side's lines from base's
    at = 0
    while at < len(queue):
        lo, hi = queue[at][0].a_lo, queue[at][0].a_hi
        starts = lo + shift[0], lo + shift[1]
        changed = [False, False]
        while at < len(queue) and queue[at][0].a_lo <= hi:
            change, side = queue[at]
            hi = max(hi, change.a_hi)
            shift[side] = change.b_hi - change.a_hi
            changed[side] = True
            at += 1
        ours_lines, theirs_lines = (starts[0], hi + shift[0]), (starts[1], hi + shift[1])
        yield _Region((lo, hi), ours_lines, theirs_lines, *changed)


def _widened(regions: Iterable[_Region], blocks: Iterable[tuple[int, int]]) -> list[_Region]:
    """Join the regions that lie in one block of lines of ours, with what is between them."""
    known = list(blocks)
    found: list[_Region] = []
    for region in regions:
        last = found[-1] if found else None
        if last and any(_lies_in(last, block) and _lies_in(region, block) for block in known):
            found[-1] = _Region(
                (last.base[0], region.base[1]),
                (last.ours[0], region.ours[1]),
                (last.theirs[0], region.theirs[1]),
                by_ours=last.by_ours or region.by_ours,
                by_theirs=last.by_theirs or region.by_theirs,
            )
        else:
            found.append(region)
    return found


def _lies_in(region: _Region, block: tuple[int, int]) -> bool:
    """Whether a region has lines of a block of ours, or lines are missing in it or at its edge."""
    (start, end), (lo, hi) = region.ours, block
    if start == end:
        return lo <= start <= hi
    return start < hi and lo < end


# ---------------------------------------------------------------------------------------------- unified diff


def _neighbours(found: list[Change], distance: int) -> Iterator[list[Change]]:
    """Group changes that have at most this many common lines between them."""
    group: list[Change] = []
    for change in found:
        if group and change.a_lo - group[-1].a_hi > distance:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _unified_hunk(
    a: list[bytes], b: list[bytes], group: list[Change], context: int
) -> Iterator[str]:
    first, last = group[0], group[-1]
    before = min(context, first.a_lo)
    after = min(context, len(a) - last.a_hi)
    a_lo, a_hi = first.a_lo - before, last.a_hi + after
    b_lo, b_hi = first.b_lo - before, last.b_hi + after
    yield f"@@ -{_span(a_lo, a_hi)} +{_span(b_lo, b_hi)} @@"
    at = a_lo
    for change in group:
        yield from _marked(" ", a[at : change.a_lo])
        yield from _marked("-", a[change.a_lo : change.a_hi])
        yield from _marked("+", b[change.b_lo : change.b_hi])
        at = change.a_hi
    yield from _marked(" ", a[at:a_hi])


def _span(lo: int, hi: int) -> str:
    """Format a range as unified diffs do: an empty one names the line before it, a single line has no length."""
    if hi - lo == 1:
        return str(hi)
    first = lo + 1 if hi > lo else lo
    return f"{first},{hi - lo}"


def _marked(mark: str, lines: list[bytes]) -> Iterator[str]:
    for line in lines:
        yield mark + line.removesuffix(b"\n").decode("utf-8")
        if not line.endswith(b"\n"):
            yield "\\ No newline at end of file"
