"""Lay out lines, tables and fields to the columns of a terminal: words wrap at words, and nothing is shortened. Pure.

A line that fits stays exactly as it is, so output without a width (a pipe, a file) is never changed. A command that
people copy stays whole: the words after ``: ``, after two spaces or at the start of the line that begin with the name
of one of our programs or of the agent, up to ``;``, ``,`` or a bracket; and everything between backquotes. If such a
command, or a single word, is wider than the terminal, the terminal breaks it, so that copying gives it back in one
piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from hermes_dist.brand import BRANDS
from hermes_dist.cli.shared.terminal import RESET
from hermes_dist.lazily import re, unicodedata
from hermes_dist.light import NamedTuple

GAP = "  "
"""What stands between two columns."""

_PROGRAMS = "|".join(f"{brand.dist_command}|{brand.name}" for brand in BRANDS)
_COLOUR = r"\033\[[0-9;]*m"
_OTHERS = "pip|chmod|echo"
"""Programs of others that we name. Their names are words, too, so only ``: `` makes a command of them."""
_WORD = (
    rf"(?:(?:(?<!\S)(?<![^ :] )(?:{_PROGRAMS})|(?<=: )(?:{_OTHERS})) (?=[\w.'-])"
    r".*?(?=[;,)](?: |$)|  | \(|$)|`[^`]*`|\S)+"
)
_PIECE = r"\S+"
_BULLET = r" *(?:[^\w\s]|[DMRx]|\d{1,3}[.)]) +(?=\S)"
_LABEL = r" *\S+(?: \S+){0,2} {2,}(?=\S)"
_COLON = r" *[A-Za-z]{1,10}: (?=\S)"
# Compiled when they are first needed, and then kept by `re`: most output is narrower than its terminal.
_LONGEST_LABEL = 24
_LEAST = 12
"""No column becomes narrower than this by wrapping; before that, the rows are stacked."""


@lru_cache(maxsize=1 << 12)  # a table asks for each of its cells more than once
def cells(text: str) -> int:
    """How many columns a text takes on a terminal: wide characters take two, colours none."""
    bare = text
    if "\033" in text:
        bare = re.sub(_COLOUR, "", text)
    if bare.isascii() or all(map(_is_narrow, bare)):
        return len(bare)
    from rich.cells import cell_len  # noqa: PLC0415 - only texts with wide or combining characters pay for it

    return cell_len(bare)


def _is_narrow(char: str) -> bool:
    """Whether a character surely takes one column; of scripts that combine characters, the library knows more."""
    if char < "\u0300":
        return True
    if not ("\u0370" <= char < "\u0590" or "\u1e00" <= char < "\u2c00"):
        return False
    return (
        unicodedata.east_asian_width(char) not in "WF" and unicodedata.category(char)[0] not in "MC"
    )


class _Cut(NamedTuple):
    """A part of a line that becomes a line of its own: from where to where, and how far it is indented."""

    start: int
    end: int
    indent: int


def wrap(line: str, width: int, label: int = 0, *, pieces: bool = False) -> list[str]:
    """Break a line at words so that it fits into a width.

    Args:
        line: One line; it may contain colours.
        width: The columns of the terminal.
        label: The columns of its label with the space behind it; 0 to find out.
        pieces: Break commands, too: it is a line of usage, which nobody copies.

    Returns:
        The lines. Those after the first are indented below the text that follows the bullet (``- ``, ``1. ``) or the
        label (``from   ``, ``error: ``) of the first one. Only a line with a single word or command may be wider.
    """
    if cells(line) <= width:
        return [line]
    plain, codes = _apart(line)
    word_at = _PIECE if pieces else _WORD
    cuts = list(_cuts(plain, width, label, word_at))
    return _coloured(plain, codes, _without_lone_word(plain, cuts, width, word_at))


def wrap_changed(line: str, width: int | None) -> list[str]:
    """Break a line of a diff of a JSON document, in which no text has line breaks of its own, behind its sign.

    Args:
        line: The line, with its sign and without colours.
        width: The columns of the terminal; None for as wide as needed.

    Returns:
        The lines; those after the first have no sign, and are indented more than what stands in the file.
    """
    if width is None or cells(line) <= width:
        return [line]
    sign, text = line[:1], line[1:]
    begin = len(text) - len(text.lstrip(" "))
    first, *more = wrap(text, width - 1, begin + 2 * len(GAP))
    return [f"{sign}{first}", *(f" {each}" for each in more)]


def _apart(line: str) -> tuple[str, list[tuple[int, str]]]:
    """Take the colours out of a line: its text, and each code with its place in that text."""
    codes: list[tuple[int, str]] = []
    taken = 0
    for found in re.finditer(_COLOUR, line):
        codes.append((found.start() - taken, found.group()))
        taken += len(found.group())
    return re.sub(_COLOUR, "", line), codes


def _cuts(plain: str, width: int, label: int, word_at: str) -> Iterator[_Cut]:
    begin = len(plain) - len(plain.lstrip(" "))
    ahead = label or _label(plain)
    hang = _hang(plain, ahead, begin, width)
    found = list(_words(plain, width - hang, word_at=word_at))
    start, indent = _start(plain, found, width)
    end = 0
    for first, last in found:
        if indent + cells(plain[start:last]) <= width:
            end = last
            continue
        word = cells(plain[first:last])
        # A word that fits nowhere stays behind its label: on a line of its own it would not fit either.
        stays = word > width and end <= ahead
        if not stays and plain[start:end].strip():
            yield _Cut(start, end, indent)
            below = (
                0 if ahead or " " not in plain[first:last] else len(GAP)
            )  # a command below a sentence
            start, indent = first, _indent(hang + below, begin, width - word)
            # No line after one that had to begin further left is indented more.
            hang = min(hang, max(indent, begin))
        end = last
    yield _Cut(start, end, indent)


def _without_lone_word(plain: str, cuts: list[_Cut], width: int, word_at: str) -> list[_Cut]:
    """Take one more word down to a short one that would stand alone in the last line of a sentence."""
    if width < _WIDE or len(cuts) < _PARAGRAPH:
        return cuts
    *others, before, last = cuts
    alone, above = plain[last.start : last.end], plain[before.start : before.end]
    # Words as they are wrapped: no command is torn apart for this.
    words = [found for found in re.finditer(word_at, above) if found.group().strip()]
    if " " in alone or cells(alone) > _LONE or len(words) < _FULL:
        return cuts
    start = before.start + words[-1].start()
    if last.indent + cells(plain[start : last.end]) > width:
        return cuts
    end = before.start + words[-2].end()
    return [*others, before._replace(end=end), last._replace(start=start)]


_WIDE = 80
"""From so many columns on, a lone word stands out; below, most sentences end with one."""
_LONE = 12
_PARAGRAPH = 2
_FULL = 8
"""A line of so many words can spare one."""


def _start(plain: str, words: Sequence[tuple[int, int]], width: int) -> tuple[int, int]:
    """Where the first line begins, and how far it is indented: less than written if its command fits only so."""
    for first, last in words[:1]:
        word = cells(plain[first:last])
        if first + word > width >= word:
            return first, width - word
    return 0, 0


def _label(plain: str) -> int:
    """Where the text behind the bullet or the label begins; 0 for none."""
    for pattern in (_BULLET, _LABEL, _COLON):
        if found := re.match(pattern, plain):
            return found.end()
    return 0


def _hang(plain: str, ahead: int, begin: int, width: int) -> int:
    """How far the further lines are indented: below the text behind the label, or a little if that takes too much."""
    if not ahead:
        return begin
    far = cells(plain[:ahead])
    if ahead - begin <= _LONGEST_LABEL and far <= width // 2:
        return far
    return begin + len(GAP) if begin <= width // 4 else begin


def _indent(hang: int, begin: int, room: int) -> int:
    """How far a line is indented that has this room beside its words: as far as ``hang``, a little, or not at all."""
    if hang <= room:
        return hang
    return next((each for each in (begin + len(GAP), begin) if each <= room), max(room, 0))


def _words(
    plain: str, room: int, after: str = "", word_at: str = _WORD
) -> Iterator[tuple[int, int]]:
    """Where each word begins and ends; what is wider than the room is taken apart where it may be."""
    for found in re.finditer(word_at, plain):
        start, end = found.span()
        if cells(found.group()) > room:
            for at in range(start + 1, end):
                if plain[at - 1] == after or _breaks(plain[at - 1], plain[at]):
                    yield start, at
                    start = at
        yield start, end


def _breaks(before: str, after: str) -> bool:
    """Whether a line may be broken between two characters without a space: only beside wide ones, as in Chinese."""
    if (
        unicodedata.east_asian_width(before) not in "WF"
        and unicodedata.east_asian_width(after) not in "WF"
    ):
        return False
    end, begin = unicodedata.category(before), unicodedata.category(after)
    joins = begin[0] in "MC" or end[0] == "C" or "🏻" <= after <= "🏿"
    # Closing marks do not begin a line, and opening ones do not end it.
    return not (joins or begin in {"Pe", "Pf", "Po"} or end in {"Ps", "Pi"})


def _coloured(plain: str, codes: Sequence[tuple[int, str]], cuts: Sequence[_Cut]) -> list[str]:
    """Make the lines, each with the colours that are on where it begins, and switched off where it ends."""
    lines: list[str] = []
    on: list[str] = []
    left = list(codes)
    for cut in cuts:
        while left and left[0][0] <= cut.start and lines:
            on = _after(on, left.pop(0)[1])
        made, at = [" " * cut.indent, *on], cut.start
        while left and left[0][0] <= cut.end:
            place, code = left.pop(0)
            on = _after(on, code)
            made += [plain[at:place], code]
            at = place
        made.append(plain[at : cut.end])
        if on:
            made.append(RESET)
        lines.append("".join(made))
    return lines


def _after(on: list[str], code: str) -> list[str]:
    return [] if code in {RESET, "\033[m"} else [*on, code]


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: Its title, in sentence case.
        right: Whether it is aligned to the right, as numbers are.
        whole: Whether its cells never wrap, such as a date.
        after: A character after which a word may be broken; without one, words stay whole.
        paint: Paints a cell, once it is laid out.
    """

    title: str
    right: bool = False
    whole: bool = False
    after: str = ""
    paint: Callable[[str], str] = str


class Table(NamedTuple):
    """Rows in columns: as wide as needed if they fit, else narrower with cells that wrap, else a block for each row.

    Attributes:
        columns: The columns; if none has a title, no line of titles is shown, and a block is a line that wraps.
        rows: The cells.
        below: What stands below each row, in lines of their own; empty for nothing below any row.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    below: tuple[tuple[str, ...], ...] = ()

    def lines(self, width: int | None, head: Callable[[str], str] = str) -> list[str]:
        """Lay the table out.

        Args:
            width: The columns of the terminal; None for as wide as needed.
            head: Paints a title.

        Returns:
            The lines; no cell is shortened.
        """
        natural = [self._widest(at, cells) for at in range(len(self.columns))]
        if width is None or _total(natural) <= width:
            return list(self._fitting(natural, width, head))
        least = [self._least(at, natural[at]) for at in range(len(self.columns))]
        if _total(least) > width:
            return list(self._stack(width, head))
        room = width - len(GAP) * (len(natural) - 1)
        return list(self._grid(_shrunk(natural, least, room), width, head))

    @property
    def _titled(self) -> bool:
        return any(column.title for column in self.columns)

    def _below(self, number: int, width: int | None) -> Iterator[str]:
        """What stands below a row, laid out."""
        for line in self.below[number] if self.below else ():
            yield from [line] if width is None else wrap(line, width)

    def _widest(self, at: int, measure: Callable[[str], int]) -> int:
        return max(map(measure, {self.columns[at].title, *(row[at] for row in self.rows)}))

    def _least(self, at: int, natural: int) -> int:
        if self.columns[at].whole:
            return natural
        after = self.columns[at].after
        return min(natural, max(_LEAST, self._widest(at, lambda text: _longest_word(text, after))))

    def _fitting(
        self, widths: Sequence[int], width: int | None, head: Callable[[str], str]
    ) -> Iterator[str]:
        """The rows in columns that need no wrapping."""
        if self._titled:
            titles = [column.title for column in self.columns]
            yield _line(self.columns, titles, widths, head)
        made = [_Aligned(*each).__getitem__ for each in zip(self.columns, widths, strict=True)]
        for number, row in enumerate(self.rows):
            parts = [align(text) for align, text in zip(made, row, strict=True)]
            yield GAP.join(parts).rstrip()
            yield from self._below(number, width)

    def _grid(
        self, widths: Sequence[int], width: int | None, head: Callable[[str], str]
    ) -> Iterator[str]:
        titles = tuple(column.title for column in self.columns)
        broken = [
            [_cell(*each) for each in zip(row, widths, self.columns, strict=True)]
            for row in (titles, *self.rows)
        ]
        # Wrapped at words, a column may need less than it was given.
        used = [
            max(cells(part) for parts in column for part in parts)
            for column in zip(*broken, strict=True)
        ]
        if self._titled:
            yield from _row(self.columns, broken[0], used, head)
        for number, row in enumerate(broken[1:]):
            yield from _row(self.columns, row, used)
            yield from self._below(number, width)

    def _lines(self, width: int) -> Iterator[str]:
        """The rows as lines that wrap: of a table without titles that is too wide for its terminal."""
        for number, row in enumerate(self.rows):
            painted = [each.paint(cell) for each, cell in zip(self.columns, row, strict=True)]
            yield from wrap(GAP.join(painted).rstrip(), width)
            yield from self._below(number, width)

    def _stack(self, width: int, head: Callable[[str], str]) -> Iterator[str]:
        if not self._titled:
            yield from self._lines(width)
            return
        for number, row in enumerate(self.rows):
            if number:
                yield ""
            titles = [column.title.strip() for column in self.columns]
            yield from fields(list(zip(titles, row, strict=True)), width, head)
        if not self.rows:
            yield from wrap(head(GAP.join(column.title for column in self.columns)), width)


def fields(
    pairs: Sequence[tuple[str, str]],
    width: int | None,
    head: Callable[[str], str] = str,
    indent: int = 0,
) -> list[str]:
    """Lay out names with their values, the values below each other; an empty value is left out.

    Args:
        pairs: The names, in sentence case without a colon, and their values.
        width: The columns of the terminal; None for as wide as needed.
        head: Paints a name.
        indent: How far all of it is indented.
    """
    shown = [(name, value) for name, value in pairs if value.strip()]
    # Of all names, so that blocks below each other have the same columns.
    column = max((cells(name) + 1 for name, _ in pairs if name), default=0)
    lines: list[str] = []
    for name, value in shown:
        ahead = head(f"{name}:") + " " * (column - cells(name) - 1) if name else " " * column
        line = f"{' ' * indent}{ahead} {value.lstrip()}"
        label = indent + column + 1
        lines += [line] if width is None else wrap(line, width, label)
    return lines


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _longest_word(text: str, after: str) -> int:
    plain, _ = _apart(text)
    return max((cells(plain[start:end]) for start, end in _words(plain, _LEAST, after)), default=0)


def _shrunk(natural: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Make the widest columns narrower until all fit; none becomes narrower than its least width."""
    widths = list(least)
    while (rest := room - sum(widths)) > 0:
        # The narrowest that still wants more comes first: small columns keep all they need.
        wanting = [at for at, width in enumerate(widths) if width < natural[at]]
        if not wanting:
            break
        level = sorted({widths[at] for at in wanting})
        low = [at for at in wanting if widths[at] == level[0]]
        goal = min([natural[at] for at in low] + level[1:2])
        step = min(goal - level[0], max(rest // len(low), 1))
        for at in low[:rest]:
            widths[at] += step
    return widths


def _row(
    columns: Sequence[Column],
    row: Sequence[Sequence[str]],
    widths: Sequence[int],
    head: Callable[[str], str] | None = None,
) -> Iterator[str]:
    for number in range(max(map(len, row), default=0)):
        parts = [lines[number] if number < len(lines) else "" for lines in row]
        yield _line(columns, parts, widths, head)


def _line(
    columns: Sequence[Column],
    parts: Sequence[str],
    widths: Sequence[int],
    head: Callable[[str], str] | None = None,
) -> str:
    """One line of a row."""
    return GAP.join(
        [
            _aligned(part, width, head or column.paint, right=column.right)
            for part, width, column in zip(parts, widths, columns, strict=True)
        ]
    ).rstrip()


class _Aligned(dict[str, str]):
    """The texts of a column at its width; what many rows say is made once."""

    def __init__(self, column: Column, width: int) -> None:
        super().__init__()
        self._column, self._width = column, width

    def __missing__(self, text: str) -> str:
        column = self._column
        made = self[text] = _aligned(text, self._width, column.paint, right=column.right)
        return made


def _cell(text: str, width: int, column: Column) -> list[str]:
    if cells(text) <= width:
        return [text]
    plain, codes = _apart(text)
    found = list(_words(plain, width, column.after))
    cuts = [_Cut(*found[0], 0)]
    for (_, _), (first, last) in pairwise(found):
        if cells(plain[cuts[-1].start : last]) <= width:
            cuts[-1] = cuts[-1]._replace(end=last)
        else:
            cuts.append(_Cut(first, last, 0))
    return _coloured(plain, codes, cuts)


def _aligned(text: str, width: int, paint: Callable[[str], str], *, right: bool) -> str:
    space = " " * (width - cells(text))
    if not text:
        return space
    return f"{space}{paint(text)}" if right else f"{paint(text)}{space}"
